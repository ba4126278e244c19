// SPDX-License-Identifier: MIT
/*
 * driver.c - records each system call of the machine in a ring of its CPU,
 * which a process maps and reads: scap.c.
 *
 *	/dev/cpuslab_scap	while it is open, calls are recorded
 *	/sys/class/misc/cpuslab_scap/lost
 *				how many events found a ring full
 *
 * Its only code for hotplug is cpuslab_hotplug_create(): a CPU that is added
 * has its ring before it runs, and the ring of a CPU that goes offline is freed
 * when it has been read.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>

#include <asm/syscall.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/import.h>
#include <cpuslab/ring_file.h>

#include "event.h"

static ulong bytes = 8 << 20;
module_param(bytes, ulong, 0444);
MODULE_PARM_DESC(bytes, "of memory for each CPU, a power of two");

static struct cpuslab_domain *scap_domain;
static struct cpuslab_hotplug *scap_hotplug;
static struct cpuslab_ring_file *scap_file;

/* Whose calls are not recorded: printing an event would make others. */
static pid_t scap_consumer;

/* ---- what is recorded ---------------------------------------------------- */

static struct scap_event scap_event(enum scap_type type, long call)
{
	return (struct scap_event){
		.time = ktime_get_real_ns(),
		.thread = task_pid_nr(current),
		.type = type,
		.call = (__s16)call,
	};
}

static void scap_enter(void *ring, struct pt_regs *regs, long call)
{
	struct scap_enter event;

	if (task_tgid_nr(current) == READ_ONCE(scap_consumer))
		return;
	event.head = scap_event(SCAP_ENTER, call);
	syscall_get_arguments(current, regs, event.args);
	cpuslab_ring_append(ring, &event, sizeof(event));
}

static void scap_exit(void *ring, struct pt_regs *regs, long result)
{
	const struct scap_exit event = {
		.head = scap_event(SCAP_EXIT, syscall_get_nr(current, regs)),
		.result = result,
	};

	if (task_tgid_nr(current) != READ_ONCE(scap_consumer))
		cpuslab_ring_append(ring, &event, sizeof(event));
}

static struct scap_probe {
	const char *name;
	void *function;
	struct tracepoint *point;
} scap_probes[] = {
	{ "sys_enter", scap_enter },
	{ "sys_exit", scap_exit },
};

static void scap_find(struct tracepoint *point, void *unused)
{
	struct scap_probe *probe;

	for (probe = scap_probes; probe < scap_probes + 2; probe++)
		if (!strcmp(point->name, probe->name))
			probe->point = point;
}

static void scap_detach(int attached)
{
	void *ring = cpuslab_ring_file_ring(scap_file);

	while (attached--)
		tracepoint_probe_unregister(scap_probes[attached].point,
					    scap_probes[attached].function,
					    ring);
	tracepoint_synchronize_unregister();
}

static int scap_attach(void)
{
	void *ring = cpuslab_ring_file_ring(scap_file);
	int attached, err;

	for (attached = 0; attached < 2; attached++) {
		err = tracepoint_probe_register(scap_probes[attached].point,
						scap_probes[attached].function,
						ring);
		if (err)
			goto detach;
	}
	return 0;
detach:
	scap_detach(attached);
	return err;
}

/* ---- the device ---------------------------------------------------------- */

static int scap_open(struct inode *inode, struct file *file)
{
	int err = cpuslab_ring_file_open(scap_file);

	if (err)
		return err;
	WRITE_ONCE(scap_consumer, task_tgid_nr(current));
	err = scap_attach();
	if (err)
		cpuslab_ring_file_release(scap_file);
	return err;
}

static int scap_release(struct inode *inode, struct file *file)
{
	scap_detach(2);
	cpuslab_ring_file_release(scap_file);
	return 0;
}

static int scap_mmap(struct file *file, struct vm_area_struct *vma)
{
	return cpuslab_ring_file_mmap(scap_file, vma);
}

static __poll_t scap_poll(struct file *file, poll_table *wait)
{
	return cpuslab_ring_file_poll(scap_file, file, wait);
}

static ssize_t scap_read(struct file *file, char __user *to, size_t size,
			 loff_t *at)
{
	return cpuslab_ring_file_read(scap_file, file, to, size);
}

static const struct file_operations scap_operations = {
	.owner = THIS_MODULE, /* loaded while it is open or mapped */
	.open = scap_open,
	.release = scap_release,
	.mmap = scap_mmap,
	.poll = scap_poll,
	.read = scap_read,
};

static ssize_t lost_show(struct device *device, struct device_attribute *attr,
			 char *text)
{
	return sysfs_emit(text, "%llu\n",
			  cpuslab_ring_lost(cpuslab_ring_file_ring(scap_file)));
}
static DEVICE_ATTR_RO(lost);

static struct attribute *scap_attrs[] = { &dev_attr_lost.attr, NULL };
ATTRIBUTE_GROUPS(scap);

static struct miscdevice scap_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = SCAP_DEVICE,
	.mode = 0600,
	.fops = &scap_operations,
	.groups = scap_groups,
};

/* ---- life ---------------------------------------------------------------- */

static int __init scap_init(void)
{
	const struct cpuslab_domain_config domain_config = {
		.size = sizeof(domain_config),
		.name = "scap",
		.flags = CPUSLAB_HOTPLUG_DOMAIN_FLAGS,
	};
	const struct cpuslab_ring_file_config file_config = {
		.size = sizeof(file_config),
		.name = "scap",
		.bytes = bytes,
	};
	int err;

	for_each_kernel_tracepoint(scap_find, NULL);
	if (!scap_probes[0].point || !scap_probes[1].point)
		return -ENOENT;
	err = cpuslab_domain_create(&scap_domain, &domain_config);
	if (err)
		return err;
	err = cpuslab_hotplug_create(&scap_hotplug, scap_domain, NULL);
	if (err)
		goto destroy_domain;
	err = cpuslab_ring_file_create(&scap_file, scap_domain, &file_config);
	if (err)
		goto destroy_hotplug;
	err = misc_register(&scap_device);
	if (err)
		goto destroy_file;
	return 0;
destroy_file:
	cpuslab_ring_file_destroy(scap_file);
destroy_hotplug:
	cpuslab_hotplug_destroy(scap_hotplug);
destroy_domain:
	cpuslab_domain_destroy(scap_domain);
	return err;
}

static void __exit scap_exit_module(void)
{
	misc_deregister(&scap_device);
	cpuslab_ring_file_destroy(scap_file);
	cpuslab_hotplug_destroy(scap_hotplug);
	cpuslab_domain_destroy(scap_domain);
}

module_init(scap_init);
module_exit(scap_exit_module);

MODULE_DESCRIPTION("Records system calls in rings that a process maps");
MODULE_AUTHOR("The cpuslab authors");
MODULE_LICENSE("Dual MIT/GPL");
CPUSLAB_MODULE_IMPORT();
