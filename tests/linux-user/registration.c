/* SPDX-License-Identifier: MIT */
/*
 * registration.c - which code registers threads for restartable sequences, and
 * what happens to threads that cannot be registered.
 *
 * registration BY: what cpuslab_stats.registration must be. Where the library
 * registers threads, each way in which a thread begins, ends, is interrupted.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#include "private.h"
#include "torture/step.h"
#include "torture/torture.h"

#define THREADS 4u
#define DETACHED 10000u /* by each of them */
#define DETACHED_ALIVE 64u
#define SIGNALLED 500u
#define SIGNAL_NS 50000
#define DESTRUCTOR_ROUNDS 3u /* POSIX promises one more */

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_counter counter;
static uint64_t adds;  /* that the counter must have */
static uint32_t lines; /* logged */
static bool by_libc;

static void log_write(const struct cpuslab_log_hook *hook, const char *line)
{
	(void)hook;
	printf("  %s\n", line);
	__atomic_fetch_add(&lines, 1, __ATOMIC_RELAXED);
}

static const struct cpuslab_log_hook log_hook = { .write = log_write };

static void begin(void)
{
	cpuslab_log_hook_set(&log_hook);
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	adds = 0;
}

static void end(void)
{
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == adds);
	cpuslab_counter_fini(&counter);
	TORTURE_OK(cpuslab_slab_check(slab));
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	cpuslab_log_hook_set(NULL);
}

static void add(void)
{
	int error = errno;

	TORTURE_OK(cpuslab_counter_add(&counter, 1));
	TORTURE_IS(errno, error);
	__atomic_fetch_add(&adds, 1, __ATOMIC_RELAXED);
}

static struct cpuslab_stats stats(void)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(slab, &stats);
	return stats;
}

/* Few operations find their CPU's block occupied, and none in a new thread. */
static uint64_t shared_ops(void)
{
	return stats().shared_ops;
}

static void in_thread(void *(*run)(void *arg))
{
	pthread_t thread;

	TORTURE_OK(pthread_create(&thread, NULL, run, NULL));
	TORTURE_OK(pthread_join(thread, NULL));
}

static bool is_registered(void)
{
	return *(volatile int32_t *)(cpuslab__rseq_area() + 4) >= 0;
}

/* ---- a thread begins and ends ------------------------------------------- */

static void *test_thread(void *arg)
{
	TORTURE_CHECK(is_registered() == by_libc);
	add();
	TORTURE_CHECK(is_registered());
	add();
	return arg;
}

static void *test_sum(void *arg)
{
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == adds);
	TORTURE_CHECK(is_registered());
	return arg;
}

static void test_first_miss(void)
{
	in_thread(test_thread);
	in_thread(test_sum);
	TORTURE_CHECK(shared_ops() == 0);
}

static sem_t alive;

static void *test_detached_one(void *arg)
{
	add();
	sem_post(&alive);
	return arg;
}

static void *test_detached_many(void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;
	uint32_t i;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (i = 0; i < DETACHED; i++) {
		while (sem_wait(&alive))
			continue;
		while (pthread_create(&thread, &attr, test_detached_one, NULL))
			usleep(100); /* the last ones have not ended yet */
	}
	return arg;
}

static void test_detached(void)
{
	uint64_t shared = shared_ops();
	pthread_t threads[THREADS];
	uint32_t i;

	sem_init(&alive, 0, DETACHED_ALIVE);
	for (i = 0; i < THREADS; i++)
		TORTURE_OK(pthread_create(&threads[i], NULL, test_detached_many,
					  NULL));
	for (i = 0; i < THREADS; i++)
		TORTURE_OK(pthread_join(threads[i], NULL));
	for (i = 0; i < DETACHED_ALIVE; i++)
		sem_wait(&alive);
	/* A section may be interrupted each time that it is tried. */
	TORTURE_CHECK(shared_ops() - shared < DETACHED / 100);
}

/* ---- destructors -------------------------------------------------------- */

/* The handler's operation interrupts a thread once, after so many steps. */
static uint32_t step_at, steps;

static void step(void)
{
	if (++steps == step_at) {
		step_end();
		add();
	}
}

/*
 * One that was created before the library's, unless that is a shared library,
 * and one after it. What is stepped is all between their first calls.
 */
static pthread_key_t key_before, key_after;
static uint32_t ended_registered, ended_all;
#define DESTRUCTOR_STEPS ((void *)100)
#ifdef __GLIBC__
#define DESTRUCTOR_REGISTERED true
#else
#define DESTRUCTOR_REGISTERED false
#endif

static void destructor(pthread_key_t key, void *round)
{
	add();
	add();
	if ((uintptr_t)round < DESTRUCTOR_ROUNDS) {
		pthread_setspecific(key, (void *)((uintptr_t)round + 1));
		return;
	}
	ended_registered += is_registered();
	ended_all++;
}

static void destructor_before(void *round)
{
	if (round == DESTRUCTOR_STEPS)
		step_begin(step);
	else
		destructor(key_before, round);
}

static void destructor_after(void *round)
{
	if (round != DESTRUCTOR_STEPS) {
		destructor(key_after, round);
		return;
	}
	step_end();
	TORTURE_CHECK(is_registered() == DESTRUCTOR_REGISTERED);
}

static void key_before_create(void)
{
	TORTURE_OK(pthread_key_create(&key_before, destructor_before));
}

/* The library's constructor has priority 101. */
static void (*key_before_first)(void)
	__attribute__((section(".init_array.00050"), used)) = key_before_create;

/* The first operation is before the destructors, or in one. */
static void *test_destructors_thread(void *arg)
{
	if (arg)
		add();
	pthread_setspecific(key_before, (void *)1);
	pthread_setspecific(key_after, (void *)1);
	return NULL;
}

static void *test_destructors_used(void *arg)
{
	(void)arg;
	return test_destructors_thread(&counter);
}

static void test_destructors(void)
{
	in_thread(test_destructors_used);
	in_thread(test_destructors_thread);
	TORTURE_CHECK(ended_all == 4);
	TORTURE_CHECK(ended_registered == (DESTRUCTOR_REGISTERED ? 4 : 0));
}

static void *test_stepped_first(void *arg)
{
	step_begin(step);
	add();
	step_end();
	TORTURE_CHECK(is_registered());
	add();
	return arg;
}

static void *test_stepped_end(void *arg)
{
	add();
	pthread_setspecific(key_before, DESTRUCTOR_STEPS);
	pthread_setspecific(key_after, DESTRUCTOR_STEPS);
	return arg;
}

/* Interrupt threads at one of @each instructions, another one each time. */
static void test_stepped(void *(*run)(void *arg), uint32_t each)
{
	step_at = torture_seed % each;
	do {
		step_at += each;
		steps = 0;
		in_thread(run);
	} while (steps == step_at);
	printf("  interrupted at one of %u of %u instructions\n", each, steps);
	TORTURE_CHECK(steps > 10 || !step_possible());
}

/* ---- fork --------------------------------------------------------------- */

static void test_fork(void)
{
	uint64_t shared = shared_ops();
	pid_t child;

	add();
	fflush(stdout);
	child = fork();
	if (!child) {
		TORTURE_CHECK(is_registered());
		add();
		if (!torture_is_under(TORTURE_TSAN)) /* it starts none here */
			in_thread(test_thread);
		TORTURE_CHECK(shared_ops() == shared);
		TORTURE_CHECK(cpuslab_counter_sum(&counter) == adds);
		_exit(0);
	}
	TORTURE_OK(torture_await(child));
}

static void *test_fork_thread(void *arg)
{
	test_fork();
	return arg;
}

/* ---- signals ------------------------------------------------------------ */

static void handler(int signal)
{
	(void)signal;
	add();
}

static void *test_signals_thread(void *arg)
{
	struct torture_timer timer = { 0 };
	uint32_t i;

	torture_timer_start(&timer, SIGNAL_NS);
	for (i = 0; i < 20; i++)
		add();
	torture_timer_stop(&timer);
	return arg;
}

/* The handler has the first operation. */
static void *test_signals_raise(void *arg)
{
	raise(TORTURE_SIGNAL);
	TORTURE_CHECK(is_registered());
	add();
	return arg;
}

static void test_signals(void)
{
	uint32_t i;

	torture_handler(handler);
	in_thread(test_signals_raise);
	for (i = 0; i < SIGNALLED; i++)
		in_thread(test_signals_thread);
}

/* ---- threads that cannot be registered ---------------------------------- */

/*
 * For calls of rseq(2) that register a thread, but not for those that have
 * FILTER_PASSES in the upper half of the length, which the kernel ignores.
 */
#define FILTER_PASSES 1
#define FILTER_UPPER (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 4 : 0)
#define FILTER_LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define FILTER_ARG(n) offsetof(struct seccomp_data, args[n])
#define FILTER_IS(n, otherwise)                                                \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (n), 0, (otherwise))

static void filter(uint32_t action)
{
	struct sock_filter code[] = {
		FILTER_LOAD(offsetof(struct seccomp_data, nr)),
		FILTER_IS(SYS_rseq, 4),
		FILTER_LOAD(FILTER_ARG(2) + 4 - FILTER_UPPER),
		FILTER_IS(0, 2),
		FILTER_LOAD(FILTER_ARG(1) + FILTER_UPPER),
		FILTER_IS(FILTER_PASSES, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, action),
	};
	struct sock_fprog program = { .filter = code, .len = 8 };

	TORTURE_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		torture_skip("no seccomp filter can be installed");
}

/*
 * The handler runs in place of the call that registers the thread. It does so
 * itself, as its first operation would, and returns to the call what the kernel
 * would say then.
 */
static void handler_of_call(int signal, siginfo_t *info, void *context)
{
	ucontext_t *at = context;

	(void)signal;
	(void)info;
	TORTURE_OK(syscall(SYS_rseq, cpuslab__rseq_area(),
			   (long)FILTER_PASSES << 32 | 32, 0,
			   CPUSLAB__RSEQ_SIGNATURE));
	add();
#if defined(__x86_64__)
	at->uc_mcontext.gregs[REG_RAX] = -EBUSY;
#else
	at->uc_mcontext.regs[0] = (uint64_t)-EBUSY;
#endif
}

static void *test_interrupted_call(void *arg)
{
	struct sigaction action = { .sa_sigaction = handler_of_call,
				    .sa_flags = SA_SIGINFO };

	sigaction(SIGSYS, &action, NULL);
	filter(SECCOMP_RET_TRAP);
	add();
	TORTURE_CHECK(is_registered());
	add();
	return arg;
}

static void test_interrupted(void)
{
	uint64_t shared = shared_ops();

	in_thread(test_interrupted_call);
	TORTURE_CHECK(shared_ops() == shared);
	TORTURE_CHECK(lines == 0);
}

static void *test_refused_thread(void *error)
{
	filter(SECCOMP_RET_ERRNO | (uint32_t)(uintptr_t)error);
	add();
	add();
	TORTURE_CHECK(!is_registered());
	return NULL;
}

/* The kernel's struct rseq of librseq, or of an allocator. */
static __thread char owner_area[32] __attribute__((aligned(32)));

static void owner_register(void)
{
	TORTURE_OK(syscall(SYS_rseq, owner_area, sizeof(owner_area), 0,
			   CPUSLAB__RSEQ_SIGNATURE));
}

static void owner_unregister(void)
{
	TORTURE_OK(syscall(SYS_rseq, owner_area, sizeof(owner_area), 1,
			   CPUSLAB__RSEQ_SIGNATURE));
}

static void *test_owned_thread(void *arg)
{
	owner_register();
	add();
	add();
	TORTURE_CHECK(!is_registered());
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == adds);
	owner_unregister();
	return arg;
}

static void test_owned(void)
{
	uint64_t shared = shared_ops();
	uint32_t before = lines;

	in_thread(test_owned_thread);
	in_thread(test_owned_thread);
	TORTURE_CHECK(shared_ops() == shared + 4);
	TORTURE_CHECK(lines == before + 1);
	in_thread(test_thread);
	TORTURE_CHECK(shared_ops() == shared + 4);
}

static void test_refused(int error)
{
	uint64_t shared = shared_ops();
	pthread_t thread;

	TORTURE_OK(pthread_create(&thread, NULL, test_refused_thread,
				  (void *)(uintptr_t)error));
	TORTURE_OK(pthread_join(thread, NULL));
	TORTURE_CHECK(shared_ops() == shared + 2);
}

/* ---- a process without registration -------------------------------------- */

static void *unregistered_thread(void *arg)
{
	add();
	return arg;
}

/* The registration is free for others. */
static void test_not_registered(void)
{
	add();
	in_thread(unregistered_thread);
	if (syscall(SYS_rseq, owner_area, sizeof(owner_area), 0,
		    CPUSLAB__RSEQ_SIGNATURE)) {
		TORTURE_IS(errno, ENOSYS);
		return;
	}
	add();
	owner_unregister();
}

static void test_own(void)
{
	test_first_miss();
	test_destructors();
	test_stepped(test_stepped_first, 4);
	test_stepped(test_stepped_end, 1);
	test_fork();
	in_thread(test_fork_thread);
	if (!torture_is_under(TORTURE_TSAN))
		test_interrupted();
	test_owned();
	test_signals();
	if (!torture_is_under(TORTURE_SANITIZER))
		test_detached();
	test_refused(ENOSYS);
	test_refused(EPERM);
	TORTURE_CHECK(lines == 1);
}

int main(int argc, char **argv)
{
	const char *by = argc > 1 ? argv[1] : "";

	torture_begin(1, argv, "");
	torture_skip_under(TORTURE_VALGRIND | TORTURE_EMULATOR);
	begin();
	TORTURE_OK(pthread_key_create(&key_after, destructor_after));
	printf("  registered by: %s\n", stats().registration);
	by_libc = !strcmp(by, "C library");
	if (strcmp(stats().registration, by))
		torture_failed(__FILE__, __LINE__, by);
	TORTURE_CHECK(stats().atomic == !strcmp(by, "none"));
	if (!strcmp(by, "cpuslab"))
		test_own();
	else if (!strcmp(by, "none"))
		test_not_registered();
	else if (by_libc)
		test_fork();
	end();
	return torture_end();
}
