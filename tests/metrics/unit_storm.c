/* SPDX-License-Identifier: MIT */
/*
 * Texts while slabs, CPUs and named objects come and go: no sample is there
 * twice, what stays is in each text, and the last one is exact.
 */
#include "fixture/fixture.h"
#include "metrics/portable_text.h"

#include <stdio.h>
#include <string.h>

enum {
	STORM_SEEDS = 120,
	STORM_ROUNDS = 6,
	STORM_ROOM = 16384,
	STORM_LEVELS = 3,
	STORM_ALLOCS = 4000, /* of a storm, which needs fewer */
};

#define STORM_OBJECTS                                                          \
	"cpuslab_slab_objects{domain=\"tested\",slab=\"tested\",id=\"2\"}"

static struct fixture *storm_fixture;
static struct cpuslab_counter storm_hits;
static struct cpuslab_gauge storm_levels[STORM_LEVELS];
static uint64_t storm_texts;
static uint64_t storm_shared; /* adds that the shared copy has counted */

/* How often is there a line that begins with @prefix? */
static unsigned int storm_count(const char *text, const char *prefix)
{
	unsigned int count = 0;

	while ((text = text_line(text, prefix)) != NULL)
		count++;
	return count;
}

static void storm_read(void *arg)
{
	static const char total[] = "cpuslab_count_total{name=\"hits\"}";
	char text[STORM_ROOM];
	uint64_t last = 0, sum;
	int i;

	(void)arg;
	for (i = 0; i < STORM_ROUNDS; i++) {
		assert_in_range(
			cpuslab_metrics_write(CPUSLAB_METRICS_OPENMETRICS, text,
					      sizeof(text)),
			1, sizeof(text) - 1);
		assert_int_equal(storm_count(text, STORM_OBJECTS), 1);
		assert_int_equal(storm_count(text, "cpuslab_slab_objects{"),
				 storm_count(text, "cpuslab_slab_extents{"));
		assert_in_range(storm_count(text, "cpuslab_count_total"), 0, 2);
		if (!text_line(text, total))
			continue;
		sum = text_number(text, total);
		assert_in_range(sum, last, 2 * STORM_ROUNDS);
		last = sum;
		storm_texts++;
	}
}

/* Its memory is used for something else after the fini. */
static void storm_named(void)
{
	struct cpuslab_counter named = CPUSLAB_COUNTER_INIT("comes");

	assert_int_equal(cpuslab_counter_add(&named, 1), 0);
	cpuslab_counter_fini(&named);
	memset(&named, 0xff, sizeof(named));
}

/*
 * An operation without a CPU, and the first on CPU @cpu: it is on the shared
 * copy while another task has the mutex of the slab.
 */
static void storm_operate(const struct cpuslab_percpu *handle, uint32_t cpu)
{
	fixture_count(handle, CPUSLAB_NO_CPU, 1);
	do
		fixture_count(handle, cpu, 1);
	while (!fixture_has(handle, cpu));
	storm_shared += fixture_word(handle, CPUSLAB_SHARED);
}

static void storm_make(void *arg)
{
	const uint32_t first = *(const uint32_t *)arg;
	struct cpuslab_percpu handle;
	struct cpuslab_slab *slab;
	uint32_t i;

	for (i = 0; i < STORM_ROUNDS; i++) {
		assert_int_equal(
			cpuslab_slab_create(&slab, storm_fixture->domain, NULL),
			0);
		handle = fixture_alloc(storm_fixture, &fixture_counter);
		assert_int_equal(cpuslab_counter_add(&storm_hits, 1), 0);
		storm_named();
		storm_operate(&handle, first + i);
		fixture_free(storm_fixture, &handle);
		cpuslab_slab_destroy(slab);
	}
}

static void storm_cpus(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < STORM_ROUNDS; i++) {
		fixture_add(storm_fixture, 20);
		fixture_remove(storm_fixture, 20);
	}
}

static uint64_t storm_number(const char *text, const char *family)
{
	char sample[128];

	snprintf(sample, sizeof(sample),
		 "cpuslab_slab_%s{domain=\"tested\",slab=\"tested\",id=\"2\"}",
		 family);
	return text_number(text, sample);
}

/* What the tasks have counted. */
static void storm_check_exact(bool releases)
{
	const uint64_t blocks = releases ? STORM_ROUNDS : 0;
	char text[STORM_ROOM];

	cpuslab_metrics_write(CPUSLAB_METRICS_PROMETHEUS, text, sizeof(text));
	assert_int_equal(storm_number(text, "objects"), 0);
	assert_int_equal(storm_number(text, "refusals_total"), 0);
	assert_int_equal(storm_number(text, "releases_total"), blocks);
	assert_int_equal(storm_number(text, "admissions_on_demand_total"),
			 2 * STORM_ROUNDS);
	assert_int_equal(storm_number(text, "admissions_total"),
			 FIXTURE_AVAILABLE + (releases ? blocks : 1) +
				 2 * STORM_ROUNDS);
	assert_int_equal(storm_number(text, "shared_operations_total"),
			 storm_shared);
	assert_int_equal(text_number(text,
				     "cpuslab_count_total{name=\"hits\"}"),
			 2 * STORM_ROUNDS);
}

static void storm(uint64_t seed, enum sim_mode mode)
{
	static uint32_t first[] = { 30, 30 + STORM_ROUNDS };
	static const struct sim_task tasks[] = {
		{ .run = storm_read, .cpu = 0 },
		{ .run = storm_read, .cpu = 1 },
		{ .run = storm_make, .arg = &first[0], .cpu = 2 },
		{ .run = storm_make, .arg = &first[1], .cpu = 3 },
		{ .run = storm_cpus, .cpu = 0 },
	};
	const struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
	const struct cpuslab_gauge level = CPUSLAB_GAUGE_INIT("level");
	const struct fixture_config config = { .seed = seed, .mode = mode };
	struct fixture f;
	int i;

	fixture_begin(&f, &config);
	storm_fixture = &f;
	storm_hits = hits;
	for (i = 0; i < STORM_LEVELS; i++) {
		storm_levels[i] = level;
		assert_int_equal(cpuslab_gauge_add(&storm_levels[i], 1), 0);
	}
	storm_shared = 0;
	/* A text that always lacks room fails. */
	sim_fail_alloc_from(STORM_ALLOCS);
	sim_run(tasks, sizeof(tasks) / sizeof(tasks[0]));
	sim_quiesce();
	sim_fail_alloc_from(0);
	storm_read(NULL);
	storm_check_exact(mode == SIM_RSEQ);
	cpuslab_default_destroy();
	fixture_end(&f);
}

static void seeded_storms(void **state)
{
	uint64_t seed;

	(void)state;
	storm_texts = 0;
	for (seed = 1; seed <= STORM_SEEDS; seed++)
		storm(seed, seed % 3 ? SIM_RSEQ : SIM_ATOMIC);
	assert_true(storm_texts > STORM_SEEDS * STORM_ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seeded_storms),
	};

	return cmocka_run_group_tests_name("metrics_storm", tests, NULL, NULL);
}
