/* SPDX-License-Identifier: MIT */
/*
 * domain_internal.h - the structures of a domain, and what its files share.
 */
#ifndef CPUSLAB_LIB_DOMAIN_INTERNAL_H
#define CPUSLAB_LIB_DOMAIN_INTERNAL_H

#include <cpuslab/client.h>
#include <cpuslab/cpumask.h>
#include <cpuslab/port.h>

#include "registry.h"
#include "../base/cpubits.h"
#include "../base/format.h"
#include "../base/mutex.h"

enum {
	DOMAIN_ABSENT,
	DOMAIN_PREPARING,
	DOMAIN_ONLINE,
};

/* Immutable once published; readers: RCU. */
struct CPUSLAB_ALIGNED(8) cpuslab_cpumask {
	struct cpuslab_rcu rcu;
	struct cpuslab_domain *domain;
	struct cpuslab_cpumask *next; /* in spares, replaced or recycled */
	uint64_t generation;
	uint32_t count;
	struct cpuslab__cpubits bits;
};

struct cpuslab_domain {
	/* W create */
	char *name;
	uint32_t limit;
	uint32_t flags;
	bool created; /* the mask has readers: replace it, do not change it */
	struct cpuslab__listed listed;

	struct cpuslab__mutex mutex;
	/*
	 * Held to change the list of clients, and to walk it without the mutex.
	 * The last in the lock order.
	 */
	struct cpuslab_port_mutex list_mutex;
	struct cpuslab__logged failed; /* W holder of it: init and fini */

	/* W holder of the mutex */
	uint8_t *state;     /* [limit] DOMAIN_* */
	uint32_t preparing; /* INV: CPUs in that state */
	uint32_t peak;      /* the most online at once, since a trim */
	bool closed;        /* no client may register */
	/* INV: sorted by order; equal ones as they registered */
	struct cpuslab_client *first;
	struct cpuslab_client *last;
	struct cpuslab_refusal refusal; /* the last one; error 0: none yet */
	uint8_t *refused;            /* [limit] what was logged; see client.c */
	struct cpuslab_cpumask *set; /* R any, RCU */
	struct cpuslab_cpumask *spares; /* INV: at least one per preparing */
	uint32_t spare_count;
	struct cpuslab_cpumask *replaced; /* by adds; readers may have them */

	/* W any */
	cpuslab_word recycled; /* a list of masks that no reader has any more */
	cpuslab_word ignored;
	cpuslab_word refusals;
	uint32_t clients;
	uint8_t logged_range; /* that a CPU number was too high */
};

/* cpumask.c; all under the mutex */
int cpuslab__cpumask_init(struct cpuslab_domain *domain);
bool cpuslab__cpumask_fini(struct cpuslab_domain *domain);
void cpuslab__cpumask_retire(struct cpuslab_domain *domain);
/*
 * Allocate spares until there are @count. -CPUSLAB_ENOMEM: there are fewer, but
 * all that could be allocated.
 */
int cpuslab__cpumask_reserve(struct cpuslab_domain *domain, uint32_t count);
/* Free spares until there are @count or fewer. */
void cpuslab__cpumask_keep(struct cpuslab_domain *domain, uint32_t count);
/* Publish the mask with @cpu set or cleared; there is a spare. */
void cpuslab__cpumask_publish(struct cpuslab_domain *domain, uint32_t cpu,
			      bool online);

/* client.c; all under the mutex */
/* A refusal is undone. */
int cpuslab__clients_start(struct cpuslab_domain *domain, uint32_t cpu);
/* Does nothing unless the domain admits early. */
void cpuslab__clients_admit(struct cpuslab_domain *domain, uint32_t cpu);
void cpuslab__clients_complete(struct cpuslab_domain *domain, uint32_t cpu);
void cpuslab__clients_repair(struct cpuslab_domain *domain, uint32_t cpu);
void cpuslab__clients_failure(struct cpuslab_domain *domain, uint32_t cpu);
void cpuslab__clients_remove(struct cpuslab_domain *domain, uint32_t cpu);

/* Does the calling thread hold the mutex of a slab of the domain? */
bool cpuslab__clients_hold(struct cpuslab_domain *domain);
/*
 * May it be logged that an init or fini of @client failed? NULL: of a slab, or
 * with @err 0 of a hotplug.
 */
bool cpuslab__clients_log_once(struct cpuslab_domain *domain,
			       const struct cpuslab_client *client, int err);

/* domain.c */
/*
 * -CPUSLAB_EBUSY if the calling thread holds the mutex or that of a slab, as in
 * a callback; -CPUSLAB_EINVAL for NULL.
 */
int cpuslab__domain_lock(struct cpuslab_domain *domain);
/* In a forked child: was it being changed? It stays as it is. */
bool cpuslab__domain_is_lost(const struct cpuslab_domain *domain);
void cpuslab__domain_unlock(struct cpuslab_domain *domain);
bool cpuslab__domain_retains(const struct cpuslab_domain *domain);
bool cpuslab__domain_admits_early(const struct cpuslab_domain *domain);

#endif /* CPUSLAB_LIB_DOMAIN_INTERNAL_H */
