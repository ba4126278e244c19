// SPDX-License-Identifier: MIT
/*
 * ring_consume_hold.c - keep the first ring of CPU 1 mapped, whatever happens
 * to that CPU and to the rings, until they are destroyed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ring_consume.h"

static struct cpuslab_ring_map hold_old, hold_new;
static char *hold_copy;

static bool hold_is_unchanged(void)
{
	return !memcmp(hold_copy, hold_old.base, hold_old.bytes);
}

/* Only now a read frees the offline CPU's ring, which poll() says. */
static void hold_consume(void)
{
	cpuslab_ring_consume(&hold_old.view, cpuslab_ring_tail(&hold_old.view));
	hold_copy = malloc(hold_old.bytes);
	memcpy(hold_copy, hold_old.base, hold_old.bytes);
	consume_check(cpuslab_ring_tail(&hold_old.view) > hold_old.view.first,
		      "it has records");
}

static void hold_return(const struct cpuslab_ring_event *event)
{
	consume_check(event->generation != hold_old.generation,
		      "it returns with another generation");
	if (cpuslab_ring_map_init(&hold_new, consume_fd, event))
		exit(2);
	consume_check(cpuslab_ring_tail(&hold_new.view) ==
			      cpuslab_ring_consumed(&hold_new.view),
		      "and another ring, which is empty");
	consume_check(hold_is_unchanged(), "the old one is as it was");
}

/* Of an offline CPU it returns before the next read. */
static void hold_events(void)
{
	struct cpuslab_ring_event event;

	while (read(consume_fd, &event, sizeof(event)) == sizeof(event)) {
		bool present = event.state & CPUSLAB_RING_PRESENT;
		bool online = event.state & CPUSLAB_RING_ONLINE;

		consume_print(&event);
		if (event.cpu != 1)
			continue;
		if (present && !hold_old.base) {
			if (cpuslab_ring_map_init(&hold_old, consume_fd,
						  &event))
				exit(2);
		} else if (present && !online) {
			hold_consume();
			return;
		} else if (!present) {
			consume_check(hold_is_unchanged(),
				      "the ring was freed, and is mapped");
		} else if (!hold_new.base &&
			   event.generation != hold_old.generation) {
			hold_return(&event);
		}
	}
}

static void hold_end(void)
{
	struct cpuslab_ring_event event;
	uint64_t tail = cpuslab_ring_tail(&hold_new.view);

	consume_check(tail > hold_new.view.first,
		      "the new one has got records");
	consume_check(hold_is_unchanged(), "the old one has not");
	consume_check(read(consume_fd, &event, sizeof(event)) == 0,
		      "after the destroy read returns 0");
	consume_check(mmap(NULL, hold_old.bytes, PROT_READ, MAP_SHARED,
			   consume_fd, 0) == MAP_FAILED &&
			      errno == ENODEV,
		      "nothing can be mapped");
	close(consume_fd);
	consume_check(cpuslab_ring_tail(&hold_new.view) == tail &&
			      hold_is_unchanged(),
		      "what is mapped keeps its records");
}

/* Ends at the end of its input. */
int consume_hold(void)
{
	char byte;

	do
		hold_events();
	while (consume_wait(-1));
	hold_end();
	if (read(STDIN_FILENO, &byte, 1) < 0)
		return 2;
	cpuslab_ring_map_fini(&hold_old);
	cpuslab_ring_map_fini(&hold_new);
	return 0;
}
