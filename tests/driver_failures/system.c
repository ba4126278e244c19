/* SPDX-License-Identifier: MIT */
/*
 * system.c - plays a scenario's script to one of its drivers, in a process of
 * its own, and judges what came of it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine.h"

#define SYSTEM_DURING 40u /* units on each CPU while one is added */

struct cpuslab_domain *driver_domain;
struct cpuslab_slab *driver_slab;
struct playing playing;

static size_t system_bytes; /* allocated */

/* ---- what a driver asks ---------------------------------------------- */

bool system_runs(uint32_t cpu)
{
	uint64_t running[MACHINE_WORDS];

	machine_running(running);
	return cpu < SCENARIO_LIMIT && (running[cpu / 64] >> cpu % 64 & 1);
}

uint32_t system_count(void)
{
	uint64_t running[MACHINE_WORDS];
	uint32_t word, count = 0;

	machine_running(running);
	for (word = 0; word < MACHINE_WORDS; word++)
		count += (uint32_t)__builtin_popcountll(running[word]);
	return count;
}

uint64_t system_affinity(void)
{
	uint64_t running[MACHINE_WORDS];

	machine_running(running);
	return running[0];
}

void *system_alloc(size_t bytes)
{
	void *memory = playing.no_memory ? NULL : calloc(1, bytes);

	if (memory)
		system_bytes += bytes;
	return memory;
}

void system_free(void *memory, size_t bytes)
{
	if (memory)
		system_bytes -= bytes;
	free(memory);
}

size_t system_allocated(void)
{
	return system_bytes;
}

void *system_guarded(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t whole = (bytes + page - 1) & ~(page - 1);
	char *memory = mmap(NULL, whole + page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory + whole, page, PROT_NONE))
		abort();
	return memory + whole - bytes;
}

bool system_crashed(const struct outcome *outcome)
{
	return outcome->signal == SIGSEGV;
}

const char *system_signal(const struct outcome *outcome)
{
	return outcome->signal ? strsignal(outcome->signal) : "no signal";
}

/* ---- work ------------------------------------------------------------ */

void system_unit(uint32_t cpu)
{
	struct outcome *outcome = playing.outcome;

	__atomic_store_n(&outcome->cpu, cpu, __ATOMIC_RELAXED);
	scenario_count(&outcome->begun);
	playing.driver.work(cpu);
	scenario_count(&outcome->done);
}

/*
 * One unit on each CPU, again and again. Where going to another CPU is slow
 * and the driver cannot tell the difference: all units of a CPU in one go.
 */
static void system_in_turn(uint32_t units)
{
	bool each_all = machine_goes_slowly && !playing.driver.round;
	uint32_t each = each_all ? units : 1;
	uint64_t running[MACHINE_WORDS];
	uint32_t cpu, i;

	machine_running(running);
	for (; units; units -= each) {
		for (cpu = 0; cpu < SCENARIO_LIMIT; cpu++) {
			if (!(running[cpu / 64] >> cpu % 64 & 1))
				continue;
			machine_go(cpu);
			for (i = 0; i < each; i++)
				system_unit(cpu);
		}
		machine_go(0);
		if (playing.driver.round)
			playing.driver.round();
	}
}

static void system_work(uint32_t units)
{
	if (playing.scenario->work == WORK_IN_TURN)
		system_in_turn(units);
	else
		machine_at_once(units, NULL);
}

/* Work, and meanwhile a change. */
static void system_during(const struct event *change)
{
	bool threads = playing.scenario->work == WORK_THREADS;

	machine_at_once(threads ? SCENARIO_THREAD_UNITS : SYSTEM_DURING,
			playing.changes ? change : NULL);
}

/* ---- events ---------------------------------------------------------- */

static void system_memory(uint32_t cpu, bool available)
{
	playing.no_memory = !available;
	machine_memory(cpu, available);
}

static void system_change(const struct event *event)
{
	switch (event->kind) {
	case EVENT_START:
		machine_start(event->number);
		break;
	case EVENT_COMPLETE:
		machine_complete(event->number);
		break;
	case EVENT_FAILURE:
		machine_failure(event->number);
		break;
	case EVENT_RUN:
		machine_runs(event->number);
		break;
	case EVENT_ADD:
		machine_start(event->number);
		machine_complete(event->number);
		break;
	case EVENT_NO_MEMORY:
	case EVENT_MEMORY:
		system_memory(event->number, event->kind == EVENT_MEMORY);
		break;
	default:
		break;
	}
}

static void system_play(void)
{
	const struct event *event = playing.scenario->script;

	for (; event->kind != EVENT_END; event++) {
		if (event->kind == EVENT_WORK)
			system_work(event->number);
		else if (event->kind == EVENT_ADD_DURING ||
			 event->kind == EVENT_TURNS)
			system_during(event);
		else if (playing.changes)
			system_change(event);
		machine_quiesce();
	}
}

/* ---- a driver's life ------------------------------------------------- */

static int system_load(enum model model)
{
	int err = machine_init(model);

	if (!err && playing.cpuslab)
		err = cpuslab_domain_create(&driver_domain, NULL);
	if (!err && playing.cpuslab)
		err = cpuslab_slab_create(&driver_slab, driver_domain, NULL);
	if (!err)
		err = playing.driver.load();
	return err ? err : machine_follow();
}

/* Destroy what the driver found created; false if something is wrong. */
static bool system_unload(void)
{
	struct cpuslab_stats stats;
	bool sound = true;

	if (playing.cpuslab) {
		cpuslab_stats_get(driver_slab, &stats);
		sound = !stats.objects && !cpuslab_slab_check(driver_slab) &&
			!cpuslab_domain_check(driver_domain);
		cpuslab_slab_destroy(driver_slab);
		cpuslab_domain_destroy(driver_domain);
	}
	return machine_fini() && sound;
}

static int system_run(void)
{
	system_play();
	machine_go(0);
	scenario_end(playing.scenario, &playing.driver, playing.outcome);
	machine_unfollow();
	playing.outcome->sound = system_unload();
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

static struct outcome *system_shared(void)
{
	void *memory = mmap(NULL, sizeof(struct outcome),
			    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

void system_try(const struct scenario *scenario, bool cpuslab, enum model model,
		bool changes, struct outcome *outcome)
{
	int status = 0;
	pid_t pid;

	playing.scenario = scenario;
	playing.driver = scenario_driver(scenario, cpuslab);
	playing.cpuslab = cpuslab;
	playing.changes = changes;
	playing.outcome = system_shared();
	pid = fork();
	if (!pid) {
		system_prepare_crash();
		_exit(system_load(model) || machine_run(system_run));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	*outcome = *playing.outcome;
	munmap(playing.outcome, sizeof(*playing.outcome));
	outcome->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	outcome->sound = outcome->sound && !status;
}

/* ---- verdicts -------------------------------------------------------- */

void system_judge(const struct scenario *scenario, size_t models,
		  struct verdict *verdict)
{
	struct outcome outcome;
	size_t model;

	verdict->scenario = scenario;
	system_try(scenario, false, MODEL_RSEQ, true, &verdict->usual);
	verdict->fails = scenario_fails(scenario, &verdict->usual);
	verdict->right = true;
	for (model = 0; model < models && verdict->right; model++) {
		system_try(scenario, true, (enum model)model, true, &outcome);
		verdict->right = scenario_right(scenario, &outcome);
		if (model == MODEL_RSEQ || !verdict->right)
			verdict->cpuslab = outcome;
	}
}
