// SPDX-License-Identifier: MIT
/*
 * part_workers.c - what everybody sends to every worker is handled once; and
 * how long after a processor is complete its worker runs.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include <cpuslab/thread.h>

#include "structures.h"

#define PART_CAPACITY 64
#define PART_FIRST (~0ull) /* a message that comes at once */
#define PART_LAST (~1ull)  /* one that comes just before the end */
#define PART_MOST_NS (50 * NSEC_PER_MSEC)

static struct cpuslab_workers part_all;
static struct cpuslab_client part_before, part_behind;
static bool part_running; /* what is complete now has just come; W start */
static u64 *part_sent;    /* [actor]; W actor */
static atomic64_t part_came, part_extra, part_handled, part_lost,
	part_elsewhere;
static u64 *part_complete; /* [processor]: when, 0: gone; W domain */
/* Of those that came; W domain, then the worker. */
static atomic64_t part_ran, part_shortest, part_longest;

/* ---- how soon it runs ------------------------------------------------------ */

/* Told before the workers ... */
static void part_before_complete(struct cpuslab_client *client, uint32_t cpu)
{
	WRITE_ONCE(part_complete[cpu], ktime_get_ns());
}

/* Parked by now. */
static void part_before_remove(struct cpuslab_client *client, uint32_t cpu)
{
	WRITE_ONCE(part_complete[cpu], 0);
}

/* ... and after them. */
static void part_behind_complete(struct cpuslab_client *client, uint32_t cpu)
{
	const struct cpuslab_message message = { { PART_FIRST, cpu } };

	if (!part_running)
		return;
	atomic64_inc(&part_came);
	if (cpuslab_workers_send(&part_all, cpu, &message) == CPUSLAB_OK)
		atomic64_inc(&part_extra);
}

/* Told before the workers are parked: let that one be busy then. */
static void part_behind_remove(struct cpuslab_client *client, uint32_t cpu)
{
	const struct cpuslab_message message = { { PART_LAST, cpu } };

	if (cpuslab_workers_send(&part_all, cpu, &message) == CPUSLAB_OK)
		atomic64_inc(&part_extra);
	usleep_range(1000, 2000);
}

static const struct cpuslab_client_ops part_before_ops = {
	.complete = part_before_complete,
	.remove = part_before_remove,
};

static const struct cpuslab_client_ops part_behind_ops = {
	.complete = part_behind_complete,
	.remove = part_behind_remove,
};

static void part_first(u32 cpu, u32 meant)
{
	u64 took = ktime_get_ns() - READ_ONCE(part_complete[meant]);

	/* Adopted, or moved because the processor goes already. */
	if (cpu != meant || raw_smp_processor_id() != cpu)
		return;
	pr_info("cpuslab_test: worker %u runs %llu us after complete\n", cpu,
		took / 1000);
	atomic64_inc(&part_ran);
	/* Two of them may meet here: then one figure is not counted. */
	if (took < atomic64_read(&part_shortest))
		atomic64_set(&part_shortest, took);
	if (took > atomic64_read(&part_longest))
		atomic64_set(&part_longest, took);
}

static void part_handle(void *arg, uint32_t cpu,
			const struct cpuslab_message *message)
{
	might_sleep();
	if (message->word[0] == PART_FIRST)
		part_first(cpu, message->word[1]);
	if (message->word[0] == PART_LAST)
		usleep_range(5000, 6000); /* the removal shall wait */
	if (!READ_ONCE(part_complete[cpu]))
		structures_wrong("workers: that of %u is not parked", cpu);
	if (raw_smp_processor_id() != cpu)
		atomic64_inc(&part_elsewhere);
	atomic64_inc(&part_handled);
}

static void part_left(void *arg, const struct cpuslab_message *message)
{
	atomic64_inc(&part_lost);
}

static int part_latency(void)
{
	u64 shortest = atomic64_read(&part_shortest);
	u64 came = atomic64_read(&part_came);
	u64 ran = atomic64_read(&part_ran);

	if (!came)
		return 0;
	pr_info("cpuslab_test: workers: %llu of %llu ran where they should, shortest %llu us after complete, longest %lld us\n",
		ran, came, shortest / 1000,
		(s64)atomic64_read(&part_longest) / 1000);
	/* The others' processors went again at once. */
	if (ran * 2 < came)
		return test_wrong("workers are not where they should be");
	return shortest <= PART_MOST_NS ? 0 : test_wrong("over 50 ms");
}

/* ---- what is sent ---------------------------------------------------------- */

static void part_step(const struct structures_actor *actor)
{
	struct cpuslab_message message = { { actor->id, actor->round } };
	u32 cpu = actor->round % 8;
	int result;

	if (actor->round % 4)
		return; /* a worker costs more than the others */
	if (cpu)
		cpu = raw_smp_processor_id();
	else
		cpu = actor->round / 8 % (nr_cpu_ids + 1);
	result = cpuslab_workers_send(&part_all, cpu, &message);
	if (result == CPUSLAB_OK)
		part_sent[actor->id]++;
	else if (result != CPUSLAB_FULL && result != -CPUSLAB_ENOENT)
		structures_wrong("workers: send to %u: %d", cpu, result);
}

static int part_check(void)
{
	u64 sent = atomic64_read(&part_extra), handled, left;
	u32 i;

	for (i = 0; i < structures_actors; i++)
		sent += part_sent[i];
	handled = atomic64_read(&part_handled);
	left = atomic64_read(&part_lost);
	pr_info("cpuslab_test: workers: %llu sent, %llu handled (%lld elsewhere), %llu left\n",
		sent, handled, (s64)atomic64_read(&part_elsewhere), left);
	if (sent != handled + left)
		return test_wrong("workers: a message was lost, or came twice");
	return part_latency();
}

/* ---- life ------------------------------------------------------------------ */

static void part_free(void)
{
	kvfree(part_complete);
	kvfree(part_sent);
}

static int part_stop(void)
{
	int err;

	cpuslab_client_fini(&part_behind);
	cpuslab_workers_fini(&part_all);
	cpuslab_client_fini(&part_before);
	err = part_check();
	part_free();
	return err;
}

static int part_follow(void)
{
	const struct cpuslab_workers_config config = {
		.ops = &cpuslab_thread_ops,
		.handle = part_handle,
		.left = part_left,
		.capacity = PART_CAPACITY,
	};
	int err = cpuslab_client_init(&part_before, test_hp.domain);

	if (err)
		return err;
	err = cpuslab_workers_init(&part_all, test_hp.domain, &config);
	if (err)
		goto fini_before;
	err = cpuslab_client_init(&part_behind, test_hp.domain);
	if (err)
		goto fini_workers;
	part_running = true;
	return 0;
fini_workers:
	cpuslab_workers_fini(&part_all);
fini_before:
	cpuslab_client_fini(&part_before);
	return err;
}

static int part_start(void)
{
	int err = -ENOMEM;

	part_running = false;
	atomic64_set(&part_came, 0);
	atomic64_set(&part_extra, 0);
	atomic64_set(&part_handled, 0);
	atomic64_set(&part_lost, 0);
	atomic64_set(&part_elsewhere, 0);
	atomic64_set(&part_ran, 0);
	atomic64_set(&part_shortest, S64_MAX);
	atomic64_set(&part_longest, 0);
	part_before.ops = &part_before_ops;
	part_before.name = "part_before";
	part_behind.ops = &part_behind_ops;
	part_behind.name = "part_behind";
	part_sent = kvcalloc(structures_actors, sizeof(u64), GFP_KERNEL);
	part_complete = kvcalloc(nr_cpu_ids, sizeof(u64), GFP_KERNEL);
	if (part_sent && part_complete)
		err = part_follow();
	if (err)
		part_free();
	return err;
}

const struct structures_part part_workers = {
	.name = "workers",
	.start = part_start,
	.step = part_step,
	.stop = part_stop,
};
