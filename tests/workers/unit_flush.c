/* SPDX-License-Identifier: MIT */
/*
 * unit_flush.c - when a flush ends, and where it is refused.
 */
#include "workers/unit_fake.h"

static int flush_result;

static void flush_in_handler(void *arg, uint32_t cpu,
			     const struct cpuslab_message *message)
{
	on_message(arg, cpu, message);
	flush_result = cpuslab_workers_flush(&workers, CPUSLAB_NO_CPU);
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
	assert_int_equal(cpuslab_workers_flush(&workers, CPUSLAB_NO_CPU),
			 CPUSLAB_OK);
}

static void flush_complete(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	flush_result = cpuslab_workers_flush(&workers, cpu);
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
					 &workers, k % 3 ? CPUSLAB_NO_CPU : 9),
				 CPUSLAB_OK);
		assert_int_equal(sim_at_cancel(), 0);
		assert_int_equal(handled[1] + handled[2] + handled[3], 3);
		if (k % 2)
			fixture_add(f, 9);
	}
	assert_int_equal(cpuslab_workers_flush(&workers, FIXTURE_LIMIT),
			 CPUSLAB_OK);
}

/* What is sent to other CPUs is not waited for. */
static void a_flush_of_one_cpu(void **state)
{
	(void)state;
	pump();
	assert_int_equal(send(0, 1), CPUSLAB_OK);
	assert_int_equal(cpuslab_workers_flush(&workers, 1), CPUSLAB_OK);
	assert_int_equal(handled[1], 0);
	pump();
}

static void without_workers(void **state)
{
	struct cpuslab_workers none;

	(void)state;
	assert_int_equal(cpuslab_workers_init(&none, NULL, &config),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_workers_flush(&none, 0), -CPUSLAB_ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORKERS_TEST(a_handler_cannot_flush_its_set),
		WORKERS_TEST(a_callback_of_the_domain_cannot_flush),
		WORKERS_TEST(a_flush_ends_when_all_is_handled),
		WORKERS_TEST(a_flush_of_one_cpu),
		WORKERS_TEST(without_workers),
	};

	return cmocka_run_group_tests_name("workers, flush", tests, NULL, NULL);
}
