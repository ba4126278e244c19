/* SPDX-License-Identifier: MIT */
/*
 * sample_run.c - the sample driver as it would be shipped: it loads, fails to
 * load, counts, follows an add, refuses one, unloads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <sddl.h>

#include "../../../ports/windows-kernel/sample/sample.h"

#include "../system_do.h"
#include "bus.h"
#include "run.h"

#define SAMPLE_SERVICE "cpuslab-sample"

static const char *sample_folder;
static int sample_failures;

static void sample_check(int good, const char *what, int line)
{
	if (good)
		return;
	sample_failures++;
	printf("the sample driver: sample_run.c:%d: %s\n", line, what);
}

#define CHECK(cond) sample_check((cond), #cond, __LINE__)

static void sample_reset(uint32_t quirks)
{
	system_reset_groups(2048, 2, NUMBERING_DENSE, quirks, 64 | 64 << 8);
}

static void expect_clean(int line)
{
	system_do(SYSTEM_READ, 0, 0);
	if (script_system.result[RESULT_VIOLATIONS])
		sample_check(0, script_system.text, line);
	sample_check(!script_system.result[RESULT_ALLOCATIONS],
		     "memory is left", line);
	sample_check(!script_system.result[RESULT_REGISTRATIONS] &&
			     !script_system.result[RESULT_NOTICES],
		     "a registration is left", line);
	sample_check(!script_system.result[RESULT_THREADS], "a thread is left",
		     line);
}

static void sample_read(HANDLE device, struct sample_report *report)
{
	DWORD bytes;

	memset(report, 0, sizeof(*report));
	CHECK(DeviceIoControl(device, SAMPLE_READ, NULL, 0, report,
			      sizeof(*report), &bytes, NULL));
}

static void sample_count(HANDLE device, uint64_t count)
{
	DWORD bytes;

	CHECK(DeviceIoControl(device, SAMPLE_COUNT, &count, sizeof(count), NULL,
			      0, &bytes, NULL));
}

/* Each step of the driver's entry fails once; then it loads. */
static void sample_fails_to_load(void)
{
	uint32_t nth;

	sample_reset(QUIRK_NULL);
	CHECK(service_start(sample_folder, SAMPLE_SERVICE));
	expect_clean(__LINE__);
	for (nth = 1; nth < 100; nth++) {
		DWORD err;

		sample_reset(0);
		system_do(SYSTEM_FAIL, nth, 0);
		err = service_start(sample_folder, SAMPLE_SERVICE);
		if (!err)
			break;
		expect_clean(__LINE__);
	}
	CHECK(nth > 10 && nth < 100);
	CHECK(!service_stop(SAMPLE_SERVICE));
	expect_clean(__LINE__);
}

static void sample_works(void)
{
	struct sample_report report;
	HANDLE device;
	uint32_t i;

	sample_reset(0);
	CHECK(!service_start(sample_folder, SAMPLE_SERVICE));
	device = device_open(SAMPLE_NAME);
	sample_count(device, 10000);
	sample_read(device, &report);
	CHECK(report.events == 10000 && report.online == 2);
	CHECK(report.limit == 2048 && report.rows == 2);
	CHECK(report.row[0].events + report.row[1].events == 10000);
	/* The next add is refused for lack of memory, and then succeeds. */
	system_do(SYSTEM_FAIL, 1, 0);
	CHECK(system_do(SYSTEM_ADD, 99, 0) < 0);
	system_do(SYSTEM_FAIL, 0, 0);
	sample_read(device, &report);
	CHECK(report.online == 2);
	CHECK(!system_do(SYSTEM_ADD, 99, ADD_RUNS));
	sample_count(device, 10000);
	sample_read(device, &report);
	CHECK(report.events == 20000 && report.online == 3);
	for (i = 0; i < report.rows && report.row[i].cpu != 99;)
		i++;
	CHECK(i < report.rows && report.row[i].events > 1000);
	CloseHandle(device);
	CHECK(!service_stop(SAMPLE_SERVICE));
	expect_clean(__LINE__);
}

/* Only the system and administrators open it, with the access they ask for. */
static void sample_is_protected(void)
{
	uint64_t count = 1;
	char *descriptor = NULL;
	HANDLE device;
	DWORD bytes;

	sample_reset(0);
	CHECK(!service_start(sample_folder, SAMPLE_SERVICE));
	CHECK(!system_do(BUS_SECURITY, 0, 0));
	CHECK(ConvertSecurityDescriptorToStringSecurityDescriptorA(
		script_system.text, SDDL_REVISION_1, DACL_SECURITY_INFORMATION,
		&descriptor, NULL));
	CHECK(descriptor && !strcmp(descriptor, "D:P(A;;FA;;;SY)(A;;FA;;;BA)"));
	LocalFree(descriptor);
	device = CreateFileA("\\\\.\\" SAMPLE_NAME, GENERIC_READ, 0, NULL,
			     OPEN_EXISTING, 0, NULL);
	CHECK(!DeviceIoControl(device, SAMPLE_COUNT, &count, sizeof(count),
			       NULL, 0, &bytes, NULL));
	CHECK(GetLastError() == ERROR_ACCESS_DENIED);
	CloseHandle(device);
	CHECK(!service_stop(SAMPLE_SERVICE));
	expect_clean(__LINE__);
}

/* The output of the console program. */
static void sample_shows(void)
{
	char command[2 * MAX_PATH];

	sample_reset(0);
	CHECK(!service_start(sample_folder, SAMPLE_SERVICE));
	snprintf(command, sizeof(command), "%s\\cpuslab-sample.exe 1000",
		 sample_folder);
	CHECK(!system(command));
	CHECK(!service_stop(SAMPLE_SERVICE));
	expect_clean(__LINE__);
}

int sample_run(const char *folder)
{
	sample_folder = folder;
	sample_fails_to_load();
	sample_works();
	sample_is_protected();
	sample_shows();
	printf("the sample driver: %s\n", sample_failures ? "FAILED" : "ok");
	return sample_failures != 0;
}
