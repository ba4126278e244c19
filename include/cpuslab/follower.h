/* SPDX-License-Identifier: MIT */
/*
 * follower.h - let interrupts, queues, workers follow the CPUs, in an
 * order that the driver declares.
 *
 *	steps      queues        interrupts     workers
 *
 *	add        prepare ----> prepare -----> prepare
 *	  refused  undo <------- undo <-------- refuses
 *	complete   commit -----> commit ------> commit
 *	failure    undo <------- undo <-------- undo
 *	remove     leave <------ leave <------- leave
 *
 * One client with several steps instead of several clients: their order does
 * not depend on who registered when, a refusal says whose it was, and taking it
 * down gives back what each step has for every CPU, in reverse.
 *
 * Not needed for a single step (client.h), nor for slabs and the structures of
 * this library, which follow by themselves. Steps that need those to be ready
 * for a CPU register after them.
 *
 * Synchronization: callbacks run one at a time, under the domain's mutex (see
 * client.h for what they may do); init and fini as cpuslab_client_init().
 *
 * The struct must not be copied or moved.
 */
#ifndef CPUSLAB_FOLLOWER_H
#define CPUSLAB_FOLLOWER_H

#include <cpuslab/client.h>

CPUSLAB_BEGIN

/* Any callback may be NULL. */
struct cpuslab_follower_step {
	const char *name; /* for reports */
	void *arg;        /* given to the callbacks */
	/*
	 * Have all that @cpu will need; it does not run yet. The only one that
	 * may refuse: a negative result, with nothing changed.
	 */
	int (*prepare)(void *arg, uint32_t cpu);
	/* @cpu runs: use it. */
	void (*commit)(void *arg, uint32_t cpu);
	/* @cpu does not come: give back what was prepared. */
	void (*undo)(void *arg, uint32_t cpu);
	/* @cpu is gone: move what it did, and give back what was prepared. */
	void (*leave)(void *arg, uint32_t cpu);
};

struct cpuslab_follower {
	struct cpuslab_client client;
	const struct cpuslab_follower_step *steps; /* W init */
	uint32_t count;                            /* W init */
	uint32_t limit;                            /* W init */
	uint8_t *state;                            /* [limit] W domain mutex */
	const char *refused; /* W domain mutex: the step that did last */
};

/**
 * cpuslab_follower_init() - follow @domain with @count steps.
 * @steps: in the order in which they prepare and commit; outlive @follower.
 *
 * The CPUs that exist are prepared and committed before it returns. If a
 * step refuses one, all are undone, in reverse.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_client_init(); -CPUSLAB_ENOMEM; -CPUSLAB_EINVAL without
 *          steps or for one without a name.
 */
CPUSLAB_API int cpuslab_follower_init(struct cpuslab_follower *follower,
				      struct cpuslab_domain *domain,
				      const struct cpuslab_follower_step *steps,
				      uint32_t count);

/**
 * cpuslab_follower_fini() - follow no longer. Every CPU leaves (those
 * that are only prepared are undone): the last number first, the last step
 * first.
 *
 * Context: may sleep; not from inside a callback of the domain.
 */
CPUSLAB_API void cpuslab_follower_fini(struct cpuslab_follower *follower);

/**
 * cpuslab_follower_refused() - the name of the step that refused last, or
 * NULL.
 *
 * Context: any, if nobody calls the domain meanwhile.
 */
CPUSLAB_API const char *
cpuslab_follower_refused(const struct cpuslab_follower *follower);

CPUSLAB_END

#endif /* CPUSLAB_FOLLOWER_H */
