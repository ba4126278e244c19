/* SPDX-License-Identifier: MIT */
/*
 * one_group.c - what Windows Server 2008 has instead of functions that know
 * groups, for a system whose first group has all processors.
 */
#include "system.h"

ULONG KeQueryMaximumProcessorCount(VOID)
{
	return system_state.limit;
}

ULONG KeGetCurrentProcessorNumber(VOID)
{
	return KeGetCurrentProcessorNumberEx(NULL);
}

KAFFINITY KeQueryActiveProcessors(VOID)
{
	return KeQueryGroupAffinity(0);
}

VOID KeSetTargetProcessorDpc(PKDPC dpc, CCHAR number)
{
	PROCESSOR_NUMBER target = { .Number = (UCHAR)number };

	KeSetTargetProcessorDpcEx(dpc, &target);
}

KAFFINITY KeSetSystemAffinityThreadEx(KAFFINITY mask)
{
	GROUP_AFFINITY affinity = { .Mask = mask }, before;

	KeSetSystemGroupAffinityThread(&affinity, &before);
	return before.Mask;
}

VOID KeRevertToUserAffinityThreadEx(KAFFINITY mask)
{
	GROUP_AFFINITY before = { .Mask = mask };

	KeRevertToUserGroupAffinityThread(&before);
}

ULONGLONG KeQueryInterruptTime(VOID)
{
	return KeQueryUnbiasedInterruptTime();
}

NTSTATUS IoUnregisterPlugPlayNotification(PVOID entry)
{
	return IoUnregisterPlugPlayNotificationEx(entry);
}
