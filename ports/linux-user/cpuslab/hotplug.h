/* SPDX-License-Identifier: MIT */
/*
 * hotplug.h - let a domain follow the CPUs of a Linux system.
 *
 *	kernel uevents --.                        .-- add_start, add_failure
 *	                 +-- fd -- dispatch ------+-- add_complete
 *	slow timer ------'                        '-- resync
 *
 * An event only says when to look; the scheduler and /sys say what there is.
 * The timer is for what sends no event: affinity, cpusets, suspend, and
 * containers, to which the kernel sends none. A CPU that is plugged in
 * is prepared (add_start) before it runs, and that is undone (add_failure) if
 * it leaves again without having run.
 *
 * Slabs are right without a hotplug: they admit a CPU on first use.
 * With one, the slow path is rare and the memory of CPUs that went comes
 * back early.
 *
 * Drive it from an event loop of your own: poll cpuslab_hotplug_fd() for
 * input and call cpuslab_hotplug_dispatch(); or call cpuslab_hotplug_start()
 * and let a thread do that.
 *
 * Fork: a hotplug works in the process that created it. In a child only
 * cpuslab_hotplug_destroy() may be called, and has no effect on the parent;
 * create a new one there.
 *
 * Synchronization:
 *   dispatch, start, destroy, check     one at a time; the caller
 *   stats_get, fd                       any thread, until destroy
 */
#ifndef CPUSLAB_HOTPLUG_H
#define CPUSLAB_HOTPLUG_H

#include <cpuslab/domain.h>

CPUSLAB_BEGIN

struct cpuslab_hotplug;

#define CPUSLAB_HOTPLUG_RESCAN_MS 1000u /* the default */

struct cpuslab_hotplug_config {
	uint32_t rescan_ms;     /* between two slow looks; 0: the default */
	uint32_t receive_bytes; /* of the event socket; 0: the system's */
	uint32_t flags;         /* CPUSLAB_HOTPLUG_* */
};

enum {
	/* The timer alone. */
	CPUSLAB_HOTPLUG_NO_UEVENTS = 1u << 0,
};

/* Counts since creation. */
struct cpuslab_hotplug_stats {
	uint64_t events;    /* that concerned CPUs */
	uint64_t ignored;   /* messages that did not, or were not genuine */
	uint64_t lost;      /* times that the kernel dropped messages */
	uint64_t rescans;   /* times that the domain was compared */
	uint64_t prepared;  /* CPUs prepared before they ran */
	uint64_t abandoned; /* of these, undone */
	uint64_t errors;    /* calls that the domain refused */
	int last_error;     /* what it said, or CPUSLAB_OK */
	/*
	 * Is the event socket open? A container may have one and yet be sent
	 * nothing.
	 */
	bool uevents;
};

/**
 * cpuslab_hotplug_create() - make a hotplug for @domain.
 * @domain: outlives the hotplug.
 * @config: NULL for the defaults.
 *
 * Where events are not permitted it works by the timer; see the statistics.
 * The first dispatch has work at once: what changed since the domain was made.
 *
 * Context: may sleep, allocates.
 * Return:  CPUSLAB_OK; -CPUSLAB_EINVAL for no domain or unknown flags;
 *          -CPUSLAB_ENOMEM; -CPUSLAB_EAGAIN without free file descriptors;
 *          -CPUSLAB_EACCES or -CPUSLAB_ENOSYS if the system allows no timer.
 */
CPUSLAB_API int
cpuslab_hotplug_create(struct cpuslab_hotplug **hotplug,
		       struct cpuslab_domain *domain,
		       const struct cpuslab_hotplug_config *config);

/**
 * cpuslab_hotplug_destroy() - stop its thread, if any, and free it.
 * @hotplug: NULL is allowed.
 *
 * CPUs that were prepared and do not run yet are undone.
 *
 * Context: may sleep; waits for callbacks that the thread makes; not from
 *          inside a client's callback.
 */
CPUSLAB_API void cpuslab_hotplug_destroy(struct cpuslab_hotplug *hotplug);

/**
 * cpuslab_hotplug_fd() - what to poll for input.
 *
 * Never read from it, and do not close it.
 *
 * Context: any.
 * Return:  a descriptor, or -CPUSLAB_EINVAL for NULL.
 */
CPUSLAB_API int cpuslab_hotplug_fd(const struct cpuslab_hotplug *hotplug);

/**
 * cpuslab_hotplug_dispatch() - do what there is to do.
 *
 * Never waits for an event. Takes a bounded number of messages; while more are
 * there the descriptor stays readable.
 *
 * Context: may sleep, allocates; runs the callbacks of the domain's clients.
 * Return:  CPUSLAB_OK, also if there was nothing to do; the first refusal of
 *          the domain, which is tried again at the next turn of the timer;
 *          -CPUSLAB_EBUSY while its own thread runs; -CPUSLAB_EINVAL for NULL
 *          or in a child of the process that created it.
 */
CPUSLAB_API int cpuslab_hotplug_dispatch(struct cpuslab_hotplug *hotplug);

/**
 * cpuslab_hotplug_start() - dispatch from a thread of its own.
 *
 * The thread is named "cpuslab", blocks all signals, has the caller's affinity
 * and runs until cpuslab_hotplug_destroy().
 *
 * Context: may sleep, allocates.
 * Return:  CPUSLAB_OK; -CPUSLAB_EBUSY if it was started before;
 *          -CPUSLAB_EAGAIN without resources for a thread; -CPUSLAB_EINVAL as
 *          cpuslab_hotplug_dispatch().
 */
CPUSLAB_API int cpuslab_hotplug_start(struct cpuslab_hotplug *hotplug);

/**
 * cpuslab_hotplug_stats_get() - read the counts.
 * Context: any.
 */
CPUSLAB_API void
cpuslab_hotplug_stats_get(const struct cpuslab_hotplug *hotplug,
			  struct cpuslab_hotplug_stats *stats);

/**
 * cpuslab_hotplug_check() - test the invariants.
 * Context: any, while its thread was not started.
 * Return:  CPUSLAB_OK, -CPUSLAB_EINVAL, or -CPUSLAB_EBUSY with a thread.
 */
CPUSLAB_API int cpuslab_hotplug_check(const struct cpuslab_hotplug *hotplug);

CPUSLAB_END

#endif /* CPUSLAB_HOTPLUG_H */
