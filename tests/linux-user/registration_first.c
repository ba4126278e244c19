/* SPDX-License-Identifier: MIT */
/*
 * registration_first.c - a process whose first thread cannot be registered for
 * restartable sequences, or must not be.
 *
 * registration_first BY: what registers threads where nothing prevents it. Each
 * case is a child of this process, which uses the library only afterwards.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#include "private.h"
#include "torture/filter.h"
#include "torture/torture.h"

static uint32_t lines; /* logged */

static void log_write(const struct cpuslab_log_hook *hook, const char *line)
{
	(void)hook;
	printf("    %s\n", line);
	lines++;
}

static const struct cpuslab_log_hook log_hook = { .write = log_write };

/* ---- what may happen before -------------------------------------------- */

/* The kernel's struct rseq of librseq, or of an allocator. */
static __thread char owner_area[32] __attribute__((aligned(32)));

static long owner_register(void)
{
	return syscall(SYS_rseq, owner_area, sizeof(owner_area), 0,
		       CPUSLAB__RSEQ_SIGNATURE);
}

static void first_nothing(void)
{
}

static void first_owner(void)
{
	TORTURE_OK(owner_register());
}

static void first_filter(unsigned int action)
{
	static const unsigned int call = SYS_rseq;

	filter_install(&call, 1, action);
}

static void first_enosys(void)
{
	first_filter(SECCOMP_RET_ERRNO | ENOSYS);
}

static void first_eperm(void)
{
	first_filter(SECCOMP_RET_ERRNO | EPERM);
}

static void first_einval(void)
{
	first_filter(SECCOMP_RET_ERRNO | EINVAL);
}

static void first_handler(int signal, siginfo_t *info, void *context)
{
	ucontext_t *at = context;

	(void)signal;
	(void)info;
#if defined(__x86_64__)
	at->uc_mcontext.gregs[REG_RAX] = -EPERM;
#elif defined(__aarch64__)
	at->uc_mcontext.regs[0] = (uint64_t)-EPERM;
#else
	(void)at;
#endif
}

static void first_trap(void)
{
	const struct sigaction action = { .sa_sigaction = first_handler,
					  .sa_flags = SA_SIGINFO };

	TORTURE_OK(sigaction(SIGSYS, &action, NULL));
	first_filter(SECCOMP_RET_TRAP);
}

/* A child shows that the filter does what it should. */
static void first_kill_by(unsigned int action)
{
	pid_t child;
	int status;

	first_filter(action);
	child = fork();
	if (!child) {
		owner_register();
		_exit(0);
	}
	TORTURE_CHECK(waitpid(child, &status, 0) == child);
	TORTURE_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void first_kill(void)
{
	first_kill_by(SECCOMP_RET_KILL_PROCESS);
}

static void first_kill_trap(void)
{
	first_kill_by(SECCOMP_RET_TRAP);
}

static void first_off(void)
{
	TORTURE_OK(setenv("CPUSLAB_RSEQ", "0", 1));
}

static void first_off_kill(void)
{
	first_off();
	first_kill();
}

static void first_off_trap(void)
{
	first_off();
	first_kill_trap();
}

static void first_not_off(void)
{
	TORTURE_OK(setenv("CPUSLAB_RSEQ", "1", 1));
}

/* ---- the first use ------------------------------------------------------- */

struct first {
	const char *name;
	void (*before)(void);
	const char *by; /* this registers threads then; NULL: the usual */
	uint32_t lines; /* that are logged */
	bool signals;   /* TSan delays them */
};

/* Where the library registers threads. */
static const struct first first_own[] = {
	{ "nothing happens", first_nothing, NULL, 0, false },
	{ "other code registers the thread", first_owner, "none", 1, false },
	{ "a filter says ENOSYS", first_enosys, "none", 0, false },
	{ "a filter says EPERM", first_eperm, "none", 0, false },
	{ "a filter says EINVAL", first_einval, "none", 1, false },
	{ "a handler says EPERM", first_trap, "none", 0, true },
	{ NULL, NULL, NULL, 0, false },
};

/* Where it does not, so that it makes no such call. */
static const struct first first_others[] = {
	{ "a filter ends the process", first_kill, NULL, 0, false },
	{ "a filter sends a signal", first_kill_trap, NULL, 0, false },
	{ NULL, NULL, NULL, 0, false },
};

static const struct first first_all[] = {
	{ "CPUSLAB_RSEQ=0", first_off, "none", 0, false },
	{ "the same, a filter ends the process", first_off_kill, "none", 0,
	  false },
	{ "the same, a filter sends a signal", first_off_trap, "none", 0,
	  false },
	{ "CPUSLAB_RSEQ=1", first_not_off, NULL, 0, false },
	{ NULL, NULL, NULL, 0, false },
};

static struct cpuslab_counter counter;

static void *first_thread(void *arg)
{
	TORTURE_OK(cpuslab_counter_add(&counter, 1));
	return arg;
}

/* A C library that registers threads makes the call in each new one. */
static uint64_t first_add(bool threads)
{
	pthread_t thread;

	first_thread(NULL);
	if (!threads)
		return 1;
	TORTURE_OK(pthread_create(&thread, NULL, first_thread, NULL));
	TORTURE_OK(pthread_join(thread, NULL));
	return 2;
}

static void first_use(const struct first *it, const char *by)
{
	struct cpuslab_domain *domain;
	struct cpuslab_stats stats;
	struct cpuslab_slab *slab;
	uint64_t adds;

	cpuslab_log_hook_set(&log_hook);
	it->before();
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	adds = first_add(strcmp(by, "C library") != 0);
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == adds);
	cpuslab_stats_get(slab, &stats);
	if (it->by)
		by = it->by;
	TORTURE_CHECK(!strcmp(stats.registration, by));
	TORTURE_CHECK(stats.atomic == !strcmp(by, "none"));
	TORTURE_CHECK(stats.shared_ops == 0);
	TORTURE_CHECK(lines == it->lines);
	cpuslab_counter_fini(&counter);
	TORTURE_OK(cpuslab_slab_check(slab));
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

static void first_child(const struct first *it, const char *by)
{
	pid_t child;
	int status;

	printf("  %s\n", it->name);
	fflush(stdout);
	child = fork();
	if (!child) {
		first_use(it, by);
		fflush(stdout);
		_exit(0);
	}
	status = torture_await(child);
	if (status == TORTURE_SKIP)
		torture_skip("a child cannot do it");
	TORTURE_OK(status);
}

static void first_children(const struct first *it, const char *by)
{
	for (; it->name; it++)
		if (!it->signals || !torture_is_under(TORTURE_TSAN))
			first_child(it, by);
}

int main(int argc, char **argv)
{
	const char *by = argc > 1 ? argv[1] : "";

	torture_skip_under(TORTURE_VALGRIND | TORTURE_EMULATOR);
	first_children(strcmp(by, "cpuslab") ? first_others : first_own, by);
	first_children(first_all, by);
	torture_begin(1, argv, "");
	return torture_end();
}
