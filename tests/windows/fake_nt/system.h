/* SPDX-License-Identifier: MIT */
/*
 * system.h - a Windows system as a driver sees it: its processors, levels and
 * DPCs, its pool, and the adding of processors. It watches what the driver does
 * and remembers what a driver must not do.
 *
 * A thread at DISPATCH_LEVEL holds a processor: nobody else is at that level
 * there. Below it, a thread is on another processor every time it looks. Above
 * it, it comes from anywhere, at any moment, as an interrupt does.
 */
#ifndef TESTS_WINDOWS_SYSTEM_H
#define TESTS_WINDOWS_SYSTEM_H

#include "../control.h"
#include "host.h"

#define SYSTEM_MAX_CPUS 2048u
#define SYSTEM_NONE 0xffffffffu

struct system_cpu {
	uint32_t owner;     /* a lock: the thread at DISPATCH_LEVEL */
	uint32_t interrupt; /* a lock: the thread above it */
	uint32_t active;
	uint16_t group;
	uint8_t number;
};

/* What the system knows of a thread; W that thread. */
struct system_thread {
	uint64_t id;
	uint64_t random;
	uint32_t cpu;     /* held, if irql >= DISPATCH_LEVEL */
	uint32_t bound;   /* by affinity; or SYSTEM_NONE */
	uint32_t regions; /* critical */
	uint32_t told;    /* 1 + state of the callback that it makes, or 0 */
	uint32_t
		*entering; /* of the registration that it calls, until inside */
	uint8_t irql;
	bool owns, interrupts; /* locks of its processor */
};

struct system_state {
	uint32_t limit;
	uint32_t quirks;
	uint64_t seed;
	uint32_t changes; /* a lock: adds, one at a time */
	struct system_cpu cpus[SYSTEM_MAX_CPUS];
	uint32_t active[SYSTEM_MAX_CPUS]; /* indexes, in no order */
	uint32_t active_count;
	uint32_t stuck; /* no DPC runs here */
	uint32_t slow;  /* milliseconds: memory, mutexes in a callback */
	uint64_t violations;
	char violation[CONTROL_TEXT];
};

extern struct system_state system_state;

/* processors.c */
struct system_thread *system_self(void);
void system_thread_begin(void);
uint32_t system_random(uint32_t below);
void system_processors_reset(const struct control *control);
bool system_cpu_is_active(uint32_t cpu);
void system_cpu_activate(uint32_t cpu);
/* After the thread at DISPATCH_LEVEL there has left. */
void system_cpu_deactivate(uint32_t cpu);
/* Either of the two, if it is not so. */
void system_cpu_set_active(uint32_t cpu, bool active);
/* The driver did what it must not. */
void system_violation(const char *what);
/* Is the caller at @max at most? Else it is a violation. */
void system_check_irql(KIRQL max, const char *what);

/* Its index, or INVALID_PROCESSOR_INDEX. */
uint32_t system_index(PPROCESSOR_NUMBER number);

/* dpcs.c */
void system_dpcs_reset(void);
/* As SYSTEM_STUCK. */
void system_stuck(uint32_t cpu, uint32_t late);
void system_dpcs_read(struct control *control);

/* pool.c */
void system_pool_reset(void);
void system_pool_fail(uint32_t nth, bool all);
/* Shall this call for memory or a thread fail? */
bool system_step_fails(void);
void system_pool_read(struct control *control);

/* adds.c */
/* The calling thread is inside the callback that it was sent into. */
void system_entered(void);
void system_adds_reset(void);
void system_add(struct control *control);
/* Run it in a thread that system_add_wait() awaits; one at a time. */
void system_background(void (*run)(void *arg), void *arg);
void system_add_wait(struct control *control);
void system_event(const struct control *control);
void system_adds_read(struct control *control);

/* objects.c */
void system_arrival(uint32_t times);
void system_objects_read(struct control *control);

#endif /* TESTS_WINDOWS_SYSTEM_H */
