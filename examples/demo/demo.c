/* SPDX-License-Identifier: MIT */
/*
 * demo.c - shows in half a minute what cpuslab is for.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "demo.h"
#include "report.h"

#define DEMO_SECONDS 12
#define DEMO_PATIENCE 150 /* seconds beyond --seconds until it hangs */

static const char *const demo_parts[] = { "real", "usual", "storm", "speed",
					  "container" };

static const char demo_help[] =
	"usage: cpuslab-demo [OPTION...]\n"
	"\n"
	"Shows what per-CPU data is, how it breaks when CPUs come and go, and\n"
	"that cpuslab does not break. Takes no CPU offline, needs no\n"
	"privileges, and changes nothing on the machine.\n"
	"\n"
	"  --json        one JSON object on standard output, nothing else\n"
	"  --seconds N   how long to run, roughly (default 12, at least 0.5)\n"
	"  --only PART   one part: real, usual, storm, speed or\n"
	"                container\n"
	"  --seed N      of the first storm, to replay it (default: the time)\n"
	"  --help        this text\n"
	"\n"
	"Ends with \"demo: PASS\" and status 0, or \"demo: FAIL what\" and\n"
	"status 1. Try it also with GLIBC_TUNABLES=glibc.pthread.rseq=0, or\n"
	"pinned to one CPU: taskset -c 0 cpuslab-demo\n";

double demo_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool demo_number(const char *text, double *value)
{
	char *end;

	errno = 0;
	*value = strtod(text, &end);
	return !errno && *text && !*end && *value >= 0;
}

static bool demo_option(struct demo_options *options, int option)
{
	size_t i;
	char *end;

	switch (option) {
	case 'j':
		options->json = true;
		return true;
	case 's':
		return demo_number(optarg, &options->seconds) &&
		       options->seconds >= 0.5 && options->seconds <= 3600;
	case 'e':
		errno = 0;
		options->seed = strtoull(optarg, &end, 0);
		return !errno && *optarg && !*end;
	case 'o':
		options->only = optarg;
		for (i = 0; i < sizeof(demo_parts) / sizeof(*demo_parts); i++)
			if (!strcmp(optarg, demo_parts[i]))
				return true;
		return false;
	default:
		return false;
	}
}

static void demo_options_read(struct demo_options *options, int argc,
			      char **argv)
{
	static const struct option names[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "seconds", required_argument, NULL, 's' },
		{ "only", required_argument, NULL, 'o' },
		{ "seed", required_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
		if (option == 'h') {
			fputs(demo_help, stdout);
			exit(0);
		}
		if (!demo_option(options, option)) {
			fprintf(stderr, "demo: see --help\n");
			exit(2);
		}
	}
	if (optind != argc) {
		fprintf(stderr, "demo: no argument '%s'; see --help\n",
			argv[optind]);
		exit(2);
	}
}

static void demo_crashed(int number)
{
	/* It only calls write().
	 * NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c) */
	report_crashed();
	_exit(128 + number);
}

/* The last line says that the demo failed, also after a crash. */
static void demo_watch(double seconds)
{
	static const int signals[] = { SIGSEGV, SIGBUS,  SIGILL,
				       SIGFPE,  SIGABRT, SIGALRM };
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction old;

		/* Keep the handler of a sanitizer, which reports more. */
		if (!sigaction(signals[i], NULL, &old) &&
		    old.sa_handler == SIG_DFL)
			signal(signals[i], demo_crashed);
	}
	alarm((unsigned int)seconds + DEMO_PATIENCE);
}

static bool demo_wanted(const struct demo_options *options, const char *part)
{
	return !options->only || !strcmp(options->only, part);
}

static void demo_run(const struct demo_options *options)
{
	double share = options->only ? 0.95 : 0.3;
	double seconds = options->seconds;

	if (demo_wanted(options, "real"))
		demo_real(share * seconds, options->seed);
	if (demo_wanted(options, "usual"))
		demo_usual(options->self);
	if (demo_wanted(options, "storm"))
		demo_storm(options->self, share * seconds, options->seed);
	if (demo_wanted(options, "speed"))
		demo_speed(options->only ? seconds : seconds / 6);
	if (demo_wanted(options, "container"))
		demo_container(options->only ? seconds : seconds / 12);
}

int main(int argc, char **argv)
{
	struct demo_options options = {
		.self = argv[0],
		.seconds = DEMO_SECONDS,
		.seed = (uint64_t)time(NULL),
	};

	demo_options_read(&options, argc, argv);
	report_open(options.json);
	demo_watch(options.seconds);
	demo_machine();
	demo_run(&options);
	return report_close();
}
