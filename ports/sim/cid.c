/* SPDX-License-Identifier: MIT */
/*
 * cid.c - concurrency ids: a CPU gets the lowest free one when a thread there
 * first asks, and loses it when its last thread leaves. So one id belongs to
 * one CPU after the other.
 */
#include <stdlib.h>

#include "internal.h"

#define CID_NONE 0u /* numbers are ids + 1 */

static struct {
	uint32_t *number; /* [limit], by CPU */
	uint8_t *used;    /* [limit], by id */
	uint32_t threads; /* sim_threads() */
} cid_all;

int sim__cid_init(void)
{
	cid_all.threads = 0;
	cid_all.number = calloc(sim__config.limit, sizeof(uint32_t));
	cid_all.used = calloc(sim__config.limit, 1);
	return cid_all.number && cid_all.used ? CPUSLAB_OK : -CPUSLAB_ENOMEM;
}

void sim__cid_fini(void)
{
	free(cid_all.number);
	free(cid_all.used);
	cid_all.number = NULL;
	cid_all.used = NULL;
}

uint32_t sim__cid(uint32_t cpu)
{
	uint32_t id = 0;

	if (cpu >= sim__config.limit)
		return CPUSLAB_NO_CPU;
	if (cid_all.number[cpu] == CID_NONE) {
		while (cid_all.used[id])
			id++;
		cid_all.used[id] = 1;
		cid_all.number[cpu] = id + 1;
	}
	return cid_all.number[cpu] - 1;
}

void sim__cid_put(uint32_t cpu)
{
	if (cpu >= sim__config.limit || cid_all.number[cpu] == CID_NONE)
		return;
	cid_all.used[cid_all.number[cpu] - 1] = 0;
	cid_all.number[cpu] = CID_NONE;
}

uint32_t sim_cid(uint32_t cpu)
{
	return sim__cid(cpu);
}

void sim_threads(uint32_t threads)
{
	cid_all.threads = threads;
}

bool cpuslab_port_has_cids(void)
{
	return sim__config.mode == SIM_RSEQ && !sim__config.no_cids;
}

uint32_t cpuslab_port_cid(void)
{
	return sim__cid(sim__self()->cpu);
}

uint32_t cpuslab_port_threads(void)
{
	return cid_all.threads;
}
