// SPDX-License-Identifier: MIT
/*
 * discover.c - how many CPUs the system can have, and which of them this
 * program may use now.
 *
 * The scheduler's masks are authoritative: they contain only CPUs that are
 * active and allowed by the cpuset. A container may fake files (one whose CPUs
 * are 150-153 may show "0-3"), so no file overrides what a mask shows; `online`
 * only tells when further threads need not be asked.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cpuslab/port.h>

#include "discover.h"
#include "private.h"

/* A look that asks more threads is not repeated each time. */
#define DISCOVER_TASKS_CHEAP 256u
#define DISCOVER_WITNESSES 16u

struct discover {
	struct cpuslab__mask online;  /* of /sys */
	struct cpuslab__mask threads; /* union of the masks seen */
	struct cpuslab__mask one;     /* of one thread */
	bool has_online;              /* online was read */
	bool covered;                 /* INV: online is in threads */
	bool any;                     /* INV: threads is not empty */
	bool missed;                  /* the mask of a thread is unknown */
	uint32_t tasks;               /* that /proc lists */
	uint32_t witnesses; /* each has shown CPUs that no other had */
	pid_t witness[DISCOVER_WITNESSES];
};

/*
 * What a look has found that asked many threads. While the witnesses alone show
 * the same CPUs, some looks do without the others: no CPU was lost. They are
 * partial, because another thread may have more.
 */
struct discover_memo {
	uint32_t process;
	uint32_t looks; /* still allowed */
	uint32_t witnesses;
	pid_t witness[DISCOVER_WITNESSES];
	struct cpuslab__mask threads;
};

static struct discover_memo
	*discover_memo;         /* owned by the look that takes it */
static uint32_t discover_limit; /* W first use, tests; R any; 0: unset */
static cpuslab__affinity_fn *discover_affinity; /* tests */

static void discover_mask_range(void *arg, uint32_t first, uint32_t last)
{
	struct cpuslab__mask *mask = arg;
	uint32_t cpu;

	for (cpu = first; cpu <= last && cpu < CPUSLAB__CPUS_MAX; cpu++)
		mask->word[cpu / CPUSLAB__MASK_BITS] |=
			1ul << cpu % CPUSLAB__MASK_BITS;
}

/* The first CPU >= @cpu in @mask, or CPUSLAB_NO_CPU. */
static uint32_t discover_mask_next(const struct cpuslab__mask *mask,
				   uint32_t cpu)
{
	uint32_t word = cpu / CPUSLAB__MASK_BITS;
	unsigned long bits;

	if (cpu >= CPUSLAB__CPUS_MAX)
		return CPUSLAB_NO_CPU;
	bits = mask->word[word] & (~0ul << cpu % CPUSLAB__MASK_BITS);
	while (!bits) {
		if (++word == CPUSLAB__MASK_WORDS)
			return CPUSLAB_NO_CPU;
		bits = mask->word[word];
	}
	return word * CPUSLAB__MASK_BITS + (uint32_t)__builtin_ctzl(bits);
}

bool cpuslab__mask_has(const struct cpuslab__mask *mask, uint32_t cpu)
{
	return cpu < CPUSLAB__CPUS_MAX &&
	       (mask->word[cpu / CPUSLAB__MASK_BITS] >>
			cpu % CPUSLAB__MASK_BITS &
		1);
}

/* The C library's function would clear the rest of the mask each time. */
size_t cpuslab__affinity_get(pid_t thread, struct cpuslab__mask *mask)
{
	long bytes;

	if (discover_affinity)
		return discover_affinity(thread, sizeof(*mask),
					 (cpu_set_t *)mask) ?
			       0 :
			       CPUSLAB__MASK_WORDS;
	bytes = syscall(SYS_sched_getaffinity, thread, sizeof(*mask), mask);
	return bytes < 0 ? 0 : (size_t)bytes / sizeof(mask->word[0]);
}

/* The first @words of d->one belong to a thread of ours that is not bound. */
static void discover_add(struct discover *d, size_t words, pid_t thread)
{
	unsigned long missing = 0;
	size_t i;

	for (i = 0; i < words; i++)
		d->threads.word[i] |= d->one.word[i];
	for (i = 0; i < CPUSLAB__MASK_WORDS; i++)
		missing |= d->online.word[i] & ~d->threads.word[i];
	d->any = true;
	d->covered = d->has_online && !missing;
	if (d->witnesses < DISCOVER_WITNESSES)
		d->witness[d->witnesses] = thread ? thread :
						    (pid_t)syscall(SYS_gettid);
	d->witnesses++;
}

/*
 * Add one thread's mask, unless the thread is bound (binding.h), one of the
 * kernel's, or has ended. False if the thread exists but its mask cannot be
 * read.
 */
static bool discover_thread(struct discover *d, pid_t thread)
{
	unsigned long more = 0;
	size_t words, i;

	if (thread && cpuslab__binding_has(thread))
		return true;
	words = cpuslab__affinity_get(thread, &d->one);
	if (!words)
		return errno == ESRCH;
	for (i = 0; i < words; i++)
		more |= d->one.word[i] & ~d->threads.word[i];
	if (more && !(thread && cpuslab__task_is_idle(thread)))
		discover_add(d, words, thread);
	return true;
}

static bool discover_task(void *arg, pid_t thread)
{
	struct discover *d = arg;

	d->tasks++;
	if (!discover_thread(d, thread))
		d->missed = true;
	return !d->covered;
}

static void discover_forget(void)
{
	free(__atomic_exchange_n(&discover_memo, NULL, __ATOMIC_ACQ_REL));
}

static void discover_remember(struct discover_memo *memo)
{
	free(__atomic_exchange_n(&discover_memo, memo, __ATOMIC_ACQ_REL));
}

/* All threads have been asked. */
static void discover_memorize(const struct discover *d)
{
	struct discover_memo *memo;

	if (d->tasks <= DISCOVER_TASKS_CHEAP ||
	    d->witnesses > DISCOVER_WITNESSES)
		return;
	memo = malloc(sizeof(*memo));
	if (!memo)
		return;
	memo->process = cpuslab_port_process_epoch();
	memo->looks = d->tasks / DISCOVER_TASKS_CHEAP;
	memo->witnesses = d->witnesses;
	memcpy(memo->witness, d->witness, sizeof(memo->witness));
	memo->threads = d->threads;
	discover_remember(memo);
}

/* Do the witnesses still show what all threads showed? */
static bool discover_is_as_before(struct discover *d,
				  const struct discover_memo *memo)
{
	unsigned long lost = 0;
	uint32_t i;

	for (i = 0; i < memo->witnesses; i++)
		discover_thread(d, memo->witness[i]);
	for (i = 0; i < CPUSLAB__MASK_WORDS; i++)
		lost |= memo->threads.word[i] & ~d->threads.word[i];
	return !lost;
}

/* May this look do without asking all threads? */
static bool discover_recalls(struct discover *d)
{
	struct discover_memo *memo =
		__atomic_exchange_n(&discover_memo, NULL, __ATOMIC_ACQ_REL);

	if (!memo)
		return false;
	if (memo->process == cpuslab_port_process_epoch() && memo->looks-- &&
	    discover_is_as_before(d, memo)) {
		discover_remember(memo);
		return true;
	}
	free(memo);
	return false;
}

/* False if a thread may have been missed. */
static bool discover_tasks(struct discover *d)
{
	if (!cpuslab__tasks_each(discover_task, d) || d->missed)
		return d->covered;
	if (!d->covered)
		discover_memorize(d);
	return true;
}

/* Ask the caller, then the main thread, then all threads; false as above. */
static bool discover_threads(struct discover *d)
{
	pid_t self = (pid_t)syscall(SYS_gettid);

	if (!cpuslab__binding_has(self))
		discover_thread(d, 0);
	if (!d->covered)
		discover_thread(d, getpid());
	if (d->covered)
		return true;
	return !discover_recalls(d) && discover_tasks(d);
}

/*
 * The same, but ask only as many threads as it takes to cover what is online.
 * A file that is not the kernel's own may name too few CPUs.
 */
static bool discover_all(struct discover *d)
{
	d->has_online = !cpuslab__sysfs_list_genuine(
		"cpu/online", discover_mask_range, &d->online);
	return discover_threads(d);
}

/* One more than the last number of a list; 0 if it cannot be read. */
static void discover_last(void *arg, uint32_t first, uint32_t last)
{
	uint32_t *count = arg;

	(void)first;
	if (last >= CPUSLAB__LIMIT_MAX)
		last = CPUSLAB__LIMIT_MAX - 1;
	if (*count <= last)
		*count = last + 1;
}

static uint32_t discover_count(const char *path)
{
	uint32_t count = 0;

	cpuslab__sysfs_list(path, discover_last, &count);
	return count;
}

/* The limit must exceed every CPU where a thread is or may run. At least 1. */
static uint32_t discover_floor(void)
{
	struct discover *d = calloc(1, sizeof(*d));
	int here = sched_getcpu();
	uint32_t cpu, count = 1;

	if (here >= 0)
		discover_last(&count, 0, (uint32_t)here);
	if (!d)
		return count;
	discover_threads(d);
	for (cpu = discover_mask_next(&d->threads, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = discover_mask_next(&d->threads, cpu + 1))
		discover_last(&count, 0, cpu);
	free(d);
	return count;
}

/* A file that excludes CPUs that we may use does not describe this machine. */
static uint32_t discover_limit_read(void)
{
	uint32_t least = discover_floor();
	uint32_t count = discover_count("cpu/possible");

	if (count < least)
		count = discover_count("cpu/kernel_max");
	if (count < least)
		count = least < CPUSLAB__CPUS_DEFAULT ? CPUSLAB__CPUS_DEFAULT :
							least;
	return count;
}

/* At unload no look is in progress. */
__attribute__((destructor)) static void discover_fini(void)
{
	if (!cpuslab__mutex_any())
		discover_forget();
}

static uint32_t discover_limit_first(void)
{
	uint32_t limit = discover_limit_read();
	uint32_t published = 0;

	cpuslab__nodes_init(limit);
	/*
	 * [discover.limit] If several threads compute it, one wins, and no
	 * other value is ever visible; pairs with the acquire in
	 * cpuslab_port_cpu_limit(), without which a reader of the limit might
	 * not see the nodes.
	 */
	if (cpuslab_cas_u32(&discover_limit, &published, limit))
		return limit;
	return published;
}

uint32_t cpuslab_port_cpu_limit(void)
{
	/* Pairs with [discover.limit]. */
	uint32_t limit = cpuslab_load_acquire_u32(&discover_limit);

	return cpuslab_likely(limit) ? limit : discover_limit_first();
}

static void discover_report(const struct cpuslab__mask *mask,
			    void (*found)(void *arg, uint32_t cpu), void *arg)
{
	uint32_t limit = cpuslab_port_cpu_limit();
	uint32_t cpu;

	for (cpu = discover_mask_next(mask, 0); cpu < limit;
	     cpu = discover_mask_next(mask, cpu + 1)) {
		cpuslab__node_learn(cpu);
		found(arg, cpu);
	}
}

/* The system reports nothing: use the CPU of the caller. */
static int discover_report_here(void (*found)(void *arg, uint32_t cpu),
				void *arg)
{
	int here = sched_getcpu();

	if (here >= 0 && (uint32_t)here < cpuslab_port_cpu_limit())
		found(arg, (uint32_t)here);
	return CPUSLAB_PARTIAL;
}

int cpuslab_port_cpus_available(void (*found)(void *arg, uint32_t cpu),
				void *arg)
{
	struct discover *d = calloc(1, sizeof(*d));
	int result = CPUSLAB_OK;

	if (!d)
		return -CPUSLAB_ENOMEM;
	if (!discover_all(d))
		result = CPUSLAB_PARTIAL;
	if (d->any) {
		discover_report(&d->threads, found, arg);
	} else if (d->has_online) {
		/* No mask can be read: assume that all may be allowed. */
		discover_report(&d->online, found, arg);
		result = CPUSLAB_OK;
	} else {
		result = discover_report_here(found, arg);
	}
	free(d);
	return result;
}

int cpuslab__discover_process(struct cpuslab__mask *mask)
{
	struct discover *d = calloc(1, sizeof(*d));
	int result;

	if (!d)
		return -CPUSLAB_ENOMEM;
	result = discover_all(d) ? CPUSLAB_OK : CPUSLAB_PARTIAL;
	*mask = d->threads;
	free(d);
	return result;
}

void cpuslab__discover_set_roots(const char *sys, const char *proc)
{
	cpuslab__sysfs_set_roots(sys, proc);
	cpuslab__nodes_reset();
	discover_forget();
	cpuslab_store_relaxed_u32(&discover_limit, 0);
}

void cpuslab__discover_set_affinity(cpuslab__affinity_fn *affinity)
{
	discover_affinity = affinity;
}
