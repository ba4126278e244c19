/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"
#include "fixture/json.h"
#include "metrics/portable_text.h"

#include <stdio.h>
#include <string.h>

#define UNIT_ROOM 65536

static const enum cpuslab_metrics_format unit_formats[] = {
	CPUSLAB_METRICS_OPENMETRICS,
	CPUSLAB_METRICS_PROMETHEUS,
	CPUSLAB_METRICS_JSON,
};

static char unit_text[UNIT_ROOM];

/* Of the whole text, in unit_text. */
static const char *unit_write(enum cpuslab_metrics_format format)
{
	size_t length = cpuslab_metrics_write(format, unit_text, UNIT_ROOM);

	assert_in_range(length, 1, UNIT_ROOM - 1);
	assert_int_equal(strlen(unit_text), length);
	return unit_text;
}

static uint64_t unit_number(const char *sample)
{
	return text_number(unit_write(CPUSLAB_METRICS_OPENMETRICS), sample);
}

static struct cpuslab_slab *unit_slab(struct cpuslab_domain *domain,
				      const char *name)
{
	const struct cpuslab_slab_config config = { .size = sizeof(config),
						    .name = name };
	struct cpuslab_slab *slab;

	assert_int_equal(cpuslab_slab_create(&slab, domain, &config), 0);
	return slab;
}

/* ---- the form of the texts ----------------------------------------------- */

static void nothing_at_all(void **state)
{
	static const char openmetrics[] =
		"# TYPE cpuslab info\n"
		"# HELP cpuslab The library.\n"
		"cpuslab_info{version=\"" CPUSLAB_VERSION "\","
		"mode=\"sections\",registration=\"none\"} 1\n"
		"# EOF\n";
	static const char prometheus[] =
		"# TYPE cpuslab_info gauge\n"
		"# HELP cpuslab_info The library.\n"
		"cpuslab_info{version=\"" CPUSLAB_VERSION "\","
		"mode=\"sections\",registration=\"none\"} 1\n";
	static const char json[] =
		"{\"version\":\"" CPUSLAB_VERSION "\",\"atomic\":0,"
		"\"registration\":\"none\",\"domains\":[],\"slabs\":[],"
		"\"counters\":[],\"gauges\":[]}";

	(void)state;
	assert_string_equal(unit_write(CPUSLAB_METRICS_OPENMETRICS),
			    openmetrics);
	assert_string_equal(unit_write(CPUSLAB_METRICS_PROMETHEUS), prometheus);
	assert_string_equal(unit_write(CPUSLAB_METRICS_JSON), json);
	assert_int_equal(sim_zallocs(), 0);
}

static void no_such_format(void **state)
{
	char buf[2] = "x";

	(void)state;
	assert_int_equal(cpuslab_metrics_write(3, buf, 2), 0);
	assert_string_equal(buf, "");
	assert_int_equal(cpuslab_metrics_write(3, NULL, 0), 0);
}

/* The samples of a family follow its head, and there is no other head. */
static void unit_check_family(const char *text, const char *head)
{
	const char *name = head + strlen("# TYPE "), *line;
	int length = (int)strcspn(name, " "), heads = 0;
	char type[80];

	snprintf(type, sizeof(type), "# TYPE %.*s ", length, name);
	for (line = text; line; line = strstr(line + 1, type))
		heads += !strncmp(line, type, strlen(type));
	assert_int_equal(heads, 1);
	for (line = strchr(head, '\n') + 1;
	     !strncmp(line, "# UNIT", 6) || !strncmp(line, "# HELP", 6);
	     line = strchr(line, '\n') + 1)
		assert_memory_equal(line + 7, name, length);
	assert_int_not_equal(*line, '#');
	for (; *line && *line != '#'; line = strchr(line, '\n') + 1)
		assert_memory_equal(line, name, length);
}

/* No two samples have equal names and labels. */
static void unit_check_distinct(const char *text)
{
	const char *line, *other;

	for (line = text; *line; line = strchr(line, '\n') + 1) {
		size_t length = strcspn(line, "\n");

		if (*line == '#')
			continue;
		while (line[length] != ' ')
			length--;
		for (other = strchr(line, '\n') + 1; *other;
		     other = strchr(other, '\n') + 1)
			assert_int_not_equal(strncmp(line, other, length + 1),
					     0);
	}
}

static void unit_check(void)
{
	const char *text = unit_write(CPUSLAB_METRICS_OPENMETRICS), *head;

	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
	text = unit_write(CPUSLAB_METRICS_PROMETHEUS);
	for (head = text; head; head = strstr(head + 1, "# TYPE "))
		unit_check_family(text, head);
	unit_check_distinct(text);
	text = unit_write(CPUSLAB_METRICS_JSON);
	assert_ptr_equal(json_end(text), text + strlen(text));
}

static void families_are_in_one_piece(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
	struct cpuslab_gauge level = CPUSLAB_GAUGE_INIT("level");
	struct cpuslab_slab *second = unit_slab(f->domain, "tested");
	struct cpuslab_slab *third = unit_slab(f->domain, "third");

	cpuslab_counter_add(&hits, 1);
	cpuslab_gauge_add(&level, 1);
	unit_check();
	cpuslab_slab_destroy(second);
	unit_check();
	cpuslab_slab_destroy(third);
	cpuslab_default_destroy();
	unit_check();
}

static void buffers_of_every_size(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_slab *second = unit_slab(f->domain, "\xc3\xa4\n\"\\");
	static char buf[UNIT_ROOM];
	size_t i, size, length;

	for (i = 0; i < 3; i++) {
		unit_write(unit_formats[i]);
		length = strlen(unit_text);
		assert_int_equal(cpuslab_metrics_write(unit_formats[i], NULL,
						       0),
				 length);
		for (size = 1; size <= length + 1; size++) {
			buf[size] = '#';
			assert_int_equal(cpuslab_metrics_write(unit_formats[i],
							       buf, size),
					 length);
			/* A character or an escape is whole or missing. */
			assert_in_range(strlen(buf), size < 6 ? 0 : size - 6,
					size - 1);
			assert_memory_equal(buf, unit_text, strlen(buf));
			assert_int_equal(buf[size], '#');
		}
		assert_string_equal(buf, unit_text);
	}
	cpuslab_slab_destroy(second);
}

/* ---- names --------------------------------------------------------------- */

static void hostile_names(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_slab *slab =
		unit_slab(f->domain, "a\"b\\c\nd\xff\xc3\xa4\xed\xa0\x80{}#");
	struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("\n# EOF\n\xfe");

	assert_int_equal(cpuslab_counter_add(&hits, 1), 0);
	assert_int_equal(
		unit_number("cpuslab_slab_objects{domain=\"tested\",slab="
			    "\"a\\\"b\\\\c\\nd\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd"
			    "\xef\xbf\xbd\xef\xbf\xbd{}#\",id=\"3\"}"),
		0);
	assert_int_equal(unit_number("cpuslab_count_total{name=\"\\n# "
				     "EOF\\n\xef\xbf\xbd\"}"),
			 1);
	unit_write(CPUSLAB_METRICS_JSON);
	assert_non_null(strstr(unit_text, "\"name\":\"a\\\"b\\\\c\\u000ad\xef"
					  "\xbf\xbd\xc3\xa4"));
	unit_check();
	cpuslab_counter_fini(&hits);
	cpuslab_default_destroy();
	cpuslab_slab_destroy(slab);
}

/* Also the name of the type that the statistics show as it is. */
static void a_type_with_a_hostile_name(void **state)
{
	static const struct cpuslab_type type = { .name = "\"\xff\n",
						  .size = 16 };
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type);

	fixture_add(f, 9);
	fixture_count(&handle, 9, 5);
	sim_cpu_set(0);
	fixture_remove(f, 9);
	assert_int_equal(cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT),
			 CPUSLAB_RETAINED);
	unit_write(CPUSLAB_METRICS_OPENMETRICS);
	assert_non_null(strstr(unit_text, ",deferred_by=\"\\\"\xef\xbf\xbd"
					  "\\n\"} 1\n"));
	unit_check();
	fixture_free(f, &handle);
}

static void an_id_tells_equal_names_apart(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_slab *second = unit_slab(f->domain, "tested"), *third;
	struct cpuslab_percpu handle;

	assert_int_equal(cpuslab_alloc(second, &fixture_counter, &handle), 0);
	assert_int_equal(unit_number("cpuslab_slab_objects{domain=\"tested\","
				     "slab=\"tested\",id=\"2\"}"),
			 0);
	assert_int_equal(unit_number("cpuslab_slab_objects{domain=\"tested\","
				     "slab=\"tested\",id=\"3\"}"),
			 1);
	assert_int_equal(cpuslab_free(second, &handle), 0);
	cpuslab_slab_destroy(second);
	third = unit_slab(f->domain, "tested");
	assert_null(text_line(unit_write(CPUSLAB_METRICS_OPENMETRICS),
			      "cpuslab_slab_objects{domain=\"tested\",slab="
			      "\"tested\",id=\"3\"}"));
	assert_non_null(strstr(unit_text, "id=\"4\"}"));
	cpuslab_slab_destroy(third);
}

/* ---- numbers ------------------------------------------------------------- */

static void unit_check_slab(const struct cpuslab_slab *slab, uint64_t id)
{
	struct cpuslab_stats stats;
	char part[2304], json[2048];

	cpuslab_stats_get((struct cpuslab_slab *)(uintptr_t)slab, &stats);
	cpuslab_stats_json(&stats, json, sizeof(json));
	snprintf(part, sizeof(part), "{\"id\":%u,%s", (unsigned int)id,
		 json + 1);
	assert_non_null(strstr(unit_write(CPUSLAB_METRICS_JSON), part));
#define UNIT_IS(family, field)                                                 \
	do {                                                                   \
		snprintf(part, sizeof(part),                                   \
			 "cpuslab_slab_" family                                \
			 "{domain=\"tested\",slab=\"tested\",id=\"%u\"}",      \
			 (unsigned int)id);                                    \
		assert_int_equal(unit_number(part), stats.field);              \
	} while (0)
	UNIT_IS("cpus_in_use", in_use);
	UNIT_IS("cpus_unannounced", unannounced);
	UNIT_IS("cpus_retained", retained);
	UNIT_IS("cpus_draining", draining);
	UNIT_IS("extents", extents);
	UNIT_IS("objects", objects);
	UNIT_IS("reserved_bytes", reserved_bytes);
	UNIT_IS("committed_bytes", committed_bytes);
	UNIT_IS("residual_bytes", residual_bytes);
	UNIT_IS("admissions_total", admissions);
	UNIT_IS("admissions_on_demand_total", on_demand);
	UNIT_IS("refusals_total", refusals);
	UNIT_IS("releases_total", releases);
	UNIT_IS("releases_deferred_total", release_deferred);
	UNIT_IS("shared_operations_total", shared_ops);
#undef UNIT_IS
}

/* Each number of the slab is another one. */
static void all_of_a_slab(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	struct cpuslab_percpu blob = fixture_alloc(f, &fixture_blob);
	uint32_t cpu;

	for (cpu = 20; cpu < 29; cpu++)
		fixture_add(f, cpu);
	for (cpu = 40; cpu < 43; cpu++)
		fixture_count(&handle, cpu, 1);
	for (cpu = 0; cpu < 7; cpu++)
		fixture_count(&handle, CPUSLAB_NO_CPU, 1);
	unit_check_slab(f->slab, 2);
	cpuslab_read_enter();
	fixture_remove(f, 20);
	fixture_remove(f, 21);
	sim_quiesce();
	unit_check_slab(f->slab, 2);
	cpuslab_read_exit();
	sim_quiesce();
	unit_check_slab(f->slab, 2);
	sim_fail_alloc_from(1);
	assert_true(cpuslab_domain_add_complete(f->domain, 30) < 0);
	sim_fail_alloc_from(0);
	unit_check_slab(f->slab, 2);
	fixture_free(f, &blob);
	fixture_free(f, &handle);
}

static int unit_refuse(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	return cpu == 33 ? -CPUSLAB_EBUSY : CPUSLAB_OK;
}

static void unit_check_domain(const char *family, uint64_t number)
{
	char sample[128];

	snprintf(sample, sizeof(sample),
		 "cpuslab_domain_%s"
		 "{domain=\"tested\",id=\"1\"}",
		 family);
	assert_int_equal(unit_number(sample), number);
}

static void all_of_a_domain(void **state)
{
	static const struct cpuslab_client_ops ops = { .start = unit_refuse };
	struct fixture *f = *state;
	struct cpuslab_client client = { .ops = &ops, .name = "refuses" };

	assert_int_equal(cpuslab_client_init(&client, f->domain), 0);
	fixture_add(f, 20);
	fixture_add(f, 20);
	assert_int_equal(cpuslab_domain_remove(f->domain, 50), 0);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 33),
			 -CPUSLAB_EBUSY);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 33),
			 -CPUSLAB_EBUSY);
	unit_check_domain("cpus_online", 5);
	unit_check_domain("cpus_limit", 64);
	unit_check_domain("generation", 5);
	unit_check_domain("clients", 2);
	unit_check_domain("refusals_total", 2);
	unit_check_domain("ignored_events_total",
			  cpuslab_domain_ignored(f->domain));
	assert_true(cpuslab_domain_ignored(f->domain) > 1);
	assert_non_null(strstr(unit_write(CPUSLAB_METRICS_JSON),
			       "\"domains\":[{\"id\":1,\"name\":\"tested\","
			       "\"limit\":64,\"online\":5,\"generation\":5,"
			       "\"clients\":2,\"refusals\":2,\"ignored\":"));
	cpuslab_client_fini(&client);
	unit_check_domain("clients", 1);
}

/* The series does not change. */
static void a_domain_is_destroyed_before_its_slab(void **state)
{
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;

	(void)state;
	assert_int_equal(cpuslab_domain_create(&domain, NULL), 0);
	slab = unit_slab(domain, "left");
	cpuslab_domain_destroy(domain);
	assert_int_equal(unit_number("cpuslab_slab_objects{domain=\"cpuslab\","
				     "slab=\"left\",id=\"2\"}"),
			 0);
	assert_null(text_line(unit_text, "cpuslab_domain_clients{"));
	cpuslab_slab_destroy(slab);
}

/* ---- without memory ------------------------------------------------------ */

static void each_allocation_fails_once(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
	struct cpuslab_slab *second = unit_slab(f->domain, "second");
	uint64_t k, zallocs;
	size_t i, length;

	assert_int_equal(cpuslab_counter_add(&hits, 1), 0);
	zallocs = sim_zallocs();
	for (i = 0; i < 3; i++) {
		for (k = 1, length = 0; !length; k++) {
			sim_fail_alloc_at(k);
			unit_text[0] = '#';
			length = cpuslab_metrics_write(unit_formats[i],
						       unit_text, UNIT_ROOM);
			sim_fail_alloc_at(0);
			assert_int_equal(strlen(unit_text), length);
			assert_int_equal(sim_zallocs(), zallocs);
		}
		assert_true(k > 3);
	}
	cpuslab_default_destroy();
	cpuslab_slab_destroy(second);
}

/* ---- in callbacks -------------------------------------------------------- */

static unsigned int inside_calls;

static int inside_start(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	(void)cpu;
	unit_check();
	inside_calls++;
	return CPUSLAB_OK;
}

static void a_callback_of_a_domain(void **state)
{
	static const struct cpuslab_client_ops ops = { .start = inside_start };
	struct fixture *f = *state;
	struct cpuslab_client client = { .ops = &ops, .name = "calls" };

	inside_calls = 0;
	assert_int_equal(cpuslab_client_init(&client, f->domain), 0);
	assert_int_equal(inside_calls, 4);
	cpuslab_client_fini(&client);
}

static int inside_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	(void)arg;
	unit_check();
	assert_non_null(strstr(unit_text, "\"name\":\"tested\""));
	inside_calls++;
	return CPUSLAB_OK;
}

static int inside_ctor_alone(void *object, uint32_t cpu, void *arg)
{
	char buf[UNIT_ROOM];

	(void)object;
	(void)cpu;
	(void)arg;
	assert_int_not_equal(cpuslab_metrics_write(CPUSLAB_METRICS_JSON, buf,
						   sizeof(buf)),
			     0);
	inside_calls++;
	return CPUSLAB_OK;
}

static void a_callback_of_a_type(void **state)
{
	static const struct cpuslab_type type = {
		.name = "calls",
		.size = 8,
		.ctor = inside_ctor,
	};
	struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
	struct fixture *f = *state;
	struct cpuslab_percpu handle, other;

	inside_calls = 0;
	handle = fixture_alloc(f, &type);
	assert_int_equal(inside_calls, 5);
	/* Of the default slab, whose mutex guards named objects. */
	assert_int_equal(cpuslab_counter_add(&hits, 3), 0);
	assert_int_equal(cpuslab_alloc(cpuslab_default(), &type, &other), 0);
	assert_non_null(strstr(unit_text, "{\"name\":\"hits\",\"value\":3}"));
	assert_int_equal(cpuslab_free(cpuslab_default(), &other), 0);
	cpuslab_default_destroy();
	fixture_free(f, &handle);
}

/* Each holds the mutex of its slab, which the other one would wait for. */
static void inside_task(void *arg)
{
	static const struct cpuslab_type type = {
		.name = "calls",
		.size = 8,
		.ctor = inside_ctor_alone,
	};
	struct cpuslab_percpu handle;

	assert_int_equal(cpuslab_alloc(arg, &type, &handle), 0);
	assert_int_equal(cpuslab_free(arg, &handle), 0);
}

static void two_callbacks_at_once(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_slab *second = unit_slab(f->domain, "second");
	const struct sim_task tasks[] = {
		{ .run = inside_task, .arg = f->slab, .cpu = 0 },
		{ .run = inside_task, .arg = second, .cpu = 1 },
	};

	inside_calls = 0;
	sim_run(tasks, 2);
	assert_int_equal(inside_calls, 10);
	cpuslab_slab_destroy(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_NO_DOMAIN(nothing_at_all),
		FIXTURE_NO_DOMAIN(no_such_format),
		FIXTURE_BOTH(families_are_in_one_piece),
		FIXTURE_RSEQ(buffers_of_every_size),
		FIXTURE_RSEQ(hostile_names),
		FIXTURE_RSEQ(a_type_with_a_hostile_name),
		FIXTURE_RSEQ(an_id_tells_equal_names_apart),
		FIXTURE_BOTH(all_of_a_slab),
		FIXTURE_PERCID(families_are_in_one_piece),
		FIXTURE_RSEQ(all_of_a_domain),
		FIXTURE_NO_DOMAIN(a_domain_is_destroyed_before_its_slab),
		FIXTURE_RSEQ(each_allocation_fails_once),
		FIXTURE_RSEQ(a_callback_of_a_domain),
		FIXTURE_BOTH(a_callback_of_a_type),
		FIXTURE_BOTH(two_callbacks_at_once),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
