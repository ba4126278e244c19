/* SPDX-License-Identifier: MIT */
/*
 * user_private.h - what the sources of this port share.
 */
#ifndef CPUSLAB_USER_PRIVATE_H
#define CPUSLAB_USER_PRIVATE_H

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>

#include <cpuslab/group.h>
#include <cpuslab/port.h>

/* cpu.c: the system's groups; constant once they are known. */
const struct cpuslab_group_map *cpuslab__win_groups(void);

/*
 * cpu.c: does the process end? In DllMain then. No other thread exists, and
 * what they held or did is as they left it.
 */
bool cpuslab__win_ends(void);

/* rcu.c */
void cpuslab__win_rcu_run_batch(void);

/* rcu_thread.c: let a thread of the pool run what is queued. */
void cpuslab__win_rcu_thread_wake(void);

#endif /* CPUSLAB_USER_PRIVATE_H */
