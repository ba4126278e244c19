/* SPDX-License-Identifier: MIT */
/*
 * fence.c - wait until no section that began earlier is in progress on one CPU.
 *
 * membarrier(PRIVATE_EXPEDITED_RSEQ) for one CPU interrupts that CPU if a
 * thread of this process runs there, and no other CPU. Threads that do not run
 * now find their sections aborted when they run again.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "private.h"

#ifndef MEMBARRIER_CMD_FLAG_CPU
#define MEMBARRIER_CMD_FLAG_CPU 1
#endif
#define FENCE_REGISTER (1 << 8) /* REGISTER_PRIVATE_EXPEDITED_RSEQ */
#define FENCE_RSEQ (1 << 7)     /* PRIVATE_EXPEDITED_RSEQ */

bool cpuslab__fence_no_membarrier;

static long fence_membarrier(int command, unsigned int flags, int cpu)
{
	return syscall(SYS_membarrier, command, flags, cpu);
}

bool cpuslab__fence_init(void)
{
	/* Early: with many threads the kernel waits for a grace period. */
	return !fence_membarrier(FENCE_REGISTER, 0, 0);
}

static bool fence_by_membarrier(uint32_t cpu)
{
	unsigned int flags = cpu == CPUSLAB_NO_CPU ? 0 :
						     MEMBARRIER_CMD_FLAG_CPU;

	if (cpuslab__fence_no_membarrier)
		return false;
	if (!fence_membarrier(FENCE_RSEQ, flags, (int)cpu))
		return true;
	/* Not registered, as in a child of some kernels: once more. */
	return !fence_membarrier(FENCE_REGISTER, 0, 0) &&
	       !fence_membarrier(FENCE_RSEQ, flags, (int)cpu);
}

int cpuslab_port_fence_cpu(uint32_t cpu)
{
	if (cpuslab_port_uses_atomics())
		return -CPUSLAB_EAGAIN;
	if (fence_by_membarrier(cpu))
		return CPUSLAB_OK;
	if (cpu == CPUSLAB_NO_CPU)
		return -CPUSLAB_EAGAIN;
	return cpuslab__fence_by_pinned_thread(cpu);
}
