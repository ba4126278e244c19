/* SPDX-License-Identifier: MIT */
/*
 * The promises of docs/promises.md: one test for each that simulated CPUs can
 * show. Of the others, the disassembly shows that the hot path makes no call,
 * and tests/port_conformance/conformance.c that the same source runs
 * everywhere.
 */
#include "fixture/recorder.h"
#include "everything.h"

static struct fixture_config promises_8192 = { .limit = 8192, .available = 2 };

static struct everything w;

/* Any number has a block, is admitted, or uses the shared block. */
static void promise_01_any_index_is_safe(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t added = 0;
	uint32_t cpu, bit;

	for (cpu = 0; cpu < 200; cpu++, added++)
		fixture_count(&handle, cpu, 1);
	for (bit = 0; bit < 32; bit++, added += 3) {
		fixture_count(&handle, 1u << bit, 1);
		fixture_count(&handle, (1u << bit) - 1, 1);
		fixture_count(&handle, 0u - (1u << bit), 1);
	}
	assert_int_equal(cpuslab_sum(&handle, 0), added);
	assert_int_equal(fixture_stats(f).in_use, 64);
	fixture_free(f, &handle);
}

static void promise_03_memory_follows_the_cpus_in_use(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handles[100];
	uint64_t before;
	int i;

	for (i = 0; i < 100; i++)
		handles[i] = fixture_alloc(f, &fixture_blob);
	/* Two CPUs, the shared block and a header; 8192 CPUs are possible. */
	assert_in_range(sim_block_bytes(), 1, 3 * 16384 + 16384);
	before = sim_block_bytes();
	fixture_add(f, 5000);
	assert_in_range(sim_block_bytes() - before, 1, 16384);
	fixture_remove(f, 5000);
	sim_quiesce();
	assert_int_equal(sim_block_bytes(), before);
	while (i--)
		fixture_free(f, &handles[i]);
}

/* The number of points measures work independently of the machine's speed. */
static void promises_cost(uint32_t limit, uint64_t cost[3])
{
	const struct fixture_config config = { .limit = limit, .available = 2 };
	struct fixture f;
	struct cpuslab_percpu handle;

	fixture_begin(&f, &config);
	handle = fixture_alloc(&f, &fixture_counter);
	fixture_free(&f, &handle);
	sim_points_reset();
	handle = fixture_alloc(&f, &fixture_counter);
	cost[0] = sim_points();
	sim_points_reset();
	cpuslab_sum(&handle, 0);
	cost[1] = sim_points();
	cost[2] = sim_block_bytes();
	fixture_free(&f, &handle);
	fixture_end(&f);
}

static void promise_04_cost_does_not_depend_on_the_limit(void **state)
{
	uint64_t few[3], many[3];

	(void)state;
	promises_cost(2, few);
	promises_cost(8192, many);
	assert_int_equal(few[0], many[0]);
	assert_int_equal(few[1], many[1]);
	assert_in_range(many[2] - few[2], 0, 16384); /* live bytes */
}

static void promise_05_a_failed_add_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct recorder last;
	struct cpuslab_stats before, after;
	uint64_t n, committed, zallocs;
	int err;

	fixture_alloc(f, &fixture_blob);
	recorder_init(&last, "z");
	assert_int_equal(recorder_register(&last, f), CPUSLAB_OK);
	/* Once, undone, so that the spare snapshots exist. */
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	cpuslab_domain_add_failure(f->domain, 9);
	before = fixture_stats(f);
	committed = sim_block_bytes();
	zallocs = sim_zallocs();
	for (n = 1; n < 20; n++) {
		last.refuse = n == 19 ? 9 : CPUSLAB_NO_CPU;
		sim_fail_alloc_at(n);
		err = cpuslab_domain_add_start(f->domain, 9);
		sim_fail_alloc_at(0);
		if (!err)
			cpuslab_domain_add_failure(f->domain, 9);
		after = fixture_stats(f);
		after.refusals = before.refusals;
		assert_memory_equal(&after, &before, sizeof(after));
		assert_int_equal(sim_block_bytes(), committed);
		assert_int_equal(sim_zallocs(), zallocs);
	}
	assert_int_equal(err, -CPUSLAB_EACCES);
	assert_int_equal(sim_fences(), 0);
	cpuslab_client_fini(&last.client);
}

static void promise_06_events_may_come_in_any_order(void **state)
{
	static int (*const calls[])(struct cpuslab_domain *, uint32_t) = {
		cpuslab_domain_add_start,
		cpuslab_domain_add_complete,
		cpuslab_domain_add_failure,
		cpuslab_domain_remove,
	};
	unsigned int order, rest;
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t added = 0;

	for (order = 0; order < 1024; order++) {
		for (rest = order; rest; rest /= 4) {
			calls[rest % 4](f->domain, 9);
			fixture_count(&handle, 9, 1);
			added++;
			if (rest % 3 == 0)
				sim_quiesce();
			assert_int_equal(cpuslab_sum(&handle, 0), added);
		}
		assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
	}
	fixture_free(f, &handle);
}

/* No event ever comes: slower, but correct. */
static void promise_06_events_may_not_come_at_all(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint32_t cpu;

	for (cpu = 0; cpu < 64; cpu++)
		fixture_count(&handle, cpu, cpu);
	assert_int_equal(cpuslab_sum(&handle, 0), 63 * 64 / 2);
	assert_int_equal(fixture_stats(f).shared_ops, 0);
	assert_int_equal(fixture_stats(f).unannounced, 60);
	fixture_free(f, &handle);
}

/* With a scheduler: unit_schedule.c. */
static void promise_07_sums_are_exact_through_a_storm(void **state)
{
	uint32_t i;

	(void)state;
	everything_begin(&w, &fixture_rseq);
	for (i = 0; i < 500; i++) {
		uint32_t cpu = 1 + i * 7 % 13;

		sim_cpu_set(cpu);
		everything_all(&w);
		if (i % 3 == 0)
			cpuslab_domain_remove(w.f.domain, cpu);
		everything_all(&w);
		if (i % 5 == 0)
			cpuslab_domain_add_complete(w.f.domain, cpu + 1);
		if (i % 7 == 0)
			sim_quiesce();
		if (i % 11 == 0)
			cpuslab_domain_trim(w.f.domain, 0);
		everything_verify(&w);
	}
	everything_end(&w);
}

/* Adds, growth and removals proceed although a reader never leaves. */
static void promise_08_readers_and_changes_never_wait(void **state)
{
	static const struct cpuslab_type big = { .name = "big", .size = 40000 };
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	struct cpuslab_percpu handles[8];
	int i;

	cpuslab_read_enter();
	for (i = 0; i < 8; i++) {
		handles[i] = fixture_alloc(f, &big);
		fixture_add(f, 10 + (uint32_t)i);
		fixture_count(&handle, 10 + (uint32_t)i, 1);
	}
	assert_int_equal(sim_fences(), 0);
	assert_true(fixture_stats(f).extents > 2);
	for (i = 0; i < 8; i++)
		fixture_free(f, &handles[i]);
	for (i = 0; i < 8; i++)
		fixture_remove(f, 10 + (uint32_t)i);
	assert_int_equal(sim_fences(), 8);
	assert_int_equal(cpuslab_sum(&handle, 0), 8);
	cpuslab_read_exit();
	fixture_free(f, &handle);
}

static int promises_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	memset((char *)object + 8, 0x5a, 8);
	return CPUSLAB_OK;
}

static const struct cpuslab_type promises_made = {
	.name = "made",
	.size = 16,
	.ctor = promises_ctor,
	.counters = 1,
	.flags = CPUSLAB_TYPE_SIGNAL_SAFE | CPUSLAB_TYPE_DISCARD,
};

static struct cpuslab_percpu promises_handle;

/* Whatever a reader can see is constructed. */
static void promises_look(void *arg)
{
	const unsigned char *copy;
	uint32_t cpu;

	(void)arg;
	cpuslab_read_enter();
	for (cpu = cpuslab_remote_next(&promises_handle, 0);
	     cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_remote_next(&promises_handle, cpu + 1)) {
		copy = cpuslab_remote(&promises_handle, cpu);
		assert_int_equal(copy[8], 0x5a);
		assert_int_equal(copy[15], 0x5a);
	}
	cpuslab_read_exit();
	/* An operation finds its copy constructed, or uses the shared block. */
	assert_int_equal(cpuslab_cmpstore(&promises_handle, 8, 0, 1),
			 CPUSLAB_DIFFERS);
}

static void promise_09_an_added_cpu_sees_constructed_objects(void **state)
{
	struct fixture *f = *state;
	unsigned int left = 0;
	uint64_t k;

	promises_handle = fixture_alloc(f, &promises_made);
	for (k = 1; !left; k++) {
		sim_other_at(k, 9, promises_look, NULL);
		fixture_add(f, 9);
		left = sim_at_cancel();
		promises_look(NULL);
		fixture_remove(f, 9);
		cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT);
		sim_quiesce();
	}
	assert_true(k > 5);
	fixture_free(f, &promises_handle);
}

static void promise_09_a_returning_cpu_finds_its_values(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_blob);

	fixture_add(f, 9);
	fixture_count(&handle, 9, 5);
	fixture_remove(f, 9);
	sim_quiesce();
	fixture_add(f, 9);
	assert_int_equal(fixture_word(&handle, 9), 5);
	fixture_free(f, &handle);
}

static void promises_signal(void *arg)
{
	everything_all(arg);
}

/* A signal at every point of every slow call, also while it holds mutexes. */
static void promise_10_signals_at_any_instruction(void **state)
{
	unsigned int left = 0;
	uint64_t k;

	(void)state;
	for (k = 1; !left; k++) {
		struct cpuslab_percpu handle;

		everything_begin(&w, &fixture_rseq);
		sim_cpu_set(40); /* unannounced */
		sim_signal_at(k, promises_signal, &w);
		handle = fixture_alloc(&w.f, &fixture_blob);
		fixture_add(&w.f, 9);
		fixture_remove(&w.f, 9);
		fixture_free(&w.f, &handle);
		left = sim_at_cancel();
		everything_verify(&w);
		everything_end(&w);
	}
	assert_true(k > 30);
}

/* Threads that never register; each does one operation and ends. */
static void promise_10_threads_need_no_registration(void **state)
{
	struct sim_task tasks[16];
	uint32_t i, round;

	(void)state;
	everything_begin(&w, &fixture_rseq);
	for (i = 0; i < 16; i++) {
		tasks[i].run = everything_all;
		tasks[i].arg = &w;
		tasks[i].cpu = i * 5;
	}
	for (round = 0; round < 3; round++)
		sim_run(tasks, 16);
	everything_verify(&w);
	everything_end(&w);
}

static void promise_12_the_state_can_be_observed(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	struct cpuslab_stats stats;

	fixture_add(f, 9);
	fixture_count(&handle, 30, 1);
	fixture_count(&handle, CPUSLAB_NO_CPU, 1);
	fixture_remove(f, 9);
	sim_fail_block_cpu(31, true);
	fixture_count(&handle, 31, 1);
	stats = fixture_stats(f);
	assert_string_equal(stats.name, "tested");
	assert_int_equal(stats.generation, FIXTURE_AVAILABLE + 2);
	assert_int_equal(stats.admissions, FIXTURE_AVAILABLE + 2);
	assert_int_equal(stats.on_demand, 1);
	assert_int_equal(stats.unannounced, 1);
	assert_int_equal(stats.releases, 1);
	assert_int_equal(stats.refusals, 1);
	assert_int_equal(stats.shared_ops, 2);
	fixture_check_bytes(f);
	fixture_free(f, &handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_BOTH(promise_01_any_index_is_safe),
		FIXTURE_TEST(promise_03_memory_follows_the_cpus_in_use,
			     promises_8192),
		cmocka_unit_test(promise_04_cost_does_not_depend_on_the_limit),
		FIXTURE_BOTH(promise_05_a_failed_add_leaves_nothing),
		FIXTURE_BOTH(promise_06_events_may_come_in_any_order),
		FIXTURE_BOTH(promise_06_events_may_not_come_at_all),
		cmocka_unit_test(promise_07_sums_are_exact_through_a_storm),
		FIXTURE_RSEQ(promise_08_readers_and_changes_never_wait),
		FIXTURE_BOTH(promise_09_an_added_cpu_sees_constructed_objects),
		FIXTURE_RETAIN(promise_09_a_returning_cpu_finds_its_values),
		FIXTURE_ATOMIC(promise_09_a_returning_cpu_finds_its_values),
		cmocka_unit_test(promise_10_signals_at_any_instruction),
		cmocka_unit_test(promise_10_threads_need_no_registration),
		FIXTURE_RSEQ(promise_12_the_state_can_be_observed),
	};

	return cmocka_run_group_tests_name("promises", tests, NULL, NULL);
}
