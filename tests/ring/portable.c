/* SPDX-License-Identifier: MIT */
/*
 * portable.c - every record is consumed once or counted as lost, and each
 * actor's are in order in each ring.
 */
#include "portable/portable.h"

struct ring_record {
	uint64_t actor;
	uint64_t number;
	uint64_t fill[6];
};

static struct cpuslab_ring ring_all;
static uint64_t *ring_appended; /* [actor]; W actor */
static uint64_t *ring_lost;     /* [actor]; W actor */
static uint64_t *ring_consumed; /* [actor]; W the consumer */
static uint64_t *ring_last;     /* [ring][actor]; W the consumer */

static void ring_step(const struct portable_actor *actor)
{
	struct ring_record record = { actor->id, actor->round + 1, { 0 } };
	uint32_t i, words = (uint32_t)(actor->round % 7);
	uint64_t *count = &ring_appended[actor->id];
	int result;

	for (i = 0; i < words; i++)
		record.fill[i] = record.actor + record.number + i;
	result = cpuslab_ring_append(&ring_all, &record, 16 + words * 8);
	if (result != CPUSLAB_OK)
		count = &ring_lost[actor->id];
	if (result != CPUSLAB_OK && result != CPUSLAB_FULL)
		portable_wrong("a record was refused");
	cpuslab_store_relaxed_u64(count, cpuslab_load_relaxed_u64(count) + 1);
}

static void ring_check(const struct ring_record *record, uint32_t bytes,
		       uint64_t *last)
{
	uint32_t i;

	if (bytes < 16 || bytes > sizeof(*record) ||
	    record->actor >= structures.actors) {
		portable_wrong("a record was not appended");
		return;
	}
	for (i = 0; i < (bytes - 16) / 8; i++)
		if (record->fill[i] != record->actor + record->number + i)
			portable_wrong("a record is not whole");
	if (record->number <= last[record->actor])
		portable_wrong("records are not in their actor's order");
	last[record->actor] = record->number;
	ring_consumed[record->actor]++;
}

static void ring_consume(uint32_t cpu)
{
	uint64_t *last =
		&ring_last[(cpu == CPUSLAB_SHARED ? structures.limit : cpu) *
			   structures.actors];
	struct cpuslab_ring_view view;
	uint64_t at, end;
	const void *data;
	uint32_t bytes;

	if (cpuslab_ring_view_init(&view, &ring_all, cpu))
		return;
	end = cpuslab_ring_tail(&view);
	at = cpuslab_ring_consumed(&view);
	while (cpuslab_ring_next(&view, &at, end, &data, &bytes))
		ring_check((const struct ring_record *)data, bytes, last);
	cpuslab_ring_consume(&view, at);
}

static void ring_look(void)
{
	uint32_t cpu;

	cpuslab_read_enter();
	ring_consume(CPUSLAB_SHARED);
	for (cpu = cpuslab_remote_next(&ring_all.handle, 0);
	     cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_remote_next(&ring_all.handle, cpu + 1))
		ring_consume(cpu);
	cpuslab_read_exit();
}

static const char *ring_account(bool used)
{
	uint64_t lost = 0, appended = 0;
	uint32_t i;

	ring_look();
	for (i = 0; i < structures.actors; i++) {
		if (ring_consumed[i] != ring_appended[i])
			return "a record was lost, or consumed twice";
		appended += ring_appended[i];
		lost += ring_lost[i];
	}
	if (cpuslab_ring_lost(&ring_all) != lost || (used && !appended))
		return "what was lost is not counted";
	return NULL;
}

static void ring_free(void)
{
	cpuslab_port_free(ring_last);
	cpuslab_port_free(ring_consumed);
	cpuslab_port_free(ring_lost);
	cpuslab_port_free(ring_appended);
	cpuslab_ring_fini(&ring_all);
}

static const char *ring_stop(bool used)
{
	const char *what = ring_account(used);

	ring_free();
	return what;
}

static int ring_start(void)
{
	int err = cpuslab_ring_init(&ring_all, structures.slab,
				    4 * cpuslab_port_page_size(), 0);

	if (err)
		return err;
	ring_appended = (uint64_t *)portable_array(structures.actors, 1, 8);
	ring_lost = (uint64_t *)portable_array(structures.actors, 1, 8);
	ring_consumed = (uint64_t *)portable_array(structures.actors, 1, 8);
	ring_last = (uint64_t *)portable_array(structures.limit + 1,
					       structures.actors, 8);
	if (ring_appended && ring_lost && ring_consumed && ring_last)
		return CPUSLAB_OK;
	ring_free();
	return -CPUSLAB_ENOMEM;
}

const struct portable_part portable_ring = {
	.start = ring_start,
	.step = ring_step,
	.look = ring_look,
	.stop = ring_stop,
};
