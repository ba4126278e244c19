// SPDX-License-Identifier: MIT
/*
 * during.c - while a CPU is being added, other threads create a slab in its
 * domain, create a hotplug for a domain of their own, and destroy one.
 *
 * A client of the domain delays the add until all three have started.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>

#include "test.h"

enum {
	DURING_CREATE,
	DURING_FOLLOW,
	DURING_LEAVE,
	DURING_REGISTER,
	DURING_TASKS
};

static struct cpuslab_client during_client;
static u32 during_cpu; /* the CPU that is being added */
static struct cpuslab_slab *during_slab;
static struct cpuslab_counter during_counter;
static struct test_driver during_created, during_closing;
static struct completion during_begun;
/* The end of the thread that must be refused, and of the others. */
static struct completion during_refused, during_ended;
static int during_results[DURING_TASKS];

/* ---- the other threads --------------------------------------------------- */

static int during_create(void)
{
	int err = cpuslab_slab_create(&during_slab, test_driver.domain, NULL);

	return err ? err : cpuslab_counter_init(&during_counter, during_slab);
}

static int during_follow(void)
{
	return test_driver_init(&during_created, "coming");
}

static int during_leave(void)
{
	test_driver_fini(&during_closing);
	return 0;
}

/* Register with the domain that is being closed, which waits for the add. */
static int during_register(void)
{
	struct cpuslab_slab *slab;
	int err;

	do {
		usleep_range(1000, 2000);
		err = cpuslab_slab_create(&slab, during_closing.domain, NULL);
		if (!err)
			cpuslab_slab_destroy(slab); /* not closed yet */
	} while (!err);
	return err;
}

static int (*const during_tasks[DURING_TASKS])(void) = {
	[DURING_CREATE] = during_create,
	[DURING_FOLLOW] = during_follow,
	[DURING_LEAVE] = during_leave,
	[DURING_REGISTER] = during_register,
};

static int during_run(void *arg)
{
	unsigned long i = (unsigned long)arg;

	complete(&during_begun);
	during_results[i] = during_tasks[i]();
	/* No instruction of this module follows. */
	kthread_complete_and_exit(
		i == DURING_REGISTER ? &during_refused : &during_ended, 0);
}

/* ---- the add ------------------------------------------------------------- */

static int during_start(struct cpuslab_client *client, uint32_t cpu)
{
	unsigned long i;

	if (cpu != during_cpu)
		return 0;
	for (i = 0; i < DURING_TASKS; i++)
		if (IS_ERR(kthread_run(during_run, (void *)i,
				       "cpuslab_during")))
			return -ENOMEM;
	for (i = 0; i < DURING_TASKS; i++)
		wait_for_completion(&during_begun);
	wait_for_completion(&during_refused);
	msleep(20); /* let them proceed as far as they can */
	return try_wait_for_completion(&during_ended) ?
		       test_wrong("a thread did not wait") :
		       0;
}

static const struct cpuslab_client_ops during_ops = {
	.start = during_start,
};

int during_init(unsigned int cpu)
{
	int err = test_driver_init(&during_closing, "going");

	if (err)
		return err;
	init_completion(&during_begun);
	init_completion(&during_ended);
	init_completion(&during_refused);
	during_cpu = cpu;
	during_client.ops = &during_ops;
	during_client.name = "during";
	err = cpuslab_client_init(&during_client, test_driver.domain);
	if (err)
		test_driver_fini(&during_closing);
	return err;
}

/* ---- afterwards ---------------------------------------------------------- */

static bool during_has(const struct cpuslab_domain *domain)
{
	const struct cpuslab_cpumask *set;
	bool has;

	set = cpuslab_cpumask_get(domain);
	has = cpuslab_cpumask_has(set, during_cpu);
	cpuslab_cpumask_put(set);
	return has;
}

static int during_verdict(void)
{
	static const int expected[DURING_TASKS] = {
		[DURING_REGISTER] = -ESHUTDOWN,
	};
	bool block;
	int i;

	for (i = 0; i < DURING_TASKS; i++)
		if (during_results[i] != expected[i])
			return test_wrong("task %d: %d", i, during_results[i]);
	if (during_closing.domain)
		return test_wrong("a domain that was destroyed is still there");
	cpuslab_read_enter();
	block = cpuslab_remote(&during_counter.handle, during_cpu);
	cpuslab_read_exit();
	if (!block)
		return test_wrong("the new slab has no block for %u",
				  during_cpu);
	if (!during_has(test_driver.domain) ||
	    !during_has(during_created.domain))
		return test_wrong("a domain does not know %u", during_cpu);
	return cpuslab_slab_check(during_slab);
}

int during_fini(void)
{
	int i, err;

	for (i = 0; i < DURING_REGISTER; i++)
		wait_for_completion(&during_ended);
	err = during_verdict();
	cpuslab_client_fini(&during_client);
	cpuslab_counter_fini(&during_counter);
	cpuslab_slab_destroy(during_slab);
	test_driver_fini(&during_created);
	return err;
}
