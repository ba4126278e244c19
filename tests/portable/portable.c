/* SPDX-License-Identifier: MIT */
#include "portable.h"

/* In the order in which they start and register with the domain. */
static const struct portable_part *const portable_parts[] = {
	&portable_refcount, &portable_histogram, &portable_approx,
	&portable_cache,    &portable_mailbox,   &portable_steering,
	&portable_client,   &portable_workers,   &portable_percid,
	&portable_ring,     &portable_stack,     &portable_words,
	&portable_log,      &portable_named,     &portable_section,
	&portable_metrics,  &portable_ops,
};

#define STRUCTURES_PARTS (sizeof(portable_parts) / sizeof(portable_parts[0]))

struct portable structures;

static size_t portable_started;
static uint32_t portable_used; /* W actors */
static const char *portable_first;

void portable_wrong(const char *what)
{
	if (!cpuslab_load_acquire_ptr(&portable_first))
		cpuslab_store_release_ptr(&portable_first, what);
}

const char *portable_found(void)
{
	return cpuslab_load_acquire_ptr(&portable_first);
}

void *portable_array(size_t rows, size_t columns, size_t bytes)
{
	return cpuslab_port_zalloc(rows * columns * bytes);
}

int portable_start(const struct portable *set)
{
	int err = CPUSLAB_OK;

	structures = *set;
	structures.limit = cpuslab_domain_limit(set->domain);
	portable_used = 0;
	portable_first = NULL;
	while (portable_started < STRUCTURES_PARTS && !err) {
		err = portable_parts[portable_started]->start();
		portable_started += !err;
	}
	if (err)
		portable_stop();
	return err;
}

void portable_step(struct portable_actor *actor)
{
	size_t i;

	for (i = 0; i < portable_started; i++)
		if (portable_parts[i]->step)
			portable_parts[i]->step(actor);
	actor->round++;
	cpuslab_store_relaxed_u32(&portable_used, 1);
}

void portable_leave(const struct portable_actor *actor)
{
	size_t i;

	for (i = 0; i < portable_started; i++)
		if (portable_parts[i]->leave)
			portable_parts[i]->leave(actor);
}

void portable_look(void)
{
	size_t i;

	for (i = 0; i < portable_started; i++)
		if (portable_parts[i]->look)
			portable_parts[i]->look();
}

/* In reverse order. */
const char *portable_stop(void)
{
	bool used = cpuslab_load_relaxed_u32(&portable_used);

	while (portable_started) {
		const char *what =
			portable_parts[--portable_started]->stop(used);

		if (what)
			portable_wrong(what);
	}
	return portable_first;
}
