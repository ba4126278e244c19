/* SPDX-License-Identifier: MIT */
/*
 * event_log.c - events of all threads, written to a file at intervals; no
 * thread waits for that. A full log refuses appends: rotate more often.
 */
#include <cpuslab/cpuslab.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

struct event {
	struct timespec when; /* to sort those of several CPUs */
	int thread, number;
};
static struct cpuslab_log_rotating events;
static int written[2]; /* by thread */

static void *work(void *arg)
{
	struct event event = { .thread = (int)(size_t)arg };

	for (event.number = 0; event.number < 1000; event.number++) {
		clock_gettime(CLOCK_MONOTONIC, &event.when);
		cpuslab_log_rotating_append(&events, &event, sizeof(event));
	}
	return NULL;
}

static int write_event(void *arg, uint32_t cpu, const void *data, uint32_t n)
{
	(void)arg, (void)cpu, (void)n;
	written[((const struct event *)data)->thread]++; /* or fwrite() */
	return 0; /* else the rest is for the next rotation */
}

int main(void)
{
	const struct cpuslab_log_rotating_config config = {
		.size = sizeof(config),
		.capacity = (1 << 20) - CPUSLAB_LOG_HEADER, /* bytes */
	};
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	pthread_t thread;
	int err;

	if (cpuslab_domain_create(&domain, NULL) ||
	    cpuslab_slab_create(&slab, domain, NULL) ||
	    cpuslab_log_rotating_init(&events, slab, &config))
		return 1;
	if (pthread_create(&thread, NULL, work, (void *)1))
		return 1;
	work(NULL);
	do /* at intervals, while the other thread goes on */
		err = cpuslab_log_rotating_rotate(&events, write_event, NULL);
	while (!err && written[0] + written[1] < 2000);
	pthread_join(thread, NULL);
	printf("%d and %d events\n", written[0], written[1]);
	return err != CPUSLAB_OK;
}
