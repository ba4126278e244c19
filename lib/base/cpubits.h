/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_CPUBITS_H
#define CPUSLAB_LIB_CPUBITS_H
/*
 * cpubits.h - a set of CPU numbers as a bitmap of two levels: one leaf bit for
 * each number, one top bit for each leaf word that is not zero. Walking a set
 * costs O(CPUs in it + limit / 4096).
 *
 * One writer, under a mutex; any number of readers. A reader that walks while a
 * number is added sees it or not. A number may be cleared only while no other
 * thread can read the set.
 */

#include <cpuslab/atomic.h>
#include <cpuslab/port/bits.h>

struct cpuslab__cpubits {
	uint32_t limit;     /* numbers [0, limit); W init; R any */
	uint32_t leaves;    /* words in leaf; W init; R any */
	cpuslab_word *top;  /* a bit for each leaf word; W writer; R any */
	cpuslab_word *leaf; /* a bit for each number; W writer; R any */
};

/* How many 64-bit words a set for [0, limit) needs. */
size_t cpuslab__cpubits_words(uint32_t limit);
/* Set up a set in @words: zeros (empty), or a copy of another set's words. */
void cpuslab__cpubits_init(struct cpuslab__cpubits *bits, uint32_t limit,
			   uint64_t *words);
void cpuslab__cpubits_set(struct cpuslab__cpubits *bits, uint32_t cpu);
/* Only while no other thread reads the set. */
void cpuslab__cpubits_clear(struct cpuslab__cpubits *bits, uint32_t cpu);
bool cpuslab__cpubits_has(const struct cpuslab__cpubits *bits, uint32_t cpu);
/* The first number >= @cpu in the set, or CPUSLAB_NO_CPU. */
uint32_t cpuslab__cpubits_next(const struct cpuslab__cpubits *bits,
			       uint32_t cpu);
uint32_t cpuslab__cpubits_count(const struct cpuslab__cpubits *bits);

/* Walk the set in ascending order; numbers may be added meanwhile. */
#define cpuslab__cpubits_for_each(cpu, bits)                                   \
	for ((cpu) = cpuslab__cpubits_next((bits), 0);                         \
	     (cpu) != CPUSLAB_NO_CPU;                                          \
	     (cpu) = cpuslab__cpubits_next((bits), (cpu) + 1))

#endif /* CPUSLAB_LIB_CPUBITS_H */
