/* SPDX-License-Identifier: MIT */
/*
 * tester.h - the driver under test: cpuslab in the kernel, used in all ways.
 */
#ifndef TESTS_WINDOWS_TESTER_H
#define TESTS_WINDOWS_TESTER_H

#define SHIM_ALL_VERSIONS /* the functions of all versions of Windows */
#include <ntddk.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/isr.h>
#include <cpuslab/pinned.h>
#include <cpuslab/kernel.h>
#include <cpuslab/rebalance.h>
#include <cpuslab/workers_thread.h>

#include "control.h"

#define TESTER_CPUS 2048
#define TESTER_THREADS 8 /* of the hammer */

/* Like a driver of its own: a registration, a domain, a slab. */
struct tester_driver {
	struct cpuslab_domain *domain;
	struct cpuslab_client client; /* may refuse */
	uint32_t refuses;             /* this processor */
	int refusal;                  /* with this error */
	struct cpuslab_hotplug *hotplug;
	struct cpuslab_rebalance rebalance;
	bool follows; /* rebalance is registered */
	uint64_t holds, resumes, steers;
	bool just_steered;     /* the last of these calls */
	uint32_t in_rebalance; /* calls in progress */
	uint32_t rebalance_wrong;
	struct cpuslab_slab *slab;
	struct cpuslab_counter counter;
	struct cpuslab_gauge gauge;
	struct cpuslab_stack stack;
	struct cpuslab_log log;       /* stays empty */
	struct cpuslab_percpu shared; /* two words that an ISR shares */
	struct cpuslab_percpu gated;  /* counts while the gate is 0 */
	uint64_t adds, shared_adds;   /* W hammer: their number */
	uint64_t shared_stores;
	bool has_counter, has_gauge, has_stack, has_log, has_shared, has_gated;
	bool has_structures;            /* for one driver at a time */
	uint8_t preparing[TESTER_CPUS]; /* started, nothing since; W client */
};

extern struct tester_driver tester_drivers[TESTER_DRIVERS];
extern uint32_t tester_count;
extern PDRIVER_OBJECT tester_object; /* W what loads it */

void tester_hammer_start(struct control *control);
void tester_hammer_stop(struct control *control);
/* paged.c */
void tester_paged(struct control *control);
/* calls.c */
void tester_call(struct control *control);
void tester_packets(struct control *control);
uint64_t tester_gated_sum(const struct tester_driver *driver);
/* Sleep for a millisecond. */
void tester_sleep(void);
void tester_text(struct control *control, const char *text);
/* Start a system thread; wait for its end. */
int tester_spawn(PKSTART_ROUTINE run, void *arg, HANDLE *thread);
void tester_join(HANDLE thread);

#endif /* TESTS_WINDOWS_TESTER_H */
