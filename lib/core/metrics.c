/* SPDX-License-Identifier: MIT */
/*
 * metrics.c - copy the numbers of all domains, slabs and named objects.
 *
 * Nothing is allocated while the registry's mutex or a slab's is held: an
 * allocator may use named objects, and the system's may call back. A walk that
 * lacks room notes how much, and is continued with more. Nor is a slab's mutex
 * waited for there: the walk is continued once it has been tried again.
 */
#include "metrics_internal.h"

#include "domain_internal.h"
#include "named.h"
#include "registry.h"
#include "slab_internal.h"

#define METRICS_NAP_US 50u /* for the holder of a mutex */
#define METRICS_RUNS 32u   /* for fewer than 2^32 named objects */

/* Followed by memory for items. */
struct CPUSLAB_ALIGNED(8) metrics_chunk {
	struct metrics_chunk *next;
};

/* ---- memory -------------------------------------------------------------- */

/* Make room for all that was lacked. */
static int metrics_grow(struct cpuslab__metrics *metrics)
{
	size_t bytes = metrics->lacked;
	struct metrics_chunk *chunk =
		cpuslab_port_zalloc(sizeof(*chunk) + bytes);

	if (!chunk)
		return -CPUSLAB_ENOMEM;
	chunk->next = metrics->chunks;
	metrics->chunks = chunk;
	metrics->room = (char *)(chunk + 1);
	metrics->room_bytes = bytes;
	return CPUSLAB_OK;
}

static void metrics_free(struct cpuslab__metrics *metrics)
{
	struct metrics_chunk *chunk, *next;

	for (chunk = metrics->chunks; chunk; chunk = next) {
		next = chunk->next;
		cpuslab_port_free(chunk);
	}
}

static size_t metrics_name(char *buf, size_t size, const char *name)
{
	struct cpuslab__text text = { buf, size, 0 };

	cpuslab__text_utf8(&text, name);
	return text.length + 1;
}

/* With a copy of both names, the second behind the first; NULL: no room. */
static struct cpuslab__metrics_item *
metrics_item(struct cpuslab__metrics *metrics, const char *first,
	     const char *second, const char **second_copy)
{
	size_t length = metrics_name(NULL, 0, first);
	size_t more = metrics_name(NULL, 0, second);
	struct cpuslab__metrics_item *item = (void *)metrics->room;
	size_t bytes = (sizeof(*item) + length + more + 7) / 8 * 8;
	char *names;

	if (metrics->lacked || bytes > metrics->room_bytes) {
		metrics->lacked += bytes;
		return NULL;
	}
	metrics->room += bytes;
	metrics->room_bytes -= bytes;
	names = (char *)(item + 1);
	names[0] = names[length] = '\0';
	metrics_name(names, length, first);
	metrics_name(names + length, more, second);
	item->name = names;
	*second_copy = names + length;
	return item;
}

static void metrics_add(struct cpuslab__metrics *metrics,
			enum cpuslab__metrics_kind kind,
			struct cpuslab__metrics_item *item)
{
	item->next = metrics->items[kind];
	metrics->items[kind] = item;
}

/* ---- domains and slabs --------------------------------------------------- */

static void metrics_domain(struct cpuslab__metrics *metrics,
			   const struct cpuslab__listed *listed)
{
	struct cpuslab_domain *domain = listed->domain;
	const char *unused;
	struct cpuslab__metrics_item *item =
		metrics_item(metrics, domain->name, "", &unused);
	const struct cpuslab_cpumask *mask;

	if (!item)
		return;
	mask = cpuslab_cpumask_get(domain);
	item->id = listed->id;
	item->of.domain = (struct cpuslab__metrics_domain){
		.limit = domain->limit,
		.online = cpuslab_cpumask_count(mask),
		.generation = cpuslab_cpumask_generation(mask),
		.clients = cpuslab_load_relaxed_u32(&domain->clients),
		.refusals = cpuslab_load_relaxed_u64(&domain->refusals),
		.ignored = cpuslab_domain_ignored(domain),
	};
	cpuslab_cpumask_put(mask);
	metrics_add(metrics, METRICS_DOMAIN, item);
}

/* Where the domain has been destroyed, its name still tells the slab apart. */
static void metrics_slab(struct cpuslab__metrics *metrics,
			 const struct cpuslab__listed *listed)
{
	struct cpuslab_slab *slab = listed->slab;
	struct cpuslab__metrics_item *item;
	struct cpuslab_stats stats;

	if (!cpuslab__stats_try(slab, &stats)) {
		metrics->busy = !metrics->in_callback;
		return;
	}
	item = metrics_item(metrics, slab->name, slab->domain_name,
			    &stats.domain);
	if (!item)
		return;
	stats.name = item->name;
	item->id = listed->id;
	item->of.slab = stats;
	metrics_add(metrics, METRICS_SLAB, item);
}

static bool metrics_visit(void *arg, const struct cpuslab__listed *listed)
{
	struct cpuslab__metrics *metrics = arg;

	if (listed->domain)
		metrics_domain(metrics, listed);
	else
		metrics_slab(metrics, listed);
	if (!metrics->lacked && !metrics->busy)
		metrics->before = listed->id;
	return !metrics->busy;
}

/*
 * In a callback of one slab, do not wait for the mutex of another: its holder
 * may be waiting for that of the first.
 */
static bool metrics_visit_held(void *arg, const struct cpuslab__listed *listed)
{
	struct cpuslab__metrics *metrics = arg;

	if (listed->slab && cpuslab__mutex_is_held(&listed->slab->mutex))
		metrics->in_callback = true;
	return !metrics->in_callback;
}

static int metrics_copy_listed(struct cpuslab__metrics *metrics)
{
	int err = CPUSLAB_OK;

	metrics->before = UINT64_MAX;
	if (!cpuslab__registry_walk(UINT64_MAX, metrics_visit_held, metrics))
		return -CPUSLAB_EBUSY;
	do {
		if (metrics->busy)
			cpuslab_port_nap(METRICS_NAP_US);
		metrics->busy = false;
		metrics->lacked = 0;
		if (!cpuslab__registry_walk(metrics->before, metrics_visit,
					    metrics))
			err = -CPUSLAB_EBUSY;
		else if (metrics->lacked)
			err = metrics_grow(metrics);
	} while (!err && (metrics->lacked || metrics->busy));
	return err;
}

/* ---- named objects ------------------------------------------------------- */

static int metrics_compare(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

/*
 * Of two lists that are sorted by name make one. Those of one name are one, as
 * a series of a monitor has to be.
 */
static struct cpuslab__metrics_item *
metrics_merge(struct cpuslab__metrics_item *a, struct cpuslab__metrics_item *b)
{
	struct cpuslab__metrics_item *merged = NULL, **end = &merged, *larger;

	while (a && b) {
		int order = metrics_compare(a->name, b->name);

		if (!order) {
			a->of.value += b->of.value;
			b = b->next;
			continue;
		}
		if (order > 0) {
			larger = a;
			a = b;
			b = larger;
		}
		*end = a;
		end = &a->next;
		a = a->next;
	}
	*end = a ? a : b;
	return merged;
}

/* Run n has been merged from 2^n items. */
static struct cpuslab__metrics_item *
metrics_sort(struct cpuslab__metrics_item *items)
{
	struct cpuslab__metrics_item *runs[METRICS_RUNS] = { NULL }, *run;
	size_t i;

	while ((run = items) != NULL) {
		items = run->next;
		run->next = NULL;
		for (i = 0; runs[i]; i++) {
			run = metrics_merge(runs[i], run);
			runs[i] = NULL;
		}
		runs[i] = run;
	}
	for (i = 0; i < METRICS_RUNS; i++)
		run = metrics_merge(runs[i], run);
	return run;
}

static void metrics_visit_named(void *arg, const char *name, bool is_gauge,
				uint64_t value)
{
	struct cpuslab__metrics *metrics = arg;
	const char *unused;
	struct cpuslab__metrics_item *item =
		metrics_item(metrics, name, "", &unused);

	if (!item)
		return;
	item->of.value = value;
	metrics_add(metrics, is_gauge ? METRICS_GAUGE : METRICS_COUNTER, item);
}

/*
 * From the beginning again where there was no room: they have no order. The new
 * room is for all of them, also for those that found room this time.
 */
static int metrics_copy_named(struct cpuslab__metrics *metrics)
{
	int err = CPUSLAB_OK;
	size_t room;

	do {
		room = metrics->room_bytes;
		metrics->lacked = 0;
		metrics->items[METRICS_COUNTER] = NULL;
		metrics->items[METRICS_GAUGE] = NULL;
		cpuslab__named_each(!metrics->in_callback, metrics_visit_named,
				    metrics);
		if (metrics->lacked) {
			metrics->lacked += room - metrics->room_bytes;
			err = metrics_grow(metrics);
		}
	} while (!err && metrics->lacked);
	metrics->items[METRICS_COUNTER] =
		metrics_sort(metrics->items[METRICS_COUNTER]);
	metrics->items[METRICS_GAUGE] =
		metrics_sort(metrics->items[METRICS_GAUGE]);
	return err;
}

int cpuslab__metrics_write(cpuslab__metrics_writer *writer,
			   struct cpuslab__text *text)
{
	struct cpuslab__metrics metrics;
	int err;

	memset(&metrics, 0, sizeof(metrics));
	err = metrics_copy_listed(&metrics);
	if (!err)
		err = metrics_copy_named(&metrics);
	if (!err)
		writer(text, &metrics);
	metrics_free(&metrics);
	return err;
}

static cpuslab__metrics_writer *
metrics_writer(enum cpuslab_metrics_format format)
{
	switch (format) {
	case CPUSLAB_METRICS_OPENMETRICS:
		return cpuslab__metrics_openmetrics;
	case CPUSLAB_METRICS_PROMETHEUS:
		return cpuslab__metrics_prometheus;
	case CPUSLAB_METRICS_JSON:
		return cpuslab__metrics_json;
	}
	return NULL;
}

size_t cpuslab_metrics_write(enum cpuslab_metrics_format format, char *buf,
			     size_t size)
{
	cpuslab__metrics_writer *writer = metrics_writer(format);
	struct cpuslab__text text = { buf, size, 0 };

	if (size)
		buf[0] = '\0';
	if (writer)
		cpuslab__metrics_write(writer, &text);
	return text.length;
}
