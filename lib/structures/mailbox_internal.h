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

/*
 * cpuslab_mailbox_send(). *awaited is written on CPUSLAB_OK only: whether a
 * receiver awaits the message. The sender then sees what that receiver has
 * seen.
 */
int cpuslab__mailbox_send(struct cpuslab_mailbox *mailbox, uint32_t cpu,
			  const struct cpuslab_message *message, bool *awaited);

/*
 * cpuslab_mailbox_receive(), which does not look at what senders write, other
 * than messages. False: there is none, or it is partial; with @awaits its
 * sender will find that it is awaited, if it uses cpuslab__mailbox_send().
 */
bool cpuslab__mailbox_take(struct cpuslab_mailbox *mailbox, uint32_t cpu,
			   bool awaits, struct cpuslab_message *message);

/* The position behind the last message that was sent, or is being sent. */
uint64_t cpuslab__mailbox_sent(const struct cpuslab_mailbox *mailbox,
			       uint32_t cpu);

/*
 * Whether all messages before a position of cpuslab__mailbox_sent() are taken.
 * If so, the caller sees what those that took them did before.
 */
bool cpuslab__mailbox_has_taken(const struct cpuslab_mailbox *mailbox,
				uint32_t cpu, uint64_t position);

/* Whether a take would find a message now. */
bool cpuslab__mailbox_has_message(const struct cpuslab_mailbox *mailbox,
				  uint32_t cpu);

#endif /* CPUSLAB_LIB_MAILBOX_INTERNAL_H */
