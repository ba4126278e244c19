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

/* Eight share a cache line; each adds up alone, also over a release. */
static void neighbours(void **state)
{
	enum {
		MANY = 20
	};
	struct cpuslab_counter counters[MANY], other;
	struct fixture *f = *state;
	uint64_t sums[MANY];
	uint32_t objects = fixture_stats(f).objects, i, cpu;

	assert_int_equal(cpuslab_counter_init_many(counters, f->slab, MANY),
			 CPUSLAB_OK);
	assert_int_equal(fixture_stats(f).objects, objects + 1);
	assert_int_equal(cpuslab_counter_init(&other, f->slab), CPUSLAB_OK);
	fixture_add(f, 9);
	for (cpu = 8; cpu < 11; cpu++)
		for (i = 0; i < MANY; i++) {
			sim_cpu_set(cpu);
			cpuslab_counter_add(&counters[i], 100 * i + cpu);
		}
	cpuslab_counter_add(&other, 7);
	cpuslab_read_enter();
	for (i = 0; i < MANY; i++) {
		const char *first = cpuslab_remote(&counters[0].handle, 9);
		const char *copy = cpuslab_remote(&counters[i].handle, 9);

		assert_int_equal(copy - first, i * sizeof(uint64_t));
		assert_int_equal((uintptr_t)first % CPUSLAB_CACHE_LINE, 0);
	}
	cpuslab_read_exit();
	fixture_remove(f, 9);
	sim_quiesce();
	cpuslab_sum_many(&counters[0].handle, 0, MANY, sums);
	for (i = 0; i < MANY; i++) {
		assert_int_equal(cpuslab_counter_sum(&counters[i]),
				 300 * i + 27);
		assert_int_equal(sums[i], 300 * i + 27);
	}
	cpuslab_sum_many(&counters[5].handle, 8, 3, sums);
	assert_int_equal(sums[2], 300 * 8 + 27);
	assert_int_equal(cpuslab_counter_sum(&other), 7);
	cpuslab_counter_fini(&other);
	cpuslab_counter_fini_many(counters);
	assert_int_equal(fixture_stats(f).objects, objects);
}

static void as_many_as_are_allowed(void **state)
{
	static struct cpuslab_counter counters[CPUSLAB_COUNTER_MANY + 1];
	struct fixture *f = *state;
	uint32_t count, last;

	assert_int_equal(cpuslab_counter_init_many(counters, f->slab, 0),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_counter_init_many(counters, f->slab,
						   CPUSLAB_COUNTER_MANY + 1),
			 -CPUSLAB_EINVAL);
	assert_true(cpuslab_percpu_is_null(&counters[7].handle));
	sim_fail_alloc_from(1);
	assert_int_equal(cpuslab_counter_init_many(counters, f->slab, 9),
			 -CPUSLAB_ENOMEM);
	assert_true(cpuslab_percpu_is_null(&counters[8].handle));
	sim_fail_alloc_from(0);
	for (count = 1; count <= CPUSLAB_COUNTER_MANY; count = count * 3 + 1) {
		last = count - 1;
		assert_int_equal(cpuslab_counter_init_many(counters, f->slab,
							   count),
				 CPUSLAB_OK);
		sim_cpu_set(3);
		cpuslab_counter_add(&counters[last], 5);
		sim_cpu_set(CPUSLAB_NO_CPU);
		cpuslab_counter_add(&counters[last], 6);
		assert_int_equal(cpuslab_counter_sum(&counters[last]), 11);
		cpuslab_counter_fini_many(counters);
	}
}

static void an_interval_is_what_was_added_since(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_counter counter;
	cpuslab_word last = 0, other = 0;

	assert_int_equal(cpuslab_counter_init(&counter, f->slab), CPUSLAB_OK);
	fixture_add(f, 9);
	fixture_count(&counter.handle, 9, 5);
	assert_int_equal(cpuslab_counter_interval(&counter, &last), 5);
	assert_int_equal(cpuslab_counter_interval(&counter, &last), 0);
	fixture_count(&counter.handle, 9, 2);
	fixture_remove(f, 9); /* what it has counted stays */
	fixture_count(&counter.handle, CPUSLAB_NO_CPU, 3);
	assert_int_equal(cpuslab_counter_interval(&counter, &last), 5);
	assert_int_equal(cpuslab_counter_interval(&counter, &other), 10);
	assert_int_equal(last, 10);
	cpuslab_counter_fini(&counter);
}

struct counter_shared {
	struct cpuslab_counter counter;
	cpuslab_word last, taken;
	bool wrong;
};

static void counter_take(void *arg)
{
	struct counter_shared *shared = arg;
	uint64_t got;

	cpuslab_counter_add(&shared->counter, 1);
	got = cpuslab_counter_interval(&shared->counter, &shared->last);
	assert_in_range(got, 1, 100);
	shared->taken += got;
}

/* At each point of an interval another thread takes one, with the same last. */
static void intervals_share_what_was_added(void **state)
{
	struct counter_shared shared = { .last = 0 };
	struct fixture *f = *state;
	unsigned int left = 0;
	uint64_t k, got;

	assert_int_equal(cpuslab_counter_init(&shared.counter, f->slab),
			 CPUSLAB_OK);
	for (k = 1; !left; k++) {
		sim_cpu_set(1);
		cpuslab_counter_add(&shared.counter, 1);
		sim_other_at(k, 2, counter_take, &shared);
		got = cpuslab_counter_interval(&shared.counter, &shared.last);
		left = sim_at_cancel();
		assert_in_range(got, 0, 100);
		shared.taken += got;
		assert_int_equal(shared.taken,
				 cpuslab_counter_sum(&shared.counter));
	}
	assert_true(k > 2);
	cpuslab_counter_fini(&shared.counter);
}

/* Intervals of several tasks, with the same last, while others add. */
static void interval_add(void *arg)
{
	struct counter_shared *shared = arg;
	uint32_t i;

	for (i = 0; i < 40; i++)
		cpuslab_counter_add(&shared->counter, 1);
}

static void interval_take_often(void *arg)
{
	struct counter_shared *shared = arg;
	uint32_t i;

	for (i = 0; i < 20; i++) {
		uint64_t got = cpuslab_counter_interval(&shared->counter,
							&shared->last);

		shared->wrong |= got > 80;
		shared->taken += got;
	}
}

static void no_interval_is_negative(void **state)
{
	struct fixture *f = *state;
	struct counter_shared shared = { .last = 0 };
	const struct sim_task tasks[] = {
		{ interval_add, &shared, 0 },
		{ interval_add, &shared, 1 },
		{ interval_take_often, &shared, 2 },
		{ interval_take_often, &shared, 3 },
	};

	int i;

	assert_int_equal(cpuslab_counter_init(&shared.counter, f->slab),
			 CPUSLAB_OK);
	for (i = 1; i <= 100; i++) {
		sim_run(tasks, 4);
		assert_false(shared.wrong);
		shared.taken +=
			cpuslab_counter_interval(&shared.counter, &shared.last);
		assert_int_equal(shared.taken, 80 * i);
	}
	cpuslab_counter_fini(&shared.counter);
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
		FIXTURE_BOTH(an_interval_is_what_was_added_since),
		FIXTURE_BOTH(intervals_share_what_was_added),
		FIXTURE_BOTH(no_interval_is_negative),
		FIXTURE_BOTH(neighbours),
		FIXTURE_BOTH(as_many_as_are_allowed),
	};

	return cmocka_run_group_tests_name("counter", tests, NULL, NULL);
}
