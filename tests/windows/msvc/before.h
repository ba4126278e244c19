/* SPDX-License-Identifier: MIT */
/*
 * before.h - what clang in MSVC mode needs before mingw's headers: an offset
 * that is a constant, and functions that only the WDK has.
 */
#ifndef TESTS_WINDOWS_BEFORE_H
#define TESTS_WINDOWS_BEFORE_H

#include <ntdef.h>

#undef FIELD_OFFSET
#define FIELD_OFFSET(type, field) ((LONG) __builtin_offsetof(type, field))

#define DrvRtPoolNxOptIn 1u
#define POOL_FLAG_NON_PAGED 0x40u

void ExInitializeDriverRuntime(ULONG flags);
PVOID ExAllocatePoolZero(int type, SIZE_T bytes, ULONG tag);
PVOID NTAPI ExAllocatePool2(ULONGLONG flags, SIZE_T bytes, ULONG tag);

#endif /* TESTS_WINDOWS_BEFORE_H */
