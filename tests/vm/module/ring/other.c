// SPDX-License-Identifier: MIT
/*
 * other.c - an object of another slab, which no consumer may change; and
 * allocations that fail.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include <cpuslab/cpuslab.h>

#include "inject.h"
#include "produce.h"

#define OTHER_BYTES 2048

static u8 other_image[OTHER_BYTES];

static const struct cpuslab_type other_type = {
	.name = "other",
	.size = OTHER_BYTES,
	.image = other_image,
};

static struct cpuslab_slab *other_slab;
static struct cpuslab_percpu other_handle;
static long other_fail_in; /* allocations; 0: none fails */

bool cpuslab__inject_fails(void)
{
	return other_fail_in && !--other_fail_in;
}

u64 cpuslab__inject_begin(void)
{
	return 0;
}

void cpuslab__inject_end(u64 begin)
{
}

bool other_fail(long nth)
{
	bool failed = !other_fail_in;

	other_fail_in = nth;
	return failed;
}

int other_check(void)
{
	int err = 0;
	u32 cpu;

	cpuslab_read_enter();
	for (cpu = cpuslab_remote_next(&other_handle, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_remote_next(&other_handle, cpu + 1)) {
		const void *copy = cpuslab_remote(&other_handle, cpu);

		if (copy && memcmp(copy, other_image, OTHER_BYTES))
			err = -EIO;
	}
	cpuslab_read_exit();
	return err ? err : cpuslab_slab_check(other_slab);
}

int other_init(struct cpuslab_domain *domain)
{
	int err;

	memset(other_image, 0xa5, sizeof(other_image));
	err = cpuslab_slab_create(&other_slab, domain, NULL);
	if (err)
		return err;
	return cpuslab_alloc(other_slab, &other_type, &other_handle);
}

void other_fini(void)
{
	if (!cpuslab_percpu_is_null(&other_handle))
		cpuslab_free(other_slab, &other_handle);
	cpuslab_slab_destroy(other_slab);
}
