/* SPDX-License-Identifier: MIT */
/*
 * model.h - accesses to memory, modelled by model.c and reported by
 * model_calls.c. @size: 1, 4 or 8 bytes; @how: C11's order, by number; @pc: the
 * caller, for reports.
 */
#ifndef TESTS_MEMORY_MODEL_H
#define TESTS_MEMORY_MODEL_H

#include "internal.h"

enum {
	MODEL_RELAXED,
	MODEL_CONSUME,
	MODEL_ACQUIRE,
	MODEL_RELEASE
};

uint64_t model_load(const volatile void *p, size_t size, int how,
		    const void *pc);
void model_store(volatile void *p, size_t size, uint64_t value, int how,
		 const void *pc);
/*
 * These return the value before. They acquire and release, unless they are
 * relaxed.
 */
uint64_t model_exchange(volatile void *p, size_t size, uint64_t value, int how,
			const void *pc);
uint64_t model_add(volatile void *p, size_t size, uint64_t value, int how,
		   const void *pc);
uint64_t model_cas(volatile void *p, size_t size, uint64_t expect,
		   uint64_t value, int how, int failed, const void *pc);
/* Two words at once; @expect becomes the value before. */
void model_cas_pair(volatile uint64_t *p, uint64_t *expect,
		    const uint64_t *value, int how, const void *pc);
void model_fence(const void *pc);
/* Plain accesses of any size. */
void model_read(const void *p, size_t size, const void *pc);
void model_written(const void *p, size_t size, const void *pc);

/* A task executes the access before @pc. */
void model_executed(const void *pc);

#endif /* TESTS_MEMORY_MODEL_H */
