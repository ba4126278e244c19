/* SPDX-License-Identifier: MIT */
/*
 * mailbox.c - everybody sends to every processor; whoever runs there receives,
 * and a thread adopts what the gone leave. Each sender's messages to a box come
 * once, in order.
 */
#include "structures.h"

#define MAILBOX_CAPACITY 64u
#define MAILBOX_RECEIVES 3u /* in a step */

static struct cpuslab_mailbox mailbox_all;
static struct cpuslab_client mailbox_client; /* registers before it */
static uint32_t *mailbox_busy; /* [processor]: its receiver checks first */
static uint32_t *mailbox_sent; /* [actor][processor]; W actor */
static uint32_t *mailbox_got;  /* likewise; W who is busy there */
static uint32_t *mailbox_next; /* [actor]: whom it sends to; W actor */
static uint32_t mailbox_width; /* of a row */

/* Told last of one who goes. */
static void mailbox_remove(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	if (cpuslab_mailbox_is_open(&mailbox_all, cpu))
		structures_wrong("a processor is gone, and its box is open");
}

static const struct cpuslab_client_ops mailbox_client_ops = {
	.remove = mailbox_remove,
};

static uint64_t mailbox_seal(uint64_t sender, uint64_t number)
{
	return cpuslab_steering_hash(sender << 32 | number);
}

/* The next one that is there; or now and then anybody. */
static uint32_t mailbox_whom(const struct structures_actor *actor)
{
	uint32_t *next = &mailbox_next[actor->id];
	const struct cpuslab_cpuset *set;

	if (actor->round % 16 == 0)
		return (uint32_t)(actor->round / 16 % mailbox_width);
	set = cpuslab_cpuset_get(structures.domain);
	*next = cpuslab_cpuset_next(set, *next + 1);
	if (*next == CPUSLAB_NO_CPU)
		*next = cpuslab_cpuset_next(set, 0);
	cpuslab_cpuset_put(set);
	if (*next == CPUSLAB_NO_CPU)
		*next = 0; /* there is nobody */
	return *next;
}

static void mailbox_send(const struct structures_actor *actor)
{
	uint32_t cpu = mailbox_whom(actor);
	/* Nobody has the number behind the last; a word is there for it. */
	uint32_t *sent = &mailbox_sent[actor->id * mailbox_width + cpu];
	struct cpuslab_message message = { { actor->id, *sent,
					     mailbox_seal(actor->id, *sent) } };
	int result = cpuslab_mailbox_send(&mailbox_all, cpu, &message);

	if (result == CPUSLAB_OK)
		++*sent;
	else if (result != CPUSLAB_FULL && result != -CPUSLAB_ENOENT)
		structures_wrong("a mailbox took no message");
}

static void mailbox_compare(uint32_t cpu, const struct cpuslab_message *message)
{
	uint64_t sender = message->word[0], number = message->word[1];
	uint32_t *got;

	if (sender >= structures.actors ||
	    message->word[2] != mailbox_seal(sender, number)) {
		structures_wrong("a message came that nobody sent");
		return;
	}
	got = &mailbox_got[sender * mailbox_width + cpu];
	if (number != *got)
		structures_wrong("messages came in another order");
	++*got;
}

/* Receive and compare at once: else two might swap theirs. */
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
		structures_wrong("a mailbox gave no message");
	return result == CPUSLAB_OK;
}

static void mailbox_step(const struct structures_actor *actor)
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

	for (cpu = cpuslab_mailbox_next_orphan(&mailbox_all, 0);
	     cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_mailbox_next_orphan(&mailbox_all, cpu + 1))
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

	cpuslab_mailbox_fini(&mailbox_all);
	cpuslab_client_fini(&mailbox_client);
	mailbox_free();
	return what;
}

static int mailbox_follow(void)
{
	int err;

	mailbox_client.ops = &mailbox_client_ops;
	mailbox_client.name = "mailbox's test";
	err = cpuslab_client_init(&mailbox_client, structures.domain);
	if (err)
		return err;
	err = cpuslab_mailbox_init(&mailbox_all, structures.domain,
				   MAILBOX_CAPACITY);
	if (err)
		cpuslab_client_fini(&mailbox_client);
	return err;
}

static int mailbox_start(void)
{
	int err = -CPUSLAB_ENOMEM;

	mailbox_width = structures.limit + 1;
	mailbox_busy =
		structures_array(structures.limit, 1, sizeof(*mailbox_busy));
	mailbox_sent = structures_array(structures.actors, mailbox_width,
					sizeof(*mailbox_sent));
	mailbox_got = structures_array(structures.actors, mailbox_width,
				       sizeof(*mailbox_got));
	mailbox_next =
		structures_array(structures.actors, 1, sizeof(*mailbox_next));
	if (mailbox_busy && mailbox_sent && mailbox_got && mailbox_next)
		err = mailbox_follow();
	if (err)
		mailbox_free();
	return err;
}

const struct structures_part structures_mailbox = {
	.start = mailbox_start,
	.step = mailbox_step,
	.look = mailbox_look,
	.stop = mailbox_stop,
};
