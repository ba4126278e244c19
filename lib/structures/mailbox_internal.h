/* SPDX-License-Identifier: MIT */
/*
 * mailbox_internal.h - what workers need of a mailbox.
 */
#ifndef CPUSLAB_LIB_MAILBOX_INTERNAL_H
#define CPUSLAB_LIB_MAILBOX_INTERNAL_H

#include <cpuslab/mailbox.h>

/*
 * Close the box of @cpu, which has one, before the mailbox's own callback does.
 * Under the domain's mutex.
 */
void cpuslab__mailbox_close(struct cpuslab_mailbox *mailbox, uint32_t cpu);

#endif /* CPUSLAB_LIB_MAILBOX_INTERNAL_H */
