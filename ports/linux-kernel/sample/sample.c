// SPDX-License-Identifier: MIT
/*
 * sample.c - a driver that counts writes to its device, on the CPU of each
 * writer, while CPUs come and go.
 *
 *	echo hello >/dev/cpuslab_sample
 *	/sys/kernel/debug/cpuslab_sample/
 *		totals		requests and bytes, exact at any time
 *		cpus		the same for each CPU that has a block
 *		stats		the slab: names, bytes, admissions, shared_ops
 *		trim		a write frees the blocks of absent CPUs
 *
 * Its only code for hotplug is cpuslab_hotplug_create().
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/import.h>
#include <cpuslab/pin.h>

/* One CPU's copy. */
struct sample_cpu {
	u64 requests; /* counters never decrease; sums include them */
	u64 bytes;
	u64 largest; /* W owner, pinned; R any */
};

static struct cpuslab_domain *sample_domain;
static struct cpuslab_hotplug *sample_hotplug;
static struct cpuslab_slab *sample_slab;
static struct cpuslab_percpu sample_handle;
static struct dentry *sample_folder;

/* Called when a CPU's block is freed; the library moves the counters. */
static int sample_drain(void *object, void *shared, uint32_t cpu, void *arg)
{
	const struct sample_cpu *from = object;
	struct sample_cpu *to = shared;

	if (to->largest < from->largest)
		WRITE_ONCE(to->largest, from->largest);
	return 0;
}

static const struct cpuslab_type sample_type = {
	.name = "sample",
	.size = sizeof(struct sample_cpu),
	.counters = 2,
	.drain = sample_drain,
};

/* The hot path: no lock and no call on any CPU. */
static void sample_count(u64 bytes)
{
	struct sample_cpu *mine;

	cpuslab_add(&sample_handle, offsetof(struct sample_cpu, requests), 1);
	cpuslab_add(&sample_handle, offsetof(struct sample_cpu, bytes), bytes);
	mine = cpuslab_pin(&sample_handle);
	if (!mine)
		return; /* without a block only the maximum is not updated */
	if (mine->largest < bytes)
		WRITE_ONCE(mine->largest, bytes);
	cpuslab_unpin();
}

static ssize_t sample_write(struct file *file, const char __user *from,
			    size_t size, loff_t *at)
{
	sample_count(size);
	return (ssize_t)size;
}

static const struct file_operations sample_ops = {
	.owner = THIS_MODULE,
	.write = sample_write,
};

static struct miscdevice sample_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "cpuslab_sample",
	.fops = &sample_ops,
};

/* ---- debugfs ------------------------------------------------------------- */

static int totals_show(struct seq_file *seq, void *unused)
{
	seq_printf(seq, "requests %llu\nbytes %llu\n",
		   cpuslab_sum(&sample_handle,
			       offsetof(struct sample_cpu, requests)),
		   cpuslab_sum(&sample_handle,
			       offsetof(struct sample_cpu, bytes)));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(totals);

static void cpus_line(struct seq_file *seq, const char *name,
		      const struct sample_cpu *copy)
{
	seq_printf(seq, "%-8s %12llu %16llu %10llu\n", name,
		   READ_ONCE(copy->requests), READ_ONCE(copy->bytes),
		   READ_ONCE(copy->largest));
}

static int cpus_show(struct seq_file *seq, void *unused)
{
	const struct sample_cpu *copy;
	char name[16];
	u32 cpu;

	seq_printf(seq, "%-8s %12s %16s %10s\n", "cpu", "requests", "bytes",
		   "largest");
	cpuslab_read_enter();
	cpuslab_for_each_copy(&sample_handle, cpu, copy) {
		snprintf(name, sizeof(name), "%u", cpu);
		cpus_line(seq, cpu == CPUSLAB_SHARED ? "none" : name, copy);
	}
	cpuslab_read_exit();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(cpus);

static int stats_show(struct seq_file *seq, void *unused)
{
	struct cpuslab_stats stats;
	size_t size, length;
	char *text;

	cpuslab_stats_get(sample_slab, &stats);
	size = seq_get_buf(seq, &text);
	length = cpuslab_stats_text(&stats, text, size);
	seq_commit(seq, length < size ? (int)length : -1);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static ssize_t trim_write(struct file *file, const char __user *from,
			  size_t size, loff_t *at)
{
	int err = cpuslab_domain_trim(sample_domain, 0);

	return err < 0 ? err : (ssize_t)size;
}

static const struct file_operations trim_ops = {
	.owner = THIS_MODULE,
	.write = trim_write,
};

static void sample_show(void)
{
	sample_folder = debugfs_create_dir("cpuslab_sample", NULL);
	debugfs_create_file("totals", 0444, sample_folder, NULL, &totals_fops);
	debugfs_create_file("cpus", 0444, sample_folder, NULL, &cpus_fops);
	debugfs_create_file("stats", 0444, sample_folder, NULL, &stats_fops);
	debugfs_create_file("trim", 0200, sample_folder, NULL, &trim_ops);
}

/* ---- life ---------------------------------------------------------------- */

static int __init sample_init(void)
{
	const struct cpuslab_domain_config domain_config = {
		.size = sizeof(domain_config),
		.name = "sample",
		.flags = CPUSLAB_HOTPLUG_DOMAIN_FLAGS,
	};
	const struct cpuslab_slab_config slab_config = {
		.size = sizeof(slab_config), .name = "sample"
	};
	int err = cpuslab_domain_create(&sample_domain, &domain_config);

	if (err)
		return err;
	err = cpuslab_hotplug_create(&sample_hotplug, sample_domain, NULL);
	if (err)
		goto destroy_domain;
	err = cpuslab_slab_create(&sample_slab, sample_domain, &slab_config);
	if (err)
		goto destroy_hotplug;
	err = cpuslab_alloc(sample_slab, &sample_type, &sample_handle);
	if (err)
		goto destroy_slab;
	err = misc_register(&sample_device);
	if (err)
		goto free;
	sample_show();
	return 0;
free:
	cpuslab_free(sample_slab, &sample_handle);
destroy_slab:
	cpuslab_slab_destroy(sample_slab);
destroy_hotplug:
	cpuslab_hotplug_destroy(sample_hotplug);
destroy_domain:
	cpuslab_domain_destroy(sample_domain);
	return err;
}

static void __exit sample_exit(void)
{
	debugfs_remove_recursive(sample_folder);
	misc_deregister(&sample_device);
	cpuslab_free(sample_slab, &sample_handle);
	cpuslab_slab_destroy(sample_slab);
	cpuslab_hotplug_destroy(sample_hotplug);
	cpuslab_domain_destroy(sample_domain);
}

module_init(sample_init);
module_exit(sample_exit);

MODULE_DESCRIPTION("Counts writes on the CPU of the writer");
MODULE_AUTHOR("The cpuslab authors");
MODULE_LICENSE("Dual MIT/GPL");
CPUSLAB_MODULE_IMPORT();
