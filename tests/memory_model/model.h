/* SPDX-License-Identifier: MIT */
/*
 * model.h - accesses as order.c models them; model_calls.c makes them of what
 * the compiler calls. @size: 1, 4 or 8 bytes; @how: C11's order, by number; @pc:
 * for reports.
 */
#ifndef TESTS_MEMORY_MODEL_H
#define TESTS_MEMORY_MODEL_H

#include "internal.h"

enum {
	ORDER_RELAXED,
	ORDER_CONSUME,
	ORDER_ACQUIRE,
	ORDER_RELEASE
};

uint64_t sim__order_load(const volatile void *p, size_t size, int how,
			 const void *pc);
void sim__order_store(volatile void *p, size_t size, uint64_t value, int how,
		      const void *pc);
/* These acquire and release; they return what was there. */
uint64_t sim__order_exchange(volatile void *p, size_t size, uint64_t value,
			     const void *pc);
uint64_t sim__order_add(volatile void *p, size_t size, uint64_t value,
			const void *pc);
uint64_t sim__order_cas(volatile void *p, size_t size, uint64_t expect,
			uint64_t value, const void *pc);
/* Two words at once; @expect becomes what was there. */
void sim__order_cas_pair(volatile uint64_t *p, uint64_t *expect,
			 const uint64_t *value, const void *pc);
void sim__order_fence(void);
/* Plain ones, of any size. */
void sim__order_read(const void *p, size_t size, const void *pc);
void sim__order_written(const void *p, size_t size, const void *pc);

#endif /* TESTS_MEMORY_MODEL_H */
