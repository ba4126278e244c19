/* SPDX-License-Identifier: MIT */
/*
 * Producers, a consumer and the domain's calls in seeded schedules: every
 * record is consumed once or counted as lost, in its producer's order in each
 * ring, and what is copied from a ring that overwrites is whole. With the
 * memory model a record that is seen too early is a race.
 */
#include "fixture/fixture.h"

#define STORM_PRODUCERS 3u
#define STORM_EACH 60u
#define STORM_CPUS 4u
#define STORM_CHANGES 10u
#define STORM_WORDS 240u
#define STORM_ROUNDS 40u

struct storm_record {
	uint64_t producer;
	uint64_t number;
	uint64_t words[STORM_WORDS];
};

static struct fixture storm;
/* Newest records are not consumed, so that their ring retains its CPU. */
static struct cpuslab_slab *storm_slab_newest;
static struct cpuslab_ring storm_lossless, storm_newest;
static uint64_t storm_appended[STORM_PRODUCERS], storm_lost;
static uint64_t storm_consumed[STORM_PRODUCERS];
static uint64_t storm_last[STORM_CPUS + 1][STORM_PRODUCERS];
static uint32_t storm_left; /* producers */
static uint32_t storm_random;
static const char *storm_failed;

static uint32_t storm_below(uint32_t below)
{
	storm_random = storm_random * 1103515245u + 12345u;
	return (storm_random >> 16) % below;
}

static uint64_t storm_word(const struct storm_record *record, uint32_t i)
{
	return (record->number << 16 | record->producer << 8) + i;
}

static void storm_append(uint64_t producer, uint64_t number)
{
	struct storm_record record = { producer, number, { 0 } };
	uint32_t i, words = storm_below(STORM_WORDS + 1);
	uint32_t bytes = 16 + words * 8;
	int result;

	for (i = 0; i < words; i++)
		record.words[i] = storm_word(&record, i);
	result = cpuslab_ring_append(&storm_lossless, &record, bytes);
	if (result == CPUSLAB_OK)
		storm_appended[producer]++;
	else if (result == CPUSLAB_FULL)
		storm_lost++;
	else
		storm_failed = "an append failed";
	result = cpuslab_ring_append(&storm_newest, &record, bytes);
	if (result != CPUSLAB_OK && result != CPUSLAB_FULL)
		storm_failed = "an append to the other ring failed";
}

static void storm_producer(void *arg)
{
	uint64_t producer = (uint64_t)(uintptr_t)arg, number;

	for (number = 1; number <= STORM_EACH; number++)
		storm_append(producer, number);
	storm_left--;
}

static void storm_check(const struct storm_record *record, uint32_t bytes)
{
	uint32_t i;

	if (record->producer >= STORM_PRODUCERS || bytes < 16 ||
	    bytes > sizeof(*record)) {
		storm_failed = "a record that was not appended";
		return;
	}
	for (i = 0; i < (bytes - 16) / 8; i++)
		if (record->words[i] != storm_word(record, i))
			storm_failed = "a record of two";
}

static void storm_consume_cpu(uint32_t cpu)
{
	uint64_t *last = storm_last[cpu == CPUSLAB_SHARED ? STORM_CPUS : cpu];
	struct cpuslab_ring_view view;
	uint64_t at, end;
	const void *data;
	uint32_t bytes;

	if (cpuslab_ring_view_init(&view, &storm_lossless, cpu))
		return;
	end = cpuslab_ring_tail(&view);
	at = cpuslab_ring_consumed(&view);
	while (cpuslab_ring_next(&view, &at, end, &data, &bytes)) {
		const struct storm_record *record = data;

		storm_check(record, bytes);
		if (storm_failed)
			return;
		if (record->number <= last[record->producer])
			storm_failed = "not in order";
		last[record->producer] = record->number;
		storm_consumed[record->producer]++;
	}
	cpuslab_port_preempt_point();
	cpuslab_ring_consume(&view, at);
}

static void storm_copy_cpu(uint32_t cpu)
{
	struct storm_record record;
	struct cpuslab_ring_view view;
	uint64_t at, skipped = 0;
	uint32_t bytes;
	int result;

	if (cpuslab_ring_view_init(&view, &storm_newest, cpu))
		return;
	at = cpuslab_ring_consumed(&view);
	while (!(result = cpuslab_ring_copy(&view, &at, &record, sizeof(record),
					    &bytes, &skipped)))
		storm_check(&record, bytes);
	if (result != CPUSLAB_EMPTY)
		storm_failed = "a copy failed";
}

static void storm_each(void (*look)(uint32_t cpu))
{
	uint32_t cpu;

	cpuslab_read_enter();
	look(CPUSLAB_SHARED);
	for (cpu = 0; cpu < STORM_CPUS; cpu++)
		look(cpu);
	cpuslab_read_exit();
}

static void storm_consumer(void *arg)
{
	(void)arg;
	while (storm_left && !storm_failed) {
		cpuslab_port_preempt_point();
		storm_each(storm_consume_cpu);
	}
}

static void storm_copier(void *arg)
{
	(void)arg;
	while (storm_left && !storm_failed) {
		cpuslab_port_preempt_point();
		storm_each(storm_copy_cpu);
	}
}

static void storm_changes(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < STORM_CHANGES; i++) {
		uint32_t cpu = storm_below(STORM_CPUS);

		if (storm_below(2)) {
			if (!cpuslab_domain_add_start(storm.domain, cpu))
				(void)cpuslab_domain_add_complete(storm.domain,
								  cpu);
		} else {
			(void)cpuslab_domain_remove(storm.domain, cpu);
			(void)cpuslab_domain_trim(storm.domain, 0);
		}
	}
}

static void storm_reset(const struct fixture_config *config, uint64_t seed)
{
	struct fixture_config seeded = *config;
	uint64_t bytes;

	seeded.seed = seed;
	seeded.limit = STORM_CPUS;
	storm_random = (uint32_t)seed;
	storm_failed = NULL;
	storm_left = STORM_PRODUCERS;
	storm_lost = 0;
	memset(storm_appended, 0, sizeof(storm_appended));
	memset(storm_consumed, 0, sizeof(storm_consumed));
	memset(storm_last, 0, sizeof(storm_last));
	fixture_begin(&storm, &seeded);
	bytes = 4 * cpuslab_port_page_size();
	assert_int_equal(cpuslab_ring_init(&storm_lossless, storm.slab, bytes,
					   0),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_slab_create(&storm_slab_newest, storm.domain,
					     NULL),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_ring_init(&storm_newest, storm_slab_newest,
					   bytes, CPUSLAB_RING_OVERWRITE),
			 CPUSLAB_OK);
}

static void storm_run(const struct fixture_config *config, uint64_t seed)
{
	const struct sim_task tasks[] = {
		{ storm_producer, (void *)(uintptr_t)0, 0 },
		{ storm_producer, (void *)(uintptr_t)1, 1 },
		/* It has no CPU of its own. */
		{ storm_producer, (void *)(uintptr_t)2, (uint32_t)(seed % 3) },
		{ storm_consumer, NULL, 2 },
		{ storm_copier, NULL, 3 },
		{ storm_changes, NULL, 3 },
	};
	uint32_t i;

	storm_reset(config, seed);
	sim_run(tasks, sizeof(tasks) / sizeof(*tasks));
	storm_each(storm_consume_cpu);
	if (storm_failed)
		fail_msg("seed %llu: %s", (unsigned long long)seed,
			 storm_failed);
	for (i = 0; i < STORM_PRODUCERS; i++)
		assert_int_equal(storm_consumed[i], storm_appended[i]);
	assert_int_equal(cpuslab_ring_lost(&storm_lossless), storm_lost);
	cpuslab_ring_fini(&storm_newest);
	assert_int_equal(cpuslab_slab_check(storm_slab_newest), CPUSLAB_OK);
	cpuslab_slab_destroy(storm_slab_newest);
	cpuslab_ring_fini(&storm_lossless);
	fixture_end(&storm);
}

static void nothing_is_lost_that_is_not_counted(void **state)
{
	uint64_t seed;

	for (seed = 1; seed <= STORM_ROUNDS; seed++)
		storm_run(*state, seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "nothing_is_lost_that_is_not_counted (rseq)",
		  nothing_is_lost_that_is_not_counted, NULL, NULL,
		  &fixture_rseq },
		{ "nothing_is_lost_that_is_not_counted (atomic)",
		  nothing_is_lost_that_is_not_counted, NULL, NULL,
		  &fixture_atomic },
	};

	return cmocka_run_group_tests_name("ring storm", tests, NULL, NULL);
}
