/* SPDX-License-Identifier: MIT */
/*
 * fork.h - what only the Linux userspace port offers.
 */
#ifndef CPUSLAB_FORK_H
#define CPUSLAB_FORK_H

#include <cpuslab/base.h>

CPUSLAB_BEGIN

/**
 * cpuslab_linux_fork_is_handled() - this program calls urcu_bp_before_fork(),
 * urcu_bp_after_fork_parent() and urcu_bp_after_fork_child() around its forks
 * itself.
 *
 * Without this call cpuslab does it, through pthread_atfork(). Of several copies
 * of cpuslab in one process (plugins that compiled it in), all but one must say
 * this, or a fork waits for itself.
 *
 * Context: before the first domain is created.
 */
CPUSLAB_API void cpuslab_linux_fork_is_handled(void);

CPUSLAB_END

#endif /* CPUSLAB_FORK_H */
