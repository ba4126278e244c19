/* SPDX-License-Identifier: MIT */
#include "cas16.h"

#if defined(CPUSLAB_PORT_CAS16)
/* The port implements it. */
#elif CPUSLAB__BUILTINS

#if defined(__x86_64__)
/* Not inline: clang would drop the target attribute. */
#define CAS16_TARGET __attribute__((__noinline__, __target__("cx16")))
#else
#define CAS16_TARGET
#endif

__extension__ typedef unsigned __int128 cpuslab__u128
	__attribute__((may_alias));

CAS16_TARGET bool cpuslab__cas16(struct cpuslab_pair *pair,
				 struct cpuslab_pair expect,
				 struct cpuslab_pair desired)
{
	cpuslab__u128 was, now;

	memcpy(&was, &expect, sizeof(was));
	memcpy(&now, &desired, sizeof(now));
#if defined(__s390x__)
	/* The builtin is a call where gcc does not optimise, and with clang. */
	__asm__ __volatile__(
		"cdsg %[was],%[now],%[pair]"
		: [was] "+d"(was), [pair] "+QS"(*(cpuslab__u128 *)pair)
		: [now] "d"(now)
		: "memory", "cc");
	return !memcmp(&was, &expect, sizeof(was));
#else
	return __sync_bool_compare_and_swap((cpuslab__u128 *)pair, was, now);
#endif
}

#else

bool cpuslab__cas16(struct cpuslab_pair *pair, struct cpuslab_pair expect,
		    struct cpuslab_pair desired)
{
	__int64 found[2] = { (__int64)expect.first, (__int64)expect.second };

	return _InterlockedCompareExchange128((__int64 volatile *)pair,
					      (__int64)desired.second,
					      (__int64)desired.first, found);
}

#endif
