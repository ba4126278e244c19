/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_BITS_H
#define CPUSLAB_BITS_H
/*
 * bits.h - the bits of a word, found by one instruction.
 */

#include <cpuslab/base.h>

#if !CPUSLAB__BUILTINS
#include <intrin.h>
#endif

/* The index of the lowest bit set in @word, which is not zero. */
CPUSLAB_INLINE uint32_t cpuslab__lowest_bit(uint64_t word)
{
#if CPUSLAB__BUILTINS
	return (uint32_t)__builtin_ctzll(word);
#else
	unsigned long bit;

	_BitScanForward64(&bit, word);
	return bit;
#endif
}

/* The index of the highest bit set in @word, which is not zero. */
CPUSLAB_INLINE uint32_t cpuslab__highest_bit(uint64_t word)
{
#if CPUSLAB__BUILTINS
	return 63u - (uint32_t)__builtin_clzll(word);
#else
	unsigned long bit;

	_BitScanReverse64(&bit, word);
	return bit;
#endif
}

#endif /* CPUSLAB_BITS_H */
