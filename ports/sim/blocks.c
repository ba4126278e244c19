/* SPDX-License-Identifier: MIT */
/*
 * blocks.c - each block is a mapping of its own, so that a use after free
 * faults; operations find theirs by an array of pointers, like the per-CPU
 * memory of a kernel.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/block_directory.h"
#include "internal.h"

struct block {
	struct block *next;
	char *addr;
	size_t bytes;
};

static struct block *block_first;
static uint64_t block_bytes;

size_t cpuslab_port_page_size(void)
{
	return sim__config.page_size ? sim__config.page_size : 4096;
}

/* As malloc(), which cannot: inaccessible once it is freed. */
static char *block_map(size_t bytes)
{
	size_t align = cpuslab_port_page_size();
	size_t spare = align - (size_t)sysconf(_SC_PAGESIZE);
	char *mapped, *aligned;

	mapped = mmap(NULL, bytes + spare, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mapped == MAP_FAILED)
		return NULL;
	aligned = (char *)(((uintptr_t)mapped + align - 1) &
			   ~((uintptr_t)align - 1));
	if (aligned > mapped)
		munmap(mapped, (size_t)(aligned - mapped));
	if (aligned < mapped + spare)
		munmap(aligned + bytes, (size_t)(mapped + spare - aligned));
	return aligned;
}

static void *block_get(size_t bytes)
{
	struct block *block = calloc(1, sizeof(*block));

	if (!block)
		return NULL;
	block->addr = block_map(bytes);
	if (!block->addr) {
		free(block);
		return NULL;
	}
	block->bytes = bytes;
	block->next = block_first;
	block_first = block;
	block_bytes += bytes;
	sim__order_forget(block->addr, bytes);
	return block->addr;
}

static struct block **block_find(const void *addr)
{
	struct block **at = &block_first;

	while (*at && ((const char *)addr < (*at)->addr ||
		       (const char *)addr >= (*at)->addr + (*at)->bytes))
		at = &(*at)->next;
	return at;
}

static void block_drop(struct block **at)
{
	struct block *block = *at;

	*at = block->next;
	munmap(block->addr, block->bytes);
	block_bytes -= block->bytes;
	free(block);
}

/* ---- the port's functions ----------------------------------------------- */

int cpuslab_port_blocks_create(struct cpuslab_blocks *blocks)
{
	int err = cpuslab__directory_create(blocks);

	if (err)
		return err;
	blocks->port = cpuslab_port_zalloc(blocks->limit * sizeof(void *));
	if (blocks->port) {
		blocks->object = (uintptr_t)blocks->port;
		return CPUSLAB_OK;
	}
	cpuslab__directory_destroy(blocks);
	return -CPUSLAB_ENOMEM;
}

void cpuslab_port_blocks_destroy(struct cpuslab_blocks *blocks)
{
	cpuslab_port_free(blocks->port);
	cpuslab__directory_destroy(blocks);
}

int cpuslab_port_block_alloc(struct cpuslab_blocks *blocks, uint32_t index,
			     bool wait)
{
	(void)wait;
	sim__need_init();
	sim__point();
	if (sim__alloc_fails() || sim__cpu_block_fails(index))
		return -CPUSLAB_ENOMEM;
	if (index <= blocks->limit && blocks->directory[index])
		sim__panicf("sim: a block is allocated twice");
	return cpuslab__directory_put(blocks, index, block_get(blocks->bytes));
}

void cpuslab_port_block_free(struct cpuslab_blocks *blocks, uint32_t index,
			     bool wait)
{
	struct block **at;

	(void)wait;
	sim__point();
	at = block_find(cpuslab__directory_take(blocks, index));
	if (!*at || (*at)->bytes != blocks->bytes)
		sim__panicf("sim: a block is freed that is not allocated");
	block_drop(at);
}

void cpuslab_port_block_set_live(struct cpuslab_blocks *blocks, uint32_t cpu,
				 bool live)
{
	void **own = blocks->port;

	sim__point();
	/* [live] pairs with sim__copy_find(). */
	cpuslab_store_release_ptr(&own[cpu],
				  live ? blocks->directory[cpu] : NULL);
}

/* ---- for tests ---------------------------------------------------------- */

void sim__blocks_fini(void)
{
	while (block_first)
		block_drop(&block_first);
}

unsigned int sim__blocks_count(void)
{
	const struct block *block;
	unsigned int count = 0;

	for (block = block_first; block; block = block->next)
		count++;
	return count;
}

uint64_t sim_block_bytes(void)
{
	return block_bytes;
}

bool sim_is_block(const void *addr)
{
	return *block_find(addr) != NULL;
}
