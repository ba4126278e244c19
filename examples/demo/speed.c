/* SPDX-License-Identifier: MIT */
/*
 * speed.c - what one add costs, compared with two other ways to count.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cpuslab/cpuslab.h>

#include "../../bench/measure.h"
#include "demo.h"
#include "report.h"

#define SPEED_CHUNK_NS 1000000u
#define SPEED_LEAST 20u /* chunks */

struct speed_slot {
	uint64_t count;
} __attribute__((aligned(64)));

struct speed {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_counter counter;
	struct speed_slot *slots;
	uint32_t limit;
	double seconds;
	struct measure_result usual; /* cpuslab, sched_getcpu+atomic */
	struct measure_result local; /* cpuslab, thread-local */
};

static _Thread_local uint64_t speed_local_value;

/* Keeps the compiler from merging two adds. */
#define SPEED_BARRIER() __asm__ __volatile__("" ::: "memory")

static void speed_add(void *arg, uint64_t n)
{
	const struct speed *speed = arg;

	while (n--) {
		cpuslab_counter_add(&speed->counter, 1);
		SPEED_BARRIER();
	}
}

static uint64_t speed_add_count(void *arg)
{
	return cpuslab_counter_sum(&((struct speed *)arg)->counter);
}

static void speed_usual(void *arg, uint64_t n)
{
	const struct speed *speed = arg;

	while (n--) {
		uint32_t cpu = (uint32_t)sched_getcpu();

		if (cpu < speed->limit)
			__atomic_fetch_add(&speed->slots[cpu].count, 1,
					   __ATOMIC_RELAXED);
		SPEED_BARRIER();
	}
}

static uint64_t speed_usual_count(void *arg)
{
	const struct speed *speed = arg;
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < speed->limit; i++)
		sum += speed->slots[i].count;
	return sum;
}

static void speed_local(void *arg, uint64_t n)
{
	(void)arg;
	while (n--) {
		speed_local_value++;
		SPEED_BARRIER();
	}
}

static uint64_t speed_local_count(void *arg)
{
	(void)arg;
	return speed_local_value;
}

/* A thread of its own, because it is pinned. */
static void *speed_measure(void *arg)
{
	struct speed *speed = arg;
	const struct measure_body add = { .name = "cpuslab add",
					  .arg = speed,
					  .run = speed_add,
					  .count = speed_add_count };
	const struct measure_body usual = { .name = "sched_getcpu + atomic",
					    .arg = speed,
					    .run = speed_usual,
					    .count = speed_usual_count };
	const struct measure_body local = { .name = "thread-local",
					    .arg = speed,
					    .run = speed_local,
					    .count = speed_local_count };
	struct measure_plan plan = { .chunk_ns = SPEED_CHUNK_NS };

	/* Four bodies run this often. */
	plan.chunks = (uint32_t)(speed->seconds * 1e9 / SPEED_CHUNK_NS / 4);
	if (plan.chunks < SPEED_LEAST)
		plan.chunks = SPEED_LEAST;
	measure_pin(0);
	measure_pair(&plan, &add, &usual, &speed->usual);
	report_tick();
	measure_pair(&plan, &add, &local, &speed->local);
	return NULL;
}

/* An unoptimised or instrumented build says nothing about speed. */
static bool speed_is_honest(void)
{
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SPEED_SANITIZED
#endif
#endif
#if defined(__OPTIMIZE__) && !defined(CPUSLAB_DEBUG) &&                        \
	!defined(SPEED_SANITIZED) && !defined(__SANITIZE_ADDRESS__) &&         \
	!defined(__SANITIZE_THREAD__)
	return true;
#else
	return false;
#endif
}

static void speed_bar(const char *label, double ns, double most)
{
	char text[32];

	snprintf(text, sizeof(text), "%6.2f ns", ns);
	report_bar(label, ns, most, text);
}

static void speed_report(const struct speed *speed)
{
	double add = speed->usual.a_ns.median;
	double usual = speed->usual.b_ns.median;
	double local = speed->local.b_ns.median;
	double most = usual > add ? usual : add;

	speed_bar("sched_getcpu+atomic", usual, most);
	speed_bar("cpuslab", add, most);
	speed_bar("thread-local ++", local, most);
	report_say(
		"   cpuslab / sched_getcpu+atomic: %.2f; cpuslab / "
		"thread-local: %.2f\n"
		"   (medians of the ratios of %u rounds each, run in turn; a "
		"thread-local ++ is\n"
		"   the least there can be, but it counts by thread, not by "
		"CPU)\n",
		speed->usual.ratio.median, speed->local.ratio.median,
		speed->usual.chunks);
	report_number("cpuslab_ns", add);
	report_number("usual_ns", usual);
	report_number("thread_local_ns", local);
	report_number("ratio_usual", speed->usual.ratio.median);
	report_number("ratio_thread_local", speed->local.ratio.median);
	report_count("rounds", speed->usual.chunks);
}

static void speed_claim(const struct speed *speed)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(speed->slab, &stats);
	if (!speed_is_honest())
		report_say("   a debugging build: no claim about speed\n");
	else if (stats.atomic)
		report_say("   atomic mode: no claim about speed\n");
	else
		report_check(speed->usual.ratio.median < 1,
			     "an add costs less than the usual way");
}

static void speed_run(struct speed *speed)
{
	pthread_t thread;
	int err;

	report_wait("measuring");
	err = pthread_create(&thread, NULL, speed_measure, speed);
	if (err) {
		report_check(false, "no thread to measure: %s", strerror(err));
		return;
	}
	pthread_join(thread, NULL);
	report_wait_end();
	speed_report(speed);
	speed_claim(speed);
	report_check(true, "each way counted every add that was measured");
}

static int speed_init(struct speed *speed)
{
	int err = cpuslab_domain_create(&speed->domain, NULL);

	if (!err)
		err = cpuslab_slab_create(&speed->slab, speed->domain, NULL);
	if (!err)
		err = cpuslab_counter_init(&speed->counter, speed->slab);
	if (err)
		return err;
	speed->limit = cpuslab_domain_limit(speed->domain);
	speed->slots = aligned_alloc(64, speed->limit * sizeof(*speed->slots));
	if (!speed->slots)
		return -CPUSLAB_ENOMEM;
	memset(speed->slots, 0, speed->limit * sizeof(*speed->slots));
	return CPUSLAB_OK;
}

void demo_speed(double seconds)
{
	struct speed speed;
	int err;

	memset(&speed, 0, sizeof(speed));
	speed.seconds = seconds;
	report_part("speed", "5. What one add costs");
	err = speed_init(&speed);
	if (err) {
		report_check(false, "no counter to measure: %s",
			     cpuslab_strerror(err));
		return;
	}
	speed_run(&speed);
	cpuslab_counter_fini(&speed.counter);
	cpuslab_slab_destroy(speed.slab);
	cpuslab_domain_destroy(speed.domain);
	free(speed.slots);
}
