/* SPDX-License-Identifier: MIT */
/*
 * rival_librseq.h - librseq's memory pool, if it was there at build time:
 * librseq_bodies of lists.h, and this.
 *
 * rival_librseq.c implements it; without librseq rival_none.c does, and says
 * so.
 */
#ifndef CPUSLAB_BENCH_RIVAL_LIBRSEQ_H
#define CPUSLAB_BENCH_RIVAL_LIBRSEQ_H

#include <stdbool.h>
#include <stdint.h>

bool rival_librseq_is_built(void);

/* @objects of 64 bytes on @limit CPUs; for the memory bodies. */
void rival_librseq_fill(bool zero, uint32_t objects, uint32_t limit);

#endif /* CPUSLAB_BENCH_RIVAL_LIBRSEQ_H */
