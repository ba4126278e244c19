/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"
#include "fixture/json.h"

static void a_known_state(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	struct cpuslab_stats stats;

	fixture_add(f, 20);
	fixture_count(&handle, 40, 1);
	fixture_count(&handle, CPUSLAB_NO_CPU, 1);
	stats = fixture_stats(f);
	assert_string_equal(stats.name, "tested");
	assert_string_equal(stats.domain, "tested");
	assert_int_equal(stats.generation, 5);
	assert_int_equal(stats.limit, 64);
	assert_int_equal(stats.online, 5);
	assert_int_equal(stats.in_use, 6);
	assert_int_equal(stats.unannounced, 1);
	assert_int_equal(stats.retained, 0);
	assert_int_equal(stats.draining, 0);
	assert_int_equal(stats.extents, 1);
	assert_int_equal(stats.objects, 1);
	assert_int_equal(stats.admissions, 6);
	assert_int_equal(stats.on_demand, 1);
	assert_int_equal(stats.refusals, 0);
	assert_int_equal(stats.releases, 0);
	assert_int_equal(stats.release_deferred, 0);
	assert_int_equal(stats.shared_ops, 1);
	assert_int_equal(stats.atomic, cpuslab_port_uses_atomics());
	assert_string_equal(stats.registration, "none");
	fixture_free(f, &handle);
}

static void bytes_are_what_the_system_says(void **state)
{
	static const struct cpuslab_type type = {
		.name = "any", .size = 3000, .flags = CPUSLAB_TYPE_DISCARD
	};
	struct fixture *f = *state;
	struct cpuslab_percpu handles[60];
	int i;

	for (i = 0; i < 60; i++) {
		handles[i] = fixture_alloc(f, &type);
		if (i % 8 == 0)
			fixture_add(f, 10 + (uint32_t)i / 8);
		if (i % 16 == 0)
			fixture_remove(f, 10 + (uint32_t)i / 8);
		fixture_check_bytes(f);
	}
	while (i--)
		fixture_free(f, &handles[i]);
}

static void a_removal_is_seen(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	struct cpuslab_stats stats;

	fixture_add(f, 20);
	cpuslab_read_enter();
	fixture_remove(f, 20);
	sim_quiesce();
	stats = fixture_stats(f);
	assert_int_equal(stats.draining, 1);
	assert_int_equal(stats.releases, 1);
	assert_int_equal(stats.in_use, 5);
	assert_int_equal(stats.online, 4);
	cpuslab_read_exit();
	sim_quiesce();
	stats = fixture_stats(f);
	assert_int_equal(stats.draining, 0);
	assert_int_equal(stats.in_use, 4);
	assert_int_equal(stats.generation, 6);
	fixture_free(f, &handle);
}

static void a_retained_one_is_seen(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);

	fixture_add(f, 20);
	fixture_remove(f, 20);
	assert_int_equal(fixture_stats(f).retained, 1);
	assert_int_equal(fixture_stats(f).unannounced, 0);
	fixture_add(f, 20);
	assert_int_equal(fixture_stats(f).retained, 0);
	fixture_free(f, &handle);
}

static void text_has_a_line_for_each(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_stats stats = fixture_stats(f);
	char buf[2048];
	size_t length = cpuslab_stats_text(&stats, buf, sizeof(buf));

	assert_int_equal(length, strlen(buf));
	assert_int_equal(strncmp(buf, "name tested\ndomain tested\n", 26), 0);
	assert_non_null(strstr(buf, "\nregistration none\n"));
	assert_non_null(strstr(buf, "\nlimit 64\n"));
	assert_non_null(strstr(buf, "\ncommitted_bytes 0\n"));
	assert_int_equal(buf[length - 1], '\n');
}

static void json_is_well_formed(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_stats stats = fixture_stats(f);
	char buf[2048];
	size_t length = cpuslab_stats_json(&stats, buf, sizeof(buf));

	assert_int_equal(length, strlen(buf));
	assert_ptr_equal(json_end(buf), buf + length);
	assert_non_null(strstr(buf, "\"name\":\"tested\""));
	assert_non_null(strstr(buf, "\"limit\":64,"));
	assert_non_null(strstr(buf, cpuslab_port_uses_atomics() ?
					    "\"atomic\":1" :
					    "\"atomic\":0"));
}

static void json_quotes_odd_names(void **state)
{
	static const char *const names[] = {
		"", "\"", "\\", "a\nb\tc", "\x01\x1f", "{\"x\":1}"
	};
	struct cpuslab_stats stats = { .domain = "d" };
	char buf[2048];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t length;

		stats.name = names[i];
		length = cpuslab_stats_json(&stats, buf, sizeof(buf));
		assert_ptr_equal(json_end(buf), buf + length);
	}
}

static void no_names_at_all(void **state)
{
	const struct cpuslab_stats none = { 0 };
	char buf[2048];

	(void)state;
	assert_true(cpuslab_stats_text(&none, buf, sizeof(buf)) > 0);
	assert_true(cpuslab_stats_json(&none, buf, sizeof(buf)) > 0);
	assert_ptr_equal(json_end(buf), buf + strlen(buf));
}

static void numbers_are_not_cut(void **state)
{
	struct cpuslab_stats stats = { .name = "n",
				       .domain = "d",
				       .committed_bytes = UINT64_MAX,
				       .limit = UINT32_MAX };
	char buf[2048];

	(void)state;
	cpuslab_stats_json(&stats, buf, sizeof(buf));
	assert_non_null(
		strstr(buf, "\"committed_bytes\":18446744073709551615"));
	assert_non_null(strstr(buf, "\"limit\":4294967295"));
}

static void truncated(size_t (*write)(const struct cpuslab_stats *stats,
				      char *buf, size_t size))
{
	const struct cpuslab_stats stats = { .name = "n", .domain = "d" };
	char whole[2048], buf[2048];
	size_t length = write(&stats, whole, sizeof(whole)), size;

	assert_int_equal(write(&stats, NULL, 0), length);
	for (size = 1; size <= length + 1; size++) {
		memset(buf, '#', sizeof(buf));
		assert_int_equal(write(&stats, buf, size), length);
		assert_int_equal(strlen(buf), size - 1);
		assert_memory_equal(buf, whole, size - 1);
		assert_int_equal(buf[size], '#');
	}
}

static void buffers_of_every_size(void **state)
{
	(void)state;
	truncated(cpuslab_stats_text);
	truncated(cpuslab_stats_json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_BOTH(a_known_state),
		FIXTURE_BOTH(bytes_are_what_the_system_says),
		FIXTURE_RSEQ(a_removal_is_seen),
		FIXTURE_ATOMIC(a_retained_one_is_seen),
		FIXTURE_RETAIN(a_retained_one_is_seen),
		FIXTURE_RSEQ(text_has_a_line_for_each),
		FIXTURE_BOTH(json_is_well_formed),
		FIXTURE_NO_DOMAIN(json_quotes_odd_names),
		FIXTURE_NO_DOMAIN(no_names_at_all),
		FIXTURE_NO_DOMAIN(numbers_are_not_cut),
		FIXTURE_NO_DOMAIN(buffers_of_every_size),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
