// SPDX-License-Identifier: MIT
/*
 * part_mailbox.c - everybody sends to every processor; whoever runs there
 * receives, and a thread adopts what the gone leave. Each sender's messages to
 * a box come once, in order.
 */
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include <cpuslab/mailbox.h>
#include <cpuslab/steering.h>

#include "structures.h"

#define PART_CAPACITY 64
#define PART_RECEIVES 3 /* in a step */

static struct cpuslab_mailbox part_all;
static struct cpuslab_client part_client; /* registers before it */
static unsigned long *part_busy; /* who receives checks before the next does */
static u32 *part_sent;           /* [actor][processor]; W actor */
static u32 *part_got;            /* likewise; W who holds the busy bit */
static u32 *part_next;           /* [actor]: whom it sends to; W actor */
static atomic64_t part_full, part_shut, part_adopted;

/* Told last of one who goes. */
static void part_remove(struct cpuslab_client *client, uint32_t cpu)
{
	if (cpuslab_mailbox_is_open(&part_all, cpu))
		structures_wrong("mailbox: %u has gone, its box is open", cpu);
}

static const struct cpuslab_client_ops part_client_ops = {
	.remove = part_remove,
};

static u64 part_seal(u64 sender, u64 number)
{
	return cpuslab_steering_hash(sender << 32 | number);
}

/* One who is there, or now and then anybody. */
static u32 part_whom(const struct structures_actor *actor)
{
	u32 *next = &part_next[actor->id];

	if (actor->round % 16 == 0)
		return actor->round / 16 % (nr_cpu_ids + 1);
	*next = cpumask_next(*next, cpu_online_mask);
	if (*next >= nr_cpu_ids)
		*next = cpumask_first(cpu_online_mask);
	return *next;
}

static void part_send(const struct structures_actor *actor)
{
	u32 cpu = part_whom(actor);
	/* Nobody has the number behind the last; a word is there for it. */
	u32 *sent = &part_sent[actor->id * (nr_cpu_ids + 1) + cpu];
	struct cpuslab_message message = { { actor->id, *sent,
					     part_seal(actor->id, *sent) } };
	int result = cpuslab_mailbox_send(&part_all, cpu, &message);

	if (result == CPUSLAB_OK)
		++*sent;
	else if (result == CPUSLAB_FULL)
		atomic64_inc(&part_full);
	else if (result == -CPUSLAB_ENOENT)
		atomic64_inc(&part_shut);
	else
		structures_wrong("mailbox: send to %u: %d", cpu, result);
}

static void part_check(u32 cpu, const struct cpuslab_message *message)
{
	u64 sender = message->word[0], number = message->word[1];
	u32 *got;

	if (sender >= structures_actors ||
	    message->word[2] != part_seal(sender, number)) {
		structures_wrong("mailbox: a message that nobody sent");
		return;
	}
	got = &part_got[sender * (nr_cpu_ids + 1) + cpu];
	if (number != *got)
		structures_wrong("mailbox: %llu to %u: %llu instead of %u",
				 sender, cpu, number, *got);
	++*got;
}

/* Receive and check at once: else two might swap theirs. */
static bool part_receive(u32 cpu)
{
	struct cpuslab_message message;
	int result;

	if (test_and_set_bit_lock(cpu, part_busy))
		return false;
	result = cpuslab_mailbox_receive(&part_all, cpu, &message);
	if (result == CPUSLAB_OK)
		part_check(cpu, &message);
	clear_bit_unlock(cpu, part_busy);
	if (result && result != CPUSLAB_EMPTY && result != CPUSLAB_PARTIAL &&
	    result != -CPUSLAB_ENOENT)
		structures_wrong("mailbox: receive of %u: %d", cpu, result);
	return result == CPUSLAB_OK;
}

static void part_step(const struct structures_actor *actor)
{
	unsigned int i;

	part_send(actor);
	for (i = 0; i < PART_RECEIVES; i++)
		if (!part_receive(raw_smp_processor_id()))
			break;
}

static void part_look(void)
{
	u32 cpu;

	for (cpu = cpuslab_mailbox_next_orphan(&part_all, 0);
	     cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_mailbox_next_orphan(&part_all, cpu + 1))
		while (part_receive(cpu))
			atomic64_inc(&part_adopted);
}

static int part_compare(void)
{
	size_t i, end = (size_t)structures_actors * (nr_cpu_ids + 1);
	u64 sent = 0;

	for (i = 0; i < end; i++) {
		sent += part_sent[i];
		if (part_sent[i] != part_got[i])
			return test_wrong("mailbox: %u received of %u",
					  part_got[i], part_sent[i]);
	}
	pr_info("cpuslab_test: mailbox: %llu sent and received, %lld adopted, %lld times full, %lld shut\n",
		sent, (s64)atomic64_read(&part_adopted),
		(s64)atomic64_read(&part_full), (s64)atomic64_read(&part_shut));
	return sent ? 0 : test_wrong("mailbox: nothing was sent");
}

static void part_free(void)
{
	kvfree(part_next);
	kvfree(part_got);
	kvfree(part_sent);
	bitmap_free(part_busy);
}

static int part_stop(void)
{
	u32 cpu;
	int err;

	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		while (part_receive(cpu))
			continue;
	err = part_compare();
	cpuslab_mailbox_fini(&part_all);
	cpuslab_client_fini(&part_client);
	part_free();
	return err;
}

static int part_follow(void)
{
	int err;

	part_client.ops = &part_client_ops;
	part_client.name = "part_mailbox";
	err = cpuslab_client_init(&part_client, test_hp.domain);
	if (err)
		return err;
	err = cpuslab_mailbox_init(&part_all, test_hp.domain, PART_CAPACITY);
	if (err)
		cpuslab_client_fini(&part_client);
	return err;
}

static int part_start(void)
{
	size_t pairs = (size_t)structures_actors * (nr_cpu_ids + 1);
	int err = -ENOMEM;

	atomic64_set(&part_full, 0);
	atomic64_set(&part_shut, 0);
	atomic64_set(&part_adopted, 0);
	part_busy = bitmap_zalloc(nr_cpu_ids, GFP_KERNEL);
	part_sent = kvcalloc(pairs, sizeof(u32), GFP_KERNEL);
	part_got = kvcalloc(pairs, sizeof(u32), GFP_KERNEL);
	part_next = kvcalloc(structures_actors, sizeof(u32), GFP_KERNEL);
	if (part_busy && part_sent && part_got && part_next)
		err = part_follow();
	if (err)
		part_free();
	return err;
}

const struct structures_part part_mailbox = {
	.name = "mailbox",
	.start = part_start,
	.step = part_step,
	.look = part_look,
	.stop = part_stop,
};
