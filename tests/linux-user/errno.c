/* SPDX-License-Identifier: MIT */
/*
 * errno.c - operations, sums and reads keep errno, whatever the system calls
 * and callbacks of an admission do to it: with locked memory, where
 * MADV_DONTNEED fails, with and without a region, and with callbacks that set
 * it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#include "private.h"
#include "torture/torture.h"

#define ERRNO_SET 4711
/* Longer than what is cleared by giving pages back. */
#define ERRNO_LARGE ((size_t)128 << 10)

#define ERRNO_KEPT(call)                                                       \
	do {                                                                   \
		errno = ERRNO_SET;                                             \
		if (call) {                                                    \
		}                                                              \
		TORTURE_IS(errno, ERRNO_SET);                                  \
	} while (0)

static bool errno_refuse;

static int errno_ctor(void *object, uint32_t cpu, void *arg)
{
	memset(object, 1, ERRNO_LARGE);
	(void)cpu;
	(void)arg;
	errno = ENOMEM;
	return errno_refuse ? -CPUSLAB_ENOMEM : CPUSLAB_OK;
}

static void errno_dtor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	(void)arg;
	errno = EBADF;
}

static const struct cpuslab_type errno_made = {
	.name = "sets errno",
	.size = ERRNO_LARGE,
	.ctor = errno_ctor,
	.dtor = errno_dtor,
	.flags = CPUSLAB_TYPE_SIGNAL_SAFE | CPUSLAB_TYPE_DISCARD,
};

/* One of each. */
struct errno_all {
	struct cpuslab_counter counter;
	struct cpuslab_gauge gauge;
	struct cpuslab_histogram histogram;
	struct cpuslab_approx approx;
	struct cpuslab_stack stack;
	struct cpuslab_log log;
	struct cpuslab_ring ring;
	struct cpuslab_refcount refcount;
	struct cpuslab_percpu pair;
};

static const struct cpuslab_type errno_pair = {
	.name = "pair",
	.size = 16,
	.align = 16,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static void errno_init(struct errno_all *all, struct cpuslab_slab *slab)
{
	TORTURE_OK(cpuslab_counter_init(&all->counter, slab));
	TORTURE_OK(cpuslab_gauge_init(&all->gauge, slab));
	TORTURE_OK(cpuslab_histogram_init(&all->histogram, slab, 2, 32));
	TORTURE_OK(cpuslab_approx_init(&all->approx, slab, 2));
	TORTURE_OK(cpuslab_stack_init(&all->stack, slab));
	TORTURE_OK(cpuslab_log_init(&all->log, slab, 64));
	TORTURE_OK(cpuslab_ring_init(&all->ring, slab,
				     4 * cpuslab_port_page_size(), 0));
	TORTURE_OK(cpuslab_refcount_init(&all->refcount, slab, NULL));
	TORTURE_OK(cpuslab_alloc(slab, &errno_pair, &all->pair));
}

static void errno_fini(struct errno_all *all, struct cpuslab_slab *slab)
{
	TORTURE_OK(cpuslab_free(slab, &all->pair));
	TORTURE_OK(cpuslab_refcount_kill(&all->refcount));
	cpuslab_refcount_fini(&all->refcount);
	cpuslab_ring_fini(&all->ring);
	cpuslab_log_fini(&all->log);
	cpuslab_stack_fini(&all->stack);
	cpuslab_approx_fini(&all->approx);
	cpuslab_histogram_fini(&all->histogram);
	cpuslab_gauge_fini(&all->gauge);
	cpuslab_counter_fini(&all->counter);
}

static void errno_operate(struct errno_all *all)
{
	struct cpuslab_node node, *popped;

	ERRNO_KEPT((cpuslab_counter_add(&all->counter, 1), 0));
	ERRNO_KEPT((cpuslab_gauge_add(&all->gauge, 1), 0));
	ERRNO_KEPT((cpuslab_histogram_record(&all->histogram, 5), 0));
	ERRNO_KEPT((cpuslab_approx_add(&all->approx, 3), 0));
	ERRNO_KEPT(cpuslab_stack_push(&all->stack, &node));
	ERRNO_KEPT(cpuslab_stack_pop(&all->stack, &popped));
	ERRNO_KEPT(cpuslab_log_append(&all->log, "x", 1));
	ERRNO_KEPT(cpuslab_ring_append(&all->ring, "x", 1));
	ERRNO_KEPT(cpuslab_add_if(&all->pair, 0, 0, 1));
	ERRNO_KEPT(cpuslab_add_below(&all->pair, 0, 0, 1));
	ERRNO_KEPT(cpuslab_cmpstore(&all->pair, 0, 0, 0));
	ERRNO_KEPT(cpuslab_or(&all->pair, 0, 0));
	ERRNO_KEPT(cpuslab_refcount_try_get(&all->refcount));
	ERRNO_KEPT(cpuslab_refcount_put(&all->refcount));
}

static void errno_read(struct errno_all *all, struct cpuslab_domain *domain)
{
	uint64_t counts[256], least, most;
	const struct cpuslab_cpumask *mask;
	struct cpuslab_ring_view view;

	TORTURE_CHECK(all->histogram.buckets <= 256);
	ERRNO_KEPT(cpuslab_counter_sum(&all->counter));
	ERRNO_KEPT(cpuslab_gauge_sum(&all->gauge));
	ERRNO_KEPT(cpuslab_histogram_read(&all->histogram, counts));
	ERRNO_KEPT((cpuslab_approx_bounds(&all->approx, &least, &most), 0));
	ERRNO_KEPT((cpuslab_read_enter(), 0));
	ERRNO_KEPT(cpuslab_remote(&all->counter.handle, CPUSLAB_SHARED));
	ERRNO_KEPT(cpuslab_ring_view_init(&view, &all->ring, CPUSLAB_SHARED));
	ERRNO_KEPT((cpuslab_read_exit(), 0));
	ERRNO_KEPT(cpuslab_ring_lost(&all->ring));
	ERRNO_KEPT((mask = cpuslab_cpumask_get(domain), 0));
	ERRNO_KEPT((cpuslab_cpumask_put(mask), 0));
}

/* First admissions are refused, then they succeed. */
static void errno_use(struct errno_all *all, struct cpuslab_domain *domain)
{
	const struct timespec pause = { 0, 2000000 }; /* between two tries */

	errno_refuse = true;
	errno_operate(all);
	errno_refuse = false;
	nanosleep(&pause, NULL);
	errno_operate(all);
	errno_read(all, domain);
}

static void errno_run(bool lock, bool refused)
{
	const struct cpuslab_domain_config empty = {
		.flags = CPUSLAB_DOMAIN_START_EMPTY,
	};
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_percpu made;
	struct cpuslab_stats stats;
	struct errno_all all;

	if (lock && mlockall(MCL_CURRENT | MCL_FUTURE))
		torture_skip("mlockall is not permitted");
	cpuslab__region_refused = refused;
	TORTURE_OK(cpuslab_domain_create(&domain, &empty));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_alloc(slab, &errno_made, &made));
	errno_init(&all, slab);
	errno_use(&all, domain);
	errno_fini(&all, slab);
	cpuslab_stats_get(slab, &stats);
	TORTURE_CHECK(stats.refusals > 0);
	TORTURE_CHECK(stats.on_demand > 0);
	TORTURE_OK(cpuslab_free(slab, &made));
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

/* In a child, since nothing is unlocked again. */
static int errno_child(bool lock, bool refused)
{
	pid_t child = fork();

	if (!child) {
		errno_run(lock, refused);
		_exit(0);
	}
	return torture_await(child);
}

int main(int argc, char **argv)
{
	int i, status;

	torture_begin(argc, argv, "Operations keep errno.");
	for (i = 0; i < 4; i++) {
		status = errno_child(i & 1, i & 2);
		if (status == TORTURE_SKIP)
			return status;
		TORTURE_OK(status);
	}
	return torture_end();
}
