/* SPDX-License-Identifier: MIT */
/*
 * fences.c - which calls use membarrier: operations, alloc and growth never do;
 * the add of a CPU never interrupts sections elsewhere; a removal sends exactly
 * one fence, to that CPU alone. (openvmm 3490, seastar 2143: a broadcast stalls
 * a large machine.)
 *
 * A child is traced: a seccomp filter reports each call. Between its phases the
 * child makes a marked call, a query with the phase's number as flags.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <linux/filter.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cpuslab/counter.h>
#include <cpuslab/port.h>

#include "torture/torture.h"

#define FENCES_RSEQ (1u << 7)        /* PRIVATE_EXPEDITED_RSEQ */
#define FENCES_GLOBAL_OR_PRIVATE 11u /* GLOBAL, GLOBAL_/PRIVATE_EXPEDITED */
#define FENCES_MARK 1000u

enum fences_phase {
	FENCES_START,
	FENCES_OPERATIONS,
	FENCES_ALLOC,
	FENCES_ADD,
	FENCES_REMOVE,
	FENCES_END,
	FENCES_PHASES,
};

struct fences_count {
	unsigned int one;   /* rseq fences for one CPU */
	unsigned int all;   /* rseq fences for all CPUs */
	unsigned int plain; /* broadcasts that restart no section */
};

static struct fences_count fences_counts[FENCES_PHASES];

/* ---- the child --------------------------------------------------------- */

static void fences_trace_me(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, code };

	if (ptrace(PTRACE_TRACEME, 0, 0, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(TORTURE_SKIP);
	raise(SIGSTOP);
}

static void fences_phase(enum fences_phase phase)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY,
		FENCES_MARK + (unsigned int)phase, 0);
}

static void fences_child(void)
{
	static const struct cpuslab_type type = {
		.name = "large",
		.size = 60000,
		.flags = CPUSLAB_TYPE_DISCARD,
	};
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_counter counter;
	struct cpuslab_percpu handles[20];
	int i;

	fences_trace_me();
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	cpuslab_port_rcu_barrier();
	fences_phase(FENCES_OPERATIONS);
	for (i = 0; i < 10000; i++)
		cpuslab_counter_add(&counter, 1);
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == 10000);
	fences_phase(FENCES_ALLOC);
	for (i = 0; i < 20; i++)
		TORTURE_OK(cpuslab_alloc(slab, &type, &handles[i]));
	for (i = 0; i < 20; i++)
		TORTURE_OK(cpuslab_free(slab, &handles[i]));
	fences_phase(FENCES_ADD);
	TORTURE_OK(cpuslab_domain_add_start(domain, 5));
	TORTURE_OK(cpuslab_domain_add_complete(domain, 5));
	cpuslab_port_rcu_barrier();
	fences_phase(FENCES_REMOVE);
	TORTURE_OK(cpuslab_domain_remove(domain, 5));
	TORTURE_CHECK(torture_settle(slab));
	fences_phase(FENCES_END);
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	_exit(0);
}

/* ---- the tracer -------------------------------------------------------- */

static void fences_seen(pid_t thread)
{
	static unsigned int phase;
	struct __ptrace_syscall_info info;
	uint64_t command, flags;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) <= 0)
		torture_skip("the kernel cannot report system calls");
	command = info.seccomp.args[0];
	flags = info.seccomp.args[1];
	if (command == MEMBARRIER_CMD_QUERY && flags >= FENCES_MARK) {
		phase = (unsigned int)flags - FENCES_MARK;
		TORTURE_CHECK(phase < FENCES_PHASES);
	} else if (command == FENCES_RSEQ) {
		fences_counts[phase].one += flags == 1;
		fences_counts[phase].all += flags != 1;
	} else if (command & FENCES_GLOBAL_OR_PRIVATE) {
		fences_counts[phase].plain++;
	}
}

/* Let a stopped thread continue, and deliver the signal that stopped it. */
static void fences_continue(pid_t thread, int status)
{
	int signal = WSTOPSIG(status);

	if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
		fences_seen(thread);
	if (signal == SIGTRAP || signal == SIGSTOP)
		signal = 0;
	ptrace(PTRACE_CONT, thread, 0, (void *)(intptr_t)signal);
}

static int fences_trace(pid_t child)
{
	int status;
	pid_t thread;

	TORTURE_CHECK(waitpid(child, &status, 0) == child);
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	TORTURE_OK(ptrace(PTRACE_SETOPTIONS, child, 0,
			  (void *)(PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE |
				   PTRACE_O_EXITKILL)));
	ptrace(PTRACE_CONT, child, 0, 0);
	for (;;) {
		thread = waitpid(-1, &status, __WALL);
		TORTURE_CHECK(thread > 0);
		if (WIFSTOPPED(status))
			fences_continue(thread, status);
		else if (thread == child)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	}
}

static void fences_report(void)
{
	static const char *const names[FENCES_PHASES] = {
		"start", "operations", "alloc, free", "add", "remove", "end"
	};
	int i;

	for (i = 0; i < FENCES_PHASES; i++)
		printf("  %-12s %u for one, %u for all, %u without rseq\n",
		       names[i], fences_counts[i].one, fences_counts[i].all,
		       fences_counts[i].plain);
	fflush(stdout);
}

static void test_openvmm_3490_no_membarrier_blast(void)
{
	const struct fences_count *c = fences_counts;
	int i;

	for (i = 0; i < FENCES_PHASES; i++) {
		TORTURE_CHECK(c[i].plain == 0);
		if (i == FENCES_REMOVE)
			continue;
		TORTURE_CHECK(c[i].one == 0);
		TORTURE_CHECK(c[i].all == 0);
	}
	/* One to release the block; each grace period restarts sums. */
	TORTURE_CHECK(c[FENCES_REMOVE].one == (torture_atomic() ? 0 : 1));
	TORTURE_CHECK(c[FENCES_REMOVE].all <= (torture_atomic() ? 0 : 2));
	TORTURE_CHECK(c[FENCES_REMOVE].all >= (torture_atomic() ? 0 : 1));
}

int main(int argc, char **argv)
{
	pid_t child;
	int status;

	torture_begin(argc, argv, "Which calls use membarrier.");
	torture_skip_under(TORTURE_VALGRIND);
	torture_fake_limit(8);
	child = fork();
	TORTURE_CHECK(child >= 0);
	if (!child)
		fences_child();
	status = fences_trace(child);
	if (status == TORTURE_SKIP)
		torture_skip("tracing is not permitted");
	TORTURE_OK(status);
	fences_report();
	test_openvmm_3490_no_membarrier_blast();
	return torture_end();
}
