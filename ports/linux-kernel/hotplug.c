// SPDX-License-Identifier: MIT
/*
 * hotplug.c - the kernel's cpuhp states, turned into the domain's calls.
 *
 *	cpuhp state        call of the domain   slabs
 *	PREPARE startup    add_start            allocate, construct, admit
 *	ONLINE startup     add_complete         (the set of CPUs grows)
 *	PREPARE teardown   remove               retain the block
 *	    likewise       add_failure          free it: the CPU never ran
 *
 * All domains of a module share these two states, as instances, because the
 * kernel has few to give: they exist while a domain follows. A refusal refuses
 * the onlining; the kernel then undoes the other drivers.
 */
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/printk.h>

#include <cpuslab/port/hotplug_common.h>

#include "../../lib/base/format.h"
#include "cas16.h"

/* The last call that the domain accepted for a CPU. */
enum {
	SEEN_NOTHING,
	SEEN_START,
	SEEN_COMPLETE,
	SEEN_LOGGED = 4, /* a flag: a refusal since then has been logged */
};

struct cpuslab_hotplug {
	struct cpuslab_domain *domain;
	u32 flags;
	struct hlist_node prepare; /* of the two states' instances */
	struct hlist_node online;
	struct cpuslab_hotplug_stats stats; /* W callbacks; R any */
	u8 seen[]; /* [nr_cpu_ids] SEEN_*; W callbacks, one at a time */
};

static DEFINE_MUTEX(hotplug_mutex); /* never taken by callbacks */
static unsigned int hotplug_users;
static enum cpuhp_state hotplug_prepare;
static enum cpuhp_state hotplug_online;

/* The name of a domain may hold anything, and must not end the line. */
static void hotplug_log(const struct cpuslab_domain *domain, const char *what,
			int err)
{
	char name[64] = "", line[192];
	struct cpuslab__text text = { name, sizeof(name), 0 };

	cpuslab__text_escaped(&text, cpuslab_domain_name(domain));
	snprintf(line, sizeof(line), "%s: %s: %s (%d)", name, what,
		 cpuslab_strerror(err), err);
	cpuslab__log_line(line);
}

static u8 hotplug_seen(const struct cpuslab_hotplug *hotplug, unsigned int cpu)
{
	return hotplug->seen[cpu] & ~SEEN_LOGGED;
}

/* ---- callbacks ----------------------------------------------------------- */

/*
 * Record that the domain accepted a call, after which @cpu is @seen, in @count;
 * or that it refused with @err. The library's error numbers are the kernel's.
 */
static int hotplug_record(struct cpuslab_hotplug *hotplug, unsigned int cpu,
			  u8 seen, u64 *count, int err)
{
	static const char *const refusals[] = {
		[SEEN_NOTHING] = "not removed",
		[SEEN_START] = "refused",
		[SEEN_COMPLETE] = "not completed",
	};

	if (err < 0) {
		char what[32];

		snprintf(what, sizeof(what), "CPU %u %s", cpu, refusals[seen]);
		if (!(hotplug->seen[cpu] & SEEN_LOGGED))
			hotplug_log(hotplug->domain, what, err);
		hotplug->seen[cpu] |= SEEN_LOGGED;
		return cpuslab__hotplug_count_error(&hotplug->stats, err);
	}
	/* The kernel repeats ONLINE when another driver vetoes an offline. */
	if (hotplug_seen(hotplug, cpu) != seen)
		cpuslab__hotplug_count(count);
	hotplug->seen[cpu] = seen;
	return 0;
}

/* What a startup callback returns. */
static int hotplug_refuse(struct cpuslab_hotplug *hotplug, int err)
{
	if (!err || hotplug->flags & CPUSLAB_HOTPLUG_NEVER_REFUSE)
		return 0;
	cpuslab__hotplug_count(&hotplug->stats.refusals);
	return err;
}

static int hotplug_prepare_startup(unsigned int cpu, struct hlist_node *node)
{
	struct cpuslab_hotplug *hotplug =
		hlist_entry(node, struct cpuslab_hotplug, prepare);
	int err = cpuslab_domain_add_start(hotplug->domain, cpu);

	err = hotplug_record(hotplug, cpu, SEEN_START, &hotplug->stats.starts,
			     err);
	return hotplug_refuse(hotplug, err);
}

static int hotplug_online_startup(unsigned int cpu, struct hlist_node *node)
{
	struct cpuslab_hotplug *hotplug =
		hlist_entry(node, struct cpuslab_hotplug, online);
	int err = cpuslab_domain_add_complete(hotplug->domain, cpu);

	err = hotplug_record(hotplug, cpu, SEEN_COMPLETE,
			     &hotplug->stats.completes, err);
	return hotplug_refuse(hotplug, err);
}

/*
 * Does nothing: the domain learns of a removal when the CPU is dead. But
 * without a callback here, 6.1 warns in its rollback after a refusal by the
 * startup.
 */
static int hotplug_online_teardown(unsigned int cpu, struct hlist_node *node)
{
	return 0;
}

/* The CPU is dead, or never came online. Cannot fail. */
static int hotplug_prepare_teardown(unsigned int cpu, struct hlist_node *node)
{
	struct cpuslab_hotplug *hotplug =
		hlist_entry(node, struct cpuslab_hotplug, prepare);
	struct cpuslab_domain *domain = hotplug->domain;

	if (hotplug_seen(hotplug, cpu) == SEEN_COMPLETE)
		hotplug_record(hotplug, cpu, SEEN_NOTHING,
			       &hotplug->stats.removals,
			       cpuslab_domain_remove(domain, cpu));
	else if (hotplug_seen(hotplug, cpu) == SEEN_START)
		hotplug_record(hotplug, cpu, SEEN_NOTHING,
			       &hotplug->stats.failures,
			       cpuslab_domain_add_failure(domain, cpu));
	return 0;
}

/* ---- the two states ------------------------------------------------------ */

/* The first user sets the states up, the last one removes them. */
static int hotplug_get(void)
{
	int prepare, online;

	lockdep_assert_held(&hotplug_mutex);
	if (hotplug_users)
		goto got;
	prepare = cpuhp_setup_state_multi(CPUHP_BP_PREPARE_DYN,
					  KBUILD_MODNAME "/cpuslab:prepare",
					  hotplug_prepare_startup,
					  hotplug_prepare_teardown);
	if (prepare < 0)
		return prepare;
	online = cpuhp_setup_state_multi(CPUHP_AP_ONLINE_DYN,
					 KBUILD_MODNAME "/cpuslab:online",
					 hotplug_online_startup,
					 hotplug_online_teardown);
	if (online < 0) {
		cpuhp_remove_multi_state(prepare);
		return online;
	}
	hotplug_prepare = prepare;
	hotplug_online = online;
got:
	hotplug_users++;
	return 0;
}

static void hotplug_put(void)
{
	lockdep_assert_held(&hotplug_mutex);
	if (--hotplug_users)
		return;
	cpuhp_remove_multi_state(hotplug_online);
	cpuhp_remove_multi_state(hotplug_prepare);
}

/* Tell the domain of the CPUs that are online; on an error undo that. */
static int hotplug_follow(struct cpuslab_hotplug *hotplug)
{
	int err = hotplug_get();

	if (err)
		return err;
	err = cpuhp_state_add_instance(hotplug_prepare, &hotplug->prepare);
	if (err)
		goto put;
	err = cpuhp_state_add_instance(hotplug_online, &hotplug->online);
	if (err)
		goto remove;
	return 0;
remove:
	cpuhp_state_remove_instance(hotplug_prepare, &hotplug->prepare);
put:
	hotplug_put();
	return err;
}

/* ---- life ---------------------------------------------------------------- */

static int hotplug_create(struct cpuslab_hotplug **hotplug,
			  struct cpuslab_domain *domain,
			  const struct cpuslab_hotplug_config *config)
{
	struct cpuslab_hotplug_config own;
	struct cpuslab_hotplug *created;
	int err = cpuslab__hotplug_config(&own, config,
					  CPUSLAB_HOTPLUG_NEVER_REFUSE, domain);

	if (err)
		return err;
	if (!cpuslab__cas16_available())
		return -EOPNOTSUPP;
	created = cpuslab_port_zalloc(struct_size(created, seen, nr_cpu_ids));
	if (!created)
		return -ENOMEM;
	created->domain = domain;
	created->flags = own.flags;
	created->stats.has_events = true;
	mutex_lock(&hotplug_mutex);
	err = hotplug_follow(created);
	mutex_unlock(&hotplug_mutex);
	if (err) {
		cpuslab_port_free(created);
		return err;
	}
	*hotplug = created;
	return 0;
}

int cpuslab_hotplug_create(struct cpuslab_hotplug **hotplug,
			   struct cpuslab_domain *domain,
			   const struct cpuslab_hotplug_config *config)
{
	int err;

	might_sleep();
	if (hotplug)
		*hotplug = NULL;
	if (!hotplug || !domain)
		return -EINVAL;
	err = hotplug_create(hotplug, domain, config);
	if (err)
		hotplug_log(domain, "CPUs are not followed", err);
	return err;
}

void cpuslab_hotplug_destroy(struct cpuslab_hotplug *hotplug)
{
	might_sleep();
	if (!hotplug || cpuslab__domain_keeps_hotplug(hotplug->domain))
		return;
	/* First: what follows waits for changes that are in progress. */
	cpuslab_domain_close(hotplug->domain);
	mutex_lock(&hotplug_mutex);
	cpuhp_state_remove_instance_nocalls(hotplug_online, &hotplug->online);
	cpuhp_state_remove_instance_nocalls(hotplug_prepare, &hotplug->prepare);
	hotplug_put();
	mutex_unlock(&hotplug_mutex);
	cpuslab_port_free(hotplug);
}

void cpuslab_hotplug_poke(struct cpuslab_hotplug *hotplug)
{
}

void cpuslab__hotplug_stats_fill(const struct cpuslab_hotplug *hotplug,
				 struct cpuslab_hotplug_stats *stats)
{
	static const struct cpuslab_hotplug_stats none;

	cpuslab__hotplug_stats_copy(stats, hotplug ? &hotplug->stats : &none);
}

int cpuslab_hotplug_check(const struct cpuslab_hotplug *hotplug)
{
	unsigned int cpu;

	if (!hotplug)
		return -EINVAL;
	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		if (cpuslab__hotplug_has(hotplug->domain, cpu) !=
		    (hotplug_seen(hotplug, cpu) == SEEN_COMPLETE))
			return -EINVAL;
	return 0;
}
