/* SPDX-License-Identifier: MIT */
/*
 * What workers, the domain and a flush see of each other in few steps: a worker
 * that is created, one that returns, and one that handles messages of two
 * boxes.
 */
#include "workers/unit_fake.h"

#define ORDER_CPU 2u /* its worker takes messages of CPUs that are offline */
#define ORDER_NEW 3u /* has no worker yet */

static struct {
	uint32_t added;    /* the CPU whose worker is woken */
	uint32_t left;     /* tasks but that of this worker */
	bool online, idle; /* that CPU, its worker */
	uint64_t points;   /* of the first task, until it stalls */
	bool stalled;
} order;

static void order_work(void *messages)
{
	uintptr_t i;

	for (i = (uintptr_t)messages; i; i--)
		if (cpuslab_workers_work(&workers, ORDER_CPU) < 0)
			failed = "a worker that does not work";
	order.stalled = !order.points;
	order.left--;
}

static void order_add(void *arg)
{
	struct fixture *f = arg;

	if (cpuslab_domain_add_complete(f->domain, order.added))
		failed = "a CPU that was not added";
	order.online = true;
	order.left--;
}

static void order_woken(void *arg)
{
	struct fake_worker *fake = &fakes[order.added];

	(void)arg;
	while (order.left) {
		cpuslab_port_preempt_point();
		if (!fake->runs || !fake->woken)
			continue;
		fake->woken = false;
		sim_order_acquire(fake);
		while (!cpuslab_workers_work(&workers, order.added))
			;
		order.idle = true;
	}
}

static void *order_setup(struct fixture_config *seeded)
{
	void *f = seeded;

	assert_int_equal(workers_setup(&f), 0);
	fixture_add(f, ORDER_CPU);
	pump();
	order.left = 2;
	order.online = order.idle = false;
	return f;
}

static void order_teardown(void *f)
{
	pump();
	assert_int_equal(handled[1], 1);
	assert_int_equal(handled[2], 1);
	assert_int_equal(workers_teardown(&f), 0);
}

/*
 * A worker takes one of two messages of CPU 1, and may handle it for long.
 * Meanwhile a CPU is added. CPU 0 was idle when it was removed.
 */
static void *order_setup_added(struct fixture_config *seeded, uint32_t added)
{
	void *f = order_setup(seeded);

	fixture_remove(f, 0);
	pump();
	assert_int_equal(send(1, 1), CPUSLAB_OK);
	assert_int_equal(send(1, 2), CPUSLAB_OK);
	fixture_remove(f, 1);
	order.added = added;
	return f;
}

static void order_run_added(void *f)
{
	const struct sim_task tasks[] = {
		{ order_work, (void *)(uintptr_t)1, 1 },
		{ order_add, f, 2 },
		{ order_woken, NULL, 3 },
	};

	sim_run(tasks, 3);
	if (!handled[2] && !fakes[order.added].woken)
		fail_msg("seed %llu: it sleeps while there is a message",
			 (unsigned long long)sim_seed());
}

static void one_that_returns_takes_what_is_left(void **state)
{
	struct fixture_config seeded = { .seed = 0 };

	(void)state;
	while (seeded.seed++ < 150) {
		void *f = order_setup_added(&seeded, 0);

		order_run_added(f);
		order_teardown(f);
	}
}

/* The first task stalls until the CPU is added, and its worker idle. */
static unsigned int order_stall(void *arg, unsigned int running)
{
	(void)arg;
	(void)running;
	if (!order.points)
		return !order.online ? 1 : order.idle ? 0 : 2;
	order.points--;
	return 0;
}

static void one_that_is_created_is_woken_at_once(void **state)
{
	struct fixture_config seeded = { .seed = 0 };
	void *f;

	(void)state;
	do {
		f = order_setup_added(&seeded, ORDER_NEW);
		order.points = ++seeded.seed;
		sim_choose_set(order_stall, NULL);
		order_run_added(f);
		order_teardown(f);
	} while (order.stalled);
	assert_true(seeded.seed > 2);
}

/* ---- a flush ------------------------------------------------------------- */

static void order_flush(void *arg)
{
	(void)arg;
	if (cpuslab_workers_flush(&workers, 0, CPUSLAB_NO_TIMEOUT))
		failed = "a flush failed";
	sim_order_read(&handled[1], sizeof(handled[1]));
	order.left--;
}

/* The worker goes on with a message of another box, which nobody awaits. */
static void a_flush_sees_what_was_handled(void **state)
{
	static const struct sim_task tasks[] = {
		{ order_work, (void *)(uintptr_t)2, 1 },
		{ order_flush, NULL, 2 },
	};
	struct fixture_config seeded = { .seed = 0 };

	(void)state;
	while (seeded.seed++ < 200) {
		void *f = order_setup(&seeded);

		assert_int_equal(send(0, 1), CPUSLAB_OK);
		assert_int_equal(send(1, 2), CPUSLAB_OK);
		fixture_remove(f, 0);
		fixture_remove(f, 1);
		sim_run(tasks, 2);
		order_teardown(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_is_created_is_woken_at_once),
		cmocka_unit_test(one_that_returns_takes_what_is_left),
		cmocka_unit_test(a_flush_sees_what_was_handled),
	};

	return cmocka_run_group_tests_name("workers order", tests, NULL, NULL);
}
