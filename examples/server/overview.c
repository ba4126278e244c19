/* SPDX-License-Identifier: MIT */
/*
 * overview.c - read the copies of a counter and what the workers count, for the
 * pages.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdlib.h>
#include <sys/utsname.h>

#include "html.h"
#include "overview.h"
#include "page.h"
#include "server.h"
#include "worker.h"

/* What the sum has more than the copies was folded. */
static void overview_read_copies(struct overview *overview,
				 const struct cpuslab_counter *requests)
{
	const uint64_t *copy;
	uint64_t value, sum = 0;
	uint32_t cpu;

	cpuslab_read_enter();
	cpuslab_for_each_copy(&requests->handle, cpu, copy) {
		value = cpuslab_load_relaxed_u64(copy);
		sum += value;
		if (cpu == CPUSLAB_SHARED) {
			overview->shared = value;
			continue;
		}
		overview->cpu[cpu].has_copy = true;
		overview->cpu[cpu].counted = value;
	}
	cpuslab_read_exit();
	overview->total = cpuslab_counter_sum(requests);
	overview->folded = overview->total > sum ? overview->total - sum : 0;
}

static void overview_read_worker(struct overview_cpu *cpu,
				 const struct worker *worker)
{
	cpu->has_worker = true;
	cpu->parked = worker_is_parked(worker);
	cpu->connections = cpuslab_load_relaxed_u32(&worker->held);
	cpu->served = cpuslab_load_relaxed_u64(&worker->served);
}

struct overview *overview_read(struct server *server)
{
	uint32_t limit = cpuslab_domain_limit(server->domain);
	struct overview *overview =
		calloc(1, sizeof(*overview) + limit * sizeof(*overview->cpu));
	uint32_t cpu;

	if (!overview)
		return NULL;
	overview->limit = limit;
	overview_read_copies(overview, &server->counts.requests);
	pthread_mutex_lock(&server->mutex);
	for (cpu = 0; cpu < limit; cpu++)
		if (server->worker[cpu])
			overview_read_worker(&overview->cpu[cpu],
					     server->worker[cpu]);
	pthread_mutex_unlock(&server->mutex);
	return overview;
}

static uint32_t overview_online(struct server *server)
{
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(server->domain);
	uint32_t count = cpuslab_cpumask_count(set);

	cpuslab_cpumask_put(set);
	return count;
}

static bool overview_write(FILE *out, struct server *server, bool live)
{
	int64_t connections = cpuslab_gauge_sum(&server->counts.connections);
	struct overview *overview = overview_read(server);
	struct utsname system = { .nodename = "" };
	const struct html_facts facts = {
		.host = system.nodename,
		.online = overview_online(server),
		.connections = connections > 0 ? (uint64_t)connections : 0,
		.live = live,
	};

	if (!overview)
		return false;
	(void)uname(&system);
	html_write(out, overview, &facts);
	free(overview);
	return true;
}

bool page_overview(FILE *out, struct server *server)
{
	return overview_write(out, server, false);
}

bool page_live(FILE *out, struct server *server)
{
	return overview_write(out, server, true);
}
