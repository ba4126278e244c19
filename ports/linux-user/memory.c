/* SPDX-License-Identifier: MIT */
/*
 * memory.c - blocks, live bytes, small memory.
 *
 * A block is not touched when it is allocated: its pages appear on first use,
 * on the node of the thread that touches them. Other threads construct objects
 * for a CPU, so where the system has several nodes, mbind() makes the pages
 * prefer the CPU's node.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "discover.h"
#include "private.h"
#include "region.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

#define MEMORY_MAX_NODES 1024u
#define MEMORY_WORD_BITS (8 * sizeof(unsigned long))

size_t cpuslab_port_page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Has the thread a policy of its own, by numactl for example? It is kept. */
static bool memory_has_policy(void)
{
	int mode = MPOL_DEFAULT;

	return syscall(SYS_get_mempolicy, &mode, NULL, 0ul, NULL, 0ul) ||
	       mode != MPOL_DEFAULT;
}

/* Only a preference: a full or missing node must not fail an admission. */
static void memory_prefer_node(void *addr, size_t bytes, uint32_t cpu)
{
	unsigned long mask[MEMORY_MAX_NODES / MEMORY_WORD_BITS] = { 0 };
	uint32_t node;

	if (cpu >= CPUSLAB_SHARED || cpuslab__node_count() < 2)
		return;
	node = cpuslab__node_of_cpu(cpu);
	if (node >= MEMORY_MAX_NODES || cpuslab__calls_are_filtered() ||
	    memory_has_policy())
		return;
	mask[node / MEMORY_WORD_BITS] = 1ul << node % MEMORY_WORD_BITS;
	syscall(SYS_mbind, addr, bytes, MPOL_PREFERRED, mask,
		(unsigned long)MEMORY_MAX_NODES + 1, 0u);
}

int cpuslab__memory_commit(void *addr, size_t bytes, uint32_t cpu)
{
	memory_prefer_node(addr, bytes, cpu);
	return mprotect(addr, bytes, PROT_READ | PROT_WRITE) ? -CPUSLAB_ENOMEM :
							       CPUSLAB_OK;
}

/*
 * Free pages, so that they read as zero. Pages locked by mlockall() need
 * another advice; what cannot be freed is at least cleared.
 */
void cpuslab__memory_drop(void *addr, size_t bytes)
{
	if (!madvise(addr, bytes, MADV_DONTNEED) ||
	    !madvise(addr, bytes, MADV_DONTNEED_LOCKED))
		return;
	if (munlock(addr, bytes) || madvise(addr, bytes, MADV_DONTNEED))
		memset(addr, 0, bytes);
}

/*
 * New memory is locked under mlockall(MCL_FUTURE), and only then: it refuses
 * MADV_DONTNEED. Otherwise no munlock() is called, which a filter of system
 * calls may forbid.
 */
void cpuslab__memory_unlock(void *addr, size_t bytes)
{
	if (!madvise(addr, bytes, MADV_DONTNEED))
		return;
	munlock(addr, bytes);
	madvise(addr, bytes, MADV_DONTNEED);
}

/* ---- blocks ------------------------------------------------------------- */

static size_t memory_directory_bytes(const struct cpuslab_blocks *blocks)
{
	return sizeof(void *) * ((size_t)blocks->limit + 1);
}

/*
 * It becomes writable where it is used: under mlockall() all pages that can be
 * written to take memory, those that cannot share one.
 */
static int memory_directory_create(struct cpuslab_blocks *blocks)
{
	void *mapped = mmap(NULL, memory_directory_bytes(blocks), PROT_READ,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (mapped == MAP_FAILED)
		return -CPUSLAB_ENOMEM;
	blocks->directory = mapped;
	blocks->object = (uintptr_t)mapped;
	return CPUSLAB_OK;
}

/* Make an entry writable. */
static int memory_directory_open(struct cpuslab_blocks *blocks, uint32_t index)
{
	size_t page = cpuslab_port_page_size();
	uintptr_t entry = (uintptr_t)&blocks->directory[index];

	return mprotect((void *)(entry & ~(page - 1)), page,
			PROT_READ | PROT_WRITE) ?
		       -CPUSLAB_ENOMEM :
		       CPUSLAB_OK;
}

/*
 * A block that was freed stays mapped, for the reason of region_empty(), and
 * its entry has this mark until it is allocated again, for any CPU.
 */
#define MEMORY_SPARE ((uintptr_t)1)

static void *memory_spare_take(struct cpuslab_blocks *blocks, uint32_t index)
{
	uintptr_t block = (uintptr_t)blocks->directory[index];

	if (!(block & MEMORY_SPARE))
		return NULL;
	cpuslab_store_relaxed_ptr(&blocks->directory[index], NULL);
	return (void *)(block & ~MEMORY_SPARE);
}

/* One of the same CPU if there is one. */
static void *memory_spare_find(struct cpuslab_blocks *blocks, uint32_t index)
{
	void *block = memory_spare_take(blocks, index);
	uint32_t i;

	for (i = 0; !block && i <= blocks->limit; i++)
		block = memory_spare_take(blocks, i);
	return block;
}

/*
 * In a region. Where one is refused, and for blocks larger than a window, each
 * block is a mapping of its own, which inline operations do not find.
 */
int cpuslab_port_blocks_create(struct cpuslab_blocks *blocks)
{
	blocks->directory = NULL;
	if (blocks->bytes <= CPUSLAB_PORT_BLOCK_MAX)
		blocks->port = cpuslab__range_alloc(
			blocks->bytes, blocks->limit, &blocks->object);
	return blocks->port ? CPUSLAB_OK : memory_directory_create(blocks);
}

static void memory_unmap(void *entry, size_t bytes)
{
	void *block = (void *)((uintptr_t)entry & ~MEMORY_SPARE);

	if (!block)
		return;
	if (__lsan_unregister_root_region)
		__lsan_unregister_root_region(block, bytes);
	munmap(block, bytes);
}

void cpuslab_port_blocks_destroy(struct cpuslab_blocks *blocks)
{
	uint32_t i;

	if (!blocks->directory) {
		cpuslab__range_free(blocks->port, blocks->object,
				    blocks->bytes);
		return;
	}
	for (i = 0; i <= blocks->limit; i++)
		memory_unmap(blocks->directory[i], blocks->bytes);
	munmap(blocks->directory, memory_directory_bytes(blocks));
}

static uint32_t memory_window(const struct cpuslab_blocks *blocks,
			      uint32_t index)
{
	return index == blocks->limit ? 0 : index + 1;
}

static void *memory_map(size_t bytes)
{
	void *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (block == MAP_FAILED)
		return NULL;
	madvise(block, bytes, MADV_NOHUGEPAGE);
	if (__lsan_register_root_region)
		__lsan_register_root_region(block, bytes);
	return block;
}

int cpuslab_port_block_alloc(struct cpuslab_blocks *blocks, uint32_t index,
			     bool wait)
{
	void *block;

	if (!blocks->directory)
		return cpuslab__range_commit(
			blocks->port, memory_window(blocks, index), wait);
	if (memory_directory_open(blocks, index))
		return -CPUSLAB_ENOMEM;
	block = memory_spare_find(blocks, index);
	if (!block)
		block = memory_map(blocks->bytes);
	if (!block)
		return -CPUSLAB_ENOMEM;
	/* An operation that does not wait runs on the CPU, so it need not. */
	if (wait && index < blocks->limit)
		memory_prefer_node(block, blocks->bytes, index);
	cpuslab_store_release_ptr(&blocks->directory[index], block);
	return CPUSLAB_OK;
}

void cpuslab_port_block_free(struct cpuslab_blocks *blocks, uint32_t index,
			     bool wait)
{
	char *block;

	if (!blocks->directory) {
		cpuslab__range_decommit(blocks->port,
					memory_window(blocks, index),
					blocks->object, blocks->bytes, wait);
		return;
	}
	block = blocks->directory[index];
	cpuslab__memory_drop(block, blocks->bytes);
	cpuslab_store_relaxed_ptr(&blocks->directory[index],
				  block + MEMORY_SPARE);
}

/* Nothing to do, since operations test the live byte. */
void cpuslab_port_block_set_live(struct cpuslab_blocks *blocks, uint32_t cpu,
				 bool live)
{
	(void)blocks;
	(void)cpu;
	(void)live;
}

/* ---- live bytes ---------------------------------------------------------- */

/*
 * Where the table begins in its page. An operation stores to a word, and the
 * next one loads a live byte: where both have the same low 12 address bits, a
 * CPU takes the load for one of the word, and waits. Few objects lie so far
 * from the beginning of a page.
 */
#define MEMORY_LIVE_AT ((size_t)0xe00)

/* The table, and one of zeros for what inline operations do not find. */
static size_t memory_live_bytes(void)
{
	return MEMORY_LIVE_AT + 2 * CPUSLAB__LIVE_BYTES;
}

/*
 * An operation may load the byte of any number of 16 bits. Those of numbers at
 * or above the limit are zero, and most of them lie in pages that are never
 * touched. The tables of several slabs become one mapping.
 */
uint8_t *cpuslab__live_create(uint32_t limit)
{
	uint8_t *mapped =
		mmap(NULL, memory_live_bytes(), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t page = cpuslab_port_page_size();
	size_t used = (MEMORY_LIVE_AT + limit + page - 1) & ~(page - 1);

	if (mapped == MAP_FAILED)
		return NULL;
	madvise(mapped, memory_live_bytes(), MADV_DONTDUMP);
	cpuslab__memory_unlock(mapped + used, memory_live_bytes() - used);
	return mapped + MEMORY_LIVE_AT;
}

void cpuslab__live_destroy(uint8_t *live)
{
	munmap(live - MEMORY_LIVE_AT, memory_live_bytes());
}

/* ---- small memory ------------------------------------------------------- */

void *cpuslab_port_zalloc(size_t bytes)
{
	return calloc(1, bytes);
}

void cpuslab_port_free(void *ptr)
{
	free(ptr);
}
