/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_METRICS_H
#define CPUSLAB_METRICS_H
/*
 * metrics.h - all domains, slabs and named objects as one text, for a monitor:
 * OpenMetrics, the older text of Prometheus, or JSON.
 *
 *	cpuslab_info{version="...",mode="sections",registration="..."} 1
 *	cpuslab_domain_cpus_online{domain="server",id="1"} 8
 *	cpuslab_slab_objects{domain="server",slab="requests",id="2"} 40
 *	cpuslab_count_total{name="hits"} 12
 *
 * The text has all that belong to this copy of the library: two libraries of a
 * process that each contain cpuslab have two texts.
 *
 *	cpuslab_domain_...	struct cpuslab_domain's CPUs and events
 *	cpuslab_slab_...	struct cpuslab_stats; the numbers of one slab
 *				are of one moment
 *	cpuslab_count_total	named counters (default.h)
 *	cpuslab_value		named gauges; never negative if none goes out
 *				before it comes in
 *
 * The label id tells apart what has equal names: each domain and slab has one
 * that is never used again. Named objects of one name, as static ones in a
 * header, are added up. An object that has not been used is missing, and so is
 * one whose fini has been called.
 *
 * Each byte of a name that is not UTF-8 is U+FFFD.
 *
 * Not for one slab: see stats.h.
 */

#include <cpuslab/base.h>

CPUSLAB_BEGIN

enum cpuslab_metrics_format {
	/* application/openmetrics-text; version=1.0.0; charset=utf-8 */
	CPUSLAB_METRICS_OPENMETRICS,
	/* text/plain; version=0.0.4; charset=utf-8 */
	CPUSLAB_METRICS_PROMETHEUS,
	/*
	 * application/json, one object with the arrays "domains", "slabs" (as
	 * cpuslab_stats_json(), with an "id"), "counters" and "gauges".
	 */
	CPUSLAB_METRICS_JSON,
};

/**
 * cpuslab_metrics_write() - write all numbers as one text.
 * @format: enum cpuslab_metrics_format.
 * @buf:    receives at most @size bytes, and always a NUL if @size > 0.
 * @size:   bytes of @buf.
 *
 * The text may be longer at the next call, because there are more slabs. It is
 * complete if the result is less than @size:
 *
 *	while ((length = cpuslab_metrics_write(format, buf, size)) >= size)
 *		buf = realloc(buf, size = length + 1024);
 *
 * A program with metrics of its own writes them first: OpenMetrics ends with
 * "# EOF".
 *
 * In a callback of a type it waits for no other thread, which may be in such a
 * callback too: it leaves out each slab that another thread is changing, and
 * named objects if that is the default slab. What the caller's call is about to
 * change may be counted already.
 *
 * A child that was forked while another thread was changing the default slab
 * for over a second leaves out named objects in all its texts.
 *
 * Context: may sleep, allocates; not in signal handlers. In a Windows driver
 *          after cpuslab_kernel_init().
 * Return:  the length of the whole text without the NUL. 0, with nothing in
 *          @buf: there is no memory, or no such format; or this is a child that
 *          was forked while another thread was in this call for over a second.
 */
CPUSLAB_API CPUSLAB_PASSIVE size_t
cpuslab_metrics_write(enum cpuslab_metrics_format format,
		      CPUSLAB_ARRAY char *buf, size_t size);

CPUSLAB_END

/*
 * Synchronization: any thread, concurrently with everything, creation and
 * destruction included, but cpuslab_default_destroy(). It waits while a slab's
 * mutex is held, as in a callback, and holds no mutex meanwhile.
 */

#endif /* CPUSLAB_METRICS_H */
