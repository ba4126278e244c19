/* SPDX-License-Identifier: MIT */
/*
 * add.pml - CPUs are added and removed by events in any order: lib/core/
 * domain.c, client.c.
 *
 * The system reports five events of each of two CPUs, whatever they are: so any
 * of them may be repeated, lost, late or in the wrong order. Any client may
 * refuse a start. A second client registers, and leaves, at some moment.
 *
 * Each call holds the domain's mutex, so it is one step here.
 *
 * bug: client-no-undo
 * bug: client-undo-refuser
 * bug: client-undo-forward
 * bug: domain-complete-only
 * bug: client-fini-forgets
 * bug: early-one-by-one
 */
#define CPUS	2
#define CLIENTS	2
#define EVENTS	4	/* of each CPU */

mtype = { ABSENT, PREPARING, ONLINE,	/* of a CPU, in the domain */
	NONE, STARTED, COMPLETE };	/* in a client */

mtype state[CPUS] = ABSENT;
mtype client[CLIENTS * CPUS] = NONE;
bool admitted[CLIENTS * CPUS];
bool registered[CLIENTS];
bool online[CPUS];	/* the mask that readers find */

#define of(c, cpu)	client[(c) * CPUS + (cpu)]
#define early(c, cpu)	admitted[(c) * CPUS + (cpu)]

/* ---- the calls that a client gets, each of which must make sense --------- */

inline client_start(k, n, refused)
{
	assert(of(k, n) == NONE);
	if
	:: of(k, n) = STARTED /* @accepts */
	:: refused = true /* @refuses */
	fi
}

/* With the domain's flag to admit early: when every client has started. */
inline client_admit(k, n)
{
	assert(of(k, n) == STARTED);
	assert(of(0, n) != NONE && (!registered[1] || of(1, n) != NONE));
	early(k, n) = true
}

inline client_complete(k, n)
{
	assert(of(k, n) == STARTED && early(k, n));
	of(k, n) = COMPLETE
}

inline client_failure(k, n)
{
	assert(of(k, n) == STARTED);
	/* Backward: those that started later are undone. */
	assert(k == 1 || of(1, n) == NONE);
	of(k, n) = NONE;
	early(k, n) = false
}

inline client_remove(k, n)
{
	assert(of(k, n) == COMPLETE);
	assert(k == 1 || of(1, n) == NONE);
	of(k, n) = NONE;
	early(k, n) = false
}

/* ---- the domain ---------------------------------------------------------- */

#define for_each(c) for (c : 0 .. CLIENTS - 1)
#define back(c)     (CLIENTS - 1 - (c))

inline clients_start(cpu)
{
	refused = false;
	for_each(c) {
		if
		:: registered[c] && !refused ->
			client_start(c, cpu, refused);
			refuser = (refused -> c : refuser)
#ifdef EARLY_ONE_BY_ONE
			;
			if
			:: !refused -> client_admit(c, cpu)
			:: refused
			fi
#endif
		:: else
		fi
	}
#ifndef CLIENT_NO_UNDO
	for_each(c) {
		if
#ifdef CLIENT_UNDO_REFUSER
		:: refused && registered[back(c)] && back(c) <= refuser ->
#else
		:: refused && registered[back(c)] && back(c) < refuser ->
#endif
			b = back(c);
			client_failure(b, cpu)
		:: else
		fi
	}
#endif
}

inline start(cpu)
{
	clients_start(cpu);
	if
	:: !refused ->
		state[cpu] = PREPARING;
#ifndef EARLY_ONE_BY_ONE
		for_each(c) {
			if
			:: registered[c] -> client_admit(c, cpu)
			:: else
			fi
		}
#endif
	:: refused ->
		/* A refusal has changed nothing. */
		for_each(c) {
			assert(of(c, cpu) == NONE && !early(c, cpu))
		}
	fi
}

inline complete(cpu)
{
	refused = false; /* @completes */
	if
#ifndef DOMAIN_COMPLETE_ONLY
	:: state[cpu] == ABSENT -> start(cpu)
#endif
	:: else
	fi;
	if
	:: state[cpu] != ONLINE && !refused ->
		state[cpu] = ONLINE;
		online[cpu] = true;
		for_each(c) {
			if
			:: registered[c] -> client_complete(c, cpu)
			:: else
			fi
		}
	:: else
	fi
}

/* A failure and a removal: the state says which. */
inline remove(cpu)
{
	if
	:: state[cpu] == PREPARING -> /* @removes */
		state[cpu] = ABSENT;
		for_each(c) {
			if
#ifdef CLIENT_UNDO_FORWARD
			:: registered[c] -> client_failure(c, cpu)
#else
			:: registered[back(c)] -> b = back(c);
			client_failure(b, cpu)
#endif
			:: else
			fi
		}
	:: state[cpu] == ONLINE -> /* @removes */
		state[cpu] = ABSENT;
		online[cpu] = false;
		for_each(c) {
			if
			:: registered[back(c)] -> b = back(c);
			client_remove(b, cpu)
			:: else
			fi
		}
	:: state[cpu] == ABSENT /* @removes */
	fi
}

inline check()
{
	for (cpu : 0 .. CPUS - 1) {
		assert(online[cpu] == (state[cpu] == ONLINE));
		for_each(c) {
			assert((of(c, cpu) == NONE) ==
				(!registered[c] || state[cpu] == ABSENT));
			assert((of(c, cpu) == COMPLETE) ==
				(registered[c] && state[cpu] == ONLINE));
			assert(early(c, cpu) == (of(c, cpu) != NONE))
		}
	}
}

proctype system()
{
	byte events, cpu, c, b, refuser;
	bool refused;

	for (events : 1 .. EVENTS * CPUS) {
		atomic {
			if
			:: cpu = 0 /* @cpu_0 */
			:: cpu = CPUS - 1 /* @cpu_1 */
			fi;
			if
			:: state[cpu] == ABSENT -> /* @starts */
				start(cpu)
			:: state[cpu] != ABSENT /* @starts: again */
			:: complete(cpu)
			:: remove(cpu)
			fi;
			check()
		}
	}
}

inline client_register()
{
	refused = false; /* @registers */
	for (cpu : 0 .. CPUS - 1) {
		if
		:: state[cpu] != ABSENT && !refused ->
			client_start(1, cpu, refused);
			undone = (refused -> cpu : undone)
		:: else
		fi
	}
	if
	:: refused ->
		for (cpu : 1 .. undone) {
			if
			:: state[undone - cpu] != ABSENT ->
				client_failure(1, undone - cpu)
			:: else
			fi
		}
	:: else ->
		registered[1] = true;
		for (cpu : 0 .. CPUS - 1) {
			if
			:: state[cpu] != ABSENT -> client_admit(1, cpu)
			:: else
			fi;
			if
			:: state[cpu] == ONLINE -> client_complete(1, cpu)
			:: else
			fi
		}
	fi
}

inline client_unregister()
{
	refused = false; /* @leaves */
	for (cpu : 0 .. CPUS - 1) {
		if
		:: registered[1] && state[cpu] == ONLINE ->
			client_remove(1, cpu)
#ifndef CLIENT_FINI_FORGETS
		:: registered[1] && state[cpu] == PREPARING ->
			client_failure(1, cpu)
#endif
		:: else
		fi
	}
	registered[1] = false
}

/* The second client comes and leaves, both perhaps while CPUs are added. */
proctype newcomer()
{
	byte cpu, c, undone;
	bool refused;

	atomic {
		client_register();
		check()
	}
	atomic {
		client_unregister();
		check()
	}
}

init {
	atomic {
		registered[0] = true;
		run system();
		run newcomer()
	}
}
