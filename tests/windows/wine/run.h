/* SPDX-License-Identifier: MIT */
/*
 * run.h - services and devices, for the program in Wine.
 */
#ifndef TESTS_WINDOWS_RUN_H
#define TESTS_WINDOWS_RUN_H

#include <windows.h>

/* Load the driver @name.sys in @folder. 0, or a system error. */
DWORD service_start(const char *folder, const char *name);
/*
 * Stop it and delete its service, while a handle of the system is open. 0, or a
 * system error.
 */
DWORD service_stop(const char *name);
/* Open it by its symbolic link; INVALID_HANDLE_VALUE after a message. */
HANDLE device_open(const char *name);

/* The sample driver, unchanged. Returns the number of failed checks. */
int sample_run(const char *folder);

/* The sample's device, below which a bus answers. Likewise. */
int pnp_run(const char *folder);

/* The sample's installation by its .inf. Likewise. */
int inf_run(const char *folder);

/* The scenarios of tests/driver_failures/. Returns the number of failures. */
int failures_run(const char *folder);

#endif /* TESTS_WINDOWS_RUN_H */
