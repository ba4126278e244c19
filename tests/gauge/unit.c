/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

static struct cpuslab_gauge gauge;

static void in_and_out_balance(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cpuslab_gauge_init(&gauge, f->slab), CPUSLAB_OK);
	assert_int_equal(cpuslab_gauge_sum(&gauge), 0);
	sim_cpu_set(1);
	cpuslab_gauge_add(&gauge, 10);
	sim_cpu_set(2); /* subtract on another CPU */
	cpuslab_gauge_sub(&gauge, 7);
	assert_int_equal(cpuslab_gauge_sum(&gauge), 3);
	sim_cpu_set(CPUSLAB_NO_CPU);
	cpuslab_gauge_sub(&gauge, 3);
	assert_int_equal(cpuslab_gauge_sum(&gauge), 0);
	cpuslab_gauge_sub(&gauge, 1);
	assert_int_equal(cpuslab_gauge_sum(&gauge), -1);
	cpuslab_gauge_fini(&gauge);
}

static void a_release_keeps_the_balance(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cpuslab_gauge_init(&gauge, f->slab), CPUSLAB_OK);
	fixture_add(f, 9);
	sim_cpu_set(9);
	cpuslab_gauge_add(&gauge, 100);
	sim_cpu_set(1);
	cpuslab_gauge_sub(&gauge, 40);
	fixture_remove(f, 9);
	assert_int_equal(cpuslab_gauge_sum(&gauge), 60);
	sim_quiesce();
	assert_int_equal(cpuslab_gauge_sum(&gauge), 60);
	cpuslab_gauge_fini(&gauge);
}

/*
 * An add and a sub between any two steps of a sum never show a negative value.
 */
static void come_and_go(void *arg)
{
	(void)arg;
	cpuslab_gauge_add(&gauge, 1);
	cpuslab_gauge_sub(&gauge, 1);
}

static void a_sum_is_never_negative(void **state)
{
	struct fixture *f = *state;
	uint32_t cpu;
	uint64_t k;

	assert_int_equal(cpuslab_gauge_init(&gauge, f->slab), CPUSLAB_OK);
	for (cpu = 0; cpu < 4; cpu++) {
		unsigned int left = 0;

		for (k = 1; !left; k++) {
			sim_other_at(k, cpu, come_and_go, NULL);
			assert_true(cpuslab_gauge_sum(&gauge) >= 0);
			left = sim_at_cancel();
		}
		assert_true(k > 8);
	}
	assert_int_equal(cpuslab_gauge_sum(&gauge), 0);
	cpuslab_gauge_fini(&gauge);
}

/* As above, by a thread that moves between its add and its sub. */
static void come_and_go_elsewhere(void *arg)
{
	const uint32_t *cpus = arg;

	sim_cpu_set(cpus[0]);
	cpuslab_gauge_add(&gauge, 1);
	sim_cpu_set(cpus[1]);
	cpuslab_gauge_sub(&gauge, 1);
}

static void a_thread_that_moves_in_between(void **state)
{
	static uint32_t cpus[2];
	struct fixture *f = *state;
	uint64_t k;

	assert_int_equal(cpuslab_gauge_init(&gauge, f->slab), CPUSLAB_OK);
	for (cpus[0] = 0; cpus[0] < 4; cpus[0]++)
		for (cpus[1] = 0; cpus[1] < 4; cpus[1]++) {
			unsigned int left = 0;

			for (k = 1; !left; k++) {
				sim_other_at(k, 0, come_and_go_elsewhere, cpus);
				assert_true(cpuslab_gauge_sum(&gauge) >= 0);
				left = sim_at_cancel();
			}
		}
	cpuslab_gauge_fini(&gauge);
}

/*
 * A thread that changes the gauge many times between any two steps of a read,
 * while the value is never above 1.
 */
#define BURST 1000

static void come_and_go_often(void *arg)
{
	int i;

	for (i = 0; i < BURST; i++)
		come_and_go(arg);
}

static void a_burst_does_not_raise_the_sum(void **state)
{
	struct fixture *f = *state;
	unsigned int left = 0;
	uint64_t k;

	assert_int_equal(cpuslab_gauge_init(&gauge, f->slab), CPUSLAB_OK);
	for (k = 1; !left; k++) {
		sim_other_at(k, 2, come_and_go_often, NULL);
		assert_int_equal(cpuslab_gauge_sum(&gauge), 0);
		left = sim_at_cancel();
	}
	assert_true(k > 16);
	cpuslab_gauge_fini(&gauge);
}

/* What the value was while a call ran. */
static struct {
	int64_t now, least, most;
	bool rise; /* the next change */
} value;

static void value_change(int64_t by)
{
	if (by > 0)
		assert_int_equal(cpuslab_gauge_add(&gauge, (uint64_t)by), 0);
	else
		assert_int_equal(cpuslab_gauge_sub(&gauge, (uint64_t)-by), 0);
	value.now += by;
	if (value.now < value.least)
		value.least = value.now;
	if (value.now > value.most)
		value.most = value.now;
}

/* Up on one CPU, down on another, with large amounts in between. */
static void value_storm(void *arg)
{
	uint32_t cpu = value.rise ? 1 : 3;

	(void)arg;
	sim_cpu_set(cpu);
	value_change(value.rise ? 5 : -5);
	value_change(100);
	sim_cpu_set(cpu ^ 2);
	value_change(-100);
	value.rise = !value.rise;
}

/* One change at each @stride-th point of a read that begins at point @k. */
static unsigned int read_in_a_storm(uint64_t k, uint64_t stride)
{
	int64_t least, most;
	unsigned int i;

	value.least = value.most = value.now;
	for (i = 0; i < 16; i++)
		sim_other_at(k + i * stride, 2, value_storm, NULL);
	cpuslab_gauge_bounds(&gauge, &least, &most);
	i = sim_at_cancel();
	assert_true(least <= most);
	/* At some moment of the call the value was between the bounds. */
	assert_true(least <= value.most);
	assert_true(most >= value.least);
	/* They differ by no more than all that has changed. */
	assert_true(most - least <= (16 - (int)i) * 205);
	if (i == 16)
		assert_int_equal(least, most);
	return i;
}

static void the_value_lies_within_the_bounds(void **state)
{
	struct fixture *f = *state;
	uint64_t k, stride;

	assert_int_equal(cpuslab_gauge_init(&gauge, f->slab), CPUSLAB_OK);
	memset(&value, 0, sizeof(value));
	value.rise = true;
	for (stride = 1; stride < 12; stride++)
		for (k = 1; read_in_a_storm(k, stride) < 16; k++)
			assert_true(k < 1000);
	assert_int_equal(cpuslab_gauge_sum(&gauge), value.now);
	cpuslab_gauge_fini(&gauge);
}

/* Each change is ten times as large as the one before. */
static void come_and_go_more(void *arg)
{
	uint64_t *amount = arg;

	cpuslab_gauge_add(&gauge, *amount);
	cpuslab_gauge_sub(&gauge, *amount);
	*amount *= 10;
}

#define CHANGES 14 /* the last one: 10^13 */

static void the_narrowest_bounds_are_returned(void **state)
{
	struct fixture *f = *state;
	uint64_t amount = 1, i, points;
	int64_t least, most;

	assert_int_equal(cpuslab_gauge_init(&gauge, f->slab), CPUSLAB_OK);
	sim_points_reset();
	assert_int_equal(cpuslab_gauge_sum(&gauge), 0); /* four sums */
	points = sim_points() / 4;
	sim_points_reset();
	come_and_go(NULL);
	points += sim_points();        /* which each change passes as well */
	for (i = 1; i <= CHANGES; i++) /* until the last try has ended */
		sim_other_at(i * points, 2, come_and_go_more, &amount);
	cpuslab_gauge_bounds(&gauge, &least, &most);
	sim_at_cancel();
	assert_true(amount > 100000000);
	/* What the first try saw. */
	assert_true(least < most);
	assert_true(most - least < 1000000);
	cpuslab_gauge_fini(&gauge);
}

/* The value moves from 0 to 7 and stays: a read returns one of these. */
static void rise_to_seven(void *arg)
{
	(void)arg;
	sim_cpu_set(3);
	cpuslab_gauge_add(&gauge, 10);
	sim_cpu_set(1);
	cpuslab_gauge_sub(&gauge, 3);
}

static void one_change_is_read_exactly(void **state)
{
	struct fixture *f = *state;
	unsigned int left = 0;
	int64_t least, most;
	uint64_t k;

	for (k = 1; !left; k++) {
		assert_int_equal(cpuslab_gauge_init(&gauge, f->slab),
				 CPUSLAB_OK);
		sim_cpu_set(0);
		sim_other_at(k, 2, rise_to_seven, NULL);
		cpuslab_gauge_bounds(&gauge, &least, &most);
		left = sim_at_cancel();
		assert_true(least == most);
		assert_true(!least || least == 7);
		cpuslab_gauge_fini(&gauge);
	}
}

static void no_memory_for_a_gauge(void **state)
{
	struct fixture *f = *state;

	sim_fail_alloc_from(1);
	assert_int_equal(cpuslab_gauge_init(&gauge, f->slab), -CPUSLAB_ENOMEM);
	sim_fail_alloc_from(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_BOTH(in_and_out_balance),
		FIXTURE_BOTH(a_release_keeps_the_balance),
		FIXTURE_BOTH(a_sum_is_never_negative),
		FIXTURE_BOTH(a_thread_that_moves_in_between),
		FIXTURE_BOTH(a_burst_does_not_raise_the_sum),
		FIXTURE_BOTH(the_value_lies_within_the_bounds),
		FIXTURE_BOTH(the_narrowest_bounds_are_returned),
		FIXTURE_BOTH(one_change_is_read_exactly),
		FIXTURE_BOTH(no_memory_for_a_gauge),
	};

	return cmocka_run_group_tests_name("gauge", tests, NULL, NULL);
}
