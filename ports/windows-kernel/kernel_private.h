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
#if NTDDI_VERSION < 0x06010000 /* NTDDI_WIN7 */
#include "one_group.h"
#endif

#include <cpuslab/default.h>
#include <cpuslab/kernel.h>
#include <cpuslab/port.h>

/* W init, fini; constant in between. */
extern uint32_t cpuslab__nt_limit;
/* Has cpuslab_kernel_init() returned, and no fini begun? */
bool cpuslab__nt_is_initialised(void);

/* memory.c: choose the pool, and its tag, or 0 for the usual ones. */
void cpuslab__nt_memory_init(uint32_t tag);

/* cpu.c: group and number of @cpu; false if it is not active now. */
bool cpuslab__nt_cpu_number(uint32_t cpu, PROCESSOR_NUMBER *number);

/* ---- record.c ------------------------------------------------------------ */

#define RECORD_BYTES 128u       /* two cache lines */
#define RECORD_PAGE_BYTES 4096u /* pool of that size is aligned to it */
#define RECORD_PAGE (RECORD_PAGE_BYTES / RECORD_BYTES)

struct nt_record {
	uint16_t nest; /* of read sections; W this processor */
	char pad[CPUSLAB_CACHE_LINE - sizeof(uint16_t)];
	KDPC dpc; /* W round */
};

#define RECORD_KEPT ((uint64_t)1) /* in the address of a page: not forgotten */

/* Addresses of pages, or 0; W prepare, keep, forget. */
extern cpuslab_word *cpuslab__nt_records;
/* For a round of one processor. */
extern struct nt_record *cpuslab__nt_spare;

/* The record at @position of a page. */
CPUSLAB_INLINE struct nt_record *cpuslab__nt_record_at(uint64_t page,
						       uint32_t position)
{
	return (struct nt_record *)(uintptr_t)(page + (uint64_t)position *
							      RECORD_BYTES);
}

/* The record of @cpu, below the limit; NULL: it has none. */
CPUSLAB_INLINE struct nt_record *cpuslab__nt_record(uint32_t cpu)
{
	/* [record] Initialised; pairs with cpuslab__nt_record_keep(). */
	uint64_t page = cpuslab_load_acquire_u64(
		&cpuslab__nt_records[cpu / RECORD_PAGE]);

	return page & RECORD_KEPT ? cpuslab__nt_record_at(page - RECORD_KEPT,
							  cpu % RECORD_PAGE) :
				    NULL;
}

int cpuslab__nt_records_init(void);
void cpuslab__nt_records_fini(void);
/* In Start: -CPUSLAB_ENOMEM, or the page of @cpu exists. */
int cpuslab__nt_record_prepare(uint32_t cpu);
/* In Complete: @cpu, below the limit, uses its record if its page exists. */
void cpuslab__nt_record_keep(uint32_t cpu);
/* After a failure: free the page of @cpu unless it is kept. */
void cpuslab__nt_record_forget(uint32_t cpu);

/* ---- dpc_barrier.c ------------------------------------------------------- */

void cpuslab__nt_barrier_init(void);
KDEFERRED_ROUTINE cpuslab__nt_barrier_dpc;
/*
 * Return when a DPC has run on @cpu, so that every section at DISPATCH_LEVEL
 * that was in progress there has ended. -CPUSLAB_EAGAIN if none ran in half a
 * second, or others kept it from beginning for a second. PASSIVE_LEVEL.
 */
int cpuslab__nt_barrier(uint32_t cpu);
/* Return when a DPC has run on every active processor, as above for one. */
int cpuslab__nt_barrier_all(void);

/* ---- rcu.c --------------------------------------------------------------- */

int cpuslab__nt_rcu_init(void);
void cpuslab__nt_rcu_fini(void);

/* ---- rcu_thread.c -------------------------------------------------------- */

int cpuslab__nt_rcu_thread_init(void);
void cpuslab__nt_rcu_thread_fini(void);
/* Something was queued. */
void cpuslab__nt_rcu_thread_wake(void);

#endif /* CPUSLAB_KERNEL_PRIVATE_H */
