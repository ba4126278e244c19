/* SPDX-License-Identifier: MIT */
/*
 * rebalance.c - interrupt vectors that are connected once, at load.
 */
#include "../scenario.h"

#define VECTORS STEERING_BUCKETS

static uint32_t connected[VECTORS]; /* the CPU of each vector */
static unsigned long handled[SCENARIO_LIMIT];
static unsigned long idle, serving, least = VECTORS, most, spread;

/* Each vector fires once. */
static void rebalance_fire(void)
{
	uint32_t vector;

	for (vector = 0; vector < VECTORS; vector++)
		handled[connected[vector]]++;
}

static void rebalance_measure(void)
{
	unsigned long here;
	uint32_t cpu, vector;

	for (cpu = 0; cpu < SCENARIO_LIMIT; cpu++) {
		if (!system_runs(cpu))
			continue;
		for (here = vector = 0; vector < VECTORS; vector++)
			here += connected[vector] == cpu;
		idle += !handled[cpu];
		serving += handled[cpu] > 0;
		least = here < least ? here : least;
		most = here > most ? here : most;
	}
	spread = most - least;
}

/* ---- the usual way --------------------------------------------------- */

static int usual_load(void)
{
	uint32_t vector;

	for (vector = 0; vector < VECTORS; vector++)
		connected[vector] = scenario_nth(system_affinity(),
						 vector % system_count());
	return CPUSLAB_OK;
}

/* ---- cpuslab --------------------------------------------------------- */

static bool slab_has_queue[SCENARIO_LIMIT];

static int queue_start(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	slab_has_queue[cpu] = true;
	return CPUSLAB_OK;
}

static void queue_undo(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	slab_has_queue[cpu] = false;
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
		if (target < SCENARIO_LIMIT && slab_has_queue[target])
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

static struct cpuslab_client slab_queues = {
	.ops = &queue_ops,
	.name = "queues",
};

static struct cpuslab_client slab_interrupts = {
	.ops = &interrupt_ops,
	.name = "interrupts",
	.order = 1, /* after the queues */
};

static int slab_load(void)
{
	int err = steering_driver.load();

	if (!err)
		err = cpuslab_client_init(&slab_queues, driver_domain);
	if (!err)
		err = cpuslab_client_init(&slab_interrupts, driver_domain);
	return err;
}

static void slab_unload(void)
{
	cpuslab_client_fini(&slab_interrupts);
	cpuslab_client_fini(&slab_queues);
	steering_driver.unload();
}

const struct scenario scenario_rebalance = {
	.name = "rebalance",
	.source = "condition 7",
	.quote = "does not support resource rebalancing",
	.script = { WORK(10), ADD(4), WORK(10), ADD(5), WORK(10), ADD(8),
		    WORK(10) },
	.figures = { FIGURE(idle), FIGURE(serving), FIGURE(least), FIGURE(most),
		     FIGURE(spread) },
	.usual = { .load = usual_load,
		   .work = driver_idle,
		   .round = rebalance_fire,
		   .measure = rebalance_measure },
	.cpuslab = { .load = slab_load,
		     .work = driver_idle,
		     .round = rebalance_fire,
		     .measure = rebalance_measure,
		     .unload = slab_unload },
	.usual_fails = "idle = 3, most = 4, least = 0",
	.cpuslab_right = "idle = 0, spread < 2",
	.usual_text = "{idle} of {active} CPUs never had an interrupt; each "
		      "has {least} to {most} of 16 vectors",
	.cpuslab_text = "clients, steering: {serving} of {active} CPUs had "
			"interrupts; each has {least} to {most} of 16 vectors",
};
