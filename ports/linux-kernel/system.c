// SPDX-License-Identifier: MIT
/*
 * system.c - the clock, the identity of the caller, and the log.
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

/* The library logs errors only. */
void cpuslab_port_log(const char *line)
{
	pr_err_ratelimited("%s\n", line);
}

/*
 * A warning, which panic_on_warn turns into a panic. After a failed assertion
 * the library continues as it does where assertions are not compiled.
 */
void cpuslab_port_panic(const char *line)
{
	WARN(1, KBUILD_MODNAME ": %s\n", line);
}
