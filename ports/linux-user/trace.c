/* SPDX-License-Identifier: MIT */
/*
 * trace.c - the library's events, as probes of provider "cpuslab" that a
 * debugger or tracer finds in the program's file (USDT): one nop each.
 *
 * With <sys/sdt.h> only, and not with CPUSLAB_NO_SDT.
 */
#include "private.h"

#if defined(__has_include) && !defined(CPUSLAB_NO_SDT)
#if __has_include(<sys/sdt.h>)
#define TRACE_HAS_PROBES
#endif
#endif

#ifdef TRACE_HAS_PROBES
#include <sys/sdt.h>

#ifdef __clang__
/* The header's macros pass no argument where C11 wants one. */
#pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#endif

void cpuslab_port_trace(enum cpuslab_port_trace_event event, const char *domain,
			const char *slab, uint32_t cpu, uint64_t bytes,
			int result)
{
	switch (event) {
	case CPUSLAB_EVENT_ADMIT:
		DTRACE_PROBE4(cpuslab, admit, domain, slab, cpu, bytes);
		break;
	case CPUSLAB_EVENT_RELEASE:
		DTRACE_PROBE4(cpuslab, release, domain, slab, cpu, bytes);
		break;
	case CPUSLAB_EVENT_REFUSE:
		DTRACE_PROBE5(cpuslab, refuse, domain, slab, cpu, bytes,
			      result);
		break;
	case CPUSLAB_EVENT_SHARED:
		cpu = cpuslab_port_cpu();
		DTRACE_PROBE4(cpuslab, shared, domain, slab, cpu, bytes);
		break;
	case CPUSLAB_EVENT_ADD_START:
		DTRACE_PROBE3(cpuslab, add_start, domain, cpu, result);
		break;
	case CPUSLAB_EVENT_ADD_COMPLETE:
		DTRACE_PROBE2(cpuslab, add_complete, domain, cpu);
		break;
	case CPUSLAB_EVENT_ADD_FAILURE:
		DTRACE_PROBE2(cpuslab, add_failure, domain, cpu);
		break;
	case CPUSLAB_EVENT_REMOVE:
		DTRACE_PROBE3(cpuslab, remove, domain, cpu, result);
		break;
	}
}

#else

void cpuslab_port_trace(enum cpuslab_port_trace_event event, const char *domain,
			const char *slab, uint32_t cpu, uint64_t bytes,
			int result)
{
	(void)event;
	(void)domain;
	(void)slab;
	(void)cpu;
	(void)bytes;
	(void)result;
}

#endif
