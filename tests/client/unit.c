/* SPDX-License-Identifier: MIT */
/*
 * unit.c - a client registers, is called, and unregisters.
 */
#include "fixture/fixture.h"
#include "fixture/recorder.h"

static struct recorder client;

static void registration_starts_the_cpus_that_exist(void **state)
{
	struct fixture *f = *state;

	fixture_add(f, 60);
	recorder_init(&client, "a");
	recorder_clear();
	assert_int_equal(recorder_register(&client, f), CPUSLAB_OK);
	assert_string_equal(recorder_text(), "a+0 a+1 a+2 a+3 a+60 "
					     "a!0 a!1 a!2 a!3 a!60");
	cpuslab_client_fini(&client.client);
}

static void registration_while_a_cpu_is_preparing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	recorder_init(&client, "a");
	recorder_clear();
	assert_int_equal(recorder_register(&client, f), CPUSLAB_OK);
	assert_string_equal(recorder_text(), "a+0 a+1 a+2 a+3 a+9 "
					     "a!0 a!1 a!2 a!3");
	recorder_clear();
	assert_int_equal(cpuslab_domain_add_complete(f->domain, 9), CPUSLAB_OK);
	assert_string_equal(recorder_text(), "a!9");
	cpuslab_client_fini(&client.client);
}

/* Whichever start is refused, those before it are undone in reverse. */
static void a_refusal_at_each_start(void **state)
{
	static const char *const texts[] = {
		"a+0",
		"a+0 a+1 a-0",
		"a+0 a+1 a+2 a-1 a-0",
		"a+0 a+1 a+2 a+3 a-2 a-1 a-0",
		"a+0 a+1 a+2 a+3 a+9 a-3 a-2 a-1 a-0",
	};
	struct fixture *f = *state;
	uint32_t k;

	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	for (k = 1; k <= 5; k++) {
		recorder_init(&client, "a");
		recorder_clear();
		client.refuse_nth = k;
		assert_int_equal(recorder_register(&client, f),
				 -CPUSLAB_EACCES);
		assert_string_equal(recorder_text(), texts[k - 1]);
		recorder_clear();
		fixture_add(f, 10 + k);
		assert_string_equal(recorder_text(), "");
	}
}

static void a_positive_result_of_start_is_no_refusal(void **state)
{
	struct fixture *f = *state;

	recorder_init(&client, "a");
	client.refuse = 7;
	client.refusal = 7;
	assert_int_equal(recorder_register(&client, f), CPUSLAB_OK);
	fixture_add(f, 7);
	cpuslab_client_fini(&client.client);
}

static void a_client_without_callbacks(void **state)
{
	static const struct cpuslab_client_ops nothing = { 0 };
	struct cpuslab_client idle = { .ops = &nothing, .name = "idle" };
	struct fixture *f = *state;

	assert_int_equal(cpuslab_client_init(&idle, f->domain), CPUSLAB_OK);
	fixture_add(f, 7);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 8), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 8), CPUSLAB_OK);
	fixture_remove(f, 7);
	assert_int_equal(cpuslab_domain_trim(f->domain, 0), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_resync(f->domain), CPUSLAB_OK);
	cpuslab_client_fini(&idle);
}

static void a_client_needs_ops_and_a_name(void **state)
{
	static const struct cpuslab_client_ops nothing = { 0 };
	struct cpuslab_client no_ops = { .name = "x" };
	struct cpuslab_client no_name = { .ops = &nothing };
	struct fixture *f = *state;

	assert_int_equal(cpuslab_client_init(&no_ops, f->domain),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_client_init(&no_name, f->domain),
			 -CPUSLAB_EINVAL);
}

static void no_callback_is_called_after_fini(void **state)
{
	struct fixture *f = *state;

	recorder_init(&client, "a");
	assert_int_equal(recorder_register(&client, f), CPUSLAB_OK);
	cpuslab_client_fini(&client.client);
	recorder_clear();
	fixture_add(f, 7);
	fixture_remove(f, 7);
	assert_string_equal(recorder_text(), "");
	cpuslab_client_fini(&client.client); /* does nothing */
}

/* The first, the middle and the last one: the others keep their order. */
static void clients_unregister_in_any_order(void **state)
{
	static const char *const texts[] = { "b+7 c+7 b!7 c!7 c~7 b~7",
					     "a+7 c+7 a!7 c!7 c~7 a~7",
					     "a+7 b+7 a!7 b!7 b~7 a~7" };
	static const char *const names[] = { "a", "b", "c" };
	struct recorder clients[3];
	struct fixture *f = *state;
	int first, i;

	for (first = 0; first < 3; first++) {
		for (i = 0; i < 3; i++) {
			recorder_init(&clients[i], names[i]);
			recorder_register(&clients[i], f);
		}
		cpuslab_client_fini(&clients[first].client);
		recorder_clear();
		fixture_add(f, 7);
		fixture_remove(f, 7);
		assert_string_equal(recorder_text(), texts[first]);
		for (i = 0; i < 3; i++)
			cpuslab_client_fini(&clients[i].client);
	}
}

/* Clients that are registered are called as before. */
static void no_client_registers_after_a_close(void **state)
{
	struct fixture *f = *state;
	struct recorder late;
	struct cpuslab_slab *slab = NULL;

	recorder_init(&client, "a");
	assert_int_equal(recorder_register(&client, f), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_close(f->domain), CPUSLAB_OK);
	recorder_init(&late, "late");
	recorder_clear();
	sim_log_clear();
	assert_int_equal(recorder_register(&late, f), -CPUSLAB_ESHUTDOWN);
	assert_non_null(
		sim_log_find("client late: not registered: shutting down"));
	assert_int_equal(cpuslab_slab_create(&slab, f->domain, NULL),
			 -CPUSLAB_ESHUTDOWN);
	assert_null(slab);
	assert_non_null(sim_log_find("slab slab: not created: shutting down"));
	fixture_add(f, 7);
	fixture_remove(f, 7);
	assert_string_equal(recorder_text(), "a+7 a!7 a~7");
	cpuslab_client_fini(&client.client);
}

static void client_closes(void *arg)
{
	assert_int_equal(cpuslab_domain_close(arg), -CPUSLAB_EBUSY);
}

static void closing_inside_a_callback_is_refused(void **state)
{
	struct fixture *f = *state;
	struct recorder late;

	recorder_init(&client, "a");
	assert_int_equal(recorder_register(&client, f), CPUSLAB_OK);
	client.inside = client_closes;
	client.arg = f->domain;
	fixture_add(f, 7);
	client.inside = NULL;
	recorder_init(&late, "b");
	assert_int_equal(recorder_register(&late, f), CPUSLAB_OK);
	cpuslab_client_fini(&late.client);
	cpuslab_client_fini(&client.client);
}

static void a_refused_registration_is_logged(void **state)
{
	struct fixture *f = *state;

	recorder_init(&client, "a");
	client.refuse_nth = 3;
	sim_log_clear();
	assert_int_equal(recorder_register(&client, f), -CPUSLAB_EACCES);
	assert_non_null(sim_log_find("a refused CPU 2"));
	assert_non_null(
		sim_log_find("client a: not registered: permission denied"));
}

/* A hotplug offers a CPU twice a second as long as it is refused. */
static void a_refusal_that_lasts_is_logged_once(void **state)
{
	struct fixture *f = *state;
	int i;

	recorder_init(&client, "a");
	client.refuse = 9;
	assert_int_equal(recorder_register(&client, f), CPUSLAB_OK);
	for (i = 0; i < 5; i++) {
		sim_log_clear();
		assert_int_equal(cpuslab_domain_add_start(f->domain, 9),
				 -CPUSLAB_EACCES);
		assert_true(!i == !!sim_log_find("a refused CPU 9"));
	}
	/* Another reason is news, and so is a refusal after a success. */
	client.refusal = -CPUSLAB_ENOMEM;
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9),
			 -CPUSLAB_ENOMEM);
	assert_non_null(sim_log_find("a refused CPU 9"));
	client.refuse = CPUSLAB_NO_CPU;
	fixture_add(f, 9);
	fixture_remove(f, 9);
	client.refuse = 9;
	sim_log_clear();
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9),
			 -CPUSLAB_ENOMEM);
	assert_non_null(sim_log_find("a refused CPU 9"));
	cpuslab_client_fini(&client.client);
}

static void each_refused_cpu_is_logged_once(void **state)
{
	struct fixture *f = *state;
	uint32_t cpu, lines = 0;
	int i;

	recorder_init(&client, "a");
	assert_int_equal(recorder_register(&client, f), CPUSLAB_OK);
	for (i = 0; i < 2; i++) {
		for (cpu = 10; cpu < 40; cpu++) {
			client.refuse = cpu;
			sim_log_clear();
			assert_int_equal(cpuslab_domain_add_start(f->domain,
								  cpu),
					 -CPUSLAB_EACCES);
			lines += sim_log_find("a refused CPU") != NULL;
		}
	}
	assert_int_equal(lines, 30);
	cpuslab_client_fini(&client.client);
}

static void reasons_that_take_turns_are_not_logged_forever(void **state)
{
	struct fixture *f = *state;
	int i, lines = 0;

	recorder_init(&client, "a");
	client.refuse = 10;
	assert_int_equal(recorder_register(&client, f), CPUSLAB_OK);
	for (i = 0; i < 100; i++) {
		client.refusal = -(i % 2) - 1;
		sim_log_clear();
		assert_int_equal(cpuslab_domain_add_start(f->domain, 10),
				 client.refusal);
		lines += sim_log_find("a refused CPU") != NULL;
	}
	assert_in_range(lines, 2, 8);
	cpuslab_client_fini(&client.client);
}

static void a_failed_init_is_logged_once(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_slab *slab;
	int i;

	recorder_init(&client, "a");
	client.refuse = 2;
	assert_int_equal(cpuslab_domain_close(f->domain), CPUSLAB_OK);
	for (i = 0; i < 3; i++) {
		sim_log_clear();
		assert_int_equal(recorder_register(&client, f),
				 -CPUSLAB_ESHUTDOWN);
		assert_true(!i == !!sim_log_find("client a: not registered"));
	}
	for (i = 0; i < 3; i++) {
		sim_log_clear();
		assert_int_equal(cpuslab_slab_create(&slab, f->domain, NULL),
				 -CPUSLAB_ESHUTDOWN);
		assert_true(!i == !!sim_log_find("slab slab: not created"));
	}
}

static void client_unregisters(void *arg)
{
	cpuslab_client_fini(arg);
}

static void client_adds(void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(cpuslab_domain_add_start(f->domain, 7), CPUSLAB_OK);
}

static void unregistering_inside_a_callback_panics(void **state)
{
	static struct fixture f;
	const char *text;

	(void)state;
	assert_int_equal(cpuslab_domain_create(&f.domain, NULL), CPUSLAB_OK);
	recorder_init(&client, "a");
	assert_int_equal(recorder_register(&client, &f), CPUSLAB_OK);
	client.inside = client_unregisters;
	client.arg = &client.client;
	text = sim_panic_catch(client_adds, &f);
	assert_non_null(text);
	assert_non_null(strstr(text, "assertion failed"));
	assert_true(sim_fini() > 0);
	assert_int_equal(sim_init(NULL), CPUSLAB_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_NO_SLAB(registration_starts_the_cpus_that_exist),
		FIXTURE_NO_SLAB(registration_while_a_cpu_is_preparing),
		FIXTURE_NO_SLAB(a_refusal_at_each_start),
		FIXTURE_NO_SLAB(a_positive_result_of_start_is_no_refusal),
		FIXTURE_NO_SLAB(a_client_without_callbacks),
		FIXTURE_NO_SLAB(a_client_needs_ops_and_a_name),
		FIXTURE_NO_SLAB(no_callback_is_called_after_fini),
		FIXTURE_NO_SLAB(clients_unregister_in_any_order),
		FIXTURE_NO_SLAB(no_client_registers_after_a_close),
		FIXTURE_NO_SLAB(closing_inside_a_callback_is_refused),
		FIXTURE_NO_SLAB(a_refused_registration_is_logged),
		FIXTURE_NO_SLAB(a_refusal_that_lasts_is_logged_once),
		FIXTURE_NO_SLAB(each_refused_cpu_is_logged_once),
		FIXTURE_NO_SLAB(reasons_that_take_turns_are_not_logged_forever),
		FIXTURE_NO_SLAB(a_failed_init_is_logged_once),
		FIXTURE_NO_DOMAIN(unregistering_inside_a_callback_panics),
	};

	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
