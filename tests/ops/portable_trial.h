/* SPDX-License-Identifier: MIT */
/*
 * portable_trial.h - random calls of portable_reference.h with random contents
 * of what they work on, and what one must have done to the copies.
 *
 *	make	was	all copies are set to this
 *		before	what may have been stored without a commit
 *		after	one copy is like this in the end, by a section
 *		shared	or by atomics
 */
#ifndef TESTS_OPS_PORTABLE_TRIAL_H
#define TESTS_OPS_PORTABLE_TRIAL_H

#include "ops/portable_reference.h"

struct ops_trial {
	struct ops_call call;
	struct ops_outside outside;
	struct ops_effect effect;
	struct ops_state was, before, after, shared;
	/* What the operation returned. */
	int result;
	uint64_t found;
};

/* ---- random calls -------------------------------------------------------- */

static uint64_t ops_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static uint32_t ops_below(uint64_t *seed, uint32_t below)
{
	return (uint32_t)(ops_random(seed) >> 33) % below;
}

/* Often at a border: of signed numbers, of bytes of an immediate operand. */
static uint64_t ops_number(uint64_t *seed)
{
	static const uint64_t border[] = { 0, 128, (uint64_t)1 << 31,
					   (uint64_t)1 << 32,
					   (uint64_t)1 << 63 };

	if (ops_below(seed, 2))
		return ops_random(seed);
	return border[ops_below(seed, 5)] + ops_below(seed, 7) - 3;
}

/* What a word is expected to be: mostly what it is. */
static uint64_t ops_guess(uint64_t *seed, uint64_t word)
{
	uint32_t which = ops_below(seed, 6);

	return which ? which > 1 ? word : word ^ (uint64_t)1 << 32 :
		       ops_number(seed);
}

/* A multiple of 16 from where @room bytes are in the area. */
static size_t ops_place(uint64_t *seed, size_t room)
{
	uint32_t places = (uint32_t)(OPS_AREA - OPS_FRONT - room) / 16;

	return OPS_FRONT + 16 * (size_t)ops_below(seed, places + 1);
}

static void ops_call_log(struct ops_call *call, struct ops_state *s,
			 uint64_t *seed)
{
	call->capacity = 8 * ops_below(seed, 40);
	call->offset = ops_place(seed, 16 + (size_t)call->capacity);
	*ops_word(s, call->offset) =
		8 * ops_below(seed, call->capacity / 8 + 1);
}

/*
 * The ring's own words, {reserved, committed, tail, of the port, consumed}, are
 * where positions below @first would be.
 */
static void ops_call_ring(struct ops_call *call, struct ops_state *s,
			  uint64_t *seed)
{
	struct cpuslab__ring_shape *shape = &call->shape;
	uint64_t tail, *word;

	memset(shape, 0, sizeof(*shape));
	shape->part = OPS_PART;
	shape->part_mask = OPS_PART - 1;
	shape->bytes = OPS_RING;
	shape->mask = OPS_RING - 1;
	shape->first = ops_below(seed, 2) ? 64 : 2 * OPS_PART;
	shape->floor = ops_below(seed, 2) ? OPS_CONSUMED : 0;
	shape->memory = -(int64_t)OPS_TAIL;
	call->offset = ops_place(seed, OPS_RING) + OPS_TAIL;
	tail = shape->first +
	       8 * ops_below(seed, (OPS_RING - (uint32_t)shape->first) / 8);
	tail += OPS_RING * (uint64_t)ops_below(seed, 9);
	word = ops_word(s, call->offset);
	word[-2] = word[-1] = word[0] = tail;
	word[1] = 0;
	word[2] = ops_below(seed, 8) ?
			  tail - 8 * ops_below(seed, OPS_RING / 8 + 1) :
			  ops_number(seed);
}

static void ops_call_node(struct ops_call *call, struct ops_state *s,
			  uint64_t *seed)
{
	struct ops_node *node = &s->outside.node;
	uint32_t i;

	*ops_word(s, call->offset) =
		ops_below(seed, 8) ? (uintptr_t)&call->outside->node : 0;
	node->head.next = (void *)(uintptr_t)ops_random(seed);
	node->head.count = ops_below(seed, OPS_ROUNDS + 1);
	for (i = 0; i < OPS_ROUNDS; i++)
		node->objects[i] = (void *)(uintptr_t)(ops_random(seed) | 1);
	call->value |= 1;
}

/* What is compared, now that the area is as it will be. */
static void ops_call_expect(struct ops_call *call, struct ops_state *s,
			    uint64_t *seed)
{
	uint64_t *word = ops_word(s, call->offset);

	if (call->constant) {
		call->expect = OPS_CONSTANT_EXPECT;
		call->value = OPS_CONSTANT_VALUE;
		call->bytes = OPS_CONSTANT_BYTES;
		if (call->kind < OPS_PUSH && ops_below(seed, 6))
			*word = OPS_CONSTANT_EXPECT - ops_below(seed, 2);
	} else {
		call->expect = ops_guess(seed, *word);
		if (call->kind == OPS_ADD_BELOW)
			call->expect += ops_below(seed, 3) - 1;
	}
	call->other = ops_place(seed, 16);
	call->other_expect = ops_guess(seed, *ops_word(s, call->other));
	if (call->kind == OPS_COMMIT_COPY) /* behind the word, at any byte */
		call->other = call->offset + 8 + ops_below(seed, 64);
}

/*
 * Make a random call of this kind, and the state before it. @outside is where
 * the operation will find that part of it.
 */
static void ops_call_make(struct ops_call *call, enum ops_kind kind,
			  bool constant, struct ops_state *s,
			  struct ops_outside *outside, uint64_t *seed)
{
	uint32_t i;

	memset(call, 0, sizeof(*call));
	memset(s, 0, sizeof(*s));
	call->kind = kind;
	call->constant = constant;
	call->outside = outside;
	call->value = ops_number(seed);
	call->bytes = ops_below(seed, 2) ? ops_below(seed, OPS_DATA + 1) :
					   ops_below(seed, 34);
	for (i = OPS_FRONT / 8; i < OPS_AREA / 8; i++)
		s->area[i] = ops_random(seed);
	for (i = 0; i < OPS_DATA; i++)
		s->outside.data[i] = (unsigned char)ops_random(seed);
	call->offset = ops_place(seed, 16 + 64 + OPS_DATA);
	if (kind != OPS_ADD_IF && kind != OPS_PUSH && kind != OPS_POP)
		call->offset += 8 * (size_t)ops_below(seed, 2);
	*ops_word(s, call->offset) = ops_number(seed);
	if (kind == OPS_APPEND)
		ops_call_log(call, s, seed);
	else if (kind == OPS_RING_APPEND)
		ops_call_ring(call, s, seed);
	else if (kind >= OPS_PUSH)
		ops_call_node(call, s, seed);
	ops_call_expect(call, s, seed);
}

/* Of this kind; the caller then sets all copies to @t->was.area. */
static void ops_trial_make(struct ops_trial *t, enum ops_kind kind,
			   bool constant, uint64_t *seed)
{
	ops_call_make(&t->call, kind, constant, &t->was, &t->outside, seed);
	t->outside = t->was.outside;
	t->before = t->was;
	t->effect = ops_reference(&t->call, &t->before);
	t->after = t->shared = t->before;
	ops_commit(&t->after, &t->effect);
	ops_commit_shared(&t->call, &t->shared, &t->effect);
}

/* ---- afterwards ---------------------------------------------------------- */

/* Is each byte behind the front that of @one or @other, or zero in the pad? */
static bool ops_is_either(const struct ops_trial *t, const void *copy,
			  const struct ops_state *one,
			  const struct ops_state *other)
{
	const unsigned char *is = copy;
	const unsigned char *a = (const unsigned char *)one->area;
	const unsigned char *b = (const unsigned char *)other->area;
	size_t i;

	if (!memcmp(is + OPS_FRONT, a + OPS_FRONT, OPS_AREA - OPS_FRONT))
		return true;
	for (i = OPS_FRONT; i < OPS_AREA; i++)
		if (is[i] != a[i] && is[i] != b[i] &&
		    !(!is[i] && i - t->effect.pad < t->effect.pads))
			return false;
	return true;
}

/* Has nothing been committed to a copy? */
static bool ops_is_before(const struct ops_trial *t, const void *copy)
{
	return ops_is_either(t, copy, &t->was, &t->before);
}

/* May a call fail in this way, although the reference does not? */
static bool ops_is_refused(const struct ops_trial *t)
{
	if (t->call.kind == OPS_COMMIT || t->call.kind == OPS_COMMIT_COPY)
		return t->result == -CPUSLAB_EAGAIN ||
		       t->result == -CPUSLAB_ENOSYS;
	return t->result == CPUSLAB_MISS;
}

/* Does the trial change the copy on which it happens? */
static bool ops_changes(const struct ops_trial *t)
{
	return t->effect.stores && !ops_is_refused(t) &&
	       t->effect.at < OPS_AREA &&
	       t->was.area[t->effect.at / 8] != t->effect.value;
}

static bool ops_outside_is(const struct ops_trial *t, const struct ops_state *s)
{
	return !memcmp(&t->outside, &s->outside, sizeof(t->outside));
}

/* NULL, or what is wrong with what the call returned and left outside. */
static const char *ops_returned_wrong(const struct ops_trial *t)
{
	bool refused = ops_is_refused(t);

	if (!refused && t->result != t->effect.result)
		return "an operation returned another result";
	if (!t->result && t->found != t->effect.found)
		return "an operation found another value";
	if (!ops_outside_is(t, refused ? &t->before : &t->after) &&
	    !(refused && ops_outside_is(t, &t->was)))
		return "an operation left something else outside its copy";
	return NULL;
}

/*
 * NULL, or what is wrong with the copies, whose areas are at byte @at of the
 * object. *@cpu: whose copy has changed; CPUSLAB_NO_CPU: none had to.
 *
 * Context: in a read section.
 */
static const char *ops_copies_wrong(const struct ops_trial *t,
				    const struct cpuslab_percpu *handle,
				    size_t at, uint32_t *cpu)
{
	uint32_t here = CPUSLAB_SHARED, next = 0;

	*cpu = CPUSLAB_NO_CPU;
	do {
		const char *copy = cpuslab_remote(handle, here);
		bool atomics = here == CPUSLAB_SHARED ||
			       cpuslab_port_uses_atomics();
		const struct ops_state *after = atomics ? &t->shared :
							  &t->after;

		if (copy && !ops_is_before(t, copy + at)) {
			if (ops_is_refused(t) ||
			    !ops_is_either(t, copy + at, after, after))
				return "an operation left something else";
			if (*cpu != CPUSLAB_NO_CPU)
				return "an operation happened on two copies";
			*cpu = here;
		}
		here = cpuslab_remote_next(handle, next);
		next = here + 1;
	} while (here != CPUSLAB_NO_CPU);
	return ops_changes(t) && *cpu == CPUSLAB_NO_CPU ?
		       "an operation did not happen" :
		       NULL;
}

#endif /* TESTS_OPS_PORTABLE_TRIAL_H */
