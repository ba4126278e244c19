/* SPDX-License-Identifier: MIT */
/*
 * script_faults.c - a system with faults: DPCs that do not run or run late,
 * calls that are missing.
 */
#include <stdio.h>
#include <string.h>

#include "script.h"

#define AGAIN (-11)
#define STALL 20000u /* turns that an operation takes */

/* No DPC runs on a processor whose add fails: its block is retained for now. */
void script_stuck(void)
{
	system_reset(64, 2, NUMBERING_DENSE, 0);
	CHECK(tester_open(1, 0) == 0);
	hammer_start(2);
	CHECK(system_do(SYSTEM_ADD, 5, ADD_RUNS) == 0);
	system_do(SYSTEM_STUCK, 5, 0);
	system_do(SYSTEM_EVENT, EVENT_FAILURE, 5);
	CHECK(tester_read(0, 5, TESTER_HAS) == 0);
	CHECK(tester_do(TESTER_TRIM, 1, 0, 0, 0) == RETAINED);
	CHECK(tester_read(0, 5, TESTER_IN_USE) == 3);
	system_do(SYSTEM_STUCK, ABSENT, 0);
	/* Threads still run there, so it may be admitted again at once. */
	CHECK(tester_do(TESTER_TRIM, 1, 0, 0, 0) == 0);
	hammer_stop(__LINE__);
	/* A grace period does not end before a DPC has run there. */
	system_do(SYSTEM_MARK, 0, 0);
	system_do(SYSTEM_STUCK, 1, STUCK_A_WHILE);
	CHECK(tester_do(TESTER_GRACE, 0, 0, 0, 0) == 0);
	CHECK(system_read(RESULT_DPCS) == 3);
	system_do(SYSTEM_WAIT, 0, 0);
	tester_do(TESTER_CLOSE, 0, 0, 0, 0);
	EXPECT_CLEAN();
}

/* Nothing is counted any more once a gate has been closed. */
static void gates_closed(void)
{
	uint32_t i;

	system_reset(64, 4, NUMBERING_DENSE, 0);
	CHECK(tester_open(1, 0) == 0);
	CHECK(tester_do(TESTER_START, 4, STALL, 0, 0) == 0);
	for (i = 0; i < 15; i++) {
		CHECK(tester_do(TESTER_GATE, 1, 0, 0, 0) == 0);
		CHECK(script_tester.result[0] == script_tester.result[1]);
		CHECK(tester_do(TESTER_GATE, 0, 0, 0, 0) == 0);
	}
	hammer_stop(__LINE__);
	CHECK(script_tester.result[0] > 0);
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	EXPECT_CLEAN();
}

/* A processor that runs no DPC does not block closing a gate forever. */
static void gates_stuck(void)
{
	system_reset(64, 3, NUMBERING_DENSE, 0);
	CHECK(tester_open(1, 0) == 0);
	system_do(SYSTEM_STUCK, 1, 0);
	CHECK(tester_do(TESTER_GATE, 1, 0, 0, 0) == AGAIN);
	/* Half a second, as far as this machine is quick enough. */
	CHECK(script_tester.result[2] > 300 && script_tester.result[2] < 9000);
	system_do(SYSTEM_STUCK, 1, STUCK_REFUSES);
	CHECK(tester_do(TESTER_GATE, 1, 0, 0, 0) == AGAIN);
	system_do(SYSTEM_STUCK, ABSENT, 0);
	CHECK(tester_do(TESTER_GATE, 0, 0, 0, 0) == 0);
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	EXPECT_CLEAN();
}

void script_gates(void)
{
	gates_closed();
	gates_stuck();
}

/* The DPC runs after the fence has given up waiting for it. */
void script_late_dpc(void)
{
	system_reset(64, 3, NUMBERING_DENSE, 0);
	CHECK(tester_open(1, 0) == 0);
	system_do(SYSTEM_STUCK, 1, STUCK_LATE);
	system_do(SYSTEM_MARK, 0, 0);
	CHECK(tester_do(TESTER_GATE, 1, 0, 0, 0) == 0);
	CHECK(system_read(RESULT_DPCS) == 3);
	system_do(SYSTEM_STUCK, ABSENT, 0);
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	EXPECT_CLEAN();
}

/*
 * All DPCs are queued before the first is waited for. A second thread that
 * waits meanwhile lets some of them run.
 */
static void rounds_on(uint32_t active, uint32_t added, uint32_t quirks)
{
	char text[CONTROL_TEXT];
	uint64_t fence, grace;
	uint32_t i;

	system_reset(2048, active, NUMBERING_DENSE, quirks);
	CHECK(tester_open(1, 0) == 0);
	for (i = 0; i < added; i++)
		CHECK(system_do(SYSTEM_ADD, active + i, 0) == 0);
	active += added;
	system_do(SYSTEM_MARK, 0, 0);
	CHECK(tester_do(TESTER_GATE, 1, 0, 0, 0) == 0);
	fence = system_read(RESULT_ROUNDS);
	CHECK(system_read(RESULT_DPCS) == active);
	system_do(SYSTEM_MARK, 0, 0);
	CHECK(tester_do(TESTER_GRACE, 0, 0, 0, 0) == 0);
	grace = system_read(RESULT_ROUNDS);
	CHECK(system_read(RESULT_DPCS) == active);
	snprintf(text, sizeof(text),
		 "%u processors: rounds of DPCs in a fence %u, in a grace "
		 "period %u",
		 active, (uint32_t)fence, (uint32_t)grace);
	machine_report(0, "rounds of DPCs", text, 0);
	CHECK(fence < active / 4 && grace < active / 4);
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	EXPECT_CLEAN();
}

/* Also on processors that run a DPC only when it was queued a second time. */
void script_rounds(void)
{
	rounds_on(64, 0, 0);
	rounds_on(64, 0, QUIRK_LAZY_DPCS);
	rounds_on(32, 32, 0);
	rounds_on(2048, 0, 0);
	rounds_on(2048, 0, QUIRK_LAZY_DPCS);
}

/*
 * Processors run of which the driver was not notified, so they have no record;
 * then it is, in the middle of their read sections.
 */
void script_unannounced(void)
{
	uint32_t cpu;

	system_reset(2048, 1, NUMBERING_DENSE, 0);
	CHECK(tester_open(1, 0) == 0);
	for (cpu = 1000; cpu < 1400; cpu += 100)
		system_do(SYSTEM_RUNS, cpu, 1);
	CHECK(tester_do(TESTER_START, 4, STALL, 0, 0) == 0);
	system_do(SYSTEM_MARK, 0, 0);
	CHECK(tester_do(TESTER_GATE, 1, 0, 0, 0) == 0);
	CHECK(system_read(RESULT_DPCS) == 5);
	CHECK(tester_do(TESTER_GATE, 0, 0, 0, 0) == 0);
	for (cpu = 1000; cpu < 1300; cpu += 100) {
		system_do(SYSTEM_EVENT, EVENT_START, cpu);
		system_do(SYSTEM_EVENT, EVENT_COMPLETE, cpu);
	}
	system_do(SYSTEM_MARK, 0, 0);
	CHECK(tester_do(TESTER_GRACE, 0, 0, 0, 0) == 0);
	CHECK(system_read(RESULT_DPCS) == 5);
	hammer_stop(__LINE__);
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	EXPECT_CLEAN();
}

/*
 * Threads run on a processor in the middle of adds that fail: nothing that
 * their read sections use is freed.
 */
void script_fails_running(void)
{
	uint32_t i;

	system_reset(2048, 2, NUMBERING_DENSE, QUIRK_LATE_MEMORY);
	CHECK(tester_open(1, 0) == 0);
	CHECK(tester_do(TESTER_START, 4, STALL, 0, 0) == 0);
	system_do(SYSTEM_RUNS, 900, 1);
	for (i = 0; i < 50; i++) {
		system_do(SYSTEM_EVENT, EVENT_START, 900);
		system_do(SYSTEM_PAUSE, 1, 0);
		system_do(SYSTEM_EVENT, EVENT_FAILURE, 900);
	}
	hammer_stop(__LINE__);
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	EXPECT_CLEAN();
}

/*
 * Debug builds stop where an operation accesses memory that may be absent, or
 * is pinned code that can be moved.
 */
void script_paged(void)
{
	uint32_t which;

	system_reset(64, 3, NUMBERING_DENSE, 0);
	CHECK(tester_open(1, 0) == 0);
	for (which = PAGED_HANDLE; which <= PAGED_NOTHING; which++) {
		system_do(SYSTEM_DEBUG, 1, 0);
		CHECK(tester_do(TESTER_PAGED, which, 0, 0, 0) == 0);
		CHECK(script_tester.result[0] != script_tester.result[1]);
		system_do(SYSTEM_DEBUG, 0, 0);
		CHECK(!script_tester.result[1] ||
		      strstr(script_system.text, which == PAGED_NOTHING ?
							 ">= DISPATCH_LEVEL" :
							 "MmIsAddressValid"));
	}
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	/* That driver's own allocations are violations. */
	CHECK(system_read(RESULT_VIOLATIONS) == which);
	CHECK(system_read(RESULT_ALLOCATIONS) == 0);
}

/* The driver is unloaded after a Start, before the end of that add. */
void script_half_way(void)
{
	system_reset(64, 3, NUMBERING_DENSE, 0);
	CHECK(tester_open(2, 0) == 0);
	system_do(SYSTEM_EVENT, EVENT_START, 20);
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	EXPECT_CLEAN();
}

/*
 * The structures include a cache, a mailbox and workers; the slab has a log.
 * The first failure leaves the CPU mask snapshots that the domain keeps for
 * later changes, and a residual. Each processor's record lies in another page.
 */
void script_adds_fail(void)
{
	uint64_t bytes = 0, count = 0;
	uint32_t i;

	system_reset(2048, 3, NUMBERING_DENSE, QUIRK_LATE_MEMORY);
	CHECK(tester_open(1, TESTER_OPEN_STRUCTURES) == 0);
	for (i = 0; i < 8; i++) {
		CHECK(system_do(SYSTEM_ADD, 100 * i + 40, ADD_FAILS) < 0);
		tester_do(TESTER_SETTLE, 0, 0, 0, 0);
		CHECK(tester_read(0, 0, TESTER_RETAINED) == 0);
		CHECK(tester_read(0, 0, TESTER_IN_USE) == 3);
		if (i == 0) {
			bytes = system_read(RESULT_BYTES);
			count = system_read(RESULT_ALLOCATIONS);
		}
		CHECK(system_read(RESULT_BYTES) == bytes);
		CHECK(system_read(RESULT_ALLOCATIONS) == count);
	}
	/* A refused Start leaves nothing either; it gets no failure. */
	tester_do(TESTER_REFUSE, 1000, 0, 0, 0);
	CHECK(system_do(SYSTEM_ADD, 1000, 0) < 0);
	tester_do(TESTER_SETTLE, 0, 0, 0, 0);
	CHECK(system_read(RESULT_BYTES) == bytes);
	CHECK(system_read(RESULT_ALLOCATIONS) == count);
	tester_do(TESTER_REFUSE, ABSENT, 0, 0, 0);
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	EXPECT_CLEAN();
}

static uint64_t tagged(uint32_t tag)
{
	system_do(SYSTEM_TAG, tag, 0);
	return script_system.result[0];
}

/* A debugger shows whose pool it is: the driver chooses the tag. */
void script_pool_tags(void)
{
	const uint32_t structures = 0x53757043, blocks = 0x42757043;

	system_reset(64, 3, NUMBERING_DENSE, QUIRK_NODES);
	CHECK(tester_open(2, 0) == 0);
	CHECK(tagged(structures) && tagged(blocks) >= 2 * 3);
	CHECK(tagged(structures) + tagged(blocks) ==
	      system_read(RESULT_ALLOCATIONS));
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	CHECK(tester_open(2, TESTER_OPEN_TAG) == 0);
	CHECK(system_do(SYSTEM_ADD, 9, 0) == 0);
	CHECK(tagged(TESTER_TAG) == system_read(RESULT_ALLOCATIONS));
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	EXPECT_CLEAN();
}

/* The driver finds out for itself which processors run. */
void script_shows_less(void)
{
	system_reset(64, 3, NUMBERING_DENSE, QUIRK_SHOWS_LESS);
	CHECK(tester_open(2, 0) == 0);
	CHECK(tester_read(0, 0, TESTER_HAS) == 1);
	CHECK(tester_read(1, 0, TESTER_ONLINE) == 3);
	/* It is complete: another Start or Complete changes nothing. */
	system_do(SYSTEM_EVENT, EVENT_START, 0);
	system_do(SYSTEM_EVENT, EVENT_COMPLETE, 0);
	CHECK(tester_read(0, 0, TESTER_IGNORED) == 2);
	CHECK(tester_read(0, 0, TESTER_COMPLETES) == 2);
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	EXPECT_CLEAN();
	/* It refuses the one that it was not shown. */
	system_reset(64, 64, NUMBERING_MIXED, QUIRK_SHOWS_LESS);
	CHECK(tester_do(TESTER_OPEN, 1, 0, index_of(0, NUMBERING_MIXED, 64),
			0) == -13);
	EXPECT_CLEAN();
}
