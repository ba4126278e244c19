/* SPDX-License-Identifier: MIT */
/*
 * ring_map.c - a ring is mapped if an event has the size of a ring; with any
 * other nothing is mapped, in particular not over what lies behind.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "torture/torture.h"

#include <cpuslab/ring_map.h>

/* With a file of 16 pages; the result is cpuslab_ring_map_init()'s. */
static int map(struct cpuslab_ring_map *to, uint64_t bytes)
{
	const struct cpuslab_ring_event event = {
		.bytes = bytes,
		.state = CPUSLAB_RING_PRESENT,
	};
	int fd = memfd_create("ring_map", MFD_CLOEXEC), result;

	assert_true(fd >= 0);
	assert_false(ftruncate(fd, 16 * sysconf(_SC_PAGESIZE)));
	memset(to, 0, sizeof(*to));
	result = cpuslab_ring_map_init(to, fd, &event);
	close(fd);
	return result;
}

static void test_sizes_of_rings(void **state)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), pages;
	struct cpuslab_ring_map to;

	(void)state;
	for (pages = 4; pages <= 16; pages *= 2) {
		assert_int_equal(map(&to, pages * page), 0);
		assert_non_null(to.base);
		assert_int_equal(cpuslab_ring_tail(&to.view), 0);
		cpuslab_ring_consume(&to.view, 8);
		assert_int_equal(cpuslab_ring_consumed(&to.view), 8);
		cpuslab_ring_map_fini(&to);
	}
}

static void test_other_sizes(void **state)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t sizes[] = {
		0,        8,         page,         2 * page,    3 * page,
		5 * page, 12 * page, page * 4 + 1, ~(uint64_t)0
	};
	struct cpuslab_ring_map to;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(map(&to, sizes[i]), -EINVAL);
		assert_null(to.base);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_of_rings),
		cmocka_unit_test(test_other_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
