/* SPDX-License-Identifier: MIT */
/*
 * Named objects while another thread of a child has the list of those that
 * wait, or the caller of a callback the mutex of the default slab.
 */
#include "fixture/fixture.h"

static struct cpuslab_counter hits, other;

static bool child_has_copies(const struct cpuslab_counter *counter)
{
	return !cpuslab_percpu_is_null(&counter->handle);
}

/* Two objects wait in the parent, where nothing may sleep. */
static void child_begin(void)
{
	hits = (struct cpuslab_counter)CPUSLAB_COUNTER_INIT("hits");
	other = (struct cpuslab_counter)CPUSLAB_COUNTER_INIT("other");
	sim_may_sleep_set(false);
	cpuslab_counter_add(&other, 1);
	cpuslab_counter_add(&hits, 1); /* the first in the list */
	sim_may_sleep_set(true);
	sim_fork();
}

static void child_end(void)
{
	assert_int_equal(cpuslab_counter_sum(&hits), 1);
	assert_int_equal(cpuslab_counter_sum(&other), 1);
	assert_true(child_has_copies(&hits) && child_has_copies(&other));
	cpuslab_default_destroy();
	assert_int_equal(hits.early, 1);
	assert_int_equal(other.early, 1);
	cpuslab_counter_fini(&hits);
	cpuslab_counter_fini(&other);
}

static void child_sum(void *arg)
{
	(void)arg;
	assert_int_equal(cpuslab_counter_sum(&other), 1);
}

/* The first thread that uses the list takes it over; no other touches it. */
static void a_list_is_taken_over_once(void **state)
{
	unsigned int left;
	uint64_t k;

	(void)state;
	for (k = 1, left = 0; !left; k++) {
		child_begin();
		sim_other_at(k, 1, child_sum, NULL);
		/* Unlike an add it does not pause after one in vain. */
		assert_int_equal(cpuslab_counter_sum(&hits), 1);
		left = sim_at_cancel();
		child_end();
	}
	assert_true(k > 4);
}

/* ---- in a callback ------------------------------------------------------- */

static struct cpuslab_slab *callback_slab;
static int callbacks;

static int callback_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	(void)arg;
	callbacks++;
	assert_int_equal(cpuslab_counter_add(&hits, 1), CPUSLAB_OK);
	assert_ptr_equal(cpuslab_default(), callback_slab);
	assert_false(child_has_copies(&hits));
	return CPUSLAB_OK;
}

/* The caller has the mutex: what is used first waits for a later call. */
static void first_use_in_a_callback(void **state)
{
	static const struct cpuslab_type type = {
		.name = "uses",
		.size = 8,
		.ctor = callback_ctor,
		.flags = CPUSLAB_TYPE_DISCARD,
	};
	struct cpuslab_percpu handle;

	(void)state;
	hits = (struct cpuslab_counter)CPUSLAB_COUNTER_INIT("hits");
	callback_slab = cpuslab_default();
	callbacks = 0;
	/* A word that a counter has not. */
	assert_int_equal(cpuslab_sum(&hits.handle, 8), 0);
	cpuslab_counter_fini(&hits);
	assert_int_equal(cpuslab_alloc(callback_slab, &type, &handle),
			 CPUSLAB_OK);
	assert_true(callbacks > 0);
	assert_int_equal(cpuslab_counter_sum(&hits), callbacks);
	assert_true(child_has_copies(&hits));
	assert_int_equal(cpuslab_free(callback_slab, &handle), CPUSLAB_OK);
	cpuslab_default_destroy();
	assert_int_equal(hits.early, callbacks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_NO_DOMAIN(a_list_is_taken_over_once),
		FIXTURE_NO_DOMAIN(first_use_in_a_callback),
	};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
