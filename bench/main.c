/* SPDX-License-Identifier: MIT */
/*
 * main.c - cpuslab-bench: what cpuslab costs, beside what one would use
 * instead.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rival_librseq.h"

struct main_group {
	const char *name;
	void (*run)(struct bench *bench);
};

static const struct main_group main_groups[] = {
	{ "add", bench_add },         { "stack", bench_stack },
	{ "object", bench_object },   { "memory", bench_memory },
	{ "latency", bench_latency },
};

#define MAIN_GROUPS (sizeof(main_groups) / sizeof(main_groups[0]))

struct main_options {
	bool gates;
	const char *json;
	bool chosen[MAIN_GROUPS];
	bool any;
};

static struct bench main_bench = {
	.plan = { .chunks = 300, .chunk_ns = 1500000 },
	.few = { .chunks = 40, .chunk_ns = 1500000 },
};

void bench_progress(const char *what)
{
	fprintf(stderr, "  %s\n", what);
}

static void main_help(void)
{
	puts("usage: cpuslab-bench [OPTION...] [GROUP...]\n"
	     "\n"
	     "Groups: add stack object memory latency; without one, all.\n"
	     "\n"
	     "  --quick      a few chunks each: proves that everything runs\n"
	     "               and counts right, the times mean nothing\n"
	     "  --gates      exit with 1 if a goal is missed\n"
	     "  --json FILE  the same table as JSON; - is the standard output\n"
	     "  --help       this text\n"
	     "\n"
	     "Exit: 0; 1 goals missed (--gates only); 2 could not measure.");
}

static int main_usage(const char *what)
{
	fprintf(stderr, "cpuslab-bench: %s: see --help\n", what);
	return 2;
}

static bool main_choose(struct main_options *options, const char *name)
{
	size_t i;

	for (i = 0; i < MAIN_GROUPS; i++)
		if (!strcmp(main_groups[i].name, name))
			break;
	if (i == MAIN_GROUPS)
		return false;
	options->chosen[i] = true;
	options->any = true;
	return true;
}

static void main_quick(struct bench *bench)
{
	bench->quick = true;
	bench->plan.chunks = 5;
	bench->plan.chunk_ns = 100000;
	bench->few.chunks = 2;
	bench->few.chunk_ns = 100000;
}

/* -1: go on; else what to exit with. */
static int main_option(struct main_options *options, char **argv, int *i)
{
	const char *arg = argv[*i];

	if (!strcmp(arg, "--help")) {
		main_help();
		return 0;
	}
	if (!strcmp(arg, "--memory-child") && argv[*i + 1])
		return bench_memory_child(argv[*i + 1]);
	if (!strcmp(arg, "--quick"))
		main_quick(&main_bench);
	else if (!strcmp(arg, "--gates"))
		options->gates = true;
	else if (!strcmp(arg, "--json") && argv[*i + 1])
		options->json = argv[++*i];
	else if (!main_choose(options, arg))
		return main_usage(arg);
	return -1;
}

static void main_run(const struct main_options *options)
{
	size_t i;

	bench_world_init();
	if (cpuslab_port_atomic())
		fputs("no rseq here: blocks are written by atomics\n", stderr);
	else if (!rival_librseq_available())
		fputs("built without librseq: its rows are left out\n", stderr);
	for (i = 0; i < MAIN_GROUPS; i++) {
		if (options->any && !options->chosen[i])
			continue;
		fprintf(stderr, "%s\n", main_groups[i].name);
		main_groups[i].run(&main_bench);
		measure_unpin();
	}
}

static int main_json(const char *path)
{
	FILE *to = strcmp(path, "-") ? fopen(path, "w") : stdout;

	if (!to)
		return main_usage(path);
	table_json(&main_bench.table, to);
	if (to != stdout && fclose(to))
		return main_usage(path);
	return 0;
}

int main(int argc, char **argv)
{
	struct main_options options = { .gates = false };
	int i, result;

	for (i = 1; i < argc; i++) {
		result = main_option(&options, argv, &i);
		if (result >= 0)
			return result;
	}
	main_run(&options);
	if (!options.json || strcmp(options.json, "-"))
		table_print(&main_bench.table, stdout);
	if (options.json && main_json(options.json))
		return 2;
	return options.gates && table_missed(&main_bench.table) ? 1 : 0;
}
