/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_WORD_OPS_H
#define CPUSLAB_WORD_OPS_H
/*
 * word_ops.h - what cpuslab_port_update() makes of a word, and what
 * cpuslab_port_commit() compares and copies. Included by port.h.
 */

#include <cpuslab/base.h>

enum cpuslab__word_op {
	CPUSLAB__WORD_LOAD,
	CPUSLAB__WORD_ADD,
	CPUSLAB__WORD_EXCHANGE,
	CPUSLAB__WORD_OR,
	CPUSLAB__WORD_AND,
	CPUSLAB__WORD_MAX,
	CPUSLAB__WORD_MIN,
};

/* Stores nothing where the word stays as it is. */
CPUSLAB_INLINE bool cpuslab__word_keeps(enum cpuslab__word_op op)
{
	return op == CPUSLAB__WORD_LOAD || op == CPUSLAB__WORD_MAX ||
	       op == CPUSLAB__WORD_MIN;
}

/* What is stored after @word was loaded. */
CPUSLAB_INLINE uint64_t cpuslab__word_next(enum cpuslab__word_op op,
					   uint64_t word, uint64_t value)
{
	switch (op) {
	case CPUSLAB__WORD_ADD:
		return word + value;
	case CPUSLAB__WORD_EXCHANGE:
		return value;
	case CPUSLAB__WORD_OR:
		return word | value;
	case CPUSLAB__WORD_AND:
		return word & value;
	case CPUSLAB__WORD_MAX:
		return word < value ? value : word;
	case CPUSLAB__WORD_MIN:
		return word > value ? value : word;
	case CPUSLAB__WORD_LOAD:
	default:
		return word;
	}
}

/* Distances are bytes from the word that is stored last. */
struct cpuslab__commit {
	uint64_t expect, value; /* of that word */
	int64_t other;          /* to a second word */
	uint64_t other_expect;
	int64_t to; /* to where the data are copied */
	const void *data;
	uint32_t bytes;
};

#endif /* CPUSLAB_WORD_OPS_H */
