/* SPDX-License-Identifier: MIT */
/*
 * bits.h - a set of processor numbers with two levels: a leaf bit for each
 * number, a top bit for each leaf word that is not zero. Walking a set costs
 * O(members + limit / 4096).
 *
 * One writer, under a mutex; any readers. A reader that walks while a number
 * is added sees it or not; only sets that nobody else can see yet lose one.
 */
#ifndef CPUSLAB_LIB_BITS_H
#define CPUSLAB_LIB_BITS_H

#include <cpuslab/atomic.h>

struct cpuslab__bits {
	uint32_t limit;
	uint32_t leaves; /* words in leaf; top has a bit for each */
	uint64_t *top;
	uint64_t *leaf;
};

/* How many 64-bit words a set for [0, limit) needs. */
size_t cpuslab__bits_words(uint32_t limit);
/* Lay a set over @words, which are zero (empty) or a copy of another's. */
void cpuslab__bits_init(struct cpuslab__bits *bits, uint32_t limit,
			uint64_t *words);
void cpuslab__bits_set(struct cpuslab__bits *bits, uint32_t cpu);
/* Only while nobody else reads the set. */
void cpuslab__bits_clear(struct cpuslab__bits *bits, uint32_t cpu);
bool cpuslab__bits_has(const struct cpuslab__bits *bits, uint32_t cpu);
/* The first member >= @cpu, or CPUSLAB_NO_CPU. */
uint32_t cpuslab__bits_next(const struct cpuslab__bits *bits, uint32_t cpu);
uint32_t cpuslab__bits_count(const struct cpuslab__bits *bits);

/* Walk all members; @bits may change as bits.h allows meanwhile. */
#define cpuslab__bits_for_each(cpu, bits)                                      \
	for ((cpu) = cpuslab__bits_next((bits), 0); (cpu) != CPUSLAB_NO_CPU;   \
	     (cpu) = cpuslab__bits_next((bits), (cpu) + 1))

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

#endif /* CPUSLAB_LIB_BITS_H */
