/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - the CPU of the caller.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <sched.h>
#include <sys/stat.h>

#include "private.h"

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

void *cpuslab_port_atomic_at(const struct cpuslab_percpu *handle,
			     const uint8_t *live, size_t offset)
{
	/* [named.publish] It may be stored after the extent. */
	uintptr_t object = cpuslab_load_acquire_ptr(&handle->object);
	uint16_t cpu;

	if ((object & CPUSLAB__HANDLE_MARKS) != CPUSLAB__HANDLE_ATOMIC)
		return NULL;
	cpu = (uint16_t)cpu_ask();
	/* [live] pairs with cpuslab__set_live(). */
	if (cpuslab_unlikely(!cpuslab_load_acquire_u8(&live[cpu])))
		return NULL;
	return (char *)(object - CPUSLAB__HANDLE_ATOMIC) + offset +
	       ((uintptr_t)cpu << CPUSLAB__WINDOW_SHIFT);
}

uint32_t cpuslab_port_cpu(void)
{
	int cpu;

	if (!cpuslab_port_uses_atomics())
		return cpuslab__rseq_cpu();
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
