/* SPDX-License-Identifier: MIT */
/*
 * domain.h - the CPUs that a program knows, and who follows them.
 *
 * A port translates what its system says into five calls. The domain drives
 * its clients through them:
 *
 *	absent --add_start--> preparing --add_complete--> online --remove--> absent
 *	                         |--add_failure, or a client refuses--> absent
 *
 * Every call may come twice, late, in the wrong order or not at all: slabs are
 * right without any of them, only slower until a CPU is admitted.
 *
 * Exclusion: the five calls, trim, and registering a client serialise on the
 * domain's mutex. From inside a client's callback they return -CPUSLAB_EBUSY;
 * operations, sums and snapshots are allowed there. Lock order: the system's
 * own hotplug lock, domain, slab.
 */
#ifndef CPUSLAB_DOMAIN_H
#define CPUSLAB_DOMAIN_H

#include <cpuslab/base.h>

CPUSLAB_BEGIN

struct cpuslab_domain;
struct cpuslab_client;

struct cpuslab_domain_config {
	const char *name; /* for reports; NULL: "cpuslab" */
	uint32_t limit;   /* 0, or beyond the system's: the system's */
	uint32_t flags;   /* CPUSLAB_DOMAIN_* */
};

enum {
	/* Start with no CPU; the caller tells of each. */
	CPUSLAB_DOMAIN_START_EMPTY = 1u << 0,
	/* Slabs keep the blocks of CPUs that went until a trim. */
	CPUSLAB_DOMAIN_RETAIN = 1u << 1,
	/*
	 * Let a CPU in as soon as all clients have prepared for it, not
	 * when it is complete: where operations should not find themselves
	 * without a block. They still do on a CPU that comes back while
	 * its last block waits for a grace period. A failure costs one, too.
	 */
	CPUSLAB_DOMAIN_ADMIT_EARLY = 1u << 2,
};

/**
 * cpuslab_domain_create() - make a domain of the CPUs available now.
 * @config: NULL for the defaults.
 *
 * Context: may sleep, allocates.
 * Return:  CPUSLAB_OK, -CPUSLAB_ENOMEM, -CPUSLAB_EINVAL for unknown flags, or
 *          what the system answers when asked for its CPUs.
 */
CPUSLAB_API int
cpuslab_domain_create(struct cpuslab_domain **domain,
		      const struct cpuslab_domain_config *config);

/**
 * cpuslab_domain_close() - from now on nobody registers.
 *
 * The first step of taking a domain down, before those who make the five calls
 * are stopped: a client or slab that comes meanwhile is refused and reported.
 * Those who are here are told of every change as before.
 *
 * Context: may sleep.
 * Return:  CPUSLAB_OK; -CPUSLAB_EBUSY from inside a callback.
 */
CPUSLAB_API int cpuslab_domain_close(struct cpuslab_domain *domain);

/**
 * cpuslab_domain_destroy() - take a domain down.
 * @domain: without clients (those left are reported by name and dropped);
 *          NULL is allowed.
 *
 * Waits for callbacks in flight. The caller has stopped whoever makes the five
 * calls.
 *
 * Context: may sleep; not in a read section, not in a callback.
 */
CPUSLAB_API void cpuslab_domain_destroy(struct cpuslab_domain *domain);

/**
 * cpuslab_domain_add_start() - CPU @cpu is about to appear.
 *
 * Each client prepares, in the order in which they registered. If one refuses,
 * those before it are undone in reverse and nothing has changed. Repeating the
 * call for a CPU that is preparing or online changes nothing.
 *
 * Context: may sleep, allocates; waits for no grace period.
 * Return:  CPUSLAB_OK; the client's refusal; -CPUSLAB_ENOMEM; -CPUSLAB_ERANGE
 *          for @cpu at or beyond the limit (its operations use the shared block);
 *          -CPUSLAB_EBUSY from inside a callback.
 */
CPUSLAB_API int cpuslab_domain_add_start(struct cpuslab_domain *domain,
					 uint32_t cpu);

/**
 * cpuslab_domain_add_complete() - CPU @cpu runs.
 *
 * The new set is published, then each client is told. Without a start before
 * it, the start is made up for; then, and only then, it can be refused.
 *
 * Context, Return: as cpuslab_domain_add_start().
 */
CPUSLAB_API int cpuslab_domain_add_complete(struct cpuslab_domain *domain,
					    uint32_t cpu);

/**
 * cpuslab_domain_add_failure() - the system could not add @cpu after all.
 *
 * Clients that prepared are undone in reverse. For a CPU already online
 * it is a removal; for one that is absent it changes nothing.
 *
 * Context: may sleep.
 * Return:  CPUSLAB_OK, -CPUSLAB_ERANGE, -CPUSLAB_EBUSY; -CPUSLAB_ENOMEM as
 *          cpuslab_domain_remove().
 */
CPUSLAB_API int cpuslab_domain_add_failure(struct cpuslab_domain *domain,
					   uint32_t cpu);

/**
 * cpuslab_domain_remove() - CPU @cpu is gone.
 *
 * The new set is published, then each client is told, in reverse order. What
 * slabs do with its blocks is their release policy. Changes nothing for a
 * CPU that is absent; for one that is preparing it is a failure.
 *
 * Context: may sleep; waits for no grace period.
 * Return:  CPUSLAB_OK, -CPUSLAB_ERANGE, -CPUSLAB_EBUSY; -CPUSLAB_ENOMEM with
 *          nothing changed, if no set could be made for want of memory.
 */
CPUSLAB_API int cpuslab_domain_remove(struct cpuslab_domain *domain,
				      uint32_t cpu);

/**
 * cpuslab_domain_resync() - events were lost: compare with the system.
 *
 * Adds what is available and unknown, removes what is known and gone, gives
 * unannounced' blocks back. Continues after an error with the next CPU.
 *
 * Context: may sleep.
 * Return:  CPUSLAB_OK, the first error (the other CPUs are as they should
 *          be), or -CPUSLAB_EBUSY.
 */
CPUSLAB_API int cpuslab_domain_resync(struct cpuslab_domain *domain);

/**
 * cpuslab_domain_trim() - give back the blocks of absent CPUs.
 * @flags: CPUSLAB_TRIM_QUIESCENT: the caller knows that no operation on any
 *         slab of this domain is under way, and none begins before the call
 *         returns; needed where blocks are written by
 *         atomics (cpuslab_stats.atomic), where nothing else can tell.
 *
 * Context: may sleep; waits for no grace period: memory follows later.
 * Return:  CPUSLAB_OK, CPUSLAB_RETAINED if a block had to be kept, or an
 *          error.
 */
CPUSLAB_API int cpuslab_domain_trim(struct cpuslab_domain *domain,
				    uint32_t flags);

enum {
	CPUSLAB_TRIM_QUIESCENT = 1u << 0,
};

/* CPUs [0, limit) can be named. Constant. Context: any. */
CPUSLAB_API uint32_t cpuslab_domain_limit(const struct cpuslab_domain *domain);
CPUSLAB_API const char *
cpuslab_domain_name(const struct cpuslab_domain *domain);
/* How many calls were refused or ignored: unknown, repeated, out of order. */
CPUSLAB_API uint64_t
cpuslab_domain_ignored(const struct cpuslab_domain *domain);

/**
 * cpuslab_domain_check() - test the invariants of a domain and its clients.
 * Context: may sleep.
 * Return:  CPUSLAB_OK, or -CPUSLAB_EINVAL after a line in the log.
 */
CPUSLAB_API int cpuslab_domain_check(struct cpuslab_domain *domain);

CPUSLAB_END

#endif /* CPUSLAB_DOMAIN_H */
