/* SPDX-License-Identifier: MIT */
/*
 * script_structures.c - all structures at once, used by threads at all IRQLs,
 * while processors are added, refused, fail, go offline and return.
 */
#include "script.h"

/* Totals are exact, and nothing is left. */
static void portable_close(int line)
{
	if (tester_do(TESTER_CLOSE, 0, 0, 0, 0))
		script_check(0, script_tester.text, line);
	expect_clean(line);
}

static int has(uint32_t cpu)
{
	return tester_read(0, cpu, TESTER_HAS) == 1;
}

/* A step of the structures refuses it, and all is undone; then it is added. */
static void refused_once(uint32_t cpu, uint32_t flags)
{
	tester_do(TESTER_REFUSE, cpu, 0, 0, 0);
	CHECK(system_do(SYSTEM_ADD, cpu, flags) < 0);
	CHECK(system_do(SYSTEM_ADD, cpu, flags | ADD_TELLS_REFUSER) < 0);
	CHECK(!has(cpu));
	tester_do(TESTER_REFUSED, cpu, 0, 0, 0);
	CHECK(script_tester.result[0] == 1);
	tester_do(TESTER_REFUSE, ABSENT, 0, 0, 0);
	CHECK(system_do(SYSTEM_ADD, cpu, flags) == 0);
	CHECK(has(cpu));
}

/*
 * The system reports the failure of a processor that runs, and then adds it:
 * its worker is parked, another worker handles its messages, and it returns.
 */
static void goes_and_returns(uint32_t cpu)
{
	system_do(SYSTEM_EVENT, EVENT_FAILURE, cpu);
	CHECK(!has(cpu));
	system_do(SYSTEM_PAUSE, 2, 0);
	CHECK(tester_do(TESTER_TRIM, 1, 0, 0, 0) >= 0);
	system_do(SYSTEM_EVENT, EVENT_START, cpu);
	system_do(SYSTEM_EVENT, EVENT_COMPLETE, cpu);
	CHECK(has(cpu));
}

static void portable_on(uint32_t limit, uint32_t active, uint32_t numbering,
			uint32_t quirks, uint32_t widths)
{
	static const uint32_t kinds[] = {
		0,         ADD_FAILS | ADD_RUNS,   ADD_RUNS | ADD_OTHER_THREAD,
		ADD_FAILS, ADD_REVERSE | ADD_RUNS,
	};
	const uint32_t count = sizeof(kinds) / sizeof(kinds[0]);
	uint32_t i, cpu;

	system_reset_groups(limit, active, numbering,
			    quirks | QUIRK_LATE_MEMORY, widths);
	CHECK(tester_open(2, TESTER_OPEN_STRUCTURES) == 0);
	hammer_start(4);
	for (i = 0; i < count; i++) {
		int fails = (kinds[i] & ADD_FAILS) != 0;

		cpu = index_of(active + i, numbering, limit);
		CHECK((system_do(SYSTEM_ADD, cpu, kinds[i]) < 0) == fails);
		CHECK(has(cpu) == !fails);
		if (!fails)
			goes_and_returns(cpu);
	}
	refused_once(index_of(active + count, numbering, limit), ADD_RUNS);
	goes_and_returns(index_of(0, numbering, limit));
	hammer_stop(__LINE__);
	CHECK(tester_read(0, 0, TESTER_ONLINE) == active + 4);
	portable_close(__LINE__);
}

void script_structures(void)
{
	portable_on(64, 4, NUMBERING_DENSE, QUIRK_WINDOWS_7, 1 | 2 << 8);
	portable_on(512, 5, NUMBERING_MIXED, QUIRK_NODES, 2 | 3 << 8);
	portable_on(2048, 2, NUMBERING_BY_64, QUIRK_DEREGISTER_WAITS,
		    40 | 64 << 8);
}

/*
 * Complete comes before threads can run there. Workers that work elsewhere
 * until then are on their own processor in the end.
 */
void script_late_mask(void)
{
	uint32_t cpu;

	system_reset(64, 3, NUMBERING_DENSE, QUIRK_LATE_MEMORY);
	CHECK(tester_open(1, TESTER_OPEN_STRUCTURES | TESTER_OPEN_STRAYS) == 0);
	for (cpu = 7; cpu < 10; cpu++) {
		system_do(SYSTEM_EVENT, EVENT_START, cpu);
		system_do(SYSTEM_EVENT, EVENT_COMPLETE, cpu);
		CHECK(has(cpu));
	}
	hammer_start(2);
	system_do(SYSTEM_PAUSE, 2, 0);
	for (cpu = 7; cpu < 10; cpu++)
		system_do(SYSTEM_RUNS, cpu, 1);
	hammer_stop(__LINE__);
	portable_close(__LINE__);
}

/* Each call for memory or a thread fails once: first those of the start. */
static void portable_open_fails(void)
{
	uint32_t nth;
	int32_t err;

	for (nth = 1; nth < 300; nth++) {
		system_reset(64, 2, NUMBERING_DENSE, QUIRK_LATE_MEMORY);
		system_do(SYSTEM_FAIL, nth, 0);
		err = tester_open(1, TESTER_OPEN_STRUCTURES);
		if (err)
			EXPECT_CLEAN();
		else
			portable_close(__LINE__);
		if (system_read(RESULT_STEPS) < nth)
			break;
	}
	CHECK(nth > 60 && nth < 300);
}

/* Then those of an add, which is refused as often as it allocates. */
static void portable_add_fails(void)
{
	uint32_t nth, cpu = 9, refused = 0;
	int32_t err;

	system_reset(64, 2, NUMBERING_DENSE, QUIRK_LATE_MEMORY);
	CHECK(tester_open(1, TESTER_OPEN_STRUCTURES) == 0);
	hammer_start(2);
	/* A thread that rotates a log may get the failure instead. */
	for (nth = 1; cpu < 60 && refused < 4; nth++) {
		system_do(SYSTEM_FAIL, 1 + nth % 8, 0);
		err = system_do(SYSTEM_ADD, cpu, 0);
		system_do(SYSTEM_FAIL, 0, 0);
		CHECK(has(cpu) == !err);
		if (err)
			refused++;
		else
			cpu++;
	}
	CHECK(refused > 0);
	hammer_stop(__LINE__);
	portable_close(__LINE__);
}

void script_structures_fail(void)
{
	portable_open_fails();
	portable_add_fails();
}

/* The driver is unloaded while a processor is added. */
void script_structures_unload(void)
{
	uint32_t wait;

	for (wait = 0; wait < 100; wait += 20) {
		system_reset(64, 3, NUMBERING_DENSE,
			     QUIRK_LATE_MEMORY |
				     (wait % 40 ? QUIRK_DEREGISTER_WAITS : 0));
		CHECK(tester_open(1, TESTER_OPEN_STRUCTURES) == 0);
		hammer_start(2);
		hammer_stop(__LINE__);
		system_do(SYSTEM_ADD, 7, ADD_BACKGROUND | ADD_SLOW | ADD_RUNS);
		system_do(SYSTEM_PAUSE, wait, 0);
		if (tester_do(TESTER_CLOSE, 0, 0, 0, 0))
			script_check(0, script_tester.text, __LINE__);
		system_do(SYSTEM_WAIT, 0, 0);
		EXPECT_CLEAN();
	}
}
