/* SPDX-License-Identifier: MIT */
/*
 * free_list.c - buffers of which each CPU has a list. A push and a pop are a
 * few instructions without a lock; where a list is empty a buffer is made.
 */
#include <cpuslab/cpuslab.h>
#include <pthread.h>
#include <stdio.h>

#define THREADS 4

struct buffer {
	struct cpuslab_node node; /* first, so that a node is its buffer */
	char bytes[2048];
};
/* They stay allocated while any pop may be in progress. */
static struct buffer buffers[THREADS * 100];
static uint32_t made;
static struct cpuslab_stack unused;

static void *serve(void *arg)
{
	struct cpuslab_node *node;
	int i;

	for (i = 0; i < 100; i++) {
		if (cpuslab_stack_pop(&unused, &node))
			node = &buffers[__sync_fetch_and_add(&made, 1)].node;
		((struct buffer *)(void *)node)->bytes[0] = 1;
		cpuslab_stack_push(&unused, node);
	}
	return arg;
}

int main(void)
{
	const struct cpuslab_stack_cpu *list;
	pthread_t threads[THREADS];
	struct cpuslab_node *node;
	uint32_t i, cpu, found = 0;

	if (cpuslab_stack_init(&unused, cpuslab_default()))
		return 1;
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, serve, NULL))
			return 1;
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	cpuslab_read_enter();
	cpuslab_for_each_copy(&unused.handle, cpu, list) {
		node = (struct cpuslab_node *)(uintptr_t)list->top.first;
		for (; node && found <= made; node = node->next)
			found++;
	}
	cpuslab_read_exit();
	printf("%s\n", found == made ? "each in one list" : "corrupt");
	return 0;
}
