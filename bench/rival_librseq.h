/* SPDX-License-Identifier: MIT */
/*
 * rival_librseq.h - librseq's memory pool, if it was there at build time.
 *
 * rival_librseq.c implements it; without librseq rival_none.c does, and
 * rival_librseq_available() says so.
 */
#ifndef CPUSLAB_BENCH_RIVAL_LIBRSEQ_H
#define CPUSLAB_BENCH_RIVAL_LIBRSEQ_H

#include "measure.h"

/* Built in, and the thread has a registration. */
bool rival_librseq_available(void);

/* Bodies; each lives as long as the program. */
const struct measure_body *rival_librseq_add(void);
const struct measure_body *rival_librseq_stack(void);
/* Objects of 64 bytes with initial contents, on 4096 processors. */
const struct measure_body *rival_librseq_alloc(void);
/* A pool for 4096 processors: by default, and copying the zero page. */
const struct measure_body *rival_librseq_create(void);
const struct measure_body *rival_librseq_create_zero(void);
/* Sum one word on 4096 processors. */
const struct measure_body *rival_librseq_sum(void);

/* @objects of 64 bytes on 4096 processors; for the memory rows. */
void rival_librseq_fill(bool zero, uint32_t objects);

#endif /* CPUSLAB_BENCH_RIVAL_LIBRSEQ_H */
