/* SPDX-License-Identifier: MIT */
/*
 * model_calls.c - the functions that the compiler calls where -fsanitize=thread
 * instruments an access, and two functions of the C library under other names.
 */
#include "model.h"
#include "weak.h"

#define PC __builtin_return_address(0)

#define MODEL_ATOMIC(bits)                                                     \
	uint##bits##_t __tsan_atomic##bits##_load(                             \
		const volatile uint##bits##_t *p, int how)                     \
	{                                                                      \
		return (uint##bits##_t)model_load(p, sizeof(*p), how, PC);     \
	}                                                                      \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *p,           \
					 uint##bits##_t v, int how)            \
	{                                                                      \
		model_store(p, sizeof(*p), v, how, PC);                        \
	}                                                                      \
	uint##bits##_t __tsan_atomic##bits##_exchange(                         \
		volatile uint##bits##_t *p, uint##bits##_t v, int how)         \
	{                                                                      \
		return (uint##bits##_t)model_exchange(p, sizeof(*p), v, how,   \
						      PC);                     \
	}                                                                      \
	uint##bits##_t __tsan_atomic##bits##_fetch_add(                        \
		volatile uint##bits##_t *p, uint##bits##_t v, int how)         \
	{                                                                      \
		return (uint##bits##_t)model_add(p, sizeof(*p), v, how, PC);   \
	}                                                                      \
	uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(             \
		volatile uint##bits##_t *p, uint##bits##_t expect,             \
		uint##bits##_t v, int how, int failed)                         \
	{                                                                      \
		return (uint##bits##_t)model_cas(p, sizeof(*p), expect, v,     \
						 how, failed, PC);             \
	}

MODEL_ATOMIC(8)
MODEL_ATOMIC(32)
MODEL_ATOMIC(64)

typedef unsigned __int128 model_u128;

model_u128 __tsan_atomic128_compare_exchange_val(volatile model_u128 *p,
						 model_u128 expect,
						 model_u128 v, int how,
						 int failed)
{
	uint64_t old[2] = { (uint64_t)expect, (uint64_t)(expect >> 64) };
	const uint64_t value[2] = { (uint64_t)v, (uint64_t)(v >> 64) };

	(void)failed;
	model_cas_pair((volatile uint64_t *)p, old, value, how, PC);
	return (model_u128)old[1] << 64 | old[0];
}

bool weak_cas16(struct cpuslab_pair *pair, struct cpuslab_pair expect,
		struct cpuslab_pair desired)
{
	uint64_t old[2] = { expect.first, expect.second };
	const uint64_t value[2] = { desired.first, desired.second };

	model_cas_pair(&pair->first, old, value, MODEL_RELAXED, PC);
	return old[0] == expect.first && old[1] == expect.second;
}

/* The library has full fences only. */
void __tsan_atomic_thread_fence(int how)
{
	(void)how;
	model_fence(PC);
}

#define MODEL_PLAIN(bytes)                                                     \
	void __tsan_read##bytes(const void *p)                                 \
	{                                                                      \
		model_read(p, bytes, PC);                                      \
	}                                                                      \
	void __tsan_write##bytes(const void *p)                                \
	{                                                                      \
		model_written(p, bytes, PC);                                   \
	}                                                                      \
	void __tsan_unaligned_read##bytes(const void *p)                       \
	{                                                                      \
		model_read(p, bytes, PC);                                      \
	}                                                                      \
	void __tsan_unaligned_write##bytes(const void *p)                      \
	{                                                                      \
		model_written(p, bytes, PC);                                   \
	}

MODEL_PLAIN(1)
MODEL_PLAIN(2)
MODEL_PLAIN(4)
MODEL_PLAIN(8)
MODEL_PLAIN(16)

/* What tests report: they are compiled without instrumented plain accesses. */
void sim_order_read(const void *what, size_t bytes)
{
	model_read(what, bytes, PC);
}

void sim_order_write(const void *what, size_t bytes)
{
	model_written(what, bytes, PC);
}

void __tsan_init(void)
{
}

/* Instrumented sources are compiled with -Dmemset=model_memset and so on. */
void *model_memset(void *to, int byte, size_t bytes)
{
	model_written(to, bytes, PC);
	return memset(to, byte, bytes);
}

void *model_memcpy(void *to, const void *from, size_t bytes)
{
	model_read(from, bytes, PC);
	model_written(to, bytes, PC);
	return memcpy(to, from, bytes);
}

/* Structures that are copied: newer versions of clang call these. */
void *__tsan_memset(void *to, int byte, size_t bytes)
{
	return model_memset(to, byte, bytes);
}

void *__tsan_memcpy(void *to, const void *from, size_t bytes)
{
	return model_memcpy(to, from, bytes);
}
