/* SPDX-License-Identifier: MIT */
/*
 * everything.h - one of each structure, operations that record what they did,
 * and a check that all of it is in the structures exactly once.
 *
 * Operations also run in tasks, which must not jump, so these functions do not
 * use cmocka's assertions: the first thing that is wrong is kept in
 * everything.failed.
 */
#ifndef EVERYTHING_H
#define EVERYTHING_H

#include "fixture/fixture.h"
#include "words/portable_exact.h"

#define EVERYTHING_NODES 24u
#define EVERYTHING_LOG 2048u

struct everything_node {
	struct cpuslab_node node;
	bool stacked;
	bool found; /* W everything_verify() */
};

struct everything {
	struct fixture f;
	struct cpuslab_slab *keeper; /* a slab for the log alone */
	struct cpuslab_counter counter;
	struct cpuslab_gauge gauge;
	struct cpuslab_stack stack;
	struct cpuslab_log log;
	struct cpuslab_percpu gated;
	struct cpuslab_percpu words;
	/* Adds begun and ended; a sum lies between the two. */
	uint64_t adds_begun, adds_ended;
	uint64_t highest; /* the highest sum so far */
	int64_t in, out;
	uint64_t gated_value;
	uint64_t words_begun;
	struct words_account words_done;
	uint32_t appended;
	struct everything_node nodes[EVERYTHING_NODES];
	const char *failed;
	int failed_line;
};

/* Create and destroy, as fixture_begin() and fixture_end(). */
void everything_begin(struct everything *w,
		      const struct fixture_config *config);
void everything_end(struct everything *w);

/* Keep the first failure. */
#define everything_expect(w, cond)                                             \
	((cond) ? (void)0 : everything_fail((w), #cond, __LINE__))
void everything_fail(struct everything *w, const char *what, int line);

/* Operations on the CPU where the caller runs; any thread. */
void everything_add(struct everything *w);
void everything_sum(struct everything *w);
void everything_gauge(struct everything *w);     /* in and out */
void everything_gauge_sum(struct everything *w); /* never negative */
void everything_push(struct everything *w);
void everything_pop(struct everything *w);
void everything_pop_all(struct everything *w);
void everything_append(struct everything *w);
void everything_add_if(struct everything *w);
void everything_words(struct everything *w); /* each of words.h */
void everything_snapshot(struct everything *w);
/* Each of these once. */
void everything_all(void *world);

/* Everything is there, exactly once. No operation is in progress. */
void everything_verify(struct everything *w);

#endif /* EVERYTHING_H */
