/* SPDX-License-Identifier: MIT */
/*
 * control.h - how a script speaks with the simulated system and with the driver
 * under test: by a call, or in Wine by a device's I/O control.
 */
#ifndef TESTS_WINDOWS_CONTROL_H
#define TESTS_WINDOWS_CONTROL_H

#include <stdint.h>

#define CONTROL_ARGS 10
#define CONTROL_TEXT 160
/* CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS) */
#define CONTROL_CODE 0x222000u

struct control {
	uint32_t command;
	uint32_t arg[CONTROL_ARGS];
	int32_t status; /* 0, or negative: a cpuslab_error or an NTSTATUS */
	uint64_t result[CONTROL_ARGS];
	char text[CONTROL_TEXT];
};

/* ---- of the system ------------------------------------------------------ */

enum {
	/* arg: enum system_arg; the driver under test is closed. */
	SYSTEM_RESET = 1,
	/* arg: processor, ADD_*. status: of the add */
	SYSTEM_ADD,
	/* Wait for an add in the background. status: of the add */
	SYSTEM_WAIT,
	/* arg: KE_PROCESSOR_CHANGE_NOTIFY_STATE, NtNumber. To all drivers. */
	SYSTEM_EVENT,
	/* arg: which call for memory or a thread fails from now on; 0: none.
	   1: and all that follow */
	SYSTEM_FAIL,
	/* arg: no DPC runs on this processor; CPUSLAB_NO_CPU: on all again.
	   1: one that is taken back has begun, and ends 20 ms later */
	SYSTEM_STUCK,
	/* A device of the class of processors arrives. arg: 0, or how often, in
	   a thread of its own, which SYSTEM_WAIT waits for */
	SYSTEM_ARRIVAL,
	/* arg: processor; 1: threads run on it from now on, 0: no more. Nobody
	   is told. */
	SYSTEM_RUNS,
	/* arg: milliseconds that pass */
	SYSTEM_PAUSE,
	/* result: enum system_result. text: the first violation */
	SYSTEM_READ,
};

enum system_arg {
	ARG_LIMIT,     /* processors that there can be */
	ARG_ACTIVE,    /* of these, at first */
	ARG_WIDTHS,    /* of groups: two of them, in turn; number << 8 */
	ARG_NUMBERING, /* NUMBERING_* */
	ARG_QUIRKS,    /* QUIRK_* */
	ARG_SEED,
};

enum {
	NUMBERING_DENSE, /* one after the other, over all groups */
	NUMBERING_BY_64, /* 64 for each group, with gaps behind the narrow */
	NUMBERING_MIXED, /* in no order */
};

enum {
	/* A refused registration says so by its result as well. */
	QUIRK_REFUSED_IS_NULL = 1u << 0,
	/* Deregistering waits for calls in flight. */
	QUIRK_DEREGISTER_WAITS = 1u << 1,
	/* No registration is possible. */
	QUIRK_NULL = 1u << 2,
	/* More than one node of memory. */
	QUIRK_NODES = 1u << 3,
	/* All pool can be executed. */
	QUIRK_WINDOWS_7 = 1u << 4,
	/* Hide one of the existing processors from a registration. */
	QUIRK_SHOWS_LESS = 1u << 5,
	/* Memory may be asked for in Complete: steering does when changes come
	   faster than grace periods end, and does without if there is none. */
	QUIRK_LATE_MEMORY = 1u << 6,
	/* What a driver left before the reset is not held against the next. */
	QUIRK_FORGET = 1u << 7,
};

enum {
	ADD_FAILS = 1u << 0,         /* the system gives up after all starts */
	ADD_TELLS_REFUSER = 1u << 1, /* of the failure that it caused */
	ADD_OTHER_THREAD = 1u << 2,  /* makes the second calls */
	ADD_REVERSE = 1u << 3,       /* the last driver first */
	ADD_RUNS = 1u << 4, /* threads run on it before the second calls */
	ADD_BACKGROUND = 1u << 5,
	ADD_SLOW = 1u << 6,       /* memory and mutexes take theirs */
	ADD_ALL_STARTS = 1u << 7, /* also of those behind one that refused */
};

enum system_result {
	RESULT_VIOLATIONS,
	RESULT_ALLOCATIONS, /* outstanding */
	RESULT_BYTES,
	RESULT_REGISTRATIONS,
	RESULT_THREADS,   /* that run, or have a handle */
	RESULT_STEPS,     /* calls that could have failed since SYSTEM_FAIL */
	RESULT_NOTICES,   /* registrations for arrivals */
	RESULT_CALLS,     /* of callbacks in progress */
	RESULT_UNFLUSHED, /* DPCs since the last flush */
	RESULT_BOUND,     /* blocks that a thread bound to a processor made */
};

/* ---- of the driver under test ------------------------------------------- */

#define TESTER_DRIVERS 4

enum {
	/* arg: how many drivers, TESTER_OPEN_* flags, processor to refuse,
	   driver that refuses. status: what failed */
	TESTER_OPEN = 1,
	/* status: 0, or a processor's start was neither completed nor undone,
	   or a structure's totals are not exact; text: which */
	TESTER_CLOSE,
	/* arg: threads, how long a gate is kept; TESTER_STOP status: CPUSLAB_OK if all was counted;
	   result: operations, operations on the shared block; text: what is wrong */
	TESTER_START,
	TESTER_STOP,
	/* arg: driver, processor. result: enum tester_result */
	TESTER_READ,
	/* The contract of the seam. result: failures; text: the first */
	TESTER_CONFORMANCE,
	/* arg: IRP_MN_*; status: 1 if it was one of a rebalance.
	   result: state; calls of hold, resume, steer that were right; calls
	   of steer; 1 if two calls came at once */
	TESTER_PNP,
	/* Give back the blocks of processors that are not there. arg: 1: do
	   not wait for that. status: the domain's */
	TESTER_TRIM,
	/* arg: what the gate is set to. status: cpuslab__gate_set()'s;
	   result: what was counted behind it then, and a moment later */
	TESTER_GATE,
	/* arg: a processor that the structures refuse; ABSENT: none */
	TESTER_REFUSE,
	/* arg: a processor. result: 1 if they did refuse it, and undid just
	   what was prepared */
	TESTER_REFUSED,
};

enum {
	TESTER_OPEN_NEVER_REFUSE = 1u << 0,
	TESTER_OPEN_HOTPLUG_LAST = 1u << 1, /* slabs before it, not after */
	TESTER_OPEN_STRUCTURES = 1u << 2,   /* the first driver uses them all */
};

enum tester_result {
	TESTER_ONLINE,    /* processors in the domain's set */
	TESTER_HAS,       /* is the processor among them? */
	TESTER_IN_USE,    /* blocks */
	TESTER_COMMITTED, /* bytes */
	TESTER_STARTS,
	TESTER_COMPLETES,
	TESTER_FAILURES,
	TESTER_IGNORED,
};

/* Provided by the program that runs the script. */
void machine_system(struct control *control);
void machine_tester(struct control *control);
/* Run every script, or @only the one named so; returns how many failed. */
int script_run(const char *only);
/* One line; @bad: of a check that failed. */
void machine_report(int bad, const char *name, const char *text, int line);

/* Provided by the system and by the driver. */
void system_control(struct control *control);
void tester_control(struct control *control);

#endif /* TESTS_WINDOWS_CONTROL_H */
