/* SPDX-License-Identifier: MIT */
/*
 * change.c - how long it takes to add and to remove a CPU.
 *
 *	change/add	add_start and add_complete: until the CPU is admitted
 *	change/remove	remove: until the call returns
 *	change/return	remove: until the memory of the CPU is free
 *
 * One slab has 64 objects with initial contents. Each change is timed alone.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "platform.h"

#include <sched.h>
#include <stdlib.h>

#include "lists.h"

#define CHANGE_OBJECTS 64u

struct change {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_percpu handles[CHANGE_OBJECTS];
	uint32_t other;
	uint64_t count;
};

static const char *change_unfit(const struct bench_run *run)
{
	(void)run;
	return measure_cpus() < 2 ? "needs two CPUs" : NULL;
}

static const char *change_return_unfit(const struct bench_run *run)
{
	return cpuslab_port_uses_atomics() ?
		       "atomic mode: blocks are retained until a trim" :
		       change_unfit(run);
}

static void *change_setup(struct bench_run *run)
{
	struct change *change = calloc(1, sizeof(*change));
	uint32_t i;

	(void)run;
	if (!change)
		measure_die("change", "no memory");
	change->domain = platform_domain_real();
	change->slab = platform_slab(change->domain);
	change->other = measure_nth(1);
	for (i = 0; i < CHANGE_OBJECTS; i++)
		if (cpuslab_alloc(change->slab, &platform_template,
				  &change->handles[i]))
			measure_die("change", "no object");
	return change;
}

static void change_teardown(void *arg)
{
	struct change *change = arg;
	uint32_t i;

	for (i = 0; i < CHANGE_OBJECTS; i++)
		cpuslab_free(change->slab, &change->handles[i]);
	cpuslab_slab_destroy(change->slab);
	cpuslab_domain_destroy(change->domain);
	free(change);
}

static uint64_t change_count(void *arg)
{
	return ((struct change *)arg)->count;
}

static void change_refused(int err)
{
	if (err)
		measure_die("change", cpuslab_strerror(err));
}

/* Wait until the system has the memory of its blocks back. */
static void change_wait(struct change *change)
{
	struct cpuslab_stats stats;

	do {
		sched_yield();
		cpuslab_stats_get(change->slab, &stats);
	} while (stats.draining);
}

static void change_remove_all(void *arg, uint64_t n)
{
	struct change *change = arg;

	(void)n;
	change_refused(cpuslab_domain_remove(change->domain, change->other));
	if (cpuslab_port_uses_atomics())
		cpuslab_domain_trim(change->domain, CPUSLAB_TRIM_QUIESCENT);
	change_wait(change);
}

static void change_add_all(void *arg, uint64_t n)
{
	struct change *change = arg;

	(void)n;
	change_refused(
		cpuslab_domain_add_complete(change->domain, change->other));
}

static void change_add(void *arg, uint64_t n)
{
	struct change *change = arg;
	struct cpuslab_stats stats;

	(void)n;
	change_refused(cpuslab_domain_add_start(change->domain, change->other));
	change_add_all(change, 1);
	cpuslab_stats_get(change->slab, &stats);
	change->count += stats.in_use == measure_cpus() &&
			 cpuslab_port_cpu_limit() == stats.limit;
}

static void change_remove(void *arg, uint64_t n)
{
	struct change *change = arg;

	(void)n;
	change_refused(cpuslab_domain_remove(change->domain, change->other));
	change->count++;
}

static void change_remove_after(void *arg, uint64_t n)
{
	change_wait(arg);
	change_add_all(arg, n);
}

/* Proof that the memory was freed: fewer bytes are committed. */
static void change_return(void *arg, uint64_t n)
{
	struct change *change = arg;
	struct cpuslab_stats before, after;

	(void)n;
	cpuslab_stats_get(change->slab, &before);
	change_refused(cpuslab_domain_remove(change->domain, change->other));
	change_wait(change);
	cpuslab_stats_get(change->slab, &after);
	change->count += after.committed_bytes < before.committed_bytes;
}

#define CHANGE_BODY(name_, unfit_, ...)                                        \
	{                                                                      \
		.how = { .name = name_,                                        \
			 .count = change_count,                                \
			 .most = 1,                                            \
			 __VA_ARGS__ },                                        \
		.flags = BENCH_SPREAD, .unfit = unfit_, .setup = change_setup, \
		.teardown = change_teardown                                    \
	}

const struct bench_body change_bodies[] = {
	CHANGE_BODY("change/add", change_unfit, .before = change_remove_all,
		    .run = change_add),
	CHANGE_BODY("change/remove", change_return_unfit, .run = change_remove,
		    .after = change_remove_after),
	CHANGE_BODY("change/return", change_return_unfit, .run = change_return,
		    .after = change_add_all),
	{ .how = { .name = NULL } },
};
