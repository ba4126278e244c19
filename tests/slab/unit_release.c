/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

/* A domain that retains, so its slabs do as well. */
static struct fixture_config release_domain_retains = {
	.domain_flags = CPUSLAB_DOMAIN_RETAIN,
};

static void a_removal_folds_and_frees(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t committed = sim_block_bytes(), fences = sim_fences();

	fixture_add(f, 9);
	fixture_count(&handle, 9, 5);
	assert_int_equal(sim_fences(), fences);
	assert_true(sim_block_bytes() > committed);
	fixture_remove(f, 9);
	assert_int_equal(sim_fences(), fences + 1);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	assert_false(fixture_has(&handle, 9));
	sim_quiesce();
	assert_int_equal(sim_block_bytes(), committed);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	assert_int_equal(fixture_stats(f).releases, 1);
	fixture_free(f, &handle);
}

static void a_removal_waits_for_no_reader(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5);
	const uint64_t *word;

	cpuslab_read_enter();
	word = cpuslab_remote(&handle, 9);
	fixture_remove(f, 9);
	sim_quiesce();
	assert_int_equal(*word, 5); /* until the section ends */
	cpuslab_read_exit();
	sim_quiesce();
	assert_false(sim_is_block(word));
	fixture_free(f, &handle);
}

/*
 * The values, the sum and the block are retained, and a return allocates
 * nothing.
 */
static void release_retained(struct fixture *f)
{
	struct cpuslab_percpu handle = fixture_counted(f, 5);
	uint64_t committed = sim_block_bytes();

	fixture_remove(f, 9);
	sim_quiesce();
	assert_int_equal(sim_block_bytes(), committed);
	assert_int_equal(fixture_stats(f).retained, 1);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	assert_int_equal(fixture_word(&handle, 9), 5);
	sim_fail_block_cpu(9, true);
	fixture_add(f, 9);
	fixture_count(&handle, 9, 2);
	assert_int_equal(fixture_word(&handle, 9), 7);
	sim_fail_block_cpu(9, false);
	fixture_free(f, &handle);
}

static void a_slab_may_retain(void **state)
{
	release_retained(*state);
}

static void trim_releases_what_was_retained(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5);
	uint64_t committed = sim_block_bytes();

	fixture_remove(f, 9);
	assert_int_equal(cpuslab_domain_trim(f->domain, 0), CPUSLAB_OK);
	sim_quiesce();
	assert_true(sim_block_bytes() < committed);
	assert_int_equal(fixture_stats(f).retained, 0);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	assert_false(fixture_has(&handle, 9));
	fixture_free(f, &handle);
}

/*
 * Where the library cannot tell whether an operation is in progress, the caller
 * must promise that none is.
 */
static void atomic_blocks_need_a_quiescent_trim(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5);

	fixture_remove(f, 9);
	assert_int_equal(fixture_stats(f).retained, 1);
	assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_RETAINED);
	assert_int_equal(cpuslab_domain_trim(f->domain, 0), CPUSLAB_RETAINED);
	assert_true(fixture_has(&handle, 9));
	assert_int_equal(cpuslab_domain_trim(f->domain, CPUSLAB_TRIM_QUIESCENT),
			 CPUSLAB_OK);
	sim_quiesce();
	assert_false(fixture_has(&handle, 9));
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	assert_int_equal(sim_fences(), 0);
	fixture_free(f, &handle);
}

static void without_a_fence_it_stays(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5);

	sim_fence_fail(true);
	fixture_remove(f, 9);
	assert_int_equal(fixture_stats(f).retained, 1);
	assert_int_equal(fixture_stats(f).release_deferred, 1);
	assert_non_null(sim_log_find("deferred by operations"));
	sim_log_clear();
	assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_RETAINED);
	assert_int_equal(fixture_stats(f).release_deferred, 2);
	assert_null(sim_log_find("deferred by operations"));
	fixture_count(&handle, 9, 1); /* a thread still there continues */
	assert_int_equal(fixture_word(&handle, 9), 6);
	sim_fence_fail(false);
	assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_OK);
	assert_int_equal(cpuslab_sum(&handle, 0), 6);
	fixture_free(f, &handle);
}

/* ---- folding and draining ------------------------------------------------ */

/* Its words are those of no other object. */
static void a_residual_is_of_counters_only(void **state)
{
	static const struct cpuslab_type type = {
		.name = "one counter",
		.size = 16,
		.counters = 1,
		.flags = CPUSLAB_TYPE_DISCARD,
	};
	struct fixture *f = *state;
	struct cpuslab_percpu first = fixture_alloc(f, &type);
	struct cpuslab_percpu next = fixture_counted(f, 5);

	fixture_count(&first, 9, 3);
	fixture_remove(f, 9);
	cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT);
	assert_int_equal(cpuslab_sum(&first, 0), 3);
	assert_int_equal(cpuslab_sum(&first, 8), 0);
	assert_int_equal(cpuslab_sum(&next, 0), 5);
	fixture_free(f, &next);
	fixture_free(f, &first);
}

/* One fence, one summary, one grace period for all of them. */
static void many_are_released_together(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t fences, allocs, bytes = sim_block_bytes();
	uint32_t cpu;

	for (cpu = 10; cpu < 40; cpu++) {
		fixture_add(f, cpu);
		fixture_count(&handle, cpu, cpu);
		fixture_remove(f, cpu);
	}
	assert_int_equal(fixture_stats(f).retained, 30);
	fences = sim_fences();
	allocs = sim_allocs();
	assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_OK);
	assert_int_equal(sim_fences(), fences + 1);
	assert_int_equal(sim_allocs(), allocs + 1);
	assert_int_equal(fixture_stats(f).releases, 30);
	assert_int_equal(fixture_stats(f).draining, 30);
	assert_int_equal(cpuslab_sum(&handle, 0), 735);
	sim_quiesce();
	assert_int_equal(sim_block_bytes(), bytes);
	assert_int_equal(cpuslab_sum(&handle, 0), 735);
	fixture_free(f, &handle);
}

/* Where CPUs are fenced one by one, one that cannot be fenced stays alone. */
static void many_without_a_fence_for_all(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint32_t cpu;

	for (cpu = 10; cpu < 14; cpu++) {
		fixture_add(f, cpu);
		fixture_count(&handle, cpu, cpu);
		fixture_remove(f, cpu);
	}
	sim_fence_fail_all(true);
	assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_OK);
	sim_fence_fail_all(false);
	sim_quiesce();
	assert_int_equal(fixture_stats(f).in_use, FIXTURE_AVAILABLE);
	assert_int_equal(cpuslab_sum(&handle, 0), 46);
	fixture_free(f, &handle);
}

static void what_may_be_lost_is_lost(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_blob);

	fixture_add(f, 9);
	fixture_count(&handle, 9, 5);
	fixture_remove(f, 9);
	cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT);
	sim_quiesce();
	assert_false(fixture_has(&handle, 9));
	fixture_add(f, 9);
	assert_int_equal(fixture_word(&handle, 9), 0);
	fixture_free(f, &handle);
}

static int drain_result;
static int drain_calls;

/* Leaves what it has moved where it was. */
static int drain_word(void *object, void *shared, uint32_t cpu, void *arg)
{
	const uint64_t *from = object;
	uint64_t *to = shared;

	(void)arg;
	assert_int_equal(cpu, 9);
	drain_calls++;
	if (drain_result)
		return drain_result;
	to[1] += from[1];
	return CPUSLAB_OK;
}

static const struct cpuslab_type drained = {
	.name = "drained",
	.size = 16,
	.drain = drain_word,
	.counters = 1,
};

static void drain_moves_the_rest_once(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &drained);

	drain_result = drain_calls = 0;
	fixture_add(f, 9);
	fixture_count(&handle, 9, 5);
	cpuslab_add(&handle, 8, 6);
	fixture_remove(f, 9);
	sim_quiesce();
	fixture_remove(f, 9);
	assert_int_equal(drain_calls, 1);
	assert_int_equal(fixture_nth_word(&handle, CPUSLAB_SHARED, 1), 6);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	fixture_free(f, &handle);
}

static void what_was_drained_is_in_one_place(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &drained);

	drain_result = drain_calls = 0;
	fixture_add(f, 9);
	fixture_count(&handle, 9, 5);
	sim_cpu_set(9);
	cpuslab_add(&handle, 8, 6);
	sim_cpu_set(0);
	cpuslab_read_enter();
	fixture_remove(f, 9);
	fixture_add(f, 9);
	assert_int_equal(drain_calls, 1);
	assert_int_equal(fixture_nth_word(&handle, CPUSLAB_SHARED, 1), 6);
	assert_int_equal(fixture_word(&handle, 9), 5);
	assert_int_equal(fixture_nth_word(&handle, 9, 1), 0);
	cpuslab_read_exit();
	sim_quiesce();
	fixture_remove(f, 9);
	assert_int_equal(fixture_nth_word(&handle, CPUSLAB_SHARED, 1), 6);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	fixture_free(f, &handle);
}

static void drain_may_refuse(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &drained);

	drain_calls = 0;
	drain_result = -CPUSLAB_EBUSY;
	fixture_add(f, 9);
	fixture_count(&handle, 9, 5);
	cpuslab_add(&handle, 8, 6);
	fixture_remove(f, 9);
	assert_int_equal(drain_calls, 1);
	assert_int_equal(fixture_stats(f).retained, 1);
	assert_int_equal(fixture_nth_word(&handle, 9, 1), 6);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	fixture_count(&handle, 9, 5);
	drain_result = 0;
	assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_OK);
	assert_int_equal(fixture_nth_word(&handle, CPUSLAB_SHARED, 1), 6);
	assert_int_equal(cpuslab_sum(&handle, 0), 10);
	fixture_free(f, &handle);
}

/* An object that waits for a grace period is also drained and folded. */
static void a_dying_object_is_released(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5);

	cpuslab_read_enter();
	assert_int_equal(cpuslab_free_rcu(f->slab, &handle), CPUSLAB_OK);
	fixture_remove(f, 9);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	cpuslab_read_exit();
	sim_quiesce();
	assert_int_equal(fixture_stats(f).objects, 0);
	assert_int_equal(fixture_stats(f).in_use, 4);
}

/* ---- unannounced --------------------------------------------------------- */

static void an_unannounced_cpu_is_released_by_a_resync(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);

	fixture_count(&handle, 40, 5);
	assert_int_equal(fixture_stats(f).unannounced, 1);
	assert_int_equal(cpuslab_domain_resync(f->domain), CPUSLAB_OK);
	sim_quiesce();
	assert_int_equal(fixture_stats(f).unannounced, 0);
	assert_false(fixture_has(&handle, 40));
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	fixture_free(f, &handle);
}

static void an_unannounced_cpu_is_registered(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);

	fixture_count(&handle, 40, 5);
	fixture_add(f, 40);
	assert_int_equal(fixture_stats(f).unannounced, 0);
	assert_int_equal(fixture_word(&handle, 40), 5);
	fixture_free(f, &handle);
}

static void a_partial_resync_keeps_unannounced_cpus(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);

	fixture_count(&handle, 40, 5);
	sim_available_result(CPUSLAB_PARTIAL);
	assert_int_equal(cpuslab_domain_resync(f->domain), CPUSLAB_OK);
	assert_int_equal(fixture_stats(f).unannounced, 1);
	fixture_free(f, &handle);
}

static void an_unannounced_cpu_is_released_by_a_trim(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);

	fixture_count(&handle, 40, 5);
	assert_int_equal(cpuslab_domain_trim(f->domain, CPUSLAB_TRIM_QUIESCENT),
			 CPUSLAB_OK);
	sim_quiesce();
	assert_int_equal(fixture_stats(f).in_use, 4);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	fixture_free(f, &handle);
}

/* ---- no memory ----------------------------------------------------------- */

static void each_allocation_of_a_release_fails(void **state)
{
	static const struct cpuslab_type wide = { .name = "wide",
						  .size = 80000,
						  .counters = 10000 };
	struct fixture *f = *state;
	struct cpuslab_percpu small = fixture_counted(f, 5);
	struct cpuslab_percpu large = fixture_alloc(f, &wide);
	uint64_t n;
	int err;

	fixture_count(&large, 9, 7);
	sim_fence_fail(true);
	fixture_remove(f, 9);
	sim_fence_fail(false);
	for (n = 1;; n++) {
		sim_fail_alloc_at(n);
		err = cpuslab_slab_trim(f->slab, 0);
		sim_fail_alloc_at(0);
		if (!err)
			break;
		assert_int_equal(err, -CPUSLAB_ENOMEM);
		assert_int_equal(fixture_word(&small, 9), 5);
		assert_int_equal(fixture_word(&large, 9), 7);
		assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
	}
	assert_int_equal(n, 2); /* one summary for both extents */
	assert_int_equal(cpuslab_sum(&small, 0), 5);
	assert_int_equal(cpuslab_sum(&large, 0), 7);
	fixture_free(f, &small);
	fixture_free(f, &large);
}

static void a_removal_without_memory_loses_nothing(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5);
	int err;

	sim_fail_alloc_from(1);
	err = cpuslab_domain_remove(f->domain, 9);
	sim_fail_alloc_from(0);
	assert_int_equal(err, CPUSLAB_OK); /* there was a spare snapshot */
	assert_int_equal(fixture_stats(f).retained, 1);
	assert_int_equal(fixture_word(&handle, 9), 5);
	fixture_count(&handle, 9, 1);
	assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_OK);
	assert_int_equal(cpuslab_sum(&handle, 0), 6);
	fixture_free(f, &handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_RSEQ(a_removal_folds_and_frees),
		FIXTURE_RSEQ(a_removal_waits_for_no_reader),
		FIXTURE_RETAIN(a_slab_may_retain),
		FIXTURE_TEST(a_slab_may_retain, release_domain_retains),
		FIXTURE_ATOMIC(a_slab_may_retain),
		FIXTURE_RETAIN(trim_releases_what_was_retained),
		FIXTURE_TEST(trim_releases_what_was_retained,
			     release_domain_retains),
		FIXTURE_ATOMIC(atomic_blocks_need_a_quiescent_trim),
		FIXTURE_RSEQ(without_a_fence_it_stays),
		FIXTURE_BOTH(a_residual_is_of_counters_only),
		FIXTURE_RETAIN(many_are_released_together),
		FIXTURE_RETAIN(many_without_a_fence_for_all),
		FIXTURE_BOTH(what_may_be_lost_is_lost),
		FIXTURE_RSEQ(drain_moves_the_rest_once),
		FIXTURE_RSEQ(what_was_drained_is_in_one_place),
		FIXTURE_RSEQ(drain_may_refuse),
		FIXTURE_RSEQ(a_dying_object_is_released),
		FIXTURE_RSEQ(an_unannounced_cpu_is_released_by_a_resync),
		FIXTURE_BOTH(an_unannounced_cpu_is_registered),
		FIXTURE_BOTH(a_partial_resync_keeps_unannounced_cpus),
		FIXTURE_BOTH(an_unannounced_cpu_is_released_by_a_trim),
		FIXTURE_RSEQ(each_allocation_of_a_release_fails),
		FIXTURE_RSEQ(a_removal_without_memory_loses_nothing),
	};

	return cmocka_run_group_tests_name("release", tests, NULL, NULL);
}
