/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_READ_H
#define CPUSLAB_READ_H
/*
 * read.h - read sections (RCU read-side critical sections): what is found
 * inside one stays valid until it ends.
 *
 * They protect data that is read often and replaced rarely: CPU masks, blocks
 * of other CPUs, objects that are freed by cpuslab_free_rcu(). Operations need
 * none.
 */

#include <cpuslab/base.h>

CPUSLAB_BEGIN

/**
 * cpuslab_read_enter() - begin a read section.
 *
 * Sections nest. Inside one, access resident memory only, and do not wait for
 * anything that waits for readers (cpuslab_slab_destroy(),
 * cpuslab_domain_destroy(), in userspace fork()).
 *
 * Context: any, signal handlers included. Never waits; threads need not
 *          register.
 */
CPUSLAB_API CPUSLAB_READ_ENTER void cpuslab_read_enter(void);

/**
 * cpuslab_read_exit() - end the read section that was entered last.
 * Context: the thread that entered it. It must not be left by longjmp().
 */
CPUSLAB_API CPUSLAB_READ_EXIT void cpuslab_read_exit(void);

/*
 * The same, for inline functions that may be called at any IRQL and leave it as
 * it was. Above DISPATCH_LEVEL a caller is in a read section anyway.
 */
CPUSLAB_API CPUSLAB_HIGH void cpuslab__read_enter(void);
CPUSLAB_API CPUSLAB_HIGH void cpuslab__read_exit(void);

CPUSLAB_END

/* Synchronization: safe against everything. */

#endif /* CPUSLAB_READ_H */
