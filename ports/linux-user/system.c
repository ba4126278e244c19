/* SPDX-License-Identifier: MIT */
/*
 * system.c - initialisation, clock, log, panic.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "private.h"
#include "../../lib/base/format.h"

#define SYSTEM_LINE 1024 /* bytes; a longer one is cut off */

void cpuslab__system_init(const sigset_t *program)
{
	cpuslab__sums_init(cpuslab__fence_init());
	cpuslab__rcu_thread_init(program);
}

/*
 * A filter of system calls may end a process that calls mbind(), as that of
 * systemd's SystemCallFilter=~@resources, and only on machines with several
 * nodes. Nothing shows what a filter allows, so under any filter such a call is
 * not made. Of EINVAL: the kernel has no filters.
 */
bool cpuslab__calls_are_filtered(void)
{
	int mode = prctl(PR_GET_SECCOMP, 0, 0, 0, 0);

	return mode > 0 || (mode < 0 && errno != EINVAL);
}

uint64_t cpuslab_port_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/*
 * Deferred as well: where a thread is cancelled asynchronously at the moment at
 * which it disables that, glibc sends it a signal whose handler looks at the
 * type only.
 */
int cpuslab__cancel_disable(void)
{
	int type, state;

	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	return type << 8 | state;
}

void cpuslab__cancel_restore(int before)
{
	pthread_setcancelstate(before & 0xff, NULL);
	pthread_setcanceltype(before >> 8, NULL);
}

/*
 * What futex() takes. In a program of 32 bits with a time_t of 64, a struct
 * timespec is another one, in which futex() would find a time of 0. The type is
 * long, but on x32.
 */
struct system_timeout {
	__kernel_long_t s;
	__kernel_long_t ns;
};

bool cpuslab__futex_wait(uint32_t *word, uint32_t value, long ns)
{
	const struct system_timeout timeout = { ns / 1000000000L,
						ns % 1000000000L };
	int saved = errno;
	bool woken;

	woken = !syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value,
			 ns < 0 ? NULL : &timeout, NULL, 0) ||
		errno != ETIMEDOUT;
	errno = saved;
	return woken;
}

void cpuslab_port_nap(uint32_t us)
{
	uint32_t never = 0;

	cpuslab__futex_wait(&never, 0, (long)us * 1000);
}

void cpuslab__futex_wake(uint32_t *word, int threads)
{
	int saved = errno;

	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, threads, NULL, NULL, 0);
	errno = saved;
}

void cpuslab__pause(long ns)
{
	uint32_t nobody = 0;

	cpuslab__futex_wait(&nobody, 0, ns);
}

struct timespec cpuslab__deadline(clockid_t clock, long ns)
{
	struct timespec when;

	clock_gettime(clock, &when);
	when.tv_nsec += ns;
	if (when.tv_nsec >= 1000000000L) {
		when.tv_nsec -= 1000000000L;
		when.tv_sec++;
	}
	return when;
}

uint32_t cpuslab_port_error_get(void)
{
	return (uint32_t)errno;
}

void cpuslab_port_error_set(uint32_t error)
{
	errno = (int)error;
}

/*
 * Not by stderr: another thread may have its lock, and with musl a child of a
 * fork waits for that for good. Nor is it a cancellation point.
 */
static void system_write(const char *prefix, const char *line)
{
	char buf[SYSTEM_LINE];
	struct cpuslab__text text = { buf, sizeof(buf), 0 };

	cpuslab__text_string(&text, prefix);
	cpuslab__text_string(&text, line);
	cpuslab__text_string(&text, "\n");
	syscall(SYS_write, STDERR_FILENO, buf, cpuslab__string_length(buf));
}

void cpuslab_port_log(const char *line)
{
	system_write("cpuslab: ", line);
}

void cpuslab_port_panic(const char *line)
{
	system_write("", line);
	abort();
}
