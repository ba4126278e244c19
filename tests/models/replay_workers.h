/* SPDX-License-Identifier: MIT */
#ifndef REPLAY_WORKERS_H
#define REPLAY_WORKERS_H
/*
 * replay_workers.h - workers.pml: workers of CPUs 0 and 1, a message to CPU 1,
 * and its removal.
 */
#include "replay.h"

#include "structures/workers_internal.h"

static struct {
	struct fixture f;
	struct cpuslab_workers workers;
	struct messages_worker {
		bool runs, woken;
	} worker[2];
	/* For CPU 1; what CPU 0 gets is not counted. */
	uint32_t sent, handled;
} messages;

/* ---- workers, as a system has them --------------------------------------- */

static int messages_create(struct cpuslab_workers *of, uint32_t cpu,
			   void **worker)
{
	(void)of;
	*worker = &messages.worker[cpu];
	return CPUSLAB_OK;
}

static void messages_wake(struct cpuslab_workers *of, uint32_t cpu,
			  void *worker)
{
	(void)of;
	(void)cpu;
	cpuslab_port_preempt_point();
	((struct messages_worker *)worker)->woken = true;
}

static void messages_unpark(struct cpuslab_workers *of, uint32_t cpu,
			    void *worker)
{
	((struct messages_worker *)worker)->runs = true;
	messages_wake(of, cpu, worker);
}

static void messages_park(struct cpuslab_workers *of, uint32_t cpu,
			  void *worker)
{
	((struct messages_worker *)worker)->runs = false;
	messages_wake(of, cpu, worker);
}

static void messages_destroy(struct cpuslab_workers *of, uint32_t cpu,
			     void *worker)
{
	(void)of;
	(void)cpu;
	(void)worker;
}

static void messages_handle(void *arg, uint32_t cpu,
			    const struct cpuslab_message *message)
{
	(void)arg;
	(void)cpu;
	messages.handled += message->word[0] == 1;
}

static const struct cpuslab_workers_ops messages_ops = {
	.create = messages_create,
	.unpark = messages_unpark,
	.park = messages_park,
	.destroy = messages_destroy,
	.wake = messages_wake,
};

/* ---- what steps lead to -------------------------------------------------- */

static bool messages_is_closed(const struct replay_thread *thread)
{
	(void)thread;
	return !cpuslab_mailbox_is_open(&messages.workers.mailbox, 1);
}

static bool messages_is_idle(const struct replay_thread *thread)
{
	return messages.workers.workers[thread->number].idle;
}

static bool messages_is_parked(const struct replay_thread *thread)
{
	return !messages.worker[thread->number].runs && thread->waits;
}

static bool messages_is_unparked(const struct replay_thread *thread)
{
	(void)thread;
	return messages.worker[1].runs && messages.worker[1].woken;
}

static bool messages_is_asleep(const struct replay_thread *thread)
{
	return !messages.worker[thread->number].woken;
}

static const struct replay_state messages_states[] = {
	{ "closed", messages_is_closed },     { "idle", messages_is_idle },
	{ "asleep", messages_is_asleep },     { "parked", messages_is_parked },
	{ "unparked", messages_is_unparked }, { NULL, NULL },
};

/* ---- threads ------------------------------------------------------------- */

static int messages_work(struct replay_thread *self)
{
	static const struct cpuslab_message own = { { 0, 0, 0 } };

	if (replay_chooses(self, "own"))
		replay_expect(!cpuslab_workers_send(&messages.workers,
						    self->number, &own));
	return cpuslab_workers_work(&messages.workers, self->number);
}

static void messages_worker(struct replay_thread *self)
{
	struct messages_worker *worker = &messages.worker[self->number];

	do {
		while (worker->runs && messages_work(self) == CPUSLAB_OK)
			;
		if (!replay_wait(self, &worker->woken))
			return;
		worker->woken = false;
	} while (true);
}

static void messages_sender(struct replay_thread *self)
{
	static const struct cpuslab_message message = { { 1, 2, 3 } };

	if (!cpuslab_workers_send(&messages.workers, 1, &message))
		messages.sent++;
	replay_done(self);
}

static void messages_domain(struct replay_thread *self)
{
	replay_expect(!cpuslab_domain_remove(messages.f.domain, 1));
	if (replay_chooses(self, "returns"))
		replay_expect(
			!cpuslab_domain_add_complete(messages.f.domain, 1));
}

static void messages_begin(void)
{
	static const struct cpuslab_workers_config workers = {
		.ops = &messages_ops, .handle = messages_handle, .capacity = 2
	};
	const struct fixture_config config = { .limit = 16,
					       .available = 2,
					       .no_slab = true };

	memset(&messages, 0, sizeof(messages));
	fixture_begin(&messages.f, &config);
	assert_int_equal(cpuslab_workers_init(&messages.workers,
					      messages.f.domain, &workers),
			 CPUSLAB_OK);
	messages.worker[0].woken = messages.worker[1].woken = false;
}

static void messages_end(void)
{
	replay_expect(messages.handled == messages.sent);
	cpuslab_workers_fini(&messages.workers);
	fixture_end(&messages.f);
}

static bool messages_is_kept(void)
{
	return messages.handled == messages.sent;
}

static const struct replay_thread messages_threads[] = {
	{ .name = "worker_thread", .run = messages_worker },
	{ .name = "worker_thread", .run = messages_worker, .number = 1 },
	{ .name = "domain", .run = messages_domain },
	{ .name = "sender", .run = messages_sender },
	{ .name = NULL },
};

static const struct replay_model replay_workers = {
	.name = "workers",
	.threads = messages_threads,
	.states = messages_states,
	.begin = messages_begin,
	.end = messages_end,
	.is_kept = messages_is_kept,
};

#endif /* REPLAY_WORKERS_H */
