/* SPDX-License-Identifier: MIT */
/*
 * requests.h - request the processors that are online for interrupts.
 *
 * A driver does that when PnP filters the requirements of its device, which it
 * does before each start: so a rebalance after an add assigns the new one.
 */
#ifndef CPUSLAB_SAMPLE_REQUESTS_H
#define CPUSLAB_SAMPLE_REQUESTS_H

#include <ntddk.h>

#include <cpuslab/cpuslab.h>

/* For one list of requirements, whose descriptors come in order. */
struct sample_requests {
	struct cpuslab_domain *domain;
	USHORT group;   /* of the device: of lines, and the first message */
	USHORT message; /* the group of the last message */
	bool any;       /* has there been a message? */
};

void sample_requests_init(struct sample_requests *requests,
			  struct cpuslab_domain *domain, USHORT group);

/*
 * Make an interrupt request all processors of a group that are online, and
 * leave anything else as it is. Messages take turns with the groups; an
 * alternative gets the group of what it replaces. What an earlier call has
 * requested is replaced.
 *
 * PASSIVE_LEVEL: requirements are in paged memory.
 */
void sample_requests_add(struct sample_requests *requests,
			 IO_RESOURCE_DESCRIPTOR *one);

#endif /* CPUSLAB_SAMPLE_REQUESTS_H */
