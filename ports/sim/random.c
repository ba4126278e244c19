/* SPDX-License-Identifier: MIT */
/*
 * random.c - the random numbers that decide each schedule: splitmix64, for
 * which every seed is a good one.
 */
#include "internal.h"

static uint64_t random_state;

void sim__random_init(uint64_t seed)
{
	random_state = seed;
}

uint32_t sim__random(uint32_t below)
{
	uint64_t x = random_state += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	x ^= x >> 31;
	return (uint32_t)(((x >> 32) * below) >> 32);
}

bool sim__chance(unsigned int thousandths)
{
	/* Odds of 0 draw nothing, so that they change no schedule. */
	return thousandths && sim__random(1000) < thousandths;
}
