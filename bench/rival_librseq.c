/* SPDX-License-Identifier: MIT */
/*
 * rival_librseq.c - the same loops with librseq's memory pool.
 *
 * Handles lie in memory, as for cpuslab, and are loaded for each operation.
 * With librseq the caller retries an operation that was aborted; so do these
 * loops.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "rival_librseq.h"

#include "lists.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rseq/mempool.h>
#include <rseq/rseq.h>

#define LIBRSEQ_NOINLINE __attribute__((noinline))
#define LIBRSEQ_CPUS 4096 /* enough for any machine */
#define LIBRSEQ_OBJECT 64
#define LIBRSEQ_NODES 256 /* per CPU */
#define LIBRSEQ_POOLS 32

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

bool rival_librseq_is_built(void)
{
	return true;
}

static const char *librseq_unfit(const struct bench_run *run)
{
	(void)run;
	return rseq_available(RSEQ_AVAILABLE_QUERY_KERNEL) &&
			       rseq_current_cpu_raw() >= 0 ?
		       NULL :
		       "no rseq here";
}

static void *librseq_zmalloc(struct rseq_mempool *pool)
{
	void __rseq_percpu *object = rseq_mempool_percpu_zmalloc(pool);

	if (!object)
		measure_die("librseq", "no object");
	return object;
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

	for (cpu = 0; cpu < cpus; cpu++) {
		const volatile intptr_t *word =
			rseq_percpu_ptr(counter->word, cpu);

		sum += (uint64_t)*word;
	}
	return sum;
}

static uint64_t librseq_add_count(void *arg)
{
	return librseq_sum_of(arg, (int)measure_cpu_end());
}

/* Created once, never freed. */
static void *librseq_counter_setup(struct bench_run *run)
{
	static struct librseq_counter counter;

	(void)run;
	if (!counter.word)
		counter.word = librseq_zmalloc(
			librseq_pool(sizeof(intptr_t), LIBRSEQ_CPUS, true));
	return &counter;
}

/* ---- compare and store: 0 for 0, like the other bodies ----------------- */

struct librseq_compared {
	intptr_t __rseq_percpu *word;
	uint64_t count;
};

static LIBRSEQ_NOINLINE void librseq_cmpstore(void *arg, uint64_t n)
{
	struct librseq_compared *compared = arg;
	uint64_t i, done = 0;

	for (i = 0; i < n; i++) {
		int ret;

		do {
			int cpu = (int)rseq_cpu_start();

			ret = rseq_load_cbne_store__ptr(
				RSEQ_MO_RELAXED, RSEQ_PERCPU_CPU_ID,
				rseq_percpu_ptr(compared->word, cpu), 0, 0,
				cpu);
		} while (rseq_unlikely(ret < 0));
		done += !ret;
	}
	__atomic_fetch_add(&compared->count, done, __ATOMIC_RELAXED);
}

static uint64_t librseq_cmpstore_count(void *arg)
{
	return ((struct librseq_compared *)arg)->count;
}

static void *librseq_cmpstore_setup(struct bench_run *run)
{
	static struct librseq_compared compared;

	(void)run;
	if (!compared.word)
		compared.word = librseq_zmalloc(
			librseq_pool(sizeof(intptr_t), LIBRSEQ_CPUS, true));
	return &compared;
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
	__atomic_fetch_add(&list->count, done, __ATOMIC_RELAXED);
}

static uint64_t librseq_stack_count(void *arg)
{
	return ((struct librseq_list *)arg)->count;
}

/* Created once, with its nodes, and never freed. */
static void *librseq_stack_setup(struct bench_run *run)
{
	static struct librseq_list list;
	struct librseq_node *nodes;
	uint32_t cpu, i;

	(void)run;
	if (list.head)
		return &list;
	list.head = librseq_zmalloc(
		librseq_pool(sizeof(void *), LIBRSEQ_CPUS, true));
	nodes = calloc((size_t)measure_cpus() * LIBRSEQ_NODES, sizeof(*nodes));
	if (!nodes)
		measure_die("librseq", "no nodes");
	for (cpu = 0; cpu < measure_cpus(); cpu++) {
		measure_pin(cpu);
		for (i = 0; i < LIBRSEQ_NODES; i++)
			librseq_push(&list, nodes++);
	}
	measure_pin(0);
	return &list;
}

/* ---- append ---------------------------------------------------------- */

struct librseq_log {
	intptr_t __rseq_percpu *tail; /* bytes */
	struct rseq_mempool *pool;
	char **data; /* [CPU] */
	uint64_t bytes;
};

static LIBRSEQ_NOINLINE void librseq_append(void *arg, uint64_t n)
{
	/* A header and 32 bytes, like cpuslab's record. */
	static char record[40] = "A       a log record";
	const struct librseq_log *logs = arg;
	uint64_t i;

	for (i = 0; i < n; i++) {
		int ret;

		do {
			int cpu = (int)rseq_cpu_start();
			intptr_t *tail =
				(intptr_t *)rseq_percpu_ptr(logs->tail, cpu);
			intptr_t at = RSEQ_READ_ONCE(*tail);

			if ((uint64_t)at + sizeof(record) > logs->bytes)
				break;
			ret = rseq_load_cbne_memcpy_store__ptr(
				RSEQ_MO_RELEASE, RSEQ_PERCPU_CPU_ID, tail, at,
				logs->data[cpu] + at, record, sizeof(record),
				at + (intptr_t)sizeof(record), cpu);
		} while (rseq_unlikely(ret));
	}
}

static const char *librseq_append_unfit(const struct bench_run *run)
{
	return run->threads > 64 ? "its buffers would take gigabytes" :
				   librseq_unfit(run);
}

static void *librseq_append_setup(struct bench_run *run)
{
	static struct librseq_log logs;
	uint32_t cpu;

	logs.bytes = (uint64_t)run->threads * LISTS_APPENDS * 40;
	logs.pool = librseq_pool(sizeof(intptr_t), LIBRSEQ_CPUS, true);
	logs.tail = librseq_zmalloc(logs.pool);
	logs.data = calloc(measure_cpu_end(), sizeof(*logs.data));
	for (cpu = 0; logs.data && cpu < measure_cpu_end(); cpu++) {
		logs.data[cpu] = mmap(NULL, logs.bytes, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (logs.data[cpu] == MAP_FAILED)
			measure_die("librseq", "no buffer");
	}
	if (!logs.data)
		measure_die("librseq", "no buffers");
	return &logs;
}

static void librseq_append_teardown(void *arg)
{
	struct librseq_log *logs = arg;
	uint32_t cpu;

	for (cpu = 0; cpu < measure_cpu_end(); cpu++)
		munmap(logs->data[cpu], logs->bytes);
	free(logs->data);
	rseq_mempool_destroy(logs->pool);
}

static void librseq_append_before(void *arg, uint64_t n)
{
	struct librseq_log *logs = arg;
	uint32_t cpu;

	(void)n;
	for (cpu = 0; cpu < measure_cpu_end(); cpu++)
		*rseq_percpu_ptr(logs->tail, (int)cpu) = 0;
}

/* As new: the pages have to be touched again. */
static void librseq_append_before_fresh(void *arg, uint64_t n)
{
	struct librseq_log *logs = arg;
	uint32_t cpu;

	for (cpu = 0; cpu < measure_cpu_end(); cpu++)
		if (madvise(logs->data[cpu], logs->bytes, MADV_DONTNEED))
			measure_die("librseq", "cannot empty a buffer");
	librseq_append_before(logs, n);
}

static uint64_t librseq_append_count(void *arg)
{
	const struct librseq_log *logs = arg;
	uint64_t bytes = 0;
	uint32_t cpu;

	for (cpu = 0; cpu < measure_cpu_end(); cpu++)
		bytes += (uint64_t)*rseq_percpu_ptr(logs->tail, (int)cpu);
	return bytes / 40;
}

/* ---- objects and pools ----------------------------------------------- */

struct librseq_work {
	struct rseq_mempool *pools[LIBRSEQ_POOLS];
	struct librseq_counter counter;
	int cpus;
	uint64_t count;
};

static uint64_t librseq_count(void *arg)
{
	return ((struct librseq_work *)arg)->count;
}

static void *librseq_setup(struct bench_run *run)
{
	struct librseq_work *work = calloc(1, sizeof(*work));

	if (!work)
		measure_die("librseq", "no memory");
	work->cpus = (int)run->arg;
	return work;
}

static void librseq_alloc_before(void *arg, uint64_t n)
{
	struct librseq_work *work = arg;

	(void)n;
	work->pools[0] = librseq_pool(LIBRSEQ_OBJECT, work->cpus, false);
}

static uint64_t librseq_image[LIBRSEQ_OBJECT / 8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

static void librseq_alloc(void *arg, uint64_t n)
{
	struct librseq_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		work->count += rseq_mempool_percpu_malloc_init(
				       work->pools[0], librseq_image,
				       sizeof(librseq_image)) != NULL;
}

static void librseq_alloc_after(void *arg, uint64_t n)
{
	struct librseq_work *work = arg;

	(void)n;
	rseq_mempool_destroy(work->pools[0]);
}

/*
 * With the first object, whose initial contents two CPUs get, like cpuslab's.
 * malloc_init would write them for each possible CPU, and zmalloc would look at
 * each of them for what is not zero.
 */
static void librseq_create_first(void *arg, uint64_t n)
{
	struct librseq_work *work = arg;
	uint64_t i;
	int cpu;

	for (i = 0; i < n; i++) {
		char __rseq_percpu *object;

		work->pools[i] = librseq_pool(LIBRSEQ_OBJECT, work->cpus, true);
		object = rseq_mempool_percpu_malloc(work->pools[i]);
		for (cpu = 0; object && cpu < 2; cpu++)
			memcpy(rseq_percpu_ptr(object, cpu), librseq_image,
			       sizeof(librseq_image));
		work->count += object != NULL;
	}
}

static void librseq_create_after(void *arg, uint64_t n)
{
	struct librseq_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		rseq_mempool_destroy(work->pools[i]);
}

/* ---- sum ------------------------------------------------------------- */

static void *librseq_sum_setup(struct bench_run *run)
{
	struct librseq_work *work = librseq_setup(run);

	work->pools[0] = librseq_pool(sizeof(intptr_t), work->cpus, true);
	work->counter.word = librseq_zmalloc(work->pools[0]);
	/* Each sum is 1, so the total is the number of sums. */
	*rseq_percpu_ptr(work->counter.word, 0) = 1;
	return work;
}

static void librseq_sum_teardown(void *arg)
{
	struct librseq_work *work = arg;

	rseq_mempool_destroy(work->pools[0]);
	free(work);
}

static LIBRSEQ_NOINLINE void librseq_sum(void *arg, uint64_t n)
{
	struct librseq_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		work->count += librseq_sum_of(&work->counter, work->cpus);
}

/* ---- memory ---------------------------------------------------------- */

void rival_librseq_fill(bool zero, uint32_t objects, uint32_t limit)
{
	struct rseq_mempool *pool =
		librseq_pool(LIBRSEQ_OBJECT, (int)limit, zero);
	int cpu;

	while (objects--) {
		uint64_t __rseq_percpu *object;

		object = zero ? librseq_zmalloc(pool) :
				rseq_mempool_percpu_malloc_init(
					pool, librseq_image,
					sizeof(librseq_image));
		if (!object)
			measure_die("librseq", "no object");
		for (cpu = 0; cpu < 2; cpu++)
			*(volatile uint64_t *)rseq_percpu_ptr(object, cpu) = 1;
	}
}

/* ---- bodies ---------------------------------------------------------- */

#define LIBRSEQ_OPERATION(name_, setup_, ...)                                  \
	{                                                                      \
		.how = { .name = name_, __VA_ARGS__ }, .flags = BENCH_THREADS, \
		.unfit = librseq_unfit, .setup = setup_                        \
	}

#define LIBRSEQ_APPEND(name_, before_)                                         \
	{                                                                      \
		.how = { .name = name_,                                        \
			 .run = librseq_append,                                \
			 .before = before_,                                    \
			 .count = librseq_append_count,                        \
			 .most = LISTS_APPENDS },                              \
		.flags = BENCH_THREADS, .unfit = librseq_append_unfit,         \
		.setup = librseq_append_setup,                                 \
		.teardown = librseq_append_teardown                            \
	}

#define LIBRSEQ_BODY(name_, setup_, teardown_, ...)                            \
	{                                                                      \
		.how = { .name = name_, .count = librseq_count, __VA_ARGS__ }, \
		.flags = BENCH_SLOW, .arg_name = "limit",                      \
		.args = { 2, 64, 256, 1024, 4096, 8192 }, .arg_count = 6,      \
		.unfit = librseq_unfit, .setup = setup_, .teardown = teardown_ \
	}

const struct bench_body librseq_bodies[] = {
	LIBRSEQ_OPERATION("add/librseq", librseq_counter_setup,
			  .run = librseq_add, .count = librseq_add_count),
	LIBRSEQ_OPERATION("cmpstore/librseq", librseq_cmpstore_setup,
			  .run = librseq_cmpstore,
			  .count = librseq_cmpstore_count),
	LIBRSEQ_OPERATION("stack/librseq", librseq_stack_setup,
			  .run = librseq_stack, .count = librseq_stack_count),
	LIBRSEQ_APPEND("append/librseq", librseq_append_before),
	LIBRSEQ_APPEND("append-fresh/librseq", librseq_append_before_fresh),
	/* A page of objects at a time, as in a program. */
	LIBRSEQ_BODY("alloc/librseq", librseq_setup, free, .run = librseq_alloc,
		     .before = librseq_alloc_before,
		     .after = librseq_alloc_after, .least = 64, .most = 64),
	LIBRSEQ_BODY("create+alloc/librseq-cow", librseq_setup, free,
		     .run = librseq_create_first, .after = librseq_create_after,
		     .most = LIBRSEQ_POOLS),
	LIBRSEQ_BODY("sum/librseq", librseq_sum_setup, librseq_sum_teardown,
		     .run = librseq_sum),
	{ .how = { .name = NULL } },
};
