/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_WORDS_H
#define CPUSLAB_WORDS_H
/*
 * words.h - more operations on words: load_add, exchange, or, and, max, min.
 *
 * Each is one section, as in ops.h, with the pseudo-code
 *
 *	section {
 *		cpu = this CPU
 *		if cpu >= handle.limit or not live[cpu]: slow path
 *		old = word
 *		commit: word = new(old)
 *	}
 *
 * In atomic mode, and on the shared block, it is a compare-and-swap, repeated
 * while others change the word.
 *
 * A word that is changed by anything but adds is no counter: it must lie behind
 * cpuslab_type.counters, and sums of it mean nothing. A release of the CPU
 *
 *	- drops it, with CPUSLAB_TYPE_DISCARD;
 *	- or calls the type's drain, which combines it with that of the shared
 *	  copy, by a compare-and-swap because operations may be working there;
 *	- or is deferred, while the word is not as the type made it.
 *
 * A reader combines all copies, the shared one included:
 *
 *	cpuslab_for_each_copy(&handle, cpu, copy)
 *		most = max(most, cpuslab_load_acquire_u64(&copy->most));
 *
 * Context, Order, Return: as cpuslab_add() in ops.h. load_add and exchange also
 *          acquire, as cpuslab_load(). A max or min that leaves the word as it
 *          was stores nothing, and so releases nothing.
 */

#include <cpuslab/ops.h>

CPUSLAB_BEGIN

/**
 * cpuslab_load_add() - add to a word of this CPU's copy, and return what it
 * was.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @value:  added modulo 2^64.
 * @old:    set to what the word was, on CPUSLAB_OK only.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_load_add(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset,
		 uint64_t value, CPUSLAB_OUT uint64_t *old)
{
	return cpuslab__update(handle, offset, CPUSLAB__WORD_ADD, value, old);
}

/**
 * cpuslab_exchange() - store to a word of this CPU's copy, and return what it
 * was.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @value:  stored.
 * @old:    set to what the word was, on CPUSLAB_OK only.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_exchange(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset,
		 uint64_t value, CPUSLAB_OUT uint64_t *old)
{
	return cpuslab__update(handle, offset, CPUSLAB__WORD_EXCHANGE, value,
			       old);
}

/**
 * cpuslab_or() - set bits in a word of this CPU's copy.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @value:  the bits.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_or(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset,
	   uint64_t value)
{
	uint64_t old;

	return cpuslab__update(handle, offset, CPUSLAB__WORD_OR, value, &old);
}

/**
 * cpuslab_and() - clear bits in a word of this CPU's copy.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @value:  the bits that stay.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_and(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset,
	    uint64_t value)
{
	uint64_t old;

	return cpuslab__update(handle, offset, CPUSLAB__WORD_AND, value, &old);
}

/**
 * cpuslab_max() - raise a word of this CPU's copy to a value, unless it is
 * higher.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @value:  unsigned.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_max(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset,
	    uint64_t value)
{
	uint64_t old;

	return cpuslab__update(handle, offset, CPUSLAB__WORD_MAX, value, &old);
}

/**
 * cpuslab_min() - lower a word of this CPU's copy to a value, unless it is
 * lower.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @value:  unsigned.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_min(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset,
	    uint64_t value)
{
	uint64_t old;

	return cpuslab__update(handle, offset, CPUSLAB__WORD_MIN, value, &old);
}

CPUSLAB_END

/*
 * Synchronization: as ops.h.
 */

#endif /* CPUSLAB_WORDS_H */
