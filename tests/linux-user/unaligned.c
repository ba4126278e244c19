/* SPDX-License-Identifier: MIT */
/*
 * unaligned.c - structures in memory of malloc(), in a library that is compiled
 * for AVX: its stores of 32 bytes fault if a struct promises an alignment that
 * malloc() does not give.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../../lib/all.c"
#include "../../ports/linux-user/all.c"

#include <stdio.h>
#include <stdlib.h>

#include <cpuslab/cpuslab.h>

#define UNALIGNED_SKIPPED 77
#define MALLOC_ALIGNMENT 16 /* of every malloc() on a 64-bit system */

struct unaligned_all {
	struct cpuslab_counter counter;
	struct cpuslab_gauge gauge;
	struct cpuslab_histogram histogram;
	struct cpuslab_approx approx;
	struct cpuslab_stack stack;
	struct cpuslab_log log;
	struct cpuslab_cache cache;
	struct cpuslab_refcount refcount;
	struct cpuslab_mailbox mailbox;
	struct cpuslab_steering steering;
	struct cpuslab_workers workers;
};

CPUSLAB_STATIC_ASSERT(_Alignof(struct unaligned_all) <= MALLOC_ALIGNMENT,
		      "every structure may lie in memory of malloc()");

static void *unaligned_object(void *arg)
{
	(void)arg;
	return malloc(8);
}

static void unaligned_free(void *arg, void *object)
{
	(void)arg;
	free(object);
}

static int unaligned_cache_init(struct cpuslab_cache *cache,
				struct cpuslab_slab *slab)
{
	const struct cpuslab_cache_config config = {
		.alloc = unaligned_object,
		.free = unaligned_free,
	};

	return cpuslab_cache_init(cache, slab, &config);
}

static int unaligned_steering_init(struct cpuslab_steering *steering)
{
	const struct cpuslab_steering_config config = {
		.buckets = 16,
		.targets = 2,
	};

	return cpuslab_steering_init(steering, &config);
}

static int unaligned_use(struct unaligned_all *all, struct cpuslab_slab *slab,
			 struct cpuslab_domain *domain)
{
	memset(all, 0x5a, sizeof(*all));
	if (cpuslab_counter_init(&all->counter, slab) ||
	    cpuslab_gauge_init(&all->gauge, slab) ||
	    cpuslab_histogram_init(&all->histogram, slab, 2, 32) ||
	    cpuslab_approx_init(&all->approx, slab, 8) ||
	    cpuslab_stack_init(&all->stack, slab) ||
	    cpuslab_log_init(&all->log, slab, 64) ||
	    unaligned_cache_init(&all->cache, slab) ||
	    cpuslab_refcount_init(&all->refcount, slab, NULL) ||
	    cpuslab_mailbox_init(&all->mailbox, domain, 4) ||
	    unaligned_steering_init(&all->steering))
		return 1;
	cpuslab_cache_free(&all->cache, cpuslab_cache_alloc(&all->cache));
	cpuslab_approx_add(&all->approx, 100);
	if (cpuslab_refcount_kill(&all->refcount) ||
	    !cpuslab_refcount_is_zero(&all->refcount))
		return 1;
	cpuslab_steering_fini(&all->steering);
	cpuslab_mailbox_fini(&all->mailbox);
	cpuslab_refcount_fini(&all->refcount);
	cpuslab_cache_fini(&all->cache);
	cpuslab_log_fini(&all->log);
	cpuslab_stack_fini(&all->stack);
	cpuslab_approx_fini(&all->approx);
	cpuslab_histogram_fini(&all->histogram);
	cpuslab_gauge_fini(&all->gauge);
	cpuslab_counter_fini(&all->counter);
	return 0;
}

int main(void)
{
	const size_t line = CPUSLAB_CACHE_LINE;
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	char *memory;
	size_t at;

#if defined(__x86_64__)
	if (!__builtin_cpu_supports("avx")) {
		puts("this CPU has no AVX");
		return UNALIGNED_SKIPPED;
	}
#endif
	memory = aligned_alloc(line, (sizeof(struct unaligned_all) / line + 2) *
					     line);
	if (!memory || cpuslab_domain_create(&domain, NULL) ||
	    cpuslab_slab_create(&slab, domain, NULL))
		return 1;
	/* As malloc() might place it. */
	for (at = 0; at < line; at += MALLOC_ALIGNMENT)
		if (unaligned_use((struct unaligned_all *)(void *)(memory + at),
				  slab, domain))
			return 1;
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	free(memory);
	return 0;
}
