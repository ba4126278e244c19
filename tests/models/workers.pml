/* SPDX-License-Identifier: MIT */
/*
 * workers.pml - a worker sleeps, is woken, parks and goes on; another one takes
 * over its messages: lib/structures/workers.c, workers_thread.c, mailbox.c.
 *
 * There are workers on CPUs 0 and 1. A thread sends messages to CPU 1,
 * which is removed and perhaps added again, so the worker of CPU 0 may have to
 * take them over. When nothing more can happen every message that was accepted
 * has been handled: no wake is lost.
 *
 * bug: workers-sleeps-unmarked
 * bug: workers-flag-late
 * bug: workers-idle-blind
 * bug: workers-late-sender
 * bug: workers-partial-left
 * bug: workers-left-behind
 * bug: mailbox-mark-unseen
 * bug: mailbox-mark-over-message
 */
#define CPUS	 2
#define MESSAGES 1	/* no slot is used twice */

mtype = { EMPTY, AWAITED, FULL };	/* slots */
mtype = { RUNS, PARKING, PARKED };	/* workers */

/* CPU 1's box. */
mtype slot[MESSAGES] = EMPTY;
byte tail, head;
bool closed;

mtype worker[CPUS] = RUNS;	/* as the domain has it */
mtype thread[CPUS] = RUNS;	/* as its thread has it */
bool woken[CPUS];		/* an event: set until the thread sleeps next */
bool idle[CPUS];
bool undelivered;

byte sent, handled;

inline wake_idle(other)
{
	for (other : 0 .. CPUS - 1) {
		if
		:: worker[other] == RUNS && idle[other] ->
			woken[other] = true;
			break
		:: else
		fi
	}
}

inline redistribute(other)
{
	undelivered = true;
	wake_idle(other)
}

/* ---- sending ------------------------------------------------------------- */

inline send()
{
	atomic {
		accepted = !closed;
		at = tail;
		tail = tail + accepted;
		sent = sent + accepted
	}
	if
	:: accepted ->
#ifdef MAILBOX_MARK_UNSEEN
		awaited = slot[at] == AWAITED;
		slot[at] = FULL;
#else
		atomic {
			awaited = slot[at] == AWAITED;
			slot[at] = FULL
		}
#endif
		if
		:: !awaited
#ifdef WORKERS_LATE_SENDER
		:: awaited -> woken[1] = true
#else
		:: awaited && !closed -> woken[1] = true
		:: awaited && closed -> redistribute(other)
#endif
		fi
	:: !accepted
	fi
}

proctype sender()
{
	byte i, at, other;
	bool awaited, accepted;

	for (i : 1 .. MESSAGES) {
		send()
	}
}

/* ---- receiving ----------------------------------------------------------- */

inline take_from(awaits)
{
	taken = false;
	do
	:: at = head;
		if
		:: at < MESSAGES && slot[at] == FULL ->
			atomic {
				taken = head == at;
				head = head + taken
			}
			if
			:: taken -> break
			:: !taken
			fi
		:: else ->
			if
			:: at == MESSAGES || (!awaits && head == at) ->
				break
			:: else ->
#ifdef MAILBOX_MARK_OVER_MESSAGE
				if
				:: slot[at] != FULL ->
					slot[at] = AWAITED;
					break
				:: else
				fi
#else
				if
				:: atomic { slot[at] != FULL ->
					slot[at] = AWAITED };
					break
				:: slot[at] == FULL
				fi
#endif
			fi
		fi
	od
}

inline take_undelivered()
{
	taken = false;
	if
	:: undelivered ->
#ifndef WORKERS_FLAG_LATE
		undelivered = false;
#endif
		if
		:: closed && tail != head ->
#ifdef WORKERS_PARTIAL_LEFT
			take_from(false);
#else
			take_from(true);
#endif
			undelivered = undelivered || taken
		:: else
		fi;
#ifdef WORKERS_FLAG_LATE
		undelivered = taken;
#endif
	:: !undelivered
	fi
}

inline take(awaits)
{
	take_undelivered();
	if
	:: taken
	:: !taken && cpu == 1 -> take_from(awaits)
	:: else
	fi
}

inline work()
{
	take(false);
	if
	:: taken
	:: !taken ->
		idle[cpu] = true;
#if defined(WORKERS_SLEEPS_UNMARKED)
		take(false)
#elif defined(WORKERS_IDLE_BLIND)
		if
		:: cpu == 1 -> take_from(true)
		:: cpu != 1
		fi
#else
		take(true)
#endif
	fi;
	if
	:: taken ->
		idle[cpu] = false;
		if
		:: undelivered -> redistribute(other)
		:: !undelivered
		fi;
		handled++
	:: !taken
	fi
}

inline sleep()
{
	atomic { woken[cpu] -> woken[cpu] = false }
}

proctype worker_thread(byte cpu)
{
	byte at, other;
	bool taken;

end:	do
	:: thread[cpu] == RUNS ->
		work();
		if
		:: taken
		:: !taken ->
end_idle:		sleep()
		fi
	:: atomic { thread[cpu] == PARKING -> thread[cpu] = PARKED }
	:: thread[cpu] == PARKED ->
end_parked:	sleep()
	od
}

/* ---- the domain ---------------------------------------------------------- */

proctype domain()
{
	byte other;

	closed = true;
	worker[1] = PARKED;
	thread[1] = PARKING;
	woken[1] = true;
#ifndef WORKERS_LEFT_BEHIND
	redistribute(other);
#endif
	if
	:: closed = false;
		worker[1] = RUNS;
		thread[1] = RUNS;
		woken[1] = true
	:: true /* it does not return */
	fi
}

init {
	atomic {
		run worker_thread(0);
		run worker_thread(1);
		run domain();
		run sender()
	}
	/* Nothing more can happen. */
	timeout;
	assert(handled == sent)
}
