/* SPDX-License-Identifier: MIT */
/*
 * client.h - callbacks for a change of a domain's CPUs, in a declared order.
 *
 *	client      queues        interrupts    statistics
 *	order       0             1             2
 *
 *	start       alloc ------> request ----> add entry
 *	  refused   free <------- release <---- refuses
 *	complete    enable -----> enable -----> show
 *	repair                    bind again
 *	failure     free <------- release <---- delete entry
 *	remove      free <------- release <---- delete entry
 *
 * A client may rely on the clients of lower order: they have started before it
 * and undo after it, no matter which of them registered first. It may refuse a
 * CPU; what had been started for that CPU is then undone, exactly and in
 * reverse, and cpuslab_domain_refused() tells which client it was.
 *
 * The slabs and structures of this library register clients of their own. All
 * of these have an order below 0, so a client of order 0 or more finds them
 * ready for a CPU in complete, and still there in remove:
 *
 *	order                          client            ready in complete
 *	CPUSLAB_CLIENT_ORDER_SLAB      each slab         objects on the CPU
 *	CPUSLAB_CLIENT_ORDER_CACHE     each cache        its magazines are there
 *	CPUSLAB_CLIENT_ORDER_MAILBOX   each mailbox      its box is open
 *	CPUSLAB_CLIENT_ORDER_WORKERS   each worker set   its worker runs
 *	CPUSLAB_CLIENT_ORDER_STEERING  each table        flows are steered to it
 *	0, the default, and above      yours
 *
 * Numbers in between are free: a client whose data is used by the workers, for
 * example, takes CPUSLAB_CLIENT_ORDER_WORKERS - 1.
 *
 * A client lives in the caller's memory and must not be copied or moved while
 * it is registered.
 */
#ifndef CPUSLAB_CLIENT_H
#define CPUSLAB_CLIENT_H

#include <cpuslab/domain.h>

CPUSLAB_BEGIN

/* The order of the library's own clients. */
enum {
	CPUSLAB_CLIENT_ORDER_SLAB = -400,
	CPUSLAB_CLIENT_ORDER_CACHE = -350,
	CPUSLAB_CLIENT_ORDER_MAILBOX = -300,
	CPUSLAB_CLIENT_ORDER_WORKERS = -200,
	CPUSLAB_CLIENT_ORDER_STEERING = -100,
};

struct cpuslab_client;

/*
 * Any callback may be NULL. start, admit, complete, repair and resync are
 * called in ascending order of the clients, and in order of registration where
 * that is equal; failure, remove and trim in the reverse of that.
 *
 * Context: callbacks of one domain run one at a time, with its mutex held. They
 *          may sleep, allocate and take locks of their own, and may use
 *          operations, sums and snapshots. Calls that need the mutex return
 *          -CPUSLAB_EBUSY. In userspace the thread cannot be cancelled. They
 *          must not throw.
 */
struct cpuslab_client_ops {
	/*
	 * Prepare for @cpu, which is about to run. A negative result refuses
	 * the CPU; the callback has then changed nothing.
	 */
	int (*start)(struct cpuslab_client *client,
		     uint32_t cpu) CPUSLAB_NOEXCEPT;
	/*
	 * All clients have started @cpu, and it may run at any moment. Only in
	 * a domain that admits early; followed by complete or failure.
	 */
	void (*admit)(struct cpuslab_client *client,
		      uint32_t cpu) CPUSLAB_NOEXCEPT;
	/* @cpu runs, and is in the published mask. */
	void (*complete)(struct cpuslab_client *client,
			 uint32_t cpu) CPUSLAB_NOEXCEPT;
	/*
	 * @cpu, which is online, was reported as complete again or was found
	 * by a resync: repeat what complete did outside the library and the
	 * system may have undone meanwhile, such as the affinity of a thread or
	 * of an interrupt. Changes nothing else; called at any time.
	 */
	void (*repair)(struct cpuslab_client *client,
		       uint32_t cpu) CPUSLAB_NOEXCEPT;
	/* Undo start, and admit: @cpu was not added after all. */
	void (*failure)(struct cpuslab_client *client,
			uint32_t cpu) CPUSLAB_NOEXCEPT;
	/*
	 * Undo complete and start: @cpu is offline and no longer in the
	 * published mask, or the client is unregistering.
	 */
	void (*remove)(struct cpuslab_client *client,
		       uint32_t cpu) CPUSLAB_NOEXCEPT;
	/*
	 * Free what is retained for absent CPUs. Returns CPUSLAB_OK, an
	 * outcome such as CPUSLAB_RETAINED, or an error.
	 */
	int (*trim)(struct cpuslab_client *client,
		    uint32_t flags) CPUSLAB_NOEXCEPT;
	/*
	 * All available CPUs are now online in the domain; anything the client
	 * still holds for other CPUs is stale and may be freed.
	 */
	void (*resync)(struct cpuslab_client *client) CPUSLAB_NOEXCEPT;
};

struct cpuslab_client {
	/* W caller, before init */
	const struct cpuslab_client_ops *ops;
	const char *name; /* for reports */
	void *arg;        /* not used by the library */
	int32_t order;    /* INV: ascending in the domain's list */
	/* W domain, under its mutex */
	struct cpuslab_domain *domain; /* NULL: not registered */
	struct cpuslab_client *next;
	struct cpuslab_client *prev;
};

/**
 * cpuslab_client_init() - register a client with a domain.
 * @client: ops, name, arg and order are set.
 * @domain: whose CPUs the client follows; outlives it.
 *
 * Calls start for each CPU that is preparing or online, in ascending order,
 * then admit for each of these if the domain admits early, then complete for
 * each that is online. If one start refuses, failure is called for each CPU
 * that had been started, in reverse, and the client is not registered.
 *
 * Context: may sleep; not in a callback of @domain.
 * Order:   acquire and release, of the domain's mutex.
 * Return:  CPUSLAB_OK; what start returned if it refused; -CPUSLAB_EBUSY in a
 *          callback; -CPUSLAB_ESHUTDOWN after cpuslab_domain_close();
 *          -CPUSLAB_EINVAL without @client, @domain, ops or name. All but the
 *          last are logged.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_client_init(CPUSLAB_INOUT struct cpuslab_client *client,
		    CPUSLAB_INOUT struct cpuslab_domain *domain);

/**
 * cpuslab_client_fini() - undo what a client was called for, and unregister it.
 * @client: NULL, or one that is not registered: nothing is done.
 *
 * Calls remove for each CPU that is online and failure for each that is
 * preparing, the last CPU first. No callback is running, or is called, once it
 * has returned. Clients that rely on each other are unregistered by the caller
 * in the right sequence, the highest order first.
 *
 * Context: may sleep; not in a callback of the same domain (an assertion;
 *          release builds log it and leave the client registered).
 * Order:   acquire and release, of the domain's mutex.
 */
CPUSLAB_API CPUSLAB_PASSIVE void
cpuslab_client_fini(CPUSLAB_INOUT struct cpuslab_client *client);

/*
 * Synchronization
 *
 *	init, fini          of different clients: any threads at once
 *	init, fini          of one client: the caller excludes them
 *	fields of a client  the caller does not write them from init to fini
 */

CPUSLAB_END

#endif /* CPUSLAB_CLIENT_H */
