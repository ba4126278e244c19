// SPDX-License-Identifier: MIT
/*
 * system.c - time, who runs, and words.
 */
#include <linux/bug.h>
#include <linux/ktime.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include <cpuslab/port.h>

const void *cpuslab_port_thread_id(void)
{
	return current;
}

uint64_t cpuslab_port_clock(void)
{
	return ktime_get_ns();
}

/* All that the library has to say is something that went wrong. */
void cpuslab_port_log(const char *line)
{
	pr_err_ratelimited("%s\n", line);
}

/*
 * A warning, which panic_on_warn turns into an end: after an assertion the
 * library goes on as it does where none is compiled.
 */
void cpuslab_port_panic(const char *line)
{
	WARN(1, KBUILD_MODNAME ": %s\n", line);
}
