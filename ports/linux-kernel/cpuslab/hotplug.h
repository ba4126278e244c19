/* SPDX-License-Identifier: MIT */
/*
 * hotplug.h - a domain that follows the kernel's CPUs.
 *
 *	cpuhp state		the domain	slabs
 *	PREPARE, startup	add_start	commit, construct, let in; may refuse
 *	ONLINE, startup		add_complete	(the set of CPUs grows)
 *	PREPARE, teardown	remove		keep the block; or, if it never got
 *			  	add_failure	online, give it back
 *
 * All domains of a module share these two states, as instances. A refusal
 * refuses the onlining, with the other drivers undone by the kernel. A
 * CPU that goes keeps its blocks until cpuslab_domain_trim(), so coming
 * back, from a suspend for instance, needs no memory and cannot fail.
 *
 *	static struct cpuslab_cpuhp hp;
 *	static struct cpuslab_slab *slab;
 *
 *	err = cpuslab_cpuhp_init(&hp, "mydriver");
 *	err = cpuslab_slab_create(&slab, hp.domain, NULL);
 *	...
 *	cpuslab_slab_destroy(slab);
 *	cpuslab_cpuhp_fini(&hp);
 *
 * Lock order: the kernel's hotplug lock, the domain's, the slab's. Never call
 * anything here, nor alloc, free, create or destroy, with a lock held that a
 * cpuhp callback of yours takes.
 */
#ifndef CPUSLAB_HOTPLUG_H
#define CPUSLAB_HOTPLUG_H

#include <cpuslab/domain.h>

struct cpuslab_cpuhp {
	struct cpuslab_domain *domain; /* NULL before init and after fini */
	/* The rest is ours. */
	struct hlist_node prepare;
	struct hlist_node online;
};

/**
 * cpuslab_cpuhp_init() - make a domain and have it follow the kernel.
 * @hp:   zeroed, or after cpuslab_cpuhp_fini().
 * @name: for reports; copied.
 *
 * Context: task, may sleep, allocates. Takes the hotplug lock, so not inside a
 *          cpuhp callback nor under cpus_read_lock().
 * Return:  0; -ENOMEM; -EOPNOTSUPP on a machine without a compare-and-swap of
 *          16 bytes; -EBUSY if @hp follows already; -ENOSPC if the kernel has
 *          no dynamic state left; what a refusing client returns.
 */
int cpuslab_cpuhp_init(struct cpuslab_cpuhp *hp, const char *name);

/**
 * cpuslab_cpuhp_fini() - follow no longer, and destroy the domain.
 * @hp: whose slabs and other clients are gone; those left are reported.
 *
 * From the call on whoever registers is refused, -ESHUTDOWN. No callback is
 * under way when it returns. A second call does nothing.
 *
 * Context: as cpuslab_cpuhp_init().
 */
void cpuslab_cpuhp_fini(struct cpuslab_cpuhp *hp);

#endif /* CPUSLAB_HOTPLUG_H */
