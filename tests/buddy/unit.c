/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

#include <stdlib.h>

#include "base/buddy.h"

#define SPACE_ORDER 16u
#define SPACE_BYTES ((size_t)1 << SPACE_ORDER)
#define SPACE_PIECES 200

struct buddy_piece {
	uint32_t offset;
	size_t size; /* 0: none */
};

static struct cpuslab__buddy buddy;
static bool taken[SPACE_BYTES / 8]; /* the model: is this granule allocated? */

static void buddy_begin(size_t bytes)
{
	assert_int_equal(cpuslab__buddy_init(&buddy, SPACE_ORDER), CPUSLAB_OK);
	assert_int_equal(cpuslab__buddy_free_bytes(&buddy), 0);
	if (bytes)
		cpuslab__buddy_free(&buddy, 0, bytes);
	memset(taken, 0, sizeof(taken));
}

static bool buddy_whole_is_one_piece(void)
{
	uint32_t o;

	for (o = CPUSLAB__BUDDY_MIN; o < SPACE_ORDER; o++)
		if (buddy.orders[o].count)
			return false;
	return buddy.orders[SPACE_ORDER].count == 1;
}

/* An allocation was free before, is aligned, and lies within the space. */
static void buddy_model_take(uint32_t offset, size_t size, size_t align)
{
	size_t i;

	assert_int_equal(offset % align, 0);
	assert_in_range(offset + size, 1, SPACE_BYTES);
	for (i = offset / 8; i < (offset + size) / 8; i++) {
		assert_false(taken[i]);
		taken[i] = true;
	}
}

static void buddy_model_give(uint32_t offset, size_t size)
{
	size_t i;

	for (i = offset / 8; i < (offset + size) / 8; i++)
		taken[i] = false;
}

static size_t buddy_model_free(void)
{
	size_t bytes = 0, i;

	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		bytes += taken[i] ? 0 : 8;
	return bytes;
}

static void a_new_space_is_in_use(void **state)
{
	uint32_t offset = 1;

	(void)state;
	buddy_begin(0);
	assert_false(cpuslab__buddy_alloc(&buddy, 8, 8, &offset));
	assert_int_equal(offset, 1);
	cpuslab__buddy_fini(&buddy);
}

static void all_of_it_can_be_taken(void **state)
{
	uint32_t offset;
	size_t i;

	(void)state;
	buddy_begin(SPACE_BYTES);
	for (i = 0; i < SPACE_BYTES / 8; i++) {
		assert_true(cpuslab__buddy_alloc(&buddy, 8, 8, &offset));
		buddy_model_take(offset, 8, 8);
	}
	assert_false(cpuslab__buddy_alloc(&buddy, 8, 8, &offset));
	assert_int_equal(cpuslab__buddy_free_bytes(&buddy), 0);
	for (i = 0; i < SPACE_BYTES / 8; i++)
		cpuslab__buddy_free(&buddy, (uint32_t)(i * 8), 8);
	assert_true(buddy_whole_is_one_piece());
	cpuslab__buddy_fini(&buddy);
}

static void the_rest_of_a_piece_stays_free(void **state)
{
	uint32_t offset;

	(void)state;
	buddy_begin(SPACE_BYTES);
	assert_true(cpuslab__buddy_alloc(&buddy, SPACE_BYTES - 8, 8, &offset));
	assert_int_equal(cpuslab__buddy_free_bytes(&buddy), 8);
	cpuslab__buddy_free(&buddy, offset, SPACE_BYTES - 8);
	assert_true(buddy_whole_is_one_piece());
	cpuslab__buddy_fini(&buddy);
}

static void what_does_not_fit_is_refused(void **state)
{
	uint32_t offset = 1;

	(void)state;
	buddy_begin(4096);
	assert_false(cpuslab__buddy_alloc(&buddy, 4104, 8, &offset));
	assert_false(cpuslab__buddy_alloc(&buddy, 8, 8192, &offset));
	assert_false(cpuslab__buddy_alloc(&buddy, SPACE_BYTES * 2, 8, &offset));
	assert_int_equal(offset, 1);
	assert_int_equal(cpuslab__buddy_free_bytes(&buddy), 4096);
	cpuslab__buddy_fini(&buddy);
}

static void an_order_holds_size_and_alignment(void **state)
{
	(void)state;
	assert_int_equal(cpuslab__buddy_order_for(1, 1), 3);
	assert_int_equal(cpuslab__buddy_order_for(8, 8), 3);
	assert_int_equal(cpuslab__buddy_order_for(9, 8), 4);
	assert_int_equal(cpuslab__buddy_order_for(8, 64), 6);
	assert_int_equal(cpuslab__buddy_order_for(64, 8), 6);
	assert_int_equal(cpuslab__buddy_order_for(65, 8), 7);
	assert_int_equal(cpuslab__buddy_order_for((size_t)512 << 20, 8), 29);
}

static void buddy_random_take(struct buddy_piece *piece)
{
	size_t align = (size_t)8 << rand() % 8;

	piece->size = 8 * (1 + (size_t)rand() % 120);
	if (!cpuslab__buddy_alloc(&buddy, piece->size, align, &piece->offset)) {
		piece->size = 0;
		return;
	}
	buddy_model_take(piece->offset, piece->size, align);
}

static void buddy_random_give(struct buddy_piece *piece)
{
	buddy_model_give(piece->offset, piece->size);
	cpuslab__buddy_free(&buddy, piece->offset, piece->size);
	piece->size = 0;
}

static void random_pieces_follow_a_simple_model(void **state)
{
	static struct buddy_piece pieces[SPACE_PIECES];
	int i;

	(void)state;
	srand(2);
	memset(pieces, 0, sizeof(pieces));
	buddy_begin(SPACE_BYTES);
	for (i = 0; i < 20000; i++) {
		struct buddy_piece *piece = &pieces[rand() % SPACE_PIECES];

		if (piece->size)
			buddy_random_give(piece);
		else
			buddy_random_take(piece);
		if (i % 64 == 0)
			assert_int_equal(cpuslab__buddy_free_bytes(&buddy),
					 buddy_model_free());
	}
	for (i = 0; i < SPACE_PIECES; i++)
		if (pieces[i].size)
			buddy_random_give(&pieces[i]);
	assert_true(buddy_whole_is_one_piece());
	cpuslab__buddy_fini(&buddy);
}

static void no_memory_for_the_bitmaps(void **state)
{
	(void)state;
	sim_fail_alloc_at(1);
	assert_int_equal(cpuslab__buddy_init(&buddy, SPACE_ORDER),
			 -CPUSLAB_ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_NO_DOMAIN(a_new_space_is_in_use),
		FIXTURE_NO_DOMAIN(all_of_it_can_be_taken),
		FIXTURE_NO_DOMAIN(the_rest_of_a_piece_stays_free),
		FIXTURE_NO_DOMAIN(what_does_not_fit_is_refused),
		FIXTURE_NO_DOMAIN(an_order_holds_size_and_alignment),
		FIXTURE_NO_DOMAIN(random_pieces_follow_a_simple_model),
		FIXTURE_NO_DOMAIN(no_memory_for_the_bitmaps),
	};

	return cmocka_run_group_tests_name("space", tests, NULL, NULL);
}
