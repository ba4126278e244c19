/* SPDX-License-Identifier: MIT */
#include "mailbox_internal.h"

#define BOX_SHUT ((uint64_t)1) /* in the tail; the position is above it */

struct mailbox_slot {
	uint64_t turn; /* W who has the position; R any */
	struct cpuslab_message message;
};

/* One CPU's. The slots follow. */
struct cpuslab__box {
	uint64_t tail; /* W senders, the domain: position * 2 + shut */
	uint64_t mask; /* W init */
	char apart[CPUSLAB_CACHE_LINE - 2 * sizeof(uint64_t)];
	uint64_t head; /* W who receives: position */
	char apart_too[CPUSLAB_CACHE_LINE - sizeof(uint64_t)];
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
	box->tail = BOX_SHUT;
	box->mask = capacity - 1;
	for (i = 0; i < capacity; i++)
		box_slot(box, i)->turn = i;
	return box;
}

static void box_set_shut(struct cpuslab__box *box, uint64_t shut)
{
	uint64_t tail = cpuslab_load_relaxed_u64(&box->tail);

	do {
		cpuslab_port_preempt_point();
	} while (
		!cpuslab_cas_u64(&box->tail, &tail, (tail & ~BOX_SHUT) | shut));
}

/* Whose it is to fill, or why there is none. */
static int box_take_position(struct cpuslab__box *box, uint64_t *position)
{
	uint64_t tail = cpuslab_load_relaxed_u64(&box->tail);
	uint64_t turn, now;

	for (;;) {
		cpuslab_port_preempt_point();
		if (tail & BOX_SHUT)
			return -CPUSLAB_ENOENT;
		*position = tail >> 1;
		/* [mailbox.turn] Whoever received it is done with the slot. */
		turn = cpuslab_load_acquire_u64(
			&box_slot(box, *position)->turn);
		cpuslab_port_preempt_point();
		if (turn == *position) {
			if (cpuslab_cas_u64(&box->tail, &tail, tail + 2))
				return CPUSLAB_OK;
			continue; /* tail is what it was now */
		}
		now = cpuslab_load_relaxed_u64(&box->tail);
		/* A round behind: nobody has received that one yet. */
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
	 * [mailbox.turn] Pairs with the acquire load in box_receive(), which
	 * without it could find the words of a round before.
	 */
	cpuslab_store_release_u64(&slot->turn, position + 1);
	return CPUSLAB_OK;
}

/* Nothing to take at @head: because nothing was sent? */
static int box_why_not(struct cpuslab__box *box, uint64_t head)
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
		/* [mailbox.turn] */
		turn = cpuslab_load_acquire_u64(&slot->turn);
		cpuslab_port_preempt_point();
		if (turn == head + 1) {
			if (cpuslab_cas_u64(&box->head, &head, head + 1))
				break;
			continue; /* head is what it was now */
		}
		now = cpuslab_load_relaxed_u64(&box->head);
		if (now == head && (int64_t)(turn - (head + 1)) < 0)
			return box_why_not(box, head);
		head = now;
	}
	cpuslab_port_preempt_point();
	*message = slot->message;
	cpuslab_port_preempt_point();
	/* [mailbox.turn] The slot is free for the next round. */
	cpuslab_store_release_u64(&slot->turn, head + box->mask + 1);
	return CPUSLAB_OK;
}

static struct cpuslab__box *mailbox_box(const struct cpuslab_mailbox *mailbox,
					uint32_t cpu)
{
	if (cpu >= mailbox->limit)
		return NULL;
	/* [mailbox.box] pairs with mailbox_open(). */
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

	return box && !(cpuslab_load_acquire_u64(&box->tail) & BOX_SHUT);
}

uint32_t cpuslab_mailbox_next_orphan(const struct cpuslab_mailbox *mailbox,
				     uint32_t cpu)
{
	const struct cpuslab__box *box;
	uint64_t tail;

	for (; cpu < mailbox->limit; cpu++) {
		box = mailbox_box(mailbox, cpu);
		if (!box)
			continue;
		tail = cpuslab_load_acquire_u64(&box->tail);
		if ((tail & BOX_SHUT) &&
		    tail >> 1 != cpuslab_load_acquire_u64(&box->head))
			return cpu;
	}
	return CPUSLAB_NO_CPU;
}

/* ---- CPUs, under the domain's mutex -------------------------------- */

static int mailbox_start(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_mailbox *mailbox = client->arg;

	if (mailbox->boxes[cpu])
		return CPUSLAB_OK;
	mailbox->made[cpu] = box_create(mailbox->capacity);
	return mailbox->made[cpu] ? CPUSLAB_OK : -CPUSLAB_ENOMEM;
}

/* Nobody has seen it. */
static void mailbox_failure(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_mailbox *mailbox = client->arg;

	cpuslab_port_free(mailbox->made[cpu]);
	mailbox->made[cpu] = NULL;
}

static void mailbox_open(struct cpuslab_client *client, uint32_t cpu)
{
	struct cpuslab_mailbox *mailbox = client->arg;

	if (mailbox->made[cpu]) {
		/*
		 * [mailbox.box] Its slots have their turns; pairs with the
		 * acquire load in mailbox_box().
		 */
		cpuslab_store_release_ptr(&mailbox->boxes[cpu],
					  mailbox->made[cpu]);
		mailbox->made[cpu] = NULL;
	}
	box_set_shut(mailbox->boxes[cpu], 0);
}

void cpuslab__mailbox_shut(struct cpuslab_mailbox *mailbox, uint32_t cpu)
{
	box_set_shut(mailbox->boxes[cpu], BOX_SHUT);
}

static void mailbox_shut(struct cpuslab_client *client, uint32_t cpu)
{
	cpuslab__mailbox_shut(client->arg, cpu);
}

static const struct cpuslab_client_ops mailbox_ops = {
	.start = mailbox_start,
	.complete = mailbox_open,
	.failure = mailbox_failure,
	.remove = mailbox_shut,
};

int cpuslab_mailbox_init(struct cpuslab_mailbox *mailbox,
			 struct cpuslab_domain *domain, uint32_t capacity)
{
	int err;

	if (!domain || capacity < 2 || (capacity & (capacity - 1)) ||
	    capacity > CPUSLAB_MAILBOX_MAX_CAPACITY)
		return -CPUSLAB_EINVAL;
	memset(mailbox, 0, sizeof(*mailbox));
	mailbox->limit = cpuslab_domain_limit(domain);
	mailbox->capacity = capacity;
	mailbox->boxes = cpuslab_port_zalloc(2 * (size_t)mailbox->limit *
					     sizeof(struct cpuslab__box *));
	if (!mailbox->boxes)
		return -CPUSLAB_ENOMEM;
	mailbox->made = mailbox->boxes + mailbox->limit;
	mailbox->client.ops = &mailbox_ops;
	mailbox->client.name = "cpuslab_mailbox";
	mailbox->client.arg = mailbox;
	err = cpuslab_client_init(&mailbox->client, domain);
	if (err)
		cpuslab_port_free(mailbox->boxes);
	return err;
}

void cpuslab_mailbox_fini(struct cpuslab_mailbox *mailbox)
{
	uint32_t cpu;

	cpuslab_client_fini(&mailbox->client);
	if (mailbox->client.domain)
		return; /* from inside a callback: it said so */
	for (cpu = 0; cpu < mailbox->limit; cpu++) {
		cpuslab_port_free(mailbox->boxes[cpu]);
		cpuslab_port_free(mailbox->made[cpu]);
	}
	cpuslab_port_free(mailbox->boxes);
}
