/* SPDX-License-Identifier: MIT */
/*
 * script.h - shared by the scripts.
 */
#ifndef TESTS_WINDOWS_SCRIPT_H
#define TESTS_WINDOWS_SCRIPT_H

#include "system_do.h"

#define ABSENT 0xffffffffu /* no processor */
#define RETAINED 5         /* CPUSLAB_RETAINED */
/* KE_PROCESSOR_CHANGE_NOTIFY_STATE */
#define EVENT_START 0u
#define EVENT_COMPLETE 1u
#define EVENT_FAILURE 2u
/* IRP_MN_* */
#define MINOR_START 0u
#define MINOR_OTHER 1u
#define MINOR_STOP 4u
#define MINOR_QUERY_STOP 5u
#define MINOR_CANCEL_STOP 6u
/* The last command to the driver under test, and its results. */
extern struct control script_tester;

void script_check(int good, const char *what, int line);
#define CHECK(cond) script_check((cond), #cond, __LINE__)

int32_t tester_do(uint32_t command, uint32_t a, uint32_t b, uint32_t c,
		  uint32_t d);
uint64_t tester_read(uint32_t driver, uint32_t cpu, enum tester_result which);
int32_t tester_open(uint32_t drivers, uint32_t flags);
void hammer_start(uint32_t threads);
void hammer_stop(int line);

/* The driver broke no rule and left nothing behind. */
void expect_clean(int line);
#define EXPECT_CLEAN() expect_clean(__LINE__)

/*
 * Index of the @nth processor, from 0, as fake_nt/processors.c numbers them; by
 * 64, only in groups of 40 and 64.
 */
uint32_t index_of(uint32_t nth, uint32_t numbering, uint32_t limit);

/* script_calls.c */
void script_calls(void);
void script_log(void);
void script_levels(void);
void script_where(void);

/* script_structures.c */
void script_structures(void);
void script_structures_fail(void);
void script_late_mask(void);
void script_structures_unload(void);

/* script_rebalance.c */
void script_rebalance(void);
void script_available(void);

/* script_packets.c */
void script_packets(void);

/* script_faults.c */
void script_stuck(void);
void script_gates(void);
void script_late_dpc(void);
void script_half_way(void);
void script_adds_fail(void);
void script_pool_tags(void);
void script_rounds(void);
void script_paged(void);
void script_unannounced(void);
void script_fails_running(void);
void script_shows_less(void);

#endif /* TESTS_WINDOWS_SCRIPT_H */
