/* SPDX-License-Identifier: MIT */
/*
 * intrin.h - the intrinsics that cpuslab uses, where clang checks without
 * Microsoft's headers. Those that clang 14 lacks have bodies, so that its code
 * can be disassembled.
 */
#ifndef TESTS_WINDOWS_INTRIN_H
#define TESTS_WINDOWS_INTRIN_H

#ifdef __cplusplus
extern "C" {
#endif

unsigned char _BitScanForward64(unsigned long *bit, unsigned __int64 word);
unsigned char _BitScanReverse64(unsigned long *bit, unsigned __int64 word);
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

#ifdef _M_X64 /* what mingw's wdm.h takes for granted */
unsigned __int64 __readcr8(void);
void __writecr8(unsigned __int64 level);

#define INTRIN_STRING(bits, name, letter)                                      \
	unsigned __int##bits __in##name(unsigned __int16 port);                \
	void __in##name##string(unsigned __int16 port,                         \
				unsigned __int##bits *to, unsigned long n);    \
	void __out##name(unsigned __int16 port, unsigned __int##bits value);   \
	void __out##name##string(unsigned __int16 port,                        \
				 unsigned __int##bits *from, unsigned long n); \
	void __movs##letter(unsigned __int##bits *to,                          \
			    const unsigned __int##bits *from,                  \
			    unsigned __int64 n)

INTRIN_STRING(8, byte, b);
INTRIN_STRING(16, word, w);
#undef INTRIN_STRING
unsigned long __indword(unsigned __int16 port);
void __indwordstring(unsigned __int16 port, unsigned long *to, unsigned long n);
void __outdword(unsigned __int16 port, unsigned long value);
void __outdwordstring(unsigned __int16 port, unsigned long *from,
		      unsigned long n);
void __movsd(unsigned long *to, const unsigned long *from, unsigned __int64 n);
#endif

#ifdef _M_ARM64
#define _ARM64_BARRIER_ISH 11
void __dmb(unsigned int type);
void __yield(void);

#define INTRIN_ORDERED(bits)                                                   \
	static __forceinline unsigned __int##bits __ldar##bits(                \
		unsigned __int##bits volatile *p)                              \
	{                                                                      \
		return __atomic_load_n(p, __ATOMIC_ACQUIRE);                   \
	}                                                                      \
	static __forceinline void __stlr##bits(                                \
		unsigned __int##bits volatile *p, unsigned __int##bits v)      \
	{                                                                      \
		__atomic_store_n(p, v, __ATOMIC_RELEASE);                      \
	}

INTRIN_ORDERED(8)
INTRIN_ORDERED(32)
INTRIN_ORDERED(64)
#endif

#ifdef __cplusplus
}
#endif

#endif /* TESTS_WINDOWS_INTRIN_H */
