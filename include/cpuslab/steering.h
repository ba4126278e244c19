/* SPDX-License-Identifier: MIT */
/*
 * steering.h - who serves a flow: a table from hashes to CPUs, queues or
 * NUMA nodes that moves as little as can be when the set changes.
 *
 *	flow --hash--> & mask --> bucket   0 1 2 3 4 5 6 7 ...
 *	                          target   3 0 0 7 3 7 0 3 ...
 *
 * A target is a number in [0, targets) with a weight; 0 means that it serves
 * nothing, so gaps, and nodes without CPUs, need no thought. Buckets are
 * shared out by Webster's method (each next bucket to the smallest
 * (2 * buckets + 1) / weight), and a change moves the fewest that lead there:
 *
 *   - equal weights: shares differ by one bucket at most;
 *   - a target that comes takes its share, about 1/n, and nothing else moves;
 *   - a target that goes leaves its share to the others, and nothing else moves.
 *
 * (Largest remainders would not do: there a newcomer can take from one and give
 * to another.) A table is immutable; a change publishes a new one, and readers
 * of the old one finish with it. So all lookups in one read section that go
 * through one cpuslab_steering_get() agree, and say of which generation they
 * are.
 *
 *	cpuslab_read_enter();
 *	target = cpuslab_steering_lookup(&steering, hash, &generation);
 *	... hand over to target ...
 *	cpuslab_read_exit();
 *
 * Driver resources (queues, rings, interrupt vectors) are assigned to
 * CPUs by the same table: with a power of two of them not below the
 * buckets' number, resource i belongs to cpuslab_steering_at(table, i).
 *
 * Memory: two tables, made by init; a third while changes come faster than
 * grace periods end. Where that one is refused, the newest state is published
 * when the grace period under way has ended: a change never fails.
 *
 * Not for exact balance of few heavy flows: a bucket moves as a whole.
 *
 * Synchronization:
 *   get, at, lookup     any context, in a read section, against anything
 *   set, follow         may sleep; serialise on the table's mutex
 *   init, fini          the caller: nobody uses it (before, any more)
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

/* Immutable once published; its targets follow in memory. Readers: RCU. */
struct cpuslab_steering_table {
	uint64_t generation; /* how often the table had changed */
	uint32_t mask;       /* buckets - 1 */
	uint32_t active;     /* targets that have a weight */
	struct cpuslab_steering *steering;
	struct cpuslab_rcu rcu;
};

struct cpuslab_steering_config {
	uint32_t buckets; /* a power of two; the more, the finer */
	uint32_t targets; /* numbers [0, targets) can be steered to */
	/*
	 * For cpuslab_steering_follow(): which target gets how much weight for
	 * CPU @cpu. They are preset to @cpu and 1; weight 0: it serves
	 * nothing. Asked once whenever it arrives. NULL: as preset.
	 */
	void (*place)(void *arg, uint32_t cpu, uint32_t *target,
		      uint32_t *weight);
	void *arg;
};

struct cpuslab__steering_share;

struct cpuslab_steering {
	struct cpuslab_steering_table *table; /* W mutex; R any, RCU */
	/* W mutex from here on. */
	struct cpuslab_steering_config config; /* W init */
	struct cpuslab_port_mutex mutex;
	struct cpuslab__steering_share *shares; /* [targets] */
	struct cpuslab_steering_table *spare;   /* nobody reads it */
	uint64_t generation;
	bool behind;       /* the newest weights wait for a spare */
	uint32_t retiring; /* W any: callbacks under way */
	struct cpuslab_client client;
	struct cpuslab__steering_share *placed; /* [limit], what each brought */
};

/**
 * cpuslab_steering_init() - a table without targets.
 *
 * Context: may sleep, allocates.
 * Return:  CPUSLAB_OK; -CPUSLAB_ENOMEM; -CPUSLAB_EINVAL for buckets that are no
 *          power of two or too many, or no targets.
 */
CPUSLAB_API int
cpuslab_steering_init(struct cpuslab_steering *steering,
		      const struct cpuslab_steering_config *config);
/* Nobody looks up or changes it any more. Context: may sleep; waits for a grace
 * period; not in a read section nor in a callback. */
CPUSLAB_API void cpuslab_steering_fini(struct cpuslab_steering *steering);

/**
 * cpuslab_steering_set() - give a target another weight; 0: it serves nothing,
 * but for what CPUs bring to it (cpuslab_steering_follow()).
 *
 * Context: may sleep, also in a client's callback; waits for no grace period.
 *          O(buckets + targets * moved buckets).
 * Return:  CPUSLAB_OK; -CPUSLAB_ERANGE for a target that there is not.
 */
CPUSLAB_API int cpuslab_steering_set(struct cpuslab_steering *steering,
				     uint32_t target, uint32_t weight);

/**
 * cpuslab_steering_follow() - from now on the CPUs that are online in
 * @domain bring their weights to the targets that config.place names, beside
 * what is set for these. More than UINT32_MAX together counts as that.
 *
 * A CPU is steered to once it is complete, not before, and no longer when
 * its removal has returned (see Memory, above, for the exception).
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_client_init(); -CPUSLAB_ENOMEM; -CPUSLAB_EBUSY if it
 *          follows a domain already. A CPU whose target there is not is
 *          refused with -CPUSLAB_ERANGE, by its domain too.
 */
CPUSLAB_API int cpuslab_steering_follow(struct cpuslab_steering *steering,
					struct cpuslab_domain *domain);
/*
 * Follow no longer; weights stay as if they had been set. Context: may sleep;
 * not in a callback of the domain.
 */
CPUSLAB_API void cpuslab_steering_unfollow(struct cpuslab_steering *steering);

/**
 * cpuslab_steering_check() - test the invariants.
 * Context: may sleep.
 * Return:  CPUSLAB_OK, or -CPUSLAB_EINVAL.
 */
CPUSLAB_API int cpuslab_steering_check(struct cpuslab_steering *steering);

/**
 * cpuslab_steering_hash() - spread a number whose low bits say little.
 * Context: any. (The finaliser of splitmix64.)
 */
CPUSLAB_INLINE uint64_t cpuslab_steering_hash(uint64_t number)
{
	number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9u;
	number = (number ^ (number >> 27)) * 0x94d049bb133111ebu;
	return number ^ (number >> 31);
}

/**
 * cpuslab_steering_get() - the newest table.
 * Context: inside a read section, and valid until its end.
 * Order:   acquire.
 */
CPUSLAB_INLINE const struct cpuslab_steering_table *
cpuslab_steering_get(const struct cpuslab_steering *steering)
{
	/* [steering.table] pairs with steering_publish(). */
	return cpuslab_load_acquire_ptr(&steering->table);
}

/**
 * cpuslab_steering_at() - who serves flows of this hash.
 * Context: inside the read section in which @table was got.
 * Return:  a target, or CPUSLAB_NO_CPU if there is none at all.
 */
CPUSLAB_INLINE uint32_t
cpuslab_steering_at(const struct cpuslab_steering_table *table, uint64_t hash)
{
	return ((const uint32_t *)(table + 1))[hash & table->mask];
}

/**
 * cpuslab_steering_lookup() - both in one; @generation may be NULL.
 * Context: inside a read section. Wait-free.
 */
CPUSLAB_INLINE uint32_t
cpuslab_steering_lookup(const struct cpuslab_steering *steering, uint64_t hash,
			uint64_t *generation)
{
	const struct cpuslab_steering_table *table =
		cpuslab_steering_get(steering);

	if (generation)
		*generation = table->generation;
	return cpuslab_steering_at(table, hash);
}

CPUSLAB_END

#endif /* CPUSLAB_STEERING_H */
