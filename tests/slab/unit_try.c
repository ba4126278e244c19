/* SPDX-License-Identifier: MIT */
/*
 * cpuslab_try_alloc(): no memory is allocated and no lock waited for; what it
 * lacked is there after a grace period.
 */
#include "fixture/fixture.h"

static struct fixture_config try_small = { .block_bytes = 4096 };

#define TRY_BYTES 512u
static const struct cpuslab_type try_type = {
	.name = "tried",
	.size = TRY_BYTES,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static int try_one(struct fixture *f, const struct cpuslab_type *type,
		   struct cpuslab_percpu *handle)
{
	uint64_t allocs = sim_allocs();
	int err = cpuslab_try_alloc(f->slab, type, handle);

	assert_int_equal(sim_allocs(), allocs);
	assert_int_equal(cpuslab_percpu_is_null(handle), err != CPUSLAB_OK);
	return err;
}

/* Fill what there is; return how many objects. */
static uint32_t try_fill(struct fixture *f, const struct cpuslab_type *type)
{
	struct cpuslab_percpu handle;
	uint32_t count = 0;

	while (!try_one(f, type, &handle))
		count++;
	return count;
}

static void an_object_is_as_any_other(void **state)
{
	struct cpuslab_percpu first, handle;
	struct fixture *f = *state;

	first = fixture_alloc(f, &fixture_counter);
	assert_int_equal(try_one(f, &fixture_counter, &handle), CPUSLAB_OK);
	fixture_count(&handle, 1, 5);
	fixture_add(f, 9);
	fixture_count(&handle, 9, 7);
	assert_int_equal(cpuslab_sum(&handle, 0), 12);
	assert_int_equal(cpuslab_sum(&first, 0), 0);
	assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
	fixture_free(f, &handle);
	fixture_free(f, &first);
}

static void there_is_room_after_a_grace_period(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle;
	uint64_t bytes;

	/* An empty slab has nothing, not even a record. */
	assert_int_equal(try_fill(f, &try_type), 0);
	assert_int_equal(sim_rcu_pending(), 1);
	sim_quiesce();
	bytes = sim_block_bytes();
	assert_int_equal(bytes, (FIXTURE_AVAILABLE + 1) * 4096);
	assert_int_equal(try_fill(f, &try_type), 4096 / TRY_BYTES);
	sim_quiesce();
	assert_int_equal(sim_block_bytes(), 2 * bytes);
	/* Nothing lacked room since: the slab does not grow further. */
	assert_int_equal(try_one(f, &try_type, &handle), CPUSLAB_OK);
	sim_quiesce();
	assert_int_equal(sim_block_bytes(), 2 * bytes);
	assert_null(sim_log_find("no memory"));
}

static void records_are_made_as_well(void **state)
{
	static const struct cpuslab_type tiny = {
		.name = "tiny",
		.size = 8,
		.counters = 1,
	};
	struct fixture *f = *state;
	struct cpuslab_percpu handle;
	uint64_t bytes;

	fixture_alloc(f, &tiny);
	bytes = sim_block_bytes();
	assert_int_equal(try_fill(f, &tiny), 127);
	sim_quiesce();
	assert_int_equal(sim_block_bytes(), bytes);
	assert_int_equal(try_one(f, &tiny, &handle), CPUSLAB_OK);
}

static void a_large_alignment_finds_its_room(void **state)
{
	static const struct cpuslab_type aligned = {
		.name = "aligned",
		.size = 24,
		.align = 1024,
		.flags = CPUSLAB_TYPE_DISCARD,
	};
	struct cpuslab_percpu handles[4096 / TRY_BYTES], handle;
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < 4096 / TRY_BYTES; i++)
		handles[i] = fixture_alloc(f, &try_type);
	for (i = 0; i < 4096 / TRY_BYTES; i++)
		if (handles[i].offset % 1024)
			fixture_free(f, &handles[i]);
	/* There are enough bytes, at wrong places. */
	assert_int_equal(try_one(f, &aligned, &handle), -CPUSLAB_ENOMEM);
	sim_quiesce();
	assert_int_equal(try_one(f, &aligned, &handle), CPUSLAB_OK);
}

static void without_memory_a_later_call_asks_again(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle;

	assert_int_equal(try_one(f, &try_type, &handle), -CPUSLAB_ENOMEM);
	sim_fail_alloc_from(1);
	sim_quiesce();
	sim_fail_alloc_from(0);
	assert_non_null(sim_log_find("no memory to grow"));
	assert_int_equal(try_one(f, &try_type, &handle), -CPUSLAB_ENOMEM);
	sim_quiesce();
	assert_int_equal(try_one(f, &try_type, &handle), CPUSLAB_OK);
	assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
}

/* What lacked most is remembered; that there is no memory is logged once. */
static void the_largest_that_lacked_room(void **state)
{
	static const struct cpuslab_type small = { .name = "small", .size = 8 };
	static const struct cpuslab_type large = { .name = "large",
						   .size = 8192 };
	struct fixture *f = *state;
	struct cpuslab_percpu handle;
	int i;

	for (i = 0; i < 2; i++) {
		assert_int_equal(try_one(f, &large, &handle), -CPUSLAB_ENOMEM);
		assert_int_equal(try_one(f, &small, &handle), -CPUSLAB_ENOMEM);
		sim_fail_alloc_from(1);
		sim_quiesce();
		sim_fail_alloc_from(0);
		assert_int_equal(!sim_log_find("no memory to grow"), i);
		sim_log_clear();
	}
	assert_int_equal(try_one(f, &large, &handle), -CPUSLAB_ENOMEM);
	assert_int_equal(try_one(f, &small, &handle), -CPUSLAB_ENOMEM);
	sim_quiesce();
	assert_int_equal(try_one(f, &large, &handle), CPUSLAB_OK);
}

/* Made by an alloc meanwhile: the slab does not grow twice. */
static void room_that_exists_already_is_not_made(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle;
	uint64_t bytes;

	assert_int_equal(try_one(f, &try_type, &handle), -CPUSLAB_ENOMEM);
	fixture_alloc(f, &try_type);
	bytes = sim_block_bytes();
	sim_quiesce();
	assert_int_equal(sim_block_bytes(), bytes);
}

/* ---- locks --------------------------------------------------------------- */

static uint32_t try_busy, try_done;

static void try_other(void *arg)
{
	struct fixture *f = arg;
	struct cpuslab_percpu handle;
	int err = cpuslab_try_alloc(f->slab, &fixture_counter, &handle);

	if (err) {
		assert_int_equal(err, -CPUSLAB_EAGAIN);
		try_busy++;
	} else {
		try_done++;
		fixture_free(f, &handle);
	}
}

/* At each point of another thread's alloc: it never waits for that. */
static void a_locked_slab_is_busy(void **state)
{
	struct fixture *f = *state;
	unsigned int left = 0;
	uint64_t k;

	fixture_alloc(f, &fixture_counter);
	try_busy = try_done = 0;
	for (k = 1; !left; k++) {
		struct cpuslab_percpu handle;

		sim_other_at(k, 1, try_other, f);
		handle = fixture_alloc(f, &try_type);
		left = sim_at_cancel();
		fixture_free(f, &handle);
	}
	assert_true(try_busy > 0);
	assert_true(try_done > 0);
}

static int try_ctor(void *object, uint32_t cpu, void *arg)
{
	struct cpuslab_percpu handle;
	struct fixture *f = arg;

	(void)object;
	(void)cpu;
	return cpuslab_try_alloc(f->slab, &try_type, &handle);
}

static void only_safe_constructors_are_called(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_type type = {
		.name = "made",
		.size = 8,
		.ctor = try_ctor,
		.arg = f,
	};
	struct cpuslab_percpu handle;

	fixture_alloc(f, &fixture_counter);
	assert_int_equal(try_one(f, &type, &handle), -CPUSLAB_EINVAL);
	type.flags = CPUSLAB_TYPE_SIGNAL_SAFE;
	/* What the constructor returns, which calls the same slab. */
	assert_int_equal(try_one(f, &type, &handle), -CPUSLAB_EBUSY);
	type.name = NULL;
	assert_int_equal(try_one(f, &type, &handle), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_try_alloc(NULL, &try_type, &handle),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_try_alloc(f->slab, NULL, &handle),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_try_alloc(f->slab, &try_type, NULL),
			 -CPUSLAB_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_BOTH(an_object_is_as_any_other),
		FIXTURE_TEST(there_is_room_after_a_grace_period, try_small),
		FIXTURE_RSEQ(records_are_made_as_well),
		FIXTURE_TEST(a_large_alignment_finds_its_room, try_small),
		FIXTURE_RSEQ(without_memory_a_later_call_asks_again),
		FIXTURE_TEST(the_largest_that_lacked_room, try_small),
		FIXTURE_RSEQ(room_that_exists_already_is_not_made),
		FIXTURE_BOTH(a_locked_slab_is_busy),
		FIXTURE_RSEQ(only_safe_constructors_are_called),
	};

	return cmocka_run_group_tests_name("try", tests, NULL, NULL);
}
