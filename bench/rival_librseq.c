/* SPDX-License-Identifier: MIT */
/*
 * rival_librseq.c - the loops of the other files, on librseq's memory pool.
 *
 * Handles lie in memory here too, so that each operation loads its own, as a
 * program's would. librseq retries in its caller; so do these loops.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "rival_librseq.h"

#include <stdlib.h>
#include <string.h>

#include <rseq/mempool.h>
#include <rseq/rseq.h>

#define LIBRSEQ_NOINLINE __attribute__((noinline))
#define LIBRSEQ_CPUS 4096
#define LIBRSEQ_OBJECT 64
#define LIBRSEQ_NODES 8
#define LIBRSEQ_POOLS 4096

static struct rseq_mempool *librseq_pool(size_t object, int cpus, bool zero)
{
	struct rseq_mempool_attr *attr = rseq_mempool_attr_create();
	struct rseq_mempool *pool;

	if (!attr || rseq_mempool_attr_set_percpu(attr, 0, cpus) ||
	    (zero && rseq_mempool_attr_set_populate_policy(
			     attr, RSEQ_MEMPOOL_POPULATE_COW_ZERO)))
		measure_die("librseq", "no attributes");
	pool = rseq_mempool_create("bench", object, attr);
	if (!pool)
		measure_die("librseq", "no pool");
	rseq_mempool_attr_destroy(attr);
	return pool;
}

static void *librseq_zmalloc(struct rseq_mempool *pool)
{
	void __rseq_percpu *object = rseq_mempool_percpu_zmalloc(pool);

	if (!object)
		measure_die("librseq", "no object");
	return object;
}

bool rival_librseq_available(void)
{
	return rseq_available(RSEQ_AVAILABLE_QUERY_KERNEL) &&
	       rseq_current_cpu_raw() >= 0;
}

/* ---- add ------------------------------------------------------------- */

struct librseq_counter {
	intptr_t __rseq_percpu *word;
};

static LIBRSEQ_NOINLINE void librseq_add(void *arg, uint64_t n)
{
	const struct librseq_counter *counter = arg;
	uint64_t i;

	for (i = 0; i < n; i++) {
		int ret;

		do {
			int cpu = (int)rseq_cpu_start();

			ret = rseq_load_add_store__ptr(
				RSEQ_MO_RELAXED, RSEQ_PERCPU_CPU_ID,
				rseq_percpu_ptr(counter->word, cpu), 1, cpu);
		} while (rseq_unlikely(ret));
	}
}

static uint64_t librseq_sum_of(const struct librseq_counter *counter, int cpus)
{
	uint64_t sum = 0;
	int cpu;

	for (cpu = 0; cpu < cpus; cpu++)
		sum += (uint64_t) *
		       (volatile intptr_t *)rseq_percpu_ptr(counter->word, cpu);
	return sum;
}

/* Whoever measures is pinned: adds elsewhere would be missed here. */
static uint64_t librseq_add_count(void *arg)
{
	const struct librseq_counter *counter = arg;

	return (uint64_t)*rseq_percpu_ptr(counter->word, rseq_cpu_start());
}

const struct measure_body *rival_librseq_add(void)
{
	static struct librseq_counter counter;
	static const struct measure_body body = {
		.name = "librseq mempool",
		.arg = &counter,
		.run = librseq_add,
		.count = librseq_add_count,
	};

	if (!counter.word)
		counter.word = librseq_zmalloc(
			librseq_pool(sizeof(intptr_t), LIBRSEQ_CPUS, true));
	return &body;
}

/* ---- push and pop ---------------------------------------------------- */

struct librseq_node {
	struct librseq_node *next;
};

struct librseq_list {
	struct librseq_node *__rseq_percpu *head;
	uint64_t count;
};

static inline void librseq_push(const struct librseq_list *list,
				struct librseq_node *node)
{
	for (;;) {
		int cpu = (int)rseq_cpu_start();
		intptr_t *head = (intptr_t *)rseq_percpu_ptr(list->head, cpu);
		intptr_t expect = RSEQ_READ_ONCE(*head);

		node->next = (struct librseq_node *)expect;
		if (rseq_likely(!rseq_load_cbne_store__ptr(
			    RSEQ_MO_RELAXED, RSEQ_PERCPU_CPU_ID, head, expect,
			    (intptr_t)node, cpu)))
			return;
	}
}

static inline struct librseq_node *librseq_pop(const struct librseq_list *list)
{
	for (;;) {
		int cpu = (int)rseq_cpu_start();
		intptr_t *head = (intptr_t *)rseq_percpu_ptr(list->head, cpu);
		struct librseq_node *node;
		int ret;

		ret = rseq_load_cbeq_store_add_load_store__ptr(
			RSEQ_MO_RELAXED, RSEQ_PERCPU_CPU_ID, head, 0,
			offsetof(struct librseq_node, next), (intptr_t *)&node,
			cpu);
		if (rseq_likely(!ret))
			return node;
		if (ret > 0)
			return NULL;
	}
}

static LIBRSEQ_NOINLINE void librseq_stack(void *arg, uint64_t n)
{
	struct librseq_list *list = arg;
	uint64_t i, done = 0;

	for (i = 0; i < n; i++) {
		struct librseq_node *node = librseq_pop(list);

		if (!node)
			continue;
		librseq_push(list, node);
		done++;
	}
	list->count += done;
}

static uint64_t librseq_stack_count(void *arg)
{
	return ((struct librseq_list *)arg)->count;
}

const struct measure_body *rival_librseq_stack(void)
{
	static struct librseq_node nodes[LIBRSEQ_NODES];
	static struct librseq_list list;
	static const struct measure_body body = {
		.name = "librseq mempool",
		.arg = &list,
		.run = librseq_stack,
		.count = librseq_stack_count,
	};
	int i;

	if (list.head)
		return &body;
	list.head = librseq_zmalloc(
		librseq_pool(sizeof(void *), LIBRSEQ_CPUS, true));
	for (i = 0; i < LIBRSEQ_NODES; i++)
		librseq_push(&list, &nodes[i]);
	return &body;
}

/* ---- objects --------------------------------------------------------- */

struct librseq_objects {
	struct rseq_mempool *pool;
	uint64_t count;
};

static void librseq_alloc_before(void *arg, uint64_t n)
{
	struct librseq_objects *objects = arg;

	(void)n;
	objects->pool = librseq_pool(LIBRSEQ_OBJECT, LIBRSEQ_CPUS, false);
}

static void librseq_alloc(void *arg, uint64_t n)
{
	static uint64_t image[LIBRSEQ_OBJECT / 8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct librseq_objects *objects = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		objects->count +=
			rseq_mempool_percpu_malloc_init(objects->pool, image,
							sizeof(image)) != NULL;
}

static void librseq_alloc_after(void *arg, uint64_t n)
{
	struct librseq_objects *objects = arg;

	(void)n;
	rseq_mempool_destroy(objects->pool);
}

static uint64_t librseq_objects_count(void *arg)
{
	return ((struct librseq_objects *)arg)->count;
}

const struct measure_body *rival_librseq_alloc(void)
{
	static struct librseq_objects objects;
	static const struct measure_body body = {
		.name = "librseq, 4096 possible",
		.arg = &objects,
		.run = librseq_alloc,
		.before = librseq_alloc_before,
		.after = librseq_alloc_after,
		.count = librseq_objects_count,
		/* A page of them each time, as a program would have. */
		.least = 64,
		.most = 64,
	};

	return &body;
}

/* ---- pools ----------------------------------------------------------- */

struct librseq_pools {
	struct rseq_mempool *pools[LIBRSEQ_POOLS];
	bool zero;
	uint64_t count;
};

static void librseq_create(void *arg, uint64_t n)
{
	struct librseq_pools *pools = arg;
	uint64_t i;

	for (i = 0; i < n; i++) {
		pools->pools[i] =
			librseq_pool(LIBRSEQ_OBJECT, LIBRSEQ_CPUS, pools->zero);
		pools->count++;
	}
}

static void librseq_create_after(void *arg, uint64_t n)
{
	struct librseq_pools *pools = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		rseq_mempool_destroy(pools->pools[i]);
}

static uint64_t librseq_pools_count(void *arg)
{
	return ((struct librseq_pools *)arg)->count;
}

const struct measure_body *rival_librseq_create(void)
{
	static struct librseq_pools pools;
	static const struct measure_body body = {
		.name = "librseq, 4096 possible",
		.arg = &pools,
		.run = librseq_create,
		.after = librseq_create_after,
		.count = librseq_pools_count,
		.most = 1,
	};

	return &body;
}

const struct measure_body *rival_librseq_create_zero(void)
{
	static struct librseq_pools pools = { .zero = true };
	static const struct measure_body body = {
		.name = "librseq COW_ZERO, 4096",
		.arg = &pools,
		.run = librseq_create,
		.after = librseq_create_after,
		.count = librseq_pools_count,
		.most = 32,
	};

	return &body;
}

/* ---- sum ------------------------------------------------------------- */

struct librseq_summed {
	struct librseq_counter counter;
	uint64_t total;
};

static LIBRSEQ_NOINLINE void librseq_sum(void *arg, uint64_t n)
{
	struct librseq_summed *summed = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		summed->total += librseq_sum_of(&summed->counter, LIBRSEQ_CPUS);
}

static uint64_t librseq_sum_count(void *arg)
{
	return ((struct librseq_summed *)arg)->total;
}

const struct measure_body *rival_librseq_sum(void)
{
	static struct librseq_summed summed;
	static const struct measure_body body = {
		.name = "librseq, 4096 possible",
		.arg = &summed,
		.run = librseq_sum,
		.count = librseq_sum_count,
	};

	if (!summed.counter.word) {
		summed.counter.word = librseq_zmalloc(
			librseq_pool(sizeof(intptr_t), LIBRSEQ_CPUS, true));
		/* So that each sum is 1, and the total their number. */
		*rseq_percpu_ptr(summed.counter.word, 0) = 1;
	}
	return &body;
}

/* ---- memory ---------------------------------------------------------- */

void rival_librseq_fill(bool zero, uint32_t objects)
{
	struct rseq_mempool *pool =
		librseq_pool(LIBRSEQ_OBJECT, LIBRSEQ_CPUS, zero);
	static uint64_t image[LIBRSEQ_OBJECT / 8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	int cpu;

	while (objects--) {
		uint64_t __rseq_percpu *object;

		object = zero ? librseq_zmalloc(pool) :
				rseq_mempool_percpu_malloc_init(pool, image,
								sizeof(image));
		if (!object)
			measure_die("librseq", "no object");
		for (cpu = 0; cpu < 2; cpu++)
			*(volatile uint64_t *)rseq_percpu_ptr(object, cpu) = 1;
	}
}
