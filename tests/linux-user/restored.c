/* SPDX-License-Identifier: MIT */
/*
 * restored.c - a process that was restored from a checkpoint: the kernel no
 * longer knows that it had registered for membarrier. This program's syscall()
 * plays that kernel, which refuses until somebody registers again; then one
 * that refuses for good, as a filter does that is installed late.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/membarrier.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#include "torture/torture.h"

#define RESTORED_REGISTER (1 << 8) /* REGISTER_PRIVATE_EXPEDITED_RSEQ */
#define RESTORED_ABSENT 5u         /* a CPU that does not exist */
#define RESTORED_ROUNDS 10

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
	restored_refuses = true;
	restored_rounds();
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	return torture_end();
}
