/* SPDX-License-Identifier: MIT */
/*
 * order_none.c - memory order without a model: since only the task that holds
 * the baton runs, all accesses are sequentially consistent.
 * tests/memory_model/ links a model of C11's memory order instead.
 */
#include "internal.h"

void sim__order_begin(void)
{
}

void sim__order_end(void)
{
}

void sim_order_acquire(const void *what)
{
	(void)what;
}

void sim_order_release(const void *what)
{
	(void)what;
}

void sim_order_read(const void *what, size_t bytes)
{
	(void)what;
	(void)bytes;
}

void sim_order_write(const void *what, size_t bytes)
{
	(void)what;
	(void)bytes;
}

void sim__order_release(const struct sim_thread *thread, const void *what)
{
	(void)thread;
	(void)what;
}

void sim__order_chain(const void *to, const void *from)
{
	(void)to;
	(void)from;
}

void sim__order_forget(const void *addr, size_t bytes)
{
	(void)addr;
	(void)bytes;
}
