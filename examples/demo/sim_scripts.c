/* SPDX-License-Identifier: MIT */
/*
 * sim_scripts.c - what happens to CPUs, and two ways to count under it.
 *
 * Each way goes through each script in a process of its own, because some do
 * not survive it. What came of it lies in memory that outlives the process.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim_demo.h"

#define SCRIPT_ADDERS 4u
#define SCRIPT_EVENTS 10000u /* of each adder */

struct script {
	const char *key;
	const char *title;
	const char *code; /* of the usual way; NULL: as shown before */
	const struct sim_way *usual;
	uint32_t first[4]; /* the CPUs that are there at first */
	uint32_t later;    /* one that comes; CPUSLAB_NO_CPU: none */
	bool leave;        /* they go and come back */
	bool guarded;
};

/* Written by the process under test, read when it has ended. */
struct script_outcome {
	uint64_t events;
	uint64_t total;
	uint64_t sums;
	uint64_t backwards;
	uint64_t foreign;
	bool ended;
};

static const struct script scripts[] = {
	{ "added",
	  "A CPU is added: 0 to 3, then 4. Nothing lies behind the array.",
	  NULL,
	  &sim_way_array_store,
	  { 0, 1, 2, 3 },
	  4,
	  false,
	  true },
	{ "added_quietly",
	  "The same, with somebody else's data behind the array.",
	  NULL,
	  &sim_way_array_store,
	  { 0, 1, 2, 3 },
	  4,
	  false,
	  false },
	{ "sparse",
	  "Four scattered numbers, as in a container: 0, 2, 5 and 9.",
	  NULL,
	  &sim_way_array_store,
	  { 0, 2, 5, 9 },
	  CPUSLAB_NO_CPU,
	  false,
	  true },
	{ "folded",
	  "CPUs go, and what they counted is folded into a total:",
	  "total += slots[cpu].events; slots[cpu].events = 0;",
	  &sim_way_array_store,
	  { 0, 1, 2, 3 },
	  CPUSLAB_NO_CPU,
	  true,
	  true },
	{ "exchanged",
	  "The same, with more care:",
	  "total += atomic_exchange(&slots[cpu].events, 0);",
	  &sim_way_array_exchange,
	  { 0, 1, 2, 3 },
	  CPUSLAB_NO_CPU,
	  true,
	  true },
};

static struct {
	const struct script *script;
	const struct sim_way *way;
	struct script_outcome *outcome;
	uint32_t adding; /* adders that have not ended */
} script_now;

/* As the system does it: no thread stays on a CPU that is gone. */
static void script_reschedule(void)
{
	uint32_t i;

	if (sim_cpu_is_available(sim_cpu()))
		return;
	for (i = 0; i < 4; i++)
		if (sim_cpu_is_available(script_now.script->first[i]))
			sim_cpu_set(script_now.script->first[i]);
}

static void script_adder(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < SCRIPT_EVENTS; i++) {
		script_reschedule();
		script_now.way->add();
		script_now.outcome->events++;
	}
	script_now.adding--;
}

static void script_reader(void *arg)
{
	struct script_outcome *outcome = script_now.outcome;
	uint64_t last = 0, sum;

	(void)arg;
	while (script_now.adding) {
		cpuslab_port_preempt_point();
		sum = script_now.way->sum();
		outcome->sums++;
		outcome->backwards += sum < last;
		last = sum;
	}
}

static void script_wait(unsigned int points)
{
	while (points--)
		cpuslab_port_preempt_point();
}

static void script_turn(uint32_t cpu)
{
	sim_cpu_set_available(cpu, false);
	script_now.way->gone(cpu);
	script_wait(20);
	sim_cpu_set_available(cpu, true);
	script_now.way->appear(cpu);
	script_wait(20);
}

/* Lets CPUs come and go. */
static void script_operator(void *arg)
{
	const struct script *script = script_now.script;
	uint32_t i;

	(void)arg;
	while (script_now.outcome->events < SCRIPT_EVENTS)
		cpuslab_port_preempt_point();
	if (script->later != CPUSLAB_NO_CPU) {
		sim_cpu_set_available(script->later, true);
		script_now.way->appear(script->later);
	}
	/* The first one stays: there must be one. */
	for (i = 0; script->leave && script_now.adding; i++)
		script_turn(script->first[1 + i % 3]);
}

static int script_init(uint64_t seed)
{
	const struct sim_config config = {
		.limit = 64,
		.seed = seed,
		.quiet = true,
	};
	uint32_t i;
	int err = sim_init(&config);

	if (err)
		return err;
	for (i = 0; i < 4; i++)
		sim_cpu_set_available(script_now.script->first[i], true);
	return script_now.way->init(4, script_now.script->guarded);
}

/* The whole life of the process under test. */
static int script_run(uint64_t seed)
{
	struct sim_task tasks[SCRIPT_ADDERS + 2];
	uint32_t i;

	if (script_init(seed))
		return 1;
	script_now.adding = SCRIPT_ADDERS;
	for (i = 0; i < SCRIPT_ADDERS + 2; i++) {
		tasks[i].run = script_adder;
		tasks[i].arg = NULL;
		tasks[i].cpu = script_now.script->first[i % 4];
	}
	tasks[SCRIPT_ADDERS].run = script_reader;
	tasks[SCRIPT_ADDERS + 1].run = script_operator;
	sim_run(tasks, SCRIPT_ADDERS + 2);
	script_now.outcome->total = script_now.way->sum();
	script_now.outcome->foreign = script_now.way->foreign();
	script_now.outcome->ended = true;
	return 0;
}

/* A crash is expected: leave no core file, call no sanitizer. */
static void script_prepare_crash(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
}

static int script_signal(int status)
{
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static int script_try(const struct script *script, const struct sim_way *way,
		      uint64_t seed)
{
	struct script_outcome *o = script_now.outcome;
	int status;
	pid_t pid;

	memset(o, 0, sizeof(*o));
	script_now.script = script;
	script_now.way = way;
	pid = fork();
	if (!pid) {
		script_prepare_crash();
		_exit(script_run(seed));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	sim_tell(way->name, "%d %d %llu %llu %llu %llu %llu %llu",
		 script_signal(status), o->ended && !status,
		 (unsigned long long)o->events,
		 (unsigned long long)SCRIPT_ADDERS * SCRIPT_EVENTS,
		 (unsigned long long)o->total, (unsigned long long)o->sums,
		 (unsigned long long)o->backwards,
		 (unsigned long long)o->foreign);
	return 0;
}

int sim_scripts(uint64_t seed)
{
	size_t i;
	int err = 0;

	script_now.outcome = mmap(NULL, sizeof(*script_now.outcome),
				  PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (script_now.outcome == MAP_FAILED)
		return 1;
	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		sim_tell("key", "%s", scripts[i].key);
		sim_tell("title", "%s", scripts[i].title);
		if (scripts[i].code)
			sim_tell("code", "%s", scripts[i].code);
		err |= script_try(&scripts[i], scripts[i].usual, seed);
		err |= script_try(&scripts[i], &sim_way_slab, seed);
	}
	return err;
}
