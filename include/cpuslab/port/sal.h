/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_SAL_H
#define CPUSLAB_SAL_H
/*
 * sal.h - public functions for Microsoft's static analysis: the highest IRQL of
 * a caller, changes of the IRQL, and what happens to that which a parameter
 * points to. The port's port_types.h defines CPUSLAB_PORT_IRQL for the first
 * two and CPUSLAB_PORT_SAL for the last, and includes the system's header;
 * nothing otherwise. Included by base.h.
 */

#ifdef CPUSLAB_PORT_IRQL

/* The callers are at most at this level; it may be any. */
#define CPUSLAB_PASSIVE _IRQL_requires_max_(PASSIVE_LEVEL)
#define CPUSLAB_APC _IRQL_requires_max_(APC_LEVEL)
#define CPUSLAB_DISPATCH _IRQL_requires_max_(DISPATCH_LEVEL)
#define CPUSLAB_HIGH _IRQL_requires_max_(HIGH_LEVEL)
/* They cannot leave their CPU. */
#define CPUSLAB_PINNED _IRQL_requires_min_(DISPATCH_LEVEL)
/* A read section is at this level, and ends at the one before. */
#define CPUSLAB_READ_ENTER                                                     \
	CPUSLAB_DISPATCH _IRQL_raises_(DISPATCH_LEVEL)                         \
		_IRQL_saves_global_(CpuslabRead, 0)
#define CPUSLAB_READ_EXIT                                                      \
	_IRQL_requires_(DISPATCH_LEVEL) _IRQL_restores_global_(CpuslabRead, 0)

#else

#define CPUSLAB_PASSIVE
#define CPUSLAB_APC
#define CPUSLAB_DISPATCH
#define CPUSLAB_HIGH
#define CPUSLAB_PINNED
#define CPUSLAB_READ_ENTER
#define CPUSLAB_READ_EXIT

#endif

#ifdef CPUSLAB_PORT_SAL

#define CPUSLAB_IN _In_         /* read */
#define CPUSLAB_IN_OPT _In_opt_ /* the same, or NULL */
#define CPUSLAB_INOUT _Inout_   /* changed */
#define CPUSLAB_INOUT_OPT _Inout_opt_
#define CPUSLAB_OUT _Out_ /* written */
#define CPUSLAB_OUT_OPT _Out_opt_
#define CPUSLAB_OUTPTR _Outptr_result_maybenull_
#define CPUSLAB_ARRAY _Pre_notnull_ /* several elements */
#define CPUSLAB_INSPECT _Must_inspect_result_

#else

#define CPUSLAB_IN
#define CPUSLAB_IN_OPT
#define CPUSLAB_INOUT
#define CPUSLAB_INOUT_OPT
#define CPUSLAB_OUT
#define CPUSLAB_OUT_OPT
#define CPUSLAB_OUTPTR
#define CPUSLAB_ARRAY
#define CPUSLAB_INSPECT

#endif

#endif /* CPUSLAB_SAL_H */
