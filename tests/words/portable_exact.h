/* SPDX-License-Identifier: MIT */
/*
 * portable_exact.h - an object whose words are changed by each operation of
 * words.h, so that in the end all copies together show that each happened
 * exactly once.
 *
 *	adds, loops	counters: their sum is the number of steps
 *	token		is exchanged: what was put in was taken out, or is there
 *	most, least	of all values that were passed
 *	set, cleared	the bits that any step set and cleared
 *
 * A release moves all of that to the shared copy.
 */
#ifndef TESTS_WORDS_PORTABLE_EXACT_H
#define TESTS_WORDS_PORTABLE_EXACT_H

#include <cpuslab/atomic.h>
#include <cpuslab/slab.h>
#include <cpuslab/words.h>

#define WORDS_BITS 8u /* words of bits */

struct words_object {
	uint64_t adds, loops;
	uint64_t token, drained;
	uint64_t most, least;
	uint64_t set[WORDS_BITS], cleared[WORDS_BITS];
};

/* What the steps of one thread have done; W the thread. */
struct words_account {
	uint64_t steps, given, taken;
	uint64_t most, least;
	uint64_t set[WORDS_BITS];
};

#define WORDS_AT(field) offsetof(struct words_object, field)

static const struct words_object words_image = {
	.least = ~(uint64_t)0,
	.cleared = { ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0,
		     ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0 },
};

static void words_combine(uint64_t *to, const uint64_t *from,
			  enum cpuslab__word_op op)
{
	uint64_t found = cpuslab_load_relaxed_u64(to);

	while (!cpuslab_cas_u64(to, &found,
				cpuslab__word_next(op, found, *from)))
		;
}

static int words_drain(void *object, void *shared, uint32_t cpu, void *arg)
{
	const struct words_object *from = (const struct words_object *)object;
	struct words_object *to = (struct words_object *)shared;
	uint32_t i;

	(void)cpu;
	(void)arg;
	words_combine(&to->drained, &from->token, CPUSLAB__WORD_ADD);
	words_combine(&to->most, &from->most, CPUSLAB__WORD_MAX);
	words_combine(&to->least, &from->least, CPUSLAB__WORD_MIN);
	for (i = 0; i < WORDS_BITS; i++) {
		words_combine(&to->set[i], &from->set[i], CPUSLAB__WORD_OR);
		words_combine(&to->cleared[i], &from->cleared[i],
			      CPUSLAB__WORD_AND);
	}
	return CPUSLAB_OK;
}

static const struct cpuslab_type words_type = {
	.name = "words",
	.size = sizeof(struct words_object),
	.image = &words_image,
	.drain = words_drain,
	.counters = 2,
	.flags = CPUSLAB_TYPE_SIGNAL_SAFE,
};

static inline void words_account_init(struct words_account *account)
{
	memset(account, 0, sizeof(*account));
	account->least = ~(uint64_t)0;
}

/* False: an operation failed. */
static inline bool words_loop(const struct cpuslab_percpu *handle)
{
	uint64_t word;
	int result;

	do {
		if (cpuslab_load(handle, WORDS_AT(loops), &word))
			return false;
		result = cpuslab_cmpstore(handle, WORDS_AT(loops), word,
					  word + 1);
	} while (result == CPUSLAB_DIFFERS);
	return !result;
}

/* Each operation once, with a number that @salt makes unlike others'. */
static inline bool words_step(const struct cpuslab_percpu *handle,
			      struct words_account *account, uint64_t salt)
{
	uint64_t value = (account->steps * 1000003u + salt) % 1000000007u + 1;
	uint64_t bit = (uint64_t)1 << value % 64, old = 0;
	uint64_t wide = value * 0x9e3779b97f4a7c15u; /* any 64 bits */
	size_t at = value / 64 % WORDS_BITS * sizeof(uint64_t);
	bool done = words_loop(handle);

	account->steps++;
	account->set[at / sizeof(uint64_t)] |= bit;
	account->most = wide > account->most ? wide : account->most;
	account->least = wide < account->least ? wide : account->least;
	done &= !cpuslab_load_add(handle, WORDS_AT(adds), 1, &old);
	done &= !cpuslab_exchange(handle, WORDS_AT(token), value, &old);
	account->given += value;
	account->taken += old;
	done &= !cpuslab_max(handle, WORDS_AT(most), wide);
	done &= !cpuslab_min(handle, WORDS_AT(least), wide);
	done &= !cpuslab_or(handle, WORDS_AT(set) + at, bit);
	done &= !cpuslab_and(handle, WORDS_AT(cleared) + at, ~bit);
	return done;
}

static inline void words_account_merge(struct words_account *all,
				       const struct words_account *one)
{
	uint32_t i;

	all->steps += one->steps;
	all->given += one->given;
	all->taken += one->taken;
	all->most = one->most > all->most ? one->most : all->most;
	all->least = one->least < all->least ? one->least : all->least;
	for (i = 0; i < WORDS_BITS; i++)
		all->set[i] |= one->set[i];
}

/* What all copies have; no step is in progress. */
static inline void words_collect(const struct cpuslab_percpu *handle,
				 struct words_object *all)
{
	const struct words_object *copy;
	uint32_t cpu, i;

	*all = words_image;
	cpuslab_read_enter();
	cpuslab_for_each_copy(handle, cpu, copy) {
		words_combine(&all->token, &copy->token, CPUSLAB__WORD_ADD);
		words_combine(&all->token, &copy->drained, CPUSLAB__WORD_ADD);
		words_combine(&all->most, &copy->most, CPUSLAB__WORD_MAX);
		words_combine(&all->least, &copy->least, CPUSLAB__WORD_MIN);
		for (i = 0; i < WORDS_BITS; i++) {
			words_combine(&all->set[i], &copy->set[i],
				      CPUSLAB__WORD_OR);
			words_combine(&all->cleared[i], &copy->cleared[i],
				      CPUSLAB__WORD_AND);
		}
	}
	cpuslab_read_exit();
}

/* Returns NULL, or what is not as @account says. */
static inline const char *words_wrong(const struct cpuslab_percpu *handle,
				      const struct words_account *account)
{
	struct words_object all;
	uint32_t i;

	if (cpuslab_sum(handle, WORDS_AT(adds)) != account->steps)
		return "load_add lost a count";
	if (cpuslab_sum(handle, WORDS_AT(loops)) != account->steps)
		return "a loop of load and cmpstore lost a count";
	words_collect(handle, &all);
	if (account->given != account->taken + all.token)
		return "exchange lost a token";
	if (all.most != account->most)
		return "max lost a value";
	if (all.least != account->least)
		return "min lost a value";
	for (i = 0; i < WORDS_BITS; i++)
		if (all.set[i] != account->set[i])
			return "or lost a bit";
		else if (all.cleared[i] != ~account->set[i])
			return "and lost a bit";
	return NULL;
}

#endif /* TESTS_WORDS_PORTABLE_EXACT_H */
