/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"
#include "fixture/gate_set.h"

enum {
	GATE_OPEN = 0,
	GATE_SHUT = 1
};

static uint64_t gate_now; /* initial gate of a CPU that is admitted */

static int gate_ctor(void *object, uint32_t cpu, void *arg)
{
	struct cpuslab_gated *gated = object;

	(void)cpu;
	(void)arg;
	gated->gate = gate_now;
	return CPUSLAB_OK;
}

static const struct cpuslab_type gate_type = {
	.name = "gate",
	.size = sizeof(struct cpuslab_gated),
	.align = 16,
	.ctor = gate_ctor,
	.flags = CPUSLAB_TYPE_SIGNAL_SAFE | CPUSLAB_TYPE_DISCARD,
};

static struct cpuslab_percpu gate;

static int gate_setup(void **state)
{
	struct fixture *f;

	if (fixture_setup(state))
		return -1;
	f = *state;
	gate_now = GATE_OPEN;
	return cpuslab_alloc(f->slab, &gate_type, &gate);
}

static int gate_teardown(void **state)
{
	struct fixture *f = *state;

	fixture_free(f, &gate);
	return fixture_teardown(state);
}

static int gate_count(uint32_t cpu, uint64_t expect)
{
	sim_cpu_set(cpu);
	return cpuslab_add_if(&gate, 0, expect, 1);
}

static uint64_t gate_value(void)
{
	const struct cpuslab_gated *gated;
	uint64_t value = 0;
	uint32_t cpu;

	cpuslab_read_enter();
	cpuslab_for_each_copy(&gate, cpu, gated)
		value += gated->value;
	cpuslab_read_exit();
	return value;
}

static void a_gate_is_shut_everywhere(void **state)
{
	static const uint32_t cpus[] = { 0, 1, 3, 20, CPUSLAB_NO_CPU, 64 };
	struct fixture *f = *state;
	int i;

	fixture_add(f, 20);
	for (i = 0; i < 6; i++)
		assert_int_equal(gate_count(cpus[i], GATE_OPEN), CPUSLAB_OK);
	assert_int_equal(gate_set_all(f->slab, &gate, 0, GATE_SHUT),
			 CPUSLAB_OK);
	for (i = 0; i < 6; i++) {
		assert_int_equal(gate_count(cpus[i], GATE_OPEN),
				 CPUSLAB_DIFFERS);
		assert_int_equal(gate_count(cpus[i], GATE_SHUT), CPUSLAB_OK);
	}
	assert_int_equal(gate_value(), 12);
}

static void a_retained_cpu_is_shut_as_well(void **state)
{
	struct fixture *f = *state;

	sim_fence_fail(true);
	fixture_add(f, 20);
	gate_count(20, GATE_OPEN);
	fixture_remove(f, 20);
	sim_fence_fail(false);
	assert_int_equal(gate_set_all(f->slab, &gate, 0, GATE_SHUT),
			 CPUSLAB_OK);
	fixture_add(f, 20);
	assert_int_equal(gate_count(20, GATE_OPEN), CPUSLAB_DIFFERS);
}

static void an_admitted_cpu_starts_from_its_constructor(void **state)
{
	struct fixture *f = *state;

	gate_now = GATE_SHUT;
	assert_int_equal(gate_set_all(f->slab, &gate, 0, GATE_SHUT),
			 CPUSLAB_OK);
	assert_int_equal(gate_count(40, GATE_OPEN), CPUSLAB_DIFFERS);
	assert_true(fixture_has(&gate, 40));
}

static void a_fence_that_fails(void **state)
{
	struct fixture *f = *state;

	sim_fence_fail(true);
	assert_int_equal(gate_set_all(f->slab, &gate, 0, GATE_SHUT),
			 -CPUSLAB_EAGAIN);
	assert_int_equal(gate_count(1, GATE_OPEN), CPUSLAB_DIFFERS);
	sim_fence_fail(false);
	assert_int_equal(gate_set_all(f->slab, &gate, 0, GATE_SHUT),
			 CPUSLAB_OK);
}

/* One call fences every CPU that might have seen the old gate. */
static void one_fence_for_all(void **state)
{
	struct fixture *f = *state;
	uint64_t fences;

	fixture_add(f, 20);
	fences = sim_fences();
	assert_int_equal(gate_set_all(f->slab, &gate, 0, GATE_SHUT),
			 CPUSLAB_OK);
	assert_int_equal(sim_fences() - fences, 1);
}

static void without_a_fence_for_all_each_cpu_is_fenced(void **state)
{
	struct fixture *f = *state;
	uint64_t fences;

	fixture_add(f, 20);
	sim_fence_fail_all(true);
	fences = sim_fences();
	assert_int_equal(gate_set_all(f->slab, &gate, 0, GATE_SHUT),
			 CPUSLAB_OK);
	assert_int_equal(sim_fences() - fences, 1 + FIXTURE_AVAILABLE + 1);
	assert_int_equal(gate_count(20, GATE_OPEN), CPUSLAB_DIFFERS);
	/* A single failure is enough. */
	sim_fence_fail(true);
	assert_int_equal(gate_set_all(f->slab, &gate, 0, GATE_OPEN),
			 -CPUSLAB_EAGAIN);
}

static void bad_arguments(void **state)
{
	static const size_t offsets[] = { 8, 16, 4, SIZE_MAX, SIZE_MAX - 15 };
	const struct cpuslab_percpu null = { 0 };
	struct fixture *f = *state;
	struct cpuslab_percpu small, misaligned, old;
	size_t i;

	for (i = 0; i < 5; i++)
		assert_int_equal(gate_set_all(f->slab, &gate, offsets[i],
					      GATE_SHUT),
				 -CPUSLAB_EINVAL);
	assert_int_equal(gate_set_all(f->slab, &null, 0, GATE_SHUT),
			 -CPUSLAB_EINVAL);
	small = fixture_alloc(f, &fixture_counter);
	assert_int_equal(gate_set_all(f->slab, &small, 0, GATE_SHUT),
			 -CPUSLAB_EINVAL);
	/* A pair without the alignment of struct cpuslab_gated. */
	misaligned = fixture_alloc(f, &fixture_blob);
	old = misaligned;
	misaligned.offset += 8;
	assert_int_equal(gate_set_all(f->slab, &misaligned, 0, GATE_SHUT),
			 -CPUSLAB_EINVAL);
	fixture_free(f, &small);
	fixture_free(f, &old);
	assert_int_equal(gate_set_all(f->slab, &old, 0, GATE_SHUT),
			 -CPUSLAB_ESTALE);
}

/*
 * A gate is closed at every point of an add: either the add happens before, and
 * the closing thread sees it, or it does not happen.
 */
static uint64_t gate_seen;

static void gate_shut(void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(gate_set_all(f->slab, &gate, 0, GATE_SHUT),
			 CPUSLAB_OK);
	gate_seen = gate_value();
}

static void gate_shut_at_every_point(void **state)
{
	static const uint32_t cpus[] = { 1, CPUSLAB_NO_CPU };
	struct fixture *f = *state;
	int i;

	for (i = 0; i < 2; i++) {
		unsigned int left = 0;
		uint64_t k, counted = gate_value();

		for (k = 1; !left; k++) {
			int result;

			gate_seen = counted;
			sim_other_at(k, 3, gate_shut, f);
			result = gate_count(cpus[i], GATE_OPEN);
			left = sim_at_cancel();
			counted += result == CPUSLAB_OK;
			if (!left)
				assert_int_equal(gate_seen, counted);
			assert_int_equal(gate_value(), counted);
			assert_int_equal(gate_set_all(f->slab, &gate, 0,
						      GATE_OPEN),
					 CPUSLAB_OK);
		}
		assert_true(k > 2);
	}
}

static void shut_at_every_point_of_an_add(void **state)
{
	gate_shut_at_every_point(state);
}

static void shut_with_single_fences_at_every_point(void **state)
{
	sim_fence_fail_all(true);
	gate_shut_at_every_point(state);
}

/* ---- what was written before a gate was set ------------------------------ */

#define STORM_GATES 20u

static uint64_t storm_data[STORM_GATES + 1];

static void storm_set(void *arg)
{
	struct fixture *f = arg;
	uint64_t next;

	for (next = 1; next <= STORM_GATES; next++) {
		sim_order_write(&storm_data[next], sizeof(*storm_data));
		gate_now = next;
		assert_int_equal(gate_set_all(f->slab, &gate, 0, next),
				 CPUSLAB_OK);
	}
}

static void storm_add(void *arg)
{
	(void)arg;
	while (gate_now < STORM_GATES) {
		uint64_t now = gate_now;

		if (cpuslab_add_if(&gate, 0, GATE_OPEN, 1) == CPUSLAB_DIFFERS)
			sim_order_read(&storm_data[1], sizeof(*storm_data));
		if (cpuslab_add_if(&gate, 0, now, 1) == CPUSLAB_OK)
			sim_order_read(&storm_data[now], sizeof(*storm_data));
		cpuslab_port_preempt_point();
	}
}

static void an_add_sees_what_came_before_its_gate(void **state)
{
	const struct sim_task tasks[] = {
		{ storm_set, *state, 2 },
		{ storm_add, NULL, 0 },
		{ storm_add, NULL, 1 },
	};

	sim_run(tasks, 3);
}

#define GATE_TEST(test)                                                        \
	{ #test " (rseq)", test, gate_setup, gate_teardown, &fixture_rseq },   \
	{                                                                      \
#test " (atomic)", test, gate_setup, gate_teardown,            \
			&fixture_atomic                                        \
	}
#define GATE_RSEQ(test)                                                        \
	{                                                                      \
#test, test, gate_setup, gate_teardown, &fixture_rseq          \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_TEST(a_gate_is_shut_everywhere),
		GATE_TEST(a_retained_cpu_is_shut_as_well),
		GATE_TEST(an_admitted_cpu_starts_from_its_constructor),
		GATE_TEST(an_add_sees_what_came_before_its_gate),
		GATE_RSEQ(a_fence_that_fails),
		GATE_TEST(bad_arguments),
		GATE_TEST(shut_at_every_point_of_an_add),
		GATE_TEST(shut_with_single_fences_at_every_point),
		GATE_RSEQ(one_fence_for_all),
		GATE_RSEQ(without_a_fence_for_all_each_cpu_is_fenced),
	};

	return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
