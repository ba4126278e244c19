/* SPDX-License-Identifier: MIT */
/*
 * client.c - the list of a domain's clients, sorted by their order, and the
 * calls that go along it: forward to prepare, backward to undo.
 */
#include "client_internal.h"
#include "domain_internal.h"
#include "slab_internal.h"

#include "../base/format.h"

#define REFUSED_HASHES 32u
#define REFUSED_LINES 7u /* for each CPU */

/* ---- one client, one CPU ------------------------------------------------- */

/*
 * Has it not been logged that @client refuses @cpu with @err? A hotplug may
 * offer the CPU again and again. A byte for each CPU has the number of lines
 * since the CPU was added last, and a hash of the last line.
 */
static bool client_is_news(const struct cpuslab_client *client,
			   struct cpuslab_domain *domain, uint32_t cpu, int err)
{
	uint32_t hash = (uint32_t)((uintptr_t)client / 16 - (uint32_t)err);
	uint32_t was = domain->refused[cpu];

	hash = hash % (REFUSED_HASHES - 1) + 1;
	if (was % REFUSED_HASHES == hash ||
	    was / REFUSED_HASHES == REFUSED_LINES)
		return false;
	domain->refused[cpu] = (uint8_t)(was / REFUSED_HASHES * REFUSED_HASHES +
					 REFUSED_HASHES + hash);
	return true;
}

static void client_record_refusal(const struct cpuslab_client *client,
				  struct cpuslab_domain *domain, uint32_t cpu,
				  int err)
{
	struct cpuslab_refusal *refusal = &domain->refusal;
	struct cpuslab__text name = { refusal->client, sizeof(refusal->client),
				      0 };

	refusal->client[0] = '\0';
	cpuslab__text_string(&name, client->name);
	refusal->cpu = cpu;
	refusal->error = err;
	cpuslab_fetch_add_u64(&domain->refusals, 1);
	if (client_is_news(client, domain, cpu, err))
		cpuslab__log_cpu(client->name, " refused CPU ", NULL, cpu);
}

static int client_start(struct cpuslab_client *client,
			struct cpuslab_domain *domain, uint32_t cpu)
{
	int err;

	if (!client->ops->start)
		return CPUSLAB_OK;
	err = client->ops->start(client, cpu);
	if (err >= 0)
		return CPUSLAB_OK;
	client_record_refusal(client, domain, cpu, err);
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

static void client_repair(struct cpuslab_client *client, uint32_t cpu)
{
	if (client->ops->repair)
		client->ops->repair(client, cpu);
}

static void client_failure(struct cpuslab_client *client, uint32_t cpu)
{
	if (client->ops->failure)
		client->ops->failure(client, cpu);
}

static void client_remove(struct cpuslab_client *client, uint32_t cpu)
{
	if (client->ops->remove)
		client->ops->remove(client, cpu);
}

/* ---- all clients, one CPU ------------------------------------------------ */

/* Undo start for @client and those before it; NULL: for none. */
static void client_failure_back(struct cpuslab_client *client, uint32_t cpu)
{
	for (; client; client = client->prev)
		client_failure(client, cpu);
}

int cpuslab__clients_start(struct cpuslab_domain *domain, uint32_t cpu)
{
	struct cpuslab_client *client;

	for (client = domain->first; client; client = client->next) {
		int err = client_start(client, domain, cpu);

		if (err) {
			client_failure_back(client->prev, cpu);
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

void cpuslab__clients_repair(struct cpuslab_domain *domain, uint32_t cpu)
{
	struct cpuslab_client *client;

	for (client = domain->first; client; client = client->next)
		client_repair(client, cpu);
}

void cpuslab__clients_failure(struct cpuslab_domain *domain, uint32_t cpu)
{
	client_failure_back(domain->last, cpu);
}

void cpuslab__clients_remove(struct cpuslab_domain *domain, uint32_t cpu)
{
	struct cpuslab_client *client;

	for (client = domain->last; client; client = client->prev)
		client_remove(client, cpu);
}

/* ---- one client, all CPUs ------------------------------------------------ */

/* Call start for each CPU of the domain; undo that if one is refused. */
static int client_start_all(struct cpuslab_client *client,
			    struct cpuslab_domain *domain)
{
	uint32_t cpu;
	int err = CPUSLAB_OK;

	for (cpu = 0; cpu < domain->limit && !err; cpu++)
		if (domain->state[cpu] != DOMAIN_ABSENT)
			err = client_start(client, domain, cpu);
	if (!err)
		return CPUSLAB_OK;
	/* The last one was refused: undo those before it. */
	for (cpu--; cpu-- > 0;)
		if (domain->state[cpu] != DOMAIN_ABSENT)
			client_failure(client, cpu);
	return err;
}

/* Call what a client that registered first would have been called for. */
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

/* Undo what start, admit and complete did, the last CPU first. */
static void client_undo_all(struct cpuslab_client *client)
{
	const struct cpuslab_domain *domain = client->domain;
	uint32_t cpu;

	for (cpu = domain->limit; cpu-- > 0;) {
		if (domain->state[cpu] == DOMAIN_ONLINE)
			client_remove(client, cpu);
		else if (domain->state[cpu] == DOMAIN_PREPARING)
			client_failure(client, cpu);
	}
}

/* ---- register and unregister --------------------------------------------- */

/*
 * A callback of a type runs with its slab's mutex held, perhaps while another
 * thread holds the domain's mutex and waits for the slab's. The slab stays in
 * the list meanwhile.
 */
bool cpuslab__clients_hold(struct cpuslab_domain *domain)
{
	const struct cpuslab_client *client;

	if (cpuslab_port_mutex_enter(&domain->list_mutex))
		return false;
	for (client = domain->first; client; client = client->next)
		if (cpuslab__slab_is_held(client))
			break;
	cpuslab_port_mutex_unlock(&domain->list_mutex);
	return client;
}

bool cpuslab__clients_log_once(struct cpuslab_domain *domain,
			       const struct cpuslab_client *client, int err)
{
	bool may;

	if (cpuslab_port_mutex_enter(&domain->list_mutex))
		return false;
	may = cpuslab__log_once(&domain->failed, client, err);
	cpuslab_port_mutex_unlock(&domain->list_mutex);
	return may;
}

/*
 * Behind all clients of the same order or a lower one. With the domain's mutex,
 * so list_mutex may even be lost: only a thread that walked the list held it.
 */
static void client_link(struct cpuslab_client *client,
			struct cpuslab_domain *domain)
{
	struct cpuslab_client *prev = domain->last;

	cpuslab_port_mutex_lock(&domain->list_mutex);
	while (prev && prev->order > client->order)
		prev = prev->prev;
	client->domain = domain;
	client->prev = prev;
	client->next = prev ? prev->next : domain->first;
	if (prev)
		prev->next = client;
	else
		domain->first = client;
	if (client->next)
		client->next->prev = client;
	else
		domain->last = client;
	cpuslab_fetch_add_u32(&domain->clients, 1);
	cpuslab_port_mutex_unlock(&domain->list_mutex);
}

static void client_unlink(struct cpuslab_client *client)
{
	struct cpuslab_domain *domain = client->domain;

	cpuslab_port_mutex_lock(&domain->list_mutex);
	if (client->prev)
		client->prev->next = client->next;
	else
		domain->first = client->next;
	if (client->next)
		client->next->prev = client->prev;
	else
		domain->last = client->prev;
	cpuslab_fetch_add_u32(&domain->clients, (uint32_t)-1);
	cpuslab_port_mutex_unlock(&domain->list_mutex);
	cpuslab_store_relaxed_ptr(&client->domain, NULL);
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

/* Take the mutex of the domain that @client is registered with. */
static int client_lock(struct cpuslab_client *client)
{
	int err = cpuslab__domain_lock(client->domain);

	cpuslab_assert(!err || cpuslab__domain_is_lost(client->domain));
	if (err && cpuslab__clients_log_once(client->domain, client, err))
		cpuslab__log("client ", client->name,
			     ": not removed: ", cpuslab_strerror(err));
	return err;
}

static void client_leave(struct cpuslab_client *client)
{
	struct cpuslab_domain *domain = client->domain;

	client_unlink(client);
	cpuslab__domain_unlock(domain);
}

int cpuslab__client_unregister(struct cpuslab_client *client)
{
	int err;

	if (!client->domain)
		return CPUSLAB_OK;
	err = client_lock(client);
	if (!err)
		client_leave(client);
	return err;
}

int cpuslab_client_init(struct cpuslab_client *client,
			struct cpuslab_domain *domain)
{
	int err;

	if (!client)
		return -CPUSLAB_EINVAL;
	client->domain = NULL;
	if (!domain || !client->ops || !client->name)
		return -CPUSLAB_EINVAL;
	err = cpuslab__client_register(client, domain);
	if (err && cpuslab__clients_log_once(domain, client, err))
		cpuslab__log("client ", client->name,
			     ": not registered: ", cpuslab_strerror(err));
	return err;
}

void cpuslab_client_fini(struct cpuslab_client *client)
{
	if (!client || !client->domain || client_lock(client))
		return;
	client_undo_all(client);
	client_leave(client);
}
