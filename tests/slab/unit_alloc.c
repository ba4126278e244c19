/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

#include <stdlib.h>

#include "core/slab_internal.h"

static struct fixture_config alloc_small = { .block_bytes = 4096 };

static int alloc_try(struct fixture *f, size_t size, size_t align,
		     uint32_t counters)
{
	const struct cpuslab_type type = {
		.name = "tried",
		.size = size,
		.align = align,
		.counters = counters,
	};
	struct cpuslab_percpu handle = { 0 };
	int err = cpuslab_alloc(f->slab, &type, &handle);

	if (!err)
		fixture_free(f, &handle);
	else
		assert_true(cpuslab_percpu_is_null(&handle));
	return err;
}

static void alloc_fill(const struct cpuslab_percpu *handle, uint32_t cpu,
		       unsigned char byte, size_t size)
{
	cpuslab_read_enter();
	memset((void *)(uintptr_t)cpuslab_remote(handle, cpu), byte, size);
	cpuslab_read_exit();
}

static bool alloc_is(const struct cpuslab_percpu *handle, uint32_t cpu,
		     unsigned char byte, size_t size)
{
	const unsigned char *bytes;
	bool is = true;
	size_t i;

	cpuslab_read_enter();
	bytes = cpuslab_remote(handle, cpu);
	for (i = 0; i < size && is; i++)
		is = bytes[i] == byte;
	cpuslab_read_exit();
	return is;
}

static void sizes_from_1_to_big(void **state)
{
	static const size_t sizes[] = { 1,     2,     7,        8,
					9,     63,    64,       65,
					4095,  4096,  4097,     65535,
					65536, 65537, 1u << 20, 5u << 20 };
	struct fixture *f = *state;
	struct cpuslab_type type = { .name = "sized" };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct cpuslab_percpu handle;

		type.size = sizes[i];
		handle = fixture_alloc(f, &type);
		assert_true(alloc_is(&handle, 0, 0, sizes[i]));
		alloc_fill(&handle, 0, 0xaa, sizes[i]);
		alloc_fill(&handle, 3, 0xbb, sizes[i]);
		assert_true(alloc_is(&handle, 0, 0xaa, sizes[i]));
		assert_true(alloc_is(&handle, CPUSLAB_SHARED, 0, sizes[i]));
		fixture_free(f, &handle);
	}
}

/* Relative to the blocks, that is: a block begins at a page. */
static void alignments_up_to_a_page(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_type type = { .name = "aligned", .size = 24 };
	size_t most = cpuslab_port_page_size();
	struct cpuslab_percpu handles[20];
	int i = 0;

	for (type.align = 1; type.align <= most; type.align *= 2) {
		handles[i] = fixture_alloc(f, &type);
		cpuslab_read_enter();
		assert_int_equal((uintptr_t)cpuslab_remote(&handles[i], 0) %
					 type.align,
				 0);
		assert_int_equal((uintptr_t)cpuslab_remote(&handles[i], 3) %
					 type.align,
				 0);
		assert_int_equal((uintptr_t)cpuslab_remote(&handles[i],
							   CPUSLAB_SHARED) %
					 type.align,
				 0);
		cpuslab_read_exit();
		i++;
	}
	assert_int_equal(alloc_try(f, 24, most * 2, 0), -CPUSLAB_EINVAL);
	while (i--)
		fixture_free(f, &handles[i]);
}

static void bad_types_are_refused(void **state)
{
	const struct cpuslab_type nameless = { .size = 8 };
	struct cpuslab_type headed = { .name = "headed", .size = 16 };
	struct fixture *f = *state;
	struct cpuslab_percpu handle;

	assert_int_equal(alloc_try(f, 0, 0, 0), -CPUSLAB_EINVAL);
	assert_int_equal(alloc_try(f, ((size_t)512 << 20) + 1, 0, 0),
			 -CPUSLAB_EINVAL);
	assert_int_equal(alloc_try(f, SIZE_MAX, 0, 0), -CPUSLAB_EINVAL);
	assert_int_equal(alloc_try(f, 8, 3, 0), -CPUSLAB_EINVAL);
	assert_int_equal(alloc_try(f, 8, 24, 0), -CPUSLAB_EINVAL);
	assert_int_equal(alloc_try(f, 8, 131072, 0), -CPUSLAB_EINVAL);
	assert_int_equal(alloc_try(f, 8, SIZE_MAX / 2 + 1, 0), -CPUSLAB_EINVAL);
	assert_int_equal(alloc_try(f, 15, 0, 2), -CPUSLAB_EINVAL);
	assert_int_equal(alloc_try(f, 16, 0, 3), -CPUSLAB_EINVAL);
	assert_int_equal(alloc_try(f, 16, 0, UINT32_MAX), -CPUSLAB_EINVAL);
	assert_int_equal(alloc_try(f, 16, 0, 2), CPUSLAB_OK);
	assert_int_equal(cpuslab_alloc(f->slab, &nameless, &handle),
			 -CPUSLAB_EINVAL);
	headed.head = 24;
	assert_int_equal(cpuslab_alloc(f->slab, &headed, &handle),
			 -CPUSLAB_EINVAL);
	headed.head = 12;
	assert_int_equal(cpuslab_alloc(f->slab, &headed, &handle),
			 -CPUSLAB_EINVAL);
	assert_int_equal(fixture_stats(f).objects, 0);
}

static void counters_start_as_zero(void **state)
{
	/* The image's first counter is at an odd address. */
	static const unsigned char images[25] = { [1 + 8] = 1, [1 + 16] = 7 };
	struct cpuslab_type type = {
		.name = "image",
		.size = 24,
		.image = images + 1,
		.counters = 2,
	};
	struct fixture *f = *state;
	struct cpuslab_percpu handle = { 0 };

	assert_int_equal(cpuslab_alloc(f->slab, &type, &handle),
			 -CPUSLAB_EINVAL);
	type.counters = 1;
	assert_int_equal(cpuslab_alloc(f->slab, &type, &handle), CPUSLAB_OK);
	assert_int_equal(fixture_word(&handle, 0), 0);
	fixture_free(f, &handle);
}

static void an_object_of_the_largest_size(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(alloc_try(f, (size_t)32 << 20, 0, 0), CPUSLAB_OK);
}

/*
 * Handles stay valid, and objects keep their values, while extents are added.
 */
static void handles_survive_growth(void **state)
{
	enum {
		OBJECTS = 300
	};
	static struct cpuslab_percpu handles[OBJECTS];
	struct cpuslab_type type = { .name = "grown",
				     .size = 200,
				     .counters = 1 };
	struct fixture *f = *state;
	int i;

	for (i = 0; i < OBJECTS; i++) {
		handles[i] = fixture_alloc(f, &type);
		fixture_count(&handles[i], (uint32_t)i % 4, (uint64_t)i + 1);
	}
	assert_in_range(fixture_stats(f).extents, 3, 6);
	assert_int_equal(fixture_stats(f).objects, OBJECTS);
	assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
	for (i = 0; i < OBJECTS; i++) {
		assert_int_equal(fixture_word(&handles[i], (uint32_t)i % 4),
				 i + 1);
		assert_int_equal(cpuslab_sum(&handles[i], 0), i + 1);
		fixture_free(f, &handles[i]);
	}
	assert_int_equal(sim_fences(), 0);
}

/* Objects with a different byte on every CPU overlap nowhere. */
static void objects_do_not_overlap(void **state)
{
	enum {
		OBJECTS = 120
	};
	static struct cpuslab_percpu handles[OBJECTS];
	static struct cpuslab_type types[OBJECTS];
	static const uint32_t cpus[] = { 0, 1, 2, 3, CPUSLAB_SHARED };
	struct fixture *f = *state;
	int i, c;

	srand(3);
	for (i = 0; i < OBJECTS; i++) {
		types[i].name = "filled";
		types[i].size = 1 + (size_t)rand() % 700;
		types[i].align = (size_t)1 << rand() % 9;
		handles[i] = fixture_alloc(f, &types[i]);
		for (c = 0; c < 5; c++)
			alloc_fill(&handles[i], cpus[c],
				   (unsigned char)(i * 5 + c), types[i].size);
	}
	for (i = 0; i < OBJECTS; i++)
		for (c = 0; c < 5; c++)
			assert_true(alloc_is(&handles[i], cpus[c],
					     (unsigned char)(i * 5 + c),
					     types[i].size));
	for (i = 0; i < OBJECTS; i++)
		fixture_free(f, &handles[i]);
}

static void what_was_freed_reads_zero_when_reused(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle, again;
	uint32_t cpu;

	handle = fixture_alloc(f, &fixture_blob);
	for (cpu = 0; cpu < 4; cpu++)
		alloc_fill(&handle, cpu, 0xff, 64);
	alloc_fill(&handle, CPUSLAB_SHARED, 0xff, 64);
	fixture_free(f, &handle);
	again = fixture_alloc(f, &fixture_blob);
	assert_int_equal(again.object, handle.object);
	for (cpu = 0; cpu < 4; cpu++)
		assert_true(alloc_is(&again, cpu, 0, 64));
	assert_true(alloc_is(&again, CPUSLAB_SHARED, 0, 64));
	fixture_free(f, &again);
}

static void memory_of_freed_objects_is_used_again(void **state)
{
	struct fixture *f = *state;
	uint64_t committed = 0;
	int i;

	for (i = 0; i < 1000; i++) {
		struct cpuslab_percpu handle = fixture_alloc(f, &fixture_blob);

		if (!i)
			committed = sim_block_bytes();
		fixture_free(f, &handle);
	}
	assert_int_equal(sim_block_bytes(), committed);
}

static void a_freed_object_is_poisoned(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_blob);

	alloc_fill(&handle, 0, 0xff, 64);
	fixture_free(f, &handle);
	assert_true(alloc_is(&handle, 0, 0x6b, 64));
	/* Nobody wrote to this one, so the free does not either. */
	assert_true(alloc_is(&handle, CPUSLAB_SHARED, 0, 64));
}

static void freed_twice(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_blob);
	struct cpuslab_percpu later;

	fixture_free(f, &handle);
	assert_int_equal(cpuslab_free(f->slab, &handle), -CPUSLAB_ESTALE);
	assert_non_null(sim_log_find("double free of fixture_blob"));
	later = fixture_alloc(f, &fixture_blob);
	assert_int_equal(later.slot, handle.slot);
	assert_int_equal(cpuslab_free(f->slab, &handle), -CPUSLAB_ESTALE);
	assert_int_equal(cpuslab_free_rcu(f->slab, &handle), -CPUSLAB_ESTALE);
	fixture_free(f, &later);
}

static void refs_of_another_slab_and_none(void **state)
{
	const struct cpuslab_percpu null = { 0 };
	struct fixture *f = *state;
	struct cpuslab_slab *other;
	struct cpuslab_percpu handle;

	assert_int_equal(cpuslab_slab_create(&other, f->domain, NULL),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_alloc(other, &fixture_blob, &handle),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_free(f->slab, &handle), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_free_rcu(f->slab, &handle), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_free(f->slab, &null), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_free_rcu(f->slab, &null), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_free(other, &handle), CPUSLAB_OK);
	cpuslab_slab_destroy(other);
}

static void the_null_handle_has_nothing(void **state)
{
	const struct cpuslab_percpu null = { 0 };

	(void)state;
	assert_true(cpuslab_percpu_is_null(&null));
	assert_int_equal(cpuslab_sum(&null, 0), 0);
	assert_null(cpuslab_remote(&null, 0));
	assert_null(cpuslab_remote(&null, CPUSLAB_SHARED));
	assert_int_equal(cpuslab_remote_next(&null, 0), CPUSLAB_NO_CPU);
}

static void free_rcu_waits_for_readers(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_blob);

	alloc_fill(&handle, 0, 0x11, 64);
	cpuslab_read_enter();
	assert_int_equal(cpuslab_free_rcu(f->slab, &handle), CPUSLAB_OK);
	assert_true(sim_quiesce() > 0);
	assert_true(sim_rcu_pending() > 0);
	assert_true(alloc_is(&handle, 0, 0x11, 64));
	assert_int_equal(fixture_stats(f).objects, 1);
	cpuslab_read_exit();
	assert_int_equal(sim_quiesce(), 0);
	assert_true(alloc_is(&handle, 0, 0x6b, 64));
	assert_int_equal(fixture_stats(f).objects, 0);
}

static void free_rcu_twice(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_blob);

	assert_int_equal(cpuslab_free_rcu(f->slab, &handle), CPUSLAB_OK);
	assert_int_equal(cpuslab_free_rcu(f->slab, &handle), -CPUSLAB_ESTALE);
	assert_int_equal(cpuslab_free(f->slab, &handle), -CPUSLAB_ESTALE);
	sim_quiesce();
	assert_int_equal(cpuslab_free(f->slab, &handle), -CPUSLAB_ESTALE);
}

/* One batch waits while the next collects: all are freed in the end. */
static void many_free_rcu_while_a_reader_stays(void **state)
{
	struct fixture *f = *state;
	int i;

	cpuslab_read_enter();
	for (i = 0; i < 100; i++) {
		struct cpuslab_percpu handle = fixture_alloc(f, &fixture_blob);

		assert_int_equal(cpuslab_free_rcu(f->slab, &handle),
				 CPUSLAB_OK);
		if (i % 10 == 0)
			sim_quiesce();
	}
	assert_int_equal(fixture_stats(f).objects, 100);
	cpuslab_read_exit();
	sim_quiesce();
	assert_int_equal(fixture_stats(f).objects, 0);
}

/* ---- memory ------------------------------------------------------------- */

static void each_allocation_of_an_alloc_fails(void **state)
{
	static const struct cpuslab_type big = { .name = "big",
						 .size = 100000 };
	struct fixture *f = *state;
	struct cpuslab_percpu kept = fixture_alloc(f, &fixture_counter);
	uint64_t committed = sim_block_bytes();
	uint64_t zallocs = sim_zallocs();
	struct cpuslab_percpu handle = { 0 };
	uint64_t n;
	int err;

	fixture_count(&kept, 1, 5);
	for (n = 1;; n++) {
		sim_fail_alloc_from(n);
		err = cpuslab_alloc(f->slab, &big, &handle);
		sim_fail_alloc_from(0);
		if (!err)
			break;
		assert_int_equal(err, -CPUSLAB_ENOMEM);
		assert_true(cpuslab_percpu_is_null(&handle));
		assert_int_equal(sim_block_bytes(), committed);
		assert_int_equal(sim_zallocs(), zallocs);
		assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
	}
	assert_true(n > 8);
	assert_int_equal(cpuslab_sum(&kept, 0), 5);
	fixture_free(f, &handle);
	fixture_free(f, &kept);
}

static void records_grow_and_may_fail_to(void **state)
{
	static struct cpuslab_percpu handles[70];
	struct fixture *f = *state;
	int i;

	for (i = 0; i < 70; i++) {
		sim_fail_alloc_at(1);
		if (cpuslab_alloc(f->slab, &fixture_blob, &handles[i])) {
			sim_fail_alloc_at(0);
			handles[i] = fixture_alloc(f, &fixture_blob);
		}
	}
	for (i = 0; i < 70; i++)
		fixture_free(f, &handles[i]);
}

#ifdef CPUSLAB_DEBUG
static struct cpuslab_percpu alloc_foreign;

static void alloc_foreign_add(void *arg)
{
	(void)arg;
	(void)cpuslab_add(&alloc_foreign, 0, 1);
}

static void alloc_foreign_percid_add(void *arg)
{
	const struct cpuslab_percid handle = { .copies = alloc_foreign };

	(void)arg;
	(void)cpuslab_percid_add(&handle, 0, 1);
}

static void alloc_foreign_sum(void *arg)
{
	(void)arg;
	(void)cpuslab_sum(&alloc_foreign, 0);
}

static void alloc_foreign_free(void *arg)
{
	struct fixture *f = arg;

	(void)cpuslab_free(f->slab, &alloc_foreign);
}

/* As another copy of the library in the same program would have made it. */
static void a_handle_of_another_copy_stops(void **state)
{
	static void (*const calls[])(void *arg) = {
		alloc_foreign_add,
		alloc_foreign_percid_add,
		alloc_foreign_sum,
		alloc_foreign_free,
	};
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	struct cpuslab_extent extent = *handle.extent;
	size_t i;

	extent.copy = &extent;
	alloc_foreign = handle;
	alloc_foreign.extent = &extent;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		assert_non_null(
			strstr(sim_panic_catch(calls[i], f), "cpuslab__copy"));
	fixture_free(f, &handle);
}
#endif

/* A handle whose slot has had other objects since, or that has no slot. */
static void old_and_invalid_handles_are_reported(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu old = fixture_alloc(f, &fixture_blob), handle;
	int i;

	fixture_free(f, &old);
	for (i = 0; i < 2; i++) {
		handle = fixture_alloc(f, &fixture_counter);
		assert_int_equal(handle.slot, old.slot);
		fixture_free(f, &handle);
	}
	assert_int_equal(cpuslab_free(f->slab, &old), -CPUSLAB_ESTALE);
	assert_non_null(sim_log_find("double free of an object"));
	old.slot = UINT32_MAX;
	assert_int_equal(cpuslab_free(f->slab, &old), -CPUSLAB_EINVAL);
	assert_non_null(sim_log_find("free of an invalid handle"));
}

/* A type that makes nothing knows no size, so an object may be smaller. */
static void smaller_than_the_type(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle;

	assert_int_equal(cpuslab_alloc_sized(f->slab, &fixture_blob, 8,
					     &handle),
			 CPUSLAB_OK);
	fixture_count(&handle, 1, 3);
	assert_int_equal(cpuslab_sum(&handle, 0), 3);
	fixture_free(f, &handle);
}

/* One grace period for all; an error does not keep the others. */
static void many_are_freed_at_once(void **state)
{
	enum {
		MANY = 10
	};
	struct cpuslab_percpu handles[MANY];
	struct fixture *f = *state;
	uint32_t objects = fixture_stats(f).objects, i;
	int rcu;

	for (rcu = 0; rcu < 2; rcu++) {
		for (i = 0; i < MANY; i++)
			handles[i] = fixture_alloc(f, &fixture_counter);
		fixture_free(f, &handles[4]);
		assert_int_equal((rcu ? cpuslab_free_rcu_many :
					cpuslab_free_many)(f->slab, handles,
							   MANY),
				 -CPUSLAB_ESTALE);
		if (rcu) {
			assert_int_equal(fixture_stats(f).objects,
					 objects + MANY - 1);
			assert_int_equal(sim_rcu_pending(), 1);
		}
		sim_quiesce();
		assert_int_equal(fixture_stats(f).objects, objects);
		assert_int_equal(cpuslab_free_many(f->slab, handles, 0),
				 CPUSLAB_OK);
		assert_int_equal(cpuslab_free_rcu_many(NULL, handles, 1),
				 -CPUSLAB_EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef CPUSLAB_DEBUG
		FIXTURE_RSEQ(a_handle_of_another_copy_stops),
#endif
		FIXTURE_BOTH(sizes_from_1_to_big),
		FIXTURE_BOTH(many_are_freed_at_once),
		FIXTURE_RSEQ(alignments_up_to_a_page),
		FIXTURE_RSEQ(bad_types_are_refused),
		FIXTURE_RSEQ(counters_start_as_zero),
		FIXTURE_RSEQ(an_object_of_the_largest_size),
		FIXTURE_TEST(handles_survive_growth, alloc_small),
		FIXTURE_TEST(objects_do_not_overlap, alloc_small),
		FIXTURE_RSEQ(objects_do_not_overlap),
		FIXTURE_RSEQ(what_was_freed_reads_zero_when_reused),
		FIXTURE_RSEQ(memory_of_freed_objects_is_used_again),
		FIXTURE_RSEQ(a_freed_object_is_poisoned),
		FIXTURE_RSEQ(freed_twice),
		FIXTURE_RSEQ(old_and_invalid_handles_are_reported),
		FIXTURE_RSEQ(smaller_than_the_type),
		FIXTURE_RSEQ(refs_of_another_slab_and_none),
		FIXTURE_RSEQ(the_null_handle_has_nothing),
		FIXTURE_BOTH(free_rcu_waits_for_readers),
		FIXTURE_RSEQ(free_rcu_twice),
		FIXTURE_RSEQ(many_free_rcu_while_a_reader_stays),
		FIXTURE_BOTH(each_allocation_of_an_alloc_fails),
		FIXTURE_RSEQ(records_grow_and_may_fail_to),
	};

	return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
