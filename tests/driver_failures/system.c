/* SPDX-License-Identifier: MIT */
/*
 * system.c - the machine of a scenario: it plays the script to one way.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine.h"

#define SYSTEM_AMID 40u /* units of each while a CPU is added */
#define SYSTEM_GROUP 64u

struct cpuslab_domain *failures_domain;
struct cpuslab_slab *failures_slab;
struct failures_now failures_now;

static size_t system_allocated;
static bool system_changes; /* play these, too */

/* ---- what a driver asks ---------------------------------------------- */

bool failures_runs(uint32_t cpu)
{
	uint64_t running[MACHINE_WORDS];

	machine_running(running);
	return cpu < FAILURES_LIMIT && (running[cpu / 64] >> cpu % 64 & 1);
}

uint32_t failures_count(void)
{
	uint64_t running[MACHINE_WORDS];
	uint32_t word, count = 0;

	machine_running(running);
	for (word = 0; word < MACHINE_WORDS; word++)
		count += (uint32_t)__builtin_popcountll(running[word]);
	return count;
}

uint64_t failures_affinity(void)
{
	uint64_t running[MACHINE_WORDS];

	machine_running(running);
	return running[0];
}

void *failures_alloc(size_t bytes)
{
	void *memory = failures_now.no_memory ? NULL : calloc(1, bytes);

	if (memory)
		system_allocated += bytes;
	return memory;
}

void failures_free(void *memory, size_t bytes)
{
	if (memory)
		system_allocated -= bytes;
	free(memory);
}

size_t failures_allocated(void)
{
	return system_allocated;
}

void *failures_guarded(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t whole = (bytes + page - 1) & ~(page - 1);
	char *memory = mmap(NULL, whole + page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory + whole, page, PROT_NONE))
		abort();
	return memory + whole - bytes;
}

void failures_say(char *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(text, FAILURES_TEXT, format, args);
	va_end(args);
}

const char *failures_end(const struct failures_outcome *outcome)
{
	if (failures_segv(outcome))
		return "SIGSEGV";
	return outcome->signal ? strsignal(outcome->signal) : "no signal";
}

bool failures_segv(const struct failures_outcome *outcome)
{
	return outcome->signal == SIGSEGV;
}

/* ---- work ------------------------------------------------------------ */

void failures_unit(uint32_t cpu)
{
	struct failures_outcome *outcome = failures_now.outcome;

	__atomic_store_n(&outcome->cpu, cpu, __ATOMIC_RELAXED);
	failures_add(&outcome->wanted);
	failures_now.way->work(cpu);
}

/* One unit of each, again and again; or each all of his, if that is the same. */
static void system_in_turn(uint32_t units)
{
	uint32_t each =
		machine_goes_slowly && !failures_now.way->round ? units : 1;
	uint64_t running[MACHINE_WORDS];
	uint32_t cpu, i;

	machine_running(running);
	for (; units; units -= each) {
		for (cpu = 0; cpu < FAILURES_LIMIT; cpu++) {
			if (!(running[cpu / 64] >> cpu % 64 & 1))
				continue;
			machine_go(cpu);
			for (i = 0; i < each; i++)
				failures_unit(cpu);
		}
		machine_go(0);
		if (failures_now.way->round)
			failures_now.way->round();
	}
}

static void system_work(uint32_t units)
{
	if (failures_now.scenario->at_once)
		machine_at_once(units, CPUSLAB_NO_CPU);
	else
		system_in_turn(units);
}

/* ---- events ---------------------------------------------------------- */

static void system_memory(uint32_t cpu, bool is_there)
{
	failures_now.no_memory = !is_there;
	machine_memory(cpu, is_there);
}

static void system_change(const struct failures_event *event)
{
	switch (event->what) {
	case FAILURES_START:
		machine_start(event->number);
		break;
	case FAILURES_COMPLETE:
		machine_complete(event->number);
		break;
	case FAILURES_FAILURE:
		machine_failure(event->number);
		break;
	case FAILURES_RUNS:
		machine_runs(event->number);
		break;
	case FAILURES_ADD:
		machine_start(event->number);
		machine_complete(event->number);
		break;
	case FAILURES_NO_MEMORY:
	case FAILURES_MEMORY:
		system_memory(event->number, event->what == FAILURES_MEMORY);
		break;
	case FAILURES_ADD_AMID:
	case FAILURES_WORK:
	case FAILURES_END:
		break;
	}
}

static void system_play(void)
{
	const struct failures_event *event = failures_now.scenario->script;
	bool changes = system_changes;

	for (; event->what != FAILURES_END; event++) {
		if (event->what == FAILURES_WORK)
			system_work(event->number);
		else if (event->what == FAILURES_ADD_AMID)
			machine_at_once(SYSTEM_AMID, changes ? event->number :
							       CPUSLAB_NO_CPU);
		else if (changes)
			system_change(event);
		machine_quiesce();
	}
}

/* ---- the life of one way --------------------------------------------- */

static int system_init(enum failures_model model)
{
	int err = machine_init(model);

	if (!err && failures_now.cpuslab)
		err = cpuslab_domain_create(&failures_domain, NULL);
	if (!err && failures_now.cpuslab)
		err = cpuslab_slab_create(&failures_slab, failures_domain,
					  NULL);
	if (!err && failures_now.way->load)
		err = failures_now.way->load();
	return err ? err : machine_follow();
}

/* Is all as it must be, and is nothing left? */
static bool system_fini(void)
{
	struct cpuslab_stats stats;
	bool sound = true;

	if (failures_now.cpuslab) {
		cpuslab_stats_get(failures_slab, &stats);
		sound = !stats.objects && !cpuslab_slab_check(failures_slab) &&
			!cpuslab_domain_check(failures_domain);
		cpuslab_slab_destroy(failures_slab);
		cpuslab_domain_destroy(failures_domain);
	}
	return machine_fini() && sound;
}

static int system_run(void)
{
	system_play();
	machine_go(0);
	failures_now.way->finish(failures_now.outcome);
	machine_unfollow();
	failures_now.outcome->sound = system_fini();
	return 0;
}

/* A crash is expected: leave no core file, call no sanitizer. */
static void system_prepare_crash(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	alarm(machine_patience);
}

static struct failures_outcome *system_shared(void)
{
	void *memory = mmap(NULL, sizeof(struct failures_outcome),
			    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

void failures_try(const struct scenario *scenario, bool cpuslab,
		  enum failures_model model, bool changes,
		  struct failures_outcome *outcome)
{
	int status = 0;
	pid_t pid;

	failures_now.scenario = scenario;
	failures_now.cpuslab = cpuslab;
	failures_now.way = cpuslab ? &scenario->cpuslab : &scenario->usual;
	failures_now.outcome = system_shared();
	system_changes = changes;
	pid = fork();
	if (!pid) {
		system_prepare_crash();
		_exit(system_init(model) || machine_run(system_run));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	*outcome = *failures_now.outcome;
	munmap(failures_now.outcome, sizeof(*failures_now.outcome));
	outcome->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	outcome->sound = outcome->sound && !status;
}
