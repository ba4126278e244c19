/* SPDX-License-Identifier: MIT */
/*
 * A record that is overwritten while its beginning is copied: it is either that
 * record, or is counted as skipped. With the memory model a copy may find words
 * of newer records before the tail that says so.
 */
#include "ring/unit_tested.h"

#define ORDER_CPU 1u
#define ORDER_BEFORE 8u /* records: two in each part */
#define ORDER_RECORDS (ORDER_BEFORE + 3)
#define ORDER_LEAST 4u  /* points of a copy until it stalls */
#define ORDER_POINTS 8u /* and up to so many more */
#define ORDER_SEEDS 400u

struct cpuslab_ring ring_tested;

/*
 * The newer records, in eighths of a part. The second comes to where record 2
 * is. In the first case what is left then begins where record 3 is; in the
 * second it is longer than what it overwrites.
 */
static const uint32_t order_sizes[2][3] = { { 5, 3, 5 }, { 5, 5, 3 } };
static const uint32_t order_copied[2] = { 3, 2 };

static struct {
	struct cpuslab__ring_place places[ORDER_RECORDS];
	uint32_t copied; /* the record */
	uint32_t points; /* of its copy, until it stalls */
	bool copied_all, stalled, overwritten;
	uint32_t stalls[2]; /* copies that did, in each case */
	const char *failed;
} order;

static uint32_t order_bytes(uint64_t number)
{
	return (uint32_t)(order.places[number].end -
			  order.places[number].begin - 8);
}

static void order_append(uint64_t number, uint64_t end)
{
	uint64_t record[CPUSLAB_RING_MAX_RECORD / 8] = { 0 };

	for (; number < end; number++) {
		record[0] = number;
		if (append(ORDER_CPU, record, order_bytes(number)))
			order.failed = "an append failed";
	}
}

static void order_overwrite(void *arg)
{
	(void)arg;
	order_append(ORDER_BEFORE, ORDER_RECORDS);
	order.overwritten = true;
}

static void order_check(uint64_t number, uint64_t at, uint32_t bytes)
{
	if (number >= ORDER_RECORDS || order.places[number].begin != at ||
	    order_bytes(number) != bytes)
		order.failed = "a record of another position";
}

/* If it finds all but the tail, there is no record yet. */
static void order_copy(void *arg)
{
	const uint64_t begin = order.places[order.copied].begin;
	uint64_t at = begin, number = ORDER_RECORDS, skipped = 0;
	struct cpuslab_ring_view view;
	uint32_t bytes = 0;
	int result;

	(void)arg;
	cpuslab_read_enter();
	result = cpuslab_ring_view_init(&view, &ring_tested, ORDER_CPU);
	if (!result)
		result = cpuslab_ring_copy(&view, &at, &number, sizeof(number),
					   &bytes, &skipped);
	cpuslab_read_exit();
	order.copied_all = true;
	if (begin + skipped != at)
		order.failed = "a record that is not counted";
	else if (result == -CPUSLAB_EINVAL)
		order_check(number, at, bytes);
	else if (result != CPUSLAB_EMPTY)
		order.failed = "a copy failed";
}

static unsigned int order_choose(void *arg, unsigned int running)
{
	(void)arg;
	(void)running;
	if (!order.points) {
		order.stalled |= !order.copied_all;
		return !order.overwritten;
	}
	order.points--;
	return 0;
}

static void order_begin(struct fixture *f, uint32_t seed)
{
	uint64_t from = RING_FIRST;
	uint32_t i, eighths;

	ring_reset(f, CPUSLAB_RING_OVERWRITE);
	for (i = 0; i < ORDER_RECORDS; i++) {
		eighths = i < ORDER_BEFORE ?
				  3 :
				  order_sizes[seed % 2][i - ORDER_BEFORE];
		order.places[i] = cpuslab__ring_plan(&ring_tested.shape, from,
						     RING_PART / 8 * eighths);
		from = order.places[i].end;
	}
	order.copied = order_copied[seed % 2];
	order.points = ORDER_LEAST + seed / 2 % ORDER_POINTS;
	order.copied_all = order.stalled = order.overwritten = false;
	order_append(0, ORDER_BEFORE);
	sim_choose_set(order_choose, NULL);
}

static void order_once(const struct fixture_config *config, uint32_t seed)
{
	static const struct sim_task tasks[] = {
		{ order_copy, NULL, 3 },
		{ order_overwrite, NULL, ORDER_CPU },
	};
	struct fixture_config seeded = *config;
	void *f = &seeded;

	seeded.seed = seed;
	assert_int_equal(ring_setup(&f), 0);
	order_begin(f, seed);
	sim_run(tasks, 2);
	order.stalls[seed % 2] += order.stalled;
	if (order.failed)
		fail_msg("seed %llu: %s", (unsigned long long)sim_seed(),
			 order.failed);
	assert_int_equal(ring_teardown(&f), 0);
}

static void nothing_newer_is_copied(void **state)
{
	uint32_t seed;

	order.failed = NULL;
	order.stalls[0] = order.stalls[1] = 0;
	for (seed = 1; seed <= ORDER_SEEDS; seed++)
		order_once(*state, seed);
	assert_true(order.stalls[0] && order.stalls[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "nothing_newer_is_copied (rseq)", nothing_newer_is_copied,
		  NULL, NULL, &fixture_rseq },
		{ "nothing_newer_is_copied (atomic)", nothing_newer_is_copied,
		  NULL, NULL, &fixture_atomic },
	};

	return cmocka_run_group_tests_name("ring order", tests, NULL, NULL);
}
