/* SPDX-License-Identifier: MIT */
/*
 * script_rebalance.c - a device is stopped and started, and steered when
 * processors come, are announced, or become available.
 */
#include "script.h"

static int32_t rebalance_do(uint32_t minor)
{
	return tester_do(TESTER_PNP, minor, 0, 0, 0);
}

static uint64_t rebalance_steered(void)
{
	rebalance_do(MINOR_OTHER);
	CHECK(script_tester.result[3] == script_tester.result[4]);
	return script_tester.result[4];
}

static void rebalance_states(void)
{
	/* Query, stop, start, query, cancel, cancel, start. */
	static const uint32_t minors[] = { 5, 4, 0, 5, 6, 6, 0 };
	static const uint32_t states[] = { 1, 2, 0, 1, 0, 0, 0 };
	static const uint32_t steers[] = { 0, 0, 1, 0, 0, 0, 0 };
	static const uint32_t notices[] = { 1, 0, 1, 1, 1, 1, 1 };
	uint64_t steered = rebalance_steered();
	uint32_t i;

	for (i = 0; i < sizeof(minors) / sizeof(minors[0]); i++) {
		CHECK(rebalance_do(minors[i]) == 1);
		CHECK(script_tester.result[0] == states[i]);
		steered += steers[i];
		CHECK(rebalance_steered() == steered);
		system_do(SYSTEM_ARRIVAL, 0, 0);
		steered += notices[i];
		CHECK(rebalance_steered() == steered);
	}
	CHECK(rebalance_do(MINOR_OTHER) == 0);
	CHECK(script_tester.result[1] == 2); /* times held */
	CHECK(script_tester.result[2] == 3); /* resumed, first start included */
}

/* Each request in each state: the state after it, and the driver's calls. */
static void rebalance_requests(void)
{
	enum {
		RUNS,
		HELD,
		STOPPED
	};
	static const struct {
		uint32_t before, minor, after, holds, resumes, steers;
	} rows[] = {
		{ RUNS, MINOR_QUERY_STOP, HELD, 1, 0, 0 },
		{ RUNS, MINOR_STOP, STOPPED, 1, 0, 0 },
		{ RUNS, MINOR_CANCEL_STOP, RUNS, 0, 0, 0 },
		{ RUNS, MINOR_START, RUNS, 0, 0, 0 },
		{ HELD, MINOR_QUERY_STOP, HELD, 0, 0, 0 },
		{ HELD, MINOR_STOP, STOPPED, 0, 0, 0 },
		{ HELD, MINOR_CANCEL_STOP, RUNS, 0, 1, 0 },
		{ HELD, MINOR_START, RUNS, 0, 1, 0 },
		{ STOPPED, MINOR_QUERY_STOP, STOPPED, 0, 0, 0 },
		{ STOPPED, MINOR_STOP, STOPPED, 0, 0, 0 },
		{ STOPPED, MINOR_CANCEL_STOP, STOPPED, 0, 0, 0 },
		{ STOPPED, MINOR_START, RUNS, 0, 1, 1 },
	};
	uint64_t before[4];
	uint32_t i, j;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rebalance_do(MINOR_START);
		if (rows[i].before == HELD)
			rebalance_do(MINOR_QUERY_STOP);
		if (rows[i].before == STOPPED)
			rebalance_do(MINOR_STOP);
		CHECK(script_tester.result[0] == rows[i].before);
		for (j = 1; j < 4; j++)
			before[j] = script_tester.result[j];
		CHECK(rebalance_do(rows[i].minor) == 1);
		CHECK(script_tester.result[0] == rows[i].after);
		CHECK(script_tester.result[1] == before[1] + rows[i].holds);
		CHECK(script_tester.result[2] == before[2] + rows[i].resumes);
		CHECK(script_tester.result[3] == before[3] + rows[i].steers);
	}
}

/* The driver is unloaded while notices arrive. */
static void rebalance_unload(void)
{
	system_reset(64, 3, NUMBERING_DENSE, 0);
	CHECK(tester_open(2, 0) == 0);
	rebalance_do(MINOR_START);
	system_do(SYSTEM_ARRIVAL, 30, 0);
	system_do(SYSTEM_PAUSE, 5, 0);
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	system_do(SYSTEM_WAIT, 0, 0);
	EXPECT_CLEAN();
}

/* Without notices the domain is sufficient. */
static void rebalance_without_notices(void)
{
	system_reset(64, 3, NUMBERING_DENSE, QUIRK_NO_NOTICES);
	CHECK(tester_open(1, 0) == 0);
	CHECK(system_read(RESULT_NOTICES) == 0);
	CHECK(rebalance_do(MINOR_START) == 1);
	CHECK(system_do(SYSTEM_ADD, 5, 0) == 0);
	CHECK(rebalance_steered() == 2);
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	EXPECT_CLEAN();
}

/* Before its first start a device has no resources. */
static void rebalance_first_start(void)
{
	system_do(SYSTEM_ARRIVAL, 0, 0);
	CHECK(system_do(SYSTEM_ADD, index_of(50, NUMBERING_BY_64, 256), 0) ==
	      0);
	CHECK(rebalance_do(MINOR_QUERY_STOP) == 1);
	CHECK(rebalance_do(MINOR_CANCEL_STOP) == 1);
	CHECK(script_tester.result[0] == 2 && !script_tester.result[2]);
	CHECK(rebalance_steered() == 0);
	CHECK(rebalance_do(MINOR_START) == 1);
	CHECK(script_tester.result[0] == 0 && script_tester.result[2] == 1);
	CHECK(rebalance_steered() == 1);
}

void script_rebalance(void)
{
	uint32_t i;

	system_reset(256, 50, NUMBERING_BY_64, 0);
	CHECK(tester_open(1, 0) == 0);
	rebalance_first_start();
	/* The domain reports it, with or without a notice. */
	CHECK(system_do(SYSTEM_ADD, index_of(51, NUMBERING_BY_64, 256), 0) ==
	      0);
	CHECK(rebalance_steered() == 2);
	system_do(SYSTEM_EVENT, EVENT_COMPLETE,
		  index_of(51, NUMBERING_BY_64, 256));
	CHECK(rebalance_steered() == 3);
	rebalance_states();
	rebalance_requests();
	/* Notices while the device is stopped and started. */
	system_do(SYSTEM_ARRIVAL, 30, 0);
	for (i = 0; i < 8; i++) {
		rebalance_do(MINOR_QUERY_STOP);
		rebalance_do(MINOR_STOP);
		rebalance_do(MINOR_START);
	}
	system_do(SYSTEM_WAIT, 0, 0);
	rebalance_do(MINOR_OTHER);
	CHECK(!script_tester.result[5]);
	tester_do(TESTER_CLOSE, 0, 0, 0, 0);
	EXPECT_CLEAN();
	rebalance_unload();
	rebalance_without_notices();
}

/* How often it was steered; another steering may be in progress. */
static uint64_t available_steered(void)
{
	rebalance_do(MINOR_OTHER);
	return script_tester.result[3];
}

/* Wait until it has been steered more often than @before. */
static void available_steers(uint64_t before, int line)
{
	uint32_t tries;

	for (tries = 0; tries < 2000; tries++) {
		if (available_steered() > before)
			return;
		system_do(SYSTEM_PAUSE, 1, 0);
	}
	script_check(0, "it is steered again", line);
}

/* A change that comes during the steering is not lost. */
static void available_during_steering(void)
{
	uint64_t steered = available_steered();
	uint32_t tries = 0;

	tester_do(TESTER_STEER, 1, 0, 0, 0);
	system_do(SYSTEM_AVAILABLE, 1, 0);
	system_do(SYSTEM_WAIT, 0, 0);
	while (!script_tester.result[0] && tries++ < 2000) {
		system_do(SYSTEM_PAUSE, 1, 0);
		tester_do(TESTER_STEER, 1, 0, 0, 0);
	}
	CHECK(script_tester.result[0] == 1);
	system_do(SYSTEM_AVAILABLE, 1, 0);
	system_do(SYSTEM_WAIT, 0, 0);
	tester_do(TESTER_STEER, 0, 0, 0, 0);
	available_steers(steered + 1, __LINE__);
}

/* The system calls when the driver has unregistered. */
static void available_late(void)
{
	system_reset(256, 2, NUMBERING_BY_64,
		     QUIRK_AVAILABLE | QUIRK_AVAILABLE_LATE);
	CHECK(tester_open(1, 0) == 0);
	rebalance_do(MINOR_START);
	system_do(SYSTEM_AVAILABLE, 1, 0);
	system_do(SYSTEM_PAUSE, 5, 0);
	tester_do(TESTER_CLOSE, 0, 0, 0, 0);
	system_do(SYSTEM_WAIT, 0, 0);
	EXPECT_CLEAN();
}

/* More or fewer processors for the system's threads: none is removed. */
static void available_changes(void)
{
	uint64_t steered;

	CHECK(tester_open(2, 0) == 0);
	/* Before the first start there is nothing to steer. */
	system_do(SYSTEM_AVAILABLE, 1, 0);
	system_do(SYSTEM_WAIT, 0, 0);
	system_do(SYSTEM_PAUSE, 20, 0);
	CHECK(available_steered() == 0);
	rebalance_do(MINOR_START);
	steered = available_steered();
	system_do(SYSTEM_AVAILABLE, 1, 0);
	system_do(SYSTEM_WAIT, 0, 0);
	available_steers(steered, __LINE__);
	CHECK(tester_read(0, 0, TESTER_ONLINE) == 50);
	available_during_steering();
	/* While the device is stopped and started. */
	system_do(SYSTEM_AVAILABLE, 30, 0);
	rebalance_do(MINOR_QUERY_STOP);
	rebalance_do(MINOR_STOP);
	rebalance_do(MINOR_START);
	system_do(SYSTEM_WAIT, 0, 0);
	rebalance_do(MINOR_OTHER);
	CHECK(!script_tester.result[5]);
	/* The end waits for what has been queued. */
	system_do(SYSTEM_AVAILABLE, 1000, 0);
	tester_do(TESTER_CLOSE, 0, 0, 0, 0);
	system_do(SYSTEM_WAIT, 0, 0);
	EXPECT_CLEAN();
}

void script_available(void)
{
	uint32_t nth;

	system_reset(256, 50, NUMBERING_BY_64, QUIRK_AVAILABLE);
	available_changes();
	available_late();
	/* Without memory for it, the driver opens as on an older system. */
	for (nth = 1; nth < 1000; nth++) {
		system_reset(256, 2, NUMBERING_BY_64, QUIRK_AVAILABLE);
		system_do(SYSTEM_FAIL, nth, 0);
		if (tester_open(1, 0) == 0 && system_read(RESULT_STEPS) < nth)
			break;
		system_do(SYSTEM_FAIL, 0, 0);
		tester_do(TESTER_CLOSE, 0, 0, 0, 0);
		EXPECT_CLEAN();
	}
	CHECK(nth > 10 && nth < 1000);
	tester_do(TESTER_CLOSE, 0, 0, 0, 0);
	EXPECT_CLEAN();
}
