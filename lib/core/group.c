/* SPDX-License-Identifier: MIT */
#include <cpuslab/group.h>

/* Both groups end within the limit, so the sums do not wrap around. */
static bool group_overlap(const struct cpuslab_group *a,
			  const struct cpuslab_group *b)
{
	return a->first < b->first + b->width && b->first < a->first + a->width;
}

int cpuslab_group_map_check(const struct cpuslab_group_map *map, uint32_t limit)
{
	uint32_t i, j;

	for (i = 0; i < map->count; i++) {
		const struct cpuslab_group *group = &map->groups[i];

		if (!group->width)
			return -CPUSLAB_EINVAL;
		if ((uint64_t)group->first + group->width > limit)
			return -CPUSLAB_ERANGE;
		for (j = 0; j < i; j++)
			if (group_overlap(group, &map->groups[j]))
				return -CPUSLAB_EINVAL;
	}
	return CPUSLAB_OK;
}

uint32_t cpuslab_group_to_cpu(const struct cpuslab_group_map *map,
			      uint32_t group, uint32_t number)
{
	if (group >= map->count || number >= map->groups[group].width)
		return CPUSLAB_NO_CPU;
	return map->groups[group].first + number;
}

int cpuslab_group_from_cpu(const struct cpuslab_group_map *map, uint32_t cpu,
			   uint32_t *group, uint32_t *number)
{
	uint32_t i;

	for (i = 0; i < map->count; i++) {
		if (cpu < map->groups[i].first ||
		    cpu - map->groups[i].first >= map->groups[i].width)
			continue;
		*group = i;
		*number = cpu - map->groups[i].first;
		return CPUSLAB_OK;
	}
	return -CPUSLAB_ENOENT;
}
