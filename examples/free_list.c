/* SPDX-License-Identifier: MIT */
/*
 * free_list.c - buffers of which each CPU has a list. A push and a pop are a
 * few instructions without a lock; pop_all takes a whole list in one commit.
 */
#include <cpuslab/cpuslab.h>
#include <pthread.h>
#include <stdio.h>

#define THREADS 4
#define BUFFERS 64

/* They stay allocated while any pop may be in progress: a static array. */
static struct buffer {
	struct cpuslab_node node; /* first, so that a node is its buffer */
	char bytes[2048];
} buffers[BUFFERS];
static struct cpuslab_stack unused;
static struct cpuslab_counter served = CPUSLAB_COUNTER_INIT("served");

static void *serve(void *arg)
{
	struct cpuslab_node *node;
	int i;

	for (i = 0; i < 10000; i++) {
		if (cpuslab_stack_pop(&unused, &node))
			continue; /* this CPU has none */
		((struct buffer *)(void *)node)->bytes[0] = 1;
		cpuslab_counter_add(&served, 1);
		cpuslab_stack_push(&unused, node);
	}
	return arg;
}

int main(void)
{
	struct cpuslab_node *chain;
	pthread_t threads[THREADS];
	int i, count = 0;

	if (cpuslab_stack_init(&unused, cpuslab_default()))
		return 1;
	for (i = 0; i < BUFFERS; i++) /* on the CPU where main() runs */
		cpuslab_stack_push(&unused, &buffers[i].node);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, serve, NULL))
			return 1;
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	if (!cpuslab_stack_pop_all(&unused, &chain)) /* of this CPU */
		for (; chain; chain = chain->next)
			count++;
	printf("%s\n", count <= BUFFERS ? "no buffer twice" : "corrupt");
	return !cpuslab_counter_sum(&served);
}
