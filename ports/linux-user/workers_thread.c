/* SPDX-License-Identifier: MIT */
/*
 * workers_thread.c - a worker that is a thread.
 *
 * Its state is what it shall do; it is told by a semaphore, which forgets
 * nothing: whoever changes the state, or sends, posts afterwards.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>

#include <cpuslab/binding.h>
#include <cpuslab/workers_thread.h>

#include "private.h"

enum {
	THREAD_PARKED,
	THREAD_RUNS,
	THREAD_PARKS, /* shall say so, and be parked */
	THREAD_ENDS,
};

struct thread_worker {
	struct cpuslab_workers *workers;
	uint32_t cpu;
	uint32_t state;  /* THREAD_*; W callbacks, and parking the thread */
	sem_t something; /* has changed */
	sem_t parked;    /* or has begun */
	pthread_t thread;
	struct cpuslab_binding binding;
};

static void thread_sleep(sem_t *until)
{
	while (sem_wait(until))
		continue;
}

static void *thread_worker_main(void *arg)
{
	struct thread_worker *worker = arg;

	cpuslab_binding_init(&worker->binding);
	sem_post(&worker->parked);
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
			sem_post(&worker->parked);
			break;
		case THREAD_ENDS:
			cpuslab_binding_fini(&worker->binding);
			return NULL;
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
	sem_post(&worker->something);
}

static int thread_begin(struct thread_worker *worker)
{
	char name[16];
	int err = cpuslab__thread_create(&worker->thread, NULL,
					 thread_worker_main, worker);

	if (err)
		return err;
	thread_sleep(&worker->parked);
	snprintf(name, sizeof(name), "cpuslab/%u", worker->cpu % 10000000u);
	pthread_setname_np(worker->thread, name);
	return CPUSLAB_OK;
}

static void thread_free(struct thread_worker *worker)
{
	sem_destroy(&worker->parked);
	sem_destroy(&worker->something);
	cpuslab_port_free(worker);
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
	sem_init(&worker->something, 0, 0);
	sem_init(&worker->parked, 0, 0);
	err = thread_begin(worker);
	if (err)
		thread_free(worker);
	else
		*created = worker;
	return err;
}

/* If it may not be bound it works all the same. */
static void thread_op_resync(struct cpuslab_workers *workers, uint32_t cpu,
			     void *arg)
{
	struct thread_worker *worker = arg;

	(void)workers;
	(void)cpuslab_binding_set(&worker->binding, cpu);
}

static void thread_op_unpark(struct cpuslab_workers *workers, uint32_t cpu,
			     void *arg)
{
	thread_op_resync(workers, cpu, arg);
	thread_set(arg, THREAD_RUNS);
}

static void thread_op_park(struct cpuslab_workers *workers, uint32_t cpu,
			   void *arg)
{
	struct thread_worker *worker = arg;

	(void)workers;
	(void)cpu;
	thread_set(worker, THREAD_PARKS);
	thread_sleep(&worker->parked);
	(void)cpuslab_binding_set(&worker->binding, CPUSLAB_NO_CPU);
}

static void thread_op_destroy(struct cpuslab_workers *workers, uint32_t cpu,
			      void *arg)
{
	struct thread_worker *worker = arg;

	(void)workers;
	(void)cpu;
	thread_set(worker, THREAD_ENDS);
	pthread_join(worker->thread, NULL);
	thread_free(worker);
}

static void thread_op_wake(struct cpuslab_workers *workers, uint32_t cpu,
			   void *arg)
{
	struct thread_worker *worker = arg;

	(void)workers;
	(void)cpu;
	sem_post(&worker->something);
}

const struct cpuslab_workers_ops cpuslab_thread_ops = {
	.create = thread_op_create,
	.unpark = thread_op_unpark,
	.park = thread_op_park,
	.destroy = thread_op_destroy,
	.wake = thread_op_wake,
	.resync = thread_op_resync,
};
