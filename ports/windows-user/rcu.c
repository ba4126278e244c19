/* SPDX-License-Identifier: MIT */
/*
 * rcu.c - read sections (port/readers.h), and callbacks after grace periods.
 *
 * A section begins with a fence, so there is nothing left for
 * FlushProcessWriteBuffers() to order, which also is a stub in Wine.
 */
#include "user_private.h"

/* No two processors of the systems that there are share a line. */
#define CPUSLAB__READERS_PLACES 256u

#include <cpuslab/port/rcu_queue.h>
#include <cpuslab/port/readers.h>

static CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE) struct cpuslab__readers rcu_readers;

/* ---- sections ------------------------------------------------------------ */

/*
 * Depth and phase of the caller: depth << 1 | phase; 0: outside. In the storage
 * that the loader keeps for each thread and module: it needs no slot that could
 * be exhausted, or be left behind when the module is unloaded.
 */
#if defined(__GNUC__) && !defined(__clang__)
/*
 * gcc for Windows allocates a slot for each module at run time, which nothing
 * frees. So do what other compilers do.
 */
extern char *_tls_start; /* of the C runtime */
extern ULONG _tls_index;
static uintptr_t rcu_template __attribute__((section(".tls$CPUSLAB"), used));

static uintptr_t *rcu_state(void)
{
	char **blocks; /* ThreadLocalStoragePointer of the TEB */

	__asm__("movq %%gs:0x58, %0" : "=r"(blocks));
	return (uintptr_t *)(blocks[_tls_index] + ((uintptr_t)&rcu_template -
						   (uintptr_t)&_tls_start));
}
#else
static __declspec(thread) uintptr_t rcu_thread_state;

static uintptr_t *rcu_state(void)
{
	return &rcu_thread_state;
}
#endif

void cpuslab_port_read_enter(void)
{
	uintptr_t *state = rcu_state();

	if (*state)
		*state += 2;
	else
		*state = 2 | cpuslab__readers_enter(&rcu_readers);
}

void cpuslab_port_read_exit(void)
{
	uintptr_t *state = rcu_state();
	uintptr_t value = *state;

	cpuslab_assert(value);
	*state = value < 4 ? 0 : value - 2;
	if (value < 4)
		cpuslab__readers_exit(&rcu_readers, value & 1);
}

static bool rcu_pause(uint32_t looks)
{
	Sleep(looks > 10);
	return true;
}

static struct cpuslab_port_mutex rcu_grace; /* all zeros: an SRWLOCK */

static void rcu_synchronize(void)
{
	cpuslab_port_mutex_lock(&rcu_grace);
	cpuslab__readers_wait(&rcu_readers, rcu_pause);
	cpuslab_port_mutex_unlock(&rcu_grace);
}

int cpuslab_port_rcu_wait(void)
{
	if (*rcu_state())
		return -CPUSLAB_EBUSY;
	if (cpuslab__win_ends())
		return -CPUSLAB_EAGAIN;
	rcu_synchronize();
	return CPUSLAB_OK;
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
	if (cpuslab__win_ends())
		return -CPUSLAB_EAGAIN;
	cpuslab__rcu_queue_run(&rcu_queue);
	return CPUSLAB_OK;
}
