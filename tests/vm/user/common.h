/* SPDX-License-Identifier: MIT */
/*
 * common.h - what the programs that run in guests share.
 *
 * A guest has at most 64 CPUs: a set of them is one word.
 */
#ifndef CPUSLAB_TESTS_VM_COMMON_H
#define CPUSLAB_TESTS_VM_COMMON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <cpuslab/domain.h>
#include <cpuslab/slab.h>

/* ---- sets of CPUs ------------------------------------------------- */

/* From text like "0-2,5"; 0 for an empty or invalid one. */
uint64_t cpus_parse(const char *text);
/* As text, in one of four buffers that are used in turn. */
const char *cpus_text(uint64_t cpus);
/* The list in a file of /sys or /proc. */
uint64_t cpus_file(const char *path);
/* The CPUs in the domain's mask. */
uint64_t cpus_domain(const struct cpuslab_domain *domain);
/* Where thread @tid may run according to the kernel; 0: the caller. */
uint64_t cpus_affinity(pid_t tid);
/* Online CPUs that at least one thread of this process may use. */
uint64_t cpus_process(void);
/* False if no CPU of @cpus is available. */
bool cpus_pin(pid_t tid, uint64_t cpus);
/* Bring @cpu online, or take it offline, through /sys. */
bool cpus_online(unsigned int cpu, bool online);

/* ---- the rest ----------------------------------------------------------- */

uint64_t now_ns(void);
/* Resident memory of this process, in bytes. */
uint64_t resident_bytes(void);
/* Wait until @is(@arg), at most @seconds; its last result. */
bool wait_until(double seconds, bool (*is)(void *arg), void *arg);

/* A line "ok NAME" or "not ok NAME: WHY"; returns @passed. */
bool check(bool passed, const char *name, const char *why, ...)
	__attribute__((format(printf, 3, 4)));
/* Print and end the process. */
void must(int result, const char *what);

#endif /* CPUSLAB_TESTS_VM_COMMON_H */
