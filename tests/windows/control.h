/* SPDX-License-Identifier: MIT */
/*
 * control.h - how a script controls the simulated system and the driver under
 * test: by a call, or in Wine by a device's I/O control.
 */
#ifndef TESTS_WINDOWS_CONTROL_H
#define TESTS_WINDOWS_CONTROL_H

#include <stdint.h>

#define CONTROL_ARGS 16
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

/* ---- the system --------------------------------------------------------- */

enum {
	/*
	 * Reset the system; the driver under test is closed. arg: enum
	 * system_arg
	 */
	SYSTEM_RESET = 1,
	/* Add a processor. arg: processor, ADD_*. status: of the add */
	SYSTEM_ADD,
	/* Wait for an add in the background. status: of the add */
	SYSTEM_WAIT,
	/* Call all drivers. arg: KE_PROCESSOR_CHANGE_NOTIFY_STATE, NtNumber */
	SYSTEM_EVENT,
	/*
	 * Let the nth call for memory or a thread from now on fail, or none for
	 * 0. arg: nth; 1 if all later ones fail as well
	 */
	SYSTEM_FAIL,
	/*
	 * Run no DPC on a processor; CPUSLAB_NO_CPU: run DPCs everywhere again.
	 * arg: processor; STUCK_*
	 */
	SYSTEM_STUCK,
	/*
	 * A device of the class of processors arrives. arg: 0, or how often, in
	 * a thread that SYSTEM_WAIT waits for
	 */
	SYSTEM_ARRIVAL,
	/*
	 * The available processors change, with QUIRK_AVAILABLE. arg: how
	 * often, in a thread that SYSTEM_WAIT waits for
	 */
	SYSTEM_AVAILABLE,
	/*
	 * Threads run on a processor from now on, or no longer. No driver is
	 * notified. arg: processor; 1 or 0
	 */
	SYSTEM_RUNS,
	/*
	 * What a debugger shows since the last time. arg: 1 if a bug check
	 * from now on ends its thread only. result: code of a bug check; text:
	 * the last line
	 */
	SYSTEM_DEBUG,
	/* Count from here on what RESULT_DPCS and those after it say */
	SYSTEM_MARK,
	/* Let time pass. arg: milliseconds */
	SYSTEM_PAUSE,
	/* arg: a pool tag. result: outstanding allocations with it, bytes */
	SYSTEM_TAG,
	/* result: enum system_result. text: the first violation */
	SYSTEM_READ,
};

enum {
	STUCK_QUEUED, /* DPCs stay in its queue */
	/* One that is removed has begun; it lasts longer than a fence. */
	STUCK_LATE,
	STUCK_REFUSES, /* no DPC can be for it */
	/* Longer than a fence waits, in a thread that SYSTEM_WAIT waits for. */
	STUCK_A_WHILE,
};

enum system_arg {
	ARG_LIMIT,     /* the maximum number of processors */
	ARG_ACTIVE,    /* the number of processors at first */
	ARG_WIDTHS,    /* of groups: two widths in turn; second << 8 */
	ARG_NUMBERING, /* NUMBERING_* */
	ARG_QUIRKS,    /* QUIRK_* */
	ARG_SEED,
};

enum {
	NUMBERING_DENSE, /* consecutive, over all groups */
	NUMBERING_BY_64, /* 64 for each group, with gaps after narrow ones */
	NUMBERING_MIXED, /* in no particular order */
};

enum {
	/* A refused registration also returns NULL. */
	QUIRK_REFUSED_IS_NULL = 1u << 0,
	/* Deregistering waits for calls in progress. */
	QUIRK_DEREGISTER_WAITS = 1u << 1,
	/* Every registration fails. */
	QUIRK_NULL = 1u << 2,
	/* The system has more than one memory node. */
	QUIRK_NODES = 1u << 3,
	/* The system is Windows 7: all pool is executable. */
	QUIRK_WINDOWS_7 = 1u << 4,
	/* A registration is not shown one of the existing processors. */
	QUIRK_SHOWS_LESS = 1u << 5,
	/*
	 * A driver may allocate in Complete: steering does when changes come
	 * faster than grace periods end, and copes if there is no memory.
	 */
	QUIRK_LATE_MEMORY = 1u << 6,
	/* What a driver has left before the reset is not reported. */
	QUIRK_FORGET = 1u << 7,
	/* The system notifies of changes of the available processors. */
	QUIRK_AVAILABLE = 1u << 8,
	/* Callbacks come at APC_LEVEL. */
	QUIRK_APC = 1u << 9,
	/*
	 * A processor runs a DPC only if it has high or medium-high importance
	 * and was queued a second time.
	 */
	QUIRK_LAZY_DPCS = 1u << 10,
	/* With QUIRK_WINDOWS_7: the system is Server 2008, without groups. */
	QUIRK_SERVER_2008 = 1u << 11,
	/* No driver is notified of devices. */
	QUIRK_NO_NOTICES = 1u << 12,
	/*
	 * With QUIRK_AVAILABLE: unregistering does not wait for a call that the
	 * system has decided on.
	 */
	QUIRK_AVAILABLE_LATE = 1u << 13,
};

enum {
	ADD_FAILS = 1u << 0,         /* the system gives up after all starts */
	ADD_TELLS_REFUSER = 1u << 1, /* calls Failure of it */
	ADD_OTHER_THREAD = 1u << 2,  /* makes the calls after Start */
	ADD_REVERSE = 1u << 3,       /* the last driver is called first */
	ADD_RUNS = 1u << 4, /* threads run there before the calls after Start */
	ADD_BACKGROUND = 1u << 5,
	ADD_SLOW = 1u << 6,       /* memory and mutexes are slow */
	ADD_ALL_STARTS = 1u << 7, /* also of drivers behind a refusal */
};

enum system_result {
	RESULT_VIOLATIONS,
	RESULT_ALLOCATIONS, /* outstanding */
	RESULT_BYTES,
	RESULT_REGISTRATIONS,
	RESULT_THREADS,   /* that run, or have an open handle */
	RESULT_STEPS,     /* calls that could have failed since SYSTEM_FAIL */
	RESULT_NOTICES,   /* registrations for notices, and their work items */
	RESULT_CALLS,     /* of callbacks in progress */
	RESULT_UNFLUSHED, /* DPCs since the last flush */
	/* Blocks that were allocated by a thread bound to processor arg. */
	RESULT_BOUND,
	RESULT_DPCS,   /* processors on which a DPC ran since SYSTEM_MARK */
	RESULT_HINTS,  /* processor numbers that may be outdated, since then */
	RESULT_RAISES, /* to DISPATCH_LEVEL or above, since then */
	RESULT_WAITS,  /* that have ended, since then */
	RESULT_ROUNDS, /* times that DPCs ran, any number at once, since then */
};

/* ---- the driver under test ---------------------------------------------- */

#define TESTER_DRIVERS 4
#define TESTER_TAG 0x72747354u /* Tstr */

enum {
	/*
	 * arg: number of drivers, TESTER_OPEN_*, processor to refuse, driver
	 * that refuses it. status: what failed
	 */
	TESTER_OPEN = 1,
	/*
	 * arg: 1 if something is queued while the port's thread is busy.
	 * status: 0; or a processor's start was neither completed nor undone,
	 * or the totals of a structure are not exact; text: which
	 */
	TESTER_CLOSE,
	/*
	 * arg: threads, turns that a gated operation takes. status of
	 * TESTER_STOP: CPUSLAB_OK if everything was counted; result:
	 * operations, operations on the shared block; text: what is wrong
	 */
	TESTER_START,
	TESTER_STOP,
	/* arg: driver, processor. result: enum tester_result */
	TESTER_READ,
	/*
	 * The contract of the port interface. result: failures; text: the first
	 */
	TESTER_CONFORMANCE,
	/*
	 * arg: IRP_MN_*. status: 1 if it was one of a rebalance. result: state;
	 * correct calls of hold, resume, steer; calls of steer; 1 if one came
	 * during another, at a wrong level or in a wrong state
	 */
	TESTER_PNP,
	/*
	 * Let steer() wait, or no longer. arg: 1 or 0. result: calls of the
	 * first driver in progress
	 */
	TESTER_STEER,
	/*
	 * Release the blocks of absent processors. arg: 1: do not wait for
	 * that. status: of the domain
	 */
	TESTER_TRIM,
	/* Wait until what releases had to free is free. */
	TESTER_SETTLE,
	/*
	 * arg: threads that count packets, or 0: the caller does; packets for
	 * each. status: 0 if all were counted; text: what is wrong
	 */
	TESTER_PACKETS,
	/*
	 * arg: the gate's new value. status: of cpuslab__gate_set(). result:
	 * what was counted behind it then, and a moment later; milliseconds
	 */
	TESTER_GATE,
	/* Calls and what they return. result: failures; text: the first */
	TESTER_CALLS,
	/* arg: is the port initialised? Named objects. As TESTER_CALLS */
	TESTER_NAMED,
	/* Where operations work. As TESTER_CALLS */
	TESTER_OPERATIONS,
	/* arg: an IRQL. As TESTER_CALLS; result also: number of operations */
	TESTER_LEVELS,
	/* Wait for a grace period. arg: 1: by a barrier. status: it ended */
	TESTER_GRACE,
	/* Write a line to the log. */
	TESTER_LOG,
	/* Panic in a thread. result: whether it came back */
	TESTER_PANIC,
	/*
	 * An operation accesses what it must not. arg: PAGED_*. result:
	 * whether it came back; 1 if the driver is a debug build
	 */
	TESTER_PAGED,
	/* arg: a processor that the structures refuse; ABSENT: none */
	TESTER_REFUSE,
	/*
	 * arg: a processor. result: 1 if the structures refused it and undid
	 * exactly what they had prepared
	 */
	TESTER_REFUSED,
};

/* The flags from here on: the error of a refusal; 0: CPUSLAB_EACCES. */
#define TESTER_OPEN_REFUSAL 16

enum {
	PAGED_HANDLE,
	PAGED_NODE,
	PAGED_DATA,
	PAGED_RING,
	PAGED_NOTHING, /* a pinned operation below DISPATCH_LEVEL */
};

enum {
	TESTER_OPEN_NEVER_REFUSE = 1u << 0,
	TESTER_OPEN_HOTPLUG_LAST = 1u << 1, /* create slabs before it */
	TESTER_OPEN_STRUCTURES = 1u << 2,   /* the first driver uses them all */
	TESTER_OPEN_PLAIN_DOMAIN = 1u << 3, /* without the hotplug's flags */
	TESTER_OPEN_TAG = 1u << 4,          /* use TESTER_TAG for all pool */
	/* The system is late to let workers run on their processors. */
	TESTER_OPEN_STRAYS = 1u << 5,
};

enum tester_result {
	TESTER_ONLINE,    /* processors in the domain's CPU mask */
	TESTER_HAS,       /* is the processor among them? */
	TESTER_IN_USE,    /* blocks */
	TESTER_COMMITTED, /* bytes */
	TESTER_STARTS,
	TESTER_COMPLETES,
	TESTER_FAILURES,
	TESTER_IGNORED,
	TESTER_RETAINED, /* blocks of absent processors */
	TESTER_REFUSALS,
	TESTER_ERRORS,
	TESTER_LAST_ERROR, /* positive */
};

/* Provided by the program that runs the script. */
void machine_system(struct control *control);
void machine_tester(struct control *control);
/* Run every script, or only @only; returns the number of those that failed. */
int script_run(const char *only);
/* Print one line; @bad: a check has failed. */
void machine_report(int bad, const char *name, const char *text, int line);

/* Provided by the system and by the driver. */
void system_control(struct control *control);
void tester_control(struct control *control);

#endif /* TESTS_WINDOWS_CONTROL_H */
