/* SPDX-License-Identifier: MIT */
/*
 * armddk.h - what mingw's wdm.h has for x86-64 only, where clang checks for
 * ARM64.
 */
#ifndef TESTS_WINDOWS_ARMDDK_H
#define TESTS_WINDOWS_ARMDDK_H

#define PASSIVE_LEVEL 0
#define APC_LEVEL 1
#define DISPATCH_LEVEL 2
#define HIGH_LEVEL 15

NTKERNELAPI PKTHREAD NTAPI KeGetCurrentThread(void);
NTKERNELAPI KIRQL NTAPI KeGetCurrentIrql(void);
NTKERNELAPI KIRQL NTAPI KfRaiseIrql(KIRQL irql);
NTKERNELAPI void NTAPI KeLowerIrql(KIRQL irql);
#define YieldProcessor __yield
#define KeRaiseIrql(irql, before) (*(before) = KfRaiseIrql(irql))

#endif /* TESTS_WINDOWS_ARMDDK_H */
