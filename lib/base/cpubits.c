/* SPDX-License-Identifier: MIT */
#include "cpubits.h"

static uint32_t cpubits_words_for(uint32_t bits)
{
	return bits / 64 + (bits % 64 != 0);
}

size_t cpuslab__cpubits_words(uint32_t limit)
{
	uint32_t leaves = cpubits_words_for(limit);

	return (size_t)leaves + cpubits_words_for(leaves);
}

void cpuslab__cpubits_init(struct cpuslab__cpubits *bits, uint32_t limit,
			   uint64_t *words)
{
	bits->limit = limit;
	bits->leaves = cpubits_words_for(limit);
	bits->top = words;
	bits->leaf = words + cpubits_words_for(bits->leaves);
}

static void cpubits_or(cpuslab_word *word, uint32_t bit)
{
	uint64_t value = cpuslab_load_relaxed_u64(word);

	cpuslab_store_release_u64(word, value | (uint64_t)1 << bit);
}

void cpuslab__cpubits_set(struct cpuslab__cpubits *bits, uint32_t cpu)
{
	/*
	 * [cpubits.top] Leaf before top; pairs with cpubits_scan(). In the
	 * other order a walk could see the top bit and miss the leaf bit.
	 */
	cpubits_or(&bits->leaf[cpu / 64], cpu % 64);
	cpubits_or(&bits->top[cpu / 4096], cpu / 64 % 64);
}

void cpuslab__cpubits_clear(struct cpuslab__cpubits *bits, uint32_t cpu)
{
	uint64_t *leaf = &bits->leaf[cpu / 64];

	*leaf &= ~((uint64_t)1 << cpu % 64);
	if (!*leaf)
		bits->top[cpu / 4096] &= ~((uint64_t)1 << cpu / 64 % 64);
}

bool cpuslab__cpubits_has(const struct cpuslab__cpubits *bits, uint32_t cpu)
{
	if (cpu >= bits->limit)
		return false;
	return cpuslab_load_acquire_u64(&bits->leaf[cpu / 64]) >> cpu % 64 & 1;
}

/* The first bit set at or above @from in @count words, or CPUSLAB_NO_CPU. */
static uint32_t cpubits_scan(const cpuslab_word *words, uint32_t count,
			     uint32_t from)
{
	uint32_t i = from / 64;
	uint64_t mask = ~(uint64_t)0 << from % 64;

	for (; i < count; i++, mask = ~(uint64_t)0) {
		/* [cpubits.top] Pairs with cpuslab__cpubits_set(). */
		uint64_t word = cpuslab_load_acquire_u64(&words[i]) & mask;

		if (word)
			return i * 64 + cpuslab__lowest_bit(word);
	}
	return CPUSLAB_NO_CPU;
}

uint32_t cpuslab__cpubits_next(const struct cpuslab__cpubits *bits,
			       uint32_t cpu)
{
	uint32_t leaf = cpu / 64;

	while (leaf < bits->leaves) {
		uint32_t found = cpubits_scan(bits->leaf, leaf + 1, cpu);

		if (found != CPUSLAB_NO_CPU)
			return found;
		leaf = cpubits_scan(bits->top, cpubits_words_for(bits->leaves),
				    leaf + 1);
		cpu = leaf * 64;
	}
	return CPUSLAB_NO_CPU;
}

uint32_t cpuslab__cpubits_count(const struct cpuslab__cpubits *bits)
{
	uint32_t cpu, count = 0;

	cpuslab__cpubits_for_each(cpu, bits)
		count++;
	return count;
}
