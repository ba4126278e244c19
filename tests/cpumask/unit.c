/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

static struct fixture_config cpumask_many = {
	.limit = 8192,
	.available = 3,
	.no_slab = true,
};

static void cpumask_verify(const struct cpuslab_cpumask *set, uint32_t limit)
{
	uint32_t cpu, walked = 0, has = 0;

	for (cpu = cpuslab_cpumask_next(set, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_cpumask_next(set, cpu + 1)) {
		assert_true(cpuslab_cpumask_has(set, cpu));
		walked++;
	}
	for (cpu = 0; cpu < limit + 64; cpu++)
		has += cpuslab_cpumask_has(set, cpu);
	assert_int_equal(walked, cpuslab_cpumask_count(set));
	assert_int_equal(has, walked);
}

static void a_set_has_what_is_available(void **state)
{
	struct fixture *f = *state;
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(f->domain);

	cpumask_verify(set, 8192);
	assert_int_equal(cpuslab_cpumask_count(set), 3);
	assert_true(cpuslab_cpumask_has(set, 2));
	assert_false(cpuslab_cpumask_has(set, 3));
	cpuslab_cpumask_put(set);
}

static void sets_may_have_gaps(void **state)
{
	static const uint32_t sparse[] = { 63, 64, 150, 4095, 4096, 8191 };
	struct fixture *f = *state;
	const struct cpuslab_cpumask *set;
	uint32_t at = 3;
	size_t i;

	for (i = 0; i < 6; i++)
		fixture_add(f, sparse[i]);
	set = cpuslab_cpumask_get(f->domain);
	cpumask_verify(set, 8192);
	for (i = 0; i < 6; i++) {
		at = cpuslab_cpumask_next(set, at);
		assert_int_equal(at++, sparse[i]);
	}
	assert_int_equal(cpuslab_cpumask_next(set, at), CPUSLAB_NO_CPU);
	cpuslab_cpumask_put(set);
}

static void nothing_is_beyond_the_limit(void **state)
{
	struct fixture *f = *state;
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(f->domain);
	static const uint32_t beyond[] = { 8192,           8193,
					   1u << 20,       1u << 31,
					   CPUSLAB_SHARED, CPUSLAB_NO_CPU };
	size_t i;

	for (i = 0; i < 6; i++) {
		assert_false(cpuslab_cpumask_has(set, beyond[i]));
		assert_int_equal(cpuslab_cpumask_next(set, beyond[i]),
				 CPUSLAB_NO_CPU);
	}
	cpuslab_cpumask_put(set);
}

static void each_change_is_one_generation(void **state)
{
	struct fixture *f = *state;
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(f->domain);
	uint64_t before = cpuslab_cpumask_generation(set);

	cpuslab_cpumask_put(set);
	fixture_add(f, 100);
	fixture_add(f, 100);
	fixture_remove(f, 100);
	fixture_remove(f, 100);
	set = cpuslab_cpumask_get(f->domain);
	assert_int_equal(cpuslab_cpumask_generation(set), before + 2);
	cpuslab_cpumask_put(set);
}

static void a_start_alone_publishes_nothing(void **state)
{
	struct fixture *f = *state;
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(f->domain);
	uint64_t before = cpuslab_cpumask_generation(set);

	cpuslab_cpumask_put(set);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	set = cpuslab_cpumask_get(f->domain);
	assert_int_equal(cpuslab_cpumask_generation(set), before);
	assert_false(cpuslab_cpumask_has(set, 9));
	cpuslab_cpumask_put(set);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 9), CPUSLAB_OK);
	assert_int_equal(fixture_online_count(f), 3);
}

static void a_snapshot_stays_until_it_is_put(void **state)
{
	struct fixture *f = *state;
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(f->domain);
	uint64_t generation = cpuslab_cpumask_generation(set);
	uint32_t cpu;

	for (cpu = 10; cpu < 200; cpu++)
		fixture_add(f, cpu);
	for (cpu = 0; cpu < 3; cpu++)
		fixture_remove(f, cpu);
	assert_true(sim_quiesce() > 0);
	assert_int_equal(cpuslab_cpumask_generation(set), generation);
	assert_int_equal(cpuslab_cpumask_count(set), 3);
	assert_true(cpuslab_cpumask_has(set, 0));
	assert_false(cpuslab_cpumask_has(set, 10));
	cpumask_verify(set, 8192);
	cpuslab_cpumask_put(set);
	assert_int_equal(sim_quiesce(), 0);
	assert_int_equal(fixture_online_count(f), 190);
}

static void all_8192_at_once(void **state)
{
	struct fixture *f = *state;
	const struct cpuslab_cpumask *set;
	uint32_t cpu;

	for (cpu = 3; cpu < 8192; cpu++)
		fixture_add(f, cpu);
	set = cpuslab_cpumask_get(f->domain);
	assert_int_equal(cpuslab_cpumask_count(set), 8192);
	assert_int_equal(cpuslab_cpumask_next(set, 8191), 8191);
	assert_int_equal(cpuslab_cpumask_next(set, 8192), CPUSLAB_NO_CPU);
	cpumask_verify(set, 8192);
	cpuslab_cpumask_put(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_set_has_what_is_available, cpumask_many),
		FIXTURE_TEST(sets_may_have_gaps, cpumask_many),
		FIXTURE_TEST(nothing_is_beyond_the_limit, cpumask_many),
		FIXTURE_TEST(each_change_is_one_generation, cpumask_many),
		FIXTURE_TEST(a_start_alone_publishes_nothing, cpumask_many),
		FIXTURE_TEST(a_snapshot_stays_until_it_is_put, cpumask_many),
		FIXTURE_TEST(all_8192_at_once, cpumask_many),
	};

	return cmocka_run_group_tests_name("cpumask", tests, NULL, NULL);
}
