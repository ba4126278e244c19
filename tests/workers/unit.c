/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

#include <stdio.h>
#include <string.h>

/* Workers that run when the test lets them. */
static struct fake_worker {
	bool exists, runs, woken;
} fakes[FIXTURE_LIMIT];

static struct cpuslab_workers workers;
static char said[4096]; /* the calls of callbacks, as "c9 u9 p9 d9" */
static uint32_t refuse;
static uint64_t handled[1000], handled_by[1000];
static uint32_t left_over;
static const char *failed;

static void say(char what, uint32_t cpu)
{
	size_t length = strlen(said);

	snprintf(said + length, sizeof(said) - length, "%s%c%u",
		 length ? " " : "", what, (unsigned int)cpu);
}

static void expect(const char *what)
{
	assert_string_equal(said, what);
	said[0] = '\0';
}

static struct fake_worker *fake_of(struct cpuslab_workers *of, uint32_t cpu,
				   void *worker)
{
	if (of != &workers || worker != &fakes[cpu] || !fakes[cpu].exists)
		failed = "a callback for a worker that does not exist";
	return &fakes[cpu];
}

static int fake_create(struct cpuslab_workers *of, uint32_t cpu, void **worker)
{
	(void)of;
	say('c', cpu);
	if (refuse)
		return -CPUSLAB_EAGAIN;
	if (fakes[cpu].exists)
		failed = "created twice";
	fakes[cpu].exists = true;
	*worker = &fakes[cpu];
	return CPUSLAB_OK;
}

static void fake_unpark(struct cpuslab_workers *of, uint32_t cpu, void *worker)
{
	struct fake_worker *fake = fake_of(of, cpu, worker);

	say('u', cpu);
	if (fake->runs)
		failed = "unparked twice";
	fake->runs = fake->woken = true;
}

static void fake_park(struct cpuslab_workers *of, uint32_t cpu, void *worker)
{
	struct fake_worker *fake = fake_of(of, cpu, worker);

	say('p', cpu);
	if (!fake->runs)
		failed = "parked twice";
	fake->runs = false;
}

static void fake_destroy(struct cpuslab_workers *of, uint32_t cpu, void *worker)
{
	struct fake_worker *fake = fake_of(of, cpu, worker);

	say('d', cpu);
	if (fake->runs)
		failed = "destroyed while it runs";
	fake->exists = false;
}

static void fake_wake(struct cpuslab_workers *of, uint32_t cpu, void *worker)
{
	fake_of(of, cpu, worker)->woken = true;
}

static void fake_repair(struct cpuslab_workers *of, uint32_t cpu, void *worker)
{
	if (!fake_of(of, cpu, worker)->runs)
		failed = "called for a CPU that does not run";
	say('r', cpu);
}

static const struct cpuslab_workers_ops fake_ops = {
	.create = fake_create,
	.unpark = fake_unpark,
	.park = fake_park,
	.destroy = fake_destroy,
	.wake = fake_wake,
	.repair = fake_repair,
};

static void on_message(void *arg, uint32_t cpu,
		       const struct cpuslab_message *message)
{
	if (arg != fakes || message->word[0] >= 1000) {
		failed = "a message that was not sent";
		return;
	}
	if (!fakes[cpu].runs)
		failed = "handled by a worker that does not run";
	handled[message->word[0]]++;
	handled_by[message->word[0]] = cpu;
}

static void on_unhandled(void *arg, const struct cpuslab_message *message)
{
	(void)arg;
	handled[message->word[0]]++;
	left_over++;
}

static const struct cpuslab_workers_config config = {
	.ops = &fake_ops,
	.handle = on_message,
	.unhandled = on_unhandled,
	.arg = fakes,
	.capacity = 8,
};

static int workers_setup(void **state)
{
	struct fixture *f;
	uint32_t cpu;

	if (fixture_setup(state))
		return -1;
	f = *state;
	memset(fakes, 0, sizeof(fakes));
	memset(handled, 0, sizeof(handled));
	said[0] = '\0';
	failed = NULL;
	refuse = left_over = 0;
	for (cpu = 2; cpu < FIXTURE_AVAILABLE; cpu++)
		fixture_remove(f, cpu);
	return cpuslab_workers_init(&workers, f->domain, &config);
}

static int workers_teardown(void **state)
{
	uint32_t cpu;

	cpuslab_workers_fini(&workers);
	assert_null(failed);
	for (cpu = 0; cpu < FIXTURE_LIMIT; cpu++)
		assert_false(fakes[cpu].exists);
	return fixture_teardown(state);
}

static int send(uint32_t cpu, uint64_t number)
{
	const struct cpuslab_message message = { { number, 0, 0 } };

	return cpuslab_workers_send(&workers, cpu, &message);
}

/* Let all workers that were woken work until none is awake. */
static void pump(void)
{
	bool again = true;
	uint32_t cpu;

	while (again) {
		again = false;
		for (cpu = 0; cpu < FIXTURE_LIMIT; cpu++) {
			if (!fakes[cpu].runs || !fakes[cpu].woken)
				continue;
			fakes[cpu].woken = false;
			again = true;
			while (!cpuslab_workers_work(&workers, cpu))
				continue;
		}
	}
	assert_null(failed);
}

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

static void removed_at_every_point_of_a_send(void **state)
{
	struct fixture *f = *state;
	unsigned int left = 0;
	uint64_t k;

	for (k = 1; !left; k++) {
		int result;

		fixture_add(f, 9);
		pump();
		handled[5] = 0;
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
	struct cpuslab_workers_config bad = config;
	struct cpuslab_workers_ops ops = fake_ops;
	struct fixture *f = *state;
	struct cpuslab_workers other;
	uint64_t before = sim_zallocs();

	assert_int_equal(cpuslab_workers_init(&other, NULL, &config),
			 -CPUSLAB_EINVAL);
	bad.handle = NULL;
	assert_int_equal(cpuslab_workers_init(&other, f->domain, &bad),
			 -CPUSLAB_EINVAL);
	bad = config;
	bad.ops = &ops;
	ops.wake = NULL;
	assert_int_equal(cpuslab_workers_init(&other, f->domain, &bad),
			 -CPUSLAB_EINVAL);
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

#define WORKERS_TEST(test)                                                     \
	{                                                                      \
#test, test, workers_setup, workers_teardown, &fixture_rseq    \
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
		WORKERS_TEST(removed_at_every_point_of_a_look),
		WORKERS_TEST(a_resync_repairs),
		WORKERS_TEST(a_repeated_complete_repairs),
		WORKERS_TEST(bad_arguments),
	};

	return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
