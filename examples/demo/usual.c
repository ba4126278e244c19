/* SPDX-License-Identifier: MIT */
/*
 * usual.c - the usual way beside cpuslab: what cpuslab-demo-sim saw, told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "demo.h"
#include "report.h"

#define USUAL_SCRIPTS 5 /* that must have been heard of */

/* How one way to count fared under one script. */
struct usual_outcome {
	int signal;        /* that ended it; 0: it went through */
	uint64_t events;   /* that happened */
	uint64_t expected; /* that should have */
	uint64_t total;    /* that it says there were, at the end */
	uint64_t sums;
	uint64_t backwards; /* of these */
	uint64_t foreign;   /* words of somebody else that it changed */
	bool ended;
};

struct usual {
	unsigned int scripts;
	char key[32];
	struct usual_outcome usual;
};

static bool usual_is_exact(const struct usual_outcome *o)
{
	return o->ended && !o->signal && o->events == o->expected &&
	       o->total == o->expected && !o->backwards && !o->foreign;
}

static void usual_line(const char *name, const struct usual_outcome *o)
{
	report_say("       %-9s", name);
	if (o->signal)
		report_say("CRASHED after %s of %s events: %s\n",
			   report_grouped(o->events).text,
			   report_grouped(o->expected).text,
			   strsignal(o->signal));
	else if (!o->ended)
		report_say("did not come to an end\n");
	else if (o->foreign)
		report_say("OVERWROTE what lies behind the array, which is not "
			   "its own\n");
	else if (o->total < o->expected)
		report_say("%s of %s events: %s LOST\n",
			   report_grouped(o->total).text,
			   report_grouped(o->expected).text,
			   report_grouped(o->expected - o->total).text);
	else if (o->total > o->expected)
		report_say("%s of %s events: %s TOO MANY\n",
			   report_grouped(o->total).text,
			   report_grouped(o->expected).text,
			   report_grouped(o->total - o->expected).text);
	else if (o->backwards)
		report_say("%s of %s events, but %s of %s sums went BACK\n",
			   report_grouped(o->total).text,
			   report_grouped(o->expected).text,
			   report_grouped(o->backwards).text,
			   report_grouped(o->sums).text);
	else
		report_say("%s of %s events, and none of %s sums went back\n",
			   report_grouped(o->total).text,
			   report_grouped(o->expected).text,
			   report_grouped(o->sums).text);
}

static void usual_json(const char *script, const char *way,
		       const struct usual_outcome *o)
{
	char key[64];

	snprintf(key, sizeof(key), "%s_%s_signal", script, way);
	report_count(key, (uint64_t)o->signal);
	snprintf(key, sizeof(key), "%s_%s_expected", script, way);
	report_count(key, o->expected);
	snprintf(key, sizeof(key), "%s_%s_total", script, way);
	report_count(key, o->total);
	snprintf(key, sizeof(key), "%s_%s_backwards", script, way);
	report_count(key, o->backwards);
	snprintf(key, sizeof(key), "%s_%s_foreign", script, way);
	report_count(key, o->foreign);
}

static bool usual_parse(const char *value, struct usual_outcome *o)
{
	unsigned long long n[6];
	int ended;

	if (sscanf(value, "%d %d %llu %llu %llu %llu %llu %llu", &o->signal,
		   &ended, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]) != 8)
		return false;
	o->ended = ended;
	o->events = n[0];
	o->expected = n[1];
	o->total = n[2];
	o->sums = n[3];
	o->backwards = n[4];
	o->foreign = n[5];
	return true;
}

/* Both have been under the script. */
static void usual_compare(struct usual *usual, const struct usual_outcome *o)
{
	usual_line("usual", &usual->usual);
	usual_line("cpuslab", o);
	usual_json(usual->key, "usual", &usual->usual);
	usual_json(usual->key, "cpuslab", o);
	report_check(!usual_is_exact(&usual->usual) && usual_is_exact(o),
		     "%s: the usual way fails, cpuslab is exact", usual->key);
	usual->scripts++;
}

static void usual_heard(void *arg, const char *key, const char *value)
{
	struct usual *usual = arg;
	struct usual_outcome outcome = { 0 };

	if (!strcmp(key, "key"))
		snprintf(usual->key, sizeof(usual->key), "%s", value);
	else if (!strcmp(key, "title"))
		report_say("\n   %s\n", value);
	else if (!strcmp(key, "code"))
		report_say("       %s\n", value);
	else if (!usual_parse(value, &outcome))
		report_check(false, "what was heard: %s %s", key, value);
	else if (!strcmp(key, "usual"))
		usual->usual = outcome;
	else
		usual_compare(usual, &outcome);
}

void demo_usual(const char *self)
{
	struct usual usual;

	memset(&usual, 0, sizeof(usual));
	report_part("usual", "3. The usual way beside it");
	report_say("   Most programs count the CPUs once and index by the "
		   "one they are on:\n"
		   "\n"
		   "       slots = alloc(sysconf(_SC_NPROCESSORS_ONLN) * 64);\n"
		   "       cpu = sched_getcpu();\n"
		   "       atomic_fetch_add(&slots[cpu].events, 1);\n"
		   "\n"
		   "   Both ways go through the same scripts, on simulated "
		   "CPUs, where what\n"
		   "   takes months on real ones happens at once; each in a "
		   "process of its own.\n");
	if (child_run(self, "usual", 0, 1, usual_heard, &usual))
		report_check(usual.scripts == USUAL_SCRIPTS,
			     "%u of %u scripts were run", usual.scripts,
			     (unsigned int)USUAL_SCRIPTS);
	report_count("scripts", usual.scripts);
}
