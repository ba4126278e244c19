/* SPDX-License-Identifier: MIT */
/*
 * add.c - add 1 to a counter of this processor.
 */
#include "add.h"

#include "rival_librseq.h"

#define ADD_GOAL_CLEAR 1.1 /* against librseq, which keeps it set */
#define ADD_GOAL_KEEP 1.0

static uint64_t add_count(void *arg)
{
	return cpuslab_counter_sum(arg);
}

static struct measure_body add_body(const char *name,
				    struct cpuslab_counter *counter,
				    void (*run)(void *arg, uint64_t n))
{
	struct measure_body body = { 0 };

	body.name = name;
	body.arg = counter;
	body.run = run;
	body.count = add_count;
	return body;
}

static void add_pair(struct bench *bench, const struct measure_body *self,
		     const struct measure_body *rival, double goal)
{
	struct measure_result result;

	bench_progress(rival->name);
	measure_pair(&bench->plan, self, rival, &result);
	table_add_pair(&bench->table, "add 1 to this processor's counter",
		       self->name, rival->name, &result,
		       goal > 0 ? TABLE_RATIO : TABLE_NO_GOAL, goal);
}

void bench_add(struct bench *bench)
{
	uint32_t here = measure_pin(0);
	struct cpuslab_domain *domain = bench_domain(BENCH_LIMIT_LARGE, here);
	struct cpuslab_slab *slab = bench_slab(domain);
	struct measure_body clear, keep;
	const struct add_rival *rival;
	struct cpuslab_counter counter;

	if (cpuslab_counter_init(&counter, slab))
		measure_die("add", "no counter");
	clear = add_body("add", &counter, add_clear);
	keep = add_body("add, CPUSLAB_KEEP_RSEQ_CS", &counter, add_keep);
	if (rival_librseq_available()) {
		add_pair(bench, &clear, rival_librseq_add(), ADD_GOAL_CLEAR);
		add_pair(bench, &keep, rival_librseq_add(), ADD_GOAL_KEEP);
	}
	for (rival = add_rivals(); rival->body.name; rival++)
		add_pair(bench, &clear, &rival->body, rival->goal);
	add_pair(bench, &clear, &keep, 0);
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}
