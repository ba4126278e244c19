/* SPDX-License-Identifier: MIT */
#include "fixture/counted.h"

static void alone_the_kill_releases(void **state)
{
	(void)state;
	assert_false(cpuslab_refcount_is_dying(&refcount));
	assert_false(cpuslab_refcount_is_zero(&refcount));
	assert_int_equal(kill(), CPUSLAB_OK);
	assert_int_equal(released, 1);
	assert_true(cpuslab_refcount_is_dying(&refcount));
	assert_true(cpuslab_refcount_is_zero(&refcount));
}

static void the_last_put_releases(void **state)
{
	(void)state;
	assert_true(get(0));
	assert_true(get(1));
	assert_int_equal(kill(), CPUSLAB_OK);
	assert_int_equal(released, 0);
	assert_false(put(3));
	assert_int_equal(released, 0);
	assert_false(cpuslab_refcount_is_zero(&refcount));
	assert_true(put(CPUSLAB_NO_CPU));
	assert_int_equal(released, 1);
	assert_true(cpuslab_refcount_is_zero(&refcount));
}

/* Whatever the balance on each CPU is: only the sum counts. */
static void get_here_put_there(void **state)
{
	static const uint32_t cpus[] = { 0, 40, CPUSLAB_NO_CPU, 64, 3 };
	struct fixture *f = *state;
	int i;

	fixture_add(f, 9);
	for (i = 0; i < 5; i++)
		assert_true(get(9));
	for (i = 0; i < 4; i++)
		assert_false(put(cpus[i]));
	assert_int_equal(kill(), CPUSLAB_OK);
	assert_int_equal(released, 0);
	assert_true(put(cpus[4]));
	assert_int_equal(released, 1);
}

static void no_get_after_the_kill(void **state)
{
	static const uint32_t cpus[] = { 0, 1, 9, 40, CPUSLAB_NO_CPU, 64 };
	struct fixture *f = *state;
	int i;

	fixture_add(f, 9);
	assert_true(get(2));
	assert_int_equal(kill(), CPUSLAB_OK);
	/*
	 * CPUs that are admitted now as well: 40 by this get, 41 by the domain.
	 */
	fixture_add(f, 41);
	for (i = 0; i < 6; i++)
		assert_false(get(cpus[i]));
	assert_false(get(41));
	assert_true(fixture_has(&refcount.handle, 40));
	assert_int_equal(released, 0);
	assert_true(put(40));
	assert_int_equal(released, 1);
}

static void a_second_kill_differs(void **state)
{
	(void)state;
	assert_true(get(1));
	assert_int_equal(kill(), CPUSLAB_OK);
	assert_int_equal(kill(), CPUSLAB_DIFFERS);
	assert_true(put(1));
	assert_int_equal(kill(), CPUSLAB_DIFFERS);
	assert_int_equal(released, 1);
}

/*
 * What a CPU has counted stays counted when it is removed and when it returns.
 */
static void removal_changes_nothing(void **state)
{
	struct fixture *f = *state;
	int i;

	fixture_add(f, 9);
	for (i = 0; i < 3; i++)
		assert_true(get(9));
	assert_false(put(1));
	fixture_remove(f, 9);
	cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT);
	sim_quiesce();
	assert_false(fixture_has(&refcount.handle, 9));
	assert_int_equal(kill(), CPUSLAB_OK);
	fixture_add(f, 9);
	assert_false(get(9));
	assert_false(put(9));
	assert_int_equal(released, 0);
	assert_true(put(1));
	assert_int_equal(released, 1);
}

static void removed_between_get_and_put(void **state)
{
	struct fixture *f = *state;

	fixture_add(f, 9);
	assert_true(get(9));
	assert_true(get(1));
	assert_int_equal(kill(), CPUSLAB_OK);
	fixture_remove(f, 9);
	cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT);
	assert_false(put(9));
	assert_true(put(9));
	assert_int_equal(released, 1);
}

static void a_fence_that_fails(void **state)
{
	(void)state;
	assert_true(get(1));
	sim_fence_fail(true);
	assert_int_equal(kill(), -CPUSLAB_EAGAIN);
	assert_true(cpuslab_refcount_is_dying(&refcount));
	assert_false(get(1));
	/* Counted, but it cannot be known yet that it was the last. */
	assert_false(put(2));
	assert_int_equal(kill(), -CPUSLAB_EAGAIN);
	assert_int_equal(released, 0);
	sim_fence_fail(false);
	assert_int_equal(kill(), CPUSLAB_OK);
	assert_int_equal(released, 1);
	assert_int_equal(kill(), CPUSLAB_DIFFERS);
}

static void a_cpu_admitted_between_two_tries_is_shut(void **state)
{
	struct fixture *f = *state;

	assert_true(get(1));
	sim_fence_fail(true);
	assert_int_equal(kill(), -CPUSLAB_EAGAIN);
	fixture_add(f, 20);
	assert_false(get(20));
	sim_fence_fail(false);
	assert_int_equal(kill(), CPUSLAB_OK);
	assert_true(put(20));
	assert_int_equal(released, 1);
}

static void without_a_callback(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_refcount plain;

	assert_int_equal(cpuslab_refcount_init(&plain, f->slab, NULL),
			 CPUSLAB_OK);
	assert_true(cpuslab_refcount_try_get(&plain));
	assert_int_equal(cpuslab_refcount_kill(&plain), CPUSLAB_OK);
	assert_false(cpuslab_refcount_is_zero(&plain));
	assert_true(cpuslab_refcount_put(&plain));
	assert_true(cpuslab_refcount_is_zero(&plain));
	cpuslab_refcount_fini(&plain);
}

static void never_initialised(void **state)
{
	static struct cpuslab_refcount null;

	(void)state;
	assert_false(cpuslab_refcount_try_get(&null));
	assert_false(cpuslab_refcount_put(&null));
	assert_int_equal(cpuslab_refcount_kill(&null), -CPUSLAB_EINVAL);
}

static void one_put_too_many(void *arg)
{
	(void)arg;
	put(1);
}

static void a_put_without_a_get(void **state)
{
	(void)state;
	assert_int_equal(kill(), CPUSLAB_OK);
	assert_int_equal(released, 1);
	assert_non_null(sim_panic_catch(one_put_too_many, NULL));
	assert_int_equal(released, 1);
}

/*
 * Killed at every point of a get and its put: either the get succeeded, and its
 * put is the last, or it failed.
 */
static void kill_all(void *arg)
{
	(void)arg;
	assert_int_equal(kill(), CPUSLAB_OK);
}

static void killed_at_every_point(void **state)
{
	static const uint32_t cpus[] = { 1, CPUSLAB_NO_CPU };
	struct fixture *f = *state;
	int i;

	for (i = 0; i < 2; i++) {
		unsigned int left = 0;
		uint64_t k;

		for (k = 1; !left; k++) {
			released = 0;
			sim_other_at(k, 3, kill_all, NULL);
			if (get(cpus[i]))
				put(cpus[i]);
			left = sim_at_cancel();
			if (left)
				kill_all(NULL);
			assert_int_equal(released, 1);
			assert_true(cpuslab_refcount_is_zero(&refcount));
			cpuslab_refcount_fini(&refcount);
			assert_int_equal(cpuslab_refcount_init(&refcount,
							       f->slab,
							       count_release),
					 CPUSLAB_OK);
		}
		assert_true(k > 4);
	}
}

/* Gets and puts at every point of a kill. */
static uint64_t held;

static void get_and_keep(void *arg)
{
	(void)arg;
	held += cpuslab_refcount_try_get(&refcount);
}

static void put_one(void *arg)
{
	(void)arg;
	cpuslab_refcount_put(&refcount);
}

static void around_every_point_of_a_kill(void **state)
{
	struct fixture *f = *state;
	unsigned int left = 0;
	uint64_t k;

	for (k = 1; !left; k++) {
		released = 0;
		held = 0;
		assert_true(get(1));
		sim_other_at(k, 2, get_and_keep, NULL);
		sim_other_at(k + 1, 3, put_one, NULL);
		assert_int_equal(kill(), CPUSLAB_OK);
		left = sim_at_cancel();
		if (left)
			put_one(NULL);
		assert_int_equal(released, held ? 0 : 1);
		if (held)
			assert_true(put(0));
		assert_int_equal(released, 1);
		cpuslab_refcount_fini(&refcount);
		assert_int_equal(cpuslab_refcount_init(&refcount, f->slab,
						       count_release),
				 CPUSLAB_OK);
	}
	assert_true(k > 8);
}

/* A CPU that is admitted while the gates are being closed is also closed. */
static unsigned int admitted_during_a_kill(enum sim_mode mode, uint64_t at)
{
	const struct fixture_config config = { .mode = mode };
	struct fixture f;
	unsigned int left;

	fixture_begin(&f, &config);
	released = 0;
	held = 0;
	assert_int_equal(cpuslab_refcount_init(&refcount, f.slab,
					       count_release),
			 CPUSLAB_OK);
	assert_false(fixture_has(&refcount.handle, 40));
	sim_other_at(at, 40, get_and_keep, NULL);
	assert_int_equal(kill(), CPUSLAB_OK);
	left = sim_at_cancel();
	assert_false(get(40));
	assert_int_equal(released, held ? 0 : 1);
	if (held)
		assert_true(put(0));
	assert_int_equal(released, 1);
	cpuslab_refcount_fini(&refcount);
	fixture_end(&f);
	return left;
}

static void a_cpu_admitted_at_every_point_of_a_kill(void **state)
{
	enum sim_mode mode;
	uint64_t k;

	(void)state;
	for (mode = SIM_RSEQ; mode <= SIM_ATOMIC; mode++) {
		for (k = 1; !admitted_during_a_kill(mode, k); k++)
			;
		assert_true(k > 4);
	}
}

/* ---- storms -------------------------------------------------------------- */

#define STORM_TASKS 6u

struct storm_task {
	uint64_t random;
	struct fixture *f;
	uint32_t number;
};

static uint64_t storm_inside; /* W tasks: references in use */

static uint32_t storm_below(struct storm_task *task, uint32_t below)
{
	task->random =
		task->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((task->random >> 33) % below);
}

static const char *storm_failed;

/* The references are to this. */
static uint64_t storm_object[3];

static void storm_released(struct cpuslab_refcount *of)
{
	(void)of;
	sim_order_read(storm_object, sizeof(storm_object));
	released++;
	if (storm_inside)
		storm_failed = "released while a reference is in use";
}

static void storm_use(void *arg)
{
	struct storm_task *task = arg;
	int i, inside = 0;

	for (i = 0; i < 40; i++) {
		if (storm_below(task, 2) &&
		    cpuslab_refcount_try_get(&refcount)) {
			if (released)
				storm_failed = "a get after the release";
			storm_inside++;
			inside++;
			sim_order_write(&storm_object[task->number],
					sizeof(*storm_object));
		} else if (inside) {
			inside--;
			storm_inside--;
			cpuslab_refcount_put(&refcount);
		}
	}
	for (; inside; inside--) {
		storm_inside--;
		cpuslab_refcount_put(&refcount);
	}
}

static void storm_change(void *arg)
{
	struct storm_task *task = arg;
	int i;

	for (i = 0; i < 12; i++) {
		uint32_t cpu = 1 + storm_below(task, 7);

		sim_cpu_set_available(cpu, storm_below(task, 2));
		if (sim_cpu_is_available(cpu))
			cpuslab_domain_add_complete(task->f->domain, cpu);
		else
			cpuslab_domain_remove(task->f->domain, cpu);
		if (cpuslab_refcount_is_zero(&refcount))
			sim_order_read(storm_object, sizeof(storm_object));
	}
}

static void storm_kill(void *arg)
{
	struct storm_task *task = arg;
	uint32_t wait = storm_below(task, 200);
	int result;

	while (wait--)
		cpuslab_port_preempt_point();
	result = kill();
	if (result != CPUSLAB_OK && result != CPUSLAB_DIFFERS)
		storm_failed = "a kill failed";
}

static void storm_signal(void *arg)
{
	(void)arg;
	if (cpuslab_refcount_try_get(&refcount)) {
		if (released)
			storm_failed = "a get after the release";
		cpuslab_refcount_put(&refcount);
	}
}

static void storm_once(enum sim_mode mode, uint64_t seed)
{
	const struct fixture_config config = { .mode = mode, .seed = seed };
	struct sim_task tasks[STORM_TASKS];
	struct storm_task own[STORM_TASKS];
	struct fixture f;
	unsigned int i;

	fixture_begin(&f, &config);
	released = 0;
	storm_inside = 0;
	storm_failed = NULL;
	assert_int_equal(cpuslab_refcount_init(&refcount, f.slab,
					       storm_released),
			 CPUSLAB_OK);
	for (i = 0; i < STORM_TASKS; i++) {
		own[i].random = sim_seed() * 64 + i;
		own[i].f = &f;
		own[i].number = i;
		tasks[i].run = i < 3  ? storm_use :
			       i == 3 ? storm_change :
					storm_kill;
		tasks[i].arg = &own[i];
		tasks[i].cpu = i;
	}
	sim_signal_set(storm_signal, NULL);
	sim_run(tasks, STORM_TASKS);
	sim_signal_set(NULL, NULL);
	if (storm_failed || released != 1)
		fail_msg("seed %llu: %s, released %llu times",
			 (unsigned long long)sim_seed(),
			 storm_failed ? storm_failed : "",
			 (unsigned long long)released);
	assert_true(cpuslab_refcount_is_zero(&refcount));
	cpuslab_refcount_fini(&refcount);
	sim_quiesce();
	fixture_end(&f);
}

static void a_storm_rseq(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 150; seed++)
		storm_once(SIM_RSEQ, seed);
}

static void a_storm_atomic(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 150; seed++)
		storm_once(SIM_ATOMIC, seed);
}

#define REFCOUNT_RSEQ(test)                                                    \
	{                                                                      \
#test, test, refcount_setup, refcount_teardown, &fixture_rseq  \
	}
#define REFCOUNT_TEST(test)                                                    \
	{ #test " (rseq)", test, refcount_setup, refcount_teardown,            \
	  &fixture_rseq },                                                     \
	{                                                                      \
#test " (atomic)", test, refcount_setup, refcount_teardown,    \
			&fixture_atomic                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REFCOUNT_TEST(alone_the_kill_releases),
		REFCOUNT_TEST(the_last_put_releases),
		REFCOUNT_TEST(get_here_put_there),
		REFCOUNT_TEST(no_get_after_the_kill),
		REFCOUNT_TEST(a_second_kill_differs),
		REFCOUNT_TEST(removal_changes_nothing),
		REFCOUNT_TEST(removed_between_get_and_put),
		REFCOUNT_RSEQ(a_fence_that_fails),
		REFCOUNT_RSEQ(a_cpu_admitted_between_two_tries_is_shut),
		REFCOUNT_TEST(without_a_callback),
		REFCOUNT_TEST(never_initialised),
		REFCOUNT_TEST(a_put_without_a_get),
		REFCOUNT_TEST(killed_at_every_point),
		REFCOUNT_TEST(around_every_point_of_a_kill),
		cmocka_unit_test(a_cpu_admitted_at_every_point_of_a_kill),
		cmocka_unit_test(a_storm_rseq),
		cmocka_unit_test(a_storm_atomic),
	};

	return cmocka_run_group_tests_name("refcount", tests, NULL, NULL);
}
