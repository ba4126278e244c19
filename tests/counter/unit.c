/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

static void a_counter_starts_at_0_and_adds_up(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_counter counter;
	uint32_t cpu;

	assert_int_equal(cpuslab_counter_init(&counter, f->slab), CPUSLAB_OK);
	assert_int_equal(cpuslab_counter_sum(&counter), 0);
	for (cpu = 0; cpu < 70; cpu++) {
		sim_cpu_set(cpu);
		cpuslab_counter_add(&counter, cpu);
	}
	assert_int_equal(cpuslab_counter_sum(&counter), 69 * 70 / 2);
	cpuslab_counter_fini(&counter);
}

static void counters_are_independent(void **state)
{
	enum {
		COUNTERS = 50
	};
	struct cpuslab_counter counters[COUNTERS];
	struct fixture *f = *state;
	uint64_t i;

	for (i = 0; i < COUNTERS; i++)
		assert_int_equal(cpuslab_counter_init(&counters[i], f->slab),
				 CPUSLAB_OK);
	for (i = 0; i < COUNTERS; i++) {
		sim_cpu_set((uint32_t)i);
		cpuslab_counter_add(&counters[i], i);
	}
	for (i = 0; i < COUNTERS; i++) {
		assert_int_equal(cpuslab_counter_sum(&counters[i]), i);
		cpuslab_counter_fini(&counters[i]);
	}
}

/* The next object in the same place starts at 0, and so does its residual. */
static void a_new_counter_forgets_the_old_one(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_counter counter;
	int i;

	for (i = 0; i < 3; i++) {
		assert_int_equal(cpuslab_counter_init(&counter, f->slab),
				 CPUSLAB_OK);
		assert_int_equal(cpuslab_counter_sum(&counter), 0);
		fixture_add(f, 9);
		sim_cpu_set(9);
		cpuslab_counter_add(&counter, 5);
		sim_cpu_set(CPUSLAB_NO_CPU);
		cpuslab_counter_add(&counter, 6);
		fixture_remove(f, 9);
		assert_int_equal(cpuslab_counter_sum(&counter), 11);
		cpuslab_counter_fini(&counter);
		sim_quiesce();
	}
}

static void no_memory_for_a_counter(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_counter counter;

	sim_fail_alloc_from(1);
	assert_int_equal(cpuslab_counter_init(&counter, f->slab),
			 -CPUSLAB_ENOMEM);
	sim_fail_alloc_from(0);
	assert_int_equal(cpuslab_counter_init(&counter, f->slab), CPUSLAB_OK);
	cpuslab_counter_fini(&counter);
}

static void sums_cost_what_is_in_use(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_counter counter;
	uint64_t allocs;

	assert_int_equal(cpuslab_counter_init(&counter, f->slab), CPUSLAB_OK);
	allocs = sim_allocs();
	sim_points_reset();
	cpuslab_counter_sum(&counter);
	assert_in_range(sim_points(), 4, 8);
	assert_int_equal(sim_allocs(), allocs);
	cpuslab_counter_fini(&counter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_BOTH(a_counter_starts_at_0_and_adds_up),
		FIXTURE_BOTH(counters_are_independent),
		FIXTURE_BOTH(a_new_counter_forgets_the_old_one),
		FIXTURE_BOTH(no_memory_for_a_counter),
		FIXTURE_BOTH(sums_cost_what_is_in_use),
	};

	return cmocka_run_group_tests_name("counter", tests, NULL, NULL);
}
