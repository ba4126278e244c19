/* SPDX-License-Identifier: MIT */
/*
 * calls.h - one of each structure, for slab_calls.c, and plain data that say
 * what must be in it.
 */
#ifndef FUZZ_CALLS_H
#define FUZZ_CALLS_H

#include <cpuslab/cpuslab.h>
#include <cpuslab/sim.h>

#include "fuzz.h"

#define CALLS_LIMIT 8u /* CPU numbers */

struct calls_part {
	/* Its result is that of the structure's init. */
	int (*init)(struct cpuslab_slab *slab, struct fuzz_input *in);
	void (*fini)(void);
	/* One operation; other steps may run in the middle of it. */
	void (*step)(struct fuzz_input *in);
	/* A call that may sleep, alone; NULL: there is none. */
	void (*slow)(struct fuzz_input *in);
	/* No call is in progress: the structure has what it must have. */
	void (*check)(void);
};

extern const struct calls_part calls_counter, calls_gauge, calls_approx,
	calls_histogram, calls_refcount, calls_words, calls_section;
extern const struct calls_part calls_stack, calls_cache, calls_mailbox,
	calls_steering;
extern const struct calls_part calls_workers;
extern const struct calls_part calls_log, calls_rotating, calls_ring;

/* Is the step that runs alone? */
extern bool calls_alone;
/* Is the CPU online in the domain? */
bool calls_is_online(uint32_t cpu);

#endif /* FUZZ_CALLS_H */
