/* SPDX-License-Identifier: MIT */
/*
 * ops.c - the operations, one step at a time.
 *
 * As in the assembly of a real port, the section may be aborted between any
 * two steps, and then restarts; nothing happens between the last test for that
 * and the committing store.
 */
#include "internal.h"

/*
 * The address of one CPU's copy, or NULL if it has none. Both forms of
 * percpu.h; in the second, object is an array of block pointers (blocks.c).
 */
static char *op_find(const struct cpuslab_percpu *handle, uint32_t cpu,
		     size_t offset)
{
	uint8_t shift;
	char *block;

	if (cpu >= handle->limit)
		return NULL;
	if (!CPUSLAB_PORT_RESERVES) {
		block = cpuslab_load_acquire_ptr(
			&((char *const *)handle->object)[cpu]);
		return block ? block + handle->offset + offset : NULL;
	}
	/* [live] pairs with cpuslab__block_set_live(). */
	shift = cpuslab_load_acquire_u8(&handle->live[cpu]);
	if (!shift)
		return NULL;
	return (char *)(handle->object + offset + ((uintptr_t)cpu << shift));
}

/* The CPU's copy, or NULL with *result: 0 to restart, or CPUSLAB_MISS. */
static char *op_begin(const struct cpuslab_percpu *handle, size_t offset,
		      int *result)
{
	uint32_t cpu = sim__section_begin();
	char *found;

	*result = 0;
	if (sim__section_point())
		return NULL;
	found = op_find(handle, cpu, offset);
	if (!found) {
		sim__section_end();
		*result = CPUSLAB_MISS;
		return NULL;
	}
	if (sim__section_point())
		return NULL;
	return found;
}

static int op_leave(int result)
{
	sim__section_end();
	return result;
}

int sim__op_add(const struct cpuslab_percpu *handle, size_t offset,
		uint64_t value)
{
	if (cpuslab_port_uses_atomics())
		return CPUSLAB_MISS;
	for (;;) {
		int result;
		uint64_t *word = (uint64_t *)op_begin(handle, offset, &result);
		uint64_t old;

		if (result)
			return result;
		if (!word)
			continue;
		old = cpuslab_load_relaxed_u64(word);
		if (sim__section_point())
			continue;
		/* [release.fence] */
		cpuslab_store_release_u64(word, old + value);
		return op_leave(CPUSLAB_OK);
	}
}

int sim__op_add_if(const struct cpuslab_percpu *handle, size_t offset,
		   uint64_t gate, uint64_t value)
{
	if (cpuslab_port_uses_atomics())
		return CPUSLAB_MISS;
	for (;;) {
		int result;
		uint64_t *pair = (uint64_t *)op_begin(handle, offset, &result);
		uint64_t old;

		if (result)
			return result;
		if (!pair)
			continue;
		if (cpuslab_load_acquire_u64(&pair[0]) != gate)
			return op_leave(CPUSLAB_DIFFERS);
		if (sim__section_point())
			continue;
		old = cpuslab_load_relaxed_u64(&pair[1]);
		if (sim__section_point())
			continue;
		cpuslab_store_release_u64(&pair[1], old + value);
		return op_leave(CPUSLAB_OK);
	}
}

int sim__op_cmpstore(const struct cpuslab_percpu *handle, size_t offset,
		     uint64_t expect, uint64_t value)
{
	if (cpuslab_port_uses_atomics())
		return CPUSLAB_MISS;
	for (;;) {
		int result;
		uint64_t *word = (uint64_t *)op_begin(handle, offset, &result);

		if (result)
			return result;
		if (!word)
			continue;
		if (cpuslab_load_acquire_u64(word) != expect)
			return op_leave(CPUSLAB_DIFFERS);
		if (sim__section_point())
			continue;
		cpuslab_store_release_u64(word, value);
		return op_leave(CPUSLAB_OK);
	}
}

int sim__op_push(const struct cpuslab_percpu *handle, size_t offset, void *node)
{
	if (cpuslab_port_uses_atomics())
		return CPUSLAB_MISS;
	for (;;) {
		int result;
		uint64_t *top = (uint64_t *)op_begin(handle, offset, &result);
		uint64_t first;

		if (result)
			return result;
		if (!top)
			continue;
		first = cpuslab_load_relaxed_u64(top);
		if (sim__section_point())
			continue;
		cpuslab_store_relaxed_ptr((void **)node,
					  (void *)(uintptr_t)first);
		if (sim__section_point())
			continue;
		cpuslab_store_release_u64(top, (uint64_t)(uintptr_t)node);
		return op_leave(CPUSLAB_OK);
	}
}

int sim__op_pop(const struct cpuslab_percpu *handle, size_t offset, void **node)
{
	if (cpuslab_port_uses_atomics())
		return CPUSLAB_MISS;
	for (;;) {
		int result;
		uint64_t *top = (uint64_t *)op_begin(handle, offset, &result);
		void *first, *next;

		if (result)
			return result;
		if (!top)
			continue;
		first = (void *)(uintptr_t)cpuslab_load_acquire_u64(top);
		if (!first)
			return op_leave(CPUSLAB_EMPTY);
		if (sim__section_point())
			continue;
		next = cpuslab_load_relaxed_ptr((void **)first);
		if (sim__section_point())
			continue;
		cpuslab_store_release_u64(top, (uint64_t)(uintptr_t)next);
		*node = first;
		return op_leave(CPUSLAB_OK);
	}
}

int sim__op_take(const struct cpuslab_percpu *handle, size_t offset,
		 void **object)
{
	if (cpuslab_port_uses_atomics())
		return CPUSLAB_MISS;
	for (;;) {
		int result;
		uint64_t *top = (uint64_t *)op_begin(handle, offset, &result);
		uint64_t *magazine, count, found;

		if (result)
			return result;
		if (!top)
			continue;
		magazine = (uint64_t *)(uintptr_t)cpuslab_load_acquire_u64(top);
		if (sim__section_point())
			continue;
		count = magazine ? cpuslab_load_relaxed_u64(&magazine[1]) : 0;
		if (!count)
			return op_leave(CPUSLAB_EMPTY);
		if (sim__section_point())
			continue;
		found = cpuslab_load_relaxed_u64(&magazine[1 + count]);
		if (sim__section_point())
			continue;
		cpuslab_store_release_u64(&magazine[1], count - 1);
		*object = (void *)(uintptr_t)found;
		return op_leave(CPUSLAB_OK);
	}
}

int sim__op_give(const struct cpuslab_percpu *handle, size_t offset,
		 void *object, uint64_t rounds)
{
	if (cpuslab_port_uses_atomics())
		return CPUSLAB_MISS;
	for (;;) {
		int result;
		uint64_t *top = (uint64_t *)op_begin(handle, offset, &result);
		uint64_t *magazine, count;

		if (result)
			return result;
		if (!top)
			continue;
		magazine = (uint64_t *)(uintptr_t)cpuslab_load_acquire_u64(top);
		if (sim__section_point())
			continue;
		count = magazine ? cpuslab_load_relaxed_u64(&magazine[1]) :
				   rounds;
		if (count == rounds)
			return op_leave(CPUSLAB_FULL);
		if (sim__section_point())
			continue;
		cpuslab_store_relaxed_u64(&magazine[2 + count],
					  (uint64_t)(uintptr_t)object);
		if (sim__section_point())
			continue;
		cpuslab_store_release_u64(&magazine[1], count + 1);
		return op_leave(CPUSLAB_OK);
	}
}

/* Copy in two parts, with a point between them; false: restart. */
static bool op_copy(char *to, const void *from, uint32_t bytes)
{
	uint32_t half = bytes / 2;

	if (half)
		memcpy(to, from, half);
	if (sim__section_point())
		return false;
	if (bytes)
		memcpy(to + half, (const char *)from + half, bytes - half);
	return !sim__section_point();
}

int sim__op_append(const struct cpuslab_percpu *handle, size_t offset,
		   const void *data, uint32_t bytes, uint32_t capacity)
{
	uint64_t step = 8 + (((uint64_t)bytes + 7) & ~(uint64_t)7);

	if (cpuslab_port_uses_atomics())
		return CPUSLAB_MISS;
	for (;;) {
		int result;
		char *log = op_begin(handle, offset, &result);
		uint64_t tail;
		char *record;

		if (result)
			return result;
		if (!log)
			continue;
		tail = cpuslab_load_relaxed_u64((uint64_t *)log);
		if (tail + step > capacity)
			return op_leave(CPUSLAB_FULL);
		if (sim__section_point())
			continue;
		record = log + 16 + tail;
		cpuslab_store_relaxed_u64((uint64_t *)record,
					  (uint64_t)bytes << 1 | 1);
		if (!op_copy(record + 8, data, bytes))
			continue;
		cpuslab_store_release_u64((uint64_t *)log, tail + step);
		return op_leave(CPUSLAB_OK);
	}
}
