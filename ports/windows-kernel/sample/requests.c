/* SPDX-License-Identifier: MIT */
#define NT_PROCESSOR_GROUPS /* resources name their group */

#include "requests.h"

#include <cpuslab/rebalance.h>

/* u.Interrupt of a requirement; mingw-w64's wdm.h has its first two members. */
#if defined(__MINGW32__)
struct __attribute__((may_alias)) requests_interrupt {
	ULONG MinimumVector;
	ULONG MaximumVector;
	USHORT AffinityPolicy;
	USHORT Group;
	ULONG PriorityPolicy;
	KAFFINITY TargetedProcessors;
};
#define REQUESTS_INTERRUPT(one) ((struct requests_interrupt *)&(one)->u)
#else
#define REQUESTS_INTERRUPT(one) (&(one)->u.Interrupt)
#endif

void sample_requests_init(struct sample_requests *requests,
			  struct cpuslab_domain *domain, USHORT group)
{
	requests->domain = domain;
	requests->group = group;
	requests->message = group;
	requests->any = false;
}

void sample_requests_add(struct sample_requests *requests,
			 IO_RESOURCE_DESCRIPTOR *one)
{
	const bool message = one->Flags & CM_RESOURCE_INTERRUPT_MESSAGE;
	const bool another = !(one->Option & IO_RESOURCE_ALTERNATIVE);
	const struct cpuslab_cpumask *set;
	KAFFINITY targets;
	USHORT group;

	if (one->Type != CmResourceTypeInterrupt)
		return;
	/* Paged memory, and so the descriptor, is not accessed meanwhile. */
	set = cpuslab_cpumask_get(requests->domain);
	if (message && another && requests->any)
		requests->message =
			cpuslab_rebalance_next_group(set, requests->message);
	requests->any |= message;
	group = message ? requests->message : requests->group;
	targets = cpuslab_rebalance_mask(set, group);
	cpuslab_cpumask_put(set);
	if (!targets)
		return;
	REQUESTS_INTERRUPT(one)->AffinityPolicy = IrqPolicySpecifiedProcessors;
	REQUESTS_INTERRUPT(one)->Group = group;
	REQUESTS_INTERRUPT(one)->TargetedProcessors = targets;
}
