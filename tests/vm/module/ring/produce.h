/* SPDX-License-Identifier: MIT */
/*
 * produce.h - what the files of cpuslab_ring.ko share.
 */
#ifndef PRODUCE_H
#define PRODUCE_H

#include <linux/kernel.h>

#include <cpuslab/ring.h>

/* The ring that is appended to; NULL: none. W with no producer. */
extern struct cpuslab_ring *produce_ring;

int produce_start(void);
void produce_stop(void);
int produce_here(unsigned int records); /* by the caller */
u64 produce_appended(void);
u64 produce_lost(void);

#endif /* PRODUCE_H */
