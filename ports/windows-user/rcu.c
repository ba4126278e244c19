/* SPDX-License-Identifier: MIT */
/*
 * rcu.c - read sections counted in two phases, by processor.
 *
 *	         phase 0            phase 1
 *	         enters  exits      enters  exits
 *	place 0     7      6           0      0
 *	place 1     3      4           0      0	  one section of phase 0 is open
 *
 * A section counts its beginning and its end in the phase in which it began,
 * wherever it runs then. A grace period makes the other phase the current one
 * and waits until the old one has as many exits as enters. A thread keeps its
 * depth and phase in a slot of thread-local storage: nothing is registered, and
 * a thread that ends leaves nothing behind.
 *
 * The counting instructions are full fences, so there is nothing left for
 * FlushProcessWriteBuffers() to order, which also is a stub in Wine.
 */
#include "user_private.h"

#include <cpuslab/port/rcu_queue.h>

#define RCU_PLACES 64

struct rcu_place {
	uint64_t enters[2], exits[2]; /* W any */
	uint64_t unused[4];           /* to a cache line */
};

static CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE) struct rcu_place
	rcu_places[RCU_PLACES];
static uint32_t rcu_phase; /* W rcu_synchronize(), under a mutex */
static DWORD rcu_slot = TLS_OUT_OF_INDEXES;
static INIT_ONCE rcu_once = INIT_ONCE_STATIC_INIT;

/* ---- sections ------------------------------------------------------------ */

static BOOL CALLBACK rcu_init(INIT_ONCE *once, void *arg, void **context)
{
	(void)once;
	(void)arg;
	(void)context;
	rcu_slot = TlsAlloc();
	if (rcu_slot == TLS_OUT_OF_INDEXES)
		cpuslab_port_panic("cpuslab: no thread-local storage");
	return TRUE;
}

/* Depth and phase of the caller: depth << 1 | phase; 0: outside. */
static uintptr_t rcu_get(void)
{
	DWORD saved = GetLastError();
	uintptr_t value;

	InitOnceExecuteOnce(&rcu_once, rcu_init, NULL, NULL);
	value = (uintptr_t)TlsGetValue(rcu_slot);
	SetLastError(saved);
	return value;
}

static void rcu_set(uintptr_t value)
{
	TlsSetValue(rcu_slot, (void *)value);
}

static struct rcu_place *rcu_place_here(void)
{
	return &rcu_places[cpuslab_port_cpu() % RCU_PLACES];
}

void cpuslab_port_read_enter(void)
{
	uintptr_t value = rcu_get();
	uint32_t phase;

	if (value) {
		rcu_set(value + 2);
		return;
	}
	phase = cpuslab_load_relaxed_u32(&rcu_phase);
	/* [rcu.phase] Counted before anything is read. */
	cpuslab_fetch_add_u64(&rcu_place_here()->enters[phase], 1);
	rcu_set(2 | phase);
}

void cpuslab_port_read_exit(void)
{
	uintptr_t value = rcu_get();

	cpuslab_assert(value);
	rcu_set(value - 2 < 2 ? 0 : value - 2);
	if (value < 4)
		cpuslab_fetch_add_u64(&rcu_place_here()->exits[value & 1], 1);
}

/* ---- grace periods ------------------------------------------------------- */

static bool rcu_is_empty(uint32_t phase)
{
	uint64_t exits = 0, enters = 0;
	uint32_t i;

	/*
	 * [rcu.phase] Exits first: a section that ends in between makes the
	 * phase look occupied, never empty. Pairs with read_enter().
	 */
	for (i = 0; i < RCU_PLACES; i++)
		exits += cpuslab_load_acquire_u64(&rcu_places[i].exits[phase]);
	cpuslab_fence();
	for (i = 0; i < RCU_PLACES; i++)
		enters +=
			cpuslab_load_acquire_u64(&rcu_places[i].enters[phase]);
	return enters == exits;
}

static void rcu_wait(uint32_t phase)
{
	uint32_t tries;

	for (tries = 0; !rcu_is_empty(phase); tries++)
		Sleep(tries > 10);
}

static void rcu_synchronize(void)
{
	uint32_t phase = rcu_phase;

	cpuslab_fence();
	/* A reader that loaded the phase long ago may count in it only now. */
	rcu_wait(1 - phase);
	cpuslab_store_release_u32(&rcu_phase, 1 - phase);
	cpuslab_fence();
	rcu_wait(phase);
	cpuslab_fence();
}

/* ---- callbacks ----------------------------------------------------------- */

/* The mutex is all zeros: an SRWLOCK. */
static struct cpuslab__rcu_queue rcu_queue = { .synchronize = rcu_synchronize };

void cpuslab_port_call_rcu(struct cpuslab_rcu *rcu,
			   void (*call)(struct cpuslab_rcu *rcu))
{
	cpuslab__rcu_queue_push(&rcu_queue, rcu, call);
	cpuslab__win_rcu_thread_wake();
}

void cpuslab__win_rcu_run_batch(void)
{
	cpuslab__rcu_queue_run(&rcu_queue);
}

int cpuslab_port_rcu_barrier(void)
{
	cpuslab__rcu_queue_drain(&rcu_queue);
	return CPUSLAB_OK;
}
