/* SPDX-License-Identifier: MIT */
/*
 * cas16.c - the compare-and-swap of two words on machines that have no
 * instruction for it: one task runs at a time, and none stops here.
 */
#include "../../lib/base/cas16.h"

#ifdef CPUSLAB_PORT_CAS16

bool cpuslab__cas16(struct cpuslab_pair *pair, struct cpuslab_pair expect,
		    struct cpuslab_pair desired)
{
	if (pair->first != expect.first || pair->second != expect.second)
		return false;
	*pair = desired;
	return true;
}

#endif
