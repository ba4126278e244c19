/* SPDX-License-Identifier: MIT */
/*
 * variable.c - KeNumberProcessors: a variable that was true at boot.
 *
 * An object's references are counted on each CPU; the last put is found by a
 * sum over as many CPUs as the variable says. A CPU that the sum leaves out
 * still uses the object when it is freed.
 */
#include "../scenario.h"

/*
 * Every other unit keeps its reference until the end; there the first CPUs put
 * theirs before the others.
 */
static unsigned long units, held;
static unsigned long early; /* references that are held when it is freed */
static unsigned long released;

static void variable_release(void)
{
	if (!released++)
		early = held;
}

/* ---- the usual way --------------------------------------------------- */

static unsigned long usual_references[SCENARIO_LIMIT];

static void usual_work(uint32_t cpu)
{
	if (units++ % 2)
		return;
	usual_references[cpu]++;
	held++;
}

static void usual_measure(void)
{
	unsigned long sum = 0;
	uint32_t cpu;

	for (cpu = 0; cpu < SCENARIO_FIRST; cpu++) {
		held -= usual_references[cpu];
		usual_references[cpu] = 0;
	}
	/* KeNumberProcessors */
	for (cpu = 0; cpu < array_count; cpu++)
		sum += usual_references[cpu];
	if (!sum)
		variable_release();
}

/* ---- cpuslab --------------------------------------------------------- */

static struct cpuslab_refcount slab_refcount;
static unsigned long slab_held[2]; /* by the first CPUs; by the others */

static void slab_released(struct cpuslab_refcount *refcount)
{
	(void)refcount;
	variable_release();
}

static int slab_load(void)
{
	return cpuslab_refcount_init(&slab_refcount, driver_slab,
				     slab_released);
}

static void slab_put(unsigned long count)
{
	while (count--) {
		held--;
		cpuslab_refcount_put(&slab_refcount);
	}
}

static void slab_work(uint32_t cpu)
{
	if (!cpuslab_refcount_try_get(&slab_refcount))
		return;
	held++;
	if (units++ % 2)
		slab_put(1);
	else
		slab_held[cpu >= SCENARIO_FIRST]++;
}

static void slab_measure(void)
{
	slab_put(slab_held[0]);
	if (!cpuslab_refcount_kill(&slab_refcount))
		slab_put(slab_held[1]);
}

static void slab_unload(void)
{
	cpuslab_refcount_fini(&slab_refcount);
}

const struct scenario scenario_variable = {
	.name = "variable",
	.source = "Important 3",
	.quote = "must not use the KeNumberProcessors kernel variable",
	.script = { WORK(25), ADD(4), WORK(25), ADD(5), WORK(25) },
	.figures = { FIGURE(early), FIGURE(released) },
	.usual = { .work = usual_work, .measure = usual_measure },
	.cpuslab = { .load = slab_load,
		     .work = slab_work,
		     .measure = slab_measure,
		     .unload = slab_unload },
	.usual_fails = "released = 1, early > 0",
	.cpuslab_right = "released = 1, early = 0",
	.usual_text = "freed while {early} references are held, on CPUs that "
		      "the sum leaves out",
	.cpuslab_text = "refcount: freed {released} time, by the last put; "
			"{early} references are held then",
};
