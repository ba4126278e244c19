/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LOG_HOOK_H
#define CPUSLAB_LOG_HOOK_H
/*
 * log_hook.h - receive what the library logs, in place of the port's log.
 *
 * The library logs what it cannot return, and what a program that ignores
 * results should know: a CPU that was refused, a release that was deferred, a
 * handle that was freed twice. A condition that lasts is logged once, and at
 * most eight conditions of one object. Without a hook the line goes to standard
 * error in a process, and to the system's log in a kernel.
 *
 * Each copy of the library that is linked into a process has a hook of its own;
 * cpuslab.ko has one for all modules. Not needed in kernels.
 */

#include <cpuslab/base.h>

CPUSLAB_BEGIN

/* In the caller's memory, which stays valid for as long as it may be called. */
struct cpuslab_log_hook {
	/*
	 * @line: text in UTF-8, at most 255 bytes without the NUL, in which
	 * control characters are escaped, so that it is one line; without a
	 * newline; valid during the call.
	 *
	 * Context: any thread that calls the library, or one of the library's
	 * own, and several at once; a forked child as well. Never within an
	 * operation or a read, so not in a signal handler that uses only
	 * these. Exception: an operation or read of a named object that tries
	 * to make its copies (default.h) and finds no memory. Mutexes of the
	 * library may be held: the hook may use operations, sums and
	 * cpuslab_log_hook_set(), and no other call. It must return.
	 */
	void (*write)(const struct cpuslab_log_hook *hook,
		      const char *line) CPUSLAB_NOEXCEPT;
	void *arg; /* not used by the library */
};

/**
 * cpuslab_log_hook_set() - pass what is logged from now on to @hook.
 * @hook: NULL for the port's own log.
 *
 * The previous hook may still be in a call of another thread.
 *
 * Context: any, signal handlers included. Never waits.
 * Order:   release; a thread that calls the hook sees what was written before.
 */
CPUSLAB_API CPUSLAB_HIGH void
cpuslab_log_hook_set(CPUSLAB_IN_OPT const struct cpuslab_log_hook *hook);

/* Log a line that needs no escapes. */
CPUSLAB_API void cpuslab__log_line(const char *line);

CPUSLAB_END

/*
 * Synchronization: set and the calls of the hook, any threads at once.
 */

#endif /* CPUSLAB_LOG_HOOK_H */
