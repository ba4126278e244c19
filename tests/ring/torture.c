/* SPDX-License-Identifier: MIT */
/*
 * torture.c - threads and their signal handlers append while CPUs come and go;
 * a consumer drains every ring, another thread copies from rings that overwrite
 * their oldest records.
 *
 * In the end each record that was appended has been consumed once, in its
 * actor's order in each ring, and every other one was counted as lost. What is
 * copied is whole.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <cpuslab/atomic.h>
#include <cpuslab/port.h>
#include <cpuslab/read.h>
#include <cpuslab/ring.h>

#include "torture/torture.h"

#define RING_WORKERS 3
#define RING_ACTORS (RING_WORKERS * 2) /* with handlers */
#define RING_LIMIT 4u
#define RING_COPIES (RING_LIMIT + 1) /* with the shared one */
#define RING_TIMER_NS 150000
#define RING_PAGES 4
#define RING_FILL_MAX 700u

struct ring_record {
	uint32_t actor;
	uint32_t fill;   /* bytes that follow */
	uint64_t number; /* of the actor's records */
	uint64_t check;
	unsigned char bytes[RING_FILL_MAX];
};
#define RING_RECORD_HEAD offsetof(struct ring_record, bytes)

struct ring_actor {
	uint32_t name;
	uint64_t number;
	uint64_t random;
	uint64_t appended, lost;
	struct ring_record record;
};

static struct cpuslab_domain *ring_domain;
/* Each ring's own: newest records are not consumed, which retains their CPU. */
static struct cpuslab_slab *ring_slab, *ring_slab_newest;
static struct cpuslab_ring ring_lossless, ring_newest;
static struct ring_actor ring_actors[RING_ACTORS];
static uint64_t ring_consumed[RING_ACTORS], ring_copied, ring_skipped;
static __thread struct ring_actor *ring_over;

static uint64_t ring_check(const struct ring_record *record)
{
	uint64_t check = record->number * 31 + record->actor;
	uint32_t i;

	for (i = 0; i < record->fill; i++)
		check = check * 131 + record->bytes[i];
	return check;
}

/* ---- producers ----------------------------------------------------------- */

static void ring_append(struct ring_actor *actor)
{
	struct ring_record *record = &actor->record;
	uint32_t i, bytes;
	int result;

	record->actor = actor->name;
	record->fill = (uint32_t)torture_below(&actor->random, RING_FILL_MAX);
	if (torture_below(&actor->random, 8))
		record->fill %= 40;
	record->number = actor->number++;
	for (i = 0; i < record->fill; i++)
		record->bytes[i] = (unsigned char)(record->number + i * 7);
	record->check = ring_check(record);
	bytes = (uint32_t)RING_RECORD_HEAD + record->fill;
	result = cpuslab_ring_append(&ring_lossless, record, bytes);
	TORTURE_CHECK(result == CPUSLAB_OK || result == CPUSLAB_FULL);
	if (result == CPUSLAB_OK)
		actor->appended++;
	else
		actor->lost++;
	result = cpuslab_ring_append(&ring_newest, record, bytes);
	/* A thread that was preempted while it copied may be in the way. */
	TORTURE_CHECK(result == CPUSLAB_OK || result == CPUSLAB_FULL);
}

static void ring_handler(int signal)
{
	(void)signal;
	if (ring_over)
		ring_append(ring_over);
}

static void *ring_worker(void *arg)
{
	struct ring_actor *actor = arg;
	struct torture_timer timer;

	ring_over = actor + 1;
	torture_timer_start(&timer, RING_TIMER_NS);
	while (torture_running()) {
		ring_append(actor);
		if (!torture_below(&actor->random, 64))
			torture_migrate(&actor->random);
	}
	torture_timer_stop(&timer);
	ring_over = NULL;
	return NULL;
}

/* ---- consumers ----------------------------------------------------------- */

/* @last: of each actor in this copy of the ring, the number after its last. */
static void ring_check_record(const void *data, uint32_t bytes, uint64_t *last)
{
	const struct ring_record *record = data;

	TORTURE_CHECK(bytes >= RING_RECORD_HEAD);
	TORTURE_CHECK(record->fill <= RING_FILL_MAX);
	TORTURE_CHECK(bytes == RING_RECORD_HEAD + record->fill);
	TORTURE_CHECK(record->actor < RING_ACTORS);
	TORTURE_CHECK(record->check == ring_check(record));
	TORTURE_CHECK(record->number >= last[record->actor]);
	last[record->actor] = record->number + 1;
}

static uint64_t ring_last[RING_COPIES][RING_ACTORS];

static void ring_drain_cpu(uint32_t cpu)
{
	uint64_t *last = ring_last[cpu == CPUSLAB_SHARED ? RING_LIMIT : cpu];
	struct cpuslab_ring_view view;
	uint64_t at, end;
	const void *data;
	uint32_t bytes;

	if (cpuslab_ring_view_init(&view, &ring_lossless, cpu))
		return;
	end = cpuslab_ring_tail(&view);
	at = cpuslab_ring_consumed(&view);
	TORTURE_CHECK(end - at <= RING_PAGES * cpuslab_port_page_size());
	while (cpuslab_ring_next(&view, &at, end, &data, &bytes)) {
		ring_check_record(data, bytes, last);
		ring_consumed[((const struct ring_record *)data)->actor]++;
	}
	cpuslab_ring_consume(&view, at);
}

static void ring_drain(void)
{
	uint32_t cpu;

	cpuslab_read_enter();
	ring_drain_cpu(CPUSLAB_SHARED);
	for (cpu = 0; (cpu = cpuslab_remote_next(&ring_lossless.handle, cpu)) !=
		      CPUSLAB_NO_CPU;
	     cpu++)
		ring_drain_cpu(cpu);
	cpuslab_read_exit();
}

static void *ring_consumer(void *arg)
{
	uint64_t random = torture_stream(100);

	while (torture_running()) {
		ring_drain();
		if (!torture_below(&random, 16))
			torture_migrate(&random);
	}
	return arg;
}

static void ring_copy_cpu(uint32_t cpu, uint64_t *at, uint64_t *last)
{
	struct ring_record record;
	struct cpuslab_ring_view view;
	uint32_t bytes;
	int result;

	if (cpuslab_ring_view_init(&view, &ring_newest, cpu))
		return;
	while (!(result = cpuslab_ring_copy(&view, at, &record, sizeof(record),
					    &bytes, &ring_skipped))) {
		ring_check_record(&record, bytes, last);
		ring_copied++;
	}
	TORTURE_IS(result, CPUSLAB_EMPTY);
}

static void *ring_copier(void *arg)
{
	static uint64_t at[RING_COPIES], last[RING_COPIES][RING_ACTORS];
	uint64_t random = torture_stream(101);

	while (torture_running()) {
		uint32_t cpu = (uint32_t)torture_below(&random, RING_COPIES);

		cpuslab_read_enter();
		ring_copy_cpu(cpu == RING_LIMIT ? CPUSLAB_SHARED : cpu,
			      &at[cpu], last[cpu]);
		cpuslab_read_exit();
		torture_migrate(&random);
	}
	return arg;
}

static void *ring_storm(void *arg)
{
	uint64_t random = torture_stream(300);

	while (torture_running())
		torture_storm_step(ring_domain, RING_LIMIT, &random);
	return arg;
}

static void ring_setup(void)
{
	size_t bytes = RING_PAGES * cpuslab_port_page_size();
	uint32_t i;

	torture_fake_limit(RING_LIMIT);
	torture_handler(ring_handler);
	TORTURE_OK(cpuslab_domain_create(&ring_domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&ring_slab, ring_domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&ring_slab_newest, ring_domain, NULL));
	TORTURE_OK(cpuslab_ring_init(&ring_lossless, ring_slab, bytes, 0));
	TORTURE_OK(cpuslab_ring_init(&ring_newest, ring_slab_newest, bytes,
				     CPUSLAB_RING_OVERWRITE));
	for (i = 0; i < RING_ACTORS; i++) {
		ring_actors[i].name = i;
		ring_actors[i].random = torture_stream(i);
	}
}

static void ring_end(void)
{
	uint64_t lost = 0, appended = 0;
	struct cpuslab_stats stats;
	uint32_t i;

	ring_drain();
	for (i = 0; i < RING_ACTORS; i++) {
		TORTURE_IS(ring_consumed[i], ring_actors[i].appended);
		appended += ring_actors[i].appended;
		lost += ring_actors[i].lost;
	}
	TORTURE_IS(cpuslab_ring_lost(&ring_lossless), lost);
	cpuslab_stats_get(ring_slab, &stats);
	printf("  %llu records consumed, %llu lost; %llu rings released\n",
	       (unsigned long long)appended, (unsigned long long)lost,
	       (unsigned long long)stats.releases);
	printf("  %llu records copied, %llu bytes skipped\n",
	       (unsigned long long)ring_copied,
	       (unsigned long long)ring_skipped);
	cpuslab_ring_fini(&ring_lossless);
	cpuslab_ring_fini(&ring_newest);
	TORTURE_OK(cpuslab_slab_check(ring_slab));
	TORTURE_OK(cpuslab_slab_check(ring_slab_newest));
	cpuslab_slab_destroy(ring_slab);
	cpuslab_slab_destroy(ring_slab_newest);
	cpuslab_domain_destroy(ring_domain);
}

int main(int argc, char **argv)
{
	void *(*others[])(void *) = { ring_consumer, ring_copier, ring_storm };
	pthread_t threads[RING_WORKERS + 3];
	int i;

	torture_begin(argc, argv, "Rings lose nothing that is not counted.");
	ring_setup();
	for (i = 0; i < RING_WORKERS; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL, ring_worker,
					  &ring_actors[i * 2]));
	for (; i < RING_WORKERS + 3; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL,
					  others[i - RING_WORKERS], NULL));
	while (i--)
		TORTURE_OK(pthread_join(threads[i], NULL));
	ring_end();
	return torture_end();
}
