/* SPDX-License-Identifier: MIT */
/*
 * Constructors, destructors and images: which copies get one, and when.
 */
#include "fixture/fixture.h"

#define TYPE_MAGIC 0x1234567890abcdefu

/* What happened to objects of one type, and where one is constructed now. */
struct type_life {
	int ctors;
	int dtors;
	int fail_at; /* the ctor call with this number */
	int error;
	bool on[FIXTURE_LIMIT + 1];
};

static struct type_life life;

static uint32_t type_index(uint32_t cpu)
{
	return cpu == CPUSLAB_SHARED ? FIXTURE_LIMIT : cpu;
}

static int type_ctor(void *object, uint32_t cpu, void *arg)
{
	struct type_life *l = arg;
	uint64_t *words = object;

	assert_false(l->on[type_index(cpu)]);
	assert_int_equal(words[0], 0);
	l->ctors++;
	words[1] = TYPE_MAGIC;
	if (l->ctors == l->fail_at)
		return l->error;
	l->on[type_index(cpu)] = true;
	return CPUSLAB_OK;
}

static void type_dtor(void *object, uint32_t cpu, void *arg)
{
	struct type_life *l = arg;
	uint64_t *words = object;

	assert_true(l->on[type_index(cpu)]);
	assert_true(words[1] == TYPE_MAGIC);
	l->on[type_index(cpu)] = false;
	l->dtors++;
}

static const struct cpuslab_type type_made = {
	.name = "made",
	.size = 24,
	.arg = &life,
	.ctor = type_ctor,
	.dtor = type_dtor,
	.counters = 1,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static const struct cpuslab_type type_made_safely = {
	.name = "made safely",
	.size = 24,
	.arg = &life,
	.ctor = type_ctor,
	.dtor = type_dtor,
	.counters = 1,
	.flags = CPUSLAB_TYPE_DISCARD | CPUSLAB_TYPE_SIGNAL_SAFE,
};

static const uint64_t type_image_words[3] = { 0, TYPE_MAGIC, 42 };

static const struct cpuslab_type type_image = {
	.name = "image",
	.size = 24,
	.image = type_image_words,
	.counters = 1,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static int type_setup(void **state)
{
	memset(&life, 0, sizeof(life));
	life.error = -CPUSLAB_EACCES;
	return fixture_setup(state);
}

/* Every constructed copy was destructed in the end. */
static int type_teardown(void **state)
{
	int result = fixture_teardown(state);

	assert_int_equal(life.ctors - (life.fail_at ? 1 : 0), life.dtors);
	return result;
}

static int type_constructed(void)
{
	uint32_t i;
	int count = 0;

	for (i = 0; i <= FIXTURE_LIMIT; i++)
		count += life.on[i];
	return count;
}

static void all_copies_are_constructed(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type_made);

	assert_int_equal(life.ctors, 5);
	assert_true(life.on[FIXTURE_LIMIT]);
	assert_int_equal(fixture_word(&handle, 0), 0);
	fixture_free(f, &handle);
	assert_int_equal(life.dtors, 5);
	assert_int_equal(type_constructed(), 0);
}

static void a_later_copy_is_constructed(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type_made);

	assert_int_equal(cpuslab_domain_add_start(f->domain, 33), CPUSLAB_OK);
	assert_true(life.on[33]);
	assert_false(fixture_has(&handle, 33));
	assert_int_equal(cpuslab_domain_add_complete(f->domain, 33),
			 CPUSLAB_OK);
	assert_int_equal(life.ctors, 6);
	assert_true(fixture_has(&handle, 33));
	fixture_remove(f, 33);
	sim_quiesce();
	assert_false(life.on[33]);
	fixture_free(f, &handle);
}

static void a_copy_of_a_failed_start_is_destructed(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type_made);

	assert_int_equal(cpuslab_domain_add_start(f->domain, 33), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 33), CPUSLAB_OK);
	assert_false(life.on[33]);
	assert_int_equal(sim_rcu_pending() ? sim_quiesce() : 0, 0);
	fixture_free(f, &handle);
}

/* Whichever constructor fails, those before it are undone, exactly. */
static void each_constructor_of_an_alloc_fails(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = { 0 };
	int k;

	for (k = 1; k <= 5; k++) {
		memset(&life, 0, sizeof(life));
		life.fail_at = k;
		life.error = -CPUSLAB_EACCES;
		assert_int_equal(cpuslab_alloc(f->slab, &type_made, &handle),
				 -CPUSLAB_EACCES);
		assert_true(cpuslab_percpu_is_null(&handle));
		assert_int_equal(life.ctors, k);
		assert_int_equal(life.dtors, k - 1);
		assert_int_equal(type_constructed(), 0);
		assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
	}
	assert_int_equal(fixture_stats(f).objects, 0);
}

static void a_positive_error_becomes_negative(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = { 0 };

	life.fail_at = 2;
	life.error = 3;
	assert_int_equal(cpuslab_alloc(f->slab, &type_made, &handle),
			 -CPUSLAB_EINVAL);
	assert_true(cpuslab_percpu_is_null(&handle));
}

/* The next object does not see what a failed constructor wrote. */
static void a_failed_alloc_leaves_no_trace(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = { 0 };

	life.fail_at = 3;
	assert_int_equal(cpuslab_alloc(f->slab, &type_made, &handle),
			 -CPUSLAB_EACCES);
	handle = fixture_alloc(f, &fixture_blob);
	cpuslab_read_enter();
	assert_int_equal(((const uint64_t *)cpuslab_remote(&handle, 1))[1], 0);
	cpuslab_read_exit();
	fixture_free(f, &handle);
}

/* Two objects; the second one's constructor refuses the new CPU. */
static void a_constructor_refuses_a_new_cpu(void **state)
{
	static struct type_life other;
	struct cpuslab_type second = type_made;
	struct fixture *f = *state;
	struct cpuslab_percpu a, b;
	uint64_t committed;

	memset(&other, 0, sizeof(other));
	second.arg = &other;
	a = fixture_alloc(f, &type_made);
	b = fixture_alloc(f, &second);
	committed = sim_block_bytes();
	other.fail_at = other.ctors + 1;
	other.error = -CPUSLAB_EACCES;
	assert_int_equal(cpuslab_domain_add_start(f->domain, 33),
			 -CPUSLAB_EACCES);
	assert_false(life.on[33]);
	assert_false(other.on[33]);
	assert_int_equal(sim_block_bytes(), committed);
	assert_int_equal(fixture_stats(f).refusals, 1);
	fixture_add(f, 33);
	assert_true(life.on[33] && other.on[33]);
	fixture_free(f, &a);
	fixture_free(f, &b);
	assert_int_equal(other.ctors - 1, other.dtors);
}

static void an_image_is_on_every_path(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type_image);
	static const uint32_t cpus[] = { 0, 3, CPUSLAB_SHARED, 20, 40, 41 };
	int i;

	fixture_add(f, 20);            /* notified */
	fixture_count(&handle, 40, 0); /* on demand */
	assert_int_equal(cpuslab_domain_add_start(f->domain, 41), CPUSLAB_OK);
	fixture_count(&handle, 41, 0); /* before its completion */
	for (i = 0; i < 6; i++) {
		const uint64_t *words;

		cpuslab_read_enter();
		words = cpuslab_remote(&handle, cpus[i]);
		assert_non_null(words);
		assert_memory_equal(words, type_image_words, 24);
		cpuslab_read_exit();
	}
	fixture_free(f, &handle);
}

static void an_image_is_there_after_reuse_and_return(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type_image);

	fixture_free(f, &handle);
	handle = fixture_alloc(f, &type_image);
	fixture_add(f, 20);
	fixture_remove(f, 20);
	sim_quiesce();
	fixture_add(f, 20);
	cpuslab_read_enter();
	assert_memory_equal(cpuslab_remote(&handle, 20), type_image_words, 24);
	cpuslab_read_exit();
	fixture_free(f, &handle);
}

/* A constructor that is not signal-safe never runs inside an operation. */
static void unsafe_constructors_wait_for_a_call(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type_made);
	struct cpuslab_percpu next;

	fixture_count(&handle, 33, 5);
	assert_false(life.on[33]);
	assert_int_equal(fixture_word(&handle, CPUSLAB_SHARED), 5);
	fixture_count(&handle, 33, 5);
	next = fixture_alloc(f, &fixture_blob);
	assert_true(life.on[33]);
	fixture_count(&handle, 33, 1);
	assert_int_equal(fixture_word(&handle, 33), 1);
	assert_int_equal(cpuslab_sum(&handle, 0), 11);
	assert_int_equal(fixture_stats(f).unannounced, 1);
	fixture_free(f, &handle);
	fixture_free(f, &next);
}

static void signal_safe_constructors_run_on_demand(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type_made_safely);

	fixture_count(&handle, 33, 5);
	assert_true(life.on[33]);
	assert_int_equal(fixture_word(&handle, 33), 5);
	assert_int_equal(fixture_stats(f).on_demand, 1);
	fixture_free(f, &handle);
}

static void a_constructor_that_fails_on_demand(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type_made_safely);

	life.fail_at = 6;
	fixture_count(&handle, 33, 5);
	assert_false(life.on[33]);
	assert_int_equal(fixture_word(&handle, CPUSLAB_SHARED), 5);
	sim_clock_advance(10 * 1000 * 1000);
	fixture_count(&handle, 33, 5);
	assert_true(life.on[33]);
	assert_int_equal(cpuslab_sum(&handle, 0), 10);
	fixture_free(f, &handle);
}

/*
 * A CPU with a pending admission is also admitted by free, trim and domain
 * calls.
 */
static void each_call_admits_a_pending_cpu(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type_made);
	struct cpuslab_percpu blob = fixture_alloc(f, &fixture_blob);

	fixture_count(&handle, 30, 1);
	fixture_free(f, &blob);
	assert_true(life.on[30]);
	fixture_count(&handle, 31, 1);
	fixture_add(f, 20);
	assert_true(life.on[31]);
	fixture_count(&handle, 32, 1);
	fixture_remove(f, 20);
	assert_true(life.on[32]);
	fixture_count(&handle, 33, 1);
	assert_int_equal(cpuslab_free(f->slab, &blob), -CPUSLAB_ESTALE);
	assert_true(life.on[33]);
	assert_int_equal(cpuslab_sum(&handle, 0), 4);
	fixture_free(f, &handle);
}

static void leaked_objects_are_destructed(void **state)
{
	struct fixture *f = *state;

	fixture_alloc(f, &type_made);
	fixture_alloc(f, &fixture_blob);
	fixture_add(f, 33);
	assert_int_equal(life.ctors, 6);
}

static void free_rcu_destructs_later(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type_made);

	cpuslab_read_enter();
	assert_int_equal(cpuslab_free_rcu(f->slab, &handle), CPUSLAB_OK);
	/* A CPU that is added in between also has a copy, and destructs it. */
	fixture_add(f, 33);
	assert_true(life.on[33]);
	sim_quiesce();
	assert_int_equal(life.dtors, 0);
	cpuslab_read_exit();
	sim_quiesce();
	assert_int_equal(type_constructed(), 0);
}

#define TYPE_TEST(test)                                                        \
	{                                                                      \
#test, test, type_setup, type_teardown, &fixture_rseq          \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TYPE_TEST(all_copies_are_constructed),
		TYPE_TEST(a_later_copy_is_constructed),
		TYPE_TEST(a_copy_of_a_failed_start_is_destructed),
		{ "each_constructor_of_an_alloc_fails",
		  each_constructor_of_an_alloc_fails, type_setup,
		  fixture_teardown, &fixture_rseq },
		TYPE_TEST(a_positive_error_becomes_negative),
		TYPE_TEST(a_failed_alloc_leaves_no_trace),
		TYPE_TEST(a_constructor_refuses_a_new_cpu),
		TYPE_TEST(an_image_is_on_every_path),
		TYPE_TEST(an_image_is_there_after_reuse_and_return),
		TYPE_TEST(unsafe_constructors_wait_for_a_call),
		TYPE_TEST(signal_safe_constructors_run_on_demand),
		TYPE_TEST(a_constructor_that_fails_on_demand),
		TYPE_TEST(each_call_admits_a_pending_cpu),
		TYPE_TEST(leaked_objects_are_destructed),
		TYPE_TEST(free_rcu_destructs_later),
	};

	return cmocka_run_group_tests_name("type", tests, NULL, NULL);
}
