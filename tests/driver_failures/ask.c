/* SPDX-License-Identifier: MIT */
/*
 * ask.c - what a driver asks of its system, and what is asked of an outcome, on
 * whatever machine.
 */
#include "scenario.h"

#define ASK_GROUP 64u

uint32_t failures_nth(uint64_t mask, uint32_t n)
{
	uint32_t bit;

	for (bit = 0; bit < 64; bit++)
		if ((mask >> bit & 1) && !n--)
			return bit;
	return CPUSLAB_NO_CPU;
}

uint32_t failures_number(uint32_t cpu)
{
	return cpu % ASK_GROUP;
}

bool failures_none_lost(const struct failures_outcome *outcome)
{
	return outcome->got == outcome->wanted;
}
