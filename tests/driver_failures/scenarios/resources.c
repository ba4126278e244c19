/* SPDX-License-Identifier: MIT */
/*
 * resources.c - one worker for each CPU that runs at load.
 *
 * Each CPU submits a request, then each worker handles one: no request waits
 * while there are as many workers as CPUs.
 */
#include "../scenario.h"

static unsigned long workers, known;

/* ---- the usual way --------------------------------------------------- */

static unsigned long usual_waiting[SCENARIO_FIRST];

static void usual_work(uint32_t cpu)
{
	usual_waiting[cpu % array_count]++;
}

static void usual_round(void)
{
	for (workers = 0; workers < array_count; workers++)
		if (usual_waiting[workers]) {
			usual_waiting[workers]--;
			known++;
		}
}

/* ---- cpuslab --------------------------------------------------------- */

static struct cpuslab_workers slab_workers;
static bool slab_working[SCENARIO_LIMIT];

static int slab_create(struct cpuslab_workers *of, uint32_t cpu, void **worker)
{
	(void)of;
	*worker = &slab_working[cpu];
	workers++;
	return CPUSLAB_OK;
}

static void slab_unpark(struct cpuslab_workers *of, uint32_t cpu, void *worker)
{
	(void)of;
	(void)cpu;
	*(bool *)worker = true;
}

static void slab_park(struct cpuslab_workers *of, uint32_t cpu, void *worker)
{
	(void)of;
	(void)cpu;
	*(bool *)worker = false;
}

static void slab_destroy(struct cpuslab_workers *of, uint32_t cpu, void *worker)
{
	(void)of;
	(void)cpu;
	(void)worker;
	workers--;
}

/* Each has its turn in slab_round(). */
static void slab_wake(struct cpuslab_workers *of, uint32_t cpu, void *worker)
{
	(void)of;
	(void)cpu;
	(void)worker;
}

/* By the worker of the CPU that sent it. */
static void slab_handle(void *arg, uint32_t cpu,
			const struct cpuslab_message *message)
{
	(void)arg;
	known += message->word[0] == cpu;
}

static int slab_load(void)
{
	static const struct cpuslab_workers_ops ops = {
		.create = slab_create,
		.unpark = slab_unpark,
		.park = slab_park,
		.destroy = slab_destroy,
		.wake = slab_wake,
	};
	static const struct cpuslab_workers_config config = {
		.ops = &ops,
		.handle = slab_handle,
		.capacity = 4,
	};

	return cpuslab_workers_init(&slab_workers, driver_domain, &config);
}

static void slab_work(uint32_t cpu)
{
	const struct cpuslab_message message = { .word = { cpu } };

	if (cpuslab_workers_send(&slab_workers, cpu, &message))
		return; /* offline: it has no work */
}

static void slab_round(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < SCENARIO_LIMIT; cpu++)
		if (slab_working[cpu])
			cpuslab_workers_work(&slab_workers, cpu);
}

static void slab_unload(void)
{
	cpuslab_workers_fini(&slab_workers);
}

const struct scenario scenario_resources = {
	.name = "resources",
	.source = "condition 1",
	.quote = "uses the number of active processors ... to determine the "
		 "amount of resources that it uses",
	.script = { WORK(100), ADD(4), ADD(5), WORK(200) },
	.figures = { FIGURE(workers) },
	.usual = { .work = usual_work, .round = usual_round, .known = &known },
	.cpuslab = { .load = slab_load,
		     .work = slab_work,
		     .round = slab_round,
		     .known = &known,
		     .unload = slab_unload },
	.usual_fails = "workers = 4, active = 6, lost > 0",
	.cpuslab_right = "workers = active, lost = 0",
	.usual_text = "{workers} workers for {active} CPUs: {known} of {begun} "
		      "requests handled, the others wait",
	.cpuslab_text = "workers: {workers} for {active} CPUs, {known} of "
			"{begun} requests handled",
};
