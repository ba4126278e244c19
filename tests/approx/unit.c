/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

#define BATCH 8u

static struct cpuslab_approx approx;
static uint64_t begun, ended;

static int approx_setup(void **state)
{
	struct fixture *f;

	if (fixture_setup(state))
		return -1;
	f = *state;
	begun = ended = 0;
	return cpuslab_approx_init(&approx, f->slab, BATCH);
}

static int approx_teardown(void **state)
{
	cpuslab_approx_fini(&approx);
	return fixture_teardown(state);
}

static void add_here(uint64_t value)
{
	begun += value;
	cpuslab_approx_add(&approx, value);
	ended += value;
	sim_order_release(&ended);
}

static void add(uint32_t cpu, uint64_t value)
{
	sim_cpu_set(cpu);
	add_here(value);
}

static const char *failed;

/* Must hold at any time. */
static void look(void *arg)
{
	uint64_t at_least = ended, least, most;

	(void)arg;
	sim_order_acquire(&ended);
	cpuslab_approx_bounds(&approx, &least, &most);
	if (least > begun)
		failed = "the lower bound exceeds what has begun";
	if (most < at_least)
		failed = "the upper bound is below what had ended";
	if (least > most)
		failed = "the lower bound exceeds the upper bound";
}

/* Without an operation in progress. */
static void look_exactly(struct fixture *f)
{
	uint64_t least, most;

	look(NULL);
	assert_null(failed);
	cpuslab_approx_bounds(&approx, &least, &most);
	assert_int_equal(cpuslab_approx_sum(&approx), ended);
	assert_int_equal(most - least,
			 BATCH * (uint64_t)(fixture_stats(f).in_use + 1));
	assert_true(least <= ended && ended <= most);
}

static void nothing_yet(void **state)
{
	uint64_t least, most;

	cpuslab_approx_bounds(&approx, &least, &most);
	assert_int_equal(least, 0);
	assert_int_equal(most, BATCH * (FIXTURE_AVAILABLE + 1));
	look_exactly(*state);
}

static void bounds_hold_after_each_add(void **state)
{
	static const uint32_t cpus[] = {
		0, 1, 1, 1, 3, 40, 64, CPUSLAB_NO_CPU
	};
	uint64_t least, most;
	uint32_t i;

	for (i = 0; i < 2000; i++) {
		add(cpus[i * i % 8], 1 + (i % 10 == 9 ? i % 7 : 0));
		look_exactly(*state);
	}
	/* The bounds follow the count. */
	cpuslab_approx_bounds(&approx, &least, &most);
	assert_true(least > 1500);
}

static void amounts(void **state)
{
	uint64_t least, most;
	uint32_t i;

	for (i = 0; i < 40; i++) {
		add(i % 4, i);
		look_exactly(*state);
	}
	add(1, (uint64_t)1 << 40);
	look_exactly(*state);
	/* A large amount is published at once. */
	cpuslab_approx_bounds(&approx, &least, &most);
	assert_true(least >= (uint64_t)1 << 40);
	add(1, 0);
	look_exactly(*state);
}

/* A release publishes what its CPU has not published yet. */
static void removals(void **state)
{
	struct fixture *f = *state;
	uint32_t i;

	for (i = 0; i < 60; i++) {
		fixture_add(f, 9);
		look_exactly(f);
		for (; ended % 7; add(9, 1))
			continue;
		add(9, 1);
		look_exactly(f);
		fixture_remove(f, 9);
		cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT);
		look(NULL);
		sim_quiesce();
		look_exactly(f);
	}
	assert_true(fixture_stats(f).releases >= 60);
}

static void add_one(void *arg)
{
	(void)arg;
	add_here(1);
}

static void other_at_every_point(struct fixture *f, void (*other)(void *arg))
{
	static const uint32_t cpus[] = { 1, CPUSLAB_NO_CPU };
	int i;

	for (i = 0; i < 2; i++) {
		unsigned int left = 0;
		uint64_t k;

		for (k = 1; !left; k++) {
			uint32_t n;

			sim_other_at(k, 1, other, f);
			sim_cpu_set(cpus[i]);
			for (n = 0; n < BATCH + 2; n++)
				add_here(1);
			left = sim_at_cancel();
			assert_null(failed);
			look_exactly(f);
		}
		assert_true(k > 20);
	}
}

static void read_at_every_point(void **state)
{
	other_at_every_point(*state, look);
}

static void added_at_every_point(void **state)
{
	other_at_every_point(*state, add_one);
}

/* A large amount, which is published at once. */
static void read_at_every_point_of_an_amount(void **state)
{
	struct fixture *f = *state;
	unsigned int left = 0;
	uint64_t k;

	for (k = 1; !left; k++) {
		sim_other_at(k, 1, look, NULL);
		add(1, 1000000);
		left = sim_at_cancel();
		look_exactly(f);
	}
	assert_true(k > 3);
}

static void fill(void)
{
	const struct cpuslab_approx_cpu *copy;
	uint64_t missing;

	cpuslab_read_enter();
	copy = cpuslab_remote(&approx.handle, 1);
	missing = BATCH - cpuslab_load_relaxed_u64(&copy->pending);
	cpuslab_read_exit();
	while (missing--)
		add_here(1);
}

/* Refill CPU 1 again and again, as other threads would. */
static void fill_every_so_often(void *arg)
{
	const uint32_t *points = arg;

	fill();
	sim_other_at(*points, 1, fill_every_so_often, arg);
}

/*
 * An add that finds no room for its event publishes it, so none is lost. All
 * CPUs are full before and after, so "most" is exact. (With smaller intervals
 * no section would ever end.)
 */
static void adds_that_find_no_room(void **state)
{
	static const uint32_t cpus[] = { 0, 1, 2, 3, CPUSLAB_NO_CPU };
	uint32_t points, phase, i;
	uint64_t least, most;

	(void)state;
	for (i = 0; i < 5; i++)
		add(cpus[i], BATCH);
	sim_cpu_set(1);
	for (points = 6; points < 16; points++)
		for (phase = 1; phase <= points; phase++) {
			sim_other_at(phase, 1, fill_every_so_often, &points);
			add_here(1);
			sim_at_cancel();
			fill();
			cpuslab_approx_bounds(&approx, &least, &most);
			assert_int_equal(most, ended);
		}
}

/* At every point of a read batches are published, or a CPU is released. */
static void add_many(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < 3 * BATCH; i++)
		add_here(1);
}

static void release(void *arg)
{
	struct fixture *f = arg;

	fixture_remove(f, 9);
	cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT);
	sim_quiesce();
}

static void published_at_every_point_of_a_read(void **state)
{
	unsigned int left = 0;
	uint64_t k;

	(void)state;
	for (k = 1; !left; k++) {
		sim_cpu_set(1);
		sim_other_at(k, 1, add_many, NULL);
		look(NULL);
		left = sim_at_cancel();
		assert_null(failed);
	}
	assert_true(k > 2);
}

/* All CPUs are full, so "most" is exact and reveals a copy that was missed. */
static void released_at_every_point_of_a_read(void **state)
{
	static const uint32_t cpus[] = { 0, 1, 2, 3, CPUSLAB_NO_CPU };
	struct fixture *f = *state;
	unsigned int left = 0;
	uint64_t k, least, most;
	int i;

	for (i = 0; i < 5; i++)
		add(cpus[i], BATCH);
	for (k = 1; !left; k++) {
		fixture_add(f, 9);
		add(9, BATCH);
		cpuslab_approx_bounds(&approx, &least, &most);
		assert_int_equal(most, ended);
		sim_cpu_set(1);
		sim_other_at(k, 9, release, f);
		look(NULL);
		left = sim_at_cancel();
		assert_null(failed);
		if (left)
			release(f);
	}
	assert_true(k > 2);
}

static void bad_arguments(void **state)
{
	static struct cpuslab_approx null;
	struct cpuslab_approx other;
	struct fixture *f = *state;
	uint64_t least, most;

	assert_int_equal(cpuslab_approx_init(&other, f->slab, 0),
			 -CPUSLAB_EINVAL);
	cpuslab_approx_add(&null, 1);
	cpuslab_approx_bounds(&null, &least, &most);
	assert_int_equal(most, 0);
}

/* ---- storms -------------------------------------------------------------- */

static struct fixture *storm_fixture;

static void storm_add(void *arg)
{
	uintptr_t i;

	for (i = 0; i < 60; i++) {
		add_here(i % 16 == (uintptr_t)arg ? 5 : 1);
		if (i % 4 == 0)
			look(NULL);
	}
}

static void storm_change(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < 14; i++) {
		if (i % 2)
			cpuslab_domain_remove(storm_fixture->domain, i * 5 % 4);
		else
			cpuslab_domain_add_complete(storm_fixture->domain,
						    i * 3 % 4);
		look(NULL);
	}
}

static void storm_begin(struct fixture *f, enum sim_mode mode, uint64_t seed)
{
	const struct fixture_config config = { .mode = mode, .seed = seed };

	fixture_begin(f, &config);
	storm_fixture = f;
	begun = ended = 0;
	failed = NULL;
	assert_int_equal(cpuslab_approx_init(&approx, f->slab, BATCH),
			 CPUSLAB_OK);
}

static void storm_end(struct fixture *f)
{
	sim_quiesce();
	if (failed)
		fail_msg("seed %llu: %s", (unsigned long long)sim_seed(),
			 failed);
	look_exactly(f);
	cpuslab_approx_fini(&approx);
	sim_quiesce();
	fixture_end(f);
}

static void storm_once(enum sim_mode mode, uint64_t seed)
{
	struct sim_task tasks[5];
	struct fixture f;
	uint32_t i;

	storm_begin(&f, mode, seed);
	for (i = 0; i < 5; i++) {
		tasks[i].run = i < 4 ? storm_add : storm_change;
		tasks[i].arg = (void *)(uintptr_t)i;
		tasks[i].cpu = i % FIXTURE_AVAILABLE;
	}
	sim_signal_set(add_one, NULL);
	sim_run(tasks, 5);
	sim_signal_set(NULL, NULL);
	storm_end(&f);
}

static void a_storm(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 150; seed++)
		storm_once(seed % 3 ? SIM_RSEQ : SIM_ATOMIC, seed);
}

/* More than all CPUs may have pending, so that no bound hides an old one. */
static void storm_add_many(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < 20; i++)
		add_here(BATCH * 2 * FIXTURE_AVAILABLE);
}

static void storm_look(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < 20; i++)
		look(NULL);
}

static bool storm_removed;

static void storm_remove(void *arg)
{
	uint32_t cpu;

	(void)arg;
	for (cpu = 1; cpu < FIXTURE_AVAILABLE; cpu++)
		cpuslab_domain_remove(storm_fixture->domain, cpu);
	cpuslab_port_rcu_barrier();
	storm_removed = true;
}

/* Once: it sees what the bounds of the look before have acquired. */
static void storm_look_late(void *arg)
{
	(void)arg;
	while (!storm_removed)
		cpuslab_port_preempt_point();
	look(NULL);
}

static void storm_of_two(void (*change)(void *arg), void (*see)(void *arg),
			 uint64_t seed)
{
	const struct sim_task tasks[2] = { { change, NULL, 0 },
					   { see, NULL, 0 } };
	struct fixture f;
	uint32_t cpu;

	storm_removed = false;
	storm_begin(&f, SIM_RSEQ, seed);
	/* Almost a batch is pending on each. */
	for (cpu = 1; cpu < FIXTURE_AVAILABLE; cpu++)
		add(cpu, BATCH - 1);
	sim_run(tasks, 2);
	storm_end(&f);
}

static void bounds_are_loaded_in_order(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 50; seed++)
		storm_of_two(storm_add_many, storm_look, seed);
	for (seed = 1; seed <= 200; seed++)
		storm_of_two(storm_remove, storm_look_late, seed);
}

#define APPROX_TEST(test)                                                      \
	{ #test " (rseq)", test, approx_setup, approx_teardown,                \
	  &fixture_rseq },                                                     \
	{                                                                      \
#test " (atomic)", test, approx_setup, approx_teardown,        \
			&fixture_atomic                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APPROX_TEST(nothing_yet),
		APPROX_TEST(bounds_hold_after_each_add),
		APPROX_TEST(amounts),
		APPROX_TEST(removals),
		APPROX_TEST(read_at_every_point),
		APPROX_TEST(added_at_every_point),
		APPROX_TEST(read_at_every_point_of_an_amount),
		APPROX_TEST(adds_that_find_no_room),
		APPROX_TEST(published_at_every_point_of_a_read),
		APPROX_TEST(released_at_every_point_of_a_read),
		APPROX_TEST(bad_arguments),
		cmocka_unit_test(a_storm),
		cmocka_unit_test(bounds_are_loaded_in_order),
	};

	return cmocka_run_group_tests_name("approx", tests, NULL, NULL);
}
