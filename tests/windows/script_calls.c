/* SPDX-License-Identifier: MIT */
/*
 * script_calls.c - single calls: what they return, on which processors they
 * work, at which level, and how they leave the caller.
 */
#include <string.h>

#include "script.h"

#define NARROW (2 | 3 << 8) /* widths: each number is there in many groups */
#define WIDE (64 | 64 << 8)
#define ALL_CALLS(X)                                                           \
	X(16, 16, NUMBERING_DENSE, NARROW, QUIRK_NODES)                        \
	X(64, 3, NUMBERING_DENSE, NARROW, 0)                                   \
	X(64, 11, NUMBERING_MIXED, NARROW, QUIRK_NODES)                        \
	X(192, 70, NUMBERING_DENSE, WIDE, QUIRK_NODES)                         \
	X(512, 128, NUMBERING_BY_64, WIDE, 0)

/* ---- results ------------------------------------------------------------- */

static void expect_calls(uint32_t command, uint32_t arg, int line)
{
	tester_do(command, arg, 0, 0, 0);
	if (script_tester.result[0])
		script_check(0, script_tester.text, line);
}

static void calls_on(uint32_t limit, uint32_t active, uint32_t numbering,
		     uint32_t widths, uint32_t quirks)
{
	system_reset_groups(limit, active, numbering, quirks, widths);
	CHECK(tester_open(0, 0) == 0);
	expect_calls(TESTER_CALLS, 0, __LINE__);
	expect_calls(TESTER_OPERATIONS, 0, __LINE__);
	/* No default slab, whose end would wait for what is queued. */
	CHECK(tester_do(TESTER_CLOSE, 1, 0, 0, 0) == 0);
	EXPECT_CLEAN();
	/* The end of a driver whose entry has failed. */
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	EXPECT_CLEAN();
}

static void calls_named(void)
{
	system_reset(64, 3, NUMBERING_DENSE, 0);
	expect_calls(TESTER_NAMED, 0, __LINE__);
	CHECK(tester_open(0, 0) == 0);
	expect_calls(TESTER_NAMED, 1, __LINE__);
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	expect_calls(TESTER_NAMED, 0, __LINE__);
	EXPECT_CLEAN();
}

void script_calls(void)
{
	calls_named();
#define CALLS_ON(...) calls_on(__VA_ARGS__);
	ALL_CALLS(CALLS_ON)
}

/* A line in the log is no format; a panic ends the system. */
void script_log(void)
{
	system_reset(64, 3, NUMBERING_DENSE, 0);
	CHECK(tester_open(0, 0) == 0);
	tester_do(TESTER_LOG, 0, 0, 0, 0);
	system_do(SYSTEM_DEBUG, 1, 0);
	CHECK(!strcmp(script_system.text, "cpuslab: 50% of %s\n"));
	CHECK(tester_do(TESTER_PANIC, 0, 0, 0, 0) == 0);
	CHECK(script_tester.result[0] == 0);
	system_do(SYSTEM_DEBUG, 0, 0);
	CHECK(!strcmp(script_system.text, "cpuslab: a test of the end\n"));
	CHECK(script_system.result[0] == 0x53757043);
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	EXPECT_CLEAN();
}

/* ---- levels -------------------------------------------------------------- */

/* Below DISPATCH_LEVEL each raises to it once, before it asks where it is. */
void script_levels(void)
{
	static const uint32_t levels[] = { 0, 1, 2, 5 };
	uint32_t i;

	system_reset(64, 3, NUMBERING_DENSE, 0);
	CHECK(tester_open(1, 0) == 0);
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		system_do(SYSTEM_MARK, 0, 0);
		expect_calls(TESTER_LEVELS, levels[i], __LINE__);
		CHECK(script_tester.result[1] > 0);
		CHECK(system_read(RESULT_HINTS) == 0);
		CHECK(system_read(RESULT_RAISES) ==
		      (levels[i] < 2 ? script_tester.result[1] : 1));
	}
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	EXPECT_CLEAN();
}

/* ---- processors ---------------------------------------------------------- */

/* A block was allocated by a thread on its processor, for both drivers. */
static void blocks_are_there(uint32_t limit, uint32_t numbering,
			     uint32_t active)
{
	uint32_t i;

	for (i = 0; i < active; i++)
		CHECK(system_read_of(RESULT_BOUND,
				     index_of(i, numbering, limit)) >= 2);
}

static void where_on(uint32_t limit, uint32_t active, uint32_t numbering,
		     uint32_t widths, uint32_t quirks)
{
	system_reset_groups(limit, active, numbering, quirks, widths);
	CHECK(tester_open(2, 0) == 0);
	if (quirks & QUIRK_NODES)
		blocks_are_there(limit, numbering, active);
	/* A fence and a grace period reach all that are active, no others. */
	system_do(SYSTEM_MARK, 0, 0);
	CHECK(tester_do(TESTER_GATE, 1, 0, 0, 0) == 0);
	CHECK(system_read(RESULT_DPCS) == active);
	system_do(SYSTEM_MARK, 0, 0);
	CHECK(tester_do(TESTER_GRACE, 1, 0, 0, 0) == 0);
	CHECK(system_read(RESULT_DPCS) == active);
	system_do(SYSTEM_MARK, 0, 0);
	CHECK(tester_do(TESTER_GRACE, 0, 0, 0, 0) == 0);
	CHECK(system_read(RESULT_DPCS) == active);
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	EXPECT_CLEAN();
}

/* Threads that have nothing to do sleep. */
static void where_idle(void)
{
	system_reset(64, 3, NUMBERING_DENSE, QUIRK_LATE_MEMORY);
	CHECK(tester_open(1, TESTER_OPEN_STRUCTURES) == 0);
	hammer_start(2);
	hammer_stop(__LINE__);
	tester_do(TESTER_SETTLE, 0, 0, 0, 0);
	system_do(SYSTEM_PAUSE, 50, 0);
	system_do(SYSTEM_MARK, 0, 0);
	system_do(SYSTEM_PAUSE, 50, 0);
	CHECK(system_read(RESULT_WAITS) == 0);
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	EXPECT_CLEAN();
}

void script_where(void)
{
	where_idle();
#define WHERE_ON(...) where_on(__VA_ARGS__);
	ALL_CALLS(WHERE_ON)
}
