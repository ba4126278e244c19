/* SPDX-License-Identifier: MIT */
/*
 * portable.h - tests of all structures at once: actors take steps, on every CPU
 * and at every level, while CPUs come and go. In the end the totals of each
 * part must be exact.
 *
 * These files use the port interface and nothing else of a system. The caller
 * creates threads, which call the functions below.
 */
#ifndef TESTS_PORTABLE_H
#define TESTS_PORTABLE_H

#include <cpuslab/cpuslab.h>

struct portable_actor {
	uint32_t id;    /* below structures.actors */
	uint64_t round; /* W itself: the number of steps it took */
	bool interrupt; /* it must not wake a thread now */
};

/* What the caller provides. */
struct portable {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	const struct cpuslab_workers_ops *workers;
	/*
	 * Sleep that long; for 0 only check whether the context may. NULL:
	 * spin.
	 */
	void (*sleep)(uint32_t us);
	/*
	 * The system may move a worker away before the domain removes its CPU.
	 */
	bool strays;
	uint32_t actors;
	uint32_t limit; /* the domain's */
};

struct portable_part {
	/* Returns 0, or an error with nothing changed. */
	int (*start)(void);
	/*
	 * Any context; an actor takes one step at a time. NULL: the part has no
	 * steps.
	 */
	void (*step)(const struct portable_actor *actor);
	/* The actor takes no more steps. NULL: it holds nothing. */
	void (*leave)(const struct portable_actor *actor);
	/*
	 * Called repeatedly by one thread; may sleep. NULL: nothing to check.
	 */
	void (*look)(void);
	/*
	 * Free everything; no step or look is in progress. @used: some actor
	 * has taken steps. Returns NULL, or what was wrong.
	 */
	const char *(*stop)(bool used);
};

extern struct portable structures;
extern const struct portable_part portable_refcount, portable_histogram,
	portable_approx, portable_cache, portable_mailbox, portable_steering,
	portable_client, portable_workers, portable_percid, portable_ring,
	portable_stack, portable_words, portable_log, portable_named,
	portable_section, portable_metrics, portable_ops;

/* Report an error; portable_stop() returns the first. */
void portable_wrong(const char *what);
/* The first error so far, or NULL. */
const char *portable_found(void);
/* An array of @rows times @columns zeros; NULL without memory. */
void *portable_array(size_t rows, size_t columns, size_t bytes);

/* ---- for the caller ----------------------------------------------------- */

/* Start all parts with *@set. After an error nothing is left. */
int portable_start(const struct portable *set);
/* One step of every part. */
void portable_step(struct portable_actor *actor);
void portable_leave(const struct portable_actor *actor);
void portable_look(void);
/* Returns NULL, or what was wrong. */
const char *portable_stop(void);

/* The last of three clients refuses @cpu; CPUSLAB_NO_CPU: none does. */
void portable_refuse(uint32_t cpu);
/* Has it refused @cpu, was that reported, and is there nothing for @cpu? */
bool portable_refused(uint32_t cpu);

#endif /* TESTS_PORTABLE_H */
