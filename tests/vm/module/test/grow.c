// SPDX-License-Identifier: MIT
/*
 * grow.c - objects are allocated and freed while CPUs come and go; a CPU that
 * is added sees constructed objects only.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "test.h"

#define GROW_OBJECTS 64
#define GROW_PATIENCE 3000 /* times 20 ms */
/*
 * Rounds, of which half of the objects wait for grace periods. Without a limit
 * the slab grows with the longest of these.
 */
#define GROW_WAITING 64
#define GROW_MAGIC 0x6366757a6c616221ull

struct grow_object {
	u64 magic;
	u64 cpu; /* of this copy, plus one */
};

static struct task_struct *grow_thread;
static u64 grow_rounds, grow_wrong; /* W thread */
static struct cpuslab_percpu *grow_kept;
static unsigned int grow_kept_count;

static int grow_ctor(void *object, uint32_t cpu, void *arg)
{
	struct grow_object *grow = object;

	grow->magic = GROW_MAGIC;
	grow->cpu = cpu + 1ull;
	return 0;
}

static const struct cpuslab_type grow_type = {
	.name = "grow",
	.size = sizeof(struct grow_object),
	.ctor = grow_ctor,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static const struct cpuslab_type grow_large_type = {
	.name = "grow_large",
	.size = 20000,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static const struct cpuslab_type grow_kept_type = {
	.name = "grow_kept",
	.size = 1024,
	.flags = CPUSLAB_TYPE_DISCARD,
};

/* As a task on each CPU would see it. */
static void grow_look(const struct cpuslab_percpu *handle)
{
	const struct grow_object *copy;
	u32 cpu;

	cpuslab_read_enter();
	for (cpu = cpuslab_remote_next(handle, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_remote_next(handle, cpu + 1)) {
		copy = cpuslab_remote(handle, cpu);
		if (copy &&
		    (copy->magic != GROW_MAGIC || copy->cpu != cpu + 1ull))
			grow_wrong++;
	}
	cpuslab_read_exit();
	copy = cpuslab_pin(handle);
	if (!copy)
		return;
	if (copy->magic != GROW_MAGIC ||
	    copy->cpu != raw_smp_processor_id() + 1ull)
		grow_wrong++;
	cpuslab_unpin();
}

static int grow_run(void *arg)
{
	static struct cpuslab_percpu handles[GROW_OBJECTS], large;
	unsigned int i, count;

	while (!kthread_should_stop()) {
		bool has_large =
			!cpuslab_alloc(test_slab, &grow_large_type, &large);

		for (count = 0; count < GROW_OBJECTS; count++)
			if (cpuslab_alloc(test_slab, &grow_type,
					  &handles[count]))
				break;
		for (i = 0; i < count; i++)
			grow_look(&handles[i]);
		for (i = 0; i < count; i++)
			if (i % 2)
				cpuslab_free_rcu(test_slab, &handles[i]);
			else
				cpuslab_free(test_slab, &handles[i]);
		if (has_large)
			cpuslab_free(test_slab, &large);
		if (!(++grow_rounds % GROW_WAITING))
			cpuslab_port_rcu_barrier();
		usleep_range(200, 400);
	}
	return 0;
}

int grow_start(void)
{
	if (grow_thread)
		return test_wrong("growth is on already");
	grow_thread = kthread_run(grow_run, NULL, "cpuslab_grow");
	if (!IS_ERR(grow_thread))
		return 0;
	grow_thread = NULL;
	return -ENOMEM;
}

int grow_stop(void)
{
	unsigned int i;

	if (!grow_thread)
		return test_wrong("growth is not on");
	/* The kernel does not run a thread that is stopped before it runs. */
	for (i = 0; i < GROW_PATIENCE && !READ_ONCE(grow_rounds); i++)
		msleep(20);
	kthread_stop(grow_thread);
	grow_thread = NULL;
	pr_info("cpuslab_test: %llu rounds of growth\n", grow_rounds);
	if (grow_wrong)
		return test_wrong("%llu copies were not constructed",
				  grow_wrong);
	return grow_rounds ? 0 : test_wrong("nothing grew");
}

int grow_by(unsigned int objects)
{
	int err = 0;

	grow_kept = kvcalloc(objects, sizeof(*grow_kept), GFP_KERNEL);
	if (!grow_kept)
		return -ENOMEM;
	while (grow_kept_count < objects && !err) {
		err = cpuslab_alloc(test_slab, &grow_kept_type,
				    &grow_kept[grow_kept_count]);
		if (!err)
			grow_kept_count++;
	}
	return err;
}

void grow_fini(void)
{
	if (grow_thread)
		kthread_stop(grow_thread);
	while (grow_kept_count)
		cpuslab_free(test_slab, &grow_kept[--grow_kept_count]);
	kvfree(grow_kept);
}
