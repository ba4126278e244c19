/* SPDX-License-Identifier: MIT */
/*
 * Each allocation failed once: a program that uses everything runs again and
 * again, and each time the next allocation fails. Each failing call reports
 * that, has changed nothing, and leaves nothing behind.
 */
#include "fixture/fixture.h"

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static int failures;

/* What a failed call must not have changed. */
struct failures_state {
	uint64_t generation, objects, sum, ignored;
	uint64_t online, in_use, unannounced;
};

static struct cpuslab_counter counter;
static bool counting; /* the counter exists */

static struct failures_state failures_now(void)
{
	struct failures_state now = { 0 };
	const struct cpuslab_cpumask *set;
	struct cpuslab_stats stats;

	if (domain) {
		set = cpuslab_cpumask_get(domain);
		now.generation = cpuslab_cpumask_generation(set);
		now.online = cpuslab_cpumask_count(set);
		cpuslab_cpumask_put(set);
		now.ignored = cpuslab_domain_ignored(domain);
	}
	if (slab) {
		cpuslab_stats_get(slab, &stats);
		now.objects = stats.objects;
		now.in_use = stats.in_use;
		now.unannounced = stats.unannounced;
	}
	if (counting)
		now.sum = cpuslab_counter_sum(&counter);
	return now;
}

/* True if it worked; otherwise memory was refused and nothing has changed. */
static bool failures_check(int result, const struct failures_state *before)
{
	struct failures_state after;

	if (result >= 0)
		return true;
	failures++;
	after = failures_now();
	assert_int_equal(result, -CPUSLAB_ENOMEM);
	assert_memory_equal(&after, before, sizeof(after));
	return false;
}

#define FAILURES_TRY(call)                                                     \
	do {                                                                   \
		struct failures_state before_ = failures_now();                \
                                                                               \
		if (!failures_check((call), &before_))                         \
			assert_true(failures_check((call), &before_));         \
		failures_verify();                                             \
	} while (0)

static void failures_verify(void)
{
	if (slab)
		assert_int_equal(cpuslab_slab_check(slab), CPUSLAB_OK);
	if (domain)
		assert_int_equal(cpuslab_domain_check(domain), CPUSLAB_OK);
}

static int failures_record(void *arg, uint32_t cpu, const void *data,
			   uint32_t bytes)
{
	(void)cpu;
	(void)data;
	*(uint32_t *)arg += bytes;
	return 0;
}

/* What was appended before is read when a rotation succeeds. */
static int failures_rotate(struct cpuslab_log_rotating *rotating)
{
	uint32_t bytes = 0;
	int err;

	assert_int_equal(cpuslab_log_rotating_append(rotating, "record", 6),
			 CPUSLAB_OK);
	err = cpuslab_log_rotating_rotate(rotating, failures_record, &bytes);
	assert_true(err ? !bytes : bytes && bytes % 6 == 0);
	return err;
}

static void failures_objects(void)
{
	static const struct cpuslab_type big = { .name = "big",
						 .size = 90000,
						 .counters = 11250 };
	static const struct cpuslab_log_rotating_config log_config = {
		.capacity = 4096
	};
	struct cpuslab_stack stack;
	struct cpuslab_log_rotating rotating;
	struct cpuslab_gauge gauge;
	struct cpuslab_percpu handle;

	FAILURES_TRY(cpuslab_counter_init(&counter, slab));
	counting = true;
	sim_cpu_set(1);
	cpuslab_counter_add(&counter, 1);
	FAILURES_TRY(cpuslab_stack_init(&stack, slab));
	FAILURES_TRY(cpuslab_gauge_init(&gauge, slab));
	FAILURES_TRY(cpuslab_log_rotating_init(&rotating, slab, &log_config));
	FAILURES_TRY(failures_rotate(&rotating));
	FAILURES_TRY(cpuslab_alloc(slab, &big, &handle));
	assert_int_equal(cpuslab_free_rcu(slab, &handle), CPUSLAB_OK);
	cpuslab_log_rotating_fini(&rotating);
	cpuslab_gauge_fini(&gauge);
	cpuslab_stack_fini(&stack);
}

static int failures_create(struct cpuslab_workers *workers, uint32_t cpu,
			   void **worker)
{
	(void)workers;
	(void)cpu;
	*worker = NULL;
	return CPUSLAB_OK;
}

static void failures_nothing(struct cpuslab_workers *workers, uint32_t cpu,
			     void *worker)
{
	(void)workers;
	(void)cpu;
	(void)worker;
}

static void failures_handle(void *arg, uint32_t cpu,
			    const struct cpuslab_message *message)
{
	(void)arg;
	(void)cpu;
	(void)message;
}

static void *failures_alloc(void *arg)
{
	(void)arg;
	return NULL;
}

static void failures_free(void *arg, void *object)
{
	(void)arg;
	(void)object;
}

static const struct cpuslab_workers_ops failures_workers = {
	.create = failures_create,
	.unpark = failures_nothing,
	.park = failures_nothing,
	.destroy = failures_nothing,
	.wake = failures_nothing,
};

static void failures_plug(void)
{
	FAILURES_TRY(cpuslab_domain_add_start(domain, 24));
	FAILURES_TRY(cpuslab_domain_add_complete(domain, 24));
	FAILURES_TRY(cpuslab_domain_remove(domain, 24));
}

/* What is a client of the domain, or has one. */
static void failures_clients(void)
{
	static const struct cpuslab_cache_config cache_config = {
		.alloc = failures_alloc, .free = failures_free
	};
	static const struct cpuslab_steering_config steering_config = {
		.buckets = 64, .targets = 64
	};
	static const struct cpuslab_workers_config workers_config = {
		.ops = &failures_workers,
		.handle = failures_handle,
		.capacity = 8
	};
	struct cpuslab_cache cache;
	struct cpuslab_steering steering;
	struct cpuslab_workers workers;

	FAILURES_TRY(cpuslab_cache_init(&cache, slab, &cache_config));
	FAILURES_TRY(cpuslab_steering_init(&steering, &steering_config));
	FAILURES_TRY(cpuslab_steering_attach(&steering, domain));
	FAILURES_TRY(cpuslab_workers_init(&workers, domain, &workers_config));
	failures_plug();
	assert_int_equal(cpuslab_steering_check(&steering), CPUSLAB_OK);
	cpuslab_workers_fini(&workers);
	cpuslab_steering_fini(&steering);
	cpuslab_cache_fini(&cache);
}

/* A trim is many releases; those that did not fail have happened. */
static void failures_trim(uint32_t flags)
{
	uint64_t sum = cpuslab_counter_sum(&counter);
	int err = cpuslab_domain_trim(domain, flags);

	if (err < 0) {
		failures++;
		assert_int_equal(err, -CPUSLAB_ENOMEM);
		assert_true(cpuslab_domain_trim(domain, flags) >= 0);
	}
	assert_int_equal(cpuslab_counter_sum(&counter), sum);
	failures_verify();
}

static void failures_cpus(void)
{
	FAILURES_TRY(cpuslab_domain_add_start(domain, 20));
	FAILURES_TRY(cpuslab_domain_add_failure(domain, 20));
	FAILURES_TRY(cpuslab_domain_add_start(domain, 20));
	FAILURES_TRY(cpuslab_domain_add_complete(domain, 20));
	sim_cpu_set(20);
	cpuslab_counter_add(&counter, 2);
	FAILURES_TRY(cpuslab_domain_add_complete(domain, 21));
	sim_cpu_set(30); /* unannounced; admitted if there is memory */
	cpuslab_counter_add(&counter, 4);
	FAILURES_TRY(cpuslab_domain_remove(domain, 20));
	failures_trim(CPUSLAB_TRIM_QUIESCENT);
	sim_quiesce();
	FAILURES_TRY(cpuslab_domain_remove(domain, 21));
	failures_trim(0);
}

/* A resync is several changes; those that did not fail have happened. */
static void failures_resync(void)
{
	int err;

	sim_cpu_set_available(22, true);
	sim_cpu_set_available(23, true);
	sim_cpu_set_available(0, false);
	err = cpuslab_domain_resync(domain);
	if (err) {
		failures++;
		assert_int_equal(err, -CPUSLAB_ENOMEM);
		err = cpuslab_domain_resync(domain);
	}
	assert_int_equal(err, CPUSLAB_OK);
	failures_verify();
	assert_int_equal(failures_now().online, 5);
}

static void failures_program(void)
{
	struct cpuslab_slab *second = NULL;

	domain = NULL;
	slab = NULL;
	counting = false;
	FAILURES_TRY(cpuslab_domain_create(&domain, NULL));
	FAILURES_TRY(cpuslab_slab_create(&slab, domain, NULL));
	failures_objects();
	failures_clients();
	failures_cpus();
	failures_resync();
	FAILURES_TRY(cpuslab_slab_create(&second, domain, NULL));
	assert_int_equal(cpuslab_counter_sum(&counter), 7);
	sim_quiesce();
	assert_int_equal(cpuslab_counter_sum(&counter), 7);
	cpuslab_counter_fini(&counter);
	counting = false;
	cpuslab_slab_destroy(second);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

static void failures_each(enum sim_mode mode)
{
	const struct fixture_config config = { .mode = mode,
					       .no_domain = true };
	struct fixture f;
	uint64_t n, reached;

	for (n = 1, reached = 1; reached; n++) {
		fixture_begin(&f, &config);
		failures = 0;
		sim_fail_alloc_at(n);
		failures_program();
		reached = sim_allocs() >= n;
		if (!reached)
			assert_int_equal(failures, 0);
		fixture_end(&f);
	}
	assert_true(n > 50);
}

static void each_allocation_fails_once_rseq(void **state)
{
	(void)state;
	failures_each(SIM_RSEQ);
}

static void each_allocation_fails_once_atomic(void **state)
{
	(void)state;
	failures_each(SIM_ATOMIC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation_fails_once_rseq),
		cmocka_unit_test(each_allocation_fails_once_atomic),
	};

	return cmocka_run_group_tests_name("failures", tests, NULL, NULL);
}
