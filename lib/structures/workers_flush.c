/* SPDX-License-Identifier: MIT */
/*
 * workers_flush.c - wait until messages have been handled.
 *
 * A message is taken from its box by some worker, and then handled. So when a
 * box's head has passed the position of the last message that was sent before
 * the flush, and each worker that was in a turn then has ended that turn, all
 * those messages have been handled, whichever worker took them.
 *
 * The flush looks again and again, and sleeps in between. That costs a worker
 * nothing but two stores for each message; to wake the flush it would need a
 * fence.
 */
#include <cpuslab/workers.h>

#include "mailbox_internal.h"
#include "workers_internal.h"
#include "../core/domain_internal.h"

#define FLUSH_FIRST_US 16u
#define FLUSH_LAST_US 1024u

/* Would it wait for its own caller? */
static bool workers_flush_is_inside(const struct cpuslab_workers *workers)
{
	const void *self = cpuslab_port_thread_id();
	uint32_t cpu;

	for (cpu = 0; cpu < workers->limit; cpu++) {
		const struct cpuslab__worker *worker = &workers->workers[cpu];

		if (cpuslab_load_acquire_u32(&worker->turn) % 2 &&
		    cpuslab_load_relaxed_ptr(&worker->thread) == self)
			return true;
	}
	return cpuslab__domain_is_held(workers->client.domain);
}

static void workers_flush_nap(uint32_t *us)
{
	cpuslab_port_nap(*us);
	if (*us < FLUSH_LAST_US)
		*us *= 2;
}

/* Until all that has been sent to @cpu is taken. */
static void workers_flush_box(const struct cpuslab_workers *workers,
			      uint32_t cpu)
{
	uint64_t sent = cpuslab__mailbox_sent(&workers->mailbox, cpu);
	uint32_t us = FLUSH_FIRST_US;

	while (!cpuslab__mailbox_has_taken(&workers->mailbox, cpu, sent))
		workers_flush_nap(&us);
}

static void workers_flush_turn(const struct cpuslab__worker *worker)
{
	/* [workers.turn] Pairs with workers_turn(). */
	uint32_t turn = cpuslab_load_acquire_u32(&worker->turn);
	uint32_t us = FLUSH_FIRST_US;

	while (turn % 2 && cpuslab_load_acquire_u32(&worker->turn) == turn)
		workers_flush_nap(&us);
}

int cpuslab_workers_flush(struct cpuslab_workers *workers, uint32_t cpu)
{
	bool all = cpu == CPUSLAB_NO_CPU;
	uint32_t i;

	if (!workers->workers ||
	    workers->process != cpuslab_port_process_epoch())
		return -CPUSLAB_ENOENT;
	if (workers_flush_is_inside(workers))
		return -CPUSLAB_EBUSY;
	for (i = 0; i < workers->limit; i++)
		if (all || i == cpu)
			workers_flush_box(workers, i);
	for (i = 0; i < workers->limit; i++)
		workers_flush_turn(&workers->workers[i]);
	return CPUSLAB_OK;
}
