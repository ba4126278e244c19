/* SPDX-License-Identifier: MIT */
#include "domain.h"

static struct cpuslab_cpuset *cpuset_alloc(struct cpuslab_domain *domain)
{
	size_t words = cpuslab__bits_words(domain->limit);
	struct cpuslab_cpuset *set;

	set = cpuslab_port_zalloc(sizeof(*set) + words * sizeof(uint64_t));
	if (!set)
		return NULL;
	set->domain = domain;
	cpuslab__bits_init(&set->bits, domain->limit, (uint64_t *)(set + 1));
	return set;
}

static struct cpuslab_cpuset *cpuset_take_spare(struct cpuslab_domain *domain)
{
	struct cpuslab_cpuset *set = domain->spares;

	domain->spares = set->next;
	domain->spare_count--;
	return set;
}

static void cpuset_give_spare(struct cpuslab_domain *domain,
			      struct cpuslab_cpuset *set)
{
	set->next = domain->spares;
	domain->spares = set;
	domain->spare_count++;
}

/* What readers have left is a spare again. */
static void cpuset_take_recycled(struct cpuslab_domain *domain)
{
	struct cpuslab_cpuset *set, *next;

	set = (struct cpuslab_cpuset *)(uintptr_t)cpuslab_exchange_u64(
		&domain->recycled, 0);
	for (; set; set = next) {
		next = set->next;
		cpuset_give_spare(domain, set);
	}
}

int cpuslab__cpuset_reserve(struct cpuslab_domain *domain, uint32_t count)
{
	cpuset_take_recycled(domain);
	while (domain->spare_count < count) {
		struct cpuslab_cpuset *set = cpuset_alloc(domain);

		if (!set)
			return -CPUSLAB_ENOMEM;
		cpuset_give_spare(domain, set);
	}
	return CPUSLAB_OK;
}

int cpuslab__cpuset_init(struct cpuslab_domain *domain)
{
	domain->set = cpuset_alloc(domain);
	return domain->set ? CPUSLAB_OK : -CPUSLAB_ENOMEM;
}

static void cpuset_free_all(struct cpuslab_cpuset *set)
{
	while (set) {
		struct cpuslab_cpuset *next = set->next;

		cpuslab_port_free(set);
		set = next;
	}
}

static void cpuset_retired(struct cpuslab_rcu *rcu)
{
	struct cpuslab_cpuset *set = (struct cpuslab_cpuset *)rcu;
	struct cpuslab_domain *domain = set->domain;
	struct cpuslab_cpuset *last = set;
	uint64_t first = 0;

	while (last->next)
		last = last->next;
	do {
		last->next = (struct cpuslab_cpuset *)(uintptr_t)first;
	} while (!cpuslab_cas_u64(&domain->recycled, &first,
				  (uint64_t)(uintptr_t)set));
	cpuslab_fetch_add_u32(&domain->retiring, (uint32_t)-1);
}

/* Let the replaced sets be spares again, after a grace period. */
void cpuslab__cpuset_retire(struct cpuslab_domain *domain)
{
	struct cpuslab_cpuset *sets = domain->replaced;

	if (!sets)
		return;
	domain->replaced = NULL;
	cpuslab_fetch_add_u32(&domain->retiring, 1);
	cpuslab_port_call_rcu(&sets->rcu, cpuset_retired);
}

void cpuslab__cpuset_fini(struct cpuslab_domain *domain)
{
	int err = CPUSLAB_OK;

	/* Once even if none waits: the last may not have left its callback. */
	if (domain->created)
		err = cpuslab_port_rcu_barrier();
	while (!err && cpuslab_load_acquire_u32(&domain->retiring))
		err = cpuslab_port_rcu_barrier();
	cpuset_take_recycled(domain);
	cpuset_free_all(domain->replaced);
	cpuset_free_all(domain->spares);
	cpuslab_port_free(domain->set);
}

static void cpuset_change(struct cpuslab_cpuset *set, uint32_t cpu, bool online)
{
	if (online)
		cpuslab__bits_set(&set->bits, cpu);
	else
		cpuslab__bits_clear(&set->bits, cpu);
	set->count += online ? 1 : (uint32_t)-1;
	set->generation++;
}

void cpuslab__cpuset_publish(struct cpuslab_domain *domain, uint32_t cpu,
			     bool online)
{
	struct cpuslab_cpuset *old = domain->set;
	struct cpuslab_cpuset *set;

	if (!domain->created) {
		cpuset_change(old, cpu, online);
		return;
	}
	set = cpuset_take_spare(domain);
	memcpy(set->bits.top, old->bits.top,
	       cpuslab__bits_words(domain->limit) * sizeof(uint64_t));
	set->count = old->count;
	set->generation = old->generation;
	cpuset_change(set, cpu, online);
	/*
	 * [cpuset] Count, bits and generation become visible with one store;
	 * pairs with cpuslab_cpuset_get().
	 */
	cpuslab_store_release_ptr(&domain->set, set);
	/*
	 * Grace periods broadcast a fence, and an add sends none: what adds
	 * replaced goes with the next removal.
	 */
	old->next = domain->replaced;
	domain->replaced = old;
	if (!online)
		cpuslab__cpuset_retire(domain);
}

const struct cpuslab_cpuset *
cpuslab_cpuset_get(const struct cpuslab_domain *domain)
{
	cpuslab_port_read_enter();
	/* [cpuset] pairs with cpuslab__cpuset_publish(). */
	return cpuslab_load_acquire_ptr(&domain->set);
}

void cpuslab_cpuset_put(const struct cpuslab_cpuset *set)
{
	(void)set;
	cpuslab_port_read_exit();
}

uint64_t cpuslab_cpuset_generation(const struct cpuslab_cpuset *set)
{
	return set->generation;
}

uint32_t cpuslab_cpuset_count(const struct cpuslab_cpuset *set)
{
	return set->count;
}

bool cpuslab_cpuset_has(const struct cpuslab_cpuset *set, uint32_t cpu)
{
	return cpuslab__bits_has(&set->bits, cpu);
}

uint32_t cpuslab_cpuset_next(const struct cpuslab_cpuset *set, uint32_t cpu)
{
	return cpuslab__bits_next(&set->bits, cpu);
}
