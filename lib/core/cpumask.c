/* SPDX-License-Identifier: MIT */
/*
 * cpumask.c - snapshots of a domain's CPUs: publishing, replacing, reading.
 *
 *	spares --publish--> domain->set --> replaced --grace period--> recycled
 *	   ^                                                              |
 *	   +--------------------------------------------------------------+
 */
#include "domain_internal.h"

static struct cpuslab_cpumask *cpumask_alloc(struct cpuslab_domain *domain)
{
	size_t words = cpuslab__cpubits_words(domain->limit);
	struct cpuslab_cpumask *mask;

	mask = cpuslab_port_zalloc(sizeof(*mask) + words * sizeof(uint64_t));
	if (!mask)
		return NULL;
	mask->domain = domain;
	cpuslab__cpubits_init(&mask->bits, domain->limit,
			      (uint64_t *)(mask + 1));
	return mask;
}

static struct cpuslab_cpumask *cpumask_spare_pop(struct cpuslab_domain *domain)
{
	struct cpuslab_cpumask *mask = domain->spares;

	domain->spares = mask->next;
	domain->spare_count--;
	return mask;
}

static void cpumask_spare_push(struct cpuslab_domain *domain,
			       struct cpuslab_cpumask *mask)
{
	mask->next = domain->spares;
	domain->spares = mask;
	domain->spare_count++;
}

/* Masks that no reader holds any more become spares. */
static void cpumask_reuse_recycled(struct cpuslab_domain *domain)
{
	struct cpuslab_cpumask *mask, *next;

	mask = (struct cpuslab_cpumask *)(uintptr_t)cpuslab_exchange_u64(
		&domain->recycled, 0);
	for (; mask; mask = next) {
		next = mask->next;
		cpumask_spare_push(domain, mask);
	}
}

int cpuslab__cpumask_reserve(struct cpuslab_domain *domain, uint32_t count)
{
	cpumask_reuse_recycled(domain);
	while (domain->spare_count < count) {
		struct cpuslab_cpumask *mask = cpumask_alloc(domain);

		if (!mask)
			return -CPUSLAB_ENOMEM;
		cpumask_spare_push(domain, mask);
	}
	return CPUSLAB_OK;
}

void cpuslab__cpumask_keep(struct cpuslab_domain *domain, uint32_t count)
{
	cpumask_reuse_recycled(domain);
	while (domain->spare_count > count)
		cpuslab_port_free(cpumask_spare_pop(domain));
}

int cpuslab__cpumask_init(struct cpuslab_domain *domain)
{
	domain->set = cpumask_alloc(domain);
	return domain->set ? CPUSLAB_OK : -CPUSLAB_ENOMEM;
}

static void cpumask_free_all(struct cpuslab_cpumask *mask)
{
	while (mask) {
		struct cpuslab_cpumask *next = mask->next;

		cpuslab_port_free(mask);
		mask = next;
	}
}

static void cpumask_retired(struct cpuslab_rcu *rcu)
{
	struct cpuslab_cpumask *mask = (struct cpuslab_cpumask *)rcu;
	struct cpuslab_domain *domain = mask->domain;
	struct cpuslab_cpumask *last = mask;
	uint64_t first = 0;

	while (last->next)
		last = last->next;
	do {
		last->next = (struct cpuslab_cpumask *)(uintptr_t)first;
	} while (!cpuslab_cas_u64(&domain->recycled, &first,
				  (uint64_t)(uintptr_t)mask));
}

/* Recycle the replaced masks after a grace period. */
void cpuslab__cpumask_retire(struct cpuslab_domain *domain)
{
	struct cpuslab_cpumask *sets = domain->replaced;

	if (!sets)
		return;
	domain->replaced = NULL;
	cpuslab_port_call_rcu(&sets->rcu, cpumask_retired);
}

bool cpuslab__cpumask_fini(struct cpuslab_domain *domain)
{
	/* Even if nothing is queued the last callback may not have returned. */
	if (domain->created && cpuslab_port_rcu_barrier())
		return false;
	cpumask_reuse_recycled(domain);
	cpumask_free_all(domain->replaced);
	cpumask_free_all(domain->spares);
	cpuslab_port_free(domain->set);
	return true;
}

static void cpumask_change(struct cpuslab_cpumask *mask, uint32_t cpu,
			   bool online)
{
	if (online)
		cpuslab__cpubits_set(&mask->bits, cpu);
	else
		cpuslab__cpubits_clear(&mask->bits, cpu);
	mask->count += online ? 1 : (uint32_t)-1;
	mask->generation++;
}

void cpuslab__cpumask_publish(struct cpuslab_domain *domain, uint32_t cpu,
			      bool online)
{
	struct cpuslab_cpumask *old = domain->set;
	struct cpuslab_cpumask *mask;

	if (!domain->created) {
		cpumask_change(old, cpu, online);
		return;
	}
	mask = cpumask_spare_pop(domain);
	memcpy(mask->bits.top, old->bits.top,
	       cpuslab__cpubits_words(domain->limit) * sizeof(uint64_t));
	mask->count = old->count;
	mask->generation = old->generation;
	cpumask_change(mask, cpu, online);
	/*
	 * [cpumask] Count, bits and generation become visible with one store;
	 * pairs with cpuslab_cpumask_get(). Without it a reader could see a
	 * count that does not match the bits.
	 */
	cpuslab_store_release_ptr(&domain->set, mask);
	/*
	 * Ending a grace period interrupts all CPUs on most systems, so an add
	 * starts none: the masks that adds replace await the next removal.
	 */
	old->next = domain->replaced;
	domain->replaced = old;
	if (!online)
		cpuslab__cpumask_retire(domain);
}

const struct cpuslab_cpumask *
cpuslab_cpumask_get(const struct cpuslab_domain *domain)
{
	cpuslab_port_read_enter();
	/* [cpumask] Pairs with cpuslab__cpumask_publish(). */
	return cpuslab_load_acquire_ptr(&domain->set);
}

void cpuslab_cpumask_put(const struct cpuslab_cpumask *mask)
{
	(void)mask;
	cpuslab_port_read_exit();
}

uint64_t cpuslab_cpumask_generation(const struct cpuslab_cpumask *mask)
{
	return mask->generation;
}

uint32_t cpuslab_cpumask_count(const struct cpuslab_cpumask *mask)
{
	return mask->count;
}

bool cpuslab_cpumask_has(const struct cpuslab_cpumask *mask, uint32_t cpu)
{
	return cpuslab__cpubits_has(&mask->bits, cpu);
}

uint32_t cpuslab_cpumask_next(const struct cpuslab_cpumask *mask, uint32_t cpu)
{
	return cpuslab__cpubits_next(&mask->bits, cpu);
}
