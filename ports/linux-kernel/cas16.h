/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LINUX_KERNEL_CAS16_H
#define CPUSLAB_LINUX_KERNEL_CAS16_H

#include <linux/types.h>

/* Does this machine have a compare-and-swap of 16 bytes? */
bool cpuslab__cas16_available(void);

#endif /* CPUSLAB_LINUX_KERNEL_CAS16_H */
