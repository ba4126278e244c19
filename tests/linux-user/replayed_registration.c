/* SPDX-License-Identifier: MIT */
/*
 * replayed_registration.c - the counterexamples of tests/models/
 * registration.pml, as a thread's way through registration.c: with the bug that
 * a schedule is named after it ends registered, and so here it does not.
 *
 *	replayed_registration [BUG]
 *
 * The file is compiled as for musl, with its system calls and those of the C
 * library replaced. Each has a point before it and one after, where signal
 * handlers run when the schedule says so. A handler runs to its end.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cpuslab/log_hook.h>

#include "private.h"

static long replayed_rseq(long number, void *area, size_t bytes, int flags,
			  uint32_t signature);
static int replayed_key_set(pthread_key_t key, const void *value);

#undef __GLIBC__
#define syscall replayed_rseq
#define pthread_setspecific replayed_key_set
#include "../../ports/linux-user/registration.c"

#define REPLAYED_ROUNDS 2 /* of destructors, as in the model */

__thread struct cpuslab__thread cpuslab__thread;

void cpuslab__log_line(const char *line)
{
	puts(line);
}

static const struct {
	const char *model, *bug, *steps;
} replayed_schedules[] = {
#include "models/schedules.inc"
};

static struct {
	const char *steps; /* that are left */
	bool in_handler;
	bool key;        /* has a value */
	bool registered; /* the kernel writes to the thread's memory */
} replayed;

/* ---- the order of the steps ---------------------------------------------- */

static bool replayed_next_is(const char *step)
{
	return !strncmp(replayed.steps, step, strlen(step));
}

static void replayed_pass(void)
{
	replayed.steps += strcspn(replayed.steps, " ");
	replayed.steps += strspn(replayed.steps, " ");
}

static void replayed_point(void)
{
	if (replayed.in_handler)
		return;
	while (replayed_next_is("handlers:")) {
		if (replayed_next_is("handlers:interrupts")) {
			replayed.in_handler = true;
			registration_thread();
			replayed.in_handler = false;
		}
		replayed_pass();
	}
}

/* The thread's next step. One that is not next in the schedule is not in it. */
static bool replayed_step(const char *step)
{
	bool is_next;

	replayed_point();
	is_next = !replayed.in_handler && replayed_next_is(step);
	if (is_next)
		replayed_pass();
	return is_next;
}

/* ---- the system and the C library ---------------------------------------- */

static long replayed_rseq(long number, void *area, size_t bytes, int flags,
			  uint32_t signature)
{
	bool busy = !flags && replayed.registered;

	(void)number;
	(void)area;
	(void)bytes;
	(void)signature;
	replayed_step(flags ? "thread:unregisters" : "thread:registers");
	replayed.registered = !flags;
	replayed_point();
	errno = EBUSY;
	return busy ? -1 : 0;
}

static int replayed_key_set(pthread_key_t key, const void *value)
{
	(void)key;
	replayed_step("thread:sets_key");
	replayed.key = value != NULL;
	replayed_point();
	return 0;
}

/* ---- a thread ------------------------------------------------------------ */

static void replayed_use(void)
{
	if (replayed_step("thread:misses"))
		registration_thread();
	else
		replayed_step("thread:hits");
}

static void replayed_destruct(void)
{
	if (!replayed.key)
		return;
	replayed_step("thread:destructs");
	replayed.key = false;
	registration_end(&registration_area);
}

/* Does it end registered? */
static bool replayed_thread(const char *steps)
{
	int round;

	memset(&replayed, 0, sizeof(replayed));
	memset(&cpuslab__thread, 0, sizeof(cpuslab__thread));
	replayed.steps = steps;
	replayed_use();
	for (round = 0; round < REPLAYED_ROUNDS; round++) {
		replayed_destruct();
		replayed_use();
	}
	/* In the last round a key may be set that no destructor sees. */
	replayed_destruct();
	replayed_point();
	return replayed.registered;
}

int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : NULL;
	int count = 0, failed = 0;
	size_t i;

	for (i = 0;
	     i < sizeof(replayed_schedules) / sizeof(*replayed_schedules);
	     i++) {
		if (strcmp(replayed_schedules[i].model, "registration") ||
		    (only && strcmp(replayed_schedules[i].bug, only)))
			continue;
		printf("%s: %s\n", replayed_schedules[i].bug,
		       replayed_schedules[i].steps);
		count++;
		if (replayed_thread(replayed_schedules[i].steps)) {
			printf("failed: the thread ends registered\n");
			failed++;
		} else if (*replayed.steps) {
			printf("failed: not along the schedule: %s\n",
			       replayed.steps);
			failed++;
		}
	}
	return failed || !count;
}
