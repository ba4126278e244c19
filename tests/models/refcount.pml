/* SPDX-License-Identifier: MIT */
/*
 * refcount.pml - killing and resurrecting a reference count:
 * lib/structures/refcount.c, gate.c.
 *
 * Two threads get and put a reference, on CPUs that they choose anew for each
 * step. CPU 1 is admitted at some moment. A third thread holds a reference,
 * kills the count, resurrects it, puts its reference, and kills it again.
 *
 * formula: released_in_the_end
 *	Here there is one user, and no thread runs on another's CPU: two that
 *	preempt each other in their sections, over and over, do not end.
 *
 * bug: refcount-no-fence
 * bug: refcount-sum-early
 * bug: refcount-newcomer-open
 * bug: refcount-summed-twice
 * bug: refcount-no-bias
 * bug: refcount-opens-early
 * bug of the formula: refcount-get-endless
 */
#include "section.pml"

#ifdef FORMULA
#define USERS	1
#else
#define USERS	2
#endif
#define SHARED	CPUS
#ifdef REFCOUNT_NO_BIAS
#define BIAS	0
#else
#define BIAS	20	/* more than all puts */
#endif
#define LIVE	100	/* in the global count: no kill has begun */

short global = LIVE + BIAS + 2; /* the first one, and the killer's */
bool open[CPUS + 1] = true;
short value[CPUS + 1];
bool live[CPUS];
bool gate = true;	/* of copies that are constructed from now on */
bool mutex;
byte held;		/* references of the users */
bool killed;		/* the last kill has returned */
byte released;

#define lock()		atomic { !mutex -> mutex = true }
#define unlock()	mutex = false

/* cpuslab_add_if(): counted, or the gate differs. */
inline add_if(cpu, change, counted)
{
	run_anywhere(cpu);
	do
	:: section_begin(cpu); /* @+1 */
		if
		:: !live[cpu] -> /* @+1 */
			/* {gate, value} of the shared block change together. */
			if
			:: atomic { open[SHARED] ->
				value[SHARED] = value[SHARED] + change; /* @+2 */
				counted = true }
			:: atomic { !open[SHARED] -> /* @+1 */
				counted = false }
			fi;
			break
		:: live[cpu] && !open[cpu] -> /* @+2 */
			counted = false;
			break
		:: live[cpu] && open[cpu] -> /* @+2 */
			if
			:: atomic { section_is_whole(cpu) ->
				value[cpu] = value[cpu] + change }; /* @done */
				counted = true;
				break
			:: !section_is_whole(cpu)
			fi
		fi
	od
}

inline drop()
{
	atomic {
		/* While no kill has begun, it has the first reference. */
		assert(global != LIVE + 1);
		global--; /* @+1 */
		assert(global >= 0);
		if
		:: global == 0 ->
			released++;
			assert(!held)
		:: else
		fi
	}
}

inline slow_get(got)
{
	found = global; /* @+1 */
	do
	:: found < LIVE -> break
	:: found >= LIVE ->
		atomic {
			if
			:: global == found ->
				global++;
				held++;
				got = true;
				break
			:: else /* @+1 */
			fi
		};
#ifndef REFCOUNT_GET_ENDLESS
		found = global
#endif
	od;
	found = 0
}

inline try_get(cpu, got)
{
	add_if(cpu, 1, got);
	if
	:: atomic { got -> held++ }
	:: !got -> slow_get(got)
	fi
}

inline put(cpu, counted)
{
	/* The reference ends when it is put, not when that is counted. */
	held--;
	add_if(cpu, -1, counted);
	if
	:: counted
	:: !counted -> drop()
	fi
}

proctype user()
{
	byte cpu;
	short found;
	bool got, late;

	late = killed;
	try_get(cpu, got);
	assert(!(late && got));
	if
	:: got ->
		assert(!released);
		put(cpu, got)
	:: !got
	fi
}

proctype newcomer()
{
	lock();
#ifdef REFCOUNT_NEWCOMER_OPEN
	open[1] = true;
#else
	open[1] = gate;
#endif
	live[1] = true; /* @admitted */
	unlock()
}

inline set_gates(to)
{
	gate = to;
	open[SHARED] = to; /* @gate_shared */
	open[0] = to; /* @gate_0 */
	if
	:: live[1] -> open[1] = to /* @gate_1 */
	:: !live[1]
	fi
}

inline add_up()
{
	sum = value[SHARED]; /* @+3 */
	sum = sum + value[0]; /* @+1 */
	sum = sum + value[1]
}

inline close()
{
#ifdef REFCOUNT_SUM_EARLY
	add_up();
#endif
	set_gates(false);
#ifndef REFCOUNT_NO_FENCE
	fence(0);
	fence(1);
#endif
#ifndef REFCOUNT_SUM_EARLY
	add_up();
#endif
	global = global + sum - summed - BIAS; /* @exact */
#ifndef REFCOUNT_SUMMED_TWICE
	summed = sum
#endif
}

inline kill()
{
	lock();
	global = global - LIVE; /* @dying */
	close();
	drop();
	unlock()
}

inline resurrect()
{
	lock();
	global = global + LIVE + 1; /* @alive */
#ifdef REFCOUNT_OPENS_EARLY
	set_gates(true);
	global = global + BIAS; /* @biased */
#else
	global = global + BIAS; /* @biased */
	set_gates(true);
#endif
	unlock()
}

proctype killer()
{
	byte cpu;
	short sum, summed;
	bool counted;

	kill();
	resurrect();
	put(cpu, counted);
	kill();
	killed = true
}

#ifdef FORMULA
ltl released_in_the_end { <> (released == 1) }
#endif

init {
	byte i;

	atomic {
		live[0] = true;
		held = 1; /* the killer's */
		run newcomer();
		run killer();
		for (i : 1 .. USERS) {
			run user()
		}
	}
	/* All threads have ended. */
	_nr_pr == 1;
	assert(released == 1 && held == 0)
}
