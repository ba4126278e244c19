/* SPDX-License-Identifier: MIT */
/*
 * discover.h - which CPUs and nodes the system has, according to /sys, /proc
 * and the scheduler. Private to this port and its tests.
 *
 *	possible, kernel_max         -> the limit
 *	affinity of every thread     -> the CPUs that the program may use now
 *	online                       -> when no further thread need be asked
 *	node/nodeN/cpulist, cpuN/nodeM -> the node of a CPU
 *
 * Nothing here holds a lock: several threads may compute a value that is
 * computed once, and one result is published. So a fork at any moment leaves
 * nothing locked.
 *
 * Synchronization:
 *   cpulist, sysfs              no state but the roots
 *   limit, nodes, available     any thread, any time
 *   node_of_cpu, node_count     any context, signal handlers included
 *   set_roots, set_affinity     tests; the only thread that uses any of it
 */
#ifndef CPUSLAB_DISCOVER_H
#define CPUSLAB_DISCOVER_H

#include <sched.h>
#include <sys/types.h>

#include <cpuslab/base.h>

/* No Linux kernel supports more. */
#define CPUSLAB__CPUS_MAX 65536u
/* The largest limit of a domain; larger numbers in files are cut to this. */
#define CPUSLAB__LIMIT_MAX 65534u
/* The NR_CPUS of the largest distribution kernels: the limit without /sys. */
#define CPUSLAB__CPUS_DEFAULT 8192u
/* Likewise for nodes. */
#define CPUSLAB__NODES_MAX 1024u

#define CPUSLAB__MASK_BITS (8 * (uint32_t)sizeof(unsigned long))
#define CPUSLAB__MASK_WORDS (CPUSLAB__CPUS_MAX / CPUSLAB__MASK_BITS)

/*
 * As large as any kernel's mask, so sched_getaffinity() never finds it too
 * small; the kernel copies only as much as it has.
 */
struct cpuslab__mask {
	unsigned long word[CPUSLAB__MASK_WORDS];
};

/* One range of a list, both ends included. */
typedef void cpuslab__range_fn(void *arg, uint32_t first, uint32_t last);

/**
 * cpuslab__cpulist_parse() - call @range for each range of "0-3,8,10-11\n".
 * @text:  @bytes long, not terminated; one newline at its end is allowed.
 * @range: called in the order of the list; NULL only tests the list.
 *
 * A list consists of numbers below 2^32 - 1, single or as first-last with first
 * <= last, separated by single commas. They grow, as in the kernel's lists, so
 * that none, however long, names a CPU many times. If any part is malformed,
 * @range is not called at all.
 *
 * Context: any. Pure.
 * Return:  CPUSLAB_OK; CPUSLAB_EMPTY for an empty list; -CPUSLAB_EINVAL.
 */
int cpuslab__cpulist_parse(const char *text, size_t bytes,
			   cpuslab__range_fn *range, void *arg);

/**
 * cpuslab__sysfs_list() - the same for the file @path below
 * <sys>/devices/system/ ("cpu/online").
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab__cpulist_parse(); -CPUSLAB_ENOENT if it cannot be read;
 *          -CPUSLAB_ENOMEM.
 */
int cpuslab__sysfs_list(const char *path, cpuslab__range_fn *range, void *arg);

/* The same; -CPUSLAB_ENOENT also if a container shows another file there. */
int cpuslab__sysfs_list_genuine(const char *path, cpuslab__range_fn *range,
				void *arg);

/* Does the list @path contain @index? False also if it cannot be read. */
bool cpuslab__sysfs_has(const char *path, uint32_t index);

/* A path below the roots; false if it does not fit. */
bool cpuslab__sys_path(char *buf, size_t size, const char *rest);
bool cpuslab__proc_path(char *buf, size_t size, const char *rest);

/* Parse a string that consists of decimal digits only, below 2^32 - 1. */
bool cpuslab__number_parse(const char *text, uint32_t *number);

/**
 * cpuslab__nodes_init() - read the nodes of CPUs [0, @limit).
 * Called by the first cpuslab_port_cpu_limit().
 * Context: may sleep, allocates. Without memory all nodes stay unknown.
 */
void cpuslab__nodes_init(uint32_t limit);
void cpuslab__nodes_reset(void);

/**
 * cpuslab__node_of_cpu() - the node whose memory is nearest to @cpu.
 * Context: any, signal handlers included. Never allocates.
 * Return:  the node's number, or CPUSLAB_NO_CPU: no preference.
 */
uint32_t cpuslab__node_of_cpu(uint32_t cpu);

/* Nodes have numbers below this; at least 1. Context: as node_of_cpu. */
uint32_t cpuslab__node_count(void);

/**
 * cpuslab__node_learn() - read the node of a new @cpu if it is not known.
 * Context: may sleep, allocates.
 */
void cpuslab__node_learn(uint32_t cpu);

/**
 * cpuslab__discover_process() - the CPUs that the process may use, according to
 * the masks of all threads that are not bound.
 * Context: may sleep, allocates.
 * Return:  CPUSLAB_OK; CPUSLAB_PARTIAL if a thread may have been missed;
 *          -CPUSLAB_ENOMEM, and @mask is untouched.
 */
int cpuslab__discover_process(struct cpuslab__mask *mask);

/* Does @mask contain @cpu, which may be any number? */
bool cpuslab__mask_has(const struct cpuslab__mask *mask, uint32_t cpu);

/*
 * The mask of @thread, 0 being the caller: how many words of @mask were
 * written. 0, and errno, if it cannot be read.
 */
size_t cpuslab__affinity_get(pid_t thread, struct cpuslab__mask *mask);

/* tasks.c */
/*
 * Call @task for each thread of the process until it returns false. False if
 * the threads are not known.
 */
bool cpuslab__tasks_each(bool (*task)(void *arg, pid_t thread), void *arg);
/* Is @thread one that the kernel made for its own code, or has it ended? */
bool cpuslab__task_is_idle(pid_t thread);
/*
 * Preempt each other thread of the process once, unless it is on no CPU. False
 * if that failed for one, or the threads are not known.
 */
bool cpuslab__tasks_preempt(void);
/* Can no thread of the process be on @cpu, and has each left it? */
bool cpuslab__tasks_elsewhere(uint32_t cpu);

/* binding.c: is this thread bound? Takes a mutex. */
bool cpuslab__binding_has(pid_t thread);

/**
 * cpuslab__discover_set_roots() - use fake trees, and forget what was read.
 * @sys:  instead of "/sys"; not copied. NULL: the real one.
 * @proc: instead of "/proc". NULL: the real one. For its task list to be
 *        believed, self/task must have an entry for the caller.
 *
 * Context: tests, while no other thread uses the port.
 */
void cpuslab__discover_set_roots(const char *sys, const char *proc);

/* Use @get instead of sched_getaffinity(); NULL: the real one. */
typedef int cpuslab__affinity_fn(pid_t thread, size_t bytes, cpu_set_t *mask);
void cpuslab__discover_set_affinity(cpuslab__affinity_fn *affinity);

/* sysfs.c; discover.c calls it. */
void cpuslab__sysfs_set_roots(const char *sys, const char *proc);

#endif /* CPUSLAB_DISCOVER_H */
