/* SPDX-License-Identifier: MIT */
/*
 * sandbox.c - a process without /sys and /proc, or with a false file in /sys.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cpuslab/counter.h>
#include <cpuslab/cpumask.h>

#include "discover.h"
#include "torture/torture.h"

static void sandbox_private(void)
{
	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		torture_skip("no mount namespace is permitted");
	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL))
		torture_skip("nothing may be mounted");
}

static void sandbox_enter(void)
{
	sandbox_private();
	if (mount("none", "/sys", "tmpfs", 0, NULL) ||
	    mount("none", "/proc", "tmpfs", 0, NULL))
		torture_skip("nothing may be mounted");
	TORTURE_CHECK(access("/sys/devices", F_OK) != 0);
	TORTURE_CHECK(access("/proc/self", F_OK) != 0);
}

static void test_tcmalloc_245_214_no_sys_no_proc(void)
{
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_counter counter;
	const struct cpuslab_cpumask *set;
	struct cpuslab_stats stats;
	uint32_t cpus[64], count = torture_cpus(cpus, 64), i;

	sandbox_enter();
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_CHECK(cpuslab_domain_limit(domain) >= CPUSLAB__CPUS_DEFAULT);
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	for (i = 0; i < count; i++) {
		TORTURE_CHECK(torture_pin(cpus[i]));
		cpuslab_counter_add(&counter, 1);
	}
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == count);
	/* The mask has one CPU now; without /proc the others must stay. */
	TORTURE_OK(cpuslab_domain_resync(domain));
	set = cpuslab_cpumask_get(domain);
	TORTURE_CHECK(cpuslab_cpumask_count(set) == count);
	cpuslab_cpumask_put(set);
	cpuslab_stats_get(slab, &stats);
	TORTURE_CHECK(stats.shared_ops == 0);
	TORTURE_OK(cpuslab_slab_check(slab));
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

/* ---- a list of online CPUs that names too few ---------------------------- */

#define SANDBOX_ONLINE "/sys/devices/system/cpu/online"

static sem_t sandbox_over;

static void *sandbox_idle(void *arg)
{
	while (sem_wait(&sandbox_over))
		continue;
	return arg;
}

static void sandbox_lie(uint32_t cpu)
{
	char path[] = "/tmp/cpuslab-online-XXXXXX";
	int fd;

	sandbox_private();
	fd = mkstemp(path);
	TORTURE_CHECK(fd >= 0 && dprintf(fd, "%u\n", (unsigned int)cpu) > 0);
	close(fd);
	if (mount(path, SANDBOX_ONLINE, "", MS_BIND, NULL)) {
		unlink(path);
		torture_skip("nothing may be mounted");
	}
	unlink(path);
}

static uint32_t sandbox_count(struct cpuslab_domain *domain)
{
	const struct cpuslab_cpumask *set;
	uint32_t count;

	TORTURE_OK(cpuslab_domain_resync(domain));
	set = cpuslab_cpumask_get(domain);
	count = cpuslab_cpumask_count(set);
	cpuslab_cpumask_put(set);
	return count;
}

/*
 * As a container shows it. The caller may use just the CPU that is listed;
 * another thread may use all.
 */
static void test_lxcfs_a_list_that_names_too_few_cpus(void)
{
	struct cpuslab_domain *domain;
	uint32_t cpus[64], count = torture_cpus(cpus, 64);
	pthread_t thread;

	sandbox_lie(cpus[0]);
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(pthread_create(&thread, NULL, sandbox_idle, NULL));
	TORTURE_CHECK(torture_pin(cpus[0]));
	TORTURE_CHECK(sandbox_count(domain) == count);
	sem_post(&sandbox_over);
	TORTURE_OK(pthread_join(thread, NULL));
	/* An emulator and TSan have threads of their own, which may use all. */
	if (!torture_is_under(TORTURE_EMULATOR | TORTURE_TSAN))
		while (sandbox_count(domain) != 1)
			usleep(1000); /* the thread may still be listed */
	cpuslab_domain_destroy(domain);
}

/* In a child, because tools that watch the program need /proc at its end. */
static void sandbox_child(void (*test)(void))
{
	pid_t child = fork();
	int status;

	if (!child) {
		test();
		_exit(0);
	}
	status = torture_await(child);
	if (status == TORTURE_SKIP)
		torture_skip("a child cannot do it");
	TORTURE_OK(status);
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "False or no /sys, no /proc.");
	sandbox_child(test_tcmalloc_245_214_no_sys_no_proc);
	sandbox_child(test_lxcfs_a_list_that_names_too_few_cpus);
	return torture_end();
}
