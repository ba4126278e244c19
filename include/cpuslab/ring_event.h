/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_RING_EVENT_H
#define CPUSLAB_RING_EVENT_H
/*
 * ring_event.h - the events that a driver reports to a process that maps its
 * rings, for the driver (cpuslab/ring_file.h) and the process
 * (cpuslab/ring_map.h).
 */

#include <cpuslab/base.h>

enum { /* state of a CPU's ring */
	/* It exists, and can be mapped. Without this: unmap it. */
	CPUSLAB_RING_PRESENT = 1u << 0,
	/*
	 * The CPU is online. When this is no longer set it appends no more, but
	 * its ring stays until all records were consumed. A CPU that comes
	 * online appends before it is set. Never set for the shared ring.
	 */
	CPUSLAB_RING_ONLINE = 1u << 1,
};

/* The state of a CPU's ring. */
struct cpuslab_ring_event {
	uint64_t offset;     /* where to map this generation, in bytes */
	uint64_t bytes;      /* of the ring */
	uint64_t generation; /* if it differs, another ring: map it again */
	uint32_t cpu;        /* a CPU number, or CPUSLAB_SHARED */
	uint32_t state;      /* CPUSLAB_RING_* */
};

CPUSLAB_STATIC_ASSERT(sizeof(struct cpuslab_ring_event) == 32,
		      "the same for each compiler");

#endif /* CPUSLAB_RING_EVENT_H */
