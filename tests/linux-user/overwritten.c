/* SPDX-License-Identifier: MIT */
/*
 * overwritten.c - a process that overwrites the CPU number in its struct rseq.
 * In one thread on one CPU, not even a count is lost.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <cpuslab/counter.h>

#include "torture/fake.h"
#include "torture/torture.h"

#if CPUSLAB__HAVE_RSEQ
static struct cpuslab_counter overwritten_counter;

/* The second word of the struct; the kernel writes it when the thread moves. */
static void overwritten_add(uint32_t number)
{
	char *thread = __builtin_thread_pointer();
	volatile uint32_t *cpu_id =
		(void *)(thread + CPUSLAB__RSEQ_OFFSET + sizeof(*cpu_id));
	uint32_t before = *cpu_id;

	*cpu_id = number;
	cpuslab_counter_add(&overwritten_counter, 1);
	*cpu_id = before;
}

/* Each that operations can read, and some of which they read a half. */
static void test_any_number(void)
{
	uint32_t number, bit, adds;

	for (number = 0; number < 65536; number++)
		overwritten_add(number);
	adds = number;
	for (bit = 16; bit < 32; bit++, adds += 3) {
		overwritten_add(1u << bit);
		overwritten_add((1u << bit) + 1);
		overwritten_add(0u - (1u << bit));
	}
	TORTURE_CHECK(cpuslab_counter_sum(&overwritten_counter) == adds);
}

static void overwritten_all(void)
{
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	uint32_t cpu;

	TORTURE_CHECK(torture_cpus(&cpu, 1) && torture_pin(cpu));
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&overwritten_counter, slab));
	test_any_number();
	TORTURE_OK(cpuslab_slab_check(slab));
	TORTURE_OK(cpuslab_domain_check(domain));
	cpuslab_counter_fini(&overwritten_counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}
#endif

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "CPU numbers that the process writes.");
	if (cpuslab_port_uses_atomics())
		torture_skip("there is no struct rseq in atomic mode");
#if CPUSLAB__HAVE_RSEQ
	fake_begin();
	fake_put("devices/system/cpu/possible", "0-63\n");
	fake_use(true, false);
	overwritten_all();
	fake_remove();
#endif
	return torture_end();
}
