/* SPDX-License-Identifier: MIT */
/*
 * storm.c - reports the storm on simulated CPUs, which cpuslab-demo-sim ran.
 */
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "demo.h"
#include "report.h"

/* The numbers that cpuslab-demo-sim prints. */
enum storm_number {
	STORM_RUNS,
	STORM_LIMIT,
	STORM_THERE,
	STORM_ADDS,
	STORM_SIGNALS,
	STORM_CALLS,
	STORM_REFUSED,
	STORM_NO_MEMORY,
	STORM_BEYOND,
	STORM_SUMS,
	STORM_ADMISSIONS,
	STORM_RELEASES,
	STORM_SHARED,
	STORM_EXTENTS,
	STORM_ABORTS,
	STORM_POINTS,
	STORM_ARRAY,
	STORM_COMMITTED,
	STORM_NUMBERS,
};

static const char *const storm_keys[STORM_NUMBERS] = {
	"runs",       "limit",       "there",           "adds",    "signals",
	"calls",      "refused",     "no_memory",       "beyond",  "sums",
	"admissions", "releases",    "shared_ops",      "extents", "aborts",
	"points",     "array_bytes", "committed_bytes",
};

struct storm {
	uint64_t numbers[STORM_NUMBERS];
	uint64_t known; /* bit: the number was printed */
	uint64_t first; /* seeds */
	uint64_t last;
	unsigned int wrong;
	char what[128]; /* the first of these */
};

static void storm_read(void *arg, const char *key, const char *value)
{
	struct storm *storm = arg;
	unsigned int i;

	if (!strcmp(key, "seed"))
		storm->last = strtoull(value, NULL, 10);
	if (!strcmp(key, "wrong") && !storm->wrong++)
		strncpy(storm->what, value, sizeof(storm->what) - 1);
	for (i = 0; i < STORM_NUMBERS; i++) {
		if (strcmp(key, storm_keys[i]) != 0)
			continue;
		storm->numbers[i] = strtoull(value, NULL, 10);
		storm->known |= (uint64_t)1 << i;
	}
}

static struct report_word storm_word(const struct storm *storm,
				     enum storm_number number)
{
	return report_grouped(storm->numbers[number]);
}

static void storm_describe(const struct storm *storm)
{
	report_say("\n   %s storms, seeds %llu to %llu, on %s of %s\n"
		   "   CPU numbers; in them:\n",
		   storm_word(storm, STORM_RUNS).text,
		   (unsigned long long)storm->first,
		   (unsigned long long)storm->last,
		   storm_word(storm, STORM_THERE).text,
		   storm_word(storm, STORM_LIMIT).text);
	report_say("   %11s adds, %s of them in signal handlers over "
		   "anything else\n",
		   storm_word(storm, STORM_ADDS).text,
		   storm_word(storm, STORM_SIGNALS).text);
	report_say(
		"   %11s calls announced that a CPU comes, fails or leaves: "
		"%s refused\n"
		"               by a client, %s for lack of memory, %s beyond "
		"the limit\n",
		storm_word(storm, STORM_CALLS).text,
		storm_word(storm, STORM_REFUSED).text,
		storm_word(storm, STORM_NO_MEMORY).text,
		storm_word(storm, STORM_BEYOND).text);
	report_say("   %11s blocks admitted, %s released, %s adds on the "
		   "shared block\n",
		   storm_word(storm, STORM_ADMISSIONS).text,
		   storm_word(storm, STORM_RELEASES).text,
		   storm_word(storm, STORM_SHARED).text);
	report_say("   %11s adds were interrupted halfway and restarted\n",
		   storm_word(storm, STORM_ABORTS).text);
	report_say("   the slab grew to %s extents meanwhile\n\n",
		   storm_word(storm, STORM_EXTENTS).text);
	report_bar("an array", 1, 1,
		   report_bytes(storm->numbers[STORM_ARRAY]).text);
	report_bar("memory in use", (double)storm->numbers[STORM_COMMITTED],
		   (double)storm->numbers[STORM_ARRAY],
		   report_bytes(storm->numbers[STORM_COMMITTED]).text);
}

static void storm_claims(const struct storm *storm)
{
	const uint64_t *n = storm->numbers;

	report_check(!storm->wrong, "every total exact in both modes%s%s",
		     storm->wrong ? "; but: " : "", storm->what);
	report_check(n[STORM_SUMS] > 0,
		     "%s sums meanwhile, all between the adds done and begun",
		     storm_word(storm, STORM_SUMS).text);
	report_check(n[STORM_REFUSED] && n[STORM_NO_MEMORY] &&
			     n[STORM_SIGNALS] && n[STORM_SHARED] &&
			     n[STORM_RELEASES] && n[STORM_EXTENTS] > 1,
		     "everything named above happened");
	report_check(n[STORM_COMMITTED] * 8 < n[STORM_ARRAY],
		     "memory follows the CPUs in use, not the limit");
}

void demo_storm(const char *self, double seconds, uint64_t seed)
{
	struct storm storm;
	unsigned int i;
	bool ran;

	memset(&storm, 0, sizeof(storm));
	storm.first = storm.last = seed;
	report_part("storm", "4. A storm on 1,024 simulated CPUs");
	report_say("   Threads count while CPUs with scattered numbers "
		   "come, leave and fail to\n"
		   "   come, memory runs out, signals arrive, and the slab "
		   "grows. A seed decides\n"
		   "   which thread runs at each step, so a run can be "
		   "repeated exactly.\n\n");
	report_wait("storming");
	ran = child_run(self, "storm", seconds, seed, storm_read, &storm);
	report_wait_end();
	report_count("seed", storm.first);
	report_count("last_seed", storm.last);
	for (i = 0; i < STORM_NUMBERS; i++)
		report_count(storm_keys[i], storm.numbers[i]);
	if (ran &&
	    report_check(storm.known == ((uint64_t)1 << STORM_NUMBERS) - 1,
			 "the storms ran to their end")) {
		storm_describe(&storm);
		storm_claims(&storm);
	} else if (storm.wrong) {
		report_check(false, "%s", storm.what);
	}
	report_say("   to replay the last: ./dev demo --only storm --seed "
		   "%llu --seconds 0.5\n",
		   (unsigned long long)storm.last);
}
