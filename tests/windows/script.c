/* SPDX-License-Identifier: MIT */
/*
 * script.c - what happens to the driver under test: every reading of the
 * contract of a processor add, on systems of every shape.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "script.h"

/* CPUSLAB_*; STATUS_* */
#define EAGAIN 11
#define ENOMEM 12
#define EACCES 13
#define EBUSY 16
#define ERANGE 34
#define DEVICE_BUSY ((int32_t)0x80000011)
#define ACCESS_DENIED ((int32_t)0xc0000022)
#define INSUFFICIENT_RESOURCES ((int32_t)0xc000009a)

struct control script_system, script_tester;
static int script_failures;
static const char *script_name;

void script_check(int good, const char *what, int line)
{
	if (good)
		return;
	script_failures++;
	machine_report(1, script_name, what, line);
}

/* ---- commands ------------------------------------------------------------ */

int32_t system_do(uint32_t command, uint32_t a, uint32_t b)
{
	memset(&script_system, 0, sizeof(script_system));
	script_system.command = command;
	script_system.arg[0] = a;
	script_system.arg[1] = b;
	machine_system(&script_system);
	return script_system.status;
}

uint64_t system_read_of(enum system_result which, uint32_t arg)
{
	system_do(SYSTEM_READ, arg, 0);
	return script_system.result[which];
}

uint64_t system_read(enum system_result which)
{
	return system_read_of(which, 0);
}

int32_t tester_do(uint32_t command, uint32_t a, uint32_t b, uint32_t c,
		  uint32_t d)
{
	memset(&script_tester, 0, sizeof(script_tester));
	script_tester.command = command;
	script_tester.arg[0] = a;
	script_tester.arg[1] = b;
	script_tester.arg[2] = c;
	script_tester.arg[3] = d;
	machine_tester(&script_tester);
	return script_tester.status;
}

uint64_t tester_read(uint32_t driver, uint32_t cpu, enum tester_result which)
{
	CHECK(tester_do(TESTER_READ, driver, cpu, 0, 0) == 0);
	return script_tester.result[which];
}

int32_t tester_open(uint32_t drivers, uint32_t flags)
{
	return tester_do(TESTER_OPEN, drivers, flags, ABSENT, ABSENT);
}

void system_reset_groups(uint32_t limit, uint32_t active, uint32_t numbering,
			 uint32_t quirks, uint32_t widths)
{
	memset(&script_system, 0, sizeof(script_system));
	script_system.command = SYSTEM_RESET;
	script_system.arg[ARG_LIMIT] = limit;
	script_system.arg[ARG_ACTIVE] = active;
	script_system.arg[ARG_WIDTHS] = widths;
	script_system.arg[ARG_NUMBERING] = numbering;
	script_system.arg[ARG_QUIRKS] = quirks;
	script_system.arg[ARG_SEED] = limit + active + numbering;
	machine_system(&script_system);
}

void system_reset(uint32_t limit, uint32_t active, uint32_t numbering,
		  uint32_t quirks)
{
	system_reset_groups(limit, active, numbering, quirks, 40 | 64 << 8);
}

/* The driver broke no rule and left nothing behind. */
void expect_clean(int line)
{
	system_do(SYSTEM_READ, 0, 0);
	if (script_system.result[RESULT_VIOLATIONS])
		script_check(0, script_system.text, line);
	script_check(!script_system.result[RESULT_ALLOCATIONS],
		     "memory is left", line);
	script_check(!script_system.result[RESULT_REGISTRATIONS],
		     "a registration is left", line);
	script_check(!script_system.result[RESULT_THREADS], "a thread is left",
		     line);
	script_check(!script_system.result[RESULT_NOTICES],
		     "a registration for notices is left", line);
	script_check(!script_system.result[RESULT_UNFLUSHED],
		     "DPCs are not flushed", line);
}

void hammer_start(uint32_t threads)
{
	CHECK(tester_do(TESTER_START, threads, 0, 0, 0) == 0);
}

void hammer_stop(int line)
{
	system_do(SYSTEM_PAUSE, 3, 0);
	if (tester_do(TESTER_STOP, 0, 0, 0, 0))
		script_check(0, script_tester.text, line);
	script_check(script_tester.result[0] > 0, "nothing was done", line);
}

uint32_t index_of(uint32_t nth, uint32_t numbering, uint32_t limit)
{
	uint32_t left = nth % 104;

	if (numbering == NUMBERING_BY_64)
		return nth / 104 * 128 + (left < 40 ? left : left - 40 + 64);
	if (numbering == NUMBERING_MIXED)
		return (nth * 37 + 5) % limit;
	return nth;
}

/* ---- scripts ------------------------------------------------------------- */

/* What a driver's hotplug has counted; the refusals were for @error. */
static void expect_counts(uint32_t driver, uint64_t starts, uint64_t completes,
			  uint64_t failures, uint64_t refusals, uint64_t error)
{
	CHECK(tester_read(driver, 0, TESTER_STARTS) == starts);
	CHECK(tester_read(driver, 0, TESTER_COMPLETES) == completes);
	CHECK(tester_read(driver, 0, TESTER_FAILURES) == failures);
	CHECK(tester_read(driver, 0, TESTER_REFUSALS) == refusals);
	CHECK(tester_read(driver, 0, TESTER_ERRORS) == refusals);
	CHECK(tester_read(driver, 0, TESTER_LAST_ERROR) == error);
}

/* Adds of every kind, while threads run. */
static void life_on(uint32_t limit, uint32_t active, uint32_t numbering,
		    uint32_t quirks)
{
	static const uint32_t kinds[] = {
		0,
		ADD_FAILS,
		ADD_RUNS | ADD_OTHER_THREAD,
		ADD_FAILS | ADD_RUNS,
		ADD_REVERSE | ADD_RUNS,
		ADD_FAILS | ADD_RUNS | ADD_OTHER_THREAD | ADD_REVERSE,
	};
	const uint32_t count = sizeof(kinds) / sizeof(kinds[0]);
	uint32_t i, cpu, driver;

	system_reset(limit, active, numbering, quirks);
	CHECK(tester_open(2, 0) == 0);
	CHECK(tester_read(0, 0, TESTER_ONLINE) == active);
	CHECK(tester_read(1, 0, TESTER_IN_USE) == active);
	hammer_start(4);
	for (i = 0; i < count; i++) {
		int fails = (kinds[i] & ADD_FAILS) != 0;

		cpu = index_of(active + i, numbering, limit);
		CHECK((system_do(SYSTEM_ADD, cpu, kinds[i]) < 0) == fails);
		for (driver = 0; driver < 2; driver++)
			CHECK(tester_read(driver, cpu, TESTER_HAS) == !fails);
	}
	system_do(SYSTEM_PAUSE, 10, 0);
	hammer_stop(__LINE__);
	CHECK(tester_read(1, 0, TESTER_ONLINE) == active + count / 2);
	tester_do(TESTER_TRIM, 0, 0, 0, 0);
	CHECK(tester_read(1, 0, TESTER_IN_USE) == active + count / 2);
	expect_counts(0, active + count, active + count / 2, count / 2, 0, 0);
	/* A processor whose add failed is added after all. */
	cpu = index_of(active + 1, numbering, limit);
	CHECK(system_do(SYSTEM_ADD, cpu, 0) == 0);
	CHECK(tester_read(0, cpu, TESTER_HAS) == 1);
	tester_do(TESTER_CLOSE, 0, 0, 0, 0);
	EXPECT_CLEAN();
}

static void script_life(void)
{
	life_on(64, 4, NUMBERING_DENSE, QUIRK_WINDOWS_7);
	life_on(256, 4, NUMBERING_BY_64,
		QUIRK_DEREGISTER_WAITS | QUIRK_APC | QUIRK_LAZY_DPCS);
	life_on(512, 60, NUMBERING_MIXED, QUIRK_NODES);
	life_on(2048, 2, NUMBERING_BY_64, 0);
}

/* Interrupts and DPCs of one processor that share a word. */
static void script_interrupts(void)
{
	system_reset(64, 1, NUMBERING_DENSE, 0);
	CHECK(tester_open(1, 0) == 0);
	hammer_start(4);
	system_do(SYSTEM_PAUSE, 40, 0);
	hammer_stop(__LINE__);
	tester_do(TESTER_CLOSE, 0, 0, 0, 0);
	EXPECT_CLEAN();
}

static void one_group_reset(uint32_t quirks)
{
	memset(&script_system, 0, sizeof(script_system));
	script_system.command = SYSTEM_RESET;
	script_system.arg[ARG_LIMIT] = 64;
	script_system.arg[ARG_ACTIVE] = 3;
	script_system.arg[ARG_WIDTHS] = 64 | 64 << 8;
	script_system.arg[ARG_QUIRKS] = quirks;
	machine_system(&script_system);
}

/* A driver for Server 2008 sees one group, so later systems are refused. */
static void script_one_group(void)
{
	uint32_t cpu;

#if defined(NTDDI_VERSION) && NTDDI_VERSION < 0x06010000
	one_group_reset(QUIRK_WINDOWS_7);
	CHECK(tester_open(1, 0) == -38);
	EXPECT_CLEAN();
#endif
	one_group_reset(QUIRK_WINDOWS_7 | QUIRK_SERVER_2008);
	CHECK(tester_open(2, 0) == 0);
	hammer_start(4);
	for (cpu = 3; cpu < 64; cpu += 4) {
		CHECK(system_do(SYSTEM_ADD, cpu, ADD_RUNS) == 0);
		CHECK(system_do(SYSTEM_ADD, cpu + 1, ADD_RUNS | ADD_FAILS) < 0);
	}
	hammer_stop(__LINE__);
	CHECK(tester_read(1, 63, TESTER_HAS) == 1);
	CHECK(tester_read(1, 0, TESTER_ONLINE) == 19);
	tester_do(TESTER_CLOSE, 0, 0, 0, 0);
	EXPECT_CLEAN();
}

static void script_many(void)
{
	system_reset(2048, 2000, NUMBERING_DENSE, QUIRK_DEREGISTER_WAITS);
	CHECK(tester_open(1, TESTER_OPEN_HOTPLUG_LAST) == 0);
	CHECK(tester_read(0, 1999, TESTER_HAS) == 1);
	hammer_start(4);
	CHECK(system_do(SYSTEM_ADD, 2047, ADD_RUNS) == 0);
	hammer_stop(__LINE__);
	CHECK(tester_read(0, 2047, TESTER_HAS) == 1);
	tester_do(TESTER_CLOSE, 0, 0, 0, 0);
	EXPECT_CLEAN();
}

/* Whatever the error of a refusal, the system gets a failure. */
static void refused_for(uint32_t error, int32_t status)
{
	system_reset(64, 3, NUMBERING_DENSE, 0);
	CHECK(tester_do(TESTER_OPEN, 1, error << TESTER_OPEN_REFUSAL, 9, 0) ==
	      0);
	CHECK(system_do(SYSTEM_ADD, 9, 0) == status);
	CHECK(tester_read(0, 9, TESTER_HAS) == 0);
	expect_counts(0, 3, 3, 0, 1, error);
	tester_do(TESTER_CLOSE, 0, 0, 0, 0);
	EXPECT_CLEAN();
}

/* One of three drivers refuses a processor that is added. */
static void refused_add(uint32_t flags, uint32_t refuser)
{
	const uint32_t cpu = 9;
	uint64_t bytes;
	uint32_t driver;

	system_reset(64, 3, NUMBERING_DENSE, 0);
	CHECK(tester_do(TESTER_OPEN, 3, 0, cpu, refuser) == 0);
	bytes = system_read(RESULT_BYTES);
	hammer_start(2);
	CHECK(system_do(SYSTEM_ADD, cpu, flags) == ACCESS_DENIED);
	CHECK(system_do(SYSTEM_ADD, cpu, flags) == ACCESS_DENIED);
	hammer_stop(__LINE__);
	tester_do(TESTER_TRIM, 0, 0, 0, 0);
	for (driver = 0; driver < 3; driver++) {
		CHECK(tester_read(driver, cpu, TESTER_HAS) == 0);
		CHECK(tester_read(driver, cpu, TESTER_IN_USE) == 3);
	}
	expect_counts(refuser, 3, 3, 0, 2, EACCES);
	CHECK(tester_read(refuser, 0, TESTER_IGNORED) ==
	      (flags & ADD_TELLS_REFUSER ? 2 : 0));
	/*
	 * Except for CPU mask snapshots that a domain keeps in reserve, and
	 * each slab's residual.
	 */
	CHECK(system_read(RESULT_BYTES) <= bytes + 3 * (2 * 256 + 1024));
	CHECK(system_do(SYSTEM_ADD, cpu + 1, flags) == 0);
	CHECK(tester_read(refuser, cpu + 1, TESTER_HAS) == 1);
	tester_do(TESTER_CLOSE, 0, 0, 0, 0);
	EXPECT_CLEAN();
}

static void script_refused_add(void)
{
	uint32_t refuser;

	refused_for(EAGAIN, DEVICE_BUSY);
	refused_for(EBUSY, DEVICE_BUSY);
	refused_for(ENOMEM, INSUFFICIENT_RESOURCES);
	for (refuser = 0; refuser < 3; refuser++) {
		refused_add(0, refuser);
		refused_add(ADD_TELLS_REFUSER, refuser);
		refused_add(ADD_ALL_STARTS, refuser);
		refused_add(ADD_ALL_STARTS | ADD_TELLS_REFUSER, refuser);
		refused_add(ADD_TELLS_REFUSER | ADD_REVERSE | ADD_OTHER_THREAD,
			    refuser);
	}
}

/* A driver refuses an existing processor when it registers. */
static void script_refused_registration(void)
{
	uint32_t quirk, flags, cpu;

	for (quirk = 0; quirk < 2; quirk++)
		for (flags = 0; flags < 2; flags++)
			for (cpu = 0; cpu < 3; cpu++) {
				system_reset(64, 3, NUMBERING_DENSE,
					     quirk ? QUIRK_REFUSED_IS_NULL : 0);
				CHECK(tester_do(
					      TESTER_OPEN, 2,
					      flags ? TESTER_OPEN_HOTPLUG_LAST :
						      0,
					      cpu, 1) == -EACCES);
				EXPECT_CLEAN();
			}
}

static void script_null_registration(void)
{
	system_reset(64, 3, NUMBERING_DENSE, QUIRK_NULL);
	CHECK(tester_open(1, 0) == -38);
	EXPECT_CLEAN();
	CHECK(tester_open(2, TESTER_OPEN_HOTPLUG_LAST) == -38);
	EXPECT_CLEAN();
}

static void script_plain_domain(void)
{
	system_reset(64, 3, NUMBERING_DENSE, 0);
	CHECK(tester_open(1, TESTER_OPEN_PLAIN_DOMAIN) == -22);
	EXPECT_CLEAN();
}

static void script_strange_events(void)
{
	static const uint32_t unknown[] = { 64, 65, 2048, 0x7fffffff, ABSENT };
	uint64_t ignored, bytes;
	uint32_t i;

	system_reset(64, 2, NUMBERING_DENSE, 0);
	CHECK(tester_open(1, 0) == 0);
	ignored = tester_read(0, 0, TESTER_IGNORED);
	bytes = system_read(RESULT_BYTES);
	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		system_do(SYSTEM_EVENT, EVENT_START, unknown[i]);
		system_do(SYSTEM_EVENT, EVENT_COMPLETE, unknown[i]);
		system_do(SYSTEM_EVENT, EVENT_FAILURE, unknown[i]);
	}
	CHECK(tester_read(0, 0, TESTER_IGNORED) == ignored + 2 * i);
	/* Within the maximum, but never started. */
	system_do(SYSTEM_EVENT, EVENT_FAILURE, 30);
	system_do(SYSTEM_EVENT, EVENT_COMPLETE, 31);
	CHECK(tester_read(0, 31, TESTER_HAS) == 0);
	CHECK(tester_read(0, 0, TESTER_IGNORED) == ignored + 2 * i + 2);
	CHECK(system_read(RESULT_BYTES) == bytes);
	/* An unknown state. */
	system_do(SYSTEM_EVENT, 7, 1);
	CHECK(tester_read(0, 0, TESTER_IGNORED) == ignored + 2 * i + 3);
	/* Repeated, and after the add has ended. */
	CHECK(system_do(SYSTEM_ADD, 20, 0) == 0);
	system_do(SYSTEM_EVENT, EVENT_COMPLETE, 20);
	system_do(SYSTEM_EVENT, EVENT_START, 20);
	system_do(SYSTEM_EVENT, EVENT_COMPLETE, 20);
	CHECK(tester_read(0, 20, TESTER_HAS) == 1);
	system_do(SYSTEM_EVENT, EVENT_FAILURE, 20);
	CHECK(tester_read(0, 20, TESTER_HAS) == 0);
	system_do(SYSTEM_EVENT, EVENT_FAILURE, 20);
	expect_counts(0, 3, 3, 1, i, ERANGE);
	tester_do(TESTER_CLOSE, 0, 0, 0, 0);
	EXPECT_CLEAN();
}

/* Each call for memory, a thread or a registration fails once. */
static void script_open_fails(uint32_t flags)
{
	uint32_t nth;
	int32_t err;

	for (nth = 1; nth < 200; nth++) {
		system_reset(64, 3, NUMBERING_DENSE, 0);
		system_do(SYSTEM_FAIL, nth, 0);
		err = tester_open(2, flags);
		if (err)
			EXPECT_CLEAN();
		else
			tester_do(TESTER_CLOSE, 0, 0, 0, 0);
		EXPECT_CLEAN();
		if (system_read(RESULT_STEPS) < nth)
			break;
	}
	CHECK(nth > 20 && nth < 200);
}

static void script_add_fails(void)
{
	uint32_t nth;

	system_reset(2048, 3, NUMBERING_DENSE, 0);
	CHECK(tester_open(2, 0) == 0);
	for (nth = 1; nth < 100; nth++) {
		int32_t err;

		system_do(SYSTEM_FAIL, nth, 0);
		err = system_do(SYSTEM_ADD, 10 + nth, 0);
		if (system_read(RESULT_STEPS) < nth)
			break;
		system_do(SYSTEM_FAIL, 0, 0);
		CHECK(tester_read(0, 10 + nth, TESTER_HAS) == !err);
		CHECK(tester_read(1, 10 + nth, TESTER_HAS) == !err);
		CHECK(err == INSUFFICIENT_RESOURCES);
	}
	CHECK(nth > 2 && nth < 100);
	CHECK(tester_read(1, 0, TESTER_ONLINE) == 4);
	tester_do(TESTER_CLOSE, 0, 0, 0, 0);
	EXPECT_CLEAN();
}

static void script_failing_memory(void)
{
	script_open_fails(0);
	script_open_fails(1u << 1);
	script_add_fails();
}

/* The driver is unloaded while the system adds a processor. */
static void script_unload_in_add(void)
{
	uint32_t quirk, wait;

	for (quirk = 0; quirk < 2; quirk++)
		for (wait = 0; wait < 60; wait += 12) {
			system_reset(64, 3, NUMBERING_DENSE,
				     quirk ? QUIRK_DEREGISTER_WAITS : 0);
			CHECK(tester_open(2, 0) == 0);
			system_do(SYSTEM_ADD, 7,
				  ADD_BACKGROUND | ADD_SLOW | ADD_RUNS);
			system_do(SYSTEM_PAUSE, wait, 0);
			tester_do(TESTER_CLOSE, 0, 0, 0, 0);
			system_do(SYSTEM_WAIT, 0, 0);
			EXPECT_CLEAN();
		}
}

/* A directory for the maximum, and blocks for started processors. */
static void script_memory(void)
{
	const uint64_t flat = (uint64_t)2048 * 4096;
	uint64_t small, two, three;
	char text[CONTROL_TEXT];

	system_reset(2048, 1, NUMBERING_DENSE, 0);
	CHECK(tester_open(1, 0) == 0);
	small = system_read(RESULT_BYTES);
	CHECK(system_do(SYSTEM_ADD, 1, 0) == 0);
	two = system_read(RESULT_BYTES);
	CHECK(system_do(SYSTEM_ADD, 2, 0) == 0);
	three = system_read(RESULT_BYTES);
	/* Each further one takes a block and CPU mask snapshots. */
	CHECK(three - two >= 4096 && three - two <= 4096 + 2048);
	CHECK(two - small >= 4096 && two - small <= 4096 + 2048);
	/* Directory, live bytes, shared block, structures: below 64 KiB. */
	CHECK(two < 64 * 1024);
	CHECK(two * 100 < flat);
	snprintf(text, sizeof(text),
		 "maximum 2048, 2 started: %llu bytes of pool, each one more "
		 "%llu; an array for all %llu",
		 (unsigned long long)two, (unsigned long long)(three - two),
		 (unsigned long long)flat);
	machine_report(0, script_name, text, 0);
	tester_do(TESTER_CLOSE, 0, 0, 0, 0);
	EXPECT_CLEAN();
}

static void script_never_refuse(void)
{
	/* Not even a processor that runs when the driver is loaded. */
	system_reset(64, 2, NUMBERING_DENSE, 0);
	CHECK(tester_do(TESTER_OPEN, 1, TESTER_OPEN_NEVER_REFUSE, 1, 0) == 0);
	CHECK(tester_read(0, 1, TESTER_HAS) == 0);
	CHECK(tester_read(0, 0, TESTER_ONLINE) == 1);
	tester_do(TESTER_CLOSE, 0, 0, 0, 0);
	EXPECT_CLEAN();
	system_reset(64, 2, NUMBERING_DENSE, 0);
	CHECK(tester_do(TESTER_OPEN, 1, TESTER_OPEN_NEVER_REFUSE, 5, 0) == 0);
	/* Its operations use the shared block. */
	CHECK(system_do(SYSTEM_ADD, 5, 0) == 0);
	CHECK(tester_read(0, 5, TESTER_HAS) == 0);
	hammer_start(2);
	hammer_stop(__LINE__);
	CHECK(script_tester.result[1] > 0);
	CHECK(tester_read(0, 0, TESTER_REFUSALS) == 0);
	/* Start, and Complete. */
	CHECK(tester_read(0, 0, TESTER_ERRORS) == 2);
	CHECK(tester_read(0, 0, TESTER_LAST_ERROR) == EACCES);
	tester_do(TESTER_CLOSE, 0, 0, 0, 0);
	EXPECT_CLEAN();
}

static void script_conformance(void)
{
	system_reset(64, 3, NUMBERING_DENSE, 0);
	CHECK(tester_open(1, 0) == 0);
	tester_do(TESTER_CONFORMANCE, 0, 0, 0, 0);
	if (script_tester.result[0])
		script_check(0, script_tester.text, __LINE__);
	tester_do(TESTER_CLOSE, 0, 0, 0, 0);
	EXPECT_CLEAN();
}

int script_run(const char *only)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} scripts[] = {
		{ "adds of every kind under load", script_life },
		{ "interrupts at any moment", script_interrupts },
		{ "one group", script_one_group },
		{ "2048 processors", script_many },
		{ "an add that a driver refuses", script_refused_add },
		{ "a registration that refuses", script_refused_registration },
		{ "no registration", script_null_registration },
		{ "a domain without the flags", script_plain_domain },
		{ "impossible events", script_strange_events },
		{ "memory fails at each step", script_failing_memory },
		{ "unload during an add", script_unload_in_add },
		{ "memory follows the processors", script_memory },
		{ "no DPC on a processor", script_stuck },
		{ "gates", script_gates },
		{ "a DPC that comes too late", script_late_dpc },
		{ "unload with a processor half way", script_half_way },
		{ "failed adds leave nothing", script_adds_fail },
		{ "pool tags", script_pool_tags },
		{ "rounds of DPCs", script_rounds },
		{ "paged memory", script_paged },
		{ "processors without a record", script_unannounced },
		{ "an add fails where threads run", script_fails_running },
		{ "a registration that shows too few", script_shows_less },
		{ "a driver that never refuses", script_never_refuse },
		{ "rebalance", script_rebalance },
		{ "the available processors change", script_available },
		{ "structures under load", script_structures },
		{ "code that is pinned", script_packets },
		{ "structures without memory", script_structures_fail },
		{ "workers of a processor that runs late", script_late_mask },
		{ "structures, unload during an add",
		  script_structures_unload },
		{ "the contract of the port interface", script_conformance },
		{ "results of calls", script_calls },
		{ "the log and a panic", script_log },
		{ "levels", script_levels },
		{ "where things run", script_where },
	};
	int failed = 0, before;
	size_t i;

	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		if (only && strcmp(only, scripts[i].name))
			continue;
		before = script_failures;
		script_name = scripts[i].name;
		scripts[i].run();
		failed += script_failures != before;
		machine_report(script_failures != before, script_name,
			       script_failures != before ? "FAILED" : "ok", 0);
	}
	return failed;
}
