/* SPDX-License-Identifier: MIT */
/*
 * unit_rotating.c - each record of a log that rotates is read once, whatever
 * happens at any point of a rotation or an append.
 */
#include "fixture/fixture.h"

#define ROTATING_CAPACITY 512u
#define ROTATING_RECORDS 400u

static struct cpuslab_log_rotating rotating;
static uint8_t reads[ROTATING_RECORDS];         /* of each record */
static uint8_t appended[ROTATING_RECORDS];      /* those that returned OK */
static uint32_t last_number[FIXTURE_LIMIT + 1]; /* of a CPU, plus one */
static const char *failed;
static uint32_t refuse; /* so many records later a record is refused; 0: none */
static const struct cpuslab_log_rotating_config config = {
	.size = sizeof(config), .capacity = ROTATING_CAPACITY
};

static int rotating_setup(void **state)
{
	struct fixture *f;

	if (fixture_setup(state))
		return -1;
	f = *state;
	memset(reads, 0, sizeof(reads));
	memset(appended, 0, sizeof(appended));
	failed = NULL;
	refuse = 0;
	return cpuslab_log_rotating_init(&rotating, f->slab, &config);
}

static int rotating_teardown(void **state)
{
	cpuslab_log_rotating_fini(&rotating);
	return fixture_teardown(state);
}

static int append(uint32_t number)
{
	int result =
		cpuslab_log_rotating_append(&rotating, &number, sizeof(number));

	appended[number] = result == CPUSLAB_OK;
	return result;
}

static void append_on(uint32_t cpu, uint32_t number)
{
	sim_cpu_set(cpu);
	assert_int_equal(append(number), CPUSLAB_OK);
}

/* Those of a CPU come in their order. */
static int on_record(void *arg, uint32_t cpu, const void *data, uint32_t bytes)
{
	uint32_t number, *last;

	if (refuse && !--refuse)
		return -77;

	memcpy(&number, data, sizeof(number));
	last = &last_number[cpu == CPUSLAB_SHARED ? FIXTURE_LIMIT : cpu];
	if (arg != &rotating || bytes != sizeof(number) ||
	    number >= ROTATING_RECORDS)
		failed = "a record that was not appended";
	else if (reads[number]++)
		failed = "a record was read twice";
	else if (number < *last)
		failed = "a record came before an older one";
	else
		*last = number + 1;
	return 0;
}

static int rotate(void)
{
	memset(last_number, 0, sizeof(last_number));
	return cpuslab_log_rotating_rotate(&rotating, on_record, &rotating);
}

/* Exactly what was appended was read. */
static void expect_all(void)
{
	uint32_t i;

	assert_null(failed);
	for (i = 0; i < ROTATING_RECORDS; i++)
		assert_int_equal(reads[i], appended[i]);
}

static void what_was_appended_is_taken_away(void **state)
{
	(void)state;
	append_on(1, 0);
	append_on(1, 1);
	append_on(3, 2);
	append_on(CPUSLAB_NO_CPU, 3);
	assert_int_equal(rotate(), CPUSLAB_OK);
	expect_all();
	append_on(1, 4);
	assert_int_equal(rotate(), CPUSLAB_OK);
	expect_all();
	assert_int_equal(rotate(), CPUSLAB_OK);
	expect_all();
}

static void a_full_log_has_room_again(void **state)
{
	uint32_t i, round;

	(void)state;
	for (round = 0; round < 3; round++) {
		sim_cpu_set(1);
		for (i = 0; append(round * 100 + i) == CPUSLAB_OK;)
			i++;
		assert_int_equal(i, ROTATING_CAPACITY / 16);
		assert_int_equal(append(round * 100 + i), CPUSLAB_FULL);
		assert_int_equal(rotate(), CPUSLAB_OK);
		expect_all();
	}
}

static void memory_is_that_of_two_logs(void **state)
{
	struct fixture *f = *state;
	uint64_t before = fixture_stats(f).objects, committed = 0;
	uint32_t i;

	for (i = 0; i < 20; i++) {
		append_on(1, i);
		assert_int_equal(rotate(), CPUSLAB_OK);
		assert_int_equal(fixture_stats(f).objects, before);
		if (!i)
			committed = fixture_stats(f).committed_bytes;
		assert_int_equal(fixture_stats(f).committed_bytes, committed);
	}
	expect_all();
}

/* Until then the log keeps the block of a CPU that is absent. */
static void a_rotation_lets_a_cpu_go(void **state)
{
	struct fixture *f = *state;

	fixture_add(f, 9);
	append_on(9, 1);
	sim_cpu_set(1);
	fixture_remove(f, 9);
	sim_quiesce();
	assert_true(fixture_has(&rotating.logs[rotating.now].handle, 9));
	assert_int_equal(rotate(), CPUSLAB_OK);
	expect_all();
	assert_true(cpuslab_slab_trim(f->slab, CPUSLAB_TRIM_QUIESCENT) >= 0);
	sim_quiesce();
	assert_false(fixture_has(&rotating.logs[rotating.now].handle, 9));
}

static void without_memory_nothing_changes(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu filler[512];
	uint32_t i = 0;

	(void)state;
	append_on(1, 0);
	sim_fail_alloc_from(1);
	while (i < 512 && !cpuslab_alloc(f->slab, &fixture_blob, &filler[i]))
		i++;
	assert_int_equal(rotate(), -CPUSLAB_ENOMEM);
	assert_int_equal(reads[0], 0);
	sim_fail_alloc_from(0);
	append_on(1, 1);
	assert_int_equal(rotate(), CPUSLAB_OK);
	expect_all();
	while (i--)
		fixture_free(f, &filler[i]);
}

static void a_config_of_no_known_size(void **state)
{
	struct cpuslab_log_rotating_config bad = config;
	struct cpuslab_log_rotating other;
	struct fixture *f = *state;

	bad.size = 1;
	assert_int_equal(cpuslab_log_rotating_init(&other, f->slab, &bad),
			 -CPUSLAB_EINVAL);
	cpuslab_log_rotating_fini(&other);
}

/* Where no grace period ends, nothing is read until one does. */
static void without_a_grace_period(void **state)
{
	(void)state;
	append_on(1, 0);
	sim_rcu_stall(true);
	assert_int_equal(rotate(), CPUSLAB_PARTIAL);
	append_on(1, 1);
	assert_int_equal(rotate(), CPUSLAB_PARTIAL);
	assert_int_equal(reads[0] + reads[1], 0);
	sim_rcu_stall(false);
	assert_int_equal(rotate(), CPUSLAB_OK);
	expect_all();
}

/* Wherever a rotation ends, the next reads the rest, and what came since. */
static void a_rotation_ends_early(void **state)
{
	uint32_t at, number = 0;

	(void)state;
	for (at = 1; at <= 6; at++) {
		append_on(1, number++);
		append_on(1, number++);
		append_on(3, number++);
		append_on(CPUSLAB_NO_CPU, number++);
		refuse = at;
		assert_int_equal(rotate(), at < 5 ? -77 : CPUSLAB_OK);
		refuse = 0;
		append_on(1, number++);
		append_on(3, number++);
		/* It ends twice: in what was left, or in what came since. */
		refuse = at;
		if (rotate())
			append_on(1, number++);
		refuse = 0;
		assert_int_equal(rotate(), CPUSLAB_OK);
		expect_all();
	}
}

/* The log in use, and the one that is still to be read. */
static void fini_frees_both_logs(void **state)
{
	struct fixture *f = *state;

	append_on(1, 0);
	refuse = 1;
	assert_int_equal(rotate(), -77);
	append_on(1, 1);
	assert_int_equal(fixture_stats(f).objects, 2);
	cpuslab_log_rotating_fini(&rotating);
	assert_int_equal(fixture_stats(f).objects, 0);
}

static int recursion;

static int on_record_recursive(void *arg, uint32_t cpu, const void *data,
			       uint32_t bytes)
{
	recursion = cpuslab_log_rotating_rotate(&rotating, on_record, arg);
	return on_record(arg, cpu, data, bytes);
}

static void a_rotation_within_another_is_refused(void **state)
{
	(void)state;
	memset(last_number, 0, sizeof(last_number));
	append_on(1, 0);
	append_on(1, 1);
	assert_int_equal(cpuslab_log_rotating_rotate(
				 &rotating, on_record_recursive, &rotating),
			 CPUSLAB_OK);
	assert_int_equal(recursion, -CPUSLAB_EBUSY);
	append_on(1, 2);
	assert_int_equal(rotate(), CPUSLAB_OK);
	expect_all();
}

static void one_that_was_not_set_up(void **state)
{
	const struct cpuslab_log_rotating_config small = { .capacity = 8 };
	struct cpuslab_log_rotating none = { 0 };
	struct fixture *f = *state;

	assert_int_equal(cpuslab_log_rotating_append(&none, "x", 1),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_log_rotating_rotate(&none, on_record, NULL),
			 -CPUSLAB_EINVAL);
	cpuslab_log_rotating_fini(&none);
	assert_int_equal(cpuslab_log_rotating_init(&none, f->slab, &small),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_log_rotating_init(&none, f->slab, NULL),
			 -CPUSLAB_EINVAL);
	cpuslab_log_rotating_fini(&none);
}

/* ---- at every point ------------------------------------------------------ */

static uint32_t next_number;

static void other_append(void *arg)
{
	(void)arg;
	append(next_number++);
}

static void an_append_at_every_point_of_a_rotation(void **state)
{
	unsigned int left = 0;
	uint64_t k;

	(void)state;
	for (k = 1, next_number = 0; !left; k++) {
		append_on(1, next_number++);
		sim_cpu_set(1);
		if (k % 2)
			sim_other_at(k, 1, other_append, NULL);
		else
			sim_signal_at(k, other_append, NULL);
		assert_int_equal(rotate(), CPUSLAB_OK);
		left = sim_at_cancel();
		assert_int_equal(rotate(), CPUSLAB_OK);
		assert_true(next_number < ROTATING_RECORDS);
		expect_all();
	}
	assert_true(k > 10);
}

/* ---- tasks --------------------------------------------------------------- */

#define ROTATING_TASKS 4u

static uint32_t tasks_left;

static void task_append(void *arg)
{
	uint32_t number = (uint32_t)(uintptr_t)arg * 90, end = number + 90;

	while (number < end)
		if (append(number) == CPUSLAB_OK)
			number++;
		else
			cpuslab_port_preempt_point();
	tasks_left--;
}

/* Records of several tasks, each from its own number on. */
static int on_task_record(void *arg, uint32_t cpu, const void *data,
			  uint32_t bytes)
{
	memset(last_number, 0, sizeof(last_number));
	return on_record(arg, cpu, data, bytes);
}

static void task_rotate(void *arg)
{
	int result;

	(void)arg;
	while (tasks_left) {
		result = cpuslab_log_rotating_rotate(&rotating, on_task_record,
						     &rotating);
		if (result && result != -CPUSLAB_EBUSY)
			failed = "a rotation failed";
		cpuslab_port_preempt_point();
	}
}

static void appends_while_tasks_rotate(void **state)
{
	struct sim_task tasks[ROTATING_TASKS + 2];
	uint32_t i;

	(void)state;
	tasks_left = ROTATING_TASKS;
	for (i = 0; i < ROTATING_TASKS + 2; i++) {
		tasks[i].cpu = i % 3;
		tasks[i].run = i < ROTATING_TASKS ? task_append : task_rotate;
		tasks[i].arg = (void *)(uintptr_t)i;
	}
	sim_run(tasks, ROTATING_TASKS + 2);
	assert_int_equal(cpuslab_log_rotating_rotate(&rotating, on_task_record,
						     &rotating),
			 CPUSLAB_OK);
	expect_all();
}

#define ROTATING_TEST(test)                                                    \
	{ #test " (rseq)", test, rotating_setup, rotating_teardown,            \
	  &fixture_rseq },                                                     \
	{                                                                      \
#test " (atomic)", test, rotating_setup, rotating_teardown,    \
			&fixture_atomic                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROTATING_TEST(what_was_appended_is_taken_away),
		ROTATING_TEST(a_full_log_has_room_again),
		ROTATING_TEST(memory_is_that_of_two_logs),
		ROTATING_TEST(a_rotation_lets_a_cpu_go),
		ROTATING_TEST(without_memory_nothing_changes),
		ROTATING_TEST(a_config_of_no_known_size),
		ROTATING_TEST(without_a_grace_period),
		ROTATING_TEST(a_rotation_ends_early),
		ROTATING_TEST(fini_frees_both_logs),
		ROTATING_TEST(a_rotation_within_another_is_refused),
		ROTATING_TEST(one_that_was_not_set_up),
		ROTATING_TEST(an_append_at_every_point_of_a_rotation),
		ROTATING_TEST(appends_while_tasks_rotate),
	};

	return cmocka_run_group_tests_name("log, rotating", tests, NULL, NULL);
}
