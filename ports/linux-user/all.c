/* SPDX-License-Identifier: MIT */
/*
 * all.c - the whole port as one unit: what an embedder compiles, together
 * with lib/all.c.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#ifndef _FILE_OFFSET_BITS
/* Or readdir() fails in a 32-bit program on a 64-bit kernel. */
#define _FILE_OFFSET_BITS 64
#endif
#include "addends.c"
#include "binding.c"
#include "cas16.c"
#include "cpu.c"
#include "create.c"
#include "discover.c"
#include "fence.c"
#include "fence_pinned_thread.c"
#include "fork.c"
#include "memory.c"
#include "mutex.c"
#include "nodes.c"
#include "hotplug.c"
#include "hotplug_early.c"
#include "hotplug_socket.c"
#include "hotplug_thread.c"
#include "process.c"
#include "rcu.c"
#include "read.c"
#include "region.c"
#include "registration.c"
#include "stack.c"
#include "sysfs.c"
#include "system.c"
#include "tasks.c"
#include "thread.c"
#include "trace.c"
#include "uevent.c"
#include "rcu_thread.c"
#include "retry.c"
#include "sum.c"
#include "../../lib/structures/workers_thread.c"
