/* SPDX-License-Identifier: MIT */
/*
 * metrics_text.c - the formats.
 *
 * The two texts of Prometheus differ in what announces a family: OpenMetrics
 * announces "x" for samples of "x_total" or "x_info", and its unit; the older
 * text announces "x_total", and has no type for "x_info".
 */
#include "metrics_internal.h"

#include <cpuslab/port.h>
#include <cpuslab/version.h>

#include "slab_internal.h"

enum metrics_type {
	METRICS_TYPE_GAUGE,
	METRICS_TYPE_COUNTER,
	METRICS_TYPE_INFO, /* all in its labels; the value is 1 */
};

static const char *const metrics_types[] = { "gauge", "counter", "info" };
static const char *const metrics_endings[] = { "", "_total", "_info" };

struct metrics_family {
	const char *name;
	const char *help;
	uint8_t kind; /* enum cpuslab__metrics_kind */
	uint8_t type; /* enum metrics_type */
	bool bytes;   /* the unit */
	uint8_t size; /* of the number */
	uint16_t at;  /* offset of the number in an item */
};

#define METRICS_AT(field) offsetof(struct cpuslab__metrics_item, of.field)
#define METRICS_SIZE(field)                                                    \
	sizeof(((struct cpuslab__metrics_item *)NULL)->of.field)
#define METRICS_FAMILY(name, kind, type, field, help)                          \
	{                                                                      \
		name, help, METRICS_##kind, METRICS_TYPE_##type, false,        \
			METRICS_SIZE(field), METRICS_AT(field)                 \
	}
#define METRICS_BYTES(name, kind, field, help)                                 \
	{                                                                      \
		name "_bytes", help, METRICS_##kind, METRICS_TYPE_GAUGE, true, \
			METRICS_SIZE(field), METRICS_AT(field)                 \
	}

static const struct metrics_family metrics_families[] = {
	METRICS_FAMILY("cpuslab", LIBRARY, INFO, value, "The library."),
	METRICS_FAMILY("cpuslab_domain_cpus_online", DOMAIN, GAUGE,
		       domain.online, "CPUs in the domain."),
	METRICS_FAMILY("cpuslab_domain_cpus_limit", DOMAIN, GAUGE, domain.limit,
		       "CPU numbers that the domain can name."),
	METRICS_FAMILY("cpuslab_domain_generation", DOMAIN, GAUGE,
		       domain.generation, "Changes of the set of CPUs."),
	METRICS_FAMILY("cpuslab_domain_clients", DOMAIN, GAUGE, domain.clients,
		       "Clients, slabs included."),
	METRICS_FAMILY("cpuslab_domain_refusals", DOMAIN, COUNTER,
		       domain.refusals, "CPUs that a client refused."),
	METRICS_FAMILY("cpuslab_domain_ignored_events", DOMAIN, COUNTER,
		       domain.ignored,
		       "Events that changed nothing, as they were repeated or "
		       "wrong."),
	METRICS_FAMILY("cpuslab_slab", SLAB, INFO, value, "The slab."),
	METRICS_FAMILY("cpuslab_slab_cpus_in_use", SLAB, GAUGE, slab.in_use,
		       "CPUs that have a copy of each object."),
	METRICS_FAMILY("cpuslab_slab_cpus_unannounced", SLAB, GAUGE,
		       slab.unannounced,
		       "Of these, admitted on use and unknown to the domain."),
	METRICS_FAMILY("cpuslab_slab_cpus_retained", SLAB, GAUGE, slab.retained,
		       "Of these, absent, with blocks kept until a trim."),
	METRICS_FAMILY("cpuslab_slab_cpus_draining", SLAB, GAUGE, slab.draining,
		       "Of these, absent, with blocks being released."),
	METRICS_FAMILY("cpuslab_slab_extents", SLAB, GAUGE, slab.extents,
		       "Blocks of each CPU."),
	METRICS_FAMILY("cpuslab_slab_objects", SLAB, GAUGE, slab.objects,
		       "Live objects."),
	METRICS_BYTES("cpuslab_slab_reserved", SLAB, slab.reserved_bytes,
		      "Address space of blocks."),
	METRICS_BYTES("cpuslab_slab_committed", SLAB, slab.committed_bytes,
		      "Memory of blocks."),
	METRICS_BYTES("cpuslab_slab_residual", SLAB, slab.residual_bytes,
		      "Memory for counters of released blocks."),
	METRICS_FAMILY("cpuslab_slab_admissions", SLAB, COUNTER,
		       slab.admissions, "CPUs that got copies."),
	METRICS_FAMILY("cpuslab_slab_admissions_on_demand", SLAB, COUNTER,
		       slab.on_demand, "Of these, by an operation there."),
	METRICS_FAMILY("cpuslab_slab_refusals", SLAB, COUNTER, slab.refusals,
		       "Admissions that failed."),
	METRICS_FAMILY("cpuslab_slab_releases", SLAB, COUNTER, slab.releases,
		       "CPUs whose copies were folded and freed."),
	METRICS_FAMILY("cpuslab_slab_releases_deferred", SLAB, COUNTER,
		       slab.release_deferred,
		       "Releases that had to be left for later."),
	METRICS_FAMILY("cpuslab_slab_shared_operations", SLAB, COUNTER,
		       slab.shared_ops, "Operations on the shared copy."),
	METRICS_FAMILY("cpuslab_count", COUNTER, COUNTER, value,
		       "A named counter."),
	METRICS_FAMILY("cpuslab_value", GAUGE, GAUGE, value, "A named gauge."),
};

static uint64_t metrics_number(const struct metrics_family *family,
			       const struct cpuslab__metrics_item *item)
{
	const char *at;
	uint64_t wide;
	uint32_t narrow;

	if (family->type == METRICS_TYPE_INFO)
		return 1;
	cpuslab_assert(item);
	at = (const char *)item + family->at;
	if (family->size == sizeof(narrow)) {
		memcpy(&narrow, at, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, at, sizeof(wide));
	return wide;
}

/* Named gauges may be negative. */
static void metrics_signed(struct cpuslab__text *text, bool is_signed,
			   uint64_t value)
{
	bool negative = is_signed && value >> 63;

	cpuslab__text_string(text, negative ? "-" : "");
	cpuslab__text_number(text, negative ? 0 - value : value);
}

/* ---- OpenMetrics, and the older text ------------------------------------- */

static void metrics_label(struct cpuslab__text *text, const char *separator,
			  const char *name, const char *value)
{
	cpuslab__text_string(text, separator);
	cpuslab__text_string(text, name);
	cpuslab__text_string(text, "=");
	cpuslab__text_label(text, value);
}

static void metrics_id(struct cpuslab__text *text, uint64_t id)
{
	cpuslab__text_string(text, ",id=\"");
	cpuslab__text_number(text, id);
	cpuslab__text_string(text, "\"");
}

static void metrics_labels(struct cpuslab__text *text,
			   const struct metrics_family *family,
			   const struct cpuslab__metrics_item *item)
{
	bool is_info = family->type == METRICS_TYPE_INFO;

	switch (family->kind) {
	case METRICS_LIBRARY:
		metrics_label(text, "", "version", cpuslab_version());
		metrics_label(text, ",", "mode",
			      cpuslab_port_uses_atomics() ? "atomic" :
							    "sections");
		metrics_label(text, ",", "registration",
			      cpuslab_port_registration());
		break;
	case METRICS_DOMAIN:
		cpuslab_assert(item);
		metrics_label(text, "", "domain", item->name);
		metrics_id(text, item->id);
		break;
	case METRICS_SLAB:
		cpuslab_assert(item);
		metrics_label(text, "", "domain", item->of.slab.domain);
		metrics_label(text, ",", "slab", item->name);
		metrics_id(text, item->id);
		if (!is_info)
			break;
		metrics_label(text, ",", "copies",
			      item->of.slab.by_cid ? "cid" : "cpu");
		metrics_label(text, ",", "deferred_by",
			      item->of.slab.deferred_by);
		break;
	default:
		cpuslab_assert(item);
		metrics_label(text, "", "name", item->name);
	}
}

static void metrics_sample(struct cpuslab__text *text,
			   const struct metrics_family *family,
			   const struct cpuslab__metrics_item *item)
{
	cpuslab__text_string(text, family->name);
	cpuslab__text_string(text, metrics_endings[family->type]);
	cpuslab__text_string(text, "{");
	metrics_labels(text, family, item);
	cpuslab__text_string(text, "} ");
	metrics_signed(text, family->kind == METRICS_GAUGE,
		       metrics_number(family, item));
	cpuslab__text_string(text, "\n");
}

static void metrics_head(struct cpuslab__text *text, bool open,
			 const struct metrics_family *family, const char *what,
			 const char *value)
{
	cpuslab__text_string(text, "# ");
	cpuslab__text_string(text, what);
	cpuslab__text_string(text, " ");
	cpuslab__text_string(text, family->name);
	cpuslab__text_string(text, open ? "" : metrics_endings[family->type]);
	cpuslab__text_string(text, " ");
	cpuslab__text_string(text, value);
	cpuslab__text_string(text, "\n");
}

static void metrics_family(struct cpuslab__text *text, bool open,
			   const struct metrics_family *family,
			   const struct cpuslab__metrics *metrics)
{
	const struct cpuslab__metrics_item *item = metrics->items[family->kind];
	bool is_new_type = family->type == METRICS_TYPE_INFO && !open;

	if (!item && family->kind != METRICS_LIBRARY)
		return;
	metrics_head(text, open, family, "TYPE",
		     is_new_type ? "gauge" : metrics_types[family->type]);
	if (open && family->bytes)
		metrics_head(text, open, family, "UNIT", "bytes");
	metrics_head(text, open, family, "HELP", family->help);
	if (!item)
		metrics_sample(text, family, NULL);
	for (; item; item = item->next)
		metrics_sample(text, family, item);
}

static void metrics_prometheus(struct cpuslab__text *text, bool open,
			       const struct cpuslab__metrics *metrics)
{
	const size_t count =
		sizeof(metrics_families) / sizeof(metrics_families[0]);
	size_t i;

	for (i = 0; i < count; i++)
		metrics_family(text, open, &metrics_families[i], metrics);
}

void cpuslab__metrics_prometheus(struct cpuslab__text *text,
				 const struct cpuslab__metrics *metrics)
{
	metrics_prometheus(text, false, metrics);
}

void cpuslab__metrics_openmetrics(struct cpuslab__text *text,
				  const struct cpuslab__metrics *metrics)
{
	metrics_prometheus(text, true, metrics);
	cpuslab__text_string(text, "# EOF\n");
}

/* ---- JSON ---------------------------------------------------------------- */

void cpuslab__metrics_domain_each(struct cpuslab__text *text,
				  const struct cpuslab__metrics_domain *domain,
				  cpuslab__text_named *write)
{
	write(text, "limit", domain->limit);
	write(text, "online", domain->online);
	write(text, "generation", domain->generation);
	write(text, "clients", domain->clients);
	write(text, "refusals", domain->refusals);
	write(text, "ignored", domain->ignored);
}

static void metrics_json_string(struct cpuslab__text *text, const char *name,
				const char *value)
{
	cpuslab__text_string(text, name);
	cpuslab__text_quoted(text, value);
}

static void metrics_json_item(struct cpuslab__text *text,
			      enum cpuslab__metrics_kind kind,
			      const struct cpuslab__metrics_item *item)
{
	if (kind == METRICS_COUNTER || kind == METRICS_GAUGE) {
		metrics_json_string(text, "\"name\":", item->name);
		cpuslab__text_string(text, ",\"value\":");
		metrics_signed(text, kind == METRICS_GAUGE, item->of.value);
		return;
	}
	cpuslab__text_string(text, "\"id\":");
	cpuslab__text_number(text, item->id);
	cpuslab__text_string(text, ",");
	if (kind == METRICS_SLAB) {
		cpuslab__stats_members(text, &item->of.slab);
		return;
	}
	metrics_json_string(text, "\"name\":", item->name);
	cpuslab__metrics_domain_each(text, &item->of.domain,
				     cpuslab__text_member);
}

static void metrics_json_array(struct cpuslab__text *text, const char *name,
			       const struct cpuslab__metrics *metrics,
			       enum cpuslab__metrics_kind kind)
{
	const struct cpuslab__metrics_item *item;

	cpuslab__text_string(text, ",\"");
	cpuslab__text_string(text, name);
	cpuslab__text_string(text, "\":[");
	for (item = metrics->items[kind]; item; item = item->next) {
		cpuslab__text_string(text, "{");
		metrics_json_item(text, kind, item);
		cpuslab__text_string(text, item->next ? "}," : "}");
	}
	cpuslab__text_string(text, "]");
}

void cpuslab__metrics_json(struct cpuslab__text *text,
			   const struct cpuslab__metrics *metrics)
{
	metrics_json_string(text, "{\"version\":", cpuslab_version());
	cpuslab__text_member(text, "atomic", cpuslab_port_uses_atomics());
	metrics_json_string(text,
			    ",\"registration\":", cpuslab_port_registration());
	metrics_json_array(text, "domains", metrics, METRICS_DOMAIN);
	metrics_json_array(text, "slabs", metrics, METRICS_SLAB);
	metrics_json_array(text, "counters", metrics, METRICS_COUNTER);
	metrics_json_array(text, "gauges", metrics, METRICS_GAUGE);
	cpuslab__text_string(text, "}");
}
