/* SPDX-License-Identifier: MIT */
/*
 * thread_pool.c - a thread on each CPU, which handles the work that is sent to
 * it. Threads come and go with the CPUs, and no work is lost.
 */
#include <cpuslab/cpuslab.h>
#include <cpuslab/workers_thread.h>
#include <stdio.h>

#define REQUESTS 10000

static struct cpuslab_counter handled = CPUSLAB_COUNTER_INIT("handled");

static void handle(void *arg, uint32_t cpu,
		   const struct cpuslab_message *message)
{
	(void)arg, (void)cpu; /* word[0] could be a pointer to the request */
	cpuslab_counter_add(&handled, message->word[0]);
}

int main(void)
{
	const struct cpuslab_workers_config config = {
		.size = sizeof(config),
		.ops = &cpuslab_thread_ops,
		.handle = handle,
		.capacity = 256, /* messages that may wait for a CPU */
	};
	const struct cpuslab_message request = { { 1 } };
	const struct cpuslab_cpumask *mask;
	struct cpuslab_workers workers;
	struct cpuslab_hotplug *hotplug;
	struct cpuslab_domain *domain;
	uint32_t cpu = 0;
	int i = 0;

	if (cpuslab_domain_create(&domain, NULL) ||
	    cpuslab_workers_init(&workers, domain, &config) ||
	    cpuslab_hotplug_create(&hotplug, domain, NULL))
		return 1;
	while (i < REQUESTS) { /* to each CPU in turn */
		mask = cpuslab_cpumask_get(domain);
		cpu = cpuslab_cpumask_next(mask, cpu + 1);
		if (cpu == CPUSLAB_NO_CPU)
			cpu = cpuslab_cpumask_next(mask, 0);
		cpuslab_cpumask_put(mask);
		if (!cpuslab_workers_send(&workers, cpu, &request))
			i++; /* else it is full: wait for this one */
		else if (cpuslab_workers_flush(&workers, cpu, 60 * 1000))
			return 1;
	}
	if (cpuslab_workers_flush(&workers, CPUSLAB_NO_CPU, 60 * 1000))
		return 1;
	printf("%llu requests handled\n",
	       (unsigned long long)cpuslab_counter_sum(&handled));
	cpuslab_hotplug_destroy(hotplug);
	cpuslab_workers_fini(&workers); /* waits for handlers, ends threads */
	return 0;
}
