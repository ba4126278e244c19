/* SPDX-License-Identifier: MIT */
/*
 * A program without the headers: as a language that calls C functions, it
 * declares what it uses, and asks the library for sizes.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

extern size_t cpuslab_ffi_sizeof(const char *name);
extern int cpuslab_ffi_constant(const char *name, int64_t *value);
extern void cpuslab_ffi_counter_init(void *counter, const char *name);
extern int cpuslab_counter_add(const void *counter, uint64_t value);
extern uint64_t cpuslab_counter_sum(const void *counter);
extern void cpuslab_counter_fini(void *counter);
extern void *cpuslab_default(void);
extern int cpuslab_stack_init(void *stack, void *slab);
extern int cpuslab_stack_push(const void *stack, void *node);
extern int cpuslab_stack_pop(const void *stack, void **node);
extern void cpuslab_stack_fini(void *stack);

enum {
	THREADS = 4,
	ADDS = 200000
};

static void *counter;

static void *bare_adds(void *unused)
{
	int i;

	for (i = 0; i < ADDS; i++)
		cpuslab_counter_add(counter, 1);
	return unused;
}

static void bare_count(void)
{
	pthread_t threads[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, bare_adds, NULL))
			abort();
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static int bare_stack(void)
{
	void *stack = malloc(cpuslab_ffi_sizeof("cpuslab_stack"));
	void *node = malloc(cpuslab_ffi_sizeof("cpuslab_node")), *found = NULL;
	int failed = cpuslab_stack_init(stack, cpuslab_default()) ||
		     cpuslab_stack_push(stack, node) ||
		     cpuslab_stack_pop(stack, &found) || found != node;

	cpuslab_stack_fini(stack);
	free(node);
	free(stack);
	return failed;
}

int main(void)
{
	int64_t empty = 0;
	uint64_t sum;

	counter = malloc(cpuslab_ffi_sizeof("cpuslab_counter"));
	cpuslab_ffi_counter_init(counter, "adds");
	bare_count();
	sum = cpuslab_counter_sum(counter);
	cpuslab_counter_fini(counter);
	free(counter);
	printf("sum %llu of %d\n", (unsigned long long)sum, THREADS * ADDS);
	return sum != THREADS * ADDS || bare_stack() ||
	       cpuslab_ffi_constant("CPUSLAB_EMPTY", &empty) || empty != 1;
}
