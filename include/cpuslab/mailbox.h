/* SPDX-License-Identifier: MIT */
/*
 * mailbox.h - messages to a CPU: a bounded ring for each, any sender.
 *
 *	box of cpu 3     | tail, shut | head | slots                     |
 *	                 ^ senders      ^ whoever receives
 *	slot             | turn | word 0 | word 1 | word 2 |
 *
 *	turn == position          free for the sender who takes that position
 *	turn == position + 1      full, for whoever receives at that position
 *
 * Dmitry Vyukov's bounded queue, with one bit more: the tail says, too, whether
 * the box is shut. When its CPU goes, one compare-and-swap shuts it; no
 * position is handed out after that, so what is in the box then is all that
 * there will ever be, and whoever drains it knows when it is empty for good.
 *
 *	open  --removal-->  shut, holds what was sent  --complete-->  open
 *	                      | anybody: next_orphan(), receive()
 *	                      v
 *	                    empty
 *
 * Boxes are not the slab's blocks: they are written from everywhere, and must
 * outlive the CPU's block. Each is allocated when its CPU first
 * comes (add_start; a failure gives it back), and stays until fini: who returns
 * needs no memory, and finds what nobody has taken.
 *
 * What the promise is: a message whose send returned CPUSLAB_OK is received
 * exactly once, by whoever receives from that box, or is there at fini. Of one
 * sender's messages to one box, an earlier one is received first. (Two who
 * receive at once may handle theirs in any order.)
 *
 * Not lock-free in one respect: a sender that is interrupted between taking a
 * position and filling it holds back those behind it (CPUSLAB_PARTIAL), and
 * for ever if it is killed there. Nobody waits for it: receive() says so, and
 * boxes of others are not concerned.
 *
 * Nobody is woken: send, then wake the receiver as your system does. Only for
 * CPUs that the domain knows; there is no admission on use.
 *
 * Synchronization:
 *   send, receive, next_orphan, is_open   any context, any time, any thread
 *   init, fini                            the caller: nobody uses it
 *
 * The struct must not be copied or moved.
 */
#ifndef CPUSLAB_MAILBOX_H
#define CPUSLAB_MAILBOX_H

#include <cpuslab/client.h>
#include <cpuslab/port.h>

CPUSLAB_BEGIN

#define CPUSLAB_MAILBOX_WORDS 3
#define CPUSLAB_MAILBOX_MAX_CAPACITY (1u << 20)

struct cpuslab_message {
	uint64_t word[CPUSLAB_MAILBOX_WORDS]; /* the user's; pointers, too */
};

struct cpuslab__box;

struct cpuslab_mailbox {
	struct cpuslab_client client;
	uint32_t limit;              /* W init */
	uint32_t capacity;           /* W init */
	struct cpuslab__box **boxes; /* [limit]; W domain mutex, once each */
	struct cpuslab__box **made;  /* [limit]; W domain mutex: for starts */
};

/**
 * cpuslab_mailbox_init() - a box for each CPU of @domain, now and later.
 * @capacity: messages in each; a power of two from 2.
 *
 * Context: may sleep, allocates.
 * Return:  as cpuslab_client_init(); -CPUSLAB_ENOMEM; -CPUSLAB_EINVAL for a
 *          capacity that is no power of two, too small or too large.
 */
CPUSLAB_API int cpuslab_mailbox_init(struct cpuslab_mailbox *mailbox,
				     struct cpuslab_domain *domain,
				     uint32_t capacity);
/*
 * Nobody uses it any more; messages that are left are the caller's loss: receive
 * them first. Context: may sleep; not in a callback of the domain.
 */
CPUSLAB_API void cpuslab_mailbox_fini(struct cpuslab_mailbox *mailbox);

/**
 * cpuslab_mailbox_send() - put a message into @cpu's box.
 *
 * Context: any, signal handlers included. No lock, no wait, no memory.
 * Order:   release; who receives it sees what was written before.
 * Return:  CPUSLAB_OK; CPUSLAB_FULL; -CPUSLAB_ENOENT if @cpu is not online
 *          (any number may be asked for): send it to somebody else.
 */
CPUSLAB_API int cpuslab_mailbox_send(struct cpuslab_mailbox *mailbox,
				     uint32_t cpu,
				     const struct cpuslab_message *message);

/**
 * cpuslab_mailbox_receive() - take the oldest message out of @cpu's box.
 * @message: written on CPUSLAB_OK only.
 *
 * Context: any. No lock, no wait, no memory.
 * Order:   acquire.
 * Return:  CPUSLAB_OK; CPUSLAB_EMPTY; CPUSLAB_PARTIAL if the oldest one is just
 *          being put in: again later; -CPUSLAB_ENOENT if @cpu never was.
 */
CPUSLAB_API int cpuslab_mailbox_receive(struct cpuslab_mailbox *mailbox,
					uint32_t cpu,
					struct cpuslab_message *message);

/**
 * cpuslab_mailbox_next_orphan() - the first CPU >= @cpu that is gone and
 * has messages.
 *
 *	for (cpu = next_orphan(mailbox, 0); cpu != CPUSLAB_NO_CPU;
 *	     cpu = next_orphan(mailbox, cpu + 1))
 *		while (!cpuslab_mailbox_receive(mailbox, cpu, &message))
 *			... handle it here, or send it on ...
 *
 * Context: any. O(limit).
 * Return:  a number, or CPUSLAB_NO_CPU.
 */
CPUSLAB_API uint32_t cpuslab_mailbox_next_orphan(
	const struct cpuslab_mailbox *mailbox, uint32_t cpu);

/* Would a send to @cpu find its box open? Context: any; true for a moment. */
CPUSLAB_API bool cpuslab_mailbox_is_open(const struct cpuslab_mailbox *mailbox,
					 uint32_t cpu);

CPUSLAB_END

#endif /* CPUSLAB_MAILBOX_H */
