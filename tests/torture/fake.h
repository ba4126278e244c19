/* SPDX-License-Identifier: MIT */
/*
 * fake.h - a made-up /sys and /proc in a temporary folder, with one root for
 * both.
 *
 * One at a time, and only while no other thread uses the port. fake_remove()
 * also runs at exit.
 */
#ifndef CPUSLAB_TESTS_FAKE_H
#define CPUSLAB_TESTS_FAKE_H

#include <stdbool.h>

/* Start with an empty tree; the previous one is removed. */
void fake_begin(void);
/* Create a file with @text, and its folders. */
void fake_put(const char *path, const char *text);
void fake_folder(const char *path);
void fake_fifo(const char *path);
void fake_link(const char *path, const char *target);
void fake_delete(const char *path);
/* Make the port read it as /sys, as /proc, and forget what it read before. */
void fake_use(bool sys, bool proc);
/*
 * CPUs: those present, and those that are online and that the process may use;
 * also in affinity masks. The lists are not copied.
 */
void fake_system(const char *present, const char *online);
/* Use the real ones again. */
void fake_remove(void);

#endif /* CPUSLAB_TESTS_FAKE_H */
