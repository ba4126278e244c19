/* SPDX-License-Identifier: MIT */
/*
 * in_flight.c - how many requests are being handled, read while that changes:
 * a gauge. What goes in on one CPU may go out on another.
 */
#include <cpuslab/cpuslab.h>
#include <pthread.h>
#include <stdio.h>

#define THREADS 4

static struct cpuslab_gauge in_flight = CPUSLAB_GAUGE_INIT("in flight");
static struct cpuslab_counter handled = CPUSLAB_COUNTER_INIT("handled");

static void *serve(void *arg)
{
	int i;

	for (i = 0; i < 100000; i++) {
		cpuslab_gauge_add(&in_flight, 1);
		cpuslab_counter_add(&handled, 1); /* the request */
		cpuslab_gauge_sub(&in_flight, 1);
	}
	return arg;
}

int main(void)
{
	pthread_t threads[THREADS];
	int64_t least, most;
	int i, wrong = 0;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, serve, NULL))
			return 1;
	while (cpuslab_counter_sum(&handled) < THREADS * 100000ull) {
		/* At one moment of the call it was between these. */
		cpuslab_gauge_bounds(&in_flight, &least, &most);
		wrong += most < 0 || least > THREADS;
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%d wrong readings, %d in flight at the end\n", wrong,
	       (int)cpuslab_gauge_sum(&in_flight));
	return 0;
}
