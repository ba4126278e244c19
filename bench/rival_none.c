/* SPDX-License-Identifier: MIT */
/*
 * rival_none.c - built without librseq.
 */
#include "rival_librseq.h"

#include <stddef.h>

bool rival_librseq_available(void)
{
	return false;
}

const struct measure_body *rival_librseq_add(void)
{
	return NULL;
}

const struct measure_body *rival_librseq_stack(void)
{
	return NULL;
}

const struct measure_body *rival_librseq_alloc(void)
{
	return NULL;
}

const struct measure_body *rival_librseq_create(void)
{
	return NULL;
}

const struct measure_body *rival_librseq_create_zero(void)
{
	return NULL;
}

const struct measure_body *rival_librseq_sum(void)
{
	return NULL;
}

void rival_librseq_fill(bool zero, uint32_t objects)
{
	(void)zero;
	(void)objects;
}
