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

/* Of text like "0-2,5"; 0 for an empty or wrong one. */
uint64_t cpus_parse(const char *text);
/* The text, in one of four buffers that are used in turn. */
const char *cpus_text(uint64_t cpus);
/* What a file of /sys or /proc lists. */
uint64_t cpus_file(const char *path);
/* Those in the domain's set. */
uint64_t cpus_domain(const struct cpuslab_domain *domain);
/* Where the thread @tid may run by the kernel's word; 0 for the caller. */
uint64_t cpus_affinity(pid_t tid);
/* What all threads of this process together may use and is online. */
uint64_t cpus_process(void);
/* False if no CPU of @cpus is there. */
bool cpus_pin(pid_t tid, uint64_t cpus);
/* Bring CPU @cpu online or take it offline, by /sys. */
bool cpus_online(unsigned int cpu, bool online);

/* ---- the rest ----------------------------------------------------------- */

uint64_t now_ns(void);
/* Resident memory of this process, in bytes. */
uint64_t resident_bytes(void);
/* Wait until @is(@arg) or for @seconds; what it said last. */
bool wait_until(double seconds, bool (*is)(void *arg), void *arg);

/* A line "ok NAME" or "not ok NAME: WHY"; returns @passed. */
bool check(bool passed, const char *name, const char *why, ...)
	__attribute__((format(printf, 3, 4)));
/* Print and end the process. */
void must(int result, const char *what);

#endif /* CPUSLAB_TESTS_VM_COMMON_H */
