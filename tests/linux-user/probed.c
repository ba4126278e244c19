/* SPDX-License-Identifier: MIT */
/*
 * probed.c - a program in which each probe fires; it prints what their
 * arguments must be. See probes.py.
 */
#include <stdio.h>
#include <stdlib.h>

#include <cpuslab/ops.h>
#include <cpuslab/stats.h>

static bool probed_refuses;

static int probed_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	(void)arg;
	return probed_refuses ? -CPUSLAB_EAGAIN : CPUSLAB_OK;
}

/* Operations cannot construct it: on a CPU that was not added they share. */
static const struct cpuslab_type probed_type = {
	.name = "probed",
	.size = sizeof(uint64_t),
	.counters = 1,
	.ctor = probed_ctor,
};

static void probed_need(bool fine)
{
	if (!fine)
		exit(1);
}

static uint64_t probed_bytes(struct cpuslab_slab *slab)
{
	struct cpuslab_stats stats = { .size = sizeof(stats) };

	cpuslab_stats_get(slab, &stats);
	return stats.committed_bytes / (stats.in_use + 1);
}

int main(void)
{
	const struct cpuslab_domain_config in_domain = {
		.size = sizeof(in_domain),
		.name = "some domain",
		.flags = CPUSLAB_DOMAIN_START_EMPTY,
	};
	const struct cpuslab_slab_config in_slab = {
		.size = sizeof(in_slab),
		.name = "some slab",
	};
	struct cpuslab_percpu object;
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	unsigned long long bytes;

	probed_need(!cpuslab_domain_create(&domain, &in_domain));
	probed_need(!cpuslab_slab_create(&slab, domain, &in_slab));
	probed_need(!cpuslab_alloc(slab, &probed_type, &object));
	bytes = probed_bytes(slab);

	printf("add_start some domain 0 0\n");
	printf("add_failure some domain 0\n");
	probed_need(!cpuslab_domain_add_start(domain, 0));
	probed_need(!cpuslab_domain_add_failure(domain, 0));
	probed_refuses = true;
	printf("refuse some domain some slab 0 %llu %d\n", bytes,
	       -CPUSLAB_EAGAIN);
	printf("add_start some domain 0 %d\n", -CPUSLAB_EAGAIN);
	probed_need(cpuslab_domain_add_start(domain, 0) == -CPUSLAB_EAGAIN);
	probed_refuses = false;
	printf("add_start some domain 0 0\n");
	printf("admit some domain some slab 0 %llu\n", bytes);
	printf("add_complete some domain 0\n");
	probed_need(!cpuslab_domain_add_complete(domain, 0));
	/* In atomic mode only a trim can release. */
	printf("remove some domain 0 0\n");
	printf("release some domain some slab 0 %llu\n", bytes);
	probed_need(!cpuslab_domain_remove(domain, 0));
	probed_need(!cpuslab_domain_trim(domain, CPUSLAB_TRIM_QUIESCENT));
	/* A call after this one may admit the CPU. */
	printf("shared some domain some slab %d %llu\n",
	       atoi(getenv("PROBED_CPU")), bytes);
	probed_need(!cpuslab_add(&object, 0, 1));
	return 0;
}
