/* SPDX-License-Identifier: MIT */
/*
 * vadefs.h - in the place of mingw's, which knows no other machine than x86
 * without gcc.
 */
#ifndef TESTS_WINDOWS_VADEFS_H
#define TESTS_WINDOWS_VADEFS_H

typedef char *va_list;
#define _VA_LIST_DEFINED

#define _crt_va_start(v, l) __builtin_va_start(v, l)
#define _crt_va_arg(v, l) __builtin_va_arg(v, l)
#define _crt_va_end(v) __builtin_va_end(v)
#define _crt_va_copy(d, s) __builtin_va_copy(d, s)

#endif /* TESTS_WINDOWS_VADEFS_H */
