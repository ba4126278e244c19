/* SPDX-License-Identifier: MIT */
/*
 * threads.c - what threads of the library do not inherit: they are created by a
 * thread that has another policy, nice value, CPU, name and signal mask than
 * the process, in a program with much thread-local storage.
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
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cpuslab/counter.h>
#include <cpuslab/hotplug.h>
#include <cpuslab/workers_thread.h>

#include "torture/torture.h"

#define THREADS_LIMIT 8u
#define THREADS_ABSENT 5u                /* a CPU that does not exist */
#define THREADS_NICE 5                   /* beyond that of the program */
#define THREADS_STACK ((size_t)60 << 10) /* a destructor may use 64 KiB */

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_workers workers;
static struct cpuslab_hotplug *hotplug;
static sem_t threads_done;
static char *threads_page; /* inaccessible */
static uint32_t threads_cpu;
static int threads_nice;
/* On the stack of each thread. */
static __thread volatile char threads_storage[(size_t)100 << 10];

/* ---- the program's code on threads of the library ------------------------ */

static void threads_on_fault(int signal)
{
	(void)signal;
	mprotect(threads_page, (size_t)sysconf(_SC_PAGESIZE),
		 PROT_READ | PROT_WRITE);
}

/* The fault has a handler, which the kernel calls unless it is blocked. */
static void threads_fault(void)
{
	mprotect(threads_page, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE);
	*(volatile char *)threads_page = 1;
}

/* It is that of the thread that created the domain and the worker set. */
static void threads_check_mask(void)
{
	sigset_t signals;

	pthread_sigmask(SIG_SETMASK, NULL, &signals);
	TORTURE_CHECK(sigismember(&signals, SIGUSR2));
	TORTURE_CHECK(!sigismember(&signals, SIGUSR1));
}

static void threads_handle(void *arg, uint32_t cpu,
			   const struct cpuslab_message *message)
{
	(void)arg;
	(void)cpu;
	(void)message;
	threads_check_mask();
	threads_fault();
	sem_post(&threads_done);
}

static void threads_dtor(void *object, uint32_t cpu, void *arg)
{
	volatile char stack[THREADS_STACK];
	size_t i;

	(void)object;
	(void)arg;
	/* Downward, so that the guard page is met first. */
	for (i = sizeof(stack); i; i -= 256)
		stack[i - 1] = threads_storage[i];
	threads_check_mask();
	threads_fault();
	if (cpu == CPUSLAB_SHARED)
		sem_post(&threads_done);
}

static const struct cpuslab_workers_config threads_config = {
	.ops = &cpuslab_thread_ops,
	.handle = threads_handle,
	.capacity = 8,
};

static void threads_await(void)
{
	while (sem_wait(&threads_done))
		continue;
}

/* ---- the thread that creates all ----------------------------------------- */

static void threads_send(uint32_t cpu)
{
	const struct cpuslab_message message = { { 0, 0, 0 } };

	TORTURE_OK(cpuslab_workers_send(&workers, cpu, &message));
	threads_await();
}

static void threads_mask(int blocked)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, blocked);
	sigaddset(&signals, SIGSEGV);
	pthread_sigmask(SIG_SETMASK, &signals, NULL);
}

static void *threads_create(void *arg)
{
	static const struct cpuslab_type type = { .name = "t",
						  .size = 8,
						  .dtor = threads_dtor };
	const struct sched_param param = { .sched_priority = 1 };
	struct cpuslab_percpu handle;

	pthread_setname_np(pthread_self(), "odd");
	threads_mask(SIGUSR2);
	TORTURE_CHECK(torture_pin(threads_cpu));
	if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &param))
		printf("  SKIP policy: SCHED_FIFO is not permitted\n");
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_hotplug_create(&hotplug, domain, NULL));
	TORTURE_OK(cpuslab_workers_init(&workers, domain, &threads_config));
	TORTURE_OK(cpuslab_alloc(slab, &type, &handle));
	TORTURE_OK(cpuslab_free_rcu(slab, &handle));
	threads_await();
	threads_send(threads_cpu);
	/* The handlers' mask is that of the set, whichever thread adds. */
	threads_mask(SIGUSR1);
	TORTURE_OK(cpuslab_domain_add_complete(domain, THREADS_ABSENT));
	threads_send(THREADS_ABSENT);
	return arg;
}

/* ---- what the threads are like ------------------------------------------- */

static uint64_t threads_blocked(int thread)
{
	unsigned long long blocked = 0;
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", thread);
	file = fopen(path, "r");
	TORTURE_CHECK(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "SigBlk: %llx", &blocked) == 1)
			break;
	fclose(file);
	return blocked;
}

static bool threads_blocks(int thread, int signal)
{
	return threads_blocked(thread) >> (signal - 1) & 1;
}

static void threads_check(int thread, bool internal)
{
	static const int faults[] = { SIGSEGV, SIGBUS,  SIGFPE,
				      SIGILL,  SIGTRAP, SIGSYS };
	cpu_set_t mask, process;
	size_t i;

	TORTURE_IS(sched_getscheduler(thread), SCHED_OTHER);
	TORTURE_IS(getpriority(PRIO_PROCESS, (id_t)thread), threads_nice);
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		TORTURE_CHECK(!threads_blocks(thread, faults[i]));
	/* The last destructor may just have returned. */
	while (internal && !threads_blocks(thread, SIGUSR1))
		usleep(1000);
	TORTURE_IS(threads_blocks(thread, SIGUSR1), internal);
	TORTURE_CHECK(threads_blocks(thread, SIGUSR2));
	if (!internal)
		return;
	TORTURE_OK(sched_getaffinity(thread, sizeof(mask), &mask));
	TORTURE_OK(sched_getaffinity(getpid(), sizeof(process), &process));
	TORTURE_CHECK(CPU_EQUAL(&mask, &process));
}

static bool threads_name(int thread, char *name)
{
	char path[64];
	FILE *file;
	bool named;

	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", thread);
	file = fopen(path, "r");
	named = file && fscanf(file, "%15s", name) == 1;
	if (file)
		fclose(file);
	return named && !strncmp(name, "cpuslab", 7);
}

/* How many there are. */
static int threads_check_all(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	char name[16];
	int count = 0;

	TORTURE_CHECK(dir);
	while ((entry = readdir(dir))) {
		int thread = atoi(entry->d_name);

		if (!thread || !threads_name(thread, name))
			continue;
		TORTURE_CHECK(!strncmp(name, "cpuslab/", 8));
		threads_check(thread, name[8] > '9');
		count++;
	}
	closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = threads_on_fault };
	struct cpuslab_hotplug_stats stats = { .rescans = 0 };
	uint32_t cpus[64], count;
	pthread_t thread;

	torture_begin(argc, argv, "What threads do not inherit.");
	torture_skip_under(TORTURE_SANITIZER | TORTURE_VALGRIND |
			   TORTURE_EMULATOR);
	torture_fake_limit(THREADS_LIMIT);
	count = torture_cpus(cpus, THREADS_ABSENT);
	threads_cpu = cpus[count - 1];
	threads_page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TORTURE_CHECK(threads_page != MAP_FAILED);
	TORTURE_OK(sigaction(SIGSEGV, &action, NULL));
	TORTURE_OK(pthread_create(&thread, NULL, threads_create, NULL));
	threads_nice = getpriority(PRIO_PROCESS, 0) + THREADS_NICE;
	threads_nice = threads_nice > 19 ? 19 : threads_nice;
	TORTURE_OK(setpriority(PRIO_PROCESS, (id_t)getpid(), threads_nice));
	TORTURE_OK(pthread_join(thread, NULL));
	while (!stats.rescans) {
		usleep(1000);
		cpuslab_hotplug_stats_get(hotplug, &stats);
	}
	/* Workers, the hotplug's, and the one that runs callbacks. */
	TORTURE_IS(threads_check_all(), (long)count + 3);
	cpuslab_workers_fini(&workers);
	cpuslab_hotplug_destroy(hotplug);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	return torture_end();
}
