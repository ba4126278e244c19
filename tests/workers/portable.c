/* SPDX-License-Identifier: MIT */
/*
 * portable.c - what the actors send to every worker is handled once, on the
 * worker's CPU, not before that is complete. The worker of each CPU that was
 * added works. After its CPU was removed it handles nothing or, where a removal
 * does not wait for a handler, at most one message more.
 */
#include "portable/portable.h"

#define WORKERS_CAPACITY 64u
#define WORKERS_FIRST (~(uint64_t)0) /* a message that comes at once */
#define WORKERS_LAST (~(uint64_t)1)  /* one that comes just before the end */
#define WORKERS_WAKE (~(uint64_t)2)  /* one to a worker that sleeps */
#define WORKERS_MORE (~(uint64_t)3)  /* one that it leaves in its box */
#define WORKERS_SLOW (~(uint64_t)4)  /* one that a flush waits for */
#define WORKERS_MS ((uint64_t)1000000)
#define WORKERS_TURN (30000 * WORKERS_MS) /* until all have had theirs */
#define WORKERS_NAP_US 500u

static struct cpuslab_workers workers_all;
static struct cpuslab_client workers_before, workers_behind;
static bool workers_running;       /* CPUs really come and go; W start, stop */
static uint64_t *workers_sent;     /* [actor]; W actor */
static uint64_t *workers_complete; /* [CPU]: arrival; 0: offline; W domain */
static uint64_t *workers_worked;   /* [CPU]: in this arrival; W its worker */
static uint64_t *workers_late;    /* [CPU]: messages since; W also its worker */
static uint64_t workers_arrivals; /* W domain */
static uint64_t workers_extra, workers_handled, workers_lost; /* W any */
static uint32_t workers_busy;  /* W workers: one has the last message */
static uint32_t workers_woken; /* W workers */

static void workers_sleep(uint32_t us)
{
	if (structures.sleep)
		structures.sleep(us);
}

/* Bounded, because the handler may not run. */
static void workers_dawdle(uint64_t ns, const uint32_t *until)
{
	uint64_t begin = cpuslab_port_clock();

	while (cpuslab_port_clock() - begin < ns) {
		if (until && cpuslab_load_acquire_u32(until))
			return;
		workers_sleep(WORKERS_NAP_US);
	}
}

/* ---- a client of lower order than the workers ... ------------------------ */

static void workers_before_complete(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	cpuslab_store_release_u64(&workers_complete[cpu], ++workers_arrivals);
}

/* Parked by now, or asked to park. */
static void workers_before_remove(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	cpuslab_store_release_u64(&workers_late[cpu], 0);
	cpuslab_store_release_u64(&workers_complete[cpu], 0);
}

static const struct cpuslab_client_ops workers_before_ops = {
	.complete = workers_before_complete,
	.remove = workers_before_remove,
};

/* ---- ... and one of higher order ----------------------------------------- */

static int workers_send(uint32_t cpu, uint64_t word)
{
	const struct cpuslab_message message = {
		{ word, cpu, cpuslab_load_acquire_u64(&workers_complete[cpu]) }
	};
	int result = cpuslab_workers_send(&workers_all, cpu, &message);

	if (result == CPUSLAB_OK)
		cpuslab_fetch_add_u64(&workers_extra, 1);
	return result;
}

/* If its box is full, the worker has something to do without this message. */
static void workers_behind_complete(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	workers_send(cpu, WORKERS_FIRST);
}

static bool workers_has_worked(uint32_t cpu)
{
	return cpuslab_load_acquire_u64(&workers_worked[cpu]) ==
	       cpuslab_load_acquire_u64(&workers_complete[cpu]);
}

static void workers_await(uint32_t cpu)
{
	uint64_t begin = cpuslab_port_clock();

	while (!workers_has_worked(cpu)) {
		if (cpuslab_port_clock() - begin > WORKERS_TURN) {
			portable_wrong("the worker of a new CPU does not work");
			return;
		}
		workers_sleep(WORKERS_NAP_US);
	}
}

/* Called before the worker is parked: make it busy then. */
static void workers_behind_remove(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	if (!workers_running)
		return;
	workers_await(cpu);
	cpuslab_store_release_u32(&workers_busy, 0);
	if (workers_send(cpu, WORKERS_LAST) != CPUSLAB_OK)
		return;
	workers_dawdle(100 * WORKERS_MS, &workers_busy);
	workers_send(cpu, WORKERS_MORE);
}

static const struct cpuslab_client_ops workers_behind_ops = {
	.complete = workers_behind_complete,
	.remove = workers_behind_remove,
};

/* ---- a worker ------------------------------------------------------------ */

static bool workers_park_waits(void)
{
	return !structures.workers->wait;
}

/* Busy while the CPU is removed, which takes that long only if it waits. */
static void workers_last(uint32_t cpu, const struct cpuslab_message *message)
{
	uint64_t begin = cpuslab_port_clock();

	cpuslab_store_release_u32(&workers_busy, 1);
	if (workers_park_waits()) {
		workers_dawdle(5 * WORKERS_MS, NULL);
		if (!cpuslab_load_acquire_u64(&workers_complete[cpu]))
			portable_wrong("a worker is not parked");
		return;
	}
	while (cpu == message->word[1] &&
	       cpuslab_load_acquire_u64(&workers_complete[cpu]) ==
		       message->word[2]) {
		if (cpuslab_port_clock() - begin > WORKERS_TURN) {
			portable_wrong("a removal waits for a handler");
			return;
		}
		workers_sleep(WORKERS_NAP_US);
	}
}

/* A message is handled while the worker's CPU is offline. */
static void workers_after(uint32_t cpu)
{
	if (workers_park_waits() ||
	    cpuslab_fetch_add_u64(&workers_late[cpu], 1))
		portable_wrong("a worker is not parked");
}

/* Was the worker bound since its CPU was @complete? */
static bool workers_stays(uint32_t cpu, uint64_t complete)
{
	return !structures.strays && complete &&
	       cpuslab_load_acquire_u64(&workers_complete[cpu]) == complete;
}

/* No CPU is removed now, so the system has moved no worker away. */
static void workers_wakes(uint32_t cpu, uint32_t meant)
{
	if (cpu != meant || cpuslab_port_cpu() != cpu)
		portable_wrong("a worker is not where it should be");
	cpuslab_store_release_u32(&workers_woken, 1);
}

/* A flush that does not wait for a handler is noticed. */
static void workers_slow(uint32_t cpu)
{
	if (cpuslab_workers_flush(&workers_all, cpu, CPUSLAB_NO_TIMEOUT) !=
	    -CPUSLAB_EBUSY)
		portable_wrong("a handler waits for itself");
	workers_dawdle(2 * WORKERS_MS, NULL);
}

static void workers_handle(void *arg, uint32_t cpu,
			   const struct cpuslab_message *message)
{
	uint64_t complete = cpuslab_load_acquire_u64(&workers_complete[cpu]);

	(void)arg;
	workers_sleep(0);
	if (complete)
		cpuslab_store_release_u64(&workers_worked[cpu], complete);
	if (message->word[0] == WORKERS_WAKE)
		workers_wakes(cpu, (uint32_t)message->word[1]);
	if (message->word[0] == WORKERS_SLOW)
		workers_slow(cpu);
	if (message->word[0] == WORKERS_LAST)
		workers_last(cpu, message);
	else if (!complete)
		workers_after(cpu);
	if (cpuslab_port_cpu() != cpu && workers_stays(cpu, complete))
		portable_wrong("a worker is elsewhere");
	cpuslab_fetch_add_u64(&workers_handled, 1);
}

static void workers_unhandled(void *arg, const struct cpuslab_message *message)
{
	(void)arg;
	(void)message;
	cpuslab_fetch_add_u64(&workers_lost, 1);
}

/* To the worker of this CPU, or now and then to any. */
static void workers_step(const struct portable_actor *actor)
{
	struct cpuslab_message message = { { actor->id, actor->round } };
	uint32_t cpu = cpuslab_port_cpu();
	int result;

	if (actor->interrupt || actor->round % 4)
		return;
	if (actor->round % 32 == 0)
		cpu = (uint32_t)(actor->round / 32 % (structures.limit + 1));
	result = cpuslab_workers_send(&workers_all, cpu, &message);
	if (result == CPUSLAB_OK)
		workers_sent[actor->id]++;
	else if (result != CPUSLAB_FULL && result != -CPUSLAB_ENOENT)
		portable_wrong("workers took no message");
}

/* ---- life ---------------------------------------------------------------- */

static uint64_t workers_all_sent(void)
{
	uint64_t sent = cpuslab_load_acquire_u64(&workers_extra);
	uint32_t i;

	for (i = 0; i < structures.actors; i++)
		sent += workers_sent[i];
	return sent;
}

static const char *workers_check(bool used)
{
	if (workers_all_sent() != workers_handled + workers_lost)
		return "work was lost, or done twice";
	if (used && !workers_handled)
		return "no worker worked";
	return NULL;
}

static void workers_free(void)
{
	cpuslab_port_free(workers_late);
	cpuslab_port_free(workers_worked);
	cpuslab_port_free(workers_complete);
	cpuslab_port_free(workers_sent);
}

/* No actor sends or wakes any more: what is undelivered is handled as well. */
static void workers_finish(void)
{
	uint64_t begin = cpuslab_port_clock();

	while (cpuslab_load_acquire_u64(&workers_handled) !=
	       workers_all_sent()) {
		if (cpuslab_port_clock() - begin > WORKERS_TURN) {
			portable_wrong("work was left behind");
			return;
		}
		workers_sleep(WORKERS_NAP_US);
	}
}

/* On return of a flush all that was sent is done. */
static void workers_flush(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < structures.limit; cpu++)
		workers_send(cpu, WORKERS_SLOW);
	if (cpuslab_workers_flush(&workers_all, CPUSLAB_NO_CPU,
				  CPUSLAB_NO_TIMEOUT) ||
	    cpuslab_load_relaxed_u64(&workers_handled) != workers_all_sent())
		portable_wrong("a flush returned too early");
}

/* Nothing else wakes the worker now. */
static void workers_wake(uint32_t cpu)
{
	cpuslab_store_release_u32(&workers_woken, 0);
	if (workers_send(cpu, WORKERS_WAKE) != CPUSLAB_OK)
		return;
	workers_dawdle(WORKERS_TURN, &workers_woken);
	if (!cpuslab_load_acquire_u32(&workers_woken))
		portable_wrong("a message did not wake its worker");
}

static const char *workers_stop(bool used)
{
	const char *what;
	uint32_t cpu;

	if (used) {
		workers_finish();
		workers_flush();
		for (cpu = 0; cpu < structures.limit; cpu++)
			workers_wake(cpu);
	}
	workers_running = false;
	cpuslab_client_fini(&workers_behind);
	cpuslab_workers_fini(&workers_all);
	cpuslab_client_fini(&workers_before);
	what = workers_check(used);
	workers_free();
	return what;
}

static int workers_register(void)
{
	const struct cpuslab_workers_config config = {
		.ops = structures.workers,
		.handle = workers_handle,
		.unhandled = workers_unhandled,
		.capacity = WORKERS_CAPACITY,
	};
	int err = cpuslab_client_init(&workers_before, structures.domain);

	if (err)
		return err;
	err = cpuslab_workers_init(&workers_all, structures.domain, &config);
	if (err)
		goto fini_before;
	err = cpuslab_client_init(&workers_behind, structures.domain);
	if (err)
		goto fini_workers;
	workers_running = true;
	return CPUSLAB_OK;
fini_workers:
	cpuslab_workers_fini(&workers_all);
fini_before:
	cpuslab_client_fini(&workers_before);
	return err;
}

static int workers_start(void)
{
	int err = -CPUSLAB_ENOMEM;

	workers_running = false;
	workers_extra = workers_handled = workers_lost = 0;
	workers_before.ops = &workers_before_ops;
	workers_before.name = "before the workers";
	workers_before.order = CPUSLAB_CLIENT_ORDER_WORKERS - 1;
	workers_behind.ops = &workers_behind_ops;
	workers_behind.name = "behind the workers";
	workers_sent =
		portable_array(structures.actors, 1, sizeof(*workers_sent));
	workers_complete =
		portable_array(structures.limit, 1, sizeof(*workers_complete));
	workers_worked =
		portable_array(structures.limit, 1, sizeof(*workers_worked));
	workers_late =
		portable_array(structures.limit, 1, sizeof(*workers_late));
	if (workers_sent && workers_complete && workers_worked && workers_late)
		err = workers_register();
	if (err)
		workers_free();
	return err;
}

const struct portable_part portable_workers = {
	.start = workers_start,
	.step = workers_step,
	.stop = workers_stop,
};
