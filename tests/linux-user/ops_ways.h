/* SPDX-License-Identifier: MIT */
/*
 * ops_ways.h - each way in which an operation finds its copy: by CPU number or
 * concurrency id; inline or in the slow path; in a region or through a
 * directory; and where there is none.
 */
#ifndef TESTS_LINUX_USER_OPS_WAYS_H
#define TESTS_LINUX_USER_OPS_WAYS_H

#include "ops/portable_trial.h"
#include "ops/unit_unsafe.h"
#include "private.h"
#include "torture/torture.h"

#define OPS_NAME(name) ops_cpu_##name
#define OPS_PORT(name) cpuslab_port_##name
#define OPS_HANDLE struct cpuslab_percpu
#define OPS_COPIES(handle) (handle)
#include "ops/portable_perform.h"

#if CPUSLAB__HAVE_RSEQ
#undef OPS_NAME
#undef OPS_PORT
#undef OPS_HANDLE
#undef OPS_COPIES
#define OPS_NAME(name) ops_cid_##name
#define OPS_PORT(name) cpuslab_port_percid_##name
#define OPS_HANDLE struct cpuslab_percid
#define OPS_COPIES(handle) (&(handle)->copies)
#include "ops/portable_perform.h"
#endif

struct ops_way {
	const char *name;
	bool by_cid, inline_cid, directory, dead;
	struct cpuslab_slab *slab;
	struct cpuslab_percpu unsafe; /* where it is dead */
	struct cpuslab_percid handle; /* its copies are the plain handle */
};

static struct ops_way ops_ways[] = {
	{ .name = "CPU number" },
	{ .name = "CPU number, no copy", .dead = true },
	{ .name = "CPU number, no region", .directory = true },
	{ .name = "CPU number, no region, no copy",
	  .directory = true,
	  .dead = true },
	{ .name = "id", .by_cid = true, .inline_cid = true },
	{ .name = "id, no copy",
	  .by_cid = true,
	  .inline_cid = true,
	  .dead = true },
	{ .name = "id, out of line", .by_cid = true },
	{ .name = "id, no region", .by_cid = true, .directory = true },
};
#define OPS_WAYS (sizeof(ops_ways) / sizeof(ops_ways[0]))

/* Do inline operations by id find copies? Not before Linux 6.3. */
static bool ops_way_is_inline(const struct ops_way *way)
{
	return way->inline_cid && way->handle.live;
}

static struct cpuslab_domain *ops_domain; /* with all CPUs that run */
static struct cpuslab_domain *ops_empty;  /* without those in use here */
static uint32_t ops_cpus[2], ops_cpu_count;

static const struct cpuslab_type ops_area = {
	.name = "area",
	.size = OPS_AREA,
	.align = 16,
	.counters = OPS_FRONT / 8,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static void ops_way_begin(struct ops_way *way)
{
	const struct cpuslab_slab_config config = {
		.flags = way->by_cid ? CPUSLAB_SLAB_PERCID : 0,
	};
	uint32_t i;

	cpuslab__region_refused = way->directory;
	TORTURE_OK(cpuslab_slab_create(
		&way->slab, way->dead ? ops_empty : ops_domain, &config));
	if (way->dead)
		TORTURE_OK(cpuslab_alloc(way->slab, &ops_unsafe, &way->unsafe));
	if (way->by_cid)
		TORTURE_OK(cpuslab_percid_alloc(way->slab, &ops_area,
						&way->handle));
	else
		TORTURE_OK(cpuslab_alloc(way->slab, &ops_area,
					 &way->handle.copies));
	cpuslab__region_refused = false;
	for (i = 0; i < 2 * ops_cpu_count; i++) {
		TORTURE_CHECK(torture_pin(ops_cpus[i % ops_cpu_count]));
		TORTURE_OK(cpuslab_add(&way->handle.copies, 0, 1));
	}
}

static void ops_way_end(struct ops_way *way)
{
	TORTURE_OK(cpuslab_slab_check(way->slab));
	if (way->dead)
		cpuslab_free(way->slab, &way->unsafe);
	cpuslab_free(way->slab, &way->handle.copies);
	cpuslab_slab_destroy(way->slab);
}

static void ops_ways_begin(void)
{
	uint32_t i;

	ops_cpu_count = torture_cpus(ops_cpus, 2);
	TORTURE_OK(cpuslab_domain_create(&ops_domain, NULL));
	TORTURE_OK(cpuslab_domain_create(&ops_empty, NULL));
	for (i = 0; i < ops_cpu_count; i++)
		TORTURE_OK(cpuslab_domain_remove(ops_empty, ops_cpus[i]));
	for (i = 0; i < OPS_WAYS; i++)
		ops_way_begin(&ops_ways[i]);
}

static void ops_ways_end(void)
{
	uint32_t i;

	for (i = 0; i < OPS_WAYS; i++)
		ops_way_end(&ops_ways[i]);
	cpuslab_domain_destroy(ops_empty);
	cpuslab_domain_destroy(ops_domain);
}

#endif /* TESTS_LINUX_USER_OPS_WAYS_H */
