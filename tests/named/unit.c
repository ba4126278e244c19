/* SPDX-License-Identifier: MIT */
/*
 * The default slab, and the objects that get their copies in it on first use.
 */
#include "fixture/fixture.h"

#define NAMED_TRIES 256u /* adds until another try */

static struct fixture_config no_domain_atomic = {
	.mode = SIM_ATOMIC,
	.no_domain = true,
};

#define NAMED_BOTH(test)                                                       \
	{ #test " (rseq)", test, fixture_setup, fixture_teardown,              \
	  &fixture_no_domain },                                                \
	{                                                                      \
#test " (atomic)", test, fixture_setup, fixture_teardown,      \
			&no_domain_atomic                                      \
	}

static bool named_has_copies(const struct cpuslab_counter *counter)
{
	return !cpuslab_percpu_is_null(&counter->handle);
}

static void add_without_sleeping(struct cpuslab_counter *counter)
{
	sim_may_sleep_set(false);
	assert_int_equal(cpuslab_counter_add(counter, 1), CPUSLAB_OK);
	sim_may_sleep_set(true);
}

static void the_first_add_makes_the_copies(void **state)
{
	struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
	struct cpuslab_gauge level = CPUSLAB_GAUGE_INIT("level");
	struct cpuslab_slab *slab;
	uint64_t sums[2];
	uint32_t cpu;

	(void)state;
	for (cpu = 0; cpu < 70; cpu++) {
		sim_cpu_set(cpu);
		assert_int_equal(cpuslab_counter_add(&hits, cpu), CPUSLAB_OK);
		assert_int_equal(cpuslab_gauge_add(&level, 3), CPUSLAB_OK);
		assert_int_equal(cpuslab_gauge_sub(&level, 2), CPUSLAB_OK);
		assert_true(named_has_copies(&hits));
	}
	assert_int_equal(cpuslab_counter_sum(&hits), 69 * 70 / 2);
	assert_int_equal(cpuslab_gauge_sum(&level), 70);
	cpuslab_sum_many(&level.handle, 0, 2, sums);
	assert_int_equal(sums[0], 210);
	assert_int_equal(sums[1], 140);
	assert_true(fixture_word(&hits.handle, 3) == 3);
	slab = cpuslab_default();
	assert_ptr_equal(slab, cpuslab_default());
	assert_string_equal(cpuslab_domain_name(cpuslab_slab_domain(slab)),
			    "default");
	assert_int_equal(cpuslab_slab_check(slab), CPUSLAB_OK);
	assert_int_equal(cpuslab_counter_set(&hits, 5), CPUSLAB_OK);
	assert_int_equal(cpuslab_counter_sum(&hits), 5);
	cpuslab_default_destroy();
	assert_false(named_has_copies(&hits));
	assert_int_equal(sim_zallocs(), 0);
}

static void a_first_sum_makes_the_copies(void **state)
{
	struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");

	(void)state;
	assert_int_equal(cpuslab_counter_sum(&hits), 0);
	assert_true(named_has_copies(&hits));
	cpuslab_default_destroy();
}

static void only_adds_and_sums(void **state)
{
	struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
	const struct cpuslab_percpu *handle = &hits.handle;

	(void)state;
	assert_int_equal(cpuslab_add(handle, 8, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_add(handle, 4, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_cmpstore(handle, 0, 0, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_add_below(handle, 0, 9, 1), -CPUSLAB_EINVAL);
	assert_null(cpuslab_remote(handle, 0));
	assert_int_equal(sim_zallocs(), 0);
	assert_int_equal(cpuslab_add(handle, 0, 1), CPUSLAB_OK);
	assert_int_equal(cpuslab_sum(handle, 0), 1);
	cpuslab_default_destroy();
}

/* As of a program that was compiled with a later version. */
static void a_kind_that_is_not_known(void **state)
{
	struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
	uint64_t sums[1] = { 7 };

	(void)state;
	hits.handle.kind = CPUSLAB__OF_NAMED_GAUGE + 1;
	assert_int_equal(cpuslab_counter_add(&hits, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_counter_sum(&hits), 0);
	cpuslab_sum_many(&hits.handle, 0, 1, sums);
	assert_int_equal(sums[0], 0);
	cpuslab_counter_fini(&hits);
	assert_int_equal(sim_zallocs(), 0);
}

/* Nothing may be allocated: the count is early, and a later call moves on. */
static void first_use_where_nothing_may_sleep(void **state)
{
	struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
	struct cpuslab_counter more = CPUSLAB_COUNTER_INIT("more");
	unsigned int i;

	(void)state;
	for (i = 0; i < 2 * NAMED_TRIES; i++)
		add_without_sleeping(&hits);
	add_without_sleeping(&more);
	assert_int_equal(sim_zallocs(), 0);
	sim_may_sleep_set(false);
	assert_int_equal(cpuslab_counter_sum(&hits), 2 * NAMED_TRIES);
	sim_may_sleep_set(true);
	for (i = 0; i < NAMED_TRIES; i++)
		cpuslab_counter_add(&more, 0);
	assert_true(named_has_copies(&hits));
	assert_true(named_has_copies(&more));
	cpuslab_counter_add(&hits, 1);
	assert_int_equal(fixture_word(&hits.handle, 0), 1);
	assert_int_equal(cpuslab_counter_sum(&hits), 2 * NAMED_TRIES + 1);
	assert_int_equal(cpuslab_counter_sum(&more), 1);
	cpuslab_default_destroy();
}

/* Adds pause, but a sum does not. */
static void a_sum_does_not_pause(void **state)
{
	struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");

	(void)state;
	add_without_sleeping(&hits);
	cpuslab_counter_add(&hits, 1);
	assert_false(named_has_copies(&hits));
	assert_int_equal(cpuslab_counter_sum(&hits), 2);
	assert_true(named_has_copies(&hits));
	cpuslab_default_destroy();
}

/* A use that may makes those of others that could not. */
static void one_use_makes_all_that_wait(void **state)
{
	struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
	struct cpuslab_counter more = CPUSLAB_COUNTER_INIT("more");

	(void)state;
	add_without_sleeping(&hits);
	cpuslab_counter_add(&more, 1);
	assert_true(named_has_copies(&hits));
	cpuslab_default_destroy();
}

/* Each sum is a try. */
static void no_memory_is_logged_once(void **state)
{
	bool made = false, logged = false;
	unsigned int tries, lines;
	uint64_t k;

	(void)state;
	for (k = 1; !made; k++) {
		struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");

		sim_fail_alloc_from(k);
		for (tries = 0, lines = 0; tries < 3; tries++) {
			sim_log_clear();
			cpuslab_counter_sum(&hits);
			lines += sim_log_find("no memory for hits") != NULL;
		}
		assert_in_range(lines, 0, 1);
		logged |= lines;
		made = named_has_copies(&hits);
		sim_fail_alloc_from(0);
		cpuslab_counter_fini(&hits);
		cpuslab_default_destroy();
	}
	assert_true(logged);
}

/* A try costs something, so there are few. */
static void a_refused_object_is_tried_again(void **state)
{
	struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
	uint64_t allocs;
	unsigned int i;

	(void)state;
	sim_fail_alloc_from(1);
	allocs = sim_allocs();
	for (i = 0; i < 3 * NAMED_TRIES; i++)
		cpuslab_counter_add(&hits, 1);
	assert_int_equal(sim_allocs() - allocs, 3);
	assert_null(cpuslab_default());
	sim_fail_alloc_from(0);
	for (i = 0; i < NAMED_TRIES; i++)
		cpuslab_counter_add(&hits, 1);
	assert_true(named_has_copies(&hits));
	assert_int_equal(cpuslab_counter_sum(&hits), 4 * NAMED_TRIES);
	cpuslab_default_destroy();
}

static void each_allocation_fails_once(void **state)
{
	bool failed = true, logged = false;
	uint64_t k, allocs;

	(void)state;
	for (k = 1; failed; k++) {
		struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
		struct cpuslab_gauge level = CPUSLAB_GAUGE_INIT("level");

		allocs = sim_allocs();
		sim_fail_alloc_at(k);
		assert_int_equal(cpuslab_counter_add(&hits, 7), CPUSLAB_OK);
		assert_int_equal(cpuslab_gauge_sub(&level, 1), CPUSLAB_OK);
		failed = sim_allocs() - allocs >= k;
		sim_fail_alloc_at(0);
		assert_int_equal(cpuslab_counter_sum(&hits), 7);
		assert_non_null(cpuslab_default());
		assert_true(named_has_copies(&hits));
		assert_int_equal(cpuslab_counter_add(&hits, 1), CPUSLAB_OK);
		assert_int_equal(cpuslab_counter_sum(&hits), 8);
		assert_int_equal(cpuslab_gauge_sum(&level), -1);
		logged |= sim_log_find("default: no memory for hits") != NULL;
		cpuslab_default_destroy();
		assert_int_equal(cpuslab_counter_sum(&hits), 8);
		cpuslab_default_destroy();
		assert_int_equal(sim_zallocs(), 0);
	}
	assert_true(k > 10);
	assert_true(logged);
}

static void destroy_keeps_what_was_counted(void **state)
{
	struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
	struct cpuslab_gauge level = CPUSLAB_GAUGE_INIT("level");
	uint64_t i;

	(void)state;
	cpuslab_default_destroy();
	for (i = 1; i <= 3; i++) {
		sim_cpu_set((uint32_t)i);
		cpuslab_counter_add(&hits, 10);
		cpuslab_gauge_add(&level, 5);
		cpuslab_gauge_sub(&level, 3);
		assert_true(named_has_copies(&hits));
		cpuslab_default_destroy();
		assert_false(named_has_copies(&hits));
		assert_int_equal(sim_zallocs(), 0);
		sim_may_sleep_set(false);
		assert_int_equal(cpuslab_counter_sum(&hits), 10 * i);
		assert_int_equal(cpuslab_gauge_sum(&level), (int64_t)(2 * i));
		sim_may_sleep_set(true);
		cpuslab_counter_fini(&hits);
		cpuslab_gauge_fini(&level);
	}
}

/* In each state, alone and between others. */
static void fini_keeps_what_was_counted(void **state)
{
	struct cpuslab_counter hits[] = {
		CPUSLAB_COUNTER_INIT("first"),
		CPUSLAB_COUNTER_INIT("second"),
		CPUSLAB_COUNTER_INIT("third"),
	};
	unsigned int i, order;
	uint64_t total = 0;

	(void)state;
	cpuslab_counter_fini(&hits[1]);
	for (order = 0; order < 6; order++) {
		unsigned int last = order % 3, before = (order + 1) % 3;

		for (i = 0; i < 3; i++)
			add_without_sleeping(&hits[i]);
		if (order < 3)
			assert_non_null(cpuslab_default());
		cpuslab_counter_fini(&hits[before]);
		total++;
		assert_non_null(cpuslab_default());
		assert_false(named_has_copies(&hits[before]));
		for (i = 0; i < 3; i++)
			assert_int_equal(cpuslab_counter_sum(&hits[i]), total);
		cpuslab_counter_fini(&hits[last]);
		cpuslab_counter_fini(&hits[(order + 2) % 3]);
		cpuslab_counter_fini(&hits[before]);
		assert_int_equal(cpuslab_slab_check(cpuslab_default()),
				 CPUSLAB_OK);
	}
	cpuslab_default_destroy();
}

/* The next first use tries at once. */
static void fini_ends_the_pause(void **state)
{
	struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");

	(void)state;
	add_without_sleeping(&hits);
	cpuslab_counter_fini(&hits);
	cpuslab_counter_add(&hits, 1);
	assert_true(named_has_copies(&hits));
	assert_int_equal(cpuslab_counter_sum(&hits), 2);
	cpuslab_default_destroy();
}

/* ---- another thread or a signal at each point ---------------------------- */

static struct cpuslab_counter point_hits;
static uint64_t point_seen, point_made;

static void point_start(void)
{
	const struct cpuslab_counter fresh = CPUSLAB_COUNTER_INIT("points");

	point_hits = fresh;
	point_seen = 0;
	sim_cpu_set(0);
}

static void point_use(void *arg)
{
	uint64_t before = cpuslab_counter_sum(&point_hits), sum;

	(void)arg;
	assert_true(before >= point_seen);
	cpuslab_counter_add(&point_hits, 1);
	sum = cpuslab_counter_sum(&point_hits);
	assert_true(sum > before);
	point_seen = sum;
}

static void point_end(uint64_t uses)
{
	assert_int_equal(cpuslab_counter_sum(&point_hits), uses);
	assert_non_null(cpuslab_default());
	assert_int_equal(cpuslab_counter_sum(&point_hits), uses);
	cpuslab_default_destroy();
	assert_int_equal(cpuslab_counter_sum(&point_hits), uses);
	cpuslab_default_destroy();
	assert_int_equal(sim_zallocs(), 0);
}

static void another_thread_uses_it_at_each_point(void **state)
{
	unsigned int left;
	uint64_t k;

	(void)state;
	for (k = 1, left = 0; !left; k++) {
		point_start();
		sim_other_at(k, 1, point_use, NULL);
		cpuslab_counter_add(&point_hits, 1);
		assert_true(cpuslab_counter_sum(&point_hits) > 0);
		left = sim_at_cancel();
		point_end(left ? 1 : 2);
	}
	assert_true(k > 50);
}

/* The handler may not allocate, whatever it has interrupted. */
static void a_signal_uses_it_at_each_point(void **state)
{
	unsigned int left;
	uint64_t k;

	(void)state;
	for (k = 1, left = 0; !left; k++) {
		point_start();
		sim_signal_at(k, point_use, NULL);
		cpuslab_counter_add(&point_hits, 1);
		left = sim_at_cancel();
		point_end(left ? 1 : 2);
	}
	assert_true(k > 50);
}

static void point_add(void *arg)
{
	cpuslab_counter_add(arg, 1);
}

/* An operation does not create a slab that it would have to destroy. */
static void operations_create_one_slab(void **state)
{
	uint64_t k, allocs = 0, most = 0;
	unsigned int left = 0;

	(void)state;
	for (k = 0; !left; k++) {
		struct cpuslab_counter other = CPUSLAB_COUNTER_INIT("other");

		point_start();
		if (k)
			sim_other_at(k, 1, point_add, &other);
		allocs = sim_allocs();
		cpuslab_counter_add(&point_hits, 1);
		allocs = sim_allocs() - allocs;
		left = sim_at_cancel();
		if (!k)
			most = allocs + 2;
		assert_in_range(allocs, 1, most);
		assert_int_equal(cpuslab_counter_sum(&other), k && !left);
		point_end(1);
	}
}

/*
 * A child of a process in which another thread creates the slab: it creates one
 * of its own.
 */
static void point_child(void *arg)
{
	struct cpuslab_counter *child = arg;

	if (fixture_may_fork())
		sim_fork();
	cpuslab_counter_add(child, 1);
	point_made += named_has_copies(child);
}

static void a_child_does_not_wait_for_its_parent(void **state)
{
	unsigned int left = 0;
	uint64_t k;

	(void)state;
	point_made = 0;
	for (k = 1; !left; k++) {
		struct cpuslab_counter child = CPUSLAB_COUNTER_INIT("child");

		point_start();
		sim_other_at(k, 1, point_child, &child);
		cpuslab_counter_add(&point_hits, 1);
		left = sim_at_cancel();
		assert_int_equal(cpuslab_counter_sum(&child), !left);
		/* Not while it holds the slab's mutex, which a fork awaits. */
		assert_true(point_made == k || k > 8);
		point_end(1);
	}
}

/* ---- callbacks of the slab ----------------------------------------------- */

static struct cpuslab_counter in_callback;
static bool in_callback_ended;

static void fini_in_callback(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	(void)arg;
	if (in_callback_ended)
		return;
	in_callback_ended = true;
	cpuslab_counter_fini(&in_callback);
	assert_int_equal(in_callback.early, 3);
	/* Nothing knows it any more. */
	memset(&in_callback, 0xff, sizeof(in_callback));
}

static void a_fini_in_a_callback_ends_its_use(void **state)
{
	const struct cpuslab_counter unused = CPUSLAB_COUNTER_INIT("unused");
	const struct cpuslab_type type = {
		.name = "callback",
		.size = 8,
		.dtor = fini_in_callback,
	};
	struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
	struct cpuslab_percpu handle;

	(void)state;
	in_callback = unused;
	in_callback_ended = false;
	cpuslab_counter_add(&hits, 1);
	cpuslab_counter_add(&in_callback, 3);
	assert_int_equal(cpuslab_alloc(cpuslab_default(), &type, &handle), 0);
	assert_int_equal(cpuslab_free(cpuslab_default(), &handle), 0);
	assert_true(in_callback_ended);
	assert_int_equal(cpuslab_counter_sum(&hits), 1);
	cpuslab_default_destroy();
	assert_int_equal(hits.early, 1);
}

/* ---- storms -------------------------------------------------------------- */

enum {
	STORM_TASKS = 4,
	STORM_USES = 12,
	STORM_SEEDS = 150,
};

static struct cpuslab_counter storm_hits;
static struct cpuslab_gauge storm_level;

static void storm_task(void *arg)
{
	uint64_t last = 0, sum;
	int i;

	for (i = 0; i < STORM_USES; i++) {
		cpuslab_counter_add(&storm_hits, 1);
		cpuslab_gauge_add(&storm_level, 2);
		cpuslab_gauge_sub(&storm_level, 2);
		sum = cpuslab_counter_sum(&storm_hits);
		assert_true(sum > last);
		assert_true(cpuslab_gauge_sum(&storm_level) >= 0);
		last = sum;
		if (arg && i == STORM_USES / 2)
			assert_non_null(cpuslab_default());
	}
}

static void storm_signal(void *arg)
{
	(void)arg;
	cpuslab_gauge_add(&storm_level, 1);
	cpuslab_gauge_sub(&storm_level, 1);
}

/* Some begin with an operation, others with the slab. */
static void storm(uint64_t seed, enum sim_mode mode)
{
	const struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");
	const struct cpuslab_gauge level = CPUSLAB_GAUGE_INIT("level");
	const struct sim_config config = {
		.available = STORM_TASKS,
		.seed = seed,
		.mode = mode,
		.quiet = true,
	};
	struct sim_task tasks[STORM_TASKS] = { 0 };
	uint32_t i;

	assert_int_equal(sim_init(&config), CPUSLAB_OK);
	storm_hits = hits;
	storm_level = level;
	for (i = 0; i < STORM_TASKS; i++) {
		tasks[i].run = storm_task;
		tasks[i].arg = i % 2 ? tasks : NULL;
		tasks[i].cpu = i;
	}
	sim_signal_set(storm_signal, NULL);
	sim_run(tasks, STORM_TASKS);
	assert_int_equal(cpuslab_counter_sum(&storm_hits),
			 STORM_TASKS * STORM_USES);
	assert_int_equal(cpuslab_gauge_sum(&storm_level), 0);
	cpuslab_default_destroy();
	assert_int_equal(sim_fini(), 0);
}

static void threads_begin_at_once(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= STORM_SEEDS; seed++)
		storm(seed, seed % 3 ? SIM_RSEQ : SIM_ATOMIC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED_BOTH(the_first_add_makes_the_copies),
		NAMED_BOTH(a_first_sum_makes_the_copies),
		NAMED_BOTH(only_adds_and_sums),
		NAMED_BOTH(a_kind_that_is_not_known),
		NAMED_BOTH(first_use_where_nothing_may_sleep),
		NAMED_BOTH(a_sum_does_not_pause),
		NAMED_BOTH(one_use_makes_all_that_wait),
		NAMED_BOTH(no_memory_is_logged_once),
		NAMED_BOTH(a_refused_object_is_tried_again),
		NAMED_BOTH(each_allocation_fails_once),
		NAMED_BOTH(destroy_keeps_what_was_counted),
		NAMED_BOTH(fini_keeps_what_was_counted),
		NAMED_BOTH(fini_ends_the_pause),
		NAMED_BOTH(another_thread_uses_it_at_each_point),
		NAMED_BOTH(a_signal_uses_it_at_each_point),
		NAMED_BOTH(operations_create_one_slab),
		NAMED_BOTH(a_child_does_not_wait_for_its_parent),
		NAMED_BOTH(a_fini_in_a_callback_ends_its_use),
		cmocka_unit_test(threads_begin_at_once),
	};

	return cmocka_run_group_tests_name("named", tests, NULL, NULL);
}
