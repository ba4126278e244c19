/* SPDX-License-Identifier: MIT */
/*
 * hotplug.h - let a domain follow the processors of a Windows system.
 *
 *	KeRegisterProcessorChangeCallback      domain
 *	  Start     ---------------------->    add_start; a refusal goes back in
 *	                                       *OperationStatus, and nowhere else
 *	  Complete  ---------------------->    add_complete
 *	  Failure   ---------------------->    add_failure, once
 *
 * The context is never written; OperationStatus only in Start, only while it is
 * a success. Nothing is assumed about the thread of a call, about the order of
 * drivers, or about indexes: dense, sequential, groups of 64.
 *
 * A refusal of Start keeps the processor out of the whole system. If your
 * driver can work without a block for it (operations then use the shared
 * block), say so with CPUSLAB_HOTPLUG_NEVER_REFUSE.
 */
#ifndef CPUSLAB_HOTPLUG_H
#define CPUSLAB_HOTPLUG_H

#include <cpuslab/domain.h>
#include <cpuslab/nt.h>

CPUSLAB_BEGIN

struct cpuslab_hotplug;

enum {
	/* A processor without memory is better than no processor. */
	CPUSLAB_HOTPLUG_NEVER_REFUSE = 1u << 0,
};

/* Counts since creation. */
struct cpuslab_hotplug_stats {
	uint64_t starts;    /* processors prepared */
	uint64_t completes; /* of these, running */
	uint64_t failures;  /* of these, undone */
	uint64_t refusals;  /* adds refused through OperationStatus */
	uint64_t ignored;   /* calls for a processor that was not started, or
				 beyond the limit; repeated; unknown states */
	uint64_t errors;    /* calls that the domain could not do */
	int last_error;     /* what it said, or CPUSLAB_OK */
};

/**
 * cpuslab_hotplug_create() - register for changes, and show @domain the
 * processors that exist.
 * @domain: outlives the hotplug; made with CPUSLAB_KERNEL_DOMAIN_FLAGS.
 * @flags:  CPUSLAB_HOTPLUG_*.
 *
 * Whether it worked is judged by what the registration returned, by what the
 * callback saw, and by the domain: on CPUSLAB_OK every active processor is in
 * it. Otherwise nothing is registered and the domain is as it was.
 *
 * Context: PASSIVE_LEVEL.
 * Return:  CPUSLAB_OK; the first refusal; -CPUSLAB_ENOMEM; -CPUSLAB_ENOSYS if
 *          the system would not register; -CPUSLAB_EINVAL for no domain or
 *          unknown flags.
 */
_IRQL_requires_max_(PASSIVE_LEVEL) _Must_inspect_result_ CPUSLAB_API
	int cpuslab_hotplug_create(_Outptr_ struct cpuslab_hotplug **hotplug,
				   _In_ struct cpuslab_domain *domain,
				   uint32_t flags);

/**
 * cpuslab_hotplug_destroy() - deregister, and wait for calls in flight.
 * @hotplug: NULL is allowed.
 *
 * Processors that were started and not completed are undone.
 *
 * Context: PASSIVE_LEVEL; not from inside a client's callback.
 */
_IRQL_requires_max_(PASSIVE_LEVEL) CPUSLAB_API
	void cpuslab_hotplug_destroy(_In_opt_ struct cpuslab_hotplug *hotplug);

/**
 * cpuslab_hotplug_stats_get() - read the counts.
 * Context: any.
 */
CPUSLAB_API void
cpuslab_hotplug_stats_get(_In_ const struct cpuslab_hotplug *hotplug,
			  _Out_ struct cpuslab_hotplug_stats *stats);

CPUSLAB_END

#endif /* CPUSLAB_HOTPLUG_H */
