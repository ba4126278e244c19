// SPDX-License-Identifier: MIT
/*
 * crowd.c - threads that move between CPUs, and timers that interrupt them, use
 * all structures at once while CPUs come and go. tests/portable/ says what they
 * do and what must then be exact.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include <cpuslab/workers_thread.h>

#include "portable/portable.h"

#include "test.h"

#define CROWD_THREADS 4
#define CROWD_PERIOD_NS 2000000
#define CROWD_STEPS 20 /* of a thread on one CPU */

/* Each thread is an actor, and so is each CPU's timer. */
struct crowd_timer {
	struct hrtimer timer;
	bool started; /* W domain */
	struct portable_actor actor;
};

static bool crowd_on; /* W command */
static struct cpuslab_client crowd_client;
static struct crowd_timer *crowd_timers; /* [nr_cpu_ids] */
static struct portable_actor crowd_moving[CROWD_THREADS];
static struct task_struct *crowd_threads[CROWD_THREADS];
static struct task_struct *crowd_looker;

/* ---- actors -------------------------------------------------------------- */

static enum hrtimer_restart crowd_tick(struct hrtimer *timer)
{
	struct crowd_timer *mine =
		container_of(timer, struct crowd_timer, timer);

	portable_step(&mine->actor);
	hrtimer_forward_now(timer, ns_to_ktime(CROWD_PERIOD_NS));
	return HRTIMER_RESTART;
}

static void crowd_timer_here(void *arg)
{
	hrtimer_start(arg, ns_to_ktime(CROWD_PERIOD_NS),
		      HRTIMER_MODE_REL_PINNED_HARD);
}

/* A timer that was migrated when its CPU went offline returns with the CPU. */
static void crowd_complete(struct cpuslab_client *client, uint32_t cpu)
{
	struct crowd_timer *mine = &crowd_timers[cpu];

	if (!mine->started)
		test_timer_init(&mine->timer, crowd_tick);
	else
		hrtimer_cancel(&mine->timer);
	mine->actor.id = CROWD_THREADS + cpu;
	mine->started = true;
	smp_call_function_single(cpu, crowd_timer_here, &mine->timer, 1);
}

static const struct cpuslab_client_ops crowd_client_ops = {
	.complete = crowd_complete,
};

/* From one online CPU to the next. */
static int crowd_move(void *arg)
{
	struct portable_actor *actor = arg;
	unsigned int i, cpu = actor->id;

	while (!kthread_should_stop()) {
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		/* The CPU may be offline by now; then continue anywhere. */
		set_cpus_allowed_ptr(current, cpumask_of(cpu));
		for (i = 0; i < CROWD_STEPS; i++)
			portable_step(actor);
		usleep_range(200, 400); /* let other threads run */
	}
	return 0;
}

static int crowd_look(void *arg)
{
	while (!kthread_should_stop()) {
		portable_look();
		usleep_range(2000, 4000);
	}
	return 0;
}

/* In callbacks of the hotplug and in a worker's handler. */
static void crowd_sleep(uint32_t us)
{
	might_sleep();
	if (us)
		usleep_range(us, 2 * us);
}

/* ---- a client that refuses ----------------------------------------------- */

/* 0 means none: CPU 0 is never taken offline. */
int crowd_refuse(unsigned int cpu)
{
	portable_refuse(cpu ? cpu : CPUSLAB_NO_CPU);
	return 0;
}

int crowd_refused(unsigned int cpu)
{
	if (!crowd_on)
		return test_wrong("the structures are not in use");
	if (cpu >= nr_cpu_ids || !portable_refused(cpu))
		return test_wrong("not refused by a client, or not undone");
	return 0;
}

/* ---- life ---------------------------------------------------------------- */

static void crowd_stop_thread(struct task_struct **thread)
{
	if (!IS_ERR_OR_NULL(*thread))
		kthread_stop(*thread);
	*thread = NULL;
}

static void crowd_stop_actors(void)
{
	unsigned int i;

	crowd_stop_thread(&crowd_looker);
	for (i = 0; i < CROWD_THREADS; i++)
		crowd_stop_thread(&crowd_threads[i]);
	cpuslab_client_fini(&crowd_client);
	for (i = 0; i < nr_cpu_ids; i++)
		if (crowd_timers[i].started)
			hrtimer_cancel(&crowd_timers[i].timer);
	for (i = 0; i < CROWD_THREADS; i++)
		portable_leave(&crowd_moving[i]);
	for (i = 0; i < nr_cpu_ids; i++)
		if (crowd_timers[i].started)
			portable_leave(&crowd_timers[i].actor);
}

static u64 crowd_rounds(bool timers)
{
	u64 sum = 0;
	unsigned int i;

	if (!timers)
		for (i = 0; i < CROWD_THREADS; i++)
			sum += crowd_moving[i].round;
	else
		for (i = 0; i < nr_cpu_ids; i++)
			sum += crowd_timers[i].actor.round;
	return sum;
}

static void crowd_run(void)
{
	unsigned int i;

	for (i = 0; i < CROWD_THREADS; i++) {
		crowd_moving[i] = (struct portable_actor){ .id = i };
		crowd_threads[i] = kthread_run(crowd_move, &crowd_moving[i],
					       "cpuslab_move/%u", i);
	}
	crowd_looker = kthread_run(crowd_look, NULL, "cpuslab_look");
}

static int crowd_join(void)
{
	const struct portable set = {
		.domain = test_driver.domain,
		.slab = test_slab,
		.workers = &cpuslab_thread_ops,
		.sleep = crowd_sleep,
		.strays = true,
		.actors = CROWD_THREADS + nr_cpu_ids,
	};
	int err = portable_start(&set);

	if (err)
		return err;
	crowd_client.ops = &crowd_client_ops;
	crowd_client.name = "crowd";
	err = cpuslab_client_init(&crowd_client, test_driver.domain);
	if (err)
		portable_stop();
	return err;
}

int crowd_start(void)
{
	int err;

	if (crowd_on)
		return test_wrong("the structures are in use already");
	crowd_timers = kvcalloc(nr_cpu_ids, sizeof(*crowd_timers), GFP_KERNEL);
	if (!crowd_timers)
		return -ENOMEM;
	err = crowd_join();
	if (err) {
		kvfree(crowd_timers);
		return err;
	}
	crowd_on = true;
	crowd_run();
	return 0;
}

int crowd_stop(void)
{
	const char *wrong;
	u64 threads, timers;

	if (!crowd_on)
		return test_wrong("the structures are not in use");
	crowd_on = false;
	crowd_stop_actors();
	threads = crowd_rounds(false);
	timers = crowd_rounds(true);
	kvfree(crowd_timers);
	wrong = portable_stop();
	pr_info("cpuslab_test: %llu steps of threads, %llu of timers\n",
		threads, timers);
	if (wrong)
		return test_wrong("%s", wrong);
	return threads && timers ? 0 : test_wrong("no step was taken");
}

void crowd_fini(void)
{
	if (crowd_on)
		crowd_stop();
}
