/* SPDX-License-Identifier: MIT */
/*
 * balance.c - requests go to CPU hash % count.
 *
 * The usual way here is one with care: it keeps its count up to date. It still
 * takes numbers for dense, and moves flows that had no reason to move.
 */
#include "../scenario.h"

enum {
	FIGURE_IDLE,
	FIGURE_MOVED,
	FIGURE_ACTIVE
};

#define FLOWS 1000u

static uint32_t served_by[FLOWS]; /* when it came last */
static bool served[FAILURES_LIMIT];
static unsigned long requests, arrived, moved;

/*
 * Flow @flow goes to @cpu. It moves for no reason if its CPU, which is still
 * there, gives it to one that was there before, too.
 */
static void balance_serve(uint32_t flow, uint32_t cpu)
{
	requests++;
	if (failures_runs(cpu)) {
		arrived++;
		served[cpu] = true;
	}
	if (served_by[flow] != CPUSLAB_NO_CPU && served_by[flow] != cpu &&
	    cpu < FAILURES_FIRST)
		moved++;
	served_by[flow] = cpu;
}

static void balance_work(uint32_t cpu)
{
	(void)cpu;
}

static void balance_load(void)
{
	uint32_t flow;

	for (flow = 0; flow < FLOWS; flow++)
		served_by[flow] = CPUSLAB_NO_CPU;
}

static void balance_finish(struct failures_outcome *outcome)
{
	uint32_t cpu;

	outcome->wanted = requests;
	outcome->got = arrived;
	outcome->figure[FIGURE_MOVED] = moved;
	outcome->figure[FIGURE_ACTIVE] = failures_count();
	for (cpu = 0; cpu < FAILURES_LIMIT; cpu++)
		outcome->figure[FIGURE_IDLE] += failures_runs(cpu) &&
						!served[cpu];
}

/* ---- the usual way --------------------------------------------------- */

static uint32_t usual_count;

static int usual_load(void)
{
	balance_load();
	usual_count = failures_count();
	return 0;
}

static void usual_complete(uint32_t cpu)
{
	(void)cpu;
	usual_count = failures_count();
}

static void usual_round(void)
{
	uint32_t flow;

	for (flow = 0; flow < FLOWS; flow++)
		balance_serve(flow, (uint32_t)(cpuslab_steering_hash(flow) %
					       usual_count));
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "%lu of %lu requests go to CPUs that are not there, "
		     "%lu flows move between old ones, %lu new ones idle",
		     outcome->wanted - outcome->got, outcome->wanted,
		     outcome->figure[FIGURE_MOVED],
		     outcome->figure[FIGURE_IDLE]);
}

/* ---- cpuslab --------------------------------------------------------- */

static struct cpuslab_steering steering;

static int slab_load(void)
{
	static const struct cpuslab_steering_config config = {
		.buckets = 256,
		.targets = FAILURES_LIMIT,
	};
	int err = cpuslab_steering_init(&steering, &config);

	balance_load();
	return err ? err : cpuslab_steering_attach(&steering, failures_domain);
}

static void slab_round(void)
{
	uint32_t flow;

	cpuslab_read_enter();
	for (flow = 0; flow < FLOWS; flow++)
		balance_serve(flow, cpuslab_steering_lookup(
					    &steering,
					    cpuslab_steering_hash(flow), NULL));
	cpuslab_read_exit();
}

static void slab_finish(struct failures_outcome *outcome)
{
	balance_finish(outcome);
	cpuslab_steering_detach(&steering);
	cpuslab_steering_fini(&steering);
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "steering: %lu of %lu requests arrive, %lu flows move "
		     "between old ones, %lu new ones idle",
		     outcome->got, outcome->wanted,
		     outcome->figure[FIGURE_MOVED],
		     outcome->figure[FIGURE_IDLE]);
}

static bool fails(const struct failures_outcome *outcome)
{
	return outcome->sound && outcome->figure[FIGURE_IDLE] == 2 &&
	       outcome->figure[FIGURE_MOVED] > FLOWS / 4 &&
	       outcome->got < outcome->wanted;
}

static bool right(const struct failures_outcome *outcome)
{
	return failures_none_lost(outcome) && !outcome->figure[FIGURE_IDLE] &&
	       !outcome->figure[FIGURE_MOVED];
}

static const struct failures_event script[] = {
	{ FAILURES_WORK, 1 }, { FAILURES_ADD, 6 },  { FAILURES_WORK, 1 },
	{ FAILURES_ADD, 9 },  { FAILURES_WORK, 1 }, { FAILURES_END, 0 },
};

const struct scenario scenario_balance = {
	.name = "balance",
	.source = "condition 8",
	.quote = "uses a load balancing algorithm to distribute the processing "
		 "of I/O requests across multiple processors",
	.script = script,
	.figures = { "idle", "moved", "active" },
	.usual = { .load = usual_load,
		   .complete = usual_complete,
		   .work = balance_work,
		   .round = usual_round,
		   .finish = balance_finish },
	.cpuslab = { .load = slab_load,
		     .work = balance_work,
		     .round = slab_round,
		     .finish = slab_finish },
	.fails = fails,
	.right = right,
	.say_usual = usual_say,
	.say_cpuslab = slab_say,
};
