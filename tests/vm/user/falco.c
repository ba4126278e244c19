// SPDX-License-Identifier: MIT
/*
 * falco.c - read the rings of Falco's driver as Falco's library does, and count
 * the calls of close() with a number of at least FIRST.
 *
 *	falco FIRST	until SIGTERM. Prints "rings COUNT" when it has begun;
 *			at the end "NUMBER CPU calls COUNT" for each number and
 *			CPU, how many events of hotplug there were, and how many
 *			events were lost
 *
 * Each CPU that is online when the first device is opened has a ring, which is
 * mapped twice in a row, so that no event is in two pieces.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cpuslab/atomic.h>

/* The driver's interface. */
#define RING_BYTES (8u << 20)
#define ENABLE_CAPTURE _IO('s', 1) /* until 0.1 */
#define ENABLE_SYSCALL _IO('s', 29)
#define ENABLE_TRACEPOINT _IO('s', 31)
#define SYSCALLS 462
#define SYS_ENTER 0
#define SYS_EXIT 1

enum {
	CLOSE_ENTER = 4,
	CLOSE_EXIT = 5,
	CPU_HOTPLUG = 244
};

struct info {
	uint32_t head, tail;
	uint64_t events, lost;
};

struct event { /* then the length of each parameter, then the parameters */
	uint64_t time, thread;
	uint32_t bytes;
	uint16_t type;
	uint32_t parameters;
} __attribute__((packed));

/* Ours. */
#define CPUS 64
#define MARKS 16

struct ring {
	struct info *info;
	const char *events;
	unsigned long calls[MARKS];
};

static struct ring rings[CPUS];
static unsigned long hotplugs;
static int64_t first;
static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* False if the CPU has no ring. */
static bool ring_open(struct ring *ring, int cpu)
{
	char name[32];
	void *info, *events;
	int fd, call;

	snprintf(name, sizeof(name), "/dev/scap%d", cpu);
	fd = open(name, O_RDWR);
	if (fd < 0)
		return false;
	info = mmap(NULL, (size_t)getpagesize(), PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	events = mmap(NULL, 2 * RING_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	if (info == MAP_FAILED || events == MAP_FAILED) {
		perror(name);
		exit(1);
	}
	ring->info = info;
	ring->events = events;
	if (!ioctl(fd, ENABLE_CAPTURE))
		return true;
	for (call = 0; call < SYSCALLS; call++)
		ioctl(fd, ENABLE_SYSCALL, call);
	if (ioctl(fd, ENABLE_TRACEPOINT, SYS_ENTER) ||
	    ioctl(fd, ENABLE_TRACEPOINT, SYS_EXIT)) {
		perror(name);
		exit(1);
	}
	return true;
}

static void ring_event(struct ring *ring, const struct event *event)
{
	int64_t fd;

	if (event->type == CPU_HOTPLUG)
		hotplugs++;
	if (event->type != CLOSE_ENTER && event->type != CLOSE_EXIT)
		return;
	/* The number is the last parameter of one of the two. */
	memcpy(&fd, (const char *)event + event->bytes - sizeof(fd),
	       sizeof(fd));
	if (fd >= first && fd < first + MARKS)
		ring->calls[fd - first]++;
}

/* Returns how many bytes of events there were. */
static uint32_t ring_read(struct ring *ring)
{
	uint32_t head = cpuslab_load_acquire_u32(&ring->info->head);
	uint32_t tail = ring->info->tail;
	uint32_t end = head < tail ? head + RING_BYTES : head, at = tail;

	while (at < end) {
		const void *event = ring->events + at;

		ring_event(ring, event);
		at += ((const struct event *)event)->bytes;
	}
	cpuslab_store_release_u32(&ring->info->tail, head);
	return end - tail;
}

static uint32_t read_all(void)
{
	uint32_t cpu, bytes = 0;

	for (cpu = 0; cpu < CPUS; cpu++)
		if (rings[cpu].info)
			bytes += ring_read(&rings[cpu]);
	return bytes;
}

static void show(void)
{
	unsigned long lost = 0;
	int cpu, mark;

	for (cpu = 0; cpu < CPUS; cpu++) {
		if (!rings[cpu].info)
			continue;
		lost += rings[cpu].info->lost;
		for (mark = 0; mark < MARKS; mark++)
			if (rings[cpu].calls[mark])
				printf("%d %d calls %lu\n", (int)first + mark,
				       cpu, rings[cpu].calls[mark]);
	}
	printf("hotplug %lu\nlost %lu\n", hotplugs, lost);
}

int main(int argc, char **argv)
{
	int cpu, opened = 0;

	if (argc != 2)
		return 2;
	first = atoll(argv[1]);
	signal(SIGTERM, on_signal);
	for (cpu = 0; cpu < CPUS; cpu++)
		opened += ring_open(&rings[cpu], cpu);
	if (!opened)
		return 1;
	printf("rings %d\n", opened);
	fflush(stdout);
	while (!stop)
		if (!read_all())
			usleep(500);
	read_all();
	show();
	return 0;
}
