/* SPDX-License-Identifier: MIT */
/*
 * torture.c - each operation on a word happens exactly once, on one CPU.
 *
 * More workers than CPUs take steps, move between CPUs, and are interrupted by
 * a signal handler that takes steps of its own. Meanwhile CPUs of the domain
 * come and go. By CPU number and, in a slab of its own, by concurrency id out
 * of line.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include <cpuslab/cpuslab.h>

#include "torture/torture.h"
#include "words/portable_exact.h"

#define WORDS_WORKERS 4
#define WORDS_LIMIT 40u
#define WORDS_TIMER_NS 200000

struct words_place {
	struct cpuslab_slab *slab;
	struct cpuslab_percpu handle;
};

struct words_worker {
	struct words_account thread[2], handler[2]; /* of each place */
	uint64_t random;
};

static struct cpuslab_domain *words_domain;
static struct words_place words_places[2]; /* by CPU, by id */
static struct words_worker words_workers[WORDS_WORKERS];
static __thread struct words_worker *words_self;

static void words_steps(struct words_account *accounts, uint64_t salt)
{
	TORTURE_CHECK(words_step(&words_places[0].handle, &accounts[0], salt));
	if (accounts[0].steps % 8 == 0)
		TORTURE_CHECK(words_step(&words_places[1].handle, &accounts[1],
					 salt));
}

static void words_handler(int signal)
{
	struct words_worker *w = words_self;

	(void)signal;
	if (w)
		words_steps(w->handler, 500 + (uint64_t)(w - words_workers));
}

static void *words_work(void *arg)
{
	struct words_worker *w = arg;
	struct torture_timer timer;

	words_self = w;
	torture_timer_start(&timer, WORDS_TIMER_NS);
	while (torture_running()) {
		words_steps(w->thread, (uint64_t)(w - words_workers));
		if (!torture_below(&w->random, 256))
			torture_migrate(&w->random);
	}
	torture_timer_stop(&timer);
	words_self = NULL;
	return NULL;
}

static void *words_storm(void *arg)
{
	uint64_t random = torture_stream(200);

	(void)arg;
	while (torture_running())
		torture_storm_step(words_domain, WORDS_LIMIT, &random);
	return NULL;
}

static void words_place_init(struct words_place *place, uint32_t flags)
{
	const struct cpuslab_slab_config config = { .size = sizeof(config),
						    .name = "words",
						    .flags = flags };
	struct cpuslab_percid by_id;

	TORTURE_OK(cpuslab_slab_create(&place->slab, words_domain, &config));
	if (flags) {
		TORTURE_OK(
			cpuslab_percid_alloc(place->slab, &words_type, &by_id));
		place->handle = by_id.copies;
	} else {
		TORTURE_OK(cpuslab_alloc(place->slab, &words_type,
					 &place->handle));
	}
}

static uint64_t words_exact(uint32_t nth)
{
	struct words_account all;
	const char *wrong;
	int i;

	words_account_init(&all);
	for (i = 0; i < WORDS_WORKERS; i++) {
		words_account_merge(&all, &words_workers[i].thread[nth]);
		words_account_merge(&all, &words_workers[i].handler[nth]);
	}
	wrong = words_wrong(&words_places[nth].handle, &all);
	if (wrong)
		printf("  %s\n", wrong);
	TORTURE_CHECK(!wrong);
	return all.steps;
}

static void words_fini(uint32_t nth)
{
	struct words_place *place = &words_places[nth];

	printf("  %llu steps\n", (unsigned long long)words_exact(nth));
	cpuslab_domain_trim(words_domain, CPUSLAB_TRIM_QUIESCENT);
	words_exact(nth);
	TORTURE_OK(cpuslab_slab_check(place->slab));
	TORTURE_OK(cpuslab_free(place->slab, &place->handle));
	cpuslab_slab_destroy(place->slab);
}

int main(int argc, char **argv)
{
	pthread_t threads[WORDS_WORKERS + 1];
	int i, n;

	torture_begin(argc, argv, "Each operation on a word happens once.");
	torture_fake_limit(WORDS_LIMIT);
	torture_handler(words_handler);
	TORTURE_OK(cpuslab_domain_create(&words_domain, NULL));
	words_place_init(&words_places[0], 0);
	words_place_init(&words_places[1], CPUSLAB_SLAB_PERCID);
	for (i = 0; i < WORDS_WORKERS; i++) {
		words_workers[i].random = torture_stream((uint64_t)i);
		for (n = 0; n < 2; n++) {
			words_account_init(&words_workers[i].thread[n]);
			words_account_init(&words_workers[i].handler[n]);
		}
		TORTURE_OK(pthread_create(&threads[i], NULL, words_work,
					  &words_workers[i]));
	}
	TORTURE_OK(pthread_create(&threads[i], NULL, words_storm, NULL));
	for (i = 0; i <= WORDS_WORKERS; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
	words_fini(0);
	words_fini(1);
	cpuslab_domain_destroy(words_domain);
	return torture_end();
}
