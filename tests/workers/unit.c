/* SPDX-License-Identifier: MIT */
/*
 * unit.c - when a worker is created, runs and is parked, and what becomes of
 * messages.
 */
#include "workers/unit_fake.h"

static void one_for_each_cpu(void **state)
{
	struct fixture *f = *state;

	expect("c0 c1 u0 u1");
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	expect("c9");
	assert_int_equal(cpuslab_domain_add_complete(f->domain, 9), CPUSLAB_OK);
	expect("u9");
	fixture_remove(f, 9);
	expect("p9");
	fixture_add(f, 9);
	expect("u9");
	assert_int_equal(cpuslab_domain_add_start(f->domain, 20), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 20), CPUSLAB_OK);
	expect("c20 d20");
	/* A failure for a CPU that was online once leaves its parked worker. */
	fixture_remove(f, 9);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 9), CPUSLAB_OK);
	expect("p9");
}

static void one_that_cannot_be_created(void **state)
{
	struct fixture *f = *state;

	expect("c0 c1 u0 u1");
	refuse = 1;
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9),
			 -CPUSLAB_EAGAIN);
	expect("c9");
	assert_false(fixture_online(f, 9));
	assert_int_equal(send(9, 1), -CPUSLAB_ENOENT);
	refuse = 0;
	fixture_add(f, 9);
	expect("c9 u9");
}

static void messages_are_handled_there(void **state)
{
	struct fixture *f = *state;
	uint32_t i;

	pump();
	fixture_add(f, 9);
	for (i = 0; i < 6; i++)
		assert_int_equal(send(i % 2 ? 9 : 1, i), CPUSLAB_OK);
	pump();
	for (i = 0; i < 6; i++) {
		assert_int_equal(handled[i], 1);
		assert_int_equal(handled_by[i], i % 2 ? 9 : 1);
	}
	assert_int_equal(send(30, 7), -CPUSLAB_ENOENT);
	for (i = 0; i < 8; i++)
		assert_int_equal(send(1, 10 + i), CPUSLAB_OK);
	assert_int_equal(send(1, 20), CPUSLAB_FULL);
	pump();
	assert_int_equal(handled[20], 0);
}

static void work_moves_when_the_cpu_is_removed(void **state)
{
	struct fixture *f = *state;
	uint32_t i;

	fixture_add(f, 9);
	pump();
	for (i = 0; i < 5; i++)
		assert_int_equal(send(9, i), CPUSLAB_OK);
	fixture_remove(f, 9);
	pump();
	for (i = 0; i < 5; i++) {
		assert_int_equal(handled[i], 1);
		assert_int_equal(handled_by[i], 0);
	}
	/* The CPU whose worker was woken goes offline before it looks. */
	fixture_add(f, 9);
	pump();
	assert_int_equal(send(9, 6), CPUSLAB_OK);
	fixture_remove(f, 9);
	fixture_remove(f, 0);
	pump();
	assert_int_equal(handled[6], 1);
	assert_int_equal(handled_by[6], 1);
}

/*
 * The worker that is woken for it never runs out of messages of its own: each
 * that it handles sends it another.
 */
static void on_message_another(void *arg, uint32_t cpu,
			       const struct cpuslab_message *message)
{
	on_message(arg, cpu, message);
	if (message->word[0] == 3)
		assert_int_equal(cpuslab_workers_send(&workers, cpu, message),
				 CPUSLAB_OK);
}

static void a_busy_worker_takes_undelivered_messages(void **state)
{
	struct fixture *f = *state;
	int i;

	fixture_add(f, 9);
	pump();
	workers.config.handle = on_message_another;
	assert_int_equal(send(0, 3), CPUSLAB_OK);
	for (i = 1; i < 3; i++)
		assert_int_equal(send(9, (uint64_t)i), CPUSLAB_OK);
	fixture_remove(f, 9);
	for (i = 0; i < 10; i++)
		assert_int_equal(cpuslab_workers_work(&workers, 0), CPUSLAB_OK);
	assert_int_equal(handled[1], 1);
	assert_int_equal(handled[2], 1);
	assert_true(handled[3] > 1);
	workers.config.handle = on_message;
}

static void without_a_cpu_it_waits(void **state)
{
	struct fixture *f = *state;

	pump();
	assert_int_equal(send(0, 1), CPUSLAB_OK);
	assert_int_equal(send(1, 2), CPUSLAB_OK);
	fixture_remove(f, 0);
	fixture_remove(f, 1);
	pump();
	assert_int_equal(handled[1] + handled[2], 0);
	fixture_add(f, 40);
	pump();
	assert_int_equal(handled_by[1], 40);
	assert_int_equal(handled_by[2], 40);
	assert_int_equal(handled[1] + handled[2], 2);
}

static void what_is_left_is_handed_back(void **state)
{
	struct fixture *f = *state;

	pump();
	fixture_add(f, 9);
	assert_int_equal(send(0, 1), CPUSLAB_OK);
	assert_int_equal(send(9, 2), CPUSLAB_OK);
	fixture_remove(f, 9);
	assert_int_equal(send(0, 3), CPUSLAB_OK);
	cpuslab_workers_fini(&workers);
	assert_int_equal(left_over, 3);
	assert_int_equal(handled[1] + handled[2] + handled[3], 3);
	assert_int_equal(cpuslab_workers_init(&workers, f->domain, &config),
			 CPUSLAB_OK);
}

/* Removed at every point of a send: handled once, or refused. */
static void remove_nine(void *arg)
{
	fixture_remove(arg, 9);
	pump();
}

/* @busy: the worker has not found its box empty since the last message. */
static void remove_at_every_point_of_a_send(struct fixture *f, bool busy)
{
	unsigned int left = 0;
	uint64_t k;

	for (k = 1; !left; k++) {
		int result;

		fixture_add(f, 9);
		pump();
		handled[5] = 0;
		if (busy) {
			assert_int_equal(send(9, 6), CPUSLAB_OK);
			cpuslab_workers_work(&workers, 9);
		}
		sim_other_at(k, 3, remove_nine, f);
		result = send(9, 5);
		left = sim_at_cancel();
		pump();
		assert_int_equal(handled[5], result ? 0 : 1);
		if (left)
			fixture_remove(f, 9);
	}
	assert_true(k > 5);
}

static void removed_at_every_point_of_a_send(void **state)
{
	remove_at_every_point_of_a_send(*state, false);
	remove_at_every_point_of_a_send(*state, true);
}

/* A worker that has messages needs no wake, until it has found none. */
static void a_busy_worker_is_not_woken(void **state)
{
	uint64_t i;

	(void)state;
	pump();
	for (i = 0; i < 3; i++) {
		assert_int_equal(send(1, i), CPUSLAB_OK);
		assert_int_equal(fakes[1].woken, i == 0);
		fakes[1].woken = false;
	}
	for (i = 0; i < 3; i++) {
		assert_int_equal(cpuslab_workers_work(&workers, 1), CPUSLAB_OK);
		assert_int_equal(send(1, 3 + i), CPUSLAB_OK);
		assert_false(fakes[1].woken);
	}
	while (!cpuslab_workers_work(&workers, 1))
		continue;
	assert_int_equal(send(1, 6), CPUSLAB_OK);
	assert_true(fakes[1].woken);
}

static void send_five(void *arg)
{
	(void)arg;
	assert_int_equal(send(1, 5), CPUSLAB_OK);
}

/* A worker finds the message, or is woken for it, and sleeps before. */
static void a_send_at_every_point_of_a_look(void **state)
{
	unsigned int left = 0;
	uint64_t k;

	(void)state;
	for (k = 1; !left; k++) {
		pump();
		handled[5] = 0;
		sim_other_at(k, 3, send_five, NULL);
		cpuslab_workers_work(&workers, 1);
		left = sim_at_cancel();
		if (left)
			send_five(NULL);
		pump();
		assert_int_equal(handled[5], 1);
	}
	assert_true(k > 5);
}

static void look_at_one(void *arg)
{
	(void)arg;
	cpuslab_workers_work(&workers, 1);
}

static void look_at_every_point_of_a_send(bool busy)
{
	unsigned int left = 0;
	uint64_t k;

	for (k = 1; !left; k++) {
		pump();
		handled[5] = 0;
		if (busy) {
			assert_int_equal(send(1, 6), CPUSLAB_OK);
			look_at_one(NULL);
		}
		fakes[1].woken = false;
		sim_other_at(k, 3, look_at_one, NULL);
		send_five(NULL);
		left = sim_at_cancel();
		if (left)
			look_at_one(NULL);
		pump();
		assert_int_equal(handled[5], 1);
	}
	assert_true(k > 5);
}

static void a_look_at_every_point_of_a_send(void **state)
{
	(void)state;
	look_at_every_point_of_a_send(false);
	look_at_every_point_of_a_send(true);
}

/* A CPU is removed at each point at which another looks for messages. */
static void remove_nine_only(void *arg)
{
	fixture_remove(arg, 9);
}

static void removed_at_every_point_of_a_look(void **state)
{
	struct fixture *f = *state;
	unsigned int left = 0;
	uint64_t k;

	for (k = 1; !left; k++) {
		fixture_add(f, 9);
		fixture_add(f, 10);
		pump();
		handled[5] = handled[6] = 0;
		assert_int_equal(send(9, 5), CPUSLAB_OK);
		assert_int_equal(send(10, 6), CPUSLAB_OK);
		fixture_remove(f, 10);
		assert_int_equal(cpuslab_workers_work(&workers, 0), CPUSLAB_OK);
		assert_int_equal(handled[6], 1);
		sim_other_at(k, 3, remove_nine_only, f);
		cpuslab_workers_work(&workers, 0);
		left = sim_at_cancel();
		if (left)
			fixture_remove(f, 9);
		pump();
		assert_int_equal(handled[5], 1);
	}
	assert_true(k > 1);
}

/*
 * The same, while no other worker is idle: the one that looks was busy when the
 * CPU was removed, so nobody wakes it, and it has to look again.
 */
static void removed_at_every_point_of_the_only_look(void **state)
{
	struct fixture *f = *state;
	unsigned int left = 0;
	uint64_t k;

	fixture_remove(f, 1);
	for (k = 1; !left; k++) {
		fixture_add(f, 9);
		pump();
		handled[5] = 0;
		assert_int_equal(send(0, 6), CPUSLAB_OK);
		assert_int_equal(send(9, 5), CPUSLAB_OK);
		fakes[0].woken = false;
		assert_int_equal(cpuslab_workers_work(&workers, 0), CPUSLAB_OK);
		sim_other_at(k, 3, remove_nine_only, f);
		while (!cpuslab_workers_work(&workers, 0))
			continue;
		left = sim_at_cancel();
		if (left)
			fixture_remove(f, 9);
		pump();
		assert_int_equal(handled[5], 1);
	}
	assert_true(k > 1);
}

static void a_repeated_complete_repairs(void **state)
{
	struct fixture *f = *state;

	fixture_add(f, 9);
	said[0] = '\0';
	fixture_add(f, 9);
	expect("r9");
	fixture_add(f, 0);
	expect("r0");
	fixture_remove(f, 9);
	expect("p9");
	fixture_add(f, 9);
	expect("u9");
}

static void bad_arguments(void **state)
{
	static const size_t required[] = {
		offsetof(struct cpuslab_workers_ops, create),
		offsetof(struct cpuslab_workers_ops, unpark),
		offsetof(struct cpuslab_workers_ops, park),
		offsetof(struct cpuslab_workers_ops, destroy),
		offsetof(struct cpuslab_workers_ops, wake),
	};
	struct cpuslab_workers_config bad = config;
	struct cpuslab_workers_ops ops;
	struct fixture *f = *state;
	struct cpuslab_workers other;
	uint64_t before = sim_zallocs();
	size_t i;

	assert_int_equal(cpuslab_workers_init(&other, NULL, &config),
			 -CPUSLAB_EINVAL);
	bad.handle = NULL;
	assert_int_equal(cpuslab_workers_init(&other, f->domain, &bad),
			 -CPUSLAB_EINVAL);
	bad = config;
	bad.ops = NULL;
	assert_int_equal(cpuslab_workers_init(&other, f->domain, &bad),
			 -CPUSLAB_EINVAL);
	bad.ops = &ops;
	for (i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		ops = fake_ops;
		memset((char *)&ops + required[i], 0, sizeof(ops.wake));
		assert_int_equal(cpuslab_workers_init(&other, f->domain, &bad),
				 -CPUSLAB_EINVAL);
	}
	bad = config;
	bad.capacity = 3;
	assert_int_equal(cpuslab_workers_init(&other, f->domain, &bad),
			 -CPUSLAB_EINVAL);
	said[0] = '\0';
	refuse = 1;
	assert_int_equal(cpuslab_workers_init(&other, f->domain, &config),
			 -CPUSLAB_EAGAIN);
	expect("c0");
	refuse = 0;
	assert_int_equal(sim_zallocs(), before);
}

/* 1 may have been offline, unnoticed. */
static void a_resync_repairs(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	sim_cpu_set_available(0, false);
	said[0] = '\0';
	assert_int_equal(cpuslab_domain_resync(f->domain), CPUSLAB_OK);
	expect("r1 c2 u2 c3 u3 p0");
	sim_cpu_set_available(0, true);
	assert_int_equal(cpuslab_domain_resync(f->domain), CPUSLAB_OK);
	expect("u0 r1 r2 r3");
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 9), CPUSLAB_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORKERS_TEST(one_for_each_cpu),
		WORKERS_TEST(one_that_cannot_be_created),
		WORKERS_TEST(messages_are_handled_there),
		WORKERS_TEST(work_moves_when_the_cpu_is_removed),
		WORKERS_TEST(a_busy_worker_takes_undelivered_messages),
		WORKERS_TEST(without_a_cpu_it_waits),
		WORKERS_TEST(what_is_left_is_handed_back),
		WORKERS_TEST(removed_at_every_point_of_a_send),
		WORKERS_TEST(a_busy_worker_is_not_woken),
		WORKERS_TEST(a_send_at_every_point_of_a_look),
		WORKERS_TEST(a_look_at_every_point_of_a_send),
		WORKERS_TEST(removed_at_every_point_of_a_look),
		WORKERS_TEST(removed_at_every_point_of_the_only_look),
		WORKERS_TEST(a_resync_repairs),
		WORKERS_TEST(a_repeated_complete_repairs),
		WORKERS_TEST(bad_arguments),
	};

	return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
