/* SPDX-License-Identifier: MIT */
/*
 * Named objects in texts: their sums, those of one name, and their order.
 */
#include "fixture/fixture.h"
#include "metrics/portable_text.h"

#include <stdio.h>
#include <string.h>

#define NAMED_ROOM 16384
#define NAMED_NAMES 200u
#define NAMED_TWICE 20u

static char named_text[NAMED_ROOM];

static const char *named_write(enum cpuslab_metrics_format format)
{
	assert_in_range(cpuslab_metrics_write(format, named_text, NAMED_ROOM),
			1, NAMED_ROOM - 1);
	return named_text;
}

static uint64_t named_number(const char *sample)
{
	return text_number(named_write(CPUSLAB_METRICS_OPENMETRICS), sample);
}

static void all_named_objects(void **state)
{
	struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
	struct cpuslab_counter same = CPUSLAB_COUNTER_INIT("hits");
	struct cpuslab_counter never = CPUSLAB_COUNTER_INIT("never");
	struct cpuslab_gauge level = CPUSLAB_GAUGE_INIT("hits");
	const char *text;

	(void)state;
	sim_may_sleep_set(false);
	assert_int_equal(cpuslab_counter_add(&hits, 5), 0);
	sim_may_sleep_set(true);
	/* It has no copies, and gets none by this. */
	assert_int_equal(named_number("cpuslab_count_total{name=\"hits\"}"), 5);
	assert_true(cpuslab_percpu_is_null(&hits.handle));
	assert_int_equal(sim_zallocs(), 0);
	assert_int_equal(cpuslab_counter_add(&same, 7), 0);
	assert_int_equal(cpuslab_counter_add(&hits, 1), 0);
	assert_int_equal(cpuslab_gauge_add(&level, 2), 0);
	assert_int_equal(cpuslab_gauge_sub(&level, 6), 0);
	text = named_write(CPUSLAB_METRICS_OPENMETRICS);
	assert_int_equal(
		text_number(text, "cpuslab_count_total{name=\"hits\"}"), 13);
	assert_non_null(text_line(text, "cpuslab_value{name=\"hits\"} -4\n"));
	assert_null(strstr(text, "never"));
	assert_non_null(
		strstr(named_write(CPUSLAB_METRICS_JSON),
		       "\"counters\":[{\"name\":\"hits\",\"value\":13}]"
		       ",\"gauges\":[{\"name\":\"hits\",\"value\":-4}]"));
	cpuslab_counter_fini(&same);
	assert_int_equal(named_number("cpuslab_count_total{name=\"hits\"}"), 6);
	cpuslab_counter_fini(&hits);
	cpuslab_gauge_fini(&level);
	cpuslab_counter_fini(&never);
	text = named_write(CPUSLAB_METRICS_OPENMETRICS);
	assert_null(text_line(text, "cpuslab_count_total"));
	assert_null(text_line(text, "cpuslab_value"));
	cpuslab_default_destroy();
}

/* Used in any order, some names twice. */
static void they_are_sorted(void **state)
{
	const struct cpuslab_counter unnamed = CPUSLAB_COUNTER_INIT(NULL);
	static struct cpuslab_counter counters[NAMED_NAMES + NAMED_TWICE];
	static char names[NAMED_NAMES][8], expected[NAMED_ROOM];
	size_t length = 0;
	uint32_t i, n;

	(void)state;
	for (i = 0; i < NAMED_NAMES + NAMED_TWICE; i++) {
		n = i * 7 % NAMED_NAMES;
		snprintf(names[n], sizeof(names[n]), "n%03u", (unsigned int)n);
		counters[i] = unnamed;
		counters[i].named.name = names[n];
		assert_int_equal(cpuslab_counter_add(&counters[i], n + 1), 0);
	}
	for (n = 0; n < NAMED_NAMES; n++) {
		bool twice = n % 7 == 0 && n / 7 < NAMED_TWICE;

		length += (size_t)snprintf(
			expected + length, NAMED_ROOM - length,
			"cpuslab_count_total{name=\"n%03u\"} %u\n",
			(unsigned int)n, (unsigned int)(n + 1) << twice);
	}
	assert_non_null(
		strstr(named_write(CPUSLAB_METRICS_PROMETHEUS), expected));
	for (i = 0; i < NAMED_NAMES + NAMED_TWICE; i++)
		cpuslab_counter_fini(&counters[i]);
	cpuslab_default_destroy();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_NO_DOMAIN(all_named_objects),
		FIXTURE_NO_DOMAIN(they_are_sorted),
	};

	return cmocka_run_group_tests_name("metrics_named", tests, NULL, NULL);
}
