/* SPDX-License-Identifier: MIT */
#ifndef REPLAY_ADD_H
#define REPLAY_ADD_H
/*
 * replay_add.h - add.pml: two clients, what they are called for, and the
 * domain's answer. Every call is one step in the model, so one thread makes
 * all of them.
 */
#include "replay.h"

#include "core/domain_internal.h"

#define ADD_CPUS 2u
#define ADD_CLIENTS 2u

enum add_state {
	ADD_NONE,
	ADD_STARTED,
	ADD_COMPLETE
};

static struct {
	struct fixture f;
	struct cpuslab_client clients[ADD_CLIENTS];
	enum add_state of[ADD_CLIENTS][ADD_CPUS];
	bool admitted[ADD_CLIENTS][ADD_CPUS];
	bool registered[ADD_CLIENTS];
	struct replay_thread *thread;
} add;

/* ---- clients ------------------------------------------------------------- */

static uint32_t add_client(const struct cpuslab_client *client)
{
	return (uint32_t)(client - add.clients);
}

static int add_start(struct cpuslab_client *client, uint32_t cpu)
{
	uint32_t k = add_client(client);

	replay_expect(add.of[k][cpu] == ADD_NONE);
	if (replay_chooses(add.thread, "refuses"))
		return -CPUSLAB_ENOMEM;
	add.of[k][cpu] = ADD_STARTED;
	return CPUSLAB_OK;
}

static void add_admit(struct cpuslab_client *client, uint32_t cpu)
{
	uint32_t k = add_client(client);

	replay_expect(add.of[k][cpu] == ADD_STARTED);
	replay_expect(add.of[0][cpu] != ADD_NONE);
	replay_expect(!add.registered[1] || add.of[1][cpu] != ADD_NONE);
	add.admitted[k][cpu] = true;
}

static void add_complete(struct cpuslab_client *client, uint32_t cpu)
{
	uint32_t k = add_client(client);

	replay_expect(add.of[k][cpu] == ADD_STARTED && add.admitted[k][cpu]);
	add.of[k][cpu] = ADD_COMPLETE;
}

static void add_undo(uint32_t k, uint32_t cpu, enum add_state was)
{
	replay_expect(add.of[k][cpu] == was);
	/* Backward: those that started later are undone. */
	replay_expect(k == 1 || add.of[1][cpu] == ADD_NONE);
	add.of[k][cpu] = ADD_NONE;
	add.admitted[k][cpu] = false;
}

static void add_failure(struct cpuslab_client *client, uint32_t cpu)
{
	add_undo(add_client(client), cpu, ADD_STARTED);
}

static void add_remove(struct cpuslab_client *client, uint32_t cpu)
{
	add_undo(add_client(client), cpu, ADD_COMPLETE);
}

static const struct cpuslab_client_ops add_ops = {
	.start = add_start,
	.admit = add_admit,
	.complete = add_complete,
	.failure = add_failure,
	.remove = add_remove,
};

/* ---- events -------------------------------------------------------------- */

static void add_check(void)
{
	uint32_t cpu, k;

	for (cpu = 0; cpu < ADD_CPUS; cpu++)
		for (k = 0; k < ADD_CLIENTS; k++) {
			uint8_t state = add.f.domain->state[cpu];

			replay_expect(
				(add.of[k][cpu] == ADD_NONE) ==
				(!add.registered[k] || state == DOMAIN_ABSENT));
			replay_expect(
				(add.of[k][cpu] == ADD_COMPLETE) ==
				(add.registered[k] && state == DOMAIN_ONLINE));
			replay_expect(add.admitted[k][cpu] ==
				      (add.of[k][cpu] != ADD_NONE));
		}
}

static void add_event(uint32_t cpu)
{
	const char *event = replay_choice(add.thread);

	if (!strcmp(event, "starts"))
		replay_expect(cpuslab_domain_add_start(add.f.domain, cpu) ||
			      add.f.domain->state[cpu] != DOMAIN_ABSENT);
	else if (!strcmp(event, "completes"))
		replay_expect(cpuslab_domain_add_complete(add.f.domain, cpu) ||
			      add.f.domain->state[cpu] == DOMAIN_ONLINE);
	else if (add.f.domain->state[cpu] == DOMAIN_PREPARING)
		(void)cpuslab_domain_add_failure(add.f.domain, cpu);
	else
		(void)cpuslab_domain_remove(add.f.domain, cpu);
}

static void add_all(struct replay_thread *self)
{
	const char *what;

	add.thread = self;
	while (*(what = replay_choice(self))) {
		if (!strcmp(what, "registers")) {
			add.registered[1] = !cpuslab_client_init(
				&add.clients[1], add.f.domain);
		} else if (!strcmp(what, "leaves")) {
			cpuslab_client_fini(&add.clients[1]);
			add.registered[1] = false;
		} else if (!strncmp(what, "cpu_", 4)) {
			add_event((uint32_t)(what[4] - '0'));
		}
		add_check();
	}
}

static void add_begin(void)
{
	const struct fixture_config config = {
		.limit = 16,
		.domain_flags = CPUSLAB_DOMAIN_ADMIT_EARLY |
				CPUSLAB_DOMAIN_START_EMPTY,
		.no_slab = true,
	};
	uint32_t k;

	memset(&add, 0, sizeof(add));
	fixture_begin(&add.f, &config);
	for (k = 0; k < ADD_CLIENTS; k++) {
		add.clients[k].name = k ? "second" : "first";
		add.clients[k].ops = &add_ops;
		add.clients[k].order = (int)k;
	}
	assert_int_equal(cpuslab_client_init(&add.clients[0], add.f.domain),
			 CPUSLAB_OK);
	add.registered[0] = true;
}

static void add_end(void)
{
	if (add.registered[1])
		cpuslab_client_fini(&add.clients[1]);
	add.registered[1] = false;
	cpuslab_client_fini(&add.clients[0]);
	fixture_end(&add.f);
}

static const struct replay_thread add_threads[] = {
	{ .name = "all", .run = add_all },
	{ .name = NULL },
};

static const struct replay_model replay_add = {
	.name = "add",
	.threads = add_threads,
	.begin = add_begin,
	.end = add_end,
};

#endif /* REPLAY_ADD_H */
