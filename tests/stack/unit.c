/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

#include "structures/stack_internal.h"

#define STACK_NODES 8

struct stack_item {
	int number;
	struct cpuslab_node node; /* anywhere but first */
};

static struct stack_item items[STACK_NODES];
static struct cpuslab_stack stack;

static int stack_setup(void **state)
{
	struct fixture *f;
	int i;

	if (fixture_setup(state))
		return -1;
	f = *state;
	for (i = 0; i < STACK_NODES; i++)
		items[i].number = i;
	return cpuslab_stack_init(&stack, f->slab);
}

static int stack_teardown(void **state)
{
	cpuslab_stack_fini(&stack);
	return fixture_teardown(state);
}

static void push(uint32_t cpu, int number)
{
	sim_cpu_set(cpu);
	assert_int_equal(cpuslab_stack_push(&stack, &items[number].node),
			 CPUSLAB_OK);
}

static int number_of(const struct cpuslab_node *node)
{
	return ((const struct stack_item
			 *)(const void *)((const char *)node -
					  offsetof(struct stack_item, node)))
		->number;
}

/* The number of the popped node, or -1 if the stack is empty. */
static int pop(uint32_t cpu)
{
	struct cpuslab_node *node = NULL;
	int result;

	sim_cpu_set(cpu);
	result = cpuslab_stack_pop(&stack, &node);
	if (result == CPUSLAB_EMPTY) {
		assert_null(node);
		return -1;
	}
	assert_int_equal(result, CPUSLAB_OK);
	return number_of(node);
}

/* All numbers, newest first, as the digits of a decimal number; -1: none. */
static int pop_all(uint32_t cpu)
{
	struct cpuslab_node *node = &items[0].node;
	int result, numbers = 0;

	sim_cpu_set(cpu);
	result = cpuslab_stack_pop_all(&stack, &node);
	if (result == CPUSLAB_EMPTY) {
		assert_null(node);
		return -1;
	}
	assert_int_equal(result, CPUSLAB_OK);
	assert_non_null(node);
	for (; node; node = node->next)
		numbers = numbers * 10 + number_of(node);
	return numbers;
}

static void last_in_first_out(void **state)
{
	int i;

	(void)state;
	assert_int_equal(pop(1), -1);
	for (i = 0; i < STACK_NODES; i++)
		push(1, i);
	for (i = STACK_NODES; i--;)
		assert_int_equal(pop(1), i);
	assert_int_equal(pop(1), -1);
}

static void each_cpu_has_its_own(void **state)
{
	(void)state;
	push(0, 0);
	push(1, 1);
	push(3, 3);
	assert_int_equal(pop(2), -1);
	assert_int_equal(pop(3), 3);
	assert_int_equal(pop(1), 1);
	assert_int_equal(pop(1), -1);
	assert_int_equal(pop(0), 0);
}

static void a_node_may_be_pushed_again_at_once(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		push(1, 0);
		push(1, 1);
		assert_int_equal(pop(1), 1);
		assert_int_equal(pop(1), 0);
	}
	assert_int_equal(pop(1), -1);
}

static void an_empty_stack_takes_from_the_shared_block(void **state)
{
	(void)state;
	push(CPUSLAB_NO_CPU, 0);
	push(CPUSLAB_NO_CPU, 1);
	push(2, 2);
	assert_int_equal(pop(2), 2);
	assert_int_equal(pop(2), 1);
	assert_int_equal(pop(CPUSLAB_NO_CPU), 0);
	assert_int_equal(pop(CPUSLAB_NO_CPU), -1);
	assert_int_equal(pop(2), -1);
}

static void first_use_admits(void **state)
{
	struct fixture *f = *state;

	push(40, 0);
	assert_true(fixture_has(&stack.handle, 40));
	assert_int_equal(pop(41), -1);
	assert_true(fixture_has(&stack.handle, 41));
	assert_int_equal(pop(40), 0);
	assert_int_equal(fixture_stats(f).shared_ops, 0);
}

/* All that a CPU leaves behind is found on the shared block. */
static void a_release_moves_nodes_to_the_shared_block(void **state)
{
	struct fixture *f = *state;
	bool seen[STACK_NODES] = { false };
	int i;

	fixture_add(f, 9);
	push(CPUSLAB_NO_CPU, 0);
	for (i = 1; i < STACK_NODES; i++)
		push(9, i);
	fixture_remove(f, 9);
	if (cpuslab_port_uses_atomics())
		assert_int_equal(cpuslab_slab_trim(f->slab,
						   CPUSLAB_TRIM_QUIESCENT),
				 CPUSLAB_OK);
	sim_quiesce();
	assert_false(fixture_has(&stack.handle, 9));
	for (i = 0; i < STACK_NODES; i++) {
		int number = pop(1);

		assert_in_range(number, 0, STACK_NODES - 1);
		assert_false(seen[number]);
		seen[number] = true;
	}
	assert_int_equal(pop(1), -1);
}

static void an_empty_stack_is_released(void **state)
{
	struct fixture *f = *state;

	fixture_add(f, 9);
	push(9, 0);
	assert_int_equal(pop(9), 0);
	fixture_remove(f, 9);
	sim_quiesce();
	assert_int_equal(pop(1), -1);
}

static void nodes_stay_with_a_retained_cpu(void **state)
{
	struct fixture *f = *state;

	sim_fence_fail(true);
	fixture_add(f, 9);
	push(9, 0);
	fixture_remove(f, 9);
	assert_int_equal(pop(1), -1);
	fixture_add(f, 9);
	assert_int_equal(pop(9), 0);
}

static void all_nodes_of_one_stack_at_once(void **state)
{
	(void)state;
	assert_int_equal(pop_all(1), -1);
	push(1, 3);
	push(1, 2);
	push(2, 4);
	push(1, 1);
	assert_int_equal(pop_all(1), 123);
	assert_int_equal(pop_all(1), -1);
	push(1, 2);
	assert_int_equal(pop_all(1), 2);
	assert_int_equal(pop_all(2), 4);
}

static void the_shared_block_comes_after_the_cpu(void **state)
{
	(void)state;
	push(CPUSLAB_NO_CPU, 2);
	push(CPUSLAB_NO_CPU, 1);
	push(3, 3);
	assert_int_equal(pop_all(3), 3);
	assert_int_equal(pop_all(3), 12);
	assert_int_equal(pop_all(3), -1);
	push(CPUSLAB_NO_CPU, 1);
	assert_int_equal(pop_all(CPUSLAB_NO_CPU), 1);
	assert_int_equal(pop_all(CPUSLAB_NO_CPU), -1);
}

static void popping_all_admits(void **state)
{
	(void)state;
	push(CPUSLAB_NO_CPU, 1);
	assert_int_equal(pop_all(40), 1);
	assert_true(fixture_has(&stack.handle, 40));
}

static void all_that_a_release_has_moved(void **state)
{
	struct fixture *f = *state;

	fixture_add(f, 9);
	push(9, 3);
	push(9, 2);
	push(9, 1);
	fixture_remove(f, 9);
	if (cpuslab_port_uses_atomics())
		assert_int_equal(cpuslab_slab_trim(f->slab,
						   CPUSLAB_TRIM_QUIESCENT),
				 CPUSLAB_OK);
	sim_quiesce();
	assert_int_equal(pop_all(9), 123);
}

/* A CPU that is not yet online has nothing to drain. */
static void a_cpu_that_is_prepared_is_not_drained(void **state)
{
	struct fixture *f = *state;

	push(1, 5);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	assert_int_equal(cpuslab__stack_drain_all(&stack), CPUSLAB_OK);
	assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
	assert_int_equal(pop(2), 5);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 9), CPUSLAB_OK);
}

static void bad_arguments(void **state)
{
	const struct cpuslab_stack null = { { 0 }, NULL };
	struct cpuslab_node *node = NULL;

	(void)state;
	assert_int_equal(cpuslab_stack_push(&stack, NULL), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_stack_push(&null, &items[0].node),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_stack_pop(&null, &node), -CPUSLAB_EINVAL);
	assert_null(node);
	node = &items[0].node;
	assert_int_equal(cpuslab_stack_pop_all(&null, &node), -CPUSLAB_EINVAL);
	assert_null(node);
}

static void no_memory_for_a_stack(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_stack many[200];
	int i;

	sim_fail_alloc_from(1);
	for (i = 0; i < 200; i++)
		if (cpuslab_stack_init(&many[i], f->slab))
			break;
	sim_fail_alloc_from(0);
	assert_in_range(i, 0, 199);
	while (i--)
		cpuslab_stack_fini(&many[i]);
}

/* Another thread pops and pushes the top node at every point of a pop. */
static int stolen;

static void steal(void *arg)
{
	struct cpuslab_node *one, *two;

	(void)arg;
	if (cpuslab_stack_pop(&stack, &one))
		return;
	if (!cpuslab_stack_pop(&stack, &two))
		stolen = number_of(two);
	cpuslab_stack_push(&stack, one);
}

static void a_node_that_came_back_is_no_surprise(void **state)
{
	unsigned int left = 0;
	uint64_t k;

	(void)state;
	for (k = 1; !left; k++) {
		bool seen[3] = { false };
		int number, i;

		stolen = -1;
		for (i = 0; i < 3; i++)
			push(CPUSLAB_NO_CPU, i);
		sim_other_at(k, CPUSLAB_NO_CPU, steal, NULL);
		while ((number = pop(CPUSLAB_NO_CPU)) >= 0) {
			assert_false(seen[number]);
			seen[number] = true;
		}
		left = sim_at_cancel();
		if (stolen >= 0) {
			assert_false(seen[stolen]);
			seen[stolen] = true;
		}
		assert_true(seen[0] && seen[1] && seen[2]);
	}
	assert_true(k > 5);
}

/*
 * Another thread pops all nodes at every point of a pop, and pushes the top one
 * again, which then leads nowhere.
 */
static void steal_all(void *arg)
{
	struct cpuslab_node *node, *next;

	(void)arg;
	if (cpuslab_stack_pop_all(&stack, &node))
		return;
	for (next = node->next; next; next = next->next)
		stolen |= 1 << number_of(next);
	cpuslab_stack_push(&stack, node);
}

static void a_node_that_returned_alone(void **state)
{
	unsigned int left = 0;
	uint64_t k;

	(void)state;
	for (k = 1; !left; k++) {
		int number, found = 0, i;

		stolen = 0;
		for (i = 0; i < 3; i++)
			push(CPUSLAB_NO_CPU, i);
		sim_other_at(k, CPUSLAB_NO_CPU, steal_all, NULL);
		while ((number = pop(CPUSLAB_NO_CPU)) >= 0) {
			assert_false((found | stolen) & 1 << number);
			found |= 1 << number;
		}
		left = sim_at_cancel();
		assert_int_equal(found | stolen, 7);
	}
	assert_true(k > 5);
}

/*
 * A signal at every point pushes one more node, and perhaps the thread moves:
 * what is popped is all, the new node is in front or stays.
 */
static void push_last(void *arg)
{
	(void)arg;
	cpuslab_stack_push(&stack, &items[3].node);
}

static void all_while_one_is_pushed(void **state)
{
	unsigned int left = 0;
	uint64_t k;

	(void)state;
	for (k = 1; !left; k++) {
		int numbers;

		push(1, 2);
		push(1, 1);
		sim_signal_at(k, push_last, NULL);
		numbers = pop_all(1);
		left = sim_at_cancel();
		if (numbers == 12) {
			assert_int_equal(pop_all(1), left ? -1 : 3);
		} else {
			assert_int_equal(numbers, 312);
			assert_int_equal(pop_all(1), -1);
		}
	}
	assert_true(k > 2);
}

#define STACK_TEST(test)                                                       \
	{ #test " (rseq)", test, stack_setup, stack_teardown, &fixture_rseq }, \
	{                                                                      \
#test " (atomic)", test, stack_setup, stack_teardown,          \
			&fixture_atomic                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STACK_TEST(last_in_first_out),
		STACK_TEST(each_cpu_has_its_own),
		STACK_TEST(a_node_may_be_pushed_again_at_once),
		STACK_TEST(an_empty_stack_takes_from_the_shared_block),
		STACK_TEST(first_use_admits),
		STACK_TEST(a_release_moves_nodes_to_the_shared_block),
		STACK_TEST(an_empty_stack_is_released),
		STACK_TEST(nodes_stay_with_a_retained_cpu),
		STACK_TEST(all_nodes_of_one_stack_at_once),
		STACK_TEST(the_shared_block_comes_after_the_cpu),
		STACK_TEST(popping_all_admits),
		STACK_TEST(all_that_a_release_has_moved),
		STACK_TEST(a_cpu_that_is_prepared_is_not_drained),
		STACK_TEST(bad_arguments),
		STACK_TEST(no_memory_for_a_stack),
		STACK_TEST(a_node_that_came_back_is_no_surprise),
		STACK_TEST(a_node_that_returned_alone),
		STACK_TEST(all_while_one_is_pushed),
	};

	return cmocka_run_group_tests_name("stack", tests, NULL, NULL);
}
