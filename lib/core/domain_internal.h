/* SPDX-License-Identifier: MIT */
/*
 * domain_internal.h - how a domain looks inside.
 */
#ifndef CPUSLAB_LIB_DOMAIN_INTERNAL_H
#define CPUSLAB_LIB_DOMAIN_INTERNAL_H

#include <cpuslab/client.h>
#include <cpuslab/cpumask.h>
#include <cpuslab/port.h>

#include "../base/cpubits.h"
#include "../base/mutex.h"

enum {
	DOMAIN_ABSENT,
	DOMAIN_PREPARING,
	DOMAIN_ONLINE,
};

/* Immutable once published; readers: RCU. */
struct cpuslab_cpumask {
	struct cpuslab_rcu rcu;
	struct cpuslab_domain *domain;
	struct cpuslab_cpumask *next; /* among the spares or the replaced */
	uint64_t generation;
	uint32_t count;
	struct cpuslab__cpubits bits;
};

/* W under the mutex, but for those marked otherwise. */
struct cpuslab_domain {
	char *name;
	uint32_t limit;
	uint32_t flags;
	struct cpuslab__mutex mutex;
	uint8_t *state;     /* [limit] DOMAIN_* */
	bool created;       /* somebody else may read the set */
	uint32_t preparing; /* how many */
	uint32_t peak;      /* most that were ever online at once */
	struct cpuslab_client *first;
	struct cpuslab_client *last;
	struct cpuslab_cpumask *set;    /* R any, RCU */
	struct cpuslab_cpumask *spares; /* INV: one for each preparing */
	uint32_t spare_count;
	uint64_t recycled; /* W any: a list of those that nobody reads now */
	struct cpuslab_cpumask *replaced; /* by adds; readers may have them */
	uint32_t retiring;                /* W any: callbacks under way */
	uint64_t ignored;                 /* W any */
	uint8_t logged_range;             /* W any: of a number too high */
	bool closed;                      /* nobody registers any more */
};

/* cpumask.c; all under the mutex */
int cpuslab__cpumask_init(struct cpuslab_domain *domain);
void cpuslab__cpumask_fini(struct cpuslab_domain *domain);
void cpuslab__cpumask_retire(struct cpuslab_domain *domain);
/* Have at least @count spares. -CPUSLAB_ENOMEM, with as many as could be. */
int cpuslab__cpumask_reserve(struct cpuslab_domain *domain, uint32_t count);
/* Publish the set with @cpu in or out; there is a spare. */
void cpuslab__cpumask_publish(struct cpuslab_domain *domain, uint32_t cpu,
			      bool online);

/* client.c */
/* As cpuslab_client_init(), of one that is filled in; says nothing. */
int cpuslab__client_register(struct cpuslab_client *client,
			     struct cpuslab_domain *domain);
/* under the mutex */
/* Show @cpu's start to all clients; on a refusal undo it. */
int cpuslab__clients_start(struct cpuslab_domain *domain, uint32_t cpu);
/* Where the domain admits early: begin to let @cpu in. */
void cpuslab__clients_admit(struct cpuslab_domain *domain, uint32_t cpu);
void cpuslab__clients_complete(struct cpuslab_domain *domain, uint32_t cpu);
void cpuslab__clients_failure(struct cpuslab_domain *domain, uint32_t cpu);
void cpuslab__clients_remove(struct cpuslab_domain *domain, uint32_t cpu);

/* domain.c */
/* -CPUSLAB_EBUSY from inside a callback; -CPUSLAB_EINVAL for NULL. */
int cpuslab__domain_lock(struct cpuslab_domain *domain);
void cpuslab__domain_unlock(struct cpuslab_domain *domain);
bool cpuslab__domain_retains(const struct cpuslab_domain *domain);
bool cpuslab__domain_admits_early(const struct cpuslab_domain *domain);

#endif /* CPUSLAB_LIB_DOMAIN_INTERNAL_H */
