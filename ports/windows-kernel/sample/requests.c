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
	requests->cpu = CPUSLAB_NO_CPU; /* before the first */
	requests->group = group;
}

/* Go on to the processor of the next message. */
static void requests_next(struct sample_requests *requests,
			  const struct cpuslab_cpumask *set)
{
	requests->cpu = cpuslab_cpumask_next(set, requests->cpu + 1);
	if (requests->cpu == CPUSLAB_NO_CPU)
		requests->cpu = cpuslab_cpumask_next(set, 0);
}

void sample_requests_add(struct sample_requests *requests,
			 IO_RESOURCE_DESCRIPTOR *one)
{
	const bool message = one->Flags & CM_RESOURCE_INTERRUPT_MESSAGE;
	const bool another = !(one->Option & IO_RESOURCE_ALTERNATIVE);
	PROCESSOR_NUMBER number = { 0 };
	const struct cpuslab_cpumask *set;
	KAFFINITY targets = 0;

	if (one->Type != CmResourceTypeInterrupt)
		return;
	/* Paged memory, and so the descriptor, is not accessed meanwhile. */
	set = cpuslab_cpumask_get(requests->domain);
	if (another && message)
		requests_next(requests, set);
	if (!message) {
		number.Group = requests->group;
		targets = cpuslab_rebalance_mask(set, number.Group);
	} else if (NT_SUCCESS(KeGetProcessorNumberFromIndex(requests->cpu,
							    &number))) {
		targets = (KAFFINITY)1 << number.Number;
	}
	cpuslab_cpumask_put(set);
	if (!targets)
		return;
	REQUESTS_INTERRUPT(one)->AffinityPolicy = IrqPolicySpecifiedProcessors;
	REQUESTS_INTERRUPT(one)->Group = number.Group;
	REQUESTS_INTERRUPT(one)->TargetedProcessors = targets;
}
