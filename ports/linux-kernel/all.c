// SPDX-License-Identifier: MIT
/*
 * all.c - the port as one unit: what an embedder compiles together with
 * lib/all.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "cpu.c"
#include "create.c"
#include "hotplug.c"
#include "listing.c"
#include "memory.c"
#include "mutex.c"
#include "percpu_ptr.c"
#include "cas16.c"
#include "rcu.c"
#include "ring_file.c"
#include "ring_pages.c"
#include "static.c"
#include "system.c"
#include "trace.c"
#include "workers_thread.c"
