/* SPDX-License-Identifier: MIT */
/*
 * unit_flush.c - when a flush ends, and where it is refused.
 */
#include "workers/unit_fake.h"

#define FLUSH_MINUTE ((uint64_t)60000000000) /* nanoseconds */

static int flush_result;

static void flush_in_handler(void *arg, uint32_t cpu,
			     const struct cpuslab_message *message)
{
	on_message(arg, cpu, message);
	flush_result = cpuslab_workers_flush(&workers, CPUSLAB_NO_CPU,
					     CPUSLAB_NO_TIMEOUT);
}

static void a_handler_cannot_flush_its_set(void **state)
{
	(void)state;
	pump();
	workers.config.handle = flush_in_handler;
	assert_int_equal(send(1, 1), CPUSLAB_OK);
	flush_result = CPUSLAB_OK;
	pump();
	assert_int_equal(flush_result, -CPUSLAB_EBUSY);
	workers.config.handle = on_message;
	assert_int_equal(cpuslab_workers_flush(&workers, CPUSLAB_NO_CPU,
					       CPUSLAB_NO_TIMEOUT),
			 CPUSLAB_OK);
}

static void flush_complete(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	flush_result = cpuslab_workers_flush(&workers, cpu, CPUSLAB_NO_TIMEOUT);
}

static void a_callback_of_the_domain_cannot_flush(void **state)
{
	static const struct cpuslab_client_ops ops = { .complete =
							       flush_complete };
	struct cpuslab_client client = { .ops = &ops, .name = "flushes" };
	struct fixture *f = *state;

	flush_result = CPUSLAB_OK;
	assert_int_equal(cpuslab_client_init(&client, f->domain), CPUSLAB_OK);
	assert_int_equal(flush_result, -CPUSLAB_EBUSY);
	cpuslab_client_fini(&client);
}

/* The workers work at some point of the flush, or are done before. */
static void flush_pump(void *arg)
{
	(void)arg;
	pump();
}

static void a_flush_ends_when_all_is_handled(void **state)
{
	struct fixture *f = *state;
	uint64_t k;

	fixture_add(f, 9);
	for (k = 1; k < 12; k++) {
		memset(handled, 0, sizeof(handled));
		assert_int_equal(send(0, 1), CPUSLAB_OK);
		assert_int_equal(send(1, 2), CPUSLAB_OK);
		assert_int_equal(send(9, 3), CPUSLAB_OK);
		if (k % 2)
			fixture_remove(f, 9);
		sim_other_at(k, 2, flush_pump, NULL);
		assert_int_equal(cpuslab_workers_flush(
					 &workers, k % 3 ? CPUSLAB_NO_CPU : 9,
					 CPUSLAB_NO_TIMEOUT),
				 CPUSLAB_OK);
		assert_int_equal(sim_at_cancel(), 0);
		assert_int_equal(handled[1] + handled[2] + handled[3], 3);
		if (k % 2)
			fixture_add(f, 9);
	}
}

static void no_cpu_can_have_the_number(void **state)
{
	static const uint32_t cpus[] = { FIXTURE_LIMIT, 99999, CPUSLAB_SHARED };
	size_t i;

	(void)state;
	pump();
	for (i = 0; i < sizeof(cpus) / sizeof(*cpus); i++)
		assert_int_equal(cpuslab_workers_flush(&workers, cpus[i], 0),
				 -CPUSLAB_ENOENT);
	/* One that is offline has no messages. */
	assert_int_equal(cpuslab_workers_flush(&workers, FIXTURE_LIMIT - 1, 0),
			 CPUSLAB_OK);
}

/* What is sent to other CPUs is not waited for. */
static void a_flush_of_one_cpu(void **state)
{
	(void)state;
	pump();
	assert_int_equal(send(0, 1), CPUSLAB_OK);
	assert_int_equal(cpuslab_workers_flush(&workers, 1, CPUSLAB_NO_TIMEOUT),
			 CPUSLAB_OK);
	assert_int_equal(handled[1], 0);
	pump();
}

static void a_flush_ends_in_time(void **state)
{
	uint64_t begin;

	(void)state;
	pump();
	assert_int_equal(cpuslab_workers_flush(&workers, CPUSLAB_NO_CPU, 0),
			 CPUSLAB_OK);
	assert_int_equal(send(0, 1), CPUSLAB_OK);
	assert_int_equal(cpuslab_workers_flush(&workers, CPUSLAB_NO_CPU, 0),
			 CPUSLAB_PARTIAL);
	assert_int_equal(cpuslab_workers_flush(&workers, 1, 0), CPUSLAB_OK);
	begin = cpuslab_port_clock();
	assert_int_equal(cpuslab_workers_flush(&workers, 0, 5),
			 CPUSLAB_PARTIAL);
	assert_in_range(cpuslab_port_clock() - begin, 5000000, 6100000);
	pump();
	assert_int_equal(cpuslab_workers_flush(&workers, 0, 0), CPUSLAB_OK);
}

static void flush_set_clock_back(void *arg)
{
	(void)arg;
	sim_clock_advance(0 - FLUSH_MINUTE);
}

/* As where a process is restored on a machine that was started later. */
static void a_clock_that_is_set_back_prolongs_no_flush(void **state)
{
	uint64_t begin;

	(void)state;
	pump();
	sim_clock_advance(2 * FLUSH_MINUTE);
	assert_int_equal(send(0, 1), CPUSLAB_OK);
	sim_other_at(20, 2, flush_set_clock_back, NULL);
	begin = sim_points();
	assert_int_equal(cpuslab_workers_flush(&workers, 0, 1000),
			 CPUSLAB_PARTIAL);
	assert_int_equal(sim_at_cancel(), 0);
	assert_in_range(sim_points() - begin, 20, 100);
	pump();
}

/* Another thread flushes while the handler of CPU 1 runs. */
static int others_flush[4];

static void other_flush(void *arg)
{
	(void)arg;
	others_flush[0] = cpuslab_workers_flush(&workers, 0, 0);
	others_flush[1] = cpuslab_workers_flush(&workers, 1, 0);
	others_flush[2] = cpuslab_workers_flush(&workers, CPUSLAB_NO_CPU, 0);
	others_flush[3] = cpuslab_workers_flush(&workers, 9, 0);
}

static void handler_flushed_by_others(void *arg, uint32_t cpu,
				      const struct cpuslab_message *message)
{
	on_message(arg, cpu, message);
	sim_other_at(1, 2, other_flush, NULL);
	cpuslab_port_preempt_point();
	cpuslab_port_preempt_point();
}

static void a_flush_waits_for_its_handlers_only(void **state)
{
	(void)state;
	pump();
	workers.config.handle = handler_flushed_by_others;
	assert_int_equal(send(1, 1), CPUSLAB_OK);
	pump();
	workers.config.handle = on_message;
	assert_int_equal(others_flush[0], CPUSLAB_OK);
	assert_int_equal(others_flush[1], CPUSLAB_PARTIAL);
	assert_int_equal(others_flush[2], CPUSLAB_PARTIAL);
}

/* A closed box is emptied by the worker of another CPU. */
static void a_flush_waits_for_undelivered_messages(void **state)
{
	struct fixture *f = *state;

	fixture_add(f, 9);
	pump();
	assert_int_equal(send(9, 1), CPUSLAB_OK);
	fixture_remove(f, 9);
	workers.config.handle = handler_flushed_by_others;
	pump();
	workers.config.handle = on_message;
	assert_int_equal(handled_by[1], 0);
	assert_int_equal(others_flush[0], CPUSLAB_OK);
	assert_int_equal(others_flush[1], CPUSLAB_OK);
	assert_int_equal(others_flush[2], CPUSLAB_PARTIAL);
	assert_int_equal(others_flush[3], CPUSLAB_PARTIAL);
}

static void work_in_handler(void *arg, uint32_t cpu,
			    const struct cpuslab_message *message)
{
	on_message(arg, cpu, message);
	flush_result = cpuslab_workers_work(&workers, cpu);
}

static void a_handler_cannot_work(void **state)
{
	(void)state;
	pump();
	workers.config.handle = work_in_handler;
	assert_int_equal(send(1, 1), CPUSLAB_OK);
	assert_int_equal(send(1, 2), CPUSLAB_OK);
	flush_result = CPUSLAB_OK;
	assert_int_equal(cpuslab_workers_work(&workers, 1), CPUSLAB_OK);
	assert_int_equal(flush_result, -CPUSLAB_EBUSY);
	assert_int_equal(handled[1], 1);
	assert_int_equal(handled[2], 0);
	pump();
	assert_int_equal(handled[2], 1);
	workers.config.handle = on_message;
}

static void without_workers(void **state)
{
	struct cpuslab_workers none;

	(void)state;
	assert_int_equal(cpuslab_workers_init(&none, NULL, &config),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_workers_flush(&none, 0, CPUSLAB_NO_TIMEOUT),
			 -CPUSLAB_ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORKERS_TEST(a_handler_cannot_flush_its_set),
		WORKERS_TEST(a_callback_of_the_domain_cannot_flush),
		WORKERS_TEST(a_flush_ends_when_all_is_handled),
		WORKERS_TEST(no_cpu_can_have_the_number),
		WORKERS_TEST(a_flush_of_one_cpu),
		WORKERS_TEST(a_flush_ends_in_time),
		WORKERS_TEST(a_clock_that_is_set_back_prolongs_no_flush),
		WORKERS_TEST(a_flush_waits_for_its_handlers_only),
		WORKERS_TEST(a_flush_waits_for_undelivered_messages),
		WORKERS_TEST(a_handler_cannot_work),
		WORKERS_TEST(without_workers),
	};

	return cmocka_run_group_tests_name("workers, flush", tests, NULL, NULL);
}
