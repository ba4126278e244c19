/* SPDX-License-Identifier: MIT */
/*
 * unit.c - read sections that are counted in two phases (port/readers.h): a
 * grace period ends when all sections that it has to wait for have ended, on
 * whatever CPU that is, and however late they were counted.
 */
#include "fixture/fixture.h"

#include <cpuslab/port/readers.h>

static struct cpuslab__readers readers;

static int readers_setup(void **state)
{
	memset(&readers, 0, sizeof(readers));
	return fixture_setup(state);
}

static bool do_not_wait(uint32_t looks)
{
	(void)looks;
	return false;
}

static bool grace_period(void)
{
	return cpuslab__readers_wait(&readers, do_not_wait);
}

static void waits_for_sections_of_both_phases(void **state)
{
	uint32_t phase, other;

	(void)state;
	assert_true(grace_period());
	phase = cpuslab__readers_enter(&readers);
	assert_false(grace_period());
	other = cpuslab__readers_enter(&readers);
	assert_int_not_equal(other, phase);
	assert_false(grace_period());
	cpuslab__readers_exit(&readers, phase);
	assert_false(grace_period());
	cpuslab__readers_exit(&readers, other);
	assert_true(grace_period());
}

static uint32_t open_phases[2];

/* Each look ends one of two sections. */
static bool end_one(uint32_t looks)
{
	assert_int_equal(looks, 0);
	cpuslab__readers_exit(&readers, open_phases[0]);
	open_phases[0] = open_phases[1];
	return true;
}

static void a_wait_ends_with_the_last_section(void **state)
{
	(void)state;
	open_phases[0] = cpuslab__readers_enter(&readers);
	assert_false(grace_period());
	open_phases[1] = cpuslab__readers_enter(&readers);
	assert_int_not_equal(open_phases[0], open_phases[1]);
	assert_true(cpuslab__readers_wait(&readers, end_one));
	assert_true(grace_period());
}

static void grace_periods(void *count)
{
	uint64_t i;

	for (i = 0; i < (uintptr_t)count; i++)
		assert_true(grace_period());
}

/* Grace periods end between the load of the phase and the count. */
static void waits_for_a_section_that_is_counted_late(void **state)
{
	uintptr_t count;
	uint32_t phase;

	(void)state;
	for (count = 1; count < 4; count++) {
		sim_other_at(1, 3, grace_periods, (void *)count);
		phase = cpuslab__readers_enter(&readers);
		assert_int_equal(sim_at_cancel(), 0);
		assert_false(grace_period());
		assert_false(grace_period());
		cpuslab__readers_exit(&readers, phase);
		assert_true(grace_period());
	}
}

static void a_section_that_moves(void *to)
{
	uint32_t phase;

	sim_cpu_set(0);
	phase = cpuslab__readers_enter(&readers);
	sim_cpu_set((uint32_t)(uintptr_t)to);
	cpuslab__readers_exit(&readers, phase);
}

/* Another one begins and ends at each point of a look. */
static void an_open_section_is_noticed(void **state)
{
	uint32_t phase, to;
	uint64_t k;

	(void)state;
	sim_cpu_set(1);
	phase = cpuslab__readers_enter(&readers);
	for (to = 0; to < 3; to++) {
		unsigned int left = 0;

		for (k = 1; !left; k++) {
			sim_other_at(k, 0, a_section_that_moves,
				     (void *)(uintptr_t)to);
			assert_false(cpuslab__readers_ended(&readers, phase));
			left = sim_at_cancel();
		}
		assert_true(k > CPUSLAB__READERS_PLACES);
	}
	cpuslab__readers_exit(&readers, phase);
	assert_true(grace_period());
}

/* ---- a storm ------------------------------------------------------------- */

#define STORM_READERS 3u
#define STORM_LOOKS 300u /* a section is longer than a look */
#define STORM_UPDATES 12u

static uint32_t storm_ended[STORM_UPDATES + 1]; /* set after a grace period */
static uint32_t *storm_current;                 /* one of them */
static bool storm_is_over;
static const char *storm_failed;

static void storm_read(void *arg)
{
	uint32_t look, phase;
	uint32_t *ended;

	(void)arg;
	while (!storm_is_over) {
		phase = cpuslab__readers_enter(&readers);
		ended = cpuslab_load_acquire_ptr(&storm_current);
		for (look = 0; look < STORM_LOOKS; look++) {
			if (cpuslab_load_relaxed_u32(ended))
				storm_failed = "ended while it was read";
			cpuslab_port_preempt_point();
		}
		sim_order_read(ended, sizeof(*ended));
		cpuslab__readers_exit(&readers, phase);
		cpuslab_port_preempt_point();
	}
}

static bool storm_pause(uint32_t looks)
{
	(void)looks;
	cpuslab_port_preempt_point();
	return true;
}

static void storm_update(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < STORM_UPDATES; i++) {
		cpuslab_store_release_ptr(&storm_current, &storm_ended[i + 1]);
		cpuslab__readers_wait(&readers, storm_pause);
		sim_order_write(&storm_ended[i], sizeof(*storm_ended));
		cpuslab_store_relaxed_u32(&storm_ended[i], 1);
	}
	storm_is_over = true;
}

static void storm_once(uint64_t seed)
{
	const struct fixture_config config = { .seed = seed,
					       .available =
						       CPUSLAB__READERS_PLACES,
					       .no_domain = true };
	struct sim_task tasks[STORM_READERS + 1] = { { storm_update, NULL,
						       0 } };
	struct fixture f;
	uint32_t i;

	fixture_begin(&f, &config);
	memset(&readers, 0, sizeof(readers));
	memset(storm_ended, 0, sizeof(storm_ended));
	storm_current = &storm_ended[0];
	storm_is_over = false;
	storm_failed = NULL;
	for (i = 1; i <= STORM_READERS; i++) {
		tasks[i].run = storm_read;
		tasks[i].cpu = CPUSLAB__READERS_PLACES - i;
	}
	sim_run(tasks, STORM_READERS + 1);
	if (storm_failed)
		fail_msg("%s, SIM_SEED=%llu", storm_failed,
			 (unsigned long long)sim_seed());
	fixture_end(&f);
}

static void a_storm(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 40; seed++)
		storm_once(seed);
}

#define READERS_TEST(test)                                                     \
	{                                                                      \
#test, test, readers_setup, fixture_teardown,                  \
			&fixture_no_domain                                     \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		READERS_TEST(waits_for_sections_of_both_phases),
		READERS_TEST(a_wait_ends_with_the_last_section),
		READERS_TEST(waits_for_a_section_that_is_counted_late),
		READERS_TEST(an_open_section_is_noticed),
		cmocka_unit_test(a_storm),
	};

	return cmocka_run_group_tests_name("readers", tests, NULL, NULL);
}
