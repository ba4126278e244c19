// SPDX-License-Identifier: MIT
/*
 * storm_command.c - the commands of a storm.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "storm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATIENCE 60.0 /* seconds */

struct request {
	struct storm *storm;
	int count;
	char **words;
	char *answer;
	size_t size;
	const struct storm_note *note;
	int more; /* CPUs than at the note */
};

static int say(struct request *r, int result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int say(struct request *r, int result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->answer, r->size, format, args);
	va_end(args);
	return result;
}

/*
 * The first access to a page takes very long in a guest (20 ms) while its other
 * CPUs are busy, so the threads are paused.
 */
static void look(struct storm *storm, struct storm_note *note)
{
	struct cpuslab_stats stats;

	storm_pause(storm);
	storm_touch(storm, cpus_domain(storm->domain));
	storm_resume(storm);
	cpuslab_stats_get(storm->slab, &stats);
	note->in_use = stats.in_use - stats.draining;
	note->committed = stats.committed_bytes;
	note->resident = resident_bytes();
}

/* ---- CPUs --------------------------------------------------------- */

static bool cpus_are(void *arg)
{
	struct request *r = arg;

	return cpus_domain(r->storm->domain) == cpus_parse(r->words[1]);
}

/* cpus LIST [SECONDS]: wait until the domain has exactly these. */
static int do_cpus(struct request *r)
{
	uint64_t begin = now_ns();
	double patience = r->count > 2 ? atof(r->words[2]) : PATIENCE;

	if (r->count < 2)
		return say(r, 0, "%s",
			   cpus_text(cpus_domain(r->storm->domain)));
	if (wait_until(patience, cpus_are, r))
		return say(r, 0, "after %llu ms",
			   (unsigned long long)(now_ns() - begin) / 1000000);
	return say(r, 1, "it has %s", cpus_text(cpus_domain(r->storm->domain)));
}

static int do_dispatch(struct request *r)
{
	int err = cpuslab_hotplug_dispatch(r->storm->hotplug);

	return say(r, err != 0, "%s", cpuslab_strerror(err));
}

struct number {
	const char *name;
	uint64_t value;
};

/* A number by its name, or NULL. */
static const struct number *find(const struct request *r,
				 const struct number *numbers)
{
	for (; numbers->name; numbers++)
		if (!strcmp(numbers->name, r->words[1]))
			return numbers;
	return NULL;
}

/* COMMAND NAME [NUMBER]: at least NUMBER or, with @exactly, equal to it. */
static int number(struct request *r, const struct number *numbers, bool exactly)
{
	const struct number *is = r->count > 1 ? find(r, numbers) : NULL;
	uint64_t wanted;

	if (!is)
		return say(r, 1, "which number?");
	wanted = r->count > 2 ? strtoull(r->words[2], NULL, 10) : 0;
	return say(r, exactly ? is->value != wanted : is->value < wanted,
		   "%s %llu", is->name, (unsigned long long)is->value);
}

static int do_hotplug_number(struct request *r, bool exactly)
{
	struct cpuslab_hotplug_stats s;

	cpuslab_hotplug_stats_get(r->storm->hotplug, &s);
	return number(r,
		      (const struct number[]){
			      { "events", s.events },
			      { "ignored", s.ignored },
			      { "lost", s.lost },
			      { "rescans", s.rescans },
			      { "starts", s.starts },
			      { "completes", s.completes },
			      { "failures", s.failures },
			      { "errors", s.errors },
			      { NULL, 0 },
		      },
		      exactly);
}

/* hotplug NAME AT_LEAST */
static int do_hotplug(struct request *r)
{
	return do_hotplug_number(r, false);
}

/* hotplug_is NAME NUMBER */
static int do_hotplug_is(struct request *r)
{
	return do_hotplug_number(r, true);
}

static int do_add_on_each(struct request *r)
{
	uint64_t cpus = cpus_file("/sys/devices/system/cpu/online");

	storm_pause(r->storm);
	storm_touch(r->storm, cpus);
	storm_resume(r->storm);
	return say(r, 0, "%s", cpus_text(cpus));
}

/* ---- totals ------------------------------------------------------------- */

/* total: pause, compare, continue. */
static int do_total(struct request *r)
{
	uint64_t added, sum;

	storm_pause(r->storm);
	added = storm_added(r->storm);
	sum = storm_sum(r->storm);
	storm_resume(r->storm);
	return say(r, sum != added, "added %llu, sum %llu",
		   (unsigned long long)added, (unsigned long long)sum);
}

/* pause, resume: of all that counts or reads. */
static int do_pause(struct request *r)
{
	storm_pause(r->storm);
	return say(r, 0, "paused");
}

static int do_resume(struct request *r)
{
	storm_resume(r->storm);
	return say(r, 0, "resumed");
}

/* trim, while no operation is in progress. */
static int do_trim(struct request *r)
{
	int err;

	storm_pause(r->storm);
	err = cpuslab_domain_trim(r->storm->domain, CPUSLAB_TRIM_QUIESCENT);
	storm_resume(r->storm);
	return say(r, err != 0, "%s", cpuslab_strerror(err));
}

/* at_least NAME NUMBER */
static int do_at_least(struct request *r)
{
	struct cpuslab_stats s;

	cpuslab_stats_get(r->storm->slab, &s);
	return number(r,
		      (const struct number[]){
			      { "on_demand", s.on_demand },
			      { "admissions", s.admissions },
			      { "releases", s.releases },
			      { "unannounced", s.unannounced },
			      { NULL, 0 },
		      },
		      false);
}

/* mode rseq|atomic */
static int do_mode(struct request *r)
{
	struct cpuslab_stats stats;
	const char *mode;

	cpuslab_stats_get(r->storm->slab, &stats);
	mode = stats.atomic ? "atomic" : "rseq";
	return say(r, r->count > 1 && strcmp(mode, r->words[1]) != 0, "%s",
		   mode);
}

/* ---- restartable sections ------------------------------------------------ */

/* Is this process registered for the fences of the library? */
static int do_membarrier(struct request *r)
{
	const int rseq = 1 << 7; /* PRIVATE_EXPEDITED_RSEQ */
	long err = syscall(SYS_membarrier, rseq, 0, 0);

	return say(r, err != 0, "%s", err ? strerror(errno) : "registered");
}

/*
 * sections: do the threads use them? An add that was interrupted too often uses
 * the shared block; a thread without a registration does so each time.
 */
static int do_sections(struct request *r)
{
	struct cpuslab_stats before, after;
	struct storm *storm = r->storm;
	uint64_t added, shared;

	storm_pause(storm);
	added = storm_added(storm);
	cpuslab_stats_get(storm->slab, &before);
	storm_resume(storm);
	sleep(1);
	storm_pause(storm);
	added = storm_added(storm) - added;
	cpuslab_stats_get(storm->slab, &after);
	storm_resume(storm);
	shared = after.shared_ops - before.shared_ops;
	return say(r, !added || shared > added / 100, "%llu of %llu shared",
		   (unsigned long long)shared, (unsigned long long)added);
}

/* ---- workers, children -------------------------------------------------- */

static int say_wrong(struct request *r, const char *wrong)
{
	return say(r, wrong != NULL, "%s", wrong ? wrong : "right");
}

/* workers LIST */
static int do_workers(struct request *r)
{
	if (r->count < 2)
		return say(r, 1, "of which CPUs?");
	return say_wrong(r,
			 storm_work_check(r->storm, cpus_parse(r->words[1])));
}

/* child fork|clone */
static int do_child(struct request *r)
{
	if (r->count < 2)
		return say(r, 1, "by what?");
	return say_wrong(r, storm_work_child(r->storm,
					     !strcmp(r->words[1], "fork")));
}

/* ---- memory ------------------------------------------------------------- */

/* note NAME: remember memory and CPUs. */
static int do_note(struct request *r)
{
	struct storm *storm = r->storm;
	struct storm_note *note;

	if (r->count < 2 || storm->noted == STORM_NOTES)
		return say(r, 1, "which name? %u are taken", storm->noted);
	note = &storm->notes[storm->noted++];
	strncpy(note->name, r->words[1], sizeof(note->name) - 1);
	look(storm, note);
	return say(r, 0, "%u CPUs, %llu committed, %llu resident", note->in_use,
		   (unsigned long long)note->committed,
		   (unsigned long long)note->resident);
}

/* Is @is between 0.9 and 1.25 times the bytes of @more CPUs? */
static bool memory_fits(int64_t is, int more, int64_t slack)
{
	int64_t one = STORM_OBJECTS * STORM_OBJECT_BYTES;
	int64_t low = more * one - more * one / 10, high = more * one * 5 / 4;

	return more < 0 ? is >= high - slack && is <= low + slack :
			  is >= low - slack && is <= high + slack;
}

static bool memory_is(void *arg)
{
	const int64_t quarter = STORM_OBJECTS * STORM_OBJECT_BYTES / 4;
	struct request *r = arg;
	struct storm_note now;

	look(r->storm, &now);
	say(r, 1, "%+d CPUs, %+lld committed, %+lld resident",
	    (int)now.in_use - (int)r->note->in_use,
	    (long long)(now.committed - r->note->committed),
	    (long long)(now.resident - r->note->resident));
	return (int)now.in_use - (int)r->note->in_use == r->more &&
	       memory_fits((int64_t)(now.committed - r->note->committed),
			   r->more, quarter) &&
	       /*
	        * Resident memory includes arenas and stacks of the C library.
	        */
	       memory_fits((int64_t)(now.resident - r->note->resident), r->more,
			   2 * quarter);
}

/* memory NAME MORE: wait until it has grown by the blocks of MORE CPUs. */
static int do_memory(struct request *r)
{
	unsigned int i;

	if (r->count < 3)
		return say(r, 1, "which note, and how many CPUs?");
	for (i = 0; i < r->storm->noted; i++)
		if (!strcmp(r->storm->notes[i].name, r->words[1]))
			r->note = &r->storm->notes[i];
	if (!r->note)
		return say(r, 1, "no note %s", r->words[1]);
	r->more = atoi(r->words[2]);
	return wait_until(PATIENCE, memory_is, r) ? 0 : 1;
}

static int do_stats(struct request *r)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(r->storm->slab, &stats);
	cpuslab_stats_text(&stats, r->answer, r->size);
	return 0;
}

/* ---- latency ------------------------------------------------------------ */

static uint64_t quantile(const uint64_t *histogram, uint64_t all, double part)
{
	uint64_t before = 0, wanted = (uint64_t)((double)all * part);
	unsigned int i, log;

	for (i = 0; i < STORM_BUCKETS; i++) {
		before += histogram[i];
		if (before > wanted)
			break;
	}
	log = i / 2;
	return (1ull << log) + (i % 2 && log ? 1ull << (log - 1) : 0);
}

/* latency NAME: of the adds since the last call. */
static int do_latency(struct request *r)
{
	uint64_t histogram[STORM_BUCKETS] = { 0 }, all = 0;
	struct storm *storm = r->storm;
	unsigned int i, thread;

	storm_pause(storm);
	for (thread = 0; thread < storm->count; thread++)
		for (i = 0; i < STORM_BUCKETS; i++) {
			histogram[i] += storm->threads[thread].histogram[i];
			all += storm->threads[thread].histogram[i];
			storm->threads[thread].histogram[i] = 0;
		}
	storm_resume(storm);
	return say(r, 0,
		   "latency %s: %llu samples, p50 %llu ns, p99 %llu ns, p99.9 "
		   "%llu ns",
		   r->count > 1 ? r->words[1] : "", (unsigned long long)all,
		   (unsigned long long)quantile(histogram, all, 0.5),
		   (unsigned long long)quantile(histogram, all, 0.99),
		   (unsigned long long)quantile(histogram, all, 0.999));
}

static const struct {
	const char *name;
	int (*call)(struct request *r);
} commands[] = {
	{ "at_least", do_at_least },
	{ "add_on_each", do_add_on_each },
	{ "child", do_child },
	{ "cpus", do_cpus },
	{ "dispatch", do_dispatch },
	{ "hotplug", do_hotplug },
	{ "hotplug_is", do_hotplug_is },
	{ "latency", do_latency },
	{ "membarrier", do_membarrier },
	{ "memory", do_memory },
	{ "mode", do_mode },
	{ "note", do_note },
	{ "pause", do_pause },
	{ "resume", do_resume },
	{ "sections", do_sections },
	{ "stats", do_stats },
	{ "total", do_total },
	{ "trim", do_trim },
	{ "workers", do_workers },
};

int storm_command(struct storm *storm, int count, char **words, char *answer,
		  size_t size)
{
	struct request r = {
		.storm = storm,
		.count = count,
		.words = words,
		.answer = answer,
		.size = size,
	};
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, words[0]))
			return commands[i].call(&r);
	return say(&r, 1, "no command %s", words[0]);
}
