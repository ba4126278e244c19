/* SPDX-License-Identifier: MIT */
/*
 * system.c - the identity of the caller, the clock, and the log.
 */
#include "kernel_private.h"

#define SYSTEM_BUGCHECK 0x53757043u /* CpuS */

const void *cpuslab_port_thread_id(void)
{
	return PsGetCurrentThreadId();
}

uint64_t cpuslab_port_clock(void)
{
	return KeQueryUnbiasedInterruptTime() * 100;
}

void cpuslab_port_nap(uint32_t us)
{
	LARGE_INTEGER time;

	time.QuadPart = -10 * (int64_t)us; /* from now, in 100 ns */
	KeDelayExecutionThread(KernelMode, FALSE, &time);
}

void cpuslab_port_log(const char *line)
{
	DbgPrint("cpuslab: %s\n", line);
}

void cpuslab_port_panic(const char *line)
{
	DbgPrint("cpuslab: %s\n", line);
	KeBugCheckEx(SYSTEM_BUGCHECK, (ULONG_PTR)line, 0, 0, 0);
}
