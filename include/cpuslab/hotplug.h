/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_HOTPLUG_H
#define CPUSLAB_HOTPLUG_H
/*
 * hotplug.h - a domain that follows the CPUs of the system.
 *
 *	port             source of events      calls of the domain
 *	linux-kernel     cpuhp states          start, complete, failure, remove
 *	windows-kernel   change callback       start, complete, failure
 *	linux-user       uevents, timer        start, complete, failure, resync
 *	windows-user     notices, timer        resync
 *
 * A kernel announces each CPU before it runs. So its block exists when the
 * first operation comes, and a client, or lack of memory, can refuse the CPU.
 *
 * In userspace an event only says when to look, and slabs are correct without
 * a hotplug: the first operation on a CPU admits it. With a hotplug that slow
 * path is rare, and the memory of CPUs that went offline comes back early. The
 * timer is for changes that send no event: affinity, cpusets, job objects,
 * suspend.
 *
 *	const struct cpuslab_domain_config config = {
 *		.size = sizeof(config),
 *		.name = "mydriver",
 *		.flags = CPUSLAB_HOTPLUG_DOMAIN_FLAGS,
 *	};
 *
 *	err = cpuslab_domain_create(&domain, &config);
 *	err = cpuslab_hotplug_create(&hotplug, domain, NULL);
 *	err = cpuslab_slab_create(&slab, domain, NULL);
 *	...
 *	cpuslab_slab_destroy(slab);
 *	cpuslab_hotplug_destroy(hotplug);
 *	cpuslab_domain_destroy(domain);
 *
 * Slabs may also be created before the hotplug and destroyed after it.
 *
 * Fork: a hotplug works in the process that created it. A child may only
 * destroy its copy, which has no effect on the parent, and create another. A
 * child that has closed all descriptors, as a daemon does, must not destroy it:
 * their numbers may belong to other files by then.
 *
 * Not for port sim, which has no hotplug: a test calls the domain itself.
 */

#include <cpuslab/domain.h>

CPUSLAB_BEGIN

struct cpuslab_hotplug;

#define CPUSLAB_HOTPLUG_RESCAN_MS 1000u /* the default */

/*
 * The flags that a domain needs for a hotplug. In a kernel it starts empty and
 * learns of each CPU from the hotplug, admits a CPU before any thread can run
 * there, and retains blocks, so that a CPU returns without an allocation.
 */
#define CPUSLAB_HOTPLUG_DOMAIN_FLAGS                                           \
	(CPUSLAB_PORT_ANNOUNCES ?                                              \
		 CPUSLAB_DOMAIN_START_EMPTY | CPUSLAB_DOMAIN_RETAIN |          \
			 CPUSLAB_DOMAIN_ADMIT_EARLY :                          \
		 0u)

enum {
	/* Userspace: the timer and pokes alone, without an event source. */
	CPUSLAB_HOTPLUG_NO_EVENTS = 1u << 0,
	/* linux-user: the caller polls; see <cpuslab/hotplug_poll.h>. */
	CPUSLAB_HOTPLUG_NO_THREAD = 1u << 1,
	/*
	 * Kernels: a CPU that the domain refuses comes online nevertheless.
	 * Operations on it use the shared block. Without this flag a refusal
	 * keeps the CPU out of the whole system.
	 */
	CPUSLAB_HOTPLUG_NEVER_REFUSE = 1u << 2,
};

struct cpuslab_hotplug_config {
	size_t size;    /* of this struct; see sized.h */
	uint32_t flags; /* CPUSLAB_HOTPLUG_* */
	/* Userspace: from one comparison to the next; 0: the default. */
	uint32_t rescan_ms;
	/* linux-user: buffer of the event socket; 0: the system's default. */
	uint32_t receive_bytes;
};

/* Counts since creation. A count that the port does not have stays 0. */
struct cpuslab_hotplug_stats {
	size_t size; /* set by the call; see sized.h */
	/* Kernels; linux-user counts CPUs that were plugged in. */
	cpuslab_word starts;    /* CPUs that were prepared before they ran */
	cpuslab_word completes; /* CPUs that then ran */
	cpuslab_word failures;  /* starts that were undone */
	/* Kernels. */
	cpuslab_word removals; /* linux-kernel: CPUs that went offline */
	cpuslab_word refusals; /* CPUs that the system was asked not to add */
	/* Userspace. */
	cpuslab_word events;  /* that concerned CPUs; and pokes */
	cpuslab_word lost;    /* linux-user: times that messages were dropped */
	cpuslab_word rescans; /* comparisons of the domain with the system */
	/*
	 * linux-user: messages that did not concern CPUs, or came from another
	 * sender than the kernel. windows-kernel: calls that were repeated, of
	 * an unknown kind, or for a CPU that is not starting.
	 */
	cpuslab_word ignored;
	cpuslab_word errors; /* calls that the domain refused */
	int last_error;      /* the result of the last of them, or CPUSLAB_OK */
	/*
	 * Is there an event source? Always in a kernel. A container may have
	 * one on which nothing arrives.
	 */
	bool has_events;
};

/**
 * cpuslab_hotplug_create() - have a domain follow the system.
 * @hotplug: set to NULL on a failure. All other calls accept NULL, and do
 *           nothing.
 * @domain:  made with CPUSLAB_HOTPLUG_DOMAIN_FLAGS; outlives the hotplug.
 * @config:  NULL for the defaults. What does not apply to the port is ignored,
 *           except flags.
 *
 * In a kernel every CPU that is online is in the domain when this returns, but
 * for those refused under CPUSLAB_HOTPLUG_NEVER_REFUSE; a CPU at or beyond the
 * domain's limit is refused like any other. On an error the domain follows
 * nothing and is as it was.
 *
 * In userspace a thread follows the system. On Linux it is named
 * "cpuslab/hotplug", has the default scheduling policy, may run where the
 * process may, and blocks all signals that it does not cause itself; on Windows
 * it has compared the domain once when this returns. Where events are not
 * permitted it has the timer only; see has_events.
 *
 * Context: may sleep, allocates. Windows: PASSIVE_LEVEL. Linux kernel: takes
 *          the hotplug lock, so neither in a cpuhp callback nor under
 *          cpus_read_lock().
 * Return:  CPUSLAB_OK; -CPUSLAB_EINVAL for no domain, for flags that the port
 *          does not know, or, after a line in the log, for a domain without
 *          CPUSLAB_HOTPLUG_DOMAIN_FLAGS; -CPUSLAB_ENOMEM; -CPUSLAB_EBUSY in a
 *          callback of the domain;
 *          kernels: the first refusal by a client;
 *          linux-kernel: -EOPNOTSUPP on a machine without a compare-and-swap of
 *          16 bytes, -ENOSPC without a free dynamic cpuhp state;
 *          windows-kernel: -CPUSLAB_ENOSYS if the system refuses to register;
 *          userspace: -CPUSLAB_EAGAIN if no thread can start, as in DllMain on
 *          Windows, or, on Linux, without free descriptors;
 *          linux-user: -CPUSLAB_EACCES or -CPUSLAB_ENOSYS without a timer.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_PASSIVE int cpuslab_hotplug_create(
	CPUSLAB_OUTPTR struct cpuslab_hotplug **hotplug,
	CPUSLAB_INOUT struct cpuslab_domain *domain,
	CPUSLAB_IN_OPT const struct cpuslab_hotplug_config *config);

/**
 * cpuslab_hotplug_destroy() - stop following.
 * @hotplug: NULL is allowed.
 *
 * No callback is in progress when this returns. CPUs that were started and do
 * not run yet are undone. In the Linux kernel the domain is closed first:
 * a client or slab that registers from then on is refused, -ESHUTDOWN.
 *
 * Context: as cpuslab_hotplug_create(), but in a callback it fails an
 *          assertion; release builds log that and go on following.
 */
CPUSLAB_API CPUSLAB_PASSIVE void
cpuslab_hotplug_destroy(CPUSLAB_INOUT_OPT struct cpuslab_hotplug *hotplug);

/**
 * cpuslab_hotplug_poke() - something has changed: look now.
 * @hotplug: from cpuslab_hotplug_create().
 *
 * For programs that learn of a change themselves, such as a Windows service,
 * which gets device notices in its control handler. Has no effect in a kernel,
 * where the system calls the hotplug.
 *
 * Context: any thread; never waits.
 */
CPUSLAB_API CPUSLAB_HIGH void
cpuslab_hotplug_poke(CPUSLAB_INOUT_OPT struct cpuslab_hotplug *hotplug);

/* With stats->size set. */
CPUSLAB_API void
cpuslab__hotplug_stats_fill(const struct cpuslab_hotplug *hotplug,
			    struct cpuslab_hotplug_stats *stats);

/**
 * cpuslab_hotplug_stats_get() - read the counts.
 * @hotplug: from cpuslab_hotplug_create().
 * @stats:   filled.
 *
 * Context: any.
 */
CPUSLAB_INLINE CPUSLAB_HIGH void
cpuslab_hotplug_stats_get(CPUSLAB_IN_OPT const struct cpuslab_hotplug *hotplug,
			  CPUSLAB_OUT struct cpuslab_hotplug_stats *stats)
{
	stats->size = sizeof(*stats);
	cpuslab__hotplug_stats_fill(hotplug, stats);
}

/**
 * cpuslab_hotplug_check() - test the invariants.
 * @hotplug: from cpuslab_hotplug_create().
 *
 * Context: task; no CPU is coming or going, and only the hotplug makes the
 *          domain's calls.
 * Return:  CPUSLAB_OK; -CPUSLAB_EINVAL; -CPUSLAB_EBUSY on linux-user while
 *          its own thread runs.
 */
CPUSLAB_API CPUSLAB_PASSIVE int
cpuslab_hotplug_check(CPUSLAB_IN_OPT const struct cpuslab_hotplug *hotplug);

CPUSLAB_END

/*
 * Synchronization:
 *   poke, stats_get   any thread, concurrently with everything but destroy
 *   destroy, check    the caller excludes each other
 *
 * Lock order: the system's hotplug lock, the domain's, the slab's. In a kernel
 * never call create, destroy, alloc or free with a lock held that a hotplug
 * callback of yours takes.
 */

#endif /* CPUSLAB_HOTPLUG_H */
