// SPDX-License-Identifier: MIT
/*
 * hotplug.c - the kernel's hotplug states, turned into the five calls.
 *
 * Two states for all domains, because the kernel has few to give: they exist
 * while anybody follows.
 */
#include <linux/cpuhotplug.h>
#include <linux/mutex.h>
#include <linux/printk.h>

#include <cpuslab/hotplug.h>

#include "cas16.h"

static DEFINE_MUTEX(cpuhp_mutex); /* never taken by callbacks */
static unsigned int cpuhp_users;
static enum cpuhp_state cpuhp_prepare;
static enum cpuhp_state cpuhp_online;

/* The library's error numbers are the kernel's. */
static int cpuhp_say(const struct cpuslab_domain *domain, unsigned int cpu,
		     const char *what, int err)
{
	if (err < 0)
		pr_err("%s: CPU %u %s: %s (%d)\n", cpuslab_domain_name(domain),
		       cpu, what, cpuslab_strerror(err), err);
	return err < 0 ? err : 0;
}

static int cpuhp_prepare_start(unsigned int cpu, struct hlist_node *node)
{
	struct cpuslab_cpuhp *hp =
		hlist_entry(node, struct cpuslab_cpuhp, prepare);

	return cpuhp_say(hp->domain, cpu, "refused",
			 cpuslab_domain_add_start(hp->domain, cpu));
}

/* Dead, or it never lived: the domain knows which. Cannot fail. */
static int cpuhp_prepare_end(unsigned int cpu, struct hlist_node *node)
{
	struct cpuslab_cpuhp *hp =
		hlist_entry(node, struct cpuslab_cpuhp, prepare);

	cpuhp_say(hp->domain, cpu, "not removed",
		  cpuslab_domain_remove(hp->domain, cpu));
	return 0;
}

static int cpuhp_online_start(unsigned int cpu, struct hlist_node *node)
{
	struct cpuslab_cpuhp *hp =
		hlist_entry(node, struct cpuslab_cpuhp, online);

	return cpuhp_say(hp->domain, cpu, "not completed",
			 cpuslab_domain_add_complete(hp->domain, cpu));
}

/* The first user brings the states, the last one takes them away. */
static int cpuhp_get(void)
{
	int prepare, online;

	lockdep_assert_held(&cpuhp_mutex);
	if (cpuhp_users)
		goto got;
	prepare = cpuhp_setup_state_multi(CPUHP_BP_PREPARE_DYN,
					  KBUILD_MODNAME "/cpuslab:prepare",
					  cpuhp_prepare_start,
					  cpuhp_prepare_end);
	if (prepare < 0)
		return prepare;
	online = cpuhp_setup_state_multi(CPUHP_AP_ONLINE_DYN,
					 KBUILD_MODNAME "/cpuslab:online",
					 cpuhp_online_start, NULL);
	if (online < 0) {
		cpuhp_remove_multi_state(prepare);
		return online;
	}
	cpuhp_prepare = prepare;
	cpuhp_online = online;
got:
	cpuhp_users++;
	return 0;
}

static void cpuhp_put(void)
{
	lockdep_assert_held(&cpuhp_mutex);
	if (--cpuhp_users)
		return;
	cpuhp_remove_multi_state(cpuhp_online);
	cpuhp_remove_multi_state(cpuhp_prepare);
}

/* Shows it the CPUs that there are. */
static int cpuhp_follow(struct cpuslab_cpuhp *hp)
{
	int err = cpuhp_state_add_instance(cpuhp_prepare, &hp->prepare);

	if (err)
		return err;
	err = cpuhp_state_add_instance(cpuhp_online, &hp->online);
	if (err)
		cpuhp_state_remove_instance_nocalls(cpuhp_prepare,
						    &hp->prepare);
	return err;
}

static int cpuhp_init(struct cpuslab_cpuhp *hp, const char *name)
{
	const struct cpuslab_domain_config config = {
		.name = name,
		.flags = CPUSLAB_DOMAIN_START_EMPTY | CPUSLAB_DOMAIN_RETAIN |
			 CPUSLAB_DOMAIN_ADMIT_EARLY,
	};
	int err;

	if (!cpuslab__cas16_available())
		return -EOPNOTSUPP;
	if (hp->domain)
		return -EBUSY;
	err = cpuhp_get();
	if (err)
		return err;
	err = cpuslab_domain_create(&hp->domain, &config);
	if (err)
		goto put;
	err = cpuhp_follow(hp);
	if (err)
		goto destroy;
	return 0;
destroy:
	cpuslab_domain_destroy(hp->domain);
	hp->domain = NULL;
put:
	cpuhp_put();
	return err;
}

int cpuslab_cpuhp_init(struct cpuslab_cpuhp *hp, const char *name)
{
	int err;

	might_sleep();
	if (!hp || !name)
		return -EINVAL;
	mutex_lock(&cpuhp_mutex);
	err = cpuhp_init(hp, name);
	mutex_unlock(&cpuhp_mutex);
	if (err)
		pr_err("%s: CPUs are not followed: %s (%d)\n", name,
		       cpuslab_strerror(err), err);
	return err;
}

void cpuslab_cpuhp_fini(struct cpuslab_cpuhp *hp)
{
	might_sleep();
	if (!hp->domain)
		return;
	/* First of all: what follows waits for changes that are under way. */
	cpuslab_domain_close(hp->domain);
	mutex_lock(&cpuhp_mutex);
	cpuhp_state_remove_instance_nocalls(cpuhp_online, &hp->online);
	cpuhp_state_remove_instance_nocalls(cpuhp_prepare, &hp->prepare);
	cpuslab_domain_destroy(hp->domain);
	hp->domain = NULL;
	cpuhp_put();
	mutex_unlock(&cpuhp_mutex);
}
