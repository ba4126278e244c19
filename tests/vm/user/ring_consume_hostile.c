// SPDX-License-Identifier: MIT
/*
 * ring_consume_hostile.c - a consumer that writes anything to its pages while
 * CPUs append; then one that finds its way again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ring_consume.h"

static uint64_t hostile_random(void)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static uint64_t hostile_position(const struct cpuslab_ring_view *view)
{
	uint64_t tail = cpuslab_ring_tail(view), by = hostile_random() % 17;
	const uint64_t positions[] = {
		0,
		~(uint64_t)0,
		(uint64_t)1 << 63,
		((uint64_t)1 << 63) - 1,
		tail + by,
		tail - by,
		tail - view->bytes - by,
		tail - view->bytes + by,
		tail + ((uint64_t)1 << 63),
		tail + view->bytes,
		hostile_random(),
		hostile_random() >> 40,
	};

	return positions[hostile_random() %
			 (sizeof(positions) / sizeof(*positions))];
}

static void hostile_write(struct cpuslab_ring_map *map)
{
	size_t i, words = (size_t)sysconf(_SC_PAGESIZE) / 8;

	cpuslab_ring_consume(&map->view, hostile_position(&map->view));
	if (hostile_random() % 64)
		return;
	for (i = 1; i < words; i++)
		map->view.consumed[i] = hostile_random();
}

static void hostile_once(void)
{
	size_t i;

	for (i = 0; i <= CONSUME_CPUS; i++)
		if (consume_maps[i].base)
			hostile_write(&consume_maps[i]);
}

/* The producers' page has four words: lost, and three before its end. */
static bool hostile_spared(const struct cpuslab_ring_map *map)
{
	size_t i, words = (size_t)sysconf(_SC_PAGESIZE) / 8;

	for (i = 1; i < words - 4; i++)
		if (((const uint64_t *)map->base)[i])
			return false;
	return true;
}

static void hostile_check(void)
{
	size_t i, page = (size_t)sysconf(_SC_PAGESIZE);
	bool spared = true, kept = true;
	static char written[65536];

	memset(written, 0x5a, page);
	for (i = 0; i <= CONSUME_CPUS; i++)
		if (consume_maps[i].base)
			memset(consume_maps[i].view.consumed, 0x5a, page);
	consume_command("append 200");
	for (i = 0; i <= CONSUME_CPUS; i++)
		if (consume_maps[i].base) {
			spared &= hostile_spared(&consume_maps[i]);
			kept &= !memcmp(consume_maps[i].view.consumed, written,
					page);
		}
	consume_check(spared, "no record was written to the producers' page");
	consume_check(kept, "nor to the consumer's");
}

/* It forgets what is there, and then finds every record. */
static void hostile_recover(void)
{
	uint64_t before;
	size_t i;

	for (i = 0; i <= CONSUME_CPUS; i++)
		if (consume_maps[i].base)
			cpuslab_ring_consume(
				&consume_maps[i].view,
				cpuslab_ring_tail(&consume_maps[i].view));
	before = consume_all();
	consume_command("append 100");
	consume_check(consume_all() - before >= 100,
		      "a consumer that behaves gets records again");
}

int consume_hostile(void)
{
	time_t end = time(NULL) + 1 + (time_t)consume_argument;

	consume_events(NULL);
	while (time(NULL) < end) {
		hostile_once();
		consume_events(NULL);
		(void)consume_wait(0);
	}
	hostile_check();
	hostile_recover();
	return 0;
}
