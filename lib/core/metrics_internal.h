/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_METRICS_INTERNAL_H
#define CPUSLAB_LIB_METRICS_INTERNAL_H
/*
 * metrics_internal.h - a copy of all numbers, from which texts are written.
 */

#include <cpuslab/metrics.h>
#include <cpuslab/stats.h>

#include "../base/format.h"

enum cpuslab__metrics_kind {
	METRICS_LIBRARY, /* no item */
	METRICS_DOMAIN,
	METRICS_SLAB,
	METRICS_COUNTER,
	METRICS_GAUGE,
	METRICS_KINDS,
};

struct cpuslab__metrics_domain {
	uint64_t limit;
	uint64_t online;
	uint64_t generation;
	uint64_t clients;
	uint64_t refusals;
	uint64_t ignored;
};

/* The copy of one thing; its names, which are UTF-8, follow it. */
struct cpuslab__metrics_item {
	struct cpuslab__metrics_item *next;
	uint64_t id;
	const char *name;
	union {
		struct cpuslab__metrics_domain domain;
		struct cpuslab_stats slab; /* with the names of the copy */
		uint64_t value;            /* of a named object */
	} of;
};

struct cpuslab__metrics {
	/* Domains and slabs, the oldest first; named objects by name. */
	struct cpuslab__metrics_item *items[METRICS_KINDS];
	struct metrics_chunk *chunks; /* memory of all items */
	char *room;                   /* the unused rest of the first chunk */
	size_t room_bytes;
	size_t lacked;    /* bytes for items for which there was no room */
	uint64_t before;  /* ids at or above it have been copied */
	bool busy;        /* the next slab's mutex was held */
	bool in_callback; /* the caller holds a slab's mutex */
};

typedef void cpuslab__metrics_writer(struct cpuslab__text *text,
				     const struct cpuslab__metrics *metrics);

/*
 * Copy all numbers, and let @writer append them to @text. -CPUSLAB_ENOMEM, or
 * -CPUSLAB_EBUSY in a child that has lost the registry: it was not called.
 */
int cpuslab__metrics_write(cpuslab__metrics_writer *writer,
			   struct cpuslab__text *text);

/* metrics_text.c */
cpuslab__metrics_writer cpuslab__metrics_openmetrics;
cpuslab__metrics_writer cpuslab__metrics_prometheus;
cpuslab__metrics_writer cpuslab__metrics_json;
/* Call @write for each number of a domain. */
void cpuslab__metrics_domain_each(struct cpuslab__text *text,
				  const struct cpuslab__metrics_domain *domain,
				  cpuslab__text_named *write);

#endif /* CPUSLAB_LIB_METRICS_INTERNAL_H */
