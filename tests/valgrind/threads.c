/* SPDX-License-Identifier: MIT */
/*
 * threads.c - threads that do what a program does with cpuslab, for valgrind's
 * detectors of races: nothing here is one.
 *
 *	threads [race]
 *
 * With "race" two threads also write one variable of the program, without a
 * lock, before and after an operation: a report must name that.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#define THREADS 3
#define TURNS 200

static struct cpuslab_counter named = CPUSLAB_COUNTER_INIT("named");
static struct cpuslab_counter counter;
static struct cpuslab_gauge gauge;
static struct cpuslab_histogram histogram;
static struct cpuslab_stack stack;
static struct cpuslab_refcount refcount;
static struct cpuslab_ring ring;
static struct cpuslab_log log_;
static struct cpuslab_node nodes[THREADS][4];
static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static volatile int raced;
static bool races;

static void need(bool fine)
{
	if (!fine)
		abort();
}

static __attribute__((noinline)) void race(int value)
{
	if (races)
		raced = value;
}

static void turn(struct cpuslab_node *own, int i)
{
	struct cpuslab_node *node;
	struct cpuslab_counter some;

	cpuslab_counter_add(&named, 1);
	cpuslab_counter_add(&counter, 1);
	race(i);
	cpuslab_gauge_add(&gauge, 2);
	cpuslab_gauge_sub(&gauge, 2);
	cpuslab_histogram_record(&histogram, (uint64_t)i);
	need(cpuslab_refcount_try_get(&refcount));
	cpuslab_refcount_put(&refcount);
	(void)cpuslab_log_append(&log_, &i, sizeof(i));
	(void)cpuslab_ring_append(&ring, &i, sizeof(i));
	if (i < 4)
		(void)cpuslab_stack_push(&stack, &own[i]);
	else if (!cpuslab_stack_pop(&stack, &node))
		(void)cpuslab_stack_push(&stack, node);
	if (i % 16 == 0) {
		need(!cpuslab_counter_init(&some, slab));
		cpuslab_counter_add(&some, 1);
		need(cpuslab_counter_sum(&some) == 1);
		cpuslab_counter_fini(&some);
	}
	(void)cpuslab_counter_sum(&counter);
	(void)cpuslab_gauge_sum(&gauge);
}

static void *run(void *own)
{
	int i;

	for (i = 0; i < TURNS; i++)
		turn(own, i);
	return NULL;
}

/* A CPU comes and goes, whether or not it runs anything. */
static void *change(void *unused)
{
	const uint32_t cpu = cpuslab_domain_limit(domain) - 1;
	uint32_t i;

	for (i = 0; i < TURNS / 4; i++) {
		need(cpuslab_domain_add_start(domain, cpu) >= 0);
		need(cpuslab_domain_add_complete(domain, cpu) >= 0);
		if (i % 2)
			need(cpuslab_domain_remove(domain, cpu) >= 0);
		need(cpuslab_domain_trim(domain, 0) >= 0);
	}
	return unused;
}

static void child(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		cpuslab_counter_add(&counter, 1);
		(void)cpuslab_counter_sum(&counter);
		_exit(0);
	}
	need(pid > 0 && waitpid(pid, &status, 0) == pid && !status);
}

int main(int argc, char **argv)
{
	struct cpuslab_hotplug *hotplug;
	pthread_t threads[THREADS + 1];
	int i;

	races = argc > 1 && !strcmp(argv[1], "race");
	need(!cpuslab_domain_create(&domain, NULL));
	need(!cpuslab_slab_create(&slab, domain, NULL));
	need(!cpuslab_counter_init(&counter, slab));
	need(!cpuslab_gauge_init(&gauge, slab));
	need(!cpuslab_histogram_init(&histogram, slab, 3, 32));
	need(!cpuslab_stack_init(&stack, slab));
	need(!cpuslab_refcount_init(&refcount, slab, NULL));
	need(!cpuslab_log_init(&log_, slab, 4096));
	need(!cpuslab_ring_init(&ring, slab, 1 << 16, 0));
	need(!cpuslab_hotplug_create(
		&hotplug, cpuslab_slab_domain(cpuslab_default()), NULL));
	for (i = 0; i < THREADS; i++)
		need(!pthread_create(&threads[i], NULL, run, nodes[i]));
	need(!pthread_create(&threads[i], NULL, change, NULL));
	child();
	for (i = 0; i <= THREADS; i++)
		pthread_join(threads[i], NULL);
	need(cpuslab_counter_sum(&counter) == THREADS * TURNS);
	cpuslab_hotplug_destroy(hotplug);
	cpuslab_ring_fini(&ring);
	cpuslab_log_fini(&log_);
	cpuslab_refcount_fini(&refcount);
	cpuslab_stack_fini(&stack);
	cpuslab_histogram_fini(&histogram);
	cpuslab_gauge_fini(&gauge);
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	return 0;
}
