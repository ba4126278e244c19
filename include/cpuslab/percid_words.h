/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_PERCID_WORDS_H
#define CPUSLAB_PERCID_WORDS_H
/*
 * percid_words.h - the operations of words.h by concurrency id (percid.h).
 *
 * Context, Order, Return: as in words.h.
 */

#include <cpuslab/percid.h>
#include <cpuslab/words.h>

CPUSLAB_BEGIN

/**
 * cpuslab_percid_load_add() - add to a word of this id's copy, and return what
 * it was.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @value:  added modulo 2^64.
 * @old:    set to what the word was, on CPUSLAB_OK only.
 *
 * Context, Order, Return: as cpuslab_load_add().
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_percid_load_add(CPUSLAB_IN const struct cpuslab_percid *handle,
			size_t offset, uint64_t value,
			CPUSLAB_OUT uint64_t *old)
{
	return cpuslab__percid_update(handle, offset, CPUSLAB__WORD_ADD, value,
				      old);
}

/**
 * cpuslab_percid_exchange() - store to a word of this id's copy, and return
 * what it was.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @value:  stored.
 * @old:    set to what the word was, on CPUSLAB_OK only.
 *
 * Context, Order, Return: as cpuslab_exchange().
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_percid_exchange(CPUSLAB_IN const struct cpuslab_percid *handle,
			size_t offset, uint64_t value,
			CPUSLAB_OUT uint64_t *old)
{
	return cpuslab__percid_update(handle, offset, CPUSLAB__WORD_EXCHANGE,
				      value, old);
}

/**
 * cpuslab_percid_or() - set bits in a word of this id's copy.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @value:  the bits.
 *
 * Context, Order, Return: as cpuslab_or().
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_percid_or(CPUSLAB_IN const struct cpuslab_percid *handle, size_t offset,
		  uint64_t value)
{
	uint64_t old;

	return cpuslab__percid_update(handle, offset, CPUSLAB__WORD_OR, value,
				      &old);
}

/**
 * cpuslab_percid_and() - clear bits in a word of this id's copy.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @value:  the bits that stay.
 *
 * Context, Order, Return: as cpuslab_and().
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_percid_and(CPUSLAB_IN const struct cpuslab_percid *handle,
		   size_t offset, uint64_t value)
{
	uint64_t old;

	return cpuslab__percid_update(handle, offset, CPUSLAB__WORD_AND, value,
				      &old);
}

/**
 * cpuslab_percid_max() - raise a word of this id's copy to a value, unless it
 * is higher.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @value:  unsigned.
 *
 * Context, Order, Return: as cpuslab_max().
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_percid_max(CPUSLAB_IN const struct cpuslab_percid *handle,
		   size_t offset, uint64_t value)
{
	uint64_t old;

	return cpuslab__percid_update(handle, offset, CPUSLAB__WORD_MAX, value,
				      &old);
}

/**
 * cpuslab_percid_min() - lower a word of this id's copy to a value, unless it
 * is lower.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @value:  unsigned.
 *
 * Context, Order, Return: as cpuslab_min().
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_percid_min(CPUSLAB_IN const struct cpuslab_percid *handle,
		   size_t offset, uint64_t value)
{
	uint64_t old;

	return cpuslab__percid_update(handle, offset, CPUSLAB__WORD_MIN, value,
				      &old);
}

CPUSLAB_END

/*
 * Synchronization: as ops.h.
 */

#endif /* CPUSLAB_PERCID_WORDS_H */
