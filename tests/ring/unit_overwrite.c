/* SPDX-License-Identifier: MIT */
#include "ring/unit_tested.h"

struct cpuslab_ring ring_tested;

static const uint32_t point_cpus[] = { 1, CPUSLAB_SHARED };

static int ring_setup_overwrite(void **state)
{
	if (ring_setup(state))
		return -1;
	ring_reset(*state, CPUSLAB_RING_OVERWRITE);
	return 0;
}

/* Copy records from @at on; returns how many, and checks that they ascend. */
static uint64_t copy_all(uint32_t cpu, uint64_t *at, uint64_t *skipped,
			 uint64_t *last)
{
	unsigned char buffer[CPUSLAB_RING_MAX_RECORD];
	struct cpuslab_ring_view view;
	uint64_t count = 0, before = *skipped;
	uint32_t bytes;
	int result;

	cpuslab_read_enter();
	assert_int_equal(cpuslab_ring_view_init(&view, &ring_tested, cpu),
			 CPUSLAB_OK);
	while (!(result = cpuslab_ring_copy(&view, at, buffer, sizeof(buffer),
					    &bytes, skipped))) {
		uint64_t number = check_number(buffer, bytes);

		assert_true(!count || number == *last + 1 || *skipped > before);
		before = *skipped;
		*last = number;
		count++;
	}
	assert_int_equal(result, CPUSLAB_EMPTY);
	cpuslab_read_exit();
	return count;
}

static void the_newest_are_kept(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		uint64_t number = 0, at = RING_FIRST, skipped = 0, last = 0,
			 count;

		while (number < 10)
			assert_int_equal(append_number(point_cpus[i], number++,
						       56),
					 CPUSLAB_OK);
		assert_int_equal(copy_all(point_cpus[i], &at, &skipped, &last),
				 10);
		assert_int_equal(skipped, 0);
		while (number < 1000) {
			assert_int_equal(append_number(point_cpus[i], number,
						       56 + number % 7),
					 CPUSLAB_OK);
			number++;
		}
		count = copy_all(point_cpus[i], &at, &skipped, &last);
		assert_int_equal(last, 999);
		/* All but two parts, of which one begins a moment ago. */
		assert_true(count >= (RING_ROOM - 3 * RING_PART) / 80);
		assert_true(skipped >= (990 - count) * 64);
		assert_int_equal(copy_all(point_cpus[i], &at, &skipped, &last),
				 0);
	}
	assert_int_equal(cpuslab_ring_lost(&ring_tested), 0);
}

/* Wherever the tail is, the oldest record is one. */
static void a_copy_begins_with_a_record(void **state)
{
	uint64_t number, i;

	(void)state;
	for (i = 0; i < 2; i++)
		for (number = 0; number < 1000; number++) {
			uint64_t at = 0, skipped = 0, last = 0;

			append_number(point_cpus[i], number, 120);
			assert_true(
				copy_all(point_cpus[i], &at, &skipped, &last));
			assert_int_equal(last, number);
		}
}

static void a_small_buffer(void **state)
{
	struct cpuslab_ring_view view;
	uint64_t at = RING_FIRST, skipped = 0, word;
	uint32_t bytes = 0;

	(void)state;
	append(1, "0123456789", 10);
	cpuslab_read_enter();
	assert_int_equal(cpuslab_ring_view_init(&view, &ring_tested, 1),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_ring_copy(&view, &at, &word, sizeof(word),
					   &bytes, &skipped),
			 -CPUSLAB_EINVAL);
	assert_int_equal(bytes, 10);
	assert_int_equal(at, RING_FIRST);
	assert_memory_equal(&word, "01234567", 8);
	cpuslab_read_exit();
}

/* A copy from a position of no record goes on with the next part. */
static void a_position_of_no_record(void **state)
{
	const uint64_t positions[] = { RING_FIRST + 4, RING_FIRST + 16 };
	struct cpuslab_ring_view view;
	uint64_t words[2] = { 0, UINT64_MAX / 2 };
	uint32_t bytes = 0;
	size_t i;

	(void)state;
	while (words[0]++ < RING_PART / 24 + 2)
		assert_int_equal(append(1, words, sizeof(words)), CPUSLAB_OK);
	cpuslab_read_enter();
	assert_int_equal(cpuslab_ring_view_init(&view, &ring_tested, 1),
			 CPUSLAB_OK);
	for (i = 0; i < sizeof(positions) / sizeof(positions[0]); i++) {
		uint64_t at = positions[i], skipped = 0;

		assert_int_equal(cpuslab_ring_copy(&view, &at, words,
						   sizeof(words), &bytes,
						   &skipped),
				 CPUSLAB_OK);
		assert_int_equal(skipped,
				 RING_FIRST + RING_PART - positions[i]);
		assert_int_equal(bytes, sizeof(words));
		assert_int_equal(words[0], RING_PART / 24 + 1);
	}
	cpuslab_read_exit();
}

/* A producer that overwrites at every point of a copy. */
static uint64_t overwrite_next;

static void overwrite_some(void *arg)
{
	const uint32_t *cpu = arg;
	uint32_t k;

	/* More than the ring holds. */
	for (k = 0; k < RING_ROOM / RING_PART * 35; k++)
		assert_int_equal(append_number(*cpu, overwrite_next++,
					       RING_PART / 32 + k % 13),
				 CPUSLAB_OK);
}

static void what_is_copied_is_whole(void **state)
{
	struct fixture *f = *state;
	int i;

	for (i = 0; i < 2; i++) {
		void *cpu = (void *)(uintptr_t)&point_cpus[i];
		unsigned int left = 0;
		uint64_t k;

		for (k = 1; !left; k++) {
			uint64_t at = 0, skipped = 0, last = 0;

			ring_reset(f, CPUSLAB_RING_OVERWRITE);
			overwrite_next = 0;
			overwrite_some(cpu);
			sim_cpu_set(3);
			sim_other_at(k, 2, overwrite_some, cpu);
			while (copy_all(point_cpus[i], &at, &skipped, &last))
				;
			left = sim_at_cancel();
			(void)copy_all(point_cpus[i], &at, &skipped, &last);
			assert_int_equal(last, overwrite_next - 1);
		}
	}
}

/* A copy that says that there is no further record has seen the newest one. */
static void the_newest_is_not_overlooked(void **state)
{
	struct fixture *f = *state;
	void *cpu = (void *)(uintptr_t)&point_cpus[0];
	unsigned int left = 0;
	uint64_t k;

	for (k = 1; !left; k++) {
		uint64_t at = RING_FIRST, skipped = 0, last = 0;
		unsigned char buffer[CPUSLAB_RING_MAX_RECORD];
		struct cpuslab_ring_view view;
		uint32_t bytes;

		ring_reset(f, CPUSLAB_RING_OVERWRITE);
		overwrite_next = 0;
		append_number(point_cpus[0], overwrite_next++, 48);
		sim_cpu_set(3);
		cpuslab_read_enter();
		assert_int_equal(cpuslab_ring_view_init(&view, &ring_tested,
							point_cpus[0]),
				 CPUSLAB_OK);
		sim_other_at(k, 2, overwrite_some, cpu);
		while (!cpuslab_ring_copy(&view, &at, buffer, sizeof(buffer),
					  &bytes, &skipped))
			last = check_number(buffer, bytes);
		left = sim_at_cancel();
		assert_int_equal(last, overwrite_next - 1);
		cpuslab_read_exit();
	}
	assert_true(k > 3);
}

/* Returns the number of the newest record. */
static uint64_t copy_from_oldest(const uint32_t *cpu)
{
	uint64_t at = 0, skipped = 0, last = 0;

	(void)copy_all(*cpu, &at, &skipped, &last);
	return last;
}

static void copy_with_the_newest(void *cpu)
{
	assert_int_equal(copy_from_oldest(cpu), overwrite_next - 1);
}

static void copy_whole(void *cpu)
{
	(void)copy_from_oldest(cpu);
}

/* A copy at every point of an append that overwrites. */
static void nothing_is_copied_that_is_being_written(void **state)
{
	struct fixture *f = *state;
	int i;

	for (i = 0; i < 2; i++) {
		void *cpu = (void *)(uintptr_t)&point_cpus[i];
		unsigned int left = 0;
		uint64_t k;

		for (k = 1; !left; k++) {
			ring_reset(f, CPUSLAB_RING_OVERWRITE);
			overwrite_next = 0;
			overwrite_some(cpu);
			sim_other_at(k, 3, copy_with_the_newest, cpu);
			assert_int_equal(append_number(point_cpus[i], 1000,
						       RING_LARGEST),
					 CPUSLAB_OK);
			left = sim_at_cancel();
		}
		assert_true(k > 3);
	}
}

/* The same where three appends to the shared ring are in progress. */
static void append_largest(void *arg)
{
	const uint32_t *cpu = arg;

	assert_int_equal(append_number(*cpu, 1000, RING_LARGEST), CPUSLAB_OK);
}

static void nothing_is_copied_that_several_are_writing(void **state)
{
	void *cpu = (void *)(uintptr_t)&point_cpus[1];
	unsigned int left = 0;
	uint64_t k;

	for (k = 1; !left; k++) {
		ring_reset(*state, CPUSLAB_RING_OVERWRITE);
		overwrite_next = 0;
		overwrite_some(cpu);
		sim_signal_at(k, append_largest, cpu);
		sim_signal_at(2 * k, append_largest, cpu);
		sim_signal_at(3 * k, copy_whole, cpu);
		append_largest(cpu);
		left = sim_at_cancel();
	}
	assert_true(k > 4);
}

/*
 * A producer that stalls in an append to the shared ring, while others append
 * more than the ring holds: they do not go around it.
 */
static uint64_t stall_lost;

static void append_around(void *arg)
{
	uint32_t k;

	(void)arg;
	for (k = 0; k < RING_ROOM / 64 + 20; k++) {
		int result = append_number(CPUSLAB_NO_CPU, k, 56);

		assert_true(result == CPUSLAB_OK || result == CPUSLAB_FULL);
		stall_lost += result == CPUSLAB_FULL;
	}
}

static uint64_t copy_any(uint32_t cpu)
{
	unsigned char buffer[CPUSLAB_RING_MAX_RECORD];
	uint64_t at = 0, skipped = 0, count = 0;
	struct cpuslab_ring_view view;
	uint32_t bytes;

	cpuslab_read_enter();
	assert_int_equal(cpuslab_ring_view_init(&view, &ring_tested, cpu),
			 CPUSLAB_OK);
	for (; !cpuslab_ring_copy(&view, &at, buffer, sizeof(buffer), &bytes,
				  &skipped);
	     count++)
		(void)check_number(buffer, bytes);
	cpuslab_read_exit();
	return count;
}

static void a_stalled_producer_is_not_lapped(void **state)
{
	unsigned int left = 0;
	uint64_t k, points = 0;

	for (k = 1; !left; k++) {
		ring_reset(*state, CPUSLAB_RING_OVERWRITE);
		stall_lost = 0;
		sim_other_at(k, CPUSLAB_NO_CPU, append_around, NULL);
		assert_int_equal(append_number(CPUSLAB_NO_CPU, 1000,
					       RING_LARGEST),
				 CPUSLAB_OK);
		left = sim_at_cancel();
		assert_true(copy_any(CPUSLAB_SHARED));
		assert_int_equal(cpuslab_ring_lost(&ring_tested), stall_lost);
		points += stall_lost > 0;
	}
	/* Before the head, before the payload, and after it. */
	assert_int_equal(points, 3);
}

#define RING_TEST(test)                                                        \
	{ #test " (rseq)", test, ring_setup_overwrite, ring_teardown,          \
	  &fixture_rseq },                                                     \
	{                                                                      \
#test " (atomic)", test, ring_setup_overwrite, ring_teardown,  \
			&fixture_atomic                                        \
	}

static struct cpuslab_ring_view nonsense_view;

static void nonsense_set_tail(void *tail)
{
	memcpy((void *)(uintptr_t)nonsense_view.tail, tail, sizeof(uint64_t));
}

static uint64_t *nonsense_reserved(void)
{
	return (uint64_t *)(uintptr_t)nonsense_view.tail - 2;
}

/* The producer is in a driver that has a bug, or in another process. */
static void a_tail_that_is_nonsense_ends(void **state)
{
	uint64_t tail = UINT64_MAX - 7, sane = RING_FIRST, at = 8, skipped = 0;
	uint64_t word;
	uint32_t bytes;

	(void)state;
	append(1, NULL, 0);
	cpuslab_read_enter();
	assert_int_equal(cpuslab_ring_view_init(&nonsense_view, &ring_tested,
						1),
			 CPUSLAB_OK);
	/* No part of this ring begins with a record. */
	memset((char *)(uintptr_t)nonsense_view.memory + RING_FIRST, 0xff,
	       RING_ROOM);
	nonsense_set_tail(&tail);
	sim_other_at(10000, 1, nonsense_set_tail, &sane);
	assert_int_equal(cpuslab_ring_copy(&nonsense_view, &at, &word,
					   sizeof(word), &bytes, &skipped),
			 CPUSLAB_EMPTY);
	assert_int_equal(sim_at_cancel(), 1);
	nonsense_set_tail(&sane);
	cpuslab_read_exit();
}

/* It would be read across the end of the ring. */
static void a_tail_that_is_nonsense_is_no_position(void **state)
{
	uint64_t odd = RING_FIRST + 3, later = 2 * RING_BYTES, at = 0;
	uint64_t sane = RING_FIRST, skipped = 0, word;
	uint32_t bytes;

	(void)state;
	cpuslab_read_enter();
	append(1, NULL, 0);
	assert_int_equal(cpuslab_ring_view_init(&nonsense_view, &ring_tested,
						1),
			 CPUSLAB_OK);
	nonsense_set_tail(&odd);
	*nonsense_reserved() = later; /* then the tail is the oldest */
	sim_other_at(1, 1, nonsense_set_tail, &later);
	assert_int_equal(cpuslab_ring_copy(&nonsense_view, &at, &word,
					   sizeof(word), &bytes, &skipped),
			 CPUSLAB_OK);
	assert_int_equal(at % 8, 0);
	nonsense_set_tail(&sane);
	*nonsense_reserved() = sane;
	cpuslab_read_exit();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(the_newest_are_kept),
		RING_TEST(a_copy_begins_with_a_record),
		RING_TEST(a_small_buffer),
		RING_TEST(a_position_of_no_record),
		RING_TEST(what_is_copied_is_whole),
		RING_TEST(the_newest_is_not_overlooked),
		RING_TEST(nothing_is_copied_that_is_being_written),
		RING_TEST(nothing_is_copied_that_several_are_writing),
		RING_TEST(a_stalled_producer_is_not_lapped),
		RING_TEST(a_tail_that_is_nonsense_ends),
		RING_TEST(a_tail_that_is_nonsense_is_no_position),
	};

	return cmocka_run_group_tests_name("ring overwrite", tests, NULL, NULL);
}
