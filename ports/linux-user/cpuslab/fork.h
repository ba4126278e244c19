/* SPDX-License-Identifier: MIT */
/*
 * fork.h - for programs that handle liburcu's fork hooks themselves.
 */
#ifndef CPUSLAB_FORK_H
#define CPUSLAB_FORK_H

#include <cpuslab/base.h>

CPUSLAB_BEGIN

/**
 * cpuslab_linux_fork_is_handled() - declare that this program itself calls
 * urcu_bp_before_fork(), urcu_bp_after_fork_parent() and
 * urcu_bp_after_fork_child() around its forks.
 *
 * Without this call cpuslab does so through pthread_atfork(). If a process has
 * several copies of cpuslab (plugins that compiled it in), all but one must
 * make this call, or a fork deadlocks.
 *
 * Context: before the first domain is created.
 */
CPUSLAB_API void cpuslab_linux_fork_is_handled(void);

CPUSLAB_END

#endif /* CPUSLAB_FORK_H */
