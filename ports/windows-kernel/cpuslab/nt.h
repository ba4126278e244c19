/* SPDX-License-Identifier: MIT */
/*
 * nt.h - what the operations need from the kernel: the caller's IRQL and
 * processor.
 */
#ifndef CPUSLAB_NT_H
#define CPUSLAB_NT_H

#include <wdm.h>

#include <cpuslab/base.h>

/* The caller's processor. Before Windows 7 there is one group. */
CPUSLAB_INLINE uint32_t cpuslab__nt_cpu(void)
{
#if NTDDI_VERSION >= 0x06010000 /* NTDDI_WIN7 */
	return KeGetCurrentProcessorNumberEx(NULL);
#elif defined(__MINGW32__)
	/* As the WDK's inline KeGetCurrentProcessorNumber(), which it lacks. */
	uint8_t number;

	__asm__ volatile("movb %%gs:0x184, %0" : "=r"(number));
	return number;
#else
	return KeGetCurrentProcessorNumber();
#endif
}

#if defined(__MINGW32__)
/*
 * mingw's wdm.h has inline versions that access CR8 directly. Importing the
 * functions, as newer WDKs do, also works where the level is not in CR8.
 */
__declspec(dllimport) KIRQL cpuslab__nt_irql(void) __asm__("KeGetCurrentIrql");
__declspec(dllimport) KIRQL cpuslab__nt_raise(KIRQL) __asm__("KfRaiseIrql");
__declspec(dllimport) void cpuslab__nt_lower(KIRQL irql) __asm__("KeLowerIrql");
#else
CPUSLAB_INLINE KIRQL cpuslab__nt_irql(void)
{
	return KeGetCurrentIrql();
}

CPUSLAB_INLINE KIRQL cpuslab__nt_raise(KIRQL irql)
{
	KIRQL before;

	KeRaiseIrql(irql, &before);
	return before;
}

CPUSLAB_INLINE void cpuslab__nt_lower(KIRQL irql)
{
	KeLowerIrql(irql);
}
#endif

#endif /* CPUSLAB_NT_H */
