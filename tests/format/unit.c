/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

#include <stdlib.h>

#include "base/format.h"

static const char *text_quote(const char *string)
{
	static char buf[128];
	struct cpuslab__text text = { buf, sizeof(buf), 0 };

	buf[0] = '\0';
	cpuslab__text_quoted(&text, string);
	return buf;
}

static void strings_and_numbers_follow_each_other(void **state)
{
	char buf[64] = "";
	struct cpuslab__text text = { buf, sizeof(buf), 0 };

	(void)state;
	cpuslab__text_string(&text, "a ");
	cpuslab__text_string(&text, NULL);
	cpuslab__text_number(&text, 0);
	cpuslab__text_string(&text, " ");
	cpuslab__text_number(&text, UINT64_MAX);
	assert_string_equal(buf, "a 0 18446744073709551615");
	assert_int_equal(text.length, strlen(buf));
}

/* With any buffer size: a prefix, its terminator, and the whole length. */
static void what_does_not_fit_is_counted(void **state)
{
	static const char whole[] = "123456789";
	size_t size;

	(void)state;
	for (size = 0; size < sizeof(whole) + 2; size++) {
		char buf[sizeof(whole) + 4];
		struct cpuslab__text text = { buf, size, 0 };

		memset(buf, '#', sizeof(buf));
		if (size)
			buf[0] = '\0';
		cpuslab__text_string(&text, whole);
		assert_int_equal(text.length, strlen(whole));
		if (size) {
			assert_in_range(strlen(buf), 0, size - 1);
			assert_memory_equal(buf, whole, strlen(buf));
		}
		assert_int_equal(buf[size], '#');
	}
}

static void odd_names_are_quoted(void **state)
{
	(void)state;
	assert_string_equal(text_quote(""), "\"\"");
	assert_string_equal(text_quote("a b"), "\"a b\"");
	assert_string_equal(text_quote("a\"b\\c"), "\"a\\\"b\\\\c\"");
	assert_string_equal(text_quote("\n\x1f"), "\"\\u000a\\u001f\"");
	assert_string_equal(text_quote("\x7f"), "\"\x7f\"");
}

static void a_log_line_is_put_together(void **state)
{
	(void)state;
	cpuslab__log("one ", NULL, "two", " three");
	assert_non_null(sim_log_find("one two three"));
	cpuslab__log_cpu("CPU ", NULL, NULL, 8191);
	assert_non_null(sim_log_find("CPU 8191"));
}

static void a_long_log_line_is_cut(void **state)
{
	char name[1000];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	cpuslab__log("cut ", name, name, name);
	assert_non_null(sim_log_find("cut xxx"));
}

static void a_copy_is_ones_own(void **state)
{
	char name[] = "name";
	char *copy = cpuslab__string_copy(name);

	(void)state;
	name[0] = 'g';
	assert_string_equal(copy, "name");
	cpuslab_port_free(copy);
	sim_fail_alloc_at(1);
	assert_null(cpuslab__string_copy(name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_NO_DOMAIN(strings_and_numbers_follow_each_other),
		FIXTURE_NO_DOMAIN(what_does_not_fit_is_counted),
		FIXTURE_NO_DOMAIN(odd_names_are_quoted),
		FIXTURE_NO_DOMAIN(a_log_line_is_put_together),
		FIXTURE_NO_DOMAIN(a_long_log_line_is_cut),
		FIXTURE_NO_DOMAIN(a_copy_is_ones_own),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
