/* SPDX-License-Identifier: MIT */
/*
 * cpuslab_steering_check(), on which the other tests rely: each invariant is
 * broken once.
 */
#include "fixture/fixture.h"

#define CHECK_TARGETS 4u

static struct cpuslab_steering steering;

static uint32_t *check_bucket(uint32_t nth)
{
	return (uint32_t *)(steering.table + 1) + nth;
}

/* Each breaks something if @value is not what was there; returns that. */
static uint32_t check_swap(uint32_t *at, uint32_t value)
{
	uint32_t was = *at;

	*at = value;
	return was;
}

static void check_broken(uint32_t *at, uint32_t value)
{
	uint32_t was = check_swap(at, value);

	assert_int_not_equal(was, value);
	assert_int_equal(cpuslab_steering_check(&steering), -CPUSLAB_EINVAL);
	check_swap(at, was);
	assert_int_equal(cpuslab_steering_check(&steering), CPUSLAB_OK);
}

static void check_begin(uint32_t buckets)
{
	const struct cpuslab_steering_config config = {
		.buckets = buckets, .targets = CHECK_TARGETS
	};

	assert_int_equal(cpuslab_steering_init(&steering, &config), CPUSLAB_OK);
	assert_int_equal(cpuslab_steering_check(&steering), CPUSLAB_OK);
	assert_int_equal(cpuslab_steering_set(&steering, 0, 1), CPUSLAB_OK);
	assert_int_equal(cpuslab_steering_set(&steering, 2, 1), CPUSLAB_OK);
	assert_int_equal(cpuslab_steering_check(&steering), CPUSLAB_OK);
}

static void each_bucket_leads_to_a_target_with_a_weight(void **state)
{
	(void)state;
	check_begin(16);
	check_broken(check_bucket(3), CHECK_TARGETS);
	check_broken(check_bucket(3), 1);
	check_broken(check_bucket(3), CPUSLAB_NO_CPU);
	check_broken(check_bucket(3), *check_bucket(3) ^ 2);
	check_broken(&steering.table->active, 0);
	/* What was set of target 0, the third word of its share. */
	check_broken((uint32_t *)(void *)steering.shares + 2, 7);
	cpuslab_steering_fini(&steering);
}

/* What was set makes the weight; with another one the shares are unfair. */
static void shares_follow_from_weights(void **state)
{
	const struct cpuslab_steering_config config = { .buckets = 16,
							.targets = 2 };

	(void)state;
	assert_int_equal(cpuslab_steering_init(&steering, &config), CPUSLAB_OK);
	assert_int_equal(cpuslab_steering_set(&steering, 0, 1), CPUSLAB_OK);
	assert_int_equal(cpuslab_steering_set(&steering, 1, 1), CPUSLAB_OK);
	sim_fail_alloc_from(1);
	/* The spare is used, then there is none, and the table is behind. */
	assert_int_equal(cpuslab_steering_set(&steering, 1, 3), CPUSLAB_OK);
	assert_int_equal(cpuslab_steering_set(&steering, 1, 9), CPUSLAB_OK);
	sim_fail_alloc_from(0);
	assert_true(steering.behind);
	assert_int_equal(cpuslab_steering_check(&steering), CPUSLAB_OK);
	/* As if that were not known. */
	steering.behind = false;
	assert_int_equal(cpuslab_steering_check(&steering), -CPUSLAB_EINVAL);
	steering.behind = true;
	sim_quiesce();
	assert_false(steering.behind);
	assert_int_equal(cpuslab_steering_check(&steering), CPUSLAB_OK);
	cpuslab_steering_fini(&steering);
}

/* Its memory is lost, but nothing is freed that a reader may have. */
static void without_a_grace_period_nothing_is_freed(void **state)
{
	uint64_t pending;

	(void)state;
	check_begin(16);
	pending = sim_rcu_pending();
	assert_true(pending > 0);
	sim_rcu_stall(true);
	cpuslab_steering_fini(&steering);
	assert_int_equal(sim_rcu_pending(), pending);
	sim_rcu_stall(false);
	assert_int_equal(cpuslab_steering_check(&steering), CPUSLAB_OK);
	cpuslab_steering_fini(&steering);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_NO_DOMAIN(each_bucket_leads_to_a_target_with_a_weight),
		FIXTURE_NO_DOMAIN(shares_follow_from_weights),
		FIXTURE_NO_DOMAIN(without_a_grace_period_nothing_is_freed),
	};

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
