/* SPDX-License-Identifier: MIT */
/*
 * own_type.c - your own type of object: it counts events, and on each CPU picks
 * one in a hundred.
 */
#include <cpuslab/cpuslab.h>
#include <stdio.h>

#define EVERY 100
struct sampler {
	uint64_t events; /* a counter: sums survive the removal of the CPU */
	uint64_t phase;  /* since the last sample, on this CPU */
};

/* Before any operation finds a CPU's copy. */
static int sampler_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)arg;
	((struct sampler *)object)->phase = cpu % EVERY;
	return CPUSLAB_OK;
}

/* The CPU is offline: move what is no counter to @to, if it matters. */
static int sampler_drain(void *from, void *to, uint32_t cpu, void *arg)
{
	(void)from, (void)to, (void)cpu, (void)arg;
	return CPUSLAB_OK;
}

static const struct cpuslab_type sampler_type = {
	.name = "sampler",
	.size = sizeof(struct sampler),
	.counters = 1, /* words at the beginning that are sums */
	.ctor = sampler_ctor,
	.drain = sampler_drain,
	.flags = CPUSLAB_TYPE_SIGNAL_SAFE, /* ctor may run anywhere */
};

static bool sampler_event(const struct cpuslab_percpu *sampler)
{
	cpuslab_add(sampler, 0, 1);
	return cpuslab_add_below(sampler, 8, EVERY - 1, 1) == CPUSLAB_FULL &&
	       cpuslab_cmpstore(sampler, 8, EVERY - 1, 0) == CPUSLAB_OK;
}

int main(void)
{
	struct cpuslab_percpu sampler;
	int i, samples = 0;

	if (cpuslab_alloc(cpuslab_default(), &sampler_type, &sampler))
		return 1;
	for (i = 0; i < 100000; i++)
		samples += sampler_event(&sampler);
	printf("%d events, one in %d sampled\n", (int)cpuslab_sum(&sampler, 0),
	       i / samples);
}
