/* SPDX-License-Identifier: MIT */
/*
 * unit_structures.c - every structure in a slab by concurrency id: used by as
 * many threads as there are ids at once, trimmed, and used again. Some have
 * inline operations by id; each has those of its own header, out of line.
 */
#include "fixture/fixture.h"

#define WIDE 5u /* threads that run at once, on CPUs from FIRST */
#define FIRST 10u

/* ---- the same step by several threads at once ---------------------------- */

static void (*wide_step)(uint32_t nth);

/* In the middle of each thread's step the next one takes its own. */
static void wide_next(void *arg)
{
	uint32_t nth = *(uint32_t *)arg, next = nth + 1;

	if (next < WIDE)
		sim_other_at(1, FIRST + next, wide_next, &next);
	wide_step(nth);
	cpuslab_port_preempt_point();
	sim_at_cancel();
}

static void wide(void (*step)(uint32_t nth))
{
	uint32_t first = 0;

	sim_cpu_set(FIRST);
	wide_step = step;
	wide_next(&first);
}

static void trim(struct fixture *f, uint32_t threads)
{
	sim_threads(threads);
	assert_int_equal(cpuslab_slab_trim(f->slab, 0), CPUSLAB_OK);
	sim_quiesce();
}

/* Of those that are used by @wide_step alone. */
static void each_has_a_copy(struct fixture *f)
{
	struct cpuslab_stats stats = fixture_stats(f);

	assert_int_equal(stats.in_use,
			 stats.by_cid ? WIDE : FIXTURE_AVAILABLE + WIDE);
	assert_int_equal(stats.shared_ops, 0);
}

/* ---- with operations by id ----------------------------------------------- */

static struct cpuslab_percid_gauge gauge;

static void gauge_step(uint32_t nth)
{
	assert_int_equal(cpuslab_percid_gauge_add(&gauge, 100 + nth),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_percid_gauge_sub(&gauge, nth), CPUSLAB_OK);
}

static void gauge_is(int64_t value)
{
	int64_t least, most;

	assert_int_equal(cpuslab_gauge_sum(&gauge.gauge), value);
	cpuslab_gauge_bounds(&gauge.gauge, &least, &most);
	assert_int_equal(least, value);
	assert_int_equal(most, value);
}

static void a_gauge_by_id(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cpuslab_percid_gauge_init(&gauge, f->slab),
			 CPUSLAB_OK);
	wide(gauge_step);
	each_has_a_copy(f);
	gauge_is(100 * WIDE);
	trim(f, 1);
	gauge_is(100 * WIDE);
	wide(gauge_step);
	gauge_is(200 * WIDE);
	/* The same gauge, out of line. */
	assert_int_equal(cpuslab_gauge_sub(&gauge.gauge, 200 * WIDE),
			 CPUSLAB_OK);
	gauge_is(0);
	cpuslab_percid_gauge_fini(&gauge);
}

static struct cpuslab_percid_histogram histogram;

static void histogram_step(uint32_t nth)
{
	assert_int_equal(cpuslab_percid_histogram_record(&histogram, nth),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_percid_histogram_record(&histogram, 1 << 9),
			 CPUSLAB_OK);
}

static void histogram_is(uint64_t times)
{
	uint64_t counts[64];
	uint32_t i, last = histogram.histogram.buckets - 1;

	assert_true(last < 64);
	assert_int_equal(cpuslab_histogram_read(&histogram.histogram, counts),
			 2 * WIDE * times);
	for (i = 0; i < WIDE; i++)
		assert_int_equal(counts[i], times);
	assert_int_equal(counts[last], WIDE * times);
}

static void a_histogram_by_id(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cpuslab_percid_histogram_init(&histogram, f->slab, 2,
						       8),
			 CPUSLAB_OK);
	wide(histogram_step);
	each_has_a_copy(f);
	histogram_is(1);
	trim(f, 2);
	histogram_is(1);
	wide(histogram_step);
	histogram_is(2);
	cpuslab_percid_histogram_fini(&histogram);
}

/* A failed init leaves what is safe to use and does nothing. */
static void they_need_such_a_slab(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cpuslab_percid_gauge_init(&gauge, f->slab),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_percid_gauge_init(&gauge, NULL),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_percid_gauge_add(&gauge, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_percid_gauge_sub(&gauge, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_gauge_sum(&gauge.gauge), 0);
	cpuslab_percid_gauge_fini(&gauge);
	assert_int_equal(cpuslab_percid_histogram_init(&histogram, f->slab, 2,
						       8),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_percid_histogram_init(&histogram, f->slab, 2,
						       65),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_percid_histogram_record(&histogram, 1),
			 -CPUSLAB_EINVAL);
	cpuslab_percid_histogram_fini(&histogram);
}

/* ---- those of their own headers ------------------------------------------ */

static struct {
	struct cpuslab_counter counter;
	struct cpuslab_gauge gauge;
	struct cpuslab_histogram histogram;
	struct cpuslab_approx approx;
	struct cpuslab_refcount refcount;
	struct cpuslab_stack stack;
	struct cpuslab_log log;
	struct cpuslab_node nodes[2 * WIDE];
	uint32_t pushed, released;
} plain;

#define BATCH 4u

static void plain_released(struct cpuslab_refcount *refcount) CPUSLAB_NOEXCEPT
{
	(void)refcount;
	plain.released++;
}

static void plain_init(struct fixture *f)
{
	memset(&plain, 0, sizeof(plain));
	assert_int_equal(cpuslab_counter_init(&plain.counter, f->slab),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_gauge_init(&plain.gauge, f->slab), CPUSLAB_OK);
	assert_int_equal(cpuslab_histogram_init(&plain.histogram, f->slab, 2,
						8),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_approx_init(&plain.approx, f->slab, BATCH),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_refcount_init(&plain.refcount, f->slab,
					       plain_released),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_stack_init(&plain.stack, f->slab), CPUSLAB_OK);
}

static void plain_fini(void)
{
	cpuslab_stack_fini(&plain.stack);
	cpuslab_refcount_fini(&plain.refcount);
	cpuslab_approx_fini(&plain.approx);
	cpuslab_histogram_fini(&plain.histogram);
	cpuslab_gauge_fini(&plain.gauge);
	cpuslab_counter_fini(&plain.counter);
}

static void plain_step(uint32_t nth)
{
	assert_int_equal(cpuslab_counter_add(&plain.counter, 1), CPUSLAB_OK);
	assert_int_equal(cpuslab_gauge_add(&plain.gauge, 2), CPUSLAB_OK);
	assert_int_equal(cpuslab_gauge_sub(&plain.gauge, 1), CPUSLAB_OK);
	assert_int_equal(cpuslab_histogram_record(&plain.histogram, nth),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_approx_add(&plain.approx, 1), CPUSLAB_OK);
	assert_true(cpuslab_refcount_try_get(&plain.refcount));
	assert_int_equal(cpuslab_stack_push(&plain.stack,
					    &plain.nodes[plain.pushed++]),
			 CPUSLAB_OK);
}

static void plain_is(uint64_t times, uint32_t copies)
{
	uint64_t counts[64], least, most;

	assert_int_equal(cpuslab_counter_sum(&plain.counter), times * WIDE);
	assert_int_equal(cpuslab_gauge_sum(&plain.gauge), times * WIDE);
	assert_int_equal(cpuslab_histogram_read(&plain.histogram, counts),
			 times * WIDE);
	assert_int_equal(cpuslab_approx_sum(&plain.approx), times * WIDE);
	cpuslab_approx_bounds(&plain.approx, &least, &most);
	assert_true(least <= times * WIDE && times * WIDE <= most);
	assert_int_equal(most - least, BATCH * (copies + 1));
}

static void plain_put(uint32_t nth)
{
	(void)nth;
	cpuslab_refcount_put(&plain.refcount);
}

/* References of ids that a trim has released count all the same. */
static void plain_kill(uint32_t times)
{
	uint32_t i;

	for (i = 0; i < times; i++) {
		assert_false(cpuslab_refcount_is_zero(&plain.refcount));
		wide(plain_put);
		if (!i)
			assert_int_equal(cpuslab_refcount_kill(&plain.refcount),
					 CPUSLAB_OK);
	}
	assert_true(cpuslab_refcount_is_zero(&plain.refcount));
	assert_int_equal(plain.released, 1);
	assert_false(cpuslab_refcount_try_get(&plain.refcount));
}

static uint32_t plain_popped;

static void plain_pop(uint32_t nth)
{
	struct cpuslab_node *node;

	(void)nth;
	while (!cpuslab_stack_pop(&plain.stack, &node))
		plain_popped++;
}

static void structures_out_of_line(void **state)
{
	struct fixture *f = *state;

	plain_init(f);
	wide(plain_step);
	each_has_a_copy(f);
	plain_is(1, fixture_stats(f).in_use);
	trim(f, 2);
	plain_is(1, fixture_stats(f).in_use);
	wide(plain_step);
	each_has_a_copy(f);
	plain_is(2, fixture_stats(f).in_use);
	plain_kill(2);
	plain_popped = 0;
	wide(plain_pop);
	assert_int_equal(plain_popped, 2 * WIDE);
	plain_fini();
}

/* A log is read by id, and keeps its copy as one of a CPU does. */
static void log_step(uint32_t nth)
{
	assert_int_equal(cpuslab_log_append(&plain.log, &nth, sizeof(nth)),
			 CPUSLAB_OK);
}

static uint32_t log_records(uint32_t id)
{
	uint64_t cursor = 0;
	const void *data;
	uint32_t bytes, count = 0;

	cpuslab_read_enter();
	while (!cpuslab_log_read(&plain.log, id, &cursor, &data, &bytes)) {
		assert_int_equal(bytes, sizeof(uint32_t));
		count++;
	}
	cpuslab_read_exit();
	return count;
}

static void a_log(void **state)
{
	struct fixture *f = *state;
	uint32_t id, total = 0;

	assert_int_equal(cpuslab_log_init(&plain.log, f->slab, 1000),
			 CPUSLAB_OK);
	wide(log_step);
	each_has_a_copy(f);
	for (id = 0; id < FIXTURE_LIMIT; id++)
		total += log_records(id);
	assert_int_equal(total, WIDE);
	if (fixture_stats(f).by_cid)
		for (id = 0; id < WIDE; id++)
			assert_int_equal(log_records(id), 1);
	cpuslab_log_fini(&plain.log);
	trim(f, 1);
	if (fixture_stats(f).by_cid)
		assert_int_equal(fixture_stats(f).in_use, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_PERCID(a_gauge_by_id),
		FIXTURE_NO_CIDS(a_gauge_by_id),
		FIXTURE_PERCID(a_histogram_by_id),
		FIXTURE_NO_CIDS(a_histogram_by_id),
		FIXTURE_RSEQ(they_need_such_a_slab),
		FIXTURE_PERCID(structures_out_of_line),
		FIXTURE_NO_CIDS(structures_out_of_line),
		FIXTURE_PERCID(a_log),
		FIXTURE_NO_CIDS(a_log),
	};

	return cmocka_run_group_tests_name("percid structures", tests, NULL,
					   NULL);
}
