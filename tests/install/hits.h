// SPDX-License-Identifier: MIT
//
// hits.h - inline functions that count. Several files have a copy of each, and
// the linker keeps one.
#ifndef CPUSLAB_TESTS_HITS_H
#define CPUSLAB_TESTS_HITS_H

#include <cpuslab/cpuslab.h>

inline void hits_add(const cpuslab_counter *hits)
{
	cpuslab_counter_add(hits, 2);
}

// The assembly of every operation, on null handles.
inline int hits_on_null(const cpuslab_percpu *null)
{
	const cpuslab_stack stack = {};
	const cpuslab_log log = {};
	cpuslab_node node, *popped;

	return cpuslab_add_if(null, 0, 0, 1) + cpuslab_cmpstore(null, 0, 0, 1) +
	       cpuslab_add_below(null, 0, 1, 1) +
	       cpuslab_stack_push(&stack, &node) +
	       cpuslab_stack_pop(&stack, &popped) +
	       cpuslab_log_append(&log, "", 0);
}

template <typename Number> Number hits_twice(const cpuslab_counter *hits)
{
	cpuslab_counter_add(hits, 1);
	cpuslab_counter_add(hits, 1);
	return static_cast<Number>(cpuslab_counter_sum(hits));
}

// The functions of one file, by address, so that they are not inlined.
struct hits_functions {
	void (*add)(const cpuslab_counter *hits);
	int (*on_null)(const cpuslab_percpu *null);
	long (*twice)(const cpuslab_counter *hits);
};

extern const hits_functions hits_elsewhere;

#endif // CPUSLAB_TESTS_HITS_H
