/* SPDX-License-Identifier: MIT */
#include <cpuslab/log_hook.h>

#include <cpuslab/port.h>

static const struct cpuslab_log_hook *log_hook; /* W, R any */

void cpuslab_log_hook_set(const struct cpuslab_log_hook *hook)
{
	/* [log.hook] pairs with cpuslab__log_line(). */
	cpuslab_store_release_ptr(&log_hook, hook);
}

void cpuslab__log_line(const char *line)
{
	/* [log.hook] Otherwise the struct may not be filled. */
	const struct cpuslab_log_hook *hook =
		cpuslab_load_acquire_ptr(&log_hook);

	if (hook)
		hook->write(hook, line);
	else
		cpuslab_port_log(line);
}
