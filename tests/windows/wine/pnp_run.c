/* SPDX-License-Identifier: MIT */
/*
 * pnp_run.c - the sample's device in a device stack: what PnP sends at a start,
 * a rebalance and a removal arrives below in the right state, and new
 * processors are requested and used.
 */
#include <stdio.h>
#include <string.h>

#include "../../../ports/windows-kernel/sample/sample.h"

#include "../system_do.h"
#include "bus.h"
#include "run.h"

#define PNP_SERVICE "cpuslab-sample"

/* As in wdm.h, which programs do not include. */
#define PNP_POWER 0x16u          /* IRP_MJ_POWER */
#define PNP_SYSTEM_CONTROL 0x17u /* IRP_MJ_SYSTEM_CONTROL */
#define PNP_PNP 0x1bu            /* IRP_MJ_PNP */
#define PNP_START 0x00u          /* IRP_MN_START_DEVICE */
#define PNP_QUERY_REMOVE 0x01u
#define PNP_REMOVE 0x02u
#define PNP_CANCEL_REMOVE 0x03u
#define PNP_STOP 0x04u
#define PNP_QUERY_STOP 0x05u
#define PNP_CANCEL_STOP 0x06u
#define PNP_QUERY_CAPABILITIES 0x09u
#define PNP_FILTER 0x0du /* IRP_MN_FILTER_RESOURCE_REQUIREMENTS */
#define PNP_SURPRISE_REMOVAL 0x17u
#define PNP_INITIALIZING 0x80u      /* DO_DEVICE_INITIALIZING */
#define PNP_POWER_PAGABLE 0x2000u   /* DO_POWER_PAGABLE */
#define PNP_SPECIFIED_PROCESSORS 4u /* IrqPolicySpecifiedProcessors */

#define PNP_SUCCESS 0u
#define PNP_UNSUCCESSFUL 0xc0000001u
#define PNP_NOT_SUPPORTED 0xc00000bbu

static int pnp_failures;
static HANDLE pnp_device; /* the sample's */

static void pnp_check(int good, const char *what, int line)
{
	if (good)
		return;
	pnp_failures++;
	printf("the sample's device: pnp_run.c:%d: %s\n", line, what);
}

#define CHECK(cond) pnp_check((cond), #cond, __LINE__)

static void pnp_reset(void)
{
	system_reset_groups(256, 2, NUMBERING_DENSE, QUIRK_AVAILABLE,
			    64 | 64 << 8);
}

static struct sample_report pnp_report(void)
{
	struct sample_report report;
	DWORD bytes;

	memset(&report, 0, sizeof(report));
	CHECK(DeviceIoControl(pnp_device, SAMPLE_READ, NULL, 0, &report,
			      sizeof(report), &bytes, NULL));
	return report;
}

/* ---- requests ------------------------------------------------------------ */

struct pnp_request {
	uint32_t major, minor;
	uint32_t answer; /* of the bus */
	uint32_t assigned, lists;
};

static void pnp_send(const struct pnp_request *request, uint32_t holds)
{
	memset(&script_system, 0, sizeof(script_system));
	script_system.command = BUS_SEND;
	script_system.arg[BUS_MAJOR] = request->major;
	script_system.arg[BUS_MINOR] = request->minor;
	script_system.arg[BUS_STATUS] = request->answer;
	script_system.arg[BUS_ASSIGNED] = request->assigned;
	script_system.arg[BUS_LISTS] = request->lists;
	script_system.arg[BUS_HOLDS] = holds;
	machine_system(&script_system);
}

/* Wait until the bus holds it. */
static void pnp_held(const struct pnp_request *request)
{
	pnp_send(request, 1);
	do {
		Sleep(1);
		system_do(BUS_READ, 0, 0);
	} while (script_system.result[0] == BUS_STARTS);
	CHECK(script_system.result[0] == BUS_HAS_IT);
}

/* Returns its status; script_system is what BUS_READ says. */
static uint32_t pnp_finish(void)
{
	system_do(SYSTEM_WAIT, 0, 0);
	system_do(BUS_READ, 0, 0);
	CHECK(script_system.result[0] == BUS_SENT);
	return (uint32_t)script_system.status;
}

/*
 * Send it twice, completed below at once and by another thread later; both are
 * to end in the same way. Returns the status.
 */
static uint32_t pnp_both(const struct pnp_request *request)
{
	uint32_t status, seen;

	pnp_send(request, 0);
	status = pnp_finish();
	seen = (uint32_t)script_system.result[1];
	pnp_held(request);
	system_do(BUS_ANSWER, 0, 0);
	CHECK(pnp_finish() == status);
	CHECK(script_system.result[1] == seen);
	return status;
}

static uint32_t pnp_minor(uint32_t minor, uint32_t answer)
{
	const struct pnp_request request = { PNP_PNP, minor, answer, 0, 0 };

	return pnp_both(&request);
}

static uint32_t pnp_start(uint32_t assigned, uint32_t answer)
{
	const struct pnp_request request = { PNP_PNP, PNP_START, answer,
					     assigned, 0 };

	pnp_send(&request, 0);
	return pnp_finish();
}

/* ---- which processors are requested -------------------------------------- */

static const struct bus_requested *pnp_filter(uint32_t lists, uint32_t answer)
{
	const struct pnp_request request = { PNP_PNP, PNP_FILTER, answer, 0,
					     lists };

	CHECK(pnp_both(&request) == (answer == PNP_UNSUCCESSFUL ? answer : 0));
	CHECK(script_system.result[3]);
	return (const struct bus_requested *)(const void *)script_system.text;
}

static int pnp_requests(const struct bus_requested *one, uint32_t group,
			uint64_t targets)
{
	return one->policy == PNP_SPECIFIED_PROCESSORS && one->group == group &&
	       one->targets == targets && one->others;
}

/* Processors 0, 1 and 70 are online: in two groups. */
static void pnp_filters(void)
{
	const struct pnp_request none = { PNP_PNP, PNP_FILTER,
					  PNP_NOT_SUPPORTED, 0, BUS_NO_LIST };
	const struct bus_requested *one;

	/* No resources: as nobody handles it. */
	CHECK(pnp_both(&none) == PNP_NOT_SUPPORTED && !script_system.result[2]);
	one = pnp_filter(BUS_LINE, PNP_NOT_SUPPORTED);
	CHECK(pnp_requests(one, 0, 3));
	/* Messages take turns with the groups, an alternative does not. */
	one = pnp_filter(BUS_MESSAGES, PNP_SUCCESS);
	CHECK(pnp_requests(&one[0], 0, 3) && pnp_requests(&one[1], 1, 1 << 6));
	CHECK(pnp_requests(&one[2], 1, 1 << 6) && pnp_requests(&one[3], 0, 3));
	CHECK(pnp_requests(&one[4], 0, 3));
	one = pnp_filter(BUS_TWO_LISTS, PNP_NOT_SUPPORTED);
	CHECK(pnp_requests(&one[0], 0, 3) && pnp_requests(&one[1], 1, 1 << 6));
	CHECK(pnp_requests(&one[5], 0, 3));
	one = pnp_filter(BUS_IN_PARAMETERS, PNP_NOT_SUPPORTED);
	CHECK(pnp_requests(&one[1], 1, 1 << 6));
	/* A failure below is passed on, and nothing is requested. */
	one = pnp_filter(BUS_LINE, PNP_UNSUCCESSFUL);
	CHECK(one->policy != PNP_SPECIFIED_PROCESSORS);
}

/* ---- the life of the device ---------------------------------------------- */

static void pnp_removes(void)
{
	const struct pnp_request remove = { PNP_PNP, PNP_REMOVE, PNP_SUCCESS, 0,
					    0 };

	CHECK(!pnp_minor(PNP_QUERY_REMOVE, PNP_NOT_SUPPORTED));
	CHECK(!pnp_minor(PNP_CANCEL_REMOVE, PNP_NOT_SUPPORTED));
	CHECK(!pnp_minor(PNP_SURPRISE_REMOVAL, PNP_NOT_SUPPORTED));
	CHECK(script_system.result[1] == PNP_SUCCESS);
	pnp_send(&remove, 0);
	CHECK(!pnp_finish());
	CHECK(script_system.result[1] == PNP_SUCCESS);
	system_do(BUS_REMOVE, 0, 0);
	CHECK(script_system.result[0]);
}

/* Each step of AddDevice fails once; what it can do without may fail. */
static void pnp_fails_to_add(void)
{
	uint32_t nth, refused = 0;

	for (nth = 1; nth < 20; nth++) {
		system_do(SYSTEM_FAIL, nth, 0);
		if (system_do(BUS_ADD, 0, 0)) {
			CHECK(script_system.result[0]);
			refused++;
			continue;
		}
		system_do(SYSTEM_READ, 0, 0);
		if (script_system.result[RESULT_STEPS] < nth)
			break;
		pnp_removes();
	}
	CHECK(nth > 3 && nth < 20 && refused);
	system_do(SYSTEM_FAIL, 0, 0);
	/* With the last device the control device has been deleted. */
	pnp_removes();
	CHECK(CreateFileA("\\\\.\\" SAMPLE_NAME, GENERIC_READ, 0, NULL,
			  OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE);
}

static void pnp_adds(void)
{
	const struct bus_requested *one;

	CHECK(!system_do(BUS_ADD, 0, 0));
	CHECK(script_system.result[0] & PNP_POWER_PAGABLE);
	CHECK(!(script_system.result[0] & PNP_INITIALIZING));
	CHECK(script_system.result[1] == 1);
	pnp_device = device_open(SAMPLE_NAME);
	/* All messages in the one group that has processors. */
	one = pnp_filter(BUS_MESSAGES, PNP_NOT_SUPPORTED);
	CHECK(pnp_requests(&one[0], 0, 3) && pnp_requests(&one[3], 0, 3));
	CHECK(!system_do(SYSTEM_ADD, 70, 0));
	CHECK(!pnp_report().steered);
}

/* The device below starts first. */
static void pnp_starts(void)
{
	const struct pnp_request start = { PNP_PNP, PNP_START, PNP_SUCCESS, 3,
					   0 };

	CHECK(pnp_start(3, PNP_UNSUCCESSFUL) == PNP_UNSUCCESSFUL);
	CHECK(!pnp_report().steered && !pnp_report().interrupt);
	pnp_held(&start);
	CHECK(!pnp_report().steered && !pnp_report().interrupt);
	system_do(BUS_ANSWER, 0, 0);
	CHECK(!pnp_finish());
	CHECK(pnp_report().steered == 1 && pnp_report().interrupt == 3);
}

/* A processor is added; PnP stops the device and starts it with that one. */
static void pnp_rebalances(void)
{
	uint32_t steered;

	CHECK(!system_do(SYSTEM_ADD, 5, 0));
	steered = pnp_report().steered;
	CHECK(steered > 1);
	/* Another driver refuses the query: the stop is cancelled. */
	CHECK(pnp_minor(PNP_QUERY_STOP, PNP_UNSUCCESSFUL) == PNP_UNSUCCESSFUL);
	CHECK(script_system.result[1] == PNP_SUCCESS);
	CHECK(!pnp_minor(PNP_CANCEL_STOP, PNP_UNSUCCESSFUL));
	CHECK(script_system.result[1] == PNP_SUCCESS);
	CHECK(!pnp_minor(PNP_QUERY_STOP, PNP_NOT_SUPPORTED));
	CHECK(!pnp_minor(PNP_STOP, PNP_NOT_SUPPORTED));
	CHECK(script_system.result[1] == PNP_SUCCESS);
	/* Without resources it is not steered. */
	CHECK(!system_do(SYSTEM_ADD, 6, 0));
	CHECK(pnp_report().steered == steered);
	CHECK(pnp_requests(pnp_filter(BUS_LINE, PNP_NOT_SUPPORTED), 0, 0x63));
	CHECK(!pnp_start(0x63, PNP_SUCCESS));
	CHECK(pnp_report().steered == steered + 1);
	CHECK(pnp_report().interrupt == 0x63);
	/* The available processors change. */
	system_do(SYSTEM_AVAILABLE, 1, 0);
	system_do(SYSTEM_WAIT, 0, 0);
	while (pnp_report().steered < steered + 2)
		Sleep(1);
}

/* What the driver does not handle is passed on as it came. */
static void pnp_passes(void)
{
	const struct pnp_request power = { PNP_POWER, 2, PNP_SUCCESS, 0, 0 };
	const struct pnp_request wmi = { PNP_SYSTEM_CONTROL, 1,
					 PNP_NOT_SUPPORTED, 0, 0 };

	CHECK(pnp_minor(PNP_QUERY_CAPABILITIES, PNP_NOT_SUPPORTED) ==
	      PNP_NOT_SUPPORTED);
	CHECK(script_system.result[1] == PNP_NOT_SUPPORTED);
	CHECK(!pnp_both(&power));
	CHECK(pnp_both(&wmi) == PNP_NOT_SUPPORTED);
}

int pnp_run(const char *folder)
{
	pnp_reset();
	CHECK(!service_start(folder, PNP_SERVICE));
	pnp_fails_to_add();
	pnp_adds();
	pnp_filters();
	pnp_starts();
	pnp_rebalances();
	pnp_passes();
	CloseHandle(pnp_device);
	pnp_removes();
	CHECK(!service_stop(PNP_SERVICE));
	system_do(SYSTEM_READ, 0, 0);
	if (script_system.result[RESULT_VIOLATIONS])
		pnp_check(0, script_system.text, __LINE__);
	CHECK(!script_system.result[RESULT_ALLOCATIONS]);
	CHECK(!script_system.result[RESULT_NOTICES]);
	printf("the sample's device: %s\n", pnp_failures ? "FAILED" : "ok");
	return pnp_failures != 0;
}
