/* SPDX-License-Identifier: MIT */
/*
 * sum.c - sums in restartable sections.
 *
 * A section that the kernel interrupts is aborted, so what it had loaded is
 * never used: a sum needs no read section, and one that a signal handler
 * interrupts and leaves (siglongjmp) delays nobody. A grace period restarts all
 * of them with the fence that it needs anyway.
 *
 * After SUM_TRIES, where there are no sections, for blocks that are not in a
 * region, and for several words, the sum is made in a read section with signals
 * blocked.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <signal.h>

#include "discover.h"
#include "private.h"

#define SUM_TRIES 3

static uint8_t sum_refused; /* 1: no new sections; W grace period */
static bool sum_ended;      /* and none is in progress; W, R grace period */

#if CPUSLAB__HAVE_RSEQ

#include "sum_section.h"

/* @addends: address of the pointer to the struct, which may change. */
static bool sum_section(const struct cpuslab_percpu *handle, size_t offset,
			const void *addends, uint64_t *sum)
{
	uint64_t total;
	uint32_t done;

	__asm__ __volatile__(
		CPUSLAB__RSEQ_BEGIN_OR("5f") SUM_BODY
		: [total] "=&r"(total), [done] "=&r"(done)
		: CPUSLAB__RSEQ_THREAD, [refused] "r"(&sum_refused),
		  [addends] "r"(addends), [object] "r"(handle->object + offset),
		  [slot] "r"((uint64_t)handle->slot),
		  [index] "r"(handle->word + (uint64_t)offset / sizeof(total)),
		  [numbers] "i"(offsetof(struct cpuslab_addends, numbers)),
		  [first] "i"(offsetof(struct cpuslab_addends, first)),
		  [residual] "i"(offsetof(struct cpuslab_addends, residual)),
		  [count] "i"(offsetof(struct cpuslab_addends, count)),
		  [slots] "i"(offsetof(struct cpuslab_addends, slots)),
		  [window] "i"(CPUSLAB_PORT_BLOCK_MAX)
		: "memory", "cc", SUM_SCRATCH);
	*sum = total;
	return done;
}

static bool sum_try(const struct cpuslab_percpu *handle, size_t offset,
		    const void *addends, uint64_t *sum)
{
	int tries;

	/* [named.publish] Acquire, before the address of the copies is used. */
	if (!cpuslab_load_acquire_ptr(&handle->live) ||
	    (handle->object & CPUSLAB__HANDLE_DIRECTORY))
		return false;
	for (tries = 0; tries < SUM_TRIES; tries++)
		if (sum_section(handle, offset, addends, sum))
			return true;
	return false;
}

#else

static bool sum_try(const struct cpuslab_percpu *handle, size_t offset,
		    const void *addends, uint64_t *sum)
{
	(void)handle;
	(void)offset;
	(void)addends;
	(void)sum;
	return false;
}

#endif

static __attribute__((noinline)) void
sum_by_loop(const struct cpuslab_percpu *handle, size_t offset, uint32_t count,
	    uint64_t *sums, cpuslab_port_sum_loop *loop)
{
	sigset_t before;
	/* Or an asynchronous cancellation would never end the section. */
	int cancel = cpuslab__cancel_disable();

	cpuslab__signals_block(&before);
	cpuslab_port_read_enter();
	loop(handle, offset, count, sums);
	cpuslab_port_read_exit();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	cpuslab__cancel_restore(cancel);
}

void cpuslab_port_sum(const struct cpuslab_percpu *handle, size_t offset,
		      uint32_t count, uint64_t *sums, const void *addends,
		      cpuslab_port_sum_loop *loop)
{
	if (count > 1 || !sum_try(handle, offset, addends, sums))
		sum_by_loop(handle, offset, count, sums, loop);
}

void cpuslab__sums_init(bool restartable)
{
	sum_refused = !restartable;
	sum_ended = !restartable;
}

bool cpuslab__sums_restart(void)
{
	if (cpuslab_port_uses_atomics() || sum_ended ||
	    !cpuslab_port_fence_cpu(CPUSLAB_NO_CPU))
		return true;
	/* Membarrier is blocked: this is the last time that it is needed. */
	__atomic_store_n(&sum_refused, 1, __ATOMIC_SEQ_CST);
	sum_ended = cpuslab__tasks_preempt();
	return sum_ended;
}
