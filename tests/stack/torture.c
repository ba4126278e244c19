/* SPDX-License-Identifier: MIT */
/*
 * torture.c - each node is popped exactly once for each push, alone or with all
 * nodes of its stack.
 *
 * A node has an owner, which changes by an exchange, so two owners at once are
 * detected. Some threads have no rseq registration and work on the shared
 * block; removals move nodes there; a signal handler pops and pushes on top of
 * its thread. The nodes' pages are unmapped all the time, so a page fault
 * delays some pops in the middle, and a release must wait for them.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

#include <cpuslab/atomic.h>
#include <cpuslab/stack.h>

#include "torture/torture.h"

#define STACK_WORKERS 5 /* one of them without registration */
#define STACK_LIMIT 6u
#define STACK_NODES 96
#define STACK_HOLD 12
#define STACK_TIMER_NS 150000

struct stack_item {
	cpuslab_word owner;    /* 0: in the stack; W exchange */
	uint64_t seal;         /* W owner: ~pushes */
	uint64_t pushes, pops; /* W owner */
	struct cpuslab_node node;
};

/* A thread, or its signal handler. */
struct stack_actor {
	uint64_t name;
	uint64_t random;
	uint64_t popped, chains;
	struct stack_item *held[STACK_HOLD];
	uint32_t count;
};

static struct cpuslab_domain *stack_domain;
static struct cpuslab_slab *stack_slab;
static struct cpuslab_stack stack;
/* Shared memory, so that unmapping loses nothing. */
static struct stack_item *stack_items;
static struct stack_actor stack_actors[STACK_WORKERS][2];
static uint64_t stack_unregistered_turns;
static __thread struct stack_actor *stack_over;

static struct stack_item *stack_item(struct cpuslab_node *node)
{
	return (struct stack_item *)((char *)node -
				     offsetof(struct stack_item, node));
}

/* Own what has been popped. */
static void stack_take(struct stack_actor *actor, struct cpuslab_node *node)
{
	struct stack_item *item = stack_item(node);

	TORTURE_CHECK(item >= stack_items && item < stack_items + STACK_NODES);
	/* Otherwise it was handed out twice, or never pushed. */
	TORTURE_CHECK(cpuslab_exchange_u64(&item->owner, actor->name) == 0);
	/* Everything that was written before the push is visible. */
	TORTURE_CHECK(item->seal == ~item->pushes);
	TORTURE_CHECK(++item->pops == item->pushes);
	actor->held[actor->count++] = item;
	actor->popped++;
}

static bool stack_pop(struct stack_actor *actor)
{
	struct cpuslab_node *node;

	if (actor->count == STACK_HOLD ||
	    cpuslab_stack_pop(&stack, &node) == CPUSLAB_EMPTY)
		return false;
	stack_take(actor, node);
	return true;
}

static void stack_push(struct stack_actor *actor)
{
	struct stack_item *item;

	if (!actor->count)
		return;
	item = actor->held[--actor->count];
	item->pushes++;
	item->seal = ~item->pushes;
	TORTURE_CHECK(cpuslab_exchange_u64(&item->owner, 0) == actor->name);
	TORTURE_OK(cpuslab_stack_push(&stack, &item->node));
}

/* Those that are too many to hold go back one by one. */
static void stack_pop_all(struct stack_actor *actor)
{
	struct cpuslab_node *node, *next;

	if (cpuslab_stack_pop_all(&stack, &node) == CPUSLAB_EMPTY)
		return;
	for (; node; node = next) {
		next = node->next;
		if (actor->count == STACK_HOLD)
			stack_push(actor);
		stack_take(actor, node);
	}
	actor->chains++;
}

static void stack_step(struct stack_actor *actor)
{
	uint32_t n = 1 + torture_below(&actor->random, STACK_HOLD);

	if (!torture_below(&actor->random, 4))
		stack_pop_all(actor);

	while (n-- && stack_pop(actor))
		;
	n = 1 + torture_below(&actor->random, STACK_HOLD);
	while (n--)
		stack_push(actor);
}

static void stack_handler(int signal)
{
	(void)signal;
	if (stack_over)
		stack_step(stack_over);
}

/*
 * Unregister for every other series of steps: those use the shared block only.
 */
static void stack_unregistered(struct stack_actor *actor)
{
	while (torture_running()) {
		bool unregistered = torture_rseq_unregister();
		int turns = 200;

		while (turns--)
			stack_step(actor);
		stack_unregistered_turns += unregistered;
		if (unregistered)
			torture_rseq_register();
		stack_step(actor);
		torture_migrate(&actor->random);
	}
}

static void *stack_worker(void *arg)
{
	struct stack_actor *actor = arg;
	struct torture_timer timer;

	stack_over = actor + 1;
	torture_timer_start(&timer, STACK_TIMER_NS);
	if (actor == stack_actors[0])
		stack_unregistered(actor);
	while (torture_running()) {
		stack_step(actor);
		if (!torture_below(&actor->random, 32))
			torture_migrate(&actor->random);
	}
	torture_timer_stop(&timer);
	stack_over = NULL;
	return NULL;
}

static void *stack_storm(void *arg)
{
	uint64_t random = torture_stream(1000);

	while (torture_running())
		torture_storm_step(stack_domain, STACK_LIMIT, &random);
	return arg;
}

static void *stack_unmapper(void *arg)
{
	const size_t bytes = STACK_NODES * sizeof(struct stack_item);

	while (torture_running()) {
		TORTURE_OK(madvise(stack_items, bytes, MADV_DONTNEED));
		sched_yield();
	}
	return arg;
}

/* ---- accounting -------------------------------------------------------- */

static void stack_count(void)
{
	uint64_t seen = 0;
	int i;

	for (i = 0; i < STACK_NODES; i++) {
		TORTURE_CHECK(stack_items[i].owner == 0);
		TORTURE_CHECK(stack_items[i].pops + 1 == stack_items[i].pushes);
		seen++;
	}
	TORTURE_CHECK(seen == STACK_NODES);
}

/* Pop all nodes that are left, on every CPU; returns their number. */
static uint32_t stack_empty(struct stack_actor *actor)
{
	uint32_t cpus[64], count = torture_cpus(cpus, 64), got = 0, i;

	for (i = 0; i < count; i++) {
		torture_pin(cpus[i]);
		while (stack_pop(actor)) {
			actor->count = 0;
			got++;
		}
	}
	torture_unpin();
	return got;
}

/* With all blocks folded, every node is on the shared block. */
static void stack_exact(void)
{
	struct stack_actor last = { .name = ~(uint64_t)0 };
	struct cpuslab_stats stats;
	uint32_t cpu;
	int i;

	for (i = 0; i < STACK_WORKERS; i++) {
		while (stack_actors[i][0].count)
			stack_push(&stack_actors[i][0]);
		while (stack_actors[i][1].count)
			stack_push(&stack_actors[i][1]);
	}
	stack_count();
	for (cpu = 0; cpu < STACK_LIMIT; cpu++)
		TORTURE_OK(cpuslab_domain_remove(stack_domain, cpu));
	cpuslab_domain_trim(stack_domain, CPUSLAB_TRIM_QUIESCENT);
	TORTURE_CHECK(torture_settle(stack_slab));
	cpuslab_stats_get(stack_slab, &stats);
	TORTURE_CHECK(stats.in_use == 0);
	TORTURE_CHECK(stack_empty(&last) == STACK_NODES);
	TORTURE_OK(cpuslab_slab_check(stack_slab));
	printf("  %llu releases, %llu on the shared block, %llu turns without "
	       "registration\n",
	       (unsigned long long)stats.releases,
	       (unsigned long long)stats.shared_ops,
	       (unsigned long long)stack_unregistered_turns);
}

static void stack_setup(void)
{
	uint32_t i;

	torture_fake_limit(STACK_LIMIT);
	torture_handler(stack_handler);
	stack_items = mmap(NULL, STACK_NODES * sizeof(struct stack_item),
			   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			   -1, 0);
	TORTURE_CHECK(stack_items != MAP_FAILED);
	TORTURE_OK(cpuslab_domain_create(&stack_domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&stack_slab, stack_domain, NULL));
	TORTURE_OK(cpuslab_stack_init(&stack, stack_slab));
	for (i = 0; i < STACK_NODES; i++) {
		stack_items[i].pushes = 1;
		stack_items[i].seal = ~(uint64_t)1;
		TORTURE_OK(cpuslab_stack_push(&stack, &stack_items[i].node));
	}
	for (i = 0; i < STACK_WORKERS * 2; i++) {
		stack_actors[i / 2][i % 2].name = i + 1;
		stack_actors[i / 2][i % 2].random = torture_stream(i);
	}
}

int main(int argc, char **argv)
{
	pthread_t threads[STACK_WORKERS + 2];
	uint64_t popped = 0, chains = 0;
	int i;

	torture_begin(argc, argv, "Every pushed node is popped once.");
	stack_setup();
	for (i = 0; i < STACK_WORKERS; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL, stack_worker,
					  stack_actors[i]));
	TORTURE_OK(pthread_create(&threads[i++], NULL, stack_storm, NULL));
	TORTURE_OK(pthread_create(&threads[i], NULL, stack_unmapper, NULL));
	for (; i >= 0; i--)
		TORTURE_OK(pthread_join(threads[i], NULL));
	for (i = 0; i < STACK_WORKERS; i++) {
		popped += stack_actors[i][0].popped + stack_actors[i][1].popped;
		chains += stack_actors[i][0].chains + stack_actors[i][1].chains;
	}
	TORTURE_CHECK(chains);
	printf("  %llu nodes popped, many of them in %llu chains\n",
	       (unsigned long long)popped, (unsigned long long)chains);
	stack_exact();
	cpuslab_stack_fini(&stack);
	cpuslab_slab_destroy(stack_slab);
	cpuslab_domain_destroy(stack_domain);
	return torture_end();
}
