/* SPDX-License-Identifier: MIT */
/*
 * scenario.h - the ways in which a driver goes wrong when a CPU is added.
 *
 *	scenario   what the page says, a script, two ways, what each comes to
 *	script     work, and changes of the CPUs between or amid it
 *	way        a small driver: the usual one, or the same with cpuslab
 *	outcome    what it came to, in memory that outlives the driver
 *
 * Each way goes through the whole script in a process of its own, because some
 * do not survive it: on simulated CPUs, or in a guest, whose CPUs
 * are really added (machine.h). A scenario passes when the usual way fails
 * exactly as it says and cpuslab is right, in each memory model.
 */
#ifndef TESTS_DRIVER_FAILURES_SCENARIO_H
#define TESTS_DRIVER_FAILURES_SCENARIO_H

#include <cpuslab/cpuslab.h>

#define FAILURES_LIMIT 128u /* CPU numbers of the system */
#define FAILURES_FIRST 4u   /* CPUs that are there at first */
#define FAILURES_FIGURES 6u
#define FAILURES_TEXT 256u

/* ---- scripts --------------------------------------------------------- */

enum failures_what {
	FAILURES_END,
	FAILURES_WORK,      /* so many units on each running CPU */
	FAILURES_START,     /* the driver's callback, as are the next two */
	FAILURES_COMPLETE,  /* it runs, if it did not, and the driver is told */
	FAILURES_FAILURE,   /* it does not come, and the driver is told */
	FAILURES_RUNS,      /* it runs: nobody has been told */
	FAILURES_ADD,       /* start, runs, complete */
	FAILURES_ADD_AMID,  /* the same while all others work */
	FAILURES_NO_MEMORY, /* there is none for that CPU */
	FAILURES_MEMORY,    /* there is again */
};

struct failures_event {
	enum failures_what what;
	uint32_t number; /* of units, or the CPU's */
};

/* ---- ways ------------------------------------------------------------ */

/* Written by the process under test, read when it has ended. */
struct failures_outcome {
	int signal;           /* that ended it; 0: none */
	bool sound;           /* it went through, and what it used is right */
	uint32_t cpu;         /* the last one that worked */
	unsigned long wanted; /* units of work that were begun */
	unsigned long got;    /* of these known at the end, if counted */
	unsigned long figure[FAILURES_FIGURES]; /* the scenario's own */
};

/* A driver. Callbacks may be NULL, but for work and finish. */
struct failures_way {
	int (*load)(void);
	/* The system's notification. */
	void (*start)(uint32_t cpu);
	void (*complete)(uint32_t cpu);
	void (*failure)(uint32_t cpu);
	/* One unit of work, on CPU @cpu. */
	void (*work)(uint32_t cpu);
	/* All CPUs have done a unit; not where they work at once. */
	void (*round)(void);
	/* The end: fill in the outcome, unload. */
	void (*finish)(struct failures_outcome *outcome);
};

struct scenario {
	const char *name;
	const char *source; /* where the quotation stands */
	const char *quote;
	const uint32_t *first; /* [FAILURES_FIRST]; NULL: 0 to 3 */
	const struct failures_event *script;
	const char *figures[FAILURES_FIGURES]; /* their names */
	bool at_once; /* CPUs work at the same time, not in turn */
	bool always;  /* the usual way fails without a change, too */
	struct failures_way usual;
	struct failures_way cpuslab; /* events go to failures_domain */
	/* The usual way failed, in the very way that is claimed. */
	bool (*fails)(const struct failures_outcome *outcome);
	/* Nothing is wrong. Asked of sound outcomes only. */
	bool (*right)(const struct failures_outcome *outcome);
	void (*say_usual)(const struct failures_outcome *outcome, char *text);
	void (*say_cpuslab)(const struct failures_outcome *outcome, char *text);
};

extern const struct scenario scenario_resources, scenario_walk, scenario_assign,
	scenario_structures, scenario_dispatch, scenario_schedule,
	scenario_rebalance, scenario_balance, scenario_memory, scenario_maximum,
	scenario_update, scenario_bits, scenario_variable, scenario_late,
	scenario_early, scenario_failure, scenario_number, scenario_twice;

/* ---- what a driver asks of its system -------------------------------- */

/* Does CPU @cpu run? */
bool failures_runs(uint32_t cpu);
/* KeQueryActiveProcessorCount() */
uint32_t failures_count(void);
/* KeQueryActiveProcessors(): of CPU group 0, as that one. */
uint64_t failures_affinity(void);
/* The n-th set bit of a mask; CPUSLAB_NO_CPU if it has fewer. */
uint32_t failures_nth(uint64_t mask, uint32_t n);
/* CPU groups of 64: the number within the group. */
uint32_t failures_number(uint32_t cpu);

/* A pool that counts, zeroed; NULL while there is FAILURES_NO_MEMORY. */
void *failures_alloc(size_t bytes);
void failures_free(void *memory, size_t bytes);
size_t failures_allocated(void);
/* Zeroed memory, and behind it a page that nobody may touch. */
void *failures_guarded(size_t bytes);

/* Here another CPU may go on meanwhile, as it may anywhere. */
void failures_point(void);
/* One more, where CPUs may work at once. */
static inline void failures_add(unsigned long *count)
{
	__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

/* What the cpuslab ways find made, and is taken down after finish. */
extern struct cpuslab_domain *failures_domain;
extern struct cpuslab_slab *failures_slab;

void failures_say(char *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* What most are: each unit of work is known, once. */
bool failures_none_lost(const struct failures_outcome *outcome);
/* What ended it, by name. */
const char *failures_end(const struct failures_outcome *outcome);
bool failures_segv(const struct failures_outcome *outcome);

/* ---- the harness ----------------------------------------------------- */

enum failures_model {
	FAILURES_RSEQ,
	FAILURES_ATOMIC,
	FAILURES_DIRECTORY,
	FAILURES_MODELS
};

/*
 * Let one way go through the script, or, without @changes, through the work
 * alone.
 */
void failures_try(const struct scenario *scenario, bool cpuslab,
		  enum failures_model model, bool changes,
		  struct failures_outcome *outcome);

/* A scenario's verdict. */
struct failures_verdict {
	const struct scenario *scenario;
	struct failures_outcome usual;
	struct failures_outcome cpuslab[FAILURES_MODELS];
	bool fails; /* the usual way, as claimed */
	bool right; /* cpuslab, in all models */
};

void failures_table(const struct failures_verdict *verdicts, size_t count);
int failures_json(const struct failures_verdict *verdicts, size_t count,
		  const char *file);

#endif /* TESTS_DRIVER_FAILURES_SCENARIO_H */
