/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "process.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#include "linux-user/plugin.h"
#include "torture.h"

#define PROCESS_LIMIT 6u
#define PROCESS_TIMER_NS 200000
#define PROCESS_CHILD_SECONDS 100u
#define PROCESS_PLUGIN_ADDS 1000u
#define PROCESS_GRACES 100 /* until what was freed is deleted: usually two */

struct cpuslab_domain *process_domain;
struct cpuslab_slab *process_slab;
uint64_t process_counts[PROCESS_KINDS];
static struct cpuslab_counter process_counter;
static struct process_hooks process_hooks;
static const char *process_plugin;
static uint64_t process_begun, process_done; /* adds, W any */
static uint64_t process_starts;              /* W begin */
static pthread_t process_threads[PROCESS_KINDS];
static pthread_mutex_t process_memory = PTHREAD_MUTEX_INITIALIZER;

static const struct cpuslab_type process_type = {
	.name = "process",
	.size = 64,
	.counters = 1,
};

static void process_nap(long ns)
{
	const struct timespec nap = { 0, ns };

	nanosleep(&nap, NULL);
}

static void process_add(void)
{
	cpuslab_fetch_add_u64(&process_begun, 1);
	cpuslab_counter_add(&process_counter, 1);
	cpuslab_fetch_add_u64(&process_done, 1);
}

static void process_check_sum(void)
{
	uint64_t done = cpuslab_fetch_add_u64(&process_done, 0);
	uint64_t sum = cpuslab_counter_sum(&process_counter);

	TORTURE_CHECK(sum >= done);
	TORTURE_CHECK(sum <= cpuslab_fetch_add_u64(&process_begun, 0));
}

/* Memory may be refused, and in a child a mutex may be lost. */
static bool process_may_fail(int err)
{
	return err >= 0 || err == -CPUSLAB_ENOMEM || err == -CPUSLAB_EBUSY;
}

static void process_use(uint64_t *random)
{
	struct cpuslab_percpu handle;
	int err;

	process_add();
	err = cpuslab_alloc(process_slab, &process_type, &handle);
	TORTURE_CHECK(process_may_fail(err));
	if (err)
		return;
	TORTURE_OK(cpuslab_add(&handle, 0, 5));
	TORTURE_CHECK(cpuslab_sum(&handle, 0) == 5);
	err = torture_below(random, 16) ?
		      cpuslab_free(process_slab, &handle) :
		      cpuslab_free_rcu(process_slab, &handle);
	TORTURE_CHECK(process_may_fail(err));
}

/* ---- forks -------------------------------------------------------------- */

static void process_child_adds(void)
{
	uint32_t i;

	for (i = 0; i < 10; i++)
		process_add();
	process_check_sum();
}

static void process_child_allocates(uint64_t *random)
{
	struct cpuslab_slab *own;
	uint32_t i;

	for (i = 0; i < 10; i++)
		process_use(random);
	process_check_sum();
	if (process_hooks.child)
		process_hooks.child();
	TORTURE_CHECK(process_may_fail(
		torture_storm_call(process_domain, PROCESS_LIMIT, random)));
	if (!cpuslab_slab_create(&own, process_domain, NULL))
		cpuslab_slab_destroy(own);
}

static void process_child(uint64_t *random)
{
	signal(SIGALRM, SIG_DFL);
	alarm(PROCESS_CHILD_SECONDS);
	process_check_sum();
	process_child_adds();
	/*
	 * clang 14's sanitizers fork while another thread holds the lock of
	 * their allocator, for which a child that allocates waits.
	 */
	if (!torture_is_under(TORTURE_SANITIZER))
		process_child_allocates(random);
	_exit(0);
}

static void *process_forks(void *arg)
{
	uint64_t random = torture_stream((uintptr_t)arg);
	int status;
	pid_t pid;

	while (torture_running()) {
		pid = fork();
		if (!pid)
			process_child(&random);
		if (pid < 0) {
			TORTURE_CHECK(errno == ENOMEM || errno == EAGAIN);
			process_nap(1000000);
			continue;
		}
		while (waitpid(pid, &status, 0) < 0)
			TORTURE_CHECK(errno == EINTR);
		TORTURE_CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
		process_counts[PROCESS_FORKS]++;
		process_use(&random);
	}
	return NULL;
}

/* ---- cancellation ------------------------------------------------------- */

static void *process_victim(void *arg)
{
	uint64_t random = torture_stream((uintptr_t)arg);

	for (;;) {
		process_use(&random);
		/* A cancellation point. */
		cpuslab_domain_resync(process_domain);
	}
	return NULL;
}

static void *process_cancels(void *arg)
{
	uint64_t random = torture_stream((uintptr_t)arg);
	pthread_t thread;

	while (torture_running()) {
		uint64_t n = torture_random(&random);

		if (pthread_create(&thread, NULL, process_victim,
				   (void *)(uintptr_t)n)) {
			process_nap(1000000);
			continue;
		}
		process_nap((long)torture_below(&random, 500000));
		pthread_cancel(thread);
		TORTURE_OK(pthread_join(thread, NULL));
		process_counts[PROCESS_CANCELS]++;
	}
	return NULL;
}

/* ---- memory that may be refused ------------------------------------------ */

void process_memory_hold(void)
{
	pthread_mutex_lock(&process_memory);
}

void process_memory_release(void)
{
	pthread_mutex_unlock(&process_memory);
}

/* ---- plugins ------------------------------------------------------------ */

/* The C library keeps what it had mapped before it was refused the rest. */
static void *process_load(void)
{
	void *module;

	process_memory_hold();
	module = dlopen(process_plugin, RTLD_NOW | RTLD_LOCAL);
	process_memory_release();
	TORTURE_CHECK(module);
	return module;
}

static void *process_plugins(void *arg)
{
	while (torture_running()) {
		void *module = process_load();
		const struct plugin *p = dlsym(module, "plugin");

		TORTURE_CHECK(p);
		if (!p->begin()) {
			p->work(PROCESS_PLUGIN_ADDS);
			TORTURE_CHECK(p->sum() == PROCESS_PLUGIN_ADDS);
			p->end();
			process_counts[PROCESS_PLUGINS]++;
		}
		dlclose(module);
	}
	return arg;
}

/* ---- handlers that jump ------------------------------------------------- */

static __thread sigjmp_buf process_out;
static __thread volatile sig_atomic_t process_may_jump;

static void process_handler(int signal)
{
	(void)signal;
	process_add();
	cpuslab_counter_sum(&process_counter);
	if (process_hooks.interrupted)
		process_hooks.interrupted();
	if (process_may_jump)
		siglongjmp(process_out, 1);
}

static void *process_jumps(void *arg)
{
	struct torture_timer timer;

	torture_timer_start(&timer, PROCESS_TIMER_NS);
	if (sigsetjmp(process_out, 1))
		process_counts[PROCESS_JUMPS]++;
	while (torture_running()) {
		process_may_jump = 1;
		cpuslab_counter_sum(&process_counter);
		process_may_jump = 0;
		process_add();
	}
	process_may_jump = 0;
	torture_timer_stop(&timer);
	return arg;
}

/* ---- refused memory, changing CPUs ------------------------------------- */

/* For a moment now and then: what is there already can be used. */
static void *process_refusals(void *arg)
{
	struct rlimit before, none;

	TORTURE_OK(getrlimit(RLIMIT_AS, &before));
	none = before;
	none.rlim_cur = 1;
	while (torture_running()) {
		process_nap(20000000);
		process_memory_hold();
		TORTURE_OK(setrlimit(RLIMIT_AS, &none));
		process_nap(2000000);
		TORTURE_OK(setrlimit(RLIMIT_AS, &before));
		process_memory_release();
		process_counts[PROCESS_REFUSALS]++;
	}
	return arg;
}

static void *process_changes(void *arg)
{
	uint64_t random = torture_stream((uintptr_t)arg);

	while (torture_running()) {
		int err = torture_storm_call(process_domain, PROCESS_LIMIT,
					     &random);

		TORTURE_CHECK(process_may_fail(err));
		process_check_sum();
		process_counts[PROCESS_CHANGES]++;
	}
	return NULL;
}

static void *(*const process_run[PROCESS_KINDS])(void *arg) = {
	[PROCESS_FORKS] = process_forks,
	[PROCESS_CANCELS] = process_cancels,
	[PROCESS_PLUGINS] = process_plugins,
	[PROCESS_JUMPS] = process_jumps,
	[PROCESS_REFUSALS] = process_refusals,
	[PROCESS_CHANGES] = process_changes,
};

static bool process_can(uintptr_t kind)
{
	switch (kind) {
	case PROCESS_CANCELS: /* ASan takes the stack for one in use */
		return !torture_is_under(TORTURE_SANITIZER) ||
		       torture_is_under(TORTURE_TSAN);
	case PROCESS_PLUGINS:
		return process_plugin != NULL;
	case PROCESS_REFUSALS: /* a sanitizer without memory ends the process */
		return !torture_is_under(TORTURE_SANITIZER);
	default:
		return true;
	}
}

/* ---- from begin to end -------------------------------------------------- */

void process_begin(const char *module, const struct process_hooks *hooks)
{
	process_plugin = module;
	if (hooks)
		process_hooks = *hooks;
	if (cpuslab_port_cpu_limit() < PROCESS_LIMIT)
		torture_fake_limit(PROCESS_LIMIT);
	torture_handler(process_handler);
	torture_quiet(); /* of refused memory */
	/* The C library aborts if it cannot load it in pthread_cancel(). */
	dlopen("libgcc_s.so.1", RTLD_NOW);
	TORTURE_OK(cpuslab_domain_create(&process_domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&process_slab, process_domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&process_counter, process_slab));
}

void process_start(void)
{
	uintptr_t i;

	for (i = 0; i < PROCESS_KINDS; i++)
		if (process_can(i))
			TORTURE_OK(pthread_create(
				&process_threads[i], NULL, process_run[i],
				(void *)(uintptr_t)++process_starts));
}

void process_join(void)
{
	uintptr_t i;

	for (i = 0; i < PROCESS_KINDS; i++)
		if (process_can(i))
			TORTURE_OK(pthread_join(process_threads[i], NULL));
}

static uint64_t process_objects(void)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(process_slab, &stats);
	return stats.objects;
}

void process_check(void)
{
	int graces;

	TORTURE_CHECK(process_done == process_begun);
	TORTURE_CHECK(cpuslab_counter_sum(&process_counter) == process_done);
	TORTURE_CHECK(torture_settle(process_slab));
	for (graces = 0; graces < PROCESS_GRACES && process_objects() > 1;
	     graces++)
		cpuslab_port_rcu_barrier();
	TORTURE_CHECK(process_objects() == 1); /* the counter */
	TORTURE_OK(cpuslab_slab_check(process_slab));
}

void process_lose(void)
{
	cpuslab_fetch_add_u64(&process_begun, 1);
	cpuslab_fetch_add_u64(&process_done, 1);
}

void process_end(void)
{
	cpuslab_counter_fini(&process_counter);
	cpuslab_slab_destroy(process_slab);
	cpuslab_domain_destroy(process_domain);
}
