// SPDX-License-Identifier: MIT
/*
 * all.c - the port as one unit: what an embedder compiles beside lib/all.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "cpu.c"
#include "cpuhp.c"
#include "memory.c"
#include "mutex.c"
#include "own.c"
#include "pair.c"
#include "rcu.c"
#include "system.c"
#include "thread.c"
