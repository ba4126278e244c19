/* SPDX-License-Identifier: MIT */
/*
 * syscalls.c - a program in phases, for syscalls.py, which traces it. A write
 * to no descriptor names the phase that begins.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#include "torture/torture.h"

#define SYSCALLS_LARGE ((size_t)1 << 20)

static struct cpuslab_domain *domain, *empty;
static struct cpuslab_slab *slab, *unused;
static struct cpuslab_counter counter, first;
static struct cpuslab_refcount refcount;

static void syscalls_phase(const char *name)
{
	TORTURE_CHECK(write(-1, name, strlen(name)) < 0);
}

static void syscalls_start(void)
{
	const struct cpuslab_domain_config config = {
		.flags = CPUSLAB_HOTPLUG_DOMAIN_FLAGS,
	};

	syscalls_phase("start");
	TORTURE_OK(cpuslab_domain_create(&domain, &config));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	TORTURE_OK(cpuslab_refcount_init(&refcount, slab, NULL));
}

/* A thread that is there from the beginning; it sums in the phase "use". */
static sem_t other_begin, other_done, other_end;

static void syscalls_wait(sem_t *semaphore)
{
	while (sem_wait(semaphore))
		continue;
}

static void *syscalls_other(void *arg)
{
	sem_post(&other_done);
	syscalls_wait(&other_begin);
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == 1);
	sem_post(&other_done);
	syscalls_wait(&other_end);
	return arg;
}

/* An operation on a CPU that has no memory at all; then others, and sums. */
static void syscalls_use(void)
{
	const struct cpuslab_domain_config no_cpus = {
		.flags = CPUSLAB_DOMAIN_START_EMPTY,
	};
	const struct cpuslab_cpumask *mask;

	syscalls_phase("start");
	TORTURE_OK(cpuslab_domain_create(&empty, &no_cpus));
	TORTURE_OK(cpuslab_slab_create(&unused, empty, NULL));
	TORTURE_OK(cpuslab_counter_init(&first, unused));
	syscalls_phase("use");
	cpuslab_counter_add(&first, 1);
	syscalls_start();
	syscalls_phase("use");
	cpuslab_counter_add(&counter, 1);
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == 1);
	TORTURE_CHECK(cpuslab_counter_sum(&first) == 1);
	sem_post(&other_begin);
	syscalls_wait(&other_done);
	mask = cpuslab_cpumask_get(domain);
	TORTURE_CHECK(cpuslab_cpumask_count(mask) > 0);
	cpuslab_cpumask_put(mask);
}

/* More memory; CPUs that are removed and return; grace periods. */
static void syscalls_change(void)
{
	static const struct cpuslab_type large = {
		.name = "large",
		.size = SYSCALLS_LARGE,
		.flags = CPUSLAB_TYPE_DISCARD,
	};
	struct cpuslab_percpu handle;
	uint32_t cpus[64], count = torture_cpus(cpus, 64), i;

	syscalls_phase("change");
	TORTURE_OK(cpuslab_alloc(slab, &large, &handle));
	TORTURE_OK(cpuslab_free_rcu(slab, &handle));
	for (i = 0; i < count; i++)
		TORTURE_OK(cpuslab_domain_remove(domain, cpus[i]));
	(void)cpuslab_domain_trim(domain, 0);
	TORTURE_CHECK(torture_settle(slab));
	TORTURE_OK(cpuslab_domain_resync(domain));
	TORTURE_OK(cpuslab_refcount_kill(&refcount));
	TORTURE_CHECK(torture_settle(slab));
}

static void syscalls_hotplug(void)
{
	const struct cpuslab_hotplug_config config = { .rescan_ms = 10 };
	struct cpuslab_hotplug *hotplug;

	syscalls_phase("hotplug");
	TORTURE_OK(cpuslab_hotplug_create(&hotplug, domain, &config));
	cpuslab_hotplug_poke(hotplug);
	usleep(100000);
	cpuslab_hotplug_destroy(hotplug);
}

static void syscalls_fork(void)
{
	int status;
	pid_t child;

	syscalls_phase("fork");
	child = fork();
	TORTURE_CHECK(child >= 0);
	if (!child) {
		cpuslab_counter_add(&counter, 1);
		TORTURE_CHECK(cpuslab_counter_sum(&counter) == 2);
		_exit(0);
	}
	TORTURE_CHECK(waitpid(child, &status, 0) == child);
	TORTURE_OK(status);
}

static void syscalls_end(void)
{
	syscalls_phase("end");
	cpuslab_refcount_fini(&refcount);
	cpuslab_counter_fini(&first);
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(unused);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(empty);
	cpuslab_domain_destroy(domain);
	syscalls_phase("over");
}

int main(int argc, char **argv)
{
	pthread_t other;

	torture_begin(argc, argv, "System calls.");
	torture_skip_under(TORTURE_SANITIZER | TORTURE_VALGRIND);
	TORTURE_OK(pthread_create(&other, NULL, syscalls_other, NULL));
	syscalls_wait(&other_done);
	syscalls_use();
	syscalls_change();
	syscalls_hotplug();
	syscalls_fork();
	syscalls_end();
	sem_post(&other_end);
	TORTURE_OK(pthread_join(other, NULL));
	return torture_end();
}
