/* SPDX-License-Identifier: MIT */
/*
 * main.c - cpuslab-bench: what cpuslab and its alternatives cost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "bench.h"
#include "gates.h"
#include "memory.h"
#include "rival_librseq.h"

#define MAIN_ARGS 64

struct main_options {
	bool quick; /* run everything, briefly */
	bool brief; /* times are meaningless */
	bool gates;
	const char *json; /* write the table to this file */
	const char *only; /* rows whose body's name contains this */
	char *google[MAIN_ARGS];
	int googles;
};

static void main_help(void)
{
	puts("usage: cpuslab-bench [OPTION...]\n"
	     "\n"
	     "  --gates      print the table of ratios; status 1 if a goal is\n"
	     "               missed\n"
	     "  --table      print the table of ratios; status 0\n"
	     "  --only TEXT  print only the rows of the table whose name\n"
	     "               contains TEXT\n"
	     "  --json FILE  write the table to FILE as well\n"
	     "  --quick      run everything briefly to check that it works; the\n"
	     "               times are meaningless\n"
	     "  --brief      with other options: run as briefly as --quick does\n"
	     "  --help       print this text and the options of Google\n"
	     "               Benchmark, which may also be given\n"
	     "\n"
	     "Without --gates and --table all benchmarks run under Google\n"
	     "Benchmark. The status is 2 if something could not be measured.\n");
}

static void main_google(struct main_options *options, const char *arg)
{
	if (options->googles + 1 >= MAIN_ARGS)
		measure_die("arguments", "too many options");
	options->google[options->googles] = strdup(arg);
	if (!options->google[options->googles++])
		measure_die("arguments", "no memory");
	options->google[options->googles] = NULL;
}

static void main_options(struct main_options *options, int argc, char **argv)
{
	int i;

	main_google(options, argv[0]);
	/* A default: a later option overrides it. */
	main_google(options, "--benchmark_min_time=0.05");
	for (i = 1; i < argc; i++) {
		const char *arg = argv[i];

		if (!strcmp(arg, "--quick"))
			options->quick = options->brief = true;
		else if (!strcmp(arg, "--brief"))
			options->brief = true;
		else if (!strcmp(arg, "--gates") || !strcmp(arg, "--table"))
			options->gates = true;
		else if (!strcmp(arg, "--only") && argv[i + 1])
			options->only = argv[++i];
		else if (!strcmp(arg, "--json") && argv[i + 1])
			options->json = argv[++i];
		else
			main_google(options, arg);
		if (!strcmp(arg, "--help"))
			main_help();
	}
	if (options->brief)
		main_google(options, "--benchmark_min_time=0.0002");
}

static void main_context(void)
{
	struct utsname name;

	bench_google_context("mode", bench_mode());
	bench_google_context("librseq",
			     rival_librseq_is_built() ? "yes" : "no");
	bench_google_context("compiler",
#if defined(__clang__)
			     "clang "
#else
			     "gcc "
#endif
			     __VERSION__);
	if (!uname(&name))
		bench_google_context("kernel", name.release);
#ifdef __OPTIMIZE__
	bench_google_context("optimized", "yes");
#else
	bench_google_context("optimized", "no");
#endif
}

static int main_table(const struct main_options *options)
{
	static struct table table;
	FILE *to;

	gates_run(&table, options->brief, options->only);
	table_print(&table, stdout);
	if (options->json) {
		to = fopen(options->json, "w");
		if (!to)
			measure_die(options->json, "cannot be written");
		table_json(&table, to);
		if (fclose(to))
			measure_die(options->json, "cannot be written");
	}
	return table_missed(&table) ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct main_options options = { .quick = false };
	struct bench_google_result result = { 0, 0 };
	bool only_table = false;
	int i, status = 0;

	if (argc == 4 && !strcmp(argv[1], "--memory-child"))
		return memory_child(argv[2], argv[3]);
	main_options(&options, argc, argv);
	for (i = 1; i < argc; i++)
		only_table |= !strcmp(argv[i], "--table");
	bench_world_init();
	if (!options.gates || options.quick) {
		main_context();
		status = bench_google(options.googles, options.google,
				      options.brief, &result);
	}
	if (!status && (options.gates || options.quick)) {
		status = main_table(&options);
		if (options.quick || only_table)
			status = 0;
	}
	if (options.quick && !status)
		printf("quick: %u runs, %u skipped; all counts are right\n",
		       (unsigned int)result.ran, (unsigned int)result.skipped);
	return status;
}
