/* SPDX-License-Identifier: MIT */
/*
 * modes.c - cpuslab-modes: each condition under which the page says that a
 * driver must be updated, as a driver that was not, and as one with cpuslab.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

static const struct modes_scenario *const modes_all[] = {
	&mode_resources, &mode_walk,     &mode_assign,    &mode_structures,
	&mode_dispatch,  &mode_schedule, &mode_rebalance, &mode_balance,
	&mode_memory,    &mode_maximum,  &mode_update,    &mode_bits,
	&mode_variable,  &mode_late,     &mode_early,     &mode_failure,
	&mode_number,    &mode_twice,
};

#define MODES_COUNT (sizeof(modes_all) / sizeof(modes_all[0]))

static int usage(FILE *file, int status)
{
	fputs("usage: cpuslab-modes [--json FILE] [NAME...]\n"
	      "       cpuslab-modes --self-test | --list | --help\n\n"
	      "Adds CPUs to small drivers: one written in the usual way,\n"
	      "one with cpuslab, under the same script, on simulated CPUs.\n"
	      "A scenario passes if the first fails as it says and the second\n"
	      "is right, with restartable sections, with atomics, and in blocks\n"
	      "that are allocated one by one. Status 1 if one does not.\n\n"
	      "  --json FILE   the figures, too; \"-\" is standard output\n"
	      "  --self-test   can a scenario fail? The ways are swapped, and no\n"
	      "                CPU is added; status 1 if one still passes\n"
	      "  --list        the scenarios' names\n",
	      file);
	return status;
}

/* ---- verdicts -------------------------------------------------------- */

static bool modes_right(const struct modes_scenario *scenario,
			const struct modes_outcome *outcome)
{
	return outcome->sound && scenario->right(outcome);
}

/* The usual way fails as claimed, which nothing can be that is right. */
static bool modes_fails(const struct modes_scenario *scenario,
			const struct modes_outcome *outcome)
{
	return scenario->fails(outcome) && !modes_right(scenario, outcome);
}

static void modes_run(const struct modes_scenario *scenario,
		      struct modes_verdict *verdict)
{
	int model;

	verdict->scenario = scenario;
	modes_try(scenario, false, MODES_RSEQ, true, &verdict->usual);
	verdict->fails = modes_fails(scenario, &verdict->usual);
	verdict->right = true;
	for (model = 0; model < (int)machine_models; model++) {
		modes_try(scenario, true, (enum modes_model)model, true,
			  &verdict->cpuslab[model]);
		verdict->right &=
			modes_right(scenario, &verdict->cpuslab[model]);
	}
}

static int modes_main(const struct modes_scenario *const *chosen, size_t count,
		      const char *json)
{
	struct modes_verdict verdicts[MODES_COUNT];
	size_t i, passed = 0;
	int err = 0;

	for (i = 0; i < count; i++) {
		modes_run(chosen[i], &verdicts[i]);
		passed += verdicts[i].fails && verdicts[i].right;
	}
	if (!json || strcmp(json, "-"))
		modes_table(verdicts, count);
	if (json)
		err = modes_json(verdicts, count, json);
	return err || passed != count;
}

/* ---- self test ------------------------------------------------------- */

static unsigned int modes_expect(const struct modes_scenario *scenario,
				 const char *what, bool holds)
{
	if (!holds)
		printf("%s: %s\n", scenario->name, what);
	return !holds;
}

/* What ends in a way that nobody claimed is neither. */
static unsigned int modes_self_test_ends(const struct modes_scenario *scenario,
					 struct modes_outcome usual,
					 struct modes_outcome cpuslab)
{
	usual.signal = SIGABRT;
	usual.sound = false;
	cpuslab.sound = false;
	return modes_expect(scenario, "any end passes for the one claimed",
			    !modes_fails(scenario, &usual)) +
	       modes_expect(scenario, "what is left behind is not noticed",
			    !modes_right(scenario, &cpuslab));
}

/* Each verdict must turn when its cause is taken away. */
static unsigned int modes_self_test_one(const struct modes_scenario *scenario)
{
	struct modes_outcome usual, cpuslab, quiet, quiet_cpuslab;
	unsigned int bad = 0;

	modes_try(scenario, false, MODES_RSEQ, true, &usual);
	modes_try(scenario, true, MODES_RSEQ, true, &cpuslab);
	modes_try(scenario, false, MODES_RSEQ, false, &quiet);
	modes_try(scenario, true, MODES_RSEQ, false, &quiet_cpuslab);
	bad += modes_expect(scenario, "the usual way passes for cpuslab",
			    !modes_right(scenario, &usual));
	bad += modes_expect(scenario, "cpuslab passes for the usual way",
			    !modes_fails(scenario, &cpuslab));
	bad += modes_self_test_ends(scenario, usual, cpuslab);
	bad += modes_expect(scenario, "cpuslab is wrong without a change",
			    modes_right(scenario, &quiet_cpuslab));
	bad += modes_expect(scenario, "not the change makes the usual way fail",
			    scenario->always != modes_right(scenario, &quiet));
	bad += modes_expect(scenario, "it says that it fails without a change",
			    scenario->always == modes_fails(scenario, &quiet));
	return bad;
}

static int modes_self_test(const struct modes_scenario *const *chosen,
			   size_t count)
{
	unsigned int bad = 0;
	size_t i;

	for (i = 0; i < count; i++)
		bad += modes_self_test_one(chosen[i]);
	printf("self test of %zu scenarios: %zu checks, %u failed\n", count,
	       7 * count, bad);
	return bad != 0;
}

/* ---- arguments ------------------------------------------------------- */

static const struct modes_scenario *modes_find(const char *name)
{
	size_t i;

	for (i = 0; i < MODES_COUNT; i++)
		if (!strcmp(name, modes_all[i]->name))
			return modes_all[i];
	return NULL;
}

static int modes_list(void)
{
	size_t i;

	for (i = 0; i < MODES_COUNT; i++)
		puts(modes_all[i]->name);
	return 0;
}

int main(int argc, char **argv)
{
	const struct modes_scenario *chosen[MODES_COUNT];
	const char *json = NULL;
	bool self_test = false;
	size_t count = 0;
	int i;

	/* The figures are those of one schedule. */
	unsetenv("SIM_SEED");
	unsetenv("SIM_DIRECTORY");
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help"))
			return usage(stdout, 0);
		else if (!strcmp(argv[i], "--list"))
			return modes_list();
		else if (!strcmp(argv[i], "--self-test"))
			self_test = true;
		else if (!strcmp(argv[i], "--json") && i + 1 < argc)
			json = argv[++i];
		else if (count < MODES_COUNT && modes_find(argv[i]))
			chosen[count++] = modes_find(argv[i]);
		else
			return usage(stderr, 2);
	}
	if (!count)
		for (; count < MODES_COUNT; count++)
			chosen[count] = modes_all[count];
	if (self_test)
		return modes_self_test(chosen, count);
	return modes_main(chosen, count, json);
}
