// SPDX-License-Identifier: MIT
/*
 * listing.c - all domains and slabs of this copy of the library, in debugfs,
 * while there are any:
 *
 *	/sys/kernel/debug/cpuslab/	or cpuslab_MODULE, see cpuslab.mk
 *		domains	"name value" lines for each domain
 *		slabs	likewise for each slab: its statistics
 *		json	both, and named objects, as cpuslab/metrics.h says
 *		metrics	the same for Prometheus
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/stringify.h>

#include <cpuslab/metrics.h>
#include <cpuslab/port.h>

#include "../../lib/core/metrics_internal.h"
#include "../../lib/core/slab_internal.h"

/* debugfs_remove() waits for readers. */
static DEFINE_MUTEX(listing_mutex);
static struct dentry *listing_folder;
static unsigned int listing_count;

/* ---- lines --------------------------------------------------------------- */

static void domains_lines(struct cpuslab__text *text,
			  const struct cpuslab__metrics *metrics)
{
	const struct cpuslab__metrics_item *item;

	for (item = metrics->items[METRICS_DOMAIN]; item; item = item->next) {
		cpuslab__text_string(text, "name ");
		cpuslab__text_escaped(text, item->name);
		cpuslab__text_string(text, "\n");
		cpuslab__metrics_domain_each(text, &item->of.domain,
					     cpuslab__text_line);
		cpuslab__text_string(text, item->next ? "\n" : "");
	}
}

static void slabs_lines(struct cpuslab__text *text,
			const struct cpuslab__metrics *metrics)
{
	const struct cpuslab__metrics_item *item;

	for (item = metrics->items[METRICS_SLAB]; item; item = item->next) {
		cpuslab__stats_lines(text, &item->of.slab);
		cpuslab__text_string(text, item->next ? "\n" : "");
	}
}

/* ---- files --------------------------------------------------------------- */

/* A text that does not fit is written again into a larger buffer. */
static int listing_show(struct seq_file *seq, cpuslab__metrics_writer *writer)
{
	struct cpuslab__text text = { 0 };
	int err;

	text.size = seq_get_buf(seq, &text.buf);
	err = cpuslab__metrics_write(writer, &text);
	seq_commit(seq, text.length < text.size ? (int)text.length : -1);
	return err ? -ENOMEM : 0;
}

static int domains_show(struct seq_file *seq, void *unused)
{
	return listing_show(seq, domains_lines);
}
DEFINE_SHOW_ATTRIBUTE(domains);

static int slabs_show(struct seq_file *seq, void *unused)
{
	return listing_show(seq, slabs_lines);
}
DEFINE_SHOW_ATTRIBUTE(slabs);

static int json_show(struct seq_file *seq, void *unused)
{
	int err = listing_show(seq, cpuslab__metrics_json);

	seq_putc(seq, '\n');
	return err;
}
DEFINE_SHOW_ATTRIBUTE(json);

static int metrics_show(struct seq_file *seq, void *unused)
{
	return listing_show(seq, cpuslab__metrics_prometheus);
}
DEFINE_SHOW_ATTRIBUTE(metrics);

/* ---- life ---------------------------------------------------------------- */

void cpuslab_port_registry_grown(void)
{
	if (!IS_ENABLED(CONFIG_DEBUG_FS))
		return;
	mutex_lock(&listing_mutex);
	if (!listing_count++) {
		listing_folder = debugfs_create_dir(
			__stringify(CPUSLAB_MODULE_NAME), NULL);
		debugfs_create_file("domains", 0444, listing_folder, NULL,
				    &domains_fops);
		debugfs_create_file("slabs", 0444, listing_folder, NULL,
				    &slabs_fops);
		debugfs_create_file("json", 0444, listing_folder, NULL,
				    &json_fops);
		debugfs_create_file("metrics", 0444, listing_folder, NULL,
				    &metrics_fops);
	}
	mutex_unlock(&listing_mutex);
}

void cpuslab_port_registry_shrunk(void)
{
	if (!IS_ENABLED(CONFIG_DEBUG_FS))
		return;
	mutex_lock(&listing_mutex);
	if (!--listing_count)
		debugfs_remove(listing_folder);
	mutex_unlock(&listing_mutex);
}
