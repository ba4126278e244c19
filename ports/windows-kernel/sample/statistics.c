/* SPDX-License-Identifier: MIT */
#include "statistics.h"

#include <ntddk.h>

#include <cpuslab/kernel.h>

struct cpuslab_domain *sample_domain;
static struct cpuslab_counter sample_events;

static struct cpuslab_slab *sample_slab;
static struct cpuslab_hotplug *sample_hotplug;

void sample_event(void)
{
	cpuslab_counter_add(&sample_events, 1);
}

void sample_stop(void)
{
	/* In reverse order; what was never created is NULL. */
	if (sample_slab && !cpuslab_percpu_is_null(&sample_events.handle))
		cpuslab_counter_fini(&sample_events);
	cpuslab_slab_destroy(sample_slab);
	cpuslab_hotplug_destroy(sample_hotplug);
	cpuslab_domain_destroy(sample_domain);
	cpuslab_kernel_fini();
	memset(&sample_events, 0, sizeof(sample_events));
	sample_slab = NULL;
	sample_hotplug = NULL;
	sample_domain = NULL;
}

int sample_start(void)
{
	const struct cpuslab_domain_config domain = {
		.size = sizeof(domain),
		.name = "sample",
		.flags = CPUSLAB_HOTPLUG_DOMAIN_FLAGS,
	};
	const struct cpuslab_slab_config slab = {
		.size = sizeof(slab),
		.name = "statistics",
		.block_bytes = 4096,
	};
	int err = cpuslab_kernel_init();

	if (!err)
		err = cpuslab_domain_create(&sample_domain, &domain);
	/* First, so that no change of processors is missed. */
	if (!err)
		err = cpuslab_hotplug_create(&sample_hotplug, sample_domain,
					     NULL);
	if (!err)
		err = cpuslab_slab_create(&sample_slab, sample_domain, &slab);
	if (!err)
		err = cpuslab_counter_init(&sample_events, sample_slab);
	if (err)
		sample_stop();
	return err;
}

static void statistics_rows(struct sample_report *report)
{
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(sample_domain);
	uint32_t cpu;

	report->online = cpuslab_cpumask_count(set);
	for (cpu = cpuslab_remote_next(&sample_events.handle, 0);
	     cpu != CPUSLAB_NO_CPU && report->rows < SAMPLE_ROWS;
	     cpu = cpuslab_remote_next(&sample_events.handle, cpu + 1)) {
		const uint64_t *word =
			cpuslab_remote(&sample_events.handle, cpu);

		report->row[report->rows].cpu = cpu;
		report->row[report->rows].online =
			cpuslab_cpumask_has(set, cpu);
		report->row[report->rows++].events =
			cpuslab_load_acquire_u64(word);
	}
	cpuslab_cpumask_put(set);
}

void sample_statistics(struct sample_report *report)
{
	struct cpuslab_stats stats;

	memset(report, 0, sizeof(*report));
	cpuslab_stats_get(sample_slab, &stats);
	report->generation = stats.generation;
	report->committed = stats.committed_bytes;
	report->limit = stats.limit;
	statistics_rows(report);
	report->events = cpuslab_counter_sum(&sample_events);
}
