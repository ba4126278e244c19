/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

#include <stdio.h>
#include <string.h>

#define STEPS 3u

/* What the steps were told: "p0:9" is prepare of step 0 for CPU 9. */
static char said[4096];
static int refuses[STEPS]; /* what prepare says, 0 at first */
static struct cpuslab_follower follower;

static void say(char what, const void *arg, uint32_t cpu)
{
	size_t length = strlen(said);

	snprintf(said + length, sizeof(said) - length, "%s%c%u:%u",
		 length ? " " : "", what,
		 (unsigned int)((const int *)arg - refuses), (unsigned int)cpu);
}

static int on_prepare(void *arg, uint32_t cpu)
{
	say('p', arg, cpu);
	return *(const int *)arg;
}

static void on_commit(void *arg, uint32_t cpu)
{
	say('c', arg, cpu);
}

static void on_undo(void *arg, uint32_t cpu)
{
	say('u', arg, cpu);
}

static void on_leave(void *arg, uint32_t cpu)
{
	say('l', arg, cpu);
}

#define STEP(number, title)                                                    \
	{                                                                      \
		.name = (title), .arg = &refuses[number],                      \
		.prepare = on_prepare, .commit = on_commit, .undo = on_undo,   \
		.leave = on_leave                                              \
	}

static const struct cpuslab_follower_step steps[STEPS] = {
	STEP(0, "queues"),
	STEP(1, "interrupts"),
	STEP(2, "workers"),
};

/* What has been said since the last time. */
static void expect(const char *what)
{
	assert_string_equal(said, what);
	said[0] = '\0';
}

static int follower_setup(void **state)
{
	struct fixture *f;

	if (fixture_setup(state))
		return -1;
	f = *state;
	said[0] = '\0';
	memset(refuses, 0, sizeof(refuses));
	/* Two CPUs are enough to see an order. */
	fixture_remove(f, 1);
	fixture_remove(f, 2);
	return cpuslab_follower_init(&follower, f->domain, steps, STEPS);
}

static int follower_teardown(void **state)
{
	cpuslab_follower_fini(&follower);
	return fixture_teardown(state);
}

#define BEGUN "p0:0 p1:0 p2:0 p0:3 p1:3 p2:3 c0:0 c1:0 c2:0 c0:3 c1:3 c2:3"

static void who_is_there_is_shown(void **state)
{
	(void)state;
	expect(BEGUN);
	assert_null(cpuslab_follower_refused(&follower));
}

static void in_order_and_back(void **state)
{
	struct fixture *f = *state;

	expect(BEGUN);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	expect("p0:9 p1:9 p2:9");
	assert_int_equal(cpuslab_domain_add_complete(f->domain, 9), CPUSLAB_OK);
	expect("c0:9 c1:9 c2:9");
	fixture_remove(f, 9);
	expect("l2:9 l1:9 l0:9");
	fixture_remove(f, 9);
	expect("");
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	expect("p0:9 p1:9 p2:9");
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 9), CPUSLAB_OK);
	expect("u2:9 u1:9 u0:9");
}

static void a_refusal_is_undone_exactly(void **state)
{
	static const char *const undone[STEPS] = { "p0:9", "p0:9 p1:9 u0:9",
						   "p0:9 p1:9 p2:9 u1:9 u0:9" };
	struct fixture *f = *state;
	uint32_t i;

	expect(BEGUN);
	for (i = 0; i < STEPS; i++) {
		refuses[i] = -CPUSLAB_EAGAIN;
		assert_int_equal(cpuslab_domain_add_start(f->domain, 9),
				 -CPUSLAB_EAGAIN);
		expect(undone[i]);
		assert_string_equal(cpuslab_follower_refused(&follower),
				    steps[i].name);
		assert_non_null(sim_log_find(steps[i].name));
		assert_false(fixture_online(f, 9));
		refuses[i] = 0;
	}
	/* A positive outcome is no refusal. */
	refuses[1] = CPUSLAB_PARTIAL;
	fixture_add(f, 9);
	expect("p0:9 p1:9 p2:9 c0:9 c1:9 c2:9");
}

static int refuse_always(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	return cpu == 9 ? -CPUSLAB_ENOMEM : CPUSLAB_OK;
}

/* Another client refuses: this one is undone, too. */
static void somebody_else_refuses(void **state)
{
	static const struct cpuslab_client_ops ops = { .start = refuse_always };
	struct cpuslab_client client = { .ops = &ops, .name = "other" };
	struct fixture *f = *state;

	expect(BEGUN);
	assert_int_equal(cpuslab_client_init(&client, f->domain), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9),
			 -CPUSLAB_ENOMEM);
	expect("p0:9 p1:9 p2:9 u2:9 u1:9 u0:9");
	cpuslab_client_fini(&client);
}

/* A refusal of who is there already: nothing stays. */
static void refused_at_init(void **state)
{
	struct cpuslab_follower other;
	struct fixture *f = *state;
	uint64_t before = sim_zallocs();

	expect(BEGUN);
	refuses[2] = -CPUSLAB_EINVAL;
	assert_int_equal(cpuslab_follower_init(&other, f->domain, steps, STEPS),
			 -CPUSLAB_EINVAL);
	refuses[2] = 0;
	expect("p0:0 p1:0 p2:0 u1:0 u0:0");
	assert_int_equal(sim_zallocs(), before);
	sim_fail_alloc_at(1);
	assert_int_equal(cpuslab_follower_init(&other, f->domain, steps, STEPS),
			 -CPUSLAB_ENOMEM);
	expect("");
}

static void down_in_reverse(void **state)
{
	struct cpuslab_follower other;
	struct fixture *f = *state;

	expect(BEGUN);
	assert_int_equal(cpuslab_follower_init(&other, f->domain, steps, STEPS),
			 CPUSLAB_OK);
	expect(BEGUN);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	expect("p0:9 p1:9 p2:9 p0:9 p1:9 p2:9");
	cpuslab_follower_fini(&other);
	expect("u2:9 u1:9 u0:9 l2:3 l1:3 l0:3 l2:0 l1:0 l0:0");
}

static void bad_arguments(void **state)
{
	static const struct cpuslab_follower_step nameless[2] = {
		{ .name = "named" }, { .prepare = on_prepare }
	};
	struct cpuslab_follower other;
	struct fixture *f = *state;

	assert_int_equal(cpuslab_follower_init(&other, NULL, steps, STEPS),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_follower_init(&other, f->domain, NULL, 1),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_follower_init(&other, f->domain, steps, 0),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_follower_init(&other, f->domain, nameless, 2),
			 -CPUSLAB_EINVAL);
	/* No callback has to be there. */
	assert_int_equal(cpuslab_follower_init(&other, f->domain, nameless, 1),
			 CPUSLAB_OK);
	fixture_add(f, 9);
	fixture_remove(f, 9);
	cpuslab_follower_fini(&other);
}

#define FOLLOWER_TEST(test)                                                    \
	{                                                                      \
#test, test, follower_setup, follower_teardown, &fixture_rseq  \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLLOWER_TEST(who_is_there_is_shown),
		FOLLOWER_TEST(in_order_and_back),
		FOLLOWER_TEST(a_refusal_is_undone_exactly),
		FOLLOWER_TEST(somebody_else_refuses),
		FOLLOWER_TEST(refused_at_init),
		FOLLOWER_TEST(down_in_reverse),
		FOLLOWER_TEST(bad_arguments),
	};

	return cmocka_run_group_tests_name("follower", tests, NULL, NULL);
}
