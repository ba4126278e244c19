/* SPDX-License-Identifier: MIT */
/*
 * bench.h - what the groups of measurements share.
 */
#ifndef CPUSLAB_BENCH_BENCH_H
#define CPUSLAB_BENCH_BENCH_H

#include <cpuslab/cpuslab.h>

#include "measure.h"
#include "table.h"

#if defined(__GNUC__)
#define BENCH_NOINLINE __attribute__((noinline))
#endif

#define BENCH_LIMIT_SMALL 2u
#define BENCH_LIMIT_MIDDLE 4096u
#define BENCH_LIMIT_LARGE 8192u
#define BENCH_OBJECTS 1000u /* of the memory rows */

struct bench {
	struct measure_plan plan;
	struct measure_plan few; /* for what takes milliseconds */
	bool quick;
	struct table table;
};

/* Each appends its rows. */
void bench_add(struct bench *bench);
void bench_stack(struct bench *bench);
void bench_object(struct bench *bench);
void bench_memory(struct bench *bench);
void bench_latency(struct bench *bench);

/* In a fresh process: prints what it grew by, returns its exit status. */
int bench_memory_child(const char *which);

/* One line on stderr: what is going on. */
void bench_progress(const char *what);

/* world.c */
/* Let this machine seem to have room for BENCH_LIMIT_LARGE processors. */
void bench_world_init(void);
/*
 * A domain of @limit processors in which two are: the one that the caller is
 * pinned to, if it is below @limit, and another.
 */
struct cpuslab_domain *bench_domain(uint32_t limit, uint32_t here);
struct cpuslab_slab *bench_slab(struct cpuslab_domain *domain);
/* 64 bytes that are not zero, as an object's type. */
extern const struct cpuslab_type bench_template;

#endif /* CPUSLAB_BENCH_BENCH_H */
