/* SPDX-License-Identifier: MIT */
/*
 * unit_tested.h - the ring of the unit tests, and records that say what is in
 * them.
 */
#ifndef RING_UNIT_TESTED_H
#define RING_UNIT_TESTED_H

#include "fixture/fixture.h"

#define RING_PAGE ((uint32_t)cpuslab_port_page_size())
#define RING_BYTES (4 * RING_PAGE)
#define RING_FIRST (2 * RING_PAGE)
#define RING_ROOM (RING_BYTES - RING_FIRST)
#define RING_PART (RING_BYTES / 8)
#define RING_LARGEST                                                           \
	(RING_PART - 16 < CPUSLAB_RING_MAX_RECORD ? RING_PART - 16 :           \
						    CPUSLAB_RING_MAX_RECORD)

extern struct cpuslab_ring ring_tested;

CPUSLAB_INLINE void ring_reset(struct fixture *f, uint32_t flags)
{
	cpuslab_ring_fini(&ring_tested);
	assert_int_equal(cpuslab_ring_init(&ring_tested, f->slab, RING_BYTES,
					   flags),
			 CPUSLAB_OK);
}

CPUSLAB_INLINE int ring_setup(void **state)
{
	struct fixture *f;

	if (fixture_setup(state))
		return -1;
	f = *state;
	return cpuslab_ring_init(&ring_tested, f->slab, RING_BYTES, 0);
}

CPUSLAB_INLINE int ring_teardown(void **state)
{
	cpuslab_ring_fini(&ring_tested);
	return fixture_teardown(state);
}

CPUSLAB_INLINE int append(uint32_t cpu, const void *data, uint32_t bytes)
{
	sim_cpu_set(cpu);
	return cpuslab_ring_append(&ring_tested, data, bytes);
}

/* Records of @bytes that begin with a number; the rest are its low bits. */
CPUSLAB_INLINE int append_number(uint32_t cpu, uint64_t number, uint32_t bytes)
{
	unsigned char data[CPUSLAB_RING_MAX_RECORD];

	memset(data, (int)(number & 0xff), sizeof(data));
	memcpy(data, &number, sizeof(number));
	return append(cpu, data, bytes);
}

CPUSLAB_INLINE uint64_t check_number(const void *data, uint32_t bytes)
{
	const unsigned char *all = data;
	uint64_t number;
	uint32_t i;

	assert_true(bytes >= sizeof(number));
	memcpy(&number, data, sizeof(number));
	for (i = sizeof(number); i < bytes; i++)
		assert_int_equal(all[i], number & 0xff);
	return number;
}

#endif /* RING_UNIT_TESTED_H */
