/* SPDX-License-Identifier: MIT */
/*
 * workers.c - when a worker runs, and who takes what it leaves.
 *
 * The mailbox registers first: so a box opens before its worker runs. It is
 * shut here, before the worker is parked: what is in it then is all that there
 * will be.
 */
#include <cpuslab/workers.h>

#include "mailbox_internal.h"

enum {
	WORKERS_NONE,
	WORKERS_NEW, /* created, has never run */
	WORKERS_RUNS,
	WORKERS_PARKED,
};

struct cpuslab__worker {
	void *worker;   /* the callbacks' */
	uint32_t state; /* WORKERS_*; R any */
};

static void workers_wake(struct cpuslab_workers *workers, uint32_t cpu)
{
	workers->config.ops->wake(workers, cpu, workers->workers[cpu].worker);
}

/* Let somebody who runs look for what others left behind. */
static void workers_wake_any(struct cpuslab_workers *workers)
{
	uint32_t cpu;

	for (cpu = 0; cpu < workers->limit; cpu++) {
		/* [workers.runs] pairs with workers_complete(). */
		if (cpuslab_load_acquire_u32(&workers->workers[cpu].state) !=
		    WORKERS_RUNS)
			continue;
		workers_wake(workers, cpu);
		return;
	}
}

static void workers_adopt(struct cpuslab_workers *workers)
{
	cpuslab_exchange_u32(&workers->orphans, 1);
	/*
	 * [workers.runs] Pairs with workers_complete() and workers_remove():
	 * we find him who begins to run, or he finds the orphans; whom we wake
	 * though he is being parked wakes another. Without the fences, neither.
	 */
	cpuslab_fence();
	workers_wake_any(workers);
}

int cpuslab_workers_send(struct cpuslab_workers *workers, uint32_t cpu,
			 const struct cpuslab_message *message)
{
	int result = cpuslab_mailbox_send(&workers->mailbox, cpu, message);

	if (result)
		return result;
	cpuslab_port_preempt_point();
	/*
	 * [workers.late] The message is there before we look whether its box
	 * is; pairs with workers_receive_orphan(). Without the fences he may
	 * find a message that is not there yet, and we an open box.
	 */
	cpuslab_fence();
	/* It was open, so there is a worker; has it been shut since? */
	if (cpuslab_likely(cpuslab_mailbox_is_open(&workers->mailbox, cpu)))
		workers_wake(workers, cpu);
	else
		workers_adopt(workers);
	return CPUSLAB_OK;
}

/* The oldest message of some CPU that is gone. */
static int workers_receive_orphan(struct cpuslab_workers *workers,
				  struct cpuslab_message *message)
{
	uint32_t cpu = 0;

	if (cpuslab_likely(!cpuslab_load_relaxed_u32(&workers->orphans)))
		return CPUSLAB_EMPTY;
	cpuslab_exchange_u32(&workers->orphans, 0);
	/* [workers.late] Whose message is not there yet sees the box shut. */
	cpuslab_fence();
	for (;; cpu++) {
		cpu = cpuslab_mailbox_next_orphan(&workers->mailbox, cpu);
		if (cpu == CPUSLAB_NO_CPU)
			return CPUSLAB_EMPTY;
		/* Who is just putting one in wakes somebody when it is there. */
		if (cpuslab_mailbox_receive(&workers->mailbox, cpu, message))
			continue;
		cpuslab_exchange_u32(&workers->orphans, 1);
		return CPUSLAB_OK;
	}
}

int cpuslab_workers_work(struct cpuslab_workers *workers, uint32_t cpu)
{
	struct cpuslab_message message;

	/* Orphans first: who has his own without end would never look. */
	if (workers_receive_orphan(workers, &message) &&
	    cpuslab_mailbox_receive(&workers->mailbox, cpu, &message))
		return CPUSLAB_EMPTY;
	workers->config.handle(workers->config.arg, cpu, &message);
	return CPUSLAB_OK;
}

/* ---- CPUs, under the domain's mutex -------------------------------- */

static int workers_start(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_workers *workers = client->arg;
	struct cpuslab__worker *worker = &workers->workers[cpu];
	int err;

	if (worker->state != WORKERS_NONE)
		return CPUSLAB_OK;
	err = workers->config.ops->create(workers, cpu, &worker->worker);
	if (err < 0)
		return err;
	worker->state = WORKERS_NEW;
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

	if (workers->workers[cpu].state == WORKERS_NEW)
		workers_destroy(workers, cpu);
}

static void workers_complete(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_workers *workers = client->arg;

	/* [workers.runs] What create made is there. */
	cpuslab_store_release_u32(&workers->workers[cpu].state, WORKERS_RUNS);
	/* [workers.runs] */
	cpuslab_fence();
	workers->config.ops->unpark(workers, cpu, workers->workers[cpu].worker);
}

static void workers_remove(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_workers *workers = client->arg;

	cpuslab__mailbox_shut(&workers->mailbox, cpu);
	cpuslab_store_release_u32(&workers->workers[cpu].state, WORKERS_PARKED);
	workers->config.ops->park(workers, cpu, workers->workers[cpu].worker);
	/* Its own, and what it was woken for and had not begun. */
	workers_adopt(workers);
}

static void workers_resynced(struct cpuslab_client *client)
{
	struct cpuslab_workers *workers = client->arg;
	uint32_t cpu;

	if (!workers->config.ops->resynced)
		return;
	for (cpu = 0; cpu < workers->limit; cpu++)
		if (workers->workers[cpu].state == WORKERS_RUNS)
			workers->config.ops->resynced(
				workers, cpu, workers->workers[cpu].worker);
}

static const struct cpuslab_client_ops workers_client_ops = {
	.start = workers_start,
	.complete = workers_complete,
	.failure = workers_failure,
	.remove = workers_remove,
	.resynced = workers_resynced,
};

/* ---- life ---------------------------------------------------------------- */

static bool workers_config_valid(const struct cpuslab_workers_config *config)
{
	const struct cpuslab_workers_ops *ops = config->ops;

	return ops && ops->create && ops->unpark && ops->park && ops->destroy &&
	       ops->wake && config->handle;
}

int cpuslab_workers_init(struct cpuslab_workers *workers,
			 struct cpuslab_domain *domain,
			 const struct cpuslab_workers_config *config)
{
	int err;

	if (!domain || !config || !workers_config_valid(config))
		return -CPUSLAB_EINVAL;
	memset(workers, 0, sizeof(*workers));
	workers->config = *config;
	workers->limit = cpuslab_domain_limit(domain);
	workers->workers =
		cpuslab_port_zalloc(workers->limit * sizeof(*workers->workers));
	if (!workers->workers)
		return -CPUSLAB_ENOMEM;
	err = cpuslab_mailbox_init(&workers->mailbox, domain, config->capacity);
	if (err)
		goto free_workers;
	workers->client.ops = &workers_client_ops;
	workers->client.name = "cpuslab_workers";
	workers->client.arg = workers;
	err = cpuslab_client_init(&workers->client, domain);
	if (err)
		goto fini_mailbox;
	return CPUSLAB_OK;
fini_mailbox:
	cpuslab_mailbox_fini(&workers->mailbox);
free_workers:
	cpuslab_port_free(workers->workers);
	return err;
}

static void workers_hand_back(struct cpuslab_workers *workers, uint32_t cpu)
{
	struct cpuslab_message message;

	while (!cpuslab_mailbox_receive(&workers->mailbox, cpu, &message))
		if (workers->config.left)
			workers->config.left(workers->config.arg, &message);
}

void cpuslab_workers_fini(struct cpuslab_workers *workers)
{
	const struct cpuslab_workers_ops *ops = workers->config.ops;
	uint32_t cpu;

	cpuslab_client_fini(&workers->client);
	if (workers->client.domain)
		return; /* from inside a callback: it said so */
	for (cpu = workers->limit; cpu--;)
		if (workers->workers[cpu].state == WORKERS_RUNS)
			ops->park(workers, cpu, workers->workers[cpu].worker);
	for (cpu = workers->limit; cpu--;) {
		if (workers->workers[cpu].state != WORKERS_NONE)
			workers_destroy(workers, cpu);
		workers_hand_back(workers, cpu);
	}
	cpuslab_mailbox_fini(&workers->mailbox);
	cpuslab_port_free(workers->workers);
}
