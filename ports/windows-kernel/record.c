/* SPDX-License-Identifier: MIT */
/*
 * record.c - a record for each processor, on cache lines of its own. Records
 * lie in pages of 32: those of the processors that run at init, and those that
 * a Start needs. Without a record a processor works, but slower.
 *
 * A Start prepares the page of its processor, and a failure frees it. Nothing
 * uses a page before a Complete keeps it; it is kept until fini. So no read
 * section and no round can be in progress on a page that is freed.
 */
#include "kernel_private.h"

#define RECORD_PAGES ((cpuslab__nt_limit + RECORD_PAGE - 1) / RECORD_PAGE)

CPUSLAB_STATIC_ASSERT(sizeof(struct nt_record) <= RECORD_BYTES,
		      "a record fits");
CPUSLAB_STATIC_ASSERT(offsetof(struct nt_record, dpc) == CPUSLAB_CACHE_LINE,
		      "rounds write to another cache line than readers");

cpuslab_word *cpuslab__nt_records;
struct nt_record *cpuslab__nt_spare;

static void record_init(struct nt_record *record)
{
	KeInitializeDpc(&record->dpc, cpuslab__nt_barrier_dpc, NULL);
	/* Lower ones may wait for the target's next clock tick. */
	KeSetImportanceDpc(&record->dpc, HighImportance);
}

static void record_free(uint64_t page)
{
	cpuslab_port_free((void *)(uintptr_t)(page & ~RECORD_KEPT));
}

int cpuslab__nt_record_prepare(uint32_t cpu)
{
	cpuslab_word *word = &cpuslab__nt_records[cpu / RECORD_PAGE];
	uint64_t page, none = 0;
	uint32_t i;

	if (cpu >= cpuslab__nt_limit || cpuslab_load_relaxed_u64(word))
		return CPUSLAB_OK;
	page = (uintptr_t)cpuslab_port_zalloc(RECORD_PAGE_BYTES);
	if (!page)
		return -CPUSLAB_ENOMEM;
	for (i = 0; i < RECORD_PAGE; i++)
		record_init(cpuslab__nt_record_at(page, i));
	if (!cpuslab_cas_u64(word, &none, page))
		record_free(page); /* another thread was first */
	return CPUSLAB_OK;
}

void cpuslab__nt_record_keep(uint32_t cpu)
{
	cpuslab_word *word = &cpuslab__nt_records[cpu / RECORD_PAGE];
	uint64_t page = cpuslab_load_relaxed_u64(word);

	/* [record] pairs with cpuslab__nt_record(). */
	while (page && !(page & RECORD_KEPT))
		if (cpuslab_cas_u64(word, &page, page | RECORD_KEPT))
			return;
}

void cpuslab__nt_record_forget(uint32_t cpu)
{
	cpuslab_word *word = &cpuslab__nt_records[cpu / RECORD_PAGE];
	uint64_t page;

	if (cpu >= cpuslab__nt_limit)
		return;
	page = cpuslab_load_relaxed_u64(word);
	while (page && !(page & RECORD_KEPT))
		if (cpuslab_cas_u64(word, &page, 0)) {
			record_free(page);
			return;
		}
}

int cpuslab__nt_records_init(void)
{
	uint32_t cpu;
	int err = CPUSLAB_OK;

	cpuslab__nt_spare = cpuslab_port_zalloc(sizeof(*cpuslab__nt_spare));
	cpuslab__nt_records =
		cpuslab_port_zalloc(RECORD_PAGES * sizeof(cpuslab_word));
	if (!cpuslab__nt_spare || !cpuslab__nt_records) {
		cpuslab_port_free(cpuslab__nt_records);
		cpuslab_port_free(cpuslab__nt_spare);
		return -CPUSLAB_ENOMEM;
	}
	record_init(cpuslab__nt_spare);
	for (cpu = 0; cpu < cpuslab__nt_limit && !err; cpu++) {
		if (!cpuslab_kernel_cpu_active(cpu))
			continue;
		err = cpuslab__nt_record_prepare(cpu);
		cpuslab__nt_record_keep(cpu);
	}
	if (err)
		cpuslab__nt_records_fini();
	return err;
}

void cpuslab__nt_records_fini(void)
{
	uint32_t i;

	for (i = 0; i < RECORD_PAGES; i++)
		record_free(cpuslab__nt_records[i]);
	cpuslab_port_free(cpuslab__nt_records);
	cpuslab_port_free(cpuslab__nt_spare);
}
