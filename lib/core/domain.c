/* SPDX-License-Identifier: MIT */
/*
 * domain.c - the five calls, in any order, and the life of a domain.
 */
#include "domain_internal.h"

#include "../base/format.h"

/* The low 16 bits of -1 and -2, which a port may take for CPU numbers. */
#define DOMAIN_MAX_LIMIT 65534u

bool cpuslab__domain_is_held(struct cpuslab_domain *domain)
{
	return cpuslab__mutex_is_held(&domain->mutex) ||
	       cpuslab__clients_hold(domain);
}

bool cpuslab__domain_keeps_hotplug(struct cpuslab_domain *domain)
{
	bool held = cpuslab__domain_is_held(domain);

	cpuslab_assert(!held);
	if (held && cpuslab__clients_log_once(domain, NULL, 0))
		cpuslab__log("domain ", domain->name,
			     ": a callback cannot destroy a hotplug", NULL);
	return held;
}

bool cpuslab__domain_is_lost(const struct cpuslab_domain *domain)
{
	return cpuslab__mutex_is_lost(&domain->mutex) ||
	       cpuslab_port_mutex_is_lost(&domain->list_mutex);
}

int cpuslab__domain_lock(struct cpuslab_domain *domain)
{
	if (!domain)
		return -CPUSLAB_EINVAL;
	if (cpuslab__domain_is_lost(domain) ||
	    cpuslab__domain_is_held(domain) ||
	    cpuslab__mutex_enter(&domain->mutex))
		return -CPUSLAB_EBUSY;
	if (!cpuslab__domain_is_lost(domain))
		return CPUSLAB_OK;
	cpuslab__mutex_unlock(&domain->mutex);
	return -CPUSLAB_EBUSY;
}

void cpuslab__domain_unlock(struct cpuslab_domain *domain)
{
	cpuslab__mutex_unlock(&domain->mutex);
}

bool cpuslab__domain_retains(const struct cpuslab_domain *domain)
{
	return domain->flags & CPUSLAB_DOMAIN_RETAIN;
}

bool cpuslab__domain_admits_early(const struct cpuslab_domain *domain)
{
	return domain->flags & CPUSLAB_DOMAIN_ADMIT_EARLY;
}

static void domain_trace(const struct cpuslab_domain *domain,
			 enum cpuslab_port_trace_event event, uint32_t cpu,
			 int result)
{
	cpuslab_port_trace(event, domain->name, NULL, cpu, 0, result);
}

/* ---- the states of one CPU, under the mutex ------------------------------ */

static int domain_ignore(struct cpuslab_domain *domain, int result)
{
	cpuslab_fetch_add_u64(&domain->ignored, 1);
	return result;
}

/*
 * How many spare masks are needed, with one more CPU that comes. The add of one
 * that has started must not fail, nor a later removal. A domain that retains
 * blocks also promises that a returning CPU needs no memory: it has three per
 * CPU at peak, one to leave, one to return, and one that the last return
 * replaced and that is not reclaimed before the next removal.
 */
static uint32_t domain_spares(const struct cpuslab_domain *domain)
{
	uint32_t coming = domain->set->count + domain->preparing + 1;
	uint32_t most = coming > domain->peak ? coming : domain->peak;

	return domain->preparing + 1 +
	       (cpuslab__domain_retains(domain) ? 3 * most : 1);
}

static int domain_reserve(struct cpuslab_domain *domain)
{
	uint32_t coming = domain->set->count + domain->preparing + 1;
	int err = cpuslab__cpumask_reserve(domain, domain_spares(domain));

	/* A returning CPU can use the retained spares. */
	if (err && coming <= domain->peak &&
	    domain->spare_count > domain->preparing)
		return CPUSLAB_OK;
	return err;
}

/* Logged once: a caller that passes a bad CPU number will keep doing so. */
static int domain_no_such(struct cpuslab_domain *domain, uint32_t cpu)
{
	if (!cpuslab_load_relaxed_u8(&domain->logged_range))
		cpuslab__log_cpu("domain ", domain->name,
				 ": its limit excludes CPU ", cpu);
	cpuslab_store_relaxed_u8(&domain->logged_range, 1);
	return domain_ignore(domain, -CPUSLAB_ERANGE);
}

static int domain_start(struct cpuslab_domain *domain, uint32_t cpu)
{
	int err;

	if (domain->state[cpu] != DOMAIN_ABSENT)
		return domain_ignore(domain, CPUSLAB_OK);
	err = domain_reserve(domain);
	if (!err)
		err = cpuslab__clients_start(domain, cpu);
	domain_trace(domain, CPUSLAB_EVENT_ADD_START, cpu, err);
	if (err)
		return err;
	domain->state[cpu] = DOMAIN_PREPARING;
	domain->preparing++;
	domain->refused[cpu] = 0;
	cpuslab__clients_admit(domain, cpu);
	return CPUSLAB_OK;
}

static int domain_bring_online(struct cpuslab_domain *domain, uint32_t cpu)
{
	int err;

	if (domain->state[cpu] == DOMAIN_ABSENT) {
		err = domain_start(domain, cpu);
		if (err)
			return err;
	}
	domain->state[cpu] = DOMAIN_ONLINE;
	domain->preparing--;
	cpuslab__cpumask_publish(domain, cpu, true);
	if (domain->peak < domain->set->count)
		domain->peak = domain->set->count;
	cpuslab__clients_complete(domain, cpu);
	domain_trace(domain, CPUSLAB_EVENT_ADD_COMPLETE, cpu, CPUSLAB_OK);
	return CPUSLAB_OK;
}

/* @cpu runs: the first report brings it online, a repeated one repairs it. */
static int domain_runs(struct cpuslab_domain *domain, uint32_t cpu)
{
	if (domain->state[cpu] != DOMAIN_ONLINE)
		return domain_bring_online(domain, cpu);
	cpuslab__clients_repair(domain, cpu);
	return CPUSLAB_OK;
}

static int domain_complete(struct cpuslab_domain *domain, uint32_t cpu)
{
	if (domain->state[cpu] == DOMAIN_ONLINE)
		domain_ignore(domain, CPUSLAB_OK);
	return domain_runs(domain, cpu);
}

static int domain_undo(struct cpuslab_domain *domain, uint32_t cpu)
{
	domain->state[cpu] = DOMAIN_ABSENT;
	domain->preparing--;
	cpuslab__clients_failure(domain, cpu);
	domain_trace(domain, CPUSLAB_EVENT_ADD_FAILURE, cpu, CPUSLAB_OK);
	return CPUSLAB_OK;
}

/* Both a removal and a failure: which one it is depends on the state. */
static int domain_remove(struct cpuslab_domain *domain, uint32_t cpu)
{
	int err;

	if (domain->state[cpu] == DOMAIN_ABSENT)
		return domain_ignore(domain, CPUSLAB_OK);
	if (domain->state[cpu] == DOMAIN_PREPARING)
		return domain_undo(domain, cpu);
	err = cpuslab__cpumask_reserve(domain, domain->preparing + 1);
	if (err) {
		domain_trace(domain, CPUSLAB_EVENT_REMOVE, cpu, err);
		return err;
	}
	domain->state[cpu] = DOMAIN_ABSENT;
	cpuslab__cpumask_publish(domain, cpu, false);
	/* For each CPU below the peak to return; without memory, fewer. */
	cpuslab__cpumask_reserve(domain, domain->preparing + 2 + domain->peak -
						 domain->set->count);
	cpuslab__clients_remove(domain, cpu);
	domain_trace(domain, CPUSLAB_EVENT_REMOVE, cpu, CPUSLAB_OK);
	return CPUSLAB_OK;
}

/* ---- the five calls ---------------------------------------------------- */

static int domain_call(struct cpuslab_domain *domain, uint32_t cpu,
		       int (*step)(struct cpuslab_domain *domain, uint32_t cpu))
{
	int err;

	if (domain && cpu >= domain->limit)
		return domain_no_such(domain, cpu);
	err = cpuslab__domain_lock(domain);
	if (err)
		return err;
	err = step(domain, cpu);
	cpuslab__domain_unlock(domain);
	return err;
}

int cpuslab_domain_add_start(struct cpuslab_domain *domain, uint32_t cpu)
{
	return domain_call(domain, cpu, domain_start);
}

int cpuslab_domain_add_complete(struct cpuslab_domain *domain, uint32_t cpu)
{
	return domain_call(domain, cpu, domain_complete);
}

int cpuslab_domain_add_failure(struct cpuslab_domain *domain, uint32_t cpu)
{
	return domain_call(domain, cpu, domain_remove);
}

int cpuslab_domain_remove(struct cpuslab_domain *domain, uint32_t cpu)
{
	return domain_call(domain, cpu, domain_remove);
}

static void domain_found(void *arg, uint32_t cpu)
{
	struct cpuslab__cpubits *available = arg;

	if (cpu < available->limit)
		cpuslab__cpubits_set(available, cpu);
}

/* The first error; without one, the first outcome. */
static int domain_first_error(int first, int err)
{
	return first < 0 || (first && err >= 0) ? first : err;
}

/*
 * Complete each available CPU, then remove the others, unless @available may be
 * incomplete. In this order the domain is never empty while one set of CPUs is
 * replaced by another.
 */
static int domain_compare(struct cpuslab_domain *domain,
			  const struct cpuslab__cpubits *available,
			  bool partial)
{
	uint32_t cpu;
	int err = CPUSLAB_OK;

	for (cpu = 0; cpu < domain->limit; cpu++)
		if (cpuslab__cpubits_has(available, cpu))
			err = domain_first_error(err, domain_runs(domain, cpu));
	for (cpu = 0; cpu < domain->limit && !partial; cpu++)
		if (!cpuslab__cpubits_has(available, cpu) &&
		    domain->state[cpu] == DOMAIN_ONLINE)
			err = domain_first_error(err,
						 domain_remove(domain, cpu));
	return err;
}

static void domain_resync_clients(struct cpuslab_domain *domain)
{
	struct cpuslab_client *client;

	for (client = domain->first; client; client = client->next)
		if (client->ops->resync)
			client->ops->resync(client);
}

static int domain_resync(struct cpuslab_domain *domain)
{
	size_t words = cpuslab__cpubits_words(domain->limit);
	struct cpuslab__cpubits available;
	uint64_t *memory;
	int found, err;

	memory = cpuslab_port_zalloc(words * sizeof(*memory));
	if (!memory)
		return -CPUSLAB_ENOMEM;
	cpuslab__cpubits_init(&available, domain->limit, memory);
	found = cpuslab_port_cpus_available(domain_found, &available);
	err = found < 0 ? found : CPUSLAB_OK;
	if (!err)
		err = domain_compare(domain, &available,
				     found == CPUSLAB_PARTIAL);
	if (found == CPUSLAB_OK)
		domain_resync_clients(domain);
	cpuslab_port_free(memory);
	return err;
}

int cpuslab_domain_resync(struct cpuslab_domain *domain)
{
	int err;

	cpuslab_port_cancel_point();
	err = cpuslab__domain_lock(domain);
	if (err)
		return err;
	err = domain_resync(domain);
	cpuslab__domain_unlock(domain);
	return err;
}

int cpuslab_domain_trim(struct cpuslab_domain *domain, uint32_t flags)
{
	struct cpuslab_client *client;
	int result;

	if (flags & ~(uint32_t)CPUSLAB_TRIM_QUIESCENT)
		return -CPUSLAB_EINVAL;
	result = cpuslab__domain_lock(domain);
	if (result)
		return result;
	/* CPUs that are absent have to be allocated again. */
	domain->peak = domain->set->count + domain->preparing;
	cpuslab__cpumask_retire(domain);
	cpuslab__cpumask_keep(domain, domain_spares(domain));
	for (client = domain->last; client; client = client->prev)
		if (client->ops->trim)
			result = domain_first_error(
				result, client->ops->trim(client, flags));
	cpuslab__domain_unlock(domain);
	return result;
}

int cpuslab_domain_refused(struct cpuslab_domain *domain,
			   struct cpuslab_refusal *refusal)
{
	bool inside = domain && cpuslab__mutex_is_held(&domain->mutex);
	int result = inside ? CPUSLAB_OK : cpuslab__domain_lock(domain);

	if (result)
		return result;
	if (domain->refusal.error)
		*refusal = domain->refusal;
	else
		result = CPUSLAB_EMPTY;
	if (!inside)
		cpuslab__domain_unlock(domain);
	return result;
}

/* ---- life -------------------------------------------------------------- */

static int domain_init(struct cpuslab_domain *domain,
		       const struct cpuslab_domain_config *config)
{
	uint32_t limit = cpuslab_port_cpu_limit();
	int err = -CPUSLAB_ENOMEM;

	domain->limit = config->limit && config->limit < limit ? config->limit :
								 limit;
	if (domain->limit > DOMAIN_MAX_LIMIT)
		return -CPUSLAB_ERANGE;
	domain->flags = config->flags;
	domain->name =
		cpuslab__string_copy(config->name ? config->name : "cpuslab");
	if (!domain->name)
		return err;
	domain->state = cpuslab_port_zalloc(2 * (size_t)domain->limit);
	if (!domain->state)
		goto free_name;
	domain->refused = domain->state + domain->limit;
	err = cpuslab__cpumask_init(domain);
	if (err)
		goto free_state;
	err = cpuslab_port_mutex_init(&domain->mutex.port, CPUSLAB_RANK_DOMAIN);
	if (err)
		goto fini_set;
	err = cpuslab_port_mutex_init(&domain->list_mutex, CPUSLAB_RANK_LIST);
	if (err)
		goto fini_mutex;
	err = cpuslab_port_rcu_get();
	if (err)
		goto fini_list;
	return CPUSLAB_OK;
fini_list:
	cpuslab_port_mutex_fini(&domain->list_mutex);
fini_mutex:
	cpuslab_port_mutex_fini(&domain->mutex.port);
fini_set:
	cpuslab__cpumask_fini(domain);
free_state:
	cpuslab_port_free(domain->state);
free_name:
	cpuslab_port_free(domain->name);
	return err;
}

static void domain_fini(struct cpuslab_domain *domain)
{
	if (!cpuslab__cpumask_fini(domain)) {
		cpuslab__log("domain ", domain->name,
			     ": not freed: no grace period ends", "");
		return;
	}
	cpuslab_port_rcu_put();
	cpuslab_port_mutex_fini(&domain->list_mutex);
	cpuslab_port_mutex_fini(&domain->mutex.port);
	cpuslab_port_free(domain->state);
	cpuslab_port_free(domain->name);
	cpuslab_port_free(domain);
}

int cpuslab_domain_create(struct cpuslab_domain **domain,
			  const struct cpuslab_domain_config *config)
{
	const uint32_t known = CPUSLAB_DOMAIN_START_EMPTY |
			       CPUSLAB_DOMAIN_RETAIN |
			       CPUSLAB_DOMAIN_ADMIT_EARLY;
	struct cpuslab_domain_config own;
	struct cpuslab_domain *created;
	int err = CPUSLAB__CONFIG_LOAD(&own, cpuslab_domain_config, flags,
				       config);

	if (domain)
		*domain = NULL;
	if (err)
		return err;
	if (!domain || (own.flags & ~known))
		return -CPUSLAB_EINVAL;
	created = cpuslab_port_zalloc(sizeof(*created));
	if (!created)
		return -CPUSLAB_ENOMEM;
	err = domain_init(created, &own);
	if (err) {
		cpuslab_port_free(created);
		return err;
	}
	if (!(own.flags & CPUSLAB_DOMAIN_START_EMPTY))
		err = cpuslab_domain_resync(created);
	if (err) {
		domain_fini(created);
		return err;
	}
	created->created = true;
	created->listed.domain = created;
	cpuslab__registry_add(&created->listed);
	*domain = created;
	return CPUSLAB_OK;
}

int cpuslab_domain_close(struct cpuslab_domain *domain)
{
	int err = cpuslab__domain_lock(domain);

	if (err)
		return err;
	domain->closed = true;
	cpuslab__domain_unlock(domain);
	return CPUSLAB_OK;
}

void cpuslab_domain_destroy(struct cpuslab_domain *domain)
{
	struct cpuslab_client *client, *next;

	if (!domain)
		return;
	/* A call in progress ends before the mutex is ours. */
	if (cpuslab__domain_lock(domain)) {
		cpuslab_assert(cpuslab__domain_is_lost(domain) &&
			       "not destroyed from inside a callback");
		return;
	}
	for (client = domain->first; client; client = next) {
		next = client->next;
		cpuslab__log("domain ", domain->name,
			     ": destroyed with a client: ", client->name);
		cpuslab_store_relaxed_ptr(&client->domain, NULL);
	}
	domain->first = NULL;
	domain->last = NULL;
	cpuslab__domain_unlock(domain);
	/* A visit of one of its slabs may refer to it. */
	cpuslab__registry_remove(&domain->listed);
	domain_fini(domain);
}

uint32_t cpuslab_domain_limit(const struct cpuslab_domain *domain)
{
	return domain->limit;
}

const char *cpuslab_domain_name(const struct cpuslab_domain *domain)
{
	return domain->name;
}

uint32_t cpuslab_domain_flags(const struct cpuslab_domain *domain)
{
	return domain->flags;
}

uint64_t cpuslab_domain_ignored(const struct cpuslab_domain *domain)
{
	return cpuslab_load_relaxed_u64(&domain->ignored);
}
