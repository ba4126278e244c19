/* SPDX-License-Identifier: MIT */
/*
 * cpuslab_events.h - the tracepoints; see <linux/tracepoint.h>. Their system is
 * named by cpuslab.mk: "cpuslab", or "cpuslab_MODULE" if a module has the
 * library compiled in, because the names of two modules would collide.
 *
 * No guard: <trace/define_trace.h> includes it several times.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM CPUSLAB_MODULE_NAME

#if !defined(CPUSLAB_LINUX_EVENTS_H) || defined(TRACE_HEADER_MULTI_READ)
#define CPUSLAB_LINUX_EVENTS_H

#include <linux/tracepoint.h>

/* clang-format off */
DECLARE_EVENT_CLASS(cpuslab_event,
	TP_PROTO(const char *domain, const char *slab, unsigned int cpu,
		 u64 bytes),
	TP_ARGS(domain, slab, cpu, bytes),
	TP_STRUCT__entry(
		__array(char, domain, TRACE_NAME_BYTES)
		__array(char, slab, TRACE_NAME_BYTES)
		__field(unsigned int, cpu)
		__field(u64, bytes)
	),
	TP_fast_assign(
		trace_name(__entry->domain, domain);
		trace_name(__entry->slab, slab);
		__entry->cpu = cpu;
		__entry->bytes = bytes;
	),
	TP_printk("domain=%s slab=%s cpu=%u bytes=%llu", __entry->domain,
		  __entry->slab, __entry->cpu, __entry->bytes)
);

#define CPUSLAB_EVENT(name)                                                    \
	DEFINE_EVENT(cpuslab_event, name,                                      \
		TP_PROTO(const char *domain, const char *slab,                 \
			 unsigned int cpu, u64 bytes),                         \
		TP_ARGS(domain, slab, cpu, bytes))

CPUSLAB_EVENT(admit);
CPUSLAB_EVENT(release);
CPUSLAB_EVENT(shared);

TRACE_EVENT(refuse,
	TP_PROTO(const char *domain, const char *slab, unsigned int cpu,
		 u64 bytes, int result),
	TP_ARGS(domain, slab, cpu, bytes, result),
	TP_STRUCT__entry(
		__array(char, domain, TRACE_NAME_BYTES)
		__array(char, slab, TRACE_NAME_BYTES)
		__field(unsigned int, cpu)
		__field(u64, bytes)
		__field(int, result)
	),
	TP_fast_assign(
		trace_name(__entry->domain, domain);
		trace_name(__entry->slab, slab);
		__entry->cpu = cpu;
		__entry->bytes = bytes;
		__entry->result = result;
	),
	TP_printk("domain=%s slab=%s cpu=%u bytes=%llu result=%d",
		  __entry->domain, __entry->slab, __entry->cpu, __entry->bytes,
		  __entry->result)
);

DECLARE_EVENT_CLASS(cpuslab_domain_event,
	TP_PROTO(const char *domain, unsigned int cpu, int result),
	TP_ARGS(domain, cpu, result),
	TP_STRUCT__entry(
		__array(char, domain, TRACE_NAME_BYTES)
		__field(unsigned int, cpu)
		__field(int, result)
	),
	TP_fast_assign(
		trace_name(__entry->domain, domain);
		__entry->cpu = cpu;
		__entry->result = result;
	),
	TP_printk("domain=%s cpu=%u result=%d", __entry->domain, __entry->cpu,
		  __entry->result)
);

#define CPUSLAB_DOMAIN_EVENT(name)                                             \
	DEFINE_EVENT(cpuslab_domain_event, name,                               \
		TP_PROTO(const char *domain, unsigned int cpu, int result),    \
		TP_ARGS(domain, cpu, result))

CPUSLAB_DOMAIN_EVENT(add_start);
CPUSLAB_DOMAIN_EVENT(add_complete);
CPUSLAB_DOMAIN_EVENT(add_failure);
CPUSLAB_DOMAIN_EVENT(remove);
/* clang-format on */

#endif /* CPUSLAB_LINUX_EVENTS_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE cpuslab_events
#include <trace/define_trace.h>
