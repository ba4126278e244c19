/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_READERS_H
#define CPUSLAB_READERS_H
/*
 * readers.h - read sections counted in two phases, by CPU, and the wait for
 * them: for systems without RCU. Included by a port.
 *
 *	         phase 0            phase 1
 *	         entries exits      entries exits
 *	place 0      7     6            0     0
 *	place 1      3     4            0     0	  one section of phase 0 is open
 *
 * A section counts its entry and its exit in the phase in which it began,
 * wherever it runs then. A grace period makes the other phase the current one
 * and waits until the old one has as many exits as entries (as SRCU: Linux,
 * kernel/rcu/srcutree.c). Threads need not register, and one that ends leaves
 * nothing behind; the port keeps a thread's depth and phase.
 *
 * Any thread may count at any place: the counters are atomic.
 */

#include <cpuslab/port.h>

CPUSLAB_BEGIN

#ifndef CPUSLAB__READERS_PLACES /* a cache line each; a wait reads them all */
#define CPUSLAB__READERS_PLACES 64u
#endif

struct CPUSLAB_ALIGNED(CPUSLAB_CACHE_LINE) cpuslab__readers_place {
	cpuslab_word entries[2], exits[2]; /* W any */
	uint64_t unused[4];                /* to a cache line */
};

/* All zero: no section is open. */
struct cpuslab__readers {
	struct cpuslab__readers_place places[CPUSLAB__READERS_PLACES];
	uint32_t phase; /* the lowest bit; W grace period, R any */
};

CPUSLAB_INLINE struct cpuslab__readers_place *
cpuslab__readers_here(struct cpuslab__readers *readers)
{
	return &readers->places[cpuslab_port_cpu() % CPUSLAB__READERS_PLACES];
}

/* Begin an outermost section; its phase. Any context. */
CPUSLAB_INLINE uint32_t cpuslab__readers_enter(struct cpuslab__readers *readers)
{
	uint32_t phase = cpuslab_load_relaxed_u32(&readers->phase) & 1;

	cpuslab_port_preempt_point();
	cpuslab_fetch_add_u64(&cpuslab__readers_here(readers)->entries[phase],
			      1);
	/*
	 * [readers] Counted before anything is read; pairs with the fence in
	 * ended: either it sees the count, or the section sees what was done
	 * before the wait. On arm64 and POWER a read-modify-write is no fence.
	 */
	cpuslab_fence();
	return phase;
}

/* End the section that began in @phase. Any context. */
CPUSLAB_INLINE void cpuslab__readers_exit(struct cpuslab__readers *readers,
					  uint32_t phase)
{
	/* [readers] A release, pairs with ended: everything was read before. */
	cpuslab_fetch_add_u64(&cpuslab__readers_here(readers)->exits[phase], 1);
}

CPUSLAB_INLINE bool
cpuslab__readers_ended(const struct cpuslab__readers *readers, uint32_t phase)
{
	uint64_t exits = 0, entries = 0;
	uint32_t i;

	/*
	 * [readers] Exits first: a section that ends in between makes the phase
	 * look occupied, never empty. An exit that is seen comes with its
	 * entry. The fence pairs with enter: a section whose entry is not seen
	 * sees what was done before the wait.
	 */
	for (i = 0; i < CPUSLAB__READERS_PLACES; i++) {
		cpuslab_port_preempt_point();
		exits += cpuslab_load_acquire_u64(
			&readers->places[i].exits[phase]);
	}
	cpuslab_fence();
	for (i = 0; i < CPUSLAB__READERS_PLACES; i++) {
		cpuslab_port_preempt_point();
		entries += cpuslab_load_acquire_u64(
			&readers->places[i].entries[phase]);
	}
	return entries == exits;
}

/*
 * Wait until all sections that exist now have ended. @pause is called between
 * two looks, with their number so far; false ends the wait, in vain. One thread
 * at a time.
 */
CPUSLAB_INLINE bool cpuslab__readers_wait(struct cpuslab__readers *readers,
					  bool (*pause)(uint32_t looks))
{
	uint32_t phase = readers->phase & 1, looks;

	/* A reader that loaded the phase long ago may count in it only now. */
	for (looks = 0; !cpuslab__readers_ended(readers, 1 - phase); looks++)
		if (!pause(looks))
			return false;
	cpuslab_store_relaxed_u32(&readers->phase, 1 - phase);
	for (looks = 0; !cpuslab__readers_ended(readers, phase); looks++)
		if (!pause(looks))
			return false;
	return true;
}

CPUSLAB_END

#endif /* CPUSLAB_READERS_H */
