/* SPDX-License-Identifier: MIT */
/*
 * mingw_pool.h - what wdm.h has in the WDK since Windows 10 2004, and lacks in
 * mingw-w64. Not compiled with the WDK.
 *
 * A driver for older systems calls ExAllocatePoolZero() there: an inline that
 * calls ExAllocatePoolWithTag(), which no driver may call by itself, and zeroes
 * the memory where the system does not. ExInitializeDriverRuntime() chooses the
 * pool that NonPagedPool stands for.
 */
#ifndef CPUSLAB_MINGW_POOL_H
#define CPUSLAB_MINGW_POOL_H

#if CPUSLAB_NT_HAS_POOL2

#define POOL_FLAG_NON_PAGED 0x40u

NTKERNELAPI PVOID NTAPI ExAllocatePool2(ULONG64 flags, SIZE_T bytes, ULONG tag);

#else

#define DrvRtPoolNxOptIn 1u

static POOL_TYPE ExDefaultNonPagedPoolType;

static inline void ExInitializeDriverRuntime(ULONG flags)
{
	ULONG major = 0, minor = 0;
	bool windows_8;

	PsGetVersion(&major, &minor, NULL, NULL);
	windows_8 = major > 6 || (major == 6 && minor >= 2);
	ExDefaultNonPagedPoolType = (flags & DrvRtPoolNxOptIn) && windows_8 ?
					    NonPagedPoolNx :
					    NonPagedPool;
}

#define NonPagedPool ExDefaultNonPagedPoolType

static inline PVOID ExAllocatePoolZero(POOL_TYPE type, SIZE_T bytes, ULONG tag)
{
	PVOID memory = ExAllocatePoolWithTag(type, bytes, tag);

	if (memory)
		memset(memory, 0, bytes);
	return memory;
}

#endif

#endif /* CPUSLAB_MINGW_POOL_H */
