/* SPDX-License-Identifier: MIT */
/*
 * slots.h - an array with a cache line for each CPU, which programs often use.
 *
 * It is large enough for any CPU that the program may run on, so no rival pays
 * for false sharing or for a bounds check.
 */
#ifndef CPUSLAB_BENCH_SLOTS_H
#define CPUSLAB_BENCH_SLOTS_H

#include "lists.h"

#define SLOTS_LINE 64

struct slots_slot {
	uint64_t value;
	char pad[SLOTS_LINE - sizeof(uint64_t)];
} __attribute__((aligned(SLOTS_LINE)));

#endif /* CPUSLAB_BENCH_SLOTS_H */
