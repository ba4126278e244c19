/* SPDX-License-Identifier: MIT */
/*
 * workers_thread.c - a worker that is a system thread.
 *
 * Its state is what it shall do; it is told by an event, which keeps what it
 * was set for: whoever changes the state, or sends, sets it afterwards.
 */
#include "kernel_private.h"

#include <cpuslab/workers_thread.h>

enum {
	THREAD_PARKED,
	THREAD_BEGINS, /* shall go to its processor, and run */
	THREAD_RUNS,
	THREAD_PARKS, /* shall say so, and be parked */
	THREAD_ENDS,
};

struct thread_worker {
	struct cpuslab_workers *workers;
	uint32_t cpu;
	uint32_t state;   /* THREAD_*; W callbacks, and the thread */
	KEVENT something; /* has changed */
	KEVENT parked;
	HANDLE thread;
};

static void thread_sleep(KEVENT *until)
{
	KeWaitForSingleObject(until, Executive, KernelMode, FALSE, NULL);
}

/* If it cannot be bound it works all the same. */
static void thread_bind(const struct thread_worker *worker)
{
	PROCESSOR_NUMBER number;
	GROUP_AFFINITY there;

	if (!cpuslab_kernel_cpu_active(worker->cpu) ||
	    !cpuslab__nt_cpu_number(worker->cpu, &number))
		return;
	memset(&there, 0, sizeof(there));
	there.Group = number.Group;
	there.Mask = (KAFFINITY)1 << number.Number;
	KeSetSystemGroupAffinityThread(&there, NULL);
}

static void thread_begin(struct thread_worker *worker)
{
	uint32_t begins = THREAD_BEGINS;

	thread_bind(worker);
	/* Unless it shall park by now. */
	cpuslab_cas_u32(&worker->state, &begins, THREAD_RUNS);
}

static KSTART_ROUTINE thread_main;

static VOID NTAPI thread_main(PVOID arg)
{
	struct thread_worker *worker = arg;

	for (;;) {
		/* [thread.state] pairs with thread_set(). */
		switch (cpuslab_load_acquire_u32(&worker->state)) {
		case THREAD_BEGINS:
			thread_begin(worker);
			continue;
		case THREAD_RUNS:
			if (!cpuslab_workers_work(worker->workers, worker->cpu))
				continue;
			break;
		case THREAD_PARKS:
			cpuslab_store_release_u32(&worker->state,
						  THREAD_PARKED);
			KeSetEvent(&worker->parked, IO_NO_INCREMENT, FALSE);
			break;
		case THREAD_ENDS:
			PsTerminateSystemThread(STATUS_SUCCESS);
			break;
		default:
			break;
		}
		thread_sleep(&worker->something);
	}
}

static void thread_set(struct thread_worker *worker, uint32_t state)
{
	/* [thread.state] */
	cpuslab_store_release_u32(&worker->state, state);
	KeSetEvent(&worker->something, IO_NO_INCREMENT, FALSE);
}

static int thread_op_create(struct cpuslab_workers *workers, uint32_t cpu,
			    void **created)
{
	struct thread_worker *worker = cpuslab_port_zalloc(sizeof(*worker));
	int err;

	if (!worker)
		return -CPUSLAB_ENOMEM;
	worker->workers = workers;
	worker->cpu = cpu;
	KeInitializeEvent(&worker->something, SynchronizationEvent, FALSE);
	KeInitializeEvent(&worker->parked, SynchronizationEvent, FALSE);
	err = cpuslab__nt_spawn(thread_main, worker, &worker->thread);
	if (err)
		cpuslab_port_free(worker);
	else
		*created = worker;
	return err;
}

static void thread_op_unpark(struct cpuslab_workers *workers, uint32_t cpu,
			     void *arg)
{
	(void)workers;
	(void)cpu;
	thread_set(arg, THREAD_BEGINS);
}

static void thread_op_park(struct cpuslab_workers *workers, uint32_t cpu,
			   void *arg)
{
	struct thread_worker *worker = arg;

	(void)workers;
	(void)cpu;
	thread_set(worker, THREAD_PARKS);
	thread_sleep(&worker->parked);
}

static void thread_op_destroy(struct cpuslab_workers *workers, uint32_t cpu,
			      void *arg)
{
	struct thread_worker *worker = arg;

	(void)workers;
	(void)cpu;
	thread_set(worker, THREAD_ENDS);
	cpuslab__nt_join(worker->thread);
	cpuslab_port_free(worker);
}

static void thread_op_wake(struct cpuslab_workers *workers, uint32_t cpu,
			   void *arg)
{
	struct thread_worker *worker = arg;

	(void)workers;
	(void)cpu;
	KeSetEvent(&worker->something, IO_NO_INCREMENT, FALSE);
}

const struct cpuslab_workers_ops cpuslab_thread_ops = {
	.create = thread_op_create,
	.unpark = thread_op_unpark,
	.park = thread_op_park,
	.destroy = thread_op_destroy,
	.wake = thread_op_wake,
};
