/* SPDX-License-Identifier: MIT */
/*
 * read.c - read sections (port/readers.h), which need no memory and no lock.
 *
 * A forked child begins a new epoch, with counters of its own, because other
 * threads' sections do not end there. If the fork was made inside a section of
 * the forking thread (by a signal handler, say), the child waits for that
 * section as well. Between any two statements here a handler may fork.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <string.h>

#include <cpuslab/port/readers.h>

#include "private.h"

#ifdef CPUSLAB__TSAN
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
static char readers_grace; /* ends of sections happen before callbacks */
#define readers_tsan_acquire() __tsan_acquire(&readers_grace)
#define readers_tsan_release() __tsan_release(&readers_grace)
#else
#define readers_tsan_acquire() ((void)0)
#define readers_tsan_release() ((void)0)
#endif

#define READERS_PAUSE_NS 10000L /* at first, while sections are open */
#define READERS_DOUBLED 7u      /* at most: a millisecond and more */

/* By the lowest bit of the epoch. */
static struct cpuslab__readers readers_sets[2]
	__attribute__((aligned(CPUSLAB_CACHE_LINE)));
static uint32_t readers_epoch;   /* W child; R any */
static bool readers_forked;      /* the section around the fork is open */
static uint32_t readers_awaited; /* an epoch; W the waiting thread */

/*
 * What cpuslab__thread.section holds: the epoch, the depth, and the phase in
 * which the outermost section began.
 */
#define SECTION(epoch, phase) ((uint64_t)(epoch) << 32 | 2 | (phase))
#define SECTION_NESTED 2u

static uint32_t section_epoch(uint64_t section)
{
	return (uint32_t)(section >> 32);
}

static bool section_is_outermost(uint64_t section)
{
	return (uint32_t)section < 2 * SECTION_NESTED;
}

static uint32_t readers_epoch_now(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return cpuslab_load_relaxed_u32(&readers_epoch);
}

void cpuslab_port_read_enter(void)
{
	uint64_t section = cpuslab__thread.section;
	uint32_t epoch, begun;

	if (section) {
		cpuslab__thread.section = section + SECTION_NESTED;
		return;
	}
	/* A section of a child, which waits for those of its epoch. */
	cpuslab__fork_check();
	epoch = readers_epoch_now();
	do {
		begun = epoch;
		cpuslab__thread.section =
			SECTION(begun, cpuslab__readers_enter(
					       &readers_sets[begun & 1]));
		epoch = readers_epoch_now();
		if (cpuslab_unlikely(epoch != begun))
			readers_forked = false; /* it enters once more */
	} while (epoch != begun);
}

void cpuslab_port_read_exit(void)
{
	uint64_t section = cpuslab__thread.section;
	uint32_t epoch = section_epoch(section);

	if (!section_is_outermost(section)) {
		cpuslab__thread.section = section - SECTION_NESTED;
		return;
	}
	readers_tsan_release();
	cpuslab__thread.section = 0;
	if (cpuslab_likely(readers_epoch_now() == epoch))
		cpuslab__readers_exit(&readers_sets[epoch & 1], section & 1);
	else
		__atomic_store_n(&readers_forked, false, __ATOMIC_RELEASE);
}

bool cpuslab__read_inside(void)
{
	return cpuslab__thread.section;
}

static bool readers_pause(uint32_t looks)
{
	cpuslab__pause(READERS_PAUSE_NS
		       << (looks < READERS_DOUBLED ? looks : READERS_DOUBLED));
	/* A handler may have forked. */
	return readers_awaited == readers_epoch_now() &&
	       !cpuslab__rcu_thread_ends();
}

bool cpuslab__read_wait(void)
{
	bool ended;

	do {
		readers_awaited = readers_epoch_now();
		ended = cpuslab__readers_wait(
			&readers_sets[readers_awaited & 1], readers_pause);
		while (ended &&
		       __atomic_load_n(&readers_forked, __ATOMIC_ACQUIRE))
			ended = readers_pause(READERS_DOUBLED);
	} while (readers_awaited != readers_epoch_now());
	readers_tsan_acquire();
	return ended;
}

void cpuslab__read_fork_child(void)
{
	uint32_t epoch = readers_epoch + 1;

	memset(&readers_sets[epoch & 1], 0, sizeof(readers_sets[0]));
	readers_forked = cpuslab__read_inside();
	readers_epoch = epoch;
}
