/* SPDX-License-Identifier: MIT */
/*
 * failures_run.c - the scenarios of tests/driver_failures/ on the simulated
 * system, which loads a driver for each, notifies it of adds, and unloads it.
 * The usual way must fail as claimed and be right without the changes; with
 * cpuslab the driver is right and leaves nothing behind.
 */
#include <stdio.h>
#include <string.h>

#include "../../driver_failures/event.h"
#include "../../driver_failures/list.h"
#include "../control.h"
#include "../driver_failures/driver.h"
#include "run.h"

static HANDLE failures_device;
static const char *failures_folder;

static uint64_t failures_system(uint32_t command, uint32_t a, uint32_t b,
				uint32_t result)
{
	struct control control = { .command = command, .arg = { a, b } };

	machine_system(&control);
	return control.result[result];
}

static struct control failures_do(uint32_t command, uint32_t a, uint32_t b)
{
	struct control control = { .command = command, .arg = { a, b } };
	DWORD bytes;

	if (!DeviceIoControl(failures_device, CONTROL_CODE, &control,
			     sizeof(control), &control, sizeof(control), &bytes,
			     NULL))
		control.status = -1;
	return control;
}

/* ---- a script -------------------------------------------------------- */

/* One notification: the states are KE_PROCESSOR_CHANGE_NOTIFY_STATE's. */
static void failures_notify(uint32_t state, uint32_t cpu)
{
	failures_system(SYSTEM_EVENT, state, cpu, 0);
}

static void failures_memory(int available)
{
	failures_do(DRIVER_MEMORY, available, 0);
	failures_system(SYSTEM_FAIL, !available, 1, 0);
}

static void failures_change(uint32_t what, uint32_t number)
{
	switch (what) {
	case EVENT_START:
		failures_notify(0, number);
		break;
	case EVENT_COMPLETE:
		failures_system(SYSTEM_RUNS, number, 1, 0);
		failures_notify(1, number);
		break;
	case EVENT_FAILURE:
		failures_system(SYSTEM_RUNS, number, 0, 0);
		failures_notify(2, number);
		break;
	case EVENT_RUN:
		failures_system(SYSTEM_RUNS, number, 1, 0);
		break;
	case EVENT_ADD:
		failures_system(SYSTEM_ADD, number, 0, 0);
		break;
	case EVENT_NO_MEMORY:
	case EVENT_MEMORY:
		failures_memory(what == EVENT_MEMORY);
		break;
	}
}

static void failures_play(int changes)
{
	struct control event;
	uint32_t nth;

	for (nth = 0;; nth++) {
		event = failures_do(DRIVER_EVENT, nth, 0);
		if (event.status || event.result[0] == EVENT_END)
			return;
		if (event.result[0] == EVENT_WORK) {
			failures_do(DRIVER_WORK, (uint32_t)event.result[1], 0);
		} else if (event.result[0] == EVENT_ADD_DURING) {
			failures_do(DRIVER_WORK, 0, 1);
			if (changes)
				failures_system(SYSTEM_ADD,
						(uint32_t)event.result[1], 0,
						0);
			failures_do(DRIVER_JOIN, 0, 0);
		} else if (changes) {
			failures_change((uint32_t)event.result[0],
					(uint32_t)event.result[1]);
		}
		failures_do(DRIVER_QUIESCE, 0, 0);
	}
}

/* ---- a way ----------------------------------------------------------- */

struct failures_result {
	char name[CONTROL_TEXT], text[CONTROL_TEXT];
	int fails, right, always;
	uint64_t left; /* allocations, after the unload */
	int good;      /* it was loaded, and the system saw no violation */
};

/* Some start with other processors than 0 to 3. */
static void failures_first(uint32_t scenario)
{
	struct control first = failures_do(DRIVER_FIRST, scenario, 0);
	uint32_t i;

	for (i = 0; i < DRIVER_PROCESSORS; i++)
		failures_system(SYSTEM_RUNS, (uint32_t)first.result[i], 1, 0);
	for (i = 0; i < DRIVER_PROCESSORS; i++)
		if (first.result[0] != i && first.result[1] != i &&
		    first.result[2] != i && first.result[3] != i)
			failures_system(SYSTEM_RUNS, i, 0, 0);
}

static void failures_reset(void)
{
	struct control control = { .command = SYSTEM_RESET };

	control.arg[ARG_LIMIT] = 128;
	control.arg[ARG_ACTIVE] = DRIVER_PROCESSORS;
	control.arg[ARG_WIDTHS] = 64 | 64 << 8;
	control.arg[ARG_QUIRKS] = QUIRK_LATE_MEMORY | QUIRK_FORGET;
	machine_system(&control);
}

static void failures_way(uint32_t scenario, int cpuslab, int changes,
			 struct failures_result *result)
{
	struct control control;

	memset(result, 0, sizeof(*result));
	failures_reset();
	if (service_start(failures_folder, "failures"))
		return;
	failures_device = device_open("CpuslabFailures");
	failures_first(scenario);
	control = failures_do(DRIVER_LOAD, scenario, cpuslab);
	result->good = !control.status;
	memcpy(result->name, control.text, CONTROL_TEXT);
	failures_play(changes);
	control = failures_do(DRIVER_FINISH, 0, 0);
	memcpy(result->text, control.text, CONTROL_TEXT);
	result->fails = control.result[DRIVER_FAILS] == 1;
	result->right = control.result[DRIVER_RIGHT] == 1;
	result->always = control.result[DRIVER_ALWAYS] == 1;
	CloseHandle(failures_device);
	result->good &= !service_stop("failures");
	result->left = failures_system(SYSTEM_READ, 0, 0, RESULT_ALLOCATIONS);
	result->good &=
		!failures_system(SYSTEM_READ, 0, 0, RESULT_THREADS) &&
		!failures_system(SYSTEM_READ, 0, 0, RESULT_REGISTRATIONS);
	control.command = SYSTEM_READ;
	machine_system(&control);
	if (!control.result[RESULT_VIOLATIONS])
		return;
	result->good = 0;
	memcpy(result->text, control.text, CONTROL_TEXT);
}

/* ---- all of them ----------------------------------------------------- */

static int failures_expect(int good, const char *what,
			   const struct failures_result *result)
{
	if (!good)
		printf("failures: %s: %s: %s\n", result->name, what,
		       result->text);
	return !good;
}

static int failures_scenario(uint32_t scenario)
{
	struct failures_result usual, quiet, cpuslab;
	int bad = 0;

	failures_way(scenario, 0, 1, &usual);
	bad += failures_expect(usual.good && usual.fails,
			       "the usual way does not fail as claimed",
			       &usual);
	failures_way(scenario, 0, 0, &quiet);
	bad += failures_expect(quiet.good && quiet.right != quiet.always,
			       "it is not the change that makes it fail",
			       &quiet);
	failures_way(scenario, 1, 1, &cpuslab);
	bad += failures_expect(cpuslab.good && cpuslab.right && !cpuslab.fails,
			       "with cpuslab it is not right", &cpuslab);
	bad += failures_expect(!cpuslab.left, "with cpuslab something is left",
			       &cpuslab);
	printf("failures, %s: usual: %s\n", usual.name, usual.text);
	printf("failures, %s: cpuslab: %s\n", usual.name, cpuslab.text);
	printf("failures, %s: %s\n", usual.name, bad ? "FAILED" : "ok");
	fflush(stdout);
	return bad != 0;
}

int failures_run(const char *folder)
{
	uint32_t scenario;
	int failed = 0;

	failures_folder = folder;
	for (scenario = 0; scenario < LIST_DOCUMENTED_COUNT; scenario++)
		failed += failures_scenario(scenario);
	failures_reset();
	return failed;
}
