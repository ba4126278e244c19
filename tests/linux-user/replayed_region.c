/* SPDX-License-Identifier: MIT */
/*
 * replayed_region.c - the counterexamples of tests/models/region.pml, as calls
 * of region.c: with the bug that a schedule is named after it fails, and so
 * here it passes.
 *
 *	replayed_region [BUG]
 *
 * Each call holds the mutex to its end, so it is one step here, and one thread
 * makes all of them. What a schedule leaves open is then brought to its end.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "region.h"
#include "torture/torture.h"

#define REPLAYED_SLABS 2u
#define REPLAYED_WINDOW 1u /* of CPU 0 */
#define REPLAYED_MARK 0x5a

static const struct replayed_schedule {
	const char *model, *bug, *steps;
} replayed_schedules[] = {
#include "models/schedules.inc"
};

static struct replayed_slab {
	struct cpuslab__region *region; /* NULL: it has no range */
	uintptr_t base;
	bool has_block;
	bool used; /* by an operation that has not ended */
} replayed_slabs[REPLAYED_SLABS];

static const struct replayed_schedule *replayed_now;

/* ---- steps --------------------------------------------------------------- */

static volatile unsigned char *replayed_block(const struct replayed_slab *slab)
{
	return (volatile unsigned char *)slab->base;
}

static void replayed_allocates(struct replayed_slab *slab)
{
	slab->region =
		cpuslab__range_alloc(cpuslab_port_page_size(), 1, &slab->base);
	TORTURE_CHECK(slab->region);
}

static void replayed_commits(struct replayed_slab *slab)
{
	TORTURE_OK(cpuslab__range_commit(slab->region, REPLAYED_WINDOW, true));
	TORTURE_IS(*replayed_block(slab), 0);
	*replayed_block(slab) = REPLAYED_MARK;
	slab->has_block = slab->used = true;
}

static void replayed_decommits(struct replayed_slab *slab)
{
	slab->has_block = false;
	cpuslab__range_decommit(slab->region, REPLAYED_WINDOW, slab->base,
				cpuslab_port_page_size(), true);
}

static void replayed_frees(struct replayed_slab *slab)
{
	cpuslab__range_free(slab->region, slab->base, cpuslab_port_page_size());
	slab->region = NULL;
}

/* Its page fault ends, whether or not there is still a block. */
static void replayed_ends(struct replayed_slab *slab)
{
	unsigned char found = *replayed_block(slab);

	TORTURE_IS(found, slab->has_block ? REPLAYED_MARK : 0);
	slab->used = false;
}

static const struct replayed_step {
	const char *name;
	void (*run)(struct replayed_slab *slab);
} replayed_steps[] = {
	{ "slab:allocates", replayed_allocates },
	{ "slab:commits", replayed_commits },
	{ "slab:decommits", replayed_decommits },
	{ "slab:frees", replayed_frees },
	{ "operation:ends", replayed_ends },
};

/* ---- schedules, each in a child ------------------------------------------ */

static bool replayed_is_accessible(const struct replayed_slab *slab)
{
	bool accessible;
	int ends[2];

	TORTURE_OK(pipe(ends));
	accessible = write(ends[1], (const void *)slab->base, 1) == 1;
	TORTURE_CHECK(accessible || errno == EFAULT);
	close(ends[0]);
	close(ends[1]);
	return accessible;
}

static void replayed_end(void)
{
	uint32_t i;

	for (i = 0; i < REPLAYED_SLABS; i++)
		if (replayed_slabs[i].used)
			replayed_ends(&replayed_slabs[i]);
	for (i = 0; i < REPLAYED_SLABS; i++)
		if (replayed_slabs[i].has_block)
			replayed_decommits(&replayed_slabs[i]);
	for (i = 0; i < REPLAYED_SLABS; i++)
		if (replayed_slabs[i].region)
			replayed_frees(&replayed_slabs[i]);
	for (i = 0; i < REPLAYED_SLABS; i++)
		TORTURE_CHECK(!replayed_slabs[i].base ||
			      !replayed_is_accessible(&replayed_slabs[i]));
}

/* "slab1:frees" is of the second slab. */
static void replayed_step(const char *thread, const char *step)
{
	char name[32];
	size_t length = strcspn(thread, "01"), i;

	snprintf(name, sizeof(name), "%.*s:%s", (int)length, thread, step);
	for (i = 0; strcmp(replayed_steps[i].name, name);)
		TORTURE_CHECK(++i <
			      sizeof(replayed_steps) / sizeof(*replayed_steps));
	replayed_steps[i].run(&replayed_slabs[thread[length] == '1']);
}

static void replayed_run(void)
{
	const char *at = replayed_now->steps;
	char thread[16], step[16];
	int length;

	for (; sscanf(at, "%15[^:]:%15s %n", thread, step, &length) == 2;
	     at += length)
		replayed_step(thread, step);
	TORTURE_CHECK(!*at);
	replayed_end();
}

int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : NULL;
	size_t i, count = 0;

	torture_begin(1, argv, "The models' counterexamples of region.c.");
	torture_skip_under(TORTURE_SANITIZER | TORTURE_VALGRIND |
			   TORTURE_EMULATOR);
	for (i = 0;
	     i < sizeof(replayed_schedules) / sizeof(*replayed_schedules);
	     i++) {
		replayed_now = &replayed_schedules[i];
		if (strcmp(replayed_now->model, "region") ||
		    (only && strcmp(replayed_now->bug, only)))
			continue;
		printf("  %s: %s\n", replayed_now->bug, replayed_now->steps);
		torture_run_apart(replayed_run);
		count++;
	}
	TORTURE_CHECK(count);
	return torture_end();
}
