// SPDX-License-Identifier: MIT
/*
 * ring_consume_latest.c - the newest records of rings that overwrite their
 * oldest ones.
 */
#include <string.h>

#include "ring_consume.h"
#include "ring_record.h"

static uint64_t latest_records, latest_skipped, latest_wrong;

static void latest_copy(const struct cpuslab_ring_view *view)
{
	uint64_t at = cpuslab_ring_consumed(view);
	struct ring_record record;
	uint64_t number = 0;
	uint32_t bytes;

	while (cpuslab_ring_copy(view, &at, &record, sizeof(record), &bytes,
				 &latest_skipped) == CPUSLAB_OK) {
		if (!ring_record_valid(&record, bytes) ||
		    record.number < number)
			latest_wrong++;
		number = record.number + 1;
		latest_records++;
	}
	cpuslab_ring_consume(view, at);
}

int consume_latest(void)
{
	size_t i;

	consume_events(NULL);
	consume_command("append 3000");
	consume_check(consume_wait(0), "there are records");
	for (i = 0; i <= CONSUME_CPUS; i++)
		if (consume_maps[i].base)
			latest_copy(&consume_maps[i].view);
	consume_check(latest_records > 100 && latest_records < 3000,
		      "the newest are there");
	consume_check(latest_skipped > 0, "the oldest were skipped");
	consume_check(latest_wrong == 0, "all are valid, and in order");
	consume_check(!consume_wait(0), "no more of them");
	return 0;
}
