/* SPDX-License-Identifier: MIT */
/*
 * torture.c - appending leaves no holes: a reader sees whole records, each
 * thread's in order, and in the end exactly the records that were appended.
 *
 * Full logs are replaced by pointer and freed with cpuslab_free_rcu() while
 * readers walk them.
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
#include <cpuslab/log.h>
#include <cpuslab/port.h>
#include <cpuslab/read.h>

#include "torture/torture.h"

#define LOG_WORKERS 3
#define LOG_ACTORS (LOG_WORKERS * 2) /* with handlers */
#define LOG_LIMIT 4u
#define LOG_TIMER_NS 150000
#define LOG_CAPACITY 24000u
#define LOG_FILL_MAX 700u

struct log_record {
	uint32_t actor;
	uint32_t fill;   /* bytes that follow */
	uint64_t number; /* of the actor's records */
	uint64_t check;
	unsigned char bytes[LOG_FILL_MAX];
};
#define LOG_RECORD_HEAD offsetof(struct log_record, bytes)

/* One log from its first record to its freeing; kept until the end. */
struct log_round {
	struct cpuslab_log log;
	struct log_round *before;
	uint64_t appended[LOG_ACTORS]; /* W the actor */
	cpuslab_word full;             /* W any: an append found no room */
};

struct log_actor {
	uint32_t name;
	uint64_t number;
	uint64_t random;
	struct log_record record;
};

static struct cpuslab_domain *log_domain;
static struct cpuslab_slab *log_slab;
static struct log_round *log_now; /* W recycler; R any, RCU */
static struct log_actor log_actors[LOG_ACTORS];
static uint64_t log_rounds, log_read, log_appended;
static __thread struct log_actor *log_over;

static uint64_t log_check(const struct log_record *record)
{
	uint64_t check = record->number * 31 + record->actor;
	uint32_t i;

	for (i = 0; i < record->fill; i++)
		check = check * 131 + record->bytes[i];
	return check;
}

/* ---- writing ----------------------------------------------------------- */

static uint32_t log_make(struct log_actor *actor)
{
	struct log_record *record = &actor->record;
	uint32_t i;

	record->actor = actor->name;
	record->fill = torture_below(&actor->random, 8) ?
			       torture_below(&actor->random, 40) :
			       torture_below(&actor->random, LOG_FILL_MAX);
	record->number = actor->number + 1;
	for (i = 0; i < record->fill; i++)
		record->bytes[i] = (unsigned char)(record->number + i);
	record->check = log_check(record);
	return (uint32_t)LOG_RECORD_HEAD + record->fill;
}

static void log_append(struct log_actor *actor)
{
	uint32_t bytes = log_make(actor);
	struct log_round *round;
	int result;

	cpuslab_read_enter();
	/* [log_now] pairs with log_begin(). */
	round = cpuslab_load_acquire_ptr(&log_now);
	result = cpuslab_log_append(&round->log, &actor->record, bytes);
	if (result == CPUSLAB_OK) {
		actor->number++;
		round->appended[actor->name]++;
	}
	cpuslab_read_exit();
	TORTURE_CHECK(result == CPUSLAB_OK || result == CPUSLAB_FULL);
	if (result == CPUSLAB_FULL)
		cpuslab_store_release_u64(&round->full, 1);
}

static void log_handler(int signal)
{
	(void)signal;
	if (log_over)
		log_append(log_over);
}

static void *log_worker(void *arg)
{
	struct log_actor *actor = arg;
	struct torture_timer timer;

	log_over = actor + 1;
	torture_timer_start(&timer, LOG_TIMER_NS);
	while (torture_running()) {
		log_append(actor);
		if (!torture_below(&actor->random, 64))
			torture_migrate(&actor->random);
	}
	torture_timer_stop(&timer);
	log_over = NULL;
	return NULL;
}

/* ---- reading ----------------------------------------------------------- */

static void log_check_record(const void *data, uint32_t bytes, uint64_t *last,
			     uint64_t *count)
{
	const struct log_record *record = data;

	TORTURE_CHECK(bytes >= LOG_RECORD_HEAD);
	TORTURE_CHECK(record->fill <= LOG_FILL_MAX);
	TORTURE_CHECK(bytes == LOG_RECORD_HEAD + record->fill);
	TORTURE_CHECK(record->actor < LOG_ACTORS);
	TORTURE_CHECK(record->check == log_check(record));
	TORTURE_CHECK(record->number > last[record->actor]);
	last[record->actor] = record->number;
	count[record->actor]++;
}

/* Check one CPU's records; return where they end. */
static uint64_t log_walk_cpu(const struct log_round *round, uint32_t cpu,
			     uint64_t *count)
{
	uint64_t last[LOG_ACTORS] = { 0 }, cursor = 0;
	const void *data;
	uint32_t bytes;
	int result;

	while (!(result = cpuslab_log_read(&round->log, cpu, &cursor, &data,
					   &bytes)))
		log_check_record(data, bytes, last, count);
	/* A CPU without a record may be released while it is looked at. */
	if (result == -CPUSLAB_ENOENT)
		TORTURE_IS(cursor, 0);
	else
		TORTURE_IS(result, CPUSLAB_EMPTY);
	return cursor;
}

/* Inside a read section. @still: no append is in progress. */
static void log_walk(const struct log_round *round, uint64_t *count, bool still)
{
	const struct cpuslab_log_cpu *copy;
	uint32_t cpu = CPUSLAB_SHARED;
	uint64_t end;

	for (;;) {
		end = log_walk_cpu(round, cpu, count);
		copy = cpuslab_remote(&round->log.handle, cpu);
		if (still && copy)
			TORTURE_CHECK(copy->tail == end);
		cpu = cpuslab_remote_next(&round->log.handle,
					  cpu == CPUSLAB_SHARED ? 0 : cpu + 1);
		if (cpu == CPUSLAB_NO_CPU)
			return;
	}
}

static void *log_reader(void *arg)
{
	uint64_t random = torture_stream(100);

	while (torture_running()) {
		uint64_t count[LOG_ACTORS] = { 0 };
		int i;

		cpuslab_read_enter();
		log_walk(cpuslab_load_acquire_ptr(&log_now), count, false);
		cpuslab_read_exit();
		for (i = 0; i < LOG_ACTORS; i++)
			log_read += count[i];
		torture_migrate(&random);
	}
	return arg;
}

/* ---- swapping ---------------------------------------------------------- */

static struct log_round *log_begin(void)
{
	struct log_round *round = calloc(1, sizeof(*round));

	TORTURE_CHECK(round);
	TORTURE_OK(cpuslab_log_init(&round->log, log_slab, LOG_CAPACITY));
	round->before = log_now;
	/* [log_now] The log is ready; pairs with log_append(). */
	cpuslab_store_release_ptr(&log_now, round);
	log_rounds++;
	return round;
}

static uint64_t log_graces; /* W the callbacks */

static void log_grace_over(struct cpuslab_rcu *rcu)
{
	(void)rcu;
	cpuslab_fetch_add_u64(&log_graces, 1);
}

/*
 * On return all threads that could append to the old log have left their read
 * sections.
 */
static void log_synchronize(void)
{
	uint64_t before = cpuslab_load_acquire_u64(&log_graces);
	struct cpuslab_rcu rcu;

	cpuslab_port_call_rcu(&rcu, log_grace_over);
	cpuslab_port_rcu_barrier();
	TORTURE_CHECK(cpuslab_load_acquire_u64(&log_graces) == before + 1);
}

static void log_account(const struct log_round *round)
{
	uint64_t count[LOG_ACTORS] = { 0 };
	int i;

	cpuslab_read_enter();
	log_walk(round, count, true);
	cpuslab_read_exit();
	for (i = 0; i < LOG_ACTORS; i++) {
		TORTURE_CHECK(count[i] == round->appended[i]);
		log_appended += count[i];
	}
}

/*
 * Some logs are checked to the last record, others freed under their readers.
 */
static void log_swap(uint64_t *random)
{
	struct log_round *old = log_now;

	log_begin();
	if (torture_below(random, 2)) {
		log_synchronize();
		log_account(old);
	}
	TORTURE_OK(cpuslab_free_rcu(log_slab, &old->log.handle));
}

static void *log_recycler(void *arg)
{
	uint64_t random = torture_stream(200);

	while (torture_running())
		if (cpuslab_load_acquire_u64(&log_now->full))
			log_swap(&random);
		else
			sched_yield();
	return arg;
}

static void *log_storm(void *arg)
{
	uint64_t random = torture_stream(300);

	while (torture_running())
		torture_storm_step(log_domain, LOG_LIMIT, &random);
	return arg;
}

static void log_setup(void)
{
	uint32_t i;

	torture_fake_limit(LOG_LIMIT);
	torture_handler(log_handler);
	TORTURE_OK(cpuslab_domain_create(&log_domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&log_slab, log_domain, NULL));
	for (i = 0; i < LOG_ACTORS; i++) {
		log_actors[i].name = i;
		log_actors[i].random = torture_stream(i);
	}
	log_begin();
}

static void log_end(void)
{
	struct log_round *round = log_now, *before;

	log_account(round);
	cpuslab_log_fini(&round->log);
	TORTURE_OK(cpuslab_slab_check(log_slab));
	cpuslab_slab_destroy(log_slab);
	cpuslab_domain_destroy(log_domain);
	for (; round; round = before) {
		before = round->before;
		free(round);
	}
	printf("  %llu logs, %llu records checked at the end, %llu read before\n",
	       (unsigned long long)log_rounds, (unsigned long long)log_appended,
	       (unsigned long long)log_read);
}

int main(int argc, char **argv)
{
	void *(*others[])(void *) = { log_reader, log_recycler, log_storm };
	pthread_t threads[LOG_WORKERS + 3];
	int i;

	torture_begin(argc, argv, "Logs have whole records and no holes.");
	log_setup();
	for (i = 0; i < LOG_WORKERS; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL, log_worker,
					  &log_actors[i * 2]));
	for (; i < LOG_WORKERS + 3; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL,
					  others[i - LOG_WORKERS], NULL));
	while (i--)
		TORTURE_OK(pthread_join(threads[i], NULL));
	log_end();
	return torture_end();
}
