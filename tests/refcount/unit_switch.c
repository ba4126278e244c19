/* SPDX-License-Identifier: MIT */
/*
 * unit_switch.c - a count that is killed, resurrected, made atomic and back: no
 * reference is lost, and the last put after a kill is noticed.
 */
#include "fixture/counted.h"

static int resurrect(void)
{
	return cpuslab_refcount_resurrect(&refcount);
}

static int to_atomic(void)
{
	return cpuslab_refcount_switch_to_atomic(&refcount);
}

static int to_percpu(void)
{
	return cpuslab_refcount_switch_to_percpu(&refcount);
}

static uint64_t count(void)
{
	return cpuslab_refcount_count(&refcount);
}

/* The exact number of references; the first is one of them. */
static void check(uint64_t references)
{
	bool percpu = count() == UINT64_MAX;

	assert_int_equal(to_atomic(), CPUSLAB_OK);
	assert_int_equal(count(), references);
	if (percpu)
		assert_int_equal(to_percpu(), CPUSLAB_OK);
}

static void resurrected_at_zero(void **state)
{
	int i;

	(void)state;
	for (i = 1; i < 5; i++) {
		assert_int_equal(resurrect(), CPUSLAB_DIFFERS);
		assert_true(get(1));
		assert_int_equal(kill(), CPUSLAB_OK);
		assert_int_equal(released, i - 1);
		assert_int_equal(count(), 1);
		assert_true(put(2));
		assert_int_equal(released, i);
		assert_int_equal(resurrect(), CPUSLAB_OK);
		assert_false(cpuslab_refcount_is_zero(&refcount));
		assert_false(cpuslab_refcount_is_dying(&refcount));
		assert_int_equal(count(), UINT64_MAX);
		check(1);
	}
}

static void resurrected_with_references(void **state)
{
	static const uint32_t cpus[] = { 0, 1, 3, CPUSLAB_NO_CPU, 64 };
	int i;

	(void)state;
	for (i = 0; i < 5; i++)
		assert_true(get(cpus[i]));
	assert_int_equal(kill(), CPUSLAB_OK);
	assert_false(get(1));
	assert_false(put(0));
	assert_int_equal(resurrect(), CPUSLAB_OK);
	assert_true(get(2));
	for (i = 0; i < 5; i++)
		assert_false(put(cpus[i]));
	check(1);
	assert_int_equal(released, 0);
	assert_int_equal(kill(), CPUSLAB_OK);
	assert_int_equal(released, 1);
}

static void atomic_and_back(void **state)
{
	static const uint32_t cpus[] = { 0, 40, CPUSLAB_NO_CPU, 64, 3 };
	uint64_t references = 1;
	int i;

	(void)state;
	assert_int_equal(count(), UINT64_MAX);
	for (i = 0; i < 60; i++) {
		assert_true(get(cpus[i % 5]));
		references++;
		if (i % 7 == 3)
			assert_int_equal(to_atomic(), CPUSLAB_OK);
		if (i % 7 == 6)
			assert_int_equal(to_percpu(), CPUSLAB_OK);
		assert_int_equal(count(), i % 7 >= 3 && i % 7 < 6 ? references :
								    UINT64_MAX);
		if (i % 3)
			continue;
		assert_false(put(cpus[i * i % 5]));
		references--;
		check(references);
	}
	assert_int_equal(kill(), CPUSLAB_OK);
	while (--references > 1)
		assert_false(put(1));
	assert_true(put(1));
	assert_int_equal(released, 1);
}

/* The mode that was asked for last is that of a resurrected count. */
static void the_mode_survives(void **state)
{
	uint64_t fences;

	(void)state;
	assert_int_equal(to_atomic(), CPUSLAB_OK);
	fences = sim_fences();
	assert_int_equal(kill(), CPUSLAB_OK);
	assert_int_equal(resurrect(), CPUSLAB_OK);
	assert_int_equal(count(), 1);
	assert_int_equal(to_atomic(), CPUSLAB_OK);
	assert_int_equal(kill(), CPUSLAB_OK);
	assert_int_equal(to_percpu(), CPUSLAB_OK);
	assert_int_equal(count(), 0);
	assert_false(get(1));
	assert_int_equal(resurrect(), CPUSLAB_OK);
	assert_int_equal(count(), UINT64_MAX);
	assert_int_equal(to_percpu(), CPUSLAB_OK);
	/* None of it had a CPU to wait for. */
	assert_int_equal(sim_fences(), fences);
	assert_int_equal(kill(), CPUSLAB_OK);
	assert_int_equal(to_atomic(), CPUSLAB_OK);
	assert_int_equal(resurrect(), CPUSLAB_OK);
	assert_int_equal(count(), 1);
	assert_int_equal(released, 3);
}

static void many_at_once(void **state)
{
	int mode;

	(void)state;
	for (mode = 0; mode < 2; mode++) {
		released = 0;
		assert_true(cpuslab_refcount_try_get_many(&refcount, 1000));
		sim_cpu_set(3);
		cpuslab_refcount_get_many(&refcount, 10);
		assert_false(cpuslab_refcount_put_many(&refcount, 500));
		check(511);
		assert_int_equal(kill(), CPUSLAB_OK);
		assert_false(cpuslab_refcount_try_get_many(&refcount, 2));
		cpuslab_refcount_get_many(&refcount, 90);
		assert_int_equal(count(), 600);
		assert_false(cpuslab_refcount_put_many(&refcount, 599));
		assert_int_equal(released, 0);
		assert_true(cpuslab_refcount_put_many(&refcount, 1));
		assert_int_equal(released, 1);
		assert_int_equal(resurrect(), CPUSLAB_OK);
		assert_int_equal(to_atomic(), CPUSLAB_OK);
	}
}

static void of_a_dying_count(void **state)
{
	(void)state;
	assert_true(cpuslab_refcount_try_get_dying(&refcount));
	assert_int_equal(kill(), CPUSLAB_OK);
	assert_true(cpuslab_refcount_try_get_dying(&refcount));
	assert_false(put(1));
	assert_true(put(1));
	assert_false(cpuslab_refcount_try_get_dying(&refcount));
	assert_true(cpuslab_refcount_is_zero(&refcount));
	assert_int_equal(released, 1);
}

static void a_fence_that_fails(void **state)
{
	(void)state;
	assert_true(get(1));
	sim_fence_fail(true);
	assert_int_equal(to_atomic(), -CPUSLAB_EAGAIN);
	assert_int_equal(count(), UINT64_MAX);
	assert_true(get(2));
	assert_int_equal(to_percpu(), CPUSLAB_OK);
	assert_true(get(3));
	assert_int_equal(kill(), -CPUSLAB_EAGAIN);
	assert_false(get(1));
	assert_false(put(0));
	/* The first reference was not put yet. */
	assert_int_equal(resurrect(), CPUSLAB_OK);
	assert_true(get(1));
	assert_int_equal(kill(), -CPUSLAB_EAGAIN);
	sim_fence_fail(false);
	assert_int_equal(to_atomic(), CPUSLAB_OK);
	assert_int_equal(count(), 4);
	assert_int_equal(kill(), CPUSLAB_OK);
	assert_int_equal(count(), 3);
	assert_false(cpuslab_refcount_put_many(&refcount, 2));
	assert_true(put(1));
	assert_int_equal(released, 1);
}

/* What a CPU has counted stays counted, whatever happens to it in between. */
static void cpus_come_and_go(void **state)
{
	struct fixture *f = *state;
	uint64_t references = 1;
	int i;

	for (i = 0; i < 40; i++) {
		fixture_add(f, 9);
		assert_true(get(9));
		references++;
		if (i % 4 == 1)
			assert_int_equal(to_atomic(), CPUSLAB_OK);
		if (i % 4 == 3)
			assert_int_equal(to_percpu(), CPUSLAB_OK);
		if (i % 8 == 5) {
			assert_int_equal(kill(), CPUSLAB_OK);
			fixture_remove(f, 9);
			cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT);
			fixture_add(f, 9);
			assert_false(get(9));
			assert_int_equal(resurrect(), CPUSLAB_OK);
		}
		assert_true(get(9));
		if (i % 3)
			assert_false(put(9));
		else
			references++;
		fixture_remove(f, 9);
		cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT);
		sim_quiesce();
		check(references);
	}
}

static void never_initialised(void **state)
{
	static struct cpuslab_refcount null;

	(void)state;
	assert_int_equal(cpuslab_refcount_resurrect(&null), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_refcount_switch_to_atomic(&null),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_refcount_switch_to_percpu(&null),
			 -CPUSLAB_EINVAL);
	assert_false(cpuslab_refcount_try_get_many(&null, 3));
	assert_false(cpuslab_refcount_try_get_dying(&null));
	assert_false(cpuslab_refcount_put_many(&null, 3));
	assert_int_equal(cpuslab_refcount_count(&null), 0);
}

static void put_the_first(void *arg)
{
	(void)arg;
	put(1);
}

static void a_get_at_zero(void *arg)
{
	(void)arg;
	cpuslab_refcount_get_many(&refcount, 1);
}

static void misuse_is_noticed(void **state)
{
	(void)state;
	assert_int_equal(to_atomic(), CPUSLAB_OK);
	assert_non_null(sim_panic_catch(put_the_first, NULL));
	cpuslab_refcount_fini(&refcount);
	begin(*state);
	assert_int_equal(kill(), CPUSLAB_OK);
	assert_non_null(sim_panic_catch(a_get_at_zero, NULL));
}

#define SWITCH_RSEQ(test)                                                      \
	{                                                                      \
#test, test, refcount_setup, refcount_teardown, &fixture_rseq  \
	}
#define SWITCH_TEST(test)                                                      \
	{ #test " (rseq)", test, refcount_setup, refcount_teardown,            \
	  &fixture_rseq },                                                     \
	{                                                                      \
#test " (atomic)", test, refcount_setup, refcount_teardown,    \
			&fixture_atomic                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SWITCH_TEST(resurrected_at_zero),
		SWITCH_TEST(resurrected_with_references),
		SWITCH_TEST(atomic_and_back),
		SWITCH_TEST(the_mode_survives),
		SWITCH_TEST(many_at_once),
		SWITCH_TEST(of_a_dying_count),
		SWITCH_RSEQ(a_fence_that_fails),
		SWITCH_TEST(cpus_come_and_go),
		SWITCH_TEST(never_initialised),
		SWITCH_TEST(misuse_is_noticed),
	};

	return cmocka_run_group_tests_name("refcount", tests, NULL, NULL);
}
