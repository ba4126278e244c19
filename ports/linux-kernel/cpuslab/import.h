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

#endif /* CPUSLAB_IMPORT_H */
