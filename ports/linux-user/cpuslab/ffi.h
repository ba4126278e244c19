/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_FFI_H
#define CPUSLAB_FFI_H
/*
 * ffi.h - what a program in another language asks of libcpuslab-ffi, because
 * only a C compiler reads it in the headers.
 *
 * That library also has each inline function of the public headers under its
 * own name; docs/ffi.md explains its use. Not needed in C and C++.
 */

#include <cpuslab/counter.h>
#include <cpuslab/gauge.h>

CPUSLAB_BEGIN

/**
 * cpuslab_ffi_sizeof() - the size of a public struct.
 * @name: as "cpuslab_counter", without the word struct.
 *
 * It is that of this library. Structs that begin with their size (sized.h) may
 * be larger in a later version: functions such as cpuslab_stats_get() fill as
 * many bytes as this function returns, so it is called when the program runs.
 *
 * Context: any.
 * Return:  bytes; 0 if there is no such struct, or only pointers to it.
 */
CPUSLAB_API size_t cpuslab_ffi_sizeof(const char *name);

/**
 * cpuslab_ffi_alignof() - the alignment of a public struct.
 * @name: as in cpuslab_ffi_sizeof().
 *
 * Context: any.
 * Return:  bytes, 16 at most, as memory of malloc() is aligned on machines with
 *          64 bits; 0 as cpuslab_ffi_sizeof().
 */
CPUSLAB_API size_t cpuslab_ffi_alignof(const char *name);

/**
 * cpuslab_ffi_constant() - the value of a public constant.
 * @name:  as "CPUSLAB_EMPTY".
 * @value: set, on CPUSLAB_OK only.
 *
 * Context: any.
 * Return:  CPUSLAB_OK; -CPUSLAB_ENOENT if there is no such number.
 */
CPUSLAB_API int cpuslab_ffi_constant(const char *name, int64_t *value);

/**
 * cpuslab_ffi_counter_init() - store CPUSLAB_COUNTER_INIT() in a counter.
 * @counter: of which nothing but its size matters; a named object from now on.
 *           It stays where it is until cpuslab_counter_fini().
 * @name:    stays valid for as long.
 *
 * Context: any; before other threads use @counter. Allocates nothing.
 */
CPUSLAB_API void cpuslab_ffi_counter_init(struct cpuslab_counter *counter,
					  const char *name);

/**
 * cpuslab_ffi_gauge_init() - store CPUSLAB_GAUGE_INIT() in a gauge.
 * @gauge: as the counter of cpuslab_ffi_counter_init().
 * @name:  likewise.
 *
 * Context: as cpuslab_ffi_counter_init().
 */
CPUSLAB_API void cpuslab_ffi_gauge_init(struct cpuslab_gauge *gauge,
					const char *name);

CPUSLAB_END

/* Synchronization: none is needed, but for what init is given. */

#endif /* CPUSLAB_FFI_H */
