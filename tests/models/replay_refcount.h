/* SPDX-License-Identifier: MIT */
#ifndef REPLAY_REFCOUNT_H
#define REPLAY_REFCOUNT_H
/*
 * replay_refcount.h - refcount.pml: two threads get and put a reference, one
 * kills, resurrects and kills, one admits CPU 1.
 */
#include "replay.h"

#include "core/slab_internal.h"

#define REFCOUNT_PARK 4u /* the first CPU where no section is */

static struct {
	struct fixture f;
	struct cpuslab_refcount refcount;
	uint32_t held, released;
	bool killed;
} counted;

static uint64_t counted_global(void)
{
	return cpuslab_load_relaxed_u64(&counted.refcount.global);
}

/* ---- what steps lead to -------------------------------------------------- */

static bool counted_is_dying(const struct replay_thread *thread)
{
	(void)thread;
	return cpuslab_refcount_is_dying(&counted.refcount);
}

static bool counted_is_alive(const struct replay_thread *thread)
{
	return !counted_is_dying(thread);
}

static bool counted_is_biased(const struct replay_thread *thread)
{
	(void)thread;
	return (counted_global() & ~CPUSLAB__REFCOUNT_LIVE) >> 60;
}

static bool counted_is_exact(const struct replay_thread *thread)
{
	return !counted_is_biased(thread);
}

static bool counted_gate_is_set(uint32_t cpu)
{
	const struct cpuslab_gated *gated =
		cpuslab__percpu_at(&counted.refcount.handle, cpu, 0);

	return gated->gate == (cpuslab_refcount_is_dying(&counted.refcount) ?
				       CPUSLAB__REFCOUNT_CLOSED :
				       CPUSLAB__REFCOUNT_OPEN);
}

static bool counted_gate_shared(const struct replay_thread *thread)
{
	(void)thread;
	return counted_gate_is_set(CPUSLAB_SHARED);
}

static bool counted_gate_0(const struct replay_thread *thread)
{
	(void)thread;
	return counted_gate_is_set(0);
}

static bool counted_is_admitted(const struct replay_thread *thread)
{
	(void)thread;
	return counted.f.slab->live[1];
}

static bool counted_gate_1(const struct replay_thread *thread)
{
	return counted_is_admitted(thread) && counted_gate_is_set(1);
}

static const struct replay_state counted_states[] = {
	{ "dying", counted_is_dying },
	{ "alive", counted_is_alive },
	{ "biased", counted_is_biased },
	{ "exact", counted_is_exact },
	{ "gate_shared", counted_gate_shared },
	{ "gate_0", counted_gate_0 },
	{ "gate_1", counted_gate_1 },
	{ "admitted", counted_is_admitted },
	{ NULL, NULL },
};

/* ---- threads ------------------------------------------------------------- */

/* No operation admits CPU 1 on demand. */
static void counted_run_anywhere(struct replay_thread *self)
{
	sim_may_sleep_set(false);
	sim_cpu_set(replay_chooses(self, "cpu_1"));
	self->points = 0;
}

static void counted_is_done(struct replay_thread *self)
{
	sim_may_sleep_set(true);
	sim_cpu_set(REFCOUNT_PARK + (uint32_t)(self - replay.threads));
	replay_done(self);
}

static void counted_put(struct replay_thread *self)
{
	/* The reference ends when it is put, not when that is counted. */
	counted.held--;
	counted_run_anywhere(self);
	(void)cpuslab_refcount_put(&counted.refcount);
	counted_is_done(self);
}

static void counted_user(struct replay_thread *self)
{
	bool late = counted.killed, got;

	counted_run_anywhere(self);
	got = cpuslab_refcount_try_get(&counted.refcount);
	counted.held += got;
	replay_expect(!(late && got));
	replay_expect(!got || !counted.released);
	counted_is_done(self);
	if (got)
		counted_put(self);
}

static void counted_killer(struct replay_thread *self)
{
	replay_expect(!cpuslab_refcount_kill(&counted.refcount));
	replay_expect(!cpuslab_refcount_resurrect(&counted.refcount));
	counted_put(self);
	replay_expect(!cpuslab_refcount_kill(&counted.refcount));
	counted.killed = true;
}

static void counted_newcomer(struct replay_thread *self)
{
	(void)self;
	replay_expect(!cpuslab_domain_add_complete(counted.f.domain, 1));
}

static void counted_release(struct cpuslab_refcount *refcount)
{
	(void)refcount;
	replay_expect(!counted.held);
	counted.released++;
}

static void counted_begin(void)
{
	const struct fixture_config config = { .limit = 16, .available = 1 };

	memset(&counted, 0, sizeof(counted));
	fixture_begin(&counted.f, &config);
	assert_int_equal(cpuslab_refcount_init(&counted.refcount,
					       counted.f.slab, counted_release),
			 CPUSLAB_OK);
	assert_true(cpuslab_refcount_try_get(&counted.refcount));
	counted.held = 1; /* the killer's */
}

static void counted_end(void)
{
	replay_expect(counted.released == 1 && !counted.held);
	cpuslab_refcount_fini(&counted.refcount);
	fixture_end(&counted.f);
}

/* The get ends, although the killer stands still. */
static bool counted_is_kept(void)
{
	return replay.threads[0].ended;
}

static const struct replay_thread counted_threads[] = {
	{ .name = "user", .run = counted_user },
	{ .name = "user", .run = counted_user, .number = 1 },
	{ .name = "killer", .run = counted_killer },
	{ .name = "newcomer", .run = counted_newcomer },
	{ .name = NULL },
};

static const struct replay_model replay_refcount = {
	.name = "refcount",
	.threads = counted_threads,
	.states = counted_states,
	.begin = counted_begin,
	.end = counted_end,
	.is_kept = counted_is_kept,
};

#endif /* REPLAY_REFCOUNT_H */
