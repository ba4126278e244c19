/* SPDX-License-Identifier: MIT */
/*
 * What a task finds of a box shows it what another task did before: with the
 * memory model a plain access that is not ordered so is a race.
 */
#include "fixture/fixture.h"

#define ORDER_SEEDS 20

static const struct cpuslab_message message = { { 1, 2, 3 } };
static struct cpuslab_mailbox mailbox;
static uint64_t order_data;
static const char *order_failed;

/* There is a message for CPU 1, which is online or was removed. */
static void order_run(struct fixture *f, uint64_t seed, bool online,
		      const struct sim_task *tasks)
{
	const struct fixture_config config = { .seed = seed };

	fixture_begin(f, &config);
	assert_int_equal(cpuslab_mailbox_init(&mailbox, f->domain, 4),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_mailbox_send(&mailbox, 1, &message),
			 CPUSLAB_OK);
	if (!online)
		fixture_remove(f, 1);
	fixture_one_by_one();
	sim_run(tasks, 2);
	assert_null(order_failed);
	cpuslab_mailbox_fini(&mailbox);
	fixture_end(f);
}

/* Add the CPU again, or remove it. */
static void changed_change(void *arg)
{
	struct fixture *f = arg;
	int err;

	sim_order_write(&order_data, sizeof(order_data));
	err = fixture_online(f, 1) ? cpuslab_domain_remove(f->domain, 1) :
				     cpuslab_domain_add_complete(f->domain, 1);
	if (err)
		order_failed = "not changed";
}

static void changed_look(void *is_added)
{
	if (is_added ? cpuslab_mailbox_is_open(&mailbox, 1) :
		       cpuslab_mailbox_next_undelivered(&mailbox, 0) == 1)
		sim_order_read(&order_data, sizeof(order_data));
}

/* A task that finds a box open, or closed, sees what was done before that. */
static void a_box_that_changed_shows_what_was_before(void **state)
{
	struct fixture f;
	const struct sim_task added[] = { { changed_change, &f, 0 },
					  { changed_look, &f, 2 } };
	const struct sim_task removed[] = { { changed_change, &f, 0 },
					    { changed_look, NULL, 2 } };
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= ORDER_SEEDS; seed++) {
		order_run(&f, seed, false, added);
		order_run(&f, seed, true, removed);
	}
}

static void emptied_receive(void *arg)
{
	struct cpuslab_message received;

	(void)arg;
	sim_order_write(&order_data, sizeof(order_data));
	if (cpuslab_mailbox_receive(&mailbox, 1, &received))
		order_failed = "not received";
}

static void emptied_look(void *arg)
{
	(void)arg;
	if (cpuslab_mailbox_next_undelivered(&mailbox, 0) == CPUSLAB_NO_CPU)
		sim_order_read(&order_data, sizeof(order_data));
}

/* A task that finds nothing left sees what was done before the last receive. */
static void an_emptied_box_shows_what_was_before(void **state)
{
	static const struct sim_task tasks[] = { { emptied_receive, NULL, 0 },
						 { emptied_look, NULL, 2 } };
	struct fixture f;
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= ORDER_SEEDS; seed++)
		order_run(&f, seed, false, tasks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_box_that_changed_shows_what_was_before),
		cmocka_unit_test(an_emptied_box_shows_what_was_before),
	};

	return cmocka_run_group_tests_name("mailbox order", tests, NULL, NULL);
}
