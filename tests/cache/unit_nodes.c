/* SPDX-License-Identifier: MIT */
/*
 * unit_nodes.c - two nodes, of the CPUs with even and with odd numbers, and a
 * cache for each.
 */
#include "fixture/fixture.h"

#define ROUNDS 4u
#define MAGAZINES 8u

static struct cpuslab_cache nodes[2];
static uint32_t nodes_asked[2];
static struct {
	uint32_t node;
} nodes_objects[2][64];

static void *nodes_alloc(void *arg)
{
	uint32_t node = (uint32_t)((struct cpuslab_cache *)arg - nodes);

	if (nodes_asked[node] == 64)
		return NULL;
	nodes_objects[node][nodes_asked[node]].node = node;
	return &nodes_objects[node][nodes_asked[node]++];
}

/* Never reused, so a later attempt to allocate fails. */
static void nodes_free(void *arg, void *object)
{
	(void)arg;
	(void)object;
}

/* Take an object on @cpu; it must be of that CPU's node. */
static uint32_t *nodes_take(uint32_t cpu)
{
	uint32_t *object;

	sim_cpu_set(cpu);
	object = cpuslab_cache_alloc(&nodes[cpu % 2]);
	assert_non_null(object);
	assert_int_equal(*object, cpu % 2);
	return object;
}

static void nodes_give(uint32_t cpu, uint32_t *object)
{
	sim_cpu_set(cpu);
	cpuslab_cache_free(&nodes[*object], object);
}

/* An object returns to the cache of its node wherever it is freed. */
static void remote_frees_return_to_their_node(void **state)
{
	struct fixture *f = *state;
	uint32_t i;

	memset(nodes_asked, 0, sizeof(nodes_asked));
	for (i = 0; i < 2; i++) {
		const struct cpuslab_cache_config config = {
			.alloc = nodes_alloc,
			.free = nodes_free,
			.arg = &nodes[i],
			.rounds = ROUNDS,
			.magazines = MAGAZINES,
		};

		assert_int_equal(cpuslab_cache_init(&nodes[i], f->slab,
						    &config),
				 CPUSLAB_OK);
	}
	for (i = 0; i < 1000; i++) {
		nodes_give(2 + i % 2, nodes_take(1));
		nodes_give(3, nodes_take(2));
		nodes_give(i % 2, nodes_take(0));
	}
	/* As many as fill the magazines of three CPUs. */
	assert_true(nodes_asked[0] <= 4 * ROUNDS);
	assert_true(nodes_asked[1] <= 4 * ROUNDS);
	cpuslab_cache_fini(&nodes[0]);
	cpuslab_cache_fini(&nodes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_BOTH(remote_frees_return_to_their_node),
	};

	return cmocka_run_group_tests_name("cache, nodes", tests, NULL, NULL);
}
