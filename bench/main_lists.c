/* SPDX-License-Identifier: MIT */
/*
 * main_lists.c - the bodies of cpuslab-bench, in the order of the report.
 */
#include <stddef.h>

#include "lists.h"

const struct bench_body *const bench_lists[] = {
	own_bodies,
	libc_bodies,
	librseq_bodies,
	slots_bodies,
	locks_bodies,
	pairs_bodies,
	logs_bodies,
	snapshot_bodies,
	readers_bodies,
	structures_bodies,
	rival_structures_bodies,
	own_ring_bodies,
	rival_spsc_bodies,
	rival_mpsc_bodies,
	rival_spsc_place_bodies,
	rival_mpsc_place_bodies,
	rival_wfcq_bodies,
	rival_wfcm_bodies,
	rival_lfq_bodies,
	clients_bodies,
	rival_workers_bodies,
	pass_bodies,
	sums_bodies,
	hot_add_bodies,
	object_bodies,
	array_bodies,
	memory_bodies,
	change_bodies,
	latency_bodies,
	NULL,
};
