/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_HOTPLUG_COMMON_H
#define CPUSLAB_HOTPLUG_COMMON_H
/*
 * hotplug_common.h - what the hotplugs of all ports share: which configs they
 * accept, and counts that any thread may read.
 */

#include <cpuslab/cpumask.h>
#include <cpuslab/hotplug.h>
#include <cpuslab/log_hook.h>
#include <cpuslab/port.h>

CPUSLAB_BEGIN

/*
 * Copy @from, or the defaults for NULL, to @config. -CPUSLAB_EINVAL: a port
 * that knows the flags @known cannot have @domain follow the system like that;
 * -CPUSLAB_EBUSY in a callback.
 */
CPUSLAB_INLINE int
cpuslab__hotplug_config(struct cpuslab_hotplug_config *config,
			const struct cpuslab_hotplug_config *from,
			uint32_t known, struct cpuslab_domain *domain)
{
	const uint32_t needed = CPUSLAB_HOTPLUG_DOMAIN_FLAGS;
	int err = CPUSLAB__CONFIG_LOAD(config, cpuslab_hotplug_config,
				       receive_bytes, from);

	if (err)
		return err;
	if (!config->rescan_ms)
		config->rescan_ms = CPUSLAB_HOTPLUG_RESCAN_MS;
	if (!domain || (config->flags & ~known))
		return -CPUSLAB_EINVAL;
	if (cpuslab__domain_is_held(domain))
		return -CPUSLAB_EBUSY;
	if ((cpuslab_domain_flags(domain) & needed) == needed)
		return CPUSLAB_OK;
	cpuslab__log_line("a hotplug refused its domain, which was made "
			  "without CPUSLAB_HOTPLUG_DOMAIN_FLAGS");
	return -CPUSLAB_EINVAL;
}

/* Is @cpu online in @domain? */
CPUSLAB_INLINE bool cpuslab__hotplug_has(const struct cpuslab_domain *domain,
					 uint32_t cpu)
{
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(domain);
	bool has = cpuslab_cpumask_has(set, cpu);

	cpuslab_cpumask_put(set);
	return has;
}

CPUSLAB_INLINE void cpuslab__hotplug_count(cpuslab_word *count)
{
	cpuslab_fetch_add_u64(count, 1);
}

/* Count the result @err of a call that the domain refused, and return it. */
CPUSLAB_INLINE int
cpuslab__hotplug_count_error(struct cpuslab_hotplug_stats *stats, int err)
{
	cpuslab__hotplug_count(&stats->errors);
	cpuslab_store_relaxed_u32((uint32_t *)&stats->last_error,
				  (uint32_t)err);
	return err;
}

/* Write the counts of a hotplug to the caller's struct. */
CPUSLAB_INLINE void
cpuslab__hotplug_stats_copy(struct cpuslab_hotplug_stats *stats,
			    const struct cpuslab_hotplug_stats *from)
{
	struct cpuslab_hotplug_stats own, *to = &own;

	to->starts = cpuslab_load_relaxed_u64(&from->starts);
	to->completes = cpuslab_load_relaxed_u64(&from->completes);
	to->failures = cpuslab_load_relaxed_u64(&from->failures);
	to->removals = cpuslab_load_relaxed_u64(&from->removals);
	to->refusals = cpuslab_load_relaxed_u64(&from->refusals);
	to->events = cpuslab_load_relaxed_u64(&from->events);
	to->lost = cpuslab_load_relaxed_u64(&from->lost);
	to->rescans = cpuslab_load_relaxed_u64(&from->rescans);
	to->ignored = cpuslab_load_relaxed_u64(&from->ignored);
	to->errors = cpuslab_load_relaxed_u64(&from->errors);
	to->last_error = (int)cpuslab_load_relaxed_u32(
		(const uint32_t *)&from->last_error);
	to->has_events = cpuslab_load_relaxed_u8(
				 (const uint8_t *)&from->has_events) != 0;
	cpuslab__stats_store(stats, &own, sizeof(own));
}

CPUSLAB_END

#endif /* CPUSLAB_HOTPLUG_COMMON_H */
