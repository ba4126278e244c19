/* SPDX-License-Identifier: MIT */
/*
 * hardened.c - a machine with two nodes, and a filter of system calls such as
 * systemd's SystemCallFilter=~@resources, which ends the process or returns an
 * error. No call that it forbids is made, whenever it was installed.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#include "torture/fake.h"
#include "torture/filter.h"
#include "torture/torture.h"

#define HARDENED_OBJECTS 300

/* @resources of systemd 252, and @memlock. */
static const unsigned int hardened_calls[] = {
	SYS_ioprio_set,     SYS_mbind,
	SYS_migrate_pages,  SYS_move_pages,
	SYS_sched_setattr,  SYS_sched_setaffinity,
	SYS_sched_setparam, SYS_sched_setscheduler,
	SYS_set_mempolicy,  SYS_setpriority,
	SYS_mlock,          SYS_mlock2,
	SYS_mlockall,       SYS_munlock,
	SYS_munlockall,
#ifdef SYS_setrlimit
	SYS_setrlimit,
#endif
};

#define HARDENED_CALLS (sizeof(hardened_calls) / sizeof(hardened_calls[0]))

static void hardened_two_nodes(void)
{
	fake_begin();
	fake_put("devices/system/cpu/possible", "0-3\n");
	fake_put("devices/system/node/possible", "0-1\n");
	fake_put("devices/system/node/online", "0-1\n");
	fake_put("devices/system/node/node0/cpulist", "0,2\n");
	fake_put("devices/system/node/node1/cpulist", "1,3\n");
	fake_use(true, false);
}

static int hardened_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	*(uint64_t *)object = 0;
	return CPUSLAB_OK;
}

static const struct cpuslab_type hardened_type = {
	.name = "constructed",
	.size = 4096,
	.counters = 1,
	.ctor = hardened_ctor,
	.flags = CPUSLAB_TYPE_DISCARD | CPUSLAB_TYPE_SIGNAL_SAFE,
};

/* Growth, admissions by calls and by operations, releases. */
static void hardened_use(struct cpuslab_domain *domain,
			 struct cpuslab_slab *slab)
{
	struct cpuslab_percpu handles[HARDENED_OBJECTS];
	uint32_t cpu;
	int i;

	for (i = 0; i < HARDENED_OBJECTS; i++) {
		TORTURE_OK(cpuslab_alloc(slab, &hardened_type, &handles[i]));
		TORTURE_OK(cpuslab_add(&handles[i], 0, 1));
	}
	for (cpu = 0; cpu < 4; cpu++)
		TORTURE_OK(cpuslab_domain_remove(domain, cpu));
	TORTURE_CHECK(torture_settle(slab));
	TORTURE_OK(cpuslab_add(&handles[0], 0, 1));
	for (cpu = 0; cpu < 4; cpu++)
		TORTURE_OK(cpuslab_domain_add_complete(domain, cpu));
	TORTURE_OK(cpuslab_domain_resync(domain));
	TORTURE_IS((long)cpuslab_sum(&handles[0], 0), 2L);
	for (i = 0; i < HARDENED_OBJECTS; i++)
		TORTURE_OK(cpuslab_free(slab, &handles[i]));
}

/* What is forbidden, how, and whether from the start. */
struct hardened_case {
	const unsigned int *calls;
	size_t count;
	unsigned int action;
	bool late;
};

static void hardened_install(const struct hardened_case *it)
{
	filter_install(it->calls, it->count, it->action);
}

static void hardened_run(const struct hardened_case *it)
{
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_counter counter;

	hardened_two_nodes();
	if (!it->late)
		hardened_install(it);
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	if (it->late)
		hardened_install(it);
	hardened_use(domain, slab);
	TORTURE_OK(cpuslab_slab_check(slab));
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	fake_remove();
}

/* In a child. */
static void hardened_child(const struct hardened_case *it)
{
	int status;
	pid_t child = fork();

	TORTURE_CHECK(child >= 0);
	if (!child) {
		hardened_run(it);
		_exit(0);
	}
	TORTURE_CHECK(waitpid(child, &status, 0) == child);
	TORTURE_CHECK(WIFEXITED(status));
	if (WEXITSTATUS(status) == TORTURE_SKIP)
		exit(TORTURE_SKIP);
	TORTURE_OK(WEXITSTATUS(status));
}

static void test_no_call_that_hardened_services_forbid(void)
{
	static const unsigned int actions[] = {
		SECCOMP_RET_ERRNO | EPERM,
		SECCOMP_RET_KILL_PROCESS,
	};
	size_t i;

	for (i = 0; i < 4; i++) {
		const struct hardened_case it = {
			hardened_calls,
			HARDENED_CALLS,
			actions[i / 2],
			i % 2,
		};

		hardened_child(&it);
	}
}

/* None loses a count, or hangs. */
static void test_each_call_may_fail(void)
{
	static const unsigned int calls[][2] = {
		{ SYS_openat, SYS_openat },
		{ SYS_sched_getaffinity, SYS_sched_getaffinity },
		{ SYS_membarrier, SYS_membarrier },
		{ SYS_madvise, SYS_madvise },
		{ SYS_clone, SYS_clone3 },
		{ SYS_prctl, SYS_get_mempolicy },
	};
	size_t i;

	for (i = 0; i < 4 * sizeof(calls) / sizeof(calls[0]); i++) {
		const struct hardened_case it = {
			calls[i / 4],
			2,
			SECCOMP_RET_ERRNO | (i % 2 ? ENOSYS : EPERM),
			i / 2 % 2,
		};

		hardened_child(&it);
	}
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "Filters of system calls, and two nodes.");
	torture_skip_under(TORTURE_VALGRIND | TORTURE_TSAN);
	test_no_call_that_hardened_services_forbid();
	test_each_call_may_fail();
	return torture_end();
}
