/* SPDX-License-Identifier: MIT */
/*
 * mixed.h - objects that parts of a program share, of which some were compiled
 * with restartable sequences and some without.
 */
#ifndef CPUSLAB_TESTS_MIXED_H
#define CPUSLAB_TESTS_MIXED_H

#include <cpuslab/cpuslab.h>

#define MIXED_BUCKETS 8u

struct mixed {
	struct cpuslab_counter counter;
	struct cpuslab_gauge gauge;
	struct cpuslab_histogram histogram;
	struct cpuslab_approx approx;
	struct cpuslab_stack stack;
	struct cpuslab_cache cache;
	struct cpuslab_refcount refcount;
	uint32_t released; /* W the count's last put; R any */
};

/* mixed_part.c, compiled twice. @turn: of the calling thread. */
void mixed_turn_with(struct mixed *mixed, uint64_t turn);
void mixed_turn_without(struct mixed *mixed, uint64_t turn);

#endif /* CPUSLAB_TESTS_MIXED_H */
