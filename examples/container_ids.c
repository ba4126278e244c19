/* SPDX-License-Identifier: MIT */
/*
 * container_ids.c - a counter for a container with few threads on a machine
 * with many CPUs: its copies are by concurrency id, so there are about as many
 * as threads that run at once. On a system without ids they are by CPU.
 */
#include <cpuslab/cpuslab.h>
#include <pthread.h>
#include <stdio.h>

#define THREADS 4
#define EVENTS 100000

static struct cpuslab_percid_counter events;

static void *work(void *arg)
{
	int i;

	for (i = 0; i < EVENTS; i++)
		cpuslab_percid_counter_add(&events, 1);
	return arg;
}

int main(void)
{
	const struct cpuslab_slab_config config = {
		.size = sizeof(config),
		.flags = CPUSLAB_SLAB_PERCID,
	};
	pthread_t threads[THREADS];
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	int i;

	if (cpuslab_domain_create(&domain, NULL) ||
	    cpuslab_slab_create(&slab, domain, &config) ||
	    cpuslab_percid_counter_init(&events, slab))
		return 1;
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, NULL))
			return 1;
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%llu events\n",
	       (unsigned long long)cpuslab_percid_counter_sum(&events));
	return 0;
}
