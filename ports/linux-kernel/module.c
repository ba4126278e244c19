// SPDX-License-Identifier: MIT
/*
 * module.c - cpuslab.ko: the library for several drivers.
 */
#include <linux/module.h>

#include <cpuslab/port.h>
#include <cpuslab/version.h>

static int __init module_begin(void)
{
	return 0;
}

/* Whoever used it is gone; callbacks of the last grace period may not be. */
static void __exit module_end(void)
{
	cpuslab_port_rcu_barrier();
}

module_init(module_begin);
module_exit(module_end);

MODULE_DESCRIPTION("Data that belongs to a CPU");
MODULE_AUTHOR("The cpuslab authors");
MODULE_VERSION(CPUSLAB_VERSION);
MODULE_LICENSE("Dual MIT/GPL");
