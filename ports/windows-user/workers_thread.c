/* SPDX-License-Identifier: MIT */
/*
 * workers_thread.c - a worker that is a thread.
 *
 * Its state is what it shall do; it is told by an event, which keeps what it
 * was set for: whoever changes the state, or sends, sets it afterwards.
 */
#include "user_private.h"

#include <cpuslab/workers_thread.h>

enum {
	THREAD_PARKED,
	THREAD_RUNS,
	THREAD_PARKS, /* shall say so, and be parked */
	THREAD_ENDS,
};

struct thread_worker {
	struct cpuslab_workers *workers;
	uint32_t cpu;
	uint32_t state;   /* THREAD_*; W callbacks, and parking the thread */
	HANDLE something; /* an event: has changed */
	HANDLE parked;    /* likewise */
	HANDLE thread;
};

static DWORD WINAPI thread_main(void *arg)
{
	struct thread_worker *worker = arg;

	for (;;) {
		/* [thread.state] pairs with thread_set(). */
		switch (cpuslab_load_acquire_u32(&worker->state)) {
		case THREAD_RUNS:
			if (!cpuslab_workers_work(worker->workers, worker->cpu))
				continue;
			break;
		case THREAD_PARKS:
			cpuslab_store_release_u32(&worker->state,
						  THREAD_PARKED);
			SetEvent(worker->parked);
			break;
		case THREAD_ENDS:
			return 0;
		default:
			break;
		}
		WaitForSingleObject(worker->something, INFINITE);
	}
}

static void thread_set(struct thread_worker *worker, uint32_t state)
{
	/* [thread.state] */
	cpuslab_store_release_u32(&worker->state, state);
	SetEvent(worker->something);
}

static void thread_free(struct thread_worker *worker)
{
	if (worker->thread)
		CloseHandle(worker->thread);
	if (worker->parked)
		CloseHandle(worker->parked);
	if (worker->something)
		CloseHandle(worker->something);
	cpuslab_port_free(worker);
}

static int thread_op_create(struct cpuslab_workers *workers, uint32_t cpu,
			    void **created)
{
	struct thread_worker *worker = cpuslab_port_zalloc(sizeof(*worker));

	if (!worker)
		return -CPUSLAB_ENOMEM;
	worker->workers = workers;
	worker->cpu = cpu;
	worker->something = CreateEventW(NULL, FALSE, FALSE, NULL);
	worker->parked = CreateEventW(NULL, FALSE, FALSE, NULL);
	if (worker->something && worker->parked)
		worker->thread =
			CreateThread(NULL, 0, thread_main, worker, 0, NULL);
	if (!worker->thread) {
		thread_free(worker);
		return -CPUSLAB_EAGAIN;
	}
	*created = worker;
	return CPUSLAB_OK;
}

/* If it may not be bound it works all the same. */
static void thread_bind(const struct thread_worker *worker)
{
	GROUP_AFFINITY there;
	uint32_t group, number;

	if (cpuslab_group_from_cpu(cpuslab__win_groups(), worker->cpu, &group,
				   &number))
		return;
	memset(&there, 0, sizeof(there));
	there.Group = (WORD)group;
	there.Mask = (KAFFINITY)1 << number;
	SetThreadGroupAffinity(worker->thread, &there, NULL);
}

static void thread_op_unpark(struct cpuslab_workers *workers, uint32_t cpu,
			     void *arg)
{
	(void)workers;
	(void)cpu;
	thread_bind(arg);
	thread_set(arg, THREAD_RUNS);
}

static void thread_op_park(struct cpuslab_workers *workers, uint32_t cpu,
			   void *arg)
{
	struct thread_worker *worker = arg;

	(void)workers;
	(void)cpu;
	thread_set(worker, THREAD_PARKS);
	WaitForSingleObject(worker->parked, INFINITE);
}

static void thread_op_destroy(struct cpuslab_workers *workers, uint32_t cpu,
			      void *arg)
{
	struct thread_worker *worker = arg;

	(void)workers;
	(void)cpu;
	thread_set(worker, THREAD_ENDS);
	WaitForSingleObject(worker->thread, INFINITE);
	thread_free(worker);
}

static void thread_op_wake(struct cpuslab_workers *workers, uint32_t cpu,
			   void *arg)
{
	struct thread_worker *worker = arg;

	(void)workers;
	(void)cpu;
	SetEvent(worker->something);
}

const struct cpuslab_workers_ops cpuslab_thread_ops = {
	.create = thread_op_create,
	.unpark = thread_op_unpark,
	.park = thread_op_park,
	.destroy = thread_op_destroy,
	.wake = thread_op_wake,
};
