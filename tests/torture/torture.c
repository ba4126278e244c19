/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "torture.h"

#include <cpuslab/port.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fake.h"
#include "private.h"

#define TORTURE_SETTLE_NS 10000000000u
#define TORTURE_CHILD_NS 60000000000u
#define TORTURE_HANG 120u /* seconds beyond the time given */

uint64_t torture_seed;
static const char *torture_name = "torture";
static double torture_time = 2;
static uint64_t torture_until; /* clock */
static cpu_set_t torture_allowed;
static int torture_fd = STDERR_FILENO;

static uint64_t torture_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void torture_print(const char *text)
{
	if (write(torture_fd, text, strlen(text)) < 0)
		_exit(1);
}

void torture_quiet(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	torture_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(null, STDERR_FILENO);
	close(null);
}

void torture_failed(const char *file, int line, const char *what)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "%s:%d: %s: failed: %s (CPUSLAB_TORTURE_SEED=%llu)\n", file,
		 line, torture_name, what, (unsigned long long)torture_seed);
	torture_print(text);
	if (getenv("CPUSLAB_TORTURE_ABORT"))
		abort();
	_exit(1);
}

long torture_proc_kb(const char *path, const char *name)
{
	FILE *file = fopen(path, "r");
	size_t length = strlen(name);
	char line[256];
	long kb = -1;

	TORTURE_CHECK(file);
	while (kb < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, length) && line[length] == ':')
			kb = strtol(line + length + 1, NULL, 10);
	fclose(file);
	TORTURE_CHECK(kb >= 0);
	return kb;
}

void torture_expect(const char *file, int line, const char *what, long is,
		    long wanted)
{
	char text[400];

	if (is == wanted)
		return;
	snprintf(text, sizeof(text), "%s is %ld, not %ld", what, is, wanted);
	torture_failed(file, line, text);
}

void torture_skip(const char *why)
{
	printf("%s: SKIP: %s\n", torture_name, why);
	fflush(stdout);
	fake_remove();
	_exit(TORTURE_SKIP);
}

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define TORTURE_BUILD (TORTURE_SANITIZER | TORTURE_TSAN)
#elif defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define TORTURE_BUILD TORTURE_SANITIZER
#else
#define TORTURE_BUILD 0
#endif

bool torture_is_under(int where)
{
	int here = TORTURE_BUILD;

	if (getenv("CPUSLAB_VALGRIND"))
		here |= TORTURE_VALGRIND;
	if (getenv("CPUSLAB_EMULATED"))
		here |= TORTURE_EMULATOR;
	return here & where;
}

void torture_skip_under(int where)
{
	if (torture_is_under(where & (TORTURE_SANITIZER | TORTURE_TSAN)))
		torture_skip("not with this sanitizer");
	if (torture_is_under(where & TORTURE_VALGRIND))
		torture_skip("not under valgrind");
	if (torture_is_under(where & TORTURE_EMULATOR))
		torture_skip("not in an emulator");
}

static void torture_hangs(int signal)
{
	(void)signal;
	torture_failed(__FILE__, __LINE__, "it hangs");
}

static void torture_usage(const char *program, const char *what)
{
	printf("usage: %s [--help]\n\n%s\n\n"
	       "CPUSLAB_TORTURE_SECONDS   how long (2)\n"
	       "CPUSLAB_TORTURE_SEED      of the random numbers (the clock)\n"
	       "CPUSLAB_TORTURE_ABORT     if set, a failure dumps core\n"
	       "CPUSLAB_TORTURE_DIRECTORY as where address space is refused\n"
	       "GLIBC_TUNABLES=glibc.pthread.rseq=0   the atomic mode\n",
	       program, what);
}

static void torture_environment(void)
{
	const char *seconds = getenv("CPUSLAB_TORTURE_SECONDS");
	const char *seed = getenv("CPUSLAB_TORTURE_SEED");

	cpuslab__region_refused = getenv("CPUSLAB_TORTURE_DIRECTORY") != NULL;
	if (seconds && atof(seconds) > 0)
		torture_time = atof(seconds);
	torture_seed = seed ? strtoull(seed, NULL, 0) :
			      torture_clock() % 1000000007u;
}

void torture_begin(int argc, char **argv, const char *what)
{
	const char *slash = strrchr(argv[0], '/');

	torture_name = slash ? slash + 1 : argv[0];
	if (argc > 1) {
		torture_usage(torture_name, what);
		exit(strcmp(argv[1], "--help") ? 2 : 0);
	}
	torture_environment();
	printf("%s: %s mode, %.3g s, CPUSLAB_TORTURE_SEED=%llu\n", torture_name,
	       torture_atomic() ? "atomic" : "rseq", torture_time,
	       (unsigned long long)torture_seed);
	fflush(stdout);
	sched_getaffinity(0, sizeof(torture_allowed), &torture_allowed);
	signal(SIGALRM, torture_hangs);
	alarm((unsigned int)(torture_time * 4) + TORTURE_HANG);
	torture_phase(torture_time);
}

int torture_end(void)
{
	fake_remove();
	printf("%s: ok\n", torture_name);
	return 0;
}

double torture_seconds(void)
{
	return torture_time;
}

void torture_phase(double seconds)
{
	cpuslab_store_release_u64(&torture_until,
				  torture_clock() + (uint64_t)(seconds * 1e9));
}

bool torture_running(void)
{
	return torture_clock() < cpuslab_load_acquire_u64(&torture_until);
}

bool torture_atomic(void)
{
	return cpuslab_port_uses_atomics();
}

/* ---- numbers (splitmix64) ---------------------------------------------- */

uint64_t torture_stream(uint64_t n)
{
	return torture_seed * 0x2545f4914f6cdd1du + n * 0x9e3779b97f4a7c15u;
}

uint64_t torture_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint32_t torture_below(uint64_t *state, uint32_t below)
{
	return (uint32_t)((torture_random(state) >> 32) * below >> 32);
}

/* ---- CPUs -------------------------------------------------------- */

void torture_fake_limit(uint32_t limit)
{
	char list[32];

	snprintf(list, sizeof(list), "0-%u\n", (unsigned int)limit - 1);
	fake_begin();
	fake_put("devices/system/cpu/possible", list);
	fake_use(true, false);
}

uint32_t torture_cpus(uint32_t *cpus, uint32_t room)
{
	uint32_t cpu, count = 0;

	for (cpu = 0; cpu < CPU_SETSIZE && count < room; cpu++)
		if (CPU_ISSET(cpu, &torture_allowed))
			cpus[count++] = cpu;
	return count;
}

bool torture_pin(uint32_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (cpu >= CPU_SETSIZE)
		return false;
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

void torture_unpin(void)
{
	sched_setaffinity(0, sizeof(torture_allowed), &torture_allowed);
}

void torture_migrate(uint64_t *state)
{
	uint32_t cpus[CPU_SETSIZE];
	uint32_t count = torture_cpus(cpus, CPU_SETSIZE);

	if (count)
		torture_pin(cpus[torture_below(state, count)]);
}

int torture_storm_call(struct cpuslab_domain *domain, uint32_t limit,
		       uint64_t *state)
{
	uint32_t cpu = torture_below(state, limit);

	switch (torture_below(state, 12)) {
	case 0:
	case 1:
		return cpuslab_domain_add_start(domain, cpu);
	case 2:
	case 3:
	case 4:
		return cpuslab_domain_add_complete(domain, cpu);
	case 5:
		return cpuslab_domain_add_failure(domain, cpu);
	case 6:
	case 7:
	case 8:
		return cpuslab_domain_remove(domain, cpu);
	case 9:
		return cpuslab_domain_trim(domain, 0);
	case 10:
		return cpuslab_domain_resync(domain);
	default:
		TORTURE_IS(cpuslab_domain_remove(domain, CPUSLAB_NO_CPU),
			   -CPUSLAB_ERANGE);
		return CPUSLAB_OK;
	}
}

void torture_storm_step(struct cpuslab_domain *domain, uint32_t limit,
			uint64_t *state)
{
	int result = torture_storm_call(domain, limit, state);

	TORTURE_CHECK(result == CPUSLAB_OK || result == CPUSLAB_RETAINED);
}

int torture_await(pid_t child)
{
	const struct timespec nap = { 0, 200000 };
	uint64_t until = torture_clock() + TORTURE_CHILD_NS;
	int status = 0;
	pid_t ended;

	TORTURE_CHECK(child > 0);
	while (!(ended = waitpid(child, &status, WNOHANG)) &&
	       torture_clock() < until)
		nanosleep(&nap, NULL);
	if (!ended)
		kill(child, SIGKILL);
	TORTURE_CHECK(ended == child);
	TORTURE_CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

void torture_run_apart(void (*test)(void))
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		test();
		exit(torture_end());
	}
	status = torture_await(pid);
	if (status != TORTURE_SKIP)
		TORTURE_OK(status);
}

bool torture_settle(struct cpuslab_slab *slab)
{
	struct timespec nap = { 0, 1000000 };
	struct cpuslab_stats stats;
	uint64_t until = torture_clock() + TORTURE_SETTLE_NS;
	int never;

	do {
		never = cpuslab_port_rcu_barrier();
		cpuslab_stats_get(slab, &stats);
		if (!stats.draining)
			return true;
		if (never)
			return false;
		nanosleep(&nap, NULL);
	} while (torture_clock() < until);
	torture_failed(__FILE__, __LINE__, "a CPU stays draining");
}

/* ---- signals ----------------------------------------------------------- */

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static void (*torture_handles)(int signal);

/* The interrupted thread must find its errno unchanged. */
static void torture_handle(int signal)
{
	int before = errno;

	torture_handles(signal);
	errno = before;
}

void torture_handler(void (*handler)(int signal))
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	torture_handles = handler;
	action.sa_handler = torture_handle;
	action.sa_flags = SA_RESTART;
	sigaction(TORTURE_SIGNAL, &action, NULL);
}

void torture_timer_start(struct torture_timer *timer, long ns)
{
	struct itimerspec when = { { 0, ns }, { 0, ns } };
	struct sigevent event;
	timer_t id;

	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = TORTURE_SIGNAL;
	event.sigev_notify_thread_id = gettid();
	timer->armed = !timer_create(CLOCK_MONOTONIC, &event, &id);
	timer->id = id;
	if (timer->armed)
		timer_settime(id, 0, &when, NULL);
}

void torture_timer_stop(struct torture_timer *timer)
{
	if (timer->armed)
		timer_delete(timer->id);
	timer->armed = false;
}

/* ---- rseq -------------------------------------------------------------- */

#if CPUSLAB__HAVE_RSEQ
#include <sys/syscall.h>

#define TORTURE_RSEQ_UNREGISTER 1

static long torture_rseq(int flags)
{
	unsigned int bytes = 32;

#ifdef RSEQ_SIG
	/* The C library reports the features, not what it has registered. */
	if (__rseq_size > bytes)
		bytes = __rseq_size;
#endif
	return syscall(SYS_rseq, cpuslab__rseq_area(), bytes, flags,
		       CPUSLAB__RSEQ_SIGNATURE);
}

/* Nor does the library register the thread, if that is its task. */
bool torture_rseq_unregister(void)
{
	cpuslab__thread.no_rseq = true;
	torture_rseq(TORTURE_RSEQ_UNREGISTER);
	return !torture_atomic();
}

void torture_rseq_register(void)
{
	cpuslab__thread.no_rseq = false;
	/* The library may, in a signal handler. */
	TORTURE_CHECK(!torture_rseq(0) || errno == EBUSY);
}

#else

bool torture_rseq_unregister(void)
{
	return false;
}

void torture_rseq_register(void)
{
}

#endif
