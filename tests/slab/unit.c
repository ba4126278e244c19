/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

static struct cpuslab_slab *slab_none;

static int slab_try(struct fixture *f, size_t bytes, uint32_t flags)
{
	const struct cpuslab_slab_config config = {
		.block_bytes = bytes,
		.flags = flags,
	};
	struct cpuslab_slab *slab = NULL;
	int err = cpuslab_slab_create(&slab, f->domain, &config);

	assert_int_equal(!slab, err != CPUSLAB_OK);
	cpuslab_slab_destroy(slab);
	return err;
}

static void block_sizes(void **state)
{
	struct fixture *f = *state;
	size_t page = cpuslab_port_page_size(), bytes;

	for (bytes = page; bytes <= (size_t)1 << 30; bytes *= 2)
		assert_int_equal(slab_try(f, bytes, 0), CPUSLAB_OK);
	assert_int_equal(slab_try(f, 0, 0), CPUSLAB_OK);
}

static void bad_block_sizes_are_refused(void **state)
{
	struct fixture *f = *state;
	const size_t bad[] = { 1,
			       8,
			       cpuslab_port_page_size() / 2,
			       cpuslab_port_page_size() + 8,
			       65537,
			       (size_t)3 << 16,
			       (size_t)1 << 31,
			       SIZE_MAX / 2 + 1,
			       SIZE_MAX };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(slab_try(f, bad[i], 0), -CPUSLAB_EINVAL);
}

static void unknown_flags_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(slab_try(f, 0, CPUSLAB_SLAB_RETAIN), CPUSLAB_OK);
	assert_int_equal(slab_try(f, 0, CPUSLAB_SLAB_PERCID), CPUSLAB_OK);
	assert_int_equal(slab_try(f, 0, CPUSLAB_SLAB_ACCOUNT), CPUSLAB_OK);
	assert_int_equal(slab_try(f, 0, 8), -CPUSLAB_EINVAL);
	assert_int_equal(slab_try(f, 0, 1u << 31), -CPUSLAB_EINVAL);
}

static void a_slab_may_have_all_defaults(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cpuslab_slab_create(&f->slab, f->domain, NULL),
			 CPUSLAB_OK);
	assert_string_equal(fixture_stats(f).name, "slab");
}

static void a_name_is_copied(void **state)
{
	char name[] = "mine";
	const struct cpuslab_slab_config config = { .name = name };
	struct fixture *f = *state;

	assert_int_equal(cpuslab_slab_create(&f->slab, f->domain, &config),
			 CPUSLAB_OK);
	name[0] = 'X';
	assert_string_equal(fixture_stats(f).name, "mine");
}

static void destroying_nothing(void **state)
{
	(void)state;
	cpuslab_slab_destroy(slab_none);
}

static void an_empty_slab_has_no_block(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cpuslab_slab_create(&f->slab, f->domain, NULL),
			 CPUSLAB_OK);
	assert_int_equal(sim_block_bytes(), 0);
	assert_int_equal(fixture_stats(f).extents, 0);
	fixture_add(f, 9);
	fixture_remove(f, 9);
	assert_int_equal(sim_block_bytes(), 0);
}

static void live_objects_are_reported(void **state)
{
	const struct cpuslab_slab_config config = { .name = "leaky" };
	struct fixture *f = *state;
	struct cpuslab_slab *slab;
	struct cpuslab_percpu handle;

	assert_int_equal(cpuslab_slab_create(&slab, f->domain, &config),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_alloc(slab, &fixture_blob, &handle),
			 CPUSLAB_OK);
	cpuslab_slab_destroy(slab);
	assert_non_null(sim_log_find("leaky"));
	assert_non_null(sim_log_find("fixture_blob"));
	assert_int_equal(sim_block_bytes(), 0);
}

static void no_report_without_a_leak(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_slab *slab;
	struct cpuslab_percpu handle;

	assert_int_equal(cpuslab_slab_create(&slab, f->domain, NULL),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_alloc(slab, &fixture_blob, &handle),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_free(slab, &handle), CPUSLAB_OK);
	cpuslab_slab_destroy(slab);
	assert_null(sim_log_find("live object"));
}

static void objects_given_to_rcu_are_no_leak(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_slab *slab;
	struct cpuslab_percpu handle;
	int i;

	assert_int_equal(cpuslab_slab_create(&slab, f->domain, NULL),
			 CPUSLAB_OK);
	for (i = 0; i < 5; i++) {
		assert_int_equal(cpuslab_alloc(slab, &fixture_blob, &handle),
				 CPUSLAB_OK);
		assert_int_equal(cpuslab_free_rcu(slab, &handle), CPUSLAB_OK);
	}
	cpuslab_slab_destroy(slab);
	assert_null(sim_log_find("live object"));
}

static void an_allocation_of_creation_fails(void **state)
{
	struct fixture *f = *state;
	uint64_t n, zallocs = sim_zallocs();
	int err;

	for (n = 1;; n++) {
		sim_fail_alloc_at(n);
		err = cpuslab_slab_create(&f->slab, f->domain, NULL);
		sim_fail_alloc_at(0);
		if (!err)
			break;
		assert_int_equal(err, -CPUSLAB_ENOMEM);
		assert_null(f->slab);
		assert_int_equal(sim_zallocs(), zallocs);
	}
	assert_true(n > 3);
}

static void slabs_share_a_domain(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_slab *slabs[5];
	struct cpuslab_percpu handles[5];
	int i;

	for (i = 0; i < 5; i++) {
		assert_int_equal(cpuslab_slab_create(&slabs[i], f->domain,
						     NULL),
				 CPUSLAB_OK);
		assert_int_equal(cpuslab_alloc(slabs[i], &fixture_counter,
					       &handles[i]),
				 CPUSLAB_OK);
	}
	fixture_add(f, 20);
	for (i = 0; i < 5; i++) {
		assert_true(fixture_has(&handles[i], 20));
		fixture_count(&handles[i], 20, 1);
	}
	for (i = 4; i >= 0; i--) {
		assert_int_equal(cpuslab_sum(&handles[i], 0), 1);
		assert_int_equal(cpuslab_free(slabs[i], &handles[i]),
				 CPUSLAB_OK);
		cpuslab_slab_destroy(slabs[i]);
	}
}

/* A slab whose domain was destroyed first still works, and can be destroyed. */
static void the_domain_is_destroyed_first(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_stats stats;
	struct cpuslab_slab *slab;
	struct cpuslab_percpu handle;

	assert_int_equal(cpuslab_slab_create(&slab, f->domain, NULL),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_alloc(slab, &fixture_counter, &handle),
			 CPUSLAB_OK);
	cpuslab_domain_destroy(f->domain);
	f->domain = NULL;
	fixture_count(&handle, 9, 2);
	assert_int_equal(cpuslab_sum(&handle, 0), 2);
	cpuslab_stats_get(slab, &stats);
	assert_string_equal(stats.domain, "");
	assert_int_equal(stats.online, 0);
	assert_int_equal(stats.generation, 0);
	assert_int_equal(stats.limit, FIXTURE_LIMIT);
	assert_int_equal(stats.unannounced, 1);
	assert_int_equal(stats.objects, 1);
	assert_int_equal(cpuslab_free(slab, &handle), CPUSLAB_OK);
	cpuslab_slab_destroy(slab);
}

/* One batch waits for a grace period while another collects. */
static void a_slab_is_destroyed_once_a_grace_period_ends(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 1);

	fixture_remove(f, FIXTURE_CPU);
	sim_quiesce();
	assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_OK);
	fixture_count(&handle, 40, 1); /* unannounced */
	assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_OK);
	assert_int_equal(fixture_stats(f).draining, 2);
	assert_int_equal(cpuslab_sum(&handle, 0), 2);
	fixture_free(f, &handle);
	sim_rcu_stall(true);
	cpuslab_slab_destroy(f->slab);
	assert_non_null(sim_log_find("not freed"));
	sim_rcu_stall(false);
	cpuslab_slab_destroy(f->slab);
	f->slab = NULL;
}

static void trim_refuses_unknown_flags(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cpuslab_slab_trim(f->slab, 2), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_OK);
	assert_int_equal(cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT),
			 CPUSLAB_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_NO_SLAB(block_sizes),
		FIXTURE_NO_SLAB(bad_block_sizes_are_refused),
		FIXTURE_NO_SLAB(unknown_flags_are_refused),
		FIXTURE_NO_SLAB(a_slab_may_have_all_defaults),
		FIXTURE_NO_SLAB(a_name_is_copied),
		FIXTURE_NO_SLAB(destroying_nothing),
		FIXTURE_NO_SLAB(an_empty_slab_has_no_block),
		FIXTURE_NO_SLAB(live_objects_are_reported),
		FIXTURE_NO_SLAB(no_report_without_a_leak),
		FIXTURE_NO_SLAB(objects_given_to_rcu_are_no_leak),
		FIXTURE_NO_SLAB(an_allocation_of_creation_fails),
		FIXTURE_NO_SLAB(slabs_share_a_domain),
		FIXTURE_NO_SLAB(the_domain_is_destroyed_first),
		FIXTURE_RETAIN(a_slab_is_destroyed_once_a_grace_period_ends),
		FIXTURE_BOTH(trim_refuses_unknown_flags),
	};

	return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
