/* SPDX-License-Identifier: MIT */
/*
 * process.c - an epoch, which tells a child from its ancestors.
 *
 * A child may come from a clone() that runs no fork handlers, and its getpid()
 * may equal its parent's in another PID namespace. So the epoch is in a page
 * that the kernel clears in each child. Where the kernel cannot do that, an
 * epoch is valid for one getpid(), and the fork handler ends it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "private.h"

/* pid << 32 | epoch; the page needs no pid. Epoch 0: none yet. */
static cpuslab_word process_unwiped;
/* W first use: the page, or process_unwiped */
static cpuslab_word *process_word;
static uint32_t process_epochs; /* the latest, of ancestors too */

static cpuslab_word *process_page(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return &process_unwiped;
	if (!madvise(page, size, MADV_WIPEONFORK))
		return page;
	munmap(page, size);
	return &process_unwiped;
}

static void process_page_free(cpuslab_word *word)
{
	if (word && word != &process_unwiped)
		munmap(word, (size_t)sysconf(_SC_PAGESIZE));
}

/* CRIU before 4.2 restores the page without the advice. */
void cpuslab__process_renew(void)
{
	cpuslab_word *word = cpuslab_load_acquire_ptr(&process_word);

	if (word && word != &process_unwiped)
		madvise(word, (size_t)sysconf(_SC_PAGESIZE), MADV_WIPEONFORK);
}

/* Several threads, or a signal handler, may do this at once: one wins. */
static cpuslab_word *process_word_first(void)
{
	int error = errno;
	cpuslab_word *word = process_page(), *first = NULL;

	errno = error;
	if (__atomic_compare_exchange_n(&process_word, &first, word, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return word;
	process_page_free(word);
	return first;
}

uint32_t cpuslab_port_process_epoch(void)
{
	cpuslab_word *at = cpuslab_load_acquire_ptr(&process_word);
	uint64_t pid, word;

	if (cpuslab_unlikely(!at))
		at = process_word_first();
	pid = at == &process_unwiped ? (uint32_t)getpid() : 0;
	word = cpuslab_load_relaxed_u64(at);
	if (cpuslab_likely((uint32_t)word && word >> 32 == pid))
		return (uint32_t)word;
	/*
	 * The counter is incremented first: a child that is forked by a signal
	 * handler before the epoch is stored takes a greater one.
	 */
	pid = pid << 32 | (cpuslab_fetch_add_u32(&process_epochs, 1) + 1);
	return (uint32_t)(cpuslab_cas_u64(at, &word, pid) ? pid : word);
}

void cpuslab__process_fork_child(void)
{
	if (process_word)
		cpuslab_store_relaxed_u64(process_word, 0);
}

/* At unload no thread asks any more, in fork handlers either. */
__attribute__((destructor(CPUSLAB__FINI_LATE))) static void process_fini(void)
{
	if (cpuslab__mutex_any())
		return;
	process_page_free(process_word);
	process_word = NULL;
}
