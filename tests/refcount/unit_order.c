/* SPDX-License-Identifier: MIT */
/*
 * What is seen through a count that is exact: one task writes and then changes
 * the count, and when it has ended another finds that.
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

/* There are two references. */
static void order_run(void (*first)(void *arg), void (*second)(void *arg),
		      void *arg)
{
	const struct sim_task tasks[] = { { first, NULL, 0 },
					  { second, arg, 1 } };
	struct fixture_config config = { .seed = 0 };
	struct fixture f;

	order_failed = NULL;
	while (config.seed++ < ORDER_SEEDS) {
		fixture_begin(&f, &config);
		assert_int_equal(cpuslab_refcount_init(&refcount, f.slab, NULL),
				 CPUSLAB_OK);
		assert_int_equal(cpuslab_refcount_switch_to_atomic(&refcount),
				 CPUSLAB_OK);
		assert_true(cpuslab_refcount_try_get(&refcount));
		fixture_one_by_one();
		sim_run(tasks, 2);
		assert_null(order_failed);
		cpuslab_refcount_fini(&refcount);
		fixture_end(&f);
	}
}

static void a_get_that_fails_sees_what_came_before_the_kill(void **state)
{
	(void)state;
	order_run(order_kill, order_get, &refcount);
}

/* Also if it has looked at the count before the kill. */
static void a_get_sees_what_came_before_the_resurrect(void **state)
{
	(void)state;
	order_run(order_resurrect, order_get, NULL);
}

static void one_that_is_dying_shows_what_came_before(void **state)
{
	(void)state;
	order_run(order_kill, order_is_dying, NULL);
}

static void a_count_shows_what_came_before_a_put(void **state)
{
	(void)state;
	order_run(order_put, order_count, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_get_that_fails_sees_what_came_before_the_kill),
		cmocka_unit_test(a_get_sees_what_came_before_the_resurrect),
		cmocka_unit_test(one_that_is_dying_shows_what_came_before),
		cmocka_unit_test(a_count_shows_what_came_before_a_put),
	};

	return cmocka_run_group_tests_name("refcount order", tests, NULL, NULL);
}
