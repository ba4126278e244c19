/* SPDX-License-Identifier: MIT */
#include "world.h"

static int world_gated_drain(void *object, void *overflow, uint32_t cpu,
			     void *arg)
{
	struct cpuslab_gated *from = object, *to = overflow;

	(void)cpu;
	(void)arg;
	cpuslab_fetch_add_u64(&to->value, from->value);
	from->value = 0;
	return CPUSLAB_OK;
}

static const struct cpuslab_type world_gated_type = {
	.name = "gated",
	.size = sizeof(struct cpuslab_gated),
	.align = 16,
	.drain = world_gated_drain,
};

void world_begin(struct world *w, const struct fixture_config *config)
{
	memset(w, 0, sizeof(*w));
	fixture_begin(&w->f, config);
	assert_int_equal(cpuslab_slab_create(&w->keeper, w->f.domain, NULL),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_counter_init(&w->counter, w->f.slab),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_gauge_init(&w->gauge, w->f.slab), CPUSLAB_OK);
	assert_int_equal(cpuslab_stack_init(&w->stack, w->f.slab), CPUSLAB_OK);
	assert_int_equal(cpuslab_log_init(&w->log, w->keeper, WORLD_LOG),
			 CPUSLAB_OK);
	w->gated = fixture_alloc(&w->f, &world_gated_type);
}

void world_end(struct world *w)
{
	assert_int_equal(cpuslab_slab_check(w->keeper), CPUSLAB_OK);
	fixture_free(&w->f, &w->gated);
	cpuslab_log_fini(&w->log);
	cpuslab_stack_fini(&w->stack);
	cpuslab_gauge_fini(&w->gauge);
	cpuslab_counter_fini(&w->counter);
	cpuslab_slab_destroy(w->keeper);
	fixture_end(&w->f);
}

void world_fail(struct world *w, const char *what, int line)
{
	if (w->failed)
		return;
	w->failed = what;
	w->failed_line = line;
}

void world_add(struct world *w)
{
	w->adds_begun++;
	cpuslab_counter_add(&w->counter, 1);
	sim_order_release(&w->adds_ended);
	w->adds_ended++;
}

void world_sum(struct world *w)
{
	uint64_t least, highest, sum;

	sim_order_acquire(&w->adds_ended);
	least = w->adds_ended;
	sim_order_acquire(&w->highest);
	highest = w->highest;
	sum = cpuslab_counter_sum(&w->counter);
	world_expect(w, sum >= least);
	world_expect(w, sum <= w->adds_begun);
	world_expect(w, sum >= highest);
	sim_order_release(&w->highest);
	if (sum > w->highest)
		w->highest = sum;
}

void world_gauge(struct world *w)
{
	cpuslab_gauge_add(&w->gauge, 3);
	w->in += 3;
	cpuslab_gauge_sub(&w->gauge, 2);
	w->out += 2;
}

void world_gauge_sum(struct world *w)
{
	world_expect(w, cpuslab_gauge_sum(&w->gauge) >= 0);
}

void world_push(struct world *w)
{
	uint32_t i;

	for (i = 0; i < WORLD_NODES; i++) {
		if (w->nodes[i].stacked)
			continue;
		sim_order_acquire(&w->nodes[i]);
		w->nodes[i].stacked = true;
		world_expect(w,
			     !cpuslab_stack_push(&w->stack, &w->nodes[i].node));
		return;
	}
}

static struct world_node *world_node_of(struct cpuslab_node *node)
{
	return (struct world_node *)(void *)node;
}

void world_pop(struct world *w)
{
	struct cpuslab_node *node;
	int result = cpuslab_stack_pop(&w->stack, &node);

	world_expect(w, result == CPUSLAB_OK || result == CPUSLAB_EMPTY);
	if (result != CPUSLAB_OK)
		return;
	world_expect(w, world_node_of(node)->stacked);
	sim_order_release(world_node_of(node));
	world_node_of(node)->stacked = false;
}

void world_append(struct world *w)
{
	static const char record[] = "a record";
	int result = cpuslab_log_append(&w->log, record, sizeof(record));

	world_expect(w, result == CPUSLAB_OK || result == CPUSLAB_FULL);
	w->appended += result == CPUSLAB_OK;
}

void world_add_if(struct world *w)
{
	int result = cpuslab_add_if(&w->gated, 0, 0, 1);

	world_expect(w, result == CPUSLAB_OK);
	w->gated_value += result == CPUSLAB_OK;
}

void world_snapshot(struct world *w)
{
	const struct cpuslab_cpuset *set = cpuslab_cpuset_get(w->f.domain);
	uint32_t cpu, count = 0;

	for (cpu = cpuslab_cpuset_next(set, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_cpuset_next(set, cpu + 1))
		count++;
	world_expect(w, count == cpuslab_cpuset_count(set));
	cpuslab_cpuset_put(set);
}

void world_all(void *world)
{
	struct world *w = world;

	world_add(w);
	world_sum(w);
	world_gauge(w);
	world_gauge_sum(w);
	world_push(w);
	world_push(w);
	world_pop(w);
	world_append(w);
	world_add_if(w);
	world_snapshot(w);
}

/* ---- what is there ------------------------------------------------------- */

/* Call @each for the overflow's copy and every processor's. */
static void world_each_copy(struct world *w, const struct cpuslab_ref *ref,
			    void (*each)(struct world *w, const void *copy,
					 uint32_t cpu))
{
	uint32_t cpu;

	cpuslab_read_enter();
	each(w, cpuslab_peek(ref, CPUSLAB_OVERFLOW), CPUSLAB_OVERFLOW);
	for (cpu = cpuslab_peek_next(ref, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_peek_next(ref, cpu + 1))
		each(w, cpuslab_peek(ref, cpu), cpu);
	cpuslab_read_exit();
}

static uint64_t world_found; /* of what is counted just now */

static void world_count_nodes(struct world *w, const void *copy, uint32_t cpu)
{
	const struct cpuslab_stack_cpu *stack = copy;
	struct cpuslab_node *node =
		(struct cpuslab_node *)(uintptr_t)stack->top.first;

	(void)cpu;
	for (; node && world_found <= WORLD_NODES; node = node->next) {
		world_expect(w, world_node_of(node)->stacked);
		world_expect(w, !world_node_of(node)->found);
		world_node_of(node)->found = true;
		world_found++;
	}
}

static void world_count_gated(struct world *w, const void *copy, uint32_t cpu)
{
	const struct cpuslab_gated *gated = copy;

	(void)w;
	(void)cpu;
	world_found += gated->value;
}

static void world_count_records(struct world *w, const void *copy, uint32_t cpu)
{
	const struct cpuslab_log_cpu *log = copy;
	uint64_t cursor = 0;
	const void *data;
	uint32_t bytes;

	while (!cpuslab_log_read(&w->log, cpu, &cursor, &data, &bytes)) {
		world_expect(w, bytes == 9 && !memcmp(data, "a record", 9));
		world_found++;
	}
	world_expect(w, cursor == log->tail); /* no hole */
}

static uint64_t world_count(struct world *w, const struct cpuslab_ref *ref,
			    void (*each)(struct world *w, const void *copy,
					 uint32_t cpu))
{
	world_found = 0;
	world_each_copy(w, ref, each);
	return world_found;
}

void world_verify(struct world *w)
{
	uint64_t stacked = 0, i;

	for (i = 0; i < WORLD_NODES; i++) {
		stacked += w->nodes[i].stacked;
		w->nodes[i].found = false;
	}
	world_expect(w, cpuslab_counter_sum(&w->counter) == w->adds_ended);
	world_expect(w, cpuslab_gauge_sum(&w->gauge) == w->in - w->out);
	world_expect(w, world_count(w, &w->stack.ref, world_count_nodes) ==
				stacked);
	world_expect(w, world_count(w, &w->log.ref, world_count_records) ==
				w->appended);
	world_expect(w, world_count(w, &w->gated, world_count_gated) ==
				w->gated_value);
	world_expect(w, !cpuslab_slab_check(w->f.slab));
	world_expect(w, !cpuslab_slab_check(w->keeper));
	world_expect(w, !cpuslab_domain_check(w->f.domain));
	if (w->failed)
		fail_msg("world.c:%d: %s", w->failed_line, w->failed);
}
