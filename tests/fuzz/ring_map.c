/* SPDX-License-Identifier: MIT */
/*
 * ring_map.c - rings of a driver that says anything of them: events of any
 * size and offset, a file that is shorter or shrinks, memory that is the input.
 */
/* As a process that has no library, which debug builds of headers need. */
#undef CPUSLAB_DEBUG
#include <cpuslab/ring_map.h>

#include "fuzz.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>

#define MAPPED_PAGE 4096u
#define MAPPED_FILE 64u /* pages, at most */
#define MAPPED_RECORDS 64u

static struct fuzz_input map_in;
static struct cpuslab_ring_map map;
static int map_fd;
static sigjmp_buf map_shrunk;

/* Memory of the map that the file no longer has. */
static void map_on_bus_error(int number, siginfo_t *info, void *context)
{
	const char *at = info->si_addr, *begin = map.base;

	(void)number;
	(void)context;
	fuzz_expect(begin && at >= begin && at < begin + map.bytes);
	siglongjmp(map_shrunk, 1);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct sigaction action = { .sa_sigaction = map_on_bus_error,
					  .sa_flags = SA_SIGINFO | SA_NODEFER };

	(void)argc;
	(void)argv;
	map_fd = memfd_create("ring_map", MFD_CLOEXEC);
	fuzz_expect(map_fd >= 0);
	fuzz_expect(!sigaction(SIGBUS, &action, NULL));
	return 0;
}

static void map_resize(void)
{
	fuzz_expect(!ftruncate(map_fd, fuzz_below(&map_in, MAPPED_FILE) *
					       (off_t)MAPPED_PAGE));
}

/* The driver stores a word; in half of the calls, the first ring's tail. */
static void map_store(void)
{
	uint64_t at = fuzz_byte(&map_in) % 2 ? MAPPED_PAGE - 16 :
					       fuzz_number(&map_in) * 8;
	uint64_t word = fuzz_number(&map_in);

	at %= MAPPED_FILE * MAPPED_PAGE;
	fuzz_expect(pwrite(map_fd, &word, sizeof(word), (off_t)at) ==
		    sizeof(word));
}

/* What a driver sends, if not anything. */
static uint64_t map_size(void)
{
	uint32_t choice = fuzz_byte(&map_in);

	return choice % 4 ? (uint64_t)MAPPED_PAGE << choice / 4 % 16 :
			    fuzz_number(&map_in);
}

static bool map_is_ring(uint64_t bytes)
{
	uint32_t i;

	for (i = 2; i < 52; i++)
		if (bytes == (uint64_t)MAPPED_PAGE << i)
			return true;
	return false;
}

static void map_event(void)
{
	struct cpuslab_ring_event event = {
		.offset = map_size() & (fuzz_byte(&map_in) % 2 ? 0 : ~0ull),
		.bytes = map_size(),
		.generation = fuzz_below(&map_in, 4),
		.state = fuzz_byte(&map_in),
	};
	bool same = map.base && map.generation == event.generation;
	int result = cpuslab_ring_map_init(&map, map_fd, &event);

	if (!(event.state & CPUSLAB_RING_PRESENT)) {
		fuzz_expect(!result && !map.base);
		return;
	}
	fuzz_expect(result <= 0);
	fuzz_expect(!result == (map.base != NULL));
	if (same)
		fuzz_expect(!result);
	else if (!map_is_ring(event.bytes))
		fuzz_expect(result == -EINVAL);
	else
		fuzz_expect(result || map.bytes == event.bytes);
}

static void map_use(const void *data, uint32_t bytes)
{
	const char *at = data, *begin = map.base;
	volatile char byte;

	fuzz_expect(at >= begin && at + bytes <= begin + map.bytes);
	while (bytes--)
		byte = *at++;
	(void)byte;
}

static void map_next(void)
{
	uint64_t at = cpuslab_ring_consumed(&map.view);
	uint64_t end = cpuslab_ring_tail(&map.view);
	uint32_t bytes, i;
	const void *data;

	for (i = 0; i < MAPPED_RECORDS; i++) {
		if (!cpuslab_ring_next(&map.view, &at, end, &data, &bytes))
			break;
		map_use(data, bytes);
	}
	cpuslab_ring_consume(&map.view, fuzz_byte(&map_in) % 2 ? at : end);
}

static void map_copy(void)
{
	uint64_t at = cpuslab_ring_consumed(&map.view), skipped = 0;
	char buffer[256];
	uint32_t bytes;

	if (!cpuslab_ring_copy(&map.view, &at, buffer, sizeof(buffer), &bytes,
			       &skipped))
		fuzz_expect(bytes <= sizeof(buffer));
}

static void map_read(void)
{
	if (!map.base || sigsetjmp(map_shrunk, 1))
		return;
	if (fuzz_byte(&map_in) % 2)
		map_next();
	else
		map_copy();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	void (*const calls[])(void) = { map_resize, map_store, map_store,
					map_event,  map_event, map_read,
					map_read };

	map_in.at = data;
	map_in.end = data + bytes;
	fuzz_expect(!ftruncate(map_fd, MAPPED_FILE * MAPPED_PAGE));
	while (map_in.at < map_in.end)
		calls[fuzz_below(&map_in, sizeof(calls) / sizeof(calls[0]))]();
	cpuslab_ring_map_fini(&map);
	fuzz_expect(!ftruncate(map_fd, 0));
	return 0;
}
