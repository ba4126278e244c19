/* SPDX-License-Identifier: MIT */
/*
 * workers.h - one worker for each online CPU, and messages to it.
 *
 *	CPU's step     worker
 *	start          create: a parked worker; may refuse
 *	complete       its box opens; unpark: it runs, on its CPU
 *	remove         its box closes; park: it takes no further message; other
 *	               workers handle what is undelivered in the box, at once
 *	failure        destroy, if it has never run
 *	next complete  unpark: the same worker, without an allocation
 *
 * What a worker is (a thread, a work item, a DPC) is up to callbacks, struct
 * cpuslab_workers_ops; <cpuslab/workers_thread.h> provides them for threads.
 * What it does with a message is up to config.handle.
 *
 * Guarantee: a message whose send returned CPUSLAB_OK is handled exactly once,
 * by the worker of the CPU that it was sent to or, if that CPU goes offline, by
 * another one, or is passed to config.unhandled at fini. While no CPU is online
 * it waits for the next one. A worker handles one message at a time, so for a
 * CPU that stays online, those of one sender are handled in the order of
 * sending.
 *
 * In userspace no removal waits for a handler; only cpuslab_workers_fini() and
 * cpuslab_workers_flush() do. If a CPU goes offline while its worker is in a
 * handler, that message is finished, on any CPU, while other workers handle
 * those that were behind it. If the CPU returns meanwhile, the same worker goes
 * on with its next message once the handler has returned. What handlers use
 * must therefore outlive the removal of a CPU: a client of lower order may find
 * the worker in its last message, and frees such data in ops.parked, or keeps
 * it for the CPU's return.
 *
 * In a kernel, whose drivers must be quiet when a CPU is taken away, a removal
 * waits for the handler, with the domain's mutex and the system's hotplug lock
 * held: no longer than the longest handler runs.
 *
 * A forked child has no workers: its parent's handle all messages. There a send
 * returns -CPUSLAB_ENOENT, no callback of the set is called, and fini only
 * frees what the set itself allocated; the child can then make a set of its
 * own.
 *
 * Not for a pool that only has to be as large as the machine (start any number
 * of threads), nor for work that must stay on its CPU when that goes offline.
 *
 * The struct must not be copied or moved.
 */
#ifndef CPUSLAB_WORKERS_H
#define CPUSLAB_WORKERS_H

#include <cpuslab/mailbox.h>

CPUSLAB_BEGIN

/* Of a flush: it waits as long as it takes. */
#define CPUSLAB_NO_TIMEOUT 0xffffffffu

struct cpuslab_workers;

/*
 * All are required but wait, repair, idle and parked. All but wake, idle and
 * parked run one at a time, under the domain's mutex (see client.h) or in init
 * and fini; they may sleep. None may throw.
 */
struct cpuslab_workers_ops {
	/*
	 * Make a worker for @cpu, parked. *worker is passed to the other
	 * callbacks. A negative result refuses the CPU; the callback has then
	 * changed nothing.
	 */
	int (*create)(struct cpuslab_workers *workers, uint32_t cpu,
		      void **worker) CPUSLAB_NOEXCEPT;
	/*
	 * @cpu runs: let the worker call cpuslab_workers_work() there until
	 * that returns CPUSLAB_EMPTY.
	 */
	void (*unpark)(struct cpuslab_workers *workers, uint32_t cpu,
		       void *worker) CPUSLAB_NOEXCEPT;
	/*
	 * Let the worker not call cpuslab_workers_work() again. Should not wait
	 * for a call in progress: a handler may take long. unpark may come
	 * before that call has returned.
	 */
	void (*park)(struct cpuslab_workers *workers, uint32_t cpu,
		     void *worker) CPUSLAB_NOEXCEPT;
	/*
	 * Called in fini, after park or before the first unpark: when this
	 * returns, no cpuslab_workers_work() is in progress. NULL: park waits.
	 */
	void (*wait)(struct cpuslab_workers *workers, uint32_t cpu,
		     void *worker) CPUSLAB_NOEXCEPT;
	/* Free the worker, which is parked. */
	void (*destroy)(struct cpuslab_workers *workers, uint32_t cpu,
			void *worker) CPUSLAB_NOEXCEPT;
	/*
	 * Wake the worker; do nothing if it is parked. Called by
	 * cpuslab_workers_send() in the sender's context, from any thread, for
	 * the first message after cpuslab_workers_work() has returned
	 * CPUSLAB_EMPTY. A wake that races with unpark may be dropped: unpark
	 * implies one.
	 */
	void (*wake)(struct cpuslab_workers *workers, uint32_t cpu,
		     void *worker) CPUSLAB_NOEXCEPT;
	/*
	 * The system may have undone the worker's binding to @cpu, which is
	 * online: bind it again. See the repair of client.h. May be NULL.
	 */
	void (*repair)(struct cpuslab_workers *workers, uint32_t cpu,
		       void *worker) CPUSLAB_NOEXCEPT;
	/*
	 * For cpuslab_thread_ops (workers_thread.h): called by the worker's own
	 * thread, unparked, when it has nothing to do. Sleep until wake; an
	 * earlier return is harmless. May be NULL.
	 */
	void (*idle)(struct cpuslab_workers *workers, uint32_t cpu,
		     void *worker) CPUSLAB_NOEXCEPT;
	/*
	 * For cpuslab_thread_ops, except on linux-kernel: called by the
	 * worker's own thread before it sleeps, parked. The CPU may return
	 * meanwhile. May be NULL.
	 */
	void (*parked)(struct cpuslab_workers *workers, uint32_t cpu,
		       void *worker) CPUSLAB_NOEXCEPT;
};

struct cpuslab_workers_config {
	size_t size;                           /* of this struct; see sized.h */
	const struct cpuslab_workers_ops *ops; /* outlives the set */
	/* Called by the worker of @cpu for each message that it receives. */
	void (*handle)(void *arg, uint32_t cpu,
		       const struct cpuslab_message *message) CPUSLAB_NOEXCEPT;
	/*
	 * Called by fini for each message that no worker has handled. NULL:
	 * these are dropped.
	 */
	void (*unhandled)(void *arg, const struct cpuslab_message *message)
		CPUSLAB_NOEXCEPT;
	void *arg;
	uint32_t capacity; /* of each box, see cpuslab_mailbox_init() */
};

struct cpuslab__worker;

struct cpuslab_workers {
	struct cpuslab_mailbox mailbox;
	struct cpuslab_client client;
	struct cpuslab_workers_config config; /* W init */
	uint32_t limit;                       /* W init */
	struct cpuslab__worker *workers;      /* [limit] W domain mutex */
	uint32_t process;     /* W init: the process that has the workers */
	uint32_t undelivered; /* W any: closed boxes may have messages */
};

/**
 * cpuslab_workers_init() - make a worker for each CPU of a domain.
 * @workers: resident memory of the caller.
 * @domain:  CPUs that it adds later get a worker in their add_start.
 * @config:  copied.
 *
 * The workers of CPUs that are online run when this returns.
 *
 * Context: may sleep, allocates; not in a callback of @domain.
 * Return:  CPUSLAB_OK; -CPUSLAB_EINVAL without @domain, @config or a required
 *          callback; what ops.create returned if it refused; or as
 *          cpuslab_mailbox_init().
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_PASSIVE int
cpuslab_workers_init(CPUSLAB_OUT struct cpuslab_workers *workers,
		     CPUSLAB_INOUT struct cpuslab_domain *domain,
		     CPUSLAB_IN const struct cpuslab_workers_config *config);

/**
 * cpuslab_workers_fini() - park all workers, then destroy them.
 * @workers: set up by cpuslab_workers_init().
 *
 * Waits for the handlers that run. Messages that no worker has handled are
 * passed to config.unhandled, except in a forked child, whose parent has them.
 *
 * Context: may sleep; no other thread sends; not in a handler, not in a
 *          callback of the domain (an assertion; release builds log it and do
 *          nothing).
 */
CPUSLAB_API CPUSLAB_PASSIVE void
cpuslab_workers_fini(CPUSLAB_INOUT struct cpuslab_workers *workers);

/**
 * cpuslab_workers_send() - send a message to the worker of a CPU, which is
 *                          woken if it has nothing to do.
 * @workers: set up by cpuslab_workers_init().
 * @cpu:     any number.
 * @message: copied.
 *
 * Context: any in which ops.wake may be called. Takes no lock of its own.
 * Order:   release; the handler sees all that was written before.
 * Return:  CPUSLAB_OK; CPUSLAB_FULL; -CPUSLAB_ENOENT if @cpu is not online, and
 *          in a child of the process that made the set.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_DISPATCH int
cpuslab_workers_send(CPUSLAB_INOUT struct cpuslab_workers *workers,
		     uint32_t cpu,
		     CPUSLAB_IN const struct cpuslab_message *message);

/**
 * cpuslab_workers_work() - receive one message and handle it.
 * @workers: set up by cpuslab_workers_init().
 * @cpu:     the CPU of the calling worker.
 *
 * Messages that are undelivered on CPUs that went offline come before @cpu's
 * own.
 *
 * Context: the worker of @cpu, unparked; the context that config.handle needs.
 * Order:   acquire; the handler sees all that was written before the send.
 * Return:  CPUSLAB_OK; CPUSLAB_EMPTY: sleep until ops.wake; -CPUSLAB_EBUSY in a
 *          handler: it has done nothing.
 */
CPUSLAB_API CPUSLAB_PASSIVE int
cpuslab_workers_work(CPUSLAB_INOUT struct cpuslab_workers *workers,
		     uint32_t cpu);

/**
 * cpuslab_workers_flush() - wait until messages have been handled.
 * @workers: set up by cpuslab_workers_init().
 * @cpu:     wait for messages that were sent to it; CPUSLAB_NO_CPU: to any.
 *           Handlers of messages to other CPUs are not waited for.
 * @timeout_ms: wait for so many milliseconds at most. 0: only test whether all
 *           are handled; or CPUSLAB_NO_TIMEOUT.
 *
 * On CPUSLAB_OK the handler has returned for each message whose send had
 * returned before this call, whichever worker handled it. CPUs may be added and
 * removed meanwhile. A send that is in progress is waited for as well: until
 * the timeout, if its thread is killed there. Of later messages only those may
 * be waited for that are sent before the call looks at their box.
 *
 * While no CPU is online it waits for the next one, as the messages do. It
 * wakes up now and then, and returns up to a millisecond late.
 *
 * Context: may sleep; not in a read section, nor where a handler would wait for
 *          the caller.
 * Order:   acquire; sees all that the handlers wrote.
 * Return:  CPUSLAB_OK; CPUSLAB_PARTIAL: not all are handled after that time;
 *          -CPUSLAB_EBUSY in a handler of this set, and in a callback of its
 *          domain; -CPUSLAB_ENOENT if @cpu is a number that no CPU can have,
 *          in a child of the process that made the set, or if init failed.
 */
CPUSLAB_NODISCARD CPUSLAB_API CPUSLAB_PASSIVE int
cpuslab_workers_flush(CPUSLAB_INOUT struct cpuslab_workers *workers,
		      uint32_t cpu, uint32_t timeout_ms);

/*
 * Synchronization
 *
 *	send, flush   any threads at once
 *	work          for one CPU: only its worker, while it is not parked
 *	init, fini    the caller excludes all others
 */

CPUSLAB_END

#endif /* CPUSLAB_WORKERS_H */
