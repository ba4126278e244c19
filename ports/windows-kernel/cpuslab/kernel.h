/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - what a Windows driver does once: initialise the port in
 * DriverEntry and end it in DriverUnload.
 *
 *	DriverEntry                        DriverUnload
 *	  cpuslab_kernel_init()              cpuslab_slab_destroy()
 *	  cpuslab_domain_create()            cpuslab_hotplug_destroy()
 *	  cpuslab_hotplug_create()           cpuslab_domain_destroy()
 *	  cpuslab_slab_create()              cpuslab_kernel_fini()
 *
 * Each driver has a copy of cpuslab of its own. Windows 7 or Server 2008 R2 and
 * later, which have processor groups; Server 2008, if compiled for that.
 */
#ifndef CPUSLAB_KERNEL_H
#define CPUSLAB_KERNEL_H

#include <cpuslab/domain.h>
#include <cpuslab/nt.h>

CPUSLAB_BEGIN

/*
 * Pool tags of a driver that chooses none, as a debugger shows them: CpuS,
 * CpuB.
 */
#define CPUSLAB_POOL_TAG_SMALL 0x53757043u /* structures, directories */
#define CPUSLAB_POOL_TAG_BLOCK 0x42757043u /* blocks of processors */

/**
 * cpuslab_kernel_init() - initialise the port, before any other call.
 *
 * Starts the system thread that ends grace periods.
 *
 * Context: PASSIVE_LEVEL; once, until cpuslab_kernel_fini().
 * Return:  CPUSLAB_OK; -CPUSLAB_ENOMEM; -CPUSLAB_EAGAIN without a thread;
 *          -CPUSLAB_ENOSYS if it was compiled for Server 2008 and the system is
 *          a later one.
 */
CPUSLAB_INSPECT CPUSLAB_API CPUSLAB_PASSIVE int cpuslab_kernel_init(void);

/**
 * cpuslab_kernel_init_tag() - as cpuslab_kernel_init(), with a pool tag of the
 * driver's.
 * @tag: of all pool that cpuslab allocates for this driver; 0: CpuS and CpuB.
 *
 * Context: as cpuslab_kernel_init().
 * Return:  as cpuslab_kernel_init().
 */
CPUSLAB_INSPECT CPUSLAB_API CPUSLAB_PASSIVE int
cpuslab_kernel_init_tag(uint32_t tag);

/**
 * cpuslab_kernel_fini() - end the port, after all other calls; then the image
 * may be unloaded.
 *
 * Waits for the thread and for DPCs. Does nothing without init, or if called
 * twice.
 *
 * Context: PASSIVE_LEVEL; domains and hotplugs are destroyed.
 */
CPUSLAB_API CPUSLAB_PASSIVE void cpuslab_kernel_fini(void);

/**
 * cpuslab_kernel_status() - convert a result to an NTSTATUS.
 * @result: of any call of cpuslab.
 *
 * Context: any.
 * Return:  STATUS_SUCCESS for 0 and above, else the nearest error.
 */
CPUSLAB_API CPUSLAB_HIGH NTSTATUS cpuslab_kernel_status(int result);

/**
 * cpuslab_kernel_cpu_active() - can threads run on processor @cpu?
 * @cpu: any number.
 *
 * Asks the system, not a domain.
 *
 * Context: any IRQL up to DISPATCH_LEVEL.
 * Return:  true or false; once true it stays true.
 */
CPUSLAB_API CPUSLAB_DISPATCH bool cpuslab_kernel_cpu_active(uint32_t cpu);

CPUSLAB_END

#endif /* CPUSLAB_KERNEL_H */
