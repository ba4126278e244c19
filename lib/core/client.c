/* SPDX-License-Identifier: MIT */
/*
 * client.c - the list of clients, and showing them what happens.
 *
 * Forward for what begins, backward for what ends, so that a client may rely
 * on those that registered before it.
 */
#include "domain_internal.h"

#include "../base/format.h"

static int client_start(struct cpuslab_client *client, uint32_t cpu)
{
	int err;

	if (!client->ops->start)
		return CPUSLAB_OK;
	err = client->ops->start(client, cpu);
	if (err >= 0)
		return CPUSLAB_OK;
	cpuslab__log_cpu(client->name, " refused CPU ", NULL, cpu);
	return err;
}

static void client_admit(struct cpuslab_client *client, uint32_t cpu)
{
	if (client->ops->admit)
		client->ops->admit(client, cpu);
}

static void client_complete(struct cpuslab_client *client, uint32_t cpu)
{
	if (client->ops->complete)
		client->ops->complete(client, cpu);
}

static void client_failure(struct cpuslab_client *client, uint32_t cpu)
{
	if (client->ops->failure)
		client->ops->failure(client, cpu);
}

/* Undo start from @client back to the first. */
static void client_undo_from(struct cpuslab_client *client, uint32_t cpu)
{
	for (; client; client = client->prev)
		client_failure(client, cpu);
}

int cpuslab__clients_start(struct cpuslab_domain *domain, uint32_t cpu)
{
	struct cpuslab_client *client;

	for (client = domain->first; client; client = client->next) {
		int err = client_start(client, cpu);

		if (err) {
			client_undo_from(client->prev, cpu);
			return err;
		}
	}
	return CPUSLAB_OK;
}

void cpuslab__clients_admit(struct cpuslab_domain *domain, uint32_t cpu)
{
	struct cpuslab_client *client;

	if (!cpuslab__domain_admits_early(domain))
		return;
	for (client = domain->first; client; client = client->next)
		client_admit(client, cpu);
}

void cpuslab__clients_complete(struct cpuslab_domain *domain, uint32_t cpu)
{
	struct cpuslab_client *client;

	for (client = domain->first; client; client = client->next)
		client_complete(client, cpu);
}

void cpuslab__clients_failure(struct cpuslab_domain *domain, uint32_t cpu)
{
	client_undo_from(domain->last, cpu);
}

void cpuslab__clients_remove(struct cpuslab_domain *domain, uint32_t cpu)
{
	struct cpuslab_client *client;

	for (client = domain->last; client; client = client->prev)
		if (client->ops->remove)
			client->ops->remove(client, cpu);
}

static void client_link(struct cpuslab_client *client,
			struct cpuslab_domain *domain)
{
	client->domain = domain;
	client->next = NULL;
	client->prev = domain->last;
	if (domain->last)
		domain->last->next = client;
	else
		domain->first = client;
	domain->last = client;
}

static void client_unlink(struct cpuslab_client *client)
{
	struct cpuslab_domain *domain = client->domain;

	if (client->prev)
		client->prev->next = client->next;
	else
		domain->first = client->next;
	if (client->next)
		client->next->prev = client->prev;
	else
		domain->last = client->prev;
	client->domain = NULL;
}

/* Start for every CPU there is, or none. */
static int client_start_all(struct cpuslab_client *client,
			    const struct cpuslab_domain *domain)
{
	uint32_t cpu;
	int err = CPUSLAB_OK;

	for (cpu = 0; cpu < domain->limit && !err; cpu++)
		if (domain->state[cpu] != DOMAIN_ABSENT)
			err = client_start(client, cpu);
	if (!err)
		return CPUSLAB_OK;
	/* The last one refused: undo those before it. */
	for (cpu--; cpu-- > 0;)
		if (domain->state[cpu] != DOMAIN_ABSENT)
			client_failure(client, cpu);
	return err;
}

/* What it would have been told, had it been there from the beginning. */
static void client_catch_up(struct cpuslab_client *client,
			    const struct cpuslab_domain *domain)
{
	bool early = cpuslab__domain_admits_early(domain);
	uint32_t cpu;

	for (cpu = 0; early && cpu < domain->limit; cpu++)
		if (domain->state[cpu] != DOMAIN_ABSENT)
			client_admit(client, cpu);
	cpuslab__cpubits_for_each(cpu, &domain->set->bits)
		client_complete(client, cpu);
}

int cpuslab__client_register(struct cpuslab_client *client,
			     struct cpuslab_domain *domain)
{
	int err = cpuslab__domain_lock(domain);

	if (err)
		return err;
	err = domain->closed ? -CPUSLAB_ESHUTDOWN :
			       client_start_all(client, domain);
	if (!err) {
		client_link(client, domain);
		client_catch_up(client, domain);
	}
	cpuslab__domain_unlock(domain);
	return err;
}

int cpuslab_client_init(struct cpuslab_client *client,
			struct cpuslab_domain *domain)
{
	int err;

	if (!client || !domain || !client->ops || !client->name)
		return -CPUSLAB_EINVAL;
	client->domain = NULL;
	err = cpuslab__client_register(client, domain);
	if (err)
		cpuslab__log("client ", client->name,
			     ": not registered: ", cpuslab_strerror(err));
	return err;
}

void cpuslab_client_fini(struct cpuslab_client *client)
{
	struct cpuslab_domain *domain = client ? client->domain : NULL;
	int err;

	if (!domain)
		return;
	err = cpuslab__domain_lock(domain);
	cpuslab_assert(!err);
	if (err) {
		cpuslab__log("client ", client->name,
			     ": not removed: ", cpuslab_strerror(err));
		return;
	}
	client_unlink(client);
	cpuslab__domain_unlock(domain);
}
