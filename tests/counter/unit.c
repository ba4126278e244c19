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

/* As one sum for each word, also of a CPU that was released. */
static void several_words_in_one_pass(void **state)
{
	enum {
		WORDS = 5
	};
	static const struct cpuslab_type type = {
		.name = "words",
		.size = WORDS * sizeof(uint64_t),
		.counters = WORDS,
	};
	static const uint32_t cpus[] = { 0, 9, 3, CPUSLAB_NO_CPU, 64 };
	static const struct cpuslab_percpu null;
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type);
	uint64_t sums[WORDS + 1], points;
	uint32_t i, first, count;

	fixture_add(f, 9);
	for (i = 0; i < 5 * WORDS; i++) {
		sim_cpu_set(cpus[i / WORDS]);
		cpuslab_add(&handle, i % WORDS * sizeof(uint64_t), i + 1);
	}
	fixture_remove(f, 9);
	sim_quiesce();
	for (first = 0; first < WORDS; first++)
		for (count = 0; first + count <= WORDS; count++) {
			memset(sums, 0xff, sizeof(sums));
			cpuslab_sum_many(&handle, first * sizeof(uint64_t),
					 count, sums);
			for (i = 0; i < count; i++)
				assert_int_equal(sums[i], 55 + 5 * (first + i));
			assert_int_equal(sums[count], UINT64_MAX);
		}
	sim_points_reset();
	cpuslab_sum_many(&handle, 0, 1, sums);
	points = sim_points();
	sim_points_reset();
	cpuslab_sum_many(&handle, 0, WORDS, sums);
	assert_int_equal(sim_points(), points);
	cpuslab_sum_many(&null, 0, WORDS, sums);
	for (i = 0; i < WORDS; i++)
		assert_int_equal(sums[i], 0);
	fixture_free(f, &handle);
}

static struct cpuslab_counter set_counter;

static void set_add(void *arg)
{
	(void)arg;
	cpuslab_counter_add(&set_counter, 1);
}

/* An add during a set is replaced, or comes on top. */
static void a_counter_is_set(void **state)
{
	struct fixture *f = *state;
	unsigned int left = 0;
	uint64_t k, sum;

	assert_int_equal(cpuslab_counter_init(&set_counter, f->slab),
			 CPUSLAB_OK);
	for (k = 1; !left; k++) {
		sim_cpu_set((uint32_t)k);
		cpuslab_counter_add(&set_counter, 100 * k);
		sim_other_at(k, 1, set_add, NULL);
		assert_int_equal(cpuslab_counter_set(&set_counter, k % 3 * 70),
				 CPUSLAB_OK);
		left = sim_at_cancel();
		sum = cpuslab_counter_sum(&set_counter);
		assert_in_range(sum, k % 3 * 70, k % 3 * 70 + 1);
	}
	assert_true(k > 5);
	cpuslab_counter_fini(&set_counter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_BOTH(a_counter_starts_at_0_and_adds_up),
		FIXTURE_BOTH(counters_are_independent),
		FIXTURE_BOTH(a_new_counter_forgets_the_old_one),
		FIXTURE_BOTH(no_memory_for_a_counter),
		FIXTURE_BOTH(sums_cost_what_is_in_use),
		FIXTURE_BOTH(several_words_in_one_pass),
		FIXTURE_BOTH(a_counter_is_set),
	};

	return cmocka_run_group_tests_name("counter", tests, NULL, NULL);
}
