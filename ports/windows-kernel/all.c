/* SPDX-License-Identifier: MIT */
/*
 * all.c - the port as one unit: what a driver compiles, together with
 * lib/all.c.
 */
#include "cpu.c"
#include "init.c"
#include "memory.c"
#include "mutex.c"
#include "record.c"
#include "hotplug.c"
#include "rcu.c"
#include "rebalance.c"
#include "system.c"
#include "thread.c"
#include "dpc_barrier.c"
#include "rcu_thread.c"
#include "../../lib/structures/workers_thread.c"
