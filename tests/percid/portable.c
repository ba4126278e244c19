/* SPDX-License-Identifier: MIT */
/*
 * portable.c - a slab by concurrency id, or by CPU number where there are none:
 * no count and no node is lost.
 */
#include "portable/portable.h"

static struct cpuslab_slab *percid_slab;
static struct cpuslab_percid_counter percid_counter;
static struct cpuslab_percid_stack percid_stack;
static struct cpuslab_node *percid_nodes; /* [actor] */
static uint64_t *percid_own;              /* [actor]; W actor */
static uint64_t percid_last;

static void percid_step(const struct portable_actor *actor)
{
	struct cpuslab_node *node;

	percid_own[actor->id] += actor->round % 5;
	if (cpuslab_percid_counter_add(&percid_counter, actor->round % 5))
		portable_wrong("an add by concurrency id failed");
	if (cpuslab_percid_stack_pop(&percid_stack, &node) == CPUSLAB_OK &&
	    cpuslab_percid_stack_push(&percid_stack, node))
		portable_wrong("a push by concurrency id failed");
}

static void percid_look(void)
{
	uint64_t sum = cpuslab_percid_counter_sum(&percid_counter);

	if (sum < percid_last)
		portable_wrong("a sum by concurrency id decreased");
	percid_last = sum;
	if (cpuslab_slab_trim(percid_slab, 0) < 0)
		portable_wrong("a trim by concurrency id failed");
}

static void percid_free(void)
{
	cpuslab_percid_stack_fini(&percid_stack);
	cpuslab_percid_counter_fini(&percid_counter);
	cpuslab_slab_destroy(percid_slab);
	cpuslab_port_free(percid_nodes);
	cpuslab_port_free(percid_own);
}

/* Nodes on the stacks of all CPUs or ids, and on the shared one. */
static uint32_t percid_count(void)
{
	const struct cpuslab_percid *handle = &percid_stack.handle;
	const struct cpuslab_stack_cpu *copy;
	const struct cpuslab_node *node;
	uint32_t at = CPUSLAB_SHARED, next = 0, count = 0;

	cpuslab_read_enter();
	do {
		copy = cpuslab_percid_remote(handle, at);
		for (node = copy ? (const struct cpuslab_node *)(uintptr_t)
					    copy->top.first :
				   NULL;
		     node; node = node->next)
			count++;
		at = cpuslab_percid_remote_next(handle, next);
		next = at + 1;
	} while (at != CPUSLAB_NO_CPU);
	cpuslab_read_exit();
	return count;
}

static const char *percid_stop(bool used)
{
	const char *what = NULL;
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < structures.actors; i++)
		sum += percid_own[i];
	if (sum != cpuslab_percid_counter_sum(&percid_counter))
		what = "a count by concurrency id is not exact";
	else if (percid_count() != structures.actors)
		what = "a node by concurrency id is lost";
	else if (used && !sum)
		what = "nothing was counted by concurrency id";
	percid_free();
	return what;
}

static int percid_start(void)
{
	const struct cpuslab_slab_config config = {
		.name = "percid",
		.flags = CPUSLAB_SLAB_PERCID,
	};
	uint32_t i;
	int err;

	percid_last = 0;
	memset(&percid_counter, 0, sizeof(percid_counter));
	memset(&percid_stack, 0, sizeof(percid_stack));
	percid_own = portable_array(structures.actors, 1, sizeof(*percid_own));
	percid_nodes =
		portable_array(structures.actors, 1, sizeof(*percid_nodes));
	err = cpuslab_slab_create(&percid_slab, structures.domain, &config);
	if (!err)
		err = cpuslab_percid_counter_init(&percid_counter, percid_slab);
	if (!err)
		err = cpuslab_percid_stack_init(&percid_stack, percid_slab);
	if (!err && !(percid_own && percid_nodes))
		err = -CPUSLAB_ENOMEM;
	for (i = 0; !err && i < structures.actors; i++)
		err = cpuslab_percid_stack_push(&percid_stack,
						&percid_nodes[i]);
	if (err)
		percid_free();
	return err;
}

const struct portable_part portable_percid = {
	.start = percid_start,
	.step = percid_step,
	.look = percid_look,
	.stop = percid_stop,
};
