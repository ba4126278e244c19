/* SPDX-License-Identifier: MIT */
/*
 * domain.h - the set of CPUs that one program or driver knows.
 *
 * A port, or the program itself, translates what the system reports into five
 * calls. The domain passes them on to its clients (client.h) and publishes a
 * new snapshot of the mask (cpumask.h):
 *
 *	         add_start            add_complete
 *	absent ------------> preparing ------------> online
 *	   ^                     |                      |
 *	   '---- add_failure, ---'                      |
 *	   ^     or a client refuses                    |
 *	   '------------------ remove ------------------'
 *
 * The fifth, resync, compares the domain with the system and makes up for what
 * was missed. Each call may be repeated, come late, out of order or not at all:
 * operations on slabs are correct without any of them, and only slower until a
 * CPU is admitted.
 *
 * Not needed to count per CPU on a machine whose CPUs never change: create one
 * domain, and make no call.
 *
 * Lock order: the system's own hotplug lock, domain, slab.
 */
#ifndef CPUSLAB_DOMAIN_H
#define CPUSLAB_DOMAIN_H

#include <cpuslab/sized.h>

CPUSLAB_BEGIN

/* Flags of struct cpuslab_domain_config. */
enum {
	/* Start without CPUs: the caller reports each of them. */
	CPUSLAB_DOMAIN_START_EMPTY = 1u << 0,
	/*
	 * Slabs retain the blocks of absent CPUs until a trim, and a CPU that
	 * was online before comes back without an allocation.
	 */
	CPUSLAB_DOMAIN_RETAIN = 1u << 1,
	/*
	 * Admit a CPU as soon as all clients have started it, before it is
	 * complete, so that its first operation already finds a block. A CPU
	 * that returns while its previous block waits for a grace period takes
	 * that back when it is started, or the start fails. With this flag a
	 * failed add also costs a grace period.
	 */
	CPUSLAB_DOMAIN_ADMIT_EARLY = 1u << 2,
};

/* Flags of cpuslab_domain_trim() and cpuslab_slab_trim(). */
enum {
	/*
	 * The caller knows that no operation on any slab of this domain is in
	 * progress, and that none begins before the call returns. Needed where
	 * blocks are written with atomics (cpuslab_stats.atomic): nothing else
	 * can tell there.
	 */
	CPUSLAB_TRIM_QUIESCENT = 1u << 0,
};

#define CPUSLAB_REFUSAL_NAME 32

struct cpuslab_domain;

struct cpuslab_domain_config {
	size_t size;      /* of this struct; see sized.h */
	const char *name; /* for reports; copied; NULL: "cpuslab" */
	uint32_t limit;   /* 0, or above the system's limit: the system's */
	uint32_t flags;   /* CPUSLAB_DOMAIN_* */
};

/* A refusal of a CPU by a client's start. */
struct cpuslab_refusal {
	char client[CPUSLAB_REFUSAL_NAME]; /* a copy of its name, cut to fit */
	uint32_t cpu;
	int32_t error; /* what start returned */
};

/**
 * cpuslab_domain_create() - make a domain of the CPUs that are available now.
 * @domain: set to NULL on a failure.
 * @config: NULL for the defaults.
 *
 * Context: may sleep, allocates.
 * Return:  CPUSLAB_OK; -CPUSLAB_ENOMEM; -CPUSLAB_EINVAL without @domain, or for
 *          unknown flags or a size that sized.h refuses; -CPUSLAB_ERANGE for
 *          more than 65534 CPU numbers, which the system may have unless
 *          @config sets a lower limit; or the system's error when it was asked
 *          for its CPUs.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_PASSIVE int cpuslab_domain_create(
	CPUSLAB_OUTPTR struct cpuslab_domain **domain,
	CPUSLAB_IN_OPT const struct cpuslab_domain_config *config);

/**
 * cpuslab_domain_close() - refuse new clients from now on.
 * @domain: from cpuslab_domain_create().
 *
 * The first step of taking a domain down, before the threads that make the
 * five calls are stopped. Registering a client or creating a slab then fails
 * with -CPUSLAB_ESHUTDOWN; existing clients are called as before.
 *
 * Context: may sleep; not in a callback.
 * Order:   acquire and release, of the domain's mutex.
 * Return:  CPUSLAB_OK; -CPUSLAB_EBUSY in a callback; -CPUSLAB_EINVAL without
 *          @domain.
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_domain_close(CPUSLAB_INOUT struct cpuslab_domain *domain);

/**
 * cpuslab_domain_destroy() - take a domain down.
 * @domain: has no clients, and no other thread calls it any more; NULL is
 *          allowed. Clients that remain are logged by name and unregistered
 *          without a callback.
 *
 * Waits for a call in progress. If the system lets no grace period end, that is
 * logged and nothing is freed; it may be tried again.
 *
 * Context: may sleep; not in a read section, not in a callback (an assertion;
 *          release builds leave the domain as it is).
 */
CPUSLAB_API CPUSLAB_PASSIVE void
cpuslab_domain_destroy(CPUSLAB_INOUT_OPT struct cpuslab_domain *domain);

/**
 * cpuslab_domain_add_start() - report that a CPU is about to be added.
 * @domain: from cpuslab_domain_create().
 * @cpu:    below the limit.
 *
 * Each client starts @cpu, in ascending order. If one refuses, those before it
 * undo that in reverse, and nothing has changed. Ignored for a CPU that is
 * preparing or online.
 *
 * Context: may sleep, allocates; waits for no grace period; not in a callback.
 * Order:   acquire and release, of the domain's mutex.
 * Return:  CPUSLAB_OK; what the client that refused returned; -CPUSLAB_ENOMEM;
 *          -CPUSLAB_ERANGE for @cpu at or above the limit (its operations use
 *          the shared block); -CPUSLAB_EBUSY in a callback; -CPUSLAB_EINVAL
 *          without @domain.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_domain_add_start(CPUSLAB_INOUT struct cpuslab_domain *domain,
			 uint32_t cpu);

/**
 * cpuslab_domain_add_complete() - report that a CPU runs.
 * @domain: from cpuslab_domain_create().
 * @cpu:    below the limit.
 *
 * Publishes the new mask, then calls each client's complete in ascending
 * order. If @cpu was not started it is started first; only then can this call
 * be refused.
 *
 * For a CPU that is online, clients repair what the system undid meanwhile (see
 * client.h), such as the affinity of a thread when a CPU was to go offline and
 * another driver vetoed that; otherwise the call is ignored.
 *
 * Context, Order, Return: as cpuslab_domain_add_start().
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_domain_add_complete(CPUSLAB_INOUT struct cpuslab_domain *domain,
			    uint32_t cpu);

/**
 * cpuslab_domain_add_failure() - report that a CPU was not added after all.
 * @domain: from cpuslab_domain_create().
 * @cpu:    below the limit.
 *
 * Clients undo start in descending order. For a CPU that is already online
 * this is a removal; ignored for one that is absent.
 *
 * Context: may sleep; not in a callback.
 * Order:   acquire and release, of the domain's mutex.
 * Return:  as cpuslab_domain_remove().
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_domain_add_failure(CPUSLAB_INOUT struct cpuslab_domain *domain,
			   uint32_t cpu);

/**
 * cpuslab_domain_remove() - report that a CPU is offline.
 * @domain: from cpuslab_domain_create().
 * @cpu:    below the limit.
 *
 * Publishes the new mask, then calls each client's remove in descending order.
 * What a slab does with the blocks is its release policy. For a CPU that is
 * preparing this is a failure; ignored for one that is absent.
 *
 * Context: may sleep, allocates; waits for no grace period; not in a callback.
 * Order:   acquire and release, of the domain's mutex.
 * Return:  CPUSLAB_OK; -CPUSLAB_ERANGE for @cpu at or above the limit;
 *          -CPUSLAB_ENOMEM if there was no memory for the new mask, with
 *          nothing changed; -CPUSLAB_EBUSY in a callback; -CPUSLAB_EINVAL
 *          without @domain.
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_domain_remove(CPUSLAB_INOUT struct cpuslab_domain *domain,
		      uint32_t cpu);

/**
 * cpuslab_domain_resync() - compare the domain with the system.
 * @domain: from cpuslab_domain_create().
 *
 * Makes up for lost events. First completes each CPU that is available, or
 * repairs it if it is online; then removes each that is online and not
 * available, unless the system's answer may be incomplete; then calls each
 * client's resync, with which slabs release the blocks of unannounced CPUs.
 * Continues with the next CPU after an error.
 *
 * Context: may sleep, allocates; not in a callback. A cancellation point before
 *          it does anything, where the system has those.
 * Order:   acquire and release, of the domain's mutex.
 * Return:  CPUSLAB_OK; the first error (all other CPUs are as they should be);
 *          -CPUSLAB_EBUSY in a callback; -CPUSLAB_EINVAL without @domain.
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_domain_resync(CPUSLAB_INOUT struct cpuslab_domain *domain);

/**
 * cpuslab_domain_trim() - free the blocks that are retained for absent CPUs.
 * @domain: from cpuslab_domain_create().
 * @flags:  CPUSLAB_TRIM_*.
 *
 * Context: may sleep; waits for no grace period: memory is freed later; not in
 *          a callback.
 * Order:   acquire and release, of the domain's mutex.
 * Return:  CPUSLAB_OK; CPUSLAB_RETAINED if a block had to be retained; the
 *          first error of a client; -CPUSLAB_EINVAL for unknown flags or
 *          without @domain; -CPUSLAB_EBUSY in a callback.
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_domain_trim(CPUSLAB_INOUT struct cpuslab_domain *domain,
		    uint32_t flags);

/**
 * cpuslab_domain_refused() - tell which client refused a CPU last.
 * @domain:  from cpuslab_domain_create().
 * @refusal: written on CPUSLAB_OK only; valid after the client's fini.
 *
 * A refusal is recorded where start was called: by add_start, by the calls that
 * imply it, and by the registration of the client itself. Each is also logged,
 * but not again while the same client refuses the same CPU for the same reason.
 *
 * Context: may sleep; also in a callback of @domain.
 * Order:   acquire and release, of the domain's mutex.
 * Return:  CPUSLAB_OK; CPUSLAB_EMPTY if no client has refused a CPU;
 *          -CPUSLAB_EINVAL without @domain; -CPUSLAB_EBUSY in a callback of a
 *          type, during a call of a slab.
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_domain_refused(CPUSLAB_INOUT struct cpuslab_domain *domain,
		       CPUSLAB_OUT struct cpuslab_refusal *refusal);

/* Is the caller in a callback of @domain, or of one of its slabs? */
CPUSLAB_API bool cpuslab__domain_is_held(struct cpuslab_domain *domain);
/*
 * The same where a hotplug is destroyed, which would wait for a call that waits
 * for the caller: an assertion, and a line in the log.
 */
CPUSLAB_API bool cpuslab__domain_keeps_hotplug(struct cpuslab_domain *domain);

/**
 * cpuslab_domain_limit() - how many CPU numbers the domain can have.
 * @domain: from cpuslab_domain_create().
 *
 * Context: any.
 * Return:  a constant; CPUs are numbered [0, limit), with gaps.
 */
CPUSLAB_API CPUSLAB_HIGH uint32_t
cpuslab_domain_limit(CPUSLAB_IN const struct cpuslab_domain *domain);

/**
 * cpuslab_domain_name() - the name from the config.
 * @domain: from cpuslab_domain_create().
 *
 * Context: any.
 * Return:  a string that is valid until the domain is destroyed.
 */
CPUSLAB_API CPUSLAB_HIGH const char *
cpuslab_domain_name(CPUSLAB_IN const struct cpuslab_domain *domain);

/**
 * cpuslab_domain_flags() - the flags from the config.
 * @domain: from cpuslab_domain_create().
 *
 * Context: any.
 * Return:  CPUSLAB_DOMAIN_*; a constant.
 */
CPUSLAB_API CPUSLAB_HIGH uint32_t
cpuslab_domain_flags(CPUSLAB_IN const struct cpuslab_domain *domain);

/**
 * cpuslab_domain_ignored() - how many calls were repeated, out of order or for
 * a CPU at or above the limit.
 * @domain: from cpuslab_domain_create().
 *
 * Context: any.
 * Order:   relaxed.
 * Return:  a number that only grows.
 */
CPUSLAB_API CPUSLAB_HIGH uint64_t
cpuslab_domain_ignored(CPUSLAB_IN const struct cpuslab_domain *domain);

/**
 * cpuslab_domain_check() - test the invariants of a domain and its clients.
 * @domain: from cpuslab_domain_create().
 *
 * Context: may sleep; not in a callback.
 * Return:  CPUSLAB_OK; -CPUSLAB_EINVAL after a line in the log, or without
 *          @domain; -CPUSLAB_EBUSY in a callback.
 */
CPUSLAB_API CPUSLAB_APC int
cpuslab_domain_check(CPUSLAB_INOUT struct cpuslab_domain *domain);

/*
 * Synchronization
 *
 *	limit, name, ignored          any threads at once, until destroy
 *	the five calls, trim, close,
 *	refused, check, and init and
 *	fini of clients               serialise on the domain's mutex
 *	create, destroy               the caller excludes all others
 */

CPUSLAB_END

#endif /* CPUSLAB_DOMAIN_H */
