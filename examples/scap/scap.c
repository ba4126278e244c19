// SPDX-License-Identifier: MIT
/*
 * scap.c - prints the system calls of the machine, from the rings that driver.c
 * fills. CPUs may come and go: the driver says which rings exist.
 *
 * It needs headers of cpuslab, and no library.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cpuslab/ring_map.h>

#include "event.h"

#define LATENCY_MS 100 /* at most, of events that do not wake this program */

struct source { /* the ring of a CPU */
	struct cpuslab_ring_map map;
	uint32_t cpu;
	uint64_t at, end;              /* positions: read up to, known up to */
	const struct scap_event *next; /* NULL: no event before the end */
	uint64_t events;
};

static struct source *sources;
static size_t source_count;
static bool only_count;
static long only_call = -1;
static volatile sig_atomic_t stop;

static const char usage[] =
	"usage: cpuslab-scap [-c] [-s CALL] [-h]\n"
	"\n"
	"Prints each system call of the machine until SIGINT or SIGTERM:\n"
	"\n"
	"\tTIME CPU THREAD CALL ARGUMENTS	it begins; six numbers\n"
	"\tTIME CPU THREAD CALL = RESULT	it ends\n"
	"\n"
	"At the end, and about CPUs, it writes to the standard error output.\n"
	"\n"
	"  -c       print nothing until the end: how many events each CPU had\n"
	"  -s CALL  only system calls of this number\n";

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void fail(const char *what)
{
	fprintf(stderr, "cpuslab-scap: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- events -------------------------------------------------------------- */

static void print_event(uint32_t cpu, const struct scap_event *event)
{
	const struct scap_enter *enter = (const void *)event;
	const struct scap_exit *result = (const void *)event;
	int i;

	if (only_count || (only_call >= 0 && event->call != only_call))
		return;
	printf("%" PRIu64 ".%09u %u %u %d", (uint64_t)event->time / 1000000000,
	       (unsigned int)(event->time % 1000000000), cpu, event->thread,
	       event->call);
	if (event->type == SCAP_EXIT) {
		printf(" = %lld\n", result->result);
		return;
	}
	for (i = 0; i < 6; i++)
		printf(" %#lx", enter->args[i]);
	putchar('\n');
}

/* The event that was read last is no longer needed; go to the next one. */
static void source_advance(struct source *source)
{
	const struct cpuslab_ring_view *view = &source->map.view;
	const void *data;
	uint32_t bytes;

	cpuslab_ring_consume(view, source->at);
	source->next = NULL;
	if (cpuslab_ring_next(view, &source->at, source->end, &data, &bytes))
		source->next = data;
	else
		cpuslab_ring_consume(view, source->end);
}

/* The source with the oldest event, or NULL. */
static struct source *oldest(void)
{
	struct source *found = NULL;
	size_t i;

	for (i = 0; i < source_count; i++) {
		struct source *source = &sources[i];

		if (source->next &&
		    (!found || source->next->time < found->next->time))
			found = source;
	}
	return found;
}

/* All events that the rings have now; these are in the order of time. */
static void read_events(void)
{
	struct source *source;
	size_t i;

	for (i = 0; i < source_count; i++) {
		source = &sources[i];
		if (!source->map.base)
			continue;
		source->at = cpuslab_ring_consumed(&source->map.view);
		source->end = cpuslab_ring_tail(&source->map.view);
		source_advance(source);
	}
	while ((source = oldest())) {
		source->events++;
		print_event(source->cpu, source->next);
		source_advance(source);
	}
}

/* ---- rings --------------------------------------------------------------- */

static struct source *source_of(const struct cpuslab_ring_event *event)
{
	size_t index = event->cpu == CPUSLAB_SHARED ? 0 : event->cpu + 1;
	size_t old = source_count;

	if (index >= old) {
		source_count = index + 1;
		sources = realloc(sources, source_count * sizeof(*sources));
		if (!sources)
			fail("memory");
		memset(sources + old, 0,
		       (source_count - old) * sizeof(*sources));
	}
	sources[index].cpu = event->cpu;
	return &sources[index];
}

/* A CPU has another ring, no ring, or went online or offline. */
static void follow(int fd, const struct cpuslab_ring_event *event)
{
	struct source *source = source_of(event);
	bool present = event->state & CPUSLAB_RING_PRESENT;
	int err;

	cpuslab_ring_map_fini(&source->map);
	if (present) {
		err = cpuslab_ring_map_init(&source->map, fd, event);
		if (err == -ENXIO)
			return; /* freed meanwhile: another event says so */
		errno = -err;
		if (err)
			fail("map a ring");
	}
	if (event->cpu != CPUSLAB_SHARED)
		fprintf(stderr, "CPU %u is %s, %s\n", event->cpu,
			event->state & CPUSLAB_RING_ONLINE ? "online" :
							     "offline",
			present ? "and has a ring" : "its ring is freed");
}

static void read_rings(int fd)
{
	struct cpuslab_ring_event event;
	ssize_t got;

	while ((got = read(fd, &event, sizeof(event))) == sizeof(event))
		follow(fd, &event);
	if (got < 0 && errno != EAGAIN && errno != EINTR)
		fail("read");
}

/* -------------------------------------------------------------------------- */

static void print_totals(void)
{
	char lost[32] = "?\n";
	FILE *file = fopen("/sys/class/misc/" SCAP_DEVICE "/lost", "r");
	size_t i;

	for (i = 0; i < source_count; i++)
		if (sources[i].events && sources[i].cpu == CPUSLAB_SHARED)
			fprintf(stderr, "without a CPU: %" PRIu64 " events\n",
				sources[i].events);
		else if (sources[i].events)
			fprintf(stderr, "CPU %u: %" PRIu64 " events\n",
				sources[i].cpu, sources[i].events);
	if (file && fgets(lost, sizeof(lost), file))
		fprintf(stderr, "lost: %s", lost);
	if (file)
		fclose(file);
}

static void options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "cs:h")) != -1) {
		switch (option) {
		case 'c':
			only_count = true;
			break;
		case 's':
			only_call = atol(optarg);
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	struct pollfd poller = { .events = POLLIN | POLLPRI };

	options(argc, argv);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	poller.fd = open("/dev/" SCAP_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (poller.fd < 0)
		fail("/dev/" SCAP_DEVICE);
	while (!stop) {
		read_rings(poller.fd);
		read_events();
		poll(&poller, 1, LATENCY_MS);
	}
	read_events();
	print_totals();
	return 0;
}
