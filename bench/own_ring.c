/* SPDX-License-Identifier: MIT */
/*
 * own_ring.c - the bodies for cpuslab's ring.
 */
#include "platform.h"

#include <stdlib.h>

#include "rings.h"

struct own_ring {
	struct rings rings;
	struct cpuslab_ring ring; /* its fields are loaded for each append */
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	uint32_t here; /* the CPU of producer 0 */
};

static void own_ring_create(struct own_ring *work, uint32_t flags)
{
	work->domain = platform_domain_real();
	work->slab = platform_slab(work->domain);
	work->here = measure_nth(0);
	if (cpuslab_ring_init(&work->ring, work->slab, work->rings.bytes,
			      flags))
		measure_die("setup", "cannot create a ring");
}

static void own_ring_init(struct own_ring *work)
{
	own_ring_create(work, 0);
}

static void own_ring_fini(struct own_ring *work)
{
	cpuslab_ring_fini(&work->ring);
	cpuslab_slab_destroy(work->slab);
	cpuslab_domain_destroy(work->domain);
}

RINGS_INLINE bool own_ring_push(struct own_ring *work, uint32_t producer,
				struct rings_record *record)
{
	(void)producer;
	return !cpuslab_ring_append(&work->ring, record, sizeof(*record));
}

static void own_ring_pull_cpu(struct own_ring *work, uint32_t cpu)
{
	struct cpuslab_ring_view view;
	uint64_t at, end, count = 0, sum = 0;
	const void *data;
	uint32_t bytes;

	if (cpuslab_ring_view_init(&view, &work->ring, cpu))
		return;
	at = cpuslab_ring_consumed(&view);
	end = cpuslab_ring_tail(&view);
	while (cpuslab_ring_next(&view, &at, end, &data, &bytes)) {
		if (bytes != sizeof(struct rings_record))
			break;
		sum += rings_sum(data);
		count++;
	}
	cpuslab_ring_consume(&view, at);
	rings_pulled(&work->rings, count, sum);
}

/* All CPUs' if each has a producer; without one the shared ring is empty. */
static void own_ring_pull(struct rings *rings)
{
	struct own_ring *work = (struct own_ring *)rings;
	const struct cpuslab_percpu *handle = &work->ring.handle;
	uint32_t cpu;

	cpuslab_read_enter();
	if (rings->producers == 1) {
		own_ring_pull_cpu(work, work->here);
	} else {
		own_ring_pull_cpu(work, CPUSLAB_SHARED);
		for (cpu = cpuslab_remote_next(handle, 0);
		     cpu != CPUSLAB_NO_CPU;
		     cpu = cpuslab_remote_next(handle, cpu + 1))
			own_ring_pull_cpu(work, cpu);
	}
	cpuslab_read_exit();
}

#define RINGS(name) own_ring_##name
#define RINGS_NAME "cpuslab"
#define RINGS_WORK own_ring
#include "rings_loops.h"
