/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"
#include "section/portable_buffer.h"

static const struct cpuslab_type section_type = {
	.name = "section",
	.size = 128,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static void section_expect(const struct cpuslab_percpu *handle, uint64_t first,
			   uint64_t second, const char *text)
{
	assert_int_equal(fixture_nth_word(handle, 2, 0), first);
	assert_int_equal(fixture_nth_word(handle, 2, 1), second);
	cpuslab_read_enter();
	assert_string_equal((const char *)cpuslab_remote(handle, 2) + 16, text);
	cpuslab_read_exit();
}

static void each_has_each_result(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &section_type);

	sim_cpu_set(2);
	assert_int_equal(cpuslab_cmp2store(&handle, 0, 0, 8, 0, 5), CPUSLAB_OK);
	assert_int_equal(cpuslab_cmp2store(&handle, 8, 0, 0, 5, 6), CPUSLAB_OK);
	section_expect(&handle, 5, 6, "");
	assert_int_equal(cpuslab_cmp2store(&handle, 0, 4, 8, 6, 9),
			 CPUSLAB_DIFFERS);
	assert_int_equal(cpuslab_cmp2store(&handle, 0, 5, 8, 7, 9),
			 CPUSLAB_DIFFERS);
	section_expect(&handle, 5, 6, "");
	assert_int_equal(cpuslab_cmpcopystore(&handle, 0, 5, 16, "a text", 7,
					      8),
			 CPUSLAB_OK);
	section_expect(&handle, 8, 6, "a text");
	assert_int_equal(cpuslab_cmpcopystore(&handle, 0, 5, 16, "other", 6, 9),
			 CPUSLAB_DIFFERS);
	assert_int_equal(cpuslab_cmpcopystore(&handle, 8, 6, 16, NULL, 0, 7),
			 CPUSLAB_OK);
	section_expect(&handle, 8, 7, "a text");
	fixture_free(f, &handle);
}

static void words_are_aligned(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &section_type);

	assert_int_equal(cpuslab_cmp2store(&handle, 0, 0, 9, 0, 5),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_cmp2store(&handle, 4, 0, 8, 0, 5),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_cmpcopystore(&handle, 4, 0, 16, "x", 1, 5),
			 -CPUSLAB_EINVAL);
	assert_int_equal(fixture_word(&handle, 0), 0);
	fixture_free(f, &handle);
}

static void they_are_refused_where_several_cpus_write(void **state)
{
	const struct cpuslab_percpu null = { 0 };
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &section_type);
	int refusal = cpuslab_port_uses_atomics() ? -CPUSLAB_ENOSYS :
						    -CPUSLAB_EAGAIN;

	sim_cpu_set(CPUSLAB_NO_CPU);
	assert_int_equal(cpuslab_cmp2store(&handle, 0, 0, 8, 0, 5), refusal);
	assert_int_equal(cpuslab_cmpcopystore(&handle, 0, 0, 16, "x", 1, 5),
			 refusal);
	assert_int_equal(cpuslab_cmp2store(&null, 0, 0, 8, 0, 5),
			 -CPUSLAB_EINVAL);
	assert_int_equal(fixture_word(&handle, CPUSLAB_SHARED), 0);
	fixture_free(f, &handle);
}

static void an_unknown_cpu_is_admitted(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &section_type);

	sim_cpu_set(40);
	assert_int_equal(cpuslab_cmp2store(&handle, 0, 0, 8, 0, 5), CPUSLAB_OK);
	assert_int_equal(fixture_word(&handle, 40), 5);
	fixture_free(f, &handle);
}

struct section_world {
	struct cpuslab_percpu handle;
	struct buffer_account account, other;
};

static void section_other(void *arg)
{
	struct section_world *world = arg;

	assert_true(buffer_step(&world->handle, &world->other, 2));
}

static void section_moves(uint64_t k, struct section_world *world)
{
	(void)world;
	sim_preempt_at(k, 3);
}

static void section_interrupts(uint64_t k, struct section_world *world)
{
	sim_signal_at(k, section_other, world);
}

static void section_alternates(uint64_t k, struct section_world *world)
{
	sim_other_at(k, 1, section_other, world);
}

/* At each point of a step something happens; no record is lost or torn. */
static void section_points(struct fixture *f,
			   void (*arm)(uint64_t, struct section_world *))
{
	struct section_world world = { .account = { 0 } };
	struct buffer_account all;
	unsigned int left = 0;
	uint64_t k;

	world.handle = fixture_alloc(f, &buffer_type);
	for (k = 1; !left; k++) {
		sim_cpu_set(1);
		arm(k, &world);
		assert_true(buffer_step(&world.handle, &world.account, 1));
		left = sim_at_cancel();
		all = world.account;
		buffer_account_merge(&all, &world.other);
		assert_true(buffer_is_exact(&world.handle, &all));
	}
	assert_true(k > 12);
	assert_true(world.account.puts > 0);
	fixture_free(f, &world.handle);
}

static void moved_at_each_point(void **state)
{
	section_points(*state, section_moves);
}

static void interrupted_at_each_point(void **state)
{
	section_points(*state, section_interrupts);
}

static void another_thread_at_each_point(void **state)
{
	section_points(*state, section_alternates);
}

static void a_release_drains_it(void **state)
{
	struct buffer_account account = { 0 };
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &buffer_type);

	fixture_plug(f, 9);
	sim_cpu_set(9);
	assert_int_equal(buffer_put(&handle, &account, 77), CPUSLAB_OK);
	sim_cpu_set(1);
	fixture_unplug(f, 9);
	assert_true(buffer_is_exact(&handle, &account));
	fixture_plug(f, 9);
	sim_cpu_set(9);
	assert_int_equal(buffer_take(&handle, &account), CPUSLAB_EMPTY);
	fixture_free(f, &handle);
}

/* The buffer of section.h: empty, though the slot has the pointer still. */
static void an_empty_buffer_is_released(void **state)
{
	static const struct cpuslab_type type = {
		.name = "buffer",
		.size = 72,
		.head = 8,
	};
	const uint64_t pointer = 0x1234;
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type);

	fixture_add(f, 9);
	sim_cpu_set(9);
	assert_int_equal(cpuslab_cmpcopystore(&handle, 0, 0, 8, &pointer, 8, 1),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_cmp2store(&handle, 0, 1, 8, pointer, 0),
			 CPUSLAB_OK);
	sim_cpu_set(1);
	fixture_remove(f, 9);
	sim_quiesce();
	assert_false(fixture_has(&handle, 9));
	fixture_free(f, &handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_RSEQ(each_has_each_result),
		FIXTURE_BOTH(words_are_aligned),
		FIXTURE_BOTH(they_are_refused_where_several_cpus_write),
		FIXTURE_RSEQ(an_unknown_cpu_is_admitted),
		FIXTURE_RSEQ(moved_at_each_point),
		FIXTURE_RSEQ(interrupted_at_each_point),
		FIXTURE_RSEQ(another_thread_at_each_point),
		FIXTURE_RSEQ(a_release_drains_it),
		FIXTURE_RSEQ(an_empty_buffer_is_released),
	};

	return cmocka_run_group_tests_name("section", tests, NULL, NULL);
}
