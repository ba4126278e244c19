/* SPDX-License-Identifier: MIT */
/*
 * stats.h - what happens in a slab, as numbers, as text, as JSON.
 */
#ifndef CPUSLAB_STATS_H
#define CPUSLAB_STATS_H

#include <cpuslab/slab.h>

CPUSLAB_BEGIN

struct cpuslab_stats {
	const char *name;     /* of the slab; lives as long as it */
	const char *domain;   /* name of its domain, likewise */
	uint64_t generation;  /* of the domain's set */
	uint32_t limit;       /* CPU numbers that the domain knows */
	uint32_t reach;       /* those that every extent has a place for;
				   lower where address space was refused */
	uint32_t online;      /* in the domain's set */
	uint32_t in_use;      /* with blocks: online, unannounced, retained */
	uint32_t unannounced; /* admitted on use, unknown to the domain */
	uint32_t retained;    /* gone, their blocks kept */
	uint32_t draining;    /* gone, their blocks on the way back */
	uint32_t extents;
	uint64_t objects;         /* live */
	uint64_t reserved_bytes;  /* address space */
	uint64_t committed_bytes; /* memory, blocks and headers */
	uint64_t residual_bytes;  /* small memory: what sums need of the gone */
	uint64_t admissions;      /* blocks let in, ever */
	uint64_t on_demand; /* of these, by an operation that found none */
	uint64_t refusals;  /* admissions that failed for want of memory */
	uint64_t releases;  /* blocks given back, ever */
	uint64_t release_deferred; /* releases given up: not safe, or not now */
	uint64_t shared_ops;       /* operations on the shared block */
	bool atomic;               /* blocks are written by atomics */
};

/**
 * cpuslab_stats_get() - read them all.
 * Context: may sleep (takes the slab's mutex).
 */
CPUSLAB_API void cpuslab_stats_get(struct cpuslab_slab *slab,
				   struct cpuslab_stats *stats);

/**
 * cpuslab_stats_text() - "name value" lines, for people.
 * @buf: receives at most @size bytes, always NUL-terminated if @size > 0.
 *
 * Context: any.
 * Return:  the length that the whole text has, without the NUL, as snprintf().
 */
CPUSLAB_API size_t cpuslab_stats_text(const struct cpuslab_stats *stats,
				      char *buf, size_t size);

/* The same as one JSON object. */
CPUSLAB_API size_t cpuslab_stats_json(const struct cpuslab_stats *stats,
				      char *buf, size_t size);

CPUSLAB_END

#endif /* CPUSLAB_STATS_H */
