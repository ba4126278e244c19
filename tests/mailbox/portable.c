/* SPDX-License-Identifier: MIT */
/*
 * portable.c - each actor sends to every CPU, and receives from the box of the
 * CPU on which it runs; a thread receives what is undelivered. Each sender's
 * messages to a box are received once, in order.
 */
#include "portable/portable.h"

#define MAILBOX_CAPACITY 64u
#define MAILBOX_RECEIVES 3u /* in a step */

static struct cpuslab_mailbox mailbox_all;
static struct cpuslab_client mailbox_client; /* of lower order */
static uint32_t *mailbox_busy; /* [CPU]: its receiver checks first */
static uint32_t *mailbox_sent; /* [actor][CPU]; W actor */
static uint32_t *mailbox_got;  /* likewise; W the receiver that is busy there */
static uint32_t *mailbox_next; /* [actor]: the CPU it sends to; W actor */
static uint32_t mailbox_width; /* of a row */

/*
 * Called after the mailbox's remove; also by this client's fini, for online
 * CPUs.
 */
static void mailbox_remove(struct cpuslab_client *client, uint32_t cpu)
{
	const struct cpuslab_cpumask *set;
	bool online;

	(void)client;
	set = cpuslab_cpumask_get(structures.domain);
	online = cpuslab_cpumask_has(set, cpu);
	cpuslab_cpumask_put(set);
	if (cpuslab_mailbox_is_open(&mailbox_all, cpu) != online)
		portable_wrong("a box is open, or its CPU online, not both");
}

static const struct cpuslab_client_ops mailbox_client_ops = {
	.remove = mailbox_remove,
};

static uint64_t mailbox_seal(uint64_t sender, uint64_t number)
{
	return cpuslab_steering_hash(sender << 32 | number);
}

/* The next online CPU; occasionally any number. */
static uint32_t mailbox_target(const struct portable_actor *actor)
{
	uint32_t *next = &mailbox_next[actor->id];
	const struct cpuslab_cpumask *set;

	if (actor->round % 16 == 0)
		return (uint32_t)(actor->round / 16 % mailbox_width);
	set = cpuslab_cpumask_get(structures.domain);
	*next = cpuslab_cpumask_next(set, *next + 1);
	if (*next == CPUSLAB_NO_CPU)
		*next = cpuslab_cpumask_next(set, 0);
	cpuslab_cpumask_put(set);
	if (*next == CPUSLAB_NO_CPU)
		*next = 0; /* none is online */
	return *next;
}

static void mailbox_send(const struct portable_actor *actor)
{
	uint32_t cpu = mailbox_target(actor);
	/* No CPU has the limit as its number, but there is a word for it. */
	uint32_t *sent = &mailbox_sent[actor->id * mailbox_width + cpu];
	struct cpuslab_message message = { { actor->id, *sent,
					     mailbox_seal(actor->id, *sent) } };
	int result = cpuslab_mailbox_send(&mailbox_all, cpu, &message);

	if (result == CPUSLAB_OK)
		++*sent;
	else if (result != CPUSLAB_FULL && result != -CPUSLAB_ENOENT)
		portable_wrong("a mailbox took no message");
}

static void mailbox_compare(uint32_t cpu, const struct cpuslab_message *message)
{
	uint64_t sender = message->word[0], number = message->word[1];
	uint32_t *got;

	if (sender >= structures.actors ||
	    message->word[2] != mailbox_seal(sender, number)) {
		portable_wrong("a message came that was not sent");
		return;
	}
	got = &mailbox_got[sender * mailbox_width + cpu];
	if (number != *got)
		portable_wrong("messages came in another order");
	++*got;
}

/* Receive and compare under the flag, so that receivers do not overtake. */
static bool mailbox_receive(uint32_t cpu)
{
	struct cpuslab_message message;
	int result;

	if (cpuslab_exchange_u32(&mailbox_busy[cpu], 1))
		return false;
	result = cpuslab_mailbox_receive(&mailbox_all, cpu, &message);
	if (result == CPUSLAB_OK)
		mailbox_compare(cpu, &message);
	cpuslab_store_release_u32(&mailbox_busy[cpu], 0);
	if (result != CPUSLAB_OK && result != CPUSLAB_EMPTY &&
	    result != CPUSLAB_PARTIAL && result != -CPUSLAB_ENOENT)
		portable_wrong("a mailbox gave no message");
	return result == CPUSLAB_OK;
}

static void mailbox_step(const struct portable_actor *actor)
{
	uint32_t i;

	mailbox_send(actor);
	for (i = 0; i < MAILBOX_RECEIVES; i++)
		if (!mailbox_receive(cpuslab_port_cpu()))
			break;
}

static void mailbox_look(void)
{
	uint32_t cpu;

	for (cpu = cpuslab_mailbox_next_undelivered(&mailbox_all, 0);
	     cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_mailbox_next_undelivered(&mailbox_all, cpu + 1))
		while (mailbox_receive(cpu))
			continue;
}

static const char *mailbox_check(bool used)
{
	size_t i, end = (size_t)structures.actors * mailbox_width;
	uint64_t sent = 0;
	uint32_t cpu;

	for (cpu = 0; cpu < structures.limit; cpu++)
		while (mailbox_receive(cpu))
			continue;
	for (i = 0; i < end; i++) {
		sent += mailbox_sent[i];
		if (mailbox_sent[i] != mailbox_got[i])
			return "messages were lost";
	}
	return used && !sent ? "no message was sent" : NULL;
}

static void mailbox_free(void)
{
	cpuslab_port_free(mailbox_next);
	cpuslab_port_free(mailbox_got);
	cpuslab_port_free(mailbox_sent);
	cpuslab_port_free(mailbox_busy);
}

static const char *mailbox_stop(bool used)
{
	const char *what = mailbox_check(used);

	cpuslab_client_fini(&mailbox_client);
	cpuslab_mailbox_fini(&mailbox_all);
	mailbox_free();
	return what;
}

static int mailbox_register(void)
{
	int err = cpuslab_mailbox_init(&mailbox_all, structures.domain,
				       MAILBOX_CAPACITY);

	if (err)
		return err;
	mailbox_client.ops = &mailbox_client_ops;
	mailbox_client.name = "mailbox's test";
	mailbox_client.order = CPUSLAB_CLIENT_ORDER_MAILBOX - 1;
	err = cpuslab_client_init(&mailbox_client, structures.domain);
	if (err)
		cpuslab_mailbox_fini(&mailbox_all);
	return err;
}

static int mailbox_start(void)
{
	int err = -CPUSLAB_ENOMEM;

	mailbox_width = structures.limit + 1;
	mailbox_busy =
		portable_array(structures.limit, 1, sizeof(*mailbox_busy));
	mailbox_sent = portable_array(structures.actors, mailbox_width,
				      sizeof(*mailbox_sent));
	mailbox_got = portable_array(structures.actors, mailbox_width,
				     sizeof(*mailbox_got));
	mailbox_next =
		portable_array(structures.actors, 1, sizeof(*mailbox_next));
	if (mailbox_busy && mailbox_sent && mailbox_got && mailbox_next)
		err = mailbox_register();
	if (err)
		mailbox_free();
	return err;
}

const struct portable_part portable_mailbox = {
	.start = mailbox_start,
	.step = mailbox_step,
	.look = mailbox_look,
	.stop = mailbox_stop,
};
