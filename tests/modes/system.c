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

#include "modes.h"

#define SYSTEM_PATIENCE 60u /* seconds; beyond that it hangs */
#define SYSTEM_SEED 1u
#define SYSTEM_AMID 40u /* units of each while a processor is added */
#define SYSTEM_GROUP 64u

struct cpuslab_domain *modes_domain;
struct cpuslab_slab *modes_slab;

static struct {
	const struct modes_scenario *scenario;
	const struct modes_way *way;
	bool cpuslab;
	struct modes_outcome *outcome;
	uint32_t units; /* of each task */
	bool no_memory;
	size_t allocated;
} now;

/* ---- what a driver asks ---------------------------------------------- */

uint32_t modes_count(void)
{
	uint32_t cpu, count = 0;

	for (cpu = 0; cpu < MODES_LIMIT; cpu++)
		count += sim_cpu_is_available(cpu);
	return count;
}

uint64_t modes_affinity(void)
{
	uint64_t mask = 0;
	uint32_t cpu;

	for (cpu = 0; cpu < SYSTEM_GROUP; cpu++)
		mask |= (uint64_t)sim_cpu_is_available(cpu) << cpu;
	return mask;
}

uint32_t modes_nth(uint64_t mask, uint32_t n)
{
	uint32_t bit;

	for (bit = 0; bit < 64; bit++)
		if ((mask >> bit & 1) && !n--)
			return bit;
	return CPUSLAB_NO_CPU;
}

uint32_t modes_number(uint32_t cpu)
{
	return cpu % SYSTEM_GROUP;
}

void *modes_alloc(size_t bytes)
{
	void *memory = now.no_memory ? NULL : calloc(1, bytes);

	if (memory)
		now.allocated += bytes;
	return memory;
}

void modes_free(void *memory, size_t bytes)
{
	if (memory)
		now.allocated -= bytes;
	free(memory);
}

size_t modes_allocated(void)
{
	return now.allocated;
}

void *modes_guarded(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t whole = (bytes + page - 1) & ~(page - 1);
	char *memory = mmap(NULL, whole + page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory + whole, page, PROT_NONE))
		abort();
	return memory + whole - bytes;
}

void modes_say(char *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(text, MODES_TEXT, format, args);
	va_end(args);
}

bool modes_none_lost(const struct modes_outcome *outcome)
{
	return outcome->got == outcome->wanted;
}

const char *modes_end(const struct modes_outcome *outcome)
{
	if (modes_segv(outcome))
		return "SIGSEGV";
	return outcome->signal ? strsignal(outcome->signal) : "no signal";
}

bool modes_segv(const struct modes_outcome *outcome)
{
	return outcome->signal == SIGSEGV;
}

/* ---- work ------------------------------------------------------------ */

static void system_unit(uint32_t cpu)
{
	now.outcome->cpu = cpu;
	now.outcome->wanted++;
	now.way->work(cpu);
}

static void system_in_turn(uint32_t units)
{
	uint32_t cpu;

	while (units--) {
		for (cpu = 0; cpu < MODES_LIMIT; cpu++) {
			if (!sim_cpu_is_available(cpu))
				continue;
			sim_cpu_set(cpu);
			system_unit(cpu);
		}
		sim_cpu_set(0);
		if (now.way->round)
			now.way->round();
	}
}

static void system_task(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < now.units; i++)
		system_unit(sim_cpu());
}

static void system_add(uint32_t cpu);

static void system_adder(void *arg)
{
	system_add(*(uint32_t *)arg);
}

/* One task on each running processor, and one that adds @cpu. */
static void system_at_once(uint32_t units, uint32_t cpu)
{
	struct sim_task tasks[MODES_LIMIT + 1];
	uint32_t i, count = 0;

	now.units = units;
	for (i = 0; i < MODES_LIMIT; i++)
		if (sim_cpu_is_available(i))
			tasks[count++] = (struct sim_task){
				.run = system_task,
				.cpu = i,
			};
	if (cpu != CPUSLAB_NO_CPU)
		tasks[count++] = (struct sim_task){
			.run = system_adder,
			.arg = &cpu,
		};
	sim_run(tasks, count);
}

static void system_work(uint32_t units)
{
	if (now.scenario->at_once)
		system_at_once(units, CPUSLAB_NO_CPU);
	else
		system_in_turn(units);
}

/* ---- events ---------------------------------------------------------- */

static void system_tell(void (*callback)(uint32_t cpu),
			int (*domain)(struct cpuslab_domain *, uint32_t),
			uint32_t cpu)
{
	/* A refusal stops nobody here: the processor comes all the same. */
	if (now.cpuslab)
		domain(modes_domain, cpu);
	if (callback)
		callback(cpu);
}

static void system_start(uint32_t cpu)
{
	system_tell(now.way->start, cpuslab_domain_add_start, cpu);
}

static void system_complete(uint32_t cpu)
{
	sim_cpu_set_available(cpu, true);
	system_tell(now.way->complete, cpuslab_domain_add_complete, cpu);
}

static void system_add(uint32_t cpu)
{
	system_start(cpu);
	system_complete(cpu);
}

static void system_failure(uint32_t cpu)
{
	sim_cpu_set_available(cpu, false);
	system_tell(now.way->failure, cpuslab_domain_add_failure, cpu);
}

static void system_memory(uint32_t cpu, bool is_there)
{
	now.no_memory = !is_there;
	sim_fail_commit_cpu(cpu, !is_there);
}

static void system_change(const struct modes_event *event)
{
	switch (event->what) {
	case MODES_START:
		system_start(event->number);
		break;
	case MODES_COMPLETE:
		system_complete(event->number);
		break;
	case MODES_FAILURE:
		system_failure(event->number);
		break;
	case MODES_RUNS:
		sim_cpu_set_available(event->number, true);
		break;
	case MODES_ADD:
		system_add(event->number);
		break;
	case MODES_NO_MEMORY:
	case MODES_MEMORY:
		system_memory(event->number, event->what == MODES_MEMORY);
		break;
	case MODES_ADD_AMID:
	case MODES_WORK:
	case MODES_END:
		break;
	}
}

static void system_play(bool changes)
{
	const struct modes_event *event = now.scenario->script;

	for (; event->what != MODES_END; event++) {
		if (event->what == MODES_WORK)
			system_work(event->number);
		else if (event->what == MODES_ADD_AMID)
			system_at_once(SYSTEM_AMID, changes ? event->number :
							      CPUSLAB_NO_CPU);
		else if (changes)
			system_change(event);
		sim_quiesce();
	}
}

/* ---- the life of one way --------------------------------------------- */

static int system_init(enum modes_model model)
{
	static const struct sim_odds odds = { .interleave = 400 };
	const struct sim_config config = {
		.limit = MODES_LIMIT,
		.seed = SYSTEM_SEED,
		.mode = model == MODES_ATOMIC ? SIM_ATOMIC : SIM_RSEQ,
		.directory = model == MODES_DIRECTORY,
		.quiet = true,
		.odds = &odds,
	};
	const uint32_t *first = now.scenario->first;
	uint32_t i;
	int err = sim_init(&config);

	for (i = 0; !err && i < MODES_FIRST; i++)
		sim_cpu_set_available(first ? first[i] : i, true);
	if (!err && now.cpuslab)
		err = cpuslab_domain_create(&modes_domain, NULL);
	if (!err && now.cpuslab)
		err = cpuslab_slab_create(&modes_slab, modes_domain, NULL);
	return err;
}

/* Is all as it must be, and is nothing left? */
static bool system_fini(void)
{
	struct cpuslab_stats stats;
	bool sound = true;

	if (now.cpuslab) {
		cpuslab_stats_get(modes_slab, &stats);
		sound = !stats.objects && !cpuslab_slab_check(modes_slab) &&
			!cpuslab_domain_check(modes_domain);
		cpuslab_slab_destroy(modes_slab);
		cpuslab_domain_destroy(modes_domain);
	}
	return !sim_fini() && sound;
}

static int system_run(enum modes_model model, bool changes)
{
	if (system_init(model) || (now.way->load && now.way->load()))
		return 1;
	system_play(changes);
	sim_cpu_set(0);
	now.way->finish(now.outcome);
	now.outcome->sound = system_fini();
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
	alarm(SYSTEM_PATIENCE);
}

static struct modes_outcome *system_shared(void)
{
	void *memory = mmap(NULL, sizeof(struct modes_outcome),
			    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

void modes_try(const struct modes_scenario *scenario, bool cpuslab,
	       enum modes_model model, bool changes,
	       struct modes_outcome *outcome)
{
	int status = 0;
	pid_t pid;

	now.scenario = scenario;
	now.cpuslab = cpuslab;
	now.way = cpuslab ? &scenario->cpuslab : &scenario->usual;
	now.outcome = system_shared();
	pid = fork();
	if (!pid) {
		system_prepare_crash();
		_exit(system_run(model, changes));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	*outcome = *now.outcome;
	munmap(now.outcome, sizeof(*now.outcome));
	outcome->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	outcome->sound = outcome->sound && !status;
}
