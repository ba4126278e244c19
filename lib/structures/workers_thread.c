/* SPDX-License-Identifier: MIT */
/*
 * workers_thread.c - a worker that is a thread. Compiled with each port that
 * has <cpuslab/port_thread.h>.
 *
 *	           unpark         park           the thread
 *	PARKED ------------> RUNS ----> PARKING ------------> PARKED
 *	   `---destroy---> ENDING  <---- unpark
 *
 * The state says what the thread has to do. Each change of it, and each
 * message, is followed by a wake, which lasts until the thread sleeps next: so
 * it sleeps through neither.
 *
 * Park only asks, because the thread may be in a handler for long. A CPU that
 * returns before the thread has looked finds it where it was, and it goes on.
 */
#include <cpuslab/port_thread.h>
#include <cpuslab/port/thread.h>
#include <cpuslab/workers_thread.h>

#include "workers_internal.h"

enum {
	THREAD_PARKED,
	THREAD_RUNS,
	THREAD_PARKING,
	THREAD_ENDING,
};

#define THREAD_LOOKS 20u    /* of one watch */
#define THREAD_PAUSES 5u    /* before each, so that several messages come */
#define THREAD_LEFT_OUT 15u /* watches in a row, at most */

struct workers_thread {
	struct cpuslab_workers *workers;
	uint32_t cpu;
	uint32_t process;   /* W create: the thread's */
	uint32_t state;     /* THREAD_*; W callbacks, thread */
	uint32_t unbound;   /* the thread has to bind itself; W as state */
	uint32_t in_vain;   /* watches to leave out after this one; W thread */
	uint32_t leave_out; /* watches; W thread */
	struct cpuslab_port_event woken;  /* by a state or a message */
	struct cpuslab_port_event parked; /* by the thread */
	struct cpuslab_port_thread thread;
};

/* ---- the thread ---------------------------------------------------------- */

static uint32_t workers_thread_state(const struct workers_thread *thread)
{
	/* [thread.state] pairs with workers_thread_set(). */
	return cpuslab_load_acquire_u32(&thread->state);
}

/* What the thread has to do. A handler may have forked: the child ends it. */
static uint32_t workers_thread_next(const struct workers_thread *thread)
{
	return thread->process == cpuslab_port_process_epoch() ?
		       workers_thread_state(thread) :
		       THREAD_ENDING;
}

static void workers_thread_idle(struct workers_thread *thread)
{
	const struct cpuslab_workers_ops *ops = thread->workers->config.ops;

	if (ops->idle)
		ops->idle(thread->workers, thread->cpu, thread);
	else
		cpuslab_port_event_wait(&thread->woken);
}

static void workers_thread_bind_self(struct workers_thread *thread)
{
	/*
	 * [thread.bind] pairs with workers_thread_bind(). The system may refuse
	 * to bind it, or not let it run there yet: it asks again each time.
	 */
	if (cpuslab_load_acquire_u32(&thread->unbound) &&
	    cpuslab_exchange_u32(&thread->unbound, 0) &&
	    !cpuslab_port_thread_bind(&thread->thread, thread->cpu))
		cpuslab_store_relaxed_u32(&thread->unbound, 1);
}

static bool workers_thread_has_message(const struct workers_thread *thread)
{
	return cpuslab__workers_has_message(thread->workers, thread->cpu);
}

static void workers_thread_pause(void)
{
	uint32_t i;

	for (i = 0; i < THREAD_PAUSES; i++)
		cpuslab_port_thread_pause();
}

/*
 * After a message wait a few microseconds for the next one, which costs less
 * than to sleep and be woken. That is in vain where messages are rare, or their
 * sender needs this CPU: leave out the next 1, 3, 7, 15 times then.
 */
static void workers_thread_watch(struct workers_thread *thread)
{
	uint32_t looks;

	if (workers_thread_has_message(thread))
		return;
	if (thread->leave_out) {
		thread->leave_out--;
		return;
	}
	for (looks = 0; looks < THREAD_LOOKS; looks++) {
		workers_thread_pause();
		if (workers_thread_has_message(thread)) {
			thread->in_vain = 0;
			return;
		}
	}
	if (thread->in_vain < THREAD_LEFT_OUT)
		thread->in_vain = thread->in_vain * 2 + 1;
	thread->leave_out = thread->in_vain;
}

static void workers_thread_run(struct workers_thread *thread)
{
	while (workers_thread_next(thread) == THREAD_RUNS) {
		workers_thread_bind_self(thread);
		if (cpuslab_workers_work(thread->workers, thread->cpu))
			workers_thread_idle(thread);
		else if (!thread->workers->config.ops->idle)
			workers_thread_watch(thread);
	}
}

/* Nothing is changed if the CPU has returned meanwhile. */
static void workers_thread_park_self(struct workers_thread *thread)
{
	const struct cpuslab_workers_ops *ops = thread->workers->config.ops;
	uint32_t state = THREAD_PARKING;

	if (ops->parked)
		ops->parked(thread->workers, thread->cpu, thread);
	/* [thread.parked] pairs with workers_thread_wait(). */
	if (cpuslab_cas_u32(&thread->state, &state, THREAD_PARKED))
		cpuslab_port_event_set(&thread->parked);
}

static void workers_thread_main(void *arg)
{
	struct workers_thread *thread = arg;
	uint32_t state;

	while ((state = workers_thread_next(thread)) != THREAD_ENDING) {
		if (state == THREAD_RUNS) {
			workers_thread_run(thread);
		} else if (state == THREAD_PARKING) {
			workers_thread_park_self(thread);
		} else {
			cpuslab_port_event_wait(&thread->woken);
		}
	}
}

/* ---- the callbacks ------------------------------------------------------- */

/* Let the thread look at what it has to do, wherever it sleeps. */
static void workers_thread_rouse(struct workers_thread *thread)
{
	const struct cpuslab_workers_ops *ops = thread->workers->config.ops;

	cpuslab_port_event_set(&thread->woken);
	if (ops->idle)
		ops->wake(thread->workers, thread->cpu, thread);
}

static void workers_thread_set(struct workers_thread *thread, uint32_t state)
{
	/*
	 * [thread.state] The thread that is woken must see the new state. With
	 * the old one it would sleep again, and park or destroy would not end.
	 */
	cpuslab_store_release_u32(&thread->state, state);
	workers_thread_rouse(thread);
}

/* A thread that binds itself does so when roused, and is never unbound. */
static void workers_thread_bind(struct workers_thread *thread, uint32_t cpu)
{
	bool bound = CPUSLAB_PORT_THREAD_BINDS_SELF ?
			     cpu == CPUSLAB_NO_CPU :
			     cpuslab_port_thread_bind(&thread->thread, cpu);

	/*
	 * [thread.bind] The CPU runs, unless the system is late; pairs with
	 * workers_thread_bind_self().
	 */
	if (!bound)
		cpuslab_store_release_u32(&thread->unbound, 1);
}

/*
 * A thread that is started later, perhaps by the hotplug's thread, has the
 * signal mask of the set's first one, which init's caller started.
 */
static int workers_thread_start(struct workers_thread *thread)
{
	const struct workers_thread *like =
		cpuslab__workers_any(thread->workers);
	int err = cpuslab_port_event_init(&thread->woken);

	if (err)
		return err;
	err = cpuslab_port_event_init(&thread->parked);
	if (err)
		goto fini_woken;
	err = cpuslab_port_thread_start(&thread->thread,
					like ? &like->thread : NULL,
					thread->cpu, workers_thread_main,
					thread);
	if (err)
		goto fini_parked;
	return CPUSLAB_OK;
fini_parked:
	cpuslab_port_event_fini(&thread->parked);
fini_woken:
	cpuslab_port_event_fini(&thread->woken);
	return err;
}

static int workers_thread_create(struct cpuslab_workers *workers, uint32_t cpu,
				 void **created)
{
	struct workers_thread *thread = cpuslab_port_zalloc(sizeof(*thread));
	int err;

	if (!thread)
		return -CPUSLAB_ENOMEM;
	thread->workers = workers;
	thread->cpu = cpu;
	thread->process = cpuslab_port_process_epoch();
	err = workers_thread_start(thread);
	if (err)
		cpuslab_port_free(thread);
	else
		*created = thread;
	return err;
}

static void workers_thread_repair(struct cpuslab_workers *workers, uint32_t cpu,
				  void *worker)
{
	(void)workers;
	workers_thread_bind(worker, cpu);
	if (CPUSLAB_PORT_THREAD_BINDS_SELF)
		workers_thread_rouse(worker);
}

static void workers_thread_unpark(struct cpuslab_workers *workers, uint32_t cpu,
				  void *worker)
{
	(void)workers;
	workers_thread_bind(worker, cpu);
	workers_thread_set(worker, THREAD_RUNS);
}

static void workers_thread_park(struct cpuslab_workers *workers, uint32_t cpu,
				void *worker)
{
	struct workers_thread *thread = worker;

	(void)workers;
	(void)cpu;
	workers_thread_set(thread, THREAD_PARKING);
	/* Its handler may go on for long, and the CPU be taken away. */
	workers_thread_bind(thread, CPUSLAB_NO_CPU);
}

static void workers_thread_wait(struct cpuslab_workers *workers, uint32_t cpu,
				void *worker)
{
	struct workers_thread *thread = worker;

	(void)workers;
	(void)cpu;
	/*
	 * [thread.parked] We see what the handler wrote; pairs with
	 * workers_thread_park_self(). The event may be left from a park that
	 * nobody waited for.
	 */
	while (workers_thread_state(thread) == THREAD_PARKING)
		cpuslab_port_event_wait(&thread->parked);
}

static void workers_thread_destroy(struct cpuslab_workers *workers,
				   uint32_t cpu, void *worker)
{
	struct workers_thread *thread = worker;

	(void)workers;
	(void)cpu;
	workers_thread_set(thread, THREAD_ENDING);
	cpuslab_port_thread_join(&thread->thread);
	cpuslab_port_event_fini(&thread->parked);
	cpuslab_port_event_fini(&thread->woken);
	cpuslab_port_free(thread);
}

static void workers_thread_wake(struct cpuslab_workers *workers, uint32_t cpu,
				void *worker)
{
	struct workers_thread *thread = worker;

	(void)workers;
	(void)cpu;
	cpuslab_port_event_set(&thread->woken);
}

const struct cpuslab_workers_ops cpuslab_thread_ops = {
	.create = workers_thread_create,
	.unpark = workers_thread_unpark,
	.park = workers_thread_park,
	.wait = workers_thread_wait,
	.destroy = workers_thread_destroy,
	.wake = workers_thread_wake,
	.repair = workers_thread_repair,
};
