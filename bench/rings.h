/* SPDX-License-Identifier: MIT */
/*
 * rings.h - queues of records of 64 bytes: what the bodies for cpuslab's ring
 * and for its rivals share. Their loops are in rings_loops.h.
 *
 *	append	a constant record, into a queue that is emptied untimed
 *	turn	one thread appends RINGS_BATCH records, then consumes them
 *	stream	one thread appends, another one consumes
 *	many	a thread on each CPU appends; the first one also consumes
 *
 * A record is copied into the queue, or "-in-place" it is made there, and the
 * consumer reads all of it: it adds up the words. A chunk whose sum is wrong
 * counts as not done.
 */
#ifndef CPUSLAB_BENCH_RINGS_H
#define CPUSLAB_BENCH_RINGS_H

#include <pthread.h>

#include "slots.h"

#define RINGS_WORDS 8u
#define RINGS_BATCH 32u
#define RINGS_LEAST 16384u /* of several threads, which also begin and end */
#define RINGS_MOST 4096u   /* appended before the queue is emptied */
#define RINGS_BYTES (64u << 10) /* of a queue that is consumed meanwhile */
#define RINGS_BYTES_MOST (512u << 10) /* of one that takes RINGS_MOST */

/* In each loop that appends, as in a program that has one. */
#define RINGS_INLINE static inline __attribute__((always_inline))

struct rings_record {
	uint64_t word[RINGS_WORDS];
};

/* The record of a loop's turn @i, as a program makes one. */
static inline void rings_make(struct rings_record *record, uint64_t i)
{
	uint32_t k;

	for (k = 0; k < RINGS_WORDS; k++)
		record->word[k] = i + k;
}

/* A body's work begins with it. */
struct rings {
	/* Append @n records; where there is no room, consume or wait. */
	void (*produce)(struct rings *rings, uint32_t producer, uint64_t n);
	/* Consume all records that are there. */
	void (*pull)(struct rings *rings);
	uint64_t bytes;     /* of each queue */
	uint32_t producers; /* threads; each has a number */
	uint32_t consumer;  /* the producer that consumes, if one does */
	uint64_t expected;  /* sum of what was appended; W the caller */
	pthread_t *helpers; /* of one chunk */
	/* Of the threads of one chunk. */
	uint64_t part; /* that each helper appends; W the caller */
	uint32_t started, begun, ends;
	/* W the consumer. */
	uint64_t pulled __attribute__((aligned(SLOTS_LINE)));
	uint64_t sum;
} __attribute__((aligned(SLOTS_LINE)));

static inline uint64_t rings_sum(const struct rings_record *record)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < RINGS_WORDS; i++)
		sum += record->word[i];
	return sum;
}

static inline void rings_pulled(struct rings *rings, uint64_t count,
				uint64_t sum)
{
	rings->sum += sum;
	__atomic_store_n(&rings->pulled, rings->pulled + count,
			 __ATOMIC_RELEASE);
}

/* Memory for work, which begins with a struct rings, and is zero. */
void *rings_new(size_t bytes);
/* Before each turn of a loop that waits for another thread. */
void rings_wait(uint32_t *spins);
/* Note that the records of turns 0 to @n - 1 were appended. */
void rings_made(struct rings *rings, uint64_t n);

/* Of struct measure_body. */
uint64_t rings_count(void *arg);
uint64_t rings_count_drained(void *arg);
void rings_stream_before(void *arg, uint64_t n);
void rings_stream(void *arg, uint64_t n);
void rings_many_before(void *arg, uint64_t n);
void rings_many(void *arg, uint64_t n);
void rings_after(void *arg, uint64_t n);
/* Of struct bench_body. */
const char *rings_unfit(const struct bench_run *run);

#endif /* CPUSLAB_BENCH_RINGS_H */
