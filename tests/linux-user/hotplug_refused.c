/* SPDX-License-Identifier: MIT */
/*
 * hotplug_refused.c - CPUs that were started early, and a domain that refuses:
 * the hotplug repeats the call later and returns the first refusal.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <cpuslab/client.h>

#include "hotplug_private.h"
#include "torture/fake.h"

#define OTHER 20u /* a CPU that no event names */

static struct cpuslab_domain *domain;
static struct cpuslab_hotplug *hotplug;
static struct cpuslab_client client;

/* ---- a client that refuses, or calls the hotplug ------------------------- */

static char seen[256];
static int refusal;
static void (*inside)(void); /* called while the domain is busy with OTHER */

static void seen_add(char what, uint32_t cpu)
{
	size_t used = strlen(seen);

	snprintf(seen + used, sizeof(seen) - used, "%c%u ", what,
		 (unsigned int)cpu);
}

static int seen_start(struct cpuslab_client *of, uint32_t cpu)
{
	(void)of;
	if (cpu == OTHER)
		inside();
	else
		seen_add('s', cpu);
	return cpu == OTHER ? -CPUSLAB_EAGAIN : refusal;
}

static void seen_complete(struct cpuslab_client *of, uint32_t cpu)
{
	(void)of;
	seen_add('c', cpu);
}

static void seen_failure(struct cpuslab_client *of, uint32_t cpu)
{
	(void)of;
	seen_add('f', cpu);
}

static const struct cpuslab_client_ops seen_ops = {
	.start = seen_start,
	.complete = seen_complete,
	.failure = seen_failure,
};

/* Compare the calls that the client recorded. */
static void assert_seen(const char *events)
{
	assert_string_equal(seen, events);
	seen[0] = '\0';
	assert_int_equal(cpuslab_hotplug_check(hotplug), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_check(domain), CPUSLAB_OK);
}

/* Call @call from inside a callback: the domain refuses all calls. */
static void while_busy(void (*call)(void))
{
	inside = call;
	assert_int_equal(cpuslab_domain_add_start(domain, OTHER),
			 -CPUSLAB_EAGAIN);
	assert_seen("");
}

/* ---- setup and teardown -------------------------------------------------- */

static void begin(uint32_t limit)
{
	const struct cpuslab_domain_config config = { .limit = limit };

	assert_int_equal(cpuslab_domain_create(&domain, &config), CPUSLAB_OK);
	assert_int_equal(cpuslab__hotplug_create_on(&hotplug, domain, NULL, -1),
			 CPUSLAB_OK);
	client.ops = &seen_ops;
	client.name = "seen";
	assert_int_equal(cpuslab_client_init(&client, domain), CPUSLAB_OK);
	seen[0] = '\0';
	refusal = CPUSLAB_OK;
}

static int setup(void **state)
{
	(void)state;
	fake_begin();
	fake_put("devices/system/cpu/possible", "0-4095\n");
	fake_use(true, true);
	fake_system("0-1", "0-1");
	begin(0);
	return 0;
}

static void end(void)
{
	cpuslab_hotplug_destroy(hotplug);
	cpuslab_client_fini(&client);
	cpuslab_domain_destroy(domain);
}

static int teardown(void **state)
{
	(void)state;
	end();
	fake_remove();
	return 0;
}

static void start(uint32_t cpu, const char *events)
{
	assert_int_equal(cpuslab__hotplug_start(hotplug, cpu), CPUSLAB_OK);
	assert_seen(events);
}

static void assert_settled(int result, const char *events)
{
	assert_int_equal(cpuslab__hotplug_settle(hotplug), result);
	assert_seen(events);
}

/* ---- tests --------------------------------------------------------------- */

static void call_failure(void)
{
	assert_int_equal(cpuslab__hotplug_failure(hotplug, 3), -CPUSLAB_EBUSY);
}

static void test_a_refused_undo_is_repeated_later(void **state)
{
	struct cpuslab_hotplug_stats stats;

	(void)state;
	start(3, "s3 ");
	while_busy(call_failure);
	cpuslab_hotplug_stats_get(hotplug, &stats);
	assert_int_equal(stats.failures, 0);
	assert_int_equal(stats.last_error, -CPUSLAB_EBUSY);
	assert_settled(CPUSLAB_OK, "f3 ");
	cpuslab_hotplug_stats_get(hotplug, &stats);
	assert_int_equal(stats.failures, 1);
}

static void call_settle(void)
{
	assert_int_equal(cpuslab__hotplug_settle(hotplug), -CPUSLAB_EBUSY);
}

/* Its complete is refused, and it goes offline before the next attempt. */
static void test_a_refused_complete_is_undone(void **state)
{
	(void)state;
	start(3, "s3 ");
	fake_system("0-1,3", "0-1,3");
	while_busy(call_settle);
	fake_system("0-1", "0-1");
	assert_settled(CPUSLAB_OK, "f3 ");
}

static void test_the_first_refusal_is_returned(void **state)
{
	(void)state;
	start(3, "s3 ");
	start(4, "s4 ");
	/* The program undoes the start of 3, so 3 has to be started again. */
	assert_int_equal(cpuslab_domain_add_failure(domain, 3), CPUSLAB_OK);
	assert_seen("f3 ");
	fake_system("0-1,3-4", "0-1,3-4");
	refusal = -CPUSLAB_ENOMEM;
	assert_settled(-CPUSLAB_ENOMEM, "s3 c4 ");
	refusal = CPUSLAB_OK;
	assert_settled(CPUSLAB_OK, "s3 c3 ");
}

/* The system has more CPUs than the domain has numbers. */
static void test_cpus_beyond_the_domains_limit(void **state)
{
	uint32_t word, words;

	(void)state;
	end();
	begin(OTHER + 1);
	/* Memory after the set, to check that nothing is written there. */
	words = hotplug->words;
	free(hotplug->found);
	hotplug->found = calloc(64, sizeof(*hotplug->found));
	assert_non_null(hotplug->found);
	start(3, "s3 ");
	fake_system("0-1,3,64-1000", "0-1,3,64-1000");
	assert_settled(CPUSLAB_OK, "c3 ");
	for (word = words; word < 64; word++)
		assert_int_equal(hotplug->found[word], 0);
}

/* create stores NULL where it fails, which every call accepts. */
static void test_a_failed_create_stores_null(void **state)
{
	struct {
		struct cpuslab_hotplug_config config;
		uint64_t later; /* a newer program has more */
	} config = { .config = { .size = sizeof(config) }, .later = 1 };
	size_t *small = malloc(sizeof(*small));
	struct cpuslab_hotplug *other = hotplug;
	struct cpuslab_hotplug_stats stats;

	(void)state;
	assert_int_equal(cpuslab_hotplug_create(&other, domain, &config.config),
			 -CPUSLAB_EINVAL);
	assert_null(other);
	/* Nothing is read beyond the size. */
	assert_non_null(small);
	*small = sizeof(*small);
	assert_int_equal(cpuslab_hotplug_create(&other, domain, (void *)small),
			 -CPUSLAB_EINVAL);
	free(small);
	cpuslab_hotplug_poke(other);
	memset(&stats, 0x5a, sizeof(stats));
	cpuslab_hotplug_stats_get(other, &stats);
	assert_int_equal(stats.size, sizeof(stats));
	assert_true(!stats.events && !stats.rescans && !stats.has_events);
	assert_int_equal(cpuslab_hotplug_check(other), -CPUSLAB_EINVAL);
	cpuslab_hotplug_destroy(other);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_refused_undo_is_repeated_later),
		TEST(test_a_refused_complete_is_undone),
		TEST(test_the_first_refusal_is_returned),
		TEST(test_cpus_beyond_the_domains_limit),
		TEST(test_a_failed_create_stores_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
