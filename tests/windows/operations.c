/* SPDX-License-Identifier: MIT */
/*
 * operations.c - on which copy operations work, at which level, and how they
 * leave the caller; grace periods.
 */
#include "calls.h"

/* ---- where operations work ----------------------------------------------- */

static const struct cpuslab_type calls_type = {
	.name = "two words",
	.size = 2 * sizeof(uint64_t),
	.counters = 2,
};

static uint64_t calls_word(const struct cpuslab_percpu *handle, uint32_t cpu)
{
	const uint64_t *words = cpuslab_remote(handle, cpu);

	return words ? cpuslab_load_relaxed_u64(words) : 0;
}

/* Below and at DISPATCH_LEVEL on the processor's own copy. */
static void calls_own(const struct cpuslab_percpu *handle)
{
	KIRQL before = cpuslab__nt_raise(DISPATCH_LEVEL);
	uint32_t cpu = KeGetCurrentProcessorNumberEx(NULL);

	cpuslab_add(handle, 0, 1);
	CHECK(calls_word(handle, cpu) == 1);
	CHECK(cpuslab_isr_add(handle, 0, 1) == CPUSLAB_OK);
	CHECK(calls_word(handle, cpu) == 2);
	CHECK(cpuslab_isr_cmpstore(handle, 0, 9, 3) == CPUSLAB_DIFFERS);
	CHECK(cpuslab_isr_cmpstore(handle, 0, 2, 3) == CPUSLAB_OK);
	CHECK(calls_word(handle, cpu) == 3);
	CHECK(calls_word(handle, CPUSLAB_SHARED) == 0);
	cpuslab__nt_raise(DISPATCH_LEVEL + 1);
	CHECK(cpuslab_isr_add(handle, 0, 1) == CPUSLAB_OK);
	CHECK(calls_word(handle, cpu) == 4);
	cpuslab_add(handle, 0, 1);
	CHECK(calls_word(handle, CPUSLAB_SHARED) == 1);
	cpuslab__nt_lower(before);
	cpuslab_add(handle, 0, 1);
	CHECK(calls_word(handle, CPUSLAB_SHARED) == 1);
	CHECK(cpuslab_sum(handle, 0) == 6 && cpuslab_sum(handle, 8) == 0);
}

/* Without a block they work on the shared copy, at the same offset. */
static void calls_shared(const struct cpuslab_percpu *handle)
{
	KIRQL before = cpuslab__nt_raise(DISPATCH_LEVEL + 1);

	CHECK(cpuslab_isr_add(handle, 8, 5) == CPUSLAB_OK);
	CHECK(cpuslab_isr_cmpstore(handle, 8, 4, 7) == CPUSLAB_DIFFERS);
	CHECK(cpuslab_isr_cmpstore(handle, 8, 5, 7) == CPUSLAB_OK);
	cpuslab__nt_lower(before);
	CHECK(cpuslab_sum(handle, 8) == 7 && cpuslab_sum(handle, 0) == 0);
}

static void calls_operations_on(struct cpuslab_domain *domain,
				void (*use)(const struct cpuslab_percpu *))
{
	struct cpuslab_percpu handle;
	struct cpuslab_slab *slab;

	CHECK(!cpuslab_slab_create(&slab, domain, NULL));
	CHECK(!cpuslab_alloc(slab, &calls_type, &handle));
	use(&handle);
	cpuslab_free(slab, &handle);
	cpuslab_slab_destroy(slab);
}

/* A thread is where it was after a call that went to other processors. */
static void calls_bound(struct cpuslab_domain *domain)
{
	GROUP_AFFINITY there, before;
	struct cpuslab_counter counter;
	struct cpuslab_slab *slab;
	PROCESSOR_NUMBER number;
	uint32_t cpu = calls_some_cpu(), i;

	CHECK(NT_SUCCESS(KeGetProcessorNumberFromIndex(cpu, &number)));
	memset(&there, 0, sizeof(there));
	there.Group = number.Group;
	there.Mask = (KAFFINITY)1 << number.Number;
	KeSetSystemGroupAffinityThread(&there, &before);
	CHECK(!cpuslab_slab_create(&slab, domain, NULL));
	CHECK(!cpuslab_counter_init(&counter, slab));
	for (i = 0; i < 16; i++)
		CHECK(KeGetCurrentProcessorNumberEx(NULL) == cpu);
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	KeRevertToUserGroupAffinityThread(&before);
}

/* An operation admits its processor where it may wait, up to APC_LEVEL. */
static void calls_admission(KIRQL level)
{
	struct cpuslab_domain *domain =
		calls_domain(CPUSLAB_HOTPLUG_DOMAIN_FLAGS, 0);
	struct cpuslab_counter counter;
	struct cpuslab_stats stats;
	struct cpuslab_slab *slab;
	KIRQL before;

	CHECK(!cpuslab_slab_create(&slab, domain, NULL));
	CHECK(!cpuslab_counter_init(&counter, slab));
	before = cpuslab__nt_raise(level);
	cpuslab_counter_add(&counter, 1);
	cpuslab__nt_lower(before);
	cpuslab_stats_get(slab, &stats);
	CHECK((stats.in_use > 0) == (level < DISPATCH_LEVEL));
	CHECK(cpuslab_counter_sum(&counter) == 1);
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

void calls_operations(void)
{
	static const struct cpuslab_percpu none;
	struct cpuslab_domain *domain;

	CHECK(cpuslab_isr_add(&none, 0, 1) == -CPUSLAB_EINVAL);
	CHECK(cpuslab_isr_cmpstore(&none, 0, 0, 1) == -CPUSLAB_EINVAL);
	domain = calls_domain(0, 0);
	calls_operations_on(domain, calls_own);
	calls_bound(domain);
	cpuslab_domain_destroy(domain);
	domain = calls_domain(CPUSLAB_HOTPLUG_DOMAIN_FLAGS, 0);
	calls_operations_on(domain, calls_shared);
	cpuslab_domain_destroy(domain);
	calls_admission(PASSIVE_LEVEL);
	calls_admission(APC_LEVEL);
	calls_admission(DISPATCH_LEVEL);
	calls_admission(DISPATCH_LEVEL + 1);
}

/* ---- at which level ------------------------------------------------------ */

#define LEVELS_RUN(call)                                                       \
	do {                                                                   \
		call;                                                          \
		control->result[1]++;                                          \
		CHECK(cpuslab__nt_irql() == level);                            \
	} while (0)

/* Each operation once. result[1]: their number. */
void calls_levels(struct control *control)
{
	struct tester_driver *driver = &tester_drivers[0];
	const KIRQL level = (KIRQL)control->arg[0];
	KIRQL before = cpuslab__nt_raise(level);
	struct cpuslab_node node, *popped;

	LEVELS_RUN(cpuslab_counter_add(&driver->counter, 0));
	LEVELS_RUN(cpuslab_gauge_add(&driver->gauge, 0));
	LEVELS_RUN(cpuslab_gauge_sub(&driver->gauge, 0));
	LEVELS_RUN(CHECK(cpuslab_isr_add(&driver->shared, 0, 0) >= 0));
	LEVELS_RUN(CHECK(cpuslab_isr_cmpstore(&driver->shared, 0, 1, 1) >= 0));
	LEVELS_RUN(CHECK(cpuslab_add_if(&driver->gated, 0, 1, 0) >= 0));
	LEVELS_RUN(cpuslab_stack_push(&driver->stack, &node));
	LEVELS_RUN(CHECK(cpuslab_stack_pop(&driver->stack, &popped) >= 0));
	cpuslab_read_enter();
	cpuslab_read_enter();
	cpuslab_read_exit();
	LEVELS_RUN(cpuslab_read_exit());
	cpuslab__nt_lower(before);
}

/* ---- a grace period ------------------------------------------------------ */

static uint32_t calls_graces;

static void calls_grace(struct cpuslab_rcu *rcu)
{
	(void)rcu;
	cpuslab_fetch_add_u32(&calls_graces, 1);
}

/* A barrier waits for it; the port's thread ends it without one. */
void calls_wait(struct control *control)
{
	struct cpuslab_rcu rcu;
	uint32_t tries;

	cpuslab_store_release_u32(&calls_graces, 0);
	cpuslab_port_call_rcu(&rcu, calls_grace);
	if (control->arg[0])
		control->status = cpuslab_port_rcu_barrier();
	for (tries = 0; tries < 5000 && !control->arg[0]; tries++) {
		if (cpuslab_load_acquire_u32(&calls_graces))
			break;
		tester_sleep();
	}
	if (cpuslab_load_acquire_u32(&calls_graces) != 1)
		control->status = -CPUSLAB_EINVAL;
	cpuslab_port_rcu_barrier();
}
