/* SPDX-License-Identifier: MIT */
/*
 * CPUSLAB_DOMAIN_ADMIT_EARLY: a CPU is admitted when all clients have prepared
 * for it, and a failure after that loses no count and leaves no memory behind.
 */
#include "fixture/recorder.h"

static struct fixture_config early_no_slab = {
	.domain_flags = CPUSLAB_DOMAIN_ADMIT_EARLY,
	.no_slab = true,
};
static struct fixture_config early_slab_retain = {
	.domain_flags = CPUSLAB_DOMAIN_ADMIT_EARLY,
	.slab_flags = CPUSLAB_SLAB_RETAIN,
};

static struct recorder first, second;

static void early_start(struct fixture *f)
{
	assert_int_equal(cpuslab_domain_add_start(f->domain, FIXTURE_CPU),
			 CPUSLAB_OK);
}

static void early_complete(struct fixture *f)
{
	assert_int_equal(cpuslab_domain_add_complete(f->domain, FIXTURE_CPU),
			 CPUSLAB_OK);
}

static void early_failure(struct fixture *f)
{
	assert_int_equal(cpuslab_domain_add_failure(f->domain, FIXTURE_CPU),
			 CPUSLAB_OK);
}

/* Absent CPUs have nothing, and nothing of theirs waits to be freed. */
static void early_expect_nothing(struct fixture *f, uint64_t committed)
{
	const struct cpuslab_stats stats = fixture_stats(f);

	assert_int_equal(sim_block_bytes(), committed);
	assert_int_equal(stats.in_use, FIXTURE_AVAILABLE);
	assert_int_equal(stats.retained, 0);
	assert_int_equal(stats.unannounced, 0);
	assert_int_equal(stats.draining, 0);
	assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
}

/* ---- added --------------------------------------------------------------- */

static void live_after_the_start(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter),
			      other;
	struct cpuslab_slab *slab;

	assert_int_equal(cpuslab_slab_create(&slab, f->domain, NULL), 0);
	assert_int_equal(cpuslab_alloc(slab, &fixture_counter, &other), 0);
	early_start(f);
	assert_true(fixture_has(&handle, FIXTURE_CPU));
	assert_true(fixture_has(&other, FIXTURE_CPU));
	assert_false(fixture_online(f, FIXTURE_CPU));
	fixture_count(&handle, FIXTURE_CPU, 3);
	fixture_count(&other, FIXTURE_CPU, 4);
	assert_int_equal(fixture_word(&handle, FIXTURE_CPU), 3);
	assert_int_equal(fixture_word(&other, FIXTURE_CPU), 4);
	assert_int_equal(fixture_stats(f).on_demand, 0);
	assert_int_equal(fixture_stats(f).shared_ops, 0);
	assert_int_equal(fixture_stats(f).unannounced, 0);
	early_complete(f);
	assert_true(fixture_online(f, FIXTURE_CPU));
	assert_int_equal(fixture_stats(f).admissions, FIXTURE_AVAILABLE + 1);
	assert_int_equal(cpuslab_sum(&handle, 0), 3);
	assert_int_equal(cpuslab_free(slab, &other), CPUSLAB_OK);
	cpuslab_slab_destroy(slab);
	fixture_free(f, &handle);
}

static void not_without_the_flag(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);

	recorder_init(&first, "a");
	assert_int_equal(recorder_register(&first, f), CPUSLAB_OK);
	recorder_clear();
	early_start(f);
	assert_false(fixture_has(&handle, FIXTURE_CPU));
	early_complete(f);
	assert_true(fixture_has(&handle, FIXTURE_CPU));
	assert_string_equal(recorder_text(), "a+9 a!9");
	cpuslab_client_fini(&first.client);
	fixture_free(f, &handle);
}

static void early_two_clients(struct fixture *f)
{
	recorder_init(&first, "a");
	recorder_init(&second, "b");
	assert_int_equal(recorder_register(&first, f), CPUSLAB_OK);
	assert_int_equal(recorder_register(&second, f), CPUSLAB_OK);
	recorder_clear();
}

static void early_end_clients(void)
{
	cpuslab_client_fini(&second.client);
	cpuslab_client_fini(&first.client);
}

static void all_prepare_before_one_admits(void **state)
{
	struct fixture *f = *state;

	early_two_clients(f);
	early_start(f);
	assert_string_equal(recorder_text(), "a+9 b+9 a^9 b^9");
	recorder_clear();
	early_complete(f);
	assert_string_equal(recorder_text(), "a!9 b!9");
	fixture_remove(f, FIXTURE_CPU);
	recorder_clear();
	early_start(f);
	early_failure(f);
	assert_string_equal(recorder_text(), "a+9 b+9 a^9 b^9 b-9 a-9");
	early_end_clients();
}

static void complete_without_start(void **state)
{
	struct fixture *f = *state;

	early_two_clients(f);
	early_complete(f);
	assert_string_equal(recorder_text(), "a+9 b+9 a^9 b^9 a!9 b!9");
	early_end_clients();
}

static void calls_that_are_repeated(void **state)
{
	struct fixture *f = *state;
	uint64_t ignored = cpuslab_domain_ignored(f->domain);

	early_two_clients(f);
	early_start(f);
	early_start(f);
	early_start(f);
	assert_string_equal(recorder_text(), "a+9 b+9 a^9 b^9");
	early_complete(f);
	early_complete(f);
	early_start(f);
	assert_string_equal(recorder_text(), "a+9 b+9 a^9 b^9 a!9 b!9 a=9 b=9");
	assert_int_equal(cpuslab_domain_ignored(f->domain), ignored + 4);
	early_end_clients();
}

/* A client that registers later sees what it missed, and nothing else. */
static void a_client_registered_while_one_prepares(void **state)
{
	struct fixture *f = *state;

	early_start(f);
	recorder_init(&first, "a");
	recorder_clear();
	assert_int_equal(recorder_register(&first, f), CPUSLAB_OK);
	assert_string_equal(recorder_text(), "a+0 a+1 a+2 a+3 a+9 "
					     "a^0 a^1 a^2 a^3 a^9 "
					     "a!0 a!1 a!2 a!3");
	recorder_clear();
	early_complete(f);
	assert_string_equal(recorder_text(), "a!9");
	cpuslab_client_fini(&first.client);
}

static void a_client_that_refuses_at_registration(void **state)
{
	struct fixture *f = *state;

	early_start(f);
	recorder_init(&first, "a");
	recorder_clear();
	first.refuse = FIXTURE_CPU;
	assert_int_equal(recorder_register(&first, f), -CPUSLAB_EACCES);
	assert_string_equal(recorder_text(), "a+0 a+1 a+2 a+3 a+9 "
					     "a-3 a-2 a-1 a-0");
}

static void a_slab_created_while_one_prepares(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle;
	uint64_t committed;

	early_start(f);
	assert_int_equal(cpuslab_slab_create(&f->slab, f->domain, NULL), 0);
	handle = fixture_alloc(f, &fixture_counter);
	assert_true(fixture_has(&handle, FIXTURE_CPU));
	fixture_count(&handle, FIXTURE_CPU, 3);
	assert_int_equal(fixture_stats(f).shared_ops, 0);
	committed = sim_block_bytes();
	early_failure(f);
	sim_quiesce();
	assert_true(sim_block_bytes() < committed);
	assert_false(fixture_has(&handle, FIXTURE_CPU));
	assert_int_equal(cpuslab_sum(&handle, 0), 3);
	fixture_free(f, &handle);
}

static int early_construct(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	++*(uint32_t *)arg;
	return CPUSLAB_OK;
}

/* A constructor that operations may not call ran before the first of them. */
static void constructed_by_the_start(void **state)
{
	static uint32_t constructed;
	static const struct cpuslab_type type = {
		.name = "not signal-safe",
		.size = 8,
		.counters = 1,
		.ctor = early_construct,
		.arg = &constructed,
	};
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type);

	constructed = 0;
	early_start(f);
	assert_int_equal(constructed, 1);
	fixture_count(&handle, FIXTURE_CPU, 1);
	assert_int_equal(fixture_word(&handle, FIXTURE_CPU), 1);
	early_complete(f);
	assert_int_equal(constructed, 1);
	fixture_free(f, &handle);
}

/* ---- refused: the CPU was never admitted -------------------------------- */

static void a_refusal_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t committed = sim_block_bytes(), admissions;

	early_two_clients(f);
	second.refuse = FIXTURE_CPU;
	admissions = fixture_stats(f).admissions;
	cpuslab_read_enter();
	assert_int_equal(cpuslab_domain_add_start(f->domain, FIXTURE_CPU),
			 -CPUSLAB_EACCES);
	assert_string_equal(recorder_text(), "a+9 b+9 a-9");
	assert_false(fixture_has(&handle, FIXTURE_CPU));
	assert_int_equal(fixture_stats(f).admissions, admissions);
	early_expect_nothing(f, committed); /* readers are not waited for */
	assert_int_equal(sim_rcu_pending(), 0);
	assert_int_equal(sim_fences(), 0);
	cpuslab_read_exit();
	early_end_clients();
	fixture_free(f, &handle);
}

/* ---- failed: the counts stay, the block does not ------------------------- */

static void a_failure_frees_memory(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t committed = sim_block_bytes(), round;

	for (round = 1; round <= 3; round++) {
		early_start(f);
		fixture_count(&handle, FIXTURE_CPU, 5);
		assert_int_equal(fixture_word(&handle, FIXTURE_CPU), 5);
		cpuslab_read_enter();
		early_failure(f);
		sim_quiesce();
		assert_true(sim_block_bytes() > committed);
		assert_int_equal(cpuslab_sum(&handle, 0), 5 * round);
		cpuslab_read_exit();
		sim_quiesce();
		early_expect_nothing(f, committed);
		assert_int_equal(cpuslab_sum(&handle, 0), 5 * round);
	}
	fixture_free(f, &handle);
}

/* With atomics the block stays until a trim with a quiescent caller. */
static void a_failure_of_atomics(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t committed = sim_block_bytes();

	early_start(f);
	fixture_count(&handle, FIXTURE_CPU, 5);
	early_failure(f);
	sim_quiesce();
	assert_true(fixture_has(&handle, FIXTURE_CPU));
	assert_int_equal(fixture_stats(f).retained, 1);
	early_start(f);
	fixture_count(&handle, FIXTURE_CPU, 5);
	early_failure(f);
	assert_int_equal(cpuslab_sum(&handle, 0), 10);
	assert_int_equal(cpuslab_domain_trim(f->domain, CPUSLAB_TRIM_QUIESCENT),
			 CPUSLAB_OK);
	sim_quiesce();
	early_expect_nothing(f, committed);
	assert_int_equal(cpuslab_sum(&handle, 0), 10);
	fixture_free(f, &handle);
}

/* While another thread counts there, at every point of the failure. */
static void early_count_there(void *arg)
{
	cpuslab_add(arg, 0, 1);
}

static void a_failure_loses_no_count(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t counted = 0, k;
	unsigned int left = 0;

	for (k = 1; !left; k++) {
		early_start(f);
		fixture_count(&handle, FIXTURE_CPU, 1);
		sim_cpu_set(0);
		sim_other_at(k, FIXTURE_CPU, early_count_there, &handle);
		early_failure(f);
		left = sim_at_cancel();
		counted += left ? 1 : 2;
		assert_int_equal(cpuslab_sum(&handle, 0), counted);
		sim_quiesce();
		assert_int_equal(cpuslab_sum(&handle, 0), counted);
		assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
	}
	assert_true(k > 5);
	fixture_free(f, &handle);
}

/* The reverse: the failure interrupts an operation there at every point. */
static struct fixture *early_fixture;

static void early_fail_now(void *arg)
{
	(void)arg;
	early_failure(early_fixture);
}

static void a_failure_during_an_operation(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t counted = 0, k;
	unsigned int left = 0;

	early_fixture = f;
	for (k = 1; !left; k++) {
		early_start(f);
		sim_other_at(k, 0, early_fail_now, NULL);
		fixture_count(&handle, FIXTURE_CPU, 1);
		left = sim_at_cancel();
		assert_int_equal(cpuslab_sum(&handle, 0), ++counted);
		early_failure(f);
		cpuslab_domain_resync(f->domain); /* removes unannounced CPUs */
		sim_quiesce();
		assert_int_equal(cpuslab_sum(&handle, 0), counted);
		assert_int_equal(fixture_stats(f).in_use, FIXTURE_AVAILABLE);
	}
	assert_true(k > 3);
	fixture_free(f, &handle);
}

/* ---- failed and retained ------------------------------------------------- */

static void a_retained_cpu_stays_retained(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5);
	uint64_t committed = sim_block_bytes();

	fixture_remove(f, FIXTURE_CPU);
	assert_int_equal(fixture_stats(f).retained, 1);
	early_start(f);
	fixture_count(&handle, FIXTURE_CPU, 2);
	early_failure(f);
	sim_quiesce();
	assert_int_equal(sim_block_bytes(), committed);
	assert_int_equal(fixture_stats(f).retained, 1);
	assert_int_equal(fixture_word(&handle, FIXTURE_CPU), 7);
	fixture_add(f, FIXTURE_CPU);
	assert_int_equal(fixture_word(&handle, FIXTURE_CPU), 7);
	assert_int_equal(fixture_stats(f).releases, 0);
	fixture_free(f, &handle);
}

/* After Complete it is treated like any other CPU. */
static void a_completed_cpu_is_retained(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);

	early_start(f);
	fixture_count(&handle, FIXTURE_CPU, 5);
	early_complete(f);
	early_complete(f);
	fixture_remove(f, FIXTURE_CPU);
	sim_quiesce();
	assert_int_equal(fixture_stats(f).retained, 1);
	assert_int_equal(fixture_word(&handle, FIXTURE_CPU), 5);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	fixture_free(f, &handle);
}

/* An operation runs there between the start and the admission. */
static void early_use(void *arg)
{
	sim_cpu_set(FIXTURE_CPU);
	cpuslab_add(arg, 0, 1);
	sim_cpu_set(0);
}

static void used_before_it_was_admitted(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t committed = sim_block_bytes();

	early_two_clients(f);
	first.inside = early_use;
	first.arg = &handle;
	early_start(f);
	assert_int_equal(fixture_word(&handle, FIXTURE_CPU), 2);
	assert_int_equal(fixture_stats(f).on_demand, 1);
	first.inside = NULL;
	early_failure(f);
	sim_quiesce();
	early_expect_nothing(f, committed);
	assert_int_equal(cpuslab_sum(&handle, 0), 2);
	early_end_clients();
	fixture_free(f, &handle);
}

/* Started again while the block of the previous start waits for readers. */
static void a_failure_after_a_failure(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t committed = sim_block_bytes();

	cpuslab_read_enter();
	early_start(f);
	fixture_count(&handle, FIXTURE_CPU, 5);
	early_failure(f);
	early_start(f);
	cpuslab_read_exit();
	sim_quiesce();
	assert_true(fixture_has(&handle, FIXTURE_CPU));
	fixture_count(&handle, FIXTURE_CPU, 2);
	early_failure(f);
	sim_quiesce();
	early_expect_nothing(f, committed);
	assert_int_equal(cpuslab_sum(&handle, 0), 7);
	fixture_free(f, &handle);
}

static void complete_after_a_failure(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);

	cpuslab_read_enter();
	early_start(f);
	fixture_count(&handle, FIXTURE_CPU, 5);
	early_failure(f);
	early_start(f);
	early_complete(f);
	cpuslab_read_exit();
	sim_quiesce();
	fixture_count(&handle, FIXTURE_CPU, 2);
	fixture_remove(f, FIXTURE_CPU);
	sim_quiesce();
	assert_int_equal(fixture_stats(f).retained, 1);
	assert_int_equal(fixture_word(&handle, FIXTURE_CPU), 7);
	assert_int_equal(cpuslab_sum(&handle, 0), 7);
	fixture_free(f, &handle);
}

/* ---- without memory, without a fence ------------------------------------- */

static void each_allocation_fails(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t committed = sim_block_bytes(), counted = 0, n;
	bool reached = true;

	for (n = 1; reached; n++) {
		uint64_t allocs = sim_allocs();
		int err;

		sim_fail_alloc_at(n);
		err = cpuslab_domain_add_start(f->domain, FIXTURE_CPU);
		if (err) {
			assert_int_equal(err, -CPUSLAB_ENOMEM);
			early_expect_nothing(f, committed);
			assert_false(fixture_has(&handle, FIXTURE_CPU));
		} else {
			fixture_count(&handle, FIXTURE_CPU, 1);
			counted++;
			early_failure(f);
		}
		reached = sim_allocs() >= allocs + n;
		sim_fail_alloc_at(0);
		assert_int_equal(cpuslab_sum(&handle, 0), counted);
		/* Without memory for the summary the block was retained. */
		assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_OK);
		sim_quiesce();
		early_expect_nothing(f, committed);
		assert_int_equal(cpuslab_sum(&handle, 0), counted);
	}
	assert_true(n > 2);
	assert_true(counted > 0);
	fixture_free(f, &handle);
}

static void a_failure_without_a_fence(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t committed = sim_block_bytes();

	early_start(f);
	fixture_count(&handle, FIXTURE_CPU, 5);
	sim_fence_fail(true);
	early_failure(f);
	assert_true(fixture_has(&handle, FIXTURE_CPU));
	assert_int_equal(fixture_stats(f).release_deferred, 1);
	sim_fence_fail(false);
	assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_OK);
	sim_quiesce();
	early_expect_nothing(f, committed);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	fixture_free(f, &handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_EARLY(live_after_the_start),
		FIXTURE_TEST(live_after_the_start, fixture_early_atomic),
		FIXTURE_TEST(live_after_the_start, fixture_early_retain),
		FIXTURE_BOTH(not_without_the_flag),
		FIXTURE_EARLY(all_prepare_before_one_admits),
		FIXTURE_EARLY(complete_without_start),
		FIXTURE_EARLY(calls_that_are_repeated),
		FIXTURE_TEST(a_client_registered_while_one_prepares,
			     early_no_slab),
		FIXTURE_TEST(a_client_that_refuses_at_registration,
			     early_no_slab),
		FIXTURE_TEST(a_slab_created_while_one_prepares, early_no_slab),
		FIXTURE_EARLY(constructed_by_the_start),
		FIXTURE_TEST(constructed_by_the_start, fixture_early_atomic),
		FIXTURE_EARLY(a_refusal_leaves_nothing),
		FIXTURE_TEST(a_refusal_leaves_nothing, fixture_early_atomic),
		FIXTURE_TEST(a_refusal_leaves_nothing, fixture_early_retain),
		FIXTURE_EARLY(a_failure_frees_memory),
		FIXTURE_TEST(a_failure_frees_memory, fixture_early_retain),
		FIXTURE_TEST(a_failure_frees_memory, early_slab_retain),
		FIXTURE_TEST(a_failure_of_atomics, fixture_early_atomic),
		FIXTURE_EARLY(a_failure_loses_no_count),
		FIXTURE_TEST(a_failure_loses_no_count, fixture_early_atomic),
		FIXTURE_TEST(a_failure_loses_no_count, fixture_early_retain),
		FIXTURE_EARLY(a_failure_during_an_operation),
		FIXTURE_TEST(a_retained_cpu_stays_retained,
			     fixture_early_retain),
		FIXTURE_TEST(a_completed_cpu_is_retained, fixture_early_retain),
		FIXTURE_TEST(a_completed_cpu_is_retained, early_slab_retain),
		FIXTURE_EARLY(used_before_it_was_admitted),
		FIXTURE_TEST(used_before_it_was_admitted, fixture_early_retain),
		FIXTURE_EARLY(a_failure_after_a_failure),
		FIXTURE_TEST(a_failure_after_a_failure, fixture_early_retain),
		FIXTURE_TEST(complete_after_a_failure, fixture_early_retain),
		FIXTURE_EARLY(each_allocation_fails),
		FIXTURE_TEST(each_allocation_fails, fixture_early_retain),
		FIXTURE_EARLY(a_failure_without_a_fence),
		FIXTURE_TEST(a_failure_without_a_fence, fixture_early_retain),
	};

	return cmocka_run_group_tests_name("early", tests, NULL, NULL);
}
