/* SPDX-License-Identifier: MIT */
/*
 * sandbox.c - a process without /sys and /proc.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cpuslab/counter.h>
#include <cpuslab/cpumask.h>

#include "discover.h"
#include "torture/torture.h"

static void sandbox_enter(void)
{
	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		torture_skip("no mount namespace is permitted");
	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/sys", "tmpfs", 0, NULL) ||
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

/* In a child, because tools that watch the program need /proc at its end. */
int main(int argc, char **argv)
{
	int status;
	pid_t child;

	torture_begin(argc, argv, "No /sys, no /proc.");
	child = fork();
	TORTURE_CHECK(child >= 0);
	if (!child) {
		sandbox_enter();
		test_tcmalloc_245_214_no_sys_no_proc();
		_exit(0);
	}
	TORTURE_CHECK(waitpid(child, &status, 0) == child);
	TORTURE_CHECK(WIFEXITED(status));
	if (WEXITSTATUS(status) == TORTURE_SKIP)
		return TORTURE_SKIP;
	TORTURE_OK(WEXITSTATUS(status));
	return torture_end();
}
