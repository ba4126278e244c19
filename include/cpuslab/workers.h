/* SPDX-License-Identifier: MIT */
/*
 * workers.h - one worker for each CPU that is online, and messages to it.
 *
 *	add_start     create: a worker that does not run; may refuse
 *	complete      its box opens; unpark: it works, on its CPU
 *	removal       its box is shut; park: it has ended what it did;
 *	              what is left in the box is adopted by the others
 *	failure       destroy, if it has never run
 *	back again    the parked one goes on; no memory, no new worker
 *
 * What a worker is (a thread, a work item, a DPC) is said by callbacks, so that
 * this file knows no system; a port may have them ready (thread.h of
 * linux-user). What it does is yours: config.handle, for each message.
 *
 * What was sent is handled exactly once, by the worker of the CPU that it
 * was sent to, or, if that one goes, by another; see mailbox.h. If no CPU
 * is left it waits for the next that comes.
 *
 * Not for a pool that only wants to be as large as the machine (start any
 * number of threads), nor for work that must not move: it does.
 *
 * Synchronization:
 *   send                any context, any time, as far as ops.wake allows
 *   work                the worker of that CPU, unparked
 *   init, fini          the caller: nobody sends (before, any more); as
 *                       cpuslab_client_init(), cpuslab_client_fini()
 *
 * A handler must not wait for somebody who calls the domain: a removal waits
 * for the handler (park). The struct must not be copied or moved.
 */
#ifndef CPUSLAB_WORKERS_H
#define CPUSLAB_WORKERS_H

#include <cpuslab/mailbox.h>

CPUSLAB_BEGIN

struct cpuslab_workers;

/*
 * All but wake run one at a time, under the domain's mutex (see client.h), or
 * in init and fini. All but resynced must be there.
 */
struct cpuslab_workers_ops {
	/*
	 * Make a worker for @cpu, parked; what is stored to *worker is given
	 * to the others. May refuse: a negative result, with nothing changed.
	 */
	int (*create)(struct cpuslab_workers *workers, uint32_t cpu,
		      void **worker);
	/* @cpu runs: call cpuslab_workers_work() there until it is EMPTY. */
	void (*unpark)(struct cpuslab_workers *workers, uint32_t cpu,
		       void *worker);
	/* When it returns, no cpuslab_workers_work() is under way. */
	void (*park)(struct cpuslab_workers *workers, uint32_t cpu,
		     void *worker);
	/* It is parked, and not needed any more. */
	void (*destroy)(struct cpuslab_workers *workers, uint32_t cpu,
			void *worker);
	/*
	 * There is something to do: as unpark, unless it is parked. Called by
	 * cpuslab_workers_send(), in its context, from any thread; one that
	 * comes just before an unpark may be forgotten.
	 */
	void (*wake)(struct cpuslab_workers *workers, uint32_t cpu,
		     void *worker);
	/*
	 * May be NULL. All CPUs were compared with what the domain knows
	 * (see client.h): @cpu runs, but may have gone and returned unseen.
	 */
	void (*resynced)(struct cpuslab_workers *workers, uint32_t cpu,
			 void *worker);
};

struct cpuslab_workers_config {
	const struct cpuslab_workers_ops *ops; /* outlives the set */
	/* By the worker of @cpu: a message that was sent to it, or adopted. */
	void (*handle)(void *arg, uint32_t cpu,
		       const struct cpuslab_message *message);
	/* By fini: a message that nobody handled. NULL: they are dropped. */
	void (*left)(void *arg, const struct cpuslab_message *message);
	void *arg;
	uint32_t capacity; /* of each box, see cpuslab_mailbox_init() */
};

struct cpuslab__worker;

struct cpuslab_workers {
	struct cpuslab_mailbox mailbox;
	struct cpuslab_client client;
	struct cpuslab_workers_config config; /* W init */
	uint32_t limit;                       /* W init */
	struct cpuslab__worker *workers;      /* [limit] W domain mutex */
	uint32_t orphans; /* W any: boxes of the gone may have messages */
};

/**
 * cpuslab_workers_init() - a worker for each CPU of @domain, now and
 * later. Those that are online work when it returns.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_mailbox_init(); what ops.create said;
 *          -CPUSLAB_EINVAL without callbacks.
 */
CPUSLAB_API int
cpuslab_workers_init(struct cpuslab_workers *workers,
		     struct cpuslab_domain *domain,
		     const struct cpuslab_workers_config *config);

/**
 * cpuslab_workers_fini() - park and destroy all; what was not handled goes to
 * config.left.
 *
 * Context: may sleep; not from inside a callback of the domain, nor a handler.
 */
CPUSLAB_API void cpuslab_workers_fini(struct cpuslab_workers *workers);

/**
 * cpuslab_workers_send() - let @cpu's worker handle a message.
 *
 * Context: any that ops.wake allows. No lock, no wait of its own.
 * Order:   release; the handler sees what was written before.
 * Return:  as cpuslab_mailbox_send().
 */
CPUSLAB_API int cpuslab_workers_send(struct cpuslab_workers *workers,
				     uint32_t cpu,
				     const struct cpuslab_message *message);

/**
 * cpuslab_workers_work() - handle one message: of those that CPUs left
 * behind, or of @cpu's own.
 *
 * Context: @cpu's worker, not parked.
 * Return:  CPUSLAB_OK; CPUSLAB_EMPTY: sleep until ops.wake.
 */
CPUSLAB_API int cpuslab_workers_work(struct cpuslab_workers *workers,
				     uint32_t cpu);

CPUSLAB_END

#endif /* CPUSLAB_WORKERS_H */
