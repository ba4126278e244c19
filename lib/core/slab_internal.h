/* SPDX-License-Identifier: MIT */
/*
 * slab_internal.h - how a slab looks inside.
 *
 *	slab --> records: one for each object, by slot
 *	  |
 *	  +--> extent 0 --> extent 1 --> ...	each twice as wide
 *		 |
 *		 +--> summary: {CPUs, residual}	replaced by a release
 *
 * What a CPU is to a slab (the domain's view is the member flag):
 *
 *	ABSENT --prepare--> PREPARED --publish--> LIVE
 *	   ^                                        | live bytes off
 *	   | grace period                           v
 *	  DEAD <--fence, drain, fold, new summary-- DRAINING
 *
 * In every state but ABSENT the blocks are committed and hold every live
 * object, so they take part in growth, alloc and free.
 */
#ifndef CPUSLAB_LIB_SLAB_INTERNAL_H
#define CPUSLAB_LIB_SLAB_INTERNAL_H

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
	SLAB_REGISTERED = 8,     /* the domain has it, or is about to */
	SLAB_ADMIT_PENDING = 16, /* an operation came; constructors must not run
				   in its context */
	SLAB_WAS_REGISTERED = 32, /* retained, not a visitor */
	SLAB_STARTED = 64,        /* here since a start that is not complete */
};

/*
 * What a sum needs to know at one moment. Readers: RCU. Published with one
 * store; afterwards only CPUs are added, and words of objects that
 * nobody uses are cleared.
 */
struct cpuslab__summary {
	struct cpuslab__summary *old; /* next one that waits for readers */
	struct cpuslab__cpubits cpus; /* whose blocks count */
	size_t bytes;                 /* of residual */
	uint64_t *residual;           /* by offset: what released blocks held */
};

/*
 * One layout of objects on every CPU. What changes lies a line away from
 * the live bytes, which operations read.
 */
struct cpuslab_extent {
	struct cpuslab_slab *slab;
	struct cpuslab_extent *next;      /* W, R slab mutex */
	struct cpuslab__summary *summary; /* W slab mutex; R any, RCU */
	char *base;                       /* block of CPU 0, or NULL */
	void **blocks;                    /* [limit + 1], or NULL; W slab
					     mutex; R any who may have one */
	uintptr_t own;                    /* with blocks: the port's */
	void *memory;                     /* that this header lies in */
	size_t reserved;                  /* bytes of it, or of space */
	size_t header;                    /* bytes for this header */
	size_t committed;                 /* prefix of each block in use */
	size_t fold_end;                  /* counters lie below this */
	uint32_t limit;                   /* blocks */
	uint32_t shift;                   /* log2 of the stride */
	struct cpuslab__buddy buddy;      /* of [0, committed) */
	CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE)
	uint8_t live[]; /* [limit], W slab mutex */
};

enum {
	RECORD_FREE,
	RECORD_LIVE,
	RECORD_DYING, /* cpuslab_free_rcu() */
};

/* One object. W, R under the slab's mutex. */
struct cpuslab__record {
	struct cpuslab_extent *extent;
	const struct cpuslab_type *type;
	uint32_t offset;
	uint32_t size;      /* the object's; a multiple of 8 */
	uint32_t tag;       /* odd while live or dying; grows */
	uint32_t next : 30; /* slot + 1 in the free or a dying list */
	uint32_t life : 2;  /* RECORD_* */
};

/* What goes back together after one grace period. */
struct cpuslab__batch {
	struct cpuslab__cpubits cpus; /* DEAD */
	struct cpuslab__summary *summaries;
	uint32_t dying; /* slot + 1 */
	bool used;
};

/* W slab mutex, but for those marked otherwise. */
struct cpuslab_slab {
	struct cpuslab_client client;
	char *name;
	uint32_t limit;
	uint32_t flags;
	size_t max_align;
	size_t stride;                       /* of the next extent */
	struct cpuslab_port_mutex releasing; /* held through a release */
	struct cpuslab__mutex mutex;
	struct cpuslab_extent *extents; /* oldest first */
	struct cpuslab_extent *newest;
	uint64_t *sets;                 /* memory of the next three */
	uint8_t *state;                 /* [limit]; R any */
	struct cpuslab__cpubits in_use; /* state is not ABSENT */
	struct cpuslab__cpubits admit_pending;
	struct cpuslab__record **chunks;
	uint32_t slots;     /* in all chunks */
	uint32_t room;      /* in the array of chunks */
	uint32_t free_slot; /* slot + 1 */
	uint32_t unsafe;    /* objects whose constructor
						   must not run on demand */
	uint32_t keepers;   /* objects that keep blocks */
	uint64_t objects;
	struct cpuslab_rcu rcu;
	struct cpuslab__batch gp_current; /* for this grace period */
	struct cpuslab__batch gp_next;    /* for the one after */
	bool rcu_started;                 /* ever */
	uint64_t retry_at;                /* W any; clock, 0: at once */
	uint64_t shared_ops;              /* W any */
	uint64_t admissions, on_demand, refusals, releases, release_deferred;
};

#define CPUSLAB__CHUNK 128u /* records in one allocation; they never move */

/* The record of a slot below slab->slots. */
CPUSLAB_INLINE struct cpuslab__record *
cpuslab__record(const struct cpuslab_slab *slab, uint32_t slot)
{
	return &slab->chunks[slot / CPUSLAB__CHUNK][slot % CPUSLAB__CHUNK];
}

/* block.c */
/* An extent of such blocks, with none of them; its header only. */
int cpuslab__blocks_create(const struct cpuslab_slab *slab, uint32_t shift,
			   struct cpuslab_extent **extent);
void cpuslab__blocks_destroy(struct cpuslab_extent *extent);
/* How much of a block is worth having if @least is needed. */
size_t cpuslab__block_prefix(const struct cpuslab_extent *extent, size_t least);
/* Have bytes [@from, @to) of a block, or have them no longer. */
int cpuslab__block_widen(struct cpuslab_extent *extent, uint32_t cpu,
			 size_t from, size_t to);
void cpuslab__block_narrow(struct cpuslab_extent *extent, uint32_t cpu,
			   size_t from, size_t to);
/* Let operations in, or keep them out. */
void cpuslab__block_set_live(struct cpuslab_extent *extent, uint32_t cpu,
			     bool live);

/* extent.c */
/* One more, with room for such an object. All or nothing. */
int cpuslab__extent_create(struct cpuslab_slab *slab, size_t size,
			   size_t align);
void cpuslab__extent_destroy(struct cpuslab_extent *extent);
/* Commit more of every block in use, so that such an object fits. */
int cpuslab__extent_grow(struct cpuslab_extent *extent, size_t size,
			 size_t align);
/* Commit, or give back, all that one CPU has in it. */
int cpuslab__extent_commit(struct cpuslab_extent *extent, uint32_t cpu);
void cpuslab__extent_decommit(struct cpuslab_extent *extent, uint32_t cpu);

CPUSLAB_INLINE struct cpuslab_extent *
cpuslab__extent_of(const struct cpuslab_percpu *handle)
{
	return (struct cpuslab_extent
			*)(uintptr_t)(handle->live -
				      offsetof(struct cpuslab_extent, live));
}

/* What a live byte holds: all that an operation still needs to know. */
CPUSLAB_INLINE uint8_t cpuslab__extent_live(const struct cpuslab_extent *extent)
{
	return (uint8_t)extent->shift;
}

/* The entry of @cpu, or of CPUSLAB_SHARED, which is the last. */
CPUSLAB_INLINE void **cpuslab__extent_entry(const struct cpuslab_extent *extent,
					    uint32_t cpu)
{
	return &extent->blocks[cpu == CPUSLAB_SHARED ? extent->limit : cpu];
}

/* The block of @cpu, or of CPUSLAB_SHARED, which lies before number 0's. */
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

/* Where one CPU's copy of an object has byte @offset. */
CPUSLAB_INLINE void *cpuslab__percpu_at(const struct cpuslab_percpu *handle,
					uint32_t cpu, size_t offset)
{
	return cpuslab__extent_block(cpuslab__extent_of(handle), cpu) +
	       handle->offset + offset;
}

/* summary.c */
/* A new one with the CPUs of @from and its residual, grown. */
struct cpuslab__summary *
cpuslab__summary_create(const struct cpuslab_extent *extent,
			const struct cpuslab__summary *from);
void cpuslab__summary_free_all(struct cpuslab__summary *summary);

/* object.c */
int cpuslab__object_construct(const struct cpuslab__record *record,
			      uint32_t cpu);
void cpuslab__object_destruct(const struct cpuslab__record *record,
			      uint32_t cpu);
/* All live objects of one CPU; all or nothing. */
int cpuslab__objects_construct(struct cpuslab_slab *slab, uint32_t cpu);
void cpuslab__objects_destruct(struct cpuslab_slab *slab, uint32_t cpu);
/* Take back what cpuslab_free_rcu() left behind. */
void cpuslab__objects_reap(struct cpuslab_slab *slab, uint32_t dying);
/* The record that @handle names, or an error as cpuslab_free(). */
int cpuslab__object_find(struct cpuslab_slab *slab,
			 const struct cpuslab_percpu *handle,
			 struct cpuslab__record **record);

/* admit.c; all but the last two: under the mutex */
uint32_t cpuslab__state(const struct cpuslab_slab *slab, uint32_t cpu);
void cpuslab__state_set(struct cpuslab_slab *slab, uint32_t cpu,
			uint32_t state);
/* Between LIVE and DRAINING: keep operations out, or admit them again. */
void cpuslab__set_live(struct cpuslab_slab *slab, uint32_t cpu, bool live);
int cpuslab__prepare(struct cpuslab_slab *slab, uint32_t cpu);
void cpuslab__unprepare(struct cpuslab_slab *slab, uint32_t cpu);
void cpuslab__publish(struct cpuslab_slab *slab, uint32_t cpu);
/* Admit those that operations asked for in vain. */
void cpuslab__admit_pending(struct cpuslab_slab *slab);
/* From an operation: is @cpu live now? Any context. */
bool cpuslab__admit_on_demand(struct cpuslab_slab *slab, uint32_t cpu);

/* fence.c */
/*
 * Fence all CPUs at once or, where the port cannot, one after the other those
 * below @limit whose state is a bit in @states. CPUSLAB_OK; -CPUSLAB_EAGAIN
 * after the first that could not be fenced.
 */
int cpuslab__fence_states(const struct cpuslab_slab *slab, uint32_t limit,
			  uint32_t states);

/* release.c */
/*
 * Give the block of a live CPU back. Takes and drops the mutex, which
 * the caller does not hold. CPUSLAB_OK, CPUSLAB_RETAINED, -CPUSLAB_ENOMEM.
 */
int cpuslab__release(struct cpuslab_slab *slab, uint32_t cpu, bool quiescent);
/* Every live CPU that the domain does not have. */
int cpuslab__release_absent(struct cpuslab_slab *slab, bool quiescent);
/* Put something into the next batch: under the mutex. */
void cpuslab__batch_start(struct cpuslab_slab *slab);

#endif /* CPUSLAB_LIB_SLAB_INTERNAL_H */
