/* SPDX-License-Identifier: MIT */
/*
 * record.c - a record for each processor, on cache lines of its own. Records
 * lie in pages of 32: those of the processors that run at init, and those that
 * a Start needs. Without a record a processor works, but slower.
 */
#include "kernel_private.h"

#define RECORD_PAGES ((cpuslab__nt_limit + RECORD_PAGE - 1) / RECORD_PAGE)

CPUSLAB_STATIC_ASSERT(sizeof(struct nt_record) <= RECORD_BYTES,
		      "a record fits");

cpuslab_word *cpuslab__nt_records;

void cpuslab__nt_record_init(struct nt_record *record)
{
	KeInitializeDpc(&record->dpc, cpuslab__nt_barrier_dpc, record);
	/* Lower ones may wait for the target's next clock tick. */
	KeSetImportanceDpc(&record->dpc, HighImportance);
}

static void record_free(uint64_t page)
{
	cpuslab_port_free((void *)(uintptr_t)page);
}

int cpuslab__nt_record_prepare(uint32_t cpu)
{
	uint64_t page, none = 0;
	uint32_t i;

	if (cpu >= cpuslab__nt_limit || cpuslab__nt_record(cpu))
		return CPUSLAB_OK;
	page = (uintptr_t)cpuslab_port_zalloc(RECORD_PAGE_BYTES);
	if (!page)
		return -CPUSLAB_ENOMEM;
	for (i = 0; i < RECORD_PAGE; i++)
		cpuslab__nt_record_init(cpuslab__nt_record_at(page, i));
	/* [record] pairs with cpuslab__nt_record(). */
	if (!cpuslab_cas_u64(&cpuslab__nt_records[cpu / RECORD_PAGE], &none,
			     page))
		record_free(page); /* another thread was first */
	return CPUSLAB_OK;
}

static void record_call(struct cpuslab_rcu *rcu)
{
	record_free((uintptr_t)rcu); /* the first member of the first record */
}

void cpuslab__nt_record_forget(uint32_t cpu)
{
	uint32_t i, first = cpu - cpu % RECORD_PAGE;
	uint64_t page;

	for (i = 0; i < RECORD_PAGE; i++)
		if (cpuslab_kernel_cpu_active(first + i))
			return;
	/* A round in progress uses its DPCs. Without the lock it is kept. */
	if (cpu >= cpuslab__nt_limit || !cpuslab__nt_barrier_lock())
		return;
	page = cpuslab_exchange_u64(&cpuslab__nt_records[cpu / RECORD_PAGE], 0);
	cpuslab__nt_barrier_unlock();
	if (page)
		cpuslab_port_call_rcu(&cpuslab__nt_record_at(page, 0)->rcu,
				      record_call);
}

int cpuslab__nt_records_init(void)
{
	uint32_t cpu;
	int err = CPUSLAB_OK;

	cpuslab__nt_records =
		cpuslab_port_zalloc(RECORD_PAGES * sizeof(cpuslab_word));
	if (!cpuslab__nt_records)
		return -CPUSLAB_ENOMEM;
	for (cpu = 0; cpu < cpuslab__nt_limit && !err; cpu++)
		if (cpuslab_kernel_cpu_active(cpu))
			err = cpuslab__nt_record_prepare(cpu);
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
}
