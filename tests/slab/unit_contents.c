/* SPDX-License-Identifier: MIT */
/*
 * What an object holds besides counters keeps the block of an absent CPU, if
 * somebody put it there.
 */
#include "fixture/fixture.h"

#include <cpuslab/log.h>

static void other_contents_keep_the_block(void **state)
{
	static const struct cpuslab_type keeper = { .name = "keeper",
						    .size = 16,
						    .counters = 1 };
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &keeper);
	struct cpuslab_stats stats;

	fixture_add(f, 9);
	fixture_count(&handle, 9, 5);
	sim_cpu_set(9);
	assert_int_equal(cpuslab_cmpstore(&handle, 8, 0, 3), CPUSLAB_OK);
	sim_cpu_set(0);
	fixture_remove(f, 9);
	assert_int_equal(cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT),
			 CPUSLAB_RETAINED);
	assert_true(fixture_has(&handle, 9));
	stats = fixture_stats(f);
	assert_string_equal(stats.deferred_by, "keeper");
	assert_non_null(sim_log_find("a release is deferred by keeper"));
	fixture_free(f, &handle);
	assert_int_equal(cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT),
			 CPUSLAB_OK);
	sim_quiesce();
	assert_int_equal(fixture_stats(f).in_use, FIXTURE_AVAILABLE);
}

static void reasons_that_take_turns_are_not_logged_forever(void **state)
{
	static const struct cpuslab_type types[] = {
		{ .name = "keeper", .size = 8 },
		{ .name = "other", .size = 8 },
	};
	struct fixture *f = *state;
	struct cpuslab_percpu handles[2];
	uint32_t i;

	for (i = 0; i < 2; i++) {
		handles[i] = fixture_alloc(f, &types[i]);
		fixture_add(f, 9 + i);
		sim_cpu_set(9 + i);
		assert_int_equal(cpuslab_cmpstore(&handles[i], 0, 0, 3),
				 CPUSLAB_OK);
		sim_cpu_set(0);
		fixture_remove(f, 9 + i);
	}
	for (i = 0; i < 20; i++)
		cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT);
	assert_non_null(sim_log_find("a release is deferred by other"));
	sim_log_clear();
	cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT);
	assert_null(sim_log_find("a release is deferred"));
	fixture_free(f, &handles[0]);
	fixture_free(f, &handles[1]);
}

static int release_construct(void *object, uint32_t cpu, void *arg)
{
	((uint64_t *)object)[1] = 1000 + cpu;
	(void)arg;
	return 0;
}

/* Put something into word @nth, which is not a counter. */
static void release_touched(struct fixture *f,
			    const struct cpuslab_percpu *handle, size_t nth)
{
	uint64_t was;

	fixture_add(f, 9);
	was = fixture_nth_word(handle, 9, nth);
	sim_cpu_set(9);
	assert_int_equal(cpuslab_cmpstore(handle, 8 * nth, was, 3), CPUSLAB_OK);
	sim_cpu_set(0);
	fixture_remove(f, 9);
	assert_int_equal(cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT),
			 CPUSLAB_RETAINED);
	assert_int_equal(fixture_nth_word(handle, 9, nth), 3);
	sim_cpu_set(9);
	assert_int_equal(cpuslab_cmpstore(handle, 8 * nth, 3, was), CPUSLAB_OK);
	sim_cpu_set(0);
}

/* What could hold something, but does not, keeps nothing. */
static void release_untouched(struct fixture *f,
			      const struct cpuslab_type *type)
{
	struct cpuslab_percpu handle = fixture_alloc(f, type);
	struct cpuslab_percpu next = fixture_alloc(f, type);
	uint64_t bytes = sim_block_bytes();

	fixture_add(f, 9);
	fixture_count(&handle, 9, 5);
	fixture_remove(f, 9);
	assert_int_equal(cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT),
			 CPUSLAB_OK);
	sim_quiesce();
	assert_int_equal(sim_block_bytes(), bytes);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	release_touched(f, &handle, 1);
	release_touched(f, &handle, 2);
	assert_int_equal(cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT),
			 CPUSLAB_OK);
	sim_quiesce();
	assert_int_equal(sim_block_bytes(), bytes);
	fixture_free(f, &next);
	fixture_free(f, &handle);
}

static void untouched_contents_do_not_keep_the_block(void **state)
{
	static const uint64_t image[] = { 0, 42, 43 };
	const struct cpuslab_type zeros = { .name = "zeros",
					    .size = 24,
					    .counters = 1 };
	const struct cpuslab_type imaged = { .name = "imaged",
					     .size = sizeof(image),
					     .image = image,
					     .counters = 1 };
	const struct cpuslab_type constructed = {
		.name = "constructed",
		.size = 24,
		.ctor = release_construct,
		.counters = 1,
		.flags = CPUSLAB_TYPE_SIGNAL_SAFE,
	};

	release_untouched(*state, &zeros);
	release_untouched(*state, &imaged);
	release_untouched(*state, &constructed);
}

static void release_put_in(void *arg)
{
	cpuslab_add(arg, 8, 1);
}

/* At any point of the removal, by a thread that is still on the CPU. */
static void contents_put_in_meanwhile_are_kept(void **state)
{
	static const struct cpuslab_type type = { .name = "keeper",
						  .size = 16,
						  .counters = 1 };
	struct fixture *f = *state;
	unsigned int left = 0;
	uint64_t k, found;

	for (k = 1; !left; k++) {
		struct cpuslab_percpu handle = fixture_alloc(f, &type);

		fixture_add(f, 9);
		sim_other_at(k, 9, release_put_in, &handle);
		fixture_remove(f, 9);
		left = sim_at_cancel();
		sim_quiesce();
		found = fixture_nth_word(&handle, CPUSLAB_SHARED, 1);
		if (fixture_has(&handle, 9))
			found += fixture_nth_word(&handle, 9, 1);
		assert_int_equal(found, !left);
		fixture_free(f, &handle);
		assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_OK);
		sim_quiesce();
	}
	assert_true(k > 10);
}

static struct fixture_config contents_early = {
	.domain_flags = CPUSLAB_DOMAIN_ADMIT_EARLY | CPUSLAB_DOMAIN_RETAIN,
};

/* The CPUs were admitted, and a log could hold something. */
static void failed_adds_leave_nothing_with_a_log(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_log log;
	uint32_t cpu, in_use = fixture_stats(f).in_use;
	uint64_t bytes;

	assert_int_equal(cpuslab_log_init(&log, f->slab, 4096), CPUSLAB_OK);
	bytes = sim_block_bytes();
	for (cpu = 10; cpu < 17; cpu++) {
		assert_int_equal(cpuslab_domain_add_start(f->domain, cpu),
				 CPUSLAB_OK);
		assert_true(fixture_has(&log.handle, cpu));
		assert_int_equal(cpuslab_domain_add_failure(f->domain, cpu),
				 CPUSLAB_OK);
	}
	sim_quiesce();
	assert_int_equal(fixture_stats(f).retained, 0);
	assert_int_equal(fixture_stats(f).in_use, in_use);
	assert_int_equal(sim_block_bytes(), bytes);
	cpuslab_log_fini(&log);
}

/* With and without a constructor, whose record is no longer than the head. */
static void only_the_head_keeps_the_block(void **state)
{
	static const struct cpuslab_type types[] = {
		{ .name = "headed", .size = 4096, .head = 24, .counters = 1 },
		{ .name = "made",
		  .size = 4096 - 24,
		  .head = 24,
		  .counters = 1,
		  .ctor = release_construct },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < 2; i++) {
		uint64_t bytes = sim_block_bytes();
		struct cpuslab_percpu handle = fixture_alloc(f, &types[i]);

		assert_int_equal(sim_block_bytes() - bytes,
				 i ? 0 : (FIXTURE_AVAILABLE + 1) * 4096);
		release_touched(f, &handle, 2);
		cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT);
		sim_quiesce();
		fixture_add(f, 9);
		sim_cpu_set(9);
		assert_int_equal(cpuslab_cmpstore(&handle, 24, 0, 3),
				 CPUSLAB_OK);
		sim_cpu_set(0);
		fixture_remove(f, 9);
		assert_int_equal(cpuslab_slab_trim(f->slab,
						   CPUSLAB_TRIM_QUIESCENT),
				 CPUSLAB_OK);
		sim_quiesce();
		assert_false(fixture_has(&handle, 9));
		fixture_free(f, &handle);
	}
}

/* An image that is shorter than the object, and ends within a word. */
static void what_an_image_does_not_fill_is_zero(void **state)
{
	static const char image[12] = "0123456789a";
	static const struct cpuslab_type type = { .name = "pictured",
						  .size = sizeof(image),
						  .image = image };
	struct fixture *f = *state;
	struct cpuslab_percpu handle;
	size_t nth;

	assert_int_equal(cpuslab_alloc_sized(f->slab, &type, 32, &handle),
			 CPUSLAB_OK);
	for (nth = 0; nth < 4; nth++) {
		release_touched(f, &handle, nth);
		assert_int_equal(cpuslab_slab_trim(f->slab,
						   CPUSLAB_TRIM_QUIESCENT),
				 CPUSLAB_OK);
		sim_quiesce();
		assert_false(fixture_has(&handle, 9));
	}
	fixture_free(f, &handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(failed_adds_leave_nothing_with_a_log,
			     contents_early),
		FIXTURE_BOTH(other_contents_keep_the_block),
		FIXTURE_BOTH(reasons_that_take_turns_are_not_logged_forever),
		FIXTURE_BOTH(untouched_contents_do_not_keep_the_block),
		FIXTURE_BOTH(only_the_head_keeps_the_block),
		FIXTURE_BOTH(what_an_image_does_not_fill_is_zero),
		FIXTURE_RSEQ(contents_put_in_meanwhile_are_kept),
	};

	return cmocka_run_group_tests_name("contents", tests, NULL, NULL);
}
