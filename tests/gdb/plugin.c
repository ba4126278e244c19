/* SPDX-License-Identifier: MIT */
/*
 * plugin.c - a second copy of the library in program.c, with slabs and objects
 * of its own.
 */
#include "../../ports/linux-user/all.c"

#include "../../lib/all.c"

#include <stdio.h>

static struct cpuslab_counter plugin_named = CPUSLAB_COUNTER_INIT("plugin");
static struct cpuslab_counter plugin_counter;

__attribute__((visibility("default"))) void plugin_expect(void);

void plugin_expect(void)
{
	if (cpuslab_percpu_is_null(&plugin_counter.handle) &&
	    cpuslab_counter_init(&plugin_counter, cpuslab_default()))
		return;
	cpuslab_counter_add(&plugin_counter, 1000);
	cpuslab_counter_add(&plugin_named, 500);
	printf("print plugin_counter => %llu\n",
	       (unsigned long long)cpuslab_counter_sum(&plugin_counter));
	printf("print plugin_named => %llu\n",
	       (unsigned long long)cpuslab_counter_sum(&plugin_named));
}
