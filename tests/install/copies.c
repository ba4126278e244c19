/* SPDX-License-Identifier: MIT */
/*
 * copies.c - two copies of cpuslab in one program, by different names. Each
 * counts its own, and goes on when the other one has ended.
 */
#include "copy.h"

int main(void)
{
	if (copy_one.version == copy_two.version || copy_one.begin() ||
	    copy_two.begin())
		return 1;
	for (int i = 0; i < 1000; i++) {
		copy_one.add();
		if (i % 2)
			copy_two.add();
	}
	if (copy_one.sum() != 1000 || copy_two.sum() != 500)
		return 1;
	copy_one.end();
	copy_two.add();
	if (copy_two.sum() != 501)
		return 1;
	copy_two.end();
	return 0;
}
