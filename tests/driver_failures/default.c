/* SPDX-License-Identifier: MIT */
/*
 * default.c - the drivers that a scenario starts from. Those that count take a
 * unit of work for one event. What is not used stays empty: its sum is 0.
 */
#include "scenario.h"

/* ---- usual: an array by the number of CPUs at load ------------------- */

struct array_slot *array_slots;
uint32_t array_count;
uint64_t array_total;
static uint32_t array_size; /* slots */
unsigned long array_foreign;

int array_init(uint32_t count, size_t behind)
{
	array_count = array_size = count;
	array_slots = system_guarded(count * sizeof(*array_slots) + behind);
	return array_slots ? CPUSLAB_OK : -CPUSLAB_ENOMEM;
}

static int array_load(void)
{
	return array_init(system_count(), 0);
}

int array_load_maximum(void)
{
	return array_init(SCENARIO_LIMIT, 0);
}

static void array_work(uint32_t cpu)
{
	system_point();
	__atomic_fetch_add(&array_slots[cpu].events, 1, __ATOMIC_SEQ_CST);
}

void array_count_unlocked(uint32_t i, uint32_t cpu)
{
	struct array_slot *slot = &array_slots[i];
	uint64_t events = slot->events;

	if (!events)
		slot->owner = cpu;
	if (slot->owner != cpu) {
		slot->shared = true;
		scenario_count(&array_foreign);
	}
	system_point();
	slot->events = events + 1;
}

static uint64_t array_sum(void)
{
	uint64_t sum = __atomic_load_n(&array_total, __ATOMIC_SEQ_CST);
	uint32_t i;

	for (i = 0; i < array_size; i++) {
		system_point();
		sum += __atomic_load_n(&array_slots[i].events,
				       __ATOMIC_SEQ_CST);
	}
	return sum;
}

const struct driver array_driver = {
	.load = array_load,
	.work = array_work,
	.sum = array_sum,
};

/* ---- usual: memory allocated for each CPU ---------------------------- */

static uint64_t *each_events[SCENARIO_LIMIT];

void each_alloc(uint32_t cpu)
{
	each_events[cpu] = system_alloc(EACH_BYTES);
}

static int each_load(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < SCENARIO_LIMIT; cpu++)
		if (system_runs(cpu))
			each_alloc(cpu);
	return CPUSLAB_OK;
}

static void each_work(uint32_t cpu)
{
	++*each_events[cpu];
}

static uint64_t each_sum(void)
{
	uint64_t sum = 0;
	uint32_t cpu;

	for (cpu = 0; cpu < SCENARIO_LIMIT; cpu++)
		sum += each_events[cpu] ? *each_events[cpu] : 0;
	return sum;
}

static void each_unload(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < SCENARIO_LIMIT; cpu++)
		system_free(each_events[cpu], EACH_BYTES);
}

const struct driver each_driver = {
	.load = each_load,
	.work = each_work,
	.sum = each_sum,
	.unload = each_unload,
};

/* ---- cpuslab: a counter ---------------------------------------------- */

struct cpuslab_counter counter_events;

static int counter_load(void)
{
	return cpuslab_counter_init(&counter_events, driver_slab);
}

void counter_work(uint32_t cpu)
{
	(void)cpu;
	cpuslab_counter_add(&counter_events, 1);
}

static bool counter_is_used(void)
{
	return !cpuslab_percpu_is_null(&counter_events.handle);
}

static uint64_t counter_sum(void)
{
	return counter_is_used() ? cpuslab_counter_sum(&counter_events) : 0;
}

static void counter_unload(void)
{
	if (counter_is_used())
		cpuslab_counter_fini(&counter_events);
}

const struct driver counter_driver = {
	.load = counter_load,
	.work = counter_work,
	.sum = counter_sum,
	.unload = counter_unload,
};

/* ---- cpuslab: a mailbox; a steering table ---------------------------- */

struct cpuslab_mailbox mailbox;
struct cpuslab_steering steering;

static int mailbox_load(void)
{
	return cpuslab_mailbox_init(&mailbox, driver_domain, 64);
}

static void mailbox_unload(void)
{
	cpuslab_mailbox_fini(&mailbox);
}

const struct driver mailbox_driver = {
	.load = mailbox_load,
	.unload = mailbox_unload,
};

static int steering_load(void)
{
	static const struct cpuslab_steering_config config = {
		.buckets = STEERING_BUCKETS,
		.targets = SCENARIO_LIMIT,
	};
	int err = cpuslab_steering_init(&steering, &config);

	return err ? err : cpuslab_steering_attach(&steering, driver_domain);
}

static void steering_unload(void)
{
	cpuslab_steering_detach(&steering);
	cpuslab_steering_fini(&steering);
}

const struct driver steering_driver = {
	.load = steering_load,
	.unload = steering_unload,
};

/* ---- of use to some -------------------------------------------------- */

void driver_idle(uint32_t cpu)
{
	(void)cpu;
}

uint32_t driver_count(void)
{
	const struct cpuslab_cpumask *mask = cpuslab_cpumask_get(driver_domain);
	uint32_t count = cpuslab_cpumask_count(mask);

	cpuslab_cpumask_put(mask);
	return count;
}
