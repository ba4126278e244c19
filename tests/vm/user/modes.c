// SPDX-License-Identifier: MIT
/*
 * modes.c - four of the ways in which tests/modes/ lets drivers go wrong, on
 * processors that are really added: in the usual way, and with cpuslab.
 *
 *	modes &			loads all, says so by /tmp/modes, waits for
 *				processors 0-2,4 where 0-1 were, then works
 *
 * Each way is a child process of its own, because one does not survive it. What
 * came of it lies in memory that outlives it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/notifier.h>

#include "common.h"

#define ONLINE "/sys/devices/system/cpu/online"
#define AFTER "0-2,4"
#define EVENTS 200000u
#define FLOWS 1000u
#define PATIENCE 60.0

/* ---- outcomes --------------------------------------------------------- */

struct outcome {
	bool loaded;
	int signal;
	unsigned long wanted, got;
	uint64_t owners; /* of the first slot */
};

static struct outcome *outcome;

static uint32_t count; /* of processors, at load */

struct way {
	const char *name;
	const char *claim;
	bool cpuslab;
	void (*load)(void);
	void (*work)(void);
	void (*finish)(void);
	bool (*expected)(void);
};

static bool loses(void)
{
	return !outcome->signal && outcome->got < outcome->wanted;
}

static bool crashes(void)
{
	return outcome->signal == SIGSEGV;
}

/*
 * Without a lock or an atomic instruction: that is what the slots are for.
 * Whether an event is really lost in the end is chance, here.
 */
static bool shares(void)
{
	return !outcome->signal && outcome->owners == cpus_parse("0,2,4");
}

static bool loses_nothing(void)
{
	return !outcome->signal && outcome->wanted &&
	       outcome->got == outcome->wanted;
}

/* ---- the usual ways --------------------------------------------------- */

struct slot {
	volatile uint64_t events;
	uint64_t owners; /* who has worked on it; for the figures only */
	uint64_t others[6];
};

static struct slot *slots;

/* By the count, at the end of a page behind which there is nothing. */
static void array_load(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory + page, page, PROT_NONE))
		abort();
	slots = (struct slot *)(void *)(memory + page - count * sizeof(*slots));
}

static void large_load(void)
{
	slots = calloc(64, sizeof(*slots));
	if (!slots)
		abort();
}

static void array_work(void)
{
	slots[sched_getcpu()].events++;
}

static void modulus_work(void)
{
	uint32_t cpu = (uint32_t)sched_getcpu();
	struct slot *slot = &slots[cpu % count];

	slot->events++;
	__atomic_fetch_or(&slot->owners, UINT64_C(1) << cpu, __ATOMIC_RELAXED);
}

static void array_finish(void)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		outcome->got += slots[i].events;
	outcome->owners = slots[0].owners;
}

/* A walk over the mask that ends at the first gap. */
static void walk_finish(void)
{
	uint64_t mask = cpus_file(ONLINE);
	uint32_t cpu;

	for (cpu = 0; mask >> cpu & 1; cpu++)
		outcome->got += slots[cpu].events;
}

static void nothing(void)
{
}

/* Requests that go to processors that are there; the count is up to date. */
static void hash_finish(void)
{
	uint64_t mask = cpus_file(ONLINE);
	uint32_t flow, now = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);

	for (outcome->wanted = flow = 0; flow < FLOWS; flow++) {
		outcome->wanted++;
		outcome->got += mask >> cpuslab_steering_hash(flow) % now & 1;
	}
}

/* ---- cpuslab ---------------------------------------------------------- */

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_notifier *notifier;
static struct cpuslab_counter counter;
static struct cpuslab_steering steering;

static void slab_load(void)
{
	static const struct cpuslab_steering_config config = {
		.buckets = 256,
		.targets = 64,
	};

	must(cpuslab_domain_create(&domain, NULL), "domain");
	must(cpuslab_slab_create(&slab, domain, NULL), "slab");
	must(cpuslab_counter_init(&counter, slab), "counter");
	must(cpuslab_steering_init(&steering, &config), "steering");
	must(cpuslab_steering_follow(&steering, domain), "follow");
	must(cpuslab_notifier_create(&notifier, domain, NULL), "notifier");
	must(cpuslab_notifier_start(notifier), "start");
}

static void counter_work(void)
{
	cpuslab_counter_add(&counter, 1);
}

static bool slab_follows(void *arg)
{
	(void)arg;
	return cpus_domain(domain) == cpus_parse(AFTER);
}

static void counter_finish(void)
{
	outcome->got = cpuslab_counter_sum(&counter);
}

/* Each processor's copy, by a walk of its own. */
static void cpuset_finish(void)
{
	const struct cpuslab_cpuset *set;
	const uint64_t *word;
	uint32_t cpu;

	wait_until(PATIENCE, slab_follows, NULL);
	set = cpuslab_cpuset_get(domain);
	for (cpu = cpuslab_cpuset_next(set, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_cpuset_next(set, cpu + 1)) {
		word = cpuslab_peek(&counter.ref, cpu);
		outcome->got += word ? *word : 0;
	}
	cpuslab_cpuset_put(set);
}

static void steering_finish(void)
{
	uint64_t mask = cpus_file(ONLINE);
	uint32_t flow, target;

	wait_until(PATIENCE, slab_follows, NULL);
	cpuslab_read_enter();
	for (outcome->wanted = flow = 0; flow < FLOWS; flow++) {
		target = cpuslab_steering_lookup(
			&steering, cpuslab_steering_hash(flow), NULL);
		outcome->wanted++;
		outcome->got += target < 64 && (mask >> target & 1);
	}
	cpuslab_read_exit();
}

/* ---- the life of a way ------------------------------------------------ */

#define USUAL(name, claim, load, work, finish, expected)                       \
	{                                                                      \
		name, claim, false, load, work, finish, expected               \
	}
#define CPUSLAB(name, work, finish)                                            \
	{                                                                      \
		name, "nothing is lost", true, slab_load, work, finish,        \
			loses_nothing                                          \
	}

static const struct way ways[] = {
	USUAL("structures", "out of bounds", array_load, array_work,
	      array_finish, crashes),
	CPUSLAB("structures", counter_work, counter_finish),
	USUAL("dispatch", "three processors have one slot", array_load,
	      modulus_work, array_finish, shares),
	CPUSLAB("dispatch", counter_work, counter_finish),
	USUAL("walk", "it ends at the gap", large_load, array_work, walk_finish,
	      loses),
	CPUSLAB("walk", counter_work, cpuset_finish),
	USUAL("balance", "requests go to who is not there", nothing, nothing,
	      hash_finish, loses),
	CPUSLAB("balance", nothing, steering_finish),
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static struct outcome *outcomes; /* [WAYS] */

/* A thread that is pinned. */
static void *worker(void *arg)
{
	const struct way *way = arg;
	uint32_t i;

	for (i = 0; i < EVENTS; i++)
		way->work();
	return NULL;
}

/* A processor that has just come cannot be asked for at once. */
static pthread_t start(const struct way *way, uint32_t cpu)
{
	pthread_attr_t attr;
	pthread_t thread;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	while (pthread_create(&thread, &attr, worker, (void *)(uintptr_t)way))
		usleep(10000);
	pthread_attr_destroy(&attr);
	return thread;
}

/* All processors work at the same time. */
static void work(const struct way *way, uint64_t cpus)
{
	pthread_t threads[64];
	uint32_t cpu, started = 0;

	for (cpu = 0; cpu < 64; cpu++) {
		if (!(cpus >> cpu & 1))
			continue;
		threads[started++] = start(way, cpu);
		outcome->wanted += EVENTS;
	}
	while (started)
		pthread_join(threads[--started], NULL);
}

static bool added(void *arg)
{
	(void)arg;
	return cpus_file(ONLINE) == cpus_parse(AFTER);
}

static int live(const struct way *way)
{
	count = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	way->load();
	work(way, cpus_file(ONLINE));
	outcome->loaded = true;
	alarm(2 * (unsigned int)PATIENCE);
	if (!wait_until(PATIENCE, added, NULL))
		return 1;
	work(way, cpus_parse(AFTER));
	way->finish();
	return 0;
}

static bool all_loaded(void *arg)
{
	size_t i;

	(void)arg;
	for (i = 0; i < WAYS; i++)
		if (!outcomes[i].loaded)
			return false;
	return true;
}

static void report(const struct way *way)
{
	char name[96];

	snprintf(name, sizeof(name), "%s, %s: %s", way->name,
		 way->cpuslab ? "cpuslab" : "usual", way->claim);
	printf("%s, %s: signal %d, %lu of %lu\n", way->name,
	       way->cpuslab ? "cpuslab" : "usual", outcome->signal,
	       outcome->got, outcome->wanted);
	check(way->expected(), name, "signal %d, %lu of %lu", outcome->signal,
	      outcome->got, outcome->wanted);
}

int main(void)
{
	pid_t children[WAYS];
	int status;
	size_t i;

	outcomes = mmap(NULL, WAYS * sizeof(*outcomes), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (outcomes == MAP_FAILED)
		return 1;
	for (i = 0; i < WAYS; i++) {
		outcome = &outcomes[i];
		children[i] = fork();
		if (!children[i])
			_exit(live(&ways[i]));
	}
	check(wait_until(PATIENCE, all_loaded, NULL), "all are loaded", "no");
	must(creat("/tmp/modes", 0600) < 0 ? -CPUSLAB_EACCES : CPUSLAB_OK,
	     "/tmp/modes");
	for (i = 0; i < WAYS; i++) {
		waitpid(children[i], &status, 0);
		outcome = &outcomes[i];
		outcome->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
		if (!outcome->signal && status)
			outcome->wanted = outcome->got = 0;
		report(&ways[i]);
	}
	return 0;
}
