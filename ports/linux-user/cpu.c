/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - the CPU of the caller, and the kind of operations in use.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "private.h"

#ifndef AT_RSEQ_FEATURE_SIZE
#define AT_RSEQ_FEATURE_SIZE 27
#endif
/* Offset of mm_cid in struct rseq, which some headers do not have. */
#define CPU_MM_CID 24

bool cpuslab__cids_refused;

/* A negative number where a filter refuses it. */
static int cpu_ask(void)
{
#ifdef __x86_64__
	return sched_getcpu(); /* no system call, so it does not fail */
#else
	int error = errno, cpu = sched_getcpu();

	errno = error;
	return cpu;
#endif
}

#if CPUSLAB__HAVE_RSEQ

static const char *cpu_rseq(void)
{
	return (const char *)__builtin_thread_pointer() + __rseq_offset;
}

bool cpuslab_port_uses_atomics(void)
{
	/* 0 where the kernel lacks rseq or the user has switched it off. */
	return __rseq_size == 0;
}

/*
 * In a thread without registration negative, which is beyond any limit; an
 * mm_cid would be 0 there.
 */
static uint32_t cpu_of_rseq(void)
{
	return *(const volatile uint32_t *)(cpu_rseq() +
					    offsetof(struct rseq, cpu_id));
}

/*
 * Every registration has 32 bytes, even where __rseq_size, which some versions
 * of glibc lower to what they know, is less. Before Linux 6.3 the kernel wrote
 * only the first 20.
 */
bool cpuslab_port_has_cids(void)
{
	return !cpuslab_port_uses_atomics() && !cpuslab__cids_refused &&
	       getauxval(AT_RSEQ_FEATURE_SIZE) >= CPU_MM_CID + sizeof(uint32_t);
}

uint32_t cpuslab_port_cid(void)
{
	if ((int32_t)cpu_of_rseq() < 0)
		return CPUSLAB_NO_CPU;
	return *(const volatile uint32_t *)(cpu_rseq() + CPU_MM_CID);
}

#else

bool cpuslab_port_uses_atomics(void)
{
	return true;
}

static uint32_t cpu_of_rseq(void)
{
	return CPUSLAB_NO_CPU;
}

bool cpuslab_port_has_cids(void)
{
	return false;
}

uint32_t cpuslab_port_cid(void)
{
	return CPUSLAB_NO_CPU;
}

#endif

void *cpuslab_port_atomic_at(const struct cpuslab_percpu *handle, size_t offset)
{
	const uint8_t *live;
	uint16_t cpu;

	if (!cpuslab_port_uses_atomics() || cpuslab_percpu_is_null(handle) ||
	    (handle->object & CPUSLAB__HANDLE_DIRECTORY))
		return NULL;
	live = handle->live - CPUSLAB__LIVE_BYTES; /* see handle_init() */
	cpu = (uint16_t)cpu_ask();
	/* [live] pairs with cpuslab__set_live(). */
	if (cpuslab_unlikely(!cpuslab_load_acquire_u8(&live[cpu])))
		return NULL;
	return (char *)handle->object + offset +
	       ((uintptr_t)cpu << CPUSLAB__WINDOW_SHIFT);
}

uint32_t cpuslab_port_cpu(void)
{
	int cpu;

	if (!cpuslab_port_uses_atomics())
		return cpu_of_rseq();
	cpu = cpu_ask();
	return cpu < 0 ? CPUSLAB_NO_CPU : (uint32_t)cpu;
}

/* A commit may only fault pages in, which is allowed in signal handlers. */
bool cpuslab_port_may_sleep(void)
{
	return true;
}

uint32_t cpuslab_port_threads(void)
{
	struct stat tasks;

	/* A folder for each thread, each with a link to its parent. */
	if (stat("/proc/self/task", &tasks) || tasks.st_nlink < 2)
		return 0;
	return (uint32_t)tasks.st_nlink - 2;
}

void cpuslab_port_rseq_clear(void)
{
	cpuslab__rseq_clear();
}
