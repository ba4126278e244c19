/* SPDX-License-Identifier: MIT */
/*
 * stack.c - pop a node of this processor's stack and push it back.
 */
#include "bench.h"

#include "rival_librseq.h"

#define STACK_NODES 8

struct stack_work {
	struct cpuslab_stack stack;
	uint64_t count;
	struct cpuslab_node nodes[STACK_NODES];
};

static BENCH_NOINLINE void stack_run(void *arg, uint64_t n)
{
	struct stack_work *work = arg;
	uint64_t i, done = 0;

	for (i = 0; i < n; i++) {
		struct cpuslab_node *node;

		if (cpuslab_stack_pop(&work->stack, &node))
			continue;
		cpuslab_stack_push(&work->stack, node);
		done++;
	}
	work->count += done;
}

static uint64_t stack_count(void *arg)
{
	return ((struct stack_work *)arg)->count;
}

static void stack_row(struct bench *bench, struct stack_work *work)
{
	static const char group[] = "push and pop";
	const struct measure_body self = {
		.name = "pop + push",
		.arg = work,
		.run = stack_run,
		.count = stack_count,
	};
	struct measure_result result;
	struct table_row row = { .group = group,
				 .name = self.name,
				 .unit = "ns" };

	bench_progress(self.name);
	if (rival_librseq_available()) {
		measure_pair(&bench->plan, &self, rival_librseq_stack(),
			     &result);
		table_add_pair(&bench->table, group, self.name,
			       rival_librseq_stack()->name, &result,
			       TABLE_NO_GOAL, 0);
		return;
	}
	measure_one(&bench->plan, &self, &row.value);
	table_add(&bench->table, &row);
}

void bench_stack(struct bench *bench)
{
	uint32_t here = measure_pin(0);
	struct cpuslab_domain *domain = bench_domain(BENCH_LIMIT_LARGE, here);
	struct cpuslab_slab *slab = bench_slab(domain);
	struct stack_work work = { .count = 0 };
	int i;

	if (cpuslab_stack_init(&work.stack, slab))
		measure_die("stack", "cannot be made");
	for (i = 0; i < STACK_NODES; i++)
		cpuslab_stack_push(&work.stack, &work.nodes[i]);
	stack_row(bench, &work);
	cpuslab_stack_fini(&work.stack);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}
