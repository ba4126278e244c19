/* SPDX-License-Identifier: MIT */
/*
 * hotplug.h - let a domain follow the processors of a Windows system, from a
 * process.
 *
 *	device notice (GUID_DEVICE_PROCESSOR) --.
 *	cpuslab_hotplug_poke()               --+-- thread -- resync
 *	slow timer                            --'
 *
 * A notice only says when to look; the groups' active processors and the
 * process' affinity say what there is. The timer is for what sends no notice:
 * affinity, job objects.
 *
 * Slabs are right without a hotplug: they admit a processor on first use.
 *
 * Synchronization:
 *   create, destroy     one at a time; the caller
 *   poke, stats_get     any thread, until destroy
 */
#ifndef CPUSLAB_HOTPLUG_H
#define CPUSLAB_HOTPLUG_H

#include <cpuslab/domain.h>

CPUSLAB_BEGIN

struct cpuslab_hotplug;

#define CPUSLAB_HOTPLUG_RESCAN_MS 1000u /* the default */

struct cpuslab_hotplug_config {
	uint32_t rescan_ms; /* between two slow looks; 0: the default */
	uint32_t flags;     /* CPUSLAB_HOTPLUG_* */
};

enum {
	/* The timer and pokes alone: no window, no device notices. */
	CPUSLAB_HOTPLUG_NO_DEVICES = 1u << 0,
};

/* Counts since creation. */
struct cpuslab_hotplug_stats {
	uint64_t events;  /* device notices and pokes */
	uint64_t rescans; /* times that the domain was compared */
	uint64_t errors;  /* of these, that it could not follow wholly */
	bool devices;     /* do device notices come? */
};

/**
 * cpuslab_hotplug_create() - follow the system in a thread of its own.
 * @domain: outlives the hotplug.
 * @config: NULL for the defaults.
 *
 * The domain has been compared once when this returns.
 *
 * Context: may sleep, allocates.
 * Return:  CPUSLAB_OK; -CPUSLAB_EINVAL for no domain or unknown flags;
 *          -CPUSLAB_ENOMEM; -CPUSLAB_EAGAIN without a thread.
 */
CPUSLAB_API int
cpuslab_hotplug_create(struct cpuslab_hotplug **hotplug,
		       struct cpuslab_domain *domain,
		       const struct cpuslab_hotplug_config *config);

/**
 * cpuslab_hotplug_destroy() - end its thread and free it. NULL is allowed.
 *
 * Context: may sleep; not from inside a client's callback.
 */
CPUSLAB_API void cpuslab_hotplug_destroy(struct cpuslab_hotplug *hotplug);

/**
 * cpuslab_hotplug_poke() - something happened: look now.
 *
 * For services, which get device notices in their control handler.
 *
 * Context: any thread; never waits.
 */
CPUSLAB_API void cpuslab_hotplug_poke(struct cpuslab_hotplug *hotplug);

/**
 * cpuslab_hotplug_stats_get() - read the counts.
 * Context: any thread.
 */
CPUSLAB_API void
cpuslab_hotplug_stats_get(const struct cpuslab_hotplug *hotplug,
			  struct cpuslab_hotplug_stats *stats);

CPUSLAB_END

#endif /* CPUSLAB_HOTPLUG_H */
