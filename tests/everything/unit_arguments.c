/* SPDX-License-Identifier: MIT */
/*
 * What can never be correct is refused, with nothing changed: a missing
 * argument, impossible types, calls from inside a constructor.
 */
#include "fixture/fixture.h"
#include "fixture/recorder.h"
#include "structures/gate.h"

static struct fixture_config arguments_small = { .block_bytes = 4096 };

static int arguments_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	(void)arg;
	return CPUSLAB_OK;
}

static void arguments_dtor(void *object, uint32_t cpu, void *arg)
{
	arguments_ctor(object, cpu, arg);
}

static int arguments_drain(void *object, void *shared, uint32_t cpu, void *arg)
{
	(void)shared;
	return arguments_ctor(object, cpu, arg);
}

/* ---- missing arguments -------------------------------------------------- */

static void creating_from_nothing(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_slab *slab = NULL;

	assert_int_equal(cpuslab_domain_create(NULL, NULL), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_slab_create(NULL, f->domain, NULL),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_slab_create(&slab, NULL, NULL),
			 -CPUSLAB_EINVAL);
	assert_null(slab);
}

static void clients_of_nothing(void **state)
{
	struct fixture *f = *state;
	struct recorder client;

	recorder_init(&client, "a");
	recorder_clear();
	assert_int_equal(cpuslab_client_init(NULL, f->domain), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_client_init(&client.client, NULL),
			 -CPUSLAB_EINVAL);
	assert_string_equal(recorder_text(), "");
	cpuslab_client_fini(NULL);
}

static void *arguments_no_memory(void *arg)
{
	return arg;
}

static void arguments_no_object(void *arg, void *object)
{
	(void)arg;
	(void)object;
}

/* Every structure that needs a domain or a slab. */
static void portable_of_nothing(void **state)
{
	const struct cpuslab_cache_config cache_config = {
		.alloc = arguments_no_memory,
		.free = arguments_no_object,
	};
	const struct cpuslab_steering_config buckets = { .buckets = 16,
							 .targets = 4 };
	uint64_t before = sim_zallocs();
	struct fixture *f = *state;
	struct cpuslab_steering steering;
	struct cpuslab_mailbox mailbox;
	struct cpuslab_workers workers;
	struct cpuslab_cache cache;

	assert_int_equal(cpuslab_mailbox_init(&mailbox, NULL, 4),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_workers_init(&workers, f->domain, NULL),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_cache_init(&cache, f->slab, NULL),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_cache_init(&cache, NULL, &cache_config),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_steering_init(&steering, NULL),
			 -CPUSLAB_EINVAL);
	assert_int_equal(sim_zallocs(), before);
	assert_int_equal(cpuslab_steering_init(&steering, &buckets),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_steering_attach(&steering, NULL),
			 -CPUSLAB_EINVAL);
	cpuslab_steering_fini(&steering);
	assert_int_equal(sim_zallocs(), before);
}

static void calls_of_nothing(void **state)
{
	(void)state;
	assert_int_equal(cpuslab_domain_add_start(NULL, 0), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_domain_add_complete(NULL, 0), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_domain_add_failure(NULL, 0), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_domain_remove(NULL, 0), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_domain_resync(NULL), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_domain_trim(NULL, 0), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_domain_check(NULL), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_slab_trim(NULL, 0), -CPUSLAB_EINVAL);
	cpuslab_domain_destroy(NULL);
	cpuslab_slab_destroy(NULL);
}

static void objects_of_nothing(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = { 0 };

	assert_int_equal(cpuslab_alloc(NULL, &fixture_blob, &handle),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_alloc(f->slab, NULL, &handle),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_alloc(f->slab, &fixture_blob, NULL),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_alloc_sized(f->slab, NULL, 8, &handle),
			 -CPUSLAB_EINVAL);
	assert_true(cpuslab_percpu_is_null(&handle));
	assert_int_equal(fixture_stats(f).objects, 0);
}

static void freeing_nothing(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_blob);

	assert_int_equal(cpuslab_free(f->slab, NULL), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_free(NULL, &handle), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_free_rcu(f->slab, NULL), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_free_rcu(NULL, &handle), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab__gate_enter(f->slab, NULL, 0),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab__gate_enter(NULL, &handle, 0),
			 -CPUSLAB_EINVAL);
	fixture_free(f, &handle);
}

/* ---- types -------------------------------------------------------------- */

static void unknown_type_flags_are_refused(void **state)
{
	struct cpuslab_type type = { .name = "odd", .size = 8 };
	struct fixture *f = *state;
	struct cpuslab_percpu handle = { 0 };

	for (type.flags = 4; type.flags; type.flags <<= 1)
		assert_int_equal(cpuslab_alloc(f->slab, &type, &handle),
				 -CPUSLAB_EINVAL);
	assert_true(cpuslab_percpu_is_null(&handle));
	type.flags = CPUSLAB_TYPE_SIGNAL_SAFE | CPUSLAB_TYPE_DISCARD;
	handle = fixture_alloc(f, &type);
	fixture_free(f, &handle);
}

/* Such a type knows as many bytes as it has, and no less is accepted. */
static void arguments_least_size(struct fixture *f,
				 const struct cpuslab_type *type)
{
	struct cpuslab_percpu handle = { 0 };

	assert_int_equal(cpuslab_alloc_sized(f->slab, type, 8, &handle),
			 -CPUSLAB_EINVAL);
	assert_true(cpuslab_percpu_is_null(&handle));
	assert_int_equal(cpuslab_alloc_sized(f->slab, type, 16, &handle),
			 CPUSLAB_OK);
	fixture_free(f, &handle);
	assert_int_equal(cpuslab_alloc_sized(f->slab, type, 24, &handle),
			 CPUSLAB_OK);
	fixture_free(f, &handle);
}

static void types_of_a_least_size(void **state)
{
	static const uint64_t words[2] = { 0, 1 };
	const struct cpuslab_type types[] = {
		{ .name = "image", .size = 16, .image = words },
		{ .name = "ctor", .size = 16, .ctor = arguments_ctor },
		{ .name = "dtor", .size = 16, .dtor = arguments_dtor },
	};
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		arguments_least_size(*state, &types[i]);
}

static void a_drain_serves_all_sizes(void **state)
{
	static const struct cpuslab_type type = { .name = "drain",
						  .size = 16,
						  .drain = arguments_drain };
	struct fixture *f = *state;
	struct cpuslab_percpu handle;

	assert_int_equal(cpuslab_alloc_sized(f->slab, &type, 24, &handle),
			 CPUSLAB_OK);
	fixture_free(f, &handle);
}

/* Later extents have larger blocks; what is allowed stays the same. */
static void alignment_is_that_of_the_first_stride(void **state)
{
	static const struct cpuslab_type big = { .name = "big", .size = 20000 };
	struct cpuslab_type type = { .name = "aligned", .size = 8 };
	struct fixture *f = *state;
	struct cpuslab_percpu handle = { 0 }, grown;

	type.align = 8192;
	assert_int_equal(cpuslab_alloc(f->slab, &type, &handle),
			 -CPUSLAB_EINVAL);
	grown = fixture_alloc(f, &big);
	assert_int_equal(cpuslab_alloc(f->slab, &type, &handle),
			 -CPUSLAB_EINVAL);
	type.align = 4096;
	handle = fixture_alloc(f, &type);
	fixture_free(f, &handle);
	fixture_free(f, &grown);
}

/* ---- inside a constructor ----------------------------------------------- */

/* An object whose constructor calls @slab; freed objects call it as well. */
struct arguments_caller {
	struct cpuslab_slab *slab;
	struct cpuslab_percpu other; /* an object of the same slab */
	struct cpuslab_cache cache;  /* one that lies in it */
	int calls;
};

static void arguments_call(struct arguments_caller *caller)
{
	struct cpuslab_percpu handle = { 0 };

	assert_int_equal(cpuslab_alloc(caller->slab, &fixture_blob, &handle),
			 -CPUSLAB_EBUSY);
	assert_true(cpuslab_percpu_is_null(&handle));
	assert_int_equal(cpuslab_free(caller->slab, &caller->other),
			 -CPUSLAB_EBUSY);
	assert_int_equal(cpuslab_free_rcu(caller->slab, &caller->other),
			 -CPUSLAB_EBUSY);
	assert_int_equal(cpuslab_slab_trim(caller->slab, 0), -CPUSLAB_EBUSY);
	assert_int_equal(cpuslab__gate_enter(caller->slab, &caller->other, 0),
			 -CPUSLAB_EBUSY);
	assert_int_equal(cpuslab_cache_drain(&caller->cache), -CPUSLAB_EBUSY);
	caller->calls++;
}

static int arguments_calling_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	arguments_call(arg);
	return CPUSLAB_OK;
}

static void arguments_calling_dtor(void *object, uint32_t cpu, void *arg)
{
	arguments_calling_ctor(object, cpu, arg);
}

static void calls_from_inside_a_constructor(void **state)
{
	struct fixture *f = *state;
	struct arguments_caller caller = { .slab = f->slab };
	const struct cpuslab_type type = {
		.name = "calling",
		.size = 8,
		.arg = &caller,
		.ctor = arguments_calling_ctor,
		.dtor = arguments_calling_dtor,
		.counters = 1,
	};
	const struct cpuslab_cache_config cache = {
		.alloc = arguments_no_memory,
		.free = arguments_no_object,
	};
	struct cpuslab_percpu handle;

	caller.other = fixture_alloc(f, &fixture_blob);
	assert_int_equal(cpuslab_cache_init(&caller.cache, f->slab, &cache),
			 CPUSLAB_OK);
	handle = fixture_alloc(f, &type);
	assert_int_equal(caller.calls, 5);
	fixture_add(f, 9);
	assert_int_equal(caller.calls, 6);
	fixture_free(f, &handle);
	assert_int_equal(caller.calls, 12);
	cpuslab_cache_fini(&caller.cache);
	fixture_free(f, &caller.other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_RSEQ(creating_from_nothing),
		FIXTURE_RSEQ(clients_of_nothing),
		FIXTURE_RSEQ(portable_of_nothing),
		FIXTURE_RSEQ(calls_of_nothing),
		FIXTURE_RSEQ(objects_of_nothing),
		FIXTURE_RSEQ(freeing_nothing),
		FIXTURE_RSEQ(unknown_type_flags_are_refused),
		FIXTURE_RSEQ(types_of_a_least_size),
		FIXTURE_RSEQ(a_drain_serves_all_sizes),
		FIXTURE_TEST(alignment_is_that_of_the_first_stride,
			     arguments_small),
		FIXTURE_BOTH(calls_from_inside_a_constructor),
	};

	return cmocka_run_group_tests_name("arguments", tests, NULL, NULL);
}
