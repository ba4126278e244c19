/* SPDX-License-Identifier: MIT */
/*
 * sim.c - cpuslab-bench-sim: the same bodies on simulated CPUs, with limits
 * that few machines have. It also counts steps.
 *
 * Times include the simulator and all assertions; what matters is how times and
 * steps grow with the limit.
 */
#include <cpuslab/sim.h>
#include <string.h>

#include "lists.h"
#include "platform.h"

#define SIM_STEPS 16u

struct sim_work {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_counter counter;
	struct cpuslab_percpu handle;
	uint64_t count;
	uint64_t steps;
};

static struct sim_work sim_work;

static uint64_t sim_count(void *arg)
{
	return ((struct sim_work *)arg)->count;
}

static void *sim_setup(struct bench_run *run)
{
	struct sim_work *work = &sim_work;

	memset(work, 0, sizeof(*work));
	work->domain = platform_domain((uint32_t)run->arg);
	work->slab = platform_slab(work->domain);
	if (cpuslab_counter_init(&work->counter, work->slab))
		measure_die("sim", "no counter");
	return work;
}

static void sim_teardown(void *arg)
{
	struct sim_work *work = arg;

	cpuslab_counter_fini(&work->counter);
	cpuslab_slab_destroy(work->slab);
	cpuslab_domain_destroy(work->domain);
}

/* A step is a point at which the simulator could preempt the code. */
static void sim_done(void *arg, struct bench_run *run)
{
	const struct sim_work *work = arg;

	bench_run_counter(run, "steps", (double)work->steps / SIM_STEPS);
}

static void sim_add(void *arg, uint64_t n)
{
	struct sim_work *work = arg;
	uint64_t before = sim_points(), i;

	for (i = 0; i < n; i++)
		cpuslab_counter_add(&work->counter, 1);
	work->steps = sim_points() - before;
	work->count = cpuslab_counter_sum(&work->counter);
}

static void sim_sum(void *arg, uint64_t n)
{
	struct sim_work *work = arg;
	uint64_t before, total = 0, i;

	cpuslab_counter_add(&work->counter, 1);
	before = sim_points();
	for (i = 0; i < n; i++)
		total += cpuslab_counter_sum(&work->counter);
	work->steps = sim_points() - before;
	work->count += total / cpuslab_counter_sum(&work->counter);
}

static void sim_alloc(void *arg, uint64_t n)
{
	struct sim_work *work = arg;
	uint64_t i;

	work->steps = 0;
	for (i = 0; i < n; i++) {
		uint64_t before = sim_points();

		work->count += !cpuslab_alloc(work->slab, &platform_template,
					      &work->handle);
		work->steps += sim_points() - before;
		cpuslab_free(work->slab, &work->handle);
	}
}

/* Remove and add the other CPU. */
static void sim_change(void *arg, uint64_t n)
{
	struct sim_work *work = arg;
	uint64_t before = sim_points(), i;

	for (i = 0; i < n; i++)
		work->count += !cpuslab_domain_remove(work->domain, 1) &&
			       !sim_quiesce() &&
			       !cpuslab_domain_add_complete(work->domain, 1);
	work->steps = sim_points() - before;
}

#define SIM_BODY(name_, run_)                                                  \
	{                                                                      \
		.how = { .name = name_,                                        \
			 .run = run_,                                          \
			 .count = sim_count,                                   \
			 .least = SIM_STEPS,                                   \
			 .most = SIM_STEPS },                                  \
		.arg_name = "limit", .args = { 2, 64, 1024, 8192, 65534 },     \
		.arg_count = 5, .setup = sim_setup, .done = sim_done,          \
		.teardown = sim_teardown                                       \
	}

static const struct bench_body sim_bodies[] = {
	SIM_BODY("sim-add/cpuslab", sim_add),
	SIM_BODY("sim-sum/cpuslab", sim_sum),
	SIM_BODY("sim-alloc/cpuslab", sim_alloc),
	SIM_BODY("sim-change/cpuslab", sim_change),
	{ .how = { .name = NULL } },
};

const struct bench_body *const bench_lists[] = { sim_bodies, NULL };

int main(int argc, char **argv)
{
	struct bench_google_result result = { 0, 0 };
	bool quick = argc == 2 && !strcmp(argv[1], "--quick");
	char least[] = "--benchmark_min_time=0.0002";
	char *args[] = { argv[0], least, NULL };

	bench_world_init();
	bench_google_context("mode", bench_mode());
	return quick ? bench_google(2, args, true, &result) :
		       bench_google(argc, argv, false, &result);
}
