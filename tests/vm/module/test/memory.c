// SPDX-License-Identifier: MIT
/*
 * memory.c - the same objects in slabs and in the kernel's per-CPU memory, for
 * a script that measures free memory.
 */
#include <linux/percpu.h>
#include <linux/slab.h>

#include "test.h"

#define MEMORY_BYTES 64
#define MEMORY_EACH 1000 /* objects in one slab */

static struct cpuslab_slab **memory_slabs;
static unsigned int memory_slab_count;
static void __percpu **memory_percpu;
static unsigned int memory_percpu_count;

static const struct cpuslab_type memory_type = {
	.name = "memory",
	.size = MEMORY_BYTES,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static int memory_fill(struct cpuslab_slab *slab)
{
	struct cpuslab_percpu handle;
	unsigned int i;
	int err = 0;

	for (i = 0; i < MEMORY_EACH && !err; i++)
		err = cpuslab_alloc(slab, &memory_type, &handle);
	return err;
}

int memory_take_slab(unsigned int objects)
{
	unsigned int i, count = objects / MEMORY_EACH;
	int err;

	memory_slabs = kvcalloc(count, sizeof(*memory_slabs), GFP_KERNEL);
	if (!memory_slabs)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		err = cpuslab_slab_create(&memory_slabs[i], test_driver.domain,
					  NULL);
		if (err)
			return err;
		memory_slab_count++;
		err = memory_fill(memory_slabs[i]);
		if (err)
			return err;
	}
	return 0;
}

int memory_take_percpu(unsigned int objects)
{
	unsigned int most = memory_percpu_count + objects;
	void __percpu **more = kvcalloc(most, sizeof(*more), GFP_KERNEL);

	if (!more)
		return -ENOMEM;
	if (memory_percpu)
		memcpy(more, memory_percpu,
		       memory_percpu_count * sizeof(*more));
	kvfree(memory_percpu);
	memory_percpu = more;
	while (memory_percpu_count < most) {
		void __percpu *object = __alloc_percpu(MEMORY_BYTES, 8);

		if (!object)
			return -ENOMEM;
		memory_percpu[memory_percpu_count++] = object;
	}
	return 0;
}

void memory_fini(void)
{
	while (memory_percpu_count)
		free_percpu(memory_percpu[--memory_percpu_count]);
	kvfree(memory_percpu);
	memory_percpu = NULL;
	/*
	 * Destroying a slab frees its objects, and logs that there were some.
	 */
	while (memory_slab_count)
		cpuslab_slab_destroy(memory_slabs[--memory_slab_count]);
	kvfree(memory_slabs);
	memory_slabs = NULL;
}
