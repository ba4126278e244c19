/* SPDX-License-Identifier: MIT */
/*
 * A failed init leaves a safe handle: whatever the memory held before, every
 * operation on it and its fini do nothing. Each init fails at each of its
 * allocations, and for arguments that it refuses.
 */
#include "fixture/fixture.h"
#include "fixture/recorder.h"

static void *handles_memory(void *arg)
{
	return arg;
}

static void handles_free(void *arg, void *object)
{
	(void)object;
	*(bool *)arg = true;
}

static bool handles_freed; /* the backing free was called */

static const struct cpuslab_cache_config handles_cache = {
	.alloc = handles_memory,
	.free = handles_free,
	.arg = &handles_freed,
};
static const struct cpuslab_steering_config handles_steering = {
	.buckets = 16,
	.targets = 4,
};

static int handles_worker_create(struct cpuslab_workers *workers, uint32_t cpu,
				 void **worker)
{
	(void)workers;
	(void)cpu;
	*worker = NULL;
	return CPUSLAB_OK;
}

static void handles_worker_nothing(struct cpuslab_workers *workers,
				   uint32_t cpu, void *worker)
{
	(void)workers;
	(void)cpu;
	(void)worker;
}

static const struct cpuslab_workers_ops handles_worker_ops = {
	.create = handles_worker_create,
	.unpark = handles_worker_nothing,
	.park = handles_worker_nothing,
	.destroy = handles_worker_nothing,
	.wake = handles_worker_nothing,
};

static void handles_handle(void *arg, uint32_t cpu,
			   const struct cpuslab_message *message)
{
	(void)arg;
	(void)cpu;
	(void)message;
}

static const struct cpuslab_workers_config handles_workers = {
	.ops = &handles_worker_ops,
	.handle = handles_handle,
	.capacity = 4,
};

/* One of them at a time. */
static union {
	struct cpuslab_counter counter;
	struct cpuslab_gauge gauge;
	struct cpuslab_histogram histogram;
	struct cpuslab_approx approx;
	struct cpuslab_stack stack;
	struct cpuslab_log log;
	struct cpuslab_cache cache;
	struct cpuslab_refcount refcount;
	struct cpuslab_mailbox mailbox;
	struct cpuslab_workers workers;
	struct cpuslab_steering steering;
	struct cpuslab_client client;
	struct cpuslab_percpu object;
} at;

/* ---- counter, gauge, histogram, approx ----------------------------------- */

static int counter_init(struct cpuslab_slab *slab,
			struct cpuslab_domain *domain)
{
	(void)domain;
	return cpuslab_counter_init(&at.counter, slab);
}

static void counter_use(void)
{
	assert_int_equal(cpuslab_counter_add(&at.counter, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_counter_set(&at.counter, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_counter_sum(&at.counter), 0);
}

static void counter_fini(void)
{
	cpuslab_counter_fini(&at.counter);
}

static int gauge_init(struct cpuslab_slab *slab, struct cpuslab_domain *domain)
{
	(void)domain;
	return cpuslab_gauge_init(&at.gauge, slab);
}

static void gauge_use(void)
{
	assert_int_equal(cpuslab_gauge_add(&at.gauge, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_gauge_sub(&at.gauge, 2), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_gauge_sum(&at.gauge), 0);
}

static void gauge_fini(void)
{
	cpuslab_gauge_fini(&at.gauge);
}

static int histogram_init(struct cpuslab_slab *slab,
			  struct cpuslab_domain *domain)
{
	/* Without a domain: arguments that are refused. */
	return cpuslab_histogram_init(&at.histogram, slab, 2, domain ? 64 : 65);
}

static void histogram_use(void)
{
	const struct cpuslab_histogram *histogram = &at.histogram;
	uint64_t none = 7;

	assert_int_equal(cpuslab_histogram_record(histogram, 0),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_histogram_record(histogram, 1000),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_histogram_record_n(histogram, UINT64_MAX, 3),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_histogram_read(histogram, &none), 0);
	assert_int_equal(cpuslab_histogram_interval(histogram, &none, &none),
			 0);
	assert_int_equal(none, 7); /* it has no buckets */
	assert_int_equal(cpuslab_histogram_percentile(histogram, &none, 1,
						      CPUSLAB_PPM),
			 0);
	assert_true(cpuslab_histogram_lowest(histogram, 0) == UINT64_MAX);
	assert_true(cpuslab_histogram_highest(histogram, 0) == UINT64_MAX);
}

static void histogram_fini(void)
{
	cpuslab_histogram_fini(&at.histogram);
}

static int approx_init(struct cpuslab_slab *slab, struct cpuslab_domain *domain)
{
	return cpuslab_approx_init(&at.approx, slab, domain ? 4 : 0);
}

static void approx_use(void)
{
	uint64_t least, most;

	assert_int_equal(cpuslab_approx_add(&at.approx, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_approx_add(&at.approx,
					    CPUSLAB_APPROX_STEPS + 1),
			 -CPUSLAB_EINVAL);
	cpuslab_approx_bounds(&at.approx, &least, &most);
	assert_int_equal(least, 0);
	assert_int_equal(most, 0);
	assert_int_equal(cpuslab_approx_compare(&at.approx, 1), -1);
	assert_int_equal(cpuslab_approx_add_limited(&at.approx, 1, 1),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_approx_sub(&at.approx, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_approx_set(&at.approx, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_approx_sum(&at.approx), 0);
}

static void approx_fini(void)
{
	cpuslab_approx_fini(&at.approx);
}

/* ---- stack, log, cache, refcount ----------------------------------------- */

static int stack_init(struct cpuslab_slab *slab, struct cpuslab_domain *domain)
{
	(void)domain;
	return cpuslab_stack_init(&at.stack, slab);
}

static void stack_use(void)
{
	struct cpuslab_node node, *popped = &node;

	assert_int_equal(cpuslab_stack_push(&at.stack, &node), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_stack_pop(&at.stack, &popped),
			 -CPUSLAB_EINVAL);
	assert_null(popped);
}

static void stack_fini(void)
{
	cpuslab_stack_fini(&at.stack);
}

static int log_init(struct cpuslab_slab *slab, struct cpuslab_domain *domain)
{
	return cpuslab_log_init(&at.log, slab, domain ? 64 : 8);
}

static void log_use(void)
{
	uint64_t cursor = 0;
	const void *data;
	uint32_t bytes;

	assert_int_equal(cpuslab_log_append(&at.log, "x", 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_log_read(&at.log, 1, &cursor, &data, &bytes),
			 -CPUSLAB_ENOENT);
}

static void log_fini(void)
{
	cpuslab_log_fini(&at.log);
}

static int cache_init(struct cpuslab_slab *slab, struct cpuslab_domain *domain)
{
	return cpuslab_cache_init(&at.cache, slab,
				  domain ? &handles_cache : NULL);
}

static void cache_use(void)
{
	assert_null(cpuslab_cache_alloc(&at.cache));
	cpuslab_cache_free(&at.cache, &at);
	assert_int_equal(cpuslab_cache_drain(&at.cache), -CPUSLAB_EINVAL);
	assert_false(handles_freed);
}

static void cache_fini(void)
{
	cpuslab_cache_fini(&at.cache);
	assert_false(handles_freed);
}

static int refcount_init(struct cpuslab_slab *slab,
			 struct cpuslab_domain *domain)
{
	(void)domain;
	return cpuslab_refcount_init(&at.refcount, slab, NULL);
}

static void refcount_use(void)
{
	assert_false(cpuslab_refcount_try_get(&at.refcount));
	assert_false(cpuslab_refcount_put(&at.refcount));
	assert_false(cpuslab_refcount_try_get_many(&at.refcount, 2));
	assert_false(cpuslab_refcount_try_get_dying(&at.refcount));
	assert_false(cpuslab_refcount_put_many(&at.refcount, 2));
	assert_int_equal(cpuslab_refcount_kill(&at.refcount), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_refcount_resurrect(&at.refcount),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_refcount_switch_to_atomic(&at.refcount),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_refcount_switch_to_percpu(&at.refcount),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_refcount_count(&at.refcount), 0);
	/* Nobody waits for it. */
	assert_true(cpuslab_refcount_is_dying(&at.refcount));
	assert_true(cpuslab_refcount_is_zero(&at.refcount));
}

static void refcount_fini(void)
{
	cpuslab_refcount_fini(&at.refcount);
}

/* ---- mailbox, workers, steering ------------------------------------------ */

static int mailbox_init(struct cpuslab_slab *slab,
			struct cpuslab_domain *domain)
{
	(void)slab;
	return cpuslab_mailbox_init(&at.mailbox, domain, 4);
}

static void mailbox_use(void)
{
	struct cpuslab_message message = { { 0 } };

	assert_int_equal(cpuslab_mailbox_send(&at.mailbox, 0, &message),
			 -CPUSLAB_ENOENT);
	assert_int_equal(cpuslab_mailbox_receive(&at.mailbox, 0, &message),
			 -CPUSLAB_ENOENT);
	assert_int_equal(cpuslab_mailbox_next_undelivered(&at.mailbox, 0),
			 CPUSLAB_NO_CPU);
	assert_false(cpuslab_mailbox_is_open(&at.mailbox, 0));
}

static void mailbox_fini(void)
{
	cpuslab_mailbox_fini(&at.mailbox);
}

static int workers_init(struct cpuslab_slab *slab,
			struct cpuslab_domain *domain)
{
	(void)slab;
	return cpuslab_workers_init(&at.workers, domain, &handles_workers);
}

static void workers_use(void)
{
	struct cpuslab_message message = { { 0 } };

	assert_int_equal(cpuslab_workers_send(&at.workers, 0, &message),
			 -CPUSLAB_ENOENT);
	assert_int_equal(cpuslab_workers_work(&at.workers, 0), CPUSLAB_EMPTY);
}

static void workers_fini(void)
{
	cpuslab_workers_fini(&at.workers);
}

static struct cpuslab_domain *handles_domain;

static int steering_init(struct cpuslab_slab *slab,
			 struct cpuslab_domain *domain)
{
	(void)slab;
	return cpuslab_steering_init(&at.steering,
				     domain ? &handles_steering : NULL);
}

static void steering_use(void)
{
	uint64_t generation = 1;

	cpuslab_read_enter();
	assert_int_equal(cpuslab_steering_lookup(&at.steering, 12345,
						 &generation),
			 CPUSLAB_NO_CPU);
	cpuslab_read_exit();
	assert_int_equal(generation, 0);
	assert_int_equal(cpuslab_steering_set(&at.steering, 0, 1),
			 -CPUSLAB_ERANGE);
	assert_int_equal(cpuslab_steering_attach(&at.steering, handles_domain),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_steering_check(&at.steering), CPUSLAB_OK);
	cpuslab_steering_detach(&at.steering);
}

static void steering_fini(void)
{
	cpuslab_steering_fini(&at.steering);
}

/* ---- client, object ------------------------------------------------ */

static int client_start(struct cpuslab_client *client, uint32_t cpu)
{
	void *memory = cpuslab_port_zalloc(8);

	(void)client;
	(void)cpu;
	cpuslab_port_free(memory);
	return memory ? CPUSLAB_OK : -CPUSLAB_ENOMEM;
}

static int client_init(struct cpuslab_slab *slab, struct cpuslab_domain *domain)
{
	static const struct cpuslab_client_ops ops = { .start = client_start };

	(void)slab;
	at.client.ops = &ops;
	at.client.name = "client";
	return cpuslab_client_init(&at.client, domain);
}

static void client_use(void)
{
	assert_null(at.client.domain);
}

static void client_fini(void)
{
	cpuslab_client_fini(&at.client);
}

static const struct cpuslab_type handles_type = { .name = "object",
						  .size = 8,
						  .counters = 1 };
static struct cpuslab_slab *handles_slab;

static int object_init(struct cpuslab_slab *slab, struct cpuslab_domain *domain)
{
	(void)domain;
	return cpuslab_alloc(slab, &handles_type, &at.object);
}

static void object_use(void)
{
	assert_int_equal(cpuslab_add(&at.object, 0, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_sum(&at.object, 0), 0);
}

static void object_fini(void)
{
	cpuslab_free(handles_slab, &at.object);
}

/* ---- all of them --------------------------------------------------------- */

static const struct handles_kind {
	const char *name;
	int (*init)(struct cpuslab_slab *slab, struct cpuslab_domain *domain);
	void (*use)(void);
	void (*fini)(void);
} handles_kinds[] = {
	{ "counter", counter_init, counter_use, counter_fini },
	{ "gauge", gauge_init, gauge_use, gauge_fini },
	{ "histogram", histogram_init, histogram_use, histogram_fini },
	{ "approx", approx_init, approx_use, approx_fini },
	{ "stack", stack_init, stack_use, stack_fini },
	{ "log", log_init, log_use, log_fini },
	{ "cache", cache_init, cache_use, cache_fini },
	{ "refcount", refcount_init, refcount_use, refcount_fini },
	{ "mailbox", mailbox_init, mailbox_use, mailbox_fini },
	{ "workers", workers_init, workers_use, workers_fini },
	{ "steering", steering_init, steering_use, steering_fini },
	{ "client", client_init, client_use, client_fini },
	{ "object", object_init, object_use, object_fini },
};

#define HANDLES_KINDS (sizeof(handles_kinds) / sizeof(handles_kinds[0]))

static void handles_begin(struct fixture *f)
{
	fixture_begin(f, &fixture_rseq);
	handles_domain = f->domain;
	handles_slab = f->slab;
}

/* It failed: use it, and end it, twice, with no line in the log. */
static void handles_verify(const struct handles_kind *kind)
{
	int i;

	sim_log_clear();
	for (i = 0; i < 2; i++) {
		kind->use();
		kind->fini();
	}
	assert_null(sim_log_find(""));
}

static void handles_refused(const struct handles_kind *kind)
{
	memset(&at, 0x5a, sizeof(at));
	handles_freed = false;
	assert_int_equal(kind->init(NULL, NULL), -CPUSLAB_EINVAL);
	handles_verify(kind);
}

/* Fail each allocation. The number of failures. */
static uint32_t handles_fail_each(const struct handles_kind *kind,
				  const struct fixture *f)
{
	uint32_t n;

	for (n = 1;; n++) {
		int err;

		memset(&at, 0x5a, sizeof(at));
		handles_freed = false;
		sim_fail_alloc_at(n);
		err = kind->init(f->slab, f->domain);
		sim_fail_alloc_at(0);
		if (!err)
			break;
		assert_int_equal(err, -CPUSLAB_ENOMEM);
		handles_verify(kind);
	}
	kind->fini();
	return n - 1;
}

static void a_failed_init_leaves_a_safe_handle(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < HANDLES_KINDS; i++) {
		struct fixture f;

		handles_begin(&f);
		handles_refused(&handles_kinds[i]);
		if (!handles_fail_each(&handles_kinds[i], &f))
			fail_msg("%s: nothing failed", handles_kinds[i].name);
		fixture_end(&f);
	}
}

/* A slab that is full and cannot grow refuses every object. */
static void a_refused_object_leaves_a_safe_handle(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < HANDLES_KINDS; i++) {
		struct fixture f;

		handles_begin(&f);
		memset(&at, 0x5a, sizeof(at));
		handles_freed = false;
		sim_fail_alloc_from(1);
		assert_int_equal(handles_kinds[i].init(f.slab, f.domain),
				 -CPUSLAB_ENOMEM);
		sim_fail_alloc_from(0);
		handles_verify(&handles_kinds[i]);
		fixture_end(&f);
	}
}

/* create stores NULL where it fails, which every call accepts. */
static void a_failed_create_stores_null(void **state)
{
	const struct cpuslab_domain_config odd_domain = { .flags = 1u << 30 };
	const struct cpuslab_slab_config odd_slab = { .flags = 1u << 30 };
	struct fixture *f = *state;
	struct cpuslab_domain *domain = f->domain;
	struct cpuslab_slab *slab = f->slab;

	assert_int_equal(cpuslab_domain_create(&domain, &odd_domain),
			 -CPUSLAB_EINVAL);
	assert_null(domain);
	assert_int_equal(cpuslab_slab_create(&slab, f->domain, &odd_slab),
			 -CPUSLAB_EINVAL);
	assert_null(slab);
	sim_fail_alloc_from(1);
	domain = f->domain;
	assert_int_equal(cpuslab_domain_create(&domain, NULL), -CPUSLAB_ENOMEM);
	assert_null(domain);
	slab = f->slab;
	assert_int_equal(cpuslab_slab_create(&slab, f->domain, NULL),
			 -CPUSLAB_ENOMEM);
	assert_null(slab);
	sim_fail_alloc_from(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_init_leaves_a_safe_handle),
		cmocka_unit_test(a_refused_object_leaves_a_safe_handle),
		FIXTURE_RSEQ(a_failed_create_stores_null),
	};

	return cmocka_run_group_tests_name("handles", tests, NULL, NULL);
}
