/* SPDX-License-Identifier: MIT */
/*
 * unit_busy.c - what happens while a worker is in a handler that takes long:
 * its CPU is removed and returns, and others handle what is undelivered.
 */
#include "workers/unit_fake.h"

static void (*inside)(struct fixture *f); /* called by the handler of 100 */
static struct fixture *inside_fixture;

static void on_message_long(void *arg, uint32_t cpu,
			    const struct cpuslab_message *message)
{
	on_message(arg, cpu, message);
	if (message->word[0] == 100)
		inside(inside_fixture);
}

/* Send 100 to @cpu and let its worker handle that. */
static void be_inside(struct fixture *f, uint32_t cpu,
		      void (*call)(struct fixture *f))
{
	inside = call;
	inside_fixture = f;
	workers.config.handle = on_message_long;
	assert_int_equal(cpuslab_workers_work(&workers, cpu), CPUSLAB_OK);
	assert_int_equal(handled_by[100], cpu);
	workers.config.handle = on_message;
}

/* Let each worker that was woken handle one message. */
static void pump_once(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < FIXTURE_LIMIT; cpu++) {
		if (!fakes[cpu].runs || !fakes[cpu].woken)
			continue;
		fakes[cpu].woken = false;
		cpuslab_workers_work(&workers, cpu);
	}
}

static void remove_and_return_nine(struct fixture *f)
{
	uint32_t i;

	said[0] = '\0';
	fixture_remove(f, 9);
	expect("p9");
	pump();
	for (i = 1; i < 4; i++)
		assert_int_equal(handled_by[i], 0);
	fixture_add(f, 9);
	expect("u9");
	assert_int_equal(send(9, 4), CPUSLAB_OK);
}

/* Nobody waits for a worker that is busy. It goes on when its CPU is back. */
static void removed_and_back_in_a_handler(void **state)
{
	struct fixture *f = *state;
	uint32_t i;

	fixture_add(f, 9);
	pump();
	assert_int_equal(send(9, 100), CPUSLAB_OK);
	for (i = 1; i < 4; i++)
		assert_int_equal(send(9, i), CPUSLAB_OK);
	be_inside(f, 9, remove_and_return_nine);
	for (i = 1; i < 4; i++)
		assert_int_equal(handled[i], 1);
	assert_int_equal(handled[4], 0);
	pump();
	assert_int_equal(handled_by[4], 9);
	assert_int_equal(handled[4], 1);
}

static void remove_nine_beside_zero(struct fixture *f)
{
	fakes[0].woken = false;
	fixture_remove(f, 9);
	assert_false(fakes[0].woken);
	pump();
	assert_int_equal(handled_by[1], 1);
}

static void remove_ten_beside_zero(struct fixture *f)
{
	fixture_remove(f, 10);
	fakes[0].woken = false;
	pump_once();
	assert_int_equal(handled_by[1], 1);
	/* 1 takes one message, and leaves the next to another worker. */
	assert_int_equal(handled[2], 1);
	assert_int_equal(handled_by[2], 9);
}

/* Undelivered messages do not wait for a busy worker if another one sleeps. */
static void an_idle_worker_takes_them(void **state)
{
	struct fixture *f = *state;

	fixture_add(f, 9);
	fixture_add(f, 10);
	pump();
	assert_int_equal(send(9, 1), CPUSLAB_OK);
	assert_int_equal(send(0, 100), CPUSLAB_OK);
	fakes[9].woken = false;
	be_inside(f, 0, remove_nine_beside_zero);
	fixture_add(f, 9);
	pump();
	assert_int_equal(send(10, 1), CPUSLAB_OK);
	assert_int_equal(send(10, 2), CPUSLAB_OK);
	assert_int_equal(send(0, 100), CPUSLAB_OK);
	handled[2] = 0;
	be_inside(f, 0, remove_ten_beside_zero);
}

static void receive_at_last(void *arg)
{
	(void)arg;
	cpuslab_workers_work(&workers, 9);
}

/*
 * A worker that has to park looks once more, at each point of another's look:
 * what it takes, and what it leaves, is handled.
 */
static void a_last_look_at_every_point_of_a_look(void **state)
{
	struct fixture *f = *state;
	unsigned int left = 0;
	uint64_t k;

	for (k = 1; !left; k++) {
		fixture_add(f, 9);
		fixture_add(f, 10);
		pump();
		handled[5] = handled[6] = 0;
		assert_int_equal(send(10, 5), CPUSLAB_OK);
		assert_int_equal(send(10, 6), CPUSLAB_OK);
		fixture_remove(f, 10);
		fixture_remove(f, 9);
		sim_other_at(k, 3, receive_at_last, NULL);
		cpuslab_workers_work(&workers, 0);
		left = sim_at_cancel();
		pump();
		assert_int_equal(handled[5] + handled[6], 2);
	}
	assert_true(k > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORKERS_TEST(removed_and_back_in_a_handler),
		WORKERS_TEST(an_idle_worker_takes_them),
		WORKERS_TEST(a_last_look_at_every_point_of_a_look),
	};

	return cmocka_run_group_tests_name("workers that are busy", tests, NULL,
					   NULL);
}
