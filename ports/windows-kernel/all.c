/* SPDX-License-Identifier: MIT */
/*
 * all.c - the port as one unit: what a driver compiles, together with
 * lib/all.c.
 */
#include "cpu.c"
#include "init.c"
#include "memory.c"
#include "mutex.c"
#include "hotplug.c"
#include "rcu.c"
#include "rebalance.c"
#include "spawn.c"
#include "system.c"
#include "workers_thread.c"
#include "dpc_barrier.c"
#include "rcu_thread.c"
