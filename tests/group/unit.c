/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

/* Every index maps back to itself or lies in a gap. */
static void group_round_trip(const struct cpuslab_group_map *map,
			     uint32_t limit, uint32_t expect)
{
	uint32_t cpu, found = 0;

	for (cpu = 0; cpu < limit; cpu++) {
		uint32_t group = 77, number = 78;

		if (cpuslab_group_from_cpu(map, cpu, &group, &number)) {
			assert_int_equal(group, 77);
			assert_int_equal(number, 78);
			continue;
		}
		assert_int_equal(cpuslab_group_to_cpu(map, group, number), cpu);
		found++;
	}
	assert_int_equal(found, expect);
}

static void groups_of_any_width(void **state)
{
	static const uint32_t widths[] = { 40, 64, 1, 3, 64, 200 };
	static const uint32_t gaps[] = { 24, 0, 63, 0, 5, 0 };
	struct cpuslab_group groups[6];
	const struct cpuslab_group_map map = { groups, 6 };
	uint32_t limit = sim_groups(groups, widths, gaps, 6);

	(void)state;
	assert_int_equal(cpuslab_group_map_check(&map, limit), CPUSLAB_OK);
	group_round_trip(&map, limit + 10, 40 + 64 + 1 + 3 + 64 + 200);
}

static void two_groups_of_40(void **state)
{
	static const uint32_t widths[] = { 40, 40 };
	struct cpuslab_group groups[2];
	const struct cpuslab_group_map map = { groups, 2 };
	uint32_t group, number;

	(void)state;
	assert_int_equal(sim_groups(groups, widths, NULL, 2), 80);
	assert_int_equal(cpuslab_group_to_cpu(&map, 1, 0), 40);
	assert_int_equal(cpuslab_group_to_cpu(&map, 1, 39), 79);
	assert_int_equal(cpuslab_group_from_cpu(&map, 41, &group, &number), 0);
	assert_int_equal(group, 1);
	assert_int_equal(number, 1);
}

static void unknown_groups_and_numbers(void **state)
{
	static const struct cpuslab_group groups[] = { { 0, 40 }, { 64, 64 } };
	const struct cpuslab_group_map map = { groups, 2 };
	uint32_t group, number;

	(void)state;
	assert_int_equal(cpuslab_group_to_cpu(&map, 0, 40), CPUSLAB_NO_CPU);
	assert_int_equal(cpuslab_group_to_cpu(&map, 2, 0), CPUSLAB_NO_CPU);
	assert_int_equal(cpuslab_group_to_cpu(&map, UINT32_MAX, UINT32_MAX),
			 CPUSLAB_NO_CPU);
	assert_int_equal(cpuslab_group_from_cpu(&map, 40, &group, &number),
			 -CPUSLAB_ENOENT);
	assert_int_equal(cpuslab_group_from_cpu(&map, 128, &group, &number),
			 -CPUSLAB_ENOENT);
	assert_int_equal(cpuslab_group_from_cpu(&map, CPUSLAB_NO_CPU, &group,
						&number),
			 -CPUSLAB_ENOENT);
}

static void an_empty_map_knows_nothing(void **state)
{
	const struct cpuslab_group_map map = { NULL, 0 };
	uint32_t group, number;

	(void)state;
	assert_int_equal(cpuslab_group_map_check(&map, 0), CPUSLAB_OK);
	assert_int_equal(cpuslab_group_to_cpu(&map, 0, 0), CPUSLAB_NO_CPU);
	assert_int_equal(cpuslab_group_from_cpu(&map, 0, &group, &number),
			 -CPUSLAB_ENOENT);
}

static void bad_maps_are_refused(void **state)
{
	static const struct {
		struct cpuslab_group groups[3];
		uint32_t count;
		int result;
	} cases[] = {
		{ { { 0, 64 }, { 64, 64 } }, 2, CPUSLAB_OK },
		{ { { 64, 64 }, { 0, 64 } }, 2, CPUSLAB_OK },
		{ { { 0, 65 }, { 64, 64 } }, 2, -CPUSLAB_EINVAL },
		{ { { 0, 128 }, { 5, 1 } }, 2, -CPUSLAB_EINVAL },
		{ { { 5, 1 }, { 0, 128 } }, 2, -CPUSLAB_EINVAL },
		{ { { 0, 4 }, { 0, 4 } }, 2, -CPUSLAB_EINVAL },
		{ { { 0, 4 }, { 4, 0 } }, 2, -CPUSLAB_EINVAL },
		{ { { 0, 4 }, { 125, 4 } }, 2, -CPUSLAB_ERANGE },
		{ { { UINT32_MAX, 1 } }, 1, -CPUSLAB_ERANGE },
		{ { { 1, UINT32_MAX } }, 1, -CPUSLAB_ERANGE },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct cpuslab_group_map map = { cases[i].groups,
						       cases[i].count };

		assert_int_equal(cpuslab_group_map_check(&map, 128),
				 cases[i].result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_of_any_width),
		cmocka_unit_test(two_groups_of_40),
		cmocka_unit_test(unknown_groups_and_numbers),
		cmocka_unit_test(an_empty_map_knows_nothing),
		cmocka_unit_test(bad_maps_are_refused),
	};

	return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
