/* SPDX-License-Identifier: MIT */
/*
 * portable.c - three clients, in a declared order that is not that of their
 * registration, the last of which refuses a CPU when it is asked to.
 */
#include "portable/portable.h"

enum {
	CLIENT_NOTHING,
	CLIENT_STARTED,
	CLIENT_COMPLETE,
};

#define CLIENTS 3u

static struct cpuslab_client clients[CLIENTS];
static uint32_t clients_registered[CLIENTS]; /* W start, stop; R callbacks */
static uint8_t *clients_state;               /* [CPU][client]; W domain */
static uint32_t clients_refuses;             /* this CPU */
/* W domain */
static uint64_t clients_completes, clients_failures, clients_removes;
static uint64_t clients_refusals;

/*
 * Change what @client has for @cpu to @after. Before that the clients of lower
 * order have before[0], it has before[1], and those of higher order have
 * before[2]; while one of these registers or unregisters it is not looked at.
 */
static void client_change(const struct cpuslab_client *client, uint32_t cpu,
			  const uint8_t *before, uint8_t after)
{
	uint8_t *state = &clients_state[cpu * CLIENTS];
	uint32_t i, index = (uint32_t)(client - clients);
	bool all = cpuslab_load_acquire_u32(&clients_registered[index]);

	for (i = 0; i < CLIENTS; i++) {
		if (i != index &&
		    !(all && cpuslab_load_acquire_u32(&clients_registered[i])))
			continue;
		if (state[i] != before[i < index ? 0 : i == index ? 1 : 2])
			portable_wrong("a client is called out of order");
	}
	state[index] = after;
}

static int client_start(struct cpuslab_client *client, uint32_t cpu)
{
	static const uint8_t before[] = { CLIENT_STARTED, CLIENT_NOTHING,
					  CLIENT_NOTHING };

	if (client == &clients[CLIENTS - 1] &&
	    cpu == cpuslab_load_acquire_u32(&clients_refuses)) {
		cpuslab_fetch_add_u64(&clients_refusals, 1);
		return -CPUSLAB_EACCES;
	}
	client_change(client, cpu, before, CLIENT_STARTED);
	return CPUSLAB_OK;
}

static void client_complete(struct cpuslab_client *client, uint32_t cpu)
{
	static const uint8_t before[] = { CLIENT_COMPLETE, CLIENT_STARTED,
					  CLIENT_STARTED };

	client_change(client, cpu, before, CLIENT_COMPLETE);
	clients_completes++;
}

static void client_failure(struct cpuslab_client *client, uint32_t cpu)
{
	static const uint8_t before[] = { CLIENT_STARTED, CLIENT_STARTED,
					  CLIENT_NOTHING };

	client_change(client, cpu, before, CLIENT_NOTHING);
	cpuslab_fetch_add_u64(&clients_failures, 1);
}

static void client_remove(struct cpuslab_client *client, uint32_t cpu)
{
	static const uint8_t before[] = { CLIENT_COMPLETE, CLIENT_COMPLETE,
					  CLIENT_NOTHING };

	client_change(client, cpu, before, CLIENT_NOTHING);
	clients_removes++;
}

static const struct cpuslab_client_ops client_ops = {
	.start = client_start,
	.complete = client_complete,
	.failure = client_failure,
	.remove = client_remove,
};

void portable_refuse(uint32_t cpu)
{
	cpuslab_store_release_u64(&clients_refusals, 0);
	cpuslab_store_release_u64(&clients_failures, 0);
	cpuslab_store_release_u32(&clients_refuses, cpu);
}

static bool client_is_named(const struct cpuslab_refusal *refusal,
			    const char *name)
{
	size_t i = 0;

	while (name[i] && refusal->client[i] == name[i])
		i++;
	return refusal->client[i] == name[i];
}

/* Each time the two clients before it were undone, and no other one. */
bool portable_refused(uint32_t cpu)
{
	uint64_t refusals = cpuslab_load_acquire_u64(&clients_refusals);
	struct cpuslab_refusal refusal;
	uint32_t i;

	if (!refusals || cpuslab_load_acquire_u64(&clients_failures) !=
				 refusals * (CLIENTS - 1))
		return false;
	if (cpuslab_domain_refused(structures.domain, &refusal) ||
	    !client_is_named(&refusal, clients[CLIENTS - 1].name) ||
	    refusal.cpu != cpu || refusal.error != -CPUSLAB_EACCES)
		return false;
	for (i = 0; i < CLIENTS; i++)
		if (clients_state[cpu * CLIENTS + i])
			return false;
	return true;
}

/* ---- life ---------------------------------------------------------------- */

static void client_fini(uint32_t index)
{
	if (!cpuslab_load_acquire_u32(&clients_registered[index]))
		return;
	cpuslab_store_release_u32(&clients_registered[index], 0);
	cpuslab_client_fini(&clients[index]);
}

static const char *client_stop(bool used)
{
	const char *what = NULL;
	uint32_t index;
	size_t i;

	for (index = 0; index < CLIENTS; index++)
		client_fini(index);
	for (i = 0; i < (size_t)structures.limit * CLIENTS; i++)
		if (clients_state[i])
			what = "a client has kept something";
	if (clients_completes != clients_removes)
		what = "not every complete was undone by a remove";
	if (used && !clients_completes)
		what = "no client was called";
	cpuslab_port_free(clients_state);
	return what;
}

/* The last one first. */
static int client_register(void)
{
	static const char *const names[CLIENTS] = { "queues", "interrupts",
						    "workers" };
	uint32_t i = CLIENTS;
	int err = CPUSLAB_OK;

	while (i-- && !err) {
		clients[i].ops = &client_ops;
		clients[i].name = names[i];
		clients[i].order = (int32_t)i;
		err = cpuslab_client_init(&clients[i], structures.domain);
		cpuslab_store_release_u32(&clients_registered[i], !err);
	}
	return err;
}

static int client_begin(void)
{
	int err;

	clients_completes = clients_removes = 0;
	portable_refuse(CPUSLAB_NO_CPU);
	clients_state = portable_array(structures.limit, CLIENTS, 1);
	if (!clients_state)
		return -CPUSLAB_ENOMEM;
	err = client_register();
	if (err)
		client_stop(false);
	return err;
}

const struct portable_part portable_client = {
	.start = client_begin,
	.stop = client_stop,
};
