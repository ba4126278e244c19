/* SPDX-License-Identifier: MIT */
/*
 * mappings.c - with many sparse CPUs and much memory the process stays far
 * below vm.max_map_count; the policy of a block prefers its CPU's node.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cpuslab/read.h>

#include "torture/fake.h"
#include "torture/torture.h"

#define MAPPINGS_LIMIT 8192u
#define MAPPINGS_STEP 16u
#define MAPPINGS_MAX 20000
#define MAPPINGS_OBJECT ((size_t)1 << 20)
#ifdef CPUSLAB_DEBUG
#define MAPPINGS_OBJECTS 1 /* their bytes are poisoned, so touched */
#else
#define MAPPINGS_OBJECTS 16
#endif

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;

static void mappings_begin(uint32_t flags)
{
	struct cpuslab_domain_config config = { .flags = flags };

	TORTURE_OK(cpuslab_domain_create(&domain, &config));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
}

static void mappings_end(void)
{
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	fake_remove();
}

static int mappings_count(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	int count = 0, c;

	TORTURE_CHECK(file);
	while ((c = getc(file)) != EOF)
		count += c == '\n';
	fclose(file);
	return count;
}

/* Bytes. */
static long mappings_resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long size, resident = 0;

	TORTURE_CHECK(file && fscanf(file, "%ld %ld", &size, &resident) == 2);
	fclose(file);
	return resident * sysconf(_SC_PAGESIZE);
}

static void mappings_add_cpus(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < MAPPINGS_LIMIT; cpu += MAPPINGS_STEP) {
		TORTURE_OK(cpuslab_domain_add_start(domain, cpu));
		TORTURE_OK(cpuslab_domain_add_complete(domain, cpu));
	}
}

/* No page is touched: an object without an image takes address space only. */
static void test_mappings_512_sparse_cpus_16_mib_each(void)
{
	static const struct cpuslab_type type = {
		.name = "untouched",
		.size = MAPPINGS_OBJECT,
		.flags = CPUSLAB_TYPE_DISCARD,
	};
	struct cpuslab_percpu handles[MAPPINGS_OBJECTS];
	struct cpuslab_stats stats;
	int before = mappings_count(), count, i;
	long resident;

	torture_fake_limit(MAPPINGS_LIMIT);
	mappings_begin(CPUSLAB_DOMAIN_START_EMPTY);
	mappings_add_cpus();
	for (i = 0; i < MAPPINGS_OBJECTS; i++)
		TORTURE_OK(cpuslab_alloc(slab, &type, &handles[i]));
	count = mappings_count();
	resident = mappings_resident();
	cpuslab_stats_get(slab, &stats);
	printf("  %u CPUs, %u extents, %llu MiB: %d mappings\n", stats.in_use,
	       stats.extents, (unsigned long long)stats.committed_bytes >> 20,
	       count - before);
	fflush(stdout);
	TORTURE_CHECK(count < MAPPINGS_MAX);
	TORTURE_OK(cpuslab_free(slab, &handles[0]));
	/* A free must not touch what was never touched. */
	if (MAPPINGS_OBJECTS > 1)
		TORTURE_CHECK(mappings_resident() < resident + (32l << 20));
	for (i = 1; i < MAPPINGS_OBJECTS; i++)
		TORTURE_OK(cpuslab_free(slab, &handles[i]));
	TORTURE_OK(cpuslab_slab_check(slab));
	mappings_end();
	TORTURE_CHECK(mappings_count() <= before + 16);
}

/* ---- nodes ------------------------------------------------------------- */

/* The policy of the page at @addr: mode and first word of the nodes. */
static long mappings_policy(const void *addr, int *mode, unsigned long *nodes)
{
	unsigned long mask[16] = { 0 };
	long err = syscall(SYS_get_mempolicy, mode, mask, 8 * sizeof(mask),
			   addr, MPOL_F_ADDR);

	*nodes = mask[0];
	return err;
}

/* The mode, of one CPU's copy. */
static long mappings_policy_of(const struct cpuslab_percpu *handle,
			       uint32_t cpu, unsigned long *nodes)
{
	int mode = 0;

	cpuslab_read_enter();
	TORTURE_OK(mappings_policy(cpuslab_remote(handle, cpu), &mode, nodes));
	cpuslab_read_exit();
	return mode;
}

static void mappings_two_nodes(uint32_t cpu)
{
	char list[16];

	snprintf(list, sizeof(list), "%u\n", (unsigned int)cpu);
	fake_begin();
	fake_put("devices/system/cpu/possible", "0-63\n");
	fake_put("devices/system/node/possible", "0-1\n");
	fake_put("devices/system/node/online", "0-1\n");
	fake_put("devices/system/node/node0/cpulist", list);
	fake_put("devices/system/node/node1/cpulist", "63\n");
	fake_use(true, false);
}

static void test_block_prefers_its_cpus_node(void)
{
	static const struct cpuslab_type type = {
		.name = "near", .size = 64, .flags = CPUSLAB_TYPE_DISCARD
	};
	struct cpuslab_percpu handle;
	unsigned long nodes;
	uint32_t cpu;
	int mode = 0;

	if (mappings_policy(&mode, &mode, &nodes) && errno == ENOSYS) {
		printf("  SKIP nodes: this kernel knows no memory policy\n");
		return;
	}
	TORTURE_CHECK(torture_cpus(&cpu, 1) == 1);
	mappings_two_nodes(cpu);
	mappings_begin(0);
	TORTURE_OK(cpuslab_alloc(slab, &type, &handle));
	TORTURE_IS(mappings_policy_of(&handle, cpu, &nodes), MPOL_PREFERRED);
	TORTURE_IS((long)nodes, 1);
	TORTURE_IS(mappings_policy_of(&handle, CPUSLAB_SHARED, &nodes),
		   MPOL_DEFAULT);
	/* A node that does not exist must not make an add fail. */
	TORTURE_OK(cpuslab_domain_add_complete(domain, 63));
	TORTURE_OK(cpuslab_free(slab, &handle));
	mappings_end();
}

/* What numactl --membind has said stays so. */
static void test_policy_of_the_thread_is_kept(void)
{
	static const struct cpuslab_type type = {
		.name = "bound", .size = 64, .flags = CPUSLAB_TYPE_DISCARD
	};
	unsigned long nodes = 1;
	struct cpuslab_percpu handle;
	uint32_t cpu;

	if (syscall(SYS_set_mempolicy, MPOL_BIND, &nodes, 8 * sizeof(nodes))) {
		printf("  SKIP policy: set_mempolicy is not permitted\n");
		return;
	}
	TORTURE_CHECK(torture_cpus(&cpu, 1) == 1);
	mappings_two_nodes(cpu);
	mappings_begin(0);
	TORTURE_OK(cpuslab_alloc(slab, &type, &handle));
	/* Of the mapping. */
	TORTURE_IS(mappings_policy_of(&handle, cpu, &nodes), MPOL_DEFAULT);
	TORTURE_OK(cpuslab_free(slab, &handle));
	mappings_end();
	TORTURE_OK(syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0ul));
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "Mappings and nodes.");
	torture_skip_under(TORTURE_SANITIZER | TORTURE_VALGRIND);
	test_mappings_512_sparse_cpus_16_mib_each();
	test_block_prefers_its_cpus_node();
	test_policy_of_the_thread_is_kept();
	return torture_end();
}
