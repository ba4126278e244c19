/* SPDX-License-Identifier: MIT */
/*
 * hot_add.c - adds while another CPU is removed and added, again and again.
 *
 * A thread on the last CPU removes and adds that CPU; the threads that add run
 * on the others.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "platform.h"

#include <pthread.h>
#include <stdlib.h>

#include "lists.h"

struct hot_add {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_counter counter;
	pthread_t thread;
	uint32_t stop;    /* W main; R thread */
	uint64_t changes; /* W thread; R main */
};

static void hot_add_must(int err)
{
	if (err)
		measure_die("hot-add", cpuslab_strerror(err));
}

static void *hot_add_thread(void *arg)
{
	struct hot_add *hot = arg;
	uint32_t cpu = measure_pin(measure_cpus() - 1);

	while (!cpuslab_load_acquire_u32(&hot->stop)) {
		hot_add_must(cpuslab_domain_remove(hot->domain, cpu));
		hot_add_must(cpuslab_domain_add_start(hot->domain, cpu));
		hot_add_must(cpuslab_domain_add_complete(hot->domain, cpu));
		cpuslab_store_release_u64(&hot->changes, hot->changes + 1);
	}
	return NULL;
}

static uint64_t hot_add_changes(void *arg)
{
	return cpuslab_load_acquire_u64(&((struct hot_add *)arg)->changes);
}

/* Adds begin when changes do. */
static void hot_add_before(void *arg, uint64_t n)
{
	struct hot_add *hot = arg;
	uint64_t changes = hot->changes;

	(void)n;
	hot->stop = 0;
	if (pthread_create(&hot->thread, NULL, hot_add_thread, hot))
		measure_die("hot-add", "no thread");
	lists_wait(hot_add_changes, hot, changes + 1);
}

static void hot_add_after(void *arg, uint64_t n)
{
	struct hot_add *hot = arg;

	(void)n;
	cpuslab_store_release_u32(&hot->stop, 1);
	pthread_join(hot->thread, NULL);
}

static BENCH_NOINLINE void hot_add_run(void *arg, uint64_t n)
{
	struct hot_add *hot = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		cpuslab_counter_add(&hot->counter, 1);
}

static uint64_t hot_add_count(void *arg)
{
	return cpuslab_counter_sum(&((struct hot_add *)arg)->counter);
}

static const char *hot_add_unfit(const struct bench_run *run)
{
	if (run->threads >= measure_cpus())
		return "needs a CPU that runs no thread";
	return cpuslab_port_uses_atomics() ?
		       "atomic mode: blocks are retained until a trim" :
		       NULL;
}

static void *hot_add_setup(struct bench_run *run)
{
	struct hot_add *hot = calloc(1, sizeof(*hot));

	(void)run;
	if (!hot)
		measure_die("hot-add", "no memory");
	hot->domain = platform_domain_real();
	hot->slab = platform_slab(hot->domain);
	if (cpuslab_counter_init(&hot->counter, hot->slab))
		measure_die("hot-add", "no counter");
	return hot;
}

static void hot_add_teardown(void *arg)
{
	struct hot_add *hot = arg;

	cpuslab_counter_fini(&hot->counter);
	cpuslab_slab_destroy(hot->slab);
	cpuslab_domain_destroy(hot->domain);
	free(hot);
}

const struct bench_body hot_add_bodies[] = {
	{ .how = { .name = "hot-add/cpuslab",
		   .run = hot_add_run,
		   .before = hot_add_before,
		   .after = hot_add_after,
		   .count = hot_add_count },
	  .flags = BENCH_THREADS,
	  .unfit = hot_add_unfit,
	  .setup = hot_add_setup,
	  .teardown = hot_add_teardown },
	{ .how = { .name = NULL } },
};
