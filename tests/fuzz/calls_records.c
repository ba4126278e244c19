/* SPDX-License-Identifier: MIT */
/*
 * calls_records.c - structures that hold records. A record consists of one
 * byte, repeated; an account of records is their number and the sum of all
 * bytes.
 */
#include "calls.h"

#define RECORDS_LARGEST 200u

struct records {
	uint64_t count, sum;
};

static void records_add(struct records *to, uint8_t byte, uint32_t bytes)
{
	to->count++;
	to->sum += (uint64_t)byte * bytes;
}

static void records_find(struct records *to, const void *data, uint32_t bytes)
{
	const uint8_t *at = data;
	uint32_t i;

	for (i = 1; i < bytes; i++)
		fuzz_expect(at[i] == at[0]);
	records_add(to, bytes ? at[0] : 0, bytes);
}

static bool records_equal(const struct records *a, const struct records *b)
{
	return a->count == b->count && a->sum == b->sum;
}

/* A record of the input's choice, in @buffer; returns its size. */
static uint32_t records_make(struct fuzz_input *in, uint8_t *buffer)
{
	uint32_t bytes = fuzz_below(in, RECORDS_LARGEST);

	memset(buffer, fuzz_byte(in), bytes + 1);
	return bytes;
}

/* ---- log ----------------------------------------------------------------- */

static struct cpuslab_log log_tested;
static struct records log_appended;

static int log_init(struct cpuslab_slab *slab, struct fuzz_input *in)
{
	memset(&log_appended, 0, sizeof(log_appended));
	return cpuslab_log_init(&log_tested, slab,
				64 * (fuzz_below(in, 16) + 1));
}

static void log_fini(void)
{
	cpuslab_log_fini(&log_tested);
}

static void log_step(struct fuzz_input *in)
{
	uint8_t buffer[RECORDS_LARGEST];
	uint32_t bytes = records_make(in, buffer);
	int result = cpuslab_log_append(&log_tested, buffer, bytes);

	fuzz_expect(result == CPUSLAB_OK || result == CPUSLAB_FULL);
	if (!result)
		records_add(&log_appended, buffer[0], bytes);
}

static void log_check(void)
{
	struct records found = { 0, 0 };
	uint32_t cpu, bytes;
	const void *copy, *data;

	cpuslab_read_enter();
	cpuslab_for_each_copy(&log_tested.handle, cpu, copy) {
		uint64_t cursor = 0;

		while (!cpuslab_log_read(&log_tested, cpu, &cursor, &data,
					 &bytes))
			records_find(&found, data, bytes);
	}
	cpuslab_read_exit();
	fuzz_expect(records_equal(&found, &log_appended));
}

const struct calls_part calls_log = { log_init, log_fini, log_step, NULL,
				      log_check };

/* ---- rotating log -------------------------------------------------------- */

static struct cpuslab_log_rotating rotating;
static struct records rotating_appended, rotating_found;

static int rotating_init(struct cpuslab_slab *slab, struct fuzz_input *in)
{
	const struct cpuslab_log_rotating_config config = {
		.capacity = 64 * (fuzz_below(in, 16) + 1),
	};

	memset(&rotating_appended, 0, sizeof(rotating_appended));
	memset(&rotating_found, 0, sizeof(rotating_found));
	return cpuslab_log_rotating_init(&rotating, slab, &config);
}

static void rotating_fini(void)
{
	cpuslab_log_rotating_fini(&rotating);
}

static void rotating_step(struct fuzz_input *in)
{
	uint8_t buffer[RECORDS_LARGEST];
	uint32_t bytes = records_make(in, buffer);
	int result = cpuslab_log_rotating_append(&rotating, buffer, bytes);

	fuzz_expect(result == CPUSLAB_OK || result == CPUSLAB_FULL);
	if (!result)
		records_add(&rotating_appended, buffer[0], bytes);
}

/* @arg says how many records are read before one is refused. */
static int rotating_each(void *arg, uint32_t cpu, const void *data,
			 uint32_t bytes)
{
	uint32_t *left = arg;

	(void)cpu;
	if (!*left)
		return CPUSLAB_FULL;
	--*left;
	records_find(&rotating_found, data, bytes);
	return CPUSLAB_OK;
}

static void rotating_slow(struct fuzz_input *in)
{
	uint32_t left = fuzz_byte(in);
	int result =
		cpuslab_log_rotating_rotate(&rotating, rotating_each, &left);

	fuzz_expect(result == CPUSLAB_OK || result == CPUSLAB_FULL ||
		    result == -CPUSLAB_ENOMEM);
	if (result == CPUSLAB_OK)
		fuzz_expect(records_equal(&rotating_found, &rotating_appended));
}

static void rotating_check(void)
{
	fuzz_expect(rotating_found.count <= rotating_appended.count);
}

const struct calls_part calls_rotating = { rotating_init, rotating_fini,
					   rotating_step, rotating_slow,
					   rotating_check };

/* ---- ring ---------------------------------------------------------------- */

#define RING_BYTES 16384u

static struct cpuslab_ring ring;
static struct records ring_appended, ring_consumed;
static uint64_t ring_failed;

static int ring_init(struct cpuslab_slab *slab, struct fuzz_input *in)
{
	(void)in;
	memset(&ring_appended, 0, sizeof(ring_appended));
	memset(&ring_consumed, 0, sizeof(ring_consumed));
	ring_failed = 0;
	return cpuslab_ring_init(&ring, slab, RING_BYTES, 0);
}

static void ring_fini(void)
{
	cpuslab_ring_fini(&ring);
}

static void ring_step(struct fuzz_input *in)
{
	uint8_t buffer[8 * RECORDS_LARGEST];
	uint32_t bytes = 8 * fuzz_below(in, RECORDS_LARGEST);
	int result;

	memset(buffer, fuzz_byte(in), sizeof(buffer));
	result = cpuslab_ring_append(&ring, buffer, bytes);
	fuzz_expect(result == CPUSLAB_OK || result == CPUSLAB_FULL);
	if (result)
		ring_failed++;
	else
		records_add(&ring_appended, buffer[0], bytes);
}

/* Read all records of each CPU, and consume them if @consume has its bit. */
static void ring_read(struct records *found, uint32_t consume)
{
	uint32_t cpu, bytes;
	const void *copy, *data;

	cpuslab_read_enter();
	cpuslab_for_each_copy(&ring.handle, cpu, copy) {
		struct records *to = consume >> cpu % 32 & 1 ? &ring_consumed :
							       found;
		struct cpuslab_ring_view view;
		uint64_t at, end;

		fuzz_expect(!cpuslab_ring_view_init(&view, &ring, cpu));
		at = cpuslab_ring_consumed(&view);
		end = cpuslab_ring_tail(&view);
		while (cpuslab_ring_next(&view, &at, end, &data, &bytes))
			records_find(to, data, bytes);
		fuzz_expect(at == end);
		if (to == &ring_consumed)
			cpuslab_ring_consume(&view, end);
	}
	cpuslab_read_exit();
}

static void ring_slow(struct fuzz_input *in)
{
	struct records others = { 0, 0 };

	ring_read(&others, (uint32_t)fuzz_number(in));
}

static void ring_check(void)
{
	struct records found = ring_consumed;

	ring_read(&found, 0);
	fuzz_expect(records_equal(&found, &ring_appended));
	fuzz_expect(cpuslab_ring_lost(&ring) == ring_failed);
}

const struct calls_part calls_ring = { ring_init, ring_fini, ring_step,
				       ring_slow, ring_check };
