// SPDX-License-Identifier: MIT
/*
 * storm_work.c - what the threads do with -w besides counting: each round sends
 * a message to the worker of the CPU, allocates an object and frees it after a
 * grace period. And what children of this process find.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "storm.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cpuslab/atomic.h>
#include <cpuslab/ops.h>
#include <cpuslab/workers_thread.h>

#define WORK_PATIENCE 60.0 /* seconds */
#define WORK_CHILD_SECONDS 60u

static const struct cpuslab_type work_type = {
	.name = "work",
	.size = 8,
	.counters = 1,
};

static void work_handle(void *arg, uint32_t cpu,
			const struct cpuslab_message *message)
{
	struct storm_work *work = arg;
	uint64_t self = 1ull << cpu;

	(void)message;
	if (!(__atomic_load_n(&work->bound, __ATOMIC_RELAXED) & self) &&
	    cpus_affinity(0) == self)
		__atomic_fetch_or(&work->bound, self, __ATOMIC_RELAXED);
	cpuslab_fetch_add_u64(&work->handled, 1);
}

void storm_work_begin(struct storm *storm)
{
	const struct cpuslab_workers_config config = {
		.size = sizeof(config),
		.ops = &cpuslab_thread_ops,
		.handle = work_handle,
		.arg = &storm->work,
		.capacity = 64,
	};

	must(cpuslab_workers_init(&storm->work.workers, storm->domain, &config),
	     "workers");
}

void storm_work_end(struct storm *storm)
{
	cpuslab_workers_fini(&storm->work.workers);
}

static int work_send(struct storm_work *work)
{
	const struct cpuslab_message message = { { 0, 0, 0 } };

	return cpuslab_workers_send(&work->workers, (uint32_t)sched_getcpu(),
				    &message);
}

static bool work_allocate(struct storm *storm)
{
	struct cpuslab_percpu handle;
	bool right;

	if (cpuslab_alloc(storm->slab, &work_type, &handle))
		return false;
	right = !cpuslab_add(&handle, 0, 3) && cpuslab_sum(&handle, 0) == 3;
	return !cpuslab_free_rcu(storm->slab, &handle) && right;
}

void storm_work_round(struct storm *storm)
{
	if (!work_send(&storm->work))
		cpuslab_fetch_add_u64(&storm->work.sent, 1);
	if (!work_allocate(storm))
		cpuslab_fetch_add_u64(&storm->work.wrong, 1);
}

/* ---- workers ------------------------------------------------------------- */

struct work_wanted {
	struct storm_work *work;
	uint64_t cpus;
};

static bool work_are_bound(void *arg)
{
	struct work_wanted *wanted = arg;
	uint64_t bound =
		__atomic_load_n(&wanted->work->bound, __ATOMIC_RELAXED);

	return (bound & wanted->cpus) == wanted->cpus;
}

static bool work_is_done(void *arg)
{
	struct work_wanted *wanted = arg;

	return cpuslab_fetch_add_u64(&wanted->work->handled, 0) ==
	       wanted->work->sent;
}

const char *storm_work_check(struct storm *storm, uint64_t cpus)
{
	struct work_wanted wanted = { &storm->work, cpus };
	bool done;

	__atomic_store_n(&storm->work.bound, 0, __ATOMIC_RELAXED);
	if (!wait_until(WORK_PATIENCE, work_are_bound, &wanted))
		return "a worker is not bound";
	storm_pause(storm);
	done = wait_until(WORK_PATIENCE, work_is_done, &wanted);
	storm_resume(storm);
	if (!done)
		return "a message is not handled";
	return cpuslab_fetch_add_u64(&storm->work.wrong, 0) ?
		       "an object was wrong" :
		       NULL;
}

/* ---- children ------------------------------------------------------------ */

/* In a child, which has no workers. The total is that of its fork. */
static int work_live(struct storm *storm, bool handlers)
{
	struct cpuslab_slab *slab;

	alarm(WORK_CHILD_SECONDS);
	if (work_send(&storm->work) != -CPUSLAB_ENOENT)
		return 1;
	if (storm_sum(storm) != storm_added(storm))
		return 2;
	/* Another thread may have held a mutex of the C library. */
	if (!handlers)
		return 0;
	if (!work_allocate(storm))
		return 3;
	if (cpuslab_slab_create(&slab, storm->domain, NULL))
		return 4;
	cpuslab_slab_destroy(slab);
	return 0;
}

const char *storm_work_child(struct storm *storm, bool handlers)
{
	static const char *const wrong[] = {
		NULL,
		"a child takes its parent's workers for its own",
		"a child has a wrong total",
		"a child cannot allocate",
		"a child cannot create a slab",
	};
	int status = -1;
	pid_t pid;

	storm_pause(storm);
	pid = handlers ? fork() :
			 (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		_exit(work_live(storm, handlers));
	storm_resume(storm);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return "a child does not end by itself";
	return wrong[WEXITSTATUS(status) % 5];
}
