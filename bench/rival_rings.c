/* SPDX-License-Identifier: MIT */
/*
 * rival_rings.c - alternatives to the ring: Concurrency Kit's ring, one for
 * each thread (SPSC) or one for all (MPSC), and liburcu's queues.
 *
 * ck_ring's elements have one size, known when it is compiled. It copies one
 * into the ring, or "-in-place" the program makes it there; it is always copied
 * out. The queues
 * link nodes, whose memory the program manages: "wfcqueue" reuses the nodes of
 * an array as soon as they were consumed, "-malloc" allocates and frees each.
 * lfqueue's nodes may be freed after a grace period only.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
/* Inline functions, as MIT code may use them. */
#define _LGPL_SOURCE

#include "rings.h"

#include <ck_ring.h>
#include <stddef.h>
#include <stdlib.h>
#include <urcu-bp.h>
#include <urcu/rculfqueue.h>
#include <urcu/wfcqueue.h>

CK_RING_PROTOTYPE(records, rings_record)

/* ---- ck_ring ------------------------------------------------------------ */

struct rival_ck {
	struct ck_ring ring;
	struct rings_record *slots;
} __attribute__((aligned(SLOTS_LINE)));

struct rival_cks {
	struct rings rings;
	struct rival_ck *cks; /* [producers], or 1 */
};

static void rival_ck_init(struct rival_cks *work, uint32_t count,
			  uint64_t bytes)
{
	uint32_t i, slots = (uint32_t)(bytes / sizeof(struct rings_record));

	work->cks = rings_new(count * sizeof(*work->cks));
	for (i = 0; i < count; i++) {
		ck_ring_init(&work->cks[i].ring, slots);
		work->cks[i].slots = rings_new(bytes);
	}
}

static void rival_ck_fini(struct rival_cks *work, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		free(work->cks[i].slots);
	free(work->cks);
}

static void rival_spsc_init(struct rival_cks *work)
{
	rival_ck_init(work, work->rings.producers, work->rings.bytes);
}

static void rival_spsc_fini(struct rival_cks *work)
{
	rival_ck_fini(work, work->rings.producers);
}

RINGS_INLINE bool rival_spsc_push(struct rival_cks *work, uint32_t producer,
				  struct rings_record *record)
{
	struct rival_ck *ck = &work->cks[producer];

	return CK_RING_ENQUEUE_SPSC(records, &ck->ring, ck->slots, record);
}

static void rival_spsc_pull(struct rings *rings)
{
	struct rival_cks *work = (struct rival_cks *)rings;
	struct rings_record record;
	uint64_t count = 0, sum = 0;
	uint32_t i;

	for (i = 0; i < rings->producers; i++)
		while (CK_RING_DEQUEUE_SPSC(records, &work->cks[i].ring,
					    work->cks[i].slots, &record)) {
			sum += rings_sum(&record);
			count++;
		}
	rings_pulled(rings, count, sum);
}

/* As much memory as a queue for each producer has; a power of two. */
static void rival_mpsc_init(struct rival_cks *work)
{
	uint64_t bytes = work->rings.bytes;

	while (bytes < work->rings.bytes * work->rings.producers)
		bytes *= 2;
	rival_ck_init(work, 1, bytes);
}

static void rival_mpsc_fini(struct rival_cks *work)
{
	rival_ck_fini(work, 1);
}

RINGS_INLINE bool rival_mpsc_push(struct rival_cks *work, uint32_t producer,
				  struct rings_record *record)
{
	(void)producer;
	return CK_RING_ENQUEUE_MPSC(records, &work->cks->ring, work->cks->slots,
				    record);
}

static void rival_mpsc_pull(struct rings *rings)
{
	struct rival_cks *work = (struct rival_cks *)rings;
	struct rings_record record;
	uint64_t count = 0, sum = 0;

	while (CK_RING_DEQUEUE_MPSC(records, &work->cks->ring, work->cks->slots,
				    &record)) {
		sum += rings_sum(&record);
		count++;
	}
	rings_pulled(rings, count, sum);
}

#define RINGS(name) rival_spsc_##name
#define RINGS_NAME "ck_ring-spsc"
#define RINGS_WORK rival_cks
#include "rings_loops.h"

#define RINGS(name) rival_mpsc_##name
#define RINGS_NAME "ck_ring-mpsc"
#define RINGS_WORK rival_cks
#include "rings_loops.h"

/* ---- ck_ring, records made in place -------------------------------------- */

RINGS_INLINE bool rival_spsc_place_make(struct rival_cks *work,
					uint32_t producer, uint64_t i)
{
	struct rival_ck *ck = &work->cks[producer];
	struct rings_record *record =
		ck_ring_enqueue_reserve_spsc_records(&ck->ring, ck->slots);

	if (!record)
		return false;
	rings_make(record, i);
	ck_ring_enqueue_commit_spsc(&ck->ring);
	return true;
}

RINGS_INLINE bool rival_mpsc_place_make(struct rival_cks *work,
					uint32_t producer, uint64_t i)
{
	struct rival_ck *ck = work->cks;
	struct rings_record *record;
	unsigned int ticket;

	(void)producer;
	record = ck_ring_enqueue_reserve_mpsc_records(&ck->ring, ck->slots,
						      &ticket);
	if (!record)
		return false;
	rings_make(record, i);
	ck_ring_enqueue_commit_mpsc(&ck->ring, ticket);
	return true;
}

#define rival_spsc_place_init rival_spsc_init
#define rival_spsc_place_fini rival_spsc_fini
#define rival_spsc_place_pull rival_spsc_pull
#define RINGS(name) rival_spsc_place_##name
#define RINGS_NAME "ck_ring-spsc-in-place"
#define RINGS_WORK rival_cks
#define RINGS_IN_PLACE
#include "rings_loops.h"

#define rival_mpsc_place_init rival_mpsc_init
#define rival_mpsc_place_fini rival_mpsc_fini
#define rival_mpsc_place_pull rival_mpsc_pull
#define RINGS(name) rival_mpsc_place_##name
#define RINGS_NAME "ck_ring-mpsc-in-place"
#define RINGS_WORK rival_cks
#define RINGS_IN_PLACE
#include "rings_loops.h"

/* ---- wfcqueue ----------------------------------------------------------- */

struct rival_node {
	struct cds_wfcq_node node; /* the first member */
	struct rings_record record;
	uint32_t busy; /* of an array's */
};

/* Nodes of one producer, which it uses in turn. */
struct rival_nodes {
	struct rival_node *nodes;
	uint64_t next;
} __attribute__((aligned(SLOTS_LINE)));

struct rival_wfcq {
	struct rings rings;
	struct __cds_wfcq_head head __attribute__((aligned(SLOTS_LINE)));
	struct cds_wfcq_tail tail __attribute__((aligned(SLOTS_LINE)));
	struct rival_nodes *arrays; /* [producers] */
	uint64_t mask;
};

RINGS_INLINE void rival_enqueue(struct rival_wfcq *work,
				struct rival_node *node,
				struct rings_record *record)
{
	node->record = *record;
	cds_wfcq_node_init(&node->node);
	cds_wfcq_enqueue(&work->head, &work->tail, &node->node);
}

/* All at once into a queue of its own, as call_rcu() does. */
static inline void rival_splice(struct rival_wfcq *work, bool frees)
{
	struct cds_wfcq_node *node, *next;
	struct __cds_wfcq_head head;
	struct cds_wfcq_tail tail;
	uint64_t count = 0, sum = 0;

	__cds_wfcq_init(&head, &tail);
	(void)__cds_wfcq_splice_blocking(&head, &tail, &work->head,
					 &work->tail);
	__cds_wfcq_for_each_blocking_safe(&head, &tail, node, next)
	{
		struct rival_node *one = (struct rival_node *)node;

		sum += rings_sum(&one->record);
		count++;
		if (frees)
			free(one);
		else
			__atomic_store_n(&one->busy, 0, __ATOMIC_RELEASE);
	}
	rings_pulled(&work->rings, count, sum);
}

static void rival_wfcq_init(struct rival_wfcq *work)
{
	uint32_t i, producers = work->rings.producers;
	uint64_t nodes = work->rings.bytes / sizeof(struct rings_record);

	__cds_wfcq_init(&work->head, &work->tail);
	work->mask = nodes - 1;
	work->arrays = rings_new(producers * sizeof(*work->arrays));
	for (i = 0; i < producers; i++)
		work->arrays[i].nodes =
			rings_new(nodes * sizeof(struct rival_node));
}

static void rival_wfcq_fini(struct rival_wfcq *work)
{
	uint32_t i;

	for (i = 0; i < work->rings.producers; i++)
		free(work->arrays[i].nodes);
	free(work->arrays);
}

RINGS_INLINE bool rival_wfcq_push(struct rival_wfcq *work, uint32_t producer,
				  struct rings_record *record)
{
	struct rival_nodes *array = &work->arrays[producer];
	struct rival_node *node = &array->nodes[array->next & work->mask];

	if (__atomic_load_n(&node->busy, __ATOMIC_ACQUIRE))
		return false;
	array->next++;
	node->busy = 1;
	rival_enqueue(work, node, record);
	return true;
}

static void rival_wfcq_pull(struct rings *rings)
{
	rival_splice((struct rival_wfcq *)rings, false);
}

#define RINGS(name) rival_wfcq_##name
#define RINGS_NAME "wfcqueue"
#define RINGS_WORK rival_wfcq
#include "rings_loops.h"

static void rival_wfcm_init(struct rival_wfcq *work)
{
	__cds_wfcq_init(&work->head, &work->tail);
}

static void rival_wfcm_fini(struct rival_wfcq *work)
{
	(void)work;
}

RINGS_INLINE bool rival_wfcm_push(struct rival_wfcq *work, uint32_t producer,
				  struct rings_record *record)
{
	struct rival_node *node = malloc(sizeof(*node));

	(void)producer;
	if (!node)
		measure_die("ring", "no memory");
	rival_enqueue(work, node, record);
	return true;
}

static void rival_wfcm_pull(struct rings *rings)
{
	rival_splice((struct rival_wfcq *)rings, true);
}

#define RINGS(name) rival_wfcm_##name
#define RINGS_NAME "wfcqueue-malloc"
#define RINGS_WORK rival_wfcq
#include "rings_loops.h"

/* ---- lfqueue ------------------------------------------------------------ */

struct rival_lfq_node {
	struct cds_lfq_node_rcu node; /* the first member */
	struct rcu_head rcu;
	struct rings_record record;
};

struct rival_lfq {
	struct rings rings;
	struct cds_lfq_queue_rcu queue;
};

static void rival_lfq_init(struct rival_lfq *work)
{
	cds_lfq_init_rcu(&work->queue, urcu_bp_call_rcu);
}

static void rival_lfq_fini(struct rival_lfq *work)
{
	if (cds_lfq_destroy_rcu(&work->queue))
		measure_die("ring", "lfqueue is not empty");
	urcu_bp_barrier();
}

RINGS_INLINE bool rival_lfq_push(struct rival_lfq *work, uint32_t producer,
				 struct rings_record *record)
{
	struct rival_lfq_node *node = malloc(sizeof(*node));

	(void)producer;
	if (!node)
		measure_die("ring", "no memory");
	node->record = *record;
	cds_lfq_node_init_rcu(&node->node);
	urcu_bp_read_lock();
	cds_lfq_enqueue_rcu(&work->queue, &node->node);
	urcu_bp_read_unlock();
	return true;
}

static void rival_lfq_free(struct rcu_head *rcu)
{
	free((char *)rcu - offsetof(struct rival_lfq_node, rcu));
}

static struct rival_lfq_node *rival_lfq_take(struct rival_lfq *work)
{
	struct cds_lfq_node_rcu *node;

	urcu_bp_read_lock();
	node = cds_lfq_dequeue_rcu(&work->queue);
	urcu_bp_read_unlock();
	return (struct rival_lfq_node *)node;
}

static void rival_lfq_pull(struct rings *rings)
{
	struct rival_lfq *work = (struct rival_lfq *)rings;
	struct rival_lfq_node *node;
	uint64_t count = 0, sum = 0;

	while ((node = rival_lfq_take(work))) {
		sum += rings_sum(&node->record);
		count++;
		urcu_bp_call_rcu(&node->rcu, rival_lfq_free);
	}
	rings_pulled(rings, count, sum);
}

#define RINGS(name) rival_lfq_##name
#define RINGS_NAME "lfqueue"
#define RINGS_WORK rival_lfq
#include "rings_loops.h"
