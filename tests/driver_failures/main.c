/* SPDX-License-Identifier: MIT */
/*
 * main.c - cpuslab-driver-failures: each condition under which the page says that a
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

static const struct scenario *const failures_all[] = {
	&scenario_resources,  &scenario_walk,     &scenario_assign,
	&scenario_structures, &scenario_dispatch, &scenario_schedule,
	&scenario_rebalance,  &scenario_balance,  &scenario_memory,
	&scenario_maximum,    &scenario_update,   &scenario_bits,
	&scenario_variable,   &scenario_late,     &scenario_early,
	&scenario_failure,    &scenario_number,   &scenario_twice,
};

#define FAILURES_COUNT (sizeof(failures_all) / sizeof(failures_all[0]))

static int usage(FILE *file, int status)
{
	fputs("usage: cpuslab-driver-failures [--json FILE] [NAME...]\n"
	      "       cpuslab-driver-failures --self-test | --list | --help\n\n"
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

static bool failures_right(const struct scenario *scenario,
			   const struct failures_outcome *outcome)
{
	return outcome->sound && scenario->right(outcome);
}

/* The usual way fails as claimed, which nothing can be that is right. */
static bool failures_fails(const struct scenario *scenario,
			   const struct failures_outcome *outcome)
{
	return scenario->fails(outcome) && !failures_right(scenario, outcome);
}

static void failures_run(const struct scenario *scenario,
			 struct failures_verdict *verdict)
{
	int model;

	verdict->scenario = scenario;
	failures_try(scenario, false, FAILURES_RSEQ, true, &verdict->usual);
	verdict->fails = failures_fails(scenario, &verdict->usual);
	verdict->right = true;
	for (model = 0; model < (int)machine_models; model++) {
		failures_try(scenario, true, (enum failures_model)model, true,
			     &verdict->cpuslab[model]);
		verdict->right &=
			failures_right(scenario, &verdict->cpuslab[model]);
	}
}

static int failures_main(const struct scenario *const *chosen, size_t count,
			 const char *json)
{
	struct failures_verdict verdicts[FAILURES_COUNT];
	size_t i, passed = 0;
	int err = 0;

	for (i = 0; i < count; i++) {
		failures_run(chosen[i], &verdicts[i]);
		passed += verdicts[i].fails && verdicts[i].right;
	}
	if (!json || strcmp(json, "-"))
		failures_table(verdicts, count);
	if (json)
		err = failures_json(verdicts, count, json);
	return err || passed != count;
}

/* ---- self test ------------------------------------------------------- */

static unsigned int failures_expect(const struct scenario *scenario,
				    const char *what, bool holds)
{
	if (!holds)
		printf("%s: %s\n", scenario->name, what);
	return !holds;
}

/* What ends in a way that nobody claimed is neither. */
static unsigned int failures_self_test_ends(const struct scenario *scenario,
					    struct failures_outcome usual,
					    struct failures_outcome cpuslab)
{
	usual.signal = SIGABRT;
	usual.sound = false;
	cpuslab.sound = false;
	return failures_expect(scenario, "any end passes for the one claimed",
			       !failures_fails(scenario, &usual)) +
	       failures_expect(scenario, "what is left behind is not noticed",
			       !failures_right(scenario, &cpuslab));
}

/* Each verdict must turn when its cause is taken away. */
static unsigned int failures_self_test_one(const struct scenario *scenario)
{
	struct failures_outcome usual, cpuslab, quiet, quiet_cpuslab;
	unsigned int bad = 0;

	failures_try(scenario, false, FAILURES_RSEQ, true, &usual);
	failures_try(scenario, true, FAILURES_RSEQ, true, &cpuslab);
	failures_try(scenario, false, FAILURES_RSEQ, false, &quiet);
	failures_try(scenario, true, FAILURES_RSEQ, false, &quiet_cpuslab);
	bad += failures_expect(scenario, "the usual way passes for cpuslab",
			       !failures_right(scenario, &usual));
	bad += failures_expect(scenario, "cpuslab passes for the usual way",
			       !failures_fails(scenario, &cpuslab));
	bad += failures_self_test_ends(scenario, usual, cpuslab);
	bad += failures_expect(scenario, "cpuslab is wrong without a change",
			       failures_right(scenario, &quiet_cpuslab));
	bad += failures_expect(
		scenario, "not the change makes the usual way fail",
		scenario->always != failures_right(scenario, &quiet));
	bad += failures_expect(
		scenario, "it says that it fails without a change",
		scenario->always == failures_fails(scenario, &quiet));
	return bad;
}

static int failures_self_test(const struct scenario *const *chosen,
			      size_t count)
{
	unsigned int bad = 0;
	size_t i;

	for (i = 0; i < count; i++)
		bad += failures_self_test_one(chosen[i]);
	printf("self test of %zu scenarios: %zu checks, %u failed\n", count,
	       7 * count, bad);
	return bad != 0;
}

/* ---- arguments ------------------------------------------------------- */

static const struct scenario *failures_find(const char *name)
{
	size_t i;

	for (i = 0; i < FAILURES_COUNT; i++)
		if (!strcmp(name, failures_all[i]->name))
			return failures_all[i];
	return NULL;
}

static int failures_list(void)
{
	size_t i;

	for (i = 0; i < FAILURES_COUNT; i++)
		puts(failures_all[i]->name);
	return 0;
}

int main(int argc, char **argv)
{
	const struct scenario *chosen[FAILURES_COUNT];
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
			return failures_list();
		else if (!strcmp(argv[i], "--self-test"))
			self_test = true;
		else if (!strcmp(argv[i], "--json") && i + 1 < argc)
			json = argv[++i];
		else if (count < FAILURES_COUNT && failures_find(argv[i]))
			chosen[count++] = failures_find(argv[i]);
		else
			return usage(stderr, 2);
	}
	if (!count)
		for (; count < FAILURES_COUNT; count++)
			chosen[count] = failures_all[count];
	if (self_test)
		return failures_self_test(chosen, count);
	return failures_main(chosen, count, json);
}
