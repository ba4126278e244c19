/* SPDX-License-Identifier: MIT */
/*
 * context.c - operations in unusual contexts: threads without an rseq
 * registration, and signal handlers that interrupt a holder of the slab's
 * mutex. Also: operations leave nothing behind in their thread.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

#include <cpuslab/cpuslab.h>

#include "torture/torture.h"

#define CONTEXT_ADDS 1000u

static struct cpuslab_domain *context_domain;
static struct cpuslab_slab *context_slab;
static struct cpuslab_counter context_counter;

static void context_begin(uint32_t flags)
{
	struct cpuslab_domain_config config = { .flags = flags };

	TORTURE_OK(cpuslab_domain_create(&context_domain, &config));
	TORTURE_OK(cpuslab_slab_create(&context_slab, context_domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&context_counter, context_slab));
}

static void context_end(void)
{
	TORTURE_OK(cpuslab_slab_check(context_slab));
	cpuslab_counter_fini(&context_counter);
	cpuslab_slab_destroy(context_slab);
	cpuslab_domain_destroy(context_domain);
}

static uint64_t context_shared(void)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(context_slab, &stats);
	return stats.shared_ops;
}

/* ---- threads without registration -------------------------------------- */

static void context_add(uint64_t times)
{
	while (times--)
		cpuslab_counter_add(&context_counter, 1);
}

static void *context_stranger(void *arg)
{
	bool strange = torture_rseq_unregister();
	uint64_t before = context_shared();

	context_add(CONTEXT_ADDS);
	if (!torture_atomic()) {
		TORTURE_CHECK(strange);
		TORTURE_CHECK(context_shared() - before == CONTEXT_ADDS);
	}
	if (strange)
		torture_rseq_register();
	before = context_shared();
	context_add(CONTEXT_ADDS);
	TORTURE_CHECK(context_shared() == before);
	return arg;
}

static void test_unregistered_thread_uses_the_shared_block(void)
{
	pthread_t thread;

	context_begin(0);
	context_add(CONTEXT_ADDS);
	TORTURE_CHECK(context_shared() == 0);
	TORTURE_OK(pthread_create(&thread, NULL, context_stranger, NULL));
	TORTURE_OK(pthread_join(thread, NULL));
	TORTURE_CHECK(cpuslab_counter_sum(&context_counter) ==
		      3 * CONTEXT_ADDS);
	context_end();
}

/* ---- a signal while alloc holds the mutex ------------------------------ */

static uint64_t context_signals;

static void context_handler(int signal)
{
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(context_domain);
	uint64_t sum = cpuslab_counter_sum(&context_counter);

	(void)signal;
	TORTURE_CHECK(cpuslab_cpumask_count(set) == 0);
	cpuslab_cpumask_put(set);
	cpuslab_counter_add(&context_counter, 1);
	TORTURE_CHECK(cpuslab_counter_sum(&context_counter) == sum + 1);
	context_signals++;
}

static int context_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	(void)arg;
	return raise(SIGUSR1);
}

static void test_signal_over_the_slabs_mutex(void)
{
	static const struct cpuslab_type type = {
		.name = "raises",
		.size = 8,
		.ctor = context_ctor,
		.flags = CPUSLAB_TYPE_DISCARD,
	};
	struct cpuslab_percpu handle;
	int i;

	/* No CPU is admitted yet, so each handler takes the slow path. */
	context_begin(CPUSLAB_DOMAIN_START_EMPTY);
	context_signals = 0;
	signal(SIGUSR1, context_handler);
	for (i = 0; i < 50; i++) {
		TORTURE_OK(cpuslab_alloc(context_slab, &type, &handle));
		TORTURE_OK(cpuslab_free(context_slab, &handle));
	}
	TORTURE_CHECK(context_signals >= 50);
	TORTURE_CHECK(cpuslab_counter_sum(&context_counter) == context_signals);
	signal(SIGUSR1, SIG_DFL);
	context_end();
}

/* ---- rseq_cs ----------------------------------------------------------- */

#if CPUSLAB__HAVE_RSEQ

#define CONTEXT_AREA 32

static const char *context_area(void)
{
	return cpuslab__rseq_area();
}

static uint64_t context_rseq_cs(void)
{
	uint64_t cs;

	memcpy(&cs, context_area() + 8, sizeof(cs));
	return cs;
}

/*
 * Check the result of a kind of operation, and that it leaves nothing behind
 * that the kernel reads: in atomic mode it does not know the struct.
 */
#define CONTEXT_LEAVES(call, result)                                           \
	do {                                                                   \
		TORTURE_IS(call, result);                                      \
		TORTURE_CHECK(torture_atomic() || context_rseq_cs() == 0);     \
	} while (0)

static const struct cpuslab_type context_gated = {
	.name = "gated",
	.size = sizeof(struct cpuslab_gated),
	.align = 16,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static void context_words(void)
{
	struct cpuslab_percpu handle;

	TORTURE_OK(cpuslab_alloc(context_slab, &context_gated, &handle));
	CONTEXT_LEAVES(cpuslab_add(&handle, 8, 1), CPUSLAB_OK);
	CONTEXT_LEAVES(cpuslab_add_if(&handle, 0, 0, 1), CPUSLAB_OK);
	CONTEXT_LEAVES(cpuslab_add_if(&handle, 0, 9, 1), CPUSLAB_DIFFERS);
	CONTEXT_LEAVES(cpuslab_add_below(&handle, 8, 9, 1), CPUSLAB_OK);
	CONTEXT_LEAVES(cpuslab_add_below(&handle, 8, UINT64_MAX, 1),
		       CPUSLAB_OK);
	CONTEXT_LEAVES(cpuslab_add_below(&handle, 8, 0, 1), CPUSLAB_FULL);
	CONTEXT_LEAVES(cpuslab_cmpstore(&handle, 0, 0, 5), CPUSLAB_OK);
	CONTEXT_LEAVES(cpuslab_cmpstore(&handle, 0, 0, 5), CPUSLAB_DIFFERS);
	CONTEXT_LEAVES(cpuslab_max(&handle, 0, 6), CPUSLAB_OK);
	CONTEXT_LEAVES(cpuslab_max(&handle, 0, 5), CPUSLAB_OK);
	CONTEXT_LEAVES(cpuslab_cmp2store(&handle, 0, 6, 0, 7, 8),
		       cpuslab_port_uses_atomics() ? -CPUSLAB_ENOSYS :
						     CPUSLAB_DIFFERS);
	CONTEXT_LEAVES(cpuslab_cmp2store(&handle, 0, 6, 0, 6, 8),
		       cpuslab_port_uses_atomics() ? -CPUSLAB_ENOSYS :
						     CPUSLAB_OK);
	TORTURE_OK(cpuslab_free(context_slab, &handle));
}

static void context_nodes(void)
{
	struct cpuslab_node node, *popped;
	struct cpuslab_stack stack;

	TORTURE_OK(cpuslab_stack_init(&stack, context_slab));
	CONTEXT_LEAVES(cpuslab_stack_pop(&stack, &popped), CPUSLAB_EMPTY);
	CONTEXT_LEAVES(cpuslab_stack_push(&stack, &node), CPUSLAB_OK);
	CONTEXT_LEAVES(cpuslab_stack_pop(&stack, &popped), CPUSLAB_OK);
	TORTURE_CHECK(popped == &node);
	cpuslab_stack_fini(&stack);
}

static void context_records(void)
{
	static char fill[CPUSLAB_RING_MAX_RECORD];
	struct cpuslab_ring ring;
	struct cpuslab_log log;

	TORTURE_OK(cpuslab_log_init(&log, context_slab, 32));
	CONTEXT_LEAVES(cpuslab_log_append(&log, "12345678", 8), CPUSLAB_OK);
	CONTEXT_LEAVES(cpuslab_log_append(&log, "12345678", 8), CPUSLAB_OK);
	CONTEXT_LEAVES(cpuslab_log_append(&log, "12345678", 8), CPUSLAB_FULL);
	CONTEXT_LEAVES(cpuslab_log_append(&log, "", 5000), -CPUSLAB_EINVAL);
	cpuslab_log_fini(&log);
	TORTURE_OK(cpuslab_ring_init(&ring, context_slab,
				     4 * cpuslab_port_page_size(), 0));
	CONTEXT_LEAVES(cpuslab_ring_append(&ring, "12345678", 8), CPUSLAB_OK);
	while (!cpuslab_ring_append(&ring, fill, ring.max_record))
		;
	CONTEXT_LEAVES(cpuslab_ring_append(&ring, fill, ring.max_record),
		       CPUSLAB_FULL);
	CONTEXT_LEAVES(cpuslab_ring_append(&ring, fill, 5000), -CPUSLAB_EINVAL);
	cpuslab_ring_fini(&ring);
}

/* The first operation of each kind finds no block; its CPU does not exist. */
static void context_misses(void)
{
	CONTEXT_LEAVES(cpuslab_add(&context_counter.handle, 0, 1), CPUSLAB_OK);
	torture_rseq_unregister();
	CONTEXT_LEAVES(cpuslab_add(&context_counter.handle, 0, 1), CPUSLAB_OK);
	torture_rseq_register();
}

static void context_all(void)
{
	uint32_t cpu;

	context_begin(CPUSLAB_DOMAIN_START_EMPTY);
	TORTURE_CHECK(torture_cpus(&cpu, 1) == 1);
	torture_pin(cpu);
	if (!torture_atomic())
		context_misses();
	context_words();
	context_nodes();
	context_records();
	torture_unpin();
	context_end();
}

/* glibc owns the area: nothing but rseq_cs may change in it. */
static void context_untouched(void)
{
	char before[CONTEXT_AREA], after[CONTEXT_AREA];
	uint32_t cpu;
	int tries = 100;

	TORTURE_CHECK(torture_cpus(&cpu, 1) == 1);
	torture_pin(cpu);
	context_begin(0);
	/* The kernel may write there as well, but not every time. */
	do {
		memcpy(before, context_area(), CONTEXT_AREA);
		context_words();
		context_nodes();
		memcpy(after, context_area(), CONTEXT_AREA);
	} while (memcmp(before, after, CONTEXT_AREA) && --tries);
	TORTURE_CHECK(tries);
	context_end();
	torture_unpin();
}

static void test_rseq_cs_is_clear_after_each_operation(void)
{
	context_all();
}

static void test_tcmalloc_144_292_glibc_owns_the_rseq_area(void)
{
	if (!torture_atomic())
		context_untouched();
}

#else

static void test_rseq_cs_is_clear_after_each_operation(void)
{
}

static void test_tcmalloc_144_292_glibc_owns_the_rseq_area(void)
{
}

#endif

/* ---- a fault in a constructor -------------------------------------------- */

static char *context_lazy; /* a page that the handler provides */
static sigset_t context_mask;

static void context_provide(int signal, siginfo_t *info, void *machine)
{
	const uintptr_t page = (uintptr_t)info->si_addr & ~(uintptr_t)4095;

	(void)signal;
	(void)machine;
	TORTURE_OK(mprotect((void *)page, 4096, PROT_READ | PROT_WRITE));
}

/* Garbage collectors, lazy mappings and sandboxes rely on such handlers. */
static int context_faults(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)arg;
	if (cpu == CPUSLAB_SHARED)
		context_lazy[0]++;
	TORTURE_OK(pthread_sigmask(SIG_SETMASK, NULL, &context_mask));
	return CPUSLAB_OK;
}

static void test_constructor_runs_with_the_programs_signals(void)
{
	static const struct cpuslab_type type = {
		.name = "lazy",
		.size = 8,
		.ctor = context_faults,
	};
	const struct sigaction action = { .sa_sigaction = context_provide,
					  .sa_flags = SA_SIGINFO };
	struct cpuslab_percpu handle;
	struct sigaction before;
	int signal;

	context_begin(0);
	context_lazy =
		mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TORTURE_CHECK(context_lazy != MAP_FAILED);
	TORTURE_OK(sigaction(SIGSEGV, &action, &before));
	TORTURE_OK(cpuslab_alloc(context_slab, &type, &handle));
	TORTURE_OK(sigaction(SIGSEGV, &before, NULL));
	TORTURE_CHECK(context_lazy[0] == 1);
	for (signal = 1; signal < 32; signal++)
		TORTURE_CHECK(!sigismember(&context_mask, signal));
	TORTURE_OK(munmap(context_lazy, 4096));
	TORTURE_OK(cpuslab_free(context_slab, &handle));
	context_end();
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "Operations in unusual contexts.");
	test_unregistered_thread_uses_the_shared_block();
	test_signal_over_the_slabs_mutex();
	/* Valgrind reports the access, although a handler mends it. */
	if (!torture_is_under(TORTURE_VALGRIND))
		test_constructor_runs_with_the_programs_signals();
	test_rseq_cs_is_clear_after_each_operation();
	test_tcmalloc_144_292_glibc_owns_the_rseq_area();
	return torture_end();
}
