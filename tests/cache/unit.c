/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

#include <stdlib.h>

#define OBJECTS 400u
#define ROUNDS 4u
#define MAGAZINES 6u

/* The backing allocator: reports an object that it gets or hands out twice. */
static struct cache_object {
	bool allocated; /* by the cache */
	bool used;      /* by the test */
	uint64_t content;
} objects[OBJECTS];
static uint32_t allocated, asked, refuse;
static const char *failed;

static void *object_alloc(void *arg)
{
	uint32_t i;

	assert_ptr_equal(arg, objects);
	if (refuse)
		return NULL;
	for (i = 0; i < OBJECTS && objects[i].allocated;)
		i++;
	if (i == OBJECTS)
		return NULL;
	objects[i].allocated = true;
	allocated++;
	asked++;
	return &objects[i];
}

static void object_free(void *arg, void *object)
{
	struct cache_object *of = object;

	assert_ptr_equal(arg, objects);
	if (!of->allocated || of->used)
		failed = "freed while in use, or twice";
	of->allocated = false;
	/* The cache must not read or link it any more. */
	of->content = 0xdead;
	allocated--;
}

static struct cpuslab_cache cache;

static void begin(struct fixture *f)
{
	const struct cpuslab_cache_config config = {
		.alloc = object_alloc,
		.free = object_free,
		.arg = objects,
		.rounds = ROUNDS,
		.magazines = MAGAZINES,
	};

	memset(objects, 0, sizeof(objects));
	allocated = asked = refuse = 0;
	failed = NULL;
	assert_int_equal(cpuslab_cache_init(&cache, f->slab, &config),
			 CPUSLAB_OK);
}

static void end(void)
{
	cpuslab_cache_fini(&cache);
	if (failed)
		fail_msg("%s", failed);
	assert_int_equal(allocated, 0);
}

static int cache_setup(void **state)
{
	if (fixture_setup(state))
		return -1;
	begin(*state);
	return 0;
}

static int cache_teardown(void **state)
{
	end();
	return fixture_teardown(state);
}

static struct cache_object *take_here(void)
{
	struct cache_object *object = cpuslab_cache_alloc(&cache);

	if (!object)
		return NULL;
	if (object->used || !object->allocated)
		failed = "an object was handed out twice";
	object->used = true;
	return object;
}

static void give_here(struct cache_object *object)
{
	if (!object->used)
		failed = "an object that is not used";
	object->used = false;
	cpuslab_cache_free(&cache, object);
}

static struct cache_object *take(uint32_t cpu)
{
	sim_cpu_set(cpu);
	return take_here();
}

static void give(uint32_t cpu, struct cache_object *object)
{
	sim_cpu_set(cpu);
	give_here(object);
}

static void freed_objects_are_reused(void **state)
{
	struct cache_object *a, *b;

	(void)state;
	a = take(1);
	b = take(1);
	assert_int_equal(asked, 2);
	a->content = 5;
	give(1, a);
	give(1, b);
	assert_int_equal(allocated, 2);
	assert_ptr_equal(take(1), b);
	assert_ptr_equal(take(1), a);
	assert_int_equal(a->content, 5); /* untouched */
	assert_int_equal(asked, 2);
	give(1, a);
	give(1, b);
}

/* However many objects are freed, the cache holds no more than the bound. */
static void it_is_bounded(void **state)
{
	struct cache_object *taken[OBJECTS];
	uint32_t i, round;

	(void)state;
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 100; i++)
			taken[i] = take(i % 6);
		for (i = 0; i < 100; i++)
			give((i * 7 + round) % 5, taken[i]);
		assert_true(allocated <= ROUNDS * MAGAZINES);
	}
	/* The same on a single CPU. */
	for (i = 0; i < 100; i++)
		taken[i] = take(2);
	for (i = 0; i < 100; i++)
		give(2, taken[i]);
	assert_true(allocated <= ROUNDS * MAGAZINES);
	assert_true(allocated >= ROUNDS * (MAGAZINES - 5));
}

static void alternating_allocates_nothing(void **state)
{
	struct cache_object *one;
	uint32_t i, before;

	(void)state;
	give(3, take(3));
	before = asked;
	for (i = 0; i < 100; i++) {
		one = take(3);
		assert_non_null(one);
		give(3, one);
	}
	assert_int_equal(asked, before);
}

/* Allocated here, freed there: after a while they return through the depot. */
static void remote_frees_return(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 1000; i++)
		give(2, take(1));
	/* No more than the magazines that are in flight hold. */
	assert_true(asked <= 2 * ROUNDS);
}

static void without_a_block(void **state)
{
	static const uint32_t cpus[] = { CPUSLAB_NO_CPU, 64, 1000 };
	struct cache_object *taken[30];
	uint32_t i, before;

	(void)state;
	for (i = 0; i < 30; i++)
		taken[i] = take(cpus[i % 3]);
	for (i = 0; i < 30; i++)
		give(cpus[i % 3], taken[i]);
	before = asked;
	for (i = 0; i < ROUNDS; i++)
		taken[i] = take(CPUSLAB_NO_CPU);
	assert_int_equal(asked, before);
	for (i = 0; i < ROUNDS; i++)
		give(CPUSLAB_NO_CPU, taken[i]);
}

static void no_memory(void **state)
{
	struct cache_object *a, *b;

	(void)state;
	refuse = 1;
	assert_null(take(1));
	refuse = 0;
	a = take(1);
	b = take(1);
	give(1, a);
	refuse = 1;
	assert_ptr_equal(take(1), a);
	assert_null(take(1));
	give(1, a);
	give(1, b);
	cpuslab_cache_free(&cache, NULL);
}

/* Other CPUs use what an absent CPU leaves behind. */
static void a_removal_loses_nothing(void **state)
{
	struct fixture *f = *state;
	struct cache_object *taken[12];
	uint32_t i, before;

	fixture_add(f, 9);
	for (i = 0; i < 12; i++)
		taken[i] = take(9);
	for (i = 0; i < 12; i++)
		give(9, taken[i]);
	assert_int_equal(allocated, 12);
	fixture_remove(f, 9);
	cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT);
	sim_quiesce();
	assert_false(fixture_has(&cache.stack.handle, 9));
	before = asked;
	for (i = 0; i < 12; i++)
		taken[i] = take(1);
	assert_int_equal(asked, before);
	for (i = 0; i < 12; i++)
		give(1, taken[i]);
}

static void drained_on_demand(void **state)
{
	struct fixture *f = *state;
	struct cache_object *taken[20], *kept;
	uint64_t fences;
	uint32_t i;

	fixture_add(f, 9);
	for (i = 0; i < 20; i++)
		taken[i] = take(i % 5 == 4 ? 9 : i % 5);
	kept = take(3);
	for (i = 0; i < 20; i++)
		give(i % 5 == 4 ? 9 : i % 5, taken[i]);
	assert_true(allocated > 5);
	fences = sim_fences();
	assert_int_equal(cpuslab_cache_drain(&cache), CPUSLAB_OK);
	assert_int_equal(allocated, 1);
	assert_int_equal(sim_fences() - fences,
			 cpuslab_port_uses_atomics() ? 0 : 1);
	/* The CPUs stay admitted. */
	assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
	give(9, kept);
	assert_ptr_equal(take(9), kept);
	give(9, kept);
	assert_int_equal(cpuslab_cache_drain(&cache), CPUSLAB_OK);
	assert_int_equal(allocated, 0);
}

static void retained_cpus_are_drained(void **state)
{
	struct fixture *f = *state;

	fixture_add(f, 9);
	give(9, take(9));
	fixture_remove(f, 9);
	assert_true(fixture_has(&cache.stack.handle, 9));
	assert_int_equal(cpuslab_cache_drain(&cache), CPUSLAB_OK);
	assert_int_equal(allocated, 0);
}

static void drained_without_a_fence(void **state)
{
	struct fixture *f = *state;

	give(1, take(1));
	give(CPUSLAB_NO_CPU, take(CPUSLAB_NO_CPU));
	sim_fence_fail_all(true);
	assert_int_equal(cpuslab_cache_drain(&cache), CPUSLAB_OK);
	assert_int_equal(allocated, 0);
	give(1, take(1));
	give(CPUSLAB_NO_CPU, take(CPUSLAB_NO_CPU));
	sim_fence_fail(true);
	assert_int_equal(cpuslab_cache_drain(&cache), CPUSLAB_PARTIAL);
	assert_int_equal(allocated, 1);
	sim_fence_fail(false);
	sim_fence_fail_all(false);
	assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
	assert_int_equal(cpuslab_cache_drain(&cache), CPUSLAB_OK);
	assert_int_equal(allocated, 0);
}

/* Nothing is lost if a thread moves to another CPU with a magazine. */
static void move_at_every_point(void **state)
{
	unsigned int left = 0;
	uint64_t k;

	(void)state;
	for (k = 1; !left; k++) {
		sim_cpu_set(1);
		sim_preempt_at(k, 2);
		give_here(take_here());
		left = sim_at_cancel();
		assert_true(allocated <= ROUNDS * MAGAZINES);
	}
	assert_true(k > 6);
	assert_int_equal(cpuslab_cache_drain(&cache), CPUSLAB_OK);
	assert_int_equal(allocated, 0);
}

/* All magazines have gathered on one CPU: as it works, the others get some. */
static void gathered_magazines_spread(void **state)
{
	struct cache_object *taken[MAGAZINES * ROUNDS];
	uint32_t i, before;
	uint64_t k;

	(void)state;
	for (k = 1; k <= 200; k++) {
		sim_cpu_set(1);
		sim_preempt_at(k % 12 + 1, 2);
		give_here(take_here());
		sim_at_cancel();
	}
	for (i = 0; i < MAGAZINES * ROUNDS; i++)
		taken[i] = take(2);
	for (i = 0; i < MAGAZINES * ROUNDS / 2; i++)
		give(2, taken[i]);
	for (; i < MAGAZINES * ROUNDS; i++)
		give(3, taken[i]);
	give(1, take(1));
	before = asked;
	for (i = 0; i < 20; i++) {
		give(1, take(1));
		give(3, take(3));
	}
	assert_int_equal(asked, before);
}

static void other_uses(void *arg)
{
	struct cache_object *a = take_here(), *b = take_here();

	(void)arg;
	if (a)
		give_here(a);
	if (b)
		give_here(b);
}

static void other_drains(void *arg)
{
	(void)arg;
	if (cpuslab_cache_drain(&cache) < 0)
		failed = "a drain failed";
}

static void use_much(uint32_t cpu)
{
	struct cache_object *taken[3 * ROUNDS];
	uint32_t i;

	sim_cpu_set(cpu);
	for (i = 0; i < 3 * ROUNDS; i++)
		taken[i] = take_here();
	for (i = 0; i < 3 * ROUNDS; i++)
		if (taken[i])
			give_here(taken[i]);
}

static void at_every_point(void (*other)(void *arg), uint32_t on)
{
	static const uint32_t cpus[] = { 1, CPUSLAB_NO_CPU };
	int i;

	for (i = 0; i < 2; i++) {
		unsigned int left = 0;
		uint64_t k;

		for (k = 1; !left; k++) {
			sim_other_at(k, on, other, NULL);
			use_much(cpus[i]);
			left = sim_at_cancel();
			assert_null(failed);
			assert_true(allocated <= ROUNDS * MAGAZINES);
		}
		assert_true(k > 20);
	}
}

static void another_at_every_point(void **state)
{
	(void)state;
	at_every_point(other_uses, 1);
	at_every_point(other_uses, CPUSLAB_NO_CPU);
}

static void a_drain_at_every_point(void **state)
{
	(void)state;
	at_every_point(other_drains, 3);
	assert_int_equal(cpuslab_cache_drain(&cache), CPUSLAB_OK);
	assert_int_equal(allocated, 0);
}

static void bad_arguments(void **state)
{
	static struct cpuslab_cache null;
	struct cpuslab_cache_config config = { .alloc = object_alloc };
	struct fixture *f = *state;
	struct cpuslab_cache other;

	assert_int_equal(cpuslab_cache_init(&other, f->slab, &config),
			 -CPUSLAB_EINVAL);
	config.free = object_free;
	config.alloc = NULL;
	assert_int_equal(cpuslab_cache_init(&other, f->slab, &config),
			 -CPUSLAB_EINVAL);
	config.alloc = object_alloc;
	config.rounds = CPUSLAB_CACHE_MAX_ROUNDS + 1;
	assert_int_equal(cpuslab_cache_init(&other, f->slab, &config),
			 -CPUSLAB_EINVAL);
	config.rounds = 0;
	config.magazines = CPUSLAB_CACHE_MAX_MAGAZINES + 1;
	assert_int_equal(cpuslab_cache_init(&other, f->slab, &config),
			 -CPUSLAB_EINVAL);
	config.magazines = 0;
	sim_fail_alloc_at(1);
	assert_int_equal(cpuslab_cache_init(&other, f->slab, &config),
			 -CPUSLAB_ENOMEM);
	sim_fail_alloc_at(0);
	assert_int_equal(cpuslab_cache_init(&other, f->slab, &config),
			 CPUSLAB_OK);
	assert_int_equal(other.config.rounds, 32);
	assert_int_equal(other.config.magazines, 256);
	cpuslab_cache_fini(&other);
	assert_null(cpuslab_cache_alloc(&null));
}

/* ---- storms -------------------------------------------------------------- */

static uint32_t storm_below(uint64_t *random, uint32_t below)
{
	*random = *random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*random >> 33) % below);
}

static void storm_use(void *arg)
{
	struct cache_object *taken[12];
	uint64_t random = sim_seed() * 31 + (uintptr_t)arg;
	uint32_t i, n = 0;

	for (i = 0; i < 60; i++) {
		if (n < 12 && storm_below(&random, 2)) {
			taken[n] = take_here();
			n += taken[n] != NULL;
		} else if (n) {
			give_here(taken[--n]);
		}
	}
	while (n)
		give_here(taken[--n]);
}

static struct fixture *storm_fixture;

static void storm_change(void *arg)
{
	uint64_t random = sim_seed() * 77;
	uint32_t i;

	(void)arg;
	for (i = 0; i < 14; i++) {
		uint32_t cpu = 1 + storm_below(&random, 5);

		if (storm_below(&random, 2))
			cpuslab_domain_remove(storm_fixture->domain, cpu);
		else
			cpuslab_domain_add_complete(storm_fixture->domain, cpu);
		if (!storm_below(&random, 3))
			other_drains(NULL);
	}
}

static void storm_once(enum sim_mode mode, uint64_t seed)
{
	const struct fixture_config config = { .mode = mode, .seed = seed };
	struct cpuslab_cache_stats stats;
	struct sim_task tasks[5];
	struct fixture f;
	uint32_t i;

	fixture_begin(&f, &config);
	begin(&f);
	storm_fixture = &f;
	for (i = 0; i < 5; i++) {
		tasks[i].run = i < 4 ? storm_use : storm_change;
		tasks[i].arg = (void *)(uintptr_t)i;
		tasks[i].cpu = i % FIXTURE_AVAILABLE;
	}
	sim_signal_set(other_uses, NULL);
	sim_run(tasks, 5);
	sim_signal_set(NULL, NULL);
	if (failed)
		fail_msg("seed %llu: %s", (unsigned long long)sim_seed(),
			 failed);
	cpuslab_cache_stats_get(&cache, &stats);
	assert_true(allocated <= ROUNDS * stats.magazines);
	assert_true(stats.allocs >= asked); /* some were refused */
	sim_quiesce();
	if (mode == SIM_RSEQ) {
		assert_int_equal(cpuslab_cache_drain(&cache), CPUSLAB_OK);
		assert_int_equal(allocated, 0);
	}
	end();
	sim_quiesce();
	fixture_end(&f);
}

static void a_storm_rseq(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 100; seed++)
		storm_once(SIM_RSEQ, seed);
}

static void a_storm_atomic(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 100; seed++)
		storm_once(SIM_ATOMIC, seed);
}

#define CACHE_CONFIG(test, config)                                             \
	{                                                                      \
#test, test, cache_setup, cache_teardown, &(config)            \
	}
#define CACHE_TEST(test)                                                       \
	{ #test " (rseq)", test, cache_setup, cache_teardown, &fixture_rseq }, \
	{                                                                      \
#test " (atomic)", test, cache_setup, cache_teardown,          \
			&fixture_atomic                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CACHE_TEST(freed_objects_are_reused),
		CACHE_TEST(it_is_bounded),
		CACHE_TEST(alternating_allocates_nothing),
		CACHE_TEST(remote_frees_return),
		CACHE_TEST(without_a_block),
		CACHE_TEST(no_memory),
		CACHE_TEST(a_removal_loses_nothing),
		CACHE_TEST(drained_on_demand),
		CACHE_CONFIG(retained_cpus_are_drained, fixture_retain),
		CACHE_CONFIG(retained_cpus_are_drained, fixture_atomic),
		CACHE_CONFIG(drained_without_a_fence, fixture_rseq),
		CACHE_TEST(move_at_every_point),
		CACHE_TEST(gathered_magazines_spread),
		CACHE_TEST(another_at_every_point),
		CACHE_TEST(a_drain_at_every_point),
		CACHE_TEST(bad_arguments),
		cmocka_unit_test(a_storm_rseq),
		cmocka_unit_test(a_storm_atomic),
	};

	return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
