/* SPDX-License-Identifier: MIT */
/*
 * ticks.h - a clock that is read in a few cycles, in order with the code before
 * and after it.
 */
#ifndef CPUSLAB_BENCH_TICKS_H
#define CPUSLAB_BENCH_TICKS_H

#include "measure.h"

#if defined(__x86_64__)
static inline uint64_t ticks_now(void)
{
	uint32_t low, high;

	__asm__ __volatile__("lfence\n\trdtsc\n\tlfence"
			     : "=a"(low), "=d"(high)
			     :
			     : "memory");
	return (uint64_t)high << 32 | low;
}
#elif defined(__aarch64__)
static inline uint64_t ticks_now(void)
{
	uint64_t now;

	__asm__ __volatile__("isb\n\tmrs %0, cntvct_el0\n\tisb"
			     : "=r"(now)
			     :
			     : "memory");
	return now;
}
#else
static inline uint64_t ticks_now(void)
{
	return measure_clock_ns();
}
#endif

#endif /* CPUSLAB_BENCH_TICKS_H */
