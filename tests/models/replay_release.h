/* SPDX-License-Identifier: MIT */
#ifndef REPLAY_RELEASE_H
#define REPLAY_RELEASE_H
/*
 * replay_release.h - release.pml: CPU 1 leaves and returns, while a thread adds
 * on it, one sums, and one trims the slab or lets it grow.
 */
#include "replay.h"

#include "core/slab_internal.h"

#define RELEASE_CPU 1u

static struct {
	struct fixture f;
	struct cpuslab_percpu handle, second;
	bool grown;
	bool kept; /* the start has found blocks that are not dead */
	uint32_t begun, ended; /* adds */
} release;

/* In an extent of its own. */
static const struct cpuslab_type release_large = { .name = "large",
						   .size = 100000,
						   .counters = 1 };

/* ---- what steps lead to -------------------------------------------------- */

static uint32_t release_state(void)
{
	return cpuslab__state(release.f.slab, RELEASE_CPU);
}

static bool release_is_unregistered(const struct replay_thread *thread)
{
	(void)thread;
	return !(release.f.slab->state[RELEASE_CPU] & SLAB_REGISTERED);
}

static bool release_is_registered(const struct replay_thread *thread)
{
	if (release_is_unregistered(thread))
		return false;
	release.kept = release_state() != SLAB_DEAD;
	return true;
}

static bool release_is_live(const struct replay_thread *thread)
{
	(void)thread;
	return release.f.slab->live[RELEASE_CPU];
}

static bool release_is_draining(const struct replay_thread *thread)
{
	return release_state() == SLAB_DRAINING && !release_is_live(thread);
}

static bool release_is_dead(const struct replay_thread *thread)
{
	(void)thread;
	return release_state() == SLAB_DEAD;
}

static bool release_is_absent(const struct replay_thread *thread)
{
	(void)thread;
	return release_state() == SLAB_ABSENT;
}

static bool release_is_freed(const struct replay_thread *thread)
{
	(void)thread;
	return !cpuslab__percpu_at(&release.handle, RELEASE_CPU, 0);
}

static bool release_is_member(const struct replay_thread *thread)
{
	const struct cpuslab__summary *summary = release.f.slab->summary;
	uint32_t i;

	(void)thread;
	for (i = 0; i < summary->addends.count; i++)
		if (summary->numbers[i] == RELEASE_CPU)
			return true;
	return false;
}

static bool release_is_grown(const struct replay_thread *thread)
{
	(void)thread;
	return release.grown;
}

static const struct replay_state release_states[] = {
	{ "unregistered", release_is_unregistered },
	{ "registered", release_is_registered },
	{ "live", release_is_live },
	{ "draining", release_is_draining },
	{ "dead", release_is_dead },
	{ "absent", release_is_absent },
	{ "freed", release_is_freed },
	{ "member", release_is_member },
	{ "grown", release_is_grown },
	{ NULL, NULL },
};

/* ---- threads ------------------------------------------------------------- */

static void release_adder(struct replay_thread *self)
{
	const struct cpuslab_percpu *handle = release.grown ? &release.second :
							      &release.handle;

	sim_cpu_set(replay_chooses(self, "elsewhere") ? CPUSLAB_NO_CPU :
							RELEASE_CPU);
	release.begun++;
	cpuslab_add(handle, 0, 1);
	release.ended++;
	replay_done(self);
}

static uint32_t release_sum(void)
{
	return (uint32_t)(cpuslab_sum(&release.handle, 0) +
			  (release.grown ? cpuslab_sum(&release.second, 0) :
					   0));
}

static void release_summer(struct replay_thread *self)
{
	uint32_t i, sum, before, last = 0;

	for (i = 0; i < 2; i++) {
		before = release.ended;
		self->points = 0;
		sum = release_sum();
		replay_expect(before <= sum && sum <= release.begun);
		replay_expect(last <= sum);
		last = sum;
		replay_done(self);
	}
}

static void release_domain(struct replay_thread *self)
{
	const char *choice = replay_choice(self);
	bool retains = !strcmp(choice, "retains");

	if (retains)
		choice = replay_choice(self);
	/* Reserved for the first removal: the second one releases. */
	release.f.slab->flags |= retains ? CPUSLAB_SLAB_RETAIN : 0;
	replay_expect(!cpuslab_domain_remove(release.f.domain, RELEASE_CPU));
	release.f.slab->flags &= ~CPUSLAB_SLAB_RETAIN;
	replay_expect(!cpuslab_domain_add_start(release.f.domain, RELEASE_CPU));
	if (!strcmp(choice, "no_memory"))
		sim_fail_alloc_from(1);
	/* It needs no memory for the blocks that the start has found. */
	replay_expect(!release.kept || !release_is_dead(self));
	replay_expect(
		!cpuslab_domain_add_complete(release.f.domain, RELEASE_CPU));
	sim_fail_alloc_from(0);
	replay_expect(!cpuslab_domain_remove(release.f.domain, RELEASE_CPU));
}

static void release_other(struct replay_thread *self)
{
	if (!replay_chooses(self, "grows")) {
		(void)cpuslab_slab_trim(release.f.slab, 0);
		return;
	}
	replay_expect(!cpuslab_alloc(release.f.slab, &release_large,
				     &release.second));
	release.grown = true;
}

static void release_begin_all_threads(void)
{
	const struct fixture_config config = { .limit = 16, .available = 2 };

	memset(&release, 0, sizeof(release));
	fixture_begin(&release.f, &config);
	release.handle = fixture_alloc(&release.f, &fixture_counter);
}

static void release_end(void)
{
	sim_quiesce();
	replay_expect(release_sum() == release.ended);
	replay_expect(!cpuslab_slab_check(release.f.slab));
	if (release.grown)
		fixture_free(&release.f, &release.second);
	fixture_free(&release.f, &release.handle);
	fixture_end(&release.f);
}

/* Adds and sums end. */
static bool release_is_kept(void)
{
	return replay.threads[2].ended && replay.threads[3].ended;
}

static const struct replay_thread release_threads[] = {
	{ .name = "domain", .run = release_domain, .stops = true },
	{ .name = "other", .run = release_other, .stops = true },
	{ .name = "summer", .run = release_summer },
	{ .name = "adder", .run = release_adder },
	{ .name = NULL },
};

static const struct replay_model replay_release = {
	.name = "release",
	.threads = release_threads,
	.states = release_states,
	.begin = release_begin_all_threads,
	.end = release_end,
	.is_kept = release_is_kept,
};

#endif /* REPLAY_RELEASE_H */
