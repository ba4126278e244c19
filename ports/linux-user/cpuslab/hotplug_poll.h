/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_HOTPLUG_POLL_H
#define CPUSLAB_HOTPLUG_POLL_H
/*
 * hotplug_poll.h - a hotplug in an event loop of your own, without a thread.
 *
 *	const struct cpuslab_hotplug_config config = {
 *		.size = sizeof(config),
 *		.flags = CPUSLAB_HOTPLUG_NO_THREAD,
 *	};
 *
 *	kernel uevents --.                        .-- add_start, add_failure
 *	timer -----------+-- fd -- dispatch ------+-- add_complete
 *	poke ------------'                        '-- resync
 *
 * Poll cpuslab_hotplug_fd() for input, then call cpuslab_hotplug_dispatch().
 * The first dispatch has work at once: what changed since the domain was made.
 *
 * An event only says when to look; the scheduler and /sys say which CPUs there
 * are. A CPU that is plugged in is prepared (add_start) before it runs, and
 * that is undone (add_failure) if it is removed again without having run.
 *
 * Not for a hotplug with a thread, which dispatches itself.
 */

#include <cpuslab/hotplug.h>

CPUSLAB_BEGIN

/**
 * cpuslab_hotplug_fd() - what to poll for input.
 * @hotplug: from cpuslab_hotplug_create().
 *
 * Never read from it, and do not close it.
 *
 * Context: any.
 * Return:  a descriptor, or -CPUSLAB_EINVAL for NULL.
 */
CPUSLAB_API int cpuslab_hotplug_fd(const struct cpuslab_hotplug *hotplug);

/**
 * cpuslab_hotplug_dispatch() - handle what has arrived.
 * @hotplug: from cpuslab_hotplug_create().
 *
 * Never waits for an event. Takes a bounded number of messages; while others
 * remain the descriptor stays readable.
 *
 * Context: may sleep, allocates; runs the callbacks of the domain's clients.
 * Return:  CPUSLAB_OK, also if nothing had arrived; the first refusal by the
 *          domain, which is tried again when the timer expires; -CPUSLAB_EBUSY
 *          if the hotplug has a thread; -CPUSLAB_EINVAL for NULL, or in a child
 *          of the process that created it.
 */
CPUSLAB_API int cpuslab_hotplug_dispatch(struct cpuslab_hotplug *hotplug);

CPUSLAB_END

/*
 * Synchronization:
 *   fd         any thread, concurrently with everything but destroy
 *   dispatch   one thread at a time; the caller also excludes check and destroy
 */

#endif /* CPUSLAB_HOTPLUG_POLL_H */
