/* SPDX-License-Identifier: MIT */
#include <cpuslab/stats.h>

#include <cpuslab/cpumask.h>

#include "slab_internal.h"
#include "../base/format.h"

static void stats_extents(const struct cpuslab_slab *slab,
			  struct cpuslab_stats *stats)
{
	const struct cpuslab_extent *extent;

	stats->in_use = cpuslab__cpubits_count(&slab->in_use);
	for (extent = slab->extents; extent; extent = extent->next) {
		const struct cpuslab_blocks *blocks = &extent->blocks;
		uint64_t held = (uint64_t)stats->in_use + 1;

		stats->extents++;
		stats->committed_bytes += blocks->bytes * held;
		stats->reserved_bytes +=
			blocks->bytes * (blocks->directory ?
						 held :
						 (uint64_t)blocks->limit + 1);
	}
	stats->residual_bytes =
		(uint64_t)slab->summary->first[slab->summary->addends.slots] *
		sizeof(uint64_t);
}

/* The domain may have been destroyed before its slab. */
static void stats_domain(const struct cpuslab_slab *slab,
			 struct cpuslab_stats *stats)
{
	struct cpuslab_domain *domain =
		cpuslab_load_relaxed_ptr(&slab->client.domain);
	const struct cpuslab_cpumask *set;

	stats->domain = "";
	if (!domain)
		return;
	stats->domain = slab->domain_name;
	set = cpuslab_cpumask_get(domain);
	stats->generation = cpuslab_cpumask_generation(set);
	stats->online = cpuslab_cpumask_count(set);
	cpuslab_cpumask_put(set);
}

static void stats_cpus(const struct cpuslab_slab *slab,
		       struct cpuslab_stats *stats)
{
	uint32_t cpu;

	cpuslab__cpubits_for_each(cpu, &slab->in_use) {
		uint32_t state = cpuslab__state(slab, cpu);

		if (state == SLAB_DRAINING || state == SLAB_DEAD)
			stats->draining++;
		else if (slab->state[cpu] & SLAB_REGISTERED)
			continue;
		else if (slab->state[cpu] & SLAB_WAS_REGISTERED)
			stats->retained++;
		else
			stats->unannounced++;
	}
}

/* Where nothing changes it meanwhile. */
static void stats_read(const struct cpuslab_slab *slab,
		       struct cpuslab_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->name = slab->name;
	stats_domain(slab, stats);
	stats->limit = slab->limit;
	stats->atomic = cpuslab_port_uses_atomics();
	stats->by_cid = slab->by_cid;
	stats->registration = cpuslab_port_registration();
	stats_extents(slab, stats);
	stats_cpus(slab, stats);
	stats->objects = slab->objects;
	stats->admissions = slab->admissions;
	stats->on_demand = slab->on_demand;
	stats->refusals = slab->refusals;
	stats->releases = slab->releases;
	stats->release_deferred = slab->release_deferred;
	memcpy(stats->deferred_by, slab->deferred_by,
	       sizeof(stats->deferred_by));
	stats->shared_ops = cpuslab_load_relaxed_u64(&slab->shared_ops);
}

/* In a callback, or a child where nothing changes it any more. */
static bool stats_needs_no_lock(const struct cpuslab_slab *slab)
{
	return cpuslab__mutex_is_held(&slab->mutex) ||
	       cpuslab__mutex_is_lost(&slab->mutex);
}

bool cpuslab__stats_try(struct cpuslab_slab *slab, struct cpuslab_stats *stats)
{
	bool lock = !stats_needs_no_lock(slab);

	if (lock && !cpuslab__mutex_trylock(&slab->mutex))
		return false;
	stats_read(slab, stats);
	if (lock)
		cpuslab__mutex_unlock(&slab->mutex);
	return true;
}

void cpuslab__stats_fill(struct cpuslab_slab *slab, struct cpuslab_stats *stats)
{
	/* Or it needs no lock, as above. */
	bool entered = !cpuslab__mutex_enter(&slab->mutex);
	struct cpuslab_stats own;

	stats_read(slab, &own);
	if (entered)
		cpuslab__mutex_unlock(&slab->mutex);
	cpuslab__stats_store(stats, &own, sizeof(own));
}

static void stats_each(const struct cpuslab_stats *stats,
		       struct cpuslab__text *text, cpuslab__text_named *write)
{
	write(text, "generation", stats->generation);
	write(text, "limit", stats->limit);
	write(text, "online", stats->online);
	write(text, "in_use", stats->in_use);
	write(text, "unannounced", stats->unannounced);
	write(text, "retained", stats->retained);
	write(text, "draining", stats->draining);
	write(text, "extents", stats->extents);
	write(text, "objects", stats->objects);
	write(text, "reserved_bytes", stats->reserved_bytes);
	write(text, "committed_bytes", stats->committed_bytes);
	write(text, "residual_bytes", stats->residual_bytes);
	write(text, "admissions", stats->admissions);
	write(text, "on_demand", stats->on_demand);
	write(text, "refusals", stats->refusals);
	write(text, "releases", stats->releases);
	write(text, "release_deferred", stats->release_deferred);
	write(text, "shared_ops", stats->shared_ops);
	write(text, "atomic", stats->atomic);
	write(text, "by_cid", stats->by_cid);
}

/* What the caller has, the rest as zeros. False: it is no such struct. */
static bool stats_load(struct cpuslab_stats *own,
		       const struct cpuslab_stats *stats, char *buf,
		       size_t size)
{
	if (size)
		buf[0] = '\0';
	return !CPUSLAB__CONFIG_LOAD(own, cpuslab_stats, registration, stats);
}

void cpuslab__stats_lines(struct cpuslab__text *text,
			  const struct cpuslab_stats *stats)
{
	cpuslab__text_string(text, "name ");
	cpuslab__text_escaped(text, stats->name);
	cpuslab__text_string(text, "\ndomain ");
	cpuslab__text_escaped(text, stats->domain);
	cpuslab__text_string(text, "\ndeferred_by ");
	cpuslab__text_escaped(text, stats->deferred_by);
	cpuslab__text_string(text, "\nregistration ");
	cpuslab__text_escaped(text, stats->registration);
	cpuslab__text_string(text, "\n");
	stats_each(stats, text, cpuslab__text_line);
}

void cpuslab__stats_members(struct cpuslab__text *text,
			    const struct cpuslab_stats *stats)
{
	cpuslab__text_string(text, "\"name\":");
	cpuslab__text_quoted(text, stats->name);
	cpuslab__text_string(text, ",\"domain\":");
	cpuslab__text_quoted(text, stats->domain);
	cpuslab__text_string(text, ",\"deferred_by\":");
	cpuslab__text_quoted(text, stats->deferred_by);
	cpuslab__text_string(text, ",\"registration\":");
	cpuslab__text_quoted(text, stats->registration);
	stats_each(stats, text, cpuslab__text_member);
}

size_t cpuslab_stats_text(const struct cpuslab_stats *stats, char *buf,
			  size_t size)
{
	struct cpuslab__text text = { buf, size, 0 };
	struct cpuslab_stats own;

	if (stats_load(&own, stats, buf, size))
		cpuslab__stats_lines(&text, &own);
	return text.length;
}

size_t cpuslab_stats_json(const struct cpuslab_stats *stats, char *buf,
			  size_t size)
{
	struct cpuslab__text text = { buf, size, 0 };
	struct cpuslab_stats own;

	if (!stats_load(&own, stats, buf, size))
		return 0;
	cpuslab__text_string(&text, "{");
	cpuslab__stats_members(&text, &own);
	cpuslab__text_string(&text, "}");
	return text.length;
}
