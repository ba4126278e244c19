/* SPDX-License-Identifier: MIT */
/*
 * portable.h - what uses the structures that stand on the core, and how:
 * actors take steps, on every CPU and at every level, while CPUs
 * come and go; in the end each part's totals must be exact.
 *
 * These files ask nothing of a system but the seam, so that they run wherever
 * threads are available: the caller has them, and calls this.
 */
#ifndef TESTS_PORTABLE_H
#define TESTS_PORTABLE_H

#include <cpuslab/cpuslab.h>

struct portable_actor {
	uint32_t id;    /* below structures.actors */
	uint64_t round; /* W itself: how many steps it took */
	bool interrupt; /* it must not wake anybody now */
};

/* What is used, and by how many. */
struct portable {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	const struct cpuslab_workers_ops *workers;
	/* Not at all for 0: only look whether one may. NULL: keep busy. */
	void (*sleep)(uint32_t us);
	/* A worker may be moved away before its CPU's removal is told. */
	bool strays;
	uint32_t actors;
	uint32_t limit; /* the domain's */
};

/* The CPUs that came since the start. */
struct portable_newcomers {
	uint64_t came;
	uint64_t ran;               /* their workers, there */
	uint64_t shortest, longest; /* ns from Complete until then */
};

struct portable_part {
	/* All of it, or an error with nothing changed. */
	int (*start)(void);
	/* In any context; an actor takes one step at a time. NULL: no steps. */
	void (*step)(const struct portable_actor *actor);
	/* It takes no more steps. NULL: nothing is left of it. */
	void (*leave)(const struct portable_actor *actor);
	/* By one thread, again and again. May sleep. NULL: nothing to see. */
	void (*look)(void);
	/*
	 * Nobody steps or looks any more: give all back. NULL, or what was not
	 * exact; @used: somebody has taken steps.
	 */
	const char *(*stop)(bool used);
};

extern struct portable structures;
extern const struct portable_part portable_refcount, portable_histogram,
	portable_approx, portable_cache, portable_mailbox, portable_steering,
	portable_client, portable_workers;

/* Something was wrong on the way: the first of it is what stopping says. */
void portable_wrong(const char *what);
/* @rows times @columns zeros; NULL without memory. */
void *portable_array(size_t rows, size_t columns, size_t bytes);

/* ---- for the caller --------------------------------------------------- */

/* Start with *@set; an error: nothing is left. */
int portable_start(const struct portable *set);
/* One step of every part. */
void portable_step(struct portable_actor *actor);
void portable_leave(const struct portable_actor *actor);
void portable_look(void);
/* NULL, or what was wrong. */
const char *portable_stop(void);

/* The last of three clients refuses @cpu; CPUSLAB_NO_CPU: none does. */
void portable_refuse(uint32_t cpu);
/* Has it refused @cpu, was that reported, and is there nothing for @cpu? */
bool portable_refused(uint32_t cpu);

/* Valid until the next start; exact after the stop. */
const struct portable_newcomers *portable_newcomers(void);

#endif /* TESTS_PORTABLE_H */
