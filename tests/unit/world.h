/* SPDX-License-Identifier: MIT */
/*
 * world.h - one of everything, and what it must hold: operations that write
 * down what they did, and a check that all of it is there exactly once.
 *
 * Not cmocka's assertions: operations also run in tasks, which must not jump.
 * The first thing that is wrong is kept in world.failed.
 */
#ifndef WORLD_H
#define WORLD_H

#include "fixture.h"

#define WORLD_NODES 24u
#define WORLD_LOG 2048u

struct world_node {
	struct cpuslab_node node;
	bool stacked;
	bool found; /* by world_verify() */
};

struct world {
	struct fixture f;
	struct cpuslab_slab *keeper; /* a slab for the log alone */
	struct cpuslab_counter counter;
	struct cpuslab_gauge gauge;
	struct cpuslab_stack stack;
	struct cpuslab_log log;
	struct cpuslab_ref gated;
	/* Begun and ended; a sum lies between. */
	uint64_t adds_begun, adds_ended;
	uint64_t highest; /* sum so far */
	int64_t in, out;
	uint64_t gated_value;
	uint32_t appended;
	struct world_node nodes[WORLD_NODES];
	const char *failed;
	int failed_line;
};

/* From and to nothing, as fixture_begin() and fixture_end(). */
void world_begin(struct world *w, const struct fixture_config *config);
void world_end(struct world *w);

/* Keep the first failure. */
#define world_expect(w, cond)                                                  \
	((cond) ? (void)0 : world_fail((w), #cond, __LINE__))
void world_fail(struct world *w, const char *what, int line);

/* Operations, each where the caller runs; any thread. */
void world_add(struct world *w);
void world_sum(struct world *w);
void world_gauge(struct world *w);     /* in and out */
void world_gauge_sum(struct world *w); /* never negative */
void world_push(struct world *w);
void world_pop(struct world *w);
void world_append(struct world *w);
void world_add_if(struct world *w);
void world_snapshot(struct world *w);
/* One of each of these. */
void world_all(void *world);

/* All is there, exactly once; with nothing under way. */
void world_verify(struct world *w);

#endif /* WORLD_H */
