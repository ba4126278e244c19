/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_MAILBOX_INTERNAL_H
#define CPUSLAB_LIB_MAILBOX_INTERNAL_H

#include <cpuslab/mailbox.h>

/* Shut the box of @cpu, which has one, before the domain does. */
void cpuslab__mailbox_shut(struct cpuslab_mailbox *mailbox, uint32_t cpu);

#endif /* CPUSLAB_LIB_MAILBOX_INTERNAL_H */
