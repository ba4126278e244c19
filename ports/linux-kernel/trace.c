// SPDX-License-Identifier: MIT
/*
 * trace.c - the library's events, as tracepoints.
 */
#include <linux/smp.h>
#include <linux/types.h>

#include <cpuslab/port.h>

#include "../../lib/base/format.h"

#define TRACE_NAME_BYTES 32 /* of a name that is recorded, escaped */

/* The name of a slab may hold anything, and must not end the line. */
static void __maybe_unused trace_name(char *recorded, const char *name)
{
	struct cpuslab__text text = { recorded, TRACE_NAME_BYTES, 0 };

	recorded[0] = '\0';
	cpuslab__text_escaped(&text, name);
}

#define CREATE_TRACE_POINTS
#include "cpuslab_events.h"

void cpuslab_port_trace(enum cpuslab_port_trace_event event, const char *domain,
			const char *slab, uint32_t cpu, uint64_t bytes,
			int result)
{
	switch (event) {
	case CPUSLAB_EVENT_ADMIT:
		trace_admit(domain, slab, cpu, bytes);
		break;
	case CPUSLAB_EVENT_RELEASE:
		trace_release(domain, slab, cpu, bytes);
		break;
	case CPUSLAB_EVENT_REFUSE:
		trace_refuse(domain, slab, cpu, bytes, result);
		break;
	case CPUSLAB_EVENT_SHARED:
		trace_shared(domain, slab, raw_smp_processor_id(), bytes);
		break;
	case CPUSLAB_EVENT_ADD_START:
		trace_add_start(domain, cpu, result);
		break;
	case CPUSLAB_EVENT_ADD_COMPLETE:
		trace_add_complete(domain, cpu, result);
		break;
	case CPUSLAB_EVENT_ADD_FAILURE:
		trace_add_failure(domain, cpu, result);
		break;
	case CPUSLAB_EVENT_REMOVE:
		trace_remove(domain, cpu, result);
		break;
	}
}
