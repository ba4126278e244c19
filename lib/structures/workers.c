/* SPDX-License-Identifier: MIT */
/*
 * workers.c - when a worker runs, and which one handles undelivered messages.
 *
 * The mailbox is a client of lower order, so a box opens before its worker
 * runs. It is closed here, before the worker is parked: the messages that are
 * in it then are the last ones.
 *
 * A removal does not wait for the worker, which may be in its handler for
 * seconds. So a worker that has to park may still receive one message. That is
 * harmless: each message is received once, by any worker, and a worker that
 * takes an undelivered message wakes another one for those behind it.
 */
#include <cpuslab/workers.h>

#include "mailbox_internal.h"
#include "workers_internal.h"
#include "../core/client_internal.h"

enum {
	WORKERS_NONE,
	WORKERS_NEW, /* created, but has never run */
	WORKERS_RUNS,
	WORKERS_PARKED,
};

/* Not in a child of the process that made them. */
static bool workers_exist(const struct cpuslab_workers *workers)
{
	return workers->process == cpuslab_port_process_epoch();
}

void *cpuslab__workers_any(const struct cpuslab_workers *workers)
{
	uint32_t cpu;

	for (cpu = 0; cpu < workers->limit; cpu++)
		if (workers->workers[cpu].state != WORKERS_NONE)
			return workers->workers[cpu].worker;
	return NULL;
}

static void workers_wake(struct cpuslab_workers *workers, uint32_t cpu)
{
	workers->config.ops->wake(workers, cpu, workers->workers[cpu].worker);
}

static void workers_wake_idle(struct cpuslab_workers *workers)
{
	uint32_t cpu;

	for (cpu = 0; cpu < workers->limit; cpu++) {
		const struct cpuslab__worker *worker = &workers->workers[cpu];

		/*
		 * [workers.runs] Pairs with workers_complete(). Without it we
		 * could wake a worker without what create made.
		 */
		if (cpuslab_load_acquire_u32(&worker->state) != WORKERS_RUNS ||
		    !cpuslab_load_relaxed_u32(&worker->idle))
			continue;
		workers_wake(workers, cpu);
		return;
	}
}

/* Have an idle worker look for undelivered messages; the others will look. */
static void workers_redistribute(struct cpuslab_workers *workers)
{
	cpuslab_exchange_u32(&workers->undelivered, 1);
	/*
	 * [workers.idle] Pairs with the fences where a worker becomes idle or
	 * busy, and with that in workers_complete(): either we see that the
	 * worker is idle, or it sees the flag. Without both, an idle worker
	 * sleeps while messages wait. One that is woken while it is parked may
	 * not look; then workers_remove() wakes another.
	 */
	cpuslab_fence();
	workers_wake_idle(workers);
}

int cpuslab_workers_send(struct cpuslab_workers *workers, uint32_t cpu,
			 const struct cpuslab_message *message)
{
	bool awaited = false;
	int result;

	if (cpuslab_unlikely(!workers_exist(workers)))
		return -CPUSLAB_ENOENT;
	result = cpuslab__mailbox_send(&workers->mailbox, cpu, message,
				       &awaited);
	if (cpuslab_likely(!awaited))
		return result;
	cpuslab_port_preempt_point();
	/*
	 * The box was open, so there is a worker. One that looked at it after
	 * it was closed awaits the message, and we see that it is closed.
	 */
	if (cpuslab_mailbox_is_open(&workers->mailbox, cpu))
		workers_wake(workers, cpu);
	else
		workers_redistribute(workers);
	return CPUSLAB_OK;
}

/*
 * [workers.box] Pairs with workers_flush_turn(). Set before a message is taken,
 * and then not until the next turn. A flush that sees another box sees what the
 * handlers of earlier turns wrote.
 */
static bool workers_take_from(struct cpuslab_workers *workers,
			      struct cpuslab__worker *worker, uint32_t box,
			      bool awaits, struct cpuslab_message *message)
{
	cpuslab_store_release_u32(&worker->box, box);
	return cpuslab__mailbox_take(&workers->mailbox, box, awaits, message);
}

/* Take the oldest message of some closed box. */
static bool workers_take_undelivered(struct cpuslab_workers *workers,
				     struct cpuslab__worker *worker,
				     struct cpuslab_message *message)
{
	uint32_t cpu = 0;

	if (cpuslab_likely(!cpuslab_load_relaxed_u32(&workers->undelivered)))
		return false;
	cpuslab_exchange_u32(&workers->undelivered, 0);
	for (;; cpu++) {
		cpu = cpuslab_mailbox_next_undelivered(&workers->mailbox, cpu);
		if (cpu == CPUSLAB_NO_CPU)
			return false;
		/* The sender of a partial message wakes a worker when done. */
		if (!workers_take_from(workers, worker, cpu, true, message))
			continue;
		cpuslab_exchange_u32(&workers->undelivered, 1);
		return true;
	}
}

/*
 * Undelivered messages first: a worker whose own box never empties would
 * otherwise never look at the closed ones. With @awaits it may sleep after
 * false.
 */
static bool workers_take(struct cpuslab_workers *workers, uint32_t cpu,
			 bool awaits, struct cpuslab_message *message)
{
	struct cpuslab__worker *worker = &workers->workers[cpu];

	return workers_take_undelivered(workers, worker, message) ||
	       workers_take_from(workers, worker, cpu, awaits, message);
}

bool cpuslab__workers_has_message(const struct cpuslab_workers *workers,
				  uint32_t cpu)
{
	return cpuslab_load_relaxed_u32(&workers->undelivered) ||
	       cpuslab__mailbox_has_message(&workers->mailbox, cpu);
}

static void workers_set_idle(struct cpuslab__worker *worker, uint32_t idle)
{
	if (cpuslab_load_relaxed_u32(&worker->idle) == idle)
		return;
	cpuslab_store_relaxed_u32(&worker->idle, idle);
	/* [workers.idle] pairs with workers_redistribute(). */
	cpuslab_fence();
}

/*
 * [workers.turn] Pairs with workers_flush_turn(). A flush that finds a message
 * taken sees that the turn had begun before, because taking is a release; and
 * when it sees that the turn has ended, it sees what the handler wrote.
 */
static void workers_turn(struct cpuslab__worker *worker)
{
	cpuslab_store_release_u32(&worker->turn, worker->turn + 1);
}

/* The worker may sleep after CPUSLAB_EMPTY. */
static int workers_work(struct cpuslab_workers *workers, uint32_t cpu,
			struct cpuslab__worker *worker)
{
	struct cpuslab_message message;

	if (!workers_take(workers, cpu, false, &message)) {
		workers_set_idle(worker, 1);
		if (!workers_take(workers, cpu, true, &message))
			return CPUSLAB_EMPTY;
	}
	workers_set_idle(worker, 0);
	/* The handler may take long: leave the others to an idle worker. */
	if (cpuslab_unlikely(cpuslab_load_relaxed_u32(&workers->undelivered)))
		workers_redistribute(workers);
	workers->config.handle(workers->config.arg, cpu, &message);
	return CPUSLAB_OK;
}

int cpuslab_workers_work(struct cpuslab_workers *workers, uint32_t cpu)
{
	struct cpuslab__worker *worker;
	int result;

	/* init failed, or a handler has forked and returned in the child */
	if (cpuslab_unlikely(cpu >= workers->limit || !workers_exist(workers)))
		return CPUSLAB_EMPTY;
	worker = &workers->workers[cpu];
	if (cpuslab_unlikely(worker->turn % 2))
		return -CPUSLAB_EBUSY; /* its handler has called */
	cpuslab_store_relaxed_ptr(&worker->thread, cpuslab_port_thread_id());
	workers_turn(worker);
	result = workers_work(workers, cpu, worker);
	workers_turn(worker);
	return result;
}

/* ---- client callbacks ---------------------------------------------------- */

static int workers_start(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_workers *workers = client->arg;
	struct cpuslab__worker *worker = &workers->workers[cpu];
	int err;

	if (worker->state != WORKERS_NONE || !workers_exist(workers))
		return CPUSLAB_OK;
	err = workers->config.ops->create(workers, cpu, &worker->worker);
	if (err < 0)
		return err;
	cpuslab_store_relaxed_u32(&worker->state, WORKERS_NEW);
	return CPUSLAB_OK;
}

static void workers_destroy(struct cpuslab_workers *workers, uint32_t cpu)
{
	workers->config.ops->destroy(workers, cpu,
				     workers->workers[cpu].worker);
	cpuslab_store_release_u32(&workers->workers[cpu].state, WORKERS_NONE);
}

static void workers_failure(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_workers *workers = client->arg;

	if (workers->workers[cpu].state == WORKERS_NEW &&
	    workers_exist(workers))
		workers_destroy(workers, cpu);
}

static void workers_complete(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_workers *workers = client->arg;

	if (!workers_exist(workers))
		return;
	/* [workers.runs] Pairs with workers_wake_idle(); after create. */
	cpuslab_store_release_u32(&workers->workers[cpu].state, WORKERS_RUNS);
	/* [workers.idle] Pairs with the fence in workers_redistribute(). */
	cpuslab_fence();
	workers->config.ops->unpark(workers, cpu, workers->workers[cpu].worker);
}

static void workers_remove(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_workers *workers = client->arg;

	if (!workers_exist(workers))
		return;
	cpuslab__mailbox_close(&workers->mailbox, cpu);
	cpuslab_store_release_u32(&workers->workers[cpu].state, WORKERS_PARKED);
	workers->config.ops->park(workers, cpu, workers->workers[cpu].worker);
	/* Its own messages, and those it was woken for and may not take. */
	workers_redistribute(workers);
}

static void workers_repair(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_workers *workers = client->arg;

	if (workers->config.ops->repair && workers_exist(workers))
		workers->config.ops->repair(workers, cpu,
					    workers->workers[cpu].worker);
}

static const struct cpuslab_client_ops workers_client_ops = {
	.start = workers_start,
	.complete = workers_complete,
	.failure = workers_failure,
	.remove = workers_remove,
	.repair = workers_repair,
};

/* ---- life ---------------------------------------------------------------- */

static int workers_configure(struct cpuslab_workers *workers,
			     const struct cpuslab_workers_config *config)
{
	const struct cpuslab_workers_ops *ops;
	int err;

	memset(workers, 0, sizeof(*workers));
	if (!config)
		return -CPUSLAB_EINVAL;
	err = CPUSLAB__CONFIG_LOAD(&workers->config, cpuslab_workers_config,
				   capacity, config);
	ops = workers->config.ops;
	if (!err && ops && ops->create && ops->unpark && ops->park &&
	    ops->destroy && ops->wake && workers->config.handle)
		return CPUSLAB_OK;
	memset(workers, 0, sizeof(*workers));
	return -CPUSLAB_EINVAL;
}
int cpuslab_workers_init(struct cpuslab_workers *workers,
			 struct cpuslab_domain *domain,
			 const struct cpuslab_workers_config *config)
{
	int err = workers_configure(workers, config);

	if (err)
		return err;
	err = -CPUSLAB_EINVAL;
	if (!domain)
		goto free_workers;
	workers->limit = cpuslab_domain_limit(domain);
	workers->process = cpuslab_port_process_epoch();
	workers->workers =
		cpuslab_port_zalloc(workers->limit * sizeof(*workers->workers));
	err = workers->workers ?
		      cpuslab_mailbox_init(&workers->mailbox, domain,
					   workers->config.capacity) :
		      -CPUSLAB_ENOMEM;
	if (err)
		goto free_workers;
	workers->client.ops = &workers_client_ops;
	workers->client.name = "cpuslab_workers";
	workers->client.arg = workers;
	workers->client.order = CPUSLAB_CLIENT_ORDER_WORKERS;
	err = cpuslab_client_init(&workers->client, domain);
	if (err)
		goto fini_mailbox;
	return CPUSLAB_OK;
fini_mailbox:
	cpuslab_mailbox_fini(&workers->mailbox);
free_workers:
	cpuslab_port_free(workers->workers);
	memset(workers, 0, sizeof(*workers));
	return err;
}

static void workers_empty_box(struct cpuslab_workers *workers, uint32_t cpu)
{
	struct cpuslab_message message;

	while (!cpuslab_mailbox_receive(&workers->mailbox, cpu, &message))
		if (workers->config.unhandled)
			workers->config.unhandled(workers->config.arg,
						  &message);
}

/* After this no handler sends, or wakes a worker. */
static void workers_park_all(struct cpuslab_workers *workers)
{
	const struct cpuslab_workers_ops *ops = workers->config.ops;
	uint32_t cpu;

	for (cpu = workers->limit; cpu--;)
		if (workers->workers[cpu].state == WORKERS_RUNS)
			ops->park(workers, cpu, workers->workers[cpu].worker);
	if (!ops->wait)
		return;
	/* A worker that was parked before may still be in its handler. */
	for (cpu = workers->limit; cpu--;)
		if (workers->workers[cpu].state != WORKERS_NONE)
			ops->wait(workers, cpu, workers->workers[cpu].worker);
}

static void workers_destroy_all(struct cpuslab_workers *workers)
{
	uint32_t cpu;

	for (cpu = workers->limit; cpu--;) {
		if (workers->workers[cpu].state != WORKERS_NONE)
			workers_destroy(workers, cpu);
		workers_empty_box(workers, cpu);
	}
}

void cpuslab_workers_fini(struct cpuslab_workers *workers)
{
	if (!workers->workers)
		return; /* init failed */
	if (cpuslab__client_unregister(&workers->client))
		return; /* called in a callback; already logged */
	if (workers_exist(workers)) {
		workers_park_all(workers);
		workers_destroy_all(workers);
	}
	cpuslab_mailbox_fini(&workers->mailbox);
	cpuslab_port_free(workers->workers);
}
