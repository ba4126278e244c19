/* SPDX-License-Identifier: MIT */
/*
 * What is seen of objects that have no copies, because nothing could be
 * allocated where they were used.
 */
#include "fixture/fixture.h"

#include "core/named.h"

#define ORDER_SEEDS 50u
#define ORDER_STEPS 8

static struct cpuslab_gauge level;
static int64_t order_least; /* of what was visited */

static void order_use(void *arg)
{
	int i;

	(void)arg;
	sim_may_sleep_set(false);
	for (i = 0; i < ORDER_STEPS; i++) {
		cpuslab_gauge_add(&level, 1);
		cpuslab_gauge_sub(&level, 1);
	}
}

static void order_visit(void *arg, const char *name, bool is_gauge,
			uint64_t value)
{
	(void)arg;
	(void)name;
	(void)is_gauge;
	if (order_least > (int64_t)value)
		order_least = (int64_t)value;
}

static void order_look(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < ORDER_STEPS; i++)
		cpuslab__named_each(true, order_visit, NULL);
}

/* What went out had come in before. */
static void a_gauge_is_not_negative(void **state)
{
	static const struct sim_task tasks[] = { { order_use, NULL, 0 },
						 { order_look, NULL, 1 } };
	const struct cpuslab_gauge unused = CPUSLAB_GAUGE_INIT("level");
	struct sim_config config = { .seed = 0, .quiet = true };

	(void)state;
	while (config.seed++ < ORDER_SEEDS) {
		assert_int_equal(sim_init(&config), CPUSLAB_OK);
		level = unused;
		order_least = 0;
		sim_run(tasks, 2);
		if (order_least < 0)
			fail_msg("seed %llu: a sum of %lld",
				 (unsigned long long)sim_seed(),
				 (long long)order_least);
		assert_true(cpuslab_percpu_is_null(&level.handle));
		cpuslab_gauge_fini(&level);
		assert_int_equal(sim_fini(), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gauge_is_not_negative),
	};

	return cmocka_run_group_tests_name("named order", tests, NULL, NULL);
}
