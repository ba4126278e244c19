/* SPDX-License-Identifier: MIT */
/*
 * unit_limited.c - a value that is compared, limited, taken back and set.
 */
#include "fixture/fixture.h"

#define BATCH 8u
#define COPIES (FIXTURE_AVAILABLE + 1)

static struct cpuslab_approx approx;
static const char *failed;

static int limited_setup(void **state)
{
	struct fixture *f;

	if (fixture_setup(state))
		return -1;
	f = *state;
	failed = NULL;
	return cpuslab_approx_init(&approx, f->slab, BATCH);
}

static int limited_teardown(void **state)
{
	cpuslab_approx_fini(&approx);
	return fixture_teardown(state);
}

static const uint32_t limited_cpus[] = { 0, 1, 3, CPUSLAB_NO_CPU, 64, 2 };

static void add(uint32_t i, uint64_t value)
{
	sim_cpu_set(limited_cpus[i % 6]);
	assert_int_equal(cpuslab_approx_add(&approx, value), CPUSLAB_OK);
}

/* The exact value lies between the bounds, which have their least distance. */
static void check(struct fixture *f, uint64_t value)
{
	uint64_t copies = fixture_stats(f).in_use + 1, least, most;

	cpuslab_approx_bounds(&approx, &least, &most);
	assert_true(least <= value && value <= most);
	assert_true(most - least <= copies * BATCH);
	assert_int_equal(cpuslab_approx_sum(&approx), value);
}

static void compared_near_and_far(void **state)
{
	uint64_t bound, points;
	uint32_t i;

	(void)state;
	for (i = 0; i < 100; i++)
		add(i, 1);
	for (bound = 0; bound < 300; bound++)
		assert_int_equal(cpuslab_approx_compare(&approx, bound),
				 (100 > bound) - (100 < bound));
	sim_points_reset();
	assert_int_equal(cpuslab_approx_compare(&approx, 1000), -1);
	assert_int_equal(cpuslab_approx_compare(&approx, 1), 1);
	points = sim_points();
	/* An exact sum looks at every copy. */
	sim_points_reset();
	assert_int_equal(cpuslab_approx_compare(&approx, 100), 0);
	assert_true(sim_points() > points / 2 + COPIES - 1);
}

/* Whatever is pending on which CPU: exactly @limit events fit. */
static void a_limit_is_reached_exactly(void **state)
{
	uint64_t limit, value;
	uint32_t i;

	value = 0;
	for (limit = 0; limit < 300; limit += limit % 7 + 1) {
		for (i = 0; value < limit; i++) {
			sim_cpu_set(limited_cpus[i * i % 6]);
			assert_int_equal(cpuslab_approx_add_limited(&approx,
								    limit, 1),
					 CPUSLAB_OK);
			value++;
		}
		for (i = 0; i < 6; i++) {
			sim_cpu_set(limited_cpus[i]);
			assert_int_equal(cpuslab_approx_add_limited(
						 &approx, limit, 1 + i * 100),
					 CPUSLAB_FULL);
		}
		assert_int_equal(cpuslab_approx_add_limited(&approx, limit, 0),
				 CPUSLAB_OK);
		check(*state, limit);
	}
	assert_int_equal(cpuslab_approx_add_limited(&approx, UINT64_MAX / 2,
						    UINT64_MAX),
			 CPUSLAB_FULL);
	check(*state, value);
}

static uint64_t granted;

static void add_limited(void *arg)
{
	const uint64_t *limit = arg;
	int result = cpuslab_approx_add_limited(&approx, *limit, 3);

	if (result != CPUSLAB_OK && result != CPUSLAB_FULL)
		failed = "a limited add failed";
	if (result == CPUSLAB_OK)
		granted += 3;
	if (granted > *limit || cpuslab_approx_sum(&approx) > *limit)
		failed = "a limit is exceeded";
}

/* The first of two that race for the last events gets them. */
static void another_adds_at_every_point(void **state)
{
	unsigned int left = 0;
	uint64_t k, limit = 0, before;

	granted = 0;
	for (k = 1; !left; k++) {
		before = granted;
		limit += 4;
		sim_cpu_set(limited_cpus[k % 6]);
		sim_other_at(k, 2, add_limited, &limit);
		add_limited(&limit);
		left = sim_at_cancel();
		assert_null(failed);
		assert_true(granted > before);
		assert_int_equal(cpuslab_approx_add_limited(&approx, limit,
							    limit - granted),
				 CPUSLAB_OK);
		granted = limit;
		check(*state, limit);
	}
	assert_true(k > 10);
}

static void add_half_of_all(void *arg)
{
	const uint64_t half = INT64_MAX;

	(void)arg;
	granted += !cpuslab_approx_add_limited(&approx, half, half);
}

/* What three have reserved at once would be more than 64 bits have. */
static void reserved_amounts_do_not_wrap_around(void **state)
{
	unsigned int left;
	uint64_t k;

	for (k = 3, left = 0; left < 2; k++) {
		granted = 0;
		sim_cpu_set(0);
		sim_other_at(k / 3, 1, add_half_of_all, NULL);
		sim_other_at(k / 3 + k % 3 + 1, 3, add_half_of_all, NULL);
		add_half_of_all(NULL);
		left = sim_at_cancel();
		assert_int_equal(granted, 1);
		check(*state, INT64_MAX);
		assert_int_equal(cpuslab_approx_sub(&approx, INT64_MAX),
				 CPUSLAB_OK);
	}
	assert_true(k > 30);
}

/* ---- take back, set ------------------------------------------------------ */

static void taken_back_on_any_cpu(void **state)
{
	uint64_t value = 0;
	uint32_t i;

	for (i = 0; i < 200; i++) {
		add(i, i % 5);
		value += i % 5;
		if (value > 7) {
			sim_cpu_set(limited_cpus[i * 5 % 6]);
			assert_int_equal(cpuslab_approx_sub(&approx, 7),
					 CPUSLAB_OK);
			value -= 7;
		}
		check(*state, value);
	}
	assert_int_equal(cpuslab_approx_sub(&approx, value), CPUSLAB_OK);
	check(*state, 0);
}

static uint64_t least_allowed, most_allowed;

static void look(void *arg)
{
	uint64_t least, most;

	(void)arg;
	cpuslab_approx_bounds(&approx, &least, &most);
	if (least > most)
		failed = "the lower bound exceeds the upper bound";
	if (least > most_allowed)
		failed = "the lower bound is too high";
	if (most < least_allowed)
		failed = "the upper bound is too low";
	if (cpuslab_approx_sum(&approx) < least_allowed)
		failed = "the sum is too low";
}

static void read_at_every_point_of_a_sub(void **state)
{
	unsigned int left = 0;
	uint64_t k;
	uint32_t i;

	/* All copies are full, so that the upper bound is exact. */
	for (i = 0; i < 4; i++) {
		sim_cpu_set(i);
		cpuslab_approx_add(&approx, BATCH);
	}
	sim_cpu_set(CPUSLAB_NO_CPU);
	cpuslab_approx_add(&approx, BATCH + 1000);
	cpuslab_approx_add(&approx, BATCH);
	most_allowed = 1000 + 6 * BATCH;
	for (k = 1; !left; k++) {
		least_allowed = most_allowed - 100;
		sim_cpu_set(1);
		sim_other_at(k, 1, look, NULL);
		cpuslab_approx_sub(&approx, 100);
		left = sim_at_cancel();
		most_allowed -= 100;
		assert_null(failed);
	}
	assert_true(k > 2);
	check(*state, most_allowed);
}

/* It comes on a CPU that was read already, and goes on one that was not. */
static void come_and_go(void *arg)
{
	(void)arg;
	cpuslab_approx_add(&approx, 3);
	cpuslab_approx_sub(&approx, 3);
}

static void taken_back_at_every_point_of_a_read(void **state)
{
	unsigned int left = 0;
	uint64_t k;

	add(0, 100);
	least_allowed = most_allowed = 100;
	for (k = 1; !left; k++) {
		sim_cpu_set(3);
		sim_other_at(k, 0, come_and_go, NULL);
		assert_true(cpuslab_approx_sum(&approx) >= 100);
		left = sim_at_cancel();
	}
	assert_true(k > 4);
	check(*state, 100);
}

static void set_to_any_value(void **state)
{
	static const uint64_t values[] = { 5,    0,   1000, 1001,
					   1001, 990, 3,    (uint64_t)1 << 40,
					   12,   0 };
	uint32_t i;

	for (i = 0; i < 10; i++) {
		sim_cpu_set(limited_cpus[i % 6]);
		assert_int_equal(cpuslab_approx_set(&approx, values[i]),
				 CPUSLAB_OK);
		check(*state, values[i]);
		add(i + 1, 3);
		check(*state, values[i] + 3);
	}
}

static void the_null_counter(void **state)
{
	static struct cpuslab_approx null;

	(void)state;
	assert_int_equal(cpuslab_approx_compare(&null, 1), -1);
	assert_int_equal(cpuslab_approx_compare(&null, 0), 0);
	assert_int_equal(cpuslab_approx_add_limited(&null, 1, 1),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_approx_sub(&null, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_approx_set(&null, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_approx_sum(&null), 0);
}

/* ---- storms -------------------------------------------------------------- */

#define STORM_LIMIT 90u
#define STORM_BACK 20u

static struct fixture *storm_fixture;

static void storm_add(void *arg)
{
	uint32_t i;

	for (i = 0; i < 40; i++) {
		uint64_t value = 1 + (i + (uint32_t)(uintptr_t)arg) % 9;

		if (cpuslab_approx_add_limited(&approx, STORM_LIMIT, value))
			continue;
		granted += value;
		if (granted > STORM_LIMIT)
			failed = "a limit is exceeded";
		if (i % 2)
			continue;
		granted -= value;
		cpuslab_approx_sub(&approx, value);
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
	}
}

/* At most one event is there at a time. */
static void storm_take_back(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < STORM_BACK; i++) {
		cpuslab_approx_add(&approx, 1);
		cpuslab_approx_sub(&approx, 1);
	}
}

static void storm_sum(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < STORM_BACK; i++)
		if (cpuslab_approx_sum(&approx) > STORM_BACK)
			failed = "more was taken back than added";
}

static void storm_begin(uint64_t seed)
{
	static struct fixture f;
	const struct fixture_config config = { .seed = seed };

	storm_fixture = &f;
	fixture_begin(&f, &config);
	failed = NULL;
	assert_int_equal(cpuslab_approx_init(&approx, f.slab, BATCH),
			 CPUSLAB_OK);
}

static void storm_end(void)
{
	if (failed)
		fail_msg("seed %llu: %s", (unsigned long long)sim_seed(),
			 failed);
	cpuslab_approx_fini(&approx);
	sim_quiesce();
	fixture_end(storm_fixture);
}

static void a_sum_has_what_was_taken_back(void **state)
{
	const struct sim_task tasks[2] = { { storm_take_back, NULL, 0 },
					   { storm_sum, NULL, 1 } };
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 50; seed++) {
		storm_begin(seed);
		sim_run(tasks, 2);
		storm_end();
	}
}

static void storm_add_one(void *arg)
{
	(void)arg;
	if (!cpuslab_approx_add_limited(&approx, 1, 1))
		granted++;
}

/* Of two adds, one after the other, the second sees the first. */
static void the_last_event_is_granted_once(void **state)
{
	const struct sim_task tasks[2] = { { storm_add_one, NULL, 0 },
					   { storm_add_one, NULL, 1 } };
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 50; seed++) {
		storm_begin(seed);
		fixture_one_by_one();
		granted = 0;
		sim_run(tasks, 2);
		if (granted != 1)
			failed = "a limit is exceeded";
		storm_end();
	}
}

static uint64_t storm_data, storm_least, storm_most;

/* Bounds change by an amount, by a batch, and by what is taken back. */
static void storm_change_by(void *arg)
{
	uintptr_t how = (uintptr_t)arg;
	uint32_t i;

	sim_order_write(&storm_data, sizeof(storm_data));
	if (!how)
		cpuslab_approx_add(&approx, 1000);
	else if (how == 1)
		for (i = 0; i <= BATCH; i++)
			cpuslab_approx_add(&approx, 1);
	else
		cpuslab_approx_sub(&approx, 1);
}

static void storm_see_change(void *arg)
{
	uint64_t least, most;

	(void)arg;
	cpuslab_approx_bounds(&approx, &least, &most);
	if (least != storm_least || most != storm_most)
		sim_order_read(&storm_data, sizeof(storm_data));
}

static void a_bound_that_changed_shows_what_was_before(void **state)
{
	struct sim_task tasks[2] = { { storm_change_by, NULL, 0 },
				     { storm_see_change, NULL, 1 } };
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 120; seed++) {
		tasks[0].arg = (void *)(uintptr_t)(seed % 3);
		storm_begin(seed);
		add(0, 1000);
		cpuslab_approx_bounds(&approx, &storm_least, &storm_most);
		fixture_one_by_one();
		sim_run(tasks, 2);
		storm_end();
	}
}

static void storm_once(enum sim_mode mode, uint64_t seed)
{
	const struct fixture_config config = { .mode = mode, .seed = seed };
	struct sim_task tasks[5];
	struct fixture f;
	uint32_t i;

	fixture_begin(&f, &config);
	storm_fixture = &f;
	granted = 0;
	failed = NULL;
	assert_int_equal(cpuslab_approx_init(&approx, f.slab, BATCH),
			 CPUSLAB_OK);
	for (i = 0; i < 5; i++) {
		tasks[i].run = i < 4 ? storm_add : storm_change;
		tasks[i].arg = (void *)(uintptr_t)i;
		tasks[i].cpu = i % FIXTURE_AVAILABLE;
	}
	sim_run(tasks, 5);
	sim_quiesce();
	if (failed)
		fail_msg("seed %llu: %s", (unsigned long long)sim_seed(),
			 failed);
	check(&f, granted);
	assert_int_equal(cpuslab_approx_add_limited(&approx, STORM_LIMIT,
						    STORM_LIMIT - granted),
			 CPUSLAB_OK);
	check(&f, STORM_LIMIT);
	cpuslab_approx_fini(&approx);
	sim_quiesce();
	fixture_end(&f);
}

static void a_storm(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 150; seed++)
		storm_once(seed % 3 ? SIM_RSEQ : SIM_ATOMIC, seed);
}

#define LIMITED_TEST(test)                                                     \
	{ #test " (rseq)", test, limited_setup, limited_teardown,              \
	  &fixture_rseq },                                                     \
	{                                                                      \
#test " (atomic)", test, limited_setup, limited_teardown,      \
			&fixture_atomic                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIMITED_TEST(compared_near_and_far),
		LIMITED_TEST(a_limit_is_reached_exactly),
		LIMITED_TEST(another_adds_at_every_point),
		LIMITED_TEST(reserved_amounts_do_not_wrap_around),
		LIMITED_TEST(taken_back_on_any_cpu),
		LIMITED_TEST(read_at_every_point_of_a_sub),
		LIMITED_TEST(taken_back_at_every_point_of_a_read),
		LIMITED_TEST(set_to_any_value),
		LIMITED_TEST(the_null_counter),
		cmocka_unit_test(a_storm),
		cmocka_unit_test(a_sum_has_what_was_taken_back),
		cmocka_unit_test(the_last_event_is_granted_once),
		cmocka_unit_test(a_bound_that_changed_shows_what_was_before),
	};

	return cmocka_run_group_tests_name("approx", tests, NULL, NULL);
}
