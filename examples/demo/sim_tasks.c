/* SPDX-License-Identifier: MIT */
/*
 * sim_tasks.c - the threads and clients of the storm.
 */
#include "sim_storm.h"

#define STORM_ADDS 700u  /* of each adder */
#define STORM_TURNS 120u /* of each operator */
#define STORM_GROWS 120u
#define STORM_OBJECTS 48u /* that the grower holds */

/* ---- counting -------------------------------------------------------- */

static void storm_add(uint64_t value)
{
	storm_now.begun += value;
	cpuslab_counter_add(&storm_now.events, value);
	storm_now.done += value;
	storm_now.counts.adds++;
}

/* Over anything. */
void storm_signal(void *arg)
{
	(void)arg;
	storm_add(1);
	storm_now.counts.signals++;
}

/* Pop a node, be its only owner, push it again. */
static void storm_use_node(void)
{
	struct cpuslab_node *node;
	struct storm_node *mine;

	if (cpuslab_stack_pop(&storm_now.stack, &node))
		return;
	mine = (struct storm_node *)(void *)node;
	storm_expect(!mine->held, "a node was popped twice");
	mine->held = true;
	cpuslab_port_preempt_point();
	mine->held = false;
	cpuslab_stack_push(&storm_now.stack, node);
}

void storm_adder(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < STORM_ADDS; i++) {
		storm_add(1 + storm_random(16));
		if (i % 4 == 0)
			cpuslab_gauge_add(&storm_now.gauge, 3);
		if (i % 8 == 0)
			storm_use_node();
		if (i % 4 == 0)
			cpuslab_gauge_sub(&storm_now.gauge, 3);
	}
	storm_now.adding--;
}

void storm_reader(void *arg)
{
	uint64_t last = 0;

	(void)arg;
	while (storm_now.adding) {
		uint64_t least = storm_now.done;
		uint64_t sum = cpuslab_counter_sum(&storm_now.events);

		storm_expect(sum >= least, "a sum missed an add");
		storm_expect(sum <= storm_now.begun, "a sum was too large");
		storm_expect(sum >= last, "a sum went back");
		storm_expect(cpuslab_gauge_sum(&storm_now.gauge) >= 0,
			     "a gauge was negative");
		last = sum;
		storm_now.counts.sums++;
		cpuslab_port_preempt_point();
	}
}

/* ---- CPUs ------------------------------------------------------------ */

static void storm_note(int result)
{
	storm_now.counts.calls++;
	storm_now.counts.refused += result == -CPUSLAB_EACCES;
	storm_now.counts.no_memory += result == -CPUSLAB_ENOMEM;
	storm_now.counts.beyond += result == -CPUSLAB_ERANGE;
	storm_expect(result == CPUSLAB_OK || result == CPUSLAB_RETAINED ||
			     result == -CPUSLAB_EACCES ||
			     result == -CPUSLAB_ENOMEM ||
			     result == -CPUSLAB_ERANGE,
		     "a call returned what it should not");
}

static void storm_make_trouble(uint32_t cpu)
{
	if (!storm_random(6))
		sim_fail_alloc_at(1 + storm_random(6));
	if (cpu >= STORM_LIMIT)
		return;
	if (!storm_random(2))
		sim_fail_block_cpu(cpu, !storm_random(12));
	if (!storm_random(4))
		sim_cpu_set_available(cpu, storm_random(2));
}

/* Any of the calls, in any order. */
static int storm_call(struct cpuslab_domain *domain, uint32_t cpu)
{
	switch (storm_random(12)) {
	case 0:
	case 1:
	case 2:
		return cpuslab_domain_add_start(domain, cpu);
	case 3:
	case 4:
	case 5:
		return cpuslab_domain_add_complete(domain, cpu);
	case 6:
		return cpuslab_domain_add_failure(domain, cpu);
	case 7:
	case 8:
	case 9:
		return cpuslab_domain_remove(domain, cpu);
	case 10:
		return cpuslab_domain_resync(domain);
	default:
		return cpuslab_domain_trim(domain, 0);
	}
}

void storm_operator(void *arg)
{
	uint32_t i, cpu;

	(void)arg;
	for (i = 0; i < STORM_TURNS; i++) {
		cpu = storm_now.cpus[storm_random(STORM_CPUS)];
		if (!storm_random(16))
			cpu = STORM_LIMIT + storm_random(1000);
		storm_make_trouble(cpu);
		storm_note(storm_call(storm_now.domain, cpu));
		cpuslab_port_preempt_point();
	}
}

/* ---- growth ---------------------------------------------------------- */

static const struct cpuslab_type storm_type = {
	.name = "storm",
	.size = 512,
	.counters = 64,
};

static void storm_grow(struct cpuslab_percpu *handle)
{
	int err = cpuslab_alloc(storm_now.slab, &storm_type, handle);
	uint32_t i;

	storm_expect(!err || err == -CPUSLAB_ENOMEM, "an allocation failed");
	if (err) {
		storm_now.counts.no_memory++;
		return;
	}
	for (i = 0; i < 8; i++)
		cpuslab_add(handle, 504, 5);
	storm_expect(cpuslab_sum(handle, 504) == 40,
		     "a new object is not exact");
	storm_expect(cpuslab_sum(handle, 0) == 0, "a new object is not zero");
}

void storm_grower(void *arg)
{
	struct cpuslab_percpu handles[STORM_OBJECTS];
	uint32_t i, at;

	(void)arg;
	memset(handles, 0, sizeof(handles));
	for (i = 0; i < STORM_GROWS + STORM_OBJECTS; i++) {
		at = i % STORM_OBJECTS;
		if (!cpuslab_percpu_is_null(&handles[at])) {
			storm_expect(cpuslab_sum(&handles[at], 504) == 40,
				     "an old object is not exact");
			storm_expect(!cpuslab_free(storm_now.slab,
						   &handles[at]),
				     "an object could not be freed");
			memset(&handles[at], 0, sizeof(handles[at]));
		}
		if (i < STORM_GROWS)
			storm_grow(&handles[at]);
	}
}

/* ---- clients --------------------------------------------------------- */

enum {
	SHOWN_NOT,
	SHOWN_STARTED,
	SHOWN_ONLINE,
};

/* Each callback must follow from the one before. */
static void storm_show(uint32_t cpu, uint8_t from, uint8_t to)
{
	storm_expect(cpu < STORM_LIMIT && storm_now.shown[cpu] == from,
		     "a client got a callback out of order");
	if (cpu < STORM_LIMIT)
		storm_now.shown[cpu] = to;
}

static int storm_witness_start(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	storm_show(cpu, SHOWN_NOT, SHOWN_STARTED);
	return CPUSLAB_OK;
}

static void storm_witness_complete(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	storm_show(cpu, SHOWN_STARTED, SHOWN_ONLINE);
}

static void storm_witness_failure(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	storm_show(cpu, SHOWN_STARTED, SHOWN_NOT);
}

static void storm_witness_remove(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	storm_show(cpu, SHOWN_ONLINE, SHOWN_NOT);
}

const struct cpuslab_client_ops storm_witness_ops = {
	.start = storm_witness_start,
	.complete = storm_witness_complete,
	.failure = storm_witness_failure,
	.remove = storm_witness_remove,
};

static int storm_refuser_start(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	(void)cpu;
	return storm_now.calm || storm_random(6) ? CPUSLAB_OK : -CPUSLAB_EACCES;
}

const struct cpuslab_client_ops storm_refuser_ops = {
	.start = storm_refuser_start,
};
