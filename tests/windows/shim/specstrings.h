/* SPDX-License-Identifier: MIT */
/*
 * specstrings.h - SAL means nothing to the compilers of a Linux system.
 */
#ifndef SHIM_SPECSTRINGS_H
#define SHIM_SPECSTRINGS_H

#define _IRQL_requires_max_(irql)
#define _IRQL_requires_min_(irql)
#define _IRQL_requires_(irql)
#define _IRQL_raises_(irql)
#define _IRQL_saves_
#define _IRQL_restores_
#define _At_(target, annotation)
#define _When_(condition, annotation)
#define _In_
#define _In_opt_
#define _Inout_
#define _Inout_opt_
#define _Out_
#define _Out_opt_
#define _Outptr_
#define _Outptr_result_maybenull_
#define _Pre_notnull_
#define _Must_inspect_result_

#endif /* SHIM_SPECSTRINGS_H */
