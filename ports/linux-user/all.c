/* SPDX-License-Identifier: MIT */
/*
 * all.c - the whole port as one unit: what an embedder compiles, together
 * with lib/all.c.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "binding.c"
#include "cpu.c"
#include "discover.c"
#include "fence.c"
#include "fence_visit.c"
#include "fork.c"
#include "memory.c"
#include "mutex.c"
#include "nodes.c"
#include "notifier.c"
#include "notifier_early.c"
#include "notifier_socket.c"
#include "notifier_thread.c"
#include "rcu.c"
#include "sysfs.c"
#include "system.c"
#include "thread.c"
#include "uevent.c"
#include "worker.c"
