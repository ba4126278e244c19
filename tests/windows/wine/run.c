/* SPDX-License-Identifier: MIT */
/*
 * run.c - load the system and the driver under test into Wine, and run the
 * scripts. One program drives everything, because Wine stops its drivers when
 * no program runs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../control.h"
#include "run.h"

static HANDLE run_system, run_tester;

static void run_control(HANDLE device, struct control *control)
{
	DWORD bytes;

	if (DeviceIoControl(device, CONTROL_CODE, control, sizeof(*control),
			    control, sizeof(*control), &bytes, NULL))
		return;
	printf("a device does not answer: %lu\n", GetLastError());
	fflush(stdout);
	exit(3);
}

void machine_system(struct control *control)
{
	run_control(run_system, control);
}

void machine_tester(struct control *control)
{
	run_control(run_tester, control);
}

void machine_report(int bad, const char *name, const char *text, int line)
{
	if (bad && line)
		printf("%s: script.c:%d: %s\n", name, line, text);
	else
		printf("%s: %s\n", name, text);
	fflush(stdout);
}

static int run_driver(const char *folder, const char *name, const char *link,
		      HANDLE *device)
{
	DWORD err = service_start(folder, name);

	if (err) {
		printf("%s: not started: %lu\n", name, err);
		return 0;
	}
	*device = device_open(link);
	return *device != INVALID_HANDLE_VALUE;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc != 2) {
		printf("usage: run FOLDER-OF-DRIVERS\n");
		return 2;
	}
	if (!run_driver(argv[1], "system", "CpuslabSystem", &run_system))
		return 3;
	if (!run_driver(argv[1], "tester", "CpuslabTester", &run_tester))
		return 3;
	failed = script_run(NULL);
	CloseHandle(run_tester);
	if (service_stop("tester")) {
		printf("tester: not stopped\n");
		failed++;
	}
	failed += sample_run(argv[1]);
	failed += pnp_run(argv[1]);
	failed += inf_run(argv[1]);
	failed += failures_run(argv[1]);
	if (service_stop("system")) {
		printf("system: not stopped\n");
		failed++;
	}
	CloseHandle(run_system); /* no driver handles it */
	printf("%d failed\n", failed);
	return failed ? 1 : 0;
}
