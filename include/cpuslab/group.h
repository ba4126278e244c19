/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_GROUP_H
#define CPUSLAB_GROUP_H
/*
 * group.h - CPU groups: system-wide CPU number <-> {group, number}.
 *
 * Where the system numbers CPUs within groups (Windows), such a number must
 * never be used as an index. A map is a table of ranges: group g covers the CPU
 * numbers [first, first + width). Groups may differ in width, and there may be
 * gaps between them.
 *
 *	group 0: first 0, width 64	group 1: first 64, width 32
 *	CPU 70 <-> {group 1, number 6}
 *
 * Not for finding out whether a CPU exists: a map does not say.
 */

#include <cpuslab/base.h>

CPUSLAB_BEGIN

struct cpuslab_group {
	uint32_t first; /* CPU number of number 0 in the group */
	uint32_t width; /* numbers [0, width) belong to the group */
};

/* W the caller, before use; R any. */
struct cpuslab_group_map {
	const struct cpuslab_group *groups; /* by group number */
	uint32_t count;
};

/**
 * cpuslab_group_map_check() - does every CPU number belong to at most one
 * group?
 * @map:   the CPU numbers of each group.
 * @limit: no group may reach beyond it.
 *
 * Context: any.
 * Return:  CPUSLAB_OK; -CPUSLAB_EINVAL if two groups overlap or one is empty;
 *          -CPUSLAB_ERANGE if one reaches beyond @limit.
 */
CPUSLAB_API CPUSLAB_HIGH int
cpuslab_group_map_check(CPUSLAB_IN const struct cpuslab_group_map *map,
			uint32_t limit);

/**
 * cpuslab_group_to_cpu() - convert {group, number} to a CPU number.
 * @map:    the CPU numbers of each group.
 * @group:  a group.
 * @number: a number in it.
 *
 * Context: any.
 * Return:  the CPU number, or CPUSLAB_NO_CPU if the map has no such number.
 */
CPUSLAB_API CPUSLAB_HIGH uint32_t
cpuslab_group_to_cpu(CPUSLAB_IN const struct cpuslab_group_map *map,
		     uint32_t group, uint32_t number);

/**
 * cpuslab_group_from_cpu() - convert a CPU number to {group, number}.
 * @map:    the CPU numbers of each group.
 * @cpu:    a CPU number.
 * @group:  set to its group on CPUSLAB_OK only.
 * @number: set to its number in the group, likewise.
 *
 * Context: any.
 * Return:  CPUSLAB_OK, or -CPUSLAB_ENOENT if no group covers @cpu.
 */
CPUSLAB_API CPUSLAB_HIGH int
cpuslab_group_from_cpu(CPUSLAB_IN const struct cpuslab_group_map *map,
		       uint32_t cpu, CPUSLAB_OUT uint32_t *group,
		       CPUSLAB_OUT uint32_t *number);

CPUSLAB_END

/* Synchronization: all calls only read the map. */

#endif /* CPUSLAB_GROUP_H */
