/* SPDX-License-Identifier: MIT */
/*
 * tables.c - the tables by which operations find blocks: live bytes, and the
 * directories of blocks that have no window.
 *
 * Each case is a process of its own. The limits are those of a made-up /sys.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cpuslab/ops.h>
#include <cpuslab/port.h>
#include <cpuslab/read.h>
#include <cpuslab/slab.h>

#include "torture/torture.h"

#define TABLES_MANY 100 /* slabs */
#define TABLES_NOBODY 65534

/* A block that was freed stays mapped, for another CPU. */
static void test_tables_of_cpus_that_come_and_go(void)
{
	static const struct cpuslab_type type = {
		.name = "large",
		.size = (size_t)2 << CPUSLAB__WINDOW_SHIFT,
		.flags = CPUSLAB_TYPE_DISCARD,
	};
	struct cpuslab_percpu handle;
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	long size = 0;
	uint32_t cpu;

	torture_fake_limit(64);
	cpuslab_port_cpu_limit();
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_alloc(slab, &type, &handle));
	for (cpu = 8; cpu < 64; cpu++) {
		TORTURE_OK(cpuslab_domain_add_complete(domain, cpu));
		/* Threads have started; a release may be late. */
		if (cpu == 10)
			size = torture_proc_kb("/proc/self/status", "VmSize");
		TORTURE_OK(cpuslab_domain_remove(domain, cpu));
		TORTURE_OK(cpuslab_domain_trim(domain, CPUSLAB_TRIM_QUIESCENT));
		TORTURE_OK(cpuslab_port_rcu_barrier());
	}
	/* A thread's arena of malloc is 64 MiB; blocks would be 106. */
	TORTURE_CHECK(torture_proc_kb("/proc/self/status", "VmSize") <=
		      size + 80 * 1024);
	TORTURE_OK(cpuslab_domain_add_complete(domain, 8));
	TORTURE_OK(cpuslab_domain_add_complete(domain, 9));
	cpuslab_read_enter();
	TORTURE_CHECK(cpuslab_remote(&handle, 8) != cpuslab_remote(&handle, 9));
	cpuslab_read_exit();
	TORTURE_OK(cpuslab_free(slab, &handle));
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

/* What is locked for a slab, and how many mappings it has. */
static void test_tables_of_many_slabs(void)
{
	static const struct cpuslab_type type = { .name = "counter",
						  .size = 8,
						  .counters = 1 };
	static struct cpuslab_percpu handles[TABLES_MANY];
	static struct cpuslab_slab *slabs[TABLES_MANY];
	const struct rlimit limit = { 8 << 20, 8 << 20 };
	struct cpuslab_domain *domain;
	long locked = 0;
	uint32_t i;

	torture_fake_limit(64);
	cpuslab_port_cpu_limit();
	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		torture_skip("a resource limit cannot be set");
	if (!geteuid() && setuid(TABLES_NOBODY))
		torture_skip("the user cannot be changed");
	if (mlockall(MCL_FUTURE))
		torture_skip("mlockall is not permitted");
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	for (i = 0; i < TABLES_MANY; i++) {
		TORTURE_OK(cpuslab_slab_create(&slabs[i], domain, NULL));
		TORTURE_OK(cpuslab_alloc(slabs[i], &type, &handles[i]));
		if (!i)
			locked = torture_proc_kb("/proc/self/status", "VmLck");
	}
	locked = torture_proc_kb("/proc/self/status", "VmLck") - locked;
	printf("  %ld kB locked for a slab\n", locked / (TABLES_MANY - 1));
	TORTURE_CHECK(locked / (TABLES_MANY - 1) <= 48);
	while (i--) {
		TORTURE_OK(cpuslab_free(slabs[i], &handles[i]));
		cpuslab_slab_destroy(slabs[i]);
	}
	cpuslab_domain_destroy(domain);
}

/* Where a block has no window inline operations find zeros, for all numbers. */
static void test_tables_zeros(void)
{
	static const struct cpuslab_type type = {
		.name = "huge", .size = (size_t)2 << CPUSLAB__WINDOW_SHIFT
	};
	struct cpuslab_percpu handles[3];
	struct cpuslab_slab *slabs[3];
	struct cpuslab_domain *domain;
	uint32_t i, k;

	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	for (k = 0; k < 3; k++) {
		TORTURE_OK(cpuslab_slab_create(&slabs[k], domain, NULL));
		TORTURE_OK(cpuslab_alloc(slabs[k], &type, &handles[k]));
	}
	/* The tables adjoin. */
	for (k = 0; k < 3; k++)
		for (i = 0; i <= UINT16_MAX && handles[k].live; i++)
			TORTURE_IS(handles[k].live[i], 0);
	for (k = 0; k < 3; k++) {
		TORTURE_OK(cpuslab_free(slabs[k], &handles[k]));
		cpuslab_slab_destroy(slabs[k]);
	}
	cpuslab_domain_destroy(domain);
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "Tables take what the CPUs in use need.");
	torture_skip_under(TORTURE_SANITIZER | TORTURE_VALGRIND |
			   TORTURE_EMULATOR);
	torture_run_apart(test_tables_of_cpus_that_come_and_go);
	torture_run_apart(test_tables_of_many_slabs);
	torture_run_apart(test_tables_zeros);
	return torture_end();
}
