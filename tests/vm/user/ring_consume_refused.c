// SPDX-License-Identifier: MIT
/*
 * ring_consume_refused.c - what a consumer must not be able to do.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "ring_consume.h"

static size_t refused_page;

/* Is this mapping refused with this error? */
static bool refused_map(size_t bytes, int prot, int flags, uint64_t offset,
			int err)
{
	void *at = mmap(NULL, bytes, prot, flags, consume_fd, (off_t)offset);

	if (at != MAP_FAILED)
		munmap(at, bytes);
	return at == MAP_FAILED && errno == err;
}

static void refused_writable(const struct cpuslab_ring_event *event)
{
	const int both = PROT_READ | PROT_WRITE;
	size_t page = refused_page, bytes = (size_t)event->bytes, at;
	bool all = true;

	for (at = 0; at < bytes; at += page)
		if (at != page)
			all &= refused_map(page, both, MAP_SHARED,
					   event->offset + at, EACCES);
	consume_check(all, "no other page is writable");
	consume_check(refused_map(page, PROT_READ | PROT_EXEC, MAP_SHARED,
				  event->offset, EACCES),
		      "and none can be executed");
	consume_check(refused_map(page, PROT_READ, MAP_SHARED,
				  event->offset + (1ull << 44), ENXIO),
		      "another generation is not mapped");
	consume_check(refused_map(2 * page, both, MAP_SHARED, event->offset,
				  EACCES) &&
			      refused_map(2 * page, both, MAP_SHARED,
					  event->offset + page, EACCES) &&
			      refused_map(bytes, both, MAP_SHARED,
					  event->offset, EACCES) &&
			      refused_map(bytes, PROT_WRITE, MAP_SHARED,
					  event->offset, EACCES),
		      "nor with others");
	consume_check(refused_map(bytes, PROT_READ, MAP_PRIVATE, event->offset,
				  EINVAL) &&
			      refused_map(page, both, MAP_PRIVATE,
					  event->offset + page, EINVAL),
		      "no private mapping");
}

static void refused_ranges(const struct cpuslab_ring_event *event)
{
	size_t page = refused_page, bytes = (size_t)event->bytes;

	consume_check(refused_map(bytes + page, PROT_READ, MAP_SHARED,
				  event->offset, EINVAL) &&
			      refused_map(bytes, PROT_READ, MAP_SHARED,
					  event->offset + page, EINVAL),
		      "no mapping of two rings");
	consume_check(refused_map(bytes, PROT_READ, MAP_SHARED,
				  event->bytes * (CONSUME_CPUS + 9), ENXIO) &&
			      refused_map(page, PROT_READ, MAP_SHARED,
					  event->bytes << 31, ENXIO) &&
			      refused_map(bytes, PROT_READ, MAP_SHARED,
					  event->bytes * 60, ENXIO),
		      "no ring that does not exist");
}

static void refused_later(const struct cpuslab_ring_event *event)
{
	const int both = PROT_READ | PROT_WRITE;
	size_t page = refused_page, bytes = (size_t)event->bytes;
	char *ring = mmap(NULL, bytes, PROT_READ, MAP_SHARED, consume_fd,
			  (off_t)event->offset);
	char *own = mmap(NULL, page, both, MAP_SHARED, consume_fd,
			 (off_t)(event->offset + page));
	void *moved;
	unsigned char resident;
	int status = 1;

	consume_check(ring != MAP_FAILED && own != MAP_FAILED,
		      "a ring, and its page of the consumer");
	consume_check(mprotect(ring, bytes, both) && errno == EACCES &&
			      mprotect(ring + page, page, both) &&
			      errno == EACCES,
		      "it does not become writable");
	consume_check(mprotect(ring, bytes, PROT_READ | PROT_EXEC) &&
			      errno == EACCES,
		      "nor executable");
	moved = mremap(own, page, 2 * page, MREMAP_MAYMOVE);
	consume_check(moved == MAP_FAILED, "nor does it grow");
	moved = mremap(ring, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
		       ring + 64 * bytes);
	consume_check(moved == ring + 64 * bytes, "it may move");
	ring = moved;
	*(volatile uint64_t *)own = 7;
	consume_check(*(volatile uint64_t *)(ring + page) == 7,
		      "both are the same memory");
	if (!fork()) {
		*(volatile uint64_t *)own = 8;
		_exit(munmap(ring, bytes) || !mincore(ring, page, &resident));
	}
	wait(&status);
	consume_check(!status, "a child may unmap its own");
	consume_check(*(volatile uint64_t *)(ring + page) == 8,
		      "and what it writes is shared");
	*(volatile uint64_t *)own = 0;
	munmap(ring + page, page);
	consume_check(!ring[0] && !ring[2 * page], "a part may be unmapped");
	munmap(ring, bytes);
	munmap(own, page);
}

/* In a child, because the kernel may unmap the page before it refuses. */
static bool refused_other_page(const struct cpuslab_ring_event *event,
			       char *own)
{
	size_t at = (size_t)event->offset / refused_page;
	int status = 1;

	if (!fork())
		_exit(!remap_file_pages(own, refused_page, 0, at, 0) ||
		      errno != EACCES);
	wait(&status);
	return !status;
}

/* No page is found again that a process has given up. */
static bool refused_after_discard(const char *ring)
{
	int status = 0;

	if (!fork()) {
		if (madvise((void *)(uintptr_t)ring, refused_page,
			    MADV_DONTNEED))
			_exit(1);
		_exit(*(const volatile char *)ring);
	}
	wait(&status);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS;
}

/* Ways around the protection of its mappings. */
static void refused_around(const struct cpuslab_ring_event *event)
{
	size_t page = refused_page;
	char *ring = mmap(NULL, page, PROT_READ, MAP_SHARED, consume_fd,
			  (off_t)event->offset);
	char *own = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED,
			 consume_fd, (off_t)(event->offset + page));
	struct iovec from = { own, 8 }, to = { ring, 8 };
	int mem = open("/proc/self/mem", O_RDWR);

	consume_check(mem >= 0 &&
			      pwrite(mem, own, 8, (off_t)(uintptr_t)own) == 8,
		      "/proc/self/mem writes the consumer's page");
	consume_check(pwrite(mem, own, 8, (off_t)(uintptr_t)ring) < 0,
		      "but not the producers'");
	consume_check(process_vm_writev(getpid(), &from, 1, &to, 1, 0) < 0,
		      "nor does process_vm_writev()");
	consume_check(write(consume_fd, own, 8) < 0, "nor a write");
	consume_check(mremap(own, 0, page, MREMAP_MAYMOVE) == MAP_FAILED,
		      "a mapping is not doubled");
	consume_check(refused_other_page(event, own),
		      "nor made one of another page");
	consume_check(refused_after_discard(ring),
		      "a page that was discarded is not there");
	consume_check(!ring[0], "for that process only");
	close(mem);
	munmap(ring, page);
	munmap(own, page);
}

static void refused_reads(void)
{
	char small[sizeof(struct cpuslab_ring_event) * 2 + 9];
	char *nowhere = mmap(NULL, 2 * refused_page, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t got;

	nowhere += refused_page;
	mprotect(nowhere, refused_page, PROT_NONE);
	consume_check(read(consume_fd, small, 31) == -1 && errno == EINVAL,
		      "a read of less than an event");
	consume_check(read(consume_fd, nowhere, 32) == -1 && errno == EFAULT,
		      "a read to nowhere");
	consume_check(read(consume_fd, nowhere - 32, 64) == 32,
		      "but not what was read before");
	got = read(consume_fd, small, sizeof(small));
	consume_check(got == sizeof(small) - 9, "whole events only");
	while (read(consume_fd, small, 32) == 32)
		;
	consume_check(errno == EAGAIN, "no event is left");
}

int consume_refused(void)
{
	struct cpuslab_ring_event event;

	refused_page = (size_t)sysconf(_SC_PAGESIZE);
	consume_check(open("/dev/cpuslab_ring", O_RDWR) < 0 && errno == EBUSY,
		      "there is one consumer");
	if (read(consume_fd, &event, sizeof(event)) != sizeof(event))
		return 1;
	refused_writable(&event);
	refused_ranges(&event);
	refused_later(&event);
	refused_around(&event);
	close(consume_fd);
	consume_check(consume_open() >= 0, "another one may follow");
	refused_reads();
	return 0;
}
