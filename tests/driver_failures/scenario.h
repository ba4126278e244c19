/* SPDX-License-Identifier: MIT */
/*
 * scenario.h - how drivers fail when the CPUs change.
 *
 *	scenario   a case, a script, two drivers, and what each comes to
 *	script     work, and changes of the CPUs between or during it
 *	driver     a small one: written in the usual way, or with cpuslab
 *	outcome    what it came to, in memory that outlives it
 *
 * Each driver goes through the whole script in a process of its own, because
 * some do not survive it: on simulated CPUs, in a guest whose CPUs are really
 * added (machine.h), or as a Windows driver. A scenario passes when the usual
 * driver fails exactly as claimed and the one with cpuslab is right.
 *
 * Figures have names. A text shows them: "{known} of {begun} events". A
 * condition compares them with numbers and with each other: "workers = 4,
 * known < begun"; the operators are =, < and >, and all must hold.
 */
#ifndef TESTS_DRIVER_FAILURES_SCENARIO_H
#define TESTS_DRIVER_FAILURES_SCENARIO_H

#include <cpuslab/cpuslab.h>

#include "event.h"

#define SCENARIO_LIMIT 128u /* CPU numbers of the system */
#define SCENARIO_FIRST 4u   /* CPUs that run at first */
#define SCENARIO_EVENTS 20u
#define SCENARIO_FIGURES 6u
#define SCENARIO_TEXT 160u

/* Of WORK_THREADS: units of each thread, what is right, and its text. */
#define SCENARIO_THREAD_UNITS 10000u
#define SCENARIO_EXACT "begun = 40000, known = 40000"
#define SCENARIO_EXACT_TEXT                                                    \
	"{known} of 40,000 events, and none of {sums} sums went back"

/* Written by the process under test, read when it has ended. */
struct outcome {
	int signal; /* that ended it; 0: none */
	bool sound; /* unloaded, and all checks passed */
	/* Figures that all scenarios have, by these names. */
	unsigned long cpu;       /* on which a unit of work began last */
	unsigned long active;    /* CPUs at the end */
	unsigned long begun;     /* units of work that began */
	unsigned long done;      /* ... that ended */
	unsigned long known;     /* ... that the driver knows of */
	unsigned long lost;      /* ... that began, and are not known */
	unsigned long sums;      /* that were read during the work */
	unsigned long backwards; /* ... smaller than the one before */
	unsigned long left;      /* bytes that the unload did not free */
	unsigned long own[SCENARIO_FIGURES];
};

/* A callback that is NULL is the default driver's, or does nothing. */
struct driver {
	const struct driver *base; /* the default; NULL: see default.c */
	int (*load)(void);
	/* What the system announces. */
	void (*start)(uint32_t cpu);
	void (*complete)(uint32_t cpu);
	void (*failure)(uint32_t cpu);
	void (*remove)(uint32_t cpu);
	/* One unit of work, on CPU @cpu. */
	void (*work)(uint32_t cpu);
	/* All CPUs have done a unit. With WORK_IN_TURN only. */
	void (*round)(void);
	/* How many units are known: what @known points to, or a sum. */
	const unsigned long *known;
	uint64_t (*sum)(void);
	/* At the end: complete the figures. */
	void (*measure)(void);
	void (*unload)(void);
};

enum scenario_work {
	WORK_IN_TURN, /* one CPU after the other */
	WORK_AT_ONCE, /* a thread bound to each CPU */
	/*
	 * Threads that the system moves, SCENARIO_THREAD_UNITS each; changes
	 * come after as many units, and another thread reads sums meanwhile.
	 */
	WORK_THREADS,
};

struct scenario {
	const char *name;
	/* A sentence of Microsoft's documentation, and where it stands; */
	const char *source, *quote;
	/* or what happens, and the driver's code if it is not the default. */
	const char *title, *code;
	uint32_t first[SCENARIO_FIRST]; /* CPUs; all 0: 0 to 3 */
	enum scenario_work work;
	struct event script[SCENARIO_EVENTS];
	/* Its own figures. */
	struct {
		const char *name;
		const unsigned long *value;
	} figures[SCENARIO_FIGURES];
	struct driver usual, cpuslab;
	bool crashes; /* the usual driver, by an invalid access */
	bool always;  /* it fails without a change */
	/* Conditions. cpuslab_right may be NULL: no unit of work is lost. */
	const char *usual_fails, *cpuslab_right;
	const char *usual_text, *cpuslab_text;
};

#define FIGURE(variable)                                                       \
	{                                                                      \
		.name = #variable, .value = &variable                          \
	}

/* ---- scenario.c: on any system --------------------------------------- */

/*
 * The @i-th scenario; those with WORK_THREADS, which are the last ones, only if
 * @threads. NULL behind the last.
 */
const struct scenario *scenario_get(size_t i, bool threads);

/* The driver with its defaults. */
struct driver scenario_driver(const struct scenario *scenario, bool cpuslab);
/* The @i-th CPU that runs at first. */
uint32_t scenario_first(const struct scenario *scenario, uint32_t i);

/* Measure and unload the driver: what it came to. */
void scenario_end(const struct scenario *scenario, const struct driver *driver,
		  struct outcome *outcome);

/* The usual driver failed as claimed. */
bool scenario_fails(const struct scenario *scenario,
		    const struct outcome *outcome);
/* Nothing is wrong. */
bool scenario_right(const struct scenario *scenario,
		    const struct outcome *outcome);

/* The @i-th figure and its name; NULL behind the last. */
const char *scenario_figure(const struct scenario *scenario,
			    const struct outcome *outcome, size_t i,
			    unsigned long *value);
/*
 * The driver's text; {signal} is what ended it. If the outcome is not the
 * @expected one: all figures.
 */
void scenario_text(const struct scenario *scenario, bool cpuslab,
		   const struct outcome *outcome, bool expected,
		   char text[SCENARIO_TEXT]);

/* The n-th set bit of a mask; CPUSLAB_NO_CPU if it has fewer. */
uint32_t scenario_nth(uint64_t mask, uint32_t n);

/* For counts that several CPUs change at the same time. */
static inline void scenario_count(unsigned long *count)
{
	__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

/* ---- default.c: drivers to start from -------------------------------- */

/* usual: one slot for each CPU that runs at load, by its number */
struct array_slot {
	uint64_t events;
	uint32_t owner; /* see array_count_unlocked() */
	bool shared;
	uint64_t others[6];
};

extern const struct driver array_driver;
extern struct array_slot *array_slots;
extern uint32_t array_count; /* CPUs, as saved at load */
extern uint64_t array_total; /* of CPUs that left; part of the sum */
extern unsigned long array_foreign;

/* Allocate @count slots, and @behind bytes behind them. */
int array_init(uint32_t count, size_t behind);
/* One slot for each CPU number of the system. */
int array_load_maximum(void);
/*
 * Count on @cpu in slot @i as if no other CPU used it. For the figures only:
 * the first CPU is its owner, and events of others are foreign.
 */
void array_count_unlocked(uint32_t i, uint32_t cpu);

/* usual: memory allocated for each CPU */
#define EACH_BYTES 4096u
extern const struct driver each_driver;
void each_alloc(uint32_t cpu);

/* cpuslab: a counter */
extern const struct driver counter_driver;
extern struct cpuslab_counter counter_events;
void counter_work(uint32_t cpu);

/* cpuslab: a mailbox; a steering table that follows the domain */
extern const struct driver mailbox_driver, steering_driver;
extern struct cpuslab_mailbox mailbox;
extern struct cpuslab_steering steering;
#define STEERING_BUCKETS 16u

/* A unit of work with nothing to do. */
void driver_idle(uint32_t cpu);
/* How many CPUs the domain has. */
uint32_t driver_count(void);

/* What drivers with cpuslab find created; destroyed after the unload. */
extern struct cpuslab_domain *driver_domain;
extern struct cpuslab_slab *driver_slab;

/* ---- what a driver asks of its system -------------------------------- */

/* Does CPU @cpu run? */
bool system_runs(uint32_t cpu);
/* KeQueryActiveProcessorCount() */
uint32_t system_count(void);
/* KeQueryActiveProcessors(): the first 64 CPUs, which are CPU group 0. */
uint64_t system_affinity(void);
/* The number within the CPU group. */
static inline uint32_t system_group_number(uint32_t cpu)
{
	return cpu % 64;
}

/* Zeroed memory; NULL between EVENT_NO_MEMORY and EVENT_MEMORY. */
void *system_alloc(size_t bytes);
void system_free(void *memory, size_t bytes);
/* Bytes that are allocated. */
size_t system_allocated(void);
/* Zeroed memory that ends in front of an inaccessible page. */
void *system_guarded(size_t bytes);

/* Here another CPU may go on, as it may anywhere. */
void system_point(void);

/* An invalid access ended it. */
bool system_crashed(const struct outcome *outcome);
/* What ended it, in words. */
const char *system_signal(const struct outcome *outcome);

#endif /* TESTS_DRIVER_FAILURES_SCENARIO_H */
