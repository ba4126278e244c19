/* SPDX-License-Identifier: MIT */
/*
 * event.h - what a script consists of. Stands alone: the program that plays
 * scripts in Wine knows nothing else of this folder.
 */
#ifndef TESTS_DRIVER_FAILURES_EVENT_H
#define TESTS_DRIVER_FAILURES_EVENT_H

#include <stdint.h>

enum event_kind {
	EVENT_END,
	EVENT_WORK,       /* so many units on each CPU that runs */
	EVENT_START,      /* the driver's callback, as the next two */
	EVENT_COMPLETE,   /* the CPU runs, if it did not */
	EVENT_FAILURE,    /* the CPU does not come */
	EVENT_RUN,        /* the CPU runs, without a callback */
	EVENT_ADD,        /* start, run, complete */
	EVENT_ADD_DURING, /* the same while all others work */
	EVENT_TURNS,      /* CPUs leave and return while others work */
	EVENT_NO_MEMORY,  /* allocations for the CPU fail */
	EVENT_MEMORY,     /* they succeed again */
};

struct event {
	enum event_kind kind;
	uint32_t number; /* of units, or the CPU's */
};

/* For scripts: WORK(100), ADD(4), WORK(100) */
#define EVENT(kind, number)                                                    \
	{                                                                      \
		EVENT_##kind, number                                           \
	}
#define WORK(units) EVENT(WORK, units)
#define START(cpu) EVENT(START, cpu)
#define COMPLETE(cpu) EVENT(COMPLETE, cpu)
#define FAILURE(cpu) EVENT(FAILURE, cpu)
#define RUN(cpu) EVENT(RUN, cpu)
#define ADD(cpu) EVENT(ADD, cpu)
#define ADD_DURING(cpu) EVENT(ADD_DURING, cpu)
#define TURNS EVENT(TURNS, 0)
#define NO_MEMORY(cpu) EVENT(NO_MEMORY, cpu)
#define MEMORY(cpu) EVENT(MEMORY, cpu)

#endif /* TESTS_DRIVER_FAILURES_EVENT_H */
