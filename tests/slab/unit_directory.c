/* SPDX-License-Identifier: MIT */
/*
 * Each block is an allocation of its own: the library finds it through a
 * directory, operations find it through the port.
 */
#include "fixture/fixture.h"

#include "core/slab_internal.h"

static struct fixture_config directory_rseq;
static struct fixture_config directory_atomic = { .mode = SIM_ATOMIC };
static struct fixture_config directory_many = { .limit = 8192, .available = 2 };
static struct fixture_config directory_wide = { .block_bytes = 65536 };
static struct fixture_config directory_early = {
	.domain_flags = CPUSLAB_DOMAIN_ADMIT_EARLY,
};
static struct fixture_config directory_no_slab = { .no_slab = true };

/*
 * What an operation on @cpu would find, and what the library's directory has.
 */
static void *directory_own(const struct cpuslab_percpu *handle, uint32_t cpu)
{
	return ((void **)handle->object)[cpu];
}

static void *directory_block(const struct cpuslab_percpu *handle, uint32_t cpu)
{
	return cpuslab__extent_block(handle->extent, cpu);
}

/* The port's pointer, the live byte and the directory agree for every CPU. */
static void directory_check(const struct cpuslab_percpu *handle)
{
	uint32_t cpu;

	for (cpu = 0; cpu < handle->limit; cpu++) {
		void *block = directory_block(handle, cpu);

		assert_ptr_equal(directory_own(handle, cpu),
				 handle->live[cpu] ? block : NULL);
		if (block)
			assert_true(sim_is_block(block));
	}
}

static void a_page_for_whoever_is_there(void **state)
{
	struct fixture *f = *state;
	size_t page = cpuslab_port_page_size();
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);

	assert_int_equal(sim_block_bytes(), 3 * page);
	fixture_add(f, 8191);
	assert_int_equal(sim_block_bytes(), 4 * page);
	fixture_count(&handle, 8191, 1);
	fixture_count(&handle, 8190, 2); /* unannounced */
	assert_int_equal(sim_block_bytes(), 5 * page);
	assert_int_equal(fixture_word(&handle, 8191), 1);
	assert_int_equal(fixture_word(&handle, 8190), 2);
	assert_int_equal(cpuslab_sum(&handle, 0), 3);
	fixture_check_bytes(f);
	directory_check(&handle);
	fixture_free(f, &handle);
}

static void nothing_is_left(void **state)
{
	struct fixture *f = *state;
	uint64_t zallocs = sim_zallocs();
	struct cpuslab_percpu handle;

	assert_int_equal(cpuslab_slab_create(&f->slab, f->domain, NULL),
			 CPUSLAB_OK);
	handle = fixture_alloc(f, &fixture_counter);
	fixture_count(&handle, 40, 1);
	fixture_free(f, &handle);
	assert_true(sim_block_bytes() > 0);
	cpuslab_slab_destroy(f->slab);
	f->slab = NULL;
	assert_int_equal(sim_block_bytes(), 0);
	assert_int_equal(sim_zallocs(), zallocs);
}

/* ---- growth -------------------------------------------------------------- */

/* As large as all extents before together, or as what must fit. */
static void growth_adds_whole_blocks(void **state)
{
	static const struct cpuslab_type types[] = {
		{ .name = "first", .size = 4096, .counters = 512 },
		{ .name = "second", .size = 4096, .counters = 512 },
		{ .name = "third", .size = 4096, .counters = 512 },
		{ .name = "more", .size = 100000, .counters = 1 },
	};
	static const size_t widths[] = { 4096, 4096, 8192, 131072 };
	const size_t blocks = FIXTURE_AVAILABLE + 1;
	struct fixture *f = *state;
	struct cpuslab_percpu handles[4];
	void *block = NULL;
	size_t i;

	for (i = 0; i < 4; i++) {
		uint64_t before = sim_block_bytes();

		handles[i] = fixture_alloc(f, &types[i]);
		assert_int_equal(sim_block_bytes() - before,
				 blocks * widths[i]);
		assert_int_equal(fixture_stats(f).extents, i + 1);
		fixture_count(&handles[i], 2, i + 1);
		directory_check(&handles[i]);
		if (!i)
			block = directory_block(&handles[0], 2);
	}
	assert_ptr_equal(directory_block(&handles[0], 2), block);
	for (i = 0; i < 4; i++) {
		assert_int_equal(fixture_word(&handles[i], 2), i + 1);
		assert_int_equal(cpuslab_sum(&handles[i], 0), i + 1);
	}
	fixture_check_bytes(f);
	while (i--)
		fixture_free(f, &handles[i]);
}

/* A block begins at a page, whatever its size. */
static void a_block_size_of_the_user(void **state)
{
	struct cpuslab_type type = { .name = "aligned", .size = 24 };
	struct fixture *f = *state;
	size_t page = cpuslab_port_page_size();
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter),
			      other;

	assert_int_equal(sim_block_bytes(), (FIXTURE_AVAILABLE + 1) * 65536);
	type.align = (uint32_t)page;
	assert_int_equal(cpuslab_alloc(f->slab, &type, &other), CPUSLAB_OK);
	cpuslab_read_enter();
	assert_int_equal((uintptr_t)cpuslab_remote(&other, 1) % page, 0);
	cpuslab_read_exit();
	fixture_free(f, &other);
	type.align = (uint32_t)page * 2;
	assert_int_equal(cpuslab_alloc(f->slab, &type, &other),
			 -CPUSLAB_EINVAL);
	fixture_free(f, &handle);
}

static void growth_without_memory_for_one(void **state)
{
	static const struct cpuslab_type wide = { .name = "wide",
						  .size = 20000 };
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter),
			      other;
	uint64_t committed = sim_block_bytes(), zallocs = sim_zallocs();

	sim_fail_block_cpu(3, true);
	assert_int_equal(cpuslab_alloc(f->slab, &wide, &other),
			 -CPUSLAB_ENOMEM);
	assert_int_equal(sim_block_bytes(), committed);
	assert_int_equal(sim_zallocs(), zallocs);
	directory_check(&handle);
	fixture_free(f, &handle);
}

/* ---- added and removed -------------------------------------------------- */

struct directory_seen {
	const struct cpuslab_percpu *handle;
	uint64_t fences; /* before */
	unsigned int early, late;
	uint32_t constructed;
};

/* On another thread, at a point of an add or a removal of FIXTURE_CPU. */
static void directory_look(void *arg)
{
	struct directory_seen *seen = arg;
	const struct cpuslab_percpu *handle = seen->handle;

	if (directory_own(handle, FIXTURE_CPU)) {
		/*
		 * What operations find is in the directory, constructed, and in
		 * the sum.
		 */
		assert_ptr_equal(directory_own(handle, FIXTURE_CPU),
				 directory_block(handle, FIXTURE_CPU));
		assert_true(seen->constructed > 0);
		assert_true(fixture_has(handle, FIXTURE_CPU));
		assert_int_equal(sim_fences(), seen->fences);
		seen->early++;
	} else if (sim_fences() != seen->fences) {
		seen->late++;
	}
}

static int directory_construct(void *object, uint32_t cpu, void *arg)
{
	struct directory_seen *seen = arg;

	(void)object;
	cpuslab_port_preempt_point();
	if (cpu == FIXTURE_CPU)
		seen->constructed++;
	cpuslab_port_preempt_point();
	return CPUSLAB_OK;
}

/*
 * The port's pointer is set after the last constructor and cleared before the
 * fence: at every point of an add and of a removal.
 */
static void own_blocks_at_every_point(void **state)
{
	static struct directory_seen seen;
	static const struct cpuslab_type type = {
		.name = "seen",
		.size = 8,
		.counters = 1,
		.ctor = directory_construct,
		.arg = &seen,
	};
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type);
	unsigned int left = 0;
	uint64_t k;

	seen.handle = &handle;
	for (k = 1; !left; k++) {
		seen.constructed = 0;
		seen.fences = sim_fences();
		sim_other_at(k, 3, directory_look, &seen);
		fixture_add(f, FIXTURE_CPU);
		fixture_remove(f, FIXTURE_CPU);
		left = sim_at_cancel();
		directory_check(&handle);
		sim_quiesce();
		directory_check(&handle);
		assert_null(directory_block(&handle, FIXTURE_CPU));
	}
	assert_true(seen.early > 0);
	assert_true(seen.late > 0);
	fixture_free(f, &handle);
}

static void a_block_is_freed_after_the_grace_period(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5);
	uint64_t committed = sim_block_bytes();
	const uint64_t *word;

	cpuslab_read_enter();
	word = cpuslab_remote(&handle, FIXTURE_CPU);
	fixture_remove(f, FIXTURE_CPU);
	assert_null(directory_own(&handle, FIXTURE_CPU));
	assert_non_null(directory_block(&handle, FIXTURE_CPU));
	assert_null(cpuslab_remote(&handle, FIXTURE_CPU));
	sim_quiesce();
	assert_true(sim_is_block(word));
	assert_int_equal(*word, 5);
	assert_int_equal(sim_block_bytes(), committed);
	cpuslab_read_exit();
	sim_quiesce();
	assert_false(sim_is_block(word));
	assert_null(directory_block(&handle, FIXTURE_CPU));
	assert_true(sim_block_bytes() < committed);
	assert_int_equal(cpuslab_sum(&handle, 0), 5);
	fixture_free(f, &handle);
}

/* Retained: operations find the same block again. */
static void a_release_that_is_reverted(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_counted(f, 5);
	void *block = directory_own(&handle, FIXTURE_CPU);

	sim_fence_fail(true);
	fixture_remove(f, FIXTURE_CPU);
	sim_fence_fail(false);
	assert_ptr_equal(directory_own(&handle, FIXTURE_CPU), block);
	directory_check(&handle);
	fixture_count(&handle, FIXTURE_CPU, 2);
	assert_int_equal(fixture_word(&handle, FIXTURE_CPU), 7);
	fixture_free(f, &handle);
}

static void a_failed_start_was_never_found(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t committed = sim_block_bytes();

	assert_int_equal(cpuslab_domain_add_start(f->domain, FIXTURE_CPU), 0);
	assert_null(directory_own(&handle, FIXTURE_CPU));
	assert_non_null(directory_block(&handle, FIXTURE_CPU));
	assert_int_equal(cpuslab_domain_add_failure(f->domain, FIXTURE_CPU), 0);
	assert_null(directory_block(&handle, FIXTURE_CPU));
	assert_int_equal(sim_block_bytes(), committed);
	fixture_free(f, &handle);
}

static void an_early_one_is_found(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);

	assert_int_equal(cpuslab_domain_add_start(f->domain, FIXTURE_CPU), 0);
	assert_non_null(directory_own(&handle, FIXTURE_CPU));
	directory_check(&handle);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, FIXTURE_CPU), 0);
	assert_null(directory_own(&handle, FIXTURE_CPU));
	sim_quiesce();
	directory_check(&handle);
	fixture_free(f, &handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_page_for_whoever_is_there, directory_many),
		FIXTURE_TEST(nothing_is_left, directory_no_slab),
		FIXTURE_TEST(growth_adds_whole_blocks, directory_rseq),
		FIXTURE_TEST(growth_adds_whole_blocks, directory_atomic),
		FIXTURE_TEST(a_block_size_of_the_user, directory_wide),
		FIXTURE_TEST(growth_without_memory_for_one, directory_rseq),
		FIXTURE_TEST(own_blocks_at_every_point, directory_rseq),
		FIXTURE_TEST(own_blocks_at_every_point, directory_early),
		FIXTURE_TEST(a_block_is_freed_after_the_grace_period,
			     directory_rseq),
		FIXTURE_TEST(a_release_that_is_reverted, directory_rseq),
		FIXTURE_TEST(a_failed_start_was_never_found, directory_rseq),
		FIXTURE_TEST(a_failed_start_was_never_found, directory_atomic),
		FIXTURE_TEST(an_early_one_is_found, directory_early),
	};

	return cmocka_run_group_tests_name("directory", tests, NULL, NULL);
}
