// SPDX-License-Identifier: MIT
/*
 * failures_guest.c - the machine of tests/driver_failures/ in a guest: CPUs are
 * really added, and a hotplug source notifies the drivers.
 *
 *	a start      the CPU is plugged in, and the source reports it; for a
 *	             CPU that was plugged in before, the start comes from here
 *	it runs      it is brought online
 *	complete     the source is asked
 *	a failure    the kernel fails to bring the CPU online; no event says so,
 *	             so the failure comes from here
 *	no memory    the process gets no further page
 *
 * All but the first CPUs go offline before each driver. CPU numbers are in the
 * order of plugging in, so all up to the one that is asked for exist then.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cpuslab/hotplug_poll.h>

#include "machine.h"

#define GUEST_CPUS "/sys/devices/system/cpu/"
#define GUEST_HEAP ((size_t)8 << 20)
#define GUEST_POINT_NS 20000

const size_t machine_models = 1; /* this process's */
const unsigned int machine_patience = 300;
const bool machine_goes_slowly = true;
const bool machine_moves_threads = false;

static struct cpuslab_domain *guest_domain;
static struct cpuslab_hotplug *guest_hotplug;
static uint32_t guest_asked = CPUSLAB_NO_CPU; /* the event's CPU */
static bool guest_completed;

static void guest_die(const char *what)
{
	perror(what);
	abort();
}

/* ---- /sys: no heap is needed ----------------------------------------- */

/* False with errno. */
static bool guest_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) >= 0;
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return done;
}

static bool guest_cpu_write(uint32_t cpu, const char *file, const char *text)
{
	char path[80];

	snprintf(path, sizeof(path), GUEST_CPUS "cpu%u/%s", (unsigned int)cpu,
		 file);
	return guest_write(path, text);
}

static void guest_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);

	if (got < 0)
		guest_die(path);
	text[got] = '\0';
	close(fd);
}

/* A file like "0-2,5". */
static void guest_list(const char *path, uint64_t cpus[MACHINE_WORDS])
{
	unsigned long cpu, last;
	char text[1024], *at = text;

	memset(cpus, 0, MACHINE_WORDS * sizeof(*cpus));
	guest_read(path, text, sizeof(text));
	while (*at >= '0' && *at <= '9') {
		cpu = last = strtoul(at, &at, 10);
		if (*at == '-')
			last = strtoul(at + 1, &at, 10);
		for (; cpu <= last && cpu < SCENARIO_LIMIT; cpu++)
			cpus[cpu / 64] |= UINT64_C(1) << cpu % 64;
		at += *at == ',';
	}
}

static bool guest_has(const char *path, uint32_t cpu)
{
	uint64_t cpus[MACHINE_WORDS];

	guest_list(path, cpus);
	return cpus[cpu / 64] >> cpu % 64 & 1;
}

void machine_running(uint64_t running[MACHINE_WORDS])
{
	guest_list(GUEST_CPUS "online", running);
}

static void guest_online(uint32_t cpu, bool online)
{
	if (guest_has(GUEST_CPUS "online", cpu) != online &&
	    !guest_cpu_write(cpu, "online", online ? "1" : "0"))
		guest_die("online");
}

/* ---- time ------------------------------------------------------------ */

static void guest_sleep(long ns)
{
	const struct timespec pause = { .tv_nsec = ns };

	nanosleep(&pause, NULL);
}

/* So that the others do go on. */
void system_point(void)
{
	guest_sleep(GUEST_POINT_NS);
}

void machine_quiesce(void)
{
}

/* ---- where threads are ----------------------------------------------- */

/* The scheduler may not admit threads to a new CPU at once. */
void machine_go(uint32_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	while (sched_setaffinity(0, sizeof(set), &set))
		guest_sleep(1000000);
	if (sched_getcpu() != (int)cpu)
		guest_die("sched_setaffinity");
}

static void *guest_player(void *arg)
{
	int (*play)(void) = *(int (**)(void))arg;

	return play() ? arg : NULL;
}

/*
 * Where the process may run is where any of its threads may: the main thread
 * waits, bound to nothing.
 */
int machine_run(int (*play)(void))
{
	pthread_t thread;
	void *bad = NULL;

	if (pthread_create(&thread, NULL, guest_player, &play) ||
	    pthread_join(thread, &bad))
		return 1;
	return bad != NULL;
}

struct guest_worker {
	pthread_t thread;
	uint32_t cpu;
	uint32_t units;
	const bool *more; /* go on beyond @units */
};

static void *guest_work(void *arg)
{
	struct guest_worker *worker = arg;
	uint32_t i;

	machine_go(worker->cpu);
	for (i = 0; i < worker->units ||
		    __atomic_load_n(worker->more, __ATOMIC_RELAXED);
	     i++)
		system_unit(worker->cpu);
	return NULL;
}

void machine_at_once(uint32_t units, const struct event *change)
{
	struct guest_worker workers[SCENARIO_LIMIT];
	uint64_t running[MACHINE_WORDS];
	bool more = change != NULL;
	uint32_t i, count = 0;

	machine_running(running);
	for (i = 0; i < SCENARIO_LIMIT; i++) {
		if (!(running[i / 64] >> i % 64 & 1))
			continue;
		workers[count] = (struct guest_worker){
			.cpu = i,
			.units = units,
			.more = &more,
		};
		if (pthread_create(&workers[count].thread, NULL, guest_work,
				   &workers[count]))
			guest_die("pthread_create");
		count++;
	}
	if (change) {
		machine_start(change->number);
		machine_complete(change->number);
	}
	__atomic_store_n(&more, false, __ATOMIC_RELAXED);
	while (count)
		pthread_join(workers[--count].thread, NULL);
}

/* ---- callbacks ------------------------------------------------------- */

static void guest_call(void (*callback)(uint32_t cpu), uint32_t cpu)
{
	if (callback && cpu == guest_asked)
		callback(cpu);
}

static int guest_on_start(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	guest_call(playing.driver.start, cpu);
	return CPUSLAB_OK;
}

static void guest_on_complete(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	guest_call(playing.driver.complete, cpu);
	guest_completed |= cpu == guest_asked;
}

static void guest_on_failure(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	guest_call(playing.driver.failure, cpu);
}

static const struct cpuslab_client_ops guest_ops = {
	.start = guest_on_start,
	.complete = guest_on_complete,
	.failure = guest_on_failure,
};

static struct cpuslab_client guest_client = {
	.ops = &guest_ops,
	.name = "driver",
};

/* Wait for an event; the result of the domain. */
static int guest_dispatch(void)
{
	struct pollfd fd = {
		.fd = cpuslab_hotplug_fd(guest_hotplug),
		.events = POLLIN,
	};

	poll(&fd, 1, -1);
	return cpuslab_hotplug_dispatch(guest_hotplug);
}

static uint64_t guest_events(void)
{
	struct cpuslab_hotplug_stats stats;

	cpuslab_hotplug_stats_get(guest_hotplug, &stats);
	return stats.events;
}

int machine_follow(void)
{
	const struct cpuslab_hotplug_config config = {
		.flags = CPUSLAB_HOTPLUG_NO_THREAD,
	};
	int err = CPUSLAB_OK;

	if (playing.cpuslab)
		guest_domain = driver_domain;
	else
		err = cpuslab_domain_create(&guest_domain, NULL);
	if (!err)
		err = cpuslab_client_init(&guest_client, guest_domain);
	if (!err)
		err = cpuslab_hotplug_create(&guest_hotplug, guest_domain,
					     &config);
	return err;
}

void machine_unfollow(void)
{
	cpuslab_hotplug_destroy(guest_hotplug);
	cpuslab_client_fini(&guest_client);
	if (!playing.cpuslab)
		cpuslab_domain_destroy(guest_domain);
}

/* ---- events ---------------------------------------------------------- */

static void guest_plug(uint32_t cpu)
{
	char command[40], path[64];

	snprintf(path, sizeof(path), GUEST_CPUS "cpu%u/online",
		 (unsigned int)cpu);
	snprintf(command, sizeof(command), "host device_add %u",
		 (unsigned int)cpu);
	if (system(command))
		guest_die(command);
	/* It is present before it has the file. */
	while (access(path, F_OK))
		guest_sleep(5000000);
}

/* Plug in all CPUs up to @cpu that are missing; returns how many. */
static uint32_t guest_plug_up_to(uint32_t cpu)
{
	uint32_t next, count = 0;

	for (next = SCENARIO_FIRST; next <= cpu; next++) {
		if (guest_has(GUEST_CPUS "present", next))
			continue;
		guest_plug(next);
		count++;
	}
	return count;
}

void machine_start(uint32_t cpu)
{
	uint64_t before = guest_events();
	uint32_t count;
	int refused;

	guest_asked = cpu;
	count = guest_plug_up_to(cpu);
	while (guest_events() < before + count)
		(void)guest_dispatch();
	if (count)
		return;
	refused = cpuslab_domain_add_start(guest_domain, cpu);
	(void)refused; /* the same as by an event */
}

void machine_runs(uint32_t cpu)
{
	guest_online(cpu, true);
}

void machine_complete(uint32_t cpu)
{
	int err = CPUSLAB_OK;

	guest_asked = cpu;
	guest_completed = false;
	machine_runs(cpu);
	while (!guest_completed && !err)
		err = guest_dispatch();
}

/* The number of a step that each CPU takes, from lines "N: NAME". */
static void guest_step(char *number, size_t size)
{
	static char states[8192];
	char *at;

	guest_read(GUEST_CPUS "hotplug/states", states, sizeof(states));
	at = strstr(states, ": smpcfd:prepare");
	if (!at)
		guest_die("smpcfd:prepare");
	while (at > states && at[-1] != '\n')
		at--;
	snprintf(number, size, "%lu", strtoul(at, NULL, 10));
}

void machine_failure(uint32_t cpu)
{
	char step[16];

	guest_asked = cpu;
	guest_step(step, sizeof(step));
	if (!guest_cpu_write(cpu, "hotplug/fail", step))
		guest_die("hotplug/fail");
	if (guest_cpu_write(cpu, "online", "1") || system_runs(cpu))
		guest_die("the CPU came all the same");
	cpuslab_domain_add_failure(guest_domain, cpu);
}

/*
 * Pages that the process already has stay in use. A slab tries a failed
 * admission again after a millisecond: let that pass.
 */
void machine_memory(uint32_t cpu, bool available)
{
	struct rlimit limit;

	(void)cpu;
	getrlimit(RLIMIT_DATA, &limit);
	limit.rlim_cur = available ? limit.rlim_max : 1;
	if (setrlimit(RLIMIT_DATA, &limit))
		guest_die("setrlimit");
	if (available)
		usleep(10000);
}

/* ---- life ------------------------------------------------------------ */

/* A heap that neither grows nor shrinks: see machine_memory(). */
static void guest_heap(void)
{
	mallopt(M_MMAP_THRESHOLD, (int)(2 * GUEST_HEAP));
	mallopt(M_TRIM_THRESHOLD, (int)(2 * GUEST_HEAP));
	mallopt(M_ARENA_MAX, 1);
	free(malloc(GUEST_HEAP));
}

int machine_init(enum model model)
{
	uint64_t wanted[MACHINE_WORDS] = { 0 }, running[MACHINE_WORDS];
	uint32_t i, cpu;

	(void)model;
	guest_heap();
	for (i = 0; i < SCENARIO_FIRST; i++) {
		cpu = scenario_first(playing.scenario, i);
		wanted[cpu / 64] |= UINT64_C(1) << cpu % 64;
		guest_plug_up_to(cpu);
		guest_online(cpu, true);
	}
	machine_running(running);
	for (cpu = 0; cpu < SCENARIO_LIMIT; cpu++)
		if ((running[cpu / 64] & ~wanted[cpu / 64]) >> cpu % 64 & 1)
			guest_online(cpu, false);
	return 0;
}

bool machine_fini(void)
{
	return true;
}
