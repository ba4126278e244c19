/* SPDX-License-Identifier: MIT */
/*
 * metrics.c - the page for Prometheus.
 *
 * The two formats differ in the name that announces a counter: OpenMetrics
 * announces "x" for samples of "x_total", the older text "x_total".
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <inttypes.h>
#include <stdlib.h>

#include "page.h"
#include "server.h"
#include "worker.h"

struct metrics {
	FILE *out;
	bool open;
};

static void metrics_head(const struct metrics *m, const char *name,
			 const char *type, const char *help)
{
	const char *end = !m->open && type[0] == 'c' ? "_total" : "";

	fprintf(m->out, "# TYPE %s%s %s\n# HELP %s%s %s\n", name, end, type,
		name, end, help);
}

static void metrics_counter(const struct metrics *m, const char *name,
			    const char *help, uint64_t value)
{
	metrics_head(m, name, "counter", help);
	fprintf(m->out, "%s_total %" PRIu64 "\n", name, value);
}

static void metrics_gauge(const struct metrics *m, const char *name,
			  const char *help, uint64_t value)
{
	metrics_head(m, name, "gauge", help);
	fprintf(m->out, "%s %" PRIu64 "\n", name, value);
}

/* ---- durations ----------------------------------------------------------- */

#define METRICS_FIRST 12 /* 2^12 ns: 4.096 us */
#define METRICS_LAST 34  /* 2^34 ns: 17 s */

/*
 * A bucket of OpenMetrics includes its upper bound; the library's buckets end
 * below a power of two. Durations are recorded less 1 ns, so that a recorded
 * value below 2^n is a duration of at most 2^n and the bounds are exact.
 */
static void metrics_buckets(const struct metrics *m, const char *name,
			    const struct cpuslab_histogram *durations,
			    const uint64_t *counts)
{
	uint64_t below = 0;
	uint32_t bucket = 0;
	int n;

	for (n = METRICS_FIRST; n <= METRICS_LAST; n += 2) {
		for (; cpuslab_histogram_highest(durations, bucket) <
		       (uint64_t)1 << n;
		     bucket++)
			below += counts[bucket];
		fprintf(m->out, "%s_bucket{le=\"%.9f\"} %" PRIu64 "\n", name,
			(double)((uint64_t)1 << n) / 1e9, below);
	}
}

static void metrics_durations(const struct metrics *m,
			      const struct server_counts *counts)
{
	static const char name[] = "cpuslab_server_request_duration_seconds";
	const struct cpuslab_histogram *durations = &counts->durations;
	uint64_t *buckets = calloc(durations->buckets, sizeof(*buckets));
	uint64_t total, ns;

	if (!buckets)
		return;
	ns = cpuslab_counter_sum(&counts->duration_ns);
	total = cpuslab_histogram_read(durations, buckets);
	metrics_head(m, name, "histogram",
		     "Time from the first byte of a request to its answer.");
	if (m->open)
		fprintf(m->out, "# UNIT %s seconds\n", name);
	metrics_buckets(m, name, durations, buckets);
	fprintf(m->out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, total);
	fprintf(m->out, "%s_sum %" PRIu64 ".%09" PRIu64 "\n", name,
		ns / 1000000000u, ns % 1000000000u);
	fprintf(m->out, "%s_count %" PRIu64 "\n", name, total);
	free(buckets);
}

#define METRICS_SLACK 4096 /* for slabs that are created meanwhile */

/* ---- the rest ------------------------------------------------------------ */

static void metrics_counts(const struct metrics *m,
			   const struct server_counts *counts)
{
	metrics_counter(m, "cpuslab_server_requests", "Requests answered.",
			cpuslab_counter_sum(&counts->requests));
	metrics_counter(m, "cpuslab_server_errors",
			"Requests answered with a status of 400 or above.",
			cpuslab_counter_sum(&counts->errors));
	metrics_counter(m, "cpuslab_server_sent_bytes",
			"Bytes sent, headers included.",
			cpuslab_counter_sum(&counts->sent_bytes));
	metrics_counter(m, "cpuslab_server_accepted_connections",
			"Connections accepted.",
			cpuslab_counter_sum(&counts->accepted));
	metrics_counter(m, "cpuslab_server_refused_connections",
			"Connections closed at once: too many were open.",
			cpuslab_counter_sum(&counts->refused));
	metrics_counter(m, "cpuslab_server_moved_connections",
			"Connections moved to the worker of another CPU.",
			cpuslab_counter_sum(&counts->moved));
	metrics_gauge(m, "cpuslab_server_connections", "Open connections.",
		      (uint64_t)cpuslab_gauge_sum(&counts->connections));
}

/* A worker that is parked and unparked keeps its count. */
static void metrics_workers(const struct metrics *m, struct server *server)
{
	static const char name[] = "cpuslab_server_worker_requests";
	uint32_t limit = cpuslab_domain_limit(server->domain);
	uint32_t cpu;

	metrics_head(m, name, "counter",
		     "Requests answered by the worker of a CPU.");
	pthread_mutex_lock(&server->mutex);
	for (cpu = 0; cpu < limit; cpu++)
		if (server->worker[cpu])
			fprintf(m->out, "%s_total{cpu=\"%u\"} %" PRIu64 "\n",
				name, cpu,
				cpuslab_load_relaxed_u64(
					&server->worker[cpu]->served));
	pthread_mutex_unlock(&server->mutex);
}

/* All slabs and domains; it ends the page. False: no memory. */
static bool metrics_library(const struct metrics *m)
{
	const enum cpuslab_metrics_format format =
		m->open ? CPUSLAB_METRICS_OPENMETRICS :
			  CPUSLAB_METRICS_PROMETHEUS;
	size_t length = 0, size;
	char *text;

	do {
		size = length + METRICS_SLACK;
		text = malloc(size);
		length = text ? cpuslab_metrics_write(format, text, size) : 0;
		if (length && length < size)
			fputs(text, m->out);
		free(text);
	} while (length >= size);
	return length;
}

static bool metrics_page(FILE *out, struct server *server, bool open)
{
	const struct metrics m = { .out = out, .open = open };

	metrics_counts(&m, &server->counts);
	metrics_durations(&m, &server->counts);
	metrics_workers(&m, server);
	return metrics_library(&m);
}

bool page_prometheus(FILE *out, struct server *server)
{
	return metrics_page(out, server, false);
}

bool page_openmetrics(FILE *out, struct server *server)
{
	return metrics_page(out, server, true);
}
