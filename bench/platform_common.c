/* SPDX-License-Identifier: MIT */
/*
 * platform_common.c - shared by the real and the simulated platform.
 */
#include "platform.h"

static const uint64_t platform_image[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

const struct cpuslab_type platform_template = {
	.name = "bench_template",
	.size = sizeof(platform_image),
	.image = platform_image,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static struct cpuslab_domain *platform_empty(uint32_t limit)
{
	struct cpuslab_domain_config config = {
		.name = "bench",
		.limit = limit,
		.flags = CPUSLAB_DOMAIN_START_EMPTY,
	};
	struct cpuslab_domain *domain;

	if (cpuslab_domain_create(&domain, &config))
		measure_die("domain", "cannot be created");
	if (cpuslab_domain_limit(domain) != limit)
		measure_die("domain", "has another limit");
	return domain;
}

static void platform_add(struct cpuslab_domain *domain, uint32_t cpu)
{
	if (cpuslab_domain_add_complete(domain, cpu))
		measure_die("domain", "refused a CPU");
}

struct cpuslab_domain *platform_domain(uint32_t limit)
{
	struct cpuslab_domain *domain = platform_empty(limit);
	uint32_t here = cpuslab_port_cpu();
	uint32_t first = here < limit ? here : 0;

	platform_add(domain, first);
	platform_add(domain, first ? first - 1 : 1);
	return domain;
}

struct cpuslab_domain *platform_domain_full(uint32_t limit)
{
	struct cpuslab_domain *domain = platform_empty(limit);
	uint32_t cpu;

	for (cpu = 0; cpu < limit; cpu++)
		platform_add(domain, cpu);
	return domain;
}

struct cpuslab_domain *platform_domain_real(void)
{
	struct cpuslab_domain *domain =
		platform_empty(cpuslab_port_cpu_limit());
	uint32_t i;

	for (i = 0; i < measure_cpus(); i++)
		platform_add(domain, measure_nth(i));
	return domain;
}

struct cpuslab_slab *platform_slab(struct cpuslab_domain *domain)
{
	struct cpuslab_slab *slab;

	if (cpuslab_slab_create(&slab, domain, NULL))
		measure_die("slab", "cannot be created");
	return slab;
}
