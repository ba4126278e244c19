/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_WORKERS_THREAD_H
#define CPUSLAB_WORKERS_THREAD_H
/*
 * workers_thread.h - threads as the workers of workers.h, on every port but
 * sim.
 *
 *	const struct cpuslab_workers_config config = {
 *		.size = sizeof(config),
 *		.ops = &cpuslab_thread_ops,
 *		.handle = handle,
 *		.capacity = 256,
 *	};
 *	err = cpuslab_workers_init(&workers, domain, &config);
 *
 * There is one thread for each CPU. It is created when the CPU is prepared,
 * which is refused without it; bound to the CPU, where the system allows that,
 * and at work once the CPU is complete; bound again by a repeated complete or a
 * resync; asleep while it has nothing to do; parked while the CPU is offline.
 * It has ended when cpuslab_workers_fini() returns. After a message it may wait
 * some microseconds for the next one before it sleeps (not on linux-kernel), so
 * that messages that follow each other closely need no wake.
 *
 *	port             the thread             cpuslab_workers_send() may be
 *	                                        called
 *	linux-user       "cpuslab/N"            anywhere, signal handlers
 *	                                        included
 *	linux-kernel     "cpuslab/N"            up to hard interrupts; not in an
 *	                                        NMI, nor with a runqueue locked
 *	windows-kernel   at PASSIVE_LEVEL       up to DISPATCH_LEVEL; an ISR
 *	                                        queues a DPC, which sends
 *	windows-user                            anywhere
 *
 * A handler runs in that thread and may sleep.
 *
 * linux-user: one thread of the program must stay unbound, see binding.h. All
 * threads of a set have the signal mask of the thread that started the first
 * one, usually in cpuslab_workers_init(), but signals that a thread causes
 * itself (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS) are not blocked.
 * They have the default scheduling policy and the nice value of the process. A
 * handler may fork; if it returns in the child, its thread ends there.
 *
 * linux-kernel: while the kernel takes a CPU offline its worker is moved, and
 * works elsewhere until the domain removes the CPU and parks it. That waits for
 * the handler, so a handler must be short, and must not wait for a thread that
 * calls the domain or is in the kernel's CPU hotplug.
 *
 * windows-kernel: no CPU is ever removed, so only fini waits.
 *
 * windows-user: no set can be made in DllMain; it can be ended there.
 *
 * Threads that must sleep somewhere else, such as in epoll_wait(), are made of
 * these: copy the callbacks, and replace idle and wake; in parked the thread
 * hands on what it holds for its CPU. examples/server does that. Not on
 * linux-kernel.
 */

#include <cpuslab/workers.h>

CPUSLAB_BEGIN

/* create: -CPUSLAB_ENOMEM, or -CPUSLAB_EAGAIN without a thread. */
CPUSLAB_API extern const struct cpuslab_workers_ops cpuslab_thread_ops;

CPUSLAB_END

#endif /* CPUSLAB_WORKERS_THREAD_H */
