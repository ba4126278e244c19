/* SPDX-License-Identifier: MIT */
/*
 * produce.h - what the files of cpuslab_ring.ko share.
 */
#ifndef PRODUCE_H
#define PRODUCE_H

#include <linux/kernel.h>

#include <cpuslab/ring.h>

/* The ring that is appended to; NULL: none. W while there is no producer. */
extern struct cpuslab_ring *produce_ring;

void produce_begin(struct cpuslab_ring *ring); /* counts are since then */
int produce_start(void);
void produce_stop(void);
int produce_here(unsigned int records); /* by the caller */
int produce_nested(unsigned int records);
int produce_last(bool on); /* by a CPU that is no longer online */
u64 produce_appended(void);
u64 produce_lost(void);

/* other.c */
int other_init(struct cpuslab_domain *domain);
void other_fini(void);
int other_check(void);     /* is it as it was? */
bool other_fail(long nth); /* from now, 0: none; did the last one fail? */

#endif /* PRODUCE_H */
