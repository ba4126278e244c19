/* SPDX-License-Identifier: MIT */
/*
 * soak.c - all structures and all changes at once, in rounds, for as long as
 * you like. At the end of a round each total is exact; at the end of all of
 * them the process holds no more than after the first ones (level.h).
 *
 * A line of JSON says what a round did and what the process then held.
 *
 * Arguments: a plugin that comes and goes. What the environment may say, apart
 * from what it says to all torture programs:
 *
 *	CPUSLAB_SOAK_ROUND   seconds of a round (a twelfth of the time, and 20
 *	                     at most); the time is half that of a torture, as
 *	                     the threads keep two CPUs busy
 *	CPUSLAB_SOAK_TURNS   if set, a round begins when a line arrives, and the
 *	                     last one has ended when the input does
 *	CPUSLAB_SOAK_FAULT   what each round is to lose: add, memory, mapping,
 *	                     file, thread, in a test of the soak itself
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cpuslab/hotplug.h>
#include <cpuslab/stats.h>

#include "cpus.h"
#include "crowd.h"
#include "level.h"
#include "torture/process.h"
#include "torture/torture.h"

#define SOAK_ROUNDS 12
#define SOAK_LONGEST 20 /* seconds */
#define SOAK_HANG 600u  /* seconds beyond a round */
#define SOAK_CHILD 0.02 /* seconds */
#define SOAK_RESCAN_MS 50
#define SOAK_LOST ((size_t)1 << 20) /* bytes */

static uint32_t soak_rounds;
static double soak_length; /* of a round, in seconds */
static void *volatile soak_lost;

/* ---- faults -------------------------------------------------------------- */

static void *soak_wait(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void soak_lose(void)
{
	const char *what = getenv("CPUSLAB_SOAK_FAULT");
	pthread_t thread;

	if (!what)
		return;
	if (!strcmp(what, "add"))
		process_lose();
	else if (!strcmp(what, "memory"))
		memset(soak_lost = malloc(SOAK_LOST), 1, SOAK_LOST);
	else if (!strcmp(what, "mapping")) /* shared ones do not merge */
		mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	else if (!strcmp(what, "file"))
		TORTURE_CHECK(dup(STDOUT_FILENO) >= 0);
	else if (!strcmp(what, "thread"))
		TORTURE_OK(pthread_create(&thread, NULL, soak_wait, NULL));
}

/* ---- a round ------------------------------------------------------------- */

static void soak_use(double seconds)
{
	const char *wrong;

	torture_phase(seconds);
	crowd_start();
	process_start();
	process_join();
	crowd_join();
	cpus_restore();
	wrong = crowd_stop();
	if (wrong)
		torture_failed(__FILE__, __LINE__, wrong);
	process_check();
}

/* A child does a short round of its own. */
static void soak_child(void)
{
	soak_use(SOAK_CHILD);
	_exit(0);
}

static void soak_print(const long *level)
{
	int kind;

	printf("{\"round\": %u, \"mode\": \"%s\", \"seconds\": %g, "
	       "\"steps\": %llu, \"changes\": %llu, \"cpu_sets\": %llu, "
	       "\"forks\": %llu, \"cancelled\": %llu, \"plugins\": %llu, "
	       "\"jumps\": %llu, \"refusals\": %llu",
	       (unsigned int)soak_rounds, torture_atomic() ? "atomic" : "rseq",
	       soak_length, (unsigned long long)crowd_steps,
	       (unsigned long long)(crowd_changes +
				    process_counts[PROCESS_CHANGES]),
	       (unsigned long long)cpus_changes,
	       (unsigned long long)process_counts[PROCESS_FORKS],
	       (unsigned long long)process_counts[PROCESS_CANCELS],
	       (unsigned long long)process_counts[PROCESS_PLUGINS],
	       (unsigned long long)process_counts[PROCESS_JUMPS],
	       (unsigned long long)process_counts[PROCESS_REFUSALS]);
	for (kind = 0; kind < LEVEL_KINDS; kind++)
		printf(", \"%s\": %ld", level_names[kind], level[kind]);
	printf("}\n");
	fflush(stdout);
}

static void soak_round(void)
{
	int status;
	pid_t child;

	soak_rounds++;
	alarm((unsigned int)soak_length + SOAK_HANG);
	soak_use(soak_length);
	child = fork();
	if (!child)
		soak_child();
	TORTURE_CHECK(waitpid(child, &status, 0) == child);
	TORTURE_OK(status);
	soak_lose();
	soak_print(level_take());
}

/* ---- all rounds ---------------------------------------------------------- */

static double soak_seconds(void)
{
	return torture_seconds() / 2;
}

static double soak_environment(void)
{
	const char *round = getenv("CPUSLAB_SOAK_ROUND");
	double length = soak_seconds() / SOAK_ROUNDS;

	if (round && atof(round) > 0)
		return atof(round);
	return length < SOAK_LONGEST ? length : SOAK_LONGEST;
}

static void soak_by_turns(void)
{
	char line[16];

	while (fgets(line, sizeof(line), stdin))
		soak_round();
}

static void soak_by_time(void)
{
	double left = soak_seconds();

	for (; left > 0 || soak_rounds < LEVEL_LEAST; left -= soak_length)
		soak_round();
}

int main(int argc, char **argv)
{
	const struct process_hooks hooks = { crowd_interrupted, crowd_child };
	const struct cpuslab_hotplug_config config = {
		.size = sizeof(config),
		.rescan_ms = SOAK_RESCAN_MS,
	};
	struct cpuslab_hotplug *hotplug;

	torture_begin(1, argv, "All structures and all changes at once.");
	torture_skip_under(TORTURE_SANITIZER | TORTURE_VALGRIND |
			   TORTURE_EMULATOR);
	soak_length = soak_environment();
	level_begin();
	cpus_begin();
	process_begin(argc > 1 ? argv[1] : NULL, &hooks);
	TORTURE_OK(cpuslab_hotplug_create(&hotplug, process_domain, &config));
	if (getenv("CPUSLAB_SOAK_TURNS"))
		soak_by_turns();
	else
		soak_by_time();
	cpuslab_hotplug_destroy(hotplug);
	process_end();
	if (!level_judge())
		torture_failed(__FILE__, __LINE__, "the process grows");
	return torture_end();
}
