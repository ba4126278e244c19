/* SPDX-License-Identifier: MIT */
/*
 * refcounted.c - a configuration that threads use while it is replaced. A get
 * and a put are one add on this CPU each; the last put frees.
 */
#include <cpuslab/cpuslab.h>
#include <pthread.h>
#include <stdio.h>

#define THREADS 4
static struct config {
	struct cpuslab_refcount users;
	int value;
} config = { .value = 42 };
static struct cpuslab_counter served = CPUSLAB_COUNTER_INIT("served");
static struct cpuslab_counter refused = CPUSLAB_COUNTER_INIT("refused");

/* By the last put after the kill; the program may then free it. */
static void released(struct cpuslab_refcount *users)
{
	((struct config *)(void *)users)->value = 0;
	printf("no longer used\n");
}

static void *serve(void *arg)
{
	int i;

	for (i = 0; i < 1000; i++) {
		if (cpuslab_refcount_try_get(&config.users)) {
			cpuslab_counter_add(&served, config.value == 42);
			cpuslab_refcount_put(&config.users);
		} else {
			cpuslab_counter_add(&refused, 1);
		}
	}
	return arg;
}

int main(void)
{
	pthread_t threads[THREADS];
	int i;

	if (cpuslab_refcount_init(&config.users, cpuslab_default(), released))
		return 1;
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, serve, NULL))
			return 1;
	if (cpuslab_refcount_kill(&config.users))
		return 1;
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%d requests\n", (int)(cpuslab_counter_sum(&served) +
				      cpuslab_counter_sum(&refused)));
}
