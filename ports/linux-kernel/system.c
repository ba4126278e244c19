// SPDX-License-Identifier: MIT
/*
 * system.c - the clock, the identity of the caller, and the log.
 */
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/stringhash.h>
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

void cpuslab_port_nap(uint32_t us)
{
	usleep_range(us, 2ul * us);
}

#define SYSTEM_LIMITS 16u
#define SYSTEM_BURST 3

/* Of lines with the same hash; a flood of one keeps few others from the log. */
static struct ratelimit_state system_limits[SYSTEM_LIMITS] = {
	[0 ... SYSTEM_LIMITS - 1] = RATELIMIT_STATE_INIT(
		system_limits, DEFAULT_RATELIMIT_INTERVAL, SYSTEM_BURST),
};

/* The library logs errors only. */
void cpuslab_port_log(const char *line)
{
	u32 hash = full_name_hash(NULL, line, strlen(line));

	if (__ratelimit(&system_limits[hash % SYSTEM_LIMITS]))
		pr_err("%s\n", line);
}

/*
 * A warning, which panic_on_warn turns into a panic. After a failed assertion
 * the library continues as it does where assertions are not compiled.
 */
void cpuslab_port_panic(const char *line)
{
	WARN(1, KBUILD_MODNAME ": %s\n", line);
}
