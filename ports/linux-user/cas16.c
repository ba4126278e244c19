/* SPDX-License-Identifier: MIT */
/*
 * cas16.c - the compare-and-swap of two words on machines that have no
 * instruction for it, under one of a few locks that the address chooses.
 *
 * An operation may be anywhere: in a signal handler, in the child of a fork, in
 * a thread of any priority. So the holder of a lock blocks all signals but
 * those of faults, cannot be cancelled, and runs no other code. No handler
 * waits for the thread that it interrupted, and no thread ends or forks while
 * it holds a lock. A thread that waits sleeps, so that a holder of lower
 * priority runs.
 *
 * A child may inherit a lock that another thread of its parent held. The epoch
 * (process.c) tells, and the child takes the lock over: no fork waits for one,
 * in any order of fork handlers. A half-done change needs no repair: where both
 * words change, that of the first one is the operation. The second one is a tag
 * for pops in progress in other threads, which the child does not have.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <signal.h>

#include "../../lib/base/cas16.h"

#include "private.h"

#ifdef CPUSLAB_PORT_CAS16

#define CAS16_LOCKS 64u
#define CAS16_WAITERS 0x80000000u /* threads may sleep until it is released */

/* 0: free; the epoch of the process that holds it, perhaps CAS16_WAITERS. */
static struct CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE) cas16_lock {
	uint32_t holder;
} cas16_locks[CAS16_LOCKS];

static struct cas16_lock *cas16_lock_of(const struct cpuslab_pair *pair)
{
	/* Copies of different CPUs differ in high bits only. */
	uint64_t address = (uintptr_t)pair;

	return &cas16_locks[address * 0x9e3779b97f4a7c15u >> 58];
}

CPUSLAB_STATIC_ASSERT(CAS16_LOCKS == 1u << (64 - 58), "the bits of a hash");

static void cas16_acquire(struct cas16_lock *lock)
{
	uint32_t epoch = cpuslab_port_process_epoch(), self = epoch, found = 0;

	while (!cpuslab_cas_u32(&lock->holder, &found, self)) {
		if ((found & ~CAS16_WAITERS) != epoch)
			continue; /* the next attempt expects an ancestor's */
		if ((found & CAS16_WAITERS) ||
		    cpuslab_cas_u32(&lock->holder, &found,
				    found | CAS16_WAITERS))
			cpuslab__futex_wait(&lock->holder,
					    found | CAS16_WAITERS, -1);
		self |= CAS16_WAITERS; /* perhaps not the only one */
		found = 0;
	}
}

static void cas16_release(struct cas16_lock *lock)
{
	if (cpuslab_exchange_u32(&lock->holder, 0) & CAS16_WAITERS)
		cpuslab__futex_wake(&lock->holder, 1);
}

/* An operation on one of the words takes no lock. */
static bool cas16_swap(struct cpuslab_pair *pair, struct cpuslab_pair expect,
		       struct cpuslab_pair desired)
{
	if (cpuslab_load_relaxed_u64(&pair->second) != expect.second ||
	    !cpuslab_cas_u64(&pair->first, &expect.first, desired.first))
		return false;
	return desired.second == expect.second ||
	       cpuslab_cas_u64(&pair->second, &expect.second, desired.second);
}

bool cpuslab__cas16(struct cpuslab_pair *pair, struct cpuslab_pair expect,
		    struct cpuslab_pair desired)
{
	struct cas16_lock *lock = cas16_lock_of(pair);
	int cancel = cpuslab__cancel_disable();
	sigset_t before;
	bool done;

	cpuslab__signals_block(&before);
	cas16_acquire(lock);
	done = cas16_swap(pair, expect, desired);
	cas16_release(lock);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	cpuslab__cancel_restore(cancel);
	return done;
}

#endif
