/* SPDX-License-Identifier: MIT */
/*
 * options.c - the command line.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

static const char options_usage[] =
	"usage: cpuslab-server [OPTION...]\n"
	"\n"
	"A small HTTP server with a worker on each CPU that it may use.\n"
	"\n"
	"  -a, --address=ADDRESS  IPv4 or IPv6; default 127.0.0.1\n"
	"  -p, --port=PORT        default 8080; 0: any that is free\n"
	"  -c, --connections=N    at most, rounded up to a power of two;\n"
	"                         default 1024\n"
	"  -i, --idle=SECONDS     then a connection is closed; default 60\n"
	"  -r, --rescan=MS        how often to look for changes of affinity and\n"
	"                         cpusets, which send no event; default 1000\n"
	"  -h, --help             this text\n"
	"\n"
	"  /         a small payload\n"
	"  /metrics  OpenMetrics; with \"Accept: text/plain\" Prometheus' text\n"
	"  /status   CPUs, workers, steering, memory, as JSON\n"
	"\n"
	"SIGTERM and SIGINT end it: what has arrived is answered, and the total\n"
	"is printed.\n";

static const struct option options_long[] = {
	{ "address", required_argument, NULL, 'a' },
	{ "port", required_argument, NULL, 'p' },
	{ "connections", required_argument, NULL, 'c' },
	{ "idle", required_argument, NULL, 'i' },
	{ "rescan", required_argument, NULL, 'r' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static uint32_t options_number(const char *name, const char *text,
			       uint32_t lowest, uint32_t highest)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || end == text || *text == '-' || value < lowest ||
	    value > highest) {
		fprintf(stderr,
			"cpuslab-server: %s must be a number from %u to %u, "
			"not '%s'\n",
			name, lowest, highest, text);
		exit(2);
	}
	return (uint32_t)value;
}

static uint32_t options_power(uint32_t atleast)
{
	uint32_t power = 2;

	while (power < atleast)
		power *= 2;
	return power;
}

static void options_one(struct options *options, int option)
{
	switch (option) {
	case 'a':
		options->address = optarg;
		break;
	case 'p':
		options->port =
			(uint16_t)options_number("--port", optarg, 0, 65535);
		break;
	case 'c':
		options->connections = options_power(
			options_number("--connections", optarg, 1, 1u << 20));
		break;
	case 'i':
		options->idle_s = options_number("--idle", optarg, 1, 86400);
		break;
	case 'r':
		options->rescan_ms =
			options_number("--rescan", optarg, 1, 3600000);
		break;
	case 'h':
		fputs(options_usage, stdout);
		exit(0);
	default: /* getopt said what is wrong */
		fputs("cpuslab-server: --help lists the options\n", stderr);
		exit(2);
	}
}

void options_parse(struct options *options, int argc, char **argv)
{
	int option;

	memset(options, 0, sizeof(*options));
	options->address = "127.0.0.1";
	options->port = 8080;
	options->connections = 1024;
	options->idle_s = 60;
	options->rescan_ms = 1000;
	while ((option = getopt_long(argc, argv, "a:p:c:i:r:h", options_long,
				     NULL)) != -1)
		options_one(options, option);
	if (optind < argc) {
		fprintf(stderr, "cpuslab-server: '%s' is no option\n",
			argv[optind]);
		exit(2);
	}
}
