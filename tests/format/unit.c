/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include <cpuslab/log_hook.h>

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
	cpuslab__text_utf8(&text, NULL);
	cpuslab__text_label(&text, NULL);
	cpuslab__text_number(&text, 0);
	cpuslab__text_string(&text, " ");
	cpuslab__text_number(&text, UINT64_MAX);
	assert_string_equal(buf, "a \"\"0 18446744073709551615");
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
	assert_string_equal(text_quote("\x7f"), "\"\\u007f\"");
}

static const char *text_escape(const char *string)
{
	static char buf[128];
	struct cpuslab__text text = { buf, sizeof(buf), 0 };

	buf[0] = '\0';
	cpuslab__text_escaped(&text, string);
	assert_int_equal(text.length, strlen(buf));
	return buf;
}

static void names_end_no_line(void **state)
{
	(void)state;
	assert_string_equal(text_escape("a b\"c"), "a b\"c");
	assert_string_equal(text_escape("a\\b"), "a\\\\b");
	assert_string_equal(text_escape("x\nonline 4711\r\t"),
			    "x\\x0aonline 4711\\x0d\\x09");
	assert_string_equal(text_escape("\x1b[31m\x7f"), "\\x1b[31m\\x7f");
	/* U+0085, U+2028 and U+2029, but not U+00A0 and U+2030 */
	assert_string_equal(text_escape("\xc2\x85"), "\\xc2\\x85");
	assert_string_equal(text_escape("\xe2\x80\xa8\xe2\x80\xa9"),
			    "\\xe2\\x80\\xa8\\xe2\\x80\\xa9");
	assert_string_equal(text_escape("\xc2\xa0\xe2\x80\xb0\xe2\x82\xac"),
			    "\xc2\xa0\xe2\x80\xb0\xe2\x82\xac");
}

/* The first and last characters of each length, and what lies beyond them. */
static void only_utf8_is_written(void **state)
{
	static const char *const valid[] = {
		"\xc2\xa0",         "\xdf\xbf",         "\xe0\xa0\x80",
		"\xed\x9f\xbf",     "\xee\x80\x80",     "\xef\xbf\xbf",
		"\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
	};
	static const struct {
		const char *bytes, *escaped, *quoted;
	} invalid[] = {
		{ "\xe9", "\\xe9", "\"\\ufffd\"" },
		{ "\xe9x", "\\xe9x", "\"\\ufffdx\"" },
		{ "\x80", "\\x80", "\"\\ufffd\"" },
		{ "\xc1\xbf", "\\xc1\\xbf", "\"\\ufffd\\ufffd\"" },
		{ "\xe2\x82", "\\xe2\\x82", "\"\\ufffd\\ufffd\"" },
		{ "\xf8\x88", "\\xf8\\x88", "\"\\ufffd\\ufffd\"" },
		{ "\xe0\x9f\xbf", "\\xe0\\x9f\\xbf",
		  "\"\\ufffd\\ufffd\\ufffd\"" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80",
		  "\"\\ufffd\\ufffd\\ufffd\"" },
		{ "\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf",
		  "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80",
		  "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		char quoted[8];

		snprintf(quoted, sizeof(quoted), "\"%s\"", valid[i]);
		assert_string_equal(text_escape(valid[i]), valid[i]);
		assert_string_equal(text_quote(valid[i]), quoted);
	}
	for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		assert_string_equal(text_escape(invalid[i].bytes),
				    invalid[i].escaped);
		assert_string_equal(text_quote(invalid[i].bytes),
				    invalid[i].quoted);
	}
}

/* Neither a character nor an escape is cut in two, and nothing follows it. */
static void a_cut_leaves_whole_characters(void **state)
{
	char buf[8] = "";
	struct cpuslab__text text = { buf, 4, 0 };

	(void)state;
	cpuslab__text_string(&text, "ab\xc3\xa9z");
	assert_string_equal(buf, "ab");
	assert_int_equal(text.length, 5);
	buf[0] = '\0';
	text = (struct cpuslab__text){ buf, 5, 0 };
	cpuslab__text_escaped(&text, "a\nb");
	assert_string_equal(buf, "a");
	assert_int_equal(text.length, 6);
}

static void a_fact_is_logged_once(void **state)
{
	struct cpuslab__logged logged = { 0 };
	const char *a = "a", *b = "b";
	int i, lines = 0;

	(void)state;
	assert_true(cpuslab__log_once(&logged, NULL, 0));
	assert_false(cpuslab__log_once(&logged, NULL, 0));
	assert_true(cpuslab__log_once(&logged, a, 0));
	assert_true(cpuslab__log_once(&logged, a, -1));
	assert_false(cpuslab__log_once(&logged, a, -1));
	for (i = 0; i < 100; i++)
		lines += cpuslab__log_once(&logged, i % 2 ? a : b, 0);
	assert_int_equal(lines, 1);
	for (i = 0; i < 100; i++)
		lines += cpuslab__log_once(&logged, b, i);
	assert_int_equal(lines, 5); /* eight in all */
}

/* ---- the hook ------------------------------------------------------------ */

static char hook_line[300];

static void hook_write(const struct cpuslab_log_hook *hook, const char *line)
{
	assert_ptr_equal(hook->arg, hook_line);
	snprintf(hook_line, sizeof(hook_line), "%s", line);
}

static void a_hook_takes_what_is_logged(void **state)
{
	static const struct cpuslab_log_hook hook = { hook_write, hook_line };

	(void)state;
	sim_log_clear();
	cpuslab_log_hook_set(&hook);
	cpuslab__log("taken ", "a\nb", NULL, NULL);
	assert_string_equal(hook_line, "taken a\\x0ab");
	assert_null(sim_log_find("taken"));
	cpuslab_log_hook_set(NULL);
	cpuslab__log("left", NULL, NULL, NULL);
	assert_non_null(sim_log_find("left"));
	assert_string_equal(hook_line, "taken a\\x0ab");
}

/* A line that is logged while hooks are set finds one that is filled. */
static struct cpuslab_log_hook hooks[20];

static void hooks_set(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < 20; i++) {
		sim_order_write(&hooks[i], sizeof(hooks[i]));
		hooks[i].write = hook_write;
		hooks[i].arg = hook_line;
		cpuslab_log_hook_set(&hooks[i]);
	}
}

static void hooks_log(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < 20; i++)
		cpuslab__log("line", NULL, NULL, NULL);
}

static void a_hook_is_filled_when_it_is_called(void **state)
{
	static const struct sim_task tasks[] = {
		{ hooks_set, NULL, 0 },
		{ hooks_log, NULL, 1 },
	};

	(void)state;
	sim_run(tasks, 2);
	cpuslab_log_hook_set(NULL);
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
	sim_log_clear();
	cpuslab__log("slab ", name, ": not created: ", "no memory");
	assert_non_null(sim_log_find("slab xxx"));
	assert_non_null(sim_log_find("xxx: not created: no memory"));
	/* Escapes are longer than what they stand for. */
	memset(name, '\n', sizeof(name) - 1);
	cpuslab__log(name, name, name, name);
	assert_non_null(sim_log_find("\\x0a\\x0a"));
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
		FIXTURE_NO_DOMAIN(names_end_no_line),
		FIXTURE_NO_DOMAIN(only_utf8_is_written),
		FIXTURE_NO_DOMAIN(a_cut_leaves_whole_characters),
		FIXTURE_NO_DOMAIN(a_fact_is_logged_once),
		FIXTURE_NO_DOMAIN(a_hook_takes_what_is_logged),
		FIXTURE_NO_DOMAIN(a_hook_is_filled_when_it_is_called),
		FIXTURE_NO_DOMAIN(a_log_line_is_put_together),
		FIXTURE_NO_DOMAIN(a_long_log_line_is_cut),
		FIXTURE_NO_DOMAIN(a_copy_is_ones_own),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
