// SPDX-License-Identifier: MIT
/*
 * ring_consume.c - consume what cpuslab_ring.ko appends, until its rings are
 * destroyed, and check that nothing is missing; or what another word says.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ring_consume.h"
#include "ring_record.h"

struct cpuslab_ring_map consume_maps[CONSUME_CPUS + 1];
int consume_fd;
unsigned long consume_argument;

static uint64_t consume_next[2][CONSUME_CPUS]; /* of tasks, of NMIs */
static uint64_t consume_records, consume_wrong;

/* ---- records ------------------------------------------------------------- */

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
	if (record->number < *next)
		consume_wrong_record("not in order", record->cpu,
				     record->number);
	else if (*next && record->number != *next)
		consume_wrong_record("one is missing before it", record->cpu,
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
	cpuslab_ring_consume(view, end);
}

uint64_t consume_all(void)
{
	uint32_t i;

	for (i = 0; i <= CONSUME_CPUS; i++)
		if (consume_maps[i].base)
			consume_ring(&consume_maps[i].view);
	return consume_records;
}

/* ---- events -------------------------------------------------------------- */

void consume_events(void (*print)(const struct cpuslab_ring_event *event))
{
	struct cpuslab_ring_event event;

	while (read(consume_fd, &event, sizeof(event)) == sizeof(event)) {
		uint64_t i = event.cpu == CPUSLAB_SHARED ? 0 : event.cpu + 1;
		int err = cpuslab_ring_map_init(&consume_maps[i], consume_fd,
						&event);

		if (print)
			print(&event);
		if (err && err != -ENXIO)
			printf("not mapped: %s\n", strerror(-err));
	}
}

bool consume_wait(int timeout)
{
	struct pollfd poller = { .fd = consume_fd, .events = POLLIN | POLLPRI };

	return poll(&poller, 1, timeout) > 0 && !(poller.revents & POLLHUP);
}

int consume_open(void)
{
	consume_fd = open("/dev/cpuslab_ring", O_RDWR | O_NONBLOCK);
	return consume_fd;
}

void consume_print(const struct cpuslab_ring_event *event)
{
	printf("CPU %d:%s%s, ring %llu\n",
	       event->cpu == CPUSLAB_SHARED ? -1 : (int)event->cpu,
	       event->state & CPUSLAB_RING_PRESENT ? " present" : "",
	       event->state & CPUSLAB_RING_ONLINE ? " online" : "",
	       (unsigned long long)event->generation);
}

static int consume_follow(void)
{
	do {
		consume_events(consume_print);
		consume_all();
	} while (consume_wait(-1));
	consume_all();
	printf("consumed %llu\n", (unsigned long long)consume_records);
	return consume_wrong != 0;
}

/* ---- the rest ------------------------------------------------------------ */

void consume_command(const char *command)
{
	int fd = open(CONSUME_COMMAND, O_WRONLY);

	if (fd < 0 || write(fd, command, strlen(command)) < 0) {
		perror(command);
		exit(2);
	}
	close(fd);
}

void consume_check(bool passed, const char *name)
{
	if (passed)
		printf("ok %s\n", name);
	else
		printf("not ok %s: errno %d\n", name, errno);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*run)(void);
	} words[] = {
		{ "follow", consume_follow }, { "refused", consume_refused },
		{ "hold", consume_hold },     { "hostile", consume_hostile },
		{ "turns", consume_turns },   { "latest", consume_latest },
		{ "nested", consume_nested }, { "await", consume_await },
	};
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (consume_open() < 0) {
		perror("open");
		return 2;
	}
	consume_argument = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
	for (i = 0; argc > 1 && i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(argv[1], words[i].word))
			return words[i].run();
	return 2;
}
