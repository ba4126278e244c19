/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"
#include "fixture/recorder.h"

static struct recorder first, second, third;

static struct fixture_config domain_empty = {
	.domain_flags = CPUSLAB_DOMAIN_START_EMPTY,
	.no_slab = true,
};

/*
 * Three clients of a domain that starts empty; record their calls from now on.
 */
static void domain_watch(struct fixture *f)
{
	recorder_init(&first, "a");
	recorder_init(&second, "b");
	recorder_init(&third, "c");
	assert_int_equal(recorder_register(&first, f), CPUSLAB_OK);
	assert_int_equal(recorder_register(&second, f), CPUSLAB_OK);
	assert_int_equal(recorder_register(&third, f), CPUSLAB_OK);
	recorder_clear();
}

static void domain_unwatch(void)
{
	cpuslab_client_fini(&first.client);
	cpuslab_client_fini(&second.client);
	cpuslab_client_fini(&third.client);
}

typedef int (*domain_call)(struct cpuslab_domain *domain, uint32_t cpu);

static const domain_call domain_calls[] = {
	cpuslab_domain_add_start,
	cpuslab_domain_add_complete,
	cpuslab_domain_add_failure,
	cpuslab_domain_remove,
};

/* ---- one CPU's way ------------------------------------------------ */

static void an_add_and_a_removal(void **state)
{
	struct fixture *f = *state;

	domain_watch(f);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 5), CPUSLAB_OK);
	assert_false(fixture_online(f, 5));
	assert_int_equal(cpuslab_domain_add_complete(f->domain, 5), CPUSLAB_OK);
	assert_true(fixture_online(f, 5));
	fixture_remove(f, 5);
	assert_false(fixture_online(f, 5));
	assert_string_equal(recorder_text(), "a+5 b+5 c+5 a!5 b!5 c!5 "
					     "c~5 b~5 a~5");
	domain_unwatch();
}

static void an_add_that_fails(void **state)
{
	struct fixture *f = *state;

	domain_watch(f);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 5), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 5), CPUSLAB_OK);
	assert_string_equal(recorder_text(), "a+5 b+5 c+5 c-5 b-5 a-5");
	assert_int_equal(fixture_online_count(f), 0);
	domain_unwatch();
}

static void complete_without_start_makes_up_for_it(void **state)
{
	struct fixture *f = *state;

	domain_watch(f);
	assert_int_equal(cpuslab_domain_add_complete(f->domain, 5), CPUSLAB_OK);
	assert_string_equal(recorder_text(), "a+5 b+5 c+5 a!5 b!5 c!5");
	domain_unwatch();
}

static void complete_without_start_can_be_refused(void **state)
{
	struct fixture *f = *state;

	domain_watch(f);
	second.refuse = 5;
	assert_int_equal(cpuslab_domain_add_complete(f->domain, 5),
			 -CPUSLAB_EACCES);
	assert_string_equal(recorder_text(), "a+5 b+5 a-5");
	assert_int_equal(fixture_online_count(f), 0);
	domain_unwatch();
}

static void failure_after_complete_is_a_removal(void **state)
{
	struct fixture *f = *state;

	fixture_add(f, 5);
	domain_watch(f);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 5), CPUSLAB_OK);
	assert_string_equal(recorder_text(), "c~5 b~5 a~5");
	domain_unwatch();
}

static void removal_of_a_preparing_one_is_a_failure(void **state)
{
	struct fixture *f = *state;

	domain_watch(f);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 5), CPUSLAB_OK);
	recorder_clear();
	fixture_remove(f, 5);
	assert_string_equal(recorder_text(), "c-5 b-5 a-5");
	domain_unwatch();
}

static void a_refusal_is_undone_in_reverse(void **state)
{
	struct fixture *f = *state;

	domain_watch(f);
	third.refuse = 5;
	assert_int_equal(cpuslab_domain_add_start(f->domain, 5),
			 -CPUSLAB_EACCES);
	assert_string_equal(recorder_text(), "a+5 b+5 c+5 b-5 a-5");
	assert_int_equal(cpuslab_domain_check(f->domain), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 5), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_ignored(f->domain), 1);
	assert_non_null(sim_log_find("refused CPU 5"));
	domain_unwatch();
}

/*
 * A client may refuse with any negative number, and that is what add returns.
 */
static void each_client_may_refuse(void **state)
{
	static const char *const texts[] = { "a+5", "a+5 b+5 a-5",
					     "a+5 b+5 c+5 b-5 a-5" };
	struct recorder *all[] = { &first, &second, &third };
	struct fixture *f = *state;
	int i;

	domain_watch(f);
	for (i = 0; i < 3; i++) {
		recorder_clear();
		all[i]->refuse = 5;
		all[i]->refusal = -100 - i;
		assert_int_equal(cpuslab_domain_add_start(f->domain, 5),
				 -100 - i);
		assert_string_equal(recorder_text(), texts[i]);
		all[i]->refuse = CPUSLAB_NO_CPU;
	}
	fixture_add(f, 5);
	domain_unwatch();
}

static void repeated_calls_change_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cpuslab_domain_add_start(f->domain, 5), CPUSLAB_OK);
	domain_watch(f);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 5), CPUSLAB_OK);
	assert_string_equal(recorder_text(), "");
	assert_int_equal(cpuslab_domain_add_complete(f->domain, 5), CPUSLAB_OK);
	recorder_clear();
	fixture_add(f, 5); /* both calls; the second one repairs */
	assert_string_equal(recorder_text(), "a=5 b=5 c=5");
	fixture_remove(f, 5);
	recorder_clear();
	fixture_remove(f, 5);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 5), CPUSLAB_OK);
	assert_string_equal(recorder_text(), "");
	assert_int_equal(cpuslab_domain_ignored(f->domain), 5);
	domain_unwatch();
}

/*
 * Every sequence of six calls for one CPU: each start of the clients is matched
 * by one failure or removal, and the CPU mask follows.
 */
struct balance {
	int starts, completes, failures, removals;
};

static struct balance balance;

static int balance_start(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	(void)cpu;
	balance.starts++;
	return CPUSLAB_OK;
}

static void balance_complete(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	(void)cpu;
	balance.completes++;
}

static void balance_failure(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	(void)cpu;
	balance.failures++;
}

static void balance_remove(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	(void)cpu;
	balance.removals++;
}

static const struct cpuslab_client_ops balance_ops = {
	.start = balance_start,
	.complete = balance_complete,
	.failure = balance_failure,
	.remove = balance_remove,
};

static void domain_order(struct fixture *f, unsigned int order)
{
	int i;

	for (i = 0; i < 6; i++, order /= 4)
		assert_int_equal(domain_calls[order % 4](f->domain, 5),
				 CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_check(f->domain), CPUSLAB_OK);
	assert_int_equal(balance.completes - balance.removals,
			 fixture_online(f, 5));
	fixture_remove(f, 5);
	assert_int_equal(balance.starts, balance.failures + balance.removals);
	assert_int_equal(balance.completes, balance.removals);
}

static void every_wrong_order(void **state)
{
	struct cpuslab_client client = { .ops = &balance_ops, .name = "x" };
	struct fixture *f = *state;
	unsigned int order;

	assert_int_equal(cpuslab_client_init(&client, f->domain), CPUSLAB_OK);
	for (order = 0; order < 4096; order++)
		domain_order(f, order);
	cpuslab_client_fini(&client);
}

static void unknown_cpus_are_refused(void **state)
{
	static const uint32_t unknown[] = { 64, 65, 1u << 31, CPUSLAB_SHARED,
					    CPUSLAB_NO_CPU };
	struct fixture *f = *state;
	size_t i, j;

	domain_watch(f);
	for (i = 0; i < 4; i++)
		for (j = 0; j < 5; j++)
			assert_int_equal(domain_calls[i](f->domain, unknown[j]),
					 -CPUSLAB_ERANGE);
	assert_string_equal(recorder_text(), "");
	assert_int_equal(cpuslab_domain_ignored(f->domain), 20);
	domain_unwatch();
}

/* ---- from inside a callback --------------------------------------------- */

static int inside_calls;

static void inside_callback(void *arg)
{
	struct fixture *f = arg;
	struct recorder extra;
	size_t i;

	recorder_init(&extra, "x");
	for (i = 0; i < 4; i++)
		assert_int_equal(domain_calls[i](f->domain, 9), -CPUSLAB_EBUSY);
	assert_int_equal(cpuslab_domain_resync(f->domain), -CPUSLAB_EBUSY);
	assert_int_equal(cpuslab_domain_trim(f->domain, 0), -CPUSLAB_EBUSY);
	assert_int_equal(cpuslab_domain_check(f->domain), -CPUSLAB_EBUSY);
	assert_int_equal(recorder_register(&extra, f), -CPUSLAB_EBUSY);
	assert_int_equal(cpuslab_slab_create(&f->slab, f->domain, NULL),
			 -CPUSLAB_EBUSY);
	assert_null(f->slab);
	fixture_online_count(f);
	inside_calls++;
}

static void calls_from_inside_each_callback(void **state)
{
	struct fixture *f = *state;

	domain_watch(f);
	second.inside = inside_callback;
	second.arg = f;
	inside_calls = 0;
	fixture_add(f, 5);
	assert_int_equal(inside_calls, 2);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 6), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 6), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_trim(f->domain, 0), CPUSLAB_OK);
	fixture_remove(f, 5);
	assert_int_equal(inside_calls, 6);
	assert_int_equal(cpuslab_domain_resync(f->domain), CPUSLAB_OK);
	assert_int_equal(inside_calls, 6 + 2 * (int)FIXTURE_AVAILABLE + 1);
	second.inside = NULL;
	domain_unwatch();
}

static void inside_operations(void *arg)
{
	const struct cpuslab_counter *counter = arg;

	cpuslab_counter_add(counter, 1);
	assert_true(cpuslab_counter_sum(counter) > 0);
	inside_calls++;
}

static void operations_and_sums_inside_callbacks(void **state)
{
	struct cpuslab_counter counter;
	struct fixture *f = *state;

	assert_int_equal(cpuslab_counter_init(&counter, f->slab), CPUSLAB_OK);
	domain_watch(f);
	first.inside = inside_operations;
	first.arg = &counter;
	inside_calls = 0;
	sim_cpu_set(9);
	fixture_add(f, 9);
	fixture_remove(f, 9);
	assert_int_equal(inside_calls, 3);
	assert_int_equal(cpuslab_counter_sum(&counter), 3);
	domain_unwatch();
	cpuslab_counter_fini(&counter);
}

static void inside_destroy(void *arg)
{
	struct fixture *f = arg;

	cpuslab_domain_destroy(f->domain);
}

static void inside_destroy_by_add(void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(cpuslab_domain_add_start(f->domain, 5), CPUSLAB_OK);
}

static void destroying_inside_a_callback_panics(void **state)
{
	static struct fixture f;
	const char *text;

	(void)state;
	assert_int_equal(cpuslab_domain_create(&f.domain, NULL), CPUSLAB_OK);
	recorder_init(&first, "a");
	recorder_register(&first, &f);
	first.inside = inside_destroy;
	first.arg = &f;
	text = sim_panic_catch(inside_destroy_by_add, &f);
	assert_non_null(text);
	assert_non_null(strstr(text, "inside a callback"));
	assert_true(sim_fini() > 0);
	assert_int_equal(sim_init(NULL), CPUSLAB_OK);
}

/* ---- resync ------------------------------------------------------------- */

static void resync_adds_and_removes(void **state)
{
	struct fixture *f = *state;

	domain_watch(f);
	sim_cpu_set_available(0, false);
	sim_cpu_set_available(3, false);
	fixture_add(f, 50);
	recorder_clear();
	assert_int_equal(cpuslab_domain_resync(f->domain), CPUSLAB_OK);
	assert_string_equal(recorder_text(),
			    "a+1 b+1 c+1 a!1 b!1 c!1 a+2 b+2 c+2 a!2 b!2 c!2 "
			    "c~50 b~50 a~50 ar br cr");
	assert_int_equal(fixture_online_count(f), 2);
	recorder_clear();
	assert_int_equal(cpuslab_domain_resync(f->domain), CPUSLAB_OK);
	assert_string_equal(recorder_text(),
			    "a=1 b=1 c=1 a=2 b=2 c=2 ar br cr");
	domain_unwatch();
}

/* One set of CPUs replaces another: the domain is never empty in between. */
static void resync_adds_before_it_removes(void **state)
{
	struct fixture *f = *state;

	fixture_add(f, 0);
	domain_watch(f);
	sim_cpu_set_available(0, false);
	sim_cpu_set_available(1, false);
	sim_cpu_set_available(2, false);
	recorder_clear();
	assert_int_equal(cpuslab_domain_resync(f->domain), CPUSLAB_OK);
	assert_string_equal(recorder_text(),
			    "a+3 b+3 c+3 a!3 b!3 c!3 c~0 b~0 a~0 ar br cr");
	assert_int_equal(fixture_online_count(f), 1);
	domain_unwatch();
}

static void resync_completes_what_is_preparing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cpuslab_domain_add_start(f->domain, 1), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 40), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_resync(f->domain), CPUSLAB_OK);
	assert_true(fixture_online(f, 1));
	assert_false(fixture_online(f, 40)); /* it may still be completed */
	assert_int_equal(cpuslab_domain_add_complete(f->domain, 40),
			 CPUSLAB_OK);
	assert_true(fixture_online(f, 40));
}

/* A partial answer adds CPUs but removes none. */
static void resync_with_a_partial_answer(void **state)
{
	struct fixture *f = *state;

	fixture_add(f, 50);
	domain_watch(f);
	sim_available_result(CPUSLAB_PARTIAL);
	assert_int_equal(cpuslab_domain_resync(f->domain), CPUSLAB_OK);
	assert_int_equal(fixture_online_count(f), 5);
	assert_true(fixture_online(f, 50));
	assert_null(strchr(recorder_text(), 'r'));
	domain_unwatch();
}

static void resync_with_an_error_changes_nothing(void **state)
{
	struct fixture *f = *state;

	fixture_add(f, 50);
	domain_watch(f);
	sim_available_result(-CPUSLAB_EACCES);
	assert_int_equal(cpuslab_domain_resync(f->domain), -CPUSLAB_EACCES);
	assert_int_equal(fixture_online_count(f), 1);
	assert_string_equal(recorder_text(), "");
	domain_unwatch();
}

static void resync_continues_after_a_refusal(void **state)
{
	struct fixture *f = *state;

	domain_watch(f);
	second.refuse = 1;
	first.refuse = 2;
	first.refusal = -CPUSLAB_EAGAIN; /* the first refusal is returned */
	assert_int_equal(cpuslab_domain_resync(f->domain), -CPUSLAB_EACCES);
	assert_int_equal(fixture_online_count(f), 2);
	assert_false(fixture_online(f, 1));
	first.refuse = second.refuse = CPUSLAB_NO_CPU;
	assert_int_equal(cpuslab_domain_resync(f->domain), CPUSLAB_OK);
	assert_int_equal(fixture_online_count(f), 4);
	domain_unwatch();
}

/* ---- trim --------------------------------------------------------------- */

static void trim_asks_every_client(void **state)
{
	struct fixture *f = *state;

	domain_watch(f);
	assert_int_equal(cpuslab_domain_trim(f->domain, 0), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_trim(f->domain, CPUSLAB_TRIM_QUIESCENT),
			 CPUSLAB_OK);
	assert_string_equal(recorder_text(), "ct0 bt0 at0 ct1 bt1 at1");
	recorder_clear();
	second.trim_result = CPUSLAB_RETAINED;
	assert_int_equal(cpuslab_domain_trim(f->domain, 0), CPUSLAB_RETAINED);
	first.trim_result = -CPUSLAB_ENOMEM;
	assert_int_equal(cpuslab_domain_trim(f->domain, 0), -CPUSLAB_ENOMEM);
	domain_unwatch();
}

static void trim_refuses_unknown_flags(void **state)
{
	struct fixture *f = *state;

	domain_watch(f);
	assert_int_equal(cpuslab_domain_trim(f->domain, 2), -CPUSLAB_EINVAL);
	assert_string_equal(recorder_text(), "");
	domain_unwatch();
}

static void trim_without_clients(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cpuslab_domain_trim(f->domain, 0), CPUSLAB_OK);
}

/* ---- no memory ---------------------------------------------------------- */

static void an_allocation_of_a_call_fails(void **state)
{
	struct fixture *f = *state;
	uint32_t online = fixture_online_count(f);
	size_t i;
	uint64_t n;
	int err;

	for (i = 0; i < 4; i++) {
		for (n = 1; n < 50; n++) {
			bool was = fixture_online(f, 5);

			sim_fail_alloc_at(n);
			err = domain_calls[i](f->domain, 5);
			sim_fail_alloc_at(0);
			if (!err)
				break;
			assert_int_equal(err, -CPUSLAB_ENOMEM);
			assert_int_equal(fixture_online(f, 5), was);
		}
		assert_true(n < 50);
	}
	assert_int_equal(fixture_online_count(f), online);
}

static void complete_after_start_needs_no_memory(void **state)
{
	struct fixture *f = *state;
	uint32_t cpu;

	for (cpu = 10; cpu < 20; cpu++)
		assert_int_equal(cpuslab_domain_add_start(f->domain, cpu),
				 CPUSLAB_OK);
	sim_fail_alloc_from(1);
	for (cpu = 10; cpu < 20; cpu++)
		assert_int_equal(cpuslab_domain_add_complete(f->domain, cpu),
				 CPUSLAB_OK);
	sim_fail_alloc_from(0);
}

static void resync_without_memory(void **state)
{
	struct fixture *f = *state;

	sim_fail_alloc_from(1);
	assert_int_equal(cpuslab_domain_resync(f->domain), -CPUSLAB_ENOMEM);
	sim_fail_alloc_from(0);
	assert_int_equal(fixture_online_count(f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(an_add_and_a_removal, domain_empty),
		FIXTURE_TEST(an_add_that_fails, domain_empty),
		FIXTURE_TEST(complete_without_start_makes_up_for_it,
			     domain_empty),
		FIXTURE_TEST(complete_without_start_can_be_refused,
			     domain_empty),
		FIXTURE_TEST(failure_after_complete_is_a_removal, domain_empty),
		FIXTURE_TEST(removal_of_a_preparing_one_is_a_failure,
			     domain_empty),
		FIXTURE_TEST(a_refusal_is_undone_in_reverse, domain_empty),
		FIXTURE_TEST(each_client_may_refuse, domain_empty),
		FIXTURE_TEST(repeated_calls_change_nothing, domain_empty),
		FIXTURE_TEST(every_wrong_order, domain_empty),
		FIXTURE_TEST(unknown_cpus_are_refused, domain_empty),
		FIXTURE_TEST(calls_from_inside_each_callback, domain_empty),
		FIXTURE_RSEQ(operations_and_sums_inside_callbacks),
		FIXTURE_NO_DOMAIN(destroying_inside_a_callback_panics),
		FIXTURE_TEST(resync_adds_and_removes, domain_empty),
		FIXTURE_TEST(resync_adds_before_it_removes, domain_empty),
		FIXTURE_TEST(resync_completes_what_is_preparing, domain_empty),
		FIXTURE_TEST(resync_with_a_partial_answer, domain_empty),
		FIXTURE_TEST(resync_with_an_error_changes_nothing,
			     domain_empty),
		FIXTURE_TEST(resync_continues_after_a_refusal, domain_empty),
		FIXTURE_TEST(trim_asks_every_client, domain_empty),
		FIXTURE_TEST(trim_refuses_unknown_flags, domain_empty),
		FIXTURE_TEST(trim_without_clients, domain_empty),
		FIXTURE_TEST(an_allocation_of_a_call_fails, domain_empty),
		FIXTURE_RSEQ(an_allocation_of_a_call_fails),
		FIXTURE_RSEQ(complete_after_start_needs_no_memory),
		FIXTURE_TEST(resync_without_memory, domain_empty),
	};

	return cmocka_run_group_tests_name("domain", tests, NULL, NULL);
}
