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
 * formula: handled_in_the_end, with weak fairness
 *	Each message that was accepted is handled, even if CPU 0's own box never
 *	empties. Here CPU 1 does not return.
 *
 * bug: workers-sleeps-unmarked
 * bug: workers-flag-late
 * bug: workers-idle-blind
 * bug: workers-late-sender
 * bug: workers-partial-left
 * bug: workers-left-behind
 * bug: mailbox-mark-unseen
 * bug: mailbox-mark-over-message
 * bug of the formula: workers-own-first
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
	undelivered = true; /* @+1 */
	wake_idle(other)
}

/* ---- sending ------------------------------------------------------------- */

inline send()
{
	atomic {
		accepted = !closed;
		at = tail;
		tail = tail + accepted; /* @+3 */
		sent = sent + accepted
	}
	if
	:: accepted ->
#ifdef MAILBOX_MARK_UNSEEN
		awaited = slot[at] == AWAITED; /* @+2 */
		slot[at] = FULL; /* @+1 */
#else
		atomic {
			awaited = slot[at] == AWAITED;
			slot[at] = FULL /* @+2 */
		}
#endif
		if
		:: !awaited
#ifdef WORKERS_LATE_SENDER
		:: awaited -> /* @+1 */
			woken[1] = true
#else
		:: awaited && !closed -> /* @+1 */
			woken[1] = true
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
	:: at = head; /* @+1 */
		if
		:: at < MESSAGES && slot[at] == FULL -> /* @+1 */
			atomic {
				taken = head == at;
				head = head + taken
			}
			if
			:: taken -> break
			:: !taken
			fi
		:: else -> /* @+1 */
			if
			:: at == MESSAGES || (!awaits && head == at) ->
				break
			:: else ->
#ifdef MAILBOX_MARK_OVER_MESSAGE
				if
				:: slot[at] != FULL -> /* @+1 */
					slot[at] = AWAITED; /* @+1 */
					break
				:: else
				fi
#else
				if
				:: atomic { slot[at] != FULL ->
					slot[at] = AWAITED }; /* @+2 */
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
#ifdef WORKERS_FLAG_LATE
			skip; /* @+1 */
#endif
#ifdef WORKERS_PARTIAL_LEFT
			take_from(false);
#else
			take_from(true);
#endif
			undelivered = undelivered || taken
		:: else
		fi;
#ifdef WORKERS_FLAG_LATE
		skip; /* @+1 */
		undelivered = taken;
#endif
	:: !undelivered
	fi
}

inline take_own(awaits)
{
	taken = false;
	if
	:: cpu == 1 -> take_from(awaits)
	:: cpu == 0 /* @+2 */
#ifdef FORMULA
	:: cpu == 0 -> /* @own: as often as not */
		taken = true;
		other_message = true
#endif
	fi
}

inline take(awaits)
{
#ifdef WORKERS_OWN_FIRST
	take_own(awaits);
	if
	:: taken
	:: !taken -> take_undelivered()
	fi
#else
	take_undelivered();
	if
	:: taken
	:: !taken -> take_own(awaits)
	fi
#endif
}

inline work()
{
	take(false);
	if
	:: taken
	:: !taken ->
		idle[cpu] = true; /* @idle */
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
		handled = handled + !other_message;
		other_message = false
	:: !taken
	fi
}

inline sleep()
{
	atomic { woken[cpu] -> woken[cpu] = false } /* @asleep */
}

proctype worker_thread(byte cpu)
{
	byte at, other;
	bool taken, other_message; /* not the sender's */

end:	do
	:: thread[cpu] == RUNS ->
		work();
		if
		:: taken
		:: !taken ->
end_idle:		sleep()
		fi
	:: atomic { thread[cpu] == PARKING -> thread[cpu] = PARKED } /* @parked */
	:: thread[cpu] == PARKED ->
end_parked:	sleep()
	od
}

/* ---- the domain ---------------------------------------------------------- */

proctype domain()
{
	byte other;

	closed = true; /* @closed */
	worker[1] = PARKED;
	thread[1] = PARKING;
	woken[1] = true;
#ifndef WORKERS_LEFT_BEHIND
	redistribute(other);
#endif
	if
#ifndef FORMULA
	:: closed = false; /* @returns */
		worker[1] = RUNS;
		thread[1] = RUNS;
		woken[1] = true /* @unparked */
#endif
	:: true /* it does not return */
	fi
}

#ifdef FORMULA
ltl handled_in_the_end { [] (sent == 1 -> <> (handled == 1)) }
#endif

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
