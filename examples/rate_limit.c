/* SPDX-License-Identifier: MIT */
/*
 * rate_limit.c - admit at most 1000 requests in each interval, over all
 * threads. While the limit is far, an admission touches no cache line that
 * another CPU writes often; near it, the count is exact.
 */
#include <cpuslab/cpuslab.h>
#include <pthread.h>
#include <stdio.h>

#define LIMIT 1000
#define THREADS 4
#define BATCH 16 /* admissions that a CPU may keep to itself */

static struct cpuslab_approx admitted;
static struct cpuslab_counter refused = CPUSLAB_COUNTER_INIT("refused");

static void *serve(void *arg)
{
	int i;

	for (i = 0; i < LIMIT; i++)
		if (cpuslab_approx_add_limited(&admitted, LIMIT, 1))
			cpuslab_counter_add(&refused, 1);
	return arg;
}

/* In a server a timer would end the interval. */
static void interval(void)
{
	pthread_t threads[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, serve, NULL))
			return;
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%llu admitted, %llu refused in all\n",
	       (unsigned long long)cpuslab_approx_sum(&admitted),
	       (unsigned long long)cpuslab_counter_sum(&refused));
	cpuslab_approx_set(&admitted, 0);
}

int main(void)
{
	if (cpuslab_approx_init(&admitted, cpuslab_default(), BATCH))
		return 1;
	interval();
	interval();
	return 0;
}
