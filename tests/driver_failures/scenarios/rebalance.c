/* SPDX-License-Identifier: MIT */
/*
 * rebalance.c - interrupt vectors that are connected once, at load.
 */
#include "../scenario.h"

enum {
	FIGURE_IDLE,
	FIGURE_MOST,
	FIGURE_LEAST,
	FIGURE_ACTIVE
};

#define VECTORS 16u

static uint32_t connected[VECTORS]; /* the CPU of each vector */
static unsigned long handled[FAILURES_LIMIT];

/* Each vector fires once. */
static void rebalance_fire(void)
{
	uint32_t vector;

	for (vector = 0; vector < VECTORS; vector++)
		handled[connected[vector]]++;
}

static void rebalance_work(uint32_t cpu)
{
	(void)cpu;
}

/* How the vectors lie in the end. */
static void rebalance_finish(struct failures_outcome *outcome)
{
	unsigned long here, most = 0, least = VECTORS;
	uint32_t cpu, vector;

	for (cpu = 0; cpu < FAILURES_LIMIT; cpu++) {
		if (!failures_runs(cpu))
			continue;
		outcome->figure[FIGURE_IDLE] += !handled[cpu];
		outcome->figure[FIGURE_ACTIVE]++;
		for (here = vector = 0; vector < VECTORS; vector++)
			here += connected[vector] == cpu;
		most = here > most ? here : most;
		least = here < least ? here : least;
	}
	outcome->figure[FIGURE_MOST] = most;
	outcome->figure[FIGURE_LEAST] = least;
}

/* ---- the usual way --------------------------------------------------- */

static int usual_load(void)
{
	uint64_t mask = failures_affinity();
	uint32_t vector;

	for (vector = 0; vector < VECTORS; vector++)
		connected[vector] =
			failures_nth(mask, vector % failures_count());
	return 0;
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "%lu of %lu CPUs never had an interrupt; 16 vectors "
		     "lie %lu to %lu on each",
		     outcome->figure[FIGURE_IDLE],
		     outcome->figure[FIGURE_ACTIVE],
		     outcome->figure[FIGURE_LEAST],
		     outcome->figure[FIGURE_MOST]);
}

/* ---- cpuslab --------------------------------------------------------- */

static struct cpuslab_steering steering;
static bool has_queue[FAILURES_LIMIT];

static int queue_start(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	has_queue[cpu] = true;
	return CPUSLAB_OK;
}

static void queue_undo(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	has_queue[cpu] = false;
}

/* Connect each vector to the CPU that the table names, if it has a queue. */
static void interrupt_complete(struct cpuslab_client *client, uint32_t cpu)
{
	uint32_t vector, target;

	(void)client;
	(void)cpu;
	cpuslab_read_enter();
	for (vector = 0; vector < VECTORS; vector++) {
		target = cpuslab_steering_lookup(&steering, vector, NULL);
		if (target < FAILURES_LIMIT && has_queue[target])
			connected[vector] = target;
	}
	cpuslab_read_exit();
}

static const struct cpuslab_client_ops queue_ops = {
	.start = queue_start,
	.failure = queue_undo,
	.remove = queue_undo,
};

static const struct cpuslab_client_ops interrupt_ops = {
	.complete = interrupt_complete,
};

static struct cpuslab_client queues = {
	.ops = &queue_ops,
	.name = "queues",
	.order = 0,
};

static struct cpuslab_client interrupts = {
	.ops = &interrupt_ops,
	.name = "interrupts",
	.order = 1, /* after the queues */
};

static int slab_load(void)
{
	static const struct cpuslab_steering_config config = {
		.buckets = VECTORS,
		.targets = FAILURES_LIMIT,
	};
	int err = cpuslab_steering_init(&steering, &config);

	if (!err)
		err = cpuslab_steering_attach(&steering, failures_domain);
	if (!err)
		err = cpuslab_client_init(&queues, failures_domain);
	if (!err)
		err = cpuslab_client_init(&interrupts, failures_domain);
	return err;
}

static void slab_finish(struct failures_outcome *outcome)
{
	rebalance_finish(outcome);
	cpuslab_client_fini(&interrupts);
	cpuslab_client_fini(&queues);
	cpuslab_steering_fini(&steering);
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(
		text,
		"clients, steering: all %lu CPUs had interrupts; 16 "
		"vectors lie %lu to %lu on each",
		outcome->figure[FIGURE_ACTIVE] - outcome->figure[FIGURE_IDLE],
		outcome->figure[FIGURE_LEAST], outcome->figure[FIGURE_MOST]);
}

static bool fails(const struct failures_outcome *outcome)
{
	return outcome->sound && outcome->figure[FIGURE_IDLE] == 3 &&
	       outcome->figure[FIGURE_MOST] == 4 &&
	       outcome->figure[FIGURE_LEAST] == 0;
}

static bool right(const struct failures_outcome *outcome)
{
	return !outcome->figure[FIGURE_IDLE] &&
	       outcome->figure[FIGURE_MOST] - outcome->figure[FIGURE_LEAST] <=
		       1;
}

static const struct failures_event script[] = {
	{ FAILURES_WORK, 10 }, { FAILURES_ADD, 4 },   { FAILURES_WORK, 10 },
	{ FAILURES_ADD, 5 },   { FAILURES_WORK, 10 }, { FAILURES_ADD, 8 },
	{ FAILURES_WORK, 10 }, { FAILURES_END, 0 },
};

const struct scenario scenario_rebalance = {
	.name = "rebalance",
	.source = "condition 7",
	.quote = "does not support resource rebalancing",
	.script = script,
	.figures = { "idle", "most", "least", "active" },
	.usual = { .load = usual_load,
		   .work = rebalance_work,
		   .round = rebalance_fire,
		   .finish = rebalance_finish },
	.cpuslab = { .load = slab_load,
		     .work = rebalance_work,
		     .round = rebalance_fire,
		     .finish = slab_finish },
	.fails = fails,
	.right = right,
	.say_usual = usual_say,
	.say_cpuslab = slab_say,
};
