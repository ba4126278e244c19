/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

#include <stdlib.h>

#include "base/cpubits.h"

static struct cpuslab__cpubits bits_create(uint32_t limit)
{
	struct cpuslab__cpubits bits;
	uint64_t *words = calloc(cpuslab__cpubits_words(limit), sizeof(*words));

	assert_non_null(words);
	cpuslab__cpubits_init(&bits, limit, words);
	return bits;
}

static void bits_destroy(struct cpuslab__cpubits *bits)
{
	free(bits->top);
}

static void an_empty_set_has_nothing(void **state)
{
	struct cpuslab__cpubits bits = bits_create(8192);

	(void)state;
	assert_int_equal(cpuslab__cpubits_count(&bits), 0);
	assert_int_equal(cpuslab__cpubits_next(&bits, 0), CPUSLAB_NO_CPU);
	assert_false(cpuslab__cpubits_has(&bits, 0));
	bits_destroy(&bits);
}

static void a_set_says_no_beyond_its_limit(void **state)
{
	struct cpuslab__cpubits bits = bits_create(100);

	(void)state;
	assert_false(cpuslab__cpubits_has(&bits, 100));
	assert_false(cpuslab__cpubits_has(&bits, CPUSLAB_NO_CPU));
	assert_false(cpuslab__cpubits_has(&bits, CPUSLAB_SHARED));
	assert_int_equal(cpuslab__cpubits_next(&bits, 100), CPUSLAB_NO_CPU);
	assert_int_equal(cpuslab__cpubits_next(&bits, CPUSLAB_NO_CPU),
			 CPUSLAB_NO_CPU);
	bits_destroy(&bits);
}

/* In sets of any size, every member is found from every lower number. */
static void one_member_is_found(void **state)
{
	static const uint32_t limits[] = { 1, 63, 64, 65, 4096, 4097, 9000 };
	size_t i;
	uint32_t cpu;

	(void)state;
	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct cpuslab__cpubits bits = bits_create(limits[i]);

		for (cpu = 0; cpu < limits[i]; cpu++) {
			cpuslab__cpubits_set(&bits, cpu);
			assert_true(cpuslab__cpubits_has(&bits, cpu));
			assert_int_equal(cpuslab__cpubits_next(&bits, 0), cpu);
			assert_int_equal(cpuslab__cpubits_next(&bits, cpu),
					 cpu);
			assert_int_equal(cpuslab__cpubits_next(&bits, cpu + 1),
					 CPUSLAB_NO_CPU);
			cpuslab__cpubits_clear(&bits, cpu);
		}
		assert_int_equal(cpuslab__cpubits_count(&bits), 0);
		bits_destroy(&bits);
	}
}

static uint32_t bits_model_next(const bool *model, uint32_t limit, uint32_t cpu)
{
	for (; cpu < limit; cpu++)
		if (model[cpu])
			return cpu;
	return CPUSLAB_NO_CPU;
}

static void a_set_follows_a_simple_model(void **state)
{
	enum {
		LIMIT = 8300
	};
	static bool model[LIMIT];
	struct cpuslab__cpubits bits = bits_create(LIMIT);
	uint32_t count = 0, i;

	(void)state;
	srand(1);
	for (i = 0; i < 20000; i++) {
		uint32_t cpu = (uint32_t)rand() % LIMIT;
		uint32_t from = (uint32_t)rand() % LIMIT;

		count += model[cpu] ? -1u : 1u;
		model[cpu] = !model[cpu];
		if (model[cpu])
			cpuslab__cpubits_set(&bits, cpu);
		else
			cpuslab__cpubits_clear(&bits, cpu);
		assert_int_equal(cpuslab__cpubits_next(&bits, from),
				 bits_model_next(model, LIMIT, from));
	}
	assert_int_equal(cpuslab__cpubits_count(&bits), count);
	bits_destroy(&bits);
}

static void lowest_and_highest_bit(void **state)
{
	uint32_t bit;

	(void)state;
	for (bit = 0; bit < 64; bit++) {
		uint64_t word = (uint64_t)1 << bit;

		assert_int_equal(cpuslab__lowest_bit(word), bit);
		assert_int_equal(cpuslab__lowest_bit(~(word - 1)), bit);
		assert_int_equal(cpuslab__highest_bit(word), bit);
		assert_int_equal(cpuslab__highest_bit(word | (word - 1)), bit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_set_has_nothing),
		cmocka_unit_test(a_set_says_no_beyond_its_limit),
		cmocka_unit_test(one_member_is_found),
		cmocka_unit_test(a_set_follows_a_simple_model),
		cmocka_unit_test(lowest_and_highest_bit),
	};

	return cmocka_run_group_tests_name("bits", tests, NULL, NULL);
}
