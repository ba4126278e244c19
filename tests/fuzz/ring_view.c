/* SPDX-License-Identifier: MIT */
/*
 * ring_view.c - a consumer of a ring whose memory is the input, and changes
 * while the consumer reads it; and a ring whose consumer stores any positions.
 */
#include <cpuslab/cpuslab.h>
#include <cpuslab/sim.h>

#include "fuzz.h"

#define VIEW_PAGE 64u
#define VIEW_BYTES 1024u
#define VIEW_STEPS (2 * VIEW_BYTES / 8)

static struct fuzz_input view_in;
static struct cpuslab_ring_view view;
static uint64_t *view_memory;

/* The producer stores a word anywhere. */
static void view_store(void *arg)
{
	uint32_t where = fuzz_below(&view_in, 4);

	(void)arg;
	if (where < 3) /* tail, committed or reserved */
		view_memory[VIEW_PAGE / 8 - 2 - where] = fuzz_number(&view_in);
	else
		view_memory[fuzz_byte(&view_in) % (VIEW_BYTES / 8)] =
			fuzz_number(&view_in);
}

/* Every byte can be read, and lies in the ring. */
static void view_use(const void *data, uint32_t bytes)
{
	const char *at = data, *begin = (const char *)view_memory;
	volatile char byte;

	fuzz_expect(at >= begin && at + bytes <= begin + VIEW_BYTES);
	fuzz_expect((uintptr_t)at % 8 == 0);
	while (bytes--)
		byte = *at++;
	(void)byte;
}

static void view_read_in_place(void)
{
	uint64_t at = cpuslab_ring_consumed(&view);
	uint64_t end = cpuslab_ring_tail(&view);
	uint32_t bytes, steps = 0;
	const void *data;

	while (cpuslab_ring_next(&view, &at, end, &data, &bytes)) {
		fuzz_expect(++steps <= VIEW_STEPS);
		view_use(data, bytes);
		if (fuzz_byte(&view_in) % 2)
			view_store(NULL);
	}
	cpuslab_ring_consume(&view, end);
}

/* The producer stores words at @stores points of the call. */
static int view_copy_one(uint64_t *at, uint32_t stores)
{
	uint32_t size = fuzz_byte(&view_in), bytes = 0;
	char *buffer = malloc(size + 1);
	uint64_t skipped = 0, before;
	int result;

	while (stores--)
		sim_other_at(fuzz_byte(&view_in) % 8 + 1, 1, view_store, NULL);
	before = sim_points();
	result = cpuslab_ring_copy(&view, at, buffer, size, &bytes, &skipped);
	/* Each store makes it begin again at most once. */
	fuzz_expect(sim_points() - before <= 8 * (VIEW_BYTES / 8 + 3));
	(void)sim_at_cancel();
	fuzz_expect(result || bytes <= size);
	free(buffer);
	return result;
}

static void view_copy(void)
{
	uint64_t at = cpuslab_ring_consumed(&view);
	uint32_t i;

	for (i = 0; i < 32 && !view_copy_one(&at, fuzz_below(&view_in, 4)); i++)
		;
}

/* ---- the producer -------------------------------------------------------- */

#define RING_BYTES 16384u
#define RING_NEIGHBOURS 3u /* the one between is used */

static struct cpuslab_slab *ring_slab;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct sim_config sim = { .limit = 8, .available = 4 };
	static struct cpuslab_domain *domain;

	(void)argc;
	(void)argv;
	fuzz_expect(!sim_init(&sim));
	fuzz_expect(!cpuslab_domain_create(&domain, NULL));
	fuzz_expect(!cpuslab_slab_create(&ring_slab, domain, NULL));
	return 0;
}

/* Append while the consumer, which knows nothing, stores positions. */
static void ring_append_to(struct cpuslab_ring *ring)
{
	static char record[4096];
	struct cpuslab_ring_view of;
	uint64_t appended = 0, failed = 0;
	uint32_t i;
	int result;

	cpuslab_read_enter();
	fuzz_expect(!cpuslab_ring_view_init(&of, ring, 0));
	for (i = 0; i < 48; i++) {
		if (fuzz_byte(&view_in) % 2)
			cpuslab_ring_consume(&of,
					     cpuslab_ring_tail(&of) +
						     fuzz_number(&view_in));
		result = cpuslab_ring_append(ring, record,
					     8 * fuzz_below(&view_in, 255));
		fuzz_expect(result == CPUSLAB_OK || result == CPUSLAB_FULL);
		*(result ? &failed : &appended) += 1;
	}
	cpuslab_read_exit();
	fuzz_expect(cpuslab_ring_lost(ring) == failed);
}

/* A ring between two that nothing is appended to, and that stay as made. */
static void ring_produce(uint32_t flags)
{
	static struct cpuslab_ring rings[RING_NEIGHBOURS];
	static char made[RING_NEIGHBOURS][RING_BYTES];
	uint32_t i;

	sim_cpu_set(0);
	for (i = 0; i < RING_NEIGHBOURS; i++) {
		fuzz_expect(!cpuslab_ring_init(&rings[i], ring_slab, RING_BYTES,
					       flags));
		memcpy(made[i], cpuslab_remote(&rings[i].handle, 0),
		       RING_BYTES);
	}
	ring_append_to(&rings[1]);
	for (i = 0; i < RING_NEIGHBOURS; i += 2)
		fuzz_expect(!memcmp(made[i],
				    cpuslab_remote(&rings[i].handle, 0),
				    RING_BYTES));
	for (i = 0; i < RING_NEIGHBOURS; i++)
		cpuslab_ring_fini(&rings[i]);
	fuzz_expect(!cpuslab_slab_check(ring_slab));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	uint32_t what;

	view_in.at = data;
	view_in.end = data + bytes;
	what = fuzz_below(&view_in, 4);
	if (what >= 2) {
		ring_produce(what == 2 ? 0 : CPUSLAB_RING_OVERWRITE);
		return 0;
	}
	view_memory = malloc(VIEW_BYTES);
	/* Records without payload, or none at all. */
	memset(view_memory, fuzz_byte(&view_in) % 2 ? 0xff : 0, VIEW_BYTES);
	cpuslab_ring_view_map(&view, view_memory, VIEW_PAGE, VIEW_BYTES);
	for (bytes = fuzz_below(&view_in, 32); bytes; bytes--)
		view_store(NULL);
	*view.consumed = fuzz_number(&view_in);
	if (what)
		view_copy();
	else
		view_read_in_place();
	free(view_memory);
	return 0;
}
