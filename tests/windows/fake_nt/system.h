/* SPDX-License-Identifier: MIT */
/*
 * system.h - a Windows system as a driver sees it: its processors, IRQLs and
 * DPCs, its pool, and adds of processors. It checks what the driver does and
 * records violations.
 *
 * A thread at DISPATCH_LEVEL holds a processor: no other thread is at that IRQL
 * there. Below it, a thread is on another processor each time it asks. Above
 * it, a thread can come at any moment, as an interrupt does.
 */
#ifndef TESTS_WINDOWS_SYSTEM_H
#define TESTS_WINDOWS_SYSTEM_H

#include "../control.h"
#include "host.h"

#define SYSTEM_MAX_CPUS 2048u
#define SYSTEM_NONE 0xffffffffu

struct system_cpu {
	uint32_t owner;     /* a lock: of the thread at DISPATCH_LEVEL */
	uint32_t interrupt; /* a lock: of the thread above it */
	uint32_t active;
	uint32_t dpcs; /* that ran since the last mark; W any */
	uint16_t group;
	uint8_t number;
};

/* What the system knows about a thread; W that thread. */
struct system_thread {
	uint64_t id;
	uint64_t random;
	uint32_t cpu;       /* held, if irql >= DISPATCH_LEVEL */
	uint32_t bound;     /* the processor of its affinity, or SYSTEM_NONE */
	uint32_t regions;   /* critical regions */
	uint32_t callback;  /* 1 + state of the callback in progress, or 0 */
	uint32_t *entering; /* of its callback, until that begins */
	uint8_t irql;
	bool owns, interrupts; /* holds these locks of its processor */
};

struct system_state {
	uint32_t limit;
	uint32_t quirks;
	uint64_t seed;
	uint32_t changes; /* a lock: one add at a time */
	struct system_cpu cpus[SYSTEM_MAX_CPUS];
	uint32_t active[SYSTEM_MAX_CPUS]; /* indexes, in no particular order */
	uint32_t active_count;
	uint32_t stuck; /* no DPC runs on this processor */
	uint32_t slow;  /* milliseconds: memory, mutexes in a callback */
	uint64_t hints, raises, waits; /* as RESULT_*; W any */
	uint64_t violations;
	char violation[CONTROL_TEXT];
};

extern struct system_state system_state;

/* processors.c */
struct system_thread *system_self(void);
void system_thread_begin(void);
uint32_t system_random(uint32_t below);
void system_processors_reset(const struct control *control);
void system_processors_mark(void);
void system_processors_read(struct control *control);
bool system_cpu_is_active(uint32_t cpu);
void system_cpu_activate(uint32_t cpu);
/* Once the thread at DISPATCH_LEVEL there has left. */
void system_cpu_deactivate(uint32_t cpu);
/* Activate or deactivate it, unless it is in that state already. */
void system_cpu_set_active(uint32_t cpu, bool active);
/* Record that the driver broke a rule. */
void system_violation(const char *what);
/* A violation if the caller, at PASSIVE_LEVEL, is not as it was at first. */
void system_check_restored(void);
/* A violation if the caller is above @max. */
void system_check_irql(KIRQL max, const char *what);

/* The index, or INVALID_PROCESSOR_INDEX. */
uint32_t system_index(PPROCESSOR_NUMBER number);

/* The caller is at PASSIVE_LEVEL from here on. */
void system_lower(void);

/* dpcs.c */
void system_dpcs_reset(void);
/* As SYSTEM_STUCK. */
void system_stuck(uint32_t cpu, uint32_t how);
void system_dpcs_mark(void);
void system_dpcs_read(struct control *control);
/* The caller waits, so DPCs run now. */
void system_dpcs_run(void);
/* Is one of the DPCs that are queued in this memory? */
bool system_dpcs_in(const void *memory, size_t bytes);

/* pool.c */
void system_pool_reset(void);
void system_pool_fail(uint32_t nth, bool all);
/* Must this call for memory or a thread fail? */
bool system_step_fails(void);
void system_pool_read(struct control *control);
void system_pool_tag(struct control *control);

/* adds.c */
/* The calling thread has reached the callback that it was sent into. */
void system_entered(void);
void system_adds_reset(void);
void system_add(struct control *control);
/* Run it in a thread that system_add_wait() waits for; one at a time. */
void system_background(void (*run)(void *arg), void *arg);
void system_add_wait(struct control *control);
void system_event(const struct control *control);
void system_adds_read(struct control *control);

/* available.c */
/* Call the drivers that often, as SYSTEM_AVAILABLE. */
void system_available(uint32_t times);
/* Add to what system_objects_read() says. */
void system_available_read(struct control *control);

/* debug.c */
void system_debug(struct control *control);

/* objects.c */
/* The calling thread, a driver's, does not return. */
void system_thread_end(void);
void system_arrival(uint32_t times);
void system_objects_read(struct control *control);

#endif /* TESTS_WINDOWS_SYSTEM_H */
