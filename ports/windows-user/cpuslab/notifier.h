/* SPDX-License-Identifier: MIT */
/*
 * notifier.h - let a domain follow the processors of a Windows system, from a
 * process.
 *
 *	device notice (GUID_DEVICE_PROCESSOR) --.
 *	cpuslab_notifier_poke()               --+-- thread -- resync
 *	slow timer                            --'
 *
 * A notice only says when to look; the groups' active processors and the
 * process' affinity say what there is. The timer is for what sends no notice:
 * affinity, job objects.
 *
 * Slabs are right without a notifier: they admit a processor on first use.
 *
 * Synchronization:
 *   create, destroy     one at a time; the caller
 *   poke, stats_get     any thread, until destroy
 */
#ifndef CPUSLAB_NOTIFIER_H
#define CPUSLAB_NOTIFIER_H

#include <cpuslab/domain.h>

CPUSLAB_BEGIN

struct cpuslab_notifier;

#define CPUSLAB_NOTIFIER_RESCAN_MS 1000u /* the default */

struct cpuslab_notifier_config {
	uint32_t rescan_ms; /* between two slow looks; 0: the default */
	uint32_t flags;     /* CPUSLAB_NOTIFIER_* */
};

enum {
	/* The timer and pokes alone: no window, no device notices. */
	CPUSLAB_NOTIFIER_NO_DEVICES = 1u << 0,
};

/* Counts since creation. */
struct cpuslab_notifier_stats {
	uint64_t events;  /* device notices and pokes */
	uint64_t rescans; /* times that the domain was compared */
	uint64_t errors;  /* of these, that it could not follow wholly */
	bool devices;     /* do device notices come? */
};

/**
 * cpuslab_notifier_create() - follow the system in a thread of its own.
 * @domain: outlives the notifier.
 * @config: NULL for the defaults.
 *
 * The domain has been compared once when this returns.
 *
 * Context: may sleep, allocates.
 * Return:  CPUSLAB_OK; -CPUSLAB_EINVAL for no domain or unknown flags;
 *          -CPUSLAB_ENOMEM; -CPUSLAB_EAGAIN without a thread.
 */
CPUSLAB_API int
cpuslab_notifier_create(struct cpuslab_notifier **notifier,
			struct cpuslab_domain *domain,
			const struct cpuslab_notifier_config *config);

/**
 * cpuslab_notifier_destroy() - end its thread and free it. NULL is allowed.
 *
 * Context: may sleep; not from inside a client's callback.
 */
CPUSLAB_API void cpuslab_notifier_destroy(struct cpuslab_notifier *notifier);

/**
 * cpuslab_notifier_poke() - something happened: look now.
 *
 * For services, which get device notices in their control handler.
 *
 * Context: any thread; never waits.
 */
CPUSLAB_API void cpuslab_notifier_poke(struct cpuslab_notifier *notifier);

/**
 * cpuslab_notifier_stats_get() - read the counts.
 * Context: any thread.
 */
CPUSLAB_API void
cpuslab_notifier_stats_get(const struct cpuslab_notifier *notifier,
			   struct cpuslab_notifier_stats *stats);

CPUSLAB_END

#endif /* CPUSLAB_NOTIFIER_H */
