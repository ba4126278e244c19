/* SPDX-License-Identifier: MIT */
/*
 * follow.c - the structures that follow a change, or act on another CPU.
 *
 *	workers/cpuslab		a message to another CPU's worker, as many
 *				as its box takes; timed until all are handled
 *	follower/cpuslab	one CPU comes and goes, with three steps
 *	follower/clients	the same, with three clients
 */
#include "platform.h"

#include <sched.h>
#include <stdlib.h>

#include <cpuslab/workers_thread.h>

#include "lists.h"

#define FOLLOW_STEPS 3u

struct follow {
	struct cpuslab_domain *domain;
	struct cpuslab_workers workers;
	struct cpuslab_follower follower;
	struct cpuslab_client clients[FOLLOW_STEPS];
	uint32_t other;
	uint64_t count; /* W the worker; or steps, under the domain's mutex */
};

static struct follow *follow_new(void)
{
	struct follow *follow = calloc(1, sizeof(*follow));

	if (!follow)
		measure_die("setup", "no memory");
	follow->domain = platform_domain_real();
	return follow;
}

static void follow_free(struct follow *follow)
{
	cpuslab_domain_destroy(follow->domain);
	free(follow);
}

static void follow_must(int err)
{
	if (err)
		measure_die("follow", cpuslab_strerror(err));
}

static uint64_t follow_count(void *arg)
{
	return cpuslab_load_acquire_u64(&((struct follow *)arg)->count);
}

/* ---- workers -------------------------------------------------------------- */

static const char *workers_unfit(const struct bench_run *run)
{
	(void)run;
	return measure_cpus() < 2 ? "needs two CPUs" : NULL;
}

static void workers_handle(void *arg, uint32_t cpu,
			   const struct cpuslab_message *message)
{
	struct follow *follow = arg;

	(void)cpu;
	cpuslab_store_release_u64(&follow->count,
				  follow->count + message->word[0]);
}

static void *workers_setup(struct bench_run *run)
{
	struct follow *follow = follow_new();
	const struct cpuslab_workers_config config = {
		.ops = &cpuslab_thread_ops,
		.handle = workers_handle,
		.arg = follow,
		.capacity = LISTS_BOX,
	};

	(void)run;
	follow->other = measure_nth(1);
	follow_must(cpuslab_workers_init(&follow->workers, follow->domain,
					 &config));
	return follow;
}

static void workers_teardown(void *arg)
{
	struct follow *follow = arg;

	cpuslab_workers_fini(&follow->workers);
	follow_free(follow);
}

static void workers_run(void *arg, uint64_t n)
{
	static const struct cpuslab_message one = { { 1 } };
	struct follow *follow = arg;
	uint64_t end = follow_count(follow) + n;

	while (n--)
		while (cpuslab_workers_send(&follow->workers, follow->other,
					    &one) == CPUSLAB_FULL)
			sched_yield();
	while (follow_count(follow) != end)
		sched_yield();
}

/* ---- followers ------------------------------------------------------------ */

static int follower_prepare(void *arg, uint32_t cpu)
{
	(void)arg;
	(void)cpu;
	return CPUSLAB_OK;
}

/* The first step counts. */
static void follower_commit(void *arg, uint32_t cpu)
{
	struct follow *follow = arg;

	if (follow)
		follow->count += cpu == follow->other;
}

static void follower_leave(void *arg, uint32_t cpu)
{
	(void)arg;
	(void)cpu;
}

static int client_start(struct cpuslab_client *client, uint32_t cpu)
{
	return follower_prepare(client->arg, cpu);
}

static void client_complete(struct cpuslab_client *client, uint32_t cpu)
{
	follower_commit(client->arg, cpu);
}

static void client_remove(struct cpuslab_client *client, uint32_t cpu)
{
	follower_leave(client->arg, cpu);
}

static const struct cpuslab_client_ops client_ops = {
	.start = client_start,
	.complete = client_complete,
	.remove = client_remove,
};

/* A number that is free: nobody works there. */
static struct follow *follower_new(void)
{
	struct follow *follow = follow_new();

	follow->other = cpuslab_domain_limit(follow->domain) - 1;
	return follow;
}

static void *follower_setup(struct bench_run *run)
{
	static struct cpuslab_follower_step steps[FOLLOW_STEPS];
	struct follow *follow = follower_new();
	uint32_t i;

	(void)run;
	for (i = 0; i < FOLLOW_STEPS; i++)
		steps[i] = (struct cpuslab_follower_step){
			.name = "step",
			.arg = i ? NULL : follow,
			.prepare = follower_prepare,
			.commit = follower_commit,
			.leave = follower_leave,
		};
	follow_must(cpuslab_follower_init(&follow->follower, follow->domain,
					  steps, FOLLOW_STEPS));
	return follow;
}

static void follower_teardown(void *arg)
{
	struct follow *follow = arg;

	cpuslab_follower_fini(&follow->follower);
	follow_free(follow);
}

static void *clients_setup(struct bench_run *run)
{
	struct follow *follow = follower_new();
	uint32_t i;

	(void)run;
	for (i = 0; i < FOLLOW_STEPS; i++) {
		follow->clients[i].ops = &client_ops;
		follow->clients[i].name = "step";
		follow->clients[i].arg = i ? NULL : follow;
		follow_must(cpuslab_client_init(&follow->clients[i],
						follow->domain));
	}
	return follow;
}

static void clients_teardown(void *arg)
{
	struct follow *follow = arg;
	uint32_t i;

	for (i = FOLLOW_STEPS; i--;)
		cpuslab_client_fini(&follow->clients[i]);
	follow_free(follow);
}

static void follower_run(void *arg, uint64_t n)
{
	struct follow *follow = arg;

	while (n--) {
		follow_must(cpuslab_domain_add_start(follow->domain,
						     follow->other));
		follow_must(cpuslab_domain_add_complete(follow->domain,
							follow->other));
		follow_must(
			cpuslab_domain_remove(follow->domain, follow->other));
	}
}

#define FOLLOW_BODY(name_, run_, setup_, teardown_, ...)                       \
	{                                                                      \
		.how = { .name = name_, .run = run_, .count = follow_count },  \
		.setup = setup_, .teardown = teardown_, __VA_ARGS__            \
	}

const struct bench_body follow_bodies[] = {
	FOLLOW_BODY("workers/cpuslab", workers_run, workers_setup,
		    workers_teardown, .unfit = workers_unfit),
	FOLLOW_BODY("follower/cpuslab", follower_run, follower_setup,
		    follower_teardown, .flags = 0),
	FOLLOW_BODY("follower/clients", follower_run, clients_setup,
		    clients_teardown, .flags = 0),
	{ .how = { .name = NULL } },
};
