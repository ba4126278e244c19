/* SPDX-License-Identifier: MIT */
/*
 * mailbox.c - a bounded queue whose tail says whether it is closed.
 *
 * Senders write to the tail and to slots, receivers to the head: a cache line
 * of slots travels from a sender to a receiver once for all its messages, and
 * that of the head back once a round.
 */
#include "mailbox_internal.h"

#include "../core/client_internal.h"

struct mailbox_slot {
	cpuslab_word turn; /* W senders; receivers that await a message */
	cpuslab_word word[CPUSLAB_MAILBOX_WORDS]; /* W senders */
};

/* Positions count bytes, which leaves bits for two flags. */
#define BOX_STEP sizeof(struct mailbox_slot)
#define BOX_CLOSED ((uint64_t)1)  /* in the tail */
#define BOX_AWAITED ((uint64_t)1) /* in a turn */

/* One CPU's, followed by its slots. */
struct cpuslab__box {
	cpuslab_word tail; /* W senders, domain: position, closed */
	cpuslab_word seen; /* W senders: a head that one of them has found */
	char pad_tail[CPUSLAB_CACHE_LINE - 2 * sizeof(uint64_t)];
	cpuslab_word head; /* W receivers: position */
	char pad_head[CPUSLAB_CACHE_LINE - sizeof(uint64_t)];
	uint64_t mask; /* W init: of a position, the slot's place */
	char pad_mask[CPUSLAB_CACHE_LINE - sizeof(uint64_t)];
};

static struct mailbox_slot *box_slot(struct cpuslab__box *box,
				     uint64_t position)
{
	return (void *)((char *)(box + 1) + (position & box->mask));
}

/* The position of the round before that had the slot of @position. */
static uint64_t box_before(const struct cpuslab__box *box, uint64_t position)
{
	return position - box->mask - BOX_STEP;
}

static struct cpuslab__box *box_create(uint32_t capacity)
{
	const uint64_t bytes = capacity * BOX_STEP;
	struct cpuslab__box *box = cpuslab_port_zalloc(sizeof(*box) + bytes);
	uint64_t at;

	if (!box)
		return NULL;
	box->tail = BOX_CLOSED;
	box->mask = bytes - BOX_STEP;
	for (at = 0; at < bytes; at += BOX_STEP)
		box_slot(box, at)->turn = box_before(box, at);
	return box;
}

static void box_set_closed(struct cpuslab__box *box, uint64_t closed)
{
	uint64_t tail = cpuslab_load_relaxed_u64(&box->tail);

	do {
		cpuslab_port_preempt_point();
	} while (!cpuslab_cas_u64(&box->tail, &tail,
				  (tail & ~BOX_CLOSED) | closed));
}

/* Look at the head, which receivers write, only if the last look is too old. */
CPUSLAB_INLINE bool box_has_room(struct cpuslab__box *box, uint64_t position)
{
	/*
	 * [mailbox.head] Pairs with the exchange in box_take(), perhaps through
	 * another sender. Without it we could overwrite words before they are
	 * read.
	 */
	uint64_t head = cpuslab_load_acquire_u64(&box->seen);

	if (cpuslab_likely((int64_t)(position - head) <= (int64_t)box->mask))
		return true;
	head = cpuslab_load_acquire_u64(&box->head);
	cpuslab_store_release_u64(&box->seen, head);
	return (int64_t)(position - head) <= (int64_t)box->mask;
}

/* Take the next position to fill, or return why there is none. */
CPUSLAB_INLINE int box_take_position(struct cpuslab__box *box,
				     uint64_t *position)
{
	*position = cpuslab_load_relaxed_u64(&box->tail);
	do {
		cpuslab_port_preempt_point();
		if (cpuslab_unlikely(*position & BOX_CLOSED))
			return -CPUSLAB_ENOENT;
		if (cpuslab_unlikely(!box_has_room(box, *position)))
			return CPUSLAB_FULL;
		cpuslab_port_preempt_point();
	} while (!cpuslab_cas_u64(&box->tail, position, *position + BOX_STEP));
	return CPUSLAB_OK;
}

/* @awaited: whether a receiver awaits the message; NULL if none ever does. */
CPUSLAB_INLINE int box_send(struct cpuslab__box *box,
			    const struct cpuslab_message *message,
			    bool *awaited)
{
	struct mailbox_slot *slot;
	uint64_t position;
	int result = box_take_position(box, &position);

	if (cpuslab_unlikely(result))
		return result;
	cpuslab_port_preempt_point();
	slot = box_slot(box, position);
	cpuslab_store_relaxed_u64(&slot->word[0], message->word[0]);
	cpuslab_store_relaxed_u64(&slot->word[1], message->word[1]);
	cpuslab_store_relaxed_u64(&slot->word[2], message->word[2]);
	cpuslab_port_preempt_point();
	/*
	 * [mailbox.turn] Pairs with the acquire load in slot_is_full(). Without
	 * it a receiver could read the words of the round before.
	 */
	if (!awaited) {
		cpuslab_store_release_u64(&slot->turn, position);
		return CPUSLAB_OK;
	}
	/*
	 * [mailbox.await] Pairs with the exchange in box_await(): the receiver
	 * finds the message, or we find its mark and see what it has seen.
	 * Without that it sleeps although there is a message.
	 */
	*awaited = cpuslab_exchange_u64(&slot->turn, position) & BOX_AWAITED;
	return CPUSLAB_OK;
}

static bool slot_is_full(const struct mailbox_slot *slot, uint64_t position)
{
	/* [mailbox.turn] pairs with box_send(). */
	return cpuslab_load_acquire_u64(&slot->turn) == position;
}

/*
 * Receive the message at the head. A receiver that reads words of the next
 * round finds that the head has moved, and drops them. False: there is none at
 * @head, which is current.
 */
CPUSLAB_INLINE bool box_take(struct cpuslab__box *box, uint64_t *head,
			     struct cpuslab_message *message)
{
	uint64_t now = cpuslab_load_relaxed_u64(&box->head), a, b, c;
	const struct mailbox_slot *slot;

	for (;;) {
		cpuslab_port_preempt_point();
		*head = now;
		slot = box_slot(box, now);
		if (slot_is_full(slot, now)) {
			a = cpuslab_load_relaxed_u64(&slot->word[0]);
			b = cpuslab_load_relaxed_u64(&slot->word[1]);
			c = cpuslab_load_relaxed_u64(&slot->word[2]);
			cpuslab_port_preempt_point();
			/* [mailbox.head] pairs with box_has_room(). */
			if (cpuslab_cas_u64(&box->head, &now, now + BOX_STEP))
				break;
		} else {
			cpuslab_port_preempt_point();
			now = cpuslab_load_relaxed_u64(&box->head);
			if (now == *head)
				return false;
		}
	}
	message->word[0] = a;
	message->word[1] = b;
	message->word[2] = c;
	return true;
}

static int box_receive(struct cpuslab__box *box,
		       struct cpuslab_message *message)
{
	uint64_t head;

	if (box_take(box, &head, message))
		return CPUSLAB_OK;
	/*
	 * Is the box empty, or a send in progress? Relaxed: nothing is read
	 * through the tail. If a send ended before this call, box_take() has
	 * found its turn.
	 */
	return (cpuslab_load_relaxed_u64(&box->tail) & ~BOX_CLOSED) == head ?
		       CPUSLAB_EMPTY :
		       CPUSLAB_PARTIAL;
}

/*
 * Let the sender of the message for @head find that it is awaited. False: the
 * message has come.
 */
static bool box_await(struct cpuslab__box *box, uint64_t head)
{
	cpuslab_word *turn = &box_slot(box, head)->turn;
	uint64_t now = cpuslab_load_relaxed_u64(turn);

	do {
		cpuslab_port_preempt_point();
		if ((now & ~BOX_AWAITED) != box_before(box, head))
			return false;
		/*
		 * [mailbox.await] Pairs with box_send(). A mark that is there
		 * is set again, because it may be older than what we have seen.
		 */
	} while (!cpuslab_cas_u64(turn, &now, now | BOX_AWAITED));
	return true;
}

static struct cpuslab__box *mailbox_box(const struct cpuslab_mailbox *mailbox,
					uint32_t cpu)
{
	if (cpu >= mailbox->limit)
		return NULL;
	/* [mailbox.box] pairs with mailbox_complete(). */
	return cpuslab_load_acquire_ptr(&mailbox->boxes[cpu]);
}

int cpuslab_mailbox_send(struct cpuslab_mailbox *mailbox, uint32_t cpu,
			 const struct cpuslab_message *message)
{
	struct cpuslab__box *box = mailbox_box(mailbox, cpu);

	return box ? box_send(box, message, NULL) : -CPUSLAB_ENOENT;
}

int cpuslab__mailbox_send(struct cpuslab_mailbox *mailbox, uint32_t cpu,
			  const struct cpuslab_message *message, bool *awaited)
{
	struct cpuslab__box *box = mailbox_box(mailbox, cpu);

	return box ? box_send(box, message, awaited) : -CPUSLAB_ENOENT;
}

int cpuslab_mailbox_receive(struct cpuslab_mailbox *mailbox, uint32_t cpu,
			    struct cpuslab_message *message)
{
	struct cpuslab__box *box = mailbox_box(mailbox, cpu);

	return box ? box_receive(box, message) : -CPUSLAB_ENOENT;
}

bool cpuslab__mailbox_take(struct cpuslab_mailbox *mailbox, uint32_t cpu,
			   bool awaits, struct cpuslab_message *message)
{
	struct cpuslab__box *box = mailbox_box(mailbox, cpu);
	uint64_t head;

	while (box) {
		if (box_take(box, &head, message))
			return true;
		if (!awaits || box_await(box, head))
			break;
	}
	return false;
}

uint64_t cpuslab__mailbox_sent(const struct cpuslab_mailbox *mailbox,
			       uint32_t cpu)
{
	const struct cpuslab__box *box = mailbox_box(mailbox, cpu);

	return box ? cpuslab_load_relaxed_u64(&box->tail) & ~BOX_CLOSED : 0;
}

bool cpuslab__mailbox_has_taken(const struct cpuslab_mailbox *mailbox,
				uint32_t cpu, uint64_t position)
{
	const struct cpuslab__box *box = mailbox_box(mailbox, cpu);

	/* [workers.turn] Pairs with the exchange in box_take(). */
	return !box ||
	       (int64_t)(cpuslab_load_acquire_u64(&box->head) - position) >= 0;
}

bool cpuslab__mailbox_has_message(const struct cpuslab_mailbox *mailbox,
				  uint32_t cpu)
{
	struct cpuslab__box *box = mailbox_box(mailbox, cpu);
	uint64_t head;

	/* A worker that looks has one, which gcc at -O3 does not know. */
	if (!box)
		return false;
	head = cpuslab_load_relaxed_u64(&box->head);
	return slot_is_full(box_slot(box, head), head);
}

bool cpuslab_mailbox_is_open(const struct cpuslab_mailbox *mailbox,
			     uint32_t cpu)
{
	const struct cpuslab__box *box = mailbox_box(mailbox, cpu);

	return box && !(cpuslab_load_acquire_u64(&box->tail) & BOX_CLOSED);
}

uint32_t cpuslab_mailbox_next_undelivered(const struct cpuslab_mailbox *mailbox,
					  uint32_t cpu)
{
	const struct cpuslab__box *box;
	uint64_t tail;

	for (; cpu < mailbox->limit; cpu++) {
		box = mailbox_box(mailbox, cpu);
		if (!box)
			continue;
		tail = cpuslab_load_acquire_u64(&box->tail);
		if ((tail & BOX_CLOSED) &&
		    (tail & ~BOX_CLOSED) !=
			    cpuslab_load_acquire_u64(&box->head))
			return cpu;
	}
	return CPUSLAB_NO_CPU;
}

/* ---- client callbacks ---------------------------------------------------- */

static int mailbox_start(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_mailbox *mailbox = client->arg;

	if (mailbox->boxes[cpu])
		return CPUSLAB_OK;
	mailbox->prepared[cpu] = box_create(mailbox->capacity);
	return mailbox->prepared[cpu] ? CPUSLAB_OK : -CPUSLAB_ENOMEM;
}

/* A box that is prepared was never published. */
static void mailbox_failure(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_mailbox *mailbox = client->arg;

	cpuslab_port_free(mailbox->prepared[cpu]);
	mailbox->prepared[cpu] = NULL;
}

static void mailbox_complete(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_mailbox *mailbox = client->arg;

	if (mailbox->prepared[cpu]) {
		/*
		 * [mailbox.box] Pairs with the acquire load in mailbox_box().
		 * Without it a sender could find slots without their turns.
		 */
		cpuslab_store_release_ptr(&mailbox->boxes[cpu],
					  mailbox->prepared[cpu]);
		mailbox->prepared[cpu] = NULL;
	}
	box_set_closed(mailbox->boxes[cpu], 0);
}

void cpuslab__mailbox_close(struct cpuslab_mailbox *mailbox, uint32_t cpu)
{
	box_set_closed(mailbox->boxes[cpu], BOX_CLOSED);
}

static void mailbox_remove(struct cpuslab_client *client, uint32_t cpu)
{
	cpuslab__mailbox_close(client->arg, cpu);
}

static const struct cpuslab_client_ops mailbox_ops = {
	.start = mailbox_start,
	.complete = mailbox_complete,
	.failure = mailbox_failure,
	.remove = mailbox_remove,
};

int cpuslab_mailbox_init(struct cpuslab_mailbox *mailbox,
			 struct cpuslab_domain *domain, uint32_t capacity)
{
	int err;

	memset(mailbox, 0, sizeof(*mailbox));
	if (!domain || capacity < 2 || (capacity & (capacity - 1)) ||
	    capacity > CPUSLAB_MAILBOX_MAX_CAPACITY)
		return -CPUSLAB_EINVAL;
	mailbox->limit = cpuslab_domain_limit(domain);
	mailbox->capacity = capacity;
	mailbox->boxes = cpuslab_port_zalloc(2 * (size_t)mailbox->limit *
					     sizeof(struct cpuslab__box *));
	if (!mailbox->boxes) {
		memset(mailbox, 0, sizeof(*mailbox));
		return -CPUSLAB_ENOMEM;
	}
	mailbox->prepared = mailbox->boxes + mailbox->limit;
	mailbox->client.ops = &mailbox_ops;
	mailbox->client.name = "cpuslab_mailbox";
	mailbox->client.arg = mailbox;
	mailbox->client.order = CPUSLAB_CLIENT_ORDER_MAILBOX;
	err = cpuslab_client_init(&mailbox->client, domain);
	if (err) {
		cpuslab_port_free(mailbox->boxes);
		memset(mailbox, 0, sizeof(*mailbox));
	}
	return err;
}

void cpuslab_mailbox_fini(struct cpuslab_mailbox *mailbox)
{
	uint32_t cpu;

	if (cpuslab__client_unregister(&mailbox->client))
		return; /* called in a callback; already logged */
	for (cpu = 0; cpu < mailbox->limit; cpu++) {
		cpuslab_port_free(mailbox->boxes[cpu]);
		cpuslab_port_free(mailbox->prepared[cpu]);
	}
	cpuslab_port_free(mailbox->boxes);
}
