/* SPDX-License-Identifier: MIT */
/*
 * torture_cas16.c - two words change together, in threads, in signal handlers
 * that interrupt them, and in children that are forked meanwhile.
 *
 * Each pair is {n, 2 * n} after n swaps. An alarm ends a child that waits for a
 * thread that it does not have.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cas16.h"

#include "torture/torture.h"

#define CAS16_WORKERS 4
#define CAS16_PAIRS 3u
#define CAS16_TIMER_NS 150000
#define CAS16_CHILD_SECONDS 20u
#define CAS16_CHILD_SWAPS 100

struct cas16_actor {
	uint64_t random CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE);
	uint64_t swaps[CAS16_PAIRS]; /* W this actor */
};

static struct cpuslab_pair cas16_pairs[CAS16_PAIRS];
static struct cas16_actor cas16_actors[CAS16_WORKERS][2];
static bool cas16_child; /* may have inherited half a swap */
static uint64_t cas16_forks;
static __thread struct cas16_actor *cas16_over;

static bool cas16_try(struct cpuslab_pair *pair)
{
	struct cpuslab_pair was, now;
	bool done;

	was.second = cpuslab_load_acquire_u64(&pair->second);
	was.first = cpuslab_load_acquire_u64(&pair->first);
	now.first = was.first + 1;
	now.second = was.second + 2;
	errno = EDOM;
	done = cpuslab__cas16(pair, was, now);
	TORTURE_CHECK(errno == EDOM);
	TORTURE_CHECK(!done || cas16_child || was.second == 2 * was.first);
	return done;
}

static void cas16_step(struct cas16_actor *actor)
{
	uint32_t i = torture_below(&actor->random, CAS16_PAIRS);

	actor->swaps[i] += cas16_try(&cas16_pairs[i]);
}

static void cas16_handler(int signal)
{
	(void)signal;
	if (cas16_over)
		cas16_step(cas16_over);
}

static void *cas16_worker(void *arg)
{
	struct cas16_actor *actor = arg;
	struct torture_timer timer;

	cas16_over = actor + 1;
	torture_timer_start(&timer, CAS16_TIMER_NS);
	while (torture_running())
		cas16_step(actor);
	torture_timer_stop(&timer);
	cas16_over = NULL;
	return NULL;
}

static void cas16_in_child(void)
{
	uint32_t i;

	alarm(CAS16_CHILD_SECONDS);
	cas16_child = true;
	for (i = 0; i < CAS16_PAIRS * CAS16_CHILD_SWAPS; i++)
		TORTURE_CHECK(cas16_try(&cas16_pairs[i % CAS16_PAIRS]));
	_exit(0);
}

static void cas16_fork(void)
{
	pid_t child = fork();
	int status;

	TORTURE_CHECK(child >= 0);
	if (!child)
		cas16_in_child();
	TORTURE_CHECK(waitpid(child, &status, 0) == child);
	TORTURE_IS(status, 0);
	cas16_forks++;
}

static void cas16_exact(void)
{
	uint64_t swaps, total = 0;
	uint32_t i, actor;

	for (i = 0; i < CAS16_PAIRS; i++) {
		swaps = 0;
		for (actor = 0; actor < CAS16_WORKERS; actor++)
			swaps += cas16_actors[actor][0].swaps[i] +
				 cas16_actors[actor][1].swaps[i];
		TORTURE_CHECK(cas16_pairs[i].first == swaps);
		TORTURE_CHECK(cas16_pairs[i].second == 2 * swaps);
		total += swaps;
	}
	printf("  %llu swaps, %llu forks\n", (unsigned long long)total,
	       (unsigned long long)cas16_forks);
}

int main(int argc, char **argv)
{
	pthread_t threads[CAS16_WORKERS];
	int i;

	torture_begin(argc, argv, "Two words change together.");
	torture_handler(cas16_handler);
	for (i = 0; i < CAS16_WORKERS; i++) {
		cas16_actors[i][0].random = torture_stream((uint64_t)i);
		cas16_actors[i][1].random = torture_stream((uint64_t)i + 50);
		TORTURE_OK(pthread_create(&threads[i], NULL, cas16_worker,
					  cas16_actors[i]));
	}
	while (torture_running())
		if (torture_is_under(TORTURE_EMULATOR))
			usleep(10000);
		else
			cas16_fork();
	while (i--)
		TORTURE_OK(pthread_join(threads[i], NULL));
	cas16_exact();
	return torture_end();
}
