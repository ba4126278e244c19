/* SPDX-License-Identifier: MIT */
/*
 * fixture.h - what most unit tests start from: a simulated machine, a domain
 * and a slab; and end with: invariants hold, nothing is left.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/sim.h>

#define FIXTURE_LIMIT 64u
#define FIXTURE_AVAILABLE 4u

struct fixture_config {
	enum sim_mode mode;
	uint32_t limit;     /* 0: FIXTURE_LIMIT */
	uint32_t available; /* 0: FIXTURE_AVAILABLE */
	uint64_t seed;
	uint32_t domain_flags;
	uint32_t slab_flags;
	size_t stride;
	bool directory; /* or SIM_DIRECTORY=1 */
	bool no_slab;
	bool no_domain; /* nor a slab */
};

struct fixture {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
};

extern struct fixture_config fixture_rseq;
extern struct fixture_config fixture_atomic;
extern struct fixture_config fixture_retain;
extern struct fixture_config fixture_early; /* CPUSLAB_DOMAIN_ADMIT_EARLY */
extern struct fixture_config fixture_early_atomic;
extern struct fixture_config fixture_early_retain;
extern struct fixture_config fixture_no_slab;
extern struct fixture_config fixture_no_domain;

/* From and to a state; they assert that all went well. */
void fixture_begin(struct fixture *f, const struct fixture_config *config);
void fixture_end(struct fixture *f);

/* For cmocka; the initial state is a struct fixture_config. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

#define FIXTURE_TEST(test, config)                                             \
	{                                                                      \
#test, test, fixture_setup, fixture_teardown, &(config)        \
	}
#define FIXTURE_RSEQ(test) FIXTURE_TEST(test, fixture_rseq)
#define FIXTURE_ATOMIC(test) FIXTURE_TEST(test, fixture_atomic)
#define FIXTURE_RETAIN(test) FIXTURE_TEST(test, fixture_retain)
#define FIXTURE_EARLY(test) FIXTURE_TEST(test, fixture_early)
#define FIXTURE_NO_SLAB(test) FIXTURE_TEST(test, fixture_no_slab)
#define FIXTURE_NO_DOMAIN(test) FIXTURE_TEST(test, fixture_no_domain)
#define FIXTURE_BOTH(test)                                                     \
	{ #test " (rseq)", test, fixture_setup, fixture_teardown,              \
	  &fixture_rseq },                                                     \
	{                                                                      \
#test " (atomic)", test, fixture_setup, fixture_teardown,      \
			&fixture_atomic                                        \
	}

/*
 * The two memory models, CPUSLAB_PORT_RESERVES: each test runs in both. Those
 * that are about reserved space alone skip themselves in the other.
 */
bool fixture_reserves(void);
void fixture_needs_reserved_space(void);
/* What a slab says of its memory is what the system says. */
void fixture_check_bytes(struct fixture *f);

/* A type of one counter word, and one of 64 bytes that may be lost. */
extern const struct cpuslab_type fixture_counter;
extern const struct cpuslab_type fixture_blob;

/* Both halves of an arrival; a removal. They must succeed. */
void fixture_add(struct fixture *f, uint32_t cpu);
void fixture_remove(struct fixture *f, uint32_t cpu);
/* What the system says of @cpu, and what the domain is told. */
void fixture_plug(struct fixture *f, uint32_t cpu);
void fixture_unplug(struct fixture *f, uint32_t cpu);

/* An object of @type; it must succeed. */
struct cpuslab_ref fixture_alloc(struct fixture *f,
				 const struct cpuslab_type *type);
void fixture_free(struct fixture *f, const struct cpuslab_ref *ref);

/* A counter of which processor FIXTURE_CPU, just added, holds @value. */
#define FIXTURE_CPU 9u
struct cpuslab_ref fixture_counted(struct fixture *f, uint64_t value);

/* Add on @cpu. */
void fixture_count(const struct cpuslab_ref *ref, uint32_t cpu, uint64_t value);
bool fixture_has(const struct cpuslab_ref *ref, uint32_t cpu);
/* The word at the beginning of @cpu's copy, or the one with number @nth. */
uint64_t fixture_word(const struct cpuslab_ref *ref, uint32_t cpu);
uint64_t fixture_nth_word(const struct cpuslab_ref *ref, uint32_t cpu,
			  size_t nth);
struct cpuslab_stats fixture_stats(struct fixture *f);
bool fixture_online(const struct fixture *f, uint32_t cpu);
uint32_t fixture_online_count(const struct fixture *f);

#endif /* FIXTURE_H */
