/* SPDX-License-Identifier: MIT */
/*
 * region.pml - slabs share the window of a CPU: ports/linux-user/region.c.
 *
 * Two slabs each take a range, twice put a block into the CPU's window, use it
 * and release it, and give the range back. An operation may be in a page fault
 * for as long as it likes: the fence of the release aborts it, but its fault
 * still ends in the window.
 *
 * bug: region-not-shared
 * bug: region-closed-early
 * bug: region-dirty
 * bug: region-empty-forever
 */
#define SLABS	2
#define ROUNDS	2

mtype = { CLOSED, OPEN, EMPTY };

mtype window = CLOSED;
byte ranges, blocks;
bool mutex;
bool dirty[SLABS];	/* in the memory of the slab's range */
bool has_block[SLABS];
bool used[SLABS];

#define lock()		atomic { !mutex -> mutex = true }
#define unlock()	mutex = false

inline drop_all()
{
	dirty[0] = false;
	dirty[1] = false
}

inline range_alloc()
{
	lock(); /* @allocates */
	ranges++;
	unlock()
}

inline commit()
{
	lock(); /* @commits */
	window = OPEN;
	blocks++;
	unlock();
	assert(!dirty[me]);
	has_block[me] = true
}

inline decommit()
{
	has_block[me] = false;
	blocks--;
	lock(); /* @decommits */
	if
#ifdef REGION_NOT_SHARED
	:: window == OPEN ->
#else
	:: blocks ->
#ifndef REGION_DIRTY
		dirty[me] = false
#else
		skip
#endif
	:: !blocks && window == OPEN ->
#endif
		drop_all();
#ifdef REGION_CLOSED_EARLY
		window = CLOSED
#else
		window = EMPTY
#endif
	:: else
	fi;
	unlock()
}

inline range_free()
{
	lock(); /* @frees */
	ranges--;
	if
	:: !ranges && window == EMPTY ->
#ifndef REGION_EMPTY_FOREVER
		window = CLOSED
#else
		skip
#endif
	:: else
	fi;
	unlock()
}

proctype slab(byte me)
{
	byte round;

	range_alloc();
	for (round : 1 .. ROUNDS) {
		commit();
		used[me] = true; /* operations begin */
		decommit();
		!used[me] /* the grace period: none is in progress */
	}
	range_free()
}

/* A thread that faults in the block of slab @me. */
proctype operation(byte me)
{
	byte round;

	for (round : 1 .. ROUNDS) {
		used[me];
		/* The fault ends, whether or not there is still a block. */
		assert(window != CLOSED);
		if
		:: atomic { has_block[me] -> /* @ends */
			assert(window == OPEN);
			dirty[me] = true }
		:: !has_block[me] /* @ends: aborted, and nothing is stored */
		fi;
		used[me] = false
	}
}

init {
	byte i;

	atomic {
		for (i : 0 .. SLABS - 1) {
			run slab(i);
			run operation(i)
		}
	}
	_nr_pr == 1;
	assert(window == CLOSED && !blocks && !dirty[0] && !dirty[1])
}
