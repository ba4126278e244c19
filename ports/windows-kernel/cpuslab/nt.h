/* SPDX-License-Identifier: MIT */
/*
 * nt.h - what the operations need from the kernel: the caller's IRQL and
 * processor.
 */
#ifndef CPUSLAB_NT_H
#define CPUSLAB_NT_H

#include <wdm.h>

#include <cpuslab/base.h>

/*
 * How sections change the IRQL, for static analysis. One that has begun is at
 * DISPATCH_LEVEL or, of isr.h, above it; one that returns NULL has not begun.
 */
#define CPUSLAB__NT_ENTER _When_(return != 0, _IRQL_raises_(DISPATCH_LEVEL))
#define CPUSLAB__NT_SECTION_ENTER                                              \
	CPUSLAB__NT_ENTER _At_(section->before, _IRQL_saves_)
#define CPUSLAB__NT_SECTION_EXIT                                               \
	CPUSLAB_PINNED _At_(section->before, _IRQL_restores_)
#define CPUSLAB__NT_PIN CPUSLAB__NT_ENTER _At_(*before, _IRQL_saves_)
#define CPUSLAB__NT_UNPIN _IRQL_requires_(DISPATCH_LEVEL)
#define CPUSLAB__NT_RAISE _IRQL_raises_(irql) _IRQL_saves_

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

CPUSLAB_INLINE CPUSLAB__NT_RAISE KIRQL cpuslab__nt_raise(KIRQL irql)
{
	KIRQL before;

	KeRaiseIrql(irql, &before);
	return before;
}

CPUSLAB_INLINE void cpuslab__nt_lower(_IRQL_restores_ KIRQL irql)
{
	KeLowerIrql(irql);
}
#endif

#endif /* CPUSLAB_NT_H */
