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
	"A small HTTP server with one worker thread on each CPU that it may use.\n"
	"CPUs may be added and removed while it runs.\n"
	"\n"
	"Options:\n"
	"  -a, --address=ADDRESS  listen on this IPv4 or IPv6 address (default:\n"
	"                         127.0.0.1)\n"
	"  -p, --port=PORT        listen on this port; 0 chooses a free one\n"
	"                         (default: 8080)\n"
	"  -c, --connections=N    accept at most N connections, rounded up to a\n"
	"                         power of two (default: 1024)\n"
	"  -i, --idle=SECONDS     close a connection that is idle for so long, or\n"
	"                         takes so long for a request and its answer\n"
	"                         (default: 60)\n"
	"  -r, --rescan=MS        look this often for changes of affinity and\n"
	"                         cpusets, which send no event (default: 1000)\n"
	"  -h, --help             print this text\n"
	"\n"
	"Pages:\n"
	"  /         what each CPU does, in a browser; to others a small payload\n"
	"  /live     the same, which the browser reads again every 2 seconds\n"
	"  /metrics  Prometheus' text format, or OpenMetrics if a client prefers it\n"
	"  /status   CPUs, workers, steering and memory as JSON\n"
	"\n"
	"On SIGTERM and SIGINT the server answers the requests that have arrived,\n"
	"prints its totals and exits.\n";

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
	default: /* getopt has printed what is wrong */
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
		fprintf(stderr, "cpuslab-server: unexpected argument '%s'\n",
			argv[optind]);
		exit(2);
	}
}
