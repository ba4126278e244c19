/* SPDX-License-Identifier: MIT */
/*
 * client.h - who must act when the set of CPUs changes.
 *
 * A client lives in the caller's memory. Its callbacks run one at a time, with
 * the domain's mutex held and, in userspace, all signals blocked (a thread that
 * one starts inherits that, unless it sets its own mask): they may sleep, allocate, take their own locks,
 * use operations, sums and snapshots, but not call the domain (-CPUSLAB_EBUSY).
 */
#ifndef CPUSLAB_CLIENT_H
#define CPUSLAB_CLIENT_H

#include <cpuslab/domain.h>

CPUSLAB_BEGIN

/* Any callback may be NULL. */
struct cpuslab_client_ops {
	/*
	 * Prepare for @cpu, which does not run yet. The only one that may
	 * refuse: a negative result, with nothing changed.
	 */
	int (*start)(struct cpuslab_client *client, uint32_t cpu);
	/*
	 * All clients of a domain that admits early have prepared: @cpu may run
	 * at any moment. Ends with complete or failure, too.
	 */
	void (*admit)(struct cpuslab_client *client, uint32_t cpu);
	/* @cpu runs and is in the published set. */
	void (*complete)(struct cpuslab_client *client, uint32_t cpu);
	/* Undo start: @cpu does not come. */
	void (*failure)(struct cpuslab_client *client, uint32_t cpu);
	/* @cpu is gone and no longer in the published set. */
	void (*remove)(struct cpuslab_client *client, uint32_t cpu);
	/* Give back what is kept for absent CPUs; 0 or a result. */
	int (*trim)(struct cpuslab_client *client, uint32_t flags);
	/*
	 * A resync has ended: every CPU that is available is online, so
	 * whatever is here for another one was left behind.
	 */
	void (*resynced)(struct cpuslab_client *client);
};

struct cpuslab_client {
	const struct cpuslab_client_ops *ops; /* W caller, before init */
	const char *name;                     /* W caller, before init */
	void *arg;                            /* the caller's own */
	/* The rest is W domain, under its mutex. */
	struct cpuslab_domain *domain;
	struct cpuslab_client *next;
	struct cpuslab_client *prev;
};

/**
 * cpuslab_client_init() - follow @domain with @client.
 * @client: ops, name and arg are set.
 *
 * Shows the client the CPUs that exist: start for every one that is
 * preparing or online, then admit where it is early, complete for those online. A refusal of one start
 * undoes those already shown, and nothing is registered.
 *
 * Context: may sleep.
 * Return:  CPUSLAB_OK; the refusal; -CPUSLAB_EBUSY from inside a callback;
 *          -CPUSLAB_ESHUTDOWN after cpuslab_domain_close(); -CPUSLAB_EINVAL
 *          without ops or name. All but the last are logged.
 */
CPUSLAB_API int cpuslab_client_init(struct cpuslab_client *client,
				    struct cpuslab_domain *domain);

/**
 * cpuslab_client_fini() - follow no longer. No callback is made, and none is
 * under way when it returns.
 *
 * Context: may sleep; not from inside a callback of the same domain (an
 *          assertion; release builds log and leave the client registered).
 */
CPUSLAB_API void cpuslab_client_fini(struct cpuslab_client *client);

CPUSLAB_END

#endif /* CPUSLAB_CLIENT_H */
