/* SPDX-License-Identifier: MIT */
/*
 * hammer.c - threads that use everything at all IRQLs, and exact totals of what
 * they did.
 */
#include "tester.h"

#include "portable/portable.h"

#define HAMMER_NODES 4
#define HAMMER_LEAST 100   /* rounds, however early the end comes */
#define HAMMER_SHARED 16   /* adds to the word that an ISR shares */
#define HAMMER_INTERRUPT 5 /* an IRQL of devices */

struct hammer_thread {
	HANDLE handle;
	struct tester_driver *driver;
	uint64_t adds, shared, stores; /* done */
	uint64_t random;
	const char *wrong; /* NULL, or what was seen */
	struct cpuslab_node nodes[HAMMER_NODES];
	struct cpuslab_node *held[HAMMER_NODES + 1]; /* popped by this thread */
	uint32_t held_count;
	struct portable_actor actor;
};

static struct hammer_thread hammer_threads[TESTER_THREADS];
static uint32_t hammer_count;
static uint32_t hammer_stop;
static uint32_t hammer_stall; /* turns between reading a gate and counting */
static HANDLE hammer_looker;  /* NULL: there are no structures to check */

static uint32_t hammer_random(struct hammer_thread *thread, uint32_t below)
{
	thread->random ^= thread->random << 13;
	thread->random ^= thread->random >> 7;
	thread->random ^= thread->random << 17;
	return (uint32_t)(thread->random >> 32) % below;
}

static void hammer_add(struct hammer_thread *thread)
{
	struct tester_driver *driver = thread->driver;

	cpuslab_counter_add(&driver->counter, 1);
	thread->adds++;
	cpuslab_gauge_add(&driver->gauge, 5);
	cpuslab_gauge_sub(&driver->gauge, 5);
}

/* Add one, by compare and store, on whichever processor this runs. */
static void hammer_store(struct hammer_thread *thread)
{
	const struct cpuslab_percpu *handle = &thread->driver->shared;
	const uint64_t *words;
	uint64_t found;

	cpuslab_read_enter();
	words = cpuslab_remote(handle, cpuslab__nt_cpu());
	if (!words)
		words = cpuslab_remote(handle, CPUSLAB_SHARED);
	found = cpuslab_load_acquire_u64(&words[1]);
	cpuslab_read_exit();
	if (cpuslab_isr_cmpstore(handle, 8, found, found + 1) == CPUSLAB_OK)
		thread->stores++;
}

static void hammer_share(struct hammer_thread *thread)
{
	uint32_t i;

	for (i = 0; i < HAMMER_SHARED; i++) {
		cpuslab_isr_add(&thread->driver->shared, 0, 1);
		hammer_store(thread);
	}
	thread->shared += HAMMER_SHARED;
}

/* A slow operation: the thread that closes the gate waits for it. */
static void hammer_gate(struct hammer_thread *thread)
{
	const struct cpuslab_percpu *handle = &thread->driver->gated;
	volatile uint32_t turns = hammer_stall;
	uint64_t *pair;
	int result;

	cpuslab_read_enter();
	pair = (uint64_t *)(uintptr_t)cpuslab_remote(handle, cpuslab__nt_cpu());
	if (pair && !cpuslab_load_acquire_u64(&pair[0])) {
		while (turns)
			turns--;
		cpuslab_store_release_u64(
			&pair[1], cpuslab_load_relaxed_u64(&pair[1]) + 1);
	}
	cpuslab_read_exit();
	result = cpuslab_add_if(handle, 0, 0, 1);
	cpuslab_assert(result >= 0);
	(void)result;
}

/* At the IRQLs of a DPC and of an ISR. */
static void hammer_levels(struct hammer_thread *thread)
{
	KIRQL before = cpuslab__nt_raise(DISPATCH_LEVEL);

	hammer_add(thread);
	__cpuslab_counter_add(&thread->driver->counter, 1);
	thread->adds++;
	hammer_share(thread);
	cpuslab__nt_lower(before);
	before = cpuslab__nt_raise(HAMMER_INTERRUPT);
	hammer_share(thread);
	cpuslab_counter_add(&thread->driver->counter, 1);
	cpuslab__nt_lower(before);
	thread->adds++;
	hammer_share(thread);
}

/* All structures, of the first driver, in all threads. */
static void hammer_structures(struct hammer_thread *thread)
{
	struct portable_actor *actor = &thread->actor;
	KIRQL before;

	portable_step(actor);
	before = cpuslab__nt_raise(DISPATCH_LEVEL);
	portable_step(actor);
	actor->interrupt = true;
	cpuslab__nt_raise(HAMMER_INTERRUPT);
	portable_step(actor);
	cpuslab__nt_lower(before);
	before = cpuslab__nt_raise(HAMMER_INTERRUPT);
	portable_step(actor);
	cpuslab__nt_lower(before);
	actor->interrupt = false;
}

static void hammer_nodes(struct hammer_thread *thread)
{
	struct cpuslab_stack *stack = &thread->driver->stack;

	if (thread->held_count &&
	    (thread->held_count > HAMMER_NODES || hammer_random(thread, 2)))
		cpuslab_stack_push(stack, thread->held[--thread->held_count]);
	else if (thread->held_count <= HAMMER_NODES &&
		 cpuslab_stack_pop(stack, &thread->held[thread->held_count]) ==
			 CPUSLAB_OK)
		thread->held_count++;
}

static void hammer_sums(struct hammer_thread *thread, uint64_t *last)
{
	uint64_t sum = cpuslab_counter_sum(&thread->driver->counter);

	if (sum < *last)
		thread->wrong = "a sum decreased";
	*last = sum;
	if (cpuslab_gauge_sum(&thread->driver->gauge) < 0)
		thread->wrong = "a balanced gauge was negative";
	if (cpuslab__nt_irql() != PASSIVE_LEVEL)
		thread->wrong = "the IRQL was not restored";
}

static void hammer_run(struct hammer_thread *thread)
{
	uint64_t last = 0;
	uint32_t i;

	for (i = 0; i < HAMMER_NODES; i++)
		thread->held[i] = &thread->nodes[i];
	thread->held_count = HAMMER_NODES;
	i = 0;
	do {
		hammer_add(thread);
		hammer_nodes(thread);
		if (i % 8 == 0)
			hammer_levels(thread);
		if (i % 8 == 4)
			hammer_gate(thread);
		if (i % 2 && tester_drivers[0].has_structures)
			hammer_structures(thread);
		if (i++ % 16 == 0)
			hammer_sums(thread, &last);
	} while (i < HAMMER_LEAST || !cpuslab_load_acquire_u32(&hammer_stop));
	while (thread->held_count)
		cpuslab_stack_push(&thread->driver->stack,
				   thread->held[--thread->held_count]);
	if (tester_drivers[0].has_structures)
		portable_leave(&thread->actor);
}

static VOID NTAPI hammer_thread_run(PVOID context)
{
	hammer_run(context);
	PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI hammer_look(PVOID unused)
{
	(void)unused;
	do {
		portable_look();
		tester_sleep();
	} while (!cpuslab_load_acquire_u32(&hammer_stop));
	PsTerminateSystemThread(STATUS_SUCCESS);
}

void tester_hammer_start(struct control *control)
{
	cpuslab_store_release_u32(&hammer_stop, 0);
	hammer_stall = control->arg[1];
	memset(hammer_threads, 0, sizeof(hammer_threads));
	while (hammer_count < control->arg[0] &&
	       hammer_count < TESTER_THREADS) {
		struct hammer_thread *thread = &hammer_threads[hammer_count];

		thread->driver = &tester_drivers[hammer_count % tester_count];
		thread->random = hammer_count * 2654435769u + 1;
		thread->actor.id = hammer_count;
		control->status = tester_spawn(hammer_thread_run, thread,
					       &thread->handle);
		if (control->status)
			return;
		hammer_count++;
	}
	hammer_looker = NULL;
	if (tester_drivers[0].has_structures)
		control->status =
			tester_spawn(hammer_look, NULL, &hammer_looker);
}

static uint32_t hammer_nodes_of(const struct tester_driver *driver,
				uint32_t cpu)
{
	const struct cpuslab_stack_cpu *copy =
		cpuslab_remote(&driver->stack.handle, cpu);
	const struct cpuslab_node *node;
	uint32_t count = 0;

	if (!copy)
		return 0;
	node = (const struct cpuslab_node *)(uintptr_t)copy->top.first;
	for (; node && count <= TESTER_THREADS * HAMMER_NODES; count++)
		node = node->next;
	return count;
}

/* The number of nodes on the driver's stacks, which are empty afterwards. */
static uint32_t hammer_drain(struct tester_driver *driver)
{
	uint32_t count = hammer_nodes_of(driver, CPUSLAB_SHARED), cpu;

	for (cpu = 0; cpu < cpuslab_domain_limit(driver->domain); cpu++)
		count += hammer_nodes_of(driver, cpu);
	cpuslab_stack_fini(&driver->stack);
	driver->has_stack = !cpuslab_stack_init(&driver->stack, driver->slab);
	return count;
}

static void hammer_check(struct control *control, struct tester_driver *driver)
{
	const char *wrong = NULL;
	uint32_t i, nodes = 0;

	for (i = 0; i < hammer_count; i++) {
		if (hammer_threads[i].driver != driver)
			continue;
		nodes += HAMMER_NODES;
		control->result[0] += hammer_threads[i].adds;
		driver->adds += hammer_threads[i].adds;
		driver->shared_adds += hammer_threads[i].shared;
		driver->shared_stores += hammer_threads[i].stores;
		if (hammer_threads[i].wrong)
			wrong = hammer_threads[i].wrong;
	}
	if (cpuslab_counter_sum(&driver->counter) < driver->adds)
		wrong = "counts are missing";
	if (cpuslab_counter_sum(&driver->counter) > driver->adds)
		wrong = "there are too many counts";
	if (cpuslab_gauge_sum(&driver->gauge))
		wrong = "the gauge is not balanced";
	if (cpuslab_sum(&driver->shared, 0) != driver->shared_adds)
		wrong = "counts shared with an ISR are missing";
	if (cpuslab_sum(&driver->shared, 8) != driver->shared_stores)
		wrong = "stores shared with an ISR are missing";
	if (hammer_drain(driver) != nodes)
		wrong = "nodes are missing";
	if (wrong)
		tester_text(control, wrong);
	if (wrong)
		control->status = -CPUSLAB_EINVAL;
}

void tester_hammer_stop(struct control *control)
{
	struct cpuslab_stats stats;
	uint32_t i;

	cpuslab_store_release_u32(&hammer_stop, 1);
	for (i = 0; i < hammer_count; i++)
		tester_join(hammer_threads[i].handle);
	if (hammer_looker)
		tester_join(hammer_looker);
	hammer_looker = NULL;
	for (i = 0; i < tester_count; i++) {
		hammer_check(control, &tester_drivers[i]);
		cpuslab_stats_get(tester_drivers[i].slab, &stats);
		control->result[1] += stats.shared_ops;
	}
	hammer_count = 0;
}
