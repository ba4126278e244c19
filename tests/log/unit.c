/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

#define LOG_CAPACITY 9000u

static struct cpuslab_log log_tested;

static int log_setup(void **state)
{
	struct fixture *f;

	if (fixture_setup(state))
		return -1;
	f = *state;
	return cpuslab_log_init(&log_tested, f->slab, LOG_CAPACITY);
}

static int log_teardown(void **state)
{
	cpuslab_log_fini(&log_tested);
	return fixture_teardown(state);
}

static int append(uint32_t cpu, const void *data, uint32_t bytes)
{
	sim_cpu_set(cpu);
	return cpuslab_log_append(&log_tested, data, bytes);
}

/* Read one record of @cpu's; compare it, and return the result. */
static int check_next(uint32_t cpu, uint64_t *cursor, const void *data,
		      uint32_t bytes)
{
	const void *found;
	uint32_t length;
	int result;

	cpuslab_read_enter();
	result = cpuslab_log_read(&log_tested, cpu, cursor, &found, &length);
	if (!result) {
		assert_int_equal(length, bytes);
		if (bytes)
			assert_memory_equal(found, data, bytes);
	}
	cpuslab_read_exit();
	return result;
}

static void records_are_read_as_appended(void **state)
{
	static const char *const words[] = { "a", "", "12345678", "123456789",
					     "the last one" };
	uint64_t cursor = 0;
	int i;

	(void)state;
	for (i = 0; i < 5; i++)
		assert_int_equal(append(2, words[i],
					(uint32_t)strlen(words[i])),
				 CPUSLAB_OK);
	for (i = 0; i < 5; i++)
		assert_int_equal(check_next(2, &cursor, words[i],
					    (uint32_t)strlen(words[i])),
				 CPUSLAB_OK);
	assert_int_equal(check_next(2, &cursor, NULL, 0), CPUSLAB_EMPTY);
	assert_int_equal(append(2, "more", 4), CPUSLAB_OK);
	assert_int_equal(check_next(2, &cursor, "more", 4), CPUSLAB_OK);
}

static void an_empty_record_needs_no_data(void **state)
{
	uint64_t cursor = 0;

	(void)state;
	assert_int_equal(append(2, NULL, 0), CPUSLAB_OK);
	assert_int_equal(check_next(2, &cursor, NULL, 0), CPUSLAB_OK);
	assert_int_equal(check_next(2, &cursor, NULL, 0), CPUSLAB_EMPTY);
}

static void cpus_do_not_mix(void **state)
{
	uint64_t zero = 0, one = 0, shared = 0;

	(void)state;
	append(0, "zero", 4);
	append(1, "one", 3);
	append(CPUSLAB_NO_CPU, "nowhere", 7);
	assert_int_equal(check_next(0, &zero, "zero", 4), CPUSLAB_OK);
	assert_int_equal(check_next(0, &zero, NULL, 0), CPUSLAB_EMPTY);
	assert_int_equal(check_next(1, &one, "one", 3), CPUSLAB_OK);
	assert_int_equal(check_next(CPUSLAB_SHARED, &shared, "nowhere", 7),
			 CPUSLAB_OK);
}

static void the_largest_record(void **state)
{
	static unsigned char data[CPUSLAB_LOG_MAX_RECORD + 1];
	uint64_t cursor = 0;
	uint32_t i;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7);
	assert_int_equal(append(1, data, CPUSLAB_LOG_MAX_RECORD), CPUSLAB_OK);
	assert_int_equal(append(1, data, CPUSLAB_LOG_MAX_RECORD + 1),
			 -CPUSLAB_EINVAL);
	assert_int_equal(append(1, data, UINT32_MAX), -CPUSLAB_EINVAL);
	assert_int_equal(check_next(1, &cursor, data, CPUSLAB_LOG_MAX_RECORD),
			 CPUSLAB_OK);
	assert_int_equal(check_next(1, &cursor, NULL, 0), CPUSLAB_EMPTY);
}

/* A full log stays unchanged, but a smaller record may still fit. */
static void a_full_log(void **state)
{
	static char data[1000];
	uint64_t cursor = 0;
	int i, fit = LOG_CAPACITY / 1008;

	(void)state;
	for (i = 0; i < fit; i++)
		assert_int_equal(append(1, data, 1000), CPUSLAB_OK);
	assert_int_equal(append(1, data, 1000), CPUSLAB_FULL);
	assert_int_equal(append(1, data, 900), CPUSLAB_OK);
	while (append(1, NULL, 0) == CPUSLAB_OK)
		fit++;
	assert_int_equal(append(1, data, 1), CPUSLAB_FULL);
	for (i = 0; i < (int)(LOG_CAPACITY / 1008); i++)
		assert_int_equal(check_next(1, &cursor, data, 1000),
				 CPUSLAB_OK);
	assert_int_equal(check_next(1, &cursor, data, 900), CPUSLAB_OK);
	for (i = (int)(LOG_CAPACITY / 1008); i < fit; i++)
		assert_int_equal(check_next(1, &cursor, NULL, 0), CPUSLAB_OK);
	assert_int_equal(cursor, LOG_CAPACITY);
	assert_int_equal(append(2, data, 1), CPUSLAB_OK);
}

static void capacities(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_log log;

	assert_int_equal(cpuslab_log_init(&log, f->slab, 0), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_log_init(&log, f->slab, 15), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_log_init(&log, f->slab, (256u << 20) + 1),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_log_init(&log, f->slab, UINT32_MAX),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_log_init(&log, f->slab, 17), CPUSLAB_OK);
	assert_int_equal(log.capacity, 24);
	assert_int_equal(cpuslab_log_append(&log, "16 bytes of text", 16),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_log_append(&log, NULL, 0), CPUSLAB_FULL);
	cpuslab_log_fini(&log);
	assert_int_equal(cpuslab_log_init(&log, f->slab, 16), CPUSLAB_OK);
	cpuslab_log_fini(&log);
}

static void without_a_block_no_records(void **state)
{
	uint64_t cursor = 0;

	(void)state;
	assert_int_equal(check_next(40, &cursor, NULL, 0), -CPUSLAB_ENOENT);
	assert_int_equal(check_next(64, &cursor, NULL, 0), -CPUSLAB_ENOENT);
	assert_int_equal(check_next(CPUSLAB_NO_CPU, &cursor, NULL, 0),
			 -CPUSLAB_ENOENT);
	assert_int_equal(append(40, "x", 1), CPUSLAB_OK);
	assert_int_equal(check_next(40, &cursor, "x", 1), CPUSLAB_OK);
}

static void the_null_log_is_an_error(void **state)
{
	static const struct cpuslab_log null;
	const void *data;
	uint64_t cursor = 0;
	uint32_t bytes;

	(void)state;
	assert_int_equal(cpuslab_log_append(&null, "x", 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_log_read(&null, 0, &cursor, &data, &bytes),
			 -CPUSLAB_ENOENT);
}

/* Records are not counters, so they keep their CPU's block. */
static void records_outlive_their_cpu(void **state)
{
	struct fixture *f = *state;
	uint64_t cursor = 0;

	fixture_add(f, 9);
	append(9, "mine", 4);
	fixture_remove(f, 9);
	assert_int_equal(cpuslab_domain_trim(f->domain, CPUSLAB_TRIM_QUIESCENT),
			 CPUSLAB_RETAINED);
	sim_quiesce();
	assert_int_equal(check_next(9, &cursor, "mine", 4), CPUSLAB_OK);
	assert_int_equal(fixture_stats(f).retained, 1);
	assert_true(fixture_stats(f).release_deferred > 0);
	fixture_add(f, 9);
	append(9, "again", 5);
	assert_int_equal(check_next(9, &cursor, "again", 5), CPUSLAB_OK);
}

/* Replaced and freed by RCU, two logs serve continuous logging. */
static void a_freed_log_is_read_to_the_end_of_the_section(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_log log;
	const void *data;
	uint64_t cursor = 0;
	uint32_t bytes;

	assert_int_equal(cpuslab_log_init(&log, f->slab, 64), CPUSLAB_OK);
	sim_cpu_set(1);
	assert_int_equal(cpuslab_log_append(&log, "old", 3), CPUSLAB_OK);
	cpuslab_read_enter();
	assert_int_equal(cpuslab_free_rcu(f->slab, &log.handle), CPUSLAB_OK);
	sim_quiesce();
	assert_int_equal(cpuslab_log_read(&log, 1, &cursor, &data, &bytes),
			 CPUSLAB_OK);
	assert_memory_equal(data, "old", 3);
	cpuslab_read_exit();
	sim_quiesce();
	assert_int_equal(fixture_stats(f).objects, 1);
}

/* A reader at every point of an append sees the whole record, or nothing. */
static int log_seen;

static void look(void *arg)
{
	const uint32_t *cpu = arg;
	uint64_t cursor = 0;

	log_seen = check_next(*cpu, &cursor, "whole record", 12);
	assert_true(log_seen == CPUSLAB_OK || log_seen == CPUSLAB_EMPTY);
}

static void a_reader_at_every_point(void **state)
{
	static uint32_t cpus[] = { 1, CPUSLAB_SHARED };
	struct fixture *f = *state;
	int i;

	for (i = 0; i < 2; i++) {
		unsigned int left = 0;
		uint64_t k;

		for (k = 1; !left; k++) {
			cpuslab_log_fini(&log_tested);
			assert_int_equal(cpuslab_log_init(&log_tested, f->slab,
							  LOG_CAPACITY),
					 CPUSLAB_OK);
			sim_other_at(k, 3, look, &cpus[i]);
			append(cpus[i], "whole record", 12);
			left = sim_at_cancel();
		}
		assert_true(k > 3);
		look(&cpus[i]);
		assert_int_equal(log_seen, CPUSLAB_OK);
	}
}

/*
 * A record that is not committed yet hides later ones, so there are no holes.
 */
static void append_two(void *arg)
{
	(void)arg;
	assert_int_equal(cpuslab_log_append(&log_tested, "2", 1), CPUSLAB_OK);
}

static void appends_over_each_other(void **state)
{
	struct fixture *f = *state;
	unsigned int left = 0;
	uint64_t k;

	for (k = 1; !left; k++) {
		uint64_t cursor = 0;
		const void *data;
		uint32_t bytes, sum = 0;

		cpuslab_log_fini(&log_tested);
		assert_int_equal(cpuslab_log_init(&log_tested, f->slab, 64),
				 CPUSLAB_OK);
		sim_signal_at(k, append_two, NULL);
		append(1, "1", 1);
		left = sim_at_cancel();
		cpuslab_read_enter();
		while (!cpuslab_log_read(&log_tested, 1, &cursor, &data,
					 &bytes))
			sum += *(const unsigned char *)data - (uint32_t)'0';
		cpuslab_read_exit();
		assert_int_equal(sum, left ? 1 : 3);
	}
}

/* ---- a reader against appends -------------------------------------------- */

#define STORM_RECORDS 30u

struct storm_record {
	uint64_t number[3];
};

static void storm_append(void *arg)
{
	uint64_t i;

	(void)arg;
	for (i = 1; i <= STORM_RECORDS; i++) {
		const struct storm_record record = { { i, i, i } };

		(void)cpuslab_log_append(&log_tested, &record, sizeof(record));
	}
}

static void storm_read(void *arg)
{
	static const uint32_t cpus[] = { 0, 1, CPUSLAB_SHARED };
	bool *failed = arg;
	uint32_t i, length;
	const void *data;

	for (i = 0; i < 3 * STORM_RECORDS; i++) {
		uint64_t cursor = 0;

		cpuslab_read_enter();
		while (!cpuslab_log_read(&log_tested, cpus[i % 3], &cursor,
					 &data, &length)) {
			const struct storm_record *record = data;

			sim_order_read(data, length);
			*failed |= length != sizeof(*record) ||
				   !record->number[0] ||
				   record->number[0] != record->number[2];
		}
		cpuslab_read_exit();
	}
}

static void a_reader_sees_whole_records(void **state)
{
	bool failed = false;
	const struct sim_task tasks[] = {
		{ storm_append, NULL, 0 },
		{ storm_append, NULL, 0 },
		{ storm_append, NULL, 1 },
		{ storm_read, &failed, 2 },
	};

	(void)state;
	sim_run(tasks, 4);
	assert_false(failed);
}

#define LOG_TEST(test)                                                         \
	{ #test " (rseq)", test, log_setup, log_teardown, &fixture_rseq },     \
	{                                                                      \
#test " (atomic)", test, log_setup, log_teardown,              \
			&fixture_atomic                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(records_are_read_as_appended),
		LOG_TEST(an_empty_record_needs_no_data),
		LOG_TEST(cpus_do_not_mix),
		LOG_TEST(the_largest_record),
		LOG_TEST(a_full_log),
		LOG_TEST(capacities),
		LOG_TEST(without_a_block_no_records),
		LOG_TEST(the_null_log_is_an_error),
		LOG_TEST(records_outlive_their_cpu),
		LOG_TEST(a_freed_log_is_read_to_the_end_of_the_section),
		LOG_TEST(a_reader_at_every_point),
		LOG_TEST(appends_over_each_other),
		LOG_TEST(a_reader_sees_whole_records),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
