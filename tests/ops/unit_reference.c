/* SPDX-License-Identifier: MIT */
/*
 * unit_reference.c - each operation against its reference, on any CPU, also if
 * the thread moves in the middle of it.
 */
#include "fixture/fixture.h"
#include "ops/portable_trial.h"

#define OPS_NAME(name) ops_sim_##name
#define OPS_PORT(name) cpuslab_port_##name
#define OPS_HANDLE struct cpuslab_percpu
#define OPS_COPIES(handle) (handle)
#include "ops/portable_perform.h"

static struct ops_trial ops_now;

static const struct cpuslab_type ops_area = {
	.name = "area",
	.size = OPS_AREA,
	.align = 16,
	.image = ops_now.was.area,
	.flags = CPUSLAB_TYPE_DISCARD,
};

/* Known ones, unknown ones, and one that can have no copy. */
static uint32_t ops_any_cpu(uint64_t *seed)
{
	static const uint32_t cpus[] = { 0, 1, 2, 3, 40, 41, 64 };

	return cpus[ops_below(seed, 7)];
}

/* Where its copy would be. */
static uint32_t ops_copy_of(uint32_t cpu)
{
	return cpu < FIXTURE_LIMIT ? cpu : CPUSLAB_SHARED;
}

/* The thread moves at the @k-th point, if it gets there. */
static bool ops_try(struct fixture *f, enum ops_kind kind, uint64_t k,
		    uint64_t *seed)
{
	uint32_t from = ops_any_cpu(seed), to = ops_any_cpu(seed), at;
	struct cpuslab_percpu handle;
	const char *wrong;
	bool moved;

	ops_trial_make(&ops_now, kind, k % 2, seed);
	handle = fixture_alloc(f, &ops_area);
	sim_cpu_set(from);
	sim_preempt_at(k, to);
	ops_now.result =
		ops_sim_perform(&handle, &ops_now.call, &ops_now.found);
	moved = !sim_at_cancel();
	cpuslab_read_enter();
	wrong = ops_copies_wrong(&ops_now, &handle, 0, &at);
	cpuslab_read_exit();
	if (!wrong)
		wrong = ops_returned_wrong(&ops_now);
	if (!wrong && at != CPUSLAB_NO_CPU && at != CPUSLAB_SHARED &&
	    at != ops_copy_of(from) && (!moved || at != ops_copy_of(to)))
		wrong = "an operation happened on another CPU";
	if (wrong)
		print_error("kind %d, point %llu: %s\n", (int)kind,
			    (unsigned long long)k, wrong);
	assert_null(wrong);
	fixture_free(f, &handle);
	return moved;
}

static void each_does_what_its_reference_says(void **state)
{
	uint64_t seed = 1, tries, k;
	int kind;

	for (kind = 0; kind < OPS_KINDS; kind++)
		for (tries = 0; tries < 20; tries++)
			for (k = 1;
			     ops_try(*state, (enum ops_kind)kind, k, &seed);
			     k++)
				;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_BOTH(each_does_what_its_reference_says),
		FIXTURE_RETAIN(each_does_what_its_reference_says),
	};

	return cmocka_run_group_tests_name("ops_reference", tests, NULL, NULL);
}
