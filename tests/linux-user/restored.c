/* SPDX-License-Identifier: MIT */
/*
 * restored.c - a process that was restored from a checkpoint has lost some of
 * what it had asked the kernel for:
 *
 *	its registration for membarrier: this program's syscall() refuses until
 *	somebody registers again; and then for good, as a filter does that is
 *	installed late
 *	the advice that a page be cleared in children
 *	a timer, if it had ended and had not been read: it ends no more
 *
 * tests/vm/scenarios/user_restore.py has a real checkpoint.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#include "hotplug_private.h"
#include "torture/torture.h"

#ifndef TFD_IOC_SET_TICKS /* <linux/timerfd.h>, which not all have */
#define TFD_IOC_SET_TICKS _IOW('T', 0, uint64_t)
#endif

#define RESTORED_REGISTER (1 << 8) /* REGISTER_PRIVATE_EXPEDITED_RSEQ */
#define RESTORED_ABSENT 5u         /* a CPU that does not exist */
#define RESTORED_ROUNDS 10
#define RESTORED_PATIENCE_MS 10000

static bool restored_unregistered, restored_refuses;
static unsigned int restored_refused;

static bool restored_may(long command)
{
	if (restored_refuses)
		return false;
	if (command == RESTORED_REGISTER)
		restored_unregistered = false;
	return !restored_unregistered || command == MEMBARRIER_CMD_QUERY;
}

static long restored_call(long number, const long *a)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = a[3];
	register long r8 __asm__("r8") = a[4];
	register long r9 __asm__("r9") = a[5];

	__asm__ __volatile__("syscall"
			     : "+a"(number)
			     : "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10),
			       "r"(r8), "r"(r9)
			     : "rcx", "r11", "memory");
	return number;
#else
	(void)a;
	torture_skip("this machine has no system call here");
	return number;
#endif
}

/* In place of the C library's. */
long syscall(long number, ...)
{
	long arguments[6], result;
	va_list list;
	int i;

	va_start(list, number);
	for (i = 0; i < 6; i++)
		arguments[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_membarrier && !restored_may(arguments[0])) {
		__atomic_fetch_add(&restored_refused, 1, __ATOMIC_RELAXED);
		errno = EPERM;
		return -1;
	}
	result = restored_call(number, arguments);
	if (result >= 0 || result < -4095)
		return result;
	errno = (int)-result;
	return -1;
}

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_counter counter;

/* Each round needs fences and a grace period. */
static void restored_rounds(void)
{
	const uint64_t before = cpuslab_counter_sum(&counter);
	struct cpuslab_counter other;
	uint64_t i;

	for (i = 1; i <= RESTORED_ROUNDS; i++) {
		cpuslab_counter_add(&counter, 1);
		TORTURE_OK(cpuslab_counter_init(&other, slab));
		cpuslab_counter_add(&other, i);
		TORTURE_OK(
			cpuslab_domain_add_complete(domain, RESTORED_ABSENT));
		TORTURE_OK(cpuslab_domain_remove(domain, RESTORED_ABSENT));
		TORTURE_CHECK(cpuslab_counter_sum(&other) == i);
		TORTURE_OK(cpuslab_free_rcu(slab, &other.handle));
		TORTURE_CHECK(torture_settle(slab));
		TORTURE_CHECK(cpuslab_counter_sum(&counter) == before + i);
	}
	TORTURE_OK(cpuslab_slab_check(slab));
}

/* ---- children ----------------------------------------------------------- */

/* No page of ours is cleared in children; some of the kernel's stay so. */
static void restored_keep_on_fork(void)
{
	FILE *maps = fopen("/proc/self/smaps", "r");
	unsigned long first, last, begin = 0, end = 0;
	char line[512];

	TORTURE_CHECK(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx ", &first, &last) == 2) {
			begin = first;
			end = last;
		}
		if (!strncmp(line, "VmFlags:", 8) && strstr(line, " wf"))
			madvise((void *)begin, end - begin, MADV_KEEPONFORK);
	}
	fclose(maps);
}

/* A child that runs no fork handlers. */
static pid_t restored_clone(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static bool restored_tells_child(pid_t (*forks)(void))
{
	uint32_t epoch = cpuslab_port_process_epoch();
	pid_t pid = forks();

	if (!pid)
		_exit(cpuslab_port_process_epoch() == epoch);
	return !torture_await(pid);
}

static void test_child(void)
{
	TORTURE_CHECK(restored_tells_child(restored_clone));
	restored_keep_on_fork();
	TORTURE_CHECK(restored_tells_child(fork));
	restored_rounds();
	TORTURE_CHECK(restored_tells_child(restored_clone));
}

/* ---- the timer of a hotplug ---------------------------------------------- */

static void restored_dispatch(struct cpuslab_hotplug *hotplug)
{
	struct pollfd due = { .fd = cpuslab_hotplug_fd(hotplug),
			      .events = POLLIN };

	TORTURE_CHECK(poll(&due, 1, RESTORED_PATIENCE_MS) == 1);
	TORTURE_OK(cpuslab_hotplug_dispatch(hotplug));
}

/* As CRIU saves and restores it: the time that remains is 0. */
static bool restored_timer(int timer)
{
	struct pollfd due = { .fd = timer, .events = POLLIN };
	const uint64_t ticks = 1;
	struct itimerspec when;

	TORTURE_CHECK(poll(&due, 1, RESTORED_PATIENCE_MS) == 1);
	TORTURE_OK(timerfd_gettime(timer, &when));
	memset(&when.it_value, 0, sizeof(when.it_value));
	TORTURE_OK(timerfd_settime(timer, 0, &when, NULL));
	return !ioctl(timer, TFD_IOC_SET_TICKS, &ticks);
}

static void test_timer(void)
{
	const struct cpuslab_hotplug_config config = {
		.rescan_ms = 1,
		.flags = CPUSLAB_HOTPLUG_NO_EVENTS | CPUSLAB_HOTPLUG_NO_THREAD,
	};
	struct cpuslab_hotplug *hotplug;
	int i;

	TORTURE_OK(cpuslab_hotplug_create(&hotplug, domain, &config));
	restored_dispatch(hotplug);
	if (!restored_timer(hotplug->timer))
		printf("  SKIP timer: a kernel without checkpoints\n");
	else
		for (i = 0; i < 3; i++)
			restored_dispatch(hotplug);
	cpuslab_hotplug_destroy(hotplug);
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "Membarrier after a restore.");
	torture_skip_under(TORTURE_VALGRIND | TORTURE_EMULATOR |
			   TORTURE_SANITIZER | TORTURE_TSAN);
	torture_fake_limit(8);
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	restored_rounds();
	TORTURE_CHECK(!restored_refused);
	restored_unregistered = true;
	restored_rounds();
	TORTURE_CHECK(torture_atomic() || restored_refused);
	TORTURE_CHECK(torture_atomic() || !restored_unregistered);
	test_child();
	test_timer();
	restored_refuses = true;
	restored_rounds();
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	return torture_end();
}
