/* SPDX-License-Identifier: MIT */
#include "domain_internal.h"

static struct cpuslab_cpumask *cpumask_alloc(struct cpuslab_domain *domain)
{
	size_t words = cpuslab__cpubits_words(domain->limit);
	struct cpuslab_cpumask *set;

	set = cpuslab_port_zalloc(sizeof(*set) + words * sizeof(uint64_t));
	if (!set)
		return NULL;
	set->domain = domain;
	cpuslab__cpubits_init(&set->bits, domain->limit, (uint64_t *)(set + 1));
	return set;
}

static struct cpuslab_cpumask *cpumask_take_spare(struct cpuslab_domain *domain)
{
	struct cpuslab_cpumask *set = domain->spares;

	domain->spares = set->next;
	domain->spare_count--;
	return set;
}

static void cpumask_give_spare(struct cpuslab_domain *domain,
			       struct cpuslab_cpumask *set)
{
	set->next = domain->spares;
	domain->spares = set;
	domain->spare_count++;
}

/* What readers have left is a spare again. */
static void cpumask_take_recycled(struct cpuslab_domain *domain)
{
	struct cpuslab_cpumask *set, *next;

	set = (struct cpuslab_cpumask *)(uintptr_t)cpuslab_exchange_u64(
		&domain->recycled, 0);
	for (; set; set = next) {
		next = set->next;
		cpumask_give_spare(domain, set);
	}
}

int cpuslab__cpumask_reserve(struct cpuslab_domain *domain, uint32_t count)
{
	cpumask_take_recycled(domain);
	while (domain->spare_count < count) {
		struct cpuslab_cpumask *set = cpumask_alloc(domain);

		if (!set)
			return -CPUSLAB_ENOMEM;
		cpumask_give_spare(domain, set);
	}
	return CPUSLAB_OK;
}

int cpuslab__cpumask_init(struct cpuslab_domain *domain)
{
	domain->set = cpumask_alloc(domain);
	return domain->set ? CPUSLAB_OK : -CPUSLAB_ENOMEM;
}

static void cpumask_free_all(struct cpuslab_cpumask *set)
{
	while (set) {
		struct cpuslab_cpumask *next = set->next;

		cpuslab_port_free(set);
		set = next;
	}
}

static void cpumask_retired(struct cpuslab_rcu *rcu)
{
	struct cpuslab_cpumask *set = (struct cpuslab_cpumask *)rcu;
	struct cpuslab_domain *domain = set->domain;
	struct cpuslab_cpumask *last = set;
	uint64_t first = 0;

	while (last->next)
		last = last->next;
	do {
		last->next = (struct cpuslab_cpumask *)(uintptr_t)first;
	} while (!cpuslab_cas_u64(&domain->recycled, &first,
				  (uint64_t)(uintptr_t)set));
	cpuslab_fetch_add_u32(&domain->retiring, (uint32_t)-1);
}

/* Let the replaced sets be spares again, after a grace period. */
void cpuslab__cpumask_retire(struct cpuslab_domain *domain)
{
	struct cpuslab_cpumask *sets = domain->replaced;

	if (!sets)
		return;
	domain->replaced = NULL;
	cpuslab_fetch_add_u32(&domain->retiring, 1);
	cpuslab_port_call_rcu(&sets->rcu, cpumask_retired);
}

void cpuslab__cpumask_fini(struct cpuslab_domain *domain)
{
	int err = CPUSLAB_OK;

	/* Once even if none waits: the last may not have left its callback. */
	if (domain->created)
		err = cpuslab_port_rcu_barrier();
	while (!err && cpuslab_load_acquire_u32(&domain->retiring))
		err = cpuslab_port_rcu_barrier();
	cpumask_take_recycled(domain);
	cpumask_free_all(domain->replaced);
	cpumask_free_all(domain->spares);
	cpuslab_port_free(domain->set);
}

static void cpumask_change(struct cpuslab_cpumask *set, uint32_t cpu,
			   bool online)
{
	if (online)
		cpuslab__cpubits_set(&set->bits, cpu);
	else
		cpuslab__cpubits_clear(&set->bits, cpu);
	set->count += online ? 1 : (uint32_t)-1;
	set->generation++;
}

void cpuslab__cpumask_publish(struct cpuslab_domain *domain, uint32_t cpu,
			      bool online)
{
	struct cpuslab_cpumask *old = domain->set;
	struct cpuslab_cpumask *set;

	if (!domain->created) {
		cpumask_change(old, cpu, online);
		return;
	}
	set = cpumask_take_spare(domain);
	memcpy(set->bits.top, old->bits.top,
	       cpuslab__cpubits_words(domain->limit) * sizeof(uint64_t));
	set->count = old->count;
	set->generation = old->generation;
	cpumask_change(set, cpu, online);
	/*
	 * [cpumask] Count, bits and generation become visible with one store;
	 * pairs with cpuslab_cpumask_get().
	 */
	cpuslab_store_release_ptr(&domain->set, set);
	/*
	 * Grace periods broadcast a fence, and an add sends none: what adds
	 * replaced goes with the next removal.
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
	/* [cpumask] pairs with cpuslab__cpumask_publish(). */
	return cpuslab_load_acquire_ptr(&domain->set);
}

void cpuslab_cpumask_put(const struct cpuslab_cpumask *set)
{
	(void)set;
	cpuslab_port_read_exit();
}

uint64_t cpuslab_cpumask_generation(const struct cpuslab_cpumask *set)
{
	return set->generation;
}

uint32_t cpuslab_cpumask_count(const struct cpuslab_cpumask *set)
{
	return set->count;
}

bool cpuslab_cpumask_has(const struct cpuslab_cpumask *set, uint32_t cpu)
{
	return cpuslab__cpubits_has(&set->bits, cpu);
}

uint32_t cpuslab_cpumask_next(const struct cpuslab_cpumask *set, uint32_t cpu)
{
	return cpuslab__cpubits_next(&set->bits, cpu);
}
