/* SPDX-License-Identifier: MIT */
/*
 * machine.c - what the demo is about, and where it runs.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#include "demo.h"
#include "report.h"

static void machine_intro(void)
{
	report_say(
		"cpuslab: data that belongs to a CPU\n"
		"\n"
		"Programs that count something very often keep one copy of the "
		"count for each\n"
		"CPU, so that no CPU waits for another. But CPUs come and go "
		"while a program\n"
		"runs: virtual machines grow, containers move, laptops sleep. "
		"Code that made its\n"
		"copies at the start then crashes or miscounts. cpuslab gives "
		"a CPU its copy when\n"
		"the CPU appears, takes it back when the CPU leaves, and loses "
		"no count.\n");
}

/* A line of /sys, or "unknown". */
static struct report_word machine_sys(const char *name)
{
	struct report_word word = { "unknown" };
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/%s", name);
	file = fopen(path, "r");
	if (!file)
		return word;
	if (!fgets(word.text, sizeof(word.text), file) || word.text[0] == '\n')
		strcpy(word.text, "unknown");
	word.text[strcspn(word.text, "\n")] = '\0';
	fclose(file);
	return word;
}

static int machine_stats(struct cpuslab_stats *stats)
{
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	int err = cpuslab_domain_create(&domain, NULL);

	if (err)
		return err;
	err = cpuslab_slab_create(&slab, domain, NULL);
	if (!err) {
		cpuslab_stats_get(slab, stats);
		cpuslab_slab_destroy(slab);
	}
	cpuslab_domain_destroy(domain);
	return err;
}

static void machine_describe(const struct cpuslab_stats *stats)
{
	struct report_word present = machine_sys("present");
	struct report_word possible = machine_sys("possible");
	struct utsname name;

	if (uname(&name))
		memset(&name, 0, sizeof(name));
	report_say("   CPUs        present %s, possible %s; this program may "
		   "use %u now;\n"
		   "               CPU numbers are below %u\n",
		   present.text, possible.text, stats->online, stats->limit);
	report_say("   system      %s %s, %s\n", name.sysname, name.release,
		   name.machine);
	report_say("   mode        %s\n",
		   stats->atomic ?
			   "atomic: an atomic instruction for each operation" :
			   "rseq: no atomics; an add that the kernel "
			   "interrupts starts again");
	report_text("present", present.text);
	report_text("possible", possible.text);
	report_count("online", stats->online);
	report_count("limit", stats->limit);
	report_text("kernel", name.release);
	report_text("architecture", name.machine);
	report_text("mode", stats->atomic ? "atomic" : "rseq");
}

void demo_machine(void)
{
	struct cpuslab_stats stats;
	int err;

	machine_intro();
	report_part("machine", "1. This machine");
	err = machine_stats(&stats);
	if (err)
		report_check(false, "no slab can be created here: %s",
			     cpuslab_strerror(err));
	else
		machine_describe(&stats);
}
