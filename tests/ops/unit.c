/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"
#include "ops/unit_unsafe.h"

/* Everything that the word operations work on. */
struct ops_object {
	uint64_t count;
	uint64_t word;
	struct cpuslab_gated gated;
};

static const struct cpuslab_type ops_type = {
	.name = "ops",
	.size = sizeof(struct ops_object),
	.align = 16,
	.counters = 1,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static const size_t ops_word = offsetof(struct ops_object, word);
static const size_t ops_gated = offsetof(struct ops_object, gated);

static struct ops_object ops_copy(const struct cpuslab_percpu *handle,
				  uint32_t cpu)
{
	struct ops_object copy;

	cpuslab_read_enter();
	assert_non_null(cpuslab_remote(handle, cpu));
	memcpy(&copy, cpuslab_remote(handle, cpu), sizeof(copy));
	cpuslab_read_exit();
	return copy;
}

/* Each operation once with each of its results, on @cpu's copy. */
static void ops_each(const struct cpuslab_percpu *handle, uint32_t cpu)
{
	struct ops_object was = ops_copy(handle, cpu), now;

	assert_int_equal(cpuslab_add(handle, 0, 5), CPUSLAB_OK);
	assert_int_equal(cpuslab_add(handle, 0, (uint64_t)-2), CPUSLAB_OK);
	assert_int_equal(cpuslab_cmpstore(handle, ops_word, was.word, 77),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_cmpstore(handle, ops_word, 78, 1),
			 CPUSLAB_DIFFERS);
	assert_int_equal(cpuslab_add_if(handle, ops_gated, 0, 9), CPUSLAB_OK);
	assert_int_equal(cpuslab_add_if(handle, ops_gated, 1, 9),
			 CPUSLAB_DIFFERS);
	assert_int_equal(cpuslab_add_below(handle, ops_word, 78, 2),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_add_below(handle, ops_word, 79, 2),
			 CPUSLAB_FULL);
	now = ops_copy(handle, cpu);
	assert_int_equal(now.count, was.count + 3);
	assert_int_equal(now.word, 79);
	assert_int_equal(now.gated.gate, 0);
	assert_int_equal(now.gated.value, was.gated.value + 9);
}

static void each_works_on_ones_own_copy(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &ops_type);
	uint32_t cpu;

	for (cpu = 0; cpu < 4; cpu++) {
		sim_cpu_set(cpu);
		ops_each(&handle, cpu);
	}
	assert_int_equal(cpuslab_sum(&handle, 0), 12);
	assert_int_equal(ops_copy(&handle, CPUSLAB_SHARED).count, 0);
	assert_int_equal(fixture_stats(f).shared_ops, 0);
	assert_int_equal(fixture_stats(f).on_demand, 0);
	fixture_free(f, &handle);
}

static void an_unknown_cpu_is_admitted(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &ops_type);
	struct cpuslab_stats stats;

	assert_false(fixture_has(&handle, 40));
	sim_cpu_set(40);
	assert_int_equal(cpuslab_add(&handle, 0, 1), CPUSLAB_OK);
	ops_each(&handle, 40);
	stats = fixture_stats(f);
	assert_int_equal(stats.on_demand, 1);
	assert_int_equal(stats.unannounced, 1);
	assert_int_equal(stats.in_use, 5);
	assert_int_equal(stats.online, 4);
	assert_int_equal(stats.shared_ops, 0);
	assert_false(fixture_online(f, 40)); /* the domain is not consulted */
	assert_int_equal(cpuslab_sum(&handle, 0), 4);
	fixture_free(f, &handle);
}

/* Each operation in turn is the first on its CPU. */
static void any_operation_admits(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &ops_type);

	sim_cpu_set(41);
	assert_int_equal(cpuslab_add_if(&handle, ops_gated, 0, 1), CPUSLAB_OK);
	assert_int_equal(ops_copy(&handle, 41).gated.value, 1);
	sim_cpu_set(42);
	assert_int_equal(cpuslab_add_if(&handle, ops_gated, 5, 1),
			 CPUSLAB_DIFFERS);
	assert_true(fixture_has(&handle, 42));
	sim_cpu_set(43);
	assert_int_equal(cpuslab_cmpstore(&handle, ops_word, 0, 6), CPUSLAB_OK);
	assert_int_equal(ops_copy(&handle, 43).word, 6);
	sim_cpu_set(44);
	assert_int_equal(cpuslab_cmpstore(&handle, ops_word, 5, 6),
			 CPUSLAB_DIFFERS);
	assert_true(fixture_has(&handle, 44));
	sim_cpu_set(45);
	assert_int_equal(cpuslab_add_below(&handle, ops_word, 0, 1),
			 CPUSLAB_FULL);
	assert_true(fixture_has(&handle, 45));
	assert_int_equal(fixture_stats(f).unannounced, 5);
	fixture_free(f, &handle);
}

static void beyond_the_limit_is_the_shared_block(void **state)
{
	static const uint32_t beyond[] = { 64,
					   65,
					   4096,
					   1u << 31,
					   (uint32_t)-3,
					   CPUSLAB_SHARED,
					   CPUSLAB_NO_CPU };
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &ops_type);
	size_t i;

	for (i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		sim_cpu_set(beyond[i]);
		ops_each(&handle, CPUSLAB_SHARED);
		assert_int_equal(cpuslab_cmpstore(&handle, ops_word, 79, 0),
				 CPUSLAB_OK);
	}
	assert_int_equal(cpuslab_sum(&handle, 0), 7 * 3);
	assert_int_equal(fixture_stats(f).shared_ops, 7 * 9);
	assert_int_equal(fixture_stats(f).in_use, 4);
	fixture_free(f, &handle);
}

static void without_memory_it_is_the_shared_block(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &ops_type);

	sim_fail_block_cpu(40, true);
	sim_cpu_set(40);
	ops_each(&handle, CPUSLAB_SHARED);
	assert_true(fixture_stats(f).refusals >= 1);
	assert_false(fixture_has(&handle, 40));
	sim_fail_block_cpu(40, false);
	sim_clock_advance(2 * 1000 * 1000);
	assert_int_equal(cpuslab_add(&handle, 0, 1), CPUSLAB_OK);
	ops_each(&handle, 40);
	assert_int_equal(cpuslab_sum(&handle, 0), 7);
	fixture_free(f, &handle);
}

/*
 * After a refusal the next attempt is delayed, so that operations stay cheap.
 */
static void a_refusal_is_not_repeated_at_once(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &ops_type);
	int i;

	sim_fail_block_cpu(40, true);
	for (i = 0; i < 10; i++)
		fixture_count(&handle, 40, 1);
	assert_int_equal(fixture_stats(f).refusals, 1);
	assert_int_equal(cpuslab_sum(&handle, 0), 10);
	fixture_free(f, &handle);
}

/* As where a process is restored on a machine that was started later. */
static void a_clock_that_is_set_back_prolongs_no_delay(void **state)
{
	const uint64_t hour = 3600000000000u;
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &ops_type);

	sim_clock_advance(hour);
	sim_fail_block_cpu(40, true);
	fixture_count(&handle, 40, 1);
	sim_fail_block_cpu(40, false);
	sim_clock_advance(0 - hour);
	fixture_count(&handle, 40, 1);
	assert_true(fixture_has(&handle, 40));
	fixture_free(f, &handle);
}

static void ops_signal(void *arg)
{
	ops_each(arg, CPUSLAB_SHARED);
	assert_int_equal(cpuslab_cmpstore(arg, ops_word, 79, 0), CPUSLAB_OK);
}

/*
 * A signal handler that interrupts the holder of the mutex must not wait for
 * it.
 */
static void the_shared_block_is_used_while_the_mutex_is_held(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &ops_type);
	struct cpuslab_percpu other;

	sim_cpu_set(40);
	/* 2: the first point of the alloc is before its mutex is taken. */
	sim_signal_at(2, ops_signal, &handle);
	other = fixture_alloc(f, &fixture_blob);
	assert_int_equal(sim_at_cancel(), 0);
	assert_int_equal(ops_copy(&handle, CPUSLAB_SHARED).count, 3);
	assert_int_equal(cpuslab_add(&handle, 0, 1), CPUSLAB_OK);
	ops_each(&handle, 40);
	fixture_free(f, &handle);
	fixture_free(f, &other);
}

static void an_unsafe_constructor_delays_admission(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &ops_type);
	struct cpuslab_percpu hinders = fixture_alloc(f, &ops_unsafe);
	struct cpuslab_percpu next;

	sim_cpu_set(40);
	ops_each(&handle, CPUSLAB_SHARED);
	assert_false(fixture_has(&handle, 40));
	next = fixture_alloc(f, &fixture_blob);
	assert_true(fixture_has(&handle, 40));
	ops_each(&handle, 40);
	fixture_free(f, &hinders);
	sim_cpu_set(41); /* nothing prevents admission now */
	assert_int_equal(cpuslab_add(&handle, 0, 1), CPUSLAB_OK);
	assert_true(fixture_has(&handle, 41));
	fixture_free(f, &handle);
	fixture_free(f, &next);
}

static void the_null_handle_is_an_error(void **state)
{
	const struct cpuslab_percpu null = { 0 };

	(void)state;
	assert_int_equal(cpuslab_add(&null, 0, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_add_if(&null, 0, 0, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_add_below(&null, 0, 1, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_cmpstore(&null, 0, 0, 1), -CPUSLAB_EINVAL);
}

/* Where the shared block would be used: its atomics need aligned words. */
static void a_word_that_is_not_aligned_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &ops_type);

	sim_cpu_set(CPUSLAB_NO_CPU);
	assert_int_equal(cpuslab_add(&handle, 4, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_cmpstore(&handle, 1, 0, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_add_below(&handle, 2, 1, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_sum(&handle, 0), 0);
	fixture_free(f, &handle);
}

static void numbers_wrap_around(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &ops_type);

	fixture_count(&handle, 1, UINT64_MAX);
	fixture_count(&handle, 2, 3);
	assert_int_equal(cpuslab_sum(&handle, 0), 2);
	fixture_free(f, &handle);
}

static void an_operation_needs_no_system_call(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &ops_type);
	uint64_t allocs = sim_allocs(), fences = sim_fences();

	sim_cpu_set(2);
	ops_each(&handle, 2);
	assert_int_equal(sim_allocs(), allocs);
	assert_int_equal(sim_fences(), fences);
	fixture_free(f, &handle);
}

/* A thread that moves at every point of an operation acts exactly once. */
static void moving_at_every_point(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &ops_type);
	unsigned int left = 0;
	uint64_t k;

	for (k = 1; !left; k++) {
		sim_cpu_set(1);
		sim_preempt_at(k, 50);
		assert_int_equal(cpuslab_add(&handle, 0, 1), CPUSLAB_OK);
		left = sim_at_cancel();
		assert_int_equal(cpuslab_sum(&handle, 0), k);
	}
	assert_true(k > 2);
	fixture_free(f, &handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_BOTH(each_works_on_ones_own_copy),
		FIXTURE_BOTH(an_unknown_cpu_is_admitted),
		FIXTURE_BOTH(any_operation_admits),
		FIXTURE_BOTH(beyond_the_limit_is_the_shared_block),
		FIXTURE_BOTH(without_memory_it_is_the_shared_block),
		FIXTURE_BOTH(a_refusal_is_not_repeated_at_once),
		FIXTURE_BOTH(a_clock_that_is_set_back_prolongs_no_delay),
		FIXTURE_BOTH(the_shared_block_is_used_while_the_mutex_is_held),
		FIXTURE_BOTH(an_unsafe_constructor_delays_admission),
		FIXTURE_BOTH(the_null_handle_is_an_error),
		FIXTURE_BOTH(a_word_that_is_not_aligned_is_an_error),
		FIXTURE_BOTH(numbers_wrap_around),
		FIXTURE_BOTH(an_operation_needs_no_system_call),
		FIXTURE_BOTH(moving_at_every_point),
	};

	return cmocka_run_group_tests_name("ops", tests, NULL, NULL);
}
