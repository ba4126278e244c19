/* SPDX-License-Identifier: MIT */
/*
 * portable_reference.h - each operation that a port provides, in plain C on
 * plain memory.
 *
 * The area is a copy of an object, and has the call's words and bytes in some
 * place. Next to it there are a node, which is also a magazine, and the data
 * that are copied. An operation must do what ops_reference() says to one copy,
 * and change no other byte.
 */
#ifndef TESTS_OPS_PORTABLE_REFERENCE_H
#define TESTS_OPS_PORTABLE_REFERENCE_H

#include <cpuslab/cpuslab.h>

#define OPS_AREA 2048u  /* bytes of a copy */
#define OPS_FRONT 64u   /* bytes at its beginning that no call works on */
#define OPS_DATA 112u   /* the longest payload */
#define OPS_ROUNDS 8u   /* objects of a magazine */
#define OPS_RING 1024u  /* bytes of a ring */
#define OPS_PART 128u   /* of a ring */
#define OPS_TAIL 16u    /* from the beginning of a ring to its tail */
#define OPS_CONSUMED 16 /* from there to the word of the consumer */

/* The names of the functions of port.h; an update is one for each word_op. */
enum ops_kind {
	OPS_ADD,
	OPS_ADD_IF,
	OPS_ADD_BELOW,
	OPS_CMPSTORE,
	OPS_UPDATE,
	OPS_UPDATE_LAST = OPS_UPDATE + CPUSLAB__WORD_MIN,
	OPS_COMMIT,
	OPS_COMMIT_COPY,
	OPS_PUSH,
	OPS_POP,
	OPS_APPEND,
	OPS_RING_APPEND,
	OPS_MAGAZINE_POP,
	OPS_MAGAZINE_PUSH,
	OPS_KINDS,
};

struct ops_node {
	struct cpuslab__magazine head;
	void *objects[OPS_ROUNDS];
};

/* What else an operation reads and writes. */
struct ops_outside {
	struct ops_node node;
	unsigned char data[OPS_DATA];
};

struct ops_state {
	uint64_t area[OPS_AREA / 8];
	struct ops_outside outside;
};

struct ops_call {
	enum ops_kind kind;
	bool constant; /* OPS_CONSTANT_*, which the compiler knows */
	size_t offset;
	uint64_t expect; /* of the word: the gate, the bound */
	uint64_t value;
	size_t other; /* the second word, or where the data go */
	uint64_t other_expect;
	uint32_t bytes, capacity;
	struct cpuslab__ring_shape shape;
	struct ops_outside *outside;
};

#define OPS_CONSTANT_EXPECT 5u
#define OPS_CONSTANT_VALUE 3u
#define OPS_CONSTANT_BYTES 24u

/* ---- the reference ------------------------------------------------------- */

/* What is left to do when all is stored but the word that commits. */
struct ops_effect {
	int result;
	bool stores;
	size_t at; /* of the word, in the state */
	uint64_t value;
	uint64_t found; /* what the call returns with its result */
	/* Bytes of the area behind the data, which may become zero. */
	size_t pad, pads;
};

static uint64_t *ops_word(struct ops_state *s, size_t offset)
{
	return &s->area[offset / 8];
}

static void ops_copy(struct ops_state *s, size_t to,
		     const struct ops_call *call)
{
	memcpy((char *)s->area + to, s->outside.data, call->bytes);
}

static uint64_t ops_updated(enum ops_kind kind, uint64_t word, uint64_t value)
{
	static const enum ops_kind update = OPS_UPDATE;

	if (kind == update + CPUSLAB__WORD_ADD)
		return word + value;
	if (kind == update + CPUSLAB__WORD_EXCHANGE)
		return value;
	if (kind == update + CPUSLAB__WORD_OR)
		return word | value;
	if (kind == update + CPUSLAB__WORD_AND)
		return word & value;
	if (kind == update + CPUSLAB__WORD_MAX)
		return word > value ? word : value;
	if (kind == update + CPUSLAB__WORD_MIN)
		return word < value ? word : value;
	return word;
}

/* tail, a word, records of {size * 2 + 1, payload, padding to a word} */
static void ops_append(const struct ops_call *call, struct ops_state *s,
		       struct ops_effect *e)
{
	uint64_t tail = *ops_word(s, call->offset),
		 size = (8 + call->bytes + 7) / 8 * 8;
	size_t record = call->offset + 16 + (size_t)tail;

	e->result = CPUSLAB_FULL;
	if (tail + size > call->capacity)
		return;
	e->result = CPUSLAB_OK;
	*ops_word(s, record) = 2 * (uint64_t)call->bytes + 1;
	ops_copy(s, record + 8, call);
	e->value = tail + size;
}

/* As the diagram of ring_place.h. */
static void ops_ring_append(const struct ops_call *call, struct ops_state *s,
			    struct ops_effect *e)
{
	const struct cpuslab__ring_shape *shape = &call->shape;
	size_t memory = (size_t)((int64_t)call->offset + shape->memory);
	uint64_t from = *ops_word(s, call->offset), begin = from, record;
	uint64_t size = (8 + call->bytes + 7) / 8 * 8;

	if (from % shape->part + size >= shape->part) {
		begin = (from / shape->part + 1) * shape->part;
		if (begin % shape->bytes == 0)
			begin += shape->first;
	}
	e->result = CPUSLAB_FULL;
	if ((int64_t)(begin + size -
		      *ops_word(s, call->offset + (size_t)shape->floor)) >
	    (int64_t)shape->bytes)
		return;
	e->result = CPUSLAB_OK;
	if (begin != from)
		*ops_word(s, memory + from % shape->bytes) = ~(uint64_t)0;
	record = memory + begin % shape->bytes;
	*ops_word(s, (size_t)record) = call->bytes;
	ops_copy(s, (size_t)record + 8, call);
	if (!shape->floor) {
		e->pad = (size_t)record + 8 + call->bytes;
		e->pads = (size_t)(size - 8 - call->bytes);
	}
	e->value = begin + size;
}

static void ops_stack(const struct ops_call *call, struct ops_state *s,
		      struct ops_effect *e)
{
	struct ops_node *node = &s->outside.node;
	uint64_t top = *ops_word(s, call->offset);

	if (call->kind == OPS_PUSH) {
		node->head.next = (void *)(uintptr_t)top;
		e->value = (uintptr_t)&call->outside->node;
		return;
	}
	e->found = top;
	e->result = top ? CPUSLAB_OK : CPUSLAB_EMPTY;
	e->value = (uintptr_t)node->head.next;
}

static void ops_magazine(const struct ops_call *call, struct ops_state *s,
			 struct ops_effect *e)
{
	struct ops_node *node = &s->outside.node;
	bool pop = call->kind == OPS_MAGAZINE_POP;
	uint64_t count = node->head.count;

	e->at = offsetof(struct ops_state, outside.node.head.count);
	e->value = pop ? count - 1 : count + 1;
	if (!*ops_word(s, call->offset) || count == (pop ? 0 : OPS_ROUNDS))
		e->result = pop ? CPUSLAB_EMPTY : CPUSLAB_FULL;
	else if (pop)
		e->found = (uintptr_t)node->objects[count - 1];
	else
		node->objects[count] = (void *)(uintptr_t)call->value;
}

static void ops_compare(const struct ops_call *call, struct ops_state *s,
			struct ops_effect *e)
{
	e->value = call->value;
	if (*ops_word(s, call->offset) != call->expect ||
	    (call->kind == OPS_COMMIT &&
	     *ops_word(s, call->other) != call->other_expect))
		e->result = CPUSLAB_DIFFERS;
	else if (call->kind == OPS_COMMIT_COPY)
		ops_copy(s, call->other, call);
}

/* Store all that @call does before its commit, and return what is left. */
static struct ops_effect ops_reference(const struct ops_call *call,
				       struct ops_state *s)
{
	const uint64_t *word = ops_word(s, call->offset);
	struct ops_effect e = { 0 };

	e.at = call->offset;
	e.value = *word + call->value;
	switch (call->kind) {
	case OPS_ADD:
		break;
	case OPS_ADD_IF:
		e.result = *word == call->expect ? CPUSLAB_OK : CPUSLAB_DIFFERS;
		e.at = call->offset + 8;
		e.value = word[1] + call->value;
		break;
	case OPS_ADD_BELOW:
		e.result = *word < call->expect ? CPUSLAB_OK : CPUSLAB_FULL;
		break;
	case OPS_CMPSTORE:
	case OPS_COMMIT:
	case OPS_COMMIT_COPY:
		ops_compare(call, s, &e);
		break;
	case OPS_PUSH:
	case OPS_POP:
		ops_stack(call, s, &e);
		break;
	case OPS_APPEND:
		ops_append(call, s, &e);
		break;
	case OPS_RING_APPEND:
		ops_ring_append(call, s, &e);
		break;
	case OPS_MAGAZINE_POP:
	case OPS_MAGAZINE_PUSH:
		ops_magazine(call, s, &e);
		break;
	default:
		e.found = *word;
		e.value = ops_updated(call->kind, *word, call->value);
		break;
	}
	e.stores = e.result == CPUSLAB_OK;
	return e;
}

static void ops_commit(struct ops_state *s, const struct ops_effect *e)
{
	if (e->stores)
		memcpy((char *)s + e->at, &e->value, sizeof(e->value));
}

/*
 * The same where other threads write as well: words that are theirs, which the
 * sections leave alone, follow.
 */
static void ops_commit_shared(const struct ops_call *call, struct ops_state *s,
			      const struct ops_effect *e)
{
	uint64_t *word = ops_word(s, call->offset);

	ops_commit(s, e);
	if (call->kind == OPS_POP && e->stores)
		word[1]++; /* [stack.tag] */
	if (call->kind == OPS_RING_APPEND && e->stores)
		word[-1] = word[-2] = e->value;
}

#endif /* TESTS_OPS_PORTABLE_REFERENCE_H */
