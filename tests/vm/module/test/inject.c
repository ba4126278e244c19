// SPDX-License-Identifier: MIT
/*
 * inject.c - refuse memory when the test asks for that, and measure how long
 * the system takes when it does not.
 */
#include <linux/atomic.h>
#include <linux/ktime.h>

#include "inject.h"
#include "test.h"

static atomic_long_t inject_count;
static atomic64_t inject_ns;
static long inject_at; /* of the count; 0: none */
static bool inject_all;

bool cpuslab__inject_fails(void)
{
	long nth = atomic_long_inc_return(&inject_count);

	return READ_ONCE(inject_all) || nth == READ_ONCE(inject_at);
}

u64 cpuslab__inject_begin(void)
{
	return ktime_get_ns();
}

void cpuslab__inject_end(u64 begin)
{
	atomic64_add(ktime_get_ns() - begin, &inject_ns);
}

void inject_fail_at(long nth)
{
	WRITE_ONCE(inject_at, nth ? atomic_long_read(&inject_count) + nth : 0);
}

void inject_fail_all(bool fail)
{
	WRITE_ONCE(inject_all, fail);
}

long inject_asked(void)
{
	return atomic_long_read(&inject_count);
}

u64 inject_time(void)
{
	return atomic64_read(&inject_ns);
}
