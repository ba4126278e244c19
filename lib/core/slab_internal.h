/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_SLAB_INTERNAL_H
#define CPUSLAB_LIB_SLAB_INTERNAL_H
/*
 * slab_internal.h - the private structures of a slab.
 *
 *	slab --> records: one for each object, by slot
 *	  |
 *	  +--> extent 0 --> extent 1 --> ...	growing in size
 *		 |
 *		 +--> summary: {CPUs, residual}	replaced by each release
 *
 * The state of a CPU in a slab (whether the domain knows the CPU is a flag):
 *
 *	ABSENT --prepare--> PREPARED --publish--> LIVE
 *	   ^                                        | clear live bytes
 *	   | grace period                           v
 *	  DEAD <--fence, drain, fold, new summary-- DRAINING
 *
 * In every state but ABSENT the CPU has its blocks, and they hold every live
 * object, so they take part in growth, alloc and free.
 */

#include <cpuslab/client.h>
#include <cpuslab/port.h>
#include <cpuslab/slab.h>

#include "../base/buddy.h"
#include "../base/cpubits.h"
#include "../base/mutex.h"

enum {
	SLAB_ABSENT,
	SLAB_PREPARED,
	SLAB_LIVE,
	SLAB_DRAINING,
	SLAB_DEAD,
	SLAB_STATE_MASK = 7,
	SLAB_REGISTERED = 8,      /* the domain knows it, or is adding it */
	SLAB_ADMIT_PENDING = 16,  /* an operation asked for admission, but the
				    constructors must not run in its context */
	SLAB_WAS_REGISTERED = 32, /* retained, not unannounced */
	SLAB_STARTED = 64,        /* prepared by a start not yet complete */
};

/*
 * What a sum must see as of one moment. Published with one store, read under
 * RCU. Once published, a summary only gains CPUs, and has the residual of freed
 * objects cleared.
 */
struct cpuslab__summary {
	struct cpuslab__summary *old; /* links those that await readers */
	struct cpuslab__cpubits cpus; /* add the blocks of these; W mutex */
	size_t bytes;                 /* size of residual */
	uint64_t *residual; /* counters of released blocks, by offset */
};

/*
 * One layout of objects, with a block on every CPU in use. Fields that change
 * do not share a cache line with the live bytes, which operations read.
 * W create, unless stated otherwise.
 */
struct cpuslab_extent {
	struct cpuslab_slab *slab;
	struct cpuslab_extent *next;      /* W, R mutex */
	struct cpuslab__summary *summary; /* W mutex; R any, RCU */
	char *base;                       /* CPU 0's block, if reserved */
	void **blocks;                    /* [limit + 1], if not; W mutex;
					     R any, for CPUs with a block */
	uintptr_t percpu_ptr;             /* of the port, if not reserved */
	void *memory;                     /* allocation with this header */
	size_t reserved;                  /* bytes of address space, or 0 */
	size_t header;                    /* bytes of this header */
	size_t committed;                 /* bytes of each block; W mutex */
	size_t fold_end;                  /* end of all counters; W mutex */
	uint32_t limit;                   /* CPUs [0, limit) */
	uint32_t shift;                   /* log2 of the stride in bytes */
	struct cpuslab__buddy buddy;      /* of [0, committed); W mutex */
	CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE)
	uint8_t live[]; /* [limit], 0 or the shift; W mutex; R operations */
};

enum {
	RECORD_FREE,
	RECORD_LIVE,
	RECORD_DYING, /* cpuslab_free_rcu() */
};

/* One object. W, R mutex. */
struct cpuslab__record {
	struct cpuslab_extent *extent;
	const struct cpuslab_type *type;
	uint32_t offset;    /* bytes, in every block */
	uint32_t size;      /* bytes; a multiple of 8 */
	uint32_t tag;       /* grows; odd while live or dying */
	uint32_t next : 30; /* slot + 1 in the free list or a dying list */
	uint32_t state : 2; /* RECORD_* */
};

/* What is freed together after one grace period. W, R mutex. */
struct cpuslab__batch {
	struct cpuslab__cpubits cpus;       /* in state DEAD */
	struct cpuslab__summary *summaries; /* replaced; linked by old */
	uint32_t dying;                     /* slot + 1 of the first record */
	bool used;                          /* it holds anything */
};

/* W, R mutex, unless stated otherwise. */
struct cpuslab_slab {
	struct cpuslab_client client;
	char *name;
	uint32_t limit;                      /* W create */
	uint32_t flags;                      /* W create */
	size_t max_align;                    /* bytes; W create */
	size_t stride;                       /* bytes, of the next extent */
	struct cpuslab_port_mutex releasing; /* held throughout a release */
	struct cpuslab__mutex mutex;
	struct cpuslab_extent *extents; /* oldest first */
	struct cpuslab_extent *newest;
	uint64_t *sets; /* memory of the sets of CPUs and of state */
	uint8_t *state; /* [limit], SLAB_*; R any */
	struct cpuslab__cpubits in_use; /* state is not ABSENT */
	struct cpuslab__cpubits admit_pending;
	struct cpuslab__record **chunks;
	uint32_t slots;         /* records in all chunks */
	uint32_t room;          /* capacity of the array of chunks */
	uint32_t free_slot;     /* slot + 1 */
	uint32_t signal_unsafe; /* objects with a constructor that
				     must not run in an operation */
	uint32_t pinning;       /* objects that prevent releases */
	uint64_t objects;
	struct cpuslab_rcu rcu;
	struct cpuslab__batch gp_current; /* awaits the current grace period */
	struct cpuslab__batch gp_next;    /* awaits the one after */
	bool rcu_started;                 /* rcu has been queued before */
	/*
	 * W, R any: no admission on demand before this time in ns; 0: at any
	 * time.
	 */
	uint64_t retry_at;
	uint64_t shared_ops; /* statistics from here on; W any */
	uint64_t admissions, on_demand, refusals, releases, release_deferred;
};

#define CPUSLAB__CHUNK 128u /* records in one allocation, never moved */

/* The record of @slot, which is below slab->slots. */
CPUSLAB_INLINE struct cpuslab__record *
cpuslab__record(const struct cpuslab_slab *slab, uint32_t slot)
{
	return &slab->chunks[slot / CPUSLAB__CHUNK][slot % CPUSLAB__CHUNK];
}

/* block.c */
/* Create the header of an extent, without any block. */
int cpuslab__blocks_create(const struct cpuslab_slab *slab, uint32_t shift,
			   struct cpuslab_extent **extent);
void cpuslab__blocks_destroy(struct cpuslab_extent *extent);
/* How many bytes to commit in each block if @least are needed. */
size_t cpuslab__block_prefix(const struct cpuslab_extent *extent, size_t least);
/* Commit, or decommit, bytes [@from, @to) of a block. */
int cpuslab__block_widen(struct cpuslab_extent *extent, uint32_t cpu,
			 size_t from, size_t to);
void cpuslab__block_narrow(struct cpuslab_extent *extent, uint32_t cpu,
			   size_t from, size_t to);
/* Make operations use the block, or no longer. */
void cpuslab__block_set_live(struct cpuslab_extent *extent, uint32_t cpu,
			     bool live);

/* extent.c */
/* Add an extent with room for such an object; all or nothing. */
int cpuslab__extent_create(struct cpuslab_slab *slab, size_t size,
			   size_t align);
void cpuslab__extent_destroy(struct cpuslab_extent *extent);
/* Commit more of every block, so that such an object fits; all or nothing. */
int cpuslab__extent_grow(struct cpuslab_extent *extent, size_t size,
			 size_t align);
/* Commit, or decommit, one CPU's block. */
int cpuslab__extent_commit(struct cpuslab_extent *extent, uint32_t cpu);
void cpuslab__extent_decommit(struct cpuslab_extent *extent, uint32_t cpu);

CPUSLAB_INLINE struct cpuslab_extent *
cpuslab__extent_of(const struct cpuslab_percpu *handle)
{
	return (struct cpuslab_extent
			*)(uintptr_t)(handle->live -
				      offsetof(struct cpuslab_extent, live));
}

/* The live byte of a CPU that is live: what an operation still needs. */
CPUSLAB_INLINE uint8_t cpuslab__extent_live(const struct cpuslab_extent *extent)
{
	return (uint8_t)extent->shift;
}

/* The directory entry of @cpu; that of CPUSLAB_SHARED is the last. */
CPUSLAB_INLINE void **cpuslab__extent_entry(const struct cpuslab_extent *extent,
					    uint32_t cpu)
{
	return &extent->blocks[cpu == CPUSLAB_SHARED ? extent->limit : cpu];
}

/* The block of @cpu; that of CPUSLAB_SHARED lies before CPU 0's. */
CPUSLAB_INLINE char *cpuslab__extent_block(const struct cpuslab_extent *extent,
					   uint32_t cpu)
{
	size_t stride = (size_t)1 << extent->shift;

	if (!CPUSLAB_PORT_RESERVES)
		return (char *)cpuslab_load_relaxed_ptr(
			cpuslab__extent_entry(extent, cpu));
	if (cpu == CPUSLAB_SHARED)
		return extent->base - stride;
	return extent->base + cpu * stride;
}

/* Byte @offset of one CPU's copy of an object. */
CPUSLAB_INLINE void *cpuslab__percpu_at(const struct cpuslab_percpu *handle,
					uint32_t cpu, size_t offset)
{
	return cpuslab__extent_block(cpuslab__extent_of(handle), cpu) +
	       handle->offset + offset;
}

/* summary.c */
/*
 * A new summary: empty if @from is NULL, else with the CPUs of @from and its
 * residual, extended to fold_end. NULL if there is no memory.
 */
struct cpuslab__summary *
cpuslab__summary_create(const struct cpuslab_extent *extent,
			const struct cpuslab__summary *from);
void cpuslab__summary_free_all(struct cpuslab__summary *summary);

/* object.c */
int cpuslab__object_construct(const struct cpuslab__record *record,
			      uint32_t cpu);
void cpuslab__object_destruct(const struct cpuslab__record *record,
			      uint32_t cpu);
/* Construct all live objects of one CPU; all or nothing. */
int cpuslab__objects_construct(struct cpuslab_slab *slab, uint32_t cpu);
void cpuslab__objects_destruct(struct cpuslab_slab *slab, uint32_t cpu);
/* Free the objects on a list that cpuslab_free_rcu() made. */
void cpuslab__objects_reap(struct cpuslab_slab *slab, uint32_t dying);
/* Find the record that @handle names; errors as cpuslab_free(). */
int cpuslab__object_find(struct cpuslab_slab *slab,
			 const struct cpuslab_percpu *handle,
			 struct cpuslab__record **record);

/* admit.c; all but cpuslab__state() and the last: with the mutex held */
uint32_t cpuslab__state(const struct cpuslab_slab *slab, uint32_t cpu);
void cpuslab__state_set(struct cpuslab_slab *slab, uint32_t cpu,
			uint32_t state);
/* From LIVE to DRAINING, or back: stop operations from using the blocks. */
void cpuslab__set_live(struct cpuslab_slab *slab, uint32_t cpu, bool live);
int cpuslab__prepare(struct cpuslab_slab *slab, uint32_t cpu);
void cpuslab__unprepare(struct cpuslab_slab *slab, uint32_t cpu);
void cpuslab__publish(struct cpuslab_slab *slab, uint32_t cpu);
/* Admit the CPUs marked SLAB_ADMIT_PENDING. */
void cpuslab__admit_pending(struct cpuslab_slab *slab);
/* From an operation, in any context: try to admit @cpu. Is it live now? */
bool cpuslab__admit_on_demand(struct cpuslab_slab *slab, uint32_t cpu);

/* fence.c */
/*
 * Fence all CPUs at once. Where the port cannot do that, fence each CPU below
 * @limit in one of @states (bits 1 << SLAB_*). Returns CPUSLAB_OK, or
 * -CPUSLAB_EAGAIN at the first CPU that could not be fenced.
 */
int cpuslab__fence_states(const struct cpuslab_slab *slab, uint32_t limit,
			  uint32_t states);

/* release.c */
/*
 * Release the blocks of a live CPU. The caller does not hold the mutex.
 * Returns CPUSLAB_OK, CPUSLAB_RETAINED or -CPUSLAB_ENOMEM.
 */
int cpuslab__release(struct cpuslab_slab *slab, uint32_t cpu, bool quiescent);
/* Release every live CPU that the domain does not know. */
int cpuslab__release_absent(struct cpuslab_slab *slab, bool quiescent);
/* Start a grace period for gp_next, or let it follow; with the mutex held. */
void cpuslab__batch_start(struct cpuslab_slab *slab);

#endif /* CPUSLAB_LIB_SLAB_INTERNAL_H */
