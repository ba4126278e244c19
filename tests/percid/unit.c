/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

#include <cpuslab/percid.h>

#include "fixture/gate_set.h"

struct percid_object {
	uint64_t count;
	uint64_t word;
	struct cpuslab_gated gated;
};

static const struct cpuslab_type percid_type = {
	.name = "percid",
	.size = sizeof(struct percid_object),
	.align = 16,
	.counters = 1,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static const size_t percid_word = offsetof(struct percid_object, word);
static const size_t percid_gated = offsetof(struct percid_object, gated);

static struct cpuslab_percid percid_alloc(struct fixture *f)
{
	struct cpuslab_percid handle;

	assert_int_equal(cpuslab_percid_alloc(f->slab, &percid_type, &handle),
			 CPUSLAB_OK);
	return handle;
}

static void percid_free(struct fixture *f, const struct cpuslab_percid *handle)
{
	assert_int_equal(cpuslab_percid_free(f->slab, handle), CPUSLAB_OK);
}

static void percid_add_on(const struct cpuslab_percid *handle, uint32_t cpu,
			  uint64_t value)
{
	sim_cpu_set(cpu);
	assert_int_equal(cpuslab_percid_add(handle, 0, value), CPUSLAB_OK);
}

/* Run on CPUs 10 to 14 at once, so that 5 ids are in use. */
#define PERCID_WIDE 5u

static struct cpuslab_percid *percid_wide_handle;

static void percid_wide_next(void *arg)
{
	uint32_t cpu = *(uint32_t *)arg, next = cpu + 1;

	assert_int_equal(cpuslab_percid_add(percid_wide_handle, 0, 1),
			 CPUSLAB_OK);
	if (next == 10 + PERCID_WIDE)
		return;
	sim_other_at(1, next, percid_wide_next, &next);
	cpuslab_port_preempt_point();
	sim_at_cancel();
}

static void percid_wide(struct cpuslab_percid *handle)
{
	uint32_t first = 10;

	sim_cpu_set(first);
	percid_wide_handle = handle;
	percid_wide_next(&first);
}

static void an_id_gets_its_block_on_first_use(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percid handle = percid_alloc(f);
	struct cpuslab_stats stats = fixture_stats(f);

	assert_true(stats.by_cid);
	assert_int_equal(stats.in_use, 0);
	assert_null(cpuslab_percid_remote(&handle, 0));
	percid_wide(&handle);
	stats = fixture_stats(f);
	assert_int_equal(stats.in_use, PERCID_WIDE);
	assert_int_equal(stats.on_demand, PERCID_WIDE);
	assert_int_equal(stats.shared_ops, 0);
	assert_int_equal(cpuslab_percid_remote_next(&handle, 0), 0);
	assert_int_equal(cpuslab_percid_remote_next(&handle, 4), 4);
	assert_int_equal(cpuslab_percid_remote_next(&handle, 5),
			 CPUSLAB_NO_CPU);
	assert_int_equal(cpuslab_percid_sum(&handle, 0), PERCID_WIDE);
	fixture_check_bytes(f);
	percid_free(f, &handle);
}

/* One thread on all CPUs in turn has one id. */
static void an_id_wanders(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percid handle = percid_alloc(f);
	uint32_t cpu;

	for (cpu = 0; cpu < FIXTURE_LIMIT; cpu++)
		percid_add_on(&handle, cpu, 1);
	assert_int_equal(fixture_stats(f).in_use, 1);
	assert_int_equal(fixture_word(&handle.copies, 0), FIXTURE_LIMIT);
	assert_int_equal(cpuslab_percid_sum(&handle, 0), FIXTURE_LIMIT);
	percid_free(f, &handle);
}

static void the_domain_has_no_meaning(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percid handle = percid_alloc(f);

	fixture_plug(f, 9);
	assert_int_equal(fixture_stats(f).in_use, 0);
	percid_add_on(&handle, 9, 3);
	fixture_unplug(f, 9);
	fixture_plug(f, 9);
	fixture_unplug(f, 9);
	assert_int_equal(cpuslab_domain_resync(f->domain), CPUSLAB_OK);
	sim_quiesce();
	assert_int_equal(fixture_stats(f).in_use, 1);
	assert_int_equal(fixture_stats(f).releases, 0);
	assert_int_equal(fixture_word(&handle.copies, 0), 3);
	percid_free(f, &handle);
}

static void percid_each(const struct cpuslab_percid *handle)
{
	struct percid_object was, now;
	const void *copy;

	cpuslab_percid_add(handle, 0, 0); /* admits it */
	cpuslab_read_enter();
	copy = cpuslab_percid_remote(handle, cpuslab__by_cid(&handle->copies) ?
						     sim_cid(sim_cpu()) :
						     sim_cpu());
	assert_non_null(copy);
	memcpy(&was, copy, sizeof(was));
	assert_int_equal(cpuslab_percid_add(handle, 0, 5), CPUSLAB_OK);
	assert_int_equal(cpuslab_percid_cmpstore(handle, percid_word, was.word,
						 77),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_percid_cmpstore(handle, percid_word, 78, 1),
			 CPUSLAB_DIFFERS);
	assert_int_equal(cpuslab_percid_add_if(handle, percid_gated, 0, 9),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_percid_add_if(handle, percid_gated, 1, 9),
			 CPUSLAB_DIFFERS);
	assert_int_equal(cpuslab_percid_add_below(handle, percid_word, 78, 1),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_percid_add_below(handle, percid_word, 78, 1),
			 CPUSLAB_FULL);
	memcpy(&now, copy, sizeof(now));
	cpuslab_read_exit();
	assert_int_equal(now.count, was.count + 5);
	assert_int_equal(now.word, 78);
	assert_int_equal(now.gated.value, was.gated.value + 9);
}

static void each_operation_has_each_result(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percid handle = percid_alloc(f);
	uint32_t cpu;

	for (cpu = 0; cpu < 4; cpu++) {
		sim_cpu_set(cpu);
		percid_each(&handle);
	}
	assert_int_equal(cpuslab_percid_sum(&handle, 0), 20);
	percid_free(f, &handle);
}

/* In the middle of each operation its CPU gets another id. */
static void each_operation_is_preempted_once(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percid handle = percid_alloc(f);
	unsigned int left;
	uint64_t k, done = 0;

	for (k = 1, left = 0; !left; k++) {
		sim_cpu_set(1);
		sim_preempt_at(k, 2 + (uint32_t)k % 5);
		assert_int_equal(cpuslab_percid_add(&handle, 0, 1), CPUSLAB_OK);
		left = sim_at_cancel();
		assert_int_equal(cpuslab_percid_sum(&handle, 0), ++done);
	}
	percid_free(f, &handle);
}

static void a_thread_without_an_id_shares(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percid handle = percid_alloc(f);

	percid_add_on(&handle, CPUSLAB_NO_CPU, 4);
	percid_add_on(&handle, FIXTURE_LIMIT, 4);
	assert_int_equal(cpuslab_percid_add_if(&handle, percid_gated, 0, 5),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_percid_add_below(&handle, percid_word, 1, 7),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_percid_cmpstore(&handle, percid_word, 7, 6),
			 CPUSLAB_OK);
	assert_int_equal(fixture_stats(f).shared_ops, 5);
	assert_int_equal(fixture_stats(f).in_use, 0);
	assert_int_equal(cpuslab_percid_sum(&handle, 0), 8);
	assert_int_equal(cpuslab_percid_sum(&handle, percid_word), 6);
	assert_int_equal(cpuslab_percid_sum(&handle, percid_gated + 8), 5);
	percid_free(f, &handle);
}

/* ---- trims ------------------------------------------------------------- */

static void percid_trim(struct fixture *f, uint32_t flags, uint32_t remain)
{
	uint64_t fences = sim_fences();
	uint32_t was = fixture_stats(f).in_use;

	assert_int_equal(cpuslab_slab_trim(f->slab, flags), CPUSLAB_OK);
	assert_int_equal(sim_fences() - fences,
			 was != remain && !(flags & CPUSLAB_TRIM_QUIESCENT));
	sim_quiesce();
	assert_int_equal(fixture_stats(f).in_use, remain);
	fixture_check_bytes(f);
}

static void a_trim_keeps_as_many_ids_as_threads(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percid handle = percid_alloc(f);

	percid_wide(&handle);
	sim_threads(3);
	percid_trim(f, 0, 3);
	assert_int_equal(cpuslab_percid_sum(&handle, 0), PERCID_WIDE);
	percid_trim(f, 0, 3);
	sim_threads(2);
	percid_trim(f, 0, 2);
	percid_trim(f, CPUSLAB_TRIM_QUIESCENT, 0);
	assert_int_equal(cpuslab_percid_sum(&handle, 0), PERCID_WIDE);
	percid_wide(&handle);
	assert_int_equal(fixture_stats(f).in_use, PERCID_WIDE);
	assert_int_equal(cpuslab_percid_sum(&handle, 0), 2 * PERCID_WIDE);
	percid_free(f, &handle);
}

static void a_trim_keeps_as_many_ids_as_cpus(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percid handle = percid_alloc(f);
	uint32_t cpu;

	percid_wide(&handle);
	sim_threads(1000);
	percid_trim(f, 0, FIXTURE_AVAILABLE);
	fixture_unplug(f, 0);
	percid_trim(f, 0, FIXTURE_AVAILABLE - 1);
	/* A domain without CPUs, or that does not exist, limits nothing. */
	for (cpu = 1; cpu < FIXTURE_AVAILABLE; cpu++)
		fixture_unplug(f, cpu);
	percid_wide(&handle);
	percid_trim(f, 0, PERCID_WIDE);
	cpuslab_domain_destroy(f->domain);
	percid_trim(f, 0, PERCID_WIDE);
	percid_free(f, &handle);
	cpuslab_slab_destroy(f->slab);
	f->domain = NULL;
	f->slab = NULL;
}

static void without_a_number_of_threads_a_trim_keeps_none(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percid handle = percid_alloc(f);

	percid_wide(&handle);
	percid_trim(f, 0, 0);
	assert_int_equal(cpuslab_percid_sum(&handle, 0), PERCID_WIDE);
	percid_free(f, &handle);
}

/* Where all CPUs cannot be fenced at once, to fence each would not help. */
static void without_a_fence_of_all_ids_stay(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percid handle = percid_alloc(f);
	uint64_t fences;

	percid_wide(&handle);
	sim_fence_fail_all(true);
	fences = sim_fences();
	assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_RETAINED);
	assert_int_equal(sim_fences() - fences, 1);
	assert_int_equal(gate_set_all(f->slab, &handle.copies, percid_gated, 1),
			 -CPUSLAB_EAGAIN);
	assert_int_equal(sim_fences() - fences, 2);
	sim_fence_fail_all(false);
	assert_int_equal(fixture_stats(f).in_use, PERCID_WIDE);
	assert_string_equal(fixture_stats(f).deferred_by, "operations");
	assert_int_equal(fixture_stats(f).shared_ops, 0);
	percid_wide(&handle);
	assert_int_equal(fixture_stats(f).shared_ops, 0);
	assert_int_equal(cpuslab_percid_sum(&handle, 0), 2 * PERCID_WIDE);
	percid_free(f, &handle);
}

/* Each point of an add: a trim by another thread. */
static void percid_trim_other(void *arg)
{
	struct fixture *f = arg;

	assert_true(cpuslab_slab_trim(f->slab, 0) >= 0);
	sim_quiesce();
}

static void a_trim_at_each_point_of_an_add(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percid handle = percid_alloc(f);
	uint64_t k, done = 0;
	unsigned int left;

	for (k = 1, left = 0; !left; k++) {
		sim_cpu_set(1);
		sim_other_at(k, 2, percid_trim_other, f);
		assert_int_equal(cpuslab_percid_add(&handle, 0, 1), CPUSLAB_OK);
		left = sim_at_cancel();
		assert_int_equal(cpuslab_percid_sum(&handle, 0), ++done);
	}
	assert_int_equal(fixture_stats(f).release_deferred, 0);
	percid_free(f, &handle);
}

/* ---- tasks that take over each other's ids ------------------------------- */

#define STORM_TASKS 4u
#define STORM_ADDS 100u
#define STORM_SEEDS 20u

static void percid_task(void *arg)
{
	uint32_t i;

	for (i = 0; i < STORM_ADDS; i++)
		cpuslab_percid_add(arg, 0, 1);
}

static void ids_pass_from_task_to_task(void **state)
{
	struct fixture_config config = {
		.slab_flags = CPUSLAB_SLAB_PERCID,
		.available = FIXTURE_LIMIT,
	};
	struct sim_task tasks[STORM_TASKS];
	struct cpuslab_percid handle;
	struct fixture f;
	uint32_t i;

	(void)state;
	for (config.seed = 1; config.seed <= STORM_SEEDS; config.seed++) {
		fixture_begin(&f, &config);
		handle = percid_alloc(&f);
		for (i = 0; i < STORM_TASKS; i++)
			tasks[i] = (struct sim_task){ percid_task, &handle, i };
		sim_run(tasks, STORM_TASKS);
		assert_int_equal(cpuslab_percid_sum(&handle, 0),
				 STORM_TASKS * STORM_ADDS);
		percid_free(&f, &handle);
		fixture_end(&f);
	}
}

/* ---- structures -------------------------------------------------------- */

static void a_counter_and_a_stack(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percid_counter counter;
	struct cpuslab_percid_stack stack;
	struct cpuslab_node nodes[8], *node;
	uint32_t i, popped = 0;

	assert_int_equal(cpuslab_percid_counter_init(&counter, f->slab),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_percid_stack_init(&stack, f->slab),
			 CPUSLAB_OK);
	for (i = 0; i < 8; i++) {
		sim_cpu_set(i);
		assert_int_equal(cpuslab_percid_counter_add(&counter, i),
				 CPUSLAB_OK);
		assert_int_equal(cpuslab_percid_stack_push(&stack, &nodes[i]),
				 CPUSLAB_OK);
	}
	assert_int_equal(cpuslab_percid_counter_sum(&counter), 28);
	for (i = 0; i < 8; i++) {
		sim_cpu_set(i);
		popped += !cpuslab_percid_stack_pop(&stack, &node);
	}
	assert_int_equal(popped, 8);
	assert_int_equal(cpuslab_percid_stack_pop(&stack, &node),
			 CPUSLAB_EMPTY);
	assert_int_equal(cpuslab_percid_stack_push(&stack, &nodes[0]),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_percid_stack_push(&stack, &nodes[1]),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_percid_stack_pop_all(&stack, &node),
			 CPUSLAB_OK);
	assert_ptr_equal(node, &nodes[1]);
	assert_ptr_equal(node->next, &nodes[0]);
	assert_null(node->next->next);
	assert_int_equal(cpuslab_percid_stack_pop_all(&stack, &node),
			 CPUSLAB_EMPTY);
	assert_null(node);
	cpuslab_percid_stack_fini(&stack);
	cpuslab_percid_counter_fini(&counter);
	assert_int_equal(cpuslab_percid_stack_push(&stack, NULL),
			 -CPUSLAB_EINVAL);
}

static uint64_t percid_backing[4];
static uint32_t percid_backed;

static void *percid_backing_alloc(void *arg)
{
	(void)arg;
	return &percid_backing[percid_backed++ % 4];
}

static void percid_backing_free(void *arg, void *object)
{
	(void)arg;
	(void)object;
	percid_backed--;
}

static void a_cache(void **state)
{
	static const struct cpuslab_cache_config config = {
		.alloc = percid_backing_alloc,
		.free = percid_backing_free,
		.rounds = 4,
		.magazines = 4,
	};
	struct fixture *f = *state;
	struct cpuslab_percid_cache cache;
	void *object, *again;

	percid_backed = 0;
	assert_int_equal(cpuslab_percid_cache_init(&cache, f->slab, &config),
			 CPUSLAB_OK);
	object = cpuslab_percid_cache_alloc(&cache);
	assert_int_equal(percid_backed, 1);
	cpuslab_percid_cache_free(&cache, object);
	sim_cpu_set(7); /* the id is the same */
	again = cpuslab_percid_cache_alloc(&cache);
	assert_int_equal(percid_backed, 1);
	assert_ptr_equal(again, object);
	cpuslab_percid_cache_free(&cache, again);
	cpuslab_percid_cache_free(&cache, NULL);
	cpuslab_percid_cache_fini(&cache);
	assert_int_equal(percid_backed, 0);
}

/* Structures that have no operations by id work all the same. */
static void plain_structures(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_histogram histogram;
	struct cpuslab_counter counter;
	uint32_t cpu;

	assert_int_equal(cpuslab_counter_init(&counter, f->slab), CPUSLAB_OK);
	assert_int_equal(cpuslab_histogram_init(&histogram, f->slab, 2, 8),
			 CPUSLAB_OK);
	for (cpu = 0; cpu < 8; cpu++) {
		sim_cpu_set(cpu);
		assert_int_equal(cpuslab_counter_add(&counter, 1), CPUSLAB_OK);
		cpuslab_histogram_record(&histogram, cpu);
	}
	assert_int_equal(cpuslab_counter_sum(&counter), 8);
	assert_int_equal(fixture_stats(f).in_use, 1);
	cpuslab_histogram_fini(&histogram);
	cpuslab_counter_fini(&counter);
}

/* ---- without ids, and misuse ------------------------------------------- */

static void without_ids_it_is_by_cpu(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percid handle = percid_alloc(f);
	uint32_t cpu;

	assert_false(fixture_stats(f).by_cid);
	assert_int_equal(fixture_stats(f).in_use, FIXTURE_AVAILABLE);
	fixture_plug(f, 9);
	for (cpu = 8; cpu < 12; cpu++) {
		sim_cpu_set(cpu);
		percid_each(&handle);
	}
	assert_int_equal(fixture_stats(f).in_use, FIXTURE_AVAILABLE + 4);
	assert_int_equal(fixture_stats(f).unannounced, 3);
	assert_int_equal(cpuslab_percid_sum(&handle, 0), 20);
	percid_free(f, &handle);
}

/* Whatever the memory held, each handle is safe after a failed init. */
static void percid_refused(struct cpuslab_slab *slab, int err)
{
	struct cpuslab_percid_counter counter;
	struct cpuslab_percid_stack stack;
	struct cpuslab_node node, *popped = &node;
	struct cpuslab_percid handle;

	memset(&handle, 0x5a, sizeof(handle));
	memset(&counter, 0x5a, sizeof(counter));
	memset(&stack, 0x5a, sizeof(stack));
	assert_int_equal(cpuslab_percid_alloc(slab, &percid_type, &handle),
			 err);
	assert_int_equal(cpuslab_percid_add(&handle, 0, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_percid_sum(&handle, 0), 0);
	assert_int_equal(cpuslab_percid_counter_init(&counter, slab), err);
	assert_int_equal(cpuslab_percid_counter_add(&counter, 1),
			 -CPUSLAB_EINVAL);
	cpuslab_percid_counter_fini(&counter);
	assert_int_equal(cpuslab_percid_stack_init(&stack, slab), err);
	assert_int_equal(cpuslab_percid_stack_push(&stack, &node),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_percid_stack_pop(&stack, &popped),
			 -CPUSLAB_EINVAL);
	assert_null(popped);
	cpuslab_percid_stack_fini(&stack);
}

static void only_in_such_a_slab(void **state)
{
	struct fixture *f = *state;

	percid_refused(f->slab, -CPUSLAB_EINVAL);
	percid_refused(NULL, -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_percid_alloc(f->slab, &percid_type, NULL),
			 -CPUSLAB_EINVAL);
}

static void without_memory_handles_are_null(void **state)
{
	static const struct cpuslab_cache_config config = {
		.alloc = percid_backing_alloc,
		.free = percid_backing_free,
	};
	struct cpuslab_percid_cache cache;
	struct fixture *f = *state;

	memset(&cache, 0x5a, sizeof(cache));
	sim_fail_alloc_from(1);
	percid_refused(f->slab, -CPUSLAB_ENOMEM);
	assert_int_equal(cpuslab_percid_cache_init(&cache, f->slab, &config),
			 -CPUSLAB_ENOMEM);
	sim_fail_alloc_from(0);
	assert_null(cpuslab_percid_cache_alloc(&cache));
	cpuslab_percid_cache_fini(&cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_PERCID(an_id_gets_its_block_on_first_use),
		FIXTURE_PERCID(an_id_wanders),
		FIXTURE_PERCID(the_domain_has_no_meaning),
		FIXTURE_PERCID(each_operation_has_each_result),
		FIXTURE_PERCID(each_operation_is_preempted_once),
		FIXTURE_PERCID(a_thread_without_an_id_shares),
		FIXTURE_PERCID(a_trim_keeps_as_many_ids_as_threads),
		FIXTURE_PERCID(a_trim_keeps_as_many_ids_as_cpus),
		FIXTURE_PERCID(without_a_number_of_threads_a_trim_keeps_none),
		FIXTURE_PERCID(without_a_fence_of_all_ids_stay),
		FIXTURE_PERCID(a_trim_at_each_point_of_an_add),
		cmocka_unit_test(ids_pass_from_task_to_task),
		FIXTURE_PERCID(a_counter_and_a_stack),
		FIXTURE_PERCID(a_cache),
		FIXTURE_PERCID(plain_structures),
		FIXTURE_NO_CIDS(a_counter_and_a_stack),
		FIXTURE_NO_CIDS(without_ids_it_is_by_cpu),
		FIXTURE_RSEQ(only_in_such_a_slab),
		FIXTURE_PERCID(without_memory_handles_are_null),
	};

	return cmocka_run_group_tests_name("percid", tests, NULL, NULL);
}
