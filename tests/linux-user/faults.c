/* SPDX-License-Identifier: MIT */
/*
 * faults.c - an operation or a sum is in a page fault on what a release frees:
 * the block of a CPU, or the summary that the release replaces. The kernel ends
 * the fault before it continues the thread at the abort handler, so the address
 * must be valid until then.
 *
 * userfaultfd() lets the fault last.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/port.h>

#include "../lib/core/slab_internal.h"
#include "torture/torture.h"

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_percpu handle;
static struct cpuslab_counter first; /* by which a thread is registered */
static size_t summed;                /* the word that faults_sum() sums */
static int faults_fd;

static void faults_open(void)
{
	struct uffdio_api api = { .api = UFFD_API };

	faults_fd =
		(int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (faults_fd < 0 || ioctl(faults_fd, UFFDIO_API, &api))
		torture_skip("userfaultfd() is not permitted");
}

static struct uffdio_range faults_block(uint32_t cpu)
{
	struct uffdio_range range = { 0, cpuslab_port_page_size() };

	cpuslab_read_enter();
	range.start = (uintptr_t)cpuslab_remote(&handle, cpu);
	cpuslab_read_exit();
	TORTURE_CHECK(range.start && !(range.start % range.len));
	return range;
}

/* One of a residual, with the word that it begins with, is made missing. */
static struct uffdio_range faults_residual(void)
{
	const struct cpuslab_addends *addends =
		&handle.extent->slab->summary->addends;
	struct uffdio_range range = { 0, cpuslab_port_page_size() };
	uintptr_t begin;

	TORTURE_CHECK(handle.slot < addends->slots);
	begin = (uintptr_t)(addends->residual + addends->first[handle.slot]);
	range.start = (begin + 2 * range.len) & ~(range.len - 1);
	summed = range.start - begin;
	TORTURE_CHECK(summed < (addends->first[handle.slot + 1] -
				addends->first[handle.slot]) *
				       sizeof(uint64_t));
	TORTURE_OK(madvise((void *)(uintptr_t)range.start, range.len,
			   MADV_DONTNEED));
	return range;
}

static void *faults_sum(void *arg)
{
	(void)arg;
	cpuslab_counter_add(&first, 1);
	TORTURE_IS((long)cpuslab_sum(&handle, summed), 0);
	return NULL;
}

static void *faults_add(void *arg)
{
	TORTURE_CHECK(torture_pin(*(uint32_t *)arg));
	cpuslab_counter_add(&first, 1);
	TORTURE_OK(cpuslab_add(&handle, 0, 1));
	return NULL;
}

static void faults_remove(uint32_t cpu)
{
	struct cpuslab_stats before, after;

	cpuslab_stats_get(slab, &before);
	TORTURE_OK(cpuslab_domain_remove(domain, cpu));
	TORTURE_CHECK(torture_settle(slab));
	cpuslab_stats_get(slab, &after);
	TORTURE_IS(after.releases - before.releases, 1);
}

/* Release @cpu while @call, which touches @page first, is in the fault. */
static void faults_release(void *(*call)(void *arg), uint32_t cpu,
			   struct uffdio_range page)
{
	struct uffdio_register missing = {
		.range = page,
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_zeropage fill = {
		.range = page,
		.mode = UFFDIO_ZEROPAGE_MODE_DONTWAKE,
	};
	struct uffd_msg fault;
	pthread_t thread;

	TORTURE_OK(ioctl(faults_fd, UFFDIO_REGISTER, &missing));
	TORTURE_OK(pthread_create(&thread, NULL, call, &cpu));
	TORTURE_IS(read(faults_fd, &fault, sizeof(fault)), sizeof(fault));
	/* The release reads it. */
	TORTURE_OK(ioctl(faults_fd, UFFDIO_ZEROPAGE, &fill));
	faults_remove(cpu);
	/* Which fails if it is no longer mapped, and was done then. */
	ioctl(faults_fd, UFFDIO_UNREGISTER, &page);
	ioctl(faults_fd, UFFDIO_WAKE, &page);
	TORTURE_OK(pthread_join(thread, NULL));
}

static void faults_begin(const struct cpuslab_type *type)
{
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&first, slab));
	TORTURE_OK(cpuslab_alloc(slab, type, &handle));
	summed = 0;
}

static void faults_end(void)
{
	TORTURE_OK(cpuslab_slab_check(slab));
	TORTURE_OK(cpuslab_free(slab, &handle));
	cpuslab_counter_fini(&first);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

/* A larger @size than a window's has a directory. */
static void test_a_fault_outlives_a_release(size_t size, bool sums)
{
	const struct cpuslab_type type = {
		.name = "untouched",
		.size = size,
		.align = cpuslab_port_page_size(),
		.counters = 1,
		.flags = CPUSLAB_TYPE_DISCARD,
	};
	uint32_t cpu;

	TORTURE_CHECK(torture_cpus(&cpu, 1) == 1);
	faults_begin(&type);
	faults_release(sums ? faults_sum : faults_add, cpu, faults_block(cpu));
	TORTURE_IS((long)cpuslab_sum(&handle, 0), !sums);
	/* What the fault has left is zero. */
	TORTURE_OK(cpuslab_domain_add_complete(domain, cpu));
	TORTURE_IS((long)cpuslab_sum(&handle, 0), !sums);
	faults_end();
}

/* So many counters that malloc() maps a summary, and free() unmaps it. */
static void test_a_fault_outlives_a_summary(void)
{
	const struct cpuslab_type type = {
		.name = "counters",
		.size = CPUSLAB_PORT_BLOCK_MAX / 4,
		.counters = CPUSLAB_PORT_BLOCK_MAX / 4 / sizeof(uint64_t),
	};
	uint32_t cpu;

	TORTURE_CHECK(torture_cpus(&cpu, 1) == 1);
	faults_begin(&type);
	faults_remove(cpu); /* which makes the first residual */
	TORTURE_OK(cpuslab_domain_add_complete(domain, cpu));
	faults_release(faults_sum, cpu, faults_residual());
	faults_end();
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "A page fault in a section.");
	torture_skip_under(TORTURE_SANITIZER | TORTURE_VALGRIND |
			   TORTURE_EMULATOR);
	if (torture_atomic())
		torture_skip("needs restartable sequences");
	faults_open();
	/* So large that debug builds do not look at each byte either. */
	test_a_fault_outlives_a_release(CPUSLAB_PORT_BLOCK_MAX / 4, false);
	test_a_fault_outlives_a_release(CPUSLAB_PORT_BLOCK_MAX / 4, true);
	/* By directory a sum is a read section, which a release waits for. */
	test_a_fault_outlives_a_release(2 * CPUSLAB_PORT_BLOCK_MAX, false);
	test_a_fault_outlives_a_summary();
	return torture_end();
}
