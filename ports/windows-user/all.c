/* SPDX-License-Identifier: MIT */
/*
 * all.c - the port as one unit: what an embedder compiles, together with
 * lib/all.c.
 */
#include "cpu.c"
#include "memory.c"
#include "mutex.c"
#include "hotplug.c"
#include "rcu.c"
#include "system.c"
#include "thread.c"
#include "rcu_thread.c"
#include "../../lib/structures/workers_thread.c"
