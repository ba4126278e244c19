/* SPDX-License-Identifier: MIT */
#include "everything.h"

static int everything_gated_drain(void *object, void *shared, uint32_t cpu,
				  void *arg)
{
	struct cpuslab_gated *from = object, *to = shared;

	(void)cpu;
	(void)arg;
	cpuslab_fetch_add_u64(&to->value, from->value);
	from->value = 0;
	return CPUSLAB_OK;
}

static const struct cpuslab_type everything_gated_type = {
	.name = "gated",
	.size = sizeof(struct cpuslab_gated),
	.align = 16,
	.drain = everything_gated_drain,
};

void everything_begin(struct everything *w, const struct fixture_config *config)
{
	memset(w, 0, sizeof(*w));
	fixture_begin(&w->f, config);
	assert_int_equal(cpuslab_slab_create(&w->keeper, w->f.domain, NULL),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_counter_init(&w->counter, w->f.slab),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_gauge_init(&w->gauge, w->f.slab), CPUSLAB_OK);
	assert_int_equal(cpuslab_stack_init(&w->stack, w->f.slab), CPUSLAB_OK);
	assert_int_equal(cpuslab_log_init(&w->log, w->keeper, EVERYTHING_LOG),
			 CPUSLAB_OK);
	w->gated = fixture_alloc(&w->f, &everything_gated_type);
	w->words = fixture_alloc(&w->f, &words_type);
	words_account_init(&w->words_done);
}

void everything_end(struct everything *w)
{
	assert_int_equal(cpuslab_slab_check(w->keeper), CPUSLAB_OK);
	fixture_free(&w->f, &w->words);
	fixture_free(&w->f, &w->gated);
	cpuslab_log_fini(&w->log);
	cpuslab_stack_fini(&w->stack);
	cpuslab_gauge_fini(&w->gauge);
	cpuslab_counter_fini(&w->counter);
	cpuslab_slab_destroy(w->keeper);
	fixture_end(&w->f);
}

void everything_fail(struct everything *w, const char *what, int line)
{
	if (w->failed)
		return;
	w->failed = what;
	w->failed_line = line;
}

void everything_add(struct everything *w)
{
	w->adds_begun++;
	cpuslab_counter_add(&w->counter, 1);
	sim_order_release(&w->adds_ended);
	w->adds_ended++;
}

void everything_sum(struct everything *w)
{
	uint64_t least, highest, sum;

	sim_order_acquire(&w->adds_ended);
	least = w->adds_ended;
	sim_order_acquire(&w->highest);
	highest = w->highest;
	sum = cpuslab_counter_sum(&w->counter);
	everything_expect(w, sum >= least);
	everything_expect(w, sum <= w->adds_begun);
	everything_expect(w, sum >= highest);
	sim_order_release(&w->highest);
	if (sum > w->highest)
		w->highest = sum;
}

void everything_gauge(struct everything *w)
{
	cpuslab_gauge_add(&w->gauge, 3);
	w->in += 3;
	cpuslab_gauge_sub(&w->gauge, 2);
	w->out += 2;
}

void everything_gauge_sum(struct everything *w)
{
	everything_expect(w, cpuslab_gauge_sum(&w->gauge) >= 0);
}

void everything_push(struct everything *w)
{
	uint32_t i;

	for (i = 0; i < EVERYTHING_NODES; i++) {
		if (w->nodes[i].stacked)
			continue;
		sim_order_acquire(&w->nodes[i]);
		w->nodes[i].stacked = true;
		everything_expect(w, !cpuslab_stack_push(&w->stack,
							 &w->nodes[i].node));
		return;
	}
}

static struct everything_node *everything_node_of(struct cpuslab_node *node)
{
	return (struct everything_node *)(void *)node;
}

void everything_pop(struct everything *w)
{
	struct cpuslab_node *node;
	int result = cpuslab_stack_pop(&w->stack, &node);

	everything_expect(w, result == CPUSLAB_OK || result == CPUSLAB_EMPTY);
	if (result != CPUSLAB_OK)
		return;
	everything_expect(w, everything_node_of(node)->stacked);
	sim_order_release(everything_node_of(node));
	everything_node_of(node)->stacked = false;
}

void everything_pop_all(struct everything *w)
{
	struct cpuslab_node *node;
	int result = cpuslab_stack_pop_all(&w->stack, &node);

	everything_expect(w, result == CPUSLAB_OK || result == CPUSLAB_EMPTY);
	while (node) {
		struct everything_node *popped = everything_node_of(node);

		node = node->next;
		everything_expect(w, popped->stacked);
		sim_order_release(popped);
		popped->stacked = false;
	}
}

void everything_append(struct everything *w)
{
	static const char record[] = "a record";
	int result = cpuslab_log_append(&w->log, record, sizeof(record));

	everything_expect(w, result == CPUSLAB_OK || result == CPUSLAB_FULL);
	w->appended += result == CPUSLAB_OK;
}

void everything_add_if(struct everything *w)
{
	int result = cpuslab_add_if(&w->gated, 0, 0, 1);

	everything_expect(w, result == CPUSLAB_OK);
	w->gated_value += result == CPUSLAB_OK;
}

/* An account of its own, which is merged while nothing interrupts. */
void everything_words(struct everything *w)
{
	struct words_account done;

	words_account_init(&done);
	everything_expect(w, words_step(&w->words, &done,
					w->words_begun++ * 7919 + 1));
	words_account_merge(&w->words_done, &done);
}

void everything_snapshot(struct everything *w)
{
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(w->f.domain);
	uint32_t cpu, count = 0;

	for (cpu = cpuslab_cpumask_next(set, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_cpumask_next(set, cpu + 1))
		count++;
	everything_expect(w, count == cpuslab_cpumask_count(set));
	cpuslab_cpumask_put(set);
}

void everything_all(void *world)
{
	struct everything *w = world;

	everything_add(w);
	everything_sum(w);
	everything_gauge(w);
	everything_gauge_sum(w);
	everything_push(w);
	everything_push(w);
	everything_pop(w);
	everything_append(w);
	everything_add_if(w);
	everything_words(w);
	everything_snapshot(w);
}

/* ---- what the structures contain ---------------------------------------- */

/* Call @each for the shared block's copy and every CPU's. */
static void everything_each_copy(struct everything *w,
				 const struct cpuslab_percpu *handle,
				 void (*each)(struct everything *w,
					      const void *copy, uint32_t cpu))
{
	const void *copy;
	uint32_t cpu;

	cpuslab_read_enter();
	cpuslab_for_each_copy(handle, cpu, copy)
		each(w, copy, cpu);
	cpuslab_read_exit();
}

static uint64_t everything_found; /* by everything_count() so far */

static void everything_count_nodes(struct everything *w, const void *copy,
				   uint32_t cpu)
{
	const struct cpuslab_stack_cpu *stack = copy;
	struct cpuslab_node *node =
		(struct cpuslab_node *)(uintptr_t)stack->top.first;

	(void)cpu;
	for (; node && everything_found <= EVERYTHING_NODES;
	     node = node->next) {
		everything_expect(w, everything_node_of(node)->stacked);
		everything_expect(w, !everything_node_of(node)->found);
		everything_node_of(node)->found = true;
		everything_found++;
	}
}

static void everything_count_gated(struct everything *w, const void *copy,
				   uint32_t cpu)
{
	const struct cpuslab_gated *gated = copy;

	(void)w;
	(void)cpu;
	everything_found += gated->value;
}

static void everything_count_records(struct everything *w, const void *copy,
				     uint32_t cpu)
{
	const struct cpuslab_log_cpu *log = copy;
	uint64_t cursor = 0;
	const void *data;
	uint32_t bytes;

	while (!cpuslab_log_read(&w->log, cpu, &cursor, &data, &bytes)) {
		everything_expect(w,
				  bytes == 9 && !memcmp(data, "a record", 9));
		everything_found++;
	}
	everything_expect(w, cursor == log->tail); /* no hole */
}

static uint64_t everything_count(struct everything *w,
				 const struct cpuslab_percpu *handle,
				 void (*each)(struct everything *w,
					      const void *copy, uint32_t cpu))
{
	everything_found = 0;
	everything_each_copy(w, handle, each);
	return everything_found;
}

void everything_verify(struct everything *w)
{
	uint64_t stacked = 0, i;
	const char *wrong;

	for (i = 0; i < EVERYTHING_NODES; i++) {
		stacked += w->nodes[i].stacked;
		w->nodes[i].found = false;
	}
	everything_expect(w, cpuslab_counter_sum(&w->counter) == w->adds_ended);
	everything_expect(w, cpuslab_gauge_sum(&w->gauge) == w->in - w->out);
	everything_expect(w,
			  everything_count(w, &w->stack.handle,
					   everything_count_nodes) == stacked);
	everything_expect(w, everything_count(w, &w->log.handle,
					      everything_count_records) ==
				     w->appended);
	everything_expect(w, everything_count(w, &w->gated,
					      everything_count_gated) ==
				     w->gated_value);
	wrong = words_wrong(&w->words, &w->words_done);
	if (wrong)
		everything_fail(w, wrong, __LINE__);
	everything_expect(w, !cpuslab_slab_check(w->f.slab));
	everything_expect(w, !cpuslab_slab_check(w->keeper));
	everything_expect(w, !cpuslab_domain_check(w->f.domain));
	if (w->failed)
		fail_msg("everything.c:%d: %s", w->failed_line, w->failed);
}
