/* SPDX-License-Identifier: MIT */
/*
 * cpus.h - the CPUs that the process may use change: in a cpuset of its own and
 * by CPUs that go offline, if the environment says so, and by affinity.
 *
 *	CPUSLAB_SOAK_CPUSET    the file cpuset.cpus of a cgroup in which only
 *	                       this process and its children are
 *	CPUSLAB_SOAK_HOTPLUG   if set, CPUs go offline and return: in a guest
 */
#ifndef CPUSLAB_TESTS_CPUS_H
#define CPUSLAB_TESTS_CPUS_H

#include <stdint.h>

extern uint64_t cpus_changes; /* W one thread */

void cpus_begin(void);
void cpus_change(uint64_t *random);
/* As at the start. Only while no other thread changes its affinity. */
void cpus_restore(void);

#endif /* CPUSLAB_TESTS_CPUS_H */
