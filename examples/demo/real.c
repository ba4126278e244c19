/* SPDX-License-Identifier: MIT */
/*
 * real.c - the part with real CPUs: more threads than CPUs move from one to
 * another while CPUs leave and return in the domain.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "demo.h"
#include "real.h"
#include "report.h"

#define REAL_MAX_WORKERS 256u
#define REAL_MEMORY_WAIT 5.0 /* seconds until memory must be freed */

/* What was seen while the threads ran. */
struct real_seen {
	uint64_t sums;
	uint64_t backwards;
	uint64_t behind;   /* sums that missed a finished add */
	uint64_t negative; /* gauge readings below 0 */
	double seconds;
};

/* ---- init and fini --------------------------------------------------- */

/* The CPUs in the domain's first set: what this program may use. */
static int real_cpus(struct real *real)
{
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(real->domain);
	uint32_t count = cpuslab_cpumask_count(set);
	uint32_t cpu;

	real->cpus = calloc(count ? count : 1, sizeof(*real->cpus));
	if (real->cpus)
		for (cpu = cpuslab_cpumask_next(set, 0); cpu != CPUSLAB_NO_CPU;
		     cpu = cpuslab_cpumask_next(set, cpu + 1))
			real->cpus[real->cpu_count++] = cpu;
	cpuslab_cpumask_put(set);
	return real->cpu_count ? CPUSLAB_OK : -CPUSLAB_ENOMEM;
}

/* After a failure the program ends and frees the rest. */
static int real_init(struct real *real)
{
	static const struct cpuslab_domain_config domain = {
		.size = sizeof(domain), .name = "demo"
	};
	static const struct cpuslab_slab_config slab = { .size = sizeof(slab),
							 .name = "events" };
	int err = cpuslab_domain_create(&real->domain, &domain);

	if (!err)
		err = real_cpus(real);
	if (!err)
		err = cpuslab_slab_create(&real->slab, real->domain, &slab);
	if (!err)
		err = cpuslab_counter_init(&real->events, real->slab);
	if (!err)
		err = cpuslab_counter_init(&real->bytes, real->slab);
	if (!err)
		err = cpuslab_gauge_init(&real->in_progress, real->slab);
	if (!err)
		err = cpuslab_hotplug_create(&real->hotplug, real->domain,
					     NULL);
	return err;
}

static void real_fini(struct real *real)
{
	cpuslab_gauge_fini(&real->in_progress);
	cpuslab_counter_fini(&real->bytes);
	cpuslab_counter_fini(&real->events);
	cpuslab_slab_destroy(real->slab);
	cpuslab_domain_destroy(real->domain);
	free(real->cpus);
}

/* ---- the run --------------------------------------------------------- */

static uint64_t real_published(const struct real_worker *workers,
			       uint32_t count)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < count; i++)
		sum += cpuslab_load_acquire_u64(&workers[i].events);
	return sum;
}

static void real_look(struct real *real, const struct real_worker *workers,
		      uint32_t count, struct real_seen *seen, double seconds)
{
	const struct timespec pause = { .tv_nsec = 200000 };
	double start = demo_clock();
	uint64_t last = 0;

	while (demo_clock() - start < seconds) {
		uint64_t least = real_published(workers, count);
		uint64_t sum = cpuslab_counter_sum(&real->events);

		seen->sums++;
		seen->behind += sum < least;
		seen->backwards += sum < last;
		seen->negative += cpuslab_gauge_sum(&real->in_progress) < 0;
		last = sum;
		nanosleep(&pause, NULL);
		report_tick();
	}
	seen->seconds = demo_clock() - start;
}

/* Returns how many workers ran. */
static uint32_t real_storm(struct real *real, struct real_worker *workers,
			   uint32_t count, struct real_churn *churn,
			   struct real_seen *seen, double seconds)
{
	bool churning;
	uint32_t i, started = 0;

	for (i = 0; i < count; i++) {
		workers[started].real = real;
		workers[started].random = real->seed + i + 1;
		if (!pthread_create(&workers[started].thread, NULL, real_work,
				    &workers[started]))
			started++;
	}
	churn->real = real;
	churn->random = real->seed;
	churning = !pthread_create(&churn->thread, NULL, real_churn_run, churn);
	report_wait("counting");
	real_look(real, workers, started, seen, seconds);
	cpuslab_store_release_u32(&real->stop, 1);
	for (i = 0; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	if (churning)
		pthread_join(churn->thread, NULL);
	report_wait_end();
	if (!churning || started < count)
		report_check(false, "only %u threads can be started", started);
	return started;
}

/* ---- results --------------------------------------------------------- */

static void real_totals(struct real *real, const struct real_worker *workers,
			uint32_t count, const struct real_seen *seen)
{
	uint64_t events = real_published(workers, count), bytes = 0, hops = 0;
	uint64_t sum = cpuslab_counter_sum(&real->events);
	uint32_t i;

	for (i = 0; i < count; i++) {
		bytes += workers[i].bytes;
		hops += workers[i].hops;
	}
	report_say("\n   %u threads on %u CPU%s moved %s times; "
		   "%.1f million adds a second\n",
		   count, real->cpu_count, real->cpu_count == 1 ? "" : "s",
		   report_grouped(hops).text,
		   REAL_ADDS * (double)events / seen->seconds / 1e6);
	report_count("threads", count);
	report_count("hops", hops);
	report_count("events_expected", events);
	report_count("events", sum);
	report_count("sums", seen->sums);
	report_check(sum == events, "%s events counted, %s expected",
		     report_grouped(sum).text, report_grouped(events).text);
	report_check(cpuslab_counter_sum(&real->bytes) == bytes,
		     "%s bytes counted, %s expected",
		     report_grouped(cpuslab_counter_sum(&real->bytes)).text,
		     report_grouped(bytes).text);
	report_check(!seen->backwards && !seen->behind && !seen->negative,
		     "%s sums meanwhile: %s went back, %s too small, "
		     "%s negative",
		     report_grouped(seen->sums).text,
		     report_grouped(seen->backwards).text,
		     report_grouped(seen->behind).text,
		     report_grouped(seen->negative).text);
	report_check(!cpuslab_gauge_sum(&real->in_progress),
		     "no event is still in progress");
}

/* @adds: all of them; @looks: at the CPUs of the system. */
static void real_tell(const struct real_churn *churn,
		      const struct cpuslab_stats *stats, double adds,
		      uint64_t looks)
{
	report_say("\n   meanwhile: %s calls announced that CPUs come or "
		   "leave, %s removals;\n",
		   report_grouped(churn->calls).text,
		   report_grouped(churn->removals).text);
	report_say("   %s blocks admitted (%s of them by the first add on the "
		   "CPU), %s released;\n",
		   report_grouped(stats->admissions).text,
		   report_grouped(stats->on_demand).text,
		   report_grouped(stats->releases).text);
	report_say(
		"   %.1f%% of all adds found no block, because it was being "
		"released, and\n"
		"   went to the shared block; the hotplug source compared the CPUs "
		"%s time%s\n",
		100 * (double)stats->shared_ops / adds,
		report_grouped(looks).text, looks == 1 ? "" : "s");
	if (stats->atomic)
		report_say("   (atomic mode cannot tell when an add has ended: "
			   "blocks are retained until the\n"
			   "   program says that no operation is in "
			   "progress)\n");
}

static void real_changes(struct real *real, const struct real_churn *churn,
			 const struct cpuslab_stats *stats)
{
	double adds = (double)cpuslab_counter_sum(&real->events) * REAL_ADDS;
	struct cpuslab_hotplug_stats hotplug;

	cpuslab_hotplug_stats_get(real->hotplug, &hotplug);
	real_tell(churn, stats, adds, hotplug.rescans);
	report_count("domain_calls", churn->calls);
	report_count("removals", churn->removals);
	report_count("admissions", stats->admissions);
	report_count("on_demand", stats->on_demand);
	report_count("releases", stats->releases);
	report_count("shared_ops", stats->shared_ops);
	report_count("rescans", hotplug.rescans);
	report_check(!churn->unexpected,
		     "every call returned what it should%s%s",
		     churn->unexpected ? ", but one: " : "",
		     churn->unexpected ? cpuslab_strerror(churn->last) : "");
	report_check(stats->atomic || stats->releases > 0,
		     stats->atomic ? "no block was released while in use" :
				     "blocks were released and admitted again");
	report_check(cpuslab_slab_check(real->slab) == CPUSLAB_OK &&
			     cpuslab_domain_check(real->domain) == CPUSLAB_OK,
		     "all invariants hold");
}

/* Remove every CPU from the domain and wait until the memory is freed. */
static uint64_t real_shrink(struct real *real, uint64_t committed)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	double start = demo_clock();
	struct cpuslab_stats stats;
	uint32_t i;

	for (i = 0; i < real->cpu_count; i++)
		cpuslab_domain_remove(real->domain, real->cpus[i]);
	cpuslab_domain_trim(real->domain, CPUSLAB_TRIM_QUIESCENT);
	do {
		nanosleep(&pause, NULL);
		cpuslab_stats_get(real->slab, &stats);
	} while ((stats.in_use || stats.committed_bytes >= committed) &&
		 demo_clock() - start < REAL_MEMORY_WAIT);
	return stats.committed_bytes;
}

static void real_memory(struct real *real, const struct cpuslab_stats *stats,
			uint64_t expected)
{
	uint64_t array = stats->committed_bytes / (stats->in_use + 1) *
			 (stats->limit + 1);
	double most = (double)array;
	uint64_t shrunk;

	report_say("\n   An array takes memory for each possible CPU. A slab "
		   "takes memory only\n   for the CPUs in use.\n");
	report_bar("an array", most, most, report_bytes(array).text);
	report_bar("memory in use", (double)stats->committed_bytes, most,
		   report_bytes(stats->committed_bytes).text);
	shrunk = real_shrink(real, stats->committed_bytes);
	report_bar("after all removals", (double)shrunk, most,
		   report_bytes(shrunk).text);
	report_count("array_bytes", array);
	report_count("committed_bytes", stats->committed_bytes);
	report_count("committed_bytes_after", shrunk);
	report_check(stats->committed_bytes <= array,
		     "not more memory than an array");
	report_check(shrunk < stats->committed_bytes,
		     "the memory of CPUs that left was freed");
	report_check(cpuslab_counter_sum(&real->events) == expected,
		     "what they counted is still known");
}

static void real_run(struct real *real, double seconds)
{
	uint32_t count = 2 * real->cpu_count + 2;
	struct real_worker *workers;
	struct real_churn churn = { 0 };
	struct real_seen seen = { 0 };
	struct cpuslab_stats stats;

	if (count > REAL_MAX_WORKERS)
		count = REAL_MAX_WORKERS;
	workers = calloc(count, sizeof(*workers));
	if (!workers) {
		report_check(false, "no memory for %u threads", count);
		return;
	}
	count = real_storm(real, workers, count, &churn, &seen, seconds);
	cpuslab_stats_get(real->slab, &stats);
	real_totals(real, workers, count, &seen);
	real_changes(real, &churn, &stats);
	cpuslab_hotplug_destroy(real->hotplug);
	real_memory(real, &stats, real_published(workers, count));
	free(workers);
}

void demo_real(double seconds, uint64_t seed)
{
	struct real real;
	int err;

	memset(&real, 0, sizeof(real));
	real.seed = seed;
	report_part("real", "2. Real CPUs");
	report_say("   More threads than CPUs move from CPU to CPU and count, "
		   "while another thread\n"
		   "   announces again and again that a CPU leaves or "
		   "returns. (The CPUs themselves\n"
		   "   stay as they are.)\n\n");
	err = real_init(&real);
	if (err) {
		report_check(false, "no slab for this machine: %s",
			     cpuslab_strerror(err));
		free(real.cpus);
		return;
	}
	real_run(&real, seconds);
	real_fini(&real);
}
