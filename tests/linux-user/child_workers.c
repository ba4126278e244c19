/* SPDX-License-Identifier: MIT */
/*
 * child_workers.c - a forked child of a process with worker threads, a bound
 * thread and a hotplug: the child can be rid of all of them, none of its calls
 * reaches a thread of its parent, and a callback may fork in any thread of the
 * library.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cpuslab/binding.h>
#include <cpuslab/hotplug_poll.h>
#include <cpuslab/workers_thread.h>

#include "torture/torture.h"

#define CHILD_THREADS 64
#define CHILD_NAP_US 1000u

static struct cpuslab_domain *domain;
static struct cpuslab_workers workers;
static struct cpuslab_hotplug *hotplug;
static uint32_t child_cpu; /* the process may use it */

static pid_t child_by_clone(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

/* ---- a bound thread of the program --------------------------------------- */

static struct cpuslab_binding child_binding;
static sem_t child_bound, child_over;

static void *child_thread(void *arg)
{
	cpuslab_binding_init(&child_binding);
	sem_post(&child_bound);
	while (sem_wait(&child_over))
		continue;
	cpuslab_binding_fini(&child_binding);
	return arg;
}

/* ---- workers ------------------------------------------------------------- */

static sem_t child_inside, child_handled;
static bool child_forks; /* the handler does */

static void child_handle(void *arg, uint32_t cpu,
			 const struct cpuslab_message *message)
{
	(void)arg;
	(void)cpu;
	if (child_forks) {
		pid_t pid;

		sem_post(&child_inside);
		usleep(50 * CHILD_NAP_US); /* the CPU is removed meanwhile */
		pid = fork();
		if (!pid && message->word[0])
			_exit(0);
		if (!pid)
			return; /* ends the child's only thread */
		TORTURE_OK(torture_await(pid));
	}
	sem_post(&child_handled);
}

static const struct cpuslab_workers_config child_config = {
	.ops = &cpuslab_thread_ops,
	.handle = child_handle,
	.capacity = 8,
};

static int child_send(uint64_t word)
{
	const struct cpuslab_message message = { { word, 0, 0 } };

	return cpuslab_workers_send(&workers, child_cpu, &message);
}

static void child_await(sem_t *semaphore)
{
	while (sem_wait(semaphore))
		continue;
}

/* ---- what a child does --------------------------------------------------- */

/* The masks of all threads, in the order of their numbers. */
static void child_masks(pid_t process, cpu_set_t *masks)
{
	char path[64];
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	memset(masks, 0, CHILD_THREADS * sizeof(*masks));
	snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
	dir = opendir(path);
	TORTURE_CHECK(dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && count < CHILD_THREADS)
			sched_getaffinity(atoi(entry->d_name), sizeof(*masks),
					  &masks[count++]);
	closedir(dir);
}

static void child_lives(void)
{
	alarm(30);
	TORTURE_IS(child_send(1), -CPUSLAB_ENOENT);
	TORTURE_IS(cpuslab_binding_set(&child_binding, child_cpu),
		   -CPUSLAB_ENOENT);
	TORTURE_IS(cpuslab_binding_set(&child_binding, CPUSLAB_NO_CPU),
		   -CPUSLAB_ENOENT);
	cpuslab_binding_fini(&child_binding);
	TORTURE_IS(cpuslab_hotplug_dispatch(hotplug), -CPUSLAB_EINVAL);
	cpuslab_hotplug_destroy(hotplug);
	TORTURE_OK(cpuslab_domain_remove(domain, child_cpu));
	TORTURE_OK(cpuslab_domain_resync(domain));
	TORTURE_OK(cpuslab_domain_add_complete(domain, child_cpu));
	TORTURE_IS(child_send(1), -CPUSLAB_ENOENT);
	cpuslab_workers_fini(&workers);
}

/* The child has workers, a hotplug and a bound thread of its own. */
static void child_renews(void)
{
	TORTURE_OK(cpuslab_workers_init(&workers, domain, &child_config));
	TORTURE_OK(cpuslab_hotplug_create(&hotplug, domain, NULL));
	TORTURE_OK(child_send(1));
	child_await(&child_handled);
	cpuslab_hotplug_destroy(hotplug);
	cpuslab_workers_fini(&workers);
	cpuslab_domain_destroy(domain);
}

static void child_of(pid_t (*process)(void))
{
	cpu_set_t before[CHILD_THREADS], after[CHILD_THREADS];
	pid_t pid;

	child_masks(getpid(), before);
	pid = process();
	if (!pid) {
		child_lives();
		if (process == fork)
			child_renews();
		_exit(0);
	}
	TORTURE_OK(torture_await(pid));
	child_masks(getpid(), after);
	TORTURE_OK(memcmp(before, after, sizeof(before)));
	TORTURE_OK(child_send(1));
	child_await(&child_handled);
}

static void test_child_of_a_process_with_workers(void)
{
	child_of(fork);
	child_of(child_by_clone);
}

/* @word: the child ends in the handler, or the handler returns there. */
static void child_of_a_handler(uint64_t word)
{
	child_forks = true;
	TORTURE_OK(child_send(word));
	child_await(&child_inside);
	TORTURE_OK(cpuslab_domain_remove(domain, child_cpu));
	TORTURE_OK(cpuslab_domain_add_complete(domain, child_cpu));
	child_await(&child_handled);
	child_forks = false;
}

static void test_fork_in_a_handler_while_its_cpu_is_removed(void)
{
	child_of_a_handler(1);
	child_of_a_handler(0);
}

/* ---- callbacks ----------------------------------------------------------- */

/* The child returns as well, which ends its only thread. */
static void child_of_a_callback(void)
{
	pid_t pid = fork();

	if (!pid)
		return;
	TORTURE_OK(torture_await(pid));
	sem_post(&child_handled);
}

static void child_dtor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)arg;
	if (cpu == CPUSLAB_SHARED)
		child_of_a_callback();
}

static void test_fork_in_a_destructor_after_a_grace_period(void)
{
	static const struct cpuslab_type type = {
		.name = "forks",
		.size = 8,
		.dtor = child_dtor,
	};
	struct cpuslab_percpu handle;
	struct cpuslab_slab *slab;

	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_alloc(slab, &type, &handle));
	TORTURE_OK(cpuslab_free_rcu(slab, &handle));
	child_await(&child_handled);
	cpuslab_slab_destroy(slab);
}

static pthread_t child_main;

static void child_repair(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	if (cpu == child_cpu && !pthread_equal(pthread_self(), child_main))
		child_of_a_callback();
}

static void test_fork_in_a_callback_of_the_hotplug(void)
{
	static const struct cpuslab_client_ops ops = { .repair = child_repair };
	struct cpuslab_client client = { .ops = &ops, .name = "forks" };

	child_main = pthread_self();
	TORTURE_OK(cpuslab_client_init(&client, domain));
	cpuslab_hotplug_poke(hotplug);
	child_await(&child_handled);
	cpuslab_client_fini(&client);
}

int main(int argc, char **argv)
{
	const struct cpuslab_hotplug_config rare = {
		.size = sizeof(rare),
		.flags = CPUSLAB_HOTPLUG_NO_EVENTS,
		.rescan_ms = 3600000,
	};
	struct cpuslab_hotplug_stats stats = { .rescans = 0 };
	pthread_t thread;

	torture_begin(argc, argv, "Children of a process with workers.");
	torture_skip_under(TORTURE_VALGRIND | TORTURE_EMULATOR | TORTURE_TSAN);
	TORTURE_CHECK(torture_cpus(&child_cpu, 1));
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_workers_init(&workers, domain, &child_config));
	TORTURE_OK(cpuslab_hotplug_create(&hotplug, domain, &rare));
	TORTURE_OK(pthread_create(&thread, NULL, child_thread, NULL));
	child_await(&child_bound);
	/* Quiet: a child of clone() inherits mutexes as they are. */
	while (!stats.rescans) {
		usleep(CHILD_NAP_US);
		cpuslab_hotplug_stats_get(hotplug, &stats);
	}
	test_child_of_a_process_with_workers();
	test_fork_in_a_handler_while_its_cpu_is_removed();
	test_fork_in_a_destructor_after_a_grace_period();
	test_fork_in_a_callback_of_the_hotplug();
	sem_post(&child_over);
	TORTURE_OK(pthread_join(thread, NULL));
	cpuslab_hotplug_destroy(hotplug);
	cpuslab_workers_fini(&workers);
	cpuslab_domain_destroy(domain);
	return torture_end();
}
