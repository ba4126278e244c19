// SPDX-License-Identifier: MIT
/*
 * cas16.c - the compare-and-swap of two words by the kernel's own primitives,
 * because the compiler's builtin would call functions that KCSAN lacks. Linux
 * 6.5 replaced cmpxchg_double() by cmpxchg128().
 */
#include <linux/atomic.h>
#include <linux/mmdebug.h>

#include "../../lib/base/cas16.h"

#include "cas16.h"

/* Not every x86-64 or arm64 CPU has the instruction. */
bool cpuslab__cas16_available(void)
{
#if defined(system_has_cmpxchg128)
	return system_has_cmpxchg128();
#else
	return system_has_cmpxchg_double();
#endif
}

bool cpuslab__cas16(struct cpuslab_pair *pair, struct cpuslab_pair expect,
		    struct cpuslab_pair desired)
{
#if defined(system_has_cmpxchg128)
	u128 was, now;

	memcpy(&was, &expect, sizeof(was));
	memcpy(&now, &desired, sizeof(now));
	return cmpxchg128((u128 *)pair, was, now) == was;
#else
	return cmpxchg_double(&pair->first, &pair->second, expect.first,
			      expect.second, desired.first, desired.second);
#endif
}
