/* SPDX-License-Identifier: MIT */
/*
 * Calls from constructors, destructors and drains, which run with the slab's
 * mutex held: each is answered, and none waits for the caller.
 */
#include "fixture/fixture.h"

static struct fixture *inside;
static int calls; /* of callbacks */

static void callbacks_ask_slab(struct cpuslab_slab *slab)
{
	struct cpuslab_percpu handle = { 0 };
	struct cpuslab_stats stats;

	cpuslab_stats_get(slab, &stats);
	assert_string_equal(stats.name, "tested");
	assert_string_equal(stats.domain, "tested");
	assert_int_equal(stats.limit, FIXTURE_LIMIT);
	assert_int_equal(cpuslab_slab_check(slab), -CPUSLAB_EBUSY);
	assert_int_equal(cpuslab_alloc(slab, &fixture_counter, &handle),
			 -CPUSLAB_EBUSY);
	assert_int_equal(cpuslab_slab_trim(slab, 0), -CPUSLAB_EBUSY);
}

static void callbacks_ask_domain(struct cpuslab_domain *domain)
{
	static int (*const by_cpu[])(struct cpuslab_domain *, uint32_t) = {
		cpuslab_domain_add_start,
		cpuslab_domain_add_complete,
		cpuslab_domain_add_failure,
		cpuslab_domain_remove,
	};
	struct cpuslab_client client = { 0 };
	static const struct cpuslab_client_ops none;
	struct cpuslab_slab *other;
	struct cpuslab_mailbox mailbox;
	size_t i;

	for (i = 0; i < sizeof(by_cpu) / sizeof(by_cpu[0]); i++)
		assert_int_equal(by_cpu[i](domain, 2), -CPUSLAB_EBUSY);
	assert_int_equal(cpuslab_domain_resync(domain), -CPUSLAB_EBUSY);
	assert_int_equal(cpuslab_domain_trim(domain, 0), -CPUSLAB_EBUSY);
	assert_int_equal(cpuslab_domain_check(domain), -CPUSLAB_EBUSY);
	assert_int_equal(cpuslab_domain_close(domain), -CPUSLAB_EBUSY);
	assert_int_equal(cpuslab_slab_create(&other, domain, NULL),
			 -CPUSLAB_EBUSY);
	assert_null(other);
	assert_int_equal(cpuslab_mailbox_init(&mailbox, domain, 4),
			 -CPUSLAB_EBUSY);
	client.ops = &none;
	client.name = "inside";
	assert_int_equal(cpuslab_client_init(&client, domain), -CPUSLAB_EBUSY);
}

static void callbacks_ask(void)
{
	calls++;
	callbacks_ask_slab(inside->slab);
	callbacks_ask_domain(inside->domain);
}

static int callbacks_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	(void)arg;
	callbacks_ask();
	return CPUSLAB_OK;
}

static void callbacks_dtor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	(void)arg;
	callbacks_ask();
}

static int callbacks_drain(void *object, void *shared, uint32_t cpu, void *arg)
{
	(void)object;
	(void)shared;
	(void)cpu;
	(void)arg;
	callbacks_ask();
	return CPUSLAB_OK;
}

static const struct cpuslab_type callbacks_type = {
	.name = "asks",
	.size = 16,
	.ctor = callbacks_ctor,
	.dtor = callbacks_dtor,
	.drain = callbacks_drain,
	.flags = CPUSLAB_TYPE_SIGNAL_SAFE,
};

/* In alloc, an operation, a domain call, a grace period, and free. */
static void each_call_is_answered(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle, second;
	int before;

	inside = f;
	calls = 0;
	handle = fixture_alloc(f, &callbacks_type);
	second = fixture_alloc(f, &callbacks_type);
	assert_int_equal(calls, 2 * (FIXTURE_AVAILABLE + 1));
	before = calls;
	fixture_count(&handle, 40, 1);
	assert_int_equal(calls, before + 2);
	fixture_add(f, 20);
	assert_int_equal(calls, before + 4);
	before = calls;
	fixture_remove(f, 20);
	sim_quiesce();
	/* Atomic mode drains nothing here. */
	assert_in_range(calls, before, before + 4);
	before = calls;
	assert_int_equal(cpuslab_free_rcu(f->slab, &handle), CPUSLAB_OK);
	sim_quiesce();
	assert_true(calls > before);
	before = calls;
	fixture_free(f, &second);
	assert_true(calls > before);
	assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
}

/* Which client refused is known in every callback but one of another call. */
static int callbacks_refused_ctor(void *object, uint32_t cpu, void *arg)
{
	struct cpuslab_refusal refusal;

	(void)object;
	(void)cpu;
	assert_int_equal(cpuslab_domain_refused(inside->domain, &refusal),
			 *(int *)arg);
	return CPUSLAB_OK;
}

static void the_last_refusal_is_known_in_a_domain_call(void **state)
{
	struct fixture *f = *state;
	int expected = -CPUSLAB_EBUSY;
	const struct cpuslab_type type = {
		.name = "reads the refusal",
		.size = 8,
		.arg = &expected,
		.ctor = callbacks_refused_ctor,
	};
	struct cpuslab_percpu handle;

	inside = f;
	assert_int_equal(cpuslab_alloc(f->slab, &type, &handle), CPUSLAB_OK);
	expected = CPUSLAB_EMPTY;
	fixture_add(f, 20);
	fixture_free(f, &handle);
}

/* ---- a domain call of another thread, which waits for the slab ----------- */

#define CALLBACKS_ROUNDS 30

static void callbacks_alloc(void *arg)
{
	struct fixture *f = arg;
	int i;

	for (i = 0; i < CALLBACKS_ROUNDS; i++) {
		struct cpuslab_percpu handle =
			fixture_alloc(f, &callbacks_type);

		fixture_free(f, &handle);
	}
}

static void callbacks_plug(void *arg)
{
	struct fixture *f = arg;
	int i;

	for (i = 0; i < CALLBACKS_ROUNDS; i++) {
		fixture_add(f, 20);
		fixture_remove(f, 20);
	}
}

static void no_two_threads_wait_for_each_other(void **state)
{
	struct fixture *f = *state;
	const struct sim_task tasks[] = {
		{ callbacks_alloc, f, 0 },
		{ callbacks_plug, f, 1 },
	};

	inside = f;
	sim_run(tasks, 2);
}

/* ---- a copy that is found while its CPU is admitted ---------------------- */

static int callbacks_fill(void *object, uint32_t cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	sim_order_write(object, sizeof(uint64_t));
	return CPUSLAB_OK;
}

static void callbacks_look(void *arg)
{
	const struct cpuslab_percpu *handle = arg;
	const void *copy;
	int i;

	for (i = 0; i < 2 * CALLBACKS_ROUNDS; i++) {
		cpuslab_read_enter();
		copy = cpuslab_remote(handle, 20);
		if (copy)
			sim_order_read(copy, sizeof(uint64_t));
		cpuslab_read_exit();
	}
}

static void a_remote_copy_is_constructed(void **state)
{
	static const struct cpuslab_type type = {
		.name = "filled",
		.size = sizeof(uint64_t),
		.ctor = callbacks_fill,
		.flags = CPUSLAB_TYPE_DISCARD,
	};
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type);
	const struct sim_task tasks[] = {
		{ callbacks_plug, f, 0 },
		{ callbacks_look, &handle, 1 },
	};

	sim_run(tasks, 2);
	fixture_free(f, &handle);
}

/* ---- destructors and operations ------------------------------------------ */

static int destructed;

static void callbacks_count_dtor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	(void)arg;
	destructed++;
}

static int callbacks_refuse(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)arg;
	return cpu == 40 ? -CPUSLAB_ENOMEM : CPUSLAB_OK;
}

/* Another object's constructor refuses, so what was made is destructed. */
static void no_unsafe_destructor_runs_in_an_operation(void **state)
{
	const struct cpuslab_type refuses = {
		.name = "refuses",
		.size = 8,
		.counters = 1,
		.ctor = callbacks_refuse,
		.flags = CPUSLAB_TYPE_SIGNAL_SAFE,
	};
	struct cpuslab_type type = {
		.name = "has a destructor",
		.size = 8,
		.counters = 1,
		.dtor = callbacks_count_dtor,
	};
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type);
	struct cpuslab_percpu other = fixture_alloc(f, &refuses);

	destructed = 0;
	fixture_count(&handle, 40, 1);
	assert_int_equal(destructed, 0);
	/* The next call of the slab asks the constructor. */
	assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_OK);
	assert_int_equal(destructed, 1);
	fixture_free(f, &handle);
	type.flags = CPUSLAB_TYPE_SIGNAL_SAFE;
	handle = fixture_alloc(f, &type);
	destructed = 0;
	fixture_count(&handle, 41, 1);
	assert_int_equal(fixture_word(&handle, 41), 1);
	assert_int_equal(destructed, 0);
	fixture_free(f, &other);
	fixture_free(f, &handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_BOTH(each_call_is_answered),
		FIXTURE_RSEQ(the_last_refusal_is_known_in_a_domain_call),
		FIXTURE_RSEQ(no_two_threads_wait_for_each_other),
		FIXTURE_RSEQ(a_remote_copy_is_constructed),
		FIXTURE_RSEQ(no_unsafe_destructor_runs_in_an_operation),
	};

	return cmocka_run_group_tests_name("callbacks", tests, NULL, NULL);
}
