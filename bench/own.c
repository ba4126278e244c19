/* SPDX-License-Identifier: MIT */
/*
 * own.c - the bodies for cpuslab's operations.
 */
#include "own.h"

#include <stdlib.h>

#include <cpuslab/percid.h>

#include "lists.h"

#define OWN_NODES 256u /* per CPU; a thread that moves takes one along */

static const struct cpuslab_type own_pair = {
	.name = "bench_pair",
	.size = sizeof(struct cpuslab_gated),
	.align = 16,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static const char *own_keep_unfit(const struct bench_run *run)
{
	(void)run;
	return cpuslab_port_uses_atomics() ? "atomic mode: no rseq_cs is set" :
					     NULL;
}

static const char *own_append_unfit(const struct bench_run *run)
{
	return (size_t)run->threads * LISTS_APPENDS *
				       cpuslab__log_step(OWN_RECORD) >=
			       256u << 20 ?
		       "the log would be too large" :
		       NULL;
}

static void *own_setup(struct bench_run *run)
{
	struct own_work *work = calloc(1, sizeof(*work));

	(void)run;
	if (!work)
		measure_die("setup", "no memory");
	work->domain = platform_domain_real();
	work->slab = platform_slab(work->domain);
	if (cpuslab_counter_init(&work->counter, work->slab) ||
	    cpuslab_stack_init(&work->stack, work->slab) ||
	    cpuslab_alloc(work->slab, &own_pair, &work->handle))
		measure_die("setup", "cannot create an object");
	return work;
}

static void own_teardown(void *arg)
{
	struct own_work *work = arg;

	cpuslab_counter_fini(&work->counter);
	cpuslab_stack_fini(&work->stack);
	cpuslab_free(work->slab, &work->handle);
	cpuslab_slab_destroy(work->slab);
	cpuslab_domain_destroy(work->domain);
	free(work->nodes);
	free(work);
}

static void *own_stack_setup(struct bench_run *run)
{
	struct own_work *work = own_setup(run);
	uint32_t cpu, i, all = measure_cpus() * OWN_NODES;

	work->nodes = calloc(all, sizeof(*work->nodes));
	if (!work->nodes)
		measure_die("setup", "no memory");
	for (cpu = 0; cpu < measure_cpus(); cpu++) {
		measure_pin(cpu);
		for (i = 0; i < OWN_NODES; i++)
			cpuslab_stack_push(&work->stack, &work->nodes[--all]);
	}
	measure_pin(0);
	return work;
}

static uint64_t own_add_count(void *arg)
{
	return cpuslab_counter_sum(&((struct own_work *)arg)->counter);
}

static uint64_t own_count(void *arg)
{
	return ((struct own_work *)arg)->count;
}

/* The sum of the values on all CPUs. */
static uint64_t own_add_if_count(void *arg)
{
	const struct own_work *work = arg;
	const struct cpuslab_gated *pair;
	uint64_t total = 0;
	uint32_t cpu;

	cpuslab_read_enter();
	cpuslab_for_each_copy(&work->handle, cpu, pair)
		total += pair->value;
	cpuslab_read_exit();
	return total;
}

/* ---- append: to one log again and again, and to a fresh one each time --- */

static void own_log(struct own_work *work, uint64_t records)
{
	uint64_t bytes = (records + 1) * cpuslab__log_step(OWN_RECORD);

	if (cpuslab_log_init(&work->log, work->slab, (uint32_t)bytes))
		measure_die("append", "cannot create a log");
}

static void *own_append_setup(struct bench_run *run)
{
	struct own_work *work = own_setup(run);

	own_log(work, (uint64_t)run->threads * LISTS_APPENDS);
	return work;
}

static void own_append_teardown(void *arg)
{
	struct own_work *work = arg;

	cpuslab_log_fini(&work->log);
	own_teardown(work);
}

static void own_append_rewind(void *arg, uint64_t n)
{
	const struct own_work *work = arg;
	const struct cpuslab_percpu *handle = &work->log.handle;
	struct cpuslab_log_cpu *log;
	uint32_t cpu;

	(void)n;
	cpuslab_read_enter();
	log = platform_copy(handle, CPUSLAB_SHARED);
	log->tail = 0;
	for (cpu = cpuslab_remote_next(handle, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_remote_next(handle, cpu + 1)) {
		log = platform_copy(handle, cpu);
		log->tail = 0;
	}
	cpuslab_read_exit();
}

static void own_append_before(void *arg, uint64_t n)
{
	own_log(arg, n);
}

static void own_append_after(void *arg, uint64_t n)
{
	struct own_work *work = arg;

	(void)n;
	cpuslab_log_fini(&work->log);
}

static uint64_t own_append_count(void *arg)
{
	const struct own_work *work = arg;
	const struct cpuslab_log_cpu *log;
	uint64_t bytes = 0;
	uint32_t cpu;

	cpuslab_read_enter();
	cpuslab_for_each_copy(&work->log.handle, cpu, log)
		bytes += log->tail;
	cpuslab_read_exit();
	return bytes / cpuslab__log_step(OWN_RECORD);
}

/* ---- by concurrency id, if the kernel has them -------------------------- */

struct own_percid {
	struct cpuslab_percid_counter counter;
	struct cpuslab_counter plain; /* in the same slab */
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
};

static void *own_percid_setup(struct bench_run *run)
{
	const struct cpuslab_slab_config config = {
		.flags = CPUSLAB_SLAB_PERCID,
	};
	struct own_percid *work = calloc(1, sizeof(*work));

	(void)run;
	if (!work)
		measure_die("setup", "no memory");
	work->domain = platform_domain_real();
	if (cpuslab_slab_create(&work->slab, work->domain, &config) ||
	    cpuslab_percid_counter_init(&work->counter, work->slab) ||
	    cpuslab_counter_init(&work->plain, work->slab))
		measure_die("setup", "cannot create an object");
	return work;
}

static void own_percid_teardown(void *arg)
{
	struct own_percid *work = arg;

	cpuslab_counter_fini(&work->plain);
	cpuslab_percid_counter_fini(&work->counter);
	cpuslab_slab_destroy(work->slab);
	cpuslab_domain_destroy(work->domain);
	free(work);
}

BENCH_NOINLINE static void own_percid_add(void *arg, uint64_t n)
{
	const struct own_percid *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		cpuslab_percid_counter_add(&work->counter, 1);
}

static uint64_t own_percid_add_count(void *arg)
{
	const struct own_percid *work = arg;

	return cpuslab_percid_counter_sum(&work->counter);
}

BENCH_NOINLINE static void own_percid_plain(void *arg, uint64_t n)
{
	const struct own_percid *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		cpuslab_counter_add(&work->plain, 1);
}

static uint64_t own_percid_plain_count(void *arg)
{
	return cpuslab_counter_sum(&((struct own_percid *)arg)->plain);
}

#define OWN_BODY(name_, unfit_, setup_, teardown_, count_, ...)                \
	{                                                                      \
		.how = { .name = name_, .count = count_, __VA_ARGS__ },        \
		.flags = BENCH_THREADS, .unfit = unfit_, .setup = setup_,      \
		.teardown = teardown_                                          \
	}

#define OWN_BOTH(name_, setup_, count_)                                        \
	OWN_BODY(#name_ "/cpuslab", NULL, setup_, own_teardown, count_,        \
		 .run = own_clear_##name_),                                    \
		OWN_BODY(#name_ "/cpuslab-keep", own_keep_unfit, setup_,       \
			 own_teardown, count_, .run = own_keep_##name_)

#define OWN_APPEND(name_, setup_, teardown_, before_, after_)                  \
	OWN_BODY(name_, own_append_unfit, setup_, teardown_, own_append_count, \
		 .run = own_clear_append, .before = before_, .after = after_,  \
		 .most = LISTS_APPENDS)

const struct bench_body own_bodies[] = {
	OWN_BOTH(add, own_setup, own_add_count),
	OWN_BOTH(add_if, own_setup, own_add_if_count),
	OWN_BOTH(cmpstore, own_setup, own_count),
	OWN_BOTH(stack, own_stack_setup, own_count),
	OWN_APPEND("append/cpuslab", own_append_setup, own_append_teardown,
		   own_append_rewind, NULL),
	OWN_APPEND("append-fresh/cpuslab", own_setup, own_teardown,
		   own_append_before, own_append_after),
	OWN_BODY("add/cpuslab-percid", NULL, own_percid_setup,
		 own_percid_teardown, own_percid_add_count,
		 .run = own_percid_add),
	OWN_BODY("add/cpuslab-percid-plain", NULL, own_percid_setup,
		 own_percid_teardown, own_percid_plain_count,
		 .run = own_percid_plain),
	{ .how = { .name = NULL } },
};
