/* SPDX-License-Identifier: MIT */
/*
 * pool.c - memory that is counted, and refused on request.
 */
#include "system.h"

#define POOL_NON_PAGED 0x40u /* POOL_FLAG_NON_PAGED */
#define POOL_BLOCK 4096u     /* as large, and aligned as, a page */

struct pool_piece {
	struct pool_piece *next;
	void *memory;
	size_t bytes;
	uint32_t bound; /* where the thread was that allocated it */
	ULONG tag;
};

static uint32_t pool_lock;
static struct pool_piece *pool_pieces;
static uint64_t pool_count, pool_bytes;
static uint64_t pool_steps;   /* since fail was set */
static uint64_t pool_fail_at; /* 0: never */
static bool pool_fail_all;    /* from there on */
static uint64_t pool_paged;   /* address of the last piece of paged pool */

static void pool_forget(void)
{
	struct pool_piece *piece;

	while ((piece = pool_pieces) != NULL) {
		pool_pieces = piece->next;
		host_free(piece->memory);
		host_free(piece);
	}
	pool_count = pool_bytes = 0;
}

void system_pool_reset(void)
{
	if (system_state.quirks & QUIRK_FORGET)
		pool_forget();
	if (pool_count)
		system_violation("an earlier driver left memory");
	system_pool_fail(0, false);
	pool_paged = 0;
}

void system_pool_fail(uint32_t nth, bool all)
{
	host_lock(&pool_lock);
	pool_steps = 0;
	pool_fail_at = nth;
	pool_fail_all = all;
	host_unlock(&pool_lock);
}

bool system_step_fails(void)
{
	bool fails;

	host_lock(&pool_lock);
	fails = ++pool_steps == pool_fail_at ||
		(pool_fail_all && pool_fail_at && pool_steps > pool_fail_at);
	host_unlock(&pool_lock);
	return fails;
}

void system_pool_read(struct control *control)
{
	const struct pool_piece *piece;

	host_lock(&pool_lock);
	control->result[RESULT_ALLOCATIONS] = pool_count;
	control->result[RESULT_BYTES] = pool_bytes;
	control->result[RESULT_STEPS] = pool_steps;
	for (piece = pool_pieces; piece; piece = piece->next)
		control->result[RESULT_BOUND] += piece->bytes >= POOL_BLOCK &&
						 piece->bound ==
							 control->arg[0];
	host_unlock(&pool_lock);
}

static void pool_check_caller(ULONG tag)
{
	system_check_irql(DISPATCH_LEVEL, "an allocation above DISPATCH_LEVEL");
	if (!tag)
		system_violation("an allocation without a tag");
	if (system_self()->callback == 1 + KeProcessorAddCompleteNotify &&
	    !(system_state.quirks & QUIRK_LATE_MEMORY))
		system_violation("an allocation in Complete");
}

static void pool_check(POOL_TYPE type, ULONG tag)
{
	pool_check_caller(tag);
	if (type == PagedPool)
		system_violation("an allocation of paged memory, which no "
				 "code at DISPATCH_LEVEL may access");
	if (system_state.quirks & QUIRK_WINDOWS_7) {
		if (type == NonPagedPoolNx)
			system_violation("a pool type that the system lacks");
	} else if (type != NonPagedPoolNx && type != PagedPool) {
		system_violation("an allocation of executable memory");
	}
}

static PVOID pool_alloc(SIZE_T bytes, ULONG tag)
{
	size_t align = bytes >= POOL_BLOCK ? POOL_BLOCK : 16;
	struct pool_piece *piece;

	if (system_self()->callback && system_state.slow)
		host_sleep(system_state.slow);
	if (system_step_fails())
		return NULL;
	piece = host_alloc(sizeof(*piece), 16);
	piece->memory = host_alloc(bytes, align);
	memset(piece->memory, 0xa5, bytes);
	piece->bytes = bytes;
	piece->tag = tag;
	piece->bound = system_self()->bound;
	host_lock(&pool_lock);
	piece->next = pool_pieces;
	pool_pieces = piece;
	pool_count++;
	pool_bytes += bytes;
	host_unlock(&pool_lock);
	return piece->memory;
}

PVOID SYSTEM(ExAllocatePoolWithTag)(POOL_TYPE type, SIZE_T bytes, ULONG tag)
{
	PVOID memory;

	pool_check(type, tag);
	memory = pool_alloc(bytes, tag);
	if (type == PagedPool)
		cpuslab_store_release_u64(&pool_paged, (uintptr_t)memory);
	return memory;
}

/*
 * Driver Verifier pages out what can be when the IRQL is raised; here, one page
 * of the last piece.
 */
BOOLEAN SYSTEM(MmIsAddressValid)(PVOID address)
{
	system_check_irql(DISPATCH_LEVEL, "an address is looked up above "
					  "DISPATCH_LEVEL");
	return system_self()->irql < DISPATCH_LEVEL ||
	       (uintptr_t)address - cpuslab_load_acquire_u64(&pool_paged) >=
		       POOL_BLOCK;
}

/* Pool type and what a Windows 7 lacks is not checked: it is a later system. */
PVOID SYSTEM(ExAllocatePool2)(ULONG64 flags, SIZE_T bytes, ULONG tag)
{
	PVOID memory;

	pool_check_caller(tag);
	if (flags != POOL_NON_PAGED)
		system_violation("an allocation of pool that is not plain");
	memory = pool_alloc(bytes, tag);
	if (memory)
		memset(memory, 0, bytes);
	return memory;
}

void system_pool_tag(struct control *control)
{
	const struct pool_piece *piece;

	host_lock(&pool_lock);
	for (piece = pool_pieces; piece; piece = piece->next) {
		if (piece->tag != control->arg[0])
			continue;
		control->result[0]++;
		control->result[1] += piece->bytes;
	}
	host_unlock(&pool_lock);
}

VOID SYSTEM(ExFreePoolWithTag)(PVOID memory, ULONG tag)
{
	struct pool_piece **at, *piece;

	system_check_irql(DISPATCH_LEVEL, "a free above DISPATCH_LEVEL");
	host_lock(&pool_lock);
	for (at = &pool_pieces; *at && (*at)->memory != memory;)
		at = &(*at)->next;
	piece = *at;
	if (piece) {
		*at = piece->next;
		pool_count--;
		pool_bytes -= piece->bytes;
	}
	host_unlock(&pool_lock);
	if (!piece) {
		system_violation("a free of what is not allocated");
		return;
	}
	if (system_dpcs_in(memory, piece->bytes))
		system_violation("memory is freed with a DPC in it queued");
	if (piece->tag != tag)
		system_violation("a free with another tag");
	memset(memory, 0xdd, piece->bytes);
	host_free(memory);
	host_free(piece);
}
