/* SPDX-License-Identifier: MIT */
/*
 * rival_none.c - built without librseq.
 */
#include "rival_librseq.h"

#include <stddef.h>

#include "lists.h"

const struct bench_body librseq_bodies[] = {
	{ .how = { .name = NULL } },
};

bool rival_librseq_is_built(void)
{
	return false;
}

void rival_librseq_fill(bool zero, uint32_t objects, uint32_t limit)
{
	(void)zero;
	(void)objects;
	(void)limit;
	measure_die("librseq", "not built in");
}
