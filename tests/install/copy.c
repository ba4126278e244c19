/* SPDX-License-Identifier: MIT */
/*
 * copy.c - a library that embeds cpuslab. COPY is the name of its functions:
 * several are in one program, which counts in each.
 */
#include <cpuslab/cpuslab.h>

#include "copy.h"

static struct cpuslab_domain *copy_domain;
static struct cpuslab_slab *copy_slab;
static struct cpuslab_counter copy_counter;

static int copy_begin(void)
{
	int err = cpuslab_domain_create(&copy_domain, NULL);

	if (!err)
		err = cpuslab_slab_create(&copy_slab, copy_domain, NULL);
	if (!err)
		err = cpuslab_counter_init(&copy_counter, copy_slab);
	return err;
}

static void copy_add(void)
{
	cpuslab_counter_add(&copy_counter, 1);
}

static unsigned long long copy_sum(void)
{
	return cpuslab_counter_sum(&copy_counter);
}

static void copy_end(void)
{
	cpuslab_counter_fini(&copy_counter);
	cpuslab_slab_destroy(copy_slab);
	cpuslab_domain_destroy(copy_domain);
}

const struct copy COPY = { copy_begin, copy_add, copy_sum, copy_end,
			   cpuslab_version };
