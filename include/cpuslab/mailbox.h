/* SPDX-License-Identifier: MIT */
/*
 * mailbox.h - messages to a CPU: one bounded ring per CPU, any sender.
 *
 * A mailbox has a box for each CPU of a domain:
 *
 *	box of cpu 3     | tail, closed | head | slots                     |
 *	                 ^ senders        ^ receivers
 *	slot             | turn | word 0 | word 1 | word 2 |
 *
 * A sender takes the position at the tail, fills the slot of that position, and
 * then stores the position as the slot's turn. A receiver reads the slot at the
 * head if its turn says that it is full, then takes the position. Receivers
 * write to no slot: the head tells senders which ones they may fill.
 *
 * The tail also says whether the box is closed. When the CPU goes offline, one
 * compare-and-swap closes its box. No position is handed out after that, so the
 * messages that are in the box then are the last ones: they are undelivered,
 * and a thread that receives them all knows that no other will follow.
 *
 *	open --remove--> closed, with undelivered messages --complete--> open
 *	                     | any thread: next_undelivered(), receive()
 *	                     v
 *	                 closed, empty
 *
 * Guarantee: a message whose send returned CPUSLAB_OK is received exactly once
 * or is still in its box at fini. Messages from one sender to one box are
 * received in the order of sending. (Two concurrent receivers of one box may
 * handle theirs in any order.)
 *
 * Boxes are not part of a slab's blocks, because any thread writes to them and
 * they must outlive the block. A box is allocated when its CPU is started for
 * the first time (a failure frees it) and is kept until fini, so a returning
 * CPU needs no memory, and finds the messages nobody has received.
 *
 * In one respect this is not lock-free: a sender that is interrupted between
 * taking a position and filling it holds back the messages behind it, and does
 * so forever if it is killed there, or leaves a signal handler by siglongjmp().
 * receive() does not wait for it, but returns CPUSLAB_PARTIAL; other boxes are
 * not affected.
 *
 * No receiver is woken: wake it after the send, with the means of your system,
 * or use workers.h. Only CPUs that the domain knows have a box; a send does not
 * admit a CPU.
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

/* Copied by send and receive; a word may be a pointer. */
struct cpuslab_message {
	uint64_t word[CPUSLAB_MAILBOX_WORDS];
};

struct cpuslab__box;

struct cpuslab_mailbox {
	struct cpuslab_client client;
	uint32_t limit;    /* W init */
	uint32_t capacity; /* W init */
	/* W domain mutex, from NULL, once per CPU; R any */
	struct cpuslab__box **boxes; /* [limit] */
	/* W domain mutex; of CPUs that start for the first time */
	struct cpuslab__box **prepared; /* [limit] */
};

/**
 * cpuslab_mailbox_init() - make a box for each CPU of a domain.
 * @mailbox:  resident memory of the caller.
 * @domain:   CPUs that it adds later get a box in their add_start.
 * @capacity: messages per box; a power of two, from 2 to
 *            CPUSLAB_MAILBOX_MAX_CAPACITY.
 *
 * Context: may sleep, allocates; not in a callback of @domain.
 * Return:  CPUSLAB_OK; -CPUSLAB_ENOMEM; -CPUSLAB_EINVAL without @domain or for
 *          any other capacity; or as cpuslab_client_init().
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_APC int
cpuslab_mailbox_init(CPUSLAB_OUT struct cpuslab_mailbox *mailbox,
		     CPUSLAB_INOUT struct cpuslab_domain *domain,
		     uint32_t capacity);

/**
 * cpuslab_mailbox_fini() - free all boxes, with the messages in them.
 * @mailbox: set up by cpuslab_mailbox_init().
 *
 * Context: may sleep; no other thread uses the mailbox; not in a callback of
 *          its domain (an assertion; release builds log it and do nothing).
 */
CPUSLAB_API CPUSLAB_APC void
cpuslab_mailbox_fini(CPUSLAB_INOUT struct cpuslab_mailbox *mailbox);

/**
 * cpuslab_mailbox_send() - put a message into a CPU's box.
 * @mailbox: set up by cpuslab_mailbox_init().
 * @cpu:     any number.
 * @message: copied.
 *
 * Context: any, signal handlers and interrupts included. Never sleeps, never
 *          allocates, takes no lock.
 * Order:   release; the receiver sees all that was written before.
 * Return:  CPUSLAB_OK; CPUSLAB_FULL; -CPUSLAB_ENOENT if @cpu is not online:
 *          send to another one.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_HIGH int
cpuslab_mailbox_send(CPUSLAB_INOUT struct cpuslab_mailbox *mailbox,
		     uint32_t cpu,
		     CPUSLAB_IN const struct cpuslab_message *message);

/**
 * cpuslab_mailbox_receive() - take the oldest message out of a CPU's box.
 * @mailbox: set up by cpuslab_mailbox_init().
 * @cpu:     any number.
 * @message: written on CPUSLAB_OK only.
 *
 * Context: any, also on another CPU. Never sleeps, never allocates, takes no
 *          lock.
 * Order:   acquire on CPUSLAB_OK: sees all that was written before the send.
 * Return:  CPUSLAB_OK; CPUSLAB_EMPTY; CPUSLAB_PARTIAL if the sender of the
 *          oldest message has not filled it yet: try again later;
 *          -CPUSLAB_ENOENT if @cpu was never online.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_HIGH int
cpuslab_mailbox_receive(CPUSLAB_INOUT struct cpuslab_mailbox *mailbox,
			uint32_t cpu,
			CPUSLAB_OUT struct cpuslab_message *message);

/**
 * cpuslab_mailbox_next_undelivered() - find a closed box with messages.
 * @mailbox: set up by cpuslab_mailbox_init().
 * @cpu:     the first CPU to look at.
 *
 *	for (cpu = next_undelivered(mailbox, 0); cpu != CPUSLAB_NO_CPU;
 *	     cpu = next_undelivered(mailbox, cpu + 1))
 *		while (!cpuslab_mailbox_receive(mailbox, cpu, &message))
 *			... handle it here, or send it to another CPU ...
 *
 * Context: any. O(limit).
 * Order:   acquire.
 * Return:  the first CPU at or above @cpu that is not online and whose box has
 *          messages, or CPUSLAB_NO_CPU.
 */
CPUSLAB_API CPUSLAB_HIGH uint32_t cpuslab_mailbox_next_undelivered(
	CPUSLAB_IN const struct cpuslab_mailbox *mailbox, uint32_t cpu);

/**
 * cpuslab_mailbox_is_open() - tell whether a CPU's box accepts messages.
 * @mailbox: set up by cpuslab_mailbox_init().
 * @cpu:     any number.
 *
 * Context: any.
 * Order:   acquire; true sees what was done before the CPU was added.
 * Return:  true or false; it may have changed by the time of the return.
 */
CPUSLAB_API CPUSLAB_HIGH bool
cpuslab_mailbox_is_open(CPUSLAB_IN const struct cpuslab_mailbox *mailbox,
			uint32_t cpu);

/*
 * Synchronization
 *
 *	send, receive, next_undelivered, is_open  any threads at once
 *	init, fini                                the caller excludes all others
 */

CPUSLAB_END

#endif /* CPUSLAB_MAILBOX_H */
