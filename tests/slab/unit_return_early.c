/* SPDX-License-Identifier: MIT */
/*
 * CPUSLAB_DOMAIN_ADMIT_EARLY: from its start on, a CPU that returns has its
 * blocks, or its start is refused.
 */
#include "fixture/fixture.h"

static struct cpuslab_percpu early_counter;

/* Trim while @cpu is absent; its blocks stay dead until sim_quiesce(). */
static struct cpuslab_percpu early_dead(struct fixture *f, uint64_t value)
{
	struct cpuslab_percpu handle = fixture_counted(f, value);

	fixture_remove(f, FIXTURE_CPU);
	assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_OK);
	assert_int_equal(fixture_stats(f).draining, 1);
	return handle;
}

static void a_start_takes_dead_blocks(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle;

	cpuslab_read_enter();
	handle = early_dead(f, 5);
	assert_int_equal(cpuslab_domain_add_start(f->domain, FIXTURE_CPU),
			 CPUSLAB_OK);
	fixture_count(&handle, FIXTURE_CPU, 2);
	assert_int_equal(fixture_word(&handle, FIXTURE_CPU), 7);
	assert_int_equal(cpuslab_sum(&handle, 0), 7);
	assert_int_equal(cpuslab_domain_add_complete(f->domain, FIXTURE_CPU),
			 CPUSLAB_OK);
	cpuslab_read_exit();
	sim_quiesce();
	assert_int_equal(fixture_word(&handle, FIXTURE_CPU), 7);
	assert_int_equal(cpuslab_sum(&handle, 0), 7);
	assert_int_equal(fixture_stats(f).shared_ops, 0);
	fixture_free(f, &handle);
}

/* The domain has memory, the slab none for a summary. */
static void a_start_that_cannot_take_dead_blocks_fails(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle;

	cpuslab_read_enter();
	handle = early_dead(f, 5);
	sim_fail_alloc_from(1);
	assert_int_equal(cpuslab_domain_add_start(f->domain, FIXTURE_CPU),
			 -CPUSLAB_ENOMEM);
	sim_fail_alloc_from(0);
	assert_false(fixture_online(f, FIXTURE_CPU));
	assert_int_equal(fixture_stats(f).draining, 1);
	assert_int_equal(fixture_stats(f).refusals, 1);
	assert_int_equal(cpuslab_domain_check(f->domain), CPUSLAB_OK);
	assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
	cpuslab_read_exit();
	sim_quiesce();
	assert_false(fixture_has(&handle, FIXTURE_CPU));
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	fixture_add(f, FIXTURE_CPU);
	fixture_count(&handle, FIXTURE_CPU, 1);
	assert_int_equal(fixture_word(&handle, FIXTURE_CPU), 1);
	assert_int_equal(cpuslab_sum(&handle, 0), 6);
	fixture_free(f, &handle);
}

static void a_failed_add_over_dead_blocks_is_released(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle;

	cpuslab_read_enter();
	handle = early_dead(f, 5);
	assert_int_equal(cpuslab_domain_add_start(f->domain, FIXTURE_CPU),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, FIXTURE_CPU),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	cpuslab_read_exit();
	sim_quiesce();
	assert_false(fixture_has(&handle, FIXTURE_CPU));
	assert_int_equal(fixture_stats(f).in_use, FIXTURE_AVAILABLE);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	fixture_free(f, &handle);
}

/* ---- another thread adds the CPU during the fence of a trim -------------- */

struct early_during {
	struct fixture *f;
	uint64_t fences; /* before */
	bool done;
};

static void early_add_in_fence(void *arg)
{
	struct early_during *during = arg;

	if (during->done || sim_fences() == during->fences)
		return;
	during->done = true;
	fixture_add(during->f, FIXTURE_CPU);
	fixture_count(&early_counter, FIXTURE_CPU, 1);
	assert_int_equal(fixture_word(&early_counter, FIXTURE_CPU), 6);
}

static void back_while_draining_has_its_blocks(void **state)
{
	struct fixture *f = *state;
	struct early_during during = { f, 0, false };
	uint64_t k;

	early_counter = fixture_counted(f, 5);
	fixture_remove(f, FIXTURE_CPU);
	during.fences = sim_fences();
	for (k = 1; k <= 16; k++)
		sim_other_at(k, 3, early_add_in_fence, &during);
	assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_OK);
	sim_at_cancel();
	assert_true(during.done);
	sim_quiesce();
	assert_int_equal(fixture_word(&early_counter, FIXTURE_CPU), 6);
	assert_int_equal(cpuslab_sum(&early_counter, 0), 6);
	assert_int_equal(fixture_stats(f).shared_ops, 0);
	fixture_free(f, &early_counter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_start_takes_dead_blocks, fixture_early_retain),
		FIXTURE_TEST(a_start_that_cannot_take_dead_blocks_fails,
			     fixture_early_retain),
		FIXTURE_TEST(a_failed_add_over_dead_blocks_is_released,
			     fixture_early_retain),
		FIXTURE_TEST(back_while_draining_has_its_blocks,
			     fixture_early_retain),
		FIXTURE_RETAIN(back_while_draining_has_its_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
