/* SPDX-License-Identifier: MIT */
/*
 * breakpoint.h - breakpoints of a program in its own code, for one thread. Each
 * is removed when it is hit.
 *
 * The signal aborts a restartable section before its handler runs, so there a
 * breakpoint is known by the abort handler at which the thread then is.
 */
#ifndef TESTS_LINUX_USER_BREAKPOINT_H
#define TESTS_LINUX_USER_BREAKPOINT_H

#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "torture/torture.h"

#define BREAKPOINT_MAX 1024u

/* What the kernel reads: struct rseq_cs. */
struct breakpoint_section {
	uint32_t version, flags;
	uint64_t start, length, aborted;
};

extern const struct breakpoint_section __start___rseq_cs[]
	__attribute__((weak, visibility("hidden")));
extern const struct breakpoint_section __stop___rseq_cs[]
	__attribute__((weak, visibility("hidden")));

struct breakpoint {
	uintptr_t at;
	const struct breakpoint_section *section; /* NULL: in none */
	bool aborted;                             /* W when it is hit */
};

static struct {
	struct breakpoint all[BREAKPOINT_MAX]; /* which are set */
	uint32_t count;
	void (*hit)(const struct breakpoint *point);
	uintptr_t *code; /* where instructions begin, in order */
	size_t codes;
	uintptr_t moved; /* by how much the program is */
	uintptr_t begin, end;
} breakpoints;

/* ---- the machine --------------------------------------------------------- */

#if defined(__x86_64__)
typedef uint8_t breakpoint_code;
typedef greg_t breakpoint_register;
#define BREAKPOINT_TRAP 0xcc /* int3 */
#define BREAKPOINT_STEP 0    /* of any length: see breakpoint_read() */
#define BREAKPOINT_PC(context) ((context)->uc_mcontext.gregs[REG_RIP])
#define BREAKPOINT_BEHIND 1 /* where the trap leaves the thread */
#else
typedef uint32_t breakpoint_code;
typedef uint64_t breakpoint_register;
#define BREAKPOINT_TRAP 0xd4200000 /* brk #0 */
#define BREAKPOINT_STEP 4
#define BREAKPOINT_PC(context) ((context)->uc_mcontext.pc)
#define BREAKPOINT_BEHIND 0
#endif

static breakpoint_code breakpoint_original[BREAKPOINT_MAX];

static breakpoint_code breakpoint_exchange(uintptr_t at, breakpoint_code code)
{
	breakpoint_code was, *to = (breakpoint_code *)at;

	memcpy(&was, to, sizeof(was));
	memcpy(to, &code, sizeof(code));
	__builtin___clear_cache((char *)at, (char *)(at + sizeof(code)));
	return was;
}

/* ---- points -------------------------------------------------------------- */

static const struct breakpoint_section *breakpoint_section_at(uintptr_t at)
{
	const struct breakpoint_section *section = __start___rseq_cs;

	for (; section < __stop___rseq_cs; section++)
		if (at - section->start < section->length)
			return section;
	return NULL;
}

static void breakpoint_set(uintptr_t at)
{
	uint32_t i = breakpoints.count++;

	TORTURE_CHECK(i < BREAKPOINT_MAX);
	breakpoints.all[i] =
		(struct breakpoint){ at, breakpoint_section_at(at), false };
	breakpoint_original[i] = breakpoint_exchange(at, BREAKPOINT_TRAP);
}

static void breakpoint_remove(uint32_t i)
{
	breakpoint_exchange(breakpoints.all[i].at, breakpoint_original[i]);
	breakpoints.count--;
	breakpoints.all[i] = breakpoints.all[breakpoints.count];
	breakpoint_original[i] = breakpoint_original[breakpoints.count];
}

/* Remove all that have not been hit; returns how many there were. */
static uint32_t breakpoint_clear(void)
{
	uint32_t left = breakpoints.count;

	while (breakpoints.count)
		breakpoint_remove(breakpoints.count - 1);
	return left;
}

static void breakpoint_hit(uint32_t i, bool aborted)
{
	struct breakpoint point = breakpoints.all[i];

	point.aborted = aborted;
	breakpoint_remove(i);
	if (breakpoints.hit)
		breakpoints.hit(&point);
}

static void breakpoint_trap(int signal, siginfo_t *info, void *context)
{
	uintptr_t pc = (uintptr_t)BREAKPOINT_PC((ucontext_t *)context);
	uint32_t i;

	(void)signal;
	(void)info;
	for (i = 0; i < breakpoints.count; i++)
		if (breakpoints.all[i].section &&
		    breakpoints.all[i].section->aborted == pc) {
			breakpoint_hit(i, true);
			return;
		}
	pc -= BREAKPOINT_BEHIND;
	for (i = 0; i < breakpoints.count && breakpoints.all[i].at != pc; i++)
		;
	TORTURE_CHECK(i < breakpoints.count);
	BREAKPOINT_PC((ucontext_t *)context) = (breakpoint_register)pc;
	breakpoint_hit(i, false);
}

/* ---- the code ------------------------------------------------------------ */

/* Make the program's own code writable. */
static int breakpoint_open(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	uintptr_t page = (uintptr_t)cpuslab_port_page_size();
	int i;

	(void)bytes;
	(void)arg;
	breakpoints.moved = info->dlpi_addr;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t begin = info->dlpi_addr + part->p_vaddr;

		if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
			continue;
		breakpoints.begin = begin;
		breakpoints.end = begin + part->p_memsz;
		begin &= ~(page - 1);
		if (mprotect((void *)begin, breakpoints.end - begin,
			     PROT_READ | PROT_WRITE | PROT_EXEC))
			torture_skip("code may not be written");
	}
	return 1; /* the first is the program */
}

/* A line for each instruction: its address in the file. */
static void breakpoint_read(const char *list)
{
	FILE *file = fopen(list, "r");
	unsigned long address;

	TORTURE_CHECK(file);
	breakpoints.code =
		malloc((breakpoints.end - breakpoints.begin) * sizeof(address));
	TORTURE_CHECK(breakpoints.code);
	while (fscanf(file, "%lx", &address) == 1)
		breakpoints.code[breakpoints.codes++] =
			breakpoints.moved + address;
	fclose(file);
}

/* False: nothing says where instructions begin. @hit: in the handler. */
static bool breakpoint_begin(const char *list,
			     void (*hit)(const struct breakpoint *point))
{
	struct sigaction action;

	if (!BREAKPOINT_STEP && !list)
		return false;
	memset(&action, 0, sizeof(action));
	action.sa_sigaction = breakpoint_trap;
	action.sa_flags = SA_SIGINFO;
	TORTURE_OK(sigaction(SIGTRAP, &action, NULL));
	breakpoints.hit = hit;
	dl_iterate_phdr(breakpoint_open, NULL);
	if (!BREAKPOINT_STEP)
		breakpoint_read(list);
	return true;
}

/* The @n-th instruction after the one at @at, or before it. */
static uintptr_t breakpoint_instruction(uintptr_t at, int n)
{
	size_t low = 0, high = breakpoints.codes;

	if (BREAKPOINT_STEP)
		return at + (uintptr_t)(intptr_t)(n * BREAKPOINT_STEP);
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (breakpoints.code[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	TORTURE_CHECK(low < breakpoints.codes && breakpoints.code[low] == at);
	return breakpoints.code[low + (size_t)(intptr_t)n];
}

#endif /* TESTS_LINUX_USER_BREAKPOINT_H */
