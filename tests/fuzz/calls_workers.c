/* SPDX-License-Identifier: MIT */
/*
 * calls_workers.c - workers that work when a step lets them, and only while
 * they are awake: a message whose wake is lost is never handled.
 */
#include "calls.h"

#define WORKERS_CAPACITY 4u
#define WORKERS_NUMBERS 256u

static struct cpuslab_workers workers;
static struct worker {
	bool exists, runs, awake, works;
} workers_of[CALLS_LIMIT];
static bool workers_sent[WORKERS_NUMBERS]; /* and not handled */
static uint32_t workers_next, workers_pending;
static bool workers_refuse;

/* ---- what the set calls -------------------------------------------------- */

static int worker_create(struct cpuslab_workers *of, uint32_t cpu, void **made)
{
	(void)of;
	fuzz_expect(!workers_of[cpu].exists);
	if (workers_refuse)
		return -CPUSLAB_EAGAIN;
	workers_of[cpu].exists = true;
	*made = &workers_of[cpu];
	return CPUSLAB_OK;
}

static void worker_unpark(struct cpuslab_workers *of, uint32_t cpu, void *arg)
{
	struct worker *worker = arg;

	(void)of;
	fuzz_expect(worker == &workers_of[cpu] && worker->exists);
	fuzz_expect(!worker->runs);
	worker->runs = worker->awake = true;
}

static void worker_park(struct cpuslab_workers *of, uint32_t cpu, void *arg)
{
	struct worker *worker = arg;

	(void)of;
	(void)cpu;
	fuzz_expect(worker->runs);
	worker->runs = false;
}

static void worker_destroy(struct cpuslab_workers *of, uint32_t cpu, void *arg)
{
	struct worker *worker = arg;

	(void)of;
	(void)cpu;
	fuzz_expect(worker->exists && !worker->runs);
	worker->exists = false;
}

static void worker_wake(struct cpuslab_workers *of, uint32_t cpu, void *arg)
{
	struct worker *worker = arg;

	(void)of;
	fuzz_expect(worker == &workers_of[cpu] && worker->exists);
	worker->awake = true;
}

static const struct cpuslab_workers_ops worker_ops = {
	.create = worker_create,
	.unpark = worker_unpark,
	.park = worker_park,
	.destroy = worker_destroy,
	.wake = worker_wake,
};

static void workers_handled(const struct cpuslab_message *message)
{
	fuzz_expect(workers_sent[message->word[0]]);
	workers_sent[message->word[0]] = false;
	workers_pending--;
}

static void workers_handle(void *arg, uint32_t cpu,
			   const struct cpuslab_message *message)
{
	(void)arg;
	fuzz_expect(workers_of[cpu].runs);
	workers_handled(message);
}

static void workers_unhandled(void *arg, const struct cpuslab_message *message)
{
	(void)arg;
	workers_handled(message);
}

/* ---- the part ------------------------------------------------------------ */

static int workers_init(struct cpuslab_slab *slab, struct fuzz_input *in)
{
	const struct cpuslab_workers_config config = {
		.ops = &worker_ops,
		.handle = workers_handle,
		.unhandled = workers_unhandled,
		.capacity = WORKERS_CAPACITY,
	};

	(void)in;
	memset(workers_sent, 0, sizeof(workers_sent));
	workers_pending = 0;
	workers_refuse = false;
	return cpuslab_workers_init(&workers, cpuslab_slab_domain(slab),
				    &config);
}

static void workers_fini(void)
{
	uint32_t cpu;

	cpuslab_workers_fini(&workers);
	fuzz_expect(!workers_pending);
	for (cpu = 0; cpu < CALLS_LIMIT; cpu++)
		fuzz_expect(!workers_of[cpu].exists);
}

static void workers_send(uint32_t cpu)
{
	uint32_t number = workers_next++ % WORKERS_NUMBERS;
	const struct cpuslab_message message = { { number, 0, 0 } };
	int result;

	if (workers_sent[number])
		return;
	workers_sent[number] = true;
	workers_pending++;
	result = cpuslab_workers_send(&workers, cpu, &message);
	if (calls_is_online(cpu))
		fuzz_expect(result == CPUSLAB_OK || result == CPUSLAB_FULL);
	else
		fuzz_expect(result == -CPUSLAB_ENOENT);
	if (!result)
		return;
	workers_sent[number] = false;
	workers_pending--;
}

/* One message; not while another step is in the same worker. */
static void workers_work(uint32_t cpu)
{
	struct worker *worker = &workers_of[cpu];

	if (!worker->runs || !worker->awake || worker->works)
		return;
	worker->works = true;
	worker->awake = false;
	if (!cpuslab_workers_work(&workers, cpu))
		worker->awake = true;
	worker->works = false;
}

static void workers_step(struct fuzz_input *in)
{
	uint32_t cpu = fuzz_below(in, CALLS_LIMIT + 1);

	if (fuzz_byte(in) % 4 || cpu == CALLS_LIMIT)
		workers_send(cpu);
	else
		workers_work(cpu);
}

static uint32_t workers_next_awake(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < CALLS_LIMIT; cpu++)
		if (workers_of[cpu].runs && workers_of[cpu].awake)
			return cpu;
	return CPUSLAB_NO_CPU;
}

static bool workers_any_runs(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < CALLS_LIMIT; cpu++)
		if (workers_of[cpu].runs)
			return true;
	return false;
}

/* Let them work until all sleep: then nothing is left, if there is a worker. */
static void workers_settle(void)
{
	uint32_t cpu;

	while ((cpu = workers_next_awake()) != CPUSLAB_NO_CPU)
		workers_work(cpu);
	fuzz_expect(!workers_pending || !workers_any_runs());
}

static void workers_slow(struct fuzz_input *in)
{
	if (fuzz_byte(in) % 2)
		workers_refuse = !workers_refuse;
	else
		workers_settle();
}

static void workers_check(void)
{
	uint32_t cpu;
	int result;

	workers_settle();
	for (cpu = 0; cpu < CALLS_LIMIT; cpu++)
		fuzz_expect(workers_of[cpu].runs == calls_is_online(cpu));
	result = cpuslab_workers_flush(&workers, CPUSLAB_NO_CPU, 0);
	fuzz_expect(result == (workers_pending ? CPUSLAB_PARTIAL : CPUSLAB_OK));
}

const struct calls_part calls_workers = { workers_init, workers_fini,
					  workers_step, workers_slow,
					  workers_check };
