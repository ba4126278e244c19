// SPDX-License-Identifier: MIT
/*
 * structures.c - threads that move and timers that interrupt them use all
 * structures at once, whatever comes and goes; see structures.h.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "structures.h"

#define STRUCTURES_PERIOD_NS 2000000
#define STRUCTURES_STEPS 20 /* of a thread on one processor */

struct structures_timer {
	struct hrtimer timer;
	bool started; /* W domain */
	struct structures_actor actor;
};

/* In the order in which they start, and register with the domain. */
static const struct structures_part *const structures_parts[] = {
	&part_refcount, &part_histogram, &part_bounded,  &part_cache,
	&part_mailbox,  &part_steering,  &part_follower, &part_workers,
};

u32 structures_actors;
atomic64_t structures_wrongs;

static unsigned int structures_started; /* of the parts */
static bool structures_on;              /* W command */
static struct cpuslab_client structures_client;
static struct structures_timer *structures_timers; /* [nr_cpu_ids] */
static struct structures_actor structures_moving[STRUCTURES_THREADS];
static struct task_struct *structures_threads[STRUCTURES_THREADS];
static struct task_struct *structures_looker;

/* ---- actors --------------------------------------------------------------- */

static void structures_step(struct structures_actor *actor)
{
	unsigned int i;

	for (i = 0; i < structures_started; i++)
		structures_parts[i]->step(actor);
	WRITE_ONCE(actor->round, actor->round + 1);
}

static void structures_leave(const struct structures_actor *actor)
{
	unsigned int i;

	for (i = 0; i < structures_started; i++)
		if (structures_parts[i]->leave)
			structures_parts[i]->leave(actor);
}

static enum hrtimer_restart structures_tick(struct hrtimer *timer)
{
	struct structures_timer *mine =
		container_of(timer, struct structures_timer, timer);

	structures_step(&mine->actor);
	hrtimer_forward_now(timer, ns_to_ktime(STRUCTURES_PERIOD_NS));
	return HRTIMER_RESTART;
}

static void structures_timer_here(void *arg)
{
	hrtimer_start(arg, ns_to_ktime(STRUCTURES_PERIOD_NS),
		      HRTIMER_MODE_REL_PINNED_HARD);
}

/* One that was migrated when its processor went comes back with it. */
static void structures_complete(struct cpuslab_client *client, uint32_t cpu)
{
	struct structures_timer *mine = &structures_timers[cpu];

	if (!mine->started)
		hrtimer_init(&mine->timer, CLOCK_MONOTONIC,
			     HRTIMER_MODE_REL_PINNED_HARD);
	else
		hrtimer_cancel(&mine->timer);
	mine->timer.function = structures_tick;
	mine->actor.id = STRUCTURES_THREADS + cpu;
	mine->started = true;
	smp_call_function_single(cpu, structures_timer_here, &mine->timer, 1);
}

static const struct cpuslab_client_ops structures_client_ops = {
	.complete = structures_complete,
};

/* From one processor to the next, of those that are there just now. */
static int structures_move(void *arg)
{
	struct structures_actor *actor = arg;
	unsigned int i, cpu = actor->id;

	while (!kthread_should_stop()) {
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		/* It may be gone already: then where we are. */
		set_cpus_allowed_ptr(current, cpumask_of(cpu));
		for (i = 0; i < STRUCTURES_STEPS; i++)
			structures_step(actor);
		usleep_range(200, 400); /* the others want to run, too */
	}
	return 0;
}

static int structures_look(void *arg)
{
	unsigned int i;

	while (!kthread_should_stop()) {
		for (i = 0; i < structures_started; i++)
			if (structures_parts[i]->look)
				structures_parts[i]->look();
		usleep_range(1000, 2000);
	}
	return 0;
}

/* ---- life ----------------------------------------------------------------- */

static void structures_stop_thread(struct task_struct **thread)
{
	if (!IS_ERR_OR_NULL(*thread))
		kthread_stop(*thread);
	*thread = NULL;
}

static void structures_stop_actors(void)
{
	unsigned int i;

	structures_stop_thread(&structures_looker);
	for (i = 0; i < STRUCTURES_THREADS; i++)
		structures_stop_thread(&structures_threads[i]);
	cpuslab_client_fini(&structures_client);
	for (i = 0; i < nr_cpu_ids; i++)
		if (structures_timers[i].started)
			hrtimer_cancel(&structures_timers[i].timer);
	for (i = 0; i < STRUCTURES_THREADS; i++)
		structures_leave(&structures_moving[i]);
	for (i = 0; i < nr_cpu_ids; i++)
		if (structures_timers[i].started)
			structures_leave(&structures_timers[i].actor);
}

/* All parts stop, the last one first; what is wrong with the first of them. */
static int structures_stop_parts(void)
{
	int err, first = 0;

	while (structures_started) {
		err = structures_parts[--structures_started]->stop();
		if (err)
			first = err;
	}
	kvfree(structures_timers);
	structures_timers = NULL;
	return first;
}

static u64 structures_rounds(bool timers)
{
	u64 sum = 0;
	unsigned int i;

	if (!timers)
		for (i = 0; i < STRUCTURES_THREADS; i++)
			sum += structures_moving[i].round;
	else
		for (i = 0; i < nr_cpu_ids; i++)
			sum += structures_timers[i].actor.round;
	return sum;
}

static void structures_run(void)
{
	unsigned int i;

	for (i = 0; i < STRUCTURES_THREADS; i++) {
		structures_moving[i] = (struct structures_actor){ .id = i };
		structures_threads[i] = kthread_run(structures_move,
						    &structures_moving[i],
						    "cpuslab_move/%u", i);
	}
	structures_looker = kthread_run(structures_look, NULL, "cpuslab_look");
}

int structures_start(void)
{
	int err = 0;

	if (structures_on)
		return test_wrong("the structures are in use already");
	structures_actors = STRUCTURES_THREADS + nr_cpu_ids;
	atomic64_set(&structures_wrongs, 0);
	structures_timers =
		kvcalloc(nr_cpu_ids, sizeof(*structures_timers), GFP_KERNEL);
	if (!structures_timers)
		return -ENOMEM;
	while (structures_started < ARRAY_SIZE(structures_parts) && !err) {
		err = structures_parts[structures_started]->start();
		structures_started += !err;
	}
	structures_client.ops = &structures_client_ops;
	structures_client.name = "structures";
	if (!err)
		err = cpuslab_client_init(&structures_client, test_hp.domain);
	if (err) {
		structures_stop_parts();
		return err;
	}
	structures_on = true;
	structures_run();
	return 0;
}

int structures_stop(void)
{
	u64 threads, timers;
	int err;

	if (!structures_on)
		return test_wrong("the structures are not in use");
	structures_on = false;
	structures_stop_actors();
	threads = structures_rounds(false);
	timers = structures_rounds(true);
	pr_info("cpuslab_test: %llu steps of threads, %llu of timers\n",
		threads, timers);
	err = structures_stop_parts();
	if (err)
		return err;
	if (!threads || !timers)
		return test_wrong("nobody stepped");
	if (atomic64_read(&structures_wrongs))
		return test_wrong("%lld things were wrong on the way",
				  (s64)atomic64_read(&structures_wrongs));
	return 0;
}

void structures_fini(void)
{
	if (structures_on)
		structures_stop();
}
