/* SPDX-License-Identifier: MIT */
/*
 * Each preemption point once: for every operation and every slow call, at each
 * of its points in turn, the thread moves, a signal arrives, or another thread
 * does something. Afterwards everything is there exactly once.
 */
#include "everything.h"
#include "fixture/gate_set.h"

static struct everything w;
static struct cpuslab_percpu blob;

/* ---- what is interrupted ------------------------------------------------- */

static void prepare_nothing(void)
{
}

static void prepare_nodes(void)
{
	everything_push(&w);
	everything_push(&w);
}

static void prepare_counts(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < 6; cpu++) {
		sim_cpu_set(cpu);
		everything_all(&w);
	}
	sim_cpu_set(1);
}

static void prepare_blob(void)
{
	blob = fixture_alloc(&w.f, &fixture_blob);
}

static void prepare_registered(void)
{
	fixture_plug(&w.f, 9);
	sim_cpu_set(9);
	everything_all(&w);
	sim_cpu_set(1);
}

static void prepare_start(void)
{
	assert_int_equal(cpuslab_domain_add_start(w.f.domain, 9), CPUSLAB_OK);
}

static void prepare_retained(void)
{
	prepare_registered();
	sim_fence_fail(true);
	fixture_unplug(&w.f, 9);
	sim_fence_fail(false);
}

static void prepare_dead(void)
{
	prepare_registered();
	fixture_unplug(&w.f, 9);
	cpuslab_domain_trim(w.f.domain, CPUSLAB_TRIM_QUIESCENT);
}

static void step_add(void)
{
	everything_add(&w);
}

static void step_gauge(void)
{
	everything_gauge(&w);
}

static void step_gauge_sum(void)
{
	everything_gauge_sum(&w);
}

static void step_push(void)
{
	everything_push(&w);
}

static void step_pop(void)
{
	everything_pop(&w);
}

static void step_pop_all(void)
{
	everything_pop_all(&w);
}

static void step_append(void)
{
	everything_append(&w);
}

static void step_add_if(void)
{
	everything_add_if(&w);
}

static void step_words(void)
{
	everything_words(&w);
}

static void step_sum(void)
{
	everything_sum(&w);
}

static void step_snapshot(void)
{
	everything_snapshot(&w);
}

/* On an unannounced CPU, which this admits. */
static void step_first_use(void)
{
	sim_cpu_set(30);
	everything_add(&w);
}

static void step_alloc(void)
{
	blob = fixture_alloc(&w.f, &fixture_blob);
	fixture_free(&w.f, &blob);
}

static void step_alloc_extent(void)
{
	static const struct cpuslab_type big = {
		.name = "big", .size = 100000, .flags = CPUSLAB_TYPE_DISCARD
	};

	blob = fixture_alloc(&w.f, &big);
	fixture_free(&w.f, &blob);
}

static void step_free(void)
{
	fixture_free(&w.f, &blob);
}

static void step_free_rcu(void)
{
	everything_expect(&w, !cpuslab_free_rcu(w.f.slab, &blob));
}

static void step_start(void)
{
	everything_expect(&w, !cpuslab_domain_add_start(w.f.domain, 9));
}

static void step_complete(void)
{
	everything_expect(&w, !cpuslab_domain_add_complete(w.f.domain, 9));
}

static void step_failure(void)
{
	everything_expect(&w, !cpuslab_domain_add_failure(w.f.domain, 9));
}

static void step_remove(void)
{
	sim_cpu_set_available(9, false);
	everything_expect(&w, !cpuslab_domain_remove(w.f.domain, 9));
}

static void step_trim(void)
{
	everything_expect(&w, cpuslab_domain_trim(w.f.domain, 0) >= 0);
}

static void step_resync(void)
{
	everything_expect(&w, !cpuslab_domain_resync(w.f.domain));
}

static void step_grace(void)
{
	sim_quiesce();
}

static void step_stats(void)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(w.f.slab, &stats);
	everything_expect(&w, stats.limit == FIXTURE_LIMIT);
}

static void step_gate(void)
{
	everything_expect(&w, gate_set_all(w.f.slab, &w.gated, 0, 0) >= 0);
}

static void step_slab(void)
{
	struct cpuslab_slab *slab;
	struct cpuslab_percpu handle;

	everything_expect(&w, !cpuslab_slab_create(&slab, w.f.domain, NULL));
	everything_expect(&w, !cpuslab_alloc(slab, &fixture_counter, &handle));
	everything_expect(&w, !cpuslab_free(slab, &handle));
	cpuslab_slab_destroy(slab);
}

static const struct points_step {
	const char *name;
	void (*prepare)(void);
	void (*step)(void);
	bool slow; /* takes locks, so no other slow call may interrupt it */
} points_steps[] = {
	{ "add", prepare_nothing, step_add, false },
	{ "first use", prepare_nothing, step_first_use, true },
	{ "gauge", prepare_nothing, step_gauge, false },
	{ "gauge sum", prepare_counts, step_gauge_sum, false },
	{ "push", prepare_nothing, step_push, false },
	{ "pop", prepare_nodes, step_pop, false },
	{ "pop of nothing", prepare_nothing, step_pop, false },
	{ "pop of all", prepare_nodes, step_pop_all, false },
	{ "pop of all of nothing", prepare_nothing, step_pop_all, false },
	{ "append", prepare_nothing, step_append, false },
	{ "add_if", prepare_nothing, step_add_if, false },
	{ "words", prepare_nothing, step_words, false },
	{ "sum", prepare_counts, step_sum, false },
	{ "snapshot", prepare_nothing, step_snapshot, false },
	{ "alloc", prepare_nothing, step_alloc, true },
	{ "alloc, new extent", prepare_counts, step_alloc_extent, true },
	{ "free", prepare_blob, step_free, true },
	{ "free_rcu", prepare_blob, step_free_rcu, true },
	{ "add_start", prepare_nothing, step_start, true },
	{ "add_start, retained", prepare_retained, step_start, true },
	{ "add_start, dead", prepare_dead, step_start, true },
	{ "add_complete", prepare_start, step_complete, true },
	{ "add_complete alone", prepare_nothing, step_complete, true },
	{ "add_failure", prepare_start, step_failure, true },
	{ "remove", prepare_registered, step_remove, true },
	{ "remove, preparing", prepare_start, step_remove, true },
	{ "trim", prepare_retained, step_trim, true },
	{ "resync", prepare_retained, step_resync, true },
	{ "grace period", prepare_dead, step_grace, true },
	{ "stats", prepare_counts, step_stats, true },
	{ "gate", prepare_counts, step_gate, true },
	{ "slab", prepare_nothing, step_slab, true },
};

/* ---- what interrupts it -------------------------------------------------- */

static void other_alloc(void *arg)
{
	static const struct cpuslab_type big = {
		.name = "big", .size = 70000, .flags = CPUSLAB_TYPE_DISCARD
	};
	struct cpuslab_percpu handle;

	(void)arg;
	everything_expect(&w, !cpuslab_alloc(w.f.slab, &big, &handle));
	everything_expect(&w, !cpuslab_free_rcu(w.f.slab, &handle));
}

static void other_remove(void *arg)
{
	sim_cpu_set_available(*(const uint32_t *)arg, false);
	everything_expect(&w, !cpuslab_domain_remove(w.f.domain,
						     *(const uint32_t *)arg));
	sim_quiesce();
}

/* Absent, released, back again. */
static void other_cycle(void *arg)
{
	uint32_t cpu = *(const uint32_t *)arg;

	everything_expect(&w, !cpuslab_domain_remove(w.f.domain, cpu));
	sim_quiesce();
	everything_expect(&w, !cpuslab_domain_add_complete(w.f.domain, cpu));
	sim_quiesce();
	sim_cpu_set(cpu);
	everything_all(&w);
}

static void other_resync(void *arg)
{
	(void)arg;
	sim_cpu_set_available(1, false);
	sim_cpu_set_available(9, true);
	everything_expect(&w, !cpuslab_domain_resync(w.f.domain));
	sim_quiesce();
}

static uint32_t points_here = 1, points_there = 2;

static void arm_preempt(uint64_t k)
{
	sim_preempt_at(k, 3);
}

static void arm_preempt_unknown(uint64_t k)
{
	sim_preempt_at(k, 31);
}

static void arm_preempt_nowhere(uint64_t k)
{
	sim_preempt_at(k, CPUSLAB_NO_CPU);
}

static void arm_preempt_same(uint64_t k)
{
	sim_preempt_at(k, sim_cpu());
}

static void arm_signal(uint64_t k)
{
	sim_signal_at(k, everything_all, &w);
}

/* As an interrupt that may not wait, even for memory. */
static void points_hurry(void *arg)
{
	sim_may_sleep_set(false);
	everything_all(arg);
	sim_may_sleep_set(true);
}

static void arm_signal_in_a_hurry(uint64_t k)
{
	sim_signal_at(k, points_hurry, &w);
}

static void arm_other(uint64_t k)
{
	sim_other_at(k, 2, everything_all, &w);
}

static void arm_other_same(uint64_t k)
{
	sim_other_at(k, 1, everything_all, &w);
}

static void arm_other_removed(uint64_t k)
{
	sim_other_at(k, 9, everything_all, &w);
}

static void arm_other_nowhere(uint64_t k)
{
	sim_other_at(k, CPUSLAB_NO_CPU, everything_all, &w);
}

static void arm_alloc(uint64_t k)
{
	sim_other_at(k, 3, other_alloc, NULL);
}

static void arm_remove_here(uint64_t k)
{
	sim_other_at(k, 3, other_remove, &points_here);
}

static void arm_remove_there(uint64_t k)
{
	sim_other_at(k, 3, other_remove, &points_there);
}

static void arm_cycle_here(uint64_t k)
{
	sim_other_at(k, 3, other_cycle, &points_here);
}

static void arm_cycle_there(uint64_t k)
{
	sim_other_at(k, 3, other_cycle, &points_there);
}

static void arm_resync(uint64_t k)
{
	sim_other_at(k, 3, other_resync, NULL);
}

static const struct points_event {
	const char *name;
	void (*arm)(uint64_t k);
	bool slow;
} points_events[] = {
	{ "moved", arm_preempt, false },
	{ "moved to an unknown CPU", arm_preempt_unknown, false },
	{ "moved to nowhere", arm_preempt_nowhere, false },
	{ "preempted in place", arm_preempt_same, false },
	{ "signal", arm_signal, false },
	{ "signal that cannot wait", arm_signal_in_a_hurry, false },
	{ "other thread", arm_other, false },
	{ "other thread here", arm_other_same, false },
	{ "other thread on a CPU that is added or removed", arm_other_removed,
	  false },
	{ "other thread nowhere", arm_other_nowhere, false },
	{ "alloc", arm_alloc, true },
	{ "removal of this CPU", arm_remove_here, true },
	{ "removal of another", arm_remove_there, true },
	{ "this CPU is removed and returns", arm_cycle_here, true },
	{ "another is removed and returns", arm_cycle_there, true },
	{ "resync", arm_resync, true },
};

/* ---- each with each ------------------------------------------------------ */

/* False: point @k was not reached. */
static bool points_once(const struct fixture_config *config,
			const struct points_step *step,
			const struct points_event *event, uint64_t k)
{
	unsigned int left;

	everything_begin(&w, config);
	sim_cpu_set(1);
	/* Admit the id, which would hold the mutex in the step. */
	if (config->slab_flags & CPUSLAB_SLAB_PERCID)
		everything_all(&w);
	step->prepare();
	event->arm(k);
	step->step();
	left = sim_at_cancel();
	everything_verify(&w);
	sim_quiesce();
	sim_cpu_set(1);
	everything_all(&w);
	everything_verify(&w);
	everything_end(&w);
	return !left;
}

static void points_all(const struct fixture_config *config)
{
	size_t i, j;

	for (i = 0; i < sizeof(points_steps) / sizeof(points_steps[0]); i++)
		for (j = 0;
		     j < sizeof(points_events) / sizeof(points_events[0]);
		     j++) {
			uint64_t k = 1;

			if (points_steps[i].slow && points_events[j].slow)
				continue;
			print_message("%s: %s\n", points_steps[i].name,
				      points_events[j].name);
			while (points_once(config, &points_steps[i],
					   &points_events[j], k))
				k++;
			assert_true(k > 1);
		}
}

static void each_point_is_taken_once_rseq(void **state)
{
	(void)state;
	points_all(&fixture_rseq);
}

static void each_point_is_taken_once_atomic(void **state)
{
	(void)state;
	points_all(&fixture_atomic);
}

static void each_point_is_taken_once_early(void **state)
{
	(void)state;
	points_all(&fixture_early);
}

static void each_point_is_taken_once_by_concurrency_id(void **state)
{
	(void)state;
	points_all(&fixture_percid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_point_is_taken_once_rseq),
		cmocka_unit_test(each_point_is_taken_once_atomic),
		cmocka_unit_test(each_point_is_taken_once_early),
		cmocka_unit_test(each_point_is_taken_once_by_concurrency_id),
	};

	return cmocka_run_group_tests_name("points", tests, NULL, NULL);
}
