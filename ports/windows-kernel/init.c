/* SPDX-License-Identifier: MIT */
/*
 * init.c - initialising and ending the port in a driver.
 */
#include "kernel_private.h"

uint32_t cpuslab__nt_limit;
static uint32_t init_done; /* W init, last, and fini, first; R any */

bool cpuslab__nt_is_initialised(void)
{
	/* [nt.init] What init has set up before is complete. */
	return cpuslab_load_acquire_u32(&init_done);
}

int cpuslab_kernel_init(void)
{
	return cpuslab_kernel_init_tag(0);
}

/*
 * A driver for Server 2008 takes processors with the same number in two groups
 * for one.
 */
static bool init_is_for_this_system(void)
{
#if NTDDI_VERSION < 0x06010000 /* NTDDI_WIN7 */
	ULONG major = 0, minor = 0;

	PsGetVersion(&major, &minor, NULL, NULL);
	return major == 6 && minor == 0;
#else
	return true;
#endif
}

int cpuslab_kernel_init_tag(uint32_t tag)
{
	int err;

	if (!init_is_for_this_system())
		return -CPUSLAB_ENOSYS;
	cpuslab__nt_limit =
		KeQueryMaximumProcessorCountEx(ALL_PROCESSOR_GROUPS);
	cpuslab_port_mutex_init(&cpuslab_port_registry.mutex,
				CPUSLAB_RANK_REGISTRY);
	cpuslab__nt_memory_init(tag);
	cpuslab__nt_barrier_init();
	err = cpuslab__nt_records_init();
	if (err)
		goto forget;
	err = cpuslab__nt_rcu_init();
	if (err)
		goto fini_records;
	err = cpuslab__nt_rcu_thread_init();
	if (err)
		goto fini_rcu;
	/*
	 * [nt.init] Release. Without it the first use of a named object could
	 * make the default slab before there are records and grace periods.
	 */
	cpuslab_store_release_u32(&init_done, 1);
	return CPUSLAB_OK;
fini_rcu:
	cpuslab__nt_rcu_fini();
fini_records:
	cpuslab__nt_records_fini();
forget:
	cpuslab__nt_limit = 0;
	return err;
}

void cpuslab_kernel_fini(void)
{
	if (!cpuslab__nt_limit)
		return;
	cpuslab_store_relaxed_u32(&init_done, 0);
	cpuslab_default_destroy();
	cpuslab__nt_rcu_thread_fini();
	cpuslab__nt_rcu_fini();
	/* The last round's DPCs have signalled, but may not have returned. */
	KeFlushQueuedDpcs();
	cpuslab__nt_records_fini();
	cpuslab__nt_limit = 0;
}

NTSTATUS cpuslab_kernel_status(int result)
{
	switch (result) {
	case -CPUSLAB_ENOMEM:
		return STATUS_INSUFFICIENT_RESOURCES;
	case -CPUSLAB_EBUSY:
	case -CPUSLAB_EAGAIN:
		return STATUS_DEVICE_BUSY;
	case -CPUSLAB_EINVAL:
	case -CPUSLAB_ERANGE:
		return STATUS_INVALID_PARAMETER;
	case -CPUSLAB_ESHUTDOWN:
		return STATUS_DELETE_PENDING;
	case -CPUSLAB_ENOENT:
	case -CPUSLAB_ESTALE:
		return STATUS_NOT_FOUND;
	case -CPUSLAB_ENOSYS:
		return STATUS_NOT_SUPPORTED;
	case -CPUSLAB_EACCES:
		return STATUS_ACCESS_DENIED;
	default:
		return result < 0 ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS;
	}
}
