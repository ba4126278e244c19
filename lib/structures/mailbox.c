/* SPDX-License-Identifier: MIT */
/*
 * mailbox.c - a bounded queue whose tail says whether it is closed.
 */
#include "mailbox_internal.h"

#include "../core/client_internal.h"

#define BOX_CLOSED ((uint64_t)1) /* in the tail; the position is above it */

struct mailbox_slot {
	cpuslab_word turn; /* W the owner of the position; R any */
	struct cpuslab_message message;
};

/* One CPU's, followed by its slots. */
struct cpuslab__box {
	cpuslab_word tail; /* W senders, domain: position * 2 + closed */
	uint64_t mask;     /* W init */
	char pad_tail[CPUSLAB_CACHE_LINE - 2 * sizeof(uint64_t)];
	uint64_t head; /* W receivers: position */
	char pad_head[CPUSLAB_CACHE_LINE - sizeof(uint64_t)];
};

static struct mailbox_slot *box_slot(struct cpuslab__box *box,
				     uint64_t position)
{
	return (struct mailbox_slot *)(box + 1) + (position & box->mask);
}

static struct cpuslab__box *box_create(uint32_t capacity)
{
	struct cpuslab__box *box;
	uint64_t i;

	box = cpuslab_port_zalloc(sizeof(*box) +
				  capacity * sizeof(struct mailbox_slot));
	if (!box)
		return NULL;
	box->tail = BOX_CLOSED;
	box->mask = capacity - 1;
	for (i = 0; i < capacity; i++)
		box_slot(box, i)->turn = i;
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

/* Take the next position to fill, or return why there is none. */
static int box_take_position(struct cpuslab__box *box, uint64_t *position)
{
	uint64_t tail = cpuslab_load_relaxed_u64(&box->tail);
	uint64_t turn, now;

	for (;;) {
		cpuslab_port_preempt_point();
		if (tail & BOX_CLOSED)
			return -CPUSLAB_ENOENT;
		*position = tail >> 1;
		/*
		 * [mailbox.turn] Pairs with the release store in box_receive():
		 * the receiver of the round before has read the slot.
		 */
		turn = cpuslab_load_acquire_u64(
			&box_slot(box, *position)->turn);
		cpuslab_port_preempt_point();
		if (turn == *position) {
			if (cpuslab_cas_u64(&box->tail, &tail, tail + 2))
				return CPUSLAB_OK;
			continue; /* the exchange has loaded tail */
		}
		now = cpuslab_load_relaxed_u64(&box->tail);
		/* The slot still has the message of the round before. */
		if (now == tail && (int64_t)(turn - *position) < 0)
			return CPUSLAB_FULL;
		tail = now;
	}
}

static int box_send(struct cpuslab__box *box,
		    const struct cpuslab_message *message)
{
	struct mailbox_slot *slot;
	uint64_t position;
	int result = box_take_position(box, &position);

	if (result)
		return result;
	cpuslab_port_preempt_point();
	slot = box_slot(box, position);
	slot->message = *message;
	cpuslab_port_preempt_point();
	/*
	 * [mailbox.turn] Pairs with the acquire load in box_receive(). Without
	 * it a receiver could read the words of the round before.
	 */
	cpuslab_store_release_u64(&slot->turn, position + 1);
	return CPUSLAB_OK;
}

/* The slot at @head is not full: is the box empty, or a send in progress? */
static int box_nothing_at(struct cpuslab__box *box, uint64_t head)
{
	return cpuslab_load_acquire_u64(&box->tail) >> 1 == head ?
		       CPUSLAB_EMPTY :
		       CPUSLAB_PARTIAL;
}

static int box_receive(struct cpuslab__box *box,
		       struct cpuslab_message *message)
{
	uint64_t head = cpuslab_load_relaxed_u64(&box->head);
	struct mailbox_slot *slot;
	uint64_t turn, now;

	for (;;) {
		cpuslab_port_preempt_point();
		slot = box_slot(box, head);
		/* [mailbox.turn] pairs with the release store in box_send(). */
		turn = cpuslab_load_acquire_u64(&slot->turn);
		cpuslab_port_preempt_point();
		if (turn == head + 1) {
			if (cpuslab_cas_u64(&box->head, &head, head + 1))
				break;
			continue; /* the exchange has loaded head */
		}
		now = cpuslab_load_relaxed_u64(&box->head);
		if (now == head && (int64_t)(turn - (head + 1)) < 0)
			return box_nothing_at(box, head);
		head = now;
	}
	cpuslab_port_preempt_point();
	*message = slot->message;
	cpuslab_port_preempt_point();
	/*
	 * [mailbox.turn] Pairs with the acquire load in box_take_position().
	 * Without it a sender of the next round could overwrite the words
	 * before they are read.
	 */
	cpuslab_store_release_u64(&slot->turn, head + box->mask + 1);
	return CPUSLAB_OK;
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

	return box ? box_send(box, message) : -CPUSLAB_ENOENT;
}

int cpuslab_mailbox_receive(struct cpuslab_mailbox *mailbox, uint32_t cpu,
			    struct cpuslab_message *message)
{
	struct cpuslab__box *box = mailbox_box(mailbox, cpu);

	return box ? box_receive(box, message) : -CPUSLAB_ENOENT;
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
		    tail >> 1 != cpuslab_load_acquire_u64(&box->head))
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
