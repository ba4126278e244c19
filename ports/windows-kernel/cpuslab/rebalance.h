/* SPDX-License-Identifier: MIT */
/*
 * rebalance.h - make interrupts and steering use a new processor.
 *
 * An add makes the system rebalance: it stops devices, assigns their resources
 * again, and starts them. It also notifies drivers, later and asynchronously,
 * that a device of the class GUID_DEVICE_PROCESSOR has arrived. Neither is the
 * place to allocate for the new processor (the hotplug has done that); both are
 * the place to begin to use it.
 *
 *	IRP_MN_START_DEVICE        after those below: connect interrupts to what
 *	                           was assigned, steer; resume I/O
 *	IRP_MN_QUERY_STOP_DEVICE   hold new I/O; always succeed
 *	IRP_MN_STOP_DEVICE         disconnect interrupts
 *	IRP_MN_CANCEL_STOP_DEVICE  after those below: resume I/O; always succeed
 *	a processor is online      steer to it as well: the domain reports it in
 *	                           Complete, again in a repeated one; the notice
 *	                           may come before or after
 *	the available processors   steer again, on systems that notify of it;
 *	change                     none is removed from the domain
 *
 * A device has no resources before its first start and between stop and start;
 * it is not steered then, and the start makes up for it.
 *
 * Interrupts: ProcessorEnableMask of IoConnectInterruptEx is the affinity that
 * PnP assigned (u.Interrupt.Affinity of the translated
 * CM_PARTIAL_RESOURCE_DESCRIPTOR), not a mask that the driver chooses. A driver
 * requests a new processor in IRP_MN_FILTER_RESOURCE_REQUIREMENTS:
 * AffinityPolicy IrqPolicySpecifiedProcessors, Group and TargetedProcessors of
 * the IO_RESOURCE_DESCRIPTOR; cpuslab_rebalance_mask() gives the latter.
 *
 * The library keeps the states, handles the notice, and derives masks and
 * shares from the domain's CPU mask. The driver holds and resumes its I/O,
 * requests and connects its interrupts, and passes the IRPs to the device
 * below. sample/ shows how.
 */
#ifndef CPUSLAB_REBALANCE_H
#define CPUSLAB_REBALANCE_H

#include <cpuslab/client.h>
#include <cpuslab/cpumask.h>
#include <cpuslab/domain.h>
#include <cpuslab/nt.h>

CPUSLAB_BEGIN

struct cpuslab_rebalance;

/*
 * Each may be NULL. They run at PASSIVE_LEVEL, one at a time, in a critical
 * region. None may call the domain, nor create, allocate, free or trim anything
 * of cpuslab, since steer may run in a client's callback, with the domain's
 * mutex held. Operations, sums and snapshots are allowed.
 */
struct cpuslab_rebalance_ops {
	/* Queue new I/O and wait for I/O in progress. */
	void (*hold)(struct cpuslab_rebalance *rebalance) CPUSLAB_NOEXCEPT;
	/* Process the queued I/O. */
	void (*resume)(struct cpuslab_rebalance *rebalance) CPUSLAB_NOEXCEPT;
	/*
	 * The CPU mask may have changed: steer again. Often called twice for
	 * one processor. The device has its resources.
	 */
	void (*steer)(struct cpuslab_rebalance *rebalance) CPUSLAB_NOEXCEPT;
};

enum {
	CPUSLAB_REBALANCE_RUNNING,
	CPUSLAB_REBALANCE_HELD,    /* a stop was requested */
	CPUSLAB_REBALANCE_STOPPED, /* no resources: not started, or stopped */
};

struct cpuslab_rebalance {
	const struct cpuslab_rebalance_ops *ops; /* W caller, before init */
	struct cpuslab_domain *domain;           /* W caller, before init */
	void *arg;                               /* the caller's own */
	/* The rest is W rebalance. */
	struct cpuslab_client client;
	KEVENT lock; /* a mutex, taken inside the domain's: of the ops' calls */
	PVOID notice;     /* NULL: none */
	PVOID available;  /* NULL: the system does not notify of these */
	PVOID unregister; /* the function that undoes it */
	PVOID work;       /* PIO_WORKITEM; steers for it */
	KEVENT done;      /* no calls are left */
	uint32_t calls;   /* of it in progress, and one for it; W any */
	uint32_t queued;  /* is the work item? W any */
	uint32_t state;   /* CPUSLAB_REBALANCE_*; W lock, R any */
	uint64_t steered; /* how often; R any */
};

/**
 * cpuslab_rebalance_init() - register with the domain and for the notice.
 * @rebalance: ops, domain and arg are set; in non-paged memory.
 * @driver:    registers for the notice.
 *
 * For AddDevice: the device counts as stopped until its first
 * IRP_MN_START_DEVICE, and no callback is made before. If the notice cannot be
 * registered, @rebalance->notice is NULL and the domain alone is used, which is
 * sufficient.
 *
 * Context: PASSIVE_LEVEL; not from inside a client's callback.
 * Return:  STATUS_SUCCESS, or why registration with the domain failed, with
 *          nothing registered.
 */
CPUSLAB_INSPECT CPUSLAB_API CPUSLAB_PASSIVE NTSTATUS
cpuslab_rebalance_init(CPUSLAB_INOUT struct cpuslab_rebalance *rebalance,
		       CPUSLAB_IN PDRIVER_OBJECT driver);

/**
 * cpuslab_rebalance_fini() - unregister; no callback is made any more.
 * @rebalance: set up by cpuslab_rebalance_init().
 *
 * Context: PASSIVE_LEVEL; waits for a callback in progress; not from inside
 *          one.
 */
CPUSLAB_API CPUSLAB_PASSIVE void
cpuslab_rebalance_fini(CPUSLAB_INOUT struct cpuslab_rebalance *rebalance);

/**
 * cpuslab_rebalance_pnp() - handle the PnP IRPs of a rebalance.
 * @rebalance: set up by cpuslab_rebalance_init().
 * @minor:     IRP_MN_*. For START and CANCEL_STOP: after the devices below
 *             have succeeded. For QUERY_STOP and STOP: before they are asked.
 *
 * None of the four can fail. A query for a device that was never started, and a
 * cancellation without a query, change nothing.
 *
 * Context: PASSIVE_LEVEL.
 * Return:  true if @minor was one of the four: complete or forward it with
 *          STATUS_SUCCESS. All others are the driver's own.
 */
CPUSLAB_API CPUSLAB_PASSIVE bool
cpuslab_rebalance_pnp(CPUSLAB_INOUT struct cpuslab_rebalance *rebalance,
		      UCHAR minor);

/**
 * cpuslab_rebalance_mask() - the processors of one group in @set, for
 * TargetedProcessors of a resource requirement or for a thread's affinity.
 * @set:   from cpuslab_cpumask_get().
 * @group: a group's number.
 *
 * Context: any IRQL up to DISPATCH_LEVEL; inside the set's read section.
 * Return:  0 if @set has no processor of that group.
 */
CPUSLAB_API CPUSLAB_DISPATCH KAFFINITY cpuslab_rebalance_mask(
	CPUSLAB_IN const struct cpuslab_cpumask *set, USHORT group);

/**
 * cpuslab_rebalance_next_group() - the groups of @set's processors, in turn.
 * @set:   from cpuslab_cpumask_get().
 * @group: any; the last one, or 0xffff to begin with the first.
 *
 * One interrupt has one group, so a device that has several requests some in
 * each.
 *
 * Context: any IRQL up to DISPATCH_LEVEL; inside the set's read section.
 * Return:  the next group that has processors in @set, the first one after the
 *          last; @group if @set is empty.
 */
CPUSLAB_API CPUSLAB_DISPATCH USHORT cpuslab_rebalance_next_group(
	CPUSLAB_IN const struct cpuslab_cpumask *set, USHORT group);

/**
 * cpuslab_rebalance_share() - which of @set's processors serves @key.
 * @set: from cpuslab_cpumask_get().
 * @key: of what is served.
 *
 * Equal keys give equal processors while the set is unchanged, and keys spread
 * over all of them, by position in the set, not by processor number.
 *
 * Context: any IRQL up to DISPATCH_LEVEL; inside the set's read section.
 * Return:  a processor of @set, or CPUSLAB_NO_CPU if it is empty.
 */
CPUSLAB_API CPUSLAB_DISPATCH uint32_t cpuslab_rebalance_share(
	CPUSLAB_IN const struct cpuslab_cpumask *set, uint32_t key);

CPUSLAB_END

#endif /* CPUSLAB_REBALANCE_H */
