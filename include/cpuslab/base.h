/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_BASE_H
#define CPUSLAB_BASE_H
/*
 * base.h - what every other header needs: compiler keywords, result and error
 * numbers, special CPU numbers, assertions.
 *
 * The integer types, memcpy() and memset() come from the port's
 * <cpuslab/port_types.h>, found by include path, because not every system that
 * compiles cpuslab has a C library.
 */

#include <cpuslab/port_types.h>

/* clang has the builtins of gcc also where it stands in for Microsoft's. */
#if defined(__GNUC__) || defined(__clang__)
#define CPUSLAB__BUILTINS 1
#else
#define CPUSLAB__BUILTINS 0
#endif

#include <cpuslab/port/sal.h>

/*
 * Around the declarations of a header. Microsoft's compiler must not warn where
 * alignment pads a struct (C4324) or a constant of the port is a condition
 * (C4127).
 */
#if !CPUSLAB__BUILTINS
#define CPUSLAB__QUIET                                                         \
	__pragma(warning(push)) __pragma(warning(disable : 4127 4324))
#define CPUSLAB__QUIET_END __pragma(warning(pop))
#else
#define CPUSLAB__QUIET
#define CPUSLAB__QUIET_END
#endif

#ifdef __cplusplus
#define CPUSLAB_BEGIN                                                          \
	CPUSLAB__QUIET extern "C"                                              \
	{
#define CPUSLAB_END                                                            \
	}                                                                      \
	CPUSLAB__QUIET_END
#define CPUSLAB_STATIC_ASSERT(cond, text) static_assert(cond, text)
#else
#define CPUSLAB_BEGIN CPUSLAB__QUIET
#define CPUSLAB_END CPUSLAB__QUIET_END
#define CPUSLAB_STATIC_ASSERT(cond, text) _Static_assert(cond, text)
#endif

#if defined(__GNUC__)
#define cpuslab_likely(x) __builtin_expect(!!(x), 1)
#define cpuslab_unlikely(x) __builtin_expect(!!(x), 0)
#define CPUSLAB_ALIGNED(n) __attribute__((aligned(n)))
#else
#define cpuslab_likely(x) (x)
#define cpuslab_unlikely(x) (x)
#define CPUSLAB_ALIGNED(n) __declspec(align(n))
#endif

/*
 * Before each inline function. A generator of declarations for other languages
 * defines it as nothing, so that it sees ordinary functions, as libcpuslab-ffi
 * exports them (docs/ffi.md).
 */
#ifndef CPUSLAB_INLINE
#if defined(__GNUC__)
#define CPUSLAB_INLINE static inline __attribute__((always_inline, unused))
#else
#define CPUSLAB_INLINE static __forceinline
#endif
#endif

/*
 * A uint64_t that atomics access. 32-bit x86 aligns others to 4 bytes, so that
 * one could lie in two cache lines; clang warns if the address of such a word
 * is passed to an atomic.
 */
typedef CPUSLAB_ALIGNED(8) uint64_t cpuslab_word;

/*
 * Before each public function. The build of the shared library defines it as
 * the attribute that exports them. By default it is nothing, so the library is
 * a private part of a program or plugin that compiles it in with
 * -fvisibility=hidden, or links the static library; several such copies live
 * side by side in a process.
 */
#ifndef CPUSLAB_API
#define CPUSLAB_API
#endif

/*
 * In bytes. A public struct pads words that several CPUs write by a whole line
 * on either side, and is aligned to 16 at most: it may lie in memory of
 * malloc(), which an alignment to the line would not allow.
 */
#define CPUSLAB_CACHE_LINE 64

/* The language of the caller, also where Microsoft's compiler hides it. */
#if defined(_MSVC_LANG)
#define CPUSLAB__CPLUSPLUS _MSVC_LANG
#elif defined(__cplusplus)
#define CPUSLAB__CPLUSPLUS __cplusplus
#else
#define CPUSLAB__CPLUSPLUS 0L
#endif

/*
 * Before a function whose result must not be ignored: it creates something,
 * hands something out, or may have done nothing.
 */
#if CPUSLAB__CPLUSPLUS >= 201703L
#define CPUSLAB_NODISCARD [[nodiscard]] CPUSLAB_INSPECT
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 202311L
#define CPUSLAB_NODISCARD [[nodiscard]]
#elif defined(__GNUC__)
#define CPUSLAB_NODISCARD __attribute__((warn_unused_result))
#else
#define CPUSLAB_NODISCARD CPUSLAB_INSPECT
#endif

/*
 * Part of the type of every callback: it must not throw. An exception would
 * pass through the library, whose mutexes would stay locked. From C++17 on a
 * callback that may throw does not compile. Before that nothing checks it:
 * declare it noexcept anyway, so that an exception ends the program.
 *
 * For the same reason a callback must not be left by longjmp() or
 * pthread_exit(), as with that of qsort(): every later call would wait for the
 * mutex.
 */
#if CPUSLAB__CPLUSPLUS >= 201703L
#define CPUSLAB_NOEXCEPT noexcept
#else
#define CPUSLAB_NOEXCEPT
#endif

CPUSLAB_BEGIN

/*
 * A function that returns int returns 0 for success, a positive number for an
 * expected outcome, and a negative one, such as -CPUSLAB_ENOMEM, for a failure
 * that has changed nothing.
 */
enum cpuslab_result {
	CPUSLAB_OK = 0,
	CPUSLAB_EMPTY = 1,    /* nothing to take or read */
	CPUSLAB_FULL = 2,     /* no room for the record or message */
	CPUSLAB_DIFFERS = 3,  /* the word did not have the expected value */
	CPUSLAB_MISS = 4,     /* no block, or interrupted; used by ports only */
	CPUSLAB_RETAINED = 5, /* a block could not be released safely */
	CPUSLAB_PARTIAL = 6,  /* correct, but possibly incomplete */
};

enum cpuslab_error {
	CPUSLAB_ENOMEM = 12,     /* no memory or no address space */
	CPUSLAB_EBUSY = 16,      /* called from inside a callback, or in use */
	CPUSLAB_EINVAL = 22,     /* invalid argument */
	CPUSLAB_ERANGE = 34,     /* CPU number at or beyond the limit */
	CPUSLAB_ENOENT = 2,      /* no such CPU, group or object */
	CPUSLAB_ENOSYS = 38,     /* not supported by this system */
	CPUSLAB_ESHUTDOWN = 108, /* shutting down */
	CPUSLAB_ESTALE = 116,    /* the handle's object has been freed */
	CPUSLAB_EACCES = 13,     /* permission denied */
	CPUSLAB_EAGAIN = 11,     /* not possible now; a retry may succeed */
};

/* The shared block, where a CPU number is expected. */
#define CPUSLAB_SHARED 0xfffffffeu
/* No CPU. */
#define CPUSLAB_NO_CPU 0xffffffffu

/**
 * cpuslab_strerror() - describe a result.
 * @result: what a cpuslab function returned.
 *
 * Context: any.
 * Return:  a constant string; never NULL, even for an unknown number.
 */
CPUSLAB_API CPUSLAB_HIGH const char *cpuslab_strerror(int result);

CPUSLAB_API void cpuslab__assert_failed(const char *what, const char *file,
					int line);

CPUSLAB_END

/*
 * Ends the program on a bug of the caller or of cpuslab, if CPUSLAB_DEBUG is
 * defined. A release build returns an error or takes a documented fallback.
 */
#ifdef CPUSLAB_DEBUG
#define cpuslab_assert(cond)                                                   \
	((cond) ? (void)0 : cpuslab__assert_failed(#cond, __FILE__, __LINE__))
#else
#define cpuslab_assert(cond) ((void)0)
#endif

#endif /* CPUSLAB_BASE_H */
