/* SPDX-License-Identifier: MIT */
/*
 * modes.h - the ways in which a driver goes wrong when a CPU is added.
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
#ifndef CPUSLAB_MODES_H
#define CPUSLAB_MODES_H

#include <cpuslab/cpuslab.h>

#define MODES_LIMIT 128u /* CPU numbers of the system */
#define MODES_FIRST 4u   /* CPUs that are there at first */
#define MODES_FIGURES 6u
#define MODES_TEXT 256u

/* ---- scripts --------------------------------------------------------- */

enum modes_what {
	MODES_END,
	MODES_WORK,      /* so many units on each running CPU */
	MODES_START,     /* the driver's callback, as are the next two */
	MODES_COMPLETE,  /* it runs, if it did not, and the driver is told */
	MODES_FAILURE,   /* it does not come, and the driver is told */
	MODES_RUNS,      /* it runs: nobody has been told */
	MODES_ADD,       /* start, runs, complete */
	MODES_ADD_AMID,  /* the same while all others work */
	MODES_NO_MEMORY, /* there is none for that CPU */
	MODES_MEMORY,    /* there is again */
};

struct modes_event {
	enum modes_what what;
	uint32_t number; /* of units, or the CPU's */
};

/* ---- ways ------------------------------------------------------------ */

/* Written by the process under test, read when it has ended. */
struct modes_outcome {
	int signal;           /* that ended it; 0: none */
	bool sound;           /* it went through, and what it used is right */
	uint32_t cpu;         /* the last one that worked */
	unsigned long wanted; /* units of work that were begun */
	unsigned long got;    /* of these known at the end, if counted */
	unsigned long figure[MODES_FIGURES]; /* the scenario's own */
};

/* A driver. Callbacks may be NULL, but for work and finish. */
struct modes_way {
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
	void (*finish)(struct modes_outcome *outcome);
};

struct modes_scenario {
	const char *name;
	const char *source; /* where the quotation stands */
	const char *quote;
	const uint32_t *first; /* [MODES_FIRST]; NULL: 0 to 3 */
	const struct modes_event *script;
	const char *figures[MODES_FIGURES]; /* their names */
	bool at_once; /* CPUs work at the same time, not in turn */
	bool always;  /* the usual way fails without a change, too */
	struct modes_way usual;
	struct modes_way cpuslab; /* events go to modes_domain */
	/* The usual way failed, in the very way that is claimed. */
	bool (*fails)(const struct modes_outcome *outcome);
	/* Nothing is wrong. Asked of sound outcomes only. */
	bool (*right)(const struct modes_outcome *outcome);
	void (*say_usual)(const struct modes_outcome *outcome, char *text);
	void (*say_cpuslab)(const struct modes_outcome *outcome, char *text);
};

extern const struct modes_scenario mode_resources, mode_walk, mode_assign,
	mode_structures, mode_dispatch, mode_schedule, mode_rebalance,
	mode_balance, mode_memory, mode_maximum, mode_update, mode_bits,
	mode_variable, mode_late, mode_early, mode_failure, mode_number,
	mode_twice;

/* ---- what a driver asks of its system -------------------------------- */

/* Does CPU @cpu run? */
bool modes_runs(uint32_t cpu);
/* KeQueryActiveProcessorCount() */
uint32_t modes_count(void);
/* KeQueryActiveProcessors(): of CPU group 0, as that one. */
uint64_t modes_affinity(void);
/* The n-th set bit of a mask; CPUSLAB_NO_CPU if it has fewer. */
uint32_t modes_nth(uint64_t mask, uint32_t n);
/* CPU groups of 64: the number within the group. */
uint32_t modes_number(uint32_t cpu);

/* A pool that counts, zeroed; NULL while there is MODES_NO_MEMORY. */
void *modes_alloc(size_t bytes);
void modes_free(void *memory, size_t bytes);
size_t modes_allocated(void);
/* Zeroed memory, and behind it a page that nobody may touch. */
void *modes_guarded(size_t bytes);

/* Here another CPU may go on meanwhile, as it may anywhere. */
void modes_point(void);
/* One more, where CPUs may work at once. */
static inline void modes_add(unsigned long *count)
{
	__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

/* What the cpuslab ways find made, and is taken down after finish. */
extern struct cpuslab_domain *modes_domain;
extern struct cpuslab_slab *modes_slab;

void modes_say(char *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* What most are: each unit of work is known, once. */
bool modes_none_lost(const struct modes_outcome *outcome);
/* What ended it, by name. */
const char *modes_end(const struct modes_outcome *outcome);
bool modes_segv(const struct modes_outcome *outcome);

/* ---- the harness ----------------------------------------------------- */

enum modes_model {
	MODES_RSEQ,
	MODES_ATOMIC,
	MODES_DIRECTORY,
	MODES_MODELS
};

/*
 * Let one way go through the script, or, without @changes, through the work
 * alone.
 */
void modes_try(const struct modes_scenario *scenario, bool cpuslab,
	       enum modes_model model, bool changes,
	       struct modes_outcome *outcome);

/* A scenario's verdict. */
struct modes_verdict {
	const struct modes_scenario *scenario;
	struct modes_outcome usual;
	struct modes_outcome cpuslab[MODES_MODELS];
	bool fails; /* the usual way, as claimed */
	bool right; /* cpuslab, in all models */
};

void modes_table(const struct modes_verdict *verdicts, size_t count);
int modes_json(const struct modes_verdict *verdicts, size_t count,
	       const char *file);

#endif /* CPUSLAB_MODES_H */
