/* SPDX-License-Identifier: MIT */
/*
 * base.h - what every other header builds on: the compiler's words, the error
 * numbers, the special CPU numbers.
 *
 * The basic types, memcpy and memset come from the port
 * (<cpuslab/port_types.h>, found by include path), because not every system
 * that compiles this has a C library.
 */
#ifndef CPUSLAB_BASE_H
#define CPUSLAB_BASE_H

#include <cpuslab/port_types.h>

#ifdef __cplusplus
#define CPUSLAB_BEGIN extern "C" {
#define CPUSLAB_END }
#define CPUSLAB_STATIC_ASSERT(cond, text) static_assert(cond, text)
#else
#define CPUSLAB_BEGIN
#define CPUSLAB_END
#define CPUSLAB_STATIC_ASSERT(cond, text) _Static_assert(cond, text)
#endif

#if defined(__GNUC__)
#define CPUSLAB_INLINE static inline __attribute__((always_inline, unused))
#define CPUSLAB_API __attribute__((visibility("default")))
#define cpuslab_likely(x) __builtin_expect(!!(x), 1)
#define cpuslab_unlikely(x) __builtin_expect(!!(x), 0)
#define CPUSLAB_ALIGNED(n) __attribute__((aligned(n)))
#else
#define CPUSLAB_INLINE static __forceinline
#define CPUSLAB_API
#define cpuslab_likely(x) (x)
#define cpuslab_unlikely(x) (x)
#define CPUSLAB_ALIGNED(n) __declspec(align(n))
#endif

#define CPUSLAB_CACHE_LINE 64

#define CPUSLAB_VERSION_MAJOR 0
#define CPUSLAB_VERSION_MINOR 1
#define CPUSLAB_VERSION_PATCH 0

CPUSLAB_BEGIN

/*
 * Results. Zero is done; positive is an expected outcome; negative, as in
 * -CPUSLAB_ENOMEM, failed with nothing changed.
 */
enum cpuslab_result {
	CPUSLAB_OK = 0,
	CPUSLAB_EMPTY = 1,    /* nothing to pop here */
	CPUSLAB_FULL = 2,     /* no room for the record */
	CPUSLAB_DIFFERS = 3,  /* the word had another value */
	CPUSLAB_MISS = 4,     /* this CPU has no block (ports only) */
	CPUSLAB_RETAINED = 5, /* kept: it could not be given back safely */
	CPUSLAB_PARTIAL = 6,  /* what was found is true but not all of it */
};

enum cpuslab_error {
	CPUSLAB_ENOMEM = 12,     /* no memory or no address space */
	CPUSLAB_EBUSY = 16,      /* called from inside a callback, or in use */
	CPUSLAB_EINVAL = 22,     /* an argument that can never be right */
	CPUSLAB_ERANGE = 34,     /* a CPU at or beyond the limit */
	CPUSLAB_ENOENT = 2,      /* no such CPU, group or object */
	CPUSLAB_ENOSYS = 38,     /* the system does not offer it */
	CPUSLAB_ESHUTDOWN = 108, /* it is being taken down */
	CPUSLAB_ESTALE = 116,    /* a handle whose object was freed */
	CPUSLAB_EACCES = 13,     /* the system refused permission */
	CPUSLAB_EAGAIN = 11,     /* not now; the same call may work later */
};

/* Stands for the shared block where a CPU number is expected. */
#define CPUSLAB_SHARED 0xfffffffeu
/* No CPU. */
#define CPUSLAB_NO_CPU 0xffffffffu

/**
 * cpuslab_strerror() - the text of a result.
 * @result: what a cpuslab function returned.
 *
 * Context: any.
 * Return:  a constant string, never NULL, also for unknown numbers.
 */
CPUSLAB_API const char *cpuslab_strerror(int result);

CPUSLAB_API void cpuslab__assert_failed(const char *what, const char *file,
					int line);

CPUSLAB_END

/*
 * A bug of the caller or of cpuslab. Checked when CPUSLAB_DEBUG is defined;
 * release builds return an error or use a documented fallback instead.
 */
#ifdef CPUSLAB_DEBUG
#define cpuslab_assert(cond)                                                   \
	((cond) ? (void)0 : cpuslab__assert_failed(#cond, __FILE__, __LINE__))
#else
#define cpuslab_assert(cond) ((void)0)
#endif

#endif /* CPUSLAB_BASE_H */
