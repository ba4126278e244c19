/* SPDX-License-Identifier: MIT */
/* CPUs that return: before, during and after their release. */
#include "fixture/fixture.h"

static struct fixture_config return_empty = {
	.domain_flags = CPUSLAB_DOMAIN_START_EMPTY | CPUSLAB_DOMAIN_RETAIN,
	.no_slab = true,
};

/* The domain has memory, the slab none for a summary. */
static void return_without_memory(struct fixture *f)
{
	sim_fail_alloc_from(1);
	fixture_add(f, 9);
	sim_fail_alloc_from(0);
}

/* What was folded into the residual returns to the block. */
static void back_while_dead_takes_its_blocks(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5), later;

	cpuslab_read_enter();
	fixture_remove(f, 9);
	assert_int_equal(fixture_stats(f).draining, 1);
	assert_int_equal(fixture_stats(f).residual_bytes, 8);
	later = fixture_alloc(f, &fixture_counter);
	fixture_add(f, 9);
	assert_int_equal(fixture_stats(f).draining, 0);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	fixture_count(&handle, 9, 2);
	fixture_count(&later, 9, 1);
	assert_int_equal(fixture_word(&handle, 9), 7);
	assert_int_equal(cpuslab_sum(&handle, 0), 7);
	assert_int_equal(cpuslab_sum(&later, 0), 1);
	assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
	cpuslab_read_exit();
	sim_quiesce();
	assert_int_equal(fixture_word(&handle, 9), 7);
	assert_int_equal(cpuslab_sum(&handle, 0), 7);
	assert_int_equal(fixture_stats(f).shared_ops, 0);
	fixture_free(f, &later);
	fixture_free(f, &handle);
}

/* What other CPUs have left is not its own. */
static void back_while_another_is_dead(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5);

	fixture_add(f, 8);
	fixture_count(&handle, 8, 3);
	cpuslab_read_enter();
	fixture_remove(f, 8);
	fixture_remove(f, 9);
	fixture_add(f, 9);
	assert_int_equal(cpuslab_sum(&handle, 0), 8);
	assert_int_equal(fixture_word(&handle, 9), 5);
	cpuslab_read_exit();
	sim_quiesce();
	assert_false(fixture_has(&handle, 8));
	assert_int_equal(fixture_word(&handle, 9), 5);
	assert_int_equal(cpuslab_sum(&handle, 0), 8);
	fixture_free(f, &handle);
}

/* The grace period ends before the add fails. */
static void a_start_over_dead_blocks_is_undone(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5);

	fixture_remove(f, 9);
	cpuslab_read_enter();
	assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	cpuslab_read_exit();
	sim_quiesce();
	assert_true(fixture_has(&handle, 9));
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 9), CPUSLAB_OK);
	sim_quiesce();
	assert_int_equal(fixture_stats(f).in_use, FIXTURE_AVAILABLE);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	fixture_free(f, &handle);
}

/* Released twice in one grace period: the first must not free the blocks. */
static void back_while_dead_and_removed_again(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5);

	cpuslab_read_enter();
	fixture_remove(f, 9);
	fixture_add(f, 9);
	fixture_count(&handle, 9, 2);
	fixture_remove(f, 9);
	assert_int_equal(cpuslab_sum(&handle, 0), 7);
	fixture_add(f, 9);
	assert_int_equal(fixture_word(&handle, 9), 7);
	cpuslab_read_exit();
	sim_quiesce();
	fixture_count(&handle, 9, 1);
	assert_int_equal(fixture_word(&handle, 9), 8);
	assert_int_equal(cpuslab_sum(&handle, 0), 8);
	assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
	fixture_free(f, &handle);
}

/* Without memory for a summary it uses the shared block until then. */
static void back_while_dead_without_memory(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5);

	cpuslab_read_enter();
	fixture_remove(f, 9);
	return_without_memory(f);
	assert_true(fixture_online(f, 9));
	fixture_count(&handle, 9, 2);
	assert_int_equal(fixture_word(&handle, CPUSLAB_SHARED), 2);
	assert_int_equal(fixture_stats(f).draining, 1);
	assert_int_equal(cpuslab_sum(&handle, 0), 7);
	cpuslab_read_exit();
	sim_quiesce();
	assert_int_equal(fixture_stats(f).draining, 0);
	assert_true(fixture_has(&handle, 9));
	fixture_count(&handle, 9, 3);
	assert_int_equal(fixture_word(&handle, 9), 3);
	assert_int_equal(cpuslab_sum(&handle, 0), 10);
	fixture_free(f, &handle);
}

static void back_without_memory_after_the_grace_period(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5);

	cpuslab_read_enter();
	fixture_remove(f, 9);
	return_without_memory(f);
	cpuslab_read_exit();
	sim_fail_block_cpu(9, true);
	sim_quiesce();
	assert_false(fixture_has(&handle, 9));
	fixture_count(&handle, 9, 1);
	assert_int_equal(fixture_word(&handle, CPUSLAB_SHARED), 1);
	sim_fail_block_cpu(9, false);
	sim_clock_advance(10 * 1000 * 1000);
	fixture_count(&handle, 9, 1);
	assert_int_equal(fixture_word(&handle, 9), 1);
	assert_int_equal(cpuslab_sum(&handle, 0), 7);
	fixture_free(f, &handle);
}

/*
 * Many times within one grace period: every count. Each return replaces a
 * summary, so at some time the CPU has to wait.
 */
static void a_storm_within_one_grace_period(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 1);
	uint64_t i, allocs = 0;

	cpuslab_read_enter();
	for (i = 1; i <= 50; i++) {
		fixture_remove(f, 9);
		fixture_count(&handle, 9, 1); /* the shared block */
		assert_int_equal(cpuslab_sum(&handle, 0), 2 * i);
		fixture_add(f, 9);
		fixture_count(&handle, 9, 1);
		if (i <= 16)
			assert_int_equal(fixture_word(&handle, 9), 1 + i);
		assert_int_equal(cpuslab_sum(&handle, 0), 2 * i + 1);
		if (i == 20)
			allocs = sim_zallocs();
	}
	assert_in_range(sim_zallocs() - allocs, 0, 2 * 30 /* CPU masks */);
	cpuslab_read_exit();
	sim_quiesce();
	assert_int_equal(cpuslab_sum(&handle, 0), 101);
	fixture_count(&handle, 9, 1);
	assert_int_equal(cpuslab_sum(&handle, 0), 102);
	assert_true(fixture_has(&handle, 9));
	fixture_free(f, &handle);
}

static int return_construct(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	(void)arg;
	return 0;
}

/*
 * An operation has requested admission: a failure still leaves nothing behind.
 */
static void a_pending_admission_that_fails(void **state)
{
	static const struct cpuslab_type type = {
		.name = "not signal-safe",
		.size = 8,
		.counters = 1,
		.ctor = return_construct,
	};
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type);

	fixture_count(&handle, FIXTURE_CPU, 1);
	assert_false(fixture_has(&handle, FIXTURE_CPU));
	assert_int_equal(cpuslab_domain_add_start(f->domain, FIXTURE_CPU), 0);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, FIXTURE_CPU), 0);
	assert_int_equal(fixture_stats(f).in_use, FIXTURE_AVAILABLE);
	assert_int_equal(cpuslab_sum(&handle, 0), 1);
	fixture_free(f, &handle);
}

/* As after a suspend: all CPUs but one leave and return without memory. */
static void all_return_without_any_memory(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5);
	uint32_t cpu;

	for (cpu = 1; cpu < FIXTURE_AVAILABLE; cpu++)
		fixture_remove(f, cpu);
	fixture_remove(f, FIXTURE_CPU);
	sim_fail_alloc_from(1);
	for (cpu = 1; cpu < FIXTURE_AVAILABLE; cpu++)
		fixture_add(f, cpu);
	fixture_add(f, FIXTURE_CPU);
	sim_fail_alloc_from(0);
	assert_int_equal(fixture_word(&handle, FIXTURE_CPU), 5);
	assert_int_equal(fixture_stats(f).online, FIXTURE_AVAILABLE + 1);
	fixture_free(f, &handle);
}

/* A pending admission does not give blocks to a CPU that has been removed. */
static void removed_before_it_was_admitted(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 3);
	uint32_t in_use = fixture_stats(f).in_use;

	cpuslab_read_enter();
	fixture_remove(f, FIXTURE_CPU);
	return_without_memory(f);
	cpuslab_read_exit();
	sim_fail_block_cpu(FIXTURE_CPU, true);
	sim_quiesce();
	sim_fail_block_cpu(FIXTURE_CPU, false);
	fixture_remove(f, FIXTURE_CPU);
	assert_int_equal(fixture_stats(f).in_use, in_use - 1);
	assert_int_equal(cpuslab_sum(&handle, 0), 3);
	fixture_free(f, &handle);
}

/* As in a suspend: all CPUs, before any grace period has ended. */
static void all_leave_and_return_without_memory(void **state)
{
	struct fixture *f = *state;
	uint32_t cpu;
	int round;

	for (cpu = 10; cpu < 20; cpu++)
		fixture_add(f, cpu);
	sim_fail_alloc_from(1);
	for (round = 0; round < 3; round++) {
		for (cpu = 10; cpu < 20; cpu++)
			assert_int_equal(cpuslab_domain_remove(f->domain, cpu),
					 CPUSLAB_OK);
		for (cpu = 10; cpu < 20; cpu++) {
			assert_int_equal(cpuslab_domain_add_start(f->domain,
								  cpu),
					 CPUSLAB_OK);
			assert_int_equal(cpuslab_domain_add_complete(f->domain,
								     cpu),
					 CPUSLAB_OK);
		}
		sim_quiesce(); /* between one suspend and the next */
	}
	assert_int_equal(cpuslab_domain_add_start(f->domain, 30),
			 -CPUSLAB_ENOMEM);
	sim_fail_alloc_from(0);
	assert_int_equal(fixture_online_count(f), 10);
	assert_int_equal(cpuslab_domain_check(f->domain), CPUSLAB_OK);
}

/* Started, used before its complete, and then not added after all. */
static void a_start_that_was_used_is_undone(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t committed = sim_block_bytes();

	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	fixture_count(&handle, 9, 5);
	assert_int_equal(fixture_word(&handle, 9), 5);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 9), CPUSLAB_OK);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT);
	sim_quiesce();
	assert_int_equal(sim_block_bytes(), committed);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	fixture_free(f, &handle);
}

static void an_unused_start_is_undone_at_once(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t committed = sim_block_bytes();

	cpuslab_read_enter();
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	assert_true(sim_block_bytes() > committed);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 9), CPUSLAB_OK);
	assert_int_equal(sim_block_bytes(), committed);
	cpuslab_read_exit();
	assert_int_equal(sim_fences(), 0);
	fixture_free(f, &handle);
}

/* A retained CPU takes part in growth, so its return needs no memory. */
static void growth_includes_retained_cpus(void **state)
{
	static const uint64_t image[9000] = { [1] = 42, [8999] = 43 };
	static const struct cpuslab_type wide = { .name = "wide",
						  .size = sizeof(image),
						  .image = image,
						  .counters = 1 };
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5), later;

	fixture_remove(f, 9);
	later = fixture_alloc(f, &wide);
	sim_fail_block_cpu(9, true);
	fixture_add(f, 9);
	sim_fail_block_cpu(9, false);
	fixture_count(&later, 9, 3);
	assert_int_equal(fixture_word(&later, 9), 3);
	assert_int_equal(fixture_nth_word(&later, 9, 1), 42);
	assert_int_equal(fixture_stats(f).shared_ops, 0);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	fixture_free(f, &later);
	fixture_free(f, &handle);
}

/* ---- during the fence no thread holds the mutex -------------------------- */

struct return_during {
	void (*run)(struct fixture *f);
	struct fixture *f;
	uint64_t fences; /* before */
	bool done;
};

static void return_if_in_fence(void *arg)
{
	struct return_during *during = arg;

	if (during->done || sim_fences() == during->fences)
		return;
	during->done = true;
	during->run(during->f);
}

/* Trim; @run runs on another thread in the middle of the first fence. */
static int return_trim_during(struct fixture *f, void (*run)(struct fixture *f))
{
	struct return_during during = { run, f, sim_fences(), false };
	uint64_t k;
	int result;

	for (k = 1; k <= 16; k++)
		sim_other_at(k, 3, return_if_in_fence, &during);
	result = cpuslab_slab_trim(f->slab, 0);
	sim_at_cancel();
	assert_true(during.done);
	return result;
}

static void all_are_back_within_one_grace_period(void **state)
{
	const uint32_t first = FIXTURE_AVAILABLE;
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint32_t cpu;

	for (cpu = first; cpu < FIXTURE_LIMIT; cpu++) {
		fixture_add(f, cpu);
		fixture_count(&handle, cpu, cpu);
	}
	for (cpu = first; cpu < FIXTURE_LIMIT; cpu++)
		fixture_remove(f, cpu);
	cpuslab_read_enter();
	assert_int_equal(cpuslab_domain_trim(f->domain, 0), CPUSLAB_OK);
	for (cpu = first; cpu < FIXTURE_LIMIT; cpu++) {
		fixture_add(f, cpu);
		assert_int_equal(fixture_word(&handle, cpu), cpu);
	}
	assert_int_equal(fixture_stats(f).draining, 0);
	cpuslab_read_exit();
	sim_quiesce();
	assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
	fixture_free(f, &handle);
}

static void return_add_back(struct fixture *f)
{
	fixture_add(f, 9);
}

static void back_while_draining_loses_nothing(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5);

	fixture_remove(f, 9);
	assert_true(return_trim_during(f, return_add_back) >= 0);
	fixture_count(&handle, 9, 1);
	assert_int_equal(fixture_word(&handle, 9), 6);
	assert_int_equal(cpuslab_sum(&handle, 0), 6);
	sim_quiesce();
	assert_true(fixture_has(&handle, 9));
	fixture_count(&handle, 9, 1);
	assert_int_equal(cpuslab_sum(&handle, 0), 7);
	assert_int_equal(fixture_stats(f).retained, 0);
	fixture_free(f, &handle);
}

static void return_start(struct fixture *f)
{
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
}

/* Its complete must not need memory. */
static void started_while_draining_keeps_its_blocks(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5);

	fixture_remove(f, 9);
	assert_true(return_trim_during(f, return_start) >= 0);
	sim_fail_alloc_from(1);
	assert_int_equal(cpuslab_domain_add_complete(f->domain, 9), CPUSLAB_OK);
	sim_fail_alloc_from(0);
	fixture_count(&handle, 9, 1);
	assert_int_equal(fixture_word(&handle, 9), 6);
	assert_int_equal(cpuslab_sum(&handle, 0), 6);
	fixture_free(f, &handle);
}

static const struct cpuslab_type return_wide = { .name = "wide",
						 .size = 80000,
						 .counters = 10000 };
static struct cpuslab_percpu return_later;

static void return_grow(struct fixture *f)
{
	assert_int_equal(fixture_stats(f).draining, 1);
	assert_int_equal(fixture_stats(f).retained, 0);
	return_later = fixture_alloc(f, &return_wide);
}

static void growth_while_draining(struct fixture *f, int result)
{
	struct cpuslab_percpu handle = fixture_counted(f, 5);

	fixture_remove(f, 9);
	assert_int_equal(return_trim_during(f, return_grow), result);
	assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
	fixture_count(&return_later, 9, 3);
	assert_int_equal(cpuslab_sum(&return_later, 0), 3);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	fixture_free(f, &return_later);
	fixture_free(f, &handle);
}

static void growth_while_draining_that_ends(void **state)
{
	growth_while_draining(*state, CPUSLAB_OK);
}

static void growth_while_draining_that_fails(void **state)
{
	sim_fence_fail(true);
	growth_while_draining(*state, CPUSLAB_RETAINED);
}

/* Operations here may not admit it: only a later call can. */
static void returned_while_dead_without_memory(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 3), other;

	cpuslab_read_enter();
	fixture_remove(f, FIXTURE_CPU);
	return_without_memory(f);
	cpuslab_read_exit();
	sim_fail_block_cpu(FIXTURE_CPU, true);
	sim_quiesce();
	sim_fail_block_cpu(FIXTURE_CPU, false);
	sim_may_sleep_set(false);
	fixture_count(&handle, FIXTURE_CPU, 4);
	sim_may_sleep_set(true);
	assert_false(fixture_has(&handle, FIXTURE_CPU));
	other = fixture_alloc(f, &fixture_counter);
	assert_true(fixture_has(&handle, FIXTURE_CPU));
	assert_int_equal(cpuslab_sum(&handle, 0), 7);
	fixture_free(f, &other);
	fixture_free(f, &handle);
}

/* Remove and add while there is a snapshot for it; returns the last result. */
static int return_until_refused(struct fixture *f, uint32_t cpu)
{
	int result;

	for (;;) {
		result = cpuslab_domain_remove(f->domain, cpu);
		assert_int_equal(fixture_online(f, cpu), result != CPUSLAB_OK);
		if (result)
			return result;
		result = cpuslab_domain_add_start(f->domain, cpu);
		if (result)
			return result;
		assert_int_equal(cpuslab_domain_add_complete(f->domain, cpu),
				 CPUSLAB_OK);
		assert_int_equal(cpuslab_domain_check(f->domain), CPUSLAB_OK);
	}
}

/*
 * Without memory, and with a reader of every replaced mask, no snapshot is left
 * in the end: the call that needs one is refused and changes nothing, be it a
 * removal or an add.
 */
static void returned_without_a_snapshot(void **state)
{
	struct fixture *f = *state;
	uint32_t more;

	for (more = 2; more--;) {
		cpuslab_read_enter();
		sim_fail_alloc_from(1);
		if (more)
			assert_int_equal(cpuslab_domain_remove(f->domain, 2),
					 CPUSLAB_OK);
		assert_int_equal(return_until_refused(f, 3), -CPUSLAB_ENOMEM);
		assert_int_equal(cpuslab_domain_check(f->domain), CPUSLAB_OK);
		sim_fail_alloc_from(0);
		cpuslab_read_exit();
		sim_quiesce();
		fixture_add(f, 3);
		fixture_add(f, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_RSEQ(back_while_dead_takes_its_blocks),
		FIXTURE_RSEQ(back_while_another_is_dead),
		FIXTURE_RSEQ(back_while_dead_and_removed_again),
		FIXTURE_RETAIN(a_start_over_dead_blocks_is_undone),
		FIXTURE_RSEQ(back_while_dead_without_memory),
		FIXTURE_RSEQ(back_without_memory_after_the_grace_period),
		FIXTURE_RSEQ(a_storm_within_one_grace_period),
		FIXTURE_BOTH(a_pending_admission_that_fails),
		FIXTURE_RETAIN(all_return_without_any_memory),
		FIXTURE_ATOMIC(all_return_without_any_memory),
		FIXTURE_RSEQ(returned_while_dead_without_memory),
		FIXTURE_NO_SLAB(returned_without_a_snapshot),
		FIXTURE_RSEQ(removed_before_it_was_admitted),
		FIXTURE_TEST(all_leave_and_return_without_memory, return_empty),
		FIXTURE_BOTH(a_start_that_was_used_is_undone),
		FIXTURE_BOTH(an_unused_start_is_undone_at_once),
		FIXTURE_RETAIN(growth_includes_retained_cpus),
		FIXTURE_ATOMIC(growth_includes_retained_cpus),
		FIXTURE_RETAIN(all_are_back_within_one_grace_period),
		FIXTURE_RETAIN(back_while_draining_loses_nothing),
		FIXTURE_RETAIN(started_while_draining_keeps_its_blocks),
		FIXTURE_RETAIN(growth_while_draining_that_ends),
		FIXTURE_RETAIN(growth_while_draining_that_fails),
	};

	return cmocka_run_group_tests_name("return", tests, NULL, NULL);
}
