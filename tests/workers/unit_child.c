/* SPDX-License-Identifier: MIT */
/*
 * unit_child.c - a forked child has no workers, and no callback of the set is
 * called there, whatever is done with its CPUs.
 */
#include "workers/unit_fake.h"

static void child_begin(void)
{
	pump();
	assert_int_equal(send(1, 1), CPUSLAB_OK);
	said[0] = '\0';
	sim_fork();
}

/* Replace the parent's set by one of the child. */
static void child_renews(struct fixture *f)
{
	cpuslab_workers_fini(&workers);
	expect("");
	assert_int_equal(left_over, 0);
	memset(fakes, 0, sizeof(fakes));
	assert_int_equal(cpuslab_workers_init(&workers, f->domain, &config),
			 CPUSLAB_OK);
}

static void a_child_has_no_workers(void **state)
{
	struct fixture *f = *state;

	child_begin();
	assert_int_equal(send(1, 2), -CPUSLAB_ENOENT);
	assert_int_equal(send(9, 3), -CPUSLAB_ENOENT);
	assert_int_equal(cpuslab_workers_flush(&workers, 1, CPUSLAB_NO_TIMEOUT),
			 -CPUSLAB_ENOENT);
	/* Its parent's worker handles the message that was sent before. */
	assert_int_equal(cpuslab_workers_work(&workers, 1), CPUSLAB_EMPTY);
	assert_int_equal(handled[1], 0);
	fixture_remove(f, 1);
	fixture_add(f, 1);
	fixture_add(f, 9);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 20), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 20), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_complete(f->domain, 9), CPUSLAB_OK);
	assert_int_equal(send(1, 4), -CPUSLAB_ENOENT);
	expect("");
	child_renews(f);
}

/* A start whose failure comes in the child. */
static void a_child_of_a_started_cpu(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cpuslab_domain_add_start(f->domain, 20), CPUSLAB_OK);
	child_begin();
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 20), CPUSLAB_OK);
	expect("");
	child_renews(f);
}

static void a_child_makes_a_set_of_its_own(void **state)
{
	struct fixture *f = *state;

	child_begin();
	child_renews(f);
	expect("c0 c1 u0 u1");
	assert_int_equal(send(1, 5), CPUSLAB_OK);
	pump();
	assert_int_equal(handled[5], 1);
	assert_int_equal(handled[1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORKERS_TEST(a_child_has_no_workers),
		WORKERS_TEST(a_child_of_a_started_cpu),
		WORKERS_TEST(a_child_makes_a_set_of_its_own),
	};

	return cmocka_run_group_tests_name("workers in a forked child", tests,
					   NULL, NULL);
}
