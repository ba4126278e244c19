/* SPDX-License-Identifier: MIT */
/*
 * workers_internal.h - a worker, and what workers_thread.c needs of a set.
 */
#ifndef CPUSLAB_LIB_WORKERS_INTERNAL_H
#define CPUSLAB_LIB_WORKERS_INTERNAL_H

#include <cpuslab/workers.h>

/* In an array; each has a cache line, so that turns are not shared. */
struct cpuslab__worker {
	const void *thread; /* of the turn; W its worker; R flush */
	uint32_t turn;      /* odd in cpuslab_workers_work(); as above */
	uint32_t box;       /* that the turn took its message from; as above */
	uint32_t state;     /* WORKERS_*; R any */
	uint32_t idle;      /* found nothing to do; W its worker; R any */
	void *worker;       /* passed to the callbacks */
	char pad[CPUSLAB_CACHE_LINE - 2 * sizeof(void *) -
		 4 * sizeof(uint32_t)];
};

CPUSLAB_STATIC_ASSERT(sizeof(struct cpuslab__worker) == CPUSLAB_CACHE_LINE,
		      "a worker takes a cache line");

/* Some worker that exists, or NULL. Under the domain's mutex. */
void *cpuslab__workers_any(const struct cpuslab_workers *workers);

/* Whether cpuslab_workers_work() would find a message now, or look for one. */
bool cpuslab__workers_has_message(const struct cpuslab_workers *workers,
				  uint32_t cpu);

#endif /* CPUSLAB_LIB_WORKERS_INTERNAL_H */
