/* SPDX-License-Identifier: MIT */
/*
 * The models' counterexamples, as schedules of the code: with the bug that a
 * schedule is named after it fails, and so here it passes.
 *
 *	unit_replay [BUG]
 */
#include "replay.h"
#include "replay_add.h"
#include "replay_refcount.h"
#include "replay_release.h"
#include "replay_workers.h"

static const struct replay_schedule replay_schedules[] = {
#include "schedules.inc"
};

static const struct replay_model *const replay_models[] = {
	&replay_add, &replay_refcount, &replay_release, &replay_workers
};

static const char *replay_only; /* NULL: all */

static void each_counterexample_is_harmless(void **state)
{
	size_t i, j, count = 0;

	(void)state;
	for (i = 0; i < sizeof(replay_schedules) / sizeof(*replay_schedules);
	     i++) {
		const struct replay_schedule *schedule = &replay_schedules[i];

		if (replay_only && strcmp(replay_only, schedule->bug))
			continue;
		for (j = 0; j < sizeof(replay_models) / sizeof(*replay_models);
		     j++)
			if (!strcmp(replay_models[j]->name, schedule->model)) {
				replay_schedule(replay_models[j], schedule);
				count++;
			}
	}
	assert_true(count);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_counterexample_is_harmless),
	};

	replay_only = argc > 1 ? argv[1] : NULL;
	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
