/* SPDX-License-Identifier: MIT */
/*
 * script_packets.c - code that is pinned: it excludes all others on its
 * processor, and costs one change of the IRQL.
 */
#include "script.h"

#define PACKETS 1000u
#define PACKETS_THREADS 4u

/* How often the IRQL is raised while the driver counts so many packets. */
static uint64_t packets_raises(uint32_t packets)
{
	uint64_t before = system_read(RESULT_RAISES);

	CHECK(tester_do(TESTER_PACKETS, 0, packets, 0, 0) == 0);
	return system_read(RESULT_RAISES) - before;
}

void script_packets(void)
{
	system_reset(8, 4, NUMBERING_MIXED, 0);
	CHECK(tester_open(1, 0) == 0);
	CHECK(packets_raises(PACKETS) - packets_raises(0) == PACKETS);
	if (tester_do(TESTER_PACKETS, PACKETS_THREADS, 4 * PACKETS, 0, 0))
		script_check(0, script_tester.text, __LINE__);
	CHECK(tester_do(TESTER_CLOSE, 0, 0, 0, 0) == 0);
	EXPECT_CLEAN();
}
