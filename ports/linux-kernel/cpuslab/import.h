/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_IMPORT_H
#define CPUSLAB_IMPORT_H
/*
 * import.h - the namespace of the symbols that cpuslab.ko exports. Where the
 * library is compiled in, an import does nothing.
 *
 *	CPUSLAB_MODULE_IMPORT();
 *
 * next to MODULE_LICENSE() in a module that uses cpuslab.ko.
 */

#include <linux/module.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define CPUSLAB__NAMESPACE "CPUSLAB"
#else
#define CPUSLAB__NAMESPACE CPUSLAB
#endif

#define CPUSLAB_MODULE_IMPORT() MODULE_IMPORT_NS(CPUSLAB__NAMESPACE)

/*
 * Nothing, in the sections of static.h. Without it a module that is linked with
 * cpuslab.mk's script and has no static objects would have sections that are
 * not loaded, which the build warns of.
 */
static char cpuslab__static_no_object[0] __used
	__section("cpuslab_static_counters");
static const char cpuslab__static_no_type[0] __used __aligned(8)
	__section("cpuslab_static_types");

#endif /* CPUSLAB_IMPORT_H */
