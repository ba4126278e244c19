/* SPDX-License-Identifier: MIT */
#include "../tester.h"
#include "device.h"

static VOID NTAPI tester_unload(PDRIVER_OBJECT driver)
{
	device_delete(driver, L"\\DosDevices\\" DEVICE_TESTER);
}

DRIVER_INITIALIZE DriverEntry;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
	(void)path;
	driver->DriverUnload = tester_unload;
	tester_object = driver;
	return device_create(driver, L"\\Device\\" DEVICE_TESTER,
			     L"\\DosDevices\\" DEVICE_TESTER, tester_control);
}
