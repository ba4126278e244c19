/* SPDX-License-Identifier: MIT */
/*
 * A stack that one task empties at once while another pushes: what was written
 * before a push is seen with its node.
 */
#include "fixture/fixture.h"

#define ORDER_NODES 4u
#define ORDER_ROUNDS 50

struct order_item {
	uint64_t number;
	struct cpuslab_node node;
};

static struct order_item items[ORDER_NODES];
static struct cpuslab_stack stack;

static void order_push(void *arg)
{
	bool *failed = arg;
	uint32_t i;

	for (i = 0; i < ORDER_NODES; i++) {
		sim_order_write(&items[i].number, sizeof(items[i].number));
		if (cpuslab_stack_push(&stack, &items[i].node))
			*failed = true;
	}
}

static void order_pop_all(void *arg)
{
	struct cpuslab_node *chain;
	uint32_t i;

	(void)arg;
	for (i = 0; i < 2 * ORDER_NODES; i++) {
		if (cpuslab_stack_pop_all(&stack, &chain))
			continue;
		for (; chain; chain = chain->next)
			sim_order_read((char *)chain -
					       offsetof(struct order_item,
							node),
				       sizeof(items[0].number));
	}
}

/* Both have no CPU of their own, so that they share a stack. */
static void a_chain_is_seen_whole(void **state)
{
	bool failed = false;
	const struct sim_task tasks[] = {
		{ order_push, &failed, CPUSLAB_NO_CPU },
		{ order_pop_all, NULL, CPUSLAB_NO_CPU },
	};
	struct fixture *f = *state;
	int i;

	for (i = 0; i < ORDER_ROUNDS; i++) {
		assert_int_equal(cpuslab_stack_init(&stack, f->slab),
				 CPUSLAB_OK);
		sim_run(tasks, 2);
		assert_false(failed);
		cpuslab_stack_fini(&stack);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_BOTH(a_chain_is_seen_whole),
	};

	return cmocka_run_group_tests_name("stack order", tests, NULL, NULL);
}
