/* SPDX-License-Identifier: MIT */
#include "structures.h"

/* In the order in which they start, and register with the domain. */
static const struct structures_part *const structures_parts[] = {
	&structures_refcount, &structures_histogram, &structures_bounded,
	&structures_cache,    &structures_mailbox,   &structures_steering,
	&structures_follower, &structures_workers,
};

#define STRUCTURES_PARTS                                                       \
	(sizeof(structures_parts) / sizeof(structures_parts[0]))

struct structures structures;

static size_t structures_started;
static uint32_t structures_used; /* W actors */
static const char *structures_first;

void structures_wrong(const char *what)
{
	if (!cpuslab_load_acquire_ptr(&structures_first))
		cpuslab_store_release_ptr(&structures_first, what);
}

void *structures_array(size_t rows, size_t columns, size_t bytes)
{
	return cpuslab_port_zalloc(rows * columns * bytes);
}

int structures_start(const struct structures *set)
{
	int err = CPUSLAB_OK;

	structures = *set;
	structures.limit = cpuslab_domain_limit(set->domain);
	structures_used = 0;
	structures_first = NULL;
	while (structures_started < STRUCTURES_PARTS && !err) {
		err = structures_parts[structures_started]->start();
		structures_started += !err;
	}
	if (err)
		structures_stop();
	return err;
}

void structures_step(struct structures_actor *actor)
{
	size_t i;

	for (i = 0; i < structures_started; i++)
		if (structures_parts[i]->step)
			structures_parts[i]->step(actor);
	actor->round++;
	cpuslab_store_relaxed_u32(&structures_used, 1);
}

void structures_leave(const struct structures_actor *actor)
{
	size_t i;

	for (i = 0; i < structures_started; i++)
		if (structures_parts[i]->leave)
			structures_parts[i]->leave(actor);
}

void structures_look(void)
{
	size_t i;

	for (i = 0; i < structures_started; i++)
		if (structures_parts[i]->look)
			structures_parts[i]->look();
}

/* The last one first. */
const char *structures_stop(void)
{
	bool used = cpuslab_load_relaxed_u32(&structures_used);

	while (structures_started) {
		const char *what =
			structures_parts[--structures_started]->stop(used);

		if (what)
			structures_wrong(what);
	}
	return structures_first;
}
