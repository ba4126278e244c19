/* SPDX-License-Identifier: MIT */
/*
 * bounded.c - the bounds hold what was counted, all the time; the sum is exact
 * in the end.
 */
#include "structures.h"

#define BOUNDED_BATCH 32u

static struct cpuslab_bounded bounded_counter;
static uint64_t *bounded_begun; /* [actor]; W actor, before the add */
static uint64_t *bounded_ended; /* [actor]; W actor, after it */

static void bounded_step(const struct structures_actor *actor)
{
	/* Now and then more than it counts in steps. */
	uint64_t value = actor->round % 64 ? actor->round % 3 + 1 :
					     2 * CPUSLAB_BOUNDED_STEPS;
	uint64_t after = bounded_ended[actor->id] + value;

	cpuslab_store_relaxed_u64(&bounded_begun[actor->id], after);
	cpuslab_fence(); /* [structures.begun] pairs with bounded_look() */
	cpuslab_bounded_add(&bounded_counter, value);
	cpuslab_store_release_u64(&bounded_ended[actor->id], after);
}

static uint64_t bounded_sum_of(const uint64_t *array)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < structures.actors; i++)
		sum += cpuslab_load_acquire_u64(&array[i]);
	return sum;
}

static void bounded_look(void)
{
	uint64_t ended = bounded_sum_of(bounded_ended), least, most;

	cpuslab_bounded_bounds(&bounded_counter, &least, &most);
	cpuslab_fence(); /* [structures.begun] */
	if (least > bounded_sum_of(bounded_begun) || most < ended)
		structures_wrong("a bounded counter was out of its bounds");
}

static uint64_t bounded_copies(void)
{
	uint64_t copies = 1; /* the overflow's */
	uint32_t cpu;

	cpuslab_read_enter();
	for (cpu = cpuslab_peek_next(&bounded_counter.ref, 0);
	     cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_peek_next(&bounded_counter.ref, cpu + 1))
		copies++;
	cpuslab_read_exit();
	return copies;
}

static const char *bounded_check(bool used)
{
	uint64_t sum = cpuslab_bounded_sum(&bounded_counter), least, most;

	cpuslab_bounded_bounds(&bounded_counter, &least, &most);
	if (sum != bounded_sum_of(bounded_ended) || (used && !sum))
		return "the bounded counter is not exact";
	if (least > sum || most < sum)
		return "the bounded sum is out of bounds";
	if (most - least != BOUNDED_BATCH * bounded_copies())
		return "the bounds are not a batch for each copy apart";
	return NULL;
}

static void bounded_free(void)
{
	cpuslab_port_free(bounded_ended);
	cpuslab_port_free(bounded_begun);
	cpuslab_bounded_fini(&bounded_counter);
}

static const char *bounded_stop(bool used)
{
	const char *what = bounded_check(used);

	bounded_free();
	return what;
}

static int bounded_start(void)
{
	int err = cpuslab_bounded_init(&bounded_counter, structures.slab,
				       BOUNDED_BATCH);

	if (err)
		return err;
	bounded_begun =
		structures_array(structures.actors, 1, sizeof(*bounded_begun));
	bounded_ended =
		structures_array(structures.actors, 1, sizeof(*bounded_ended));
	if (bounded_begun && bounded_ended)
		return CPUSLAB_OK;
	bounded_free();
	return -CPUSLAB_ENOMEM;
}

const struct structures_part structures_bounded = {
	.start = bounded_start,
	.step = bounded_step,
	.look = bounded_look,
	.stop = bounded_stop,
};
