/* SPDX-License-Identifier: MIT */
/*
 * payloads.c - appends of each size from 0 to 300 bytes, from each alignment:
 * to a log, a ring, and a ring that overwrites. One that reads more than its
 * payload faults; one that writes more than its record is found.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cpuslab/log.h>
#include <cpuslab/read.h>
#include <cpuslab/ring.h>

#include "torture/torture.h"

#define PAYLOADS_MOST 300u
#define PAYLOADS_ALIGNMENTS 16u
#define PAYLOADS_PAGES 16u /* of a ring; its first part has two for records */
#define PAYLOADS_LOG (16u << 10)
#define PAYLOADS_FILL 0xa5 /* no payload has it */

static struct cpuslab_slab *payloads_slab;
static size_t payloads_page;
static char *payloads_data; /* a page between two that are inaccessible */
static uint32_t payloads_cpu;

/* Where records of one copy lie. */
struct payloads_area {
	struct cpuslab_log log;
	struct cpuslab_ring ring;
	bool is_ring;
	char *records;
	size_t bytes;
	char *expected; /* [bytes] */
};

static void payloads_data_init(void)
{
	char *pages;
	size_t i;

	payloads_page = (size_t)sysconf(_SC_PAGESIZE);
	pages = mmap(NULL, 3 * payloads_page, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TORTURE_CHECK(pages != MAP_FAILED);
	payloads_data = pages + payloads_page;
	TORTURE_CHECK(!mprotect(payloads_data, payloads_page,
				PROT_READ | PROT_WRITE));
	for (i = 0; i < payloads_page; i++)
		payloads_data[i] = (char)(1 + i % 127);
}

static void *payloads_copy(const struct payloads_area *area)
{
	const struct cpuslab_percpu *handle =
		area->is_ring ? &area->ring.handle : &area->log.handle;
	void *copy = (void *)(uintptr_t)cpuslab_remote(handle, payloads_cpu);

	TORTURE_CHECK(copy);
	return copy;
}

/* An empty one, whose records are filled. */
static void payloads_init(struct payloads_area *area, uint32_t flags)
{
	char *copy;

	if (area->is_ring)
		TORTURE_OK(cpuslab_ring_init(&area->ring, payloads_slab,
					     PAYLOADS_PAGES * payloads_page,
					     flags));
	else
		TORTURE_OK(cpuslab_log_init(&area->log, payloads_slab,
					    PAYLOADS_LOG));
	copy = payloads_copy(area);
	if (area->is_ring) {
		area->records = copy + 2 * payloads_page;
		area->bytes = (PAYLOADS_PAGES - 2) * payloads_page;
	} else {
		area->records = copy + CPUSLAB_LOG_HEADER;
		area->bytes = PAYLOADS_LOG;
	}
	area->expected = malloc(area->bytes);
	TORTURE_CHECK(area->expected);
	memset(area->records, PAYLOADS_FILL, area->bytes);
	memset(area->expected, PAYLOADS_FILL, area->bytes);
}

static void payloads_fini(struct payloads_area *area)
{
	free(area->expected);
	if (area->is_ring)
		cpuslab_ring_fini(&area->ring);
	else
		cpuslab_log_fini(&area->log);
}

/* How many bytes of records the caller's CPU has. */
static uint64_t payloads_tail(const struct payloads_area *area)
{
	const struct cpuslab_log_cpu *log;
	struct cpuslab_ring_view view;

	if (area->is_ring) {
		TORTURE_OK(cpuslab_ring_view_init(&view, &area->ring,
						  payloads_cpu));
		return cpuslab_ring_tail(&view) - 2 * payloads_page;
	}
	log = payloads_copy(area);
	return log->tail;
}

/* Does the area have the record of @data at @at, and else what it had? */
static void payloads_check(struct payloads_area *area, uint64_t at,
			   const char *data, uint32_t bytes)
{
	uint64_t head = area->is_ring ? bytes : (uint64_t)bytes << 1 | 1;
	char *record = area->expected + at;

	memcpy(record, &head, sizeof(head));
	if (bytes)
		memcpy(record + 8, data, bytes);
	/* Padding is of the record. */
	while (bytes++ % 8)
		record[7 + bytes] = area->records[at + 7 + bytes];
	TORTURE_CHECK(!memcmp(area->records, area->expected, area->bytes));
}

static void payloads_append(struct payloads_area *area, const char *data,
			    uint32_t bytes)
{
	uint64_t at = payloads_tail(area);

	if (area->is_ring)
		TORTURE_OK(cpuslab_ring_append(&area->ring, data, bytes));
	else
		TORTURE_OK(cpuslab_log_append(&area->log, data, bytes));
	TORTURE_CHECK(payloads_tail(area) == at + cpuslab__log_step(bytes));
	payloads_check(area, at, data, bytes);
}

/* A new area for each size: no record crosses the end of a part. */
static void payloads_size(struct payloads_area *area, uint32_t flags,
			  uint32_t bytes)
{
	uint32_t i;

	payloads_init(area, flags);
	cpuslab_read_enter();
	payloads_append(area, payloads_data, bytes);
	payloads_append(area, payloads_data + payloads_page - bytes, bytes);
	for (i = 1; i < PAYLOADS_ALIGNMENTS; i++)
		payloads_append(area, payloads_data + i, bytes);
	cpuslab_read_exit();
	payloads_fini(area);
}

static void payloads_run(bool is_ring, uint32_t flags)
{
	struct payloads_area area = { .is_ring = is_ring };
	uint32_t bytes;

	for (bytes = 0; bytes <= PAYLOADS_MOST; bytes++)
		payloads_size(&area, flags, bytes);
}

int main(int argc, char **argv)
{
	struct cpuslab_domain *domain;

	torture_begin(argc, argv, "payloads");
	TORTURE_CHECK(torture_cpus(&payloads_cpu, 1));
	TORTURE_CHECK(torture_pin(payloads_cpu));
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&payloads_slab, domain, NULL));
	payloads_data_init();
	payloads_run(false, 0);
	payloads_run(true, 0);
	payloads_run(true, CPUSLAB_RING_OVERWRITE);
	cpuslab_slab_destroy(payloads_slab);
	cpuslab_domain_destroy(domain);
	return torture_end();
}
