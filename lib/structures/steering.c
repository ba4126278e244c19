/* SPDX-License-Identifier: MIT */
/*
 * steering.c - share buckets out among targets, and publish the result.
 *
 * This takes two steps: steering_apportion() computes how many buckets each
 * target shall have; then one walk over the old table moves those buckets whose
 * target has too many.
 */
#include <cpuslab/steering.h>

#include "../core/client_internal.h"

/* Of a target; in placed, what a CPU brings to a target. */
struct cpuslab__steering_share {
	uint32_t target;  /* placed only */
	uint32_t weight;  /* INV: set + brought, at most UINT32_MAX */
	uint32_t set;     /* by cpuslab_steering_set() */
	uint32_t has;     /* buckets in the newest table */
	uint32_t want;    /* buckets that it shall have */
	uint64_t brought; /* by the online CPUs */
};

/* The table of one that was not set up: one bucket, which leads nowhere. */
static const struct {
	struct cpuslab_steering_table table;
	uint32_t target;
} steering_none = { .target = CPUSLAB_NO_CPU };

static uint32_t *steering_targets(struct cpuslab_steering_table *table)
{
	return (uint32_t *)(table + 1);
}

static struct cpuslab_steering_table *
steering_table_create(struct cpuslab_steering *steering)
{
	uint32_t buckets = steering->config.buckets;
	struct cpuslab_steering_table *table;

	table = cpuslab_port_zalloc(sizeof(*table) +
				    buckets * sizeof(uint32_t));
	if (!table)
		return NULL;
	table->steering = steering;
	table->mask = buckets - 1;
	return table;
}

/* ---- how many buckets each target shall have ----------------------------- */

/* Does @a come before @b for one more bucket: is (2 want + 1) / weight less? */
static bool steering_claims_more(const struct cpuslab__steering_share *a,
				 const struct cpuslab__steering_share *b)
{
	return (2 * (uint64_t)a->want + 1) * b->weight <
	       (2 * (uint64_t)b->want + 1) * a->weight;
}

/* The target that is first to receive a bucket; NULL: none has a weight. */
static struct cpuslab__steering_share *
steering_receiver(const struct cpuslab_steering *steering)
{
	struct cpuslab__steering_share *best = NULL;
	uint32_t i;

	for (i = 0; i < steering->config.targets; i++) {
		struct cpuslab__steering_share *share = &steering->shares[i];

		if (share->weight &&
		    (!best || steering_claims_more(share, best)))
			best = share;
	}
	return best;
}

/* Does @a come before @b to lose one: is (2 want - 1) / weight more? */
static bool steering_owes_more(const struct cpuslab__steering_share *a,
			       const struct cpuslab__steering_share *b)
{
	return (2 * (uint64_t)a->want - 1) * b->weight >
	       (2 * (uint64_t)b->want - 1) * a->weight;
}

/* The target that is first to lose a bucket; NULL: none has any. */
static struct cpuslab__steering_share *
steering_giver(const struct cpuslab_steering *steering)
{
	struct cpuslab__steering_share *best = NULL;
	uint32_t i;

	for (i = 0; i < steering->config.targets; i++) {
		struct cpuslab__steering_share *share = &steering->shares[i];

		if (share->want && (!best || steering_owes_more(share, best)))
			best = share;
	}
	return best;
}

/* Would moving a bucket be an improvement? For a tie it is not. */
static bool steering_improves(const struct cpuslab__steering_share *from,
			      const struct cpuslab__steering_share *to)
{
	return (2 * (uint64_t)to->want + 1) * from->weight <
	       (2 * (uint64_t)from->want - 1) * to->weight;
}

/* Set want to Webster's numbers; among equal solutions, the closest to has. */
static void steering_apportion(struct cpuslab_steering *steering)
{
	uint32_t free_buckets = steering->config.buckets, i;
	struct cpuslab__steering_share *from, *to;

	for (i = 0; i < steering->config.targets; i++) {
		struct cpuslab__steering_share *share = &steering->shares[i];

		share->want = share->weight ? share->has : 0;
		free_buckets -= share->want;
	}
	to = steering_receiver(steering);
	if (!to)
		return;
	for (; free_buckets; free_buckets--) {
		to->want++;
		to = steering_receiver(steering);
		cpuslab_assert(to);
	}
	for (;;) {
		from = steering_giver(steering);
		to = steering_receiver(steering);
		cpuslab_assert(from && to); /* there are buckets, weights */
		if (!steering_improves(from, to))
			return;
		from->want--;
		to->want++;
	}
}

/* ---- the new table ------------------------------------------------------- */

/* The next target from *at on that has fewer buckets than it shall have. */
static uint32_t steering_next_receiver(const struct cpuslab_steering *steering,
				       uint32_t *at)
{
	for (; *at < steering->config.targets; (*at)++)
		if (steering->shares[*at].has < steering->shares[*at].want)
			return *at;
	return CPUSLAB_NO_CPU;
}

/* May @target keep the bucket at hand? */
static bool steering_keeps(const struct cpuslab_steering *steering,
			   uint32_t target)
{
	return target != CPUSLAB_NO_CPU &&
	       steering->shares[target].has <= steering->shares[target].want;
}

static void steering_fill(struct cpuslab_steering *steering,
			  struct cpuslab_steering_table *table)
{
	const uint32_t *old = steering_targets(steering->table);
	uint32_t *targets = steering_targets(table);
	uint32_t i, receiver, at = 0;

	steering_apportion(steering);
	for (i = 0; i <= table->mask; i++) {
		targets[i] = old[i];
		if (steering_keeps(steering, old[i]))
			continue;
		if (old[i] != CPUSLAB_NO_CPU)
			steering->shares[old[i]].has--;
		receiver = steering_next_receiver(steering, &at);
		targets[i] = receiver;
		if (receiver != CPUSLAB_NO_CPU)
			steering->shares[receiver].has++;
	}
	table->active = 0;
	for (i = 0; i < steering->config.targets; i++)
		table->active += steering->shares[i].weight != 0;
	table->generation = ++steering->generation;
}

static void steering_retired(struct cpuslab_rcu *rcu);

static void steering_publish(struct cpuslab_steering *steering,
			     struct cpuslab_steering_table *table)
{
	struct cpuslab_steering_table *old = steering->table;

	/*
	 * [steering.table] Pairs with the acquire load in
	 * cpuslab_steering_get(). Without it a reader could find a table that
	 * is not filled.
	 */
	cpuslab_store_release_ptr(&steering->table, table);
	cpuslab_fetch_add_u32(&steering->retiring, 1);
	cpuslab_port_call_rcu(&old->rcu, steering_retired);
}

/* Publish changed weights, now or as soon as a table is free. */
static void steering_update(struct cpuslab_steering *steering)
{
	struct cpuslab_steering_table *table = steering->spare;

	steering->spare = NULL;
	if (!table)
		table = steering_table_create(steering);
	steering->behind = !table;
	if (!table)
		return;
	steering_fill(steering, table);
	steering_publish(steering, table);
}

static void steering_retired(struct cpuslab_rcu *rcu)
{
	struct cpuslab_steering_table *table =
		(void *)((char *)rcu -
			 offsetof(struct cpuslab_steering_table, rcu));
	struct cpuslab_steering *steering = table->steering;

	if (!cpuslab_port_mutex_trylock(&steering->mutex)) {
		if (!cpuslab_port_mutex_is_lost(&steering->mutex))
			cpuslab_port_call_rcu(rcu, steering_retired);
		return;
	}
	if (steering->spare) {
		cpuslab_port_free(table);
	} else {
		steering->spare = table;
		if (steering->behind)
			steering_update(steering);
	}
	cpuslab_port_mutex_unlock(&steering->mutex);
	cpuslab_fetch_add_u32(&steering->retiring, (uint32_t)-1);
}

static uint32_t steering_weight(const struct cpuslab__steering_share *share)
{
	uint64_t weight = share->set + share->brought;

	return weight < UINT32_MAX ? (uint32_t)weight : UINT32_MAX;
}

/* After a change of what was set or brought. */
static void steering_weigh(struct cpuslab_steering *steering, uint32_t target)
{
	struct cpuslab__steering_share *share = &steering->shares[target];
	uint32_t weight = steering_weight(share);

	if (share->weight == weight)
		return;
	share->weight = weight;
	steering_update(steering);
}

int cpuslab_steering_set(struct cpuslab_steering *steering, uint32_t target,
			 uint32_t weight)
{
	if (target >= steering->config.targets)
		return -CPUSLAB_ERANGE;
	if (cpuslab_port_mutex_enter(&steering->mutex))
		return -CPUSLAB_EBUSY;
	steering->shares[target].set = weight;
	steering_weigh(steering, target);
	cpuslab_port_mutex_unlock(&steering->mutex);
	return CPUSLAB_OK;
}

/* ---- client callbacks ---------------------------------------------------- */

/* Only note the place: the weight counts from complete on. */
static int steering_start(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_steering *steering = client->arg;
	uint32_t target = cpu, weight = 1;

	if (steering->config.place)
		steering->config.place(steering->config.arg, cpu, &target,
				       &weight);
	if (weight && target >= steering->config.targets)
		return -CPUSLAB_ERANGE;
	steering->placed[cpu].target = weight ? target : 0;
	steering->placed[cpu].weight = weight;
	return CPUSLAB_OK;
}

static void steering_change(struct cpuslab_steering *steering, uint32_t cpu,
			    bool online)
{
	const struct cpuslab__steering_share *placed = &steering->placed[cpu];

	if (!placed->weight || cpuslab_port_mutex_enter(&steering->mutex))
		return;
	steering->shares[placed->target].brought +=
		online ? placed->weight : (uint64_t)0 - placed->weight;
	steering_weigh(steering, placed->target);
	cpuslab_port_mutex_unlock(&steering->mutex);
}

static void steering_complete(struct cpuslab_client *client, uint32_t cpu)
{
	steering_change(client->arg, cpu, true);
}

static void steering_remove(struct cpuslab_client *client, uint32_t cpu)
{
	steering_change(client->arg, cpu, false);
}

static const struct cpuslab_client_ops steering_ops = {
	.start = steering_start,
	.complete = steering_complete,
	.remove = steering_remove,
};

int cpuslab_steering_attach(struct cpuslab_steering *steering,
			    struct cpuslab_domain *domain)
{
	int err;

	if (!domain || !steering->shares)
		return -CPUSLAB_EINVAL;
	if (steering->placed)
		return -CPUSLAB_EBUSY;
	steering->placed = cpuslab_port_zalloc(cpuslab_domain_limit(domain) *
					       sizeof(*steering->placed));
	if (!steering->placed)
		return -CPUSLAB_ENOMEM;
	steering->client.ops = &steering_ops;
	steering->client.name = "cpuslab_steering";
	steering->client.arg = steering;
	steering->client.order = CPUSLAB_CLIENT_ORDER_STEERING;
	err = cpuslab_client_init(&steering->client, domain);
	if (!err)
		return CPUSLAB_OK;
	cpuslab_port_free(steering->placed);
	steering->placed = NULL;
	return err;
}

/* Make the weights that CPUs brought permanent. */
static void steering_settle(struct cpuslab_steering *steering)
{
	uint32_t i;

	if (cpuslab_port_mutex_enter(&steering->mutex))
		return;
	for (i = 0; i < steering->config.targets; i++) {
		steering->shares[i].set = steering->shares[i].weight;
		steering->shares[i].brought = 0;
	}
	cpuslab_port_mutex_unlock(&steering->mutex);
}

void cpuslab_steering_detach(struct cpuslab_steering *steering)
{
	if (!steering->placed)
		return;
	if (cpuslab__client_unregister(&steering->client))
		return; /* called in a callback; already logged */
	steering_settle(steering);
	cpuslab_port_free(steering->placed);
	steering->placed = NULL;
}

/* ---- life ---------------------------------------------------------------- */

static int steering_alloc(struct cpuslab_steering *steering)
{
	uint64_t bytes =
		(uint64_t)steering->config.targets * sizeof(*steering->shares);
	uint32_t i;

	/* Where pointers have 32 bits, it may have more. */
	if (bytes == (size_t)bytes)
		steering->shares = cpuslab_port_zalloc((size_t)bytes);
	steering->table = steering_table_create(steering);
	steering->spare = steering_table_create(steering);
	if (!steering->shares || !steering->table || !steering->spare)
		return -CPUSLAB_ENOMEM;
	for (i = 0; i < steering->config.buckets; i++)
		steering_targets(steering->table)[i] = CPUSLAB_NO_CPU;
	return CPUSLAB_OK;
}

static void steering_free(struct cpuslab_steering *steering)
{
	cpuslab_port_free(steering->spare);
	cpuslab_port_free(steering->table);
	cpuslab_port_free(steering->shares);
}

static void steering_init_none(struct cpuslab_steering *steering)
{
	memset(steering, 0, sizeof(*steering));
	steering->table =
		(struct cpuslab_steering_table *)(uintptr_t)&steering_none
			.table;
}

int cpuslab_steering_init(struct cpuslab_steering *steering,
			  const struct cpuslab_steering_config *config)
{
	struct cpuslab_steering_config own;
	int err = CPUSLAB__CONFIG_LOAD(&own, cpuslab_steering_config, arg,
				       config);
	uint32_t buckets = own.buckets;

	steering_init_none(steering);
	if (err || !buckets || (buckets & (buckets - 1)) ||
	    buckets > CPUSLAB_STEERING_MAX_BUCKETS || !own.targets)
		return -CPUSLAB_EINVAL;
	steering->config = own;
	err = steering_alloc(steering);
	if (!err)
		err = cpuslab_port_mutex_init(&steering->mutex,
					      CPUSLAB_RANK_SLAB);
	if (!err) {
		err = cpuslab_port_rcu_get();
		if (err)
			cpuslab_port_mutex_fini(&steering->mutex);
	}
	if (err) {
		steering_free(steering);
		steering_init_none(steering);
	}
	return err;
}

void cpuslab_steering_fini(struct cpuslab_steering *steering)
{
	if (!steering->shares)
		return; /* init failed */
	cpuslab_steering_detach(steering);
	if (steering->placed)
		return; /* called in a callback; already logged */
	/* An RCU callback may publish what waited, and so queue another one. */
	while (cpuslab_load_acquire_u32(&steering->retiring))
		if (cpuslab_port_mutex_is_lost(&steering->mutex) ||
		    cpuslab_port_rcu_barrier())
			return; /* leak what is queued */
	cpuslab_port_rcu_put();
	cpuslab_port_mutex_fini(&steering->mutex);
	steering_free(steering);
}

static bool steering_is_fair(const struct cpuslab_steering *steering)
{
	const struct cpuslab__steering_share *from, *to;

	from = steering_giver(steering);
	to = steering_receiver(steering);
	return !from || !to || !steering_improves(from, to);
}

static int steering_check(struct cpuslab_steering *steering)
{
	uint32_t buckets = 0, i, target;

	if (steering->behind)
		return CPUSLAB_OK;
	for (i = 0; i < steering->config.targets; i++)
		steering->shares[i].want = 0;
	for (i = 0; i < steering->config.buckets; i++) {
		target = cpuslab_steering_at(steering->table, i);
		if (target == CPUSLAB_NO_CPU)
			continue;
		if (target >= steering->config.targets ||
		    !steering->shares[target].weight)
			return -CPUSLAB_EINVAL;
		steering->shares[target].want++;
		buckets++;
	}
	for (i = 0; i < steering->config.targets; i++)
		if (steering->shares[i].want != steering->shares[i].has ||
		    steering->shares[i].weight !=
			    steering_weight(&steering->shares[i]))
			return -CPUSLAB_EINVAL;
	if (buckets != (steering->table->active ? steering->config.buckets : 0))
		return -CPUSLAB_EINVAL;
	return steering_is_fair(steering) ? CPUSLAB_OK : -CPUSLAB_EINVAL;
}

int cpuslab_steering_check(struct cpuslab_steering *steering)
{
	int err;

	if (!steering->shares)
		return CPUSLAB_OK; /* init failed */
	if (cpuslab_port_mutex_enter(&steering->mutex))
		return -CPUSLAB_EBUSY;
	err = steering_check(steering);
	cpuslab_port_mutex_unlock(&steering->mutex);
	return err;
}
