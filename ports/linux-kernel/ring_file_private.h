/* SPDX-License-Identifier: MIT */
/*
 * ring_file_private.h - the private structures of cpuslab/ring_file.h.
 */
#ifndef CPUSLAB_RING_FILE_PRIVATE_H
#define CPUSLAB_RING_FILE_PRIVATE_H

#include <linux/irq_work.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <cpuslab/client.h>
#include <cpuslab/ring_file.h>
#include <cpuslab/slab_port.h>

/* The ring of one CPU. W, R lock. */
struct ring_file_cpu {
	struct page **pages; /* NULL: none */
	void *block;
	u64 generation; /* increases with each ring */
	u64 reported;   /* generation that was read */
	u8 reported_state;
	u8 present; /* constructed; never without pages */
	u8 online;
	u8 tried; /* to free it, since it was offline and consumed */
};

struct cpuslab_ring_file {
	struct cpuslab_ring ring; /* W create */
	struct cpuslab_slab *slab;
	struct cpuslab__slab_port port;
	struct cpuslab_client client;
	u64 bytes;                /* W create */
	u32 count;                /* of cpus; W create */
	bool retain;              /* read() frees nothing; W create */
	struct kref users;        /* the creator, and the consumer */
	struct irq_work irq_work; /* wakes the consumer */
	struct work_struct work;  /* likewise, on PREEMPT_RT, in @queue */
	struct workqueue_struct *queue;
	wait_queue_head_t wait;
	struct mutex trimming; /* held while read() uses the slab */
	struct mutex lock; /* inside of the slab's mutex, and of mmap_lock */
	u64 changes;       /* W lock; R any */
	u32 top;           /* of cpus, that ever changed; W lock; R any */
	bool open;         /* W, R lock */
	bool dead;         /* W both, R either */
	struct ring_file_cpu cpus[]; /* [count] the shared ring, CPU 0, ... */
};

/*
 * Where a ring is mapped: its index times its bytes, with its generation above,
 * so that no mapping reaches another ring of the CPU.
 */
#define RING_GENERATION_SHIFT 44
#define RING_GENERATIONS (1ul << 18)

static inline u64 ring_file_offset(const struct cpuslab_ring_file *file,
				   u32 index, u64 generation)
{
	return index * file->bytes +
	       (generation % RING_GENERATIONS << RING_GENERATION_SHIFT);
}

/* ring_file.c: @cpu has another ring, or state; with the lock held */
void cpuslab__ring_file_changed(struct cpuslab_ring_file *file,
				struct ring_file_cpu *cpu);

#endif /* CPUSLAB_RING_FILE_PRIVATE_H */
