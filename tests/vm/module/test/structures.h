/* SPDX-License-Identifier: MIT */
/*
 * structures.h - what uses the structures that stand on the core, and how:
 * actors take steps, on every processor and in interrupts, while processors
 * come and go; in the end each part's totals must be exact.
 */
#ifndef STRUCTURES_H
#define STRUCTURES_H

#include "test.h"

#define STRUCTURES_THREADS 4

/* A thread that moves, or the timer of a processor. */
struct structures_actor {
	u32 id;    /* threads, then one for each processor */
	u64 round; /* W itself: how many steps it took */
};

struct structures_part {
	const char *name;
	int (*start)(void);
	/* Up to hard interrupts; an actor takes one step at a time. */
	void (*step)(const struct structures_actor *actor);
	/* It takes no more steps. NULL: nothing is left of it. */
	void (*leave)(const struct structures_actor *actor);
	/* By one thread, again and again. May sleep. NULL: nothing to see. */
	void (*look)(void);
	/* Nobody steps or looks any more: give back, and were totals exact? */
	int (*stop)(void);
};

extern const struct structures_part part_bounded, part_cache, part_follower,
	part_histogram, part_mailbox, part_refcount, part_steering,
	part_workers;

extern u32 structures_actors; /* how many there can be */
extern atomic64_t structures_wrongs;

/* Something was wrong on the way; stopping fails then. */
#define structures_wrong(format, ...)                                          \
	do {                                                                   \
		atomic64_inc(&structures_wrongs);                              \
		pr_err_ratelimited("cpuslab_test: " format "\n",               \
				   ##__VA_ARGS__);                             \
	} while (0)

#endif /* STRUCTURES_H */
