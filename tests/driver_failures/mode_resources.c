/* SPDX-License-Identifier: MIT */
/*
 * mode_resources.c - one worker for each CPU that is there at load.
 *
 * Each CPU submits a request, then each worker handles one: as long as
 * there are as many workers as CPUs, none waits.
 */
#include "modes.h"

enum {
	FIGURE_WORKERS,
	FIGURE_ACTIVE
};

/* ---- the usual way --------------------------------------------------- */

static struct {
	uint32_t count; /* of workers */
	unsigned long waiting[MODES_FIRST];
	unsigned long handled;
} usual;

static int usual_load(void)
{
	usual.count = modes_count();
	return usual.count > MODES_FIRST;
}

static void usual_work(uint32_t cpu)
{
	usual.waiting[cpu % usual.count]++;
}

static void usual_round(void)
{
	uint32_t i;

	for (i = 0; i < usual.count; i++)
		if (usual.waiting[i]) {
			usual.waiting[i]--;
			usual.handled++;
		}
}

static void usual_finish(struct modes_outcome *outcome)
{
	outcome->got = usual.handled;
	outcome->figure[FIGURE_WORKERS] = usual.count;
	outcome->figure[FIGURE_ACTIVE] = modes_count();
}

static void usual_say(const struct modes_outcome *outcome, char *text)
{
	modes_say(text,
		  "%lu workers for %lu CPUs: %lu of %lu requests "
		  "handled, the others wait",
		  outcome->figure[FIGURE_WORKERS],
		  outcome->figure[FIGURE_ACTIVE], outcome->got,
		  outcome->wanted);
}

/* ---- cpuslab --------------------------------------------------------- */

static struct cpuslab_workers workers;
static struct slab_worker {
	bool exists, runs;
} slab_workers[MODES_LIMIT];
static unsigned long slab_handled;

static int worker_create(struct cpuslab_workers *of, uint32_t cpu,
			 void **worker)
{
	(void)of;
	slab_workers[cpu].exists = true;
	*worker = &slab_workers[cpu];
	return CPUSLAB_OK;
}

static void worker_unpark(struct cpuslab_workers *of, uint32_t cpu,
			  void *worker)
{
	(void)of;
	(void)cpu;
	((struct slab_worker *)worker)->runs = true;
}

static void worker_park(struct cpuslab_workers *of, uint32_t cpu, void *worker)
{
	(void)of;
	(void)cpu;
	((struct slab_worker *)worker)->runs = false;
}

static void worker_destroy(struct cpuslab_workers *of, uint32_t cpu,
			   void *worker)
{
	(void)of;
	(void)cpu;
	((struct slab_worker *)worker)->exists = false;
}

static void worker_wake(struct cpuslab_workers *of, uint32_t cpu, void *worker)
{
	/* Each has its turn in slab_round(). */
	(void)of;
	(void)cpu;
	(void)worker;
}

static void worker_handle(void *arg, uint32_t cpu,
			  const struct cpuslab_message *message)
{
	(void)arg;
	/* By the worker of the CPU that sent it. */
	slab_handled += message->word[0] == cpu;
}

static const struct cpuslab_workers_ops worker_ops = {
	.create = worker_create,
	.unpark = worker_unpark,
	.park = worker_park,
	.destroy = worker_destroy,
	.wake = worker_wake,
};

static int slab_load(void)
{
	static const struct cpuslab_workers_config config = {
		.ops = &worker_ops,
		.handle = worker_handle,
		.capacity = 4,
	};

	return cpuslab_workers_init(&workers, modes_domain, &config);
}

static void slab_work(uint32_t cpu)
{
	const struct cpuslab_message message = { .word = { cpu } };

	cpuslab_workers_send(&workers, cpu, &message);
}

static void slab_round(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < MODES_LIMIT; cpu++)
		if (slab_workers[cpu].runs)
			cpuslab_workers_work(&workers, cpu);
}

static void slab_finish(struct modes_outcome *outcome)
{
	uint32_t cpu;

	for (cpu = 0; cpu < MODES_LIMIT; cpu++)
		outcome->figure[FIGURE_WORKERS] += slab_workers[cpu].exists;
	outcome->figure[FIGURE_ACTIVE] = modes_count();
	outcome->got = slab_handled;
	cpuslab_workers_fini(&workers);
}

static void slab_say(const struct modes_outcome *outcome, char *text)
{
	modes_say(text,
		  "workers: %lu for %lu CPUs, %lu of %lu requests "
		  "handled",
		  outcome->figure[FIGURE_WORKERS],
		  outcome->figure[FIGURE_ACTIVE], outcome->got,
		  outcome->wanted);
}

static bool fails(const struct modes_outcome *outcome)
{
	return outcome->sound && outcome->figure[FIGURE_WORKERS] == 4 &&
	       outcome->figure[FIGURE_ACTIVE] == 6 &&
	       outcome->got < outcome->wanted;
}

static bool right(const struct modes_outcome *outcome)
{
	return modes_none_lost(outcome) &&
	       outcome->figure[FIGURE_WORKERS] ==
		       outcome->figure[FIGURE_ACTIVE];
}

static const struct modes_event script[] = {
	{ MODES_WORK, 100 }, { MODES_ADD, 4 }, { MODES_ADD, 5 },
	{ MODES_WORK, 200 }, { MODES_END, 0 },
};

const struct modes_scenario mode_resources = {
	.name = "resources",
	.source = "condition 1",
	.quote = "uses the number of active processors ... to determine the "
		 "amount of resources that it uses",
	.script = script,
	.figures = { "workers", "active" },
	.usual = { .load = usual_load,
		   .work = usual_work,
		   .round = usual_round,
		   .finish = usual_finish },
	.cpuslab = { .load = slab_load,
		     .work = slab_work,
		     .round = slab_round,
		     .finish = slab_finish },
	.fails = fails,
	.right = right,
	.say_usual = usual_say,
	.say_cpuslab = slab_say,
};
