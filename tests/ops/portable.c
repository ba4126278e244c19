/* SPDX-License-Identifier: MIT */
/*
 * portable.c - each operation against its reference, wherever actors run. An
 * actor takes the next trial; when all are done, one thread looks at all copies
 * and makes new ones.
 *
 * The copies of a CPU that is added are as the trials' were. One that an
 * operation has changed stays: its type says neither that it may be dropped nor
 * how to move its contents.
 */
#include "ops/portable_trial.h"
#include "portable/portable.h"

#define OPS_NAME(name) ops_portable_##name
#define OPS_PORT(name) cpuslab_port_##name
#define OPS_HANDLE struct cpuslab_percpu
#define OPS_COPIES(handle) (handle)
#include "ops/portable_perform.h"

#ifndef CPUSLAB_PORT_PINNED /* in processes */
#define CPUSLAB_PORT_PINNED 0
#endif
#if CPUSLAB_PORT_PINNED
#undef OPS_NAME
#undef OPS_PORT
#define OPS_NAME(name) ops_pinned_##name
#define OPS_PORT(name) cpuslab_port_pinned_##name
#include "ops/portable_perform.h"
#endif

#define OPS_TRIALS 8u

static struct cpuslab_slab *ops_slab;
static struct cpuslab_percpu ops_handle;
static struct ops_trial *ops_trials; /* [OPS_TRIALS] */
static unsigned char *ops_image;     /* [OPS_TRIALS * OPS_AREA] */
static uint64_t ops_seed;            /* W look */
static uint64_t ops_rounds;          /* W look */
static uint32_t ops_next;            /* trial; W look, actors */
static uint32_t ops_done;            /* trials; W look, actors */

static struct cpuslab_type ops_type = {
	.name = "trials",
	.size = OPS_TRIALS * OPS_AREA,
	.align = 16,
};

static int ops_round_begin(void)
{
	uint32_t i;
	int err;

	for (i = 0; i < OPS_TRIALS; i++) {
		enum ops_kind kind = (enum ops_kind)(
			(ops_rounds * OPS_TRIALS + i) % OPS_KINDS);

		ops_trial_make(&ops_trials[i], kind, ops_below(&ops_seed, 2),
			       &ops_seed);
		memcpy(ops_image + (size_t)i * OPS_AREA, ops_trials[i].was.area,
		       OPS_AREA);
		ops_trials[i].call.offset += (size_t)i * OPS_AREA;
		ops_trials[i].call.other += (size_t)i * OPS_AREA;
	}
	err = cpuslab_alloc(ops_slab, &ops_type, &ops_handle);
	if (err)
		return err;
	ops_rounds++;
	cpuslab_store_relaxed_u32(&ops_done, 0);
	cpuslab_store_release_u32(&ops_next, 0);
	return CPUSLAB_OK;
}

/* Of the trials that were taken, which have ended. */
static void ops_round_end(uint32_t taken)
{
	const char *wrong = NULL;
	uint32_t i, cpu;

	cpuslab_read_enter();
	for (i = 0; i < taken && !wrong; i++) {
		wrong = ops_returned_wrong(&ops_trials[i]);
		if (!wrong)
			wrong = ops_copies_wrong(&ops_trials[i], &ops_handle,
						 (size_t)i * OPS_AREA, &cpu);
	}
	cpuslab_read_exit();
	if (wrong)
		portable_wrong(wrong);
	cpuslab_free(ops_slab, &ops_handle);
	memset(&ops_handle, 0, sizeof(ops_handle));
}

/*
 * Every other trial is done by the form for callers that exclude all else on
 * their CPU, where the port has one. A section does that.
 */
static int ops_perform(struct ops_trial *t, bool pinned)
{
#if CPUSLAB_PORT_PINNED
	struct cpuslab_port_section section;
	int result;

	if (pinned && cpuslab_port_section_enter(&ops_handle, 0, &section)) {
		result = ops_pinned_perform(&ops_handle, &t->call, &t->found);
		cpuslab_port_section_exit(&section);
		return result;
	}
#endif
	(void)pinned;
	return ops_portable_perform(&ops_handle, &t->call, &t->found);
}

static void ops_step(const struct portable_actor *actor)
{
	struct ops_trial *t;
	uint32_t i;

	(void)actor;
	if (cpuslab_load_relaxed_u32(&ops_next) >= OPS_TRIALS)
		return;
	/* What the thread that looks has stored before is seen from here on. */
	i = cpuslab_fetch_add_u32(&ops_next, 1);
	if (i >= OPS_TRIALS)
		return;
	t = &ops_trials[i];
	t->result = ops_perform(t, i % 2);
	cpuslab_fetch_add_u32(&ops_done, 1);
}

static void ops_look(void)
{
	if (!cpuslab_percpu_is_null(&ops_handle)) {
		if (cpuslab_load_acquire_u32(&ops_done) < OPS_TRIALS)
			return;
		ops_round_end(OPS_TRIALS);
	}
	/* Without memory the next look tries again. */
	(void)ops_round_begin();
	if (cpuslab_slab_trim(ops_slab, 0) < 0)
		portable_wrong("a trim of the trials' slab failed");
}

static void ops_release(void)
{
	cpuslab_slab_destroy(ops_slab);
	cpuslab_port_free(ops_image);
	cpuslab_port_free(ops_trials);
}

static const char *ops_stop(bool used)
{
	uint32_t taken = cpuslab_load_relaxed_u32(&ops_next);
	bool tried = ops_rounds > 1 || taken;

	if (!cpuslab_percpu_is_null(&ops_handle))
		ops_round_end(taken < OPS_TRIALS ? taken : OPS_TRIALS);
	ops_release();
	return used && !tried ? "no operation was tried" : NULL;
}

static int ops_start(void)
{
	int err;

	ops_seed = 1;
	ops_rounds = 0;
	ops_next = OPS_TRIALS;
	ops_trials = portable_array(OPS_TRIALS, 1, sizeof(*ops_trials));
	ops_image = portable_array(OPS_TRIALS, OPS_AREA, 1);
	ops_type.image = ops_image;
	err = cpuslab_slab_create(&ops_slab, structures.domain, NULL);
	if (!err)
		err = ops_trials && ops_image ? ops_round_begin() :
						-CPUSLAB_ENOMEM;
	if (err)
		ops_release();
	return err;
}

const struct portable_part portable_ops = {
	.start = ops_start,
	.step = ops_step,
	.look = ops_look,
	.stop = ops_stop,
};
