/* SPDX-License-Identifier: MIT */
/*
 * log.c - the recent log lines, for tests to look at; and panics.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define LOG_LINES 128
#define LOG_WIDTH 256

static struct {
	char lines[LOG_LINES][LOG_WIDTH];
	unsigned int next;
	unsigned int count;
	jmp_buf *catcher;
	char panic[LOG_WIDTH];
} log_all;

void cpuslab_port_log(const char *line)
{
	char *slot = log_all.lines[log_all.next];

	snprintf(slot, LOG_WIDTH, "%s", line);
	log_all.next = (log_all.next + 1) % LOG_LINES;
	if (log_all.count < LOG_LINES)
		log_all.count++;
	if (!sim__config.quiet)
		fprintf(stderr, "%s\n", line);
}

void sim__logf(const char *format, ...)
{
	char line[LOG_WIDTH];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	cpuslab_port_log(line);
}

const char *sim_log_find(const char *text)
{
	unsigned int i;

	for (i = 1; i <= log_all.count; i++) {
		const char *line =
			log_all.lines[(log_all.next + LOG_LINES - i) %
				      LOG_LINES];

		if (strstr(line, text))
			return line;
	}
	return NULL;
}

void sim_log_clear(void)
{
	log_all.count = 0;
}

void sim_log_quiet(bool quiet)
{
	sim__config.quiet = quiet;
}

void cpuslab_port_panic(const char *line)
{
	snprintf(log_all.panic, sizeof(log_all.panic), "%s", line);
	if (log_all.catcher && !sim__sched_active())
		longjmp(*log_all.catcher, 1);
	fprintf(stderr, "%s (seed %llu, point %llu)\n", line,
		(unsigned long long)sim_seed(),
		(unsigned long long)sim_points());
	abort();
}

_Noreturn void sim__panicf(const char *format, ...)
{
	char line[LOG_WIDTH];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	cpuslab_port_panic(line);
	abort();
}

const char *sim_panic_catch(void (*body)(void *arg), void *arg)
{
	struct sim_thread *self = sim__self();
	jmp_buf here;

	log_all.catcher = &here;
	if (setjmp(here)) {
		/*
		 * sim_other_at() may have run another thread on top of this
		 * one.
		 */
		sim__self_set(self);
		self->in_section = false;
		self->in_callback = false;
		self->signals = 0;
		log_all.catcher = NULL;
		return log_all.panic;
	}
	body(arg);
	log_all.catcher = NULL;
	return NULL;
}
