/* SPDX-License-Identifier: MIT */
/*
 * group.h - CPU groups: a system-wide index <-> {group, number}.
 *
 * Systems that number CPUs within groups (Windows) hand out numbers that
 * must never be used as an index. A map is a table of ranges: group g covers
 * the indexes [first, first + width). Groups have any width, and there may be
 * gaps between them; a map does not say that a CPU exists.
 */
#ifndef CPUSLAB_GROUP_H
#define CPUSLAB_GROUP_H

#include <cpuslab/base.h>

CPUSLAB_BEGIN

struct cpuslab_group {
	uint32_t first; /* index of the group's number 0 */
	uint32_t width; /* numbers [0, width) belong to it */
};

struct cpuslab_group_map {
	const struct cpuslab_group *groups; /* by group number */
	uint32_t count;
};

/**
 * cpuslab_group_map_check() - can each index belong to one group at most?
 * @limit: no group may reach beyond it.
 *
 * Context: any.
 * Return:  CPUSLAB_OK; -CPUSLAB_EINVAL if two groups overlap or one is empty;
 *          -CPUSLAB_ERANGE if one reaches beyond @limit.
 */
CPUSLAB_API int cpuslab_group_map_check(const struct cpuslab_group_map *map,
					uint32_t limit);

/**
 * cpuslab_group_to_cpu() - the index of number @number in group @group.
 * Context: any.
 * Return:  the index, or CPUSLAB_NO_CPU if the map has no such number.
 */
CPUSLAB_API uint32_t cpuslab_group_to_cpu(const struct cpuslab_group_map *map,
					  uint32_t group, uint32_t number);

/**
 * cpuslab_group_from_cpu() - group and number of index @cpu.
 * Context: any.
 * Return:  CPUSLAB_OK, or -CPUSLAB_ENOENT for an index in a gap; @group and
 *          @number are then untouched.
 */
CPUSLAB_API int cpuslab_group_from_cpu(const struct cpuslab_group_map *map,
				       uint32_t cpu, uint32_t *group,
				       uint32_t *number);

CPUSLAB_END

#endif /* CPUSLAB_GROUP_H */
