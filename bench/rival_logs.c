/* SPDX-License-Identifier: MIT */
/*
 * rival_logs.c - append a record: with atomics to a buffer for each CPU, and
 * under one lock.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "slots.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define LOGS_RECORD 32u
#define LOGS_STEP (8 + LOGS_RECORD)

struct logs_buffer {
	uint64_t tail; /* bytes reserved */
	pthread_mutex_t mutex;
	uint64_t bytes;
	char *data;
} __attribute__((aligned(SLOTS_LINE)));

static struct logs_buffer *logs; /* [CPU] */

static const char *logs_unfit(const struct bench_run *run)
{
	return run->threads > 64 ? "its buffers would take gigabytes" : NULL;
}

/* Reused, so that their pages have been touched, like those of a log. */
static void *logs_setup(struct bench_run *run)
{
	uint64_t bytes = (uint64_t)run->threads * LISTS_APPENDS * LOGS_STEP;
	uint32_t cpu;

	if (!logs)
		logs = aligned_alloc(SLOTS_LINE,
				     measure_cpu_end() * sizeof(*logs));
	if (!logs)
		measure_die("append", "no memory");
	memset(logs, 0, measure_cpu_end() * sizeof(*logs));
	for (cpu = 0; cpu < measure_cpu_end(); cpu++) {
		pthread_mutex_init(&logs[cpu].mutex, NULL);
		logs[cpu].bytes = bytes;
		logs[cpu].data = calloc(1, bytes);
		if (!logs[cpu].data)
			measure_die("append", "no memory");
	}
	return logs;
}

static void logs_teardown(void *arg)
{
	uint32_t cpu;

	(void)arg;
	for (cpu = 0; cpu < measure_cpu_end(); cpu++)
		free(logs[cpu].data);
}

static void logs_before(void *arg, uint64_t n)
{
	uint32_t cpu;

	(void)arg;
	(void)n;
	for (cpu = 0; cpu < measure_cpu_end(); cpu++) {
		memset(logs[cpu].data, 0, logs[cpu].bytes);
		logs[cpu].tail = 0;
	}
}

static uint64_t logs_count(void *arg)
{
	uint64_t total = 0;
	uint32_t cpu;

	(void)arg;
	for (cpu = 0; cpu < measure_cpu_end(); cpu++)
		total += logs[cpu].tail / LOGS_STEP;
	return total;
}

static BENCH_NOINLINE void logs_atomic(void *arg, uint64_t n)
{
	static const char record[LOGS_RECORD] = "a log record";
	struct logs_buffer *buffers = arg;
	uint64_t i;

	for (i = 0; i < n; i++) {
		struct logs_buffer *buffer = &buffers[sched_getcpu()];
		uint64_t at = __atomic_fetch_add(&buffer->tail, LOGS_STEP,
						 __ATOMIC_RELAXED);

		if (at + LOGS_STEP > buffer->bytes)
			continue;
		memcpy(buffer->data + at + 8, record, sizeof(record));
		/* Readers stop at the first record that is not marked. */
		__atomic_store_n((uint64_t *)(void *)(buffer->data + at),
				 LOGS_RECORD << 1 | 1, __ATOMIC_RELEASE);
	}
}

static BENCH_NOINLINE void logs_mutex(void *arg, uint64_t n)
{
	static const char record[LOGS_RECORD] = "a log record";
	struct logs_buffer *buffer = arg;
	uint64_t i, size = LOGS_RECORD;

	for (i = 0; i < n; i++) {
		pthread_mutex_lock(&buffer->mutex);
		if (buffer->tail + LOGS_STEP <= buffer->bytes) {
			memcpy(buffer->data + buffer->tail, &size, 8);
			memcpy(buffer->data + buffer->tail + 8, record,
			       sizeof(record));
			buffer->tail += LOGS_STEP;
		}
		pthread_mutex_unlock(&buffer->mutex);
	}
}

#define LOGS_BODY(name_, run_)                                                 \
	{                                                                      \
		.how = { .name = name_,                                        \
			 .run = run_,                                          \
			 .count = logs_count,                                  \
			 .before = logs_before,                                \
			 .most = LISTS_APPENDS },                              \
		.flags = BENCH_THREADS, .unfit = logs_unfit,                   \
		.setup = logs_setup, .teardown = logs_teardown                 \
	}

const struct bench_body logs_bodies[] = {
	LOGS_BODY("append/getcpu-atomic", logs_atomic),
	LOGS_BODY("append/mutex", logs_mutex),
	{ .how = { .name = NULL } },
};
