/* SPDX-License-Identifier: MIT */
/*
 * before.h - what clang in MSVC mode needs before mingw's headers: an offset
 * that is a constant.
 */
#ifndef TESTS_WINDOWS_BEFORE_H
#define TESTS_WINDOWS_BEFORE_H

#include <ntdef.h>

#undef FIELD_OFFSET
#define FIELD_OFFSET(type, field) ((LONG) __builtin_offsetof(type, field))

#endif /* TESTS_WINDOWS_BEFORE_H */
