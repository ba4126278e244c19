/* SPDX-License-Identifier: MIT */
/*
 * debug.c - what a kernel debugger would show: the lines of a driver, and its
 * bug check.
 */
#include <stdarg.h>

#include "system.h"

static uint32_t debug_survives; /* only the thread ends */
static uint32_t debug_code;
static char debug_line[CONTROL_TEXT];

void system_debug(struct control *control)
{
	control->result[0] = cpuslab_load_acquire_u32(&debug_code);
	memcpy(control->text, debug_line, CONTROL_TEXT);
	cpuslab_store_release_u32(&debug_survives, control->arg[0]);
	cpuslab_store_release_u32(&debug_code, 0);
	debug_line[0] = 0;
}

ULONG SYSTEM(DbgPrint)(PCSTR format, ...)
{
	char line[CONTROL_TEXT];
	va_list args;

	va_start(args, format);
	host_format(line, sizeof(line), format, args);
	va_end(args);
	memcpy(debug_line, line, sizeof(line));
	return HOST(DbgPrint)("%s", line);
}

VOID SYSTEM(KeBugCheckEx)(ULONG code, ULONG_PTR a, ULONG_PTR b, ULONG_PTR c,
			  ULONG_PTR d)
{
	(void)b;
	(void)c;
	(void)d;
	if (!cpuslab_load_acquire_u32(&debug_survives))
		host_stop((const char *)a);
	cpuslab_store_release_u32(&debug_code, code);
	system_lower();
	system_thread_end();
	host_stop("a thread goes on after a bug check");
}
