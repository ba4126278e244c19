/* SPDX-License-Identifier: MIT */
/*
 * intrin.h - the intrinsics that the ports use, for a syntax check by clang
 * without Microsoft's headers.
 */
#ifndef TESTS_WINDOWS_INTRIN_H
#define TESTS_WINDOWS_INTRIN_H

void _ReadWriteBarrier(void);
void _mm_pause(void);
long _InterlockedExchange(long volatile *place, long value);
long _InterlockedExchangeAdd(long volatile *place, long value);
long _InterlockedCompareExchange(long volatile *place, long value,
				 long expected);
long _InterlockedOr(long volatile *place, long value);
__int64 _InterlockedExchange64(__int64 volatile *place, __int64 value);
__int64 _InterlockedExchangeAdd64(__int64 volatile *place, __int64 value);
__int64 _InterlockedCompareExchange64(__int64 volatile *place, __int64 value,
				      __int64 expected);
unsigned char _InterlockedCompareExchange128(__int64 volatile *place,
					     __int64 high, __int64 low,
					     __int64 *expected);

#endif /* TESTS_WINDOWS_INTRIN_H */
