/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_STATS_H
#define CPUSLAB_STATS_H
/*
 * stats.h - the state of a slab in numbers, as text and as JSON.
 *
 * Not for a hot path: it takes the slab's mutex.
 */

#include <cpuslab/slab.h>

CPUSLAB_BEGIN

#define CPUSLAB_STATS_NAME 32 /* bytes of a name, with the NUL */

/* A copy for the caller: nothing is written after cpuslab_stats_get(). */
struct cpuslab_stats {
	size_t size;          /* set by the call; see sized.h */
	const char *name;     /* the slab's; valid as long as the slab */
	const char *domain;   /* the domain's name; valid likewise */
	uint64_t generation;  /* of the domain's CPU mask */
	uint32_t limit;       /* CPU numbers that the domain can name */
	uint32_t online;      /* CPUs in the domain's mask */
	uint32_t in_use;      /* CPUs with blocks, including the next three */
	uint32_t unannounced; /* admitted on use, unknown to the domain */
	uint32_t retained;    /* absent, blocks kept until a trim */
	uint32_t draining;    /* absent, blocks being released */
	uint32_t extents;
	uint64_t objects;          /* live */
	uint64_t reserved_bytes;   /* address space of blocks */
	uint64_t committed_bytes;  /* memory of blocks */
	uint64_t residual_bytes;   /* memory for counters of released blocks */
	uint64_t admissions;       /* since creation */
	uint64_t on_demand;        /* of these, started by an operation */
	uint64_t refusals;         /* admissions that failed */
	uint64_t releases;         /* since creation */
	uint64_t release_deferred; /* releases that had to be left for later */
	uint64_t shared_ops;       /* operations on the shared block */
	/* What deferred the last of these, as a type's name; "": nothing. */
	char deferred_by[CPUSLAB_STATS_NAME];
	bool atomic; /* operations use atomic instructions */
	/* Blocks are concurrency ids', not CPUs' (CPUSLAB_SLAB_PERCID). */
	bool by_cid;
	/*
	 * What registers threads for restartable sequences, a constant:
	 * "C library", "cpuslab", or "none", as in atomic mode and in kernels.
	 */
	const char *registration;
};

/* With stats->size set. */
CPUSLAB_API void cpuslab__stats_fill(struct cpuslab_slab *slab,
				     struct cpuslab_stats *stats);

/**
 * cpuslab_stats_get() - read the statistics of a slab.
 * @slab:  from cpuslab_slab_create().
 * @stats: filled, as far as its size says.
 *
 * In a callback of one of the slab's types, what the caller's call is about to
 * change may be counted already.
 *
 * Context: may sleep.
 */
CPUSLAB_INLINE CPUSLAB_APC void
cpuslab_stats_get(CPUSLAB_INOUT struct cpuslab_slab *slab,
		  CPUSLAB_OUT struct cpuslab_stats *stats)
{
	stats->size = sizeof(*stats);
	cpuslab__stats_fill(slab, stats);
}

/**
 * cpuslab_stats_text() - format statistics as lines of "name value".
 * @stats: from cpuslab_stats_get().
 *
 * In names, a backslash is written as two, and each byte of control characters,
 * of line ends and of what is not UTF-8 as \xNN.
 *
 * @buf:  receives at most @size bytes, and always a NUL if @size > 0.
 * @size: bytes, of @buf.
 *
 * Context: any.
 * Return:  the length of the whole text without the NUL, as snprintf().
 */
CPUSLAB_API CPUSLAB_DISPATCH size_t
cpuslab_stats_text(CPUSLAB_IN const struct cpuslab_stats *stats,
		   CPUSLAB_ARRAY char *buf, size_t size);

/**
 * cpuslab_stats_json() - format statistics as one JSON object, in UTF-8.
 * @stats: from cpuslab_stats_get().
 * @buf:   filled with JSON and a 0.
 * @size:  bytes of @buf.
 *
 * In names, each byte that is not UTF-8 is written as \ufffd.
 *
 * Parameters, Context, Return: as cpuslab_stats_text().
 */
CPUSLAB_API CPUSLAB_DISPATCH size_t
cpuslab_stats_json(CPUSLAB_IN const struct cpuslab_stats *stats,
		   CPUSLAB_ARRAY char *buf, size_t size);

CPUSLAB_END

/*
 * Synchronization: get serialises on the slab's mutex; text and JSON only read
 * the caller's copy. The names in it must not outlive the slab and its domain.
 */

#endif /* CPUSLAB_STATS_H */
