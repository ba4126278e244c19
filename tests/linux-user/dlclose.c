/* SPDX-License-Identifier: MIT */
/*
 * dlclose.c - threads that have used a plugin continue after it is unloaded: it
 * has left nothing in them (a stale rseq_cs would make the kernel fault).
 *
 * Arguments: the plugins.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <cpuslab/atomic.h>

#include "plugin.h"
#include "torture/torture.h"

#define DLCLOSE_THREADS 3
#define DLCLOSE_ADDS 20000u
#define DLCLOSE_ROUNDS 12

static const struct plugin *dlclose_plugin; /* W main, while idle */
static uint64_t dlclose_turn;  /* W main: odd is work, even is idle */
static uint64_t dlclose_ready; /* W any: threads that have followed the turn */
static bool dlclose_over;

static void dlclose_handler(int signal)
{
	(void)signal;
}

static void dlclose_follow(uint64_t *seen)
{
	uint64_t turn = cpuslab_load_acquire_u64(&dlclose_turn);

	if (turn == *seen)
		return;
	*seen = turn;
	if (turn % 2)
		dlclose_plugin->work(DLCLOSE_ADDS);
	cpuslab_fetch_add_u64(&dlclose_ready, 1);
}

/* Preempted and interrupted all the time, with and without the plugin. */
static void *dlclose_thread(void *arg)
{
	uint64_t random = torture_stream((uintptr_t)arg), seen = 0;
	struct torture_timer timer;

	torture_timer_start(&timer, 200000);
	while (!__atomic_load_n(&dlclose_over, __ATOMIC_ACQUIRE)) {
		dlclose_follow(&seen);
		torture_migrate(&random);
		sched_yield();
	}
	torture_timer_stop(&timer);
	return NULL;
}

static void dlclose_turn_all(void)
{
	cpuslab_store_release_u64(&dlclose_ready, 0);
	cpuslab_store_release_u64(&dlclose_turn, dlclose_turn + 1);
	while (cpuslab_load_acquire_u64(&dlclose_ready) < DLCLOSE_THREADS)
		sched_yield();
}

static bool dlclose_is_unloaded(const char *path)
{
	void *still = dlopen(path, RTLD_NOW | RTLD_NOLOAD);

	if (still)
		dlclose(still);
	return !still;
}

/*
 * The last thing that this thread does with the plugin is an operation on the
 * null handle, which returns by another path; then it is preempted.
 */
static void dlclose_on_null(void *module, unsigned int nth)
{
	int (*on_null)(unsigned int) = dlclose_plugin->on_null;

	sched_yield(); /* a full slice: no preemption before the dlclose */
	TORTURE_IS(on_null(nth), -CPUSLAB_EINVAL);
	TORTURE_OK(dlclose(module));
}

static void dlclose_round(const char *path, unsigned int nth)
{
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!module)
		printf("%s\n", dlerror());
	TORTURE_CHECK(module);
	dlclose_plugin = dlsym(module, "plugin");
	TORTURE_CHECK(dlclose_plugin);
	TORTURE_OK(dlclose_plugin->begin());
	dlclose_turn_all();
	dlclose_plugin->work(DLCLOSE_ADDS);
	TORTURE_CHECK(dlclose_plugin->sum() ==
		      (DLCLOSE_THREADS + 1) * DLCLOSE_ADDS);
	dlclose_plugin->end();
	dlclose_on_null(module, nth);
	TORTURE_CHECK(dlclose_is_unloaded(path));
	dlclose_turn_all();
}

int main(int argc, char **argv)
{
	pthread_t threads[DLCLOSE_THREADS];
	int rounds = DLCLOSE_ROUNDS, i;

	if (argc > 1 && strcmp(argv[1], "--help"))
		torture_begin(1, argv, "");
	else
		torture_begin(argc, argv, "Arguments: the plugins.");
	/* It has no rseq that could be left behind, and may itself fault. */
	torture_skip_under(TORTURE_EMULATOR);
	torture_handler(dlclose_handler);
	for (i = 0; i < DLCLOSE_THREADS; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL, dlclose_thread,
					  (void *)(uintptr_t)i));
	while (rounds--)
		for (i = 1; i < argc; i++)
			dlclose_round(argv[i], (unsigned int)rounds);
	__atomic_store_n(&dlclose_over, true, __ATOMIC_RELEASE);
	for (i = 0; i < DLCLOSE_THREADS; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
	return torture_end();
}
