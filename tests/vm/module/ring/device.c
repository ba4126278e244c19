// SPDX-License-Identifier: MIT
/*
 * device.c - the device through which a process maps the rings, and commands:
 * "echo NAME [NUMBER] > command".
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/ring_file.h>

#include "produce.h"

static struct cpuslab_domain *device_domain;
static struct cpuslab_hotplug *device_hotplug;
static struct cpuslab_ring_file *device_rings;
static struct dentry *device_folder;

/* ---- the device ---------------------------------------------------------- */

static int device_open(struct inode *inode, struct file *filp)
{
	filp->private_data = device_rings;
	return cpuslab_ring_file_open(device_rings);
}

static int device_release(struct inode *inode, struct file *filp)
{
	cpuslab_ring_file_release(filp->private_data);
	return 0;
}

static int device_mmap(struct file *filp, struct vm_area_struct *vma)
{
	return cpuslab_ring_file_mmap(filp->private_data, vma);
}

static __poll_t device_poll(struct file *filp, struct poll_table_struct *wait)
{
	return cpuslab_ring_file_poll(filp->private_data, filp, wait);
}

static ssize_t device_read(struct file *filp, char __user *buffer, size_t count,
			   loff_t *at)
{
	return cpuslab_ring_file_read(filp->private_data, filp, buffer, count);
}

static const struct file_operations device_ops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.mmap = device_mmap,
	.poll = device_poll,
	.read = device_read,
};

static struct miscdevice device_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "cpuslab_ring",
	.fops = &device_ops,
};

/* ---- commands ------------------------------------------------------------ */

static unsigned long device_bytes = 65536, device_watermark;
static u32 device_ring_flags, device_flags;

static int device_rings_destroy(void)
{
	if (!device_rings)
		return 0;
	produce_stop();
	produce_ring = NULL;
	misc_deregister(&device_misc);
	cpuslab_ring_file_destroy(device_rings);
	device_rings = NULL;
	return 0;
}

static int device_rings_create(void)
{
	const struct cpuslab_ring_file_config config = {
		.size = sizeof(config),
		.name = "events",
		.bytes = device_bytes,
		.watermark = device_watermark,
		.flags = device_ring_flags,
		.slab_flags = device_flags,
	};
	int err;

	device_misc.minor = MISC_DYNAMIC_MINOR;
	err = cpuslab_ring_file_create(&device_rings, device_domain, &config);

	if (err)
		return err;
	err = misc_register(&device_misc);
	if (err) {
		cpuslab_ring_file_destroy(device_rings);
		device_rings = NULL;
		return err;
	}
	produce_begin(cpuslab_ring_file_ring(device_rings));
	return 0;
}

static int device_trim(void)
{
	return cpuslab_domain_trim(device_domain, 0) < 0 ? -EIO : 0;
}

/* Each allocation fails once, and leaves nothing behind. */
static int device_fail_create(void)
{
	long n = 0;
	int err;

	do {
		other_fail(++n);
		err = device_rings_create();
	} while (other_fail(0) && err == -ENOMEM);
	pr_info("cpuslab_ring: %ld allocations failed\n", n - 1);
	return err ? err : n > 16 ? 0 : -EIO;
}

static int device_command(const char *word, unsigned long number)
{
	if (!strcmp(word, "bytes"))
		device_bytes = number;
	else if (!strcmp(word, "watermark"))
		device_watermark = number;
	else if (!strcmp(word, "account"))
		device_flags = number ? CPUSLAB_SLAB_ACCOUNT : 0;
	else if (!strcmp(word, "overwrite"))
		device_ring_flags = number ? CPUSLAB_RING_OVERWRITE : 0;
	else if (!strcmp(word, "create"))
		return device_rings_create();
	else if (!strcmp(word, "destroy"))
		return device_rings_destroy();
	else if (!strcmp(word, "trim"))
		return device_trim();
	else if (!strcmp(word, "fail-create"))
		return device_fail_create();
	else if (!strcmp(word, "fail"))
		other_fail(number);
	else if (!strcmp(word, "other"))
		return other_check();
	else if (!strcmp(word, "retain"))
		device_flags = number ? CPUSLAB_SLAB_RETAIN : 0;
	else if (!strcmp(word, "nested"))
		return produce_nested(number);
	else if (!strcmp(word, "last"))
		return produce_last(number);
	else if (!strcmp(word, "append"))
		return produce_here(number);
	else if (!strcmp(word, "start"))
		return produce_start();
	else if (!strcmp(word, "stop"))
		produce_stop();
	else
		return -EINVAL;
	return 0;
}

static ssize_t device_write(struct file *file, const char __user *from,
			    size_t size, loff_t *at)
{
	char line[64], word[64];
	unsigned long number = 0;
	int err;

	if (size >= sizeof(line) || copy_from_user(line, from, size))
		return -EINVAL;
	line[size] = '\0';
	if (sscanf(line, "%63s %lu", word, &number) < 1)
		return -EINVAL;
	err = device_command(word, number);
	return err ? err : (ssize_t)size;
}

static const struct file_operations device_command_ops = {
	.owner = THIS_MODULE,
	.write = device_write,
};

static int stats_show(struct seq_file *seq, void *unused)
{
	seq_printf(seq, "appended %llu\n", produce_appended());
	seq_printf(seq, "lost %llu\n", produce_lost());
	if (produce_ring)
		seq_printf(seq, "counted %llu\n",
			   cpuslab_ring_lost(produce_ring));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/* ---- life ---------------------------------------------------------------- */

static void device_end(void)
{
	debugfs_remove_recursive(device_folder);
	device_rings_destroy();
	other_fini();
	cpuslab_hotplug_destroy(device_hotplug);
	cpuslab_domain_destroy(device_domain);
}

static int __init device_begin(void)
{
	const struct cpuslab_domain_config config = {
		.size = sizeof(config),
		.name = "rings",
		.flags = CPUSLAB_HOTPLUG_DOMAIN_FLAGS,
	};
	int err = cpuslab_domain_create(&device_domain, &config);

	if (err)
		return err;
	err = cpuslab_hotplug_create(&device_hotplug, device_domain, NULL);
	if (!err)
		err = other_init(device_domain);
	if (err) {
		device_end();
		return err;
	}
	device_folder = debugfs_create_dir("cpuslab_ring", NULL);
	debugfs_create_file("command", 0200, device_folder, NULL,
			    &device_command_ops);
	debugfs_create_file("stats", 0400, device_folder, NULL, &stats_fops);
	return 0;
}

module_init(device_begin);
module_exit(device_end);

MODULE_DESCRIPTION("rings that a process maps");
MODULE_LICENSE("Dual MIT/GPL");
