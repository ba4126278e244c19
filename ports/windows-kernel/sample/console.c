/* SPDX-License-Identifier: MIT */
/*
 * console.c - show the counts of the sample driver.
 *
 *	cpuslab-sample            the processors and their counts
 *	cpuslab-sample COUNT      generate that many events first
 */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#include "sample.h"

static void console_show(const struct sample_report *report)
{
	uint32_t i;

	printf("%llu events; %u of %u processors online, %llu changes; "
	       "%llu bytes committed\n",
	       (unsigned long long)report->events, report->online,
	       report->limit, (unsigned long long)report->generation,
	       (unsigned long long)report->committed);
	printf("devices steered %u times; interrupt on processors %#llx\n",
	       report->steered, (unsigned long long)report->interrupt);
	for (i = 0; i < report->rows; i++)
		printf("  processor %4u  %-7s  %llu\n", report->row[i].cpu,
		       report->row[i].online ? "online" : "absent",
		       (unsigned long long)report->row[i].events);
}

/*
 * A program inherits the affinity mask of the one that started it, which lacks
 * the processors that have been added since.
 */
static void console_use_added(void)
{
	DWORD_PTR process, system;

	if (GetProcessAffinityMask(GetCurrentProcess(), &process, &system) &&
	    system)
		SetProcessAffinityMask(GetCurrentProcess(), system);
}

int main(int argc, char **argv)
{
	struct sample_report report;
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
	HANDLE device;
	DWORD bytes;

	console_use_added();
	device = CreateFileA("\\\\.\\" SAMPLE_NAME,
			     GENERIC_READ | GENERIC_WRITE, 0, NULL,
			     OPEN_EXISTING, 0, NULL);
	if (device == INVALID_HANDLE_VALUE) {
		fprintf(stderr, "the driver is not loaded (error %lu)\n",
			GetLastError());
		return 1;
	}
	if ((count && !DeviceIoControl(device, SAMPLE_COUNT, &count,
				       sizeof(count), NULL, 0, &bytes, NULL)) ||
	    !DeviceIoControl(device, SAMPLE_READ, NULL, 0, &report,
			     sizeof(report), &bytes, NULL)) {
		fprintf(stderr, "the driver says %lu\n", GetLastError());
		return 1;
	}
	console_show(&report);
	CloseHandle(device);
	return 0;
}
