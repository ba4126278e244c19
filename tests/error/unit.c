/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

#include <limits.h>

static const int results[] = {
	CPUSLAB_OK,         CPUSLAB_EMPTY,    CPUSLAB_FULL,    CPUSLAB_DIFFERS,
	CPUSLAB_MISS,       CPUSLAB_RETAINED, CPUSLAB_PARTIAL, -CPUSLAB_ENOMEM,
	-CPUSLAB_EBUSY,     -CPUSLAB_EINVAL,  -CPUSLAB_ERANGE, -CPUSLAB_ENOENT,
	-CPUSLAB_ENOSYS,    -CPUSLAB_ESTALE,  -CPUSLAB_EACCES, -CPUSLAB_EAGAIN,
	-CPUSLAB_ESHUTDOWN,
};

#define RESULTS (sizeof(results) / sizeof(results[0]))

static void every_result_has_its_own_text(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < RESULTS; i++) {
		const char *text = cpuslab_strerror(results[i]);

		assert_non_null(text);
		assert_true(text[0]);
		assert_null(strstr(text, "unknown"));
		for (j = 0; j < i; j++)
			assert_string_not_equal(text,
						cpuslab_strerror(results[j]));
	}
}

static void unknown_numbers_have_a_text(void **state)
{
	static const int unknown[] = { 7, 12, 99, -1, -99, INT_MAX, -INT_MAX };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_non_null(
			strstr(cpuslab_strerror(unknown[i]), "unknown"));
	assert_non_null(cpuslab_strerror(INT_MIN));
}

static void assertion_fails(void *arg)
{
	(void)arg;
	cpuslab__assert_failed("x > 0", "file.c", 42);
}

static void a_failed_assertion_says_where(void **state)
{
	const char *text = sim_panic_catch(assertion_fails, NULL);

	(void)state;
	assert_non_null(text);
	assert_non_null(strstr(text, "x > 0"));
	assert_non_null(strstr(text, "file.c:42"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_result_has_its_own_text),
		cmocka_unit_test(unknown_numbers_have_a_text),
		FIXTURE_NO_DOMAIN(a_failed_assertion_says_where),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
