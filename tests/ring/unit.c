/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "ring/unit_tested.h"

struct cpuslab_ring ring_tested;

/* Consume @cpu's next record, and compare it. False: there is none. */
static bool consume(uint32_t cpu, const void *data, uint32_t bytes)
{
	struct cpuslab_ring_view view;
	const void *found;
	uint32_t length;
	uint64_t at;
	bool is;

	cpuslab_read_enter();
	assert_int_equal(cpuslab_ring_view_init(&view, &ring_tested, cpu),
			 CPUSLAB_OK);
	at = cpuslab_ring_consumed(&view);
	is = cpuslab_ring_next(&view, &at, cpuslab_ring_tail(&view), &found,
			       &length);
	if (is) {
		assert_int_equal((uintptr_t)found % 8, 0);
		assert_int_equal(length, bytes);
		if (bytes)
			assert_memory_equal(found, data, bytes);
		cpuslab_ring_consume(&view, at);
	}
	cpuslab_read_exit();
	return is;
}

static bool consume_any(uint32_t cpu)
{
	struct cpuslab_ring_view view;
	const void *data;
	uint32_t bytes;
	uint64_t at;
	bool is;

	assert_int_equal(cpuslab_ring_view_init(&view, &ring_tested, cpu),
			 CPUSLAB_OK);
	at = cpuslab_ring_consumed(&view);
	is = cpuslab_ring_next(&view, &at, cpuslab_ring_tail(&view), &data,
			       &bytes);
	cpuslab_ring_consume(&view, at);
	return is;
}

static void records_are_consumed_as_appended(void **state)
{
	static const char *const words[] = { "a", "", "12345678", "123456789",
					     "the last one" };
	int i;

	(void)state;
	for (i = 0; i < 5; i++)
		assert_int_equal(append(2, words[i],
					(uint32_t)strlen(words[i])),
				 CPUSLAB_OK);
	for (i = 0; i < 5; i++)
		assert_true(consume(2, words[i], (uint32_t)strlen(words[i])));
	assert_false(consume(2, NULL, 0));
	assert_int_equal(append(2, NULL, 0), CPUSLAB_OK);
	assert_true(consume(2, NULL, 0));
	assert_int_equal(append(2, "more", 4), CPUSLAB_OK);
	assert_true(consume(2, "more", 4));
}

static void cpus_do_not_mix(void **state)
{
	(void)state;
	append(0, "zero", 4);
	append(1, "one", 3);
	append(CPUSLAB_NO_CPU, "nowhere", 7);
	assert_true(consume(0, "zero", 4));
	assert_false(consume(0, NULL, 0));
	assert_true(consume(1, "one", 3));
	assert_true(consume(CPUSLAB_SHARED, "nowhere", 7));
}

/* Every size at every place of a part, many times around. */
static void a_ring_goes_around(void **state)
{
	static const uint32_t cpus[] = { 1, CPUSLAB_SHARED };
	uint64_t in = 0, out = 0;
	struct cpuslab_ring_view view;
	const void *data;
	uint32_t bytes, i;

	(void)state;
	for (i = 0; i < 2; i++) {
		uint32_t size;

		for (size = 8; size <= RING_LARGEST; size++) {
			uint64_t at;

			assert_int_equal(append_number(cpus[i], in++, size),
					 CPUSLAB_OK);
			if (size % 3)
				continue;
			cpuslab_read_enter();
			assert_int_equal(cpuslab_ring_view_init(
						 &view, &ring_tested, cpus[i]),
					 CPUSLAB_OK);
			at = cpuslab_ring_consumed(&view);
			while (cpuslab_ring_next(&view, &at,
						 cpuslab_ring_tail(&view),
						 &data, &bytes))
				assert_int_equal(check_number(data, bytes),
						 out++);
			cpuslab_ring_consume(&view, at);
			cpuslab_read_exit();
			assert_int_equal(in, out);
		}
		/* The last ones, so that the next ring begins evenly. */
		assert_int_equal(size, RING_LARGEST + 1);
		assert_int_equal(in - out, RING_LARGEST % 3);
		out = in;
	}
	assert_int_equal(cpuslab_ring_lost(&ring_tested), 0);
}

/* The ring's own pages are a part of a part. */
static void a_large_ring_goes_around(void **state)
{
	static const uint32_t cpus[] = { 1, CPUSLAB_SHARED };
	struct fixture *f = *state;
	uint64_t number = 0;
	uint32_t i, k;

	cpuslab_ring_fini(&ring_tested);
	assert_int_equal(cpuslab_ring_init(&ring_tested, f->slab,
					   32 * RING_PAGE, 0),
			 CPUSLAB_OK);
	for (i = 0; i < 2; i++)
		for (k = 0; k < 2000; k++) {
			unsigned char data[1000];
			uint32_t bytes = 8 + k % 900;

			memset(data, (int)(number & 0xff), sizeof(data));
			memcpy(data, &number, sizeof(number));
			assert_int_equal(append_number(cpus[i], number, bytes),
					 CPUSLAB_OK);
			assert_true(consume(cpus[i], data, bytes));
			number++;
		}
}

/* What finds no room is counted; what was there before stays. */
static void a_full_ring(void **state)
{
	static const uint32_t cpus[] = { 1, CPUSLAB_SHARED };
	const uint32_t records = RING_ROOM / RING_PART * (RING_PART / 24);
	char data[24];
	uint32_t i, k;

	(void)state;
	memset(data, 'x', sizeof(data));
	for (i = 0; i < 2; i++) {
		/* They fill a part but for its last word. */
		for (k = 0; k < records; k++)
			assert_int_equal(append(cpus[i], data, 16), CPUSLAB_OK);
		assert_int_equal(append(cpus[i], data, 16), CPUSLAB_FULL);
		assert_int_equal(append(cpus[i], NULL, 0), CPUSLAB_FULL);
		assert_int_equal(cpuslab_ring_lost(&ring_tested), 4 * i + 2);
		assert_true(consume(cpus[i], data, 16));
		assert_int_equal(append(cpus[i], data, 17), CPUSLAB_FULL);
		assert_int_equal(append(cpus[i], data, 8), CPUSLAB_OK);
		assert_int_equal(append(cpus[i], NULL, 0), CPUSLAB_OK);
		assert_int_equal(append(cpus[i], NULL, 0), CPUSLAB_FULL);
		for (k = 1; k < records; k++)
			assert_true(consume(cpus[i], data, 16));
		assert_true(consume(cpus[i], data, 8));
		assert_true(consume(cpus[i], NULL, 0));
		assert_false(consume(cpus[i], NULL, 0));
		assert_int_equal(cpuslab_ring_lost(&ring_tested), 4 * i + 4);
	}
}

static void sizes(void **state)
{
	static unsigned char data[CPUSLAB_RING_MAX_RECORD + 1];
	volatile uint32_t huge = UINT32_MAX; /* a compiler would warn */
	struct fixture *f = *state;
	struct cpuslab_ring ring;

	assert_int_equal(cpuslab_ring_init(&ring, f->slab, 0, 0),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_ring_init(&ring, f->slab, RING_BYTES / 2, 0),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_ring_init(&ring, f->slab, RING_BYTES + 8, 0),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_ring_init(&ring, f->slab, 512u << 20, 0),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_ring_init(&ring, f->slab, RING_BYTES, 2),
			 -CPUSLAB_EINVAL);
	assert_int_equal(append(1, data, RING_LARGEST), CPUSLAB_OK);
	assert_int_equal(append(1, data, RING_LARGEST + 1), -CPUSLAB_EINVAL);
	assert_int_equal(append(1, data, huge), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_ring_init(&ring, f->slab, 16 * RING_PAGE, 0),
			 CPUSLAB_OK);
	sim_cpu_set(1);
	assert_int_equal(cpuslab_ring_append(&ring, data,
					     CPUSLAB_RING_MAX_RECORD),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_ring_append(&ring, data,
					     CPUSLAB_RING_MAX_RECORD + 1),
			 -CPUSLAB_EINVAL);
	cpuslab_ring_fini(&ring);
}

static void the_null_ring_is_an_error(void **state)
{
	static const struct cpuslab_ring null;
	struct cpuslab_ring_view view;

	(void)state;
	assert_int_equal(cpuslab_ring_append(&null, NULL, 0), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_ring_append(&null, "x", 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_ring_view_init(&view, &null, 0),
			 -CPUSLAB_ENOENT);
	assert_int_equal(cpuslab_ring_lost(&null), 0);
}

/* A consumer that stored nonsense hurts itself only, and reads no more. */
static void a_position_of_no_record(void **state)
{
	const uint64_t positions[] = { RING_FIRST + 4,  RING_FIRST + 8,
				       RING_FIRST + 40, 1u << 20,
				       UINT64_MAX,      RING_BYTES };
	const uint64_t beyond_the_part = RING_PART - 32;
	struct cpuslab_ring_view view;
	uint64_t at, end;
	const void *data;
	uint32_t bytes;
	size_t i;

	(void)state;
	append(1, "\377\377\377\377\377\377\377\177", 8);
	append(1, "after", 5);
	append(1, &beyond_the_part, 8);
	cpuslab_read_enter();
	assert_int_equal(cpuslab_ring_view_init(&view, &ring_tested, 1),
			 CPUSLAB_OK);
	end = cpuslab_ring_tail(&view);
	for (i = 0; i < sizeof(positions) / sizeof(positions[0]); i++) {
		cpuslab_ring_consume(&view, positions[i]);
		at = cpuslab_ring_consumed(&view);
		assert_false(cpuslab_ring_next(&view, &at, end, &data, &bytes));
		assert_int_equal(at, positions[i]);
		sim_cpu_set(1);
		(void)cpuslab_ring_append(&ring_tested, "x", 1);
	}
	cpuslab_ring_consume(&view, end);
	cpuslab_read_exit();
}

static void without_a_block_no_ring(void **state)
{
	struct cpuslab_ring_view view;

	(void)state;
	assert_int_equal(cpuslab_ring_view_init(&view, &ring_tested, 40),
			 -CPUSLAB_ENOENT);
	assert_int_equal(append(40, "x", 1), CPUSLAB_OK);
	assert_true(consume(40, "x", 1));
}

/*
 * A CPU that left keeps its ring until its records are consumed; then the ring
 * is released, and the CPU has a new one when it returns. What was lost stays
 * known.
 */
static void records_outlive_their_cpu(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_ring_view view;
	int k;

	fixture_add(f, 9);
	for (k = 0; append(9, "mine", 4) == CPUSLAB_OK; k++)
		;
	fixture_remove(f, 9);
	assert_int_equal(cpuslab_domain_trim(f->domain, CPUSLAB_TRIM_QUIESCENT),
			 CPUSLAB_RETAINED);
	sim_quiesce();
	assert_string_equal(fixture_stats(f).deferred_by, "cpuslab_ring");
	while (k--)
		assert_true(consume(9, "mine", 4));
	assert_int_equal(cpuslab_domain_trim(f->domain, CPUSLAB_TRIM_QUIESCENT),
			 CPUSLAB_OK);
	sim_quiesce();
	assert_int_equal(cpuslab_ring_view_init(&view, &ring_tested, 9),
			 -CPUSLAB_ENOENT);
	assert_int_equal(cpuslab_ring_lost(&ring_tested), 1);
	fixture_add(f, 9);
	append(9, "again", 5);
	assert_true(consume(9, "again", 5));
	assert_false(consume(9, NULL, 0));
}

/* The same without a grace period in between. */
static void a_cpu_returns_to_an_empty_ring(void **state)
{
	struct fixture *f = *state;

	fixture_add(f, 9);
	append(9, "mine", 4);
	assert_true(consume(9, "mine", 4));
	cpuslab_read_enter();
	fixture_remove(f, 9);
	(void)cpuslab_domain_trim(f->domain, CPUSLAB_TRIM_QUIESCENT);
	fixture_add(f, 9);
	append(9, "again", 5);
	assert_true(consume(9, "again", 5));
	assert_false(consume(9, NULL, 0));
	cpuslab_read_exit();
}

/* A consumer maps it by pages, whose sizes differ between systems. */
static void a_ring_begins_with_a_page(void **state)
{
	static const size_t pages[] = { 4096, 16384, 65536 };
	struct cpuslab_percpu before;
	struct cpuslab_ring_view view;
	struct fixture f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		const struct fixture_config config = { .page_size = pages[i] };

		if ((long)pages[i] < sysconf(_SC_PAGESIZE))
			continue;
		fixture_begin(&f, &config);
		before = fixture_alloc(&f, &fixture_blob);
		assert_int_equal(cpuslab_ring_init(&ring_tested, f.slab,
						   RING_BYTES, 0),
				 CPUSLAB_OK);
		append_number(1, 1, RING_LARGEST);
		cpuslab_read_enter();
		assert_int_equal(cpuslab_ring_view_init(&view, &ring_tested, 1),
				 CPUSLAB_OK);
		assert_int_equal((uintptr_t)view.memory % pages[i], 0);
		assert_int_equal(cpuslab_ring_consumed(&view), 2 * pages[i]);
		assert_true(consume_any(1));
		cpuslab_read_exit();
		cpuslab_ring_fini(&ring_tested);
		fixture_free(&f, &before);
		fixture_end(&f);
	}
}

/* ---- at every point ------------------------------------------------------ */

static const uint32_t point_cpus[] = { 1, CPUSLAB_SHARED };
static uint64_t point_found;

static void point_look(void *arg)
{
	const uint32_t *cpu = arg;

	if (consume(*cpu, "a whole record", 14))
		point_found++;
}

/* A consumer at every point of an append gets the whole record, or nothing. */
static void a_consumer_at_every_point(void **state)
{
	struct fixture *f = *state;
	int i;

	for (i = 0; i < 2; i++) {
		unsigned int left = 0;
		uint64_t k;

		for (k = 1; !left; k++) {
			ring_reset(f, 0);
			point_found = 0;
			sim_other_at(k, 3, point_look,
				     (void *)(uintptr_t)&point_cpus[i]);
			append(point_cpus[i], "a whole record", 14);
			left = sim_at_cancel();
			point_look((void *)(uintptr_t)&point_cpus[i]);
			assert_int_equal(point_found, 1);
		}
		assert_true(k > 3);
	}
}

static void append_two(void *arg)
{
	(void)arg;
	assert_int_equal(cpuslab_ring_append(&ring_tested, "2", 1), CPUSLAB_OK);
}

static uint32_t sum_of(uint32_t cpu, uint32_t *count)
{
	struct cpuslab_ring_view view;
	const void *data;
	uint32_t bytes, sum = 0;
	uint64_t at;

	cpuslab_read_enter();
	if (!cpuslab_ring_view_init(&view, &ring_tested, cpu)) {
		at = cpuslab_ring_consumed(&view);
		for (; cpuslab_ring_next(&view, &at, cpuslab_ring_tail(&view),
					 &data, &bytes);
		     ++*count)
			sum += *(const unsigned char *)data - (uint32_t)'0';
		cpuslab_ring_consume(&view, at);
	}
	cpuslab_read_exit();
	return sum;
}

/* A handler, or the thread after it was moved, appends at every point. */
static void appends_over_each_other(void **state)
{
	struct fixture *f = *state;
	int i;

	for (i = 0; i < 4; i++) {
		uint32_t cpu = point_cpus[i % 2];
		unsigned int left = 0;
		uint64_t k;

		for (k = 1; !left; k++) {
			uint32_t sum, count = 0;

			ring_reset(f, 0);
			if (i < 2)
				sim_signal_at(k, append_two, NULL);
			else
				sim_preempt_at(k, 3);
			append(cpu, "1", 1);
			left = sim_at_cancel();
			sum = sum_of(cpu, &count) + sum_of(3, &count);
			assert_int_equal(sum, i < 2 && !left ? 3 : 1);
			assert_int_equal(count, i < 2 && !left ? 2 : 1);
		}
		assert_true(k > 3);
	}
}

static void append_and_consume(void *arg)
{
	const uint32_t *cpu = arg;

	assert_int_equal(append_number(*cpu, 7, RING_LARGEST), CPUSLAB_OK);
	assert_int_equal(append(*cpu, "after", 5), CPUSLAB_OK);
	cpuslab_read_enter();
	while (consume_any(*cpu))
		;
	cpuslab_read_exit();
}

/* Where several threads write, a producer that was overtaken tries again. */
static void a_producer_is_overtaken(void **state)
{
	unsigned int left = 0;
	uint64_t k;

	for (k = 1; !left; k++) {
		ring_reset(*state, 0);
		sim_other_at(k, CPUSLAB_NO_CPU, append_and_consume,
			     (void *)(uintptr_t)&point_cpus[1]);
		assert_int_equal(append(CPUSLAB_NO_CPU, "1", 1), CPUSLAB_OK);
		left = sim_at_cancel();
	}
	assert_true(k > 3);
	assert_int_equal(cpuslab_ring_lost(&ring_tested), 0);
}

#define RING_TEST(test)                                                        \
	{ #test " (rseq)", test, ring_setup, ring_teardown, &fixture_rseq },   \
	{                                                                      \
#test " (atomic)", test, ring_setup, ring_teardown,            \
			&fixture_atomic                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(records_are_consumed_as_appended),
		RING_TEST(cpus_do_not_mix),
		RING_TEST(a_ring_goes_around),
		RING_TEST(a_large_ring_goes_around),
		RING_TEST(a_full_ring),
		RING_TEST(sizes),
		RING_TEST(the_null_ring_is_an_error),
		RING_TEST(a_position_of_no_record),
		RING_TEST(without_a_block_no_ring),
		RING_TEST(records_outlive_their_cpu),
		RING_TEST(a_cpu_returns_to_an_empty_ring),
		cmocka_unit_test(a_ring_begins_with_a_page),
		RING_TEST(a_consumer_at_every_point),
		RING_TEST(appends_over_each_other),
		RING_TEST(a_producer_is_overtaken),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
