/* SPDX-License-Identifier: MIT */
/*
 * device.h - a device that executes struct control.
 */
#ifndef TESTS_WINDOWS_DEVICE_H
#define TESTS_WINDOWS_DEVICE_H

#include <ntddk.h>

#include "control.h"

#define DEVICE_SYSTEM L"CpuslabSystem"
#define DEVICE_TESTER L"CpuslabTester"
#define DEVICE_FAILURES L"CpuslabFailures"

/* @path, @link: of the device and of its symbolic link. */
NTSTATUS device_create(PDRIVER_OBJECT driver, PCWSTR path, PCWSTR link,
		       void (*run)(struct control *control));
void device_delete(PDRIVER_OBJECT driver, PCWSTR link);

#endif /* TESTS_WINDOWS_DEVICE_H */
