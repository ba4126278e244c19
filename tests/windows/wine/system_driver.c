/* SPDX-License-Identifier: MIT */
/*
 * system_driver.c - the simulated system as a driver in Wine. Before the entry
 * of another driver runs, the functions that it imports from the kernel by name
 * are replaced by those of the system; the driver itself is the one that
 * Windows would load.
 */
#include "../fake_nt/system.h"

#include <ntimage.h>

#include "bus.h"
#include "device.h"

/* All functions that the system replaces; the others are Wine's. */
#define FUNCTIONS(X)                                                           \
	X(PsGetVersion)                                                        \
	X(KeQueryMaximumProcessorCountEx)                                      \
	X(KeGetCurrentProcessorNumberEx)                                       \
	X(KeGetProcessorNumberFromIndex)                                       \
	X(KeGetProcessorIndexFromNumber)                                       \
	X(KeQueryGroupAffinity)                                                \
	X(KeQueryHighestNodeNumber)                                            \
	X(KeSetSystemGroupAffinityThread)                                      \
	X(KeRevertToUserGroupAffinityThread)                                   \
	X(KeGetCurrentIrql)                                                    \
	X(KfRaiseIrql)                                                         \
	X(KeLowerIrql)                                                         \
	X(KeInitializeDpc)                                                     \
	X(KeSetImportanceDpc)                                                  \
	X(KeSetTargetProcessorDpcEx)                                           \
	X(KeInsertQueueDpc)                                                    \
	X(KeRemoveQueueDpc)                                                    \
	X(KeFlushQueuedDpcs)                                                   \
	X(ExAllocatePool2)                                                     \
	X(ExAllocatePoolWithTag)                                               \
	X(ExFreePoolWithTag)                                                   \
	X(KeInitializeEvent)                                                   \
	X(MmIsAddressValid)                                                    \
	X(KeSetEvent)                                                          \
	X(KeWaitForSingleObject)                                               \
	X(KeDelayExecutionThread)                                              \
	X(KeEnterCriticalRegion)                                               \
	X(KeLeaveCriticalRegion)                                               \
	X(KeAreApcsDisabled)                                                   \
	X(DbgPrint)                                                            \
	X(KeQueryUnbiasedInterruptTime)                                        \
	X(PsCreateSystemThread)                                                \
	X(PsTerminateSystemThread)                                             \
	X(ZwWaitForSingleObject)                                               \
	X(ZwClose)                                                             \
	X(ObOpenObjectByPointer)                                               \
	X(MmGetSystemRoutineAddress)                                           \
	X(IoAllocateWorkItem)                                                  \
	X(IoQueueWorkItem)                                                     \
	X(IoQueueWorkItemEx)                                                   \
	X(IoFreeWorkItem)                                                      \
	X(IoCreateDevice)                                                      \
	X(IoRegisterPlugPlayNotification)                                      \
	X(IoUnregisterPlugPlayNotificationEx)                                  \
	X(KeRegisterProcessorChangeCallback)                                   \
	X(KeDeregisterProcessorChangeCallback)                                 \
	X(KeBugCheckEx)

#define FUNCTION_DECLARE(name) void SYSTEM(name)(void);
#define FUNCTION_ENTRY(name) { #name, SYSTEM(name) },

/* Only their addresses are needed here. */
FUNCTIONS(FUNCTION_DECLARE)

static const struct {
	const char *name;
	void (*function)(void);
} driver_functions[] = { FUNCTIONS(FUNCTION_ENTRY) };

static bool name_is(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static void patch_one(const char *name, ULONGLONG *place)
{
	size_t i;

	for (i = 0; i < sizeof(driver_functions) / sizeof(driver_functions[0]);
	     i++)
		if (name_is(name, driver_functions[i].name))
			*place = (ULONGLONG)(uintptr_t)driver_functions[i]
					 .function;
}

/* No import library of mingw-w64 has ZwProtectVirtualMemory. */
typedef NTSTATUS(NTAPI *protect_function)(HANDLE process, PVOID *address,
					  SIZE_T *bytes, ULONG protection,
					  ULONG *before);

/* Change the protection of these pages. Returns what it was. */
static ULONG patch_protect(void *address, SIZE_T bytes, ULONG protection)
{
	UNICODE_STRING name = RTL_CONSTANT_STRING(L"ZwProtectVirtualMemory");
	protect_function protect =
		(protect_function)(uintptr_t)MmGetSystemRoutineAddress(&name);
	ULONG before = protection;

	protect(ZwCurrentProcess(), &address, &bytes, protection, &before);
	return before;
}

/* Newer linkers put the addresses into a section that cannot be written. */
static void patch_module(char *base, const IMAGE_IMPORT_DESCRIPTOR *module)
{
	const ULONGLONG *names =
		(const ULONGLONG *)(base + module->OriginalFirstThunk);
	ULONGLONG *places = (ULONGLONG *)(base + module->FirstThunk);
	SIZE_T count = 0, i;
	ULONG before;

	while (names[count])
		count++;
	before = patch_protect(places, count * sizeof(*places), PAGE_READWRITE);
	for (i = 0; i < count; i++)
		if (!(names[i] >> 63)) /* else it is imported by number */
			patch_one(base + names[i] + sizeof(USHORT), &places[i]);
	patch_protect(places, count * sizeof(*places), before);
}

/* Does it follow processors? Wine's own drivers are not changed. */
static bool driver_of_ours(const char *base,
			   const IMAGE_IMPORT_DESCRIPTOR *module)
{
	const ULONGLONG *names =
		(const ULONGLONG *)(base + module->OriginalFirstThunk);

	for (; *names; names++)
		if (!(*names >> 63) &&
		    name_is(base + *names + sizeof(USHORT),
			    "KeRegisterProcessorChangeCallback"))
			return true;
	return false;
}

static VOID NTAPI driver_image(PUNICODE_STRING path, HANDLE process,
			       PIMAGE_INFO info)
{
	char *base = info->ImageBase;
	const IMAGE_DOS_HEADER *dos = (const IMAGE_DOS_HEADER *)base;
	const IMAGE_NT_HEADERS64 *nt =
		(const IMAGE_NT_HEADERS64 *)(base + dos->e_lfanew);
	const IMAGE_IMPORT_DESCRIPTOR *module;
	ULONG at =
		nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT]
			.VirtualAddress;

	(void)path;
	(void)process;
	if (!at)
		return;
	for (module = (const IMAGE_IMPORT_DESCRIPTOR *)(base + at);
	     module->FirstThunk; module++)
		if (driver_of_ours(base, module))
			patch_module(base, module);
}

static void driver_control(struct control *control)
{
	if (!bus_control(control))
		system_control(control);
}

static VOID NTAPI driver_unload(PDRIVER_OBJECT driver)
{
	PsRemoveLoadImageNotifyRoutine(driver_image);
	device_delete(driver, L"\\DosDevices\\" DEVICE_SYSTEM);
}

DRIVER_INITIALIZE DriverEntry;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
	struct control reset = { .command = SYSTEM_RESET };
	NTSTATUS status;

	(void)path;
	reset.arg[ARG_LIMIT] = 64;
	reset.arg[ARG_ACTIVE] = 2;
	reset.arg[ARG_WIDTHS] = 40 | 64 << 8;
	system_control(&reset);
	status = PsSetLoadImageNotifyRoutine(driver_image);
	if (!NT_SUCCESS(status))
		return status;
	driver->DriverUnload = driver_unload;
	bus_init(driver);
	return device_create(driver, L"\\Device\\" DEVICE_SYSTEM,
			     L"\\DosDevices\\" DEVICE_SYSTEM, driver_control);
}
