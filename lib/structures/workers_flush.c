/* SPDX-License-Identifier: MIT */
/*
 * workers_flush.c - wait until messages have been handled.
 *
 * A message is taken from its box by some worker, and then handled. So when a
 * box's head has passed the position of the last message that was sent before
 * the flush, and each worker that was in a turn with a message of that box then
 * has ended the turn, all those messages have been handled, whichever worker
 * took them.
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
#define FLUSH_MS 1000000ull /* nanoseconds */

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

struct workers_flush {
	uint32_t cpu;     /* whose messages; CPUSLAB_NO_CPU: all */
	uint64_t begin;   /* of cpuslab_port_clock() */
	uint64_t timeout; /* nanoseconds */
};

static bool workers_flush_wants(const struct workers_flush *flush, uint32_t cpu)
{
	return flush->cpu == CPUSLAB_NO_CPU || flush->cpu == cpu;
}

static uint64_t workers_flush_timeout(uint32_t ms)
{
	return ms == CPUSLAB_NO_TIMEOUT ? ~(uint64_t)0 : FLUSH_MS * ms;
}

/* False, at once, after the timeout, or if the clock was set back meanwhile. */
static bool workers_flush_nap(const struct workers_flush *flush, uint32_t *us)
{
	if (cpuslab_port_clock() - flush->begin >= flush->timeout)
		return false;
	cpuslab_port_nap(*us);
	if (*us < FLUSH_LAST_US)
		*us *= 2;
	return true;
}

/* Until all that has been sent to @cpu is taken; false after the timeout. */
static bool workers_flush_box(const struct workers_flush *flush,
			      const struct cpuslab_workers *workers,
			      uint32_t cpu)
{
	uint64_t sent = cpuslab__mailbox_sent(&workers->mailbox, cpu);
	uint32_t us = FLUSH_FIRST_US;

	while (!cpuslab__mailbox_has_taken(&workers->mailbox, cpu, sent))
		if (!workers_flush_nap(flush, &us))
			return false;
	return true;
}

/* Until its message, if that is one of them, is handled. */
static bool workers_flush_turn(const struct workers_flush *flush,
			       const struct cpuslab__worker *worker)
{
	/* [workers.turn] Pairs with workers_turn(). */
	uint32_t turn = cpuslab_load_acquire_u32(&worker->turn);
	uint32_t us = FLUSH_FIRST_US;

	/* [workers.box] Pairs with workers_take_from(). */
	while (turn % 2 && cpuslab_load_acquire_u32(&worker->turn) == turn &&
	       workers_flush_wants(flush,
				   cpuslab_load_acquire_u32(&worker->box)))
		if (!workers_flush_nap(flush, &us))
			return false;
	return true;
}

static bool workers_flush_all(const struct workers_flush *flush,
			      const struct cpuslab_workers *workers)
{
	uint32_t i;

	for (i = 0; i < workers->limit; i++)
		if (workers_flush_wants(flush, i) &&
		    !workers_flush_box(flush, workers, i))
			return false;
	for (i = 0; i < workers->limit; i++)
		if (!workers_flush_turn(flush, &workers->workers[i]))
			return false;
	return true;
}

int cpuslab_workers_flush(struct cpuslab_workers *workers, uint32_t cpu,
			  uint32_t timeout_ms)
{
	struct workers_flush flush;

	if (!workers->workers ||
	    workers->process != cpuslab_port_process_epoch() ||
	    (cpu >= workers->limit && cpu != CPUSLAB_NO_CPU))
		return -CPUSLAB_ENOENT;
	if (workers_flush_is_inside(workers))
		return -CPUSLAB_EBUSY;
	flush.cpu = cpu;
	flush.begin = cpuslab_port_clock();
	flush.timeout = workers_flush_timeout(timeout_ms);
	return workers_flush_all(&flush, workers) ? CPUSLAB_OK :
						    CPUSLAB_PARTIAL;
}
