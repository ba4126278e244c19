/* SPDX-License-Identifier: MIT */
/*
 * What is seen through a count: one task writes and then changes the count, and
 * when it has ended another finds that.
 */
#include "fixture/fixture.h"

#define ORDER_SEEDS 20u

static struct cpuslab_refcount refcount;
static uint64_t order_data;
static const char *order_failed;

static void order_write(void)
{
	sim_order_write(&order_data, sizeof(order_data));
}

static void order_read(void)
{
	sim_order_read(&order_data, sizeof(order_data));
}

static void order_kill(void *arg)
{
	(void)arg;
	order_write();
	if (cpuslab_refcount_kill(&refcount))
		order_failed = "not killed";
}

static void order_resurrect(void *arg)
{
	(void)arg;
	if (cpuslab_refcount_kill(&refcount))
		order_failed = "not killed";
	order_write();
	if (cpuslab_refcount_resurrect(&refcount))
		order_failed = "not resurrected";
}

static void order_put(void *arg)
{
	(void)arg;
	order_write();
	if (cpuslab_refcount_put(&refcount))
		order_failed = "not the last reference";
}

static void order_get(void *killed)
{
	if (cpuslab_refcount_try_get(&refcount)) {
		if (!killed)
			order_read();
		(void)cpuslab_refcount_put(&refcount);
	} else if (killed) {
		order_read();
	}
}

static void order_is_dying(void *arg)
{
	(void)arg;
	if (cpuslab_refcount_is_dying(&refcount))
		order_read();
}

static void order_count(void *arg)
{
	(void)arg;
	if (cpuslab_refcount_count(&refcount) == 1)
		order_read();
}

static void order_kill_last(void *arg)
{
	(void)arg;
	if (cpuslab_refcount_kill(&refcount) ||
	    !cpuslab_refcount_is_zero(&refcount))
		order_failed = "not the last reference";
	order_read();
}

static void order_switch(void *arg)
{
	(void)arg;
	if (cpuslab_refcount_switch_to_atomic(&refcount))
		order_failed = "not switched";
}

/* Each task runs when the one before has ended. There are two references. */
static void order_run(const struct fixture_config *unseeded, bool exact,
		      const struct sim_task *tasks, uint32_t count)
{
	struct fixture_config config = *unseeded;
	struct fixture f;

	order_failed = NULL;
	while (config.seed++ < ORDER_SEEDS) {
		fixture_begin(&f, &config);
		assert_int_equal(cpuslab_refcount_init(&refcount, f.slab, NULL),
				 CPUSLAB_OK);
		if (exact)
			order_switch(NULL);
		assert_true(cpuslab_refcount_try_get(&refcount));
		fixture_one_by_one();
		sim_run(tasks, count);
		assert_null(order_failed);
		cpuslab_refcount_fini(&refcount);
		fixture_end(&f);
	}
}

static void a_get_that_fails_sees_what_came_before_the_kill(void **state)
{
	static const struct sim_task tasks[] = { { order_kill, NULL, 0 },
						 { order_get, &refcount, 1 } };

	order_run(*state, true, tasks, 2);
}

/* Also if its first load finds the count of before the kill. */
static void a_get_sees_what_came_before_the_resurrect(void **state)
{
	static const struct sim_task tasks[] = { { order_resurrect, NULL, 0 },
						 { order_get, NULL, 1 } };

	order_run(*state, true, tasks, 2);
}

static void one_that_is_dying_shows_what_came_before(void **state)
{
	static const struct sim_task tasks[] = { { order_kill, NULL, 0 },
						 { order_is_dying, NULL, 1 } };

	order_run(*state, true, tasks, 2);
}

static void a_count_shows_what_came_before_a_put(void **state)
{
	static const struct sim_task tasks[] = { { order_put, NULL, 0 },
						 { order_count, NULL, 1 } };

	order_run(*state, true, tasks, 2);
}

/* The put was in the copy of a CPU. */
static void a_count_that_becomes_exact_shows_it_too(void **state)
{
	static const struct sim_task tasks[] = { { order_put, NULL, 0 },
						 { order_switch, NULL, 1 },
						 { order_count, NULL, 2 } };

	order_run(*state, false, tasks, 3);
}

static void a_kill_sees_what_came_before_a_put(void **state)
{
	static const struct sim_task tasks[] = { { order_put, NULL, 0 },
						 { order_kill_last, NULL, 1 } };

	order_run(*state, false, tasks, 2);
}

#define ORDER_TEST(test)                                                       \
	{ #test " (rseq)", test, NULL, NULL, &fixture_rseq },                  \
	{                                                                      \
#test " (atomic)", test, NULL, NULL, &fixture_atomic           \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ORDER_TEST(a_get_that_fails_sees_what_came_before_the_kill),
		ORDER_TEST(a_get_sees_what_came_before_the_resurrect),
		ORDER_TEST(one_that_is_dying_shows_what_came_before),
		ORDER_TEST(a_count_shows_what_came_before_a_put),
		ORDER_TEST(a_count_that_becomes_exact_shows_it_too),
		ORDER_TEST(a_kill_sees_what_came_before_a_put),
	};

	return cmocka_run_group_tests_name("refcount order", tests, NULL, NULL);
}
