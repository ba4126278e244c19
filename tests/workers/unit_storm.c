/* SPDX-License-Identifier: MIT */
/*
 * Workers that sleep unless they are woken, while CPUs come and go: every
 * message is handled once, by a worker that does nothing else meanwhile, and
 * before a flush returns. After a lost wake a message stays unhandled.
 */
#include "fixture/fixture.h"

#define STORM_SENDERS 2u
#define STORM_EACH 24u
#define STORM_CPUS 3u
#define STORM_AT_FIRST 2u /* CPUs */
#define STORM_FLUSH 6u    /* messages between flushes */
#define STORM_CHANGES 12u
#define STORM_TASKS (STORM_SENDERS + STORM_CPUS + 1)
#define STORM_LOOKS 100u /* of a worker that nobody wakes, at the end */

/* W: callbacks, its task. Both take turns, so plain words are enough. */
static struct storm_worker {
	bool runs, woken, works, handles;
} storm_workers[STORM_CPUS];

static struct cpuslab_workers workers;
static struct fixture storm;
static uint32_t storm_left; /* tasks that are not workers' */
static uint8_t storm_handled[STORM_SENDERS * STORM_EACH];
static uint32_t storm_random;
static const char *storm_failed;
static bool storm_parks_at_once; /* as userspace does; else as a kernel */

static uint32_t storm_below(uint32_t below)
{
	storm_random = storm_random * 1103515245u + 12345u;
	return (storm_random >> 16) % below;
}

/* ---- threads, as a system has them --------------------------------------- */

static int storm_create(struct cpuslab_workers *of, uint32_t cpu, void **worker)
{
	(void)of;
	sim_order_write(worker, sizeof(*worker));
	*worker = &storm_workers[cpu];
	return CPUSLAB_OK;
}

/* The woken worker sees what was done before the wake. */
static void storm_wake(struct cpuslab_workers *of, uint32_t cpu, void *worker)
{
	(void)of;
	(void)cpu;
	cpuslab_port_preempt_point();
	sim_order_release(worker);
	((struct storm_worker *)worker)->woken = true;
}

static void storm_unpark(struct cpuslab_workers *of, uint32_t cpu, void *worker)
{
	((struct storm_worker *)worker)->runs = true;
	storm_wake(of, cpu, worker);
}

static void storm_wait(struct cpuslab_workers *of, uint32_t cpu, void *arg)
{
	struct storm_worker *worker = arg;

	(void)of;
	(void)cpu;
	while (worker->works)
		cpuslab_port_preempt_point();
	sim_order_acquire(worker);
}

static void storm_park(struct cpuslab_workers *of, uint32_t cpu, void *arg)
{
	((struct storm_worker *)arg)->runs = false;
	if (!storm_parks_at_once)
		storm_wait(of, cpu, arg);
}

static void storm_destroy(struct cpuslab_workers *of, uint32_t cpu,
			  void *worker)
{
	(void)of;
	(void)cpu;
	if (((struct storm_worker *)worker)->runs ||
	    ((struct storm_worker *)worker)->works)
		storm_failed = "destroyed while it runs";
}

static const struct cpuslab_workers_ops storm_ops = {
	.create = storm_create,
	.unpark = storm_unpark,
	.park = storm_park,
	.wait = storm_wait,
	.destroy = storm_destroy,
	.wake = storm_wake,
};

static void storm_handle(void *arg, uint32_t cpu,
			 const struct cpuslab_message *message)
{
	(void)arg;
	if (!storm_workers[cpu].works || storm_workers[cpu].handles)
		storm_failed = "handled by a worker that does not run, or "
			       "handles another";
	storm_workers[cpu].handles = true;
	while (storm_below(4))
		cpuslab_port_preempt_point();
	storm_workers[cpu].handles = false;
	if (message->word[0] >= STORM_SENDERS * STORM_EACH ||
	    message->word[1] != ~message->word[0])
		storm_failed = "a message that was not sent";
	else if (storm_handled[message->word[0]]++)
		storm_failed = "handled twice";
	else
		sim_order_write(&storm_handled[message->word[0]], 1);
}

static const struct cpuslab_workers_config storm_config = {
	.ops = &storm_ops,
	.handle = storm_handle,
	.capacity = 8,
};

/* ---- tasks --------------------------------------------------------------- */

/* A parked one stays woken for when it is unparked. */
static bool storm_awake(struct storm_worker *worker)
{
	if (!worker->runs || !worker->woken)
		return false;
	worker->works = true;
	worker->woken = false;
	sim_order_acquire(worker);
	return true;
}

static void storm_worker_task(void *arg)
{
	struct storm_worker *worker = arg;
	uint32_t cpu = (uint32_t)(worker - storm_workers), looks = 0;

	while (storm_left || looks++ < STORM_LOOKS) {
		cpuslab_port_preempt_point();
		if (!storm_awake(worker))
			continue;
		while (worker->runs &&
		       cpuslab_workers_work(&workers, cpu) == CPUSLAB_OK)
			looks = 0;
		if (!worker->runs)
			worker->woken = true;
		sim_order_release(worker);
		worker->works = false;
	}
}

/* All that this sender has sent is handled then. */
static void storm_flush(uint64_t from, uint64_t number)
{
	if (cpuslab_workers_flush(&workers, CPUSLAB_NO_CPU, CPUSLAB_NO_TIMEOUT))
		storm_failed = "a flush failed";
	sim_order_read(&storm_handled[from], number - from);
	while (from < number)
		if (!storm_handled[from++])
			storm_failed = "a flush returned too early";
}

static void storm_send(void *arg)
{
	uint64_t from = (uintptr_t)arg * STORM_EACH, number = from;
	uint64_t end = number + STORM_EACH;

	while (number < end) {
		const struct cpuslab_message message = { { number, ~number } };
		int result = cpuslab_workers_send(
			&workers, storm_below(STORM_CPUS), &message);

		if (result == CPUSLAB_OK && ++number % STORM_FLUSH == 0)
			storm_flush(from, number);
		else if (result != CPUSLAB_OK && result != CPUSLAB_FULL &&
			 result != -CPUSLAB_ENOENT)
			storm_failed = "a send failed";
		cpuslab_port_preempt_point();
	}
	storm_left--;
}

/* In the end a CPU is online. */
static void storm_change(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < STORM_CHANGES; i++) {
		cpuslab_domain_remove(storm.domain, storm_below(STORM_CPUS));
		cpuslab_port_preempt_point();
		cpuslab_domain_add_complete(storm.domain,
					    storm_below(STORM_CPUS));
		cpuslab_port_preempt_point();
	}
	storm_left--;
}

/* ---- one message, while its CPU is removed ------------------------------- */

static void storm_send_one(void *arg)
{
	static const struct cpuslab_message message = { { 0, ~(uint64_t)0 } };

	(void)arg;
	if (cpuslab_workers_send(&workers, 0, &message))
		storm_handled[0]++;
	storm_left--;
}

static void storm_remove(void *arg)
{
	(void)arg;
	cpuslab_domain_remove(storm.domain, 0);
	storm_left--;
}

static void storm_begin(uint64_t seed)
{
	const struct fixture_config config = { .available = STORM_AT_FIRST,
					       .seed = seed,
					       .no_slab = true };

	fixture_begin(&storm, &config);
	memset(storm_workers, 0, sizeof(storm_workers));
	memset(storm_handled, 0, sizeof(storm_handled));
	storm_random = (uint32_t)sim_seed();
	storm_failed = NULL;
	assert_int_equal(cpuslab_workers_init(&workers, storm.domain,
					      &storm_config),
			 CPUSLAB_OK);
}

static void storm_end(uint32_t sent)
{
	uint32_t i;

	for (i = 0; i < sent && !storm_failed; i++)
		if (!storm_handled[i])
			storm_failed = "a message that was not handled";
	if (storm_failed)
		fail_msg("%s, SIM_SEED=%llu", storm_failed,
			 (unsigned long long)sim_seed());
	cpuslab_workers_fini(&workers);
	fixture_end(&storm);
}

static void storm_once(uint64_t seed)
{
	struct sim_task tasks[STORM_TASKS];
	uint32_t i;

	storm_begin(seed);
	storm_left = STORM_SENDERS + 1;
	for (i = 0; i < STORM_TASKS; i++) {
		tasks[i].cpu = i % STORM_AT_FIRST;
		tasks[i].run = i < STORM_CPUS      ? storm_worker_task :
			       i < STORM_TASKS - 1 ? storm_send :
						     storm_change;
		tasks[i].arg = i < STORM_CPUS ?
				       (void *)&storm_workers[i] :
				       (void *)(uintptr_t)(i - STORM_CPUS);
	}
	sim_run(tasks, STORM_TASKS);
	storm_end(STORM_SENDERS * STORM_EACH);
}

static void storm_one_message(uint64_t seed)
{
	struct sim_task tasks[STORM_CPUS + 2];
	uint32_t i;

	storm_begin(seed);
	storm_left = 2;
	for (i = 0; i < STORM_CPUS + 2; i++) {
		tasks[i].cpu = i % STORM_AT_FIRST;
		tasks[i].run = i < STORM_CPUS  ? storm_worker_task :
			       i == STORM_CPUS ? storm_send_one :
						 storm_remove;
		tasks[i].arg = &storm_workers[i % STORM_CPUS];
	}
	sim_run(tasks, STORM_CPUS + 2);
	storm_end(1);
}

static void one_message_and_a_removal(void **state)
{
	uint64_t seed;

	(void)state;
	storm_parks_at_once = true;
	for (seed = 1; seed <= 1000; seed++)
		storm_one_message(seed);
}

static void a_storm(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 300; seed++) {
		storm_parks_at_once = seed % 2;
		storm_once(seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_storm),
		cmocka_unit_test(one_message_and_a_removal),
	};

	return cmocka_run_group_tests_name("workers, a storm", tests, NULL,
					   NULL);
}
