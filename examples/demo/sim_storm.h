/* SPDX-License-Identifier: MIT */
/*
 * sim_storm.h - what the files of the storm share. One simulated thread at a
 * time uses it.
 */
#ifndef CPUSLAB_SIM_STORM_H
#define CPUSLAB_SIM_STORM_H

#include "sim_demo.h"

#define STORM_LIMIT 1024u
#define STORM_CPUS 48u
#define STORM_NODES 32u

struct storm_node {
	struct cpuslab_node node;
	bool held;
};

/* Of all storms together. */
struct storm_counts {
	uint64_t runs;
	uint64_t adds;
	uint64_t signals;
	uint64_t calls;
	uint64_t refused;
	uint64_t no_memory;
	uint64_t beyond;
	uint64_t sums;
	uint64_t admissions;
	uint64_t releases;
	uint64_t shared_ops;
	uint64_t extents; /* the most */
	uint64_t aborts;
	uint64_t points;
	uint64_t array; /* when most memory was in use */
	uint64_t committed;
};

struct storm {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_client witness;
	struct cpuslab_client refuser;
	struct cpuslab_counter events;
	struct cpuslab_gauge gauge;
	struct cpuslab_stack stack;
	uint32_t cpus[STORM_CPUS];
	uint8_t shown[STORM_LIMIT]; /* what the witness was notified of */
	struct storm_node nodes[STORM_NODES];
	uint64_t random;
	uint64_t begun; /* total of the adds that began */
	uint64_t done;  /* ... that ended */
	uint32_t adding;
	bool calm; /* the refuser no longer refuses */
	const char *wrong;
	struct storm_counts counts;
};

extern struct storm storm_now;

/* splitmix64 */
static inline uint32_t storm_random(uint32_t below)
{
	uint64_t x = storm_now.random += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)((x ^ (x >> 31)) % below);
}

/* Remember the first expectation that does not hold. */
static inline void storm_expect(bool ok, const char *what)
{
	if (!ok && !storm_now.wrong)
		storm_now.wrong = what;
}

/* sim_tasks.c: the simulated threads, and clients of the domain. */
void storm_adder(void *arg);
void storm_signal(void *arg);
void storm_operator(void *arg);
void storm_grower(void *arg);
void storm_reader(void *arg);
extern const struct cpuslab_client_ops storm_witness_ops;
extern const struct cpuslab_client_ops storm_refuser_ops;

#endif /* CPUSLAB_SIM_STORM_H */
