/* SPDX-License-Identifier: MIT */
/*
 * run.h - services and devices, as the program in Wine uses them.
 */
#ifndef TESTS_WINDOWS_RUN_H
#define TESTS_WINDOWS_RUN_H

#include <windows.h>

/* A driver in @folder, named @name.sys. 0, or a system error. */
DWORD service_start(const char *folder, const char *name);
/* Stop and forget it. 0, or a system error. */
DWORD service_stop(const char *name);
/* By its symbolic link; INVALID_HANDLE_VALUE after a line that says why. */
HANDLE device_open(const char *name);

/* The sample driver, unchanged. Returns how many checks failed. */
int sample_run(const char *folder);

/* Installing it by its .inf. Likewise. */
int inf_run(const char *folder);

/* The scenarios of tests/driver_failures/. Returns how many failed. */
int failures_run(const char *folder);

#endif /* TESTS_WINDOWS_RUN_H */
