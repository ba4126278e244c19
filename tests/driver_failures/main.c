/* SPDX-License-Identifier: MIT */
/*
 * main.c - cpuslab-driver-failures: drivers that were written for the CPUs
 * that run at load, and the same drivers with cpuslab, while the CPUs change.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

#define MAIN_MOST 64u /* scenarios */

static int usage(FILE *file, int status)
{
	fputs("usage: cpuslab-driver-failures [--json FILE] [NAME...]\n"
	      "       cpuslab-driver-failures --markdown [NAME...]\n"
	      "       cpuslab-driver-failures --self-test | --list | --help\n\n"
	      "Adds CPUs to small drivers: one written in the usual way, one\n"
	      "with cpuslab, under the same script. A scenario passes if the\n"
	      "first fails as claimed and the second is right: on simulated\n"
	      "CPUs with restartable sections, with atomics, and in blocks\n"
	      "that are allocated one by one. Status 1 if one does not pass.\n"
	      "\n"
	      "  --json FILE   also write the figures; \"-\" is standard output\n"
	      "  --markdown    the table of README.md\n"
	      "  --self-test   can a scenario fail? The drivers are swapped, and\n"
	      "                no CPU is added; status 1 if one still passes\n"
	      "  --list        the scenarios' names\n",
	      file);
	return status;
}

static int main_judge(const struct scenario *const *chosen, size_t count,
		      bool markdown, const char *json)
{
	struct verdict verdicts[MAIN_MOST];
	size_t i, passed = 0;
	int err = 0;

	for (i = 0; i < count; i++) {
		system_judge(chosen[i], machine_models, &verdicts[i]);
		passed += verdicts[i].fails && verdicts[i].right;
	}
	if (markdown)
		report_markdown(verdicts, count);
	else if (!json || strcmp(json, "-"))
		report_print(verdicts, count);
	if (json)
		err = report_json(verdicts, count, json);
	return err || passed != count;
}

/* ---- self test ------------------------------------------------------- */

static unsigned int self_expect(const struct scenario *scenario,
				const char *what, bool holds)
{
	if (!holds)
		printf("%s: %s\n", scenario->name, what);
	return !holds;
}

/* An end that was not claimed is neither. */
static unsigned int self_test_ends(const struct scenario *scenario,
				   struct outcome usual, struct outcome cpuslab)
{
	usual.signal = SIGABRT;
	usual.sound = false;
	cpuslab.sound = false;
	return self_expect(scenario, "any end passes for the one claimed",
			   !scenario_fails(scenario, &usual)) +
	       self_expect(scenario, "what is left behind is not noticed",
			   !scenario_right(scenario, &cpuslab));
}

/* Each verdict must turn when its cause is taken away. */
static unsigned int self_test_one(const struct scenario *scenario)
{
	struct outcome usual, cpuslab, quiet, quiet_cpuslab;
	unsigned int bad = 0;

	system_try(scenario, false, MODEL_RSEQ, true, &usual);
	system_try(scenario, true, MODEL_RSEQ, true, &cpuslab);
	system_try(scenario, false, MODEL_RSEQ, false, &quiet);
	system_try(scenario, true, MODEL_RSEQ, false, &quiet_cpuslab);
	bad += self_expect(scenario, "the usual way passes for cpuslab",
			   !scenario_right(scenario, &usual));
	bad += self_expect(scenario, "cpuslab passes for the usual way",
			   !scenario_fails(scenario, &cpuslab));
	bad += self_test_ends(scenario, usual, cpuslab);
	bad += self_expect(scenario, "cpuslab is wrong without a change",
			   scenario_right(scenario, &quiet_cpuslab));
	bad += self_expect(
		scenario, "it is not the change that makes the usual way fail",
		scenario->always != scenario_right(scenario, &quiet));
	bad += self_expect(scenario, "it claims a failure without a change",
			   scenario->always ==
				   scenario_fails(scenario, &quiet));
	return bad;
}

static int main_self_test(const struct scenario *const *chosen, size_t count)
{
	unsigned int bad = 0;
	size_t i;

	for (i = 0; i < count; i++)
		bad += self_test_one(chosen[i]);
	printf("self test of %zu scenarios: %zu checks, %u failed\n", count,
	       7 * count, bad);
	return bad != 0;
}

/* ---- arguments ------------------------------------------------------- */

/* Add those of that name, or all; false if there is none. */
static bool main_choose(const char *name, const struct scenario **chosen,
			size_t *count)
{
	const struct scenario *scenario;
	size_t i, before = *count;

	for (i = 0; (scenario = scenario_get(i, machine_moves_threads)); i++)
		if (*count < MAIN_MOST &&
		    (!name || !strcmp(name, scenario->name)))
			chosen[(*count)++] = scenario;
	return *count > before;
}

static int main_list(void)
{
	const struct scenario *scenario;
	size_t i;

	for (i = 0; (scenario = scenario_get(i, machine_moves_threads)); i++)
		puts(scenario->name);
	return 0;
}

int main(int argc, char **argv)
{
	const struct scenario *chosen[MAIN_MOST];
	const char *json = NULL;
	bool self_test = false, markdown = false;
	size_t count = 0;
	int i;

	/* The figures are those of one schedule. */
	unsetenv("SIM_SEED");
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help"))
			return usage(stdout, 0);
		else if (!strcmp(argv[i], "--list"))
			return main_list();
		else if (!strcmp(argv[i], "--markdown"))
			markdown = true;
		else if (!strcmp(argv[i], "--self-test"))
			self_test = true;
		else if (!strcmp(argv[i], "--json") && i + 1 < argc)
			json = argv[++i];
		else if (!main_choose(argv[i], chosen, &count))
			return usage(stderr, 2);
	}
	if (!count)
		main_choose(NULL, chosen, &count);
	if (self_test)
		return main_self_test(chosen, count);
	return main_judge(chosen, count, markdown, json);
}
