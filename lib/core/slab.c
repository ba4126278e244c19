/* SPDX-License-Identifier: MIT */
/*
 * slab.c - create and destroy a slab, and its callbacks as a client.
 */
#include "slab_internal.h"

#include <cpuslab/percid.h>

#include "client_internal.h"
#include "domain_internal.h"
#include "../base/format.h"

#define SLAB_MAX_BLOCK ((size_t)1 << CPUSLAB__BUDDY_MAX)
#define SLAB_FLAGS                                                             \
	(CPUSLAB_SLAB_RETAIN | CPUSLAB_SLAB_PERCID | CPUSLAB_SLAB_ACCOUNT)

static void slab_set_registered(struct cpuslab_slab *slab, uint32_t cpu,
				bool registered)
{
	uint32_t state = slab->state[cpu] &
			 ~(uint32_t)(SLAB_REGISTERED | SLAB_WAS_REGISTERED |
				     SLAB_STARTED);

	state |= registered ? SLAB_REGISTERED : SLAB_WAS_REGISTERED;
	cpuslab_store_relaxed_u8(&slab->state[cpu], (uint8_t)state);
}

static struct cpuslab_slab *slab_of(struct cpuslab_client *client)
{
	return client->arg;
}

static int slab_retake(struct cpuslab_slab *slab, uint32_t cpu)
{
	int err = cpuslab__go_live(slab, cpu);

	if (err) {
		slab->refusals++;
		cpuslab__trace(slab, CPUSLAB_EVENT_REFUSE, cpu, err);
	}
	return err;
}

static int slab_start(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_slab *slab = slab_of(client);
	int err = CPUSLAB_OK;
	uint32_t state;

	if (cpuslab__mutex_enter(&slab->mutex))
		return CPUSLAB_OK; /* operations use the shared block */
	state = cpuslab__state(slab, cpu);
	/*
	 * If draining or dead, it has its blocks. Only here can a CPU be
	 * refused that must find them in its first operation.
	 */
	if (state == SLAB_ABSENT)
		err = cpuslab__prepare(slab, cpu, true);
	else if (cpuslab__domain_admits_early(client->domain))
		err = slab_retake(slab, cpu);
	if (!err)
		slab_set_registered(slab, cpu, true);
	if (!err && state != SLAB_LIVE)
		cpuslab_store_relaxed_u8(&slab->state[cpu],
					 slab->state[cpu] | SLAB_STARTED);
	cpuslab__mutex_unlock(&slab->mutex);
	return err;
}

static void slab_admit(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_slab *slab = slab_of(client);

	if (cpuslab__mutex_enter(&slab->mutex))
		return;
	cpuslab__go_live(slab, cpu);
	cpuslab__mutex_unlock(&slab->mutex);
}

static void slab_complete(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_slab *slab = slab_of(client);

	if (cpuslab__mutex_enter(&slab->mutex))
		return;
	slab_set_registered(slab, cpu, true);
	cpuslab__go_live(slab, cpu);
	cpuslab__admit_pending(slab);
	cpuslab__mutex_unlock(&slab->mutex);
}

/* Are blocks released as soon as their CPU is removed? */
static bool slab_releases(const struct cpuslab_slab *slab)
{
	return !(slab->flags & CPUSLAB_SLAB_RETAIN) &&
	       !cpuslab_port_uses_atomics();
}

static void slab_remove(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_slab *slab = slab_of(client);
	bool started;

	if (cpuslab__mutex_enter(&slab->mutex))
		return;
	started = slab->state[cpu] & SLAB_STARTED;
	slab_set_registered(slab, cpu, false);
	cpuslab__cpubits_clear(&slab->admit_pending, cpu);
	cpuslab_store_relaxed_u8(&slab->state[cpu],
				 slab->state[cpu] & ~SLAB_ADMIT_PENDING);
	if (cpuslab__state(slab, cpu) == SLAB_PREPARED)
		cpuslab__unprepare(slab, cpu);
	cpuslab__admit_pending(slab);
	cpuslab__mutex_unlock(&slab->mutex);
	/* A failed add releases its blocks even where others are retained. */
	if (started || slab_releases(slab))
		cpuslab__release(slab, cpu, false);
}

static int slab_trim(struct cpuslab_client *client, uint32_t flags)
{
	return cpuslab_slab_trim(slab_of(client), flags);
}

static void slab_resync(struct cpuslab_client *client)
{
	struct cpuslab_slab *slab = slab_of(client);

	if (cpuslab__mutex_enter(&slab->mutex))
		return;
	cpuslab__admit_pending(slab);
	cpuslab__mutex_unlock(&slab->mutex);
	if (slab_releases(slab) && !slab->by_cid)
		cpuslab__release(slab, CPUSLAB_NO_CPU, false);
}

static const struct cpuslab_client_ops slab_client_ops = {
	.start = slab_start,
	.admit = slab_admit,
	.complete = slab_complete,
	.failure = slab_remove,
	.remove = slab_remove,
	.trim = slab_trim,
	.resync = slab_resync,
};

/* No CPU comes or goes; ids are released by trims. */
static const struct cpuslab_client_ops slab_cid_client_ops = {
	.trim = slab_trim,
	.resync = slab_resync,
};

bool cpuslab__slab_is_held(const struct cpuslab_client *client)
{
	const struct cpuslab_slab *slab = client->arg;

	return (client->ops == &slab_client_ops ||
		client->ops == &slab_cid_client_ops) &&
	       cpuslab__mutex_is_held(&slab->mutex);
}

/* One allocation for everything with a size that depends on the limit. */
static int slab_alloc_sets(struct cpuslab_slab *slab)
{
	struct cpuslab__cpubits *sets[] = { &slab->in_use, &slab->admit_pending,
					    &slab->gp_current.cpus,
					    &slab->gp_next.cpus };
	size_t words = cpuslab__cpubits_words(slab->limit);
	size_t i, count = sizeof(sets) / sizeof(sets[0]);
	uint64_t *memory;

	memory = cpuslab_port_zalloc(count * words * sizeof(*memory) +
				     slab->limit);
	if (!memory)
		return -CPUSLAB_ENOMEM;
	for (i = 0; i < count; i++)
		cpuslab__cpubits_init(sets[i], slab->limit, memory + i * words);
	slab->sets = memory;
	slab->state = (uint8_t *)(memory + count * words);
	return CPUSLAB_OK;
}

/* What the port has for each slab. */
static int slab_get_port(struct cpuslab_slab *slab)
{
	int err = cpuslab_port_rcu_get();

	if (!err && (slab->flags & CPUSLAB_SLAB_ACCOUNT))
		slab->account = cpuslab_port_account_get();
	return err;
}

static void slab_put_port(struct cpuslab_slab *slab)
{
	cpuslab_port_account_put(slab->account);
	cpuslab_port_rcu_put();
}

static int slab_init(struct cpuslab_slab *slab, struct cpuslab_domain *domain,
		     const struct cpuslab_slab_config *config)
{
	int err;

	slab->limit = cpuslab_domain_limit(domain);
	slab->next_bytes = config->block_bytes ? config->block_bytes :
						 cpuslab_port_page_size();
	slab->flags = config->flags;
	slab->by_cid = (config->flags & CPUSLAB_SLAB_PERCID) &&
		       cpuslab_port_has_cids();
	if (cpuslab__domain_retains(domain))
		slab->flags |= CPUSLAB_SLAB_RETAIN;
	slab->name = cpuslab__strings_copy(config->name ? config->name : "slab",
					   cpuslab_domain_name(domain));
	if (!slab->name)
		return -CPUSLAB_ENOMEM;
	slab->domain_name = slab->name + cpuslab__string_length(slab->name) + 1;
	err = slab_alloc_sets(slab);
	if (err)
		goto free_name;
	err = -CPUSLAB_ENOMEM;
	slab->live = cpuslab_port_live_create(slab->limit);
	if (!slab->live)
		goto free_sets;
	slab->summary = cpuslab__summary_create(slab, false);
	if (!slab->summary)
		goto destroy_live;
	err = cpuslab_port_mutex_init(&slab->mutex.port, CPUSLAB_RANK_SLAB);
	if (err)
		goto free_summary;
	err = cpuslab_port_mutex_init(&slab->releasing, CPUSLAB_RANK_RELEASE);
	if (err)
		goto fini_mutex;
	err = slab_get_port(slab);
	if (err)
		goto fini_releasing;
	slab->client.ops = slab->by_cid ? &slab_cid_client_ops :
					  &slab_client_ops;
	slab->client.name = slab->name;
	slab->client.arg = slab;
	slab->client.order = CPUSLAB_CLIENT_ORDER_SLAB;
	err = cpuslab__client_register(&slab->client, domain);
	if (err)
		goto put_port;
	return CPUSLAB_OK;
put_port:
	slab_put_port(slab);
fini_releasing:
	cpuslab_port_mutex_fini(&slab->releasing);
fini_mutex:
	cpuslab_port_mutex_fini(&slab->mutex.port);
free_summary:
	cpuslab__summary_free(slab->summary);
destroy_live:
	cpuslab_port_live_destroy(slab->live);
free_sets:
	cpuslab_port_free(slab->sets);
free_name:
	cpuslab_port_free(slab->name);
	return err;
}

static bool slab_config_valid(const struct cpuslab_slab_config *config)
{
	size_t bytes = config->block_bytes;

	if (config->flags & ~(uint32_t)SLAB_FLAGS)
		return false;
	return !bytes ||
	       (!(bytes & (bytes - 1)) && bytes >= cpuslab_port_page_size() &&
		bytes <= SLAB_MAX_BLOCK);
}

static int slab_create(struct cpuslab_slab **slab,
		       struct cpuslab_domain *domain,
		       const struct cpuslab_slab_config *config)
{
	struct cpuslab_slab *created;
	int err;

	if (!slab || !domain || !slab_config_valid(config))
		return -CPUSLAB_EINVAL;
	created = cpuslab_port_zalloc(sizeof(*created));
	if (!created)
		return -CPUSLAB_ENOMEM;
	err = slab_init(created, domain, config);
	if (err) {
		cpuslab_port_free(created);
		return err;
	}
	created->listed.slab = created;
	cpuslab__registry_add(&created->listed);
	*slab = created;
	return CPUSLAB_OK;
}

int cpuslab_slab_create(struct cpuslab_slab **slab,
			struct cpuslab_domain *domain,
			const struct cpuslab_slab_config *config)
{
	struct cpuslab_slab_config own;
	int err =
		CPUSLAB__CONFIG_LOAD(&own, cpuslab_slab_config, flags, config);

	if (slab)
		*slab = NULL;
	if (!err)
		err = slab_create(slab, domain, &own);
	if (err && domain && cpuslab__clients_log_once(domain, NULL, err))
		cpuslab__log("slab ", own.name ? own.name : "slab",
			     ": not created: ", cpuslab_strerror(err));
	return err;
}

struct cpuslab_domain *cpuslab_slab_domain(const struct cpuslab_slab *slab)
{
	return slab->client.domain;
}

/* Wait for this slab's grace periods. False if they do not end. */
static bool slab_wait_grace_periods(struct cpuslab_slab *slab)
{
	bool busy;

	if (cpuslab__mutex_enter(&slab->mutex))
		return false;
	busy = slab->rcu_started;
	cpuslab__mutex_unlock(&slab->mutex);
	/*
	 * Test before the barrier: it then also waits for a callback that has
	 * done its work but not yet unlocked the mutex.
	 */
	while (busy) {
		if (cpuslab__mutex_enter(&slab->mutex))
			return false;
		busy = slab->gp_current.used;
		cpuslab__mutex_unlock(&slab->mutex);
		if (cpuslab_port_rcu_barrier())
			return false;
	}
	return true;
}

static void slab_report_leaks(struct cpuslab_slab *slab)
{
	uint32_t slot;

	for (slot = 0; slot < slab->slots; slot++) {
		const struct cpuslab__record *record =
			cpuslab__record(slab, slot);

		if (record->state == RECORD_LIVE)
			cpuslab__log("slab ", slab->name,
				     ": destroyed with a live object: ",
				     record->type->name);
	}
}

static void slab_free_records(struct cpuslab_slab *slab)
{
	uint32_t i;

	for (i = 0; i < slab->slots / CPUSLAB__CHUNK; i++)
		cpuslab_port_free(slab->chunks[i]);
	cpuslab_port_free(slab->chunks);
}

static void slab_destruct_all(struct cpuslab_slab *slab)
{
	uint32_t cpu;

	cpuslab__cpubits_for_each(cpu, &slab->in_use)
		cpuslab__objects_destruct(slab, cpu);
	cpuslab__objects_destruct(slab, CPUSLAB_SHARED);
}

void cpuslab_slab_destroy(struct cpuslab_slab *slab)
{
	struct cpuslab_extent *extent, *next;

	if (!slab)
		return;
	if (cpuslab__client_unregister(&slab->client))
		return; /* called in a callback; already logged */
	if (cpuslab__mutex_is_held(&slab->mutex)) {
		cpuslab_assert(!"destroyed from inside a callback");
		return; /* its domain is destroyed already */
	}
	if (!slab_wait_grace_periods(slab)) {
		cpuslab__log("slab ", slab->name,
			     ": not freed: no grace period ends", "");
		return;
	}
	cpuslab__registry_remove(&slab->listed);
	if (!slab->port)
		slab_report_leaks(slab);
	slab_destruct_all(slab);
	for (extent = slab->extents; extent; extent = next) {
		next = extent->next;
		cpuslab__extent_destroy(extent);
	}
	slab_put_port(slab);
	cpuslab_port_mutex_fini(&slab->releasing);
	cpuslab_port_mutex_fini(&slab->mutex.port);
	slab_free_records(slab);
	cpuslab__summary_free(slab->summary);
	cpuslab_port_live_destroy(slab->live);
	cpuslab_port_free(slab->sets);
	cpuslab_port_free(slab->name);
	cpuslab_port_free(slab);
}

int cpuslab_slab_trim(struct cpuslab_slab *slab, uint32_t flags)
{
	if (!slab || (flags & ~(uint32_t)CPUSLAB_TRIM_QUIESCENT))
		return -CPUSLAB_EINVAL;
	if (cpuslab__mutex_enter(&slab->mutex))
		return -CPUSLAB_EBUSY;
	cpuslab__admit_pending(slab);
	cpuslab__mutex_unlock(&slab->mutex);
	return cpuslab__release(slab, CPUSLAB_NO_CPU,
				flags & CPUSLAB_TRIM_QUIESCENT);
}

int cpuslab_percid_alloc(struct cpuslab_slab *slab,
			 const struct cpuslab_type *type,
			 struct cpuslab_percid *handle)
{
	int err;

	if (!handle)
		return -CPUSLAB_EINVAL;
	memset(handle, 0, sizeof(*handle));
	if (!slab || !(slab->flags & CPUSLAB_SLAB_PERCID))
		return -CPUSLAB_EINVAL;
	err = cpuslab_alloc(slab, type, &handle->copies);
	if (!err)
		cpuslab__percid_init(handle);
	return err;
}

void cpuslab__percid_init(struct cpuslab_percid *handle)
{
	const struct cpuslab_percpu *copies = &handle->copies;

	handle->live =
		cpuslab_port_percid_live(copies, copies->extent->slab->live);
}
