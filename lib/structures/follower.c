/* SPDX-License-Identifier: MIT */
#include <cpuslab/follower.h>

#include <cpuslab/port.h>

#include "../base/format.h"

/* What all steps have for a CPU. */
enum {
	FOLLOWER_NOTHING,
	FOLLOWER_PREPARED,
	FOLLOWER_COMMITTED,
};

/* Undo the steps below @end, the last first. */
static void follower_undo(struct cpuslab_follower *follower, uint32_t cpu,
			  uint32_t end)
{
	while (end--)
		if (follower->steps[end].undo)
			follower->steps[end].undo(follower->steps[end].arg,
						  cpu);
	follower->state[cpu] = FOLLOWER_NOTHING;
}

static int follower_start(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_follower *follower = client->arg;
	uint32_t i;
	int err;

	for (i = 0; i < follower->count; i++) {
		const struct cpuslab_follower_step *step = &follower->steps[i];

		err = step->prepare ? step->prepare(step->arg, cpu) : 0;
		if (err >= 0)
			continue;
		follower->refused = step->name;
		cpuslab__log_cpu(step->name, " refused CPU ", NULL, cpu);
		follower_undo(follower, cpu, i);
		return err;
	}
	follower->state[cpu] = FOLLOWER_PREPARED;
	return CPUSLAB_OK;
}

static void follower_complete(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_follower *follower = client->arg;
	uint32_t i;

	for (i = 0; i < follower->count; i++)
		if (follower->steps[i].commit)
			follower->steps[i].commit(follower->steps[i].arg, cpu);
	follower->state[cpu] = FOLLOWER_COMMITTED;
}

static void follower_failure(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_follower *follower = client->arg;

	follower_undo(follower, cpu, follower->count);
}

static void follower_remove(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_follower *follower = client->arg;
	uint32_t i = follower->count;

	while (i--)
		if (follower->steps[i].leave)
			follower->steps[i].leave(follower->steps[i].arg, cpu);
	follower->state[cpu] = FOLLOWER_NOTHING;
}

static const struct cpuslab_client_ops follower_ops = {
	.start = follower_start,
	.complete = follower_complete,
	.failure = follower_failure,
	.remove = follower_remove,
};

int cpuslab_follower_init(struct cpuslab_follower *follower,
			  struct cpuslab_domain *domain,
			  const struct cpuslab_follower_step *steps,
			  uint32_t count)
{
	uint32_t i;
	int err;

	if (!domain || !steps || !count)
		return -CPUSLAB_EINVAL;
	for (i = 0; i < count; i++)
		if (!steps[i].name)
			return -CPUSLAB_EINVAL;
	memset(follower, 0, sizeof(*follower));
	follower->steps = steps;
	follower->count = count;
	follower->limit = cpuslab_domain_limit(domain);
	follower->state = cpuslab_port_zalloc(follower->limit);
	if (!follower->state)
		return -CPUSLAB_ENOMEM;
	follower->client.ops = &follower_ops;
	follower->client.name = "cpuslab_follower";
	follower->client.arg = follower;
	err = cpuslab_client_init(&follower->client, domain);
	if (err)
		cpuslab_port_free(follower->state);
	return err;
}

void cpuslab_follower_fini(struct cpuslab_follower *follower)
{
	uint32_t cpu = follower->limit;

	cpuslab_client_fini(&follower->client);
	if (follower->client.domain)
		return; /* from inside a callback: it said so */
	while (cpu--) {
		if (follower->state[cpu] == FOLLOWER_COMMITTED)
			follower_remove(&follower->client, cpu);
		else if (follower->state[cpu] == FOLLOWER_PREPARED)
			follower_failure(&follower->client, cpu);
	}
	cpuslab_port_free(follower->state);
}

const char *cpuslab_follower_refused(const struct cpuslab_follower *follower)
{
	return follower->refused;
}
