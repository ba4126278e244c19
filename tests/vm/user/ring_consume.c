// SPDX-License-Identifier: MIT
/*
 * ring_consume.c - consume what cpuslab_ring.ko appends, until its rings are
 * destroyed, and check that nothing is missing.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cpuslab/ring_map.h>

#include "ring_record.h"

#define CONSUME_CPUS 1024u
#define CONSUME_DEVICE "/dev/cpuslab_ring"

static struct cpuslab_ring_map consume_maps[CONSUME_CPUS + 1];
static uint64_t consume_next[2][CONSUME_CPUS]; /* of tasks, of NMIs */
static uint64_t consume_records, consume_wrong;

static struct cpuslab_ring_map *consume_map(uint32_t cpu)
{
	return &consume_maps[cpu == CPUSLAB_SHARED ? 0 : cpu + 1];
}

static void consume_wrong_record(const char *why, uint32_t cpu, uint64_t number)
{
	if (!consume_wrong++)
		printf("CPU %x, record %llu: %s\n", cpu,
		       (unsigned long long)number, why);
}

static void consume_record(const struct ring_record *record, uint32_t bytes)
{
	uint32_t cpu = record->cpu & ~RING_RECORD_NMI;
	uint64_t *next;

	consume_records++;
	if (!ring_record_valid(record, bytes) || cpu >= CONSUME_CPUS) {
		consume_wrong_record("not as it was appended", record->cpu,
				     record->number);
		return;
	}
	next = &consume_next[!!(record->cpu & RING_RECORD_NMI)][cpu];
	if (record->number != *next)
		consume_wrong_record("not in order", record->cpu,
				     record->number);
	*next = record->number + 1;
}

static void consume_ring(const struct cpuslab_ring_view *view)
{
	uint64_t end = cpuslab_ring_tail(view);
	uint64_t at = cpuslab_ring_consumed(view);
	const void *data;
	uint32_t bytes;

	while (cpuslab_ring_next(view, &at, end, &data, &bytes))
		consume_record(data, bytes);
	if (at != end)
		consume_wrong_record("the rest cannot be read", 0, at);
	cpuslab_ring_consume(view, at);
}

static void consume_all(void)
{
	uint32_t i;

	for (i = 0; i <= CONSUME_CPUS; i++)
		if (consume_maps[i].base)
			consume_ring(&consume_maps[i].view);
}

static void consume_event(int fd, const struct cpuslab_ring_event *event)
{
	struct cpuslab_ring_map *map = consume_map(event->cpu);
	int err = 0;

	printf("CPU %d:%s%s, ring %llu\n",
	       event->cpu == CPUSLAB_SHARED ? -1 : (int)event->cpu,
	       event->state & CPUSLAB_RING_PRESENT ? " present" : "",
	       event->state & CPUSLAB_RING_ONLINE ? " online" : "",
	       (unsigned long long)event->generation);
	if (map->base && map->generation == event->generation &&
	    event->state & CPUSLAB_RING_PRESENT)
		return;
	if (map->base)
		consume_ring(&map->view);
	cpuslab_ring_unmap(map);
	if (event->state & CPUSLAB_RING_PRESENT)
		err = cpuslab_ring_map(map, fd, event);
	if (err)
		printf("not mapped: %s\n", strerror(-err));
}

static void consume_events(int fd)
{
	struct cpuslab_ring_event event;

	while (read(fd, &event, sizeof(event)) == sizeof(event))
		consume_event(fd, &event);
}

int main(void)
{
	struct pollfd poller = { .events = POLLIN | POLLPRI };

	setvbuf(stdout, NULL, _IOLBF, 0);
	poller.fd = open(CONSUME_DEVICE, O_RDWR | O_NONBLOCK);
	if (poller.fd < 0) {
		perror(CONSUME_DEVICE);
		return 2;
	}
	do {
		consume_events(poller.fd);
		consume_all();
		if (poll(&poller, 1, -1) < 0) {
			perror("poll");
			return 2;
		}
	} while (!(poller.revents & POLLHUP));
	consume_all();
	printf("consumed %llu\n", (unsigned long long)consume_records);
	return consume_wrong != 0;
}
