/* SPDX-License-Identifier: MIT */
/*
 * region.c - the address space that slabs share: their blocks do not overlap,
 * are zero when they are allocated, and become inaccessible when no slab has a
 * block in a window; mappings grow with CPUs, not with slabs.
 *
 * Each case is a process of its own; then all of them run in atomic mode. The
 * limits are those of a made-up /sys.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cpuslab/atomic.h>
#include <cpuslab/ops.h>
#include <cpuslab/read.h>

#include "torture/torture.h"

#define REGION_LIMIT 64u
#define REGION_CPUS 8u
#define REGION_SLABS 3
#define REGION_MANY 1000
#define REGION_FORKS 200
#define REGION_BYTES ((size_t)4096)
#define REGION_TUNABLES "GLIBC_TUNABLES"

static const struct cpuslab_type region_small = {
	.name = "small", .size = REGION_BYTES, .flags = CPUSLAB_TYPE_DISCARD
};
static const struct cpuslab_type region_large = {
	.name = "large",
	.size = 64 * REGION_BYTES,
	.flags = CPUSLAB_TYPE_DISCARD
};

/* ---- what the system says ------------------------------------------------ */

static char *region_window(const struct cpuslab_percpu *handle, uint32_t window)
{
	uintptr_t base = handle->object &
			 ~(((uintptr_t)1 << CPUSLAB__WINDOW_SHIFT) - 1);

	return (char *)base + ((size_t)window << CPUSLAB__WINDOW_SHIFT);
}

/* The line VmFlags of the mapping at @addr. */
static void region_flags(const void *addr, char *flags, int size)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	unsigned long begin, end, at = (unsigned long)(uintptr_t)addr;
	bool here = false;

	TORTURE_CHECK(file);
	do {
		TORTURE_CHECK(fgets(flags, size, file));
		if (sscanf(flags, "%lx-%lx ", &begin, &end) == 2)
			here = begin <= at && at < end;
	} while (!here || strncmp(flags, "VmFlags:", 8) != 0);
	fclose(file);
}

static bool region_has(const char *flags, const char *flag)
{
	char word[8];

	snprintf(word, sizeof(word), " %s ", flag);
	return strstr(flags, word) != NULL;
}

static bool region_is(const void *addr, const char *flag)
{
	char flags[256];

	region_flags(addr, flags, sizeof(flags));
	return region_has(flags, flag);
}

static int region_mappings(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	int count = 0, c;

	TORTURE_CHECK(file);
	while ((c = getc(file)) != EOF)
		count += c == '\n';
	fclose(file);
	return count;
}

/* ---- slabs with one object ----------------------------------------------- */

struct region_slab {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_percpu handle;
	size_t bytes;
};

static struct cpuslab_domain *region_domain(uint32_t cpus)
{
	struct cpuslab_domain_config config = {
		.flags = CPUSLAB_DOMAIN_START_EMPTY
	};
	struct cpuslab_domain *domain;
	uint32_t cpu;

	TORTURE_OK(cpuslab_domain_create(&domain, &config));
	for (cpu = 0; cpu < cpus; cpu++)
		TORTURE_OK(cpuslab_domain_add_complete(domain, cpu));
	return domain;
}

static void region_remove(struct region_slab *s, uint32_t cpu)
{
	TORTURE_OK(cpuslab_domain_remove(s->domain, cpu));
	TORTURE_OK(cpuslab_domain_trim(s->domain, CPUSLAB_TRIM_QUIESCENT));
	TORTURE_CHECK(torture_settle(s->slab));
}

static void region_create(struct region_slab *s, struct cpuslab_domain *domain,
			  const struct cpuslab_type *type)
{
	s->domain = domain;
	s->bytes = type->size;
	TORTURE_OK(cpuslab_slab_create(&s->slab, domain, NULL));
	TORTURE_OK(cpuslab_alloc(s->slab, type, &s->handle));
}

static void region_destroy(struct region_slab *s)
{
	TORTURE_OK(cpuslab_free(s->slab, &s->handle));
	cpuslab_slab_destroy(s->slab);
}

/* Is each byte of @cpu's copy @byte? If so, and @next is not, write that. */
static void region_check(const struct region_slab *s, uint32_t cpu, int byte,
			 int next)
{
	unsigned char *copy;
	size_t i;

	cpuslab_read_enter();
	copy = (unsigned char *)(uintptr_t)cpuslab_remote(&s->handle, cpu);
	TORTURE_CHECK(copy);
	for (i = 0; i < s->bytes; i++)
		TORTURE_IS(copy[i], byte);
	if (next != byte)
		memset(copy, next, s->bytes);
	cpuslab_read_exit();
}

static void region_check_all(const struct region_slab *s, int byte, int next)
{
	uint32_t cpu;

	for (cpu = 0; cpu < REGION_CPUS; cpu++)
		region_check(s, cpu, byte ? byte + (int)cpu : 0,
			     next ? next + (int)cpu : 0);
	region_check(s, CPUSLAB_SHARED, byte ? byte + (int)cpu : 0,
		     next ? next + (int)cpu : 0);
}

/* ---- cases, each in a child ---------------------------------------------- */

/* Also of a slab in the place of another one, and of one that grows. */
static void test_region_blocks_are_apart_and_zero(void)
{
	struct cpuslab_domain *domain = region_domain(REGION_CPUS);
	struct region_slab slabs[REGION_SLABS + 1], grown;
	int i;

	for (i = 0; i < REGION_SLABS; i++)
		region_create(&slabs[i], domain, &region_small);
	for (i = 0; i < REGION_SLABS; i++)
		region_check_all(&slabs[i], 0, 16 * (i + 1));
	region_destroy(&slabs[1]);
	region_create(&slabs[1], domain, &region_small);
	region_check_all(&slabs[1], 0, 32);
	grown = slabs[0];
	grown.bytes = region_large.size;
	TORTURE_OK(cpuslab_alloc(grown.slab, &region_large, &grown.handle));
	region_check_all(&grown, 0, 128);
	region_create(&slabs[i], domain, &region_small);
	region_check_all(&slabs[i], 0, 16 * (i + 1));
	for (i = 0; i <= REGION_SLABS; i++)
		region_check_all(&slabs[i], 16 * (i + 1), 16 * (i + 1));
	region_check_all(&grown, 128, 128);
	TORTURE_OK(cpuslab_free(grown.slab, &grown.handle));
	for (i = 0; i <= REGION_SLABS; i++)
		region_destroy(&slabs[i]);
	cpuslab_domain_destroy(domain);
}

/* Two slabs have blocks in a window, and one of them is released. */
static void test_region_window_of_another_slab(void)
{
	struct region_slab stays, goes;

	region_create(&stays, region_domain(REGION_CPUS), &region_small);
	region_create(&goes, region_domain(REGION_CPUS), &region_small);
	region_check_all(&stays, 0, 16);
	region_check_all(&goes, 0, 32);
	region_remove(&goes, 5);
	region_check_all(&stays, 16, 16);
	region_check(&goes, 4, 36, 36);
	TORTURE_OK(cpuslab_domain_add_complete(goes.domain, 5));
	region_check(&goes, 5, 0, 37);
	region_check_all(&stays, 16, 16);
	region_destroy(&goes);
	region_check_all(&stays, 16, 16);
	region_destroy(&stays);
	cpuslab_domain_destroy(goes.domain);
	cpuslab_domain_destroy(stays.domain);
}

static void region_check_flags(const void *addr, bool accessible, bool dumped)
{
	char flags[256];

	region_flags(addr, flags, sizeof(flags));
	TORTURE_IS(region_has(flags, "rd"), accessible);
	TORTURE_IS(region_has(flags, "wr"), accessible);
	TORTURE_IS(region_has(flags, "dd"), !dumped);
	TORTURE_CHECK(region_has(flags, "nh"));
}

/*
 * Reserved space and windows of released CPUs are in no core dump; nothing has
 * huge pages.
 */
static void test_region_advice(void)
{
	struct region_slab s;
	const char *window;

	region_create(&s, region_domain(REGION_CPUS), &region_small);
	window = region_window(&s.handle, 5);
	region_check_flags(window, true, true);
	region_check_flags(region_window(&s.handle, 6) - 1, false, false);
	region_check_flags(region_window(&s.handle, REGION_CPUS), false, false);
	region_check_flags(region_window(&s.handle, 0) - CPUSLAB_PORT_BLOCK_MAX,
			   true, true); /* the shared one */
	region_remove(&s, 5);
	region_check_flags(window, true, false);
	TORTURE_CHECK(region_is(region_window(&s.handle, 4), "rd"));
	TORTURE_OK(cpuslab_domain_add_complete(s.domain, 5));
	region_check_flags(window, true, true);
	region_check(&s, 5, 0, 0);
	region_destroy(&s);
	region_check_flags(window, false, false);
	cpuslab_domain_destroy(s.domain);
}

/*
 * A committed and a reserved part of each window, and the two parts of each
 * slab's table; a region that is full is one mapping or two.
 */
static void test_region_mappings_follow_cpus(void)
{
	static struct region_slab slabs[REGION_MANY];
	static const int counts[] = { 1, 64, REGION_MANY };
	struct cpuslab_domain *domain = region_domain(REGION_LIMIT);
	int before = region_mappings(), count = 0, round;
	uint32_t cpu;

	for (round = 0; round < 3; round++) {
		for (; count < counts[round]; count++) {
			region_create(&slabs[count], domain, &region_small);
			for (cpu = 0; cpu < REGION_LIMIT; cpu++)
				region_check(&slabs[count], cpu, 0, 1);
		}
		printf("  %d slabs: %d mappings\n", count,
		       region_mappings() - before);
		fflush(stdout);
		TORTURE_CHECK(region_mappings() - before <=
			      2 * ((int)REGION_LIMIT + 1) + 24);
	}
	while (count--)
		region_destroy(&slabs[count]);
	cpuslab_domain_destroy(domain);
}

/* Another slab stays meanwhile. */
static void test_region_range_is_used_again(void)
{
	struct cpuslab_domain *domain = region_domain(1);
	struct region_slab stays, goes;
	uintptr_t where = 0;
	int round;

	region_create(&stays, domain, &region_small);
	for (round = 0; round < 300; round++) {
		region_create(&goes, domain, &region_small);
		if (!round)
			where = goes.handle.object;
		TORTURE_CHECK(goes.handle.object == where);
		region_destroy(&goes);
	}
	region_destroy(&stays);
	cpuslab_domain_destroy(domain);
}

/* One empty region is kept, not more, and nothing else. */
static void test_region_is_freed(void)
{
	struct cpuslab_domain *domain = region_domain(1);
	const long region = (long)(REGION_LIMIT + 1) << 10; /* kB */
	struct region_slab s;
	struct cpuslab_percpu more[6];
	long before = torture_proc_kb("/proc/self/status", "VmSize"), kept = 0;
	int i, round;

	for (round = 0; round < 50; round++) {
		region_create(&s, domain, &region_large);
		for (i = 0; i < 6; i++) /* of 256, 256, 512, and 1024 KiB */
			TORTURE_OK(
				cpuslab_alloc(s.slab, &region_large, &more[i]));
		for (i = 0; i < 6; i++)
			TORTURE_OK(cpuslab_free(s.slab, &more[i]));
		TORTURE_CHECK(torture_proc_kb("/proc/self/status", "VmSize") -
				      before >=
			      2 * region);
		region_destroy(&s);
		if (!round)
			kept = torture_proc_kb("/proc/self/status", "VmSize");
		TORTURE_CHECK(kept - before <= region * 3 / 2);
		TORTURE_CHECK(torture_proc_kb("/proc/self/status", "VmSize") <=
			      kept + 1024);
	}
	cpuslab_domain_destroy(domain);
}

/* More of each window is committed, but not of the last ones. */
static void test_region_growth_that_fails(void)
{
	struct cpuslab_domain *domain = region_domain(REGION_LIMIT);
	struct rlimit limit, before;
	struct cpuslab_percpu more;
	struct region_slab s;
	long data;

	region_create(&s, domain, &region_small);
	region_check_all(&s, 0, 16);
	data = torture_proc_kb("/proc/self/status", "VmData");
	TORTURE_OK(getrlimit(RLIMIT_DATA, &before));
	limit = before;
	limit.rlim_cur = ((rlim_t)data << 10) + ((rlim_t)6 << 20);
	TORTURE_OK(setrlimit(RLIMIT_DATA, &limit));
	TORTURE_IS(cpuslab_alloc(s.slab, &region_large, &more),
		   -CPUSLAB_ENOMEM);
	TORTURE_OK(setrlimit(RLIMIT_DATA, &before));
	TORTURE_CHECK(torture_proc_kb("/proc/self/status", "VmData") <=
		      data + 512);
	region_check_all(&s, 16, 16);
	TORTURE_OK(cpuslab_alloc(s.slab, &region_large, &more));
	TORTURE_OK(cpuslab_free(s.slab, &more));
	region_destroy(&s);
	cpuslab_domain_destroy(domain);
}

/* A region for fewer CPUs is kept; it has no window for the others. */
static void test_region_of_another_limit(void)
{
	struct region_slab s;

	region_create(&s, region_domain(REGION_CPUS), &region_small);
	region_destroy(&s);
	cpuslab_domain_destroy(s.domain);
	torture_fake_limit(4 * REGION_LIMIT);
	region_create(&s, region_domain(REGION_CPUS), &region_small);
	TORTURE_IS((long)s.handle.limit, 4 * REGION_LIMIT);
	TORTURE_OK(cpuslab_domain_add_complete(s.domain, 4 * REGION_LIMIT - 1));
	region_check_all(&s, 0, 16);
	region_check(&s, 4 * REGION_LIMIT - 1, 0, 99);
	region_check_all(&s, 16, 16);
	region_destroy(&s);
	cpuslab_domain_destroy(s.domain);
}

/* What inline operations find, for all that 16 bits can name. */
static void test_region_live_bytes(void)
{
	struct region_slab s;
	uint32_t i;

	region_create(&s, region_domain(REGION_CPUS), &region_small);
	TORTURE_CHECK(!s.handle.live == torture_atomic());
	for (i = 0; i <= UINT16_MAX && s.handle.live; i++)
		TORTURE_IS(s.handle.live[i], i < REGION_CPUS);
	region_destroy(&s);
	cpuslab_domain_destroy(s.domain);
}

static void region_wait(pid_t pid)
{
	int status = torture_await(pid);

	if (status != TORTURE_SKIP)
		TORTURE_OK(status);
}

static uint8_t region_stop;

static void *region_churn(void *domain)
{
	struct region_slab s;

	while (!cpuslab_load_relaxed_u8(&region_stop)) {
		region_create(&s, domain, &region_small);
		region_destroy(&s);
	}
	return NULL;
}

/* A child has a slab as well, whatever another thread was doing. */
static void test_region_after_a_fork(void)
{
	struct cpuslab_domain *domain = region_domain(REGION_CPUS);
	struct region_slab s;
	pthread_t thread;
	pid_t pid;
	int i;

	TORTURE_OK(pthread_create(&thread, NULL, region_churn, domain));
	for (i = 0; i < REGION_FORKS; i++) {
		pid = fork();
		if (!pid) {
			alarm(20);
			region_create(&s, domain, &region_small);
			region_check_all(&s, 0, 1);
			_exit(0);
		}
		region_wait(pid);
	}
	cpuslab_store_relaxed_u8(&region_stop, true);
	TORTURE_OK(pthread_join(thread, NULL));
	cpuslab_domain_destroy(domain);
}

static bool region_locked(const struct region_slab *s, uint32_t cpu)
{
	return region_is(region_window(&s->handle, cpu), "lo");
}

/* A limit that a region does not fit into leaves slabs without one. */
static void region_lock_all(int flag)
{
	struct rlimit limit;

	TORTURE_OK(getrlimit(RLIMIT_MEMLOCK, &limit));
	if (mlockall(MCL_CURRENT | MCL_FUTURE | flag) ||
	    (geteuid() && limit.rlim_cur != RLIM_INFINITY))
		torture_skip("mlockall is not permitted, or limited");
}

/* Committed memory is locked, reserved space is not. */
static void test_region_under_mlockall(void)
{
	struct region_slab s;
	long before;

	torture_fake_limit(8192);
	region_lock_all(0);
	before = torture_proc_kb("/proc/self/status", "VmLck");
	region_create(&s, region_domain(REGION_CPUS), &region_small);
	TORTURE_CHECK(torture_proc_kb("/proc/self/status", "VmLck") - before <
		      16l << 10);
	TORTURE_CHECK(region_locked(&s, 5));
	region_check_all(&s, 0, 16);
	region_remove(&s, 5);
	TORTURE_CHECK(!region_locked(&s, 5));
	region_destroy(&s);
	cpuslab_domain_destroy(s.domain);
}

/* New memory is locked if that is asked for when it becomes accessible. */
static void test_region_and_later_mlockall(void)
{
	struct region_slab s;

	region_create(&s, region_domain(REGION_CPUS), &region_small);
	region_lock_all(0);
	region_remove(&s, 5);
	TORTURE_OK(cpuslab_domain_add_complete(s.domain, 5));
	TORTURE_CHECK(region_locked(&s, 5));
	munlockall();
	region_remove(&s, 5);
	TORTURE_OK(cpuslab_domain_add_complete(s.domain, 5));
	TORTURE_CHECK(!region_locked(&s, 5));
	region_destroy(&s);
	cpuslab_domain_destroy(s.domain);
}

/* Memory is locked page by page, when it is touched. */
static void test_region_under_mlockall_on_fault(void)
{
	struct region_slab s;
	long before;

	region_lock_all(MCL_ONFAULT);
	before = torture_proc_kb("/proc/self/status", "VmRSS");
	region_create(&s, region_domain(REGION_LIMIT), &region_small);
	TORTURE_CHECK(region_locked(&s, 5));
	TORTURE_CHECK(torture_proc_kb("/proc/self/status", "VmRSS") - before <
		      32 * 64);
	region_destroy(&s);
	cpuslab_domain_destroy(s.domain);
}

/* A child inherits no lock, and may have no right to one. */
static void test_region_of_a_child_of_mlockall(void)
{
	struct region_slab s;
	pid_t pid;

	region_lock_all(0);
	region_create(&s, region_domain(REGION_CPUS), &region_small);
	pid = fork();
	if (!pid) {
		TORTURE_OK(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ 0, 0 }));
		if (!geteuid() && setuid(65534))
			_exit(TORTURE_SKIP);
		TORTURE_OK(cpuslab_domain_add_complete(s.domain, REGION_CPUS));
		TORTURE_CHECK(!region_locked(&s, REGION_CPUS));
		_exit(0);
	}
	region_wait(pid);
	region_destroy(&s);
	cpuslab_domain_destroy(s.domain);
}

/* ---- the program --------------------------------------------------------- */

static void region_run(void (*test)(void))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		torture_fake_limit(REGION_LIMIT);
		test();
		exit(torture_end());
	}
	region_wait(pid);
}

static void region_run_in_atomic_mode(char **argv)
{
	pid_t pid;

	if (torture_atomic() || getenv(REGION_TUNABLES))
		return;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		setenv(REGION_TUNABLES, "glibc.pthread.rseq=0", 1);
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	region_wait(pid);
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "The address space that slabs share.");
	torture_skip_under(TORTURE_SANITIZER | TORTURE_VALGRIND |
			   TORTURE_EMULATOR);
	region_run(test_region_blocks_are_apart_and_zero);
	region_run(test_region_window_of_another_slab);
	region_run(test_region_advice);
	region_run(test_region_mappings_follow_cpus);
	region_run(test_region_range_is_used_again);
	region_run(test_region_is_freed);
	region_run(test_region_growth_that_fails);
	region_run(test_region_of_another_limit);
	region_run(test_region_live_bytes);
	region_run(test_region_after_a_fork);
	region_run(test_region_under_mlockall);
	region_run(test_region_and_later_mlockall);
	region_run(test_region_under_mlockall_on_fault);
	region_run(test_region_of_a_child_of_mlockall);
	region_run_in_atomic_mode(argv);
	return torture_end();
}
