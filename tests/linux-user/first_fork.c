/* SPDX-License-Identifier: MIT */
/*
 * first_fork.c - a child that is forked while a thread of its parent has not
 * finished the initialisation: the child begins it again.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#include "torture/torture.h"

#define FIRST_SECONDS 20u

typedef int first_register(void (*prepare)(void), void (*parent)(void),
			   void (*child)(void), void *module);

first_register __register_atfork;
static bool first_stops, first_stopped;

static first_register *first_original(void)
{
	return (first_register *)(uintptr_t)dlsym(RTLD_NEXT,
						  "__register_atfork");
}

/* In place of the C library's. */
int __register_atfork(void (*prepare)(void), void (*parent)(void),
		      void (*child)(void), void *module)
{
	first_register *original = first_original();
	int err = original ? original(prepare, parent, child, module) : 0;

	if (first_stops) {
		__atomic_store_n(&first_stopped, true, __ATOMIC_RELEASE);
		while (__atomic_load_n(&first_stopped, __ATOMIC_ACQUIRE))
			usleep(100);
	}
	return err;
}

static void first_use(void)
{
	struct cpuslab_counter counter;
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;

	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	cpuslab_counter_add(&counter, 7);
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == 7);
	TORTURE_OK(cpuslab_free_rcu(slab, &counter.handle));
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

static void *first_run(void *arg)
{
	first_use();
	return arg;
}

static void first_child(void)
{
	pid_t pid;

	alarm(FIRST_SECONDS);
	first_stops = false;
	first_use();
	pid = fork();
	if (!pid) {
		alarm(FIRST_SECONDS);
		first_use();
		_exit(0);
	}
	TORTURE_OK(torture_await(pid));
	first_use();
	_exit(0);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	pid_t pid;
	int bare;

	torture_begin(argc, argv, "A fork while the library is initialised.");
	torture_skip_under(TORTURE_VALGRIND | TORTURE_EMULATOR |
			   TORTURE_SANITIZER);
	if (!first_original())
		torture_skip("another C library");
	first_stops = true;
	TORTURE_OK(pthread_create(&thread, NULL, first_run, NULL));
	while (!__atomic_load_n(&first_stopped, __ATOMIC_ACQUIRE))
		usleep(100);
	for (bare = 0; bare < 2; bare++) {
		pid = bare ? (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) :
			     fork();
		if (!pid)
			first_child();
		TORTURE_OK(torture_await(pid));
	}
	__atomic_store_n(&first_stopped, false, __ATOMIC_RELEASE);
	TORTURE_OK(pthread_join(thread, NULL));
	first_stops = false;
	first_use();
	return torture_end();
}
