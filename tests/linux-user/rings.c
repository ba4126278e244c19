/* SPDX-License-Identifier: MIT */
/*
 * rings.c - records are in the ring of the CPU that appended them, also where
 * the append is out of line: to a ring of more than 1 MiB, and where blocks are
 * in no region.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <cpuslab/cpuslab.h>

#include "private.h"
#include "torture/torture.h"

#define RINGS_RECORDS 100u

static uint64_t rings_records(const struct cpuslab_ring *ring, uint32_t cpu)
{
	struct cpuslab_ring_view view;
	uint64_t at, end, records = 0;
	const void *data;
	uint32_t bytes;

	cpuslab_read_enter();
	TORTURE_OK(cpuslab_ring_view_init(&view, ring, cpu));
	end = cpuslab_ring_tail(&view);
	at = cpuslab_ring_consumed(&view);
	for (; cpuslab_ring_next(&view, &at, end, &data, &bytes); records++)
		TORTURE_CHECK(bytes == 6 && !memcmp(data, "record", 6));
	cpuslab_ring_consume(&view, at);
	cpuslab_read_exit();
	return records;
}

static void rings_append(struct cpuslab_slab *slab, uint32_t cpu,
			 uint64_t bytes, uint32_t flags)
{
	struct cpuslab_ring ring;
	uint32_t i;

	TORTURE_OK(cpuslab_ring_init(&ring, slab, bytes, flags));
	for (i = 0; i < RINGS_RECORDS; i++)
		TORTURE_OK(cpuslab_ring_append(&ring, "record", 6));
	TORTURE_CHECK(rings_records(&ring, cpu) == RINGS_RECORDS);
	TORTURE_CHECK(rings_records(&ring, CPUSLAB_SHARED) == 0);
	cpuslab_ring_fini(&ring);
}

static void rings_test(uint32_t cpu)
{
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	uint64_t bytes;

	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	for (bytes = 512u << 10; bytes <= 4u << 20; bytes *= 2) {
		rings_append(slab, cpu, bytes, 0);
		rings_append(slab, cpu, bytes, CPUSLAB_RING_OVERWRITE);
	}
	TORTURE_OK(cpuslab_slab_check(slab));
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

int main(int argc, char **argv)
{
	uint32_t cpu;

	torture_begin(argc, argv, "Records are in the ring of their CPU.");
	TORTURE_CHECK(torture_cpus(&cpu, 1) == 1);
	TORTURE_CHECK(torture_pin(cpu));
	rings_test(cpu);
	cpuslab__region_refused = true;
	rings_test(cpu);
	return torture_end();
}
