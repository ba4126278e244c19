/* SPDX-License-Identifier: MIT */
/*
 * ring_file.h - a ring (cpuslab/ring.h) that a process maps and consumes. The
 * driver's own device passes its file operations on:
 *
 *	open, release	one consumer at a time
 *	mmap		a CPU's ring, read-only; the consumer's page, writable
 *	poll		EPOLLIN: records; EPOLLPRI: events; EPOLLHUP: destroyed
 *	read		events: "CPU 3 has a ring", "CPU 3 is offline"
 *
 * The process includes cpuslab/ring_map.h, and needs no library.
 *
 *	offset	0	bytes	2 bytes	...
 *		| shared | CPU 0 | CPU 1 | ...		those that exist
 *
 * Each mapped page holds a reference, so a ring that a trim or a destroy frees
 * is memory until it is unmapped, and keeps its records. A CPU that returns
 * after a trim has another ring, of another generation.
 *
 * The consumer is not trusted: what it writes to its page can only cost it
 * records. It may stop, or end, at any moment; the next one goes on where it
 * stopped.
 */
#ifndef CPUSLAB_RING_FILE_H
#define CPUSLAB_RING_FILE_H

#include <cpuslab/ring.h>
#include <cpuslab/ring_event.h>

#include <linux/types.h>

struct cpuslab_ring_file;
struct file;
struct poll_table_struct;
struct vm_area_struct;

struct cpuslab_ring_file_config {
	size_t size;         /* of this struct; see sized.h */
	const char *name;    /* of its slab; NULL: "ring" */
	uint64_t bytes;      /* of each ring; as for cpuslab_ring_init() */
	uint32_t flags;      /* CPUSLAB_RING_* */
	uint64_t watermark;  /* bytes, a power of two, at most a quarter of
				@bytes; 0: an eighth of @bytes */
	uint32_t slab_flags; /* CPUSLAB_SLAB_RETAIN: read frees nothing, so
				that no CPU needs memory to return; _ACCOUNT */
};

/**
 * cpuslab_ring_file_create() - create rings for one consumer.
 * @file:   set to NULL on a failure.
 * @domain: whose CPUs have rings; outlives the file.
 * @config: see struct cpuslab_ring_file_config.
 *
 * A poller is woken when the tail of a ring crosses a multiple of the
 * watermark. A small one wakes it often; a large one leaves more records for a
 * timeout of the consumer to find.
 *
 * Context: may sleep, allocates; not in a callback of @domain.
 * Return:  0; errors of cpuslab_slab_create(), cpuslab_ring_init() and
 *          cpuslab_client_init(); -EINVAL for another watermark; -EOPNOTSUPP
 *          without CONFIG_IRQ_WORK.
 */
CPUSLAB_NODISCARD CPUSLAB_API int
cpuslab_ring_file_create(struct cpuslab_ring_file **file,
			 struct cpuslab_domain *domain,
			 const struct cpuslab_ring_file_config *config);

/**
 * cpuslab_ring_file_destroy() - destroy the rings.
 * @file: NULL is allowed. No thread appends, and none can open it any more.
 *
 * It may still be open and mapped: poll then returns EPOLLHUP, read 0, and mmap
 * -ENODEV. What is mapped keeps its records until it is unmapped.
 *
 * Context: may sleep, as cpuslab_slab_destroy().
 */
CPUSLAB_API void cpuslab_ring_file_destroy(struct cpuslab_ring_file *file);

/**
 * cpuslab_ring_file_ring() - the ring to append to.
 * @file: from cpuslab_ring_file_create().
 *
 * Context: any.
 * Return:  for cpuslab_ring_append() and cpuslab_ring_lost(); valid until the
 *          destroy.
 */
CPUSLAB_API struct cpuslab_ring *
cpuslab_ring_file_ring(struct cpuslab_ring_file *file);

/**
 * cpuslab_ring_file_open() - for the driver's open.
 * @file: from cpuslab_ring_file_create().
 *
 * Context: may sleep; not concurrently with the destroy, as with
 *          misc_deregister() before it.
 * Return:  0; -EBUSY if it is open already.
 */
CPUSLAB_NODISCARD CPUSLAB_API int
cpuslab_ring_file_open(struct cpuslab_ring_file *file);

/**
 * cpuslab_ring_file_release() - for the driver's release.
 * @file: opened; not valid afterwards if it was destroyed.
 *
 * Context: may sleep.
 */
CPUSLAB_API void cpuslab_ring_file_release(struct cpuslab_ring_file *file);

/**
 * cpuslab_ring_file_mmap() - for the driver's mmap.
 * @file: opened.
 * @vma:  at the offset of an event, or within that ring.
 *
 * Only the page after a ring's first one, alone, may be mapped for writing.
 *
 * Context: as a driver's mmap.
 * Return:  0; -EINVAL for a private mapping or more than one ring; -EACCES for
 *          another writable one; -ENXIO if no such ring exists now; -ENODEV
 *          after the destroy; -ENOMEM.
 */
CPUSLAB_NODISCARD CPUSLAB_API int
cpuslab_ring_file_mmap(struct cpuslab_ring_file *file,
		       struct vm_area_struct *vma);

/**
 * cpuslab_ring_file_poll() - for the driver's poll.
 * @file: opened.
 * @filp: the driver's.
 * @wait: likewise.
 *
 * Context: may sleep. O(CPUs that ever had a ring).
 * Return:  EPOLLIN if a ring's tail and its consumed position have a multiple
 *          of the watermark between them; EPOLLPRI if a read would find events,
 *          or could free the ring of an offline CPU; EPOLLHUP after the
 *          destroy.
 */
CPUSLAB_API __poll_t cpuslab_ring_file_poll(struct cpuslab_ring_file *file,
					    struct file *filp,
					    struct poll_table_struct *wait);

/**
 * cpuslab_ring_file_read() - for the driver's read.
 * @file:   opened.
 * @filp:   the driver's.
 * @buffer: for events.
 * @count:  bytes; a multiple of the size of an event, or more.
 *
 * One event for each CPU whose ring is not as it was last read; the first read
 * after an open finds all rings. Rings of offline CPUs that have been consumed
 * are freed, which a later event says.
 *
 * Context: may sleep; without O_NONBLOCK it waits for an event.
 * Return:  bytes of whole events; 0 after the destroy; -EAGAIN with O_NONBLOCK;
 *          -EINVAL for less room than an event; -EFAULT; -ERESTARTSYS.
 */
CPUSLAB_API ssize_t cpuslab_ring_file_read(struct cpuslab_ring_file *file,
					   struct file *filp,
					   char __user *buffer, size_t count);

#endif /* CPUSLAB_RING_FILE_H */
