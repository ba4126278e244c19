/* SPDX-License-Identifier: MIT */
/*
 * kernel_private.h - what the sources of this port share.
 */
#ifndef CPUSLAB_KERNEL_PRIVATE_H
#define CPUSLAB_KERNEL_PRIVATE_H

/*
 * From NTDDI_WIN10_VB on there is ExAllocatePool2(). Else wdm.h must know that
 * the driver runs on systems that do not zero pool, and uses pool that is not
 * executable where there is any.
 */
#define CPUSLAB_NT_HAS_POOL2 (NTDDI_VERSION >= 0x0A000008)
#if !CPUSLAB_NT_HAS_POOL2 && !defined(POOL_ZERO_DOWN_LEVEL_SUPPORT)
#ifdef _WDMDDK_
#error "wdm.h came first: compile with -DPOOL_ZERO_DOWN_LEVEL_SUPPORT"
#endif
#define POOL_ZERO_DOWN_LEVEL_SUPPORT 1
#endif
#if !CPUSLAB_NT_HAS_POOL2 && !defined(POOL_NX_OPTIN)
#define POOL_NX_OPTIN 1
#endif
#include <ntddk.h>

#include <cpuslab/kernel.h>
#include <cpuslab/port.h>

/* W init, fini; constant in between. */
extern uint32_t cpuslab__nt_limit;

/* memory.c: choose the pool, and its tag, or 0 for the usual ones. */
void cpuslab__nt_memory_init(uint32_t tag);

/* cpu.c: group and number of @cpu; false if it is not active now. */
bool cpuslab__nt_cpu_number(uint32_t cpu, PROCESSOR_NUMBER *number);

/*
 * dpc_barrier.c: return when a DPC has run on @cpu, so that every section at
 * DISPATCH_LEVEL that was in progress there has ended. -CPUSLAB_EAGAIN if none
 * ran in bounded time. PASSIVE_LEVEL.
 */
int cpuslab__nt_dpc_barrier(uint32_t cpu);
/* The same for every active processor, without a time limit: a grace period. */
void cpuslab__nt_dpc_barrier_all(void);

/* rcu.c */
int cpuslab__nt_rcu_init(void);
void cpuslab__nt_rcu_fini(void);

/* rcu_thread.c: wake it when something was queued */
int cpuslab__nt_rcu_thread_init(void);
void cpuslab__nt_rcu_thread_fini(void);
void cpuslab__nt_rcu_thread_wake(void);

#endif /* CPUSLAB_KERNEL_PRIVATE_H */
