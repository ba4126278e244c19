/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

static struct cpuslab_gauge gauge;

static void in_and_out_balance(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cpuslab_gauge_init(&gauge, f->slab), CPUSLAB_OK);
	assert_int_equal(cpuslab_gauge_sum(&gauge), 0);
	sim_cpu_set(1);
	cpuslab_gauge_add(&gauge, 10);
	sim_cpu_set(2); /* subtract on another CPU */
	cpuslab_gauge_sub(&gauge, 7);
	assert_int_equal(cpuslab_gauge_sum(&gauge), 3);
	sim_cpu_set(CPUSLAB_NO_CPU);
	cpuslab_gauge_sub(&gauge, 3);
	assert_int_equal(cpuslab_gauge_sum(&gauge), 0);
	cpuslab_gauge_sub(&gauge, 1);
	assert_int_equal(cpuslab_gauge_sum(&gauge), -1);
	cpuslab_gauge_fini(&gauge);
}

static void a_release_keeps_the_balance(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cpuslab_gauge_init(&gauge, f->slab), CPUSLAB_OK);
	fixture_add(f, 9);
	sim_cpu_set(9);
	cpuslab_gauge_add(&gauge, 100);
	sim_cpu_set(1);
	cpuslab_gauge_sub(&gauge, 40);
	fixture_remove(f, 9);
	assert_int_equal(cpuslab_gauge_sum(&gauge), 60);
	sim_quiesce();
	assert_int_equal(cpuslab_gauge_sum(&gauge), 60);
	cpuslab_gauge_fini(&gauge);
}

/*
 * An add and a sub between any two steps of a sum never show a negative value.
 */
static void come_and_go(void *arg)
{
	(void)arg;
	cpuslab_gauge_add(&gauge, 1);
	cpuslab_gauge_sub(&gauge, 1);
}

static void a_sum_is_never_negative(void **state)
{
	struct fixture *f = *state;
	uint32_t cpu;
	uint64_t k;

	assert_int_equal(cpuslab_gauge_init(&gauge, f->slab), CPUSLAB_OK);
	for (cpu = 0; cpu < 4; cpu++) {
		unsigned int left = 0;

		for (k = 1; !left; k++) {
			sim_other_at(k, cpu, come_and_go, NULL);
			assert_true(cpuslab_gauge_sum(&gauge) >= 0);
			left = sim_at_cancel();
		}
		assert_true(k > 8);
	}
	assert_int_equal(cpuslab_gauge_sum(&gauge), 0);
	cpuslab_gauge_fini(&gauge);
}

/* As above, by a thread that moves between its add and its sub. */
static void come_and_go_elsewhere(void *arg)
{
	const uint32_t *cpus = arg;

	sim_cpu_set(cpus[0]);
	cpuslab_gauge_add(&gauge, 1);
	sim_cpu_set(cpus[1]);
	cpuslab_gauge_sub(&gauge, 1);
}

static void a_thread_that_moves_in_between(void **state)
{
	static uint32_t cpus[2];
	struct fixture *f = *state;
	uint64_t k;

	assert_int_equal(cpuslab_gauge_init(&gauge, f->slab), CPUSLAB_OK);
	for (cpus[0] = 0; cpus[0] < 4; cpus[0]++)
		for (cpus[1] = 0; cpus[1] < 4; cpus[1]++) {
			unsigned int left = 0;

			for (k = 1; !left; k++) {
				sim_other_at(k, 0, come_and_go_elsewhere, cpus);
				assert_true(cpuslab_gauge_sum(&gauge) >= 0);
				left = sim_at_cancel();
			}
		}
	cpuslab_gauge_fini(&gauge);
}

static void no_memory_for_a_gauge(void **state)
{
	struct fixture *f = *state;

	sim_fail_alloc_from(1);
	assert_int_equal(cpuslab_gauge_init(&gauge, f->slab), -CPUSLAB_ENOMEM);
	sim_fail_alloc_from(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_BOTH(in_and_out_balance),
		FIXTURE_BOTH(a_release_keeps_the_balance),
		FIXTURE_BOTH(a_sum_is_never_negative),
		FIXTURE_BOTH(a_thread_that_moves_in_between),
		FIXTURE_BOTH(no_memory_for_a_gauge),
	};

	return cmocka_run_group_tests_name("gauge", tests, NULL, NULL);
}
