/* SPDX-License-Identifier: MIT */
/*
 * rcu.c - read sections and grace periods by Concurrency Kit's ck_epoch.
 *
 * Each thread that reads has a record; all callbacks are queued on one more, so
 * the thread that polls runs every thread's callbacks. Only one thread runs at
 * a time, and it polls at points that the seed or the test decides: the same
 * seed ends the same grace periods at the same points.
 */
#include <stdlib.h>

#include <ck_epoch.h>

#include "internal.h"

struct sim_reader {
	ck_epoch_record_t record;
	struct sim_reader *next;  /* of all */
	struct sim_thread *owner; /* NULL: free */
	unsigned int depth;
};

static ck_epoch_t rcu_epoch;
static ck_epoch_record_t rcu_queue; /* the callbacks'; never reads */
static struct sim_reader *rcu_readers;
static uint64_t rcu_queued;
static uint64_t rcu_done;
static unsigned int rcu_users;
static bool rcu_stalls; /* barriers fail */

/* Only their addresses matter: what is ordered by them. */
static char rcu_order_calls; /* what was done before calls ... */
static char rcu_order_older; /* ... of earlier epochs */
static char rcu_order_reads; /* in sections that have ended */
static char rcu_order_ends;  /* in callbacks */
static unsigned int rcu_order_epoch;

CPUSLAB_STATIC_ASSERT(sizeof(ck_epoch_entry_t) <=
			      sizeof(((struct cpuslab_rcu *)0)->port),
		      "ck_epoch's entry fits");

void sim__rcu_init(void)
{
	ck_epoch_init(&rcu_epoch);
	ck_epoch_register(&rcu_epoch, &rcu_queue, NULL);
	rcu_readers = NULL;
	rcu_queued = 0;
	rcu_done = 0;
	rcu_users = 0;
	rcu_stalls = false;
	rcu_order_epoch = ck_epoch_value(&rcu_epoch);
}

/* A reader that a callback does not wait for saw what preceded its queueing. */
static void rcu_order_turn(void)
{
	unsigned int epoch = ck_epoch_value(&rcu_epoch);

	if (epoch != rcu_order_epoch)
		sim__order_chain(&rcu_order_older, &rcu_order_calls);
	rcu_order_epoch = epoch;
}

void sim__rcu_fini(void)
{
	while (rcu_readers) {
		struct sim_reader *next = rcu_readers->next;

		free(rcu_readers);
		rcu_readers = next;
	}
}

static struct sim_reader *rcu_reader_of(struct sim_thread *self)
{
	struct sim_reader *reader = self->reader;

	if (reader)
		return reader;
	for (reader = rcu_readers; reader && reader->owner;)
		reader = reader->next;
	if (!reader) {
		reader =
			aligned_alloc(64, (sizeof(*reader) + 63) & ~(size_t)63);
		if (!reader)
			sim__panicf("sim: no memory for a reader");
		memset(reader, 0, sizeof(*reader));
		ck_epoch_register(&rcu_epoch, &reader->record, NULL);
		reader->next = rcu_readers;
		rcu_readers = reader;
	}
	reader->owner = self;
	self->reader = reader;
	return reader;
}

void cpuslab_port_read_enter(void)
{
	struct sim_reader *reader = rcu_reader_of(sim__self());

	if (!reader->depth++) {
		ck_epoch_begin(&reader->record, NULL);
		rcu_order_turn();
		sim_order_acquire(&rcu_order_older);
	}
	sim__point();
}

void cpuslab_port_read_exit(void)
{
	struct sim_reader *reader = sim__self()->reader;

	if (!reader || !reader->depth)
		sim__panicf("sim: a read section ends that never began");
	sim__point();
	if (!--reader->depth) {
		sim_order_release(&rcu_order_reads);
		ck_epoch_end(&reader->record, NULL);
	}
}

bool sim__rcu_in_section(const struct sim_thread *thread)
{
	return thread->reader && thread->reader->depth;
}

void sim__rcu_retire(struct sim_thread *thread)
{
	if (thread->reader)
		thread->reader->owner = NULL;
	thread->reader = NULL;
}

unsigned int sim__rcu_sections(void)
{
	const struct sim_reader *reader;
	unsigned int count = 0;

	for (reader = rcu_readers; reader; reader = reader->next)
		count += reader->depth != 0;
	return count;
}

CK_STACK_CONTAINER(ck_epoch_entry_t, stack_entry, rcu_entry_of)

static void rcu_call(ck_epoch_entry_t *entry)
{
	struct cpuslab_rcu *rcu = (struct cpuslab_rcu *)entry;

	sim_order_acquire(rcu);
	sim_order_acquire(&rcu_order_reads);
	rcu->call(rcu);
	sim_order_release(&rcu_order_ends);
	rcu_done++;
}

void cpuslab_port_call_rcu(struct cpuslab_rcu *rcu,
			   void (*call)(struct cpuslab_rcu *rcu))
{
	sim__need_init();
	rcu->call = call;
	rcu_order_turn();
	sim_order_release(&rcu_order_calls);
	sim_order_release(rcu);
	rcu_queued++;
	ck_epoch_call(&rcu_queue, (ck_epoch_entry_t *)rcu, rcu_call);
	sim__point();
}

uint64_t sim_rcu_pending(void)
{
	return rcu_queued - rcu_done;
}

bool sim__rcu_has_work(void)
{
	return rcu_queued != rcu_done;
}

void sim__rcu_work(void)
{
	struct sim_thread *self = sim__self();

	ck_stack_t due;
	ck_stack_entry_t *entry;

	/*
	 * Collected first: a callback passes points, and what is queued there
	 * must not be taken for something whose grace period is over.
	 */
	ck_stack_init(&due);
	ck_epoch_poll_deferred(&rcu_queue, &due);
	/* No reader that comes from here on is waited for. */
	if (!CK_STACK_ISEMPTY(&due))
		sim__order_chain(&rcu_order_older, &rcu_order_calls);
	self->in_callback = true;
	while ((entry = ck_stack_pop_npsc(&due)))
		rcu_call(rcu_entry_of(entry));
	self->in_callback = false;
}

/* Polls that change nothing, one after the other, before it is given up. */
#define RCU_VAIN 8

static uint64_t rcu_run_all(void)
{
	unsigned int vain = 0;

	while (sim__rcu_has_work() && vain < RCU_VAIN) {
		uint64_t done = rcu_done;

		sim__rcu_work();
		vain = done == rcu_done ? vain + 1 : 0;
	}
	return sim_rcu_pending();
}

int cpuslab_port_rcu_barrier(void)
{
	struct sim_thread *self = sim__self();

	sim__need_init();
	if (sim__rcu_in_section(self))
		sim__panicf("sim: a barrier inside a read section");
	if (self->in_callback)
		sim__panicf("sim: a barrier inside a callback");
	if (rcu_stalls)
		return -CPUSLAB_EAGAIN;
	if (!sim__sched_active() || self->below) {
		if (rcu_run_all())
			sim__panicf("sim: a barrier would wait for readers "
				    "that cannot go on");
		return CPUSLAB_OK;
	}
	while (sim__rcu_has_work()) {
		self->wait_rcu = 1;
		sim__sched_block();
		self->wait_rcu = 0;
	}
	sim_order_acquire(&rcu_order_ends);
	return CPUSLAB_OK;
}

int cpuslab_port_rcu_get(void)
{
	sim__need_init();
	if (sim__alloc_fails())
		return -CPUSLAB_ENOMEM;
	rcu_users++;
	return CPUSLAB_OK;
}

void cpuslab_port_rcu_put(void)
{
	rcu_users--;
}

unsigned int sim__rcu_users(void)
{
	return rcu_users;
}

static void rcu_no_call(struct cpuslab_rcu *rcu)
{
	(void)rcu;
}

/* Waits for callbacks as well, which here wait for nothing. */
int cpuslab_port_rcu_wait(void)
{
	struct cpuslab_rcu rcu;

	if (rcu_stalls)
		return -CPUSLAB_EAGAIN;
	cpuslab_port_call_rcu(&rcu, rcu_no_call);
	return cpuslab_port_rcu_barrier();
}

uint64_t sim_quiesce(void)
{
	sim__need_init();
	if (sim__sched_active()) {
		cpuslab_port_rcu_barrier();
		return 0;
	}
	return rcu_run_all();
}

void sim_rcu_stall(bool stall)
{
	sim__need_init();
	rcu_stalls = stall;
}
