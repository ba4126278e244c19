/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_REGISTRY_H
#define CPUSLAB_LIB_REGISTRY_H
/*
 * registry.h - all domains and slabs of this copy of the library.
 */

#include <cpuslab/base.h>

/* Part of each domain and of each slab. */
struct cpuslab__listed {
	struct cpuslab__listed *next; /* an older one; W, R registry's mutex */
	uint64_t id; /* never used again; W add, remove; 0: not listed */
	struct cpuslab_domain *domain; /* one of the two; W create */
	struct cpuslab_slab *slab;
};

/* It is complete, and may be visited. */
void cpuslab__registry_add(struct cpuslab__listed *listed);
/* Returns when no visit is in progress; there will be no other. */
void cpuslab__registry_remove(struct cpuslab__listed *listed);

/*
 * With the registry's mutex held, so it waits for nothing, and calls no code of
 * the program. False ends the walk.
 */
typedef bool cpuslab__registry_visit(void *arg,
				     const struct cpuslab__listed *listed);

/*
 * Visit those with an id below @before, the newest first. False: a child that
 * was forked during a visit cannot know what there is.
 */
bool cpuslab__registry_walk(uint64_t before, cpuslab__registry_visit *visit,
			    void *arg);

#endif /* CPUSLAB_LIB_REGISTRY_H */
