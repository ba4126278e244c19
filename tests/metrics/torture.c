/* SPDX-License-Identifier: MIT */
/*
 * torture.c - texts are whole and exact while what they show comes and goes.
 *
 * Threads create and destroy slabs, domains and named objects, count, and fork;
 * CPUs of a domain come and go; a constructor writes a text itself. Meanwhile
 * readers check that each text ends, that the slab which stays is in it, and
 * that counters lie between what had been added before and after. In the end
 * each number is what the program counted.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#include "metrics/portable_text.h"
#include "torture/torture.h"

#define METRICS_LIMIT 40u
#define METRICS_LABELS "{domain=\"stays\",slab=\"stays\",id=\"2\"}"

static struct cpuslab_domain *metrics_domain;
static struct cpuslab_slab *metrics_slab;
static struct cpuslab_counter metrics_hits = CPUSLAB_COUNTER_INIT("hits");
static uint64_t metrics_begun, metrics_done; /* adds to it; W any */
static uint64_t metrics_texts, metrics_made, metrics_forks;

/* NULL-terminated, to be freed. */
static char *metrics_text(enum cpuslab_metrics_format format)
{
	size_t size = 4096, length;
	char *text = malloc(size);

	TORTURE_CHECK(text);
	while ((length = cpuslab_metrics_write(format, text, size)) >= size) {
		size = length + 1024;
		text = realloc(text, size);
		TORTURE_CHECK(text);
	}
	TORTURE_CHECK(length && strlen(text) == length);
	cpuslab_fetch_add_u64(&metrics_texts, 1);
	return text;
}

/* @inside: a callback, where what another thread changes is left out. */
static void metrics_check(bool inside)
{
	uint64_t least = cpuslab_load_acquire_u64(&metrics_done), most, sum;
	char *text = metrics_text(CPUSLAB_METRICS_OPENMETRICS);

	most = cpuslab_load_acquire_u64(&metrics_begun);
	sum = text_number(text, "cpuslab_count_total{name=\"hits\"}");
	/* Until it is used, it is not known. */
	if (!inside)
		TORTURE_CHECK(sum == UINT64_MAX ? !least :
						  sum >= least && sum <= most);
	TORTURE_CHECK(!strcmp(text + strlen(text) - 6, "# EOF\n"));
	TORTURE_CHECK(inside ||
		      text_line(text, "cpuslab_slab_objects" METRICS_LABELS));
	free(text);
}

/* ---- what comes and goes ------------------------------------------------- */

static int metrics_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)arg;
	if (cpu == CPUSLAB_SHARED)
		metrics_check(true);
	return CPUSLAB_OK;
}

static const struct cpuslab_type metrics_type = {
	.name = "looks",
	.size = 8,
	.ctor = metrics_ctor,
	.flags = CPUSLAB_TYPE_DISCARD,
};

/* Its struct is freed, so a text must not find it afterwards. */
static void metrics_named(void)
{
	const struct cpuslab_counter named = CPUSLAB_COUNTER_INIT("comes");
	const struct cpuslab_gauge level = CPUSLAB_GAUGE_INIT("comes");
	struct cpuslab_counter *counter = malloc(sizeof(*counter));
	struct cpuslab_gauge *gauge = malloc(sizeof(*gauge));

	TORTURE_CHECK(counter && gauge);
	*counter = named;
	*gauge = level;
	TORTURE_OK(cpuslab_counter_add(counter, 1));
	TORTURE_OK(cpuslab_gauge_add(gauge, 2));
	TORTURE_OK(cpuslab_gauge_sub(gauge, 2));
	cpuslab_counter_fini(counter);
	cpuslab_gauge_fini(gauge);
	free(counter);
	free(gauge);
}

static void metrics_slabs(uint64_t *random)
{
	struct cpuslab_domain *domain = NULL;
	struct cpuslab_percpu handle;
	struct cpuslab_slab *slab;

	if (torture_below(random, 2))
		TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain ? domain : metrics_domain,
				       NULL));
	TORTURE_OK(cpuslab_alloc(slab, &metrics_type, &handle));
	TORTURE_OK(cpuslab_free(slab, &handle));
	if (torture_below(random, 2) && domain) {
		cpuslab_domain_destroy(domain);
		domain = NULL;
	}
	cpuslab_slab_destroy(slab);
	if (domain)
		cpuslab_domain_destroy(domain);
}

static void *metrics_maker(void *arg)
{
	uint64_t random = torture_stream((uintptr_t)arg);

	while (torture_running()) {
		metrics_slabs(&random);
		metrics_named();
		cpuslab_fetch_add_u64(&metrics_begun, 3);
		TORTURE_OK(cpuslab_counter_add(&metrics_hits, 3));
		cpuslab_fetch_add_u64(&metrics_done, 3);
		cpuslab_fetch_add_u64(&metrics_made, 1);
	}
	return NULL;
}

static void *metrics_storm(void *arg)
{
	uint64_t random = torture_stream(200);

	(void)arg;
	while (torture_running())
		torture_storm_step(metrics_domain, METRICS_LIMIT, &random);
	return NULL;
}

static void *metrics_reader(void *arg)
{
	char *text;

	(void)arg;
	while (torture_running()) {
		metrics_check(false);
		text = metrics_text(CPUSLAB_METRICS_JSON);
		TORTURE_CHECK(text[strlen(text) - 1] == '}');
		free(text);
	}
	return NULL;
}

/* Nothing waits for what a thread of the parent was about to do. */
static void metrics_child(void)
{
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;

	alarm(30);
	metrics_check(false);
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	metrics_check(false);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	metrics_named();
	metrics_check(false);
	_exit(0);
}

static void *metrics_forker(void *arg)
{
	(void)arg;
	/* TSan's malloc() may hang in the child of a process with threads. */
	if (torture_is_under(TORTURE_VALGRIND | TORTURE_EMULATOR |
			     TORTURE_TSAN))
		return NULL;
	while (torture_running()) {
		pid_t pid = fork();

		if (!pid)
			metrics_child();
		TORTURE_OK(torture_await(pid));
		metrics_forks++;
	}
	return NULL;
}

/* ---- the end ------------------------------------------------------------- */

static void metrics_is(const char *text, const char *family, uint64_t number)
{
	char sample[128];

	snprintf(sample, sizeof(sample), "cpuslab_slab_%s" METRICS_LABELS,
		 family);
	TORTURE_CHECK(text_number(text, sample) == number);
}

static void metrics_check_exact(void)
{
	struct cpuslab_stats stats;
	char *text;

	TORTURE_CHECK(torture_settle(metrics_slab));
	cpuslab_stats_get(metrics_slab, &stats);
	text = metrics_text(CPUSLAB_METRICS_OPENMETRICS);
	metrics_is(text, "admissions_total", stats.admissions);
	metrics_is(text, "admissions_on_demand_total", stats.on_demand);
	metrics_is(text, "releases_total", stats.releases);
	metrics_is(text, "refusals_total", stats.refusals);
	metrics_is(text, "shared_operations_total", stats.shared_ops);
	metrics_is(text, "cpus_in_use", stats.in_use);
	metrics_is(text, "objects", 0);
	TORTURE_CHECK(text_number(text, "cpuslab_count_total{name=\"hits\"}") ==
		      metrics_begun);
	TORTURE_CHECK(!text_line(text, "cpuslab_count_total{name=\"comes\"}"));
	TORTURE_CHECK(!text_line(text, "cpuslab_domain_clients{domain="
				       "\"cpuslab\""));
	free(text);
}

int main(int argc, char **argv)
{
	const struct cpuslab_domain_config domain = { .size = sizeof(domain),
						      .name = "stays" };
	const struct cpuslab_slab_config slab = { .size = sizeof(slab),
						  .name = "stays" };
	void *(*const bodies[])(void *) = { metrics_maker,  metrics_maker,
					    metrics_maker,  metrics_storm,
					    metrics_reader, metrics_reader,
					    metrics_forker };
	pthread_t threads[7];
	uint32_t i;

	torture_begin(argc, argv, "metrics while slabs come and go");
	torture_quiet();
	torture_fake_limit(METRICS_LIMIT);
	TORTURE_OK(cpuslab_domain_create(&metrics_domain, &domain));
	TORTURE_OK(cpuslab_slab_create(&metrics_slab, metrics_domain, &slab));
	for (i = 0; i < 7; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL, bodies[i],
					  (void *)(uintptr_t)i));
	for (i = 0; i < 7; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
	metrics_check_exact();
	cpuslab_slab_destroy(metrics_slab);
	cpuslab_domain_destroy(metrics_domain);
	cpuslab_default_destroy();
	printf("%llu texts, %llu slabs, %llu forks\n",
	       (unsigned long long)metrics_texts,
	       (unsigned long long)metrics_made,
	       (unsigned long long)metrics_forks);
	return torture_end();
}
