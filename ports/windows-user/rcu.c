/* SPDX-License-Identifier: MIT */
/*
 * rcu.c - read sections (port/readers.h), and callbacks after grace periods.
 *
 * A thread keeps its depth and phase in a slot of thread-local storage. A
 * section begins with a fence, so there is nothing left for
 * FlushProcessWriteBuffers() to order, which also is a stub in Wine.
 */
#include "user_private.h"

#include <cpuslab/port/rcu_queue.h>
#include <cpuslab/port/readers.h>

static CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE) struct cpuslab__readers rcu_readers;
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

void cpuslab_port_read_enter(void)
{
	uintptr_t value = rcu_get();

	rcu_set(value ? value + 2 : 2 | cpuslab__readers_enter(&rcu_readers));
}

void cpuslab_port_read_exit(void)
{
	uintptr_t value = rcu_get();

	cpuslab_assert(value);
	rcu_set(value - 2 < 2 ? 0 : value - 2);
	if (value < 4)
		cpuslab__readers_exit(&rcu_readers, value & 1);
}

static bool rcu_pause(uint32_t looks)
{
	Sleep(looks > 10);
	return true;
}

static void rcu_synchronize(void)
{
	cpuslab__readers_wait(&rcu_readers, rcu_pause);
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
	cpuslab__rcu_queue_run(&rcu_queue);
	return CPUSLAB_OK;
}
