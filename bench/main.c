/* SPDX-License-Identifier: MIT */
/*
 * main.c - cpuslab-bench: what cpuslab and its alternatives cost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <cpuslab/version.h>

#include "bench.h"
#include "gates.h"
#include "json.h"
#include "memory.h"
#include "rival_librseq.h"
#include "scale.h"

#define MAIN_ARGS 64

struct main_options {
	bool quick; /* run everything, briefly */
	bool brief; /* times are meaningless */
	bool table;
	bool goals; /* only the rows that have one */
	bool scale;
	const char *only; /* rows whose body's name contains this */
	char *google[MAIN_ARGS];
	int googles;
};

static void main_help(void)
{
	puts("usage: cpuslab-bench [OPTION...]\n"
	     "\n"
	     "  --table      measure the table of ratios and print it as JSON\n"
	     "  --gates      only its rows that have a goal\n"
	     "  --only TEXT  only the rows whose name contains TEXT\n"
	     "  --scale      measure what more threads cost, and print JSON\n"
	     "  --quick      run everything briefly to check that it works; the\n"
	     "               times are meaningless\n"
	     "  --brief      with other options: run as briefly as --quick does\n"
	     "  --help       print this text and the options of Google\n"
	     "               Benchmark, which may also be given\n"
	     "\n"
	     "Without --table, --gates and --scale all benchmarks run under\n"
	     "Google Benchmark. The status is 2 if something could not be\n"
	     "measured.\n");
}

static void main_google(struct main_options *options, char *arg)
{
	if (options->googles + 1 >= MAIN_ARGS)
		measure_die("arguments", "too many options");
	options->google[options->googles++] = arg;
	options->google[options->googles] = NULL;
}

static void main_options(struct main_options *options, int argc, char **argv)
{
	static char usual[] = "--benchmark_min_time=0.05";
	static char brief[] = "--benchmark_min_time=0.0002";
	int i;

	main_google(options, argv[0]);
	/* A default: a later option overrides it. */
	main_google(options, usual);
	for (i = 1; i < argc; i++) {
		char *arg = argv[i];

		if (!strcmp(arg, "--quick"))
			options->quick = options->brief = true;
		else if (!strcmp(arg, "--brief"))
			options->brief = true;
		else if (!strcmp(arg, "--table"))
			options->table = true;
		else if (!strcmp(arg, "--gates"))
			options->table = options->goals = true;
		else if (!strcmp(arg, "--scale"))
			options->scale = true;
		else if (!strcmp(arg, "--only") && i + 1 < argc)
			options->only = argv[++i];
		else
			main_google(options, arg);
		if (!strcmp(arg, "--help"))
			main_help();
	}
	if (options->brief)
		main_google(options, brief);
}

static const char *main_compiler(void)
{
#if defined(__clang__)
	return "clang " __clang_version__;
#else
	return "gcc " __VERSION__;
#endif
}

static const char *main_librseq(void)
{
	return rival_librseq_is_built() ? "yes" : "no";
}

static void main_context(void)
{
	struct utsname name;

	bench_google_context("mode", bench_mode());
	bench_google_context("librseq", main_librseq());
	bench_google_context("compiler", main_compiler());
	if (!uname(&name))
		bench_google_context("kernel", name.release);
#ifdef __OPTIMIZE__
	bench_google_context("optimized", "yes");
#else
	bench_google_context("optimized", "no");
#endif
}

/* What Google Benchmark has as its context, then rows or curves. */
static void main_json(const struct main_options *options, FILE *to)
{
	static struct table table;

	json_member("{", "mode", bench_mode(), to);
	json_member(", ", "librseq", main_librseq(), to);
	json_member(", ", "compiler", main_compiler(), to);
	json_member(", ", "version", cpuslab_version(), to);
	if (options->scale) {
		fputs(",\n\"curves\": ", to);
		scale_run(options->brief, to);
	} else {
		fputs(",\n\"rows\": ", to);
		gates_run(&table, options->brief, options->goals,
			  options->only);
		table_json(&table, to);
	}
	fputs("}\n", to);
}

/* Measure the table and the curves as well, to check that they work. */
static void main_json_quick(struct main_options *options)
{
	FILE *nowhere = fopen("/dev/null", "w");

	if (!nowhere)
		measure_die("/dev/null", "cannot be opened");
	main_json(options, nowhere);
	options->scale = true;
	main_json(options, nowhere);
	fclose(nowhere);
}

int main(int argc, char **argv)
{
	struct main_options options = { .quick = false };
	struct bench_google_result result = { 0, 0 };
	int status;

	if (argc == 4 && !strcmp(argv[1], "--memory-child"))
		return memory_child(argv[2], argv[3]);
	main_options(&options, argc, argv);
	bench_world_init();
	if (options.table || options.scale) {
		main_json(&options, stdout);
		return 0;
	}
	main_context();
	status = bench_google(options.googles, options.google, options.brief,
			      &result);
	if (options.quick && !status) {
		main_json_quick(&options);
		printf("quick: %u runs, %u skipped; all counts are right\n",
		       (unsigned int)result.ran, (unsigned int)result.skipped);
	}
	return status;
}
