/* SPDX-License-Identifier: MIT */
/*
 * cpubits.h - a set of CPU numbers with two levels: a leaf bit for each
 * number, a top bit for each leaf word that is not zero. Walking a set costs
 * O(members + limit / 4096).
 *
 * One writer, under a mutex; any readers. A reader that walks while a number
 * is added sees it or not; only sets that nobody else can see yet lose one.
 */
#ifndef CPUSLAB_LIB_CPUBITS_H
#define CPUSLAB_LIB_CPUBITS_H

#include <cpuslab/atomic.h>

struct cpuslab__cpubits {
	uint32_t limit;
	uint32_t leaves; /* words in leaf; top has a bit for each */
	uint64_t *top;
	uint64_t *leaf;
};

/* How many 64-bit words a set for [0, limit) needs. */
size_t cpuslab__cpubits_words(uint32_t limit);
/* Lay a set over @words, which are zero (empty) or a copy of another's. */
void cpuslab__cpubits_init(struct cpuslab__cpubits *bits, uint32_t limit,
			   uint64_t *words);
void cpuslab__cpubits_set(struct cpuslab__cpubits *bits, uint32_t cpu);
/* Only while nobody else reads the set. */
void cpuslab__cpubits_clear(struct cpuslab__cpubits *bits, uint32_t cpu);
bool cpuslab__cpubits_has(const struct cpuslab__cpubits *bits, uint32_t cpu);
/* The first member >= @cpu, or CPUSLAB_NO_CPU. */
uint32_t cpuslab__cpubits_next(const struct cpuslab__cpubits *bits,
			       uint32_t cpu);
uint32_t cpuslab__cpubits_count(const struct cpuslab__cpubits *bits);

/* Walk all members; @bits may change as bits.h allows meanwhile. */
#define cpuslab__cpubits_for_each(cpu, bits)                                   \
	for ((cpu) = cpuslab__cpubits_next((bits), 0);                         \
	     (cpu) != CPUSLAB_NO_CPU;                                          \
	     (cpu) = cpuslab__cpubits_next((bits), (cpu) + 1))

/* The number of the lowest set bit of @word, which is not zero. */
CPUSLAB_INLINE uint32_t cpuslab__lowest_bit(uint64_t word)
{
#if defined(__GNUC__)
	return (uint32_t)__builtin_ctzll(word);
#else
	uint32_t bit = 0;

	while (!(word & 1)) {
		word >>= 1;
		bit++;
	}
	return bit;
#endif
}

/* The number of the highest set bit of @word, which is not zero. */
CPUSLAB_INLINE uint32_t cpuslab__highest_bit(uint64_t word)
{
#if defined(__GNUC__)
	return 63u - (uint32_t)__builtin_clzll(word);
#else
	uint32_t bit = 0;

	while (word >>= 1)
		bit++;
	return bit;
#endif
}

#endif /* CPUSLAB_LIB_CPUBITS_H */
