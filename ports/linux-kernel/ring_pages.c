// SPDX-License-Identifier: MIT
/*
 * ring_pages.c - the memory of a file's rings: single pages on their CPU's
 * node, which a process can map, and which are freed one by one.
 */
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/topology.h>
#include <linux/version.h>
#include <linux/vmalloc.h>

#include <cpuslab/port.h>

#include "../../lib/core/slab_internal.h"
#include "inject.h"
#include "ring_file_private.h"

/* What is mapped stays until it is unmapped. */
static void ring_pages_put(struct page **pages, unsigned long count)
{
	while (count--)
		if (pages[count])
			put_page(pages[count]);
	kvfree(pages);
}

static struct page **ring_pages_get(unsigned long count, int node, gfp_t gfp)
{
	struct page **pages = kvcalloc(count, sizeof(*pages), gfp);
	unsigned long i;

	if (!pages)
		return NULL;
	for (i = 0; i < count; i++) {
		if (i != count / 2 || !cpuslab__inject_fails())
			pages[i] = alloc_pages_node(node, gfp | __GFP_ZERO, 0);
		if (!pages[i]) {
			ring_pages_put(pages, count);
			return NULL;
		}
		cond_resched();
	}
	return pages;
}

static struct ring_file_cpu *ring_pages_cpu(const struct cpuslab_blocks *blocks,
					    u32 index)
{
	struct cpuslab_ring_file *file = cpuslab__ring_file_of(blocks);

	return &file->cpus[index == blocks->limit ? 0 : index + 1];
}

void *cpuslab__ring_pages_alloc(const struct cpuslab_blocks *blocks, u32 index,
				int node, gfp_t gfp)
{
	struct cpuslab_ring_file *file = cpuslab__ring_file_of(blocks);
	struct ring_file_cpu *cpu = ring_pages_cpu(blocks, index);
	unsigned long count = blocks->bytes >> PAGE_SHIFT;
	struct page **pages;
	void *block;

	if (cpuslab__inject_fails())
		return NULL;
	pages = ring_pages_get(count, node, gfp);
	if (!pages)
		return NULL;
	block = cpuslab__inject_fails() ?
			NULL :
			vmap(pages, count, VM_MAP, PAGE_KERNEL);
	if (!block) {
		ring_pages_put(pages, count);
		return NULL;
	}
	mutex_lock(&file->lock);
	cpu->pages = pages;
	cpu->block = block;
	cpu->generation++;
	mutex_unlock(&file->lock);
	return block;
}

void cpuslab__ring_pages_show(const struct cpuslab_blocks *blocks, u32 index)
{
	struct cpuslab_ring_file *file = cpuslab__ring_file_of(blocks);
	struct ring_file_cpu *cpu = ring_pages_cpu(blocks, index);

	mutex_lock(&file->lock);
	if (!cpu->present) {
		cpu->present = true;
		cpuslab__ring_file_changed(file, cpu);
	}
	mutex_unlock(&file->lock);
}

void cpuslab__ring_pages_free(const struct cpuslab_blocks *blocks, u32 index)
{
	struct cpuslab_ring_file *file = cpuslab__ring_file_of(blocks);
	struct ring_file_cpu *cpu = ring_pages_cpu(blocks, index);
	struct page **pages = cpu->pages;

	mutex_lock(&file->lock);
	cpu->pages = NULL;
	cpu->present = false;
	cpuslab__ring_file_changed(file, cpu);
	mutex_unlock(&file->lock);
	vunmap(cpu->block);
	ring_pages_put(pages, blocks->bytes >> PAGE_SHIFT);
}

/* ---- mapped -------------------------------------------------------------- */

/* It cannot grow, nor be made writable, nor be executed. */
static void ring_pages_restrict(struct vm_area_struct *vma)
{
	unsigned long set = VM_DONTEXPAND | VM_DONTDUMP;
	unsigned long clear = VM_MAYEXEC |
			      (vma->vm_flags & VM_WRITE ? 0 : VM_MAYWRITE);

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

static int ring_pages_insert(struct vm_area_struct *vma, struct page **from)
{
	unsigned long at;
	int err;

	for (at = vma->vm_start; at < vma->vm_end; at += PAGE_SIZE) {
		err = vm_insert_page(vma, at, *from++);
		if (err)
			return err;
	}
	return 0;
}

int cpuslab_ring_file_mmap(struct cpuslab_ring_file *file,
			   struct vm_area_struct *vma)
{
	const unsigned int shift = RING_GENERATION_SHIFT - PAGE_SHIFT;
	unsigned long generation = vma->vm_pgoff >> shift;
	unsigned long place = vma->vm_pgoff & ((1ul << shift) - 1);
	unsigned long pages = file->bytes >> PAGE_SHIFT;
	unsigned long index = place / pages, first = place % pages;
	struct ring_file_cpu *cpu;
	int err = -ENXIO;

	if (!(vma->vm_flags & VM_MAYSHARE) || vma_pages(vma) > pages - first)
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC ||
	    (vma->vm_flags & VM_WRITE && (first != 1 || vma_pages(vma) != 1)))
		return -EACCES;
	if (index >= file->count)
		return -ENXIO;
	ring_pages_restrict(vma);
	cpu = &file->cpus[array_index_nospec(index, file->count)];
	mutex_lock(&file->lock);
	if (file->dead)
		err = -ENODEV;
	else if (cpu->present &&
		 cpu->generation % RING_GENERATIONS == generation)
		err = ring_pages_insert(vma, cpu->pages + first);
	mutex_unlock(&file->lock);
	return err;
}
