/* SPDX-License-Identifier: MIT */
/*
 * Where the caller may not sleep, sim panics if a mutex is taken or memory is
 * allocated: an operation uses its CPU's block or the shared block.
 */
#include "everything/everything.h"

static struct everything w;

static void no_admission_where_nothing_may_sleep(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t allocs = sim_allocs();

	sim_may_sleep_set(false);
	fixture_count(&handle, 40, 1);
	fixture_count(&handle, CPUSLAB_NO_CPU, 2);
	fixture_count(&handle, 1, 4); /* has a block */
	assert_int_equal(cpuslab_sum(&handle, 0), 7);
	sim_may_sleep_set(true);
	assert_int_equal(sim_allocs(), allocs);
	assert_false(fixture_has(&handle, 40));
	assert_int_equal(fixture_word(&handle, CPUSLAB_SHARED), 3);
	assert_int_equal(fixture_word(&handle, 1), 4);
	assert_int_equal(fixture_stats(f).shared_ops, 2);
	assert_int_equal(fixture_stats(f).refusals, 0);
	/* Admitted as soon as a caller may sleep. */
	fixture_count(&handle, 40, 8);
	assert_int_equal(fixture_word(&handle, 40), 8);
	assert_int_equal(fixture_stats(f).on_demand, 1);
	assert_int_equal(cpuslab_sum(&handle, 0), 15);
	fixture_free(f, &handle);
}

/* The start has prepared the CPU, but publishing also takes the mutex. */
static void no_publication_where_nothing_may_sleep(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);

	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	sim_may_sleep_set(false);
	fixture_count(&handle, 9, 1);
	sim_may_sleep_set(true);
	assert_false(fixture_has(&handle, 9));
	assert_int_equal(cpuslab_domain_add_complete(f->domain, 9), CPUSLAB_OK);
	sim_may_sleep_set(false);
	fixture_count(&handle, 9, 2);
	sim_may_sleep_set(true);
	assert_int_equal(fixture_word(&handle, 9), 2);
	assert_int_equal(cpuslab_sum(&handle, 0), 3);
	fixture_free(f, &handle);
}

static void waiting_all(void *arg)
{
	sim_may_sleep_set(false);
	everything_all(arg);
	sim_may_sleep_set(true);
}

static void each_operation(void *arg)
{
	static const uint32_t cpus[] = { 0, 3, 5, 40, 64, CPUSLAB_NO_CPU };
	size_t i;

	for (i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++) {
		sim_cpu_set(cpus[i]);
		waiting_all(arg);
	}
}

static void
waiting_without_and_with_a_block(const struct fixture_config *config)
{
	everything_begin(&w, config);
	each_operation(&w);
	assert_false(fixture_has(&w.counter.handle, 40));
	everything_verify(&w);
	sim_cpu_set(40);
	everything_all(&w);
	assert_true(fixture_has(&w.counter.handle, 40));
	each_operation(&w);
	everything_verify(&w);
	everything_end(&w);
}

static void nothing_is_lost(void **state)
{
	(void)state;
	waiting_without_and_with_a_block(&fixture_rseq);
	waiting_without_and_with_a_block(&fixture_atomic);
}

/* As an interrupt on top of a thread that changes something, at each point. */
static void waiting_change(struct fixture *f)
{
	fixture_plug(f, 9);
	fixture_unplug(f, 9);
	sim_quiesce();
}

static void on_top_of_every_change(void **state)
{
	static const struct fixture_config *const configs[] = {
		&fixture_rseq, &fixture_atomic, &fixture_early
	};
	unsigned int left, i;
	uint64_t k;

	(void)state;
	for (i = 0; i < 3; i++)
		for (k = 1, left = 0; !left; k++) {
			everything_begin(&w, configs[i]);
			sim_cpu_set(9);
			sim_signal_at(k, waiting_all, &w);
			waiting_change(&w.f);
			left = sim_at_cancel();
			everything_verify(&w);
			everything_end(&w);
		}
}

static void waiting_lock(void *arg)
{
	struct fixture *f = arg;

	sim_may_sleep_set(false);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
}

static void sim_would_say_so(void **state)
{
	static struct fixture f;
	const char *text;

	(void)state;
	assert_int_equal(cpuslab_domain_create(&f.domain, NULL), CPUSLAB_OK);
	text = sim_panic_catch(waiting_lock, &f);
	assert_non_null(text);
	assert_non_null(strstr(text, "may not sleep"));
	assert_true(sim_fini() > 0);
	assert_int_equal(sim_init(NULL), CPUSLAB_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_BOTH(no_admission_where_nothing_may_sleep),
		FIXTURE_BOTH(no_publication_where_nothing_may_sleep),
		cmocka_unit_test(nothing_is_lost),
		cmocka_unit_test(on_top_of_every_change),
		FIXTURE_NO_DOMAIN(sim_would_say_so),
	};

	return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
