/* SPDX-License-Identifier: MIT */
/*
 * mode_late.c - allocation when the add is complete: the CPU runs already.
 */
#include "modes.h"

/* ---- the usual way --------------------------------------------------- */

static uint64_t *usual_events[MODES_LIMIT];

static void usual_complete(uint32_t cpu)
{
	usual_events[cpu] = modes_alloc(sizeof(uint64_t));
}

static int usual_load(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < modes_count(); cpu++)
		usual_complete(cpu);
	return 0;
}

static void usual_work(uint32_t cpu)
{
	++*usual_events[cpu];
}

static void usual_finish(struct modes_outcome *outcome)
{
	uint32_t cpu;

	for (cpu = 0; cpu < MODES_LIMIT; cpu++) {
		outcome->got += usual_events[cpu] ? *usual_events[cpu] : 0;
		modes_free(usual_events[cpu], sizeof(uint64_t));
	}
}

static void usual_say(const struct modes_outcome *outcome, char *text)
{
	modes_say(text,
		  "allocates in the Complete callback: %s at event "
		  "%lu, on CPU %u, which ran before it",
		  modes_end(outcome), outcome->wanted,
		  (unsigned int)outcome->cpu);
}

/* ---- cpuslab --------------------------------------------------------- */

static struct cpuslab_approx events;

static int slab_load(void)
{
	return cpuslab_approx_init(&events, modes_slab, 16);
}

static void slab_work(uint32_t cpu)
{
	(void)cpu;
	cpuslab_approx_add(&events, 1);
}

static void slab_finish(struct modes_outcome *outcome)
{
	uint64_t least, most, sum = cpuslab_approx_sum(&events);

	cpuslab_approx_bounds(&events, &least, &most);
	if (least <= sum && sum <= most)
		outcome->got = sum;
	cpuslab_approx_fini(&events);
}

static void slab_say(const struct modes_outcome *outcome, char *text)
{
	modes_say(text,
		  "bounded: %lu of %lu events, those before Complete as well; "
		  "within its bounds",
		  outcome->got, outcome->wanted);
}

static bool fails(const struct modes_outcome *outcome)
{
	return modes_segv(outcome) && outcome->cpu == 4;
}

static const struct modes_event script[] = {
	{ MODES_WORK, 100 }, { MODES_START, 4 },    { MODES_RUNS, 4 },
	{ MODES_WORK, 10 },  { MODES_COMPLETE, 4 }, { MODES_WORK, 100 },
	{ MODES_END, 0 },
};

const struct modes_scenario mode_late = {
	.name = "late",
	.source = "context, Start",
	.quote = "At this state, a device driver ... can allocate any "
		 "per-processor data structures",
	.script = script,
	.usual = { .load = usual_load,
		   .complete = usual_complete,
		   .work = usual_work,
		   .finish = usual_finish },
	.cpuslab = { .load = slab_load,
		     .work = slab_work,
		     .finish = slab_finish },
	.fails = fails,
	.right = modes_none_lost,
	.say_usual = usual_say,
	.say_cpuslab = slab_say,
};
