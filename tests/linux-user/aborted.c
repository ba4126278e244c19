/* SPDX-License-Identifier: MIT */
/*
 * aborted.c - each restartable section is aborted once at each of its
 * instructions, and the operation must then do what its reference says: once,
 * on one copy, and nothing else.
 *
 * A breakpoint is written into the code and removed when it is hit. Its signal
 * aborts the section, and the operation goes on without a breakpoint. In one of
 * three trials the signal's handler also moves the thread to another CPU.
 *
 *	way	how a copy is found: see ops_ways.h
 *	chain	the sections of a call in a way, in the order in which they are
 *		tried when those before are aborted
 *
 * The descriptors that the kernel reads say where all sections are. One that no
 * call enters, and one with an instruction that no call reaches, is a failure.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "ops_ways.h"

#if CPUSLAB__HAVE_RSEQ
#include "breakpoint.h"
#endif

#define ABORTED_CPUS 64u    /* possible ones */
#define ABORTED_REMOVED 63u /* is added and removed, and never runs */

#define ABORTED_CHAIN 4u /* sections of a call in one way */
#define ABORTED_BEFORE 2 /* instructions before a section */
#define ABORTED_COMPARED 40
#define ABORTED_TRIES 3u
#define ABORTED_PASSES 200u /* until all instructions have been reached */

/* ---- one trial ----------------------------------------------------------- */

static uint64_t aborted_seed;
static struct ops_trial aborted_trial;
static const struct ops_way *aborted_now;
static uint32_t aborted_copies; /* how many were set */

/* Of the current way's copies; in a read section. */
static uint32_t aborted_next(uint32_t *next)
{
	uint32_t cpu = cpuslab_remote_next(&aborted_now->handle.copies, *next);

	*next = cpu + 1;
	return cpu;
}

static uint32_t aborted_count_copies(void)
{
	uint32_t next = 0, count = 0;

	cpuslab_read_enter();
	while (aborted_next(&next) != CPUSLAB_NO_CPU)
		count++;
	cpuslab_read_exit();
	return count;
}

/* Set every copy to what it was. */
static void aborted_fill(void)
{
	uint32_t cpu = CPUSLAB_SHARED, next = 0;

	aborted_copies = aborted_count_copies();
	cpuslab_read_enter();
	for (; cpu != CPUSLAB_NO_CPU; cpu = aborted_next(&next))
		memcpy((char *)(uintptr_t)cpuslab_remote(
			       &aborted_now->handle.copies, cpu) +
			       OPS_FRONT,
		       (char *)aborted_trial.was.area + OPS_FRONT,
		       OPS_AREA - OPS_FRONT);
	cpuslab_read_exit();
}

/* ---- sums ---------------------------------------------------------------- */

/* A sum has a section too. It works on the copies of all CPUs. */
#define ABORTED_SUM ((int)OPS_KINDS)
#define ABORTED_COUNTER 8u /* byte, of a word that only sums use */
#define ABORTED_RESIDUAL 0x123456789abcdef

static bool aborted_has_residual(const struct ops_way *way)
{
	return !way->by_cid && !way->dead;
}

/* A CPU that has counted is removed; in atomic mode it keeps its copy. */
static void aborted_count(void)
{
	size_t i;

	TORTURE_OK(cpuslab_domain_add_start(ops_domain, ABORTED_REMOVED));
	TORTURE_OK(cpuslab_domain_add_complete(ops_domain, ABORTED_REMOVED));
	cpuslab_read_enter();
	for (i = 0; i < OPS_WAYS; i++) {
		char *copy;

		if (!aborted_has_residual(&ops_ways[i]))
			continue;
		copy = (char *)(uintptr_t)cpuslab_remote(
			&ops_ways[i].handle.copies, ABORTED_REMOVED);
		*(uint64_t *)(void *)(copy + ABORTED_COUNTER) =
			ABORTED_RESIDUAL;
	}
	cpuslab_read_exit();
	TORTURE_OK(cpuslab_domain_remove(ops_domain, ABORTED_REMOVED));
}

static uint64_t aborted_sum_wanted(size_t at)
{
	uint32_t cpu = CPUSLAB_SHARED, next = 0;
	uint64_t sum = 0;

	cpuslab_read_enter();
	if (at == ABORTED_COUNTER && aborted_has_residual(aborted_now) &&
	    !cpuslab_remote(&aborted_now->handle.copies, ABORTED_REMOVED))
		sum = ABORTED_RESIDUAL;
	for (; cpu != CPUSLAB_NO_CPU; cpu = aborted_next(&next)) {
		const char *copy =
			cpuslab_remote(&aborted_now->handle.copies, cpu);

		sum += *(const uint64_t *)(const void *)(copy + at);
	}
	cpuslab_read_exit();
	return sum;
}

/* ---- one trial, with or without a breakpoint ----------------------------- */

/* W the thread, also in its signal handler. */
static uint32_t aborted_cpu;    /* on which it runs */
static uint32_t aborted_wanted; /* on which the operation has to happen */
static uint32_t aborted_ids[2]; /* of the thread before and after it */

static void aborted_make(int kind, bool constant)
{
	bool sum = kind == ABORTED_SUM;

	ops_trial_make(&aborted_trial, sum ? OPS_UPDATE : (enum ops_kind)kind,
		       constant, &aborted_seed);
	if (sum && constant)
		aborted_trial.call.offset = ABORTED_COUNTER;
}

static int aborted_perform(const struct ops_call *call, uint64_t *found)
{
#if CPUSLAB__HAVE_RSEQ
	if (aborted_now->inline_cid)
		return ops_cid_perform(&aborted_now->handle, call, found);
#endif
	return ops_cpu_perform(&aborted_now->handle.copies, call, found);
}

/*
 * Its caller repeats an operation on a magazine that missed, and one on several
 * words that was interrupted too often.
 */
static void aborted_run(int kind)
{
	struct ops_trial *t = &aborted_trial;
	int tries = 0;

	aborted_wanted = aborted_cpu;
	if (kind == ABORTED_SUM) {
		t->found = cpuslab_sum(&aborted_now->handle.copies,
				       t->call.offset);
		t->result = CPUSLAB_OK;
		t->effect.found = aborted_sum_wanted(t->call.offset);
		return;
	}
	aborted_ids[0] = cpuslab_port_cid();
	do
		t->result = aborted_perform(&t->call, &t->found);
	while (ops_is_refused(t) && tries++ < 3);
	aborted_ids[1] = cpuslab_port_cid();
}

/* Is a way one in which this always happens? */
static bool aborted_refuses(int kind)
{
	bool section = kind == OPS_COMMIT || kind == OPS_COMMIT_COPY;

	return aborted_now->dead || torture_atomic() ||
	       (!section &&
		(aborted_now->directory ||
		 (aborted_now->by_cid && !ops_way_is_inline(aborted_now))));
}

/* Did it have to happen on this copy? */
static bool aborted_is_there(uint32_t cpu)
{
	if (aborted_now->dead)
		return cpu == CPUSLAB_SHARED;
	if (!aborted_now->by_cid)
		return cpu == aborted_wanted;
	if (!cpuslab_port_has_cids())
		return cpu != CPUSLAB_SHARED;
	return cpu == aborted_ids[0] || cpu == aborted_ids[1];
}

static void aborted_check(int kind)
{
	const struct ops_trial *t = &aborted_trial;
	const char *wrong = ops_returned_wrong(t);
	uint32_t cpu = CPUSLAB_NO_CPU;

	/* The thread got an id for the first time, with a copy of zeros. */
	if (aborted_now->by_cid && aborted_count_copies() != aborted_copies)
		return;
	if (!wrong && ops_is_refused(t) && !aborted_refuses(kind))
		wrong = "an operation was refused";
	cpuslab_read_enter();
	if (!wrong)
		wrong = ops_copies_wrong(t, &aborted_now->handle.copies, 0,
					 &cpu);
	cpuslab_read_exit();
	if (!wrong && cpu != CPUSLAB_NO_CPU && !aborted_is_there(cpu))
		wrong = "an operation happened on another copy";
	if (!wrong)
		return;
	fprintf(stderr, "%s: operation %d%s: %s (copy %ld, not %ld)\n",
		aborted_now->name, kind, t->call.constant ? ", constant" : "",
		wrong, (long)(int)cpu,
		(long)(aborted_now->by_cid ? aborted_ids[0] : aborted_wanted));
	TORTURE_CHECK(!wrong);
}

/* Every call in every way, without a breakpoint. */
static void aborted_compare(void)
{
	int kind, i;
	size_t way;

	for (way = 0; way < OPS_WAYS; way++)
		for (kind = 0; kind <= ABORTED_SUM; kind++)
			for (i = 0; i < ABORTED_COMPARED; i++) {
				aborted_now = &ops_ways[way];
				aborted_make(kind, i % 2);
				aborted_fill();
				aborted_run(kind);
				aborted_check(kind);
			}
}

#if CPUSLAB__HAVE_RSEQ

/* ---- chains -------------------------------------------------------------- */

struct aborted_chain {
	const struct breakpoint_section *sections[ABORTED_CHAIN];
	uint32_t count;
};

static struct aborted_chain aborted_chains[OPS_WAYS][OPS_KINDS + 1][2];
static struct aborted_chain *aborted_finding; /* NULL: a trial */

/*
 * Which sections does a call enter, if each is aborted at its beginning? One
 * that finds no room would also count that, and one that copies nothing would
 * not be in the section that copies.
 */
static void aborted_find(struct aborted_chain *chain, int kind, bool constant)
{
	const struct breakpoint_section *section = __start___rseq_cs;

	aborted_finding = chain;
	do
		aborted_make(kind, constant);
	while (aborted_trial.effect.result || !aborted_trial.call.bytes);
	aborted_fill();
	for (; section < __stop___rseq_cs; section++)
		breakpoint_set((uintptr_t)section->start);
	aborted_run(kind);
	breakpoint_clear();
	aborted_finding = NULL;
	aborted_check(kind);
}

/* ---- breakpoints --------------------------------------------------------- */

/* Has nothing been committed? */
static bool aborted_is_before(void)
{
	uint32_t cpu = CPUSLAB_SHARED, next = 0;
	bool before = ops_outside_is(&aborted_trial, &aborted_trial.was) ||
		      ops_outside_is(&aborted_trial, &aborted_trial.before);

	if (aborted_count_copies() != aborted_copies)
		return true;
	cpuslab_read_enter();
	for (; before && cpu != CPUSLAB_NO_CPU; cpu = aborted_next(&next))
		before = ops_is_before(
			&aborted_trial,
			cpuslab_remote(&aborted_now->handle.copies, cpu));
	cpuslab_read_exit();
	return before;
}

static bool aborted_moves;
static unsigned char *aborted_reached; /* [byte of the code] */
static uint64_t aborted_trials, aborted_hits;

static void aborted_move(void)
{
	uint32_t to = ops_cpus[aborted_cpu == ops_cpus[0] && ops_cpu_count > 1];

	TORTURE_CHECK(torture_pin(to));
	aborted_cpu = to;
}

/* In the signal handler. */
static void aborted_hit(const struct breakpoint *point)
{
	bool before;

	if (aborted_finding) {
		TORTURE_CHECK(aborted_finding->count < ABORTED_CHAIN);
		aborted_finding->sections[aborted_finding->count++] =
			point->section;
		return;
	}
	aborted_hits++;
	aborted_reached[point->at - breakpoints.begin] = 1;
	TORTURE_CHECK(point->aborted == !!point->section);
	before = aborted_is_before();
	TORTURE_CHECK(before || !point->aborted);
	if (!aborted_moves || breakpoints.count)
		return;
	aborted_move();
	if (before)
		aborted_wanted = aborted_cpu;
}

static uintptr_t aborted_end(const struct breakpoint_section *section)
{
	return (uintptr_t)(section->start + section->length);
}

/* A call that is stopped at @at, which belongs to the @n-th of its sections. */
static void aborted_try(const struct aborted_chain *chain, uint32_t n,
			uintptr_t at, int kind, bool constant)
{
	const struct breakpoint_section *section = chain->sections[n];
	uint32_t i;

	aborted_make(kind, constant);
	aborted_fill();
	for (i = 0; i < n; i++)
		breakpoint_set((uintptr_t)chain->sections[i]->start);
	if (at == section->aborted)
		breakpoint_set((uintptr_t)section->start);
	breakpoint_set(at);
	aborted_run(kind);
	breakpoint_clear();
	aborted_trials++;
	aborted_check(kind);
}

/* Those that @only_missed says are tried where they have not been reached. */
static uint32_t aborted_section(const struct aborted_chain *chain, uint32_t n,
				int kind, bool constant, bool only_missed)
{
	const struct breakpoint_section *section = chain->sections[n];
	uintptr_t at = (uintptr_t)section->start, end = aborted_end(section);
	uint32_t missed = 0, i;
	int k;

	for (k = 0; k < (int)ABORTED_BEFORE; k++)
		at = breakpoint_instruction(at, -1);
	while (at) {
		unsigned char *reached =
			&aborted_reached[at - breakpoints.begin];

		for (i = 0; i < ABORTED_TRIES; i++) {
			if (only_missed && *reached)
				break;
			aborted_moves = i % 2;
			aborted_try(chain, n, at, kind, constant);
		}
		missed += !*reached;
		if (at == section->aborted)
			break;
		at = at < end ? breakpoint_instruction(at, 1) :
				(uintptr_t)section->aborted;
	}
	return missed;
}

/*
 * All sections of all calls, or only what has not been reached; the compiler
 * knows of calls with constants that they do not reach everything.
 */
static uint32_t aborted_all(bool only_missed)
{
	uint32_t n, missed = 0;
	size_t way;
	int kind, constant;

	for (way = 0; way < OPS_WAYS; way++)
		for (kind = 0; kind <= ABORTED_SUM; kind++)
			for (constant = 0; constant < 2; constant++) {
				struct aborted_chain *chain =
					&aborted_chains[way][kind][constant];

				aborted_now = &ops_ways[way];
				if (!only_missed)
					aborted_find(chain, kind, constant);
				if (only_missed && constant &&
				    kind != ABORTED_SUM)
					continue;
				for (n = 0; n < chain->count; n++)
					missed += aborted_section(chain, n,
								  kind,
								  constant,
								  only_missed);
			}
	return missed;
}

/* ---- the report ---------------------------------------------------------- */

static bool aborted_is_in_a_chain(const struct breakpoint_section *section)
{
	const struct aborted_chain *chain = &aborted_chains[0][0][0];
	size_t i, count = sizeof(aborted_chains) / sizeof(*chain);
	uint32_t n;

	for (i = 0; i < count; i++)
		for (n = 0; n < chain[i].count; n++)
			if (chain[i].sections[n] == section)
				return true;
	return false;
}

/*
 * For aborted.py, which compares those that no call enters with the others;
 * sections by id are among the former where the kernel has no ids.
 */
static void aborted_report(const char *list)
{
	const struct breakpoint_section *section = __start___rseq_cs;
	size_t i;

	for (i = 0; i < OPS_WAYS; i++)
		if (ops_ways[i].inline_cid && !ops_way_is_inline(&ops_ways[i]))
			printf("  not tried: %s\n", ops_ways[i].name);
	for (; list && section < __stop___rseq_cs; section++)
		printf("section %lx %lu %s\n",
		       (unsigned long)(section->start - breakpoints.moved),
		       (unsigned long)section->length,
		       aborted_is_in_a_chain(section) ? "tried" : "other");
}

static void aborted_breakpoints(const char *list)
{
	uint32_t pass = 0, missed;

	aborted_reached = calloc(breakpoints.end - breakpoints.begin, 1);
	TORTURE_CHECK(aborted_reached);
	aborted_all(false);
	do
		missed = aborted_all(true);
	while (missed && ++pass < ABORTED_PASSES);
	aborted_report(list);
	printf("  %llu calls with a breakpoint, %llu hits, %u instructions "
	       "that none has reached\n",
	       (unsigned long long)aborted_trials,
	       (unsigned long long)aborted_hits, missed);
	fflush(stdout);
	TORTURE_CHECK(!missed);
	TORTURE_CHECK(aborted_chains[0][OPS_ADD][0].count == 2);
	free(aborted_reached);
}

#endif /* CPUSLAB__HAVE_RSEQ */

static void aborted_sections(void)
{
#if CPUSLAB__HAVE_RSEQ
	const int without = TORTURE_SANITIZER | TORTURE_VALGRIND |
			    TORTURE_EMULATOR | TORTURE_TSAN;
	const char *list = getenv("CPUSLAB_OPS_INSTRUCTIONS");

	if (!torture_atomic() && !torture_is_under(without) &&
	    breakpoint_begin(list, aborted_hit)) {
		aborted_breakpoints(list);
		return;
	}
#endif
	printf("  without breakpoints\n");
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "");
	aborted_seed = torture_seed | 1;
	torture_fake_limit(ABORTED_CPUS);
	ops_ways_begin();
	aborted_count();
	aborted_cpu = ops_cpus[0];
	TORTURE_CHECK(torture_pin(aborted_cpu));
	aborted_compare();
	aborted_sections();
	ops_ways_end();
	return torture_end();
}
