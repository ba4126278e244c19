/* SPDX-License-Identifier: MIT */
/*
 * lists.h - the lists of bodies, by file, and the constants that they share.
 */
#ifndef CPUSLAB_BENCH_LISTS_H
#define CPUSLAB_BENCH_LISTS_H

#include <sched.h>

#include "bench.h"

#define LISTS_APPENDS 16384u /* per thread, then the log is replaced */
#define LISTS_BOX 1024u      /* messages to one worker */
#define LISTS_OBJECT 64u     /* bytes */
#define LISTS_OBJECTS 1000u  /* of the memory bodies */

struct lists_allocator {
	void *(*alloc)(size_t bytes);
	void (*free)(void *object);
};

/* In rival_structures.c. */
const struct lists_allocator *lists_malloc(void);
/* NULL if it cannot be loaded. */
const struct lists_allocator *lists_jemalloc(void);
#define LISTS_NO_JEMALLOC "cannot load libjemalloc.so.2"

/*
 * Wait until a count that another thread writes has reached @end. It spins, and
 * sometimes yields, because on a busy machine that thread may need this CPU.
 */
static inline void lists_wait(uint64_t (*count)(void *arg), void *arg,
			      uint64_t end)
{
	uint32_t spins = 0;

	while (count(arg) < end)
		if (++spins % 1024 == 0)
			sched_yield();
}

extern const struct bench_body own_bodies[];     /* own.c */
extern const struct bench_body libc_bodies[];    /* libc.c */
extern const struct bench_body slots_bodies[];   /* rival_slots.c */
extern const struct bench_body locks_bodies[];   /* rival_locks.c */
extern const struct bench_body pairs_bodies[];   /* rival_pairs.c */
extern const struct bench_body readers_bodies[]; /* rival_readers.c */
extern const struct bench_body logs_bodies[];    /* rival_logs.c */
extern const struct bench_body librseq_bodies[]; /* rival_librseq.c, _none.c */
extern const struct bench_body array_bodies[];   /* rival_array.c */
extern const struct bench_body structures_bodies[]; /* structures.c */
extern const struct bench_body
	rival_structures_bodies[];                  /* rival_structures.c */
extern const struct bench_body own_ring_bodies[];   /* own_ring.c */
extern const struct bench_body rival_spsc_bodies[]; /* rival_rings.c */
extern const struct bench_body rival_mpsc_bodies[];
extern const struct bench_body rival_spsc_place_bodies[];
extern const struct bench_body rival_mpsc_place_bodies[];
extern const struct bench_body rival_wfcq_bodies[];
extern const struct bench_body rival_wfcm_bodies[];
extern const struct bench_body rival_lfq_bodies[];
extern const struct bench_body clients_bodies[];       /* clients.c */
extern const struct bench_body rival_workers_bodies[]; /* rival_workers.c */
extern const struct bench_body pass_bodies[];          /* pass.c */
extern const struct bench_body sums_bodies[];          /* sums.c */
extern const struct bench_body hot_add_bodies[];       /* hot_add.c */
extern const struct bench_body object_bodies[];        /* object.c */
extern const struct bench_body snapshot_bodies[];      /* snapshot.c */
extern const struct bench_body change_bodies[];        /* change.c */
extern const struct bench_body latency_bodies[];       /* latency.c */
extern const struct bench_body memory_bodies[];        /* memory.c */

#endif /* CPUSLAB_BENCH_LISTS_H */
