/* SPDX-License-Identifier: MIT */
/*
 * release.pml - a CPU is released, returns, and is released again, while
 * threads add and sum and the slab grows: lib/core/release.c, admit.c,
 * summary.c, extent.c.
 *
 * formula: never_waits
 *	Whenever all other threads stop, adds and sums end. Here no thread
 *	trims or grows the slab.
 *
 * The slab has one counter. The domain removes and adds a CPU; another thread
 * trims the slab, or adds an extent. Adds on all other CPUs are adds to the
 * shared block here.
 *
 * bug: release-no-fence
 * bug: summary-two-loads (the race of Linux f689054aace2: a sum takes the set
 *      of CPUs and the counts of those that have left at two moments)
 * bug: publish-live-first
 * bug: reclaim-no-grace
 * bug: retake-no-subtract
 * bug: retake-current-batch
 * bug: retake-live-first
 * bug: growth-forgets-retained
 * bug: release-takes-returned
 * bug of the formula: admit-locks
 */
#define CPUS 1
#include "section.pml"

#define SUMMARIES 5

mtype = { ABSENT, PREPARED, LIVE, DRAINING, DEAD };

mtype state = LIVE; /* of the CPU */
bool live = true;
bool registered = true;
bool mutex, releasing;

/* The CPU's block of each extent. */
bool has_block = true, has_block_2;
bool extent_2, handle_2;
byte value, shared;

/* Summaries: is the CPU a member, and the residual, of one moment. */
byte summary;
bool member[SUMMARIES];
short residual[SUMMARIES];
bool freed[SUMMARIES];
byte made = 1;

/* What is freed after a grace period: of the current one, and the next. */
bool current_used, current_cpu, next_used, next_cpu;
byte current_oldest = 255, next_oldest = 255; /* summaries from here on */
byte current_end;
bool grace_period, reading, awaits_reader;

byte begun, ended;	/* adds */
byte sums;
#ifdef FORMULA
bool stopped;	/* all threads but those that add and sum */
#else
#define stopped false
#endif

#define lock()		atomic { !mutex -> mutex = true }
#define unlock()	mutex = false

/* ---- operations ---------------------------------------------------------- */

/* No other thread can reach the blocks. */
inline prepare()
{
	d_step {
		has_block = true;
		value = 0;
		has_block_2 = extent_2
	}
}

inline publish()
{
#ifdef PUBLISH_LIVE_FIRST
	live = true; /* @live */
	member[summary] = true; /* @member */
#else
	member[summary] = true; /* @member */
	live = true; /* @live */
#endif
	state = LIVE
}

proctype adder()
{
	bool second, again;

	begun++;
	second = handle_2;
	do
	:: shared++ -> /* @elsewhere: on another CPU */
		break
	:: section_begin(0); /* @+1 */
		if
		:: live -> /* @+1 */
			if
			:: atomic { section_is_whole(0) ->
				assert(has_block && (!second || has_block_2));
				value++ }; /* @done */
				break
			:: !section_is_whole(0)
			fi
		:: !live
		fi;
		/* A miss. On demand; the lock is only tried. */
		if
		:: atomic { (state == ABSENT || state == PREPARED) &&
			!mutex -> mutex = true };
			if
			:: state == ABSENT -> prepare()
			:: state == PREPARED
			fi;
			publish();
			unlock()
#ifdef ADMIT_LOCKS
		:: state == DRAINING || state == DEAD ->
#else
		:: mutex || state == DRAINING || state == DEAD ->
#endif
			shared++;
			break
		:: state == LIVE && !again ->
			again = true
		:: state == LIVE && again ->
			shared++;
			break
		fi
	od;
	ended++
}


/* ---- sums ---------------------------------------------------------------- */

inline sum_up()
{
	before = ended;
	reading = true; /* @+1 */
	at = summary; /* @+1 */
	assert(!freed[at]);
	sum = residual[at] + shared; /* @+1 */
#ifdef SUMMARY_TWO_LOADS
	at = summary;
#endif
	assert(!freed[at]);
	if
	:: member[at] ->
		atomic { assert(has_block); sum = sum + value }
	:: !member[at]
	fi;
	atomic { reading = false; awaits_reader = false };
	assert(before <= sum && sum <= begun);
	assert(last <= sum);
	last = sum;
	sums++ /* @done */
}

proctype summer()
{
	byte at, before;
	short sum, last;

	sum_up();
	sum_up()
}

/* ---- grace periods ------------------------------------------------------- */

inline next_batch()
{
	atomic {
		current_used = next_used;
		current_cpu = next_cpu;
		current_oldest = next_oldest;
		current_end = made - 1; /* all but the newest */
		next_used = false;
		next_cpu = false;
		next_oldest = 255;
		grace_period = current_used;
		awaits_reader = current_used && reading
	}
}

inline batch_start()
{
	next_used = true;
	if
	:: !current_used -> next_batch()
	:: current_used
	fi
}

inline summary_publish()
{
	atomic {
		next_oldest = (next_oldest == 255 -> summary : next_oldest);
		summary = made;
		made++
	}
}

proctype reclaimer() provided (!stopped)
{
	do
	:: atomic { grace_period &&
			!awaits_reader && !mutex -> mutex = true };
		do
		:: current_oldest < current_end ->
			freed[current_oldest] = true;
			current_oldest++
		:: else -> break
		od;
		if
		:: current_cpu ->
			assert(state == DEAD);
			has_block = false;
			has_block_2 = false;
			state = ABSENT; /* @absent */
			if
			:: registered ->
				prepare();
				publish()
			:: !registered
			fi
		:: !current_cpu
		fi;
		next_batch();
		unlock()
	:: atomic { _nr_pr == 2 && !grace_period -> break }
	od
}

/* ---- the domain's changes, and a trim ------------------------------------ */

inline release()
{
	atomic { !releasing -> releasing = true };
	lock();
	if
	:: state == LIVE && !registered ->
		state = DRAINING;
		live = false; /* @draining */
		unlock();
#ifndef RELEASE_NO_FENCE
		fence(0);
#endif
		lock();
		if
		:: state != DRAINING
#ifdef RELEASE_TAKES_RETURNED
		:: state == DRAINING ->
#else
		:: state == DRAINING && registered ->
			live = true;
			state = LIVE
		:: state == DRAINING && !registered ->
#endif
			member[made] = false;
			residual[made] = residual[summary] + value; /* @dead */
			state = DEAD;
#ifdef RECLAIM_NO_GRACE
			has_block = false; /* @freed */
			has_block_2 = false;
			state = ABSENT;
#else
			next_cpu = true;
#endif
			summary_publish();
			batch_start()
		fi
	:: state != LIVE || registered
	fi;
	unlock();
	releasing = false
}

inline unregister()
{
	lock();
	registered = false;
	unlock() /* @unregistered */
}

/* Take the blocks of a dead CPU back. */
inline retake()
{
#ifdef RETAKE_LIVE_FIRST
	live = true; /* @live */
#endif
#ifdef RETAKE_NO_SUBTRACT
	residual[made] = residual[summary];
#else
	residual[made] = residual[summary] - value;
#endif
	member[made] = true;
	summary_publish();
	batch_start();
#ifndef RETAKE_CURRENT_BATCH
	current_cpu = false;
#endif
	next_cpu = false; /* @member */
	live = true; /* @live */
	state = LIVE
}

/* The two halves of an add. */
inline start()
{
	lock();
	registered = true; /* @registered */
	if
	:: state == ABSENT ->
		prepare();
		state = PREPARED
	:: state != ABSENT
	fi;
	kept = state != DEAD;
	unlock()
}

/* It cannot be refused, so the blocks that the start found are still there. */
inline complete()
{
	lock();
	assert(!kept || state != DEAD);
	if
	:: state == DEAD -> retake()
	:: state == DEAD /* @no_memory: until the grace period ends */
	:: state == DRAINING ->
		live = true;
		state = LIVE
	:: state == PREPARED -> publish()
	:: state == LIVE
	fi;
	unlock()
}

proctype domain() provided (!stopped)
{
	bool kept; /* the start found blocks that are not dead */

	unregister();
	if
	:: release()
	:: true /* @retains */
	fi;
	start();
	complete();
	unregister();
	release()
}

inline grow()
{
	lock(); /* @grows */
	if
	:: state == LIVE -> has_block_2 = true
	:: state == PREPARED -> has_block_2 = true
	:: state == DRAINING || state == DEAD ->
#ifndef GROWTH_FORGETS_RETAINED
		has_block_2 = true
#else
		skip
#endif
	:: state == ABSENT
	fi;
	extent_2 = true;
	unlock();
	handle_2 = true /* @grown */
}

proctype other() provided (!stopped)
{
	if
	:: release()
	:: grow()
	fi
}

#ifdef FORMULA
ltl never_waits { [] (stopped -> <> (ended == 1 && sums == 2)) }

proctype stop()
{
	stopped = true /* @stopped */
}
#endif

init {
	atomic {
		member[0] = true;
#ifdef FORMULA
		run stop();
#endif
		run reclaimer();
		run domain();
#ifndef FORMULA
		run other();
#endif
		run summer();
		run adder()
	}
	_nr_pr == 1;
	assert(residual[summary] + shared +
		(member[summary] -> value : 0) == 1)
}
