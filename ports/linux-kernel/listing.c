// SPDX-License-Identifier: MIT
/*
 * listing.c - all domains and slabs of this copy of the library, in debugfs,
 * while there are any:
 *
 *	/sys/kernel/debug/cpuslab/	or cpuslab_MODULE, see cpuslab.mk
 *		domains	"name value" lines for each domain
 *		slabs	likewise for each slab: its statistics
 *		json	both
 */
#include <linux/debugfs.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/stringify.h>

#include <cpuslab/cpumask.h>
#include <cpuslab/domain.h>
#include <cpuslab/stats.h>

#include "../../lib/base/format.h"

CPUSLAB_STATIC_ASSERT(
	sizeof(struct list_head) <=
		sizeof(((struct cpuslab_port_listed *)NULL)->port),
	"a list_head fits into struct cpuslab_port_listed");

/*
 * Held while a file is read, so that nothing that it shows is destroyed. A
 * reader takes the mutex of one slab at a time inside.
 */
static DEFINE_MUTEX(listing_mutex);
static LIST_HEAD(listing_all); /* oldest first */

/* Outside of the other: debugfs_remove() waits for readers. */
static DEFINE_MUTEX(listing_folder_mutex);
static struct dentry *listing_folder;
static unsigned int listing_count;

static struct list_head *listing_links(struct cpuslab_port_listed *listed)
{
	return (struct list_head *)listed->port;
}

static struct cpuslab_port_listed *listing_of(struct list_head *links)
{
	return (struct cpuslab_port_listed
			*)((char *)links -
			   offsetof(struct cpuslab_port_listed, port));
}

/* ---- formats: they return the whole length, as snprintf() does ----------- */

typedef size_t listing_format(const struct cpuslab_port_listed *listed,
			      char *buf, size_t size);

static size_t slab_text(const struct cpuslab_port_listed *listed, char *buf,
			size_t size)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(listed->slab, &stats);
	return cpuslab_stats_text(&stats, buf, size);
}

static size_t slab_json(const struct cpuslab_port_listed *listed, char *buf,
			size_t size)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(listed->slab, &stats);
	return cpuslab_stats_json(&stats, buf, size);
}

static void domain_number(struct cpuslab__text *text, bool json,
			  const char *name, u64 value)
{
	cpuslab__text_string(text, json ? ",\"" : "");
	cpuslab__text_string(text, name);
	cpuslab__text_string(text, json ? "\":" : " ");
	cpuslab__text_number(text, value);
	cpuslab__text_string(text, json ? "" : "\n");
}

static void domain_numbers(struct cpuslab__text *text, bool json,
			   struct cpuslab_domain *domain)
{
	const struct cpuslab_cpumask *mask = cpuslab_cpumask_get(domain);

	domain_number(text, json, "limit", cpuslab_domain_limit(domain));
	domain_number(text, json, "online", cpuslab_cpumask_count(mask));
	domain_number(text, json, "generation",
		      cpuslab_cpumask_generation(mask));
	domain_number(text, json, "ignored", cpuslab_domain_ignored(domain));
	cpuslab_cpumask_put(mask);
}

static size_t domain_text(const struct cpuslab_port_listed *listed, char *buf,
			  size_t size)
{
	struct cpuslab__text text = { buf, size, 0 };

	cpuslab__text_string(&text, "name ");
	cpuslab__text_escaped(&text, cpuslab_domain_name(listed->domain));
	cpuslab__text_string(&text, "\n");
	domain_numbers(&text, false, listed->domain);
	return text.length;
}

static size_t domain_json(const struct cpuslab_port_listed *listed, char *buf,
			  size_t size)
{
	struct cpuslab__text text = { buf, size, 0 };

	cpuslab__text_string(&text, "{\"name\":");
	cpuslab__text_quoted(&text, cpuslab_domain_name(listed->domain));
	domain_numbers(&text, true, listed->domain);
	cpuslab__text_string(&text, "}");
	return text.length;
}

/* ---- files --------------------------------------------------------------- */

static void listing_each(struct seq_file *seq, bool slabs,
			 listing_format *format, const char *separator)
{
	const char *before = "";
	struct list_head *links;
	size_t size, length;
	char *buf;

	lockdep_assert_held(&listing_mutex);
	list_for_each(links, &listing_all)
	{
		const struct cpuslab_port_listed *listed = listing_of(links);

		if (!listed->slab == slabs)
			continue;
		seq_puts(seq, before);
		size = seq_get_buf(seq, &buf);
		length = format(listed, buf, size);
		seq_commit(seq, length < size ? (int)length : -1);
		before = separator;
	}
}

static int domains_show(struct seq_file *seq, void *unused)
{
	mutex_lock(&listing_mutex);
	listing_each(seq, false, domain_text, "\n");
	mutex_unlock(&listing_mutex);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(domains);

static int slabs_show(struct seq_file *seq, void *unused)
{
	mutex_lock(&listing_mutex);
	listing_each(seq, true, slab_text, "\n");
	mutex_unlock(&listing_mutex);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(slabs);

static int json_show(struct seq_file *seq, void *unused)
{
	mutex_lock(&listing_mutex);
	seq_puts(seq, "{\"domains\":[");
	listing_each(seq, false, domain_json, ",");
	seq_puts(seq, "],\"slabs\":[");
	listing_each(seq, true, slab_json, ",");
	seq_puts(seq, "]}\n");
	mutex_unlock(&listing_mutex);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(json);

/* ---- life ---------------------------------------------------------------- */

static void listing_folder_get(void)
{
	mutex_lock(&listing_folder_mutex);
	if (!listing_count++) {
		listing_folder = debugfs_create_dir(
			__stringify(CPUSLAB_MODULE_NAME), NULL);
		debugfs_create_file("domains", 0444, listing_folder, NULL,
				    &domains_fops);
		debugfs_create_file("slabs", 0444, listing_folder, NULL,
				    &slabs_fops);
		debugfs_create_file("json", 0444, listing_folder, NULL,
				    &json_fops);
	}
	mutex_unlock(&listing_folder_mutex);
}

static void listing_folder_put(void)
{
	mutex_lock(&listing_folder_mutex);
	if (!--listing_count)
		debugfs_remove(listing_folder);
	mutex_unlock(&listing_folder_mutex);
}

void cpuslab_port_list(struct cpuslab_port_listed *listed)
{
	if (!IS_ENABLED(CONFIG_DEBUG_FS))
		return;
	listing_folder_get();
	mutex_lock(&listing_mutex);
	list_add_tail(listing_links(listed), &listing_all);
	mutex_unlock(&listing_mutex);
}

void cpuslab_port_unlist(struct cpuslab_port_listed *listed)
{
	if (!IS_ENABLED(CONFIG_DEBUG_FS))
		return;
	mutex_lock(&listing_mutex);
	list_del(listing_links(listed));
	mutex_unlock(&listing_mutex);
	listing_folder_put();
}
