// SPDX-License-Identifier: MIT
/*
 * module.c - cpuslab.ko: the library for several drivers.
 */
#include <linux/module.h>

#include <cpuslab/default.h>
#include <cpuslab/port.h>
#include <cpuslab/version.h>

static int __init module_begin(void)
{
	return 0;
}

static void __exit module_end(void)
{
	cpuslab_default_destroy();
}

module_init(module_begin);
module_exit(module_end);

MODULE_DESCRIPTION("Per-CPU data that survives CPU hotplug");
MODULE_AUTHOR("The cpuslab authors");
MODULE_VERSION(CPUSLAB_VERSION);
MODULE_LICENSE("Dual MIT/GPL");
