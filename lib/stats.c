/* SPDX-License-Identifier: MIT */
#include <cpuslab/stats.h>

#include <cpuslab/cpuset.h>

#include "slab.h"
#include "text.h"

static void stats_extents(const struct cpuslab_slab *slab,
			  struct cpuslab_stats *stats)
{
	uint32_t blocks = cpuslab__bits_count(&slab->in_use);
	const struct cpuslab_extent *extent;

	stats->reach = slab->limit;
	for (extent = slab->extents; extent; extent = extent->next) {
		uint32_t held = 1, cpu; /* the overflow */

		cpuslab__bits_for_each(cpu, &slab->in_use)
			held += cpu < extent->limit;
		stats->extents++;
		stats->reserved_bytes += extent->reserved;
		stats->committed_bytes +=
			extent->header + held * extent->committed;
		if (extent->limit < stats->reach)
			stats->reach = extent->limit;
	}
	stats->in_use = blocks;
}

/* Nothing, if the domain was destroyed before its slab. */
static void stats_domain(const struct cpuslab_domain *domain,
			 struct cpuslab_stats *stats)
{
	const struct cpuslab_cpuset *set;

	stats->domain = "";
	if (!domain)
		return;
	stats->domain = cpuslab_domain_name(domain);
	set = cpuslab_cpuset_get(domain);
	stats->generation = cpuslab_cpuset_generation(set);
	stats->online = cpuslab_cpuset_count(set);
	cpuslab_cpuset_put(set);
}

static void stats_processors(const struct cpuslab_slab *slab,
			     struct cpuslab_stats *stats)
{
	uint32_t cpu;

	cpuslab__bits_for_each(cpu, &slab->in_use) {
		uint32_t state = cpuslab__state(slab, cpu);

		if (state == SLAB_DRAINING || state == SLAB_DEAD)
			stats->draining++;
		else if (slab->state[cpu] & SLAB_MEMBER)
			continue;
		else if (slab->state[cpu] & SLAB_WAS_MEMBER)
			stats->retained++;
		else
			stats->visitors++;
	}
}

void cpuslab_stats_get(struct cpuslab_slab *slab, struct cpuslab_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->name = slab->name;
	stats_domain(slab->client.domain, stats);
	stats->limit = slab->limit;
	stats->atomic = cpuslab_port_atomic();
	cpuslab__slab_lock(slab);
	stats_extents(slab, stats);
	stats_processors(slab, stats);
	stats->objects = slab->objects;
	stats->admissions = slab->admissions;
	stats->on_demand = slab->on_demand;
	stats->refusals = slab->refusals;
	stats->releases = slab->releases;
	stats->kept = slab->kept;
	stats->overflow = cpuslab_load_relaxed_u64(&slab->overflow);
	cpuslab__slab_unlock(slab);
}

struct stats_number {
	const char *name;
	uint64_t value;
};

#define STATS_NUMBERS 19

static void stats_numbers(const struct cpuslab_stats *stats,
			  struct stats_number *numbers)
{
	const struct stats_number all[STATS_NUMBERS] = {
		{ "generation", stats->generation },
		{ "limit", stats->limit },
		{ "reach", stats->reach },
		{ "online", stats->online },
		{ "in_use", stats->in_use },
		{ "visitors", stats->visitors },
		{ "retained", stats->retained },
		{ "draining", stats->draining },
		{ "extents", stats->extents },
		{ "objects", stats->objects },
		{ "reserved_bytes", stats->reserved_bytes },
		{ "committed_bytes", stats->committed_bytes },
		{ "admissions", stats->admissions },
		{ "on_demand", stats->on_demand },
		{ "refusals", stats->refusals },
		{ "releases", stats->releases },
		{ "kept", stats->kept },
		{ "overflow", stats->overflow },
		{ "atomic", stats->atomic },
	};

	memcpy(numbers, all, sizeof(all));
}

size_t cpuslab_stats_text(const struct cpuslab_stats *stats, char *buf,
			  size_t size)
{
	struct cpuslab__text text = { buf, size, 0 };
	struct stats_number numbers[STATS_NUMBERS];
	size_t i;

	if (size)
		buf[0] = '\0';
	stats_numbers(stats, numbers);
	cpuslab__text_string(&text, "name ");
	cpuslab__text_string(&text, stats->name);
	cpuslab__text_string(&text, "\ndomain ");
	cpuslab__text_string(&text, stats->domain);
	cpuslab__text_string(&text, "\n");
	for (i = 0; i < STATS_NUMBERS; i++) {
		cpuslab__text_string(&text, numbers[i].name);
		cpuslab__text_string(&text, " ");
		cpuslab__text_number(&text, numbers[i].value);
		cpuslab__text_string(&text, "\n");
	}
	return text.length;
}

size_t cpuslab_stats_json(const struct cpuslab_stats *stats, char *buf,
			  size_t size)
{
	struct cpuslab__text text = { buf, size, 0 };
	struct stats_number numbers[STATS_NUMBERS];
	size_t i;

	if (size)
		buf[0] = '\0';
	stats_numbers(stats, numbers);
	cpuslab__text_string(&text, "{\"name\":");
	cpuslab__text_quoted(&text, stats->name);
	cpuslab__text_string(&text, ",\"domain\":");
	cpuslab__text_quoted(&text, stats->domain);
	for (i = 0; i < STATS_NUMBERS; i++) {
		cpuslab__text_string(&text, ",\"");
		cpuslab__text_string(&text, numbers[i].name);
		cpuslab__text_string(&text, "\":");
		cpuslab__text_number(&text, numbers[i].value);
	}
	cpuslab__text_string(&text, "}");
	return text.length;
}
