/* SPDX-License-Identifier: MIT */
/*
 * event_log.c - events of all threads, written to a file at intervals, for
 * which no thread waits. An append to a full log is refused: rotate more often.
 */
#include <cpuslab/cpuslab.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#define THREADS 2
#define EVENTS 1000 /* of each thread */

struct event {
	struct timespec when; /* to bring events of several CPUs in order */
	int thread, number;
};

static struct cpuslab_log_rotating events;
static int written[THREADS];

static void *work(void *arg)
{
	struct event event = { .thread = (int)(size_t)arg };

	for (event.number = 0; event.number < EVENTS; event.number++) {
		clock_gettime(CLOCK_MONOTONIC, &event.when);
		cpuslab_log_rotating_append(&events, &event, sizeof(event));
	}
	return NULL;
}

static int write_event(void *arg, uint32_t cpu, const void *data, uint32_t n)
{
	(void)arg, (void)cpu, (void)n;
	written[((const struct event *)data)->thread]++; /* or fwrite() */
	return 0; /* other numbers leave the rest to the next rotation */
}

int main(void)
{
	const struct cpuslab_log_rotating_config config = {
		.size = sizeof(config),
		/* A copy is a power of two with its header, so fits. */
		.capacity = (1 << 20) - CPUSLAB_LOG_HEADER,
	};
	pthread_t threads[THREADS];
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	int i, rotated;

	if (cpuslab_domain_create(&domain, NULL) ||
	    cpuslab_slab_create(&slab, domain, NULL) ||
	    cpuslab_log_rotating_init(&events, slab, &config))
		return 1;
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)(size_t)i))
			return 1;
	/* While the threads go on, and once more at the end. */
	rotated = !cpuslab_log_rotating_rotate(&events, write_event, NULL);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	rotated += !cpuslab_log_rotating_rotate(&events, write_event, NULL);
	printf("%d and %d events\n", written[0], written[1]);
	return rotated != 2;
}
