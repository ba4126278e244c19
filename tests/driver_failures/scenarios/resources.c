/* SPDX-License-Identifier: MIT */
/*
 * resources.c - one worker for each CPU that is there at load.
 *
 * Each CPU submits a request, then each worker handles one: as long as
 * there are as many workers as CPUs, none waits.
 */
#include "../scenario.h"

enum {
	FIGURE_WORKERS,
	FIGURE_ACTIVE
};

/* ---- the usual way --------------------------------------------------- */

static struct {
	uint32_t count; /* of workers */
	unsigned long waiting[FAILURES_FIRST];
	unsigned long handled;
} usual;

static int usual_load(void)
{
	usual.count = failures_count();
	return usual.count > FAILURES_FIRST;
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

static void usual_finish(struct failures_outcome *outcome)
{
	outcome->got = usual.handled;
	outcome->figure[FIGURE_WORKERS] = usual.count;
	outcome->figure[FIGURE_ACTIVE] = failures_count();
}

static void usual_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
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
} slab_workers[FAILURES_LIMIT];
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

	return cpuslab_workers_init(&workers, failures_domain, &config);
}

static void slab_work(uint32_t cpu)
{
	const struct cpuslab_message message = { .word = { cpu } };

	cpuslab_workers_send(&workers, cpu, &message);
}

static void slab_round(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < FAILURES_LIMIT; cpu++)
		if (slab_workers[cpu].runs)
			cpuslab_workers_work(&workers, cpu);
}

static void slab_finish(struct failures_outcome *outcome)
{
	uint32_t cpu;

	for (cpu = 0; cpu < FAILURES_LIMIT; cpu++)
		outcome->figure[FIGURE_WORKERS] += slab_workers[cpu].exists;
	outcome->figure[FIGURE_ACTIVE] = failures_count();
	outcome->got = slab_handled;
	cpuslab_workers_fini(&workers);
}

static void slab_say(const struct failures_outcome *outcome, char *text)
{
	failures_say(text,
		     "workers: %lu for %lu CPUs, %lu of %lu requests "
		     "handled",
		     outcome->figure[FIGURE_WORKERS],
		     outcome->figure[FIGURE_ACTIVE], outcome->got,
		     outcome->wanted);
}

static bool fails(const struct failures_outcome *outcome)
{
	return outcome->sound && outcome->figure[FIGURE_WORKERS] == 4 &&
	       outcome->figure[FIGURE_ACTIVE] == 6 &&
	       outcome->got < outcome->wanted;
}

static bool right(const struct failures_outcome *outcome)
{
	return failures_none_lost(outcome) &&
	       outcome->figure[FIGURE_WORKERS] ==
		       outcome->figure[FIGURE_ACTIVE];
}

static const struct failures_event script[] = {
	{ FAILURES_WORK, 100 }, { FAILURES_ADD, 4 }, { FAILURES_ADD, 5 },
	{ FAILURES_WORK, 200 }, { FAILURES_END, 0 },
};

const struct scenario scenario_resources = {
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
