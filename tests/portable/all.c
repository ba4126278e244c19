/* SPDX-License-Identifier: MIT */
/*
 * all.c - all parts as one unit: what a test compiles.
 */
#include "approx.c"
#include "cache.c"
#include "follower.c"
#include "histogram.c"
#include "mailbox.c"
#include "refcount.c"
#include "steering.c"
#include "structures.c"
#include "workers.c"
