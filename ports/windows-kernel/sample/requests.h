/* SPDX-License-Identifier: MIT */
/*
 * requests.h - request the processors that are online for interrupts.
 *
 * A driver does that when PnP filters the requirements of its device. PnP sends
 * that IRP when it first configures the device, and might send it when it
 * rebalances. A driver that must be asked after an add calls
 * IoInvalidateDeviceState() in steer() and answers
 * IRP_MN_QUERY_PNP_DEVICE_STATE with PNP_DEVICE_RESOURCE_REQUIREMENTS_CHANGED.
 * PnP then stops and starts the device, so this sample leaves that to drivers
 * whose interrupts need the new processors.
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
 * requested is replaced, and so is an affinity policy that an administrator has
 * set for the device.
 *
 * PASSIVE_LEVEL: requirements are in paged memory.
 */
void sample_requests_add(struct sample_requests *requests,
			 IO_RESOURCE_DESCRIPTOR *one);

#endif /* CPUSLAB_SAMPLE_REQUESTS_H */
