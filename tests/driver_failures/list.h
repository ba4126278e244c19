/* SPDX-License-Identifier: MIT */
/*
 * list.h - the names of the scenarios, in the order in which they are shown.
 * Stands alone, as event.h.
 */
#ifndef TESTS_DRIVER_FAILURES_LIST_H
#define TESTS_DRIVER_FAILURES_LIST_H

/* What Microsoft's documentation says: conditions, boxes, states. */
#define LIST_CONDITIONS(x)                                                     \
	x(resources) x(walk) x(assign) x(structures) x(dispatch) x(schedule)   \
		x(rebalance) x(balance)
#define LIST_BOXES(x) x(memory) x(maximum) x(update) x(bits) x(variable)
#define LIST_STATES(x) x(late) x(early) x(failure) x(number) x(twice)
#define LIST_DOCUMENTED(x) LIST_CONDITIONS(x) LIST_BOXES(x) LIST_STATES(x)

/* Threads that the system moves; only a simulation can schedule them. */
#define LIST_THREADS(x)                                                        \
	x(added) x(added_quietly) x(sparse) x(folded) x(exchanged)

#define LIST_ONE(name) +1
enum {
	LIST_DOCUMENTED_COUNT = 0 LIST_DOCUMENTED(LIST_ONE)
};

#endif /* TESTS_DRIVER_FAILURES_LIST_H */
