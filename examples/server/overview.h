/* SPDX-License-Identifier: MIT */
/*
 * overview.h - each CPU's share of the requests, read once for a page.
 *
 * A request is counted twice: by the library, in the copy of the CPU on which
 * it was answered, and by its worker.
 *
 * The copies are read one after the other, then the total. @folded is what that
 * has more: also requests that are counted in between.
 */
#ifndef CPUSLAB_EXAMPLES_OVERVIEW_H
#define CPUSLAB_EXAMPLES_OVERVIEW_H

#include <stdbool.h>
#include <stdint.h>

struct server;

struct overview_cpu {
	bool has_copy;
	bool has_worker;
	bool parked;
	uint32_t connections; /* of its worker */
	uint64_t counted;     /* in its copy */
	uint64_t served;      /* by its worker, also before it was parked */
};

struct overview {
	uint64_t total;
	uint64_t shared; /* in the shared copy */
	uint64_t folded; /* in copies that are freed */
	uint32_t limit;
	struct overview_cpu cpu[]; /* [limit]; numbers have gaps */
};

/* Free it with free(). NULL: no memory. */
struct overview *overview_read(struct server *server);

#endif /* CPUSLAB_EXAMPLES_OVERVIEW_H */
