/* SPDX-License-Identifier: MIT */
/*
 * A CPU that is added brings its share of magazines, so that it allocates as
 * the others do.
 */
#include "fixture/fixture.h"

#define CPUS 16u
#define ROUNDS 8u
#define HELD 12u /* objects that each CPU holds at a time */
#define TURNS 200u
#define OBJECTS (2 * CPUS * HELD)

static uint64_t objects[OBJECTS];
static bool allocated[OBJECTS];
static uint64_t asked[CPUS]; /* of the allocator, by each CPU */
static uint64_t freed;
static struct cpuslab_cache cache;

static void *object_alloc(void *arg)
{
	uint32_t i;

	(void)arg;
	asked[sim_cpu()]++;
	for (i = 0; i < OBJECTS && allocated[i];)
		i++;
	assert_true(i < OBJECTS);
	allocated[i] = true;
	return &objects[i];
}

static void object_free(void *arg, void *object)
{
	size_t i = (size_t)((uint64_t *)object - objects);

	(void)arg;
	assert_true(allocated[i]);
	allocated[i] = false;
	freed++;
}

static void begin(struct fixture *f, uint32_t magazines)
{
	const struct cpuslab_cache_config config = {
		.alloc = object_alloc,
		.free = object_free,
		.rounds = ROUNDS,
		.magazines = magazines,
	};

	memset(allocated, 0, sizeof(allocated));
	memset(asked, 0, sizeof(asked));
	freed = 0;
	assert_int_equal(cpuslab_cache_init(&cache, f->slab, &config),
			 CPUSLAB_OK);
}

static struct cpuslab_cache_stats stats_now(void)
{
	struct cpuslab_cache_stats stats;

	cpuslab_cache_stats_get(&cache, &stats);
	return stats;
}

static void end(void)
{
	uint32_t i;

	cpuslab_cache_fini(&cache);
	for (i = 0; i < OBJECTS; i++)
		assert_false(allocated[i]);
}

/* CPUs [0, @cpus) hold their objects at the same time, again and again. */
static void work(uint32_t cpus)
{
	static void *held[CPUS][HELD];
	uint32_t turn, cpu, i;

	for (turn = 0; turn < TURNS; turn++) {
		for (cpu = 0; cpu < cpus; cpu++) {
			sim_cpu_set(cpu);
			for (i = 0; i < HELD; i++)
				held[cpu][i] = cpuslab_cache_alloc(&cache);
		}
		for (cpu = 0; cpu < cpus; cpu++) {
			sim_cpu_set(cpu);
			for (i = 0; i < HELD; i++)
				cpuslab_cache_free(&cache, held[cpu][i]);
		}
	}
}

static void new_cpus_do_not_ask_the_allocator(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_cache_stats stats;
	uint64_t all = 0;
	uint32_t cpu;

	begin(f, 2 * FIXTURE_AVAILABLE);
	work(FIXTURE_AVAILABLE);
	for (cpu = FIXTURE_AVAILABLE; cpu < CPUS; cpu++) {
		fixture_add(f, cpu);
		work(cpu + 1);
		/* 1 % of what it has allocated by now. */
		assert_true(asked[cpu] * 100 <= HELD * TURNS);
	}
	for (cpu = 0; cpu < CPUS; cpu++)
		all += asked[cpu];
	stats = stats_now();
	assert_int_equal(stats.allocs, all);
	assert_int_equal(stats.frees, freed);
	assert_true(stats.refills > 0);
	assert_int_equal(stats.magazines, 2 * CPUS);
	end();
}

static void a_returning_cpu_brings_none(void **state)
{
	struct fixture *f = *state;
	int i;

	begin(f, 2 * FIXTURE_AVAILABLE);
	for (i = 0; i < 3; i++) {
		fixture_add(f, 9);
		assert_int_equal(stats_now().magazines,
				 2 * FIXTURE_AVAILABLE + 2);
		fixture_remove(f, 9);
		fixture_remove(f, 1);
		fixture_add(f, 1); /* it was online at init */
	}
	end();
}

static void the_share_is_that_of_a_cpu_online_at_init(void **state)
{
	static const uint32_t shares[][2] = {
		{ 1, 2 }, { 4, 2 }, { 9, 3 }, { 12, 3 }, { 256, 64 },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		begin(f, shares[i][0]);
		fixture_add(f, 9);
		assert_int_equal(stats_now().magazines,
				 shares[i][0] + shares[i][1]);
		end();
		fixture_remove(f, 9);
	}
}

/* Without memory for its magazines a CPU is added all the same. */
static void no_memory_for_a_share(void **state)
{
	struct fixture *f = *state;

	begin(f, 2 * FIXTURE_AVAILABLE);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	sim_fail_alloc_from(1);
	assert_int_equal(cpuslab_domain_add_complete(f->domain, 9), CPUSLAB_OK);
	sim_fail_alloc_from(0);
	assert_int_equal(stats_now().magazines, 2 * FIXTURE_AVAILABLE);
	fixture_remove(f, 9);
	fixture_add(f, 9); /* it tries again */
	assert_int_equal(stats_now().magazines, 2 * FIXTURE_AVAILABLE + 2);
	end();
}

/* The first CPU brings as much as there was to begin with. */
static void without_a_cpu_at_init(void **state)
{
	struct fixture *f = *state;
	uint32_t cpu;

	for (cpu = 0; cpu < FIXTURE_AVAILABLE; cpu++)
		fixture_remove(f, cpu);
	begin(f, 9);
	fixture_add(f, 1);
	assert_int_equal(stats_now().magazines, 18);
	end();
}

static void without_its_domain_a_slab_has_no_cache(void **state)
{
	const struct cpuslab_cache_config config = { .alloc = object_alloc,
						     .free = object_free };
	struct fixture *f = *state;
	uint64_t before = fixture_stats(f).objects;

	cpuslab_domain_destroy(f->domain);
	f->domain = NULL;
	assert_int_equal(cpuslab_cache_init(&cache, f->slab, &config),
			 -CPUSLAB_ESHUTDOWN);
	assert_int_equal(fixture_stats(f).objects, before);
	cpuslab_slab_destroy(f->slab);
	f->slab = NULL;
}

static const struct cpuslab_type word_type = { .name = "word", .size = 8 };

/* Unless the interrupted thread holds the slab's mutex. */
static void other_adds_9(void *arg)
{
	struct fixture *f = arg;
	struct cpuslab_percpu handle;

	if (cpuslab_try_alloc(f->slab, &word_type, &handle))
		return;
	fixture_free(f, &handle);
	fixture_add(f, 9);
}

/* A CPU that is added while others are fenced keeps its objects. */
static void during_a_drain(void **state)
{
	struct fixture *f = *state;
	uint64_t k, kept = 0;
	unsigned int left;
	int result;

	begin(f, 2 * FIXTURE_AVAILABLE);
	for (k = 1, left = 0; !left; k++) {
		sim_cpu_set(9);
		cpuslab_cache_free(&cache, cpuslab_cache_alloc(&cache));
		sim_cpu_set(0);
		sim_other_at(k, 1, other_adds_9, f);
		result = cpuslab_cache_drain(&cache);
		left = sim_at_cancel();
		assert_int_equal(result == CPUSLAB_PARTIAL, allocated[0]);
		kept += result == CPUSLAB_PARTIAL;
		fixture_remove(f, 9);
		sim_quiesce();
	}
	assert_int_equal(kept > 0, !cpuslab_port_uses_atomics());
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_BOTH(new_cpus_do_not_ask_the_allocator),
		FIXTURE_BOTH(a_returning_cpu_brings_none),
		FIXTURE_BOTH(the_share_is_that_of_a_cpu_online_at_init),
		FIXTURE_BOTH(no_memory_for_a_share),
		FIXTURE_BOTH(during_a_drain),
		FIXTURE_RSEQ(without_a_cpu_at_init),
		FIXTURE_RSEQ(without_its_domain_a_slab_has_no_cache),
	};

	return cmocka_run_group_tests_name("cache arrivals", tests, NULL, NULL);
}
