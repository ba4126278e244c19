// SPDX-License-Identifier: MIT
/*
 * affinity.c - what a program observes whose threads are pinned, while the CPUs
 * that they are pinned to go offline and return.
 *
 * Each case is a child process with masks of its own, so only the case's
 * threads determine what is available. What the domain should have is read from
 * /proc/self/task/TID/status, which the library does not read.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cpuslab/atomic.h>
#include <cpuslab/counter.h>
#include <cpuslab/hotplug_poll.h>

#include "common.h"

#define BIT(cpu) (1ull << (cpu))
#define PATIENCE 60.0

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_hotplug *hotplug;
static struct cpuslab_counter counter;

static void begin(void)
{
	const struct cpuslab_hotplug_config config = {
		.flags = CPUSLAB_HOTPLUG_NO_THREAD,
		.rescan_ms = 20,
	};

	must(cpuslab_domain_create(&domain, NULL), "domain");
	must(cpuslab_slab_create(&slab, domain, NULL), "slab");
	must(cpuslab_counter_init(&counter, slab), "counter");
	must(cpuslab_hotplug_create(&hotplug, domain, &config), "hotplug");
}

static void end(const char *name, uint64_t added)
{
	uint64_t sum = cpuslab_counter_sum(&counter);

	check(sum == added, name, "added %llu, sum %llu",
	      (unsigned long long)added, (unsigned long long)sum);
	check(!cpuslab_domain_check(domain), "the domain is consistent",
	      "see above");
	cpuslab_hotplug_destroy(hotplug);
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

/* ---- what must become true ---------------------------------------------- */

static bool domain_is(void *arg)
{
	cpuslab_hotplug_dispatch(hotplug);
	return cpus_domain(domain) == *(uint64_t *)arg;
}

static bool domain_is_process(void *arg)
{
	(void)arg;
	cpuslab_hotplug_dispatch(hotplug);
	return cpus_domain(domain) == cpus_process();
}

static void expect(uint64_t cpus, const char *name)
{
	check(wait_until(PATIENCE, domain_is, &cpus), name, "it has %s, not %s",
	      cpus_text(cpus_domain(domain)), cpus_text(cpus));
}

static void expect_truth(const char *name)
{
	check(wait_until(PATIENCE, domain_is_process, NULL), name,
	      "it has %s, not %s", cpus_text(cpus_domain(domain)),
	      cpus_text(cpus_process()));
}

/* ---- a second thread ---------------------------------------------------- */

struct other {
	pthread_t thread;
	uint64_t cpus;
	uint32_t tid; /* W it, once it is pinned */
	uint32_t awake;
	uint32_t stop;
	uint64_t added;
	int pipe[2]; /* a byte: count once */
	int done[2];
};

/* Count without a pause. */
static void *other_runs(void *arg)
{
	struct other *o = arg;

	cpus_pin(0, o->cpus);
	cpuslab_store_release_u32(&o->tid, (uint32_t)syscall(SYS_gettid));
	while (!cpuslab_load_acquire_u32(&o->stop)) {
		cpuslab_counter_add(&counter, 1);
		o->added++;
	}
	return NULL;
}

/* Sleep in between. */
static void *other_sleeps(void *arg)
{
	struct other *o = arg;
	char byte;

	cpus_pin(0, o->cpus);
	cpuslab_store_release_u32(&o->tid, (uint32_t)syscall(SYS_gettid));
	while (read(o->pipe[0], &byte, 1) == 1 && byte) {
		cpuslab_counter_add(&counter, 1);
		o->added++;
		if (write(o->done[1], &byte, 1) != 1)
			break;
	}
	return NULL;
}

static void other_start(struct other *o, uint64_t cpus, void *(*run)(void *))
{
	*o = (struct other){ .cpus = cpus };
	if (pipe(o->pipe) || pipe(o->done))
		must(-1, "pipe");
	must(-pthread_create(&o->thread, NULL, run, o), "thread");
	while (!cpuslab_load_acquire_u32(&o->tid))
		usleep(1000);
}

/* /proc says "running" unless the thread is blocked in a system call. */
static bool other_is_blocked(void *arg)
{
	struct other *o = arg;
	char path[64];
	FILE *file;
	int first;

	snprintf(path, sizeof(path), "/proc/self/task/%u/syscall", o->tid);
	file = fopen(path, "re");
	if (!file)
		return false;
	first = fgetc(file);
	fclose(file);
	return first != EOF && first != 'r';
}

/* Let it count once, and wait until it sleeps again. */
static void other_count(struct other *o)
{
	char byte = 1;

	if (write(o->pipe[1], &byte, 1) != 1 ||
	    read(o->done[0], &byte, 1) != 1 ||
	    !wait_until(PATIENCE, other_is_blocked, o))
		must(-1, "the other thread");
}

static uint64_t other_stop(struct other *o)
{
	char byte = 0;

	cpuslab_store_release_u32(&o->stop, 1);
	if (write(o->pipe[1], &byte, 1) != 1)
		must(-1, "the other thread");
	pthread_join(o->thread, NULL);
	return o->added;
}

/* ---- the cases ---------------------------------------------------------- */

/* A running thread: the kernel widens its mask, permanently. */
static void case_running(void)
{
	struct other o;

	cpus_pin(0, BIT(0));
	begin();
	expect(BIT(0), "one thread, on 0");
	other_start(&o, BIT(2), other_runs);
	expect(BIT(0) | BIT(2), "another one runs on 2");
	check(cpus_online(2, false), "CPU 2 goes offline", "by /sys");
	check(cpus_affinity((pid_t)o.tid) & ~BIT(2),
	      "the kernel has widened that thread's mask", "it has %s",
	      cpus_text(cpus_affinity((pid_t)o.tid)));
	expect_truth("the domain follows");
	printf("the mask is now %s\n", cpus_text(cpus_affinity((pid_t)o.tid)));
	check(cpus_online(2, true), "2 returns", "by /sys");
	expect_truth("the domain has what the kernel's masks say");
	printf("the mask is now %s\n", cpus_text(cpus_affinity((pid_t)o.tid)));
	end("the total, running", other_stop(&o));
}

/* A sleeping thread: its mask becomes empty, and returns with the CPU. */
static void case_sleeping(void)
{
	struct other o;

	cpus_pin(0, BIT(0));
	begin();
	other_start(&o, BIT(2), other_sleeps);
	expect(BIT(0) | BIT(2), "another thread sleeps on 2");
	other_count(&o);
	check(cpus_online(2, false), "its CPU goes offline", "by /sys");
	check(!cpus_affinity((pid_t)o.tid), "its mask is empty", "it is %s",
	      cpus_text(cpus_affinity((pid_t)o.tid)));
	expect(BIT(0), "the domain has removed the CPU");
	check(cpus_online(2, true), "its CPU returns", "by /sys");
	expect(BIT(0) | BIT(2), "the domain has it again");
	other_count(&o);
	check(cpus_online(2, false), "it goes offline again", "by /sys");
	expect(BIT(0), "the domain has removed it again");
	other_count(&o);
	expect_truth("the thread woke up elsewhere");
	check(cpus_online(2, true), "2 is put back", "by /sys");
	end("the total, sleeping", other_stop(&o));
}

/*
 * All threads sleep on the CPU: the process may use no CPU, then all of them.
 */
static void case_nothing_left(void)
{
	cpus_pin(0, BIT(2));
	begin();
	cpuslab_counter_add(&counter, 1);
	expect(BIT(2), "the only thread is on 2");
	check(cpus_online(2, false), "and takes it offline itself", "by /sys");
	expect_truth("it runs elsewhere now");
	cpuslab_counter_add(&counter, 1);
	check(cpus_online(2, true), "its old CPU returns", "by /sys");
	expect_truth("the domain is where the thread may be");
	cpuslab_counter_add(&counter, 1);
	end("the total, nothing left", 3);
}

/* One of two CPUs. */
static void case_one_of_two(void)
{
	struct other o;

	cpus_pin(0, BIT(1) | BIT(2));
	begin();
	other_start(&o, BIT(1) | BIT(2), other_runs);
	expect(BIT(1) | BIT(2), "two threads on 1 and 2");
	check(cpus_online(2, false), "one of two goes offline", "by /sys");
	expect(BIT(1), "the other is left");
	check(cpus_affinity((pid_t)o.tid) == BIT(1), "the mask shows it",
	      "it is %s", cpus_text(cpus_affinity((pid_t)o.tid)));
	check(cpus_online(2, true), "it returns", "by /sys");
	expect(BIT(1) | BIT(2), "both again");
	check(!cpus_online(2, false) || !cpus_pin(0, BIT(2)),
	      "no thread can be pinned to an offline CPU", "it was possible");
	expect(BIT(1), "one is left again");
	check(cpus_online(2, true), "it returns again", "by /sys");
	expect(BIT(1) | BIT(2), "both once more");
	end("the total, one of two", other_stop(&o));
}

int main(void)
{
	void (*const cases[])(void) = {
		case_running,
		case_sleeping,
		case_nothing_left,
		case_one_of_two,
	};
	size_t i;
	int status;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t child = fork();

		if (!child) {
			alarm(120);
			cases[i]();
			return 0;
		}
		if (child < 0 || waitpid(child, &status, 0) < 0)
			return 1;
		check(!status, "the case ended normally", "%zu: status %x", i,
		      status);
	}
	return 0;
}
