/* SPDX-License-Identifier: MIT */
/*
 * steering.h - which CPU, queue or NUMA node serves a flow: a table from
 * hashes to targets that changes as little as possible.
 *
 *	flow --hash--> & mask --> bucket   0 1 2 3 4 5 6 7 ...
 *	                          target   3 0 0 7 3 7 0 3 ...
 *
 * A target is a number in [0, targets) with a weight. A target with weight 0
 * receives nothing, so gaps in the numbering and nodes without CPUs need no
 * special case. Buckets are shared out by Webster's method (the next bucket
 * goes to the target with the smallest (2 * buckets + 1) / weight), and a
 * change moves the fewest buckets that lead to the new shares:
 *
 *   - targets of equal weight have the same number of buckets, plus or minus 1;
 *   - a new target receives its share, about 1/n, and nothing else moves;
 *   - a removed target's share goes to the others, and nothing else moves.
 *
 * (With the largest-remainder method a new target could move buckets between
 * two others.) A table is immutable: a change publishes a new one, and readers
 * of the old one finish with it. So all lookups in one read section that use
 * the same cpuslab_steering_get() agree, and know their generation.
 *
 *	cpuslab_read_enter();
 *	target = cpuslab_steering_lookup(&steering, hash, &generation);
 *	... hand the flow over to target ...
 *	cpuslab_read_exit();
 *
 * The same table assigns driver resources (queues, rings, interrupt vectors) to
 * CPUs: with a power of two of them, at least as many as buckets, resource i
 * belongs to cpuslab_steering_at(table, i).
 *
 * Memory: two tables, allocated by init, and a third while changes come faster
 * than grace periods end. If that one cannot be allocated, the newest state is
 * published when the grace period in progress has ended: a change never fails.
 *
 * Not for an exact balance of a few heavy flows: a bucket moves as a whole.
 *
 * The struct must not be copied or moved.
 */
#ifndef CPUSLAB_STEERING_H
#define CPUSLAB_STEERING_H

#include <cpuslab/client.h>
#include <cpuslab/port.h>
#include <cpuslab/read.h>

CPUSLAB_BEGIN

#define CPUSLAB_STEERING_MAX_BUCKETS (1u << 20)

struct cpuslab_steering;

/* Immutable once published, followed by its targets. Readers: RCU. */
struct cpuslab_steering_table {
	uint64_t generation; /* how many changes came before it */
	uint32_t mask;       /* buckets - 1 */
	uint32_t active;     /* targets that have a weight */
	struct cpuslab_steering *steering;
	struct cpuslab_rcu rcu;
};

struct cpuslab_steering_config {
	size_t size;      /* of this struct; see sized.h */
	uint32_t buckets; /* a power of two; more of them balance better */
	uint32_t targets; /* targets are numbered [0, targets) */
	/*
	 * For cpuslab_steering_attach(): write which target CPU @cpu adds
	 * weight to, and how much. They are preset to @cpu and 1; with weight
	 * 0 the CPU adds nothing. Called each time the CPU is started, in
	 * client context (client.h). NULL: the preset values.
	 */
	void (*place)(void *arg, uint32_t cpu, uint32_t *target,
		      uint32_t *weight) CPUSLAB_NOEXCEPT;
	void *arg;
};

struct cpuslab__steering_share;

struct cpuslab_steering {
	struct cpuslab_steering_table *table;  /* W mutex; R any, RCU */
	struct cpuslab_steering_config config; /* W init */
	struct cpuslab_port_mutex mutex;
	/* W mutex */
	struct cpuslab__steering_share *shares; /* [targets] */
	struct cpuslab_steering_table *spare;   /* no reader has it */
	uint64_t generation;
	bool behind;       /* the newest weights wait for a spare */
	uint32_t retiring; /* W any: RCU callbacks in progress */
	/* W domain mutex */
	struct cpuslab_client client;
	struct cpuslab__steering_share *placed; /* [limit]; NULL: detached */
};

/**
 * cpuslab_steering_init() - make a table in which no target has a weight.
 * @steering: resident memory of the caller.
 * @config:   copied.
 *
 * Context: may sleep, allocates.
 * Return:  CPUSLAB_OK; -CPUSLAB_ENOMEM; -CPUSLAB_EINVAL without @config or
 *          targets, or if buckets is not a power of two or is too large.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_steering_init(CPUSLAB_OUT struct cpuslab_steering *steering,
		      CPUSLAB_IN const struct cpuslab_steering_config *config);

/**
 * cpuslab_steering_fini() - detach from the domain, and free all tables.
 * @steering: set up by cpuslab_steering_init().
 *
 * Context: may sleep; waits for a grace period; no other thread uses the table;
 *          not in a read section, not in a callback of the domain (an
 *          assertion; release builds log it and do nothing).
 */
CPUSLAB_API CPUSLAB_PASSIVE void
cpuslab_steering_fini(CPUSLAB_INOUT struct cpuslab_steering *steering);

/**
 * cpuslab_steering_set() - set the weight of a target.
 * @steering: set up by cpuslab_steering_init().
 * @target:   below config.targets.
 * @weight:   in addition to what CPUs bring (cpuslab_steering_attach()).
 *
 * Context: may sleep, also in a callback of a domain; waits for no grace
 *          period. O(buckets + targets * moved buckets).
 * Order:   release; a lookup in the new table sees all that was written before.
 * Return:  CPUSLAB_OK; -CPUSLAB_ERANGE for @target >= targets.
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_steering_set(CPUSLAB_INOUT struct cpuslab_steering *steering,
		     uint32_t target, uint32_t weight);

/**
 * cpuslab_steering_attach() - let the online CPUs of a domain add weights.
 * @steering: set up by cpuslab_steering_init().
 * @domain:   whose CPUs bring weights; outlives the table, or detach comes
 *            first.
 *
 * Each of them adds a weight to one target, as config.place says. The sum of
 * all weights of a target is limited to UINT32_MAX. A CPU adds its weight when
 * it is complete, and no longer once its removal has returned (see Memory,
 * above, for the exception).
 *
 * If config.place names a target >= targets, the CPU is refused: this call
 * returns -CPUSLAB_ERANGE, and so does a later cpuslab_domain_add_start().
 *
 * Context: may sleep, allocates; not in a callback of @domain.
 * Return:  CPUSLAB_OK; -CPUSLAB_ENOMEM; -CPUSLAB_EINVAL without @domain, or if
 *          it was not initialised; -CPUSLAB_EBUSY if it is attached to a
 *          domain; or as cpuslab_client_init().
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_steering_attach(CPUSLAB_INOUT struct cpuslab_steering *steering,
			CPUSLAB_INOUT struct cpuslab_domain *domain);

/**
 * cpuslab_steering_detach() - keep the present weights, whatever CPUs do.
 * @steering: set up by cpuslab_steering_init().
 *
 * The weights are then as if they had been set. Does nothing if no domain is
 * attached.
 *
 * Context: may sleep; not in a callback of the domain (an assertion; release
 *          builds log it and do nothing).
 */
CPUSLAB_API CPUSLAB_PASSIVE void
cpuslab_steering_detach(CPUSLAB_INOUT struct cpuslab_steering *steering);

/**
 * cpuslab_steering_check() - test the invariants.
 * @steering: set up by cpuslab_steering_init().
 *
 * Context: may sleep.
 * Return:  CPUSLAB_OK, or -CPUSLAB_EINVAL.
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_steering_check(CPUSLAB_INOUT struct cpuslab_steering *steering);

/**
 * cpuslab_steering_hash() - spread a number whose low bits say little.
 * @number: of the flow, such as an address.
 *
 * Context: any.
 * Return:  the finalizer of splitmix64, applied to @number.
 */
CPUSLAB_INLINE CPUSLAB_HIGH uint64_t cpuslab_steering_hash(uint64_t number)
{
	number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9u;
	number = (number ^ (number >> 27)) * 0x94d049bb133111ebu;
	return number ^ (number >> 31);
}

/**
 * cpuslab_steering_get() - load the newest table.
 * @steering: set up by cpuslab_steering_init().
 *
 * Context: in a read section.
 * Order:   acquire; sees all that was written before the table was published.
 * Return:  a table that is valid until the read section ends.
 */
CPUSLAB_INLINE CPUSLAB_DISPATCH const struct cpuslab_steering_table *
cpuslab_steering_get(CPUSLAB_IN const struct cpuslab_steering *steering)
{
	/*
	 * [steering.table] Pairs with steering_publish(). Without it the table
	 * could be read before it was filled.
	 */
	return (const struct cpuslab_steering_table *)cpuslab_load_acquire_ptr(
		&steering->table);
}

/**
 * cpuslab_steering_at() - look a hash up in a table.
 * @table: from cpuslab_steering_get(), in the same read section.
 * @hash:  of the flow; its low bits select the bucket.
 *
 * Context: in the read section in which @table was loaded.
 * Return:  a target, or CPUSLAB_NO_CPU if no target has a weight.
 */
CPUSLAB_INLINE CPUSLAB_DISPATCH uint32_t cpuslab_steering_at(
	CPUSLAB_IN const struct cpuslab_steering_table *table, uint64_t hash)
{
	return ((const uint32_t *)(table + 1))[hash & table->mask];
}

/**
 * cpuslab_steering_lookup() - look a hash up in the newest table.
 * @steering:   set up by cpuslab_steering_init().
 * @hash:       of the flow; its low bits select the bucket.
 * @generation: written with the generation of that table; may be NULL.
 *
 * Context: in a read section. Wait-free.
 * Order:   acquire, as cpuslab_steering_get().
 * Return:  as cpuslab_steering_at().
 */
CPUSLAB_INLINE CPUSLAB_DISPATCH uint32_t
cpuslab_steering_lookup(CPUSLAB_IN const struct cpuslab_steering *steering,
			uint64_t hash, CPUSLAB_OUT_OPT uint64_t *generation)
{
	const struct cpuslab_steering_table *table =
		cpuslab_steering_get(steering);

	if (generation)
		*generation = table->generation;
	return cpuslab_steering_at(table, hash);
}

/*
 * Synchronization
 *
 *	get, at, lookup   any threads at once, in a read section
 *	set, check        any threads at once; serialise on the table's mutex
 *	attach, detach    one at a time; against all of the above
 *	init, fini        the caller excludes all others
 */

CPUSLAB_END

#endif /* CPUSLAB_STEERING_H */
