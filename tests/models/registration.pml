/* SPDX-License-Identifier: MIT */
/*
 * registration.pml - a thread is registered on its first miss, and ends:
 * ports/linux-user/registration.c, with a C library that has no rseq and
 * unmaps the memory of a thread before the kernel has ended it (musl).
 *
 * The thread misses or not, then ends: destructors of keys run, in rounds as
 * long as one has set a key again, some of which use the library. Signals come
 * at any step; their handlers use the library too, and run to their end. Not
 * here, because such a thread ends registered, as ports/linux-user/README.md
 * says: its first use of all is in a handler after the last destructor.
 *
 * bug: registration-never-ends
 * bug: registration-in-destructors
 * bug: registration-ends-open
 */
#define SIGNALS 2
#define ROUNDS	2	/* of destructors, in which the thread uses the library */

bool registered;	/* the kernel writes to the thread's memory */
bool mapped = true;
bool no_rseq;
bool key;		/* has a value: its destructor will run */
bool in_handler;
bool late;	/* no destructor will run, though none has */
byte signals;

#define of_thread (!in_handler)

/* registration_thread(), by the thread or by a handler over it. */
inline registration(who)
{
	if
	:: atomic { who && no_rseq -> skip } /* @misses */
	:: atomic { who && !no_rseq }; /* @misses */
		atomic { who -> key = true }; /* @sets_key */
		/* EBUSY, if a handler was first: as well. */
		atomic { who -> registered = true } /* @registers */
	fi
}

proctype handlers()
{
	do
	:: atomic { signals < SIGNALS && mapped && !late -> /* @interrupts */
		signals++;
		in_handler = true };
		registration(in_handler);
		in_handler = false
	:: signals == SIGNALS || !mapped || late -> break
	od
}

inline destructor()
{
	atomic { of_thread && key -> key = false }; /* @destructs */
#ifdef REGISTRATION_ENDS_OPEN
	atomic { of_thread -> registered = false }; /* @unregisters */
	atomic { of_thread -> no_rseq = true }
#else
#ifndef REGISTRATION_IN_DESTRUCTORS
	atomic { of_thread -> no_rseq = true };
#endif
#ifndef REGISTRATION_NEVER_ENDS
	atomic { of_thread -> registered = false } /* @unregisters */
#else
	skip
#endif
#endif
}

proctype thread()
{
	byte round;

	if
	:: registration(of_thread)
	:: of_thread /* @hits: or it does not use the library */
	fi;
	/* Destructors, each followed by what other ones do. */
	for (round : 1 .. ROUNDS) {
		if
		:: atomic { of_thread && key } -> destructor()
		:: atomic { of_thread && !key }
		fi;
		if
		:: registration(of_thread)
		:: of_thread /* @hits */
		fi
	}
	/* In the last round a key may be set that no destructor sees. */
	if
	:: atomic { of_thread && key } -> destructor()
	:: atomic { of_thread && !key -> late = !no_rseq }
	fi;
	/* All signals are blocked from here on. */
	atomic { of_thread -> mapped = false };
	assert(!registered)
}

init {
	atomic {
		run thread();
		run handlers()
	}
}
