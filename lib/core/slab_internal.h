/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_SLAB_INTERNAL_H
#define CPUSLAB_LIB_SLAB_INTERNAL_H
/*
 * slab_internal.h - the private structures of a slab.
 *
 *	slab --> records: one for each object, by slot
 *	  |
 *	  +----> summary: {CPUs, residual}	replaced by each release
 *	  +----> live bytes, by CPU
 *	  +----> extent 0 --> extent 1 --> ...	each as large as all before it
 *
 * The state of a CPU in a slab (whether the domain knows the CPU is a flag):
 *
 *	ABSENT --prepare--> PREPARED --publish--> LIVE <-------.
 *	   ^                                        | clear    |
 *	   | grace period                           v live byte|
 *	  DEAD <--fence, drain, fold, new summary-- DRAINING   |
 *	   |                                                   |
 *	   `-----------------subtract, new summary-------------'
 *
 * In every state but ABSENT the CPU has its blocks, and they hold every live
 * object, so they take part in growth, alloc and free.
 */

#include <cpuslab/client.h>
#include <cpuslab/port.h>
#include <cpuslab/stats.h>

#include "registry.h"
#include "../base/buddy.h"
#include "../base/cpubits.h"
#include "../base/format.h"
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
 * objects cleared. Followed by its arrays, those of words first.
 */
struct CPUSLAB_ALIGNED(8) cpuslab__summary {
	struct cpuslab_addends addends;  /* R any; its arrays are the next */
	uint16_t *numbers;               /* W mutex */
	uint32_t *first;                 /* W create */
	uint64_t *residual;              /* W mutex */
	struct cpuslab__cpubits members; /* numbers as a set; W mutex, R any */
	struct cpuslab__summary *old;    /* links those that await readers */
	size_t bytes;                    /* of all; W create */
};

/*
 * One layout of objects, with a block on every CPU in use. W create, unless
 * stated otherwise.
 */
struct cpuslab_extent {
	const void *copy; /* cpuslab__copy(); first, for any copy to read */
	struct cpuslab_slab *slab;
	struct cpuslab_extent *next; /* W, R mutex */
	struct cpuslab_blocks blocks;
	struct cpuslab__buddy buddy; /* of one block; W, R mutex */
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
	uint32_t retakes; /* summaries that returns replaced */
	bool used;        /* it holds anything */
};

/* W, R mutex, unless stated otherwise. */
struct cpuslab_slab {
	struct cpuslab_client client;
	char *name;
	const char *domain_name; /* a copy, behind the name */
	struct cpuslab__listed listed;
	uint32_t limit; /* W create */
	uint32_t flags; /* W create */
	bool by_cid;    /* an index is a concurrency id; W create */
	/*
	 * For blocks.port; W the port, before any alloc. Not NULL: a slab of
	 * the port's own, whose objects end with it.
	 */
	void *port;
	void *account;     /* for blocks.account; W create */
	size_t next_bytes; /* of each block of the next extent */
	size_t wanted;     /* bytes of an object for which there was no room */
	struct cpuslab_port_mutex releasing; /* held throughout a release */
	struct cpuslab__mutex mutex;
	struct cpuslab_extent *extents; /* oldest first */
	struct cpuslab_extent *newest;
	struct cpuslab__summary *summary; /* R any, RCU */
	uint8_t *live;                    /* [limit] R operations */
	uint64_t *sets; /* memory of the sets of CPUs and of state */
	uint8_t *state; /* [limit], SLAB_*; R any */
	struct cpuslab__cpubits in_use; /* state is not ABSENT */
	struct cpuslab__cpubits admit_pending;
	struct cpuslab__record **chunks;
	uint32_t slots;         /* records in all chunks */
	uint32_t room;          /* capacity of the array of chunks */
	uint32_t free_slot;     /* slot + 1 */
	uint32_t signal_unsafe; /* objects with a constructor or destructor
				     that must not run in an operation */
	uint32_t pinning;       /* objects that can prevent a release */
	uint32_t draining;      /* objects with a drain */
	uint32_t counters;      /* of all objects */
	uint32_t objects;
	struct cpuslab_rcu rcu;
	struct cpuslab__batch gp_current; /* awaits the current grace period */
	struct cpuslab__batch gp_next;    /* awaits the one after */
	bool rcu_started;                 /* rcu has been queued before */
	struct cpuslab__logged deferred_logged, memory_logged, misuse_logged;
	/*
	 * W, R any: no admission on demand before this time in ns; 0: at any
	 * time.
	 */
	cpuslab_word retry_at;
	cpuslab_word shared_ops; /* statistics from here on; W any */
	uint64_t admissions, on_demand, refusals, releases, release_deferred;
	char deferred_by[CPUSLAB_STATS_NAME]; /* what deferred the last one */
};

#define CPUSLAB__CHUNK 128u /* records in one allocation, never moved */

/* The record of @slot, which is below slab->slots. */
CPUSLAB_INLINE struct cpuslab__record *
cpuslab__record(const struct cpuslab_slab *slab, uint32_t slot)
{
	return &slab->chunks[slot / CPUSLAB__CHUNK][slot % CPUSLAB__CHUNK];
}

/* slab.c: is @client a slab whose mutex the calling thread holds? */
bool cpuslab__slab_is_held(const struct cpuslab_client *client);

/* extent.c */
/* Let tracers see an event of @cpu that concerns all its blocks. */
void cpuslab__trace(const struct cpuslab_slab *slab,
		    enum cpuslab_port_trace_event event, uint32_t cpu,
		    int result);
/* Add an extent with room for such an object; all or nothing. */
int cpuslab__extent_create(struct cpuslab_slab *slab, size_t size,
			   size_t align);
void cpuslab__extent_destroy(struct cpuslab_extent *extent);
/* Allocate, or free, the block of one CPU; @wait as in port.h. */
int cpuslab__extent_alloc(struct cpuslab_extent *extent, uint32_t cpu,
			  bool wait);
void cpuslab__extent_free(struct cpuslab_extent *extent, uint32_t cpu,
			  bool wait);

CPUSLAB_INLINE uint32_t
cpuslab__extent_index(const struct cpuslab_extent *extent, uint32_t cpu)
{
	return cpu == CPUSLAB_SHARED ? extent->blocks.limit : cpu;
}

/* The block of @cpu, or of CPUSLAB_SHARED. */
CPUSLAB_INLINE char *cpuslab__extent_block(const struct cpuslab_extent *extent,
					   uint32_t cpu)
{
	return (char *)cpuslab_port_block(&extent->blocks,
					  cpuslab__extent_index(extent, cpu));
}

/* Byte @offset of one CPU's copy of an object. */
CPUSLAB_INLINE void *cpuslab__percpu_at(const struct cpuslab_percpu *handle,
					uint32_t cpu, size_t offset)
{
	return cpuslab__extent_block(handle->extent, cpu) + handle->offset +
	       offset;
}

CPUSLAB_INLINE void *cpuslab__record_at(const struct cpuslab__record *record,
					uint32_t cpu)
{
	return cpuslab__extent_block(record->extent, cpu) + record->offset;
}

/* summary.c */
/* An empty one, with or without room for a residual; NULL: no memory. */
struct cpuslab__summary *
cpuslab__summary_create(const struct cpuslab_slab *slab, bool residual);
void cpuslab__summary_free(struct cpuslab__summary *summary);
void cpuslab__summary_free_all(struct cpuslab__summary *summary);
void cpuslab__summary_add_cpu(struct cpuslab__summary *summary, uint32_t cpu);
/* Give each object its residual, as the slab's summary has it. */
void cpuslab__summary_layout(struct cpuslab__summary *summary,
			     const struct cpuslab_slab *slab);
/* Add the counters of a CPU to the residual, or subtract them. */
void cpuslab__summary_fold(struct cpuslab__summary *summary,
			   const struct cpuslab_slab *slab, uint32_t cpu,
			   bool subtract);
/* An object is freed: clear its residual. */
void cpuslab__summary_forget(struct cpuslab__summary *summary, uint32_t slot);
/* Replace the slab's summary; the old one awaits a grace period. */
void cpuslab__summary_publish(struct cpuslab_slab *slab,
			      struct cpuslab__summary *summary);

/* object.c */
/* Bytes that an object takes in every block. */
size_t cpuslab__object_bytes(const struct cpuslab__record *record);
int cpuslab__object_construct(const struct cpuslab__record *record,
			      uint32_t cpu);
void cpuslab__object_destruct(const struct cpuslab__record *record,
			      uint32_t cpu);
/* Could a release lose contents of @cpu's copy? */
bool cpuslab__object_pins(const struct cpuslab__record *record, uint32_t cpu);
/*
 * What was drained is in another place now, and must not be there as well when
 * the CPU returns before the block is freed. No operation can reach it.
 */
void cpuslab__object_reset(const struct cpuslab__record *record, uint32_t cpu);
/* Construct all live objects of one CPU; all or nothing. */
int cpuslab__objects_construct(struct cpuslab_slab *slab, uint32_t cpu);
void cpuslab__objects_destruct(struct cpuslab_slab *slab, uint32_t cpu);
/* With the mutex held; without @grow only if there is room. */
int cpuslab__object_create(struct cpuslab_slab *slab,
			   const struct cpuslab_type *type, size_t size,
			   struct cpuslab_percpu *handle, bool grow);
/* Make the room that an object lacked. */
void cpuslab__objects_make_room(struct cpuslab_slab *slab);
/* Has it a constructor or destructor that must not run in an operation? */
bool cpuslab__object_signal_unsafe(const struct cpuslab_type *type);
/* Free the objects on a list that cpuslab_free_rcu() made. */
void cpuslab__objects_reap(struct cpuslab_slab *slab, uint32_t dying);
/* Find the record that @handle names; errors as cpuslab_free(). */
int cpuslab__object_find(struct cpuslab_slab *slab,
			 const struct cpuslab_percpu *handle,
			 struct cpuslab__record **record);

/* stats.c */
/*
 * As cpuslab_stats_get(), but false, with nothing filled, if another thread
 * holds the mutex.
 */
bool cpuslab__stats_try(struct cpuslab_slab *slab, struct cpuslab_stats *stats);
/* Append what cpuslab_stats_text() writes, or the members of the JSON. */
void cpuslab__stats_lines(struct cpuslab__text *text,
			  const struct cpuslab_stats *stats);
void cpuslab__stats_members(struct cpuslab__text *text,
			    const struct cpuslab_stats *stats);

/* admit.c; all but cpuslab__state() and the last: with the mutex held */
uint32_t cpuslab__state(const struct cpuslab_slab *slab, uint32_t cpu);
void cpuslab__state_set(struct cpuslab_slab *slab, uint32_t cpu,
			uint32_t state);
/* From LIVE to DRAINING, or back: stop operations from using the blocks. */
void cpuslab__set_live(struct cpuslab_slab *slab, uint32_t cpu, bool live);
int cpuslab__prepare(struct cpuslab_slab *slab, uint32_t cpu, bool wait);
void cpuslab__unprepare(struct cpuslab_slab *slab, uint32_t cpu);
void cpuslab__publish(struct cpuslab_slab *slab, uint32_t cpu);
/*
 * Make @cpu live, if it is prepared, draining or dead. Returns -CPUSLAB_ENOMEM
 * or, after too many returns in one grace period, -CPUSLAB_EAGAIN if it stays
 * dead.
 */
int cpuslab__go_live(struct cpuslab_slab *slab, uint32_t cpu);
/* Admit the CPUs marked SLAB_ADMIT_PENDING. */
void cpuslab__admit_pending(struct cpuslab_slab *slab);
/* From an operation, in any context: try to admit @cpu. Is it live now? */
bool cpuslab__admit_on_demand(struct cpuslab_slab *slab, uint32_t cpu);

/* release.c */
/*
 * Fence all CPUs at once. Where the port cannot do that, fence each CPU in one
 * of @states (bits 1 << SLAB_*). Returns CPUSLAB_OK, or -CPUSLAB_EAGAIN at the
 * first CPU that could not be fenced.
 */
int cpuslab__fence_states(const struct cpuslab_slab *slab, uint32_t states);
/*
 * Release the blocks of @cpu, or for CPUSLAB_NO_CPU of all CPUs that are live
 * and that the domain does not know. The caller does not hold the mutex.
 * Returns CPUSLAB_OK, CPUSLAB_RETAINED or -CPUSLAB_ENOMEM.
 */
int cpuslab__release(struct cpuslab_slab *slab, uint32_t cpu, bool quiescent);
/* Start a grace period for gp_next, or let it follow; with the mutex held. */
void cpuslab__batch_start(struct cpuslab_slab *slab);

#endif /* CPUSLAB_LIB_SLAB_INTERNAL_H */
