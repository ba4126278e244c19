/* SPDX-License-Identifier: MIT */
/*
 * fake.h - a made-up /sys and /proc in a temporary folder: one root for both.
 *
 * One at a time; only while nobody else uses the port. fake_remove() also runs
 * at exit.
 */
#ifndef CPUSLAB_TESTS_FAKE_H
#define CPUSLAB_TESTS_FAKE_H

#include <stdbool.h>

/* An empty tree; the old one is removed. */
void fake_begin(void);
/* A file with @text, and the folders that it needs. */
void fake_put(const char *path, const char *text);
void fake_folder(const char *path);
void fake_delete(const char *path);
/* Let the port read it as /sys, as /proc, and forget what it read before. */
void fake_use(bool sys, bool proc);
/*
 * CPUs: which are there, and which of them are online and ours; also for
 * the scheduler. The lists are not copied.
 */
void fake_system(const char *present, const char *online);
/* The real ones again. */
void fake_remove(void);

#endif /* CPUSLAB_TESTS_FAKE_H */
