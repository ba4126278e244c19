/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "../control.h"
#include "run.h"

#define SERVICE_WAIT_MS 10000u

DWORD service_start(const char *folder, const char *name)
{
	SC_HANDLE manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_ALL_ACCESS);
	char path[MAX_PATH];
	SC_HANDLE service;
	DWORD err = 0;

	snprintf(path, sizeof(path), "%s\\%s.sys", folder, name);
	/* One group, so that Wine loads all drivers into one process. */
	service = CreateServiceA(manager, name, name, SERVICE_ALL_ACCESS,
				 SERVICE_KERNEL_DRIVER, SERVICE_DEMAND_START,
				 SERVICE_ERROR_NORMAL, path, "Cpuslab", NULL,
				 NULL, NULL, NULL);
	if (!service)
		service = OpenServiceA(manager, name, SERVICE_ALL_ACCESS);
	if (!service || !StartServiceA(service, 0, NULL))
		err = GetLastError();
	if (service)
		CloseServiceHandle(service);
	CloseServiceHandle(manager);
	return err;
}

/*
 * CloseHandle() does not wait for the driver, and Wine unloads a driver that is
 * still handling a request. One thread handles the requests for all drivers in
 * order: when the system answers, all earlier ones have been handled.
 */
static void service_idle(void)
{
	struct control read = { .command = SYSTEM_READ };

	machine_system(&read);
}

DWORD service_stop(const char *name)
{
	SC_HANDLE manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_ALL_ACCESS);
	SC_HANDLE service = OpenServiceA(manager, name, SERVICE_ALL_ACCESS);
	DWORD err = 0, waited;
	SERVICE_STATUS status;

	service_idle();
	if (!service || !ControlService(service, SERVICE_CONTROL_STOP, &status))
		err = GetLastError();
	for (waited = 0; !err && waited < SERVICE_WAIT_MS; waited += 10) {
		if (!QueryServiceStatus(service, &status))
			err = GetLastError();
		if (status.dwCurrentState == SERVICE_STOPPED)
			break;
		Sleep(10);
	}
	if (!err && waited >= SERVICE_WAIT_MS)
		err = ERROR_SERVICE_REQUEST_TIMEOUT;
	if (service) {
		DeleteService(service);
		CloseServiceHandle(service);
	}
	CloseServiceHandle(manager);
	return err;
}

HANDLE device_open(const char *name)
{
	char path[MAX_PATH];
	HANDLE device;

	snprintf(path, sizeof(path), "\\\\.\\%s", name);
	device = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL,
			     OPEN_EXISTING, 0, NULL);
	if (device == INVALID_HANDLE_VALUE)
		printf("%s: not opened: %lu\n", path, GetLastError());
	return device;
}
