/* SPDX-License-Identifier: MIT */
/*
 * status.c - the whole state of the server as JSON.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <inttypes.h>
#include <stdlib.h>

#include "overview.h"
#include "page.h"
#include "server.h"

/* Walk the mask, never count up to a number of CPUs: numbers have gaps. */
static void status_cpus(FILE *out, struct server *server)
{
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(server->domain);
	const char *comma = "";
	uint32_t cpu;

	fprintf(out,
		"\"cpus\": {\"count\": %u, \"limit\": %u, "
		"\"generation\": %" PRIu64 ", \"online\": [",
		cpuslab_cpumask_count(set),
		cpuslab_domain_limit(server->domain),
		cpuslab_cpumask_generation(set));
	for (cpu = cpuslab_cpumask_next(set, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_cpumask_next(set, cpu + 1)) {
		fprintf(out, "%s%u", comma, cpu);
		comma = ", ";
	}
	fputs("]},\n", out);
	cpuslab_cpumask_put(set);
}

/* Where the requests were counted: the copies, and what was folded. */
static void status_requests(FILE *out, const struct overview *overview,
			    uint64_t errors)
{
	const char *comma = "";
	uint32_t cpu;

	fputs("\"requests\": {\"copies\": {", out);
	for (cpu = 0; cpu < overview->limit; cpu++) {
		if (!overview->cpu[cpu].has_copy)
			continue;
		fprintf(out, "%s\"%u\": %" PRIu64, comma, cpu,
			overview->cpu[cpu].counted);
		comma = ", ";
	}
	fprintf(out,
		"}, \"shared_ops\": %" PRIu64 ", \"residual\": %" PRIu64
		", \"total\": %" PRIu64 ", \"errors\": %" PRIu64 "},\n",
		overview->shared, overview->folded, overview->total, errors);
}

/* The workers' own counts, without the library. */
static void status_workers(FILE *out, const struct overview *overview)
{
	const struct overview_cpu *worker;
	const char *comma = "";
	uint32_t cpu;

	fputs("\"workers\": [", out);
	for (cpu = 0; cpu < overview->limit; cpu++) {
		worker = &overview->cpu[cpu];
		if (!worker->has_worker)
			continue;
		fprintf(out,
			"%s\n {\"cpu\": %u, \"state\": \"%s\", "
			"\"served\": %" PRIu64 ", \"connections\": %u}",
			comma, cpu, worker->parked ? "parked" : "runs",
			worker->served, worker->connections);
		comma = ",";
	}
	fputs("],\n", out);
}

static void status_steering(FILE *out, struct server *server)
{
	const struct cpuslab_steering_table *table;
	uint32_t bucket, target;

	cpuslab_read_enter();
	table = cpuslab_steering_get(&server->steering);
	fprintf(out,
		"\"steering\": {\"generation\": %" PRIu64
		", \"active\": %u, \"table\": [",
		table->generation, table->active);
	for (bucket = 0; bucket <= table->mask; bucket++) {
		target = cpuslab_steering_at(table, bucket);
		fprintf(out, "%s%d", bucket ? "," : "",
			target == CPUSLAB_NO_CPU ? -1 : (int)target);
	}
	cpuslab_read_exit();
	fputs("]},\n", out);
}

static bool status_durations(FILE *out,
			     const struct cpuslab_histogram *durations)
{
	static const uint32_t ppm[] = { 500000, 990000, 999000, CPUSLAB_PPM };
	static const char *const name[] = { "p50", "p99", "p99.9", "max" };
	uint64_t *counts = calloc(durations->buckets, sizeof(*counts));
	uint64_t total;
	int i;

	if (!counts)
		return false;
	total = cpuslab_histogram_read(durations, counts);
	fprintf(out, "\"durations_ns\": {\"count\": %" PRIu64, total);
	for (i = 0; i < 4; i++)
		fprintf(out, ", \"%s\": %" PRIu64, name[i],
			cpuslab_histogram_percentile(durations, counts, total,
						     ppm[i]));
	fputs("},\n", out);
	free(counts);
	return true;
}

static void status_connections(FILE *out, const struct server_counts *counts)
{
	fprintf(out,
		"\"connections\": {\"open\": %" PRId64
		", \"accepted\": %" PRIu64 ", \"refused\": %" PRIu64
		", \"moved\": %" PRIu64 "},\n",
		cpuslab_gauge_sum(&counts->connections),
		cpuslab_counter_sum(&counts->accepted),
		cpuslab_counter_sum(&counts->refused),
		cpuslab_counter_sum(&counts->moved));
}

static void status_hotplug(FILE *out, struct server *server)
{
	struct cpuslab_hotplug_stats stats;

	cpuslab_hotplug_stats_get(server->hotplug, &stats);
	fprintf(out,
		"\"hotplug\": {\"events\": %" PRIu64 ", \"rescans\": %" PRIu64
		", \"starts\": %" PRIu64 ", \"errors\": %" PRIu64
		", \"has_events\": %s},\n",
		stats.events, stats.rescans, stats.starts, stats.errors,
		stats.has_events ? "true" : "false");
}

static void status_slab(FILE *out, struct server *server)
{
	struct cpuslab_stats stats;
	char text[2048];

	cpuslab_stats_get(server->slab, &stats);
	if (cpuslab_stats_json(&stats, text, sizeof(text)) < sizeof(text))
		fprintf(out, "\"slab\": %s\n", text);
	else
		fputs("\"slab\": null\n", out);
}

bool page_status(FILE *out, struct server *server)
{
	struct overview *overview = overview_read(server);

	if (!overview)
		return false;
	fputs("{\n", out);
	status_cpus(out, server);
	status_requests(out, overview,
			cpuslab_counter_sum(&server->counts.errors));
	status_workers(out, overview);
	free(overview);
	status_connections(out, &server->counts);
	status_steering(out, server);
	if (!status_durations(out, &server->counts.durations))
		return false;
	status_hotplug(out, server);
	status_slab(out, server);
	fputs("}\n", out);
	return true;
}
