/* SPDX-License-Identifier: MIT */
/*
 * unit_order.c - clients are called in their declared order, whichever of them
 * registered first; a refusal is undone exactly, in reverse, and reported.
 */
#include "fixture/fixture.h"
#include "fixture/recorder.h"

#define CLIENTS 3

/* Of orders 0, 1 and 2, as queues, interrupts and workers could be. */
static struct recorder clients[CLIENTS];
static const char *const names[CLIENTS] = { "a", "b", "c" };

static void order_register(struct fixture *f, const int *sequence)
{
	int i;

	for (i = 0; i < CLIENTS; i++) {
		struct recorder *client = &clients[sequence[i]];

		recorder_init(client, names[sequence[i]]);
		client->client.order = sequence[i];
		assert_int_equal(recorder_register(client, f), CPUSLAB_OK);
	}
	assert_int_equal(cpuslab_domain_check(f->domain), CPUSLAB_OK);
	recorder_clear();
}

static void order_unregister(void)
{
	int i;

	for (i = CLIENTS; i--;)
		cpuslab_client_fini(&clients[i].client);
}

static void order_begin(struct fixture *f)
{
	static const int natural[CLIENTS] = { 0, 1, 2 };

	order_register(f, natural);
}

/* This has been written since the last call. */
static void expect(const char *text)
{
	assert_string_equal(recorder_text(), text);
	recorder_clear();
}

/* ---- order --------------------------------------------------------------- */

static void forward_to_prepare_and_backward_to_undo(void **state)
{
	static const int sequences[][CLIENTS] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < 6; i++) {
		order_register(f, sequences[i]);
		assert_int_equal(cpuslab_domain_add_start(f->domain, 9),
				 CPUSLAB_OK);
		expect("a+9 b+9 c+9");
		assert_int_equal(cpuslab_domain_add_complete(f->domain, 9),
				 CPUSLAB_OK);
		expect("a!9 b!9 c!9");
		assert_int_equal(cpuslab_domain_trim(f->domain, 0), CPUSLAB_OK);
		expect("ct0 bt0 at0");
		fixture_remove(f, 9);
		expect("c~9 b~9 a~9");
		fixture_remove(f, 9);
		expect("");
		assert_int_equal(cpuslab_domain_add_start(f->domain, 9),
				 CPUSLAB_OK);
		expect("a+9 b+9 c+9");
		assert_int_equal(cpuslab_domain_add_failure(f->domain, 9),
				 CPUSLAB_OK);
		expect("c-9 b-9 a-9");
		assert_int_equal(cpuslab_domain_resync(f->domain), CPUSLAB_OK);
		expect("a=0 b=0 c=0 a=1 b=1 c=1 a=2 b=2 c=2 a=3 b=3 c=3 "
		       "ar br cr");
		order_unregister();
	}
}

static void forward_to_admit_early(void **state)
{
	static const int backward[CLIENTS] = { 2, 1, 0 };
	struct fixture *f = *state;

	order_register(f, backward);
	fixture_add(f, 9);
	expect("a+9 b+9 c+9 a^9 b^9 c^9 a!9 b!9 c!9");
	order_unregister();
}

/* Equal orders: as they registered. All numbers are valid. */
static void ties_and_extremes(void **state)
{
	static const struct {
		const char *name;
		int32_t order;
	} all[] = { { "e", 0 },         { "h", INT32_MAX }, { "f", 0 },
		    { "b", INT32_MIN }, { "d", -1 },        { "g", 0 },
		    { "c", INT32_MIN }, { "i", INT32_MAX } };
	struct recorder some[8];
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < 8; i++) {
		recorder_init(&some[i], all[i].name);
		some[i].client.order = all[i].order;
		assert_int_equal(recorder_register(&some[i], f), CPUSLAB_OK);
	}
	assert_int_equal(cpuslab_domain_check(f->domain), CPUSLAB_OK);
	recorder_clear();
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	expect("b+9 c+9 d+9 e+9 f+9 g+9 h+9 i+9");
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 9), CPUSLAB_OK);
	expect("i-9 h-9 g-9 f-9 e-9 d-9 c-9 b-9");
	for (i = 0; i < 8; i++)
		cpuslab_client_fini(&some[i].client);
	assert_int_equal(cpuslab_domain_check(f->domain), CPUSLAB_OK);
}

/* ---- the library's own clients ------------------------------------------- */

struct order_library {
	struct fixture *f;
	struct cpuslab_percpu object;
	struct cpuslab_mailbox mailbox;
	struct cpuslab_workers workers;
	struct cpuslab_steering steering;
	bool worker_runs; /* that of CPU 9 */
};

static struct order_library library;

static int order_create(struct cpuslab_workers *workers, uint32_t cpu,
			void **worker)
{
	(void)workers;
	(void)cpu;
	*worker = NULL;
	return CPUSLAB_OK;
}

static void order_unpark(struct cpuslab_workers *workers, uint32_t cpu,
			 void *worker)
{
	(void)workers;
	(void)worker;
	library.worker_runs |= cpu == 9;
}

static void order_park(struct cpuslab_workers *workers, uint32_t cpu,
		       void *worker)
{
	(void)workers;
	(void)worker;
	library.worker_runs &= cpu != 9;
}

static void order_nothing(struct cpuslab_workers *workers, uint32_t cpu,
			  void *worker)
{
	(void)workers;
	(void)cpu;
	(void)worker;
}

static void order_handle(void *arg, uint32_t cpu,
			 const struct cpuslab_message *message)
{
	(void)arg;
	(void)cpu;
	(void)message;
}

static const struct cpuslab_workers_ops order_workers_ops = {
	.create = order_create,
	.unpark = order_unpark,
	.park = order_park,
	.destroy = order_nothing,
	.wake = order_nothing,
};

/* How many of slab, mailbox, workers and table are ready for CPU 9. */
static uint32_t order_ready(void)
{
	bool ready[] = {
		fixture_has(&library.object, 9),
		cpuslab_mailbox_is_open(&library.mailbox, 9),
		library.worker_runs,
		false,
	};
	uint32_t i, count = 0;

	cpuslab_read_enter();
	for (i = 0; i < 16; i++)
		ready[3] |= cpuslab_steering_lookup(&library.steering, i,
						    NULL) == 9;
	cpuslab_read_exit();
	while (count < 4 && ready[count])
		count++;
	/* In the order of the table in client.h. */
	for (i = count; i < 4; i++)
		assert_false(ready[i]);
	return count;
}

/* A client between two of the library's, @arg of which are ready. */
static void order_look(struct cpuslab_client *client, uint32_t cpu)
{
	if (cpu == 9)
		assert_int_equal(order_ready(), (uintptr_t)client->arg);
}

static int order_look_start(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	if (cpu == 9)
		assert_int_equal(order_ready(), 0);
	return CPUSLAB_OK;
}

static void order_library_init(struct fixture *f)
{
	const struct cpuslab_steering_config table = {
		.buckets = 16,
		.targets = FIXTURE_LIMIT,
	};
	const struct cpuslab_workers_config work = {
		.ops = &order_workers_ops,
		.handle = order_handle,
		.capacity = 2,
	};

	library.f = f;
	library.worker_runs = false;
	assert_int_equal(cpuslab_steering_init(&library.steering, &table),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_steering_attach(&library.steering, f->domain),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_workers_init(&library.workers, f->domain,
					      &work),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_mailbox_init(&library.mailbox, f->domain, 2),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_slab_create(&f->slab, f->domain, NULL),
			 CPUSLAB_OK);
	library.object = fixture_alloc(f, &fixture_counter);
}

static void order_library_fini(void)
{
	struct fixture *f = library.f;

	fixture_free(f, &library.object);
	cpuslab_slab_destroy(f->slab);
	f->slab = NULL;
	cpuslab_mailbox_fini(&library.mailbox);
	cpuslab_workers_fini(&library.workers);
	cpuslab_steering_fini(&library.steering);
}

/*
 * The user's clients register first, then the library's, all in the wrong
 * sequence. Still each one finds ready what is of lower order.
 */
static void the_librarys_clients_come_first(void **state)
{
	static const struct cpuslab_client_ops ops = {
		.start = order_look_start,
		.complete = order_look,
		.remove = order_look,
	};
	static const int32_t orders[] = {
		CPUSLAB_CLIENT_ORDER_SLAB - 1,
		CPUSLAB_CLIENT_ORDER_MAILBOX - 1,
		CPUSLAB_CLIENT_ORDER_WORKERS - 1,
		CPUSLAB_CLIENT_ORDER_STEERING - 1,
		0,
	};
	struct cpuslab_client looks[5] = { { 0 } };
	struct fixture *f = *state;
	int i, times;

	for (i = 5; i--;) {
		looks[i].ops = &ops;
		looks[i].name = "look";
		looks[i].order = orders[i];
		looks[i].arg = (void *)(uintptr_t)i;
		assert_int_equal(cpuslab_client_init(&looks[i], f->domain),
				 CPUSLAB_OK);
	}
	order_library_init(f);
	for (times = 0; times < 2; times++) {
		fixture_add(f, 9);
		assert_int_equal(order_ready(), 4);
		fixture_remove(f, 9);
		assert_int_equal(order_ready(), 0);
		sim_quiesce();
	}
	assert_int_equal(cpuslab_domain_check(f->domain), CPUSLAB_OK);
	order_library_fini();
	for (i = 0; i < 5; i++)
		cpuslab_client_fini(&looks[i]);
}

/* ---- refusals ------------------------------------------------------------ */

static void expect_refusal(struct fixture *f, const char *client, uint32_t cpu,
			   int error)
{
	struct cpuslab_refusal refusal;

	assert_int_equal(cpuslab_domain_refused(f->domain, &refusal),
			 CPUSLAB_OK);
	assert_string_equal(refusal.client, client);
	assert_int_equal(refusal.cpu, cpu);
	assert_int_equal(refusal.error, error);
}

static void a_refusal_is_undone_exactly_and_reported(void **state)
{
	static const char *const texts[CLIENTS] = { "a+9", "a+9 b+9 a-9",
						    "a+9 b+9 c+9 b-9 a-9" };
	struct fixture *f = *state;
	struct cpuslab_refusal refusal;
	int i;

	order_begin(f);
	assert_int_equal(cpuslab_domain_refused(f->domain, &refusal),
			 CPUSLAB_EMPTY);
	for (i = 0; i < CLIENTS; i++) {
		clients[i].refuse = 9;
		clients[i].refusal = -CPUSLAB_EAGAIN - i;
		sim_log_clear();
		assert_int_equal(cpuslab_domain_add_start(f->domain, 9),
				 -CPUSLAB_EAGAIN - i);
		expect(texts[i]);
		expect_refusal(f, names[i], 9, -CPUSLAB_EAGAIN - i);
		assert_non_null(sim_log_find(" refused CPU 9"));
		assert_non_null(sim_log_find(names[i]));
		assert_false(fixture_online(f, 9));
		clients[i].refuse = CPUSLAB_NO_CPU;
	}
	/* A positive outcome is no refusal. */
	clients[1].refuse = 9;
	clients[1].refusal = CPUSLAB_PARTIAL;
	fixture_add(f, 9);
	expect("a+9 b+9 c+9 a!9 b!9 c!9");
	expect_refusal(f, "c", 9, -CPUSLAB_EAGAIN - 2);
	order_unregister();
}

/* A client outside these three refuses, before or behind them. */
static void another_client_refuses(void **state)
{
	struct fixture *f = *state;
	struct recorder other;

	order_begin(f);
	recorder_init(&other, "x");
	other.client.order = CLIENTS;
	assert_int_equal(recorder_register(&other, f), CPUSLAB_OK);
	other.refuse = 9;
	recorder_clear();
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9),
			 -CPUSLAB_EACCES);
	expect("a+9 b+9 c+9 x+9 c-9 b-9 a-9");
	other.refuse = CPUSLAB_NO_CPU;
	cpuslab_client_fini(&other.client);
	recorder_init(&other, "y");
	other.client.order = -1;
	assert_int_equal(recorder_register(&other, f), CPUSLAB_OK);
	other.refuse = 9;
	recorder_clear();
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9),
			 -CPUSLAB_EACCES);
	expect("y+9");
	expect_refusal(f, "y", 9, -CPUSLAB_EACCES);
	cpuslab_client_fini(&other.client);
	order_unregister();
}

/* Nothing stays when a client refuses a CPU that exists. */
static void a_registration_that_refuses_is_reported(void **state)
{
	uint64_t before = sim_zallocs();
	struct fixture *f = *state;

	recorder_init(&clients[0], "a");
	clients[0].refuse = 2;
	clients[0].refusal = -CPUSLAB_EINVAL;
	recorder_clear();
	assert_int_equal(recorder_register(&clients[0], f), -CPUSLAB_EINVAL);
	expect("a+0 a+1 a+2 a-1 a-0");
	expect_refusal(f, "a", 2, -CPUSLAB_EINVAL);
	cpuslab_client_fini(&clients[0].client);
	expect("");
	assert_int_equal(sim_zallocs(), before);
}

/* The name is a copy; a long one is cut. */
static void a_refusal_outlives_its_client(void **state)
{
	char name[100];
	struct fixture *f = *state;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	recorder_init(&clients[0], name);
	clients[0].refuse = 9;
	assert_int_equal(recorder_register(&clients[0], f), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_complete(f->domain, 9),
			 -CPUSLAB_EACCES);
	cpuslab_client_fini(&clients[0].client);
	memset(name, 'x', sizeof(name) - 1);
	expect_refusal(f, "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn", 9,
		       -CPUSLAB_EACCES);
	assert_int_equal(cpuslab_domain_refused(NULL, NULL), -CPUSLAB_EINVAL);
}

static int inside_times;

static void inside_refused(void *arg)
{
	struct cpuslab_refusal refusal;
	struct fixture *f = arg;

	if (!cpuslab_domain_refused(f->domain, &refusal)) {
		assert_string_equal(refusal.client, "b");
		inside_times++;
	}
}

/* A client that undoes its start can ask which one refused. */
static void a_refusal_is_known_inside_callbacks(void **state)
{
	struct fixture *f = *state;

	order_begin(f);
	clients[0].inside = inside_refused;
	clients[0].arg = f;
	clients[1].refuse = 9;
	inside_times = 0;
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9),
			 -CPUSLAB_EACCES);
	expect("a+9 b+9 a-9");
	assert_int_equal(inside_times, 1);
	clients[0].inside = NULL;
	order_unregister();
}

/* ---- fini ---------------------------------------------------------------- */

static void fini_undoes_the_last_cpu_first(void **state)
{
	struct fixture *f = *state;

	order_begin(f);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	fixture_add(f, 60);
	fixture_remove(f, 1);
	recorder_clear();
	cpuslab_client_fini(&clients[2].client);
	expect("c~60 c-9 c~3 c~2 c~0");
	cpuslab_client_fini(&clients[0].client);
	expect("a~60 a-9 a~3 a~2 a~0");
	/* The client that stays is called as before. */
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 9), CPUSLAB_OK);
	expect("b-9");
	cpuslab_client_fini(&clients[1].client);
	expect("b~60 b~3 b~2 b~0");
	cpuslab_client_fini(&clients[1].client); /* does nothing */
	expect("");
}

/* A CPU that was refused, failed or was removed is not undone again. */
static void fini_leaves_out_what_is_undone(void **state)
{
	struct fixture *f = *state;

	order_begin(f);
	clients[1].refuse = 9;
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9),
			 -CPUSLAB_EACCES);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 10), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 10), CPUSLAB_OK);
	fixture_remove(f, 0);
	fixture_remove(f, 3);
	recorder_clear();
	order_unregister();
	expect("c~2 c~1 b~2 b~1 a~2 a~1");
}

static void fini_undoes_an_early_admission(void **state)
{
	struct fixture *f = *state;

	order_begin(f);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	expect("a+9 b+9 c+9 a^9 b^9 c^9");
	cpuslab_client_fini(&clients[1].client);
	expect("b-9 b~3 b~2 b~1 b~0");
	order_unregister();
}

static void fini_after_a_close(void **state)
{
	struct fixture *f = *state;

	order_begin(f);
	assert_int_equal(cpuslab_domain_close(f->domain), CPUSLAB_OK);
	cpuslab_client_fini(&clients[1].client);
	expect("b~3 b~2 b~1 b~0");
	order_unregister();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_NO_SLAB(forward_to_prepare_and_backward_to_undo),
		FIXTURE_EARLY(forward_to_admit_early),
		FIXTURE_NO_SLAB(ties_and_extremes),
		FIXTURE_NO_SLAB(the_librarys_clients_come_first),
		FIXTURE_NO_SLAB(a_refusal_is_undone_exactly_and_reported),
		FIXTURE_NO_SLAB(another_client_refuses),
		FIXTURE_NO_SLAB(a_registration_that_refuses_is_reported),
		FIXTURE_NO_SLAB(a_refusal_outlives_its_client),
		FIXTURE_NO_SLAB(a_refusal_is_known_inside_callbacks),
		FIXTURE_NO_SLAB(fini_undoes_the_last_cpu_first),
		FIXTURE_NO_SLAB(fini_leaves_out_what_is_undone),
		FIXTURE_EARLY(fini_undoes_an_early_admission),
		FIXTURE_NO_SLAB(fini_after_a_close),
	};

	return cmocka_run_group_tests_name("client order", tests, NULL, NULL);
}
