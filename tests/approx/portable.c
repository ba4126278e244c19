/* SPDX-License-Identifier: MIT */
/*
 * portable.c - the bounds contain the count at any time, and the sum is exact
 * in the end. Another count has a limit.
 */
#include "portable/portable.h"

#define APPROX_BATCH 32u
#define APPROX_LIMIT 1000u

static struct cpuslab_approx approx_counter;
static struct cpuslab_approx approx_limited;
static uint64_t approx_granted; /* W any */
static uint64_t *approx_begun;  /* [actor]; W actor, before the add */
static uint64_t *approx_ended;  /* [actor]; W actor, after it */

/* Add so many that the limit is near, and take some back. */
static void approx_step_limited(const struct portable_actor *actor)
{
	uint64_t value = actor->round % 11;
	int result = cpuslab_approx_add_limited(&approx_limited, APPROX_LIMIT,
						value);

	if (result != CPUSLAB_OK)
		return;
	if (cpuslab_fetch_add_u64(&approx_granted, value) + value >
	    APPROX_LIMIT)
		portable_wrong("a count exceeds its limit");
	if (actor->round % 32 == 0)
		return;
	cpuslab_fetch_add_u64(&approx_granted, (uint64_t)0 - value);
	cpuslab_approx_sub(&approx_limited, value);
}

static void approx_step(const struct portable_actor *actor)
{
	/* Occasionally more than an add counts one by one. */
	uint64_t value = actor->round % 64 ? actor->round % 3 + 1 :
					     2 * CPUSLAB_APPROX_STEPS;
	uint64_t after = approx_ended[actor->id] + value;

	cpuslab_store_relaxed_u64(&approx_begun[actor->id], after);
	cpuslab_fence(); /* [structures.begun] pairs with approx_look() */
	cpuslab_approx_add(&approx_counter, value);
	cpuslab_store_release_u64(&approx_ended[actor->id], after);
	approx_step_limited(actor);
}

static uint64_t approx_sum_of(const uint64_t *array)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < structures.actors; i++)
		sum += cpuslab_load_acquire_u64(&array[i]);
	return sum;
}

static void approx_look(void)
{
	uint64_t ended = approx_sum_of(approx_ended), least, most;

	cpuslab_approx_bounds(&approx_counter, &least, &most);
	cpuslab_fence(); /* [structures.begun] */
	if (least > approx_sum_of(approx_begun) || most < ended)
		portable_wrong("a count was outside the bounds of its counter");
}

static uint64_t approx_copies(void)
{
	const void *copy;
	uint64_t copies = 0;
	uint32_t cpu;

	cpuslab_read_enter();
	cpuslab_for_each_copy(&approx_counter.handle, cpu, copy)
		copies++;
	cpuslab_read_exit();
	return copies;
}

static const char *approx_check(bool used)
{
	uint64_t sum = cpuslab_approx_sum(&approx_counter), least, most;

	cpuslab_approx_bounds(&approx_counter, &least, &most);
	if (sum != approx_sum_of(approx_ended) || (used && !sum))
		return "the sum is not exact";
	if (least > sum || most < sum)
		return "the sum is outside the bounds";
	if (most - least != APPROX_BATCH * approx_copies())
		return "the bounds do not differ by one batch per copy";
	if (cpuslab_approx_sum(&approx_limited) != approx_granted ||
	    cpuslab_approx_compare(&approx_limited, approx_granted))
		return "the sum of what was granted is not exact";
	if (cpuslab_approx_add_limited(&approx_limited, APPROX_LIMIT,
				       APPROX_LIMIT - approx_granted))
		return "a limit is not reached";
	return NULL;
}

static void approx_free(void)
{
	cpuslab_port_free(approx_ended);
	cpuslab_port_free(approx_begun);
	cpuslab_approx_fini(&approx_limited);
	cpuslab_approx_fini(&approx_counter);
}

static const char *approx_stop(bool used)
{
	const char *what = approx_check(used);

	approx_free();
	return what;
}

static int approx_start(void)
{
	int err = cpuslab_approx_init(&approx_counter, structures.slab,
				      APPROX_BATCH);

	if (err)
		return err;
	approx_granted = 0;
	err = cpuslab_approx_init(&approx_limited, structures.slab,
				  APPROX_BATCH);
	if (err) {
		cpuslab_approx_fini(&approx_counter);
		return err;
	}
	approx_begun =
		portable_array(structures.actors, 1, sizeof(*approx_begun));
	approx_ended =
		portable_array(structures.actors, 1, sizeof(*approx_ended));
	if (approx_begun && approx_ended)
		return CPUSLAB_OK;
	approx_free();
	return -CPUSLAB_ENOMEM;
}

const struct portable_part portable_approx = {
	.start = approx_start,
	.step = approx_step,
	.look = approx_look,
	.stop = approx_stop,
};
