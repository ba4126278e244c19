/* SPDX-License-Identifier: MIT */
/*
 * rival_librseq.h - librseq's memory pool, if the build found it.
 *
 * Without librseq rival_none.c takes the place of rival_librseq.c and skips the
 * bodies.
 */
#ifndef CPUSLAB_BENCH_RIVAL_LIBRSEQ_H
#define CPUSLAB_BENCH_RIVAL_LIBRSEQ_H

#include <stdbool.h>
#include <stdint.h>

bool rival_librseq_is_built(void);

/* Make @objects of 64 bytes on @limit CPUs, for the memory bodies. */
void rival_librseq_fill(bool zero, uint32_t objects, uint32_t limit);

#endif /* CPUSLAB_BENCH_RIVAL_LIBRSEQ_H */
