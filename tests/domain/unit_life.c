/* SPDX-License-Identifier: MIT */
/* How domains are created and destroyed. */
#include "fixture/fixture.h"
#include "fixture/recorder.h"

static struct fixture_config domain_retain = {
	.domain_flags = CPUSLAB_DOMAIN_RETAIN,
	.no_slab = true,
};

static struct fixture_config domain_empty = {
	.domain_flags = CPUSLAB_DOMAIN_START_EMPTY,
	.no_slab = true,
};

static void a_domain_has_a_name_a_limit_and_flags(void **state)
{
	const struct cpuslab_domain_config configs[] = {
		{ 0, NULL, 0, 0 },
		{ 0, "a", 1, CPUSLAB_DOMAIN_RETAIN },
		{ 0, "b", 63, CPUSLAB_DOMAIN_ADMIT_EARLY },
		{ 0, "c", 64, 0 },
		{ 0, "d", 65, CPUSLAB_DOMAIN_START_EMPTY },
		{ 0, "e", UINT32_MAX, 0 },
	};
	static const uint32_t limits[] = { 64, 1, 63, 64, 64, 64 };
	struct cpuslab_domain *domain;
	size_t i;

	(void)state;
	for (i = 0; i < 6; i++) {
		assert_int_equal(cpuslab_domain_create(&domain, &configs[i]),
				 CPUSLAB_OK);
		assert_int_equal(cpuslab_domain_limit(domain), limits[i]);
		assert_int_equal(cpuslab_domain_flags(domain),
				 configs[i].flags);
		assert_string_equal(cpuslab_domain_name(domain),
				    configs[i].name ? configs[i].name :
						      "cpuslab");
		assert_int_equal(cpuslab_domain_check(domain), CPUSLAB_OK);
		cpuslab_domain_destroy(domain);
	}
	cpuslab_domain_destroy(NULL);
}

static void a_domain_may_have_all_defaults(void **state)
{
	struct fixture f = { 0 };

	(void)state;
	assert_int_equal(cpuslab_domain_create(&f.domain, NULL), CPUSLAB_OK);
	assert_int_equal(fixture_online_count(&f), FIXTURE_AVAILABLE);
	assert_int_equal(cpuslab_domain_ignored(f.domain), 0);
	cpuslab_domain_destroy(f.domain);
}

static void unknown_flags_are_refused(void **state)
{
	const struct cpuslab_domain_config config = { .flags = 1u << 3 };
	struct cpuslab_domain *domain = NULL;

	(void)state;
	assert_int_equal(cpuslab_domain_create(&domain, &config),
			 -CPUSLAB_EINVAL);
	assert_null(domain);
	assert_int_equal(sim_allocs(), 0);
}

static void a_name_is_copied(void **state)
{
	char name[] = "mine";
	const struct cpuslab_domain_config config = { .name = name };
	struct cpuslab_domain *domain;

	(void)state;
	assert_int_equal(cpuslab_domain_create(&domain, &config), CPUSLAB_OK);
	name[0] = 'X';
	assert_string_equal(cpuslab_domain_name(domain), "mine");
	cpuslab_domain_destroy(domain);
}

static void a_domain_may_start_empty(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_online_count(f), 0);
	fixture_add(f, 7);
	assert_int_equal(fixture_online_count(f), 1);
}

static void a_smaller_limit_leaves_cpus_out(void **state)
{
	const struct cpuslab_domain_config config = { .limit = 2 };
	struct fixture f = { 0 };

	(void)state;
	assert_int_equal(cpuslab_domain_create(&f.domain, &config), CPUSLAB_OK);
	assert_int_equal(fixture_online_count(&f), 2);
	assert_int_equal(cpuslab_domain_add_start(f.domain, 2),
			 -CPUSLAB_ERANGE);
	cpuslab_domain_destroy(f.domain);
}

static void a_system_that_cannot_say_fails_creation(void **state)
{
	struct cpuslab_domain *domain = NULL;

	(void)state;
	sim_available_result(-CPUSLAB_EACCES);
	assert_int_equal(cpuslab_domain_create(&domain, NULL), -CPUSLAB_EACCES);
	assert_null(domain);
}

static void clients_left_are_reported(void **state)
{
	struct cpuslab_domain *domain;
	struct recorder left;

	(void)state;
	recorder_init(&left, "forgotten");
	assert_int_equal(cpuslab_domain_create(&domain, NULL), CPUSLAB_OK);
	assert_int_equal(cpuslab_client_init(&left.client, domain), CPUSLAB_OK);
	cpuslab_domain_destroy(domain);
	assert_non_null(sim_log_find("forgotten"));
	cpuslab_client_fini(&left.client); /* does nothing */
}

static void an_allocation_of_creation_fails(void **state)
{
	struct cpuslab_domain *domain = NULL;
	uint64_t n;
	int err;

	(void)state;
	for (n = 1;; n++) {
		sim_fail_alloc_at(n);
		err = cpuslab_domain_create(&domain, NULL);
		sim_fail_alloc_at(0);
		if (!err)
			break;
		assert_int_equal(err, -CPUSLAB_ENOMEM);
		assert_null(domain);
		sim_quiesce();
		assert_int_equal(sim_zallocs(), 0);
	}
	assert_true(n > 4);
	cpuslab_domain_destroy(domain);
}

/* The masks that changes replaced, and those for absent CPUs to return. */
static void memory_follows_the_cpus(void **state)
{
	struct fixture *f = *state;
	uint64_t before = sim_zallocs(), at_peak;
	uint32_t cpu;

	for (cpu = 8; cpu < 60; cpu++)
		assert_int_equal(cpuslab_domain_add_complete(f->domain, cpu),
				 CPUSLAB_OK);
	at_peak = sim_zallocs();
	assert_true(at_peak > before + 50);
	for (cpu = 8; cpu < 60; cpu++) {
		assert_int_equal(cpuslab_domain_remove(f->domain, cpu),
				 CPUSLAB_OK);
		sim_quiesce();
	}
	assert_true(sim_zallocs() <= at_peak + 4);
	cpuslab_domain_trim(f->domain, 0);
	sim_quiesce();
	cpuslab_domain_trim(f->domain, 0);
	assert_true(sim_zallocs() <= before + 4);
}

/* A caller that passes a bad CPU number will keep doing so. */
static void an_unknown_number_is_logged_once(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cpuslab_domain_remove(f->domain, FIXTURE_LIMIT),
			 -CPUSLAB_ERANGE);
	assert_non_null(sim_log_find("its limit excludes CPU"));
	sim_log_clear();
	assert_int_equal(cpuslab_domain_remove(f->domain, FIXTURE_LIMIT),
			 -CPUSLAB_ERANGE);
	assert_null(sim_log_find("its limit excludes CPU"));
}

/* What readers may have is not freed; the program may try again. */
static void a_domain_is_destroyed_once_a_grace_period_ends(void **state)
{
	struct fixture *f = *state;
	struct recorder left;

	recorder_init(&left, "forgotten");
	assert_int_equal(cpuslab_client_init(&left.client, f->domain),
			 CPUSLAB_OK);
	fixture_add(f, 9);
	fixture_remove(f, 9);
	sim_rcu_stall(true);
	cpuslab_domain_destroy(f->domain);
	/* The first try has unregistered it. */
	memset(&left, 0xff, sizeof(left));
	assert_non_null(sim_log_find("not freed: no grace period ends"));
	assert_int_equal(cpuslab_domain_check(f->domain), CPUSLAB_OK);
	sim_rcu_stall(false);
	cpuslab_domain_destroy(f->domain);
	f->domain = NULL;
}

/* Without a mask to publish a removal fails, and changes nothing. */
static void a_removal_without_memory(void **state)
{
	struct fixture *f = *state;
	uint32_t cpu, left = FIXTURE_AVAILABLE;
	int err = CPUSLAB_OK;

	sim_fail_alloc_from(1);
	for (cpu = FIXTURE_AVAILABLE; cpu-- && !err;) {
		err = cpuslab_domain_remove(f->domain, cpu);
		left -= !err;
		assert_int_equal(fixture_online_count(f), left);
		assert_int_equal(cpuslab_domain_check(f->domain), CPUSLAB_OK);
	}
	assert_int_equal(err, -CPUSLAB_ENOMEM);
	assert_int_equal(cpuslab_domain_remove(f->domain, left - 1),
			 -CPUSLAB_ENOMEM);
	sim_fail_alloc_from(0);
	fixture_remove(f, left - 1);
	assert_int_equal(fixture_online_count(f), left - 1);
}

/* 65534 and 65535 are what an unregistered thread takes for its CPU. */
static void a_limit_beyond_16_bits_is_refused(void **state)
{
	const struct sim_config too_many = { .limit = 65535, .quiet = true };
	const struct cpuslab_domain_config fewer = { .limit = 65534 };
	struct cpuslab_domain *domain = NULL;

	(void)state;
	assert_int_equal(sim_init(&too_many), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_create(&domain, NULL), -CPUSLAB_ERANGE);
	assert_null(domain);
	assert_int_equal(cpuslab_domain_create(&domain, &fewer), CPUSLAB_OK);
	cpuslab_domain_destroy(domain);
	assert_int_equal(sim_fini(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_limit_beyond_16_bits_is_refused),
		FIXTURE_NO_DOMAIN(a_domain_has_a_name_a_limit_and_flags),
		FIXTURE_NO_DOMAIN(a_domain_may_have_all_defaults),
		FIXTURE_NO_DOMAIN(unknown_flags_are_refused),
		FIXTURE_NO_DOMAIN(a_name_is_copied),
		FIXTURE_TEST(a_domain_may_start_empty, domain_empty),
		FIXTURE_NO_DOMAIN(a_smaller_limit_leaves_cpus_out),
		FIXTURE_NO_DOMAIN(a_system_that_cannot_say_fails_creation),
		FIXTURE_NO_DOMAIN(clients_left_are_reported),
		FIXTURE_NO_DOMAIN(an_allocation_of_creation_fails),
		FIXTURE_NO_SLAB(memory_follows_the_cpus),
		FIXTURE_TEST(memory_follows_the_cpus, domain_retain),
		FIXTURE_NO_SLAB(an_unknown_number_is_logged_once),
		FIXTURE_NO_SLAB(a_domain_is_destroyed_once_a_grace_period_ends),
		FIXTURE_NO_SLAB(a_removal_without_memory),
	};

	return cmocka_run_group_tests_name("domain life", tests, NULL, NULL);
}
