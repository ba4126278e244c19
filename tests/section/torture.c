/* SPDX-License-Identifier: MIT */
/*
 * torture.c - no record is lost, torn or taken twice.
 *
 * More workers than CPUs put and take records, move between CPUs, and are
 * interrupted by a signal handler that does the same. Meanwhile CPUs of the
 * domain come and go.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include <cpuslab/cpuslab.h>

#include "section/portable_buffer.h"
#include "torture/torture.h"

#define SECTION_WORKERS 4
#define SECTION_LIMIT 40u
#define SECTION_TIMER_NS 200000

struct section_worker {
	struct buffer_account thread, handler;
	uint64_t random;
	uint32_t signals;
};

static struct cpuslab_domain *section_domain;
static struct cpuslab_slab *section_slab;
static struct cpuslab_percpu section_handle;
static struct section_worker section_workers[SECTION_WORKERS];
static __thread struct section_worker *section_self;

static void section_step(struct buffer_account *account, uint64_t salt)
{
	TORTURE_CHECK(buffer_step(&section_handle, account, salt));
}

/* A take that it interrupts may find the same count with another record. */
static void section_handler(int signal)
{
	struct section_worker *w = section_self;
	uint64_t salt;

	(void)signal;
	if (!w)
		return;
	salt = 512 + (uint64_t)(w - section_workers);
	if (w->signals++ % 2)
		section_step(&w->handler, salt);
	else
		TORTURE_CHECK(
			buffer_replace(&section_handle, &w->handler, salt));
}

static void *section_work(void *arg)
{
	struct section_worker *w = arg;
	struct torture_timer timer;

	section_self = w;
	torture_timer_start(&timer, SECTION_TIMER_NS);
	while (torture_running()) {
		section_step(&w->thread, (uint64_t)(w - section_workers));
		if (!torture_below(&w->random, 256))
			torture_migrate(&w->random);
	}
	torture_timer_stop(&timer);
	section_self = NULL;
	return NULL;
}

static void *section_storm(void *arg)
{
	uint64_t random = torture_stream(200);

	(void)arg;
	while (torture_running())
		torture_storm_step(section_domain, SECTION_LIMIT, &random);
	return NULL;
}

static void section_exact(void)
{
	struct buffer_account all = { 0 };
	int i;

	for (i = 0; i < SECTION_WORKERS; i++) {
		buffer_account_merge(&all, &section_workers[i].thread);
		buffer_account_merge(&all, &section_workers[i].handler);
	}
	printf("  %llu records, %llu words differed, %llu refused\n",
	       (unsigned long long)all.puts, (unsigned long long)all.differed,
	       (unsigned long long)all.refused);
	TORTURE_CHECK(buffer_is_exact(&section_handle, &all));
	if (cpuslab_port_uses_atomics())
		TORTURE_CHECK(!all.puts);
	else
		TORTURE_CHECK(all.puts);
}

int main(int argc, char **argv)
{
	pthread_t threads[SECTION_WORKERS + 1];
	int i;

	torture_begin(argc, argv, "No record is lost, torn or taken twice.");
	torture_fake_limit(SECTION_LIMIT);
	torture_handler(section_handler);
	TORTURE_OK(cpuslab_domain_create(&section_domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&section_slab, section_domain, NULL));
	TORTURE_OK(cpuslab_alloc(section_slab, &buffer_type, &section_handle));
	for (i = 0; i < SECTION_WORKERS; i++) {
		section_workers[i].random = torture_stream((uint64_t)i);
		TORTURE_OK(pthread_create(&threads[i], NULL, section_work,
					  &section_workers[i]));
	}
	TORTURE_OK(pthread_create(&threads[i], NULL, section_storm, NULL));
	for (i = 0; i <= SECTION_WORKERS; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
	section_exact();
	cpuslab_domain_trim(section_domain, CPUSLAB_TRIM_QUIESCENT);
	section_exact();
	TORTURE_OK(cpuslab_slab_check(section_slab));
	TORTURE_OK(cpuslab_free(section_slab, &section_handle));
	cpuslab_slab_destroy(section_slab);
	cpuslab_domain_destroy(section_domain);
	return torture_end();
}
