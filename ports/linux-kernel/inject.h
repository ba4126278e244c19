/* SPDX-License-Identifier: MIT */
/*
 * inject.h - make allocations fail, and measure how long the system takes for
 * one; empty unless a test compiles the port with CPUSLAB_INJECT.
 */
#ifndef CPUSLAB_INJECT_H
#define CPUSLAB_INJECT_H

#include <linux/types.h>

#ifdef CPUSLAB_INJECT
bool cpuslab__inject_fails(void);
u64 cpuslab__inject_begin(void);
void cpuslab__inject_end(u64 begin);
#else
static inline bool cpuslab__inject_fails(void)
{
	return false;
}

static inline u64 cpuslab__inject_begin(void)
{
	return 0;
}

static inline void cpuslab__inject_end(u64 begin)
{
}
#endif

#endif /* CPUSLAB_INJECT_H */
