// SPDX-License-Identifier: MIT
/*
 * nodes.c - the memory node of each CPU.
 *
 *	| limit | count | 1 + node of cpu 0 | 1 + node of cpu 1 | ...
 *
 * where 0 means unknown.
 *
 * The table is allocated once and its entries are written in place, so a signal
 * handler can read it while a CPU's node is being read. A node's cpulist names
 * online CPUs only; a CPU that appears later is looked up by its own cpuN/nodeM
 * link, which exists as soon as the CPU is present.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include <cpuslab/atomic.h>

#include "discover.h"
#include "private.h"

struct nodes {
	uint32_t limit;  /* W before it is published */
	uint32_t count;  /* likewise; 0: the system reports no nodes */
	uint32_t node[]; /* W relaxed, any slow call; R any */
};

static struct nodes *nodes_table; /* W first init, tests; R any */

struct nodes_fill {
	struct nodes *nodes;
	uint32_t node;
};

static void nodes_count(void *arg, uint32_t first, uint32_t last)
{
	uint32_t *count = arg;

	(void)first;
	if (last >= CPUSLAB__NODES_MAX)
		last = CPUSLAB__NODES_MAX - 1;
	if (*count <= last)
		*count = last + 1;
}

static void nodes_cpus(void *arg, uint32_t first, uint32_t last)
{
	struct nodes_fill *fill = arg;
	struct nodes *nodes = fill->nodes;
	uint32_t cpu;

	for (cpu = first; cpu <= last && cpu < nodes->limit; cpu++)
		nodes->node[cpu] = fill->node + 1;
}

static void nodes_range(void *arg, uint32_t first, uint32_t last)
{
	struct nodes_fill *fill = arg;
	char path[64];

	for (; first <= last && first < fill->nodes->count; first++) {
		fill->node = first;
		snprintf(path, sizeof(path), "node/node%u/cpulist",
			 (unsigned int)first);
		cpuslab__sysfs_list(path, nodes_cpus, fill);
	}
}

static void nodes_read(struct nodes *nodes)
{
	struct nodes_fill fill = { nodes, 0 };

	cpuslab__sysfs_list("node/possible", nodes_count, &nodes->count);
	cpuslab__sysfs_list("node/online", nodes_count, &nodes->count);
	if (cpuslab__sysfs_list("node/online", nodes_range, &fill))
		cpuslab__sysfs_list("node/possible", nodes_range, &fill);
}

void cpuslab__nodes_init(uint32_t limit)
{
	struct nodes *nodes, *expect = NULL;

	if (cpuslab_load_acquire_ptr(&nodes_table))
		return;
	nodes = calloc(1, sizeof(*nodes) + limit * sizeof(nodes->node[0]));
	if (!nodes)
		return;
	nodes->limit = limit;
	nodes_read(nodes);
	/*
	 * [nodes.publish] Store the table's contents before the pointer; pairs
	 * with each acquire of nodes_table, without which a reader could see
	 * an old limit and read beyond the table.
	 */
	if (!__atomic_compare_exchange_n(&nodes_table, &expect, nodes, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		free(nodes);
}

/* At unload no thread can read the table any more. */
__attribute__((destructor)) static void nodes_fini(void)
{
	if (!cpuslab__mutex_any())
		cpuslab__nodes_reset();
}

void cpuslab__nodes_reset(void)
{
	free(nodes_table);
	nodes_table = NULL;
}

uint32_t cpuslab__node_of_cpu(uint32_t cpu)
{
	/* Pairs with [nodes.publish]. */
	const struct nodes *nodes = cpuslab_load_acquire_ptr(&nodes_table);

	if (!nodes || cpu >= nodes->limit)
		return CPUSLAB_NO_CPU;
	/* 0, unknown, becomes CPUSLAB_NO_CPU. */
	return cpuslab_load_relaxed_u32(&nodes->node[cpu]) - 1;
}

uint32_t cpuslab__node_count(void)
{
	/* Pairs with [nodes.publish]. */
	const struct nodes *nodes = cpuslab_load_acquire_ptr(&nodes_table);

	return nodes && nodes->count ? nodes->count : 1;
}

/* The M of the nodeM link in @path, or CPUSLAB_NO_CPU. */
static uint32_t nodes_link(const char *path)
{
	uint32_t node, found = CPUSLAB_NO_CPU;
	struct dirent *entry;
	DIR *dir = opendir(path);

	if (!dir)
		return found;
	while (found == CPUSLAB_NO_CPU && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "node", 4) &&
		    cpuslab__number_parse(entry->d_name + 4, &node))
			found = node;
	closedir(dir);
	return found;
}

void cpuslab__node_learn(uint32_t cpu)
{
	/* Pairs with [nodes.publish]. */
	struct nodes *nodes = cpuslab_load_acquire_ptr(&nodes_table);
	char rest[64], path[512];
	uint32_t node;

	if (!nodes || !nodes->count || cpu >= nodes->limit ||
	    cpuslab__node_of_cpu(cpu) != CPUSLAB_NO_CPU)
		return;
	snprintf(rest, sizeof(rest), "devices/system/cpu/cpu%u",
		 (unsigned int)cpu);
	if (!cpuslab__sys_path(path, sizeof(path), rest))
		return;
	node = nodes_link(path);
	if (node < nodes->count)
		cpuslab_store_relaxed_u32(&nodes->node[cpu], node + 1);
}
