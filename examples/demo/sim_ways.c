/* SPDX-License-Identifier: MIT */
/*
 * sim_ways.c - two ways to count events by CPU: the usual one, as
 * programs really have it, and cpuslab.
 *
 * A cpuslab_port_preempt_point() in the usual way changes nothing in it: it is where
 * the simulator may let another thread go on, as a real system may anywhere.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <sys/mman.h>
#include <unistd.h>

#include "sim_demo.h"

/* ---- the usual way: an array ----------------------------------------- */

#define ARRAY_NEIGHBOUR 0x5eedu

struct array_slot {
	uint64_t events;
} __attribute__((aligned(64)));

static struct {
	struct array_slot *slots;
	uint32_t count;
	uint64_t total;       /* of CPUs that went */
	uint64_t *neighbours; /* somebody else's; NULL: nobody's */
	uint64_t neighbour_count;
} array;

/*
 * The array at the end of its page, behind which there is nothing; or, not
 * guarded, followed by what somebody else has allocated.
 */
static int array_init(uint32_t count, bool guarded)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = count * sizeof(struct array_slot);
	char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t i;

	if (memory == MAP_FAILED || mprotect(memory + page, page, PROT_NONE))
		return -CPUSLAB_ENOMEM;
	array.count = count;
	if (guarded) {
		array.slots =
			(struct array_slot *)(void *)(memory + page - bytes);
		return CPUSLAB_OK;
	}
	array.slots = (struct array_slot *)(void *)memory;
	array.neighbours = (uint64_t *)(void *)(memory + bytes);
	array.neighbour_count = (page - bytes) / sizeof(uint64_t);
	for (i = 0; i < array.neighbour_count; i++)
		array.neighbours[i] = ARRAY_NEIGHBOUR;
	return CPUSLAB_OK;
}

static void array_add(void)
{
	uint32_t cpu = cpuslab_port_cpu(); /* sched_getcpu() */

	cpuslab_port_preempt_point();
	__atomic_fetch_add(&array.slots[cpu].events, 1, __ATOMIC_SEQ_CST);
}

static uint64_t array_sum(void)
{
	uint64_t sum = __atomic_load_n(&array.total, __ATOMIC_SEQ_CST);
	uint32_t cpu;

	for (cpu = 0; cpu < array.count; cpu++) {
		cpuslab_port_preempt_point();
		sum += __atomic_load_n(&array.slots[cpu].events,
				       __ATOMIC_SEQ_CST);
	}
	return sum;
}

static void array_appear(uint32_t cpu)
{
	(void)cpu; /* its slot is there already, or so one thinks */
}

static void array_gone_store(uint32_t cpu)
{
	uint64_t events =
		__atomic_load_n(&array.slots[cpu].events, __ATOMIC_SEQ_CST);

	cpuslab_port_preempt_point();
	__atomic_fetch_add(&array.total, events, __ATOMIC_SEQ_CST);
	cpuslab_port_preempt_point();
	__atomic_store_n(&array.slots[cpu].events, 0, __ATOMIC_SEQ_CST);
}

static void array_gone_exchange(uint32_t cpu)
{
	uint64_t events = __atomic_exchange_n(&array.slots[cpu].events, 0,
					      __ATOMIC_SEQ_CST);

	cpuslab_port_preempt_point();
	__atomic_fetch_add(&array.total, events, __ATOMIC_SEQ_CST);
}

static uint64_t array_foreign(void)
{
	uint64_t i, changed = 0;

	for (i = 0; i < array.neighbour_count; i++)
		changed += array.neighbours[i] != ARRAY_NEIGHBOUR;
	return changed;
}

const struct sim_way sim_way_array_store = {
	"usual",      array_init,       array_add,     array_sum,
	array_appear, array_gone_store, array_foreign,
};

const struct sim_way sim_way_array_exchange = {
	"usual",      array_init,          array_add,     array_sum,
	array_appear, array_gone_exchange, array_foreign,
};

/* ---- cpuslab --------------------------------------------------------- */

static struct {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_counter events;
} slab_way;

static int slab_way_init(uint32_t count, bool guarded)
{
	int err = cpuslab_domain_create(&slab_way.domain, NULL);

	(void)count;
	(void)guarded;
	if (!err)
		err = cpuslab_slab_create(&slab_way.slab, slab_way.domain,
					  NULL);
	if (!err)
		err = cpuslab_counter_init(&slab_way.events, slab_way.slab);
	return err;
}

static void slab_way_add(void)
{
	cpuslab_counter_add(&slab_way.events, 1);
}

static uint64_t slab_way_sum(void)
{
	return cpuslab_counter_sum(&slab_way.events);
}

static void slab_way_appear(uint32_t cpu)
{
	if (!cpuslab_domain_add_start(slab_way.domain, cpu))
		cpuslab_domain_add_complete(slab_way.domain, cpu);
}

static void slab_way_gone(uint32_t cpu)
{
	cpuslab_domain_remove(slab_way.domain, cpu);
}

static uint64_t slab_way_foreign(void)
{
	return 0;
}

const struct sim_way sim_way_slab = {
	"cpuslab",       slab_way_init, slab_way_add,     slab_way_sum,
	slab_way_appear, slab_way_gone, slab_way_foreign,
};
