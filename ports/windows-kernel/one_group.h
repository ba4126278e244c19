/* SPDX-License-Identifier: MIT */
/*
 * one_group.h - for Windows Server 2008: functions of Windows 7, made of those
 * for the one group that it has. The index of a processor is its number.
 * Included where NTDDI_VERSION is below NTDDI_WIN7.
 */
#ifndef CPUSLAB_ONE_GROUP_H
#define CPUSLAB_ONE_GROUP_H

static inline ULONG KeQueryMaximumProcessorCountEx(USHORT group)
{
	(void)group;
	return KeQueryMaximumProcessorCount();
}

static inline NTSTATUS KeGetProcessorNumberFromIndex(ULONG index,
						     PPROCESSOR_NUMBER number)
{
	number->Group = 0;
	number->Number = (UCHAR)index;
	return STATUS_SUCCESS;
}

static inline KAFFINITY KeQueryGroupAffinity(USHORT group)
{
	(void)group;
	return KeQueryActiveProcessors();
}

static inline NTSTATUS KeSetTargetProcessorDpcEx(PKDPC dpc,
						 PPROCESSOR_NUMBER number)
{
	KeSetTargetProcessorDpc(dpc, (CCHAR)number->Number);
	return STATUS_SUCCESS;
}

static inline void KeSetSystemGroupAffinityThread(PGROUP_AFFINITY affinity,
						  PGROUP_AFFINITY before)
{
	KAFFINITY mask = KeSetSystemAffinityThreadEx(affinity->Mask);

	if (before)
		before->Mask = mask;
}

static inline void KeRevertToUserGroupAffinityThread(PGROUP_AFFINITY before)
{
	KeRevertToUserAffinityThreadEx(before->Mask);
}

/* Not known before Windows 7. */
static inline USHORT KeQueryHighestNodeNumber(void)
{
	return 0;
}

static inline ULONGLONG KeQueryUnbiasedInterruptTime(void)
{
	return KeQueryInterruptTime();
}

static inline NTSTATUS IoUnregisterPlugPlayNotificationEx(PVOID entry)
{
	return IoUnregisterPlugPlayNotification(entry);
}

#endif /* CPUSLAB_ONE_GROUP_H */
