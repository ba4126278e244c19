/* SPDX-License-Identifier: MIT */
#include "core/slow.h"
#include "fixture/fixture.h"
#include "words/portable_exact.h"

static const struct cpuslab_type words_plain = {
	.name = "plain",
	.size = 16,
	.counters = 1,
	.flags = CPUSLAB_TYPE_DISCARD,
};

#define WORD 8u /* behind the counter */

static uint64_t words_plain_word(const struct cpuslab_percpu *handle)
{
	uint64_t word = 0;

	assert_int_equal(cpuslab_load(handle, WORD, &word), CPUSLAB_OK);
	return word;
}

/* Each operation, where it changes the word and where it does not. */
static void words_each(const struct cpuslab_percpu *handle)
{
	uint64_t old = 0;

	assert_int_equal(cpuslab_exchange(handle, WORD, 12, &old), CPUSLAB_OK);
	assert_int_equal(cpuslab_exchange(handle, WORD, 12, &old), CPUSLAB_OK);
	assert_int_equal(old, 12);
	assert_int_equal(cpuslab_load_add(handle, WORD, 3, &old), CPUSLAB_OK);
	assert_int_equal(old, 12);
	assert_int_equal(cpuslab_load_add(handle, WORD, (uint64_t)-5, &old),
			 CPUSLAB_OK);
	assert_int_equal(old, 15);
	assert_int_equal(words_plain_word(handle), 10);
	assert_int_equal(cpuslab_or(handle, WORD, 6), CPUSLAB_OK);
	assert_int_equal(words_plain_word(handle), 14);
	assert_int_equal(cpuslab_or(handle, WORD, 8), CPUSLAB_OK);
	assert_int_equal(words_plain_word(handle), 14);
	assert_int_equal(cpuslab_and(handle, WORD, 13), CPUSLAB_OK);
	assert_int_equal(words_plain_word(handle), 12);
	assert_int_equal(cpuslab_max(handle, WORD, 11), CPUSLAB_OK);
	assert_int_equal(words_plain_word(handle), 12);
	assert_int_equal(cpuslab_max(handle, WORD, UINT64_MAX), CPUSLAB_OK);
	assert_int_equal(words_plain_word(handle), UINT64_MAX);
	assert_int_equal(cpuslab_min(handle, WORD, UINT64_MAX - 1), CPUSLAB_OK);
	assert_int_equal(cpuslab_min(handle, WORD, UINT64_MAX), CPUSLAB_OK);
	assert_int_equal(words_plain_word(handle), UINT64_MAX - 1);
	assert_int_equal(cpuslab_exchange(handle, WORD, 0, &old), CPUSLAB_OK);
	assert_int_equal(old, UINT64_MAX - 1);
	assert_int_equal(cpuslab_load_add(handle, 0, 2, &old), CPUSLAB_OK);
}

static void each_works_on_ones_own_copy(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &words_plain);
	uint32_t cpu;

	for (cpu = 0; cpu < 4; cpu++) {
		sim_cpu_set(cpu);
		words_each(&handle);
		assert_int_equal(fixture_word(&handle, cpu), 2);
		assert_int_equal(cpuslab_or(&handle, WORD, cpu + 1),
				 CPUSLAB_OK);
	}
	for (cpu = 0; cpu < 4; cpu++)
		assert_int_equal(fixture_nth_word(&handle, cpu, 1), cpu + 1);
	assert_int_equal(cpuslab_sum(&handle, 0), 8);
	assert_int_equal(fixture_stats(f).shared_ops, 0);
	fixture_free(f, &handle);
}

static void without_a_block_it_is_the_shared_one(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &words_plain);

	sim_cpu_set(CPUSLAB_NO_CPU);
	words_each(&handle);
	assert_int_equal(cpuslab_or(&handle, WORD, 5), CPUSLAB_OK);
	assert_int_equal(fixture_word(&handle, CPUSLAB_SHARED), 2);
	assert_int_equal(fixture_nth_word(&handle, CPUSLAB_SHARED, 1), 5);
	fixture_free(f, &handle);
}

static void a_load_admits(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &words_plain);

	sim_cpu_set(40);
	assert_int_equal(words_plain_word(&handle), 0);
	assert_true(fixture_has(&handle, 40));
	assert_int_equal(fixture_stats(f).on_demand, 1);
	fixture_free(f, &handle);
}

/* @expected of each operation; @old and @word of none. */
static void words_refuse(const struct cpuslab_percpu *handle, size_t offset)
{
	uint64_t old = 77;

	assert_int_equal(cpuslab_load(handle, offset, &old), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_load_add(handle, offset, 1, &old),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_exchange(handle, offset, 1, &old),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_or(handle, offset, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_and(handle, offset, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_max(handle, offset, 1), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_min(handle, offset, 1), -CPUSLAB_EINVAL);
	assert_int_equal(old, 77);
}

static void errors_change_nothing(void **state)
{
	const struct cpuslab_percpu null = { 0 };
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &words_plain);

	words_refuse(&null, 0);
	sim_cpu_set(CPUSLAB_NO_CPU); /* the shared block needs alignment */
	words_refuse(&handle, 4);
	assert_int_equal(fixture_nth_word(&handle, CPUSLAB_SHARED, 1), 0);
	fixture_free(f, &handle);
}

/* A thread that moves at every point of an operation acts exactly once. */
static void moving_at_every_point(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &words_type);
	struct words_account account;
	unsigned int left = 0;
	uint64_t k;

	words_account_init(&account);
	for (k = 1; !left; k++) {
		sim_cpu_set(1);
		sim_preempt_at(k, 50);
		assert_true(words_step(&handle, &account, k));
		left = sim_at_cancel();
		assert_null(words_wrong(&handle, &account));
	}
	assert_true(k > 8); /* one point for each operation at least */
	fixture_free(f, &handle);
}

/* What a release drains is in the shared copy, once. */
static void a_release_loses_nothing(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &words_type);
	struct words_account account;
	int i;

	words_account_init(&account);
	for (i = 0; i < 6; i++) {
		fixture_plug(f, 9);
		sim_cpu_set(i % 2 ? 9 : 2);
		assert_true(words_step(&handle, &account, 11));
		sim_cpu_set(1);
		fixture_unplug(f, 9);
		assert_null(words_wrong(&handle, &account));
	}
	fixture_free(f, &handle);
}

static void the_walk_has_each_copy_once(void **state)
{
	const struct cpuslab_percpu null = { 0 };
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &words_plain);
	uint32_t cpu, next = 0, copies = 0;
	const uint64_t *copy;

	cpuslab_read_enter();
	cpuslab_for_each_copy(&handle, cpu, copy) {
		assert_ptr_equal(copy, cpuslab_remote(&handle, cpu));
		assert_int_equal(cpu, copies < 4 ? next : CPUSLAB_SHARED);
		next = cpu + 1;
		copies++;
	}
	assert_int_equal(copies, 5);
	cpuslab_for_each_copy(&null, cpu, copy)
		fail();
	cpuslab_read_exit();
	fixture_free(f, &handle);
}

static void each_by_concurrency_id(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percid handle;
	uint64_t old = 0, word = 0;

	assert_int_equal(cpuslab_percid_alloc(f->slab, &words_plain, &handle),
			 CPUSLAB_OK);
	sim_cpu_set(3);
	assert_int_equal(cpuslab_percid_exchange(&handle, WORD, 12, &old),
			 CPUSLAB_OK);
	assert_int_equal(old, 0);
	assert_int_equal(cpuslab_percid_load_add(&handle, WORD, 1, &old),
			 CPUSLAB_OK);
	assert_int_equal(old, 12);
	assert_int_equal(cpuslab_percid_or(&handle, WORD, 2), CPUSLAB_OK);
	assert_int_equal(cpuslab_percid_and(&handle, WORD, 11), CPUSLAB_OK);
	assert_int_equal(cpuslab_percid_load(&handle, WORD, &word), CPUSLAB_OK);
	assert_int_equal(word, 11);
	assert_int_equal(cpuslab_percid_max(&handle, WORD, 20), CPUSLAB_OK);
	assert_int_equal(cpuslab_percid_min(&handle, WORD, 19), CPUSLAB_OK);
	assert_int_equal(
		fixture_nth_word(
			&handle.copies,
			cpuslab__by_cid(&handle.copies) ? sim_cid(3) : 3, 1),
		19);
	assert_int_equal(cpuslab_percid_free(f->slab, &handle), CPUSLAB_OK);
}

/* ---- on the shared block, a mark says that there is news ----------------- */

#define MARKS 3u
#define MARKS_ROUNDS 200

static cpuslab_word marks_word, marks_news, marks_last, marks_left;
static uint64_t marks_seen;
static bool marks_failed;

static void marks_set(void *arg)
{
	uint64_t i;

	(void)arg;
	for (i = 1; i <= MARKS; i++) {
		cpuslab_store_relaxed_u64(&marks_news, i);
		cpuslab__shared_update(&marks_word, CPUSLAB__WORD_OR, 1);
		cpuslab__shared_cmpstore(&marks_last, i - 1, i);
		cpuslab_port_preempt_point();
	}
	cpuslab_store_relaxed_u64(&marks_left, 0);
}

/* Take the mark and, if it is set, look at the news. */
static void marks_look(void)
{
	if (cpuslab__shared_update(&marks_word, CPUSLAB__WORD_EXCHANGE, 0))
		marks_seen = cpuslab_load_relaxed_u64(&marks_news);
}

static void marks_take(void *arg)
{
	(void)arg;
	while (cpuslab_load_relaxed_u64(&marks_left)) {
		uint64_t last = cpuslab__shared_update(&marks_last,
						       CPUSLAB__WORD_LOAD, 0);

		marks_failed |= cpuslab_load_relaxed_u64(&marks_news) < last;
		marks_look();
		cpuslab_port_preempt_point();
	}
	marks_look();
}

static void what_is_set_already_is_released_again(void **state)
{
	const struct sim_task tasks[] = {
		{ marks_set, NULL, 0 },
		{ marks_take, NULL, 1 },
	};

	int i;

	(void)state;
	for (i = 0; i < MARKS_ROUNDS; i++) {
		marks_left = 1;
		marks_word = marks_news = marks_last = marks_seen = 0;
		sim_run(tasks, 2);
		assert_int_equal(marks_seen, MARKS);
		assert_false(marks_failed);
	}
}

/* ---- a reader of all copies ---------------------------------------------- */

#define REMOTE_ROUNDS 20u

static uint64_t remote_data[REMOTE_ROUNDS + 1];
static struct cpuslab_percpu remote;
static bool remote_failed; /* W the task that writes */

enum remote_op {
	REMOTE_EXCHANGE,
	REMOTE_CMPSTORE,
	REMOTE_CMP2STORE,
	REMOTE_ADD_BELOW
};

/* cmp2store needs a copy of its own, and restartable sections. */
static bool remote_is_refused(enum remote_op op, int result)
{
	if (op == REMOTE_CMP2STORE &&
	    (result == -CPUSLAB_EAGAIN || result == -CPUSLAB_ENOSYS))
		return false;
	return result < 0;
}

static int remote_store(enum remote_op op, uint64_t value)
{
	uint64_t word = 0;

	if (op == REMOTE_EXCHANGE)
		return cpuslab_exchange(&remote, WORD, value, &word);
	if (op == REMOTE_ADD_BELOW)
		return cpuslab_add_below(&remote, WORD, REMOTE_ROUNDS, 1);
	if (cpuslab_load(&remote, WORD, &word))
		return -CPUSLAB_EINVAL;
	if (op == REMOTE_CMPSTORE)
		return cpuslab_cmpstore(&remote, WORD, word, value);
	return cpuslab_cmp2store(&remote, WORD, word, WORD, word, value);
}

/* The word of a copy is at most the number of what has been written. */
static void remote_write(void *arg)
{
	enum remote_op op = (enum remote_op)(uintptr_t)arg;
	uint64_t i;

	for (i = 1; i <= REMOTE_ROUNDS; i++) {
		sim_order_write(&remote_data[i], sizeof(*remote_data));
		remote_failed |= remote_is_refused(op, remote_store(op, i));
	}
}

static void remote_read(void *arg)
{
	const char *copy;
	uint32_t i, cpu;

	(void)arg;
	for (i = 0; i < 2 * REMOTE_ROUNDS; i++) {
		cpuslab_read_enter();
		cpuslab_for_each_copy(&remote, cpu, copy) {
			const void *word = copy + WORD;
			uint64_t found = cpuslab_load_acquire_u64(word);

			sim_order_read(&remote_data[1], found * 8);
		}
		cpuslab_read_exit();
	}
}

static void a_reader_sees_what_a_word_stands_for(void **state)
{
	struct fixture *f = *state;
	uintptr_t op;

	for (op = REMOTE_EXCHANGE; op <= REMOTE_ADD_BELOW; op++) {
		const struct sim_task tasks[] = {
			{ remote_write, (void *)op, 0 },
			{ remote_read, NULL, 1 },
		};

		remote = fixture_alloc(f, &words_plain);
		sim_run(tasks, 2);
		assert_false(remote_failed);
		fixture_free(f, &remote);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_BOTH(each_works_on_ones_own_copy),
		FIXTURE_BOTH(without_a_block_it_is_the_shared_one),
		FIXTURE_BOTH(a_load_admits),
		FIXTURE_BOTH(errors_change_nothing),
		FIXTURE_BOTH(moving_at_every_point),
		FIXTURE_RSEQ(a_release_loses_nothing),
		FIXTURE_BOTH(the_walk_has_each_copy_once),
		FIXTURE_PERCID(each_by_concurrency_id),
		FIXTURE_NO_CIDS(each_by_concurrency_id),
		FIXTURE_BOTH(what_is_set_already_is_released_again),
		FIXTURE_BOTH(a_reader_sees_what_a_word_stands_for),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
