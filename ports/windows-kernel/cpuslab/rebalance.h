/* SPDX-License-Identifier: MIT */
/*
 * rebalance.h - interrupts and steering follow a new processor.
 *
 * An add makes the system rebalance: it stops devices, gives them resources
 * anew, and starts them. It also tells everybody, later and asynchronously, that
 * a device of the class GUID_DEVICE_PROCESSOR has arrived. Neither is a place
 * to allocate for the new processor (the hotplug has done that); both are the
 * place to begin to use it.
 *
 *	IRP_MN_START_DEVICE        after those below: connect interrupts to what
 *	                           was assigned, steer; let I/O go
 *	IRP_MN_QUERY_STOP_DEVICE   hold new I/O; success, always
 *	IRP_MN_STOP_DEVICE         disconnect interrupts
 *	IRP_MN_CANCEL_STOP_DEVICE  after those below: let I/O go; success, always
 *	a processor is online      steer to it as well: the domain says so in
 *	                           Complete, the notice perhaps sooner or later
 *
 * A device has no resources before its first start and between stop and start:
 * nothing steers it then, the start makes up for it.
 *
 * Interrupts: ProcessorEnableMask of IoConnectInterruptEx is the affinity that
 * PnP assigned (u.Interrupt.Affinity of the translated
 * CM_PARTIAL_RESOURCE_DESCRIPTOR), not a mask of one's own. The place to ask for
 * a new processor is IRP_MN_FILTER_RESOURCE_REQUIREMENTS: AffinityPolicy
 * IrqPolicySpecifiedProcessors, Group and TargetedProcessors of the
 * IO_RESOURCE_DESCRIPTOR, for which cpuslab_rebalance_mask() is made.
 *
 * What the library does: the states, the notice, masks and shares from the
 * domain's set. What the driver does: hold and resume its I/O, ask for and
 * connect its interrupts, pass the IRPs to the device below. sample/ shows it.
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
 * Any may be NULL. PASSIVE_LEVEL, one at a time, in a critical region. None may
 * call the domain, create, allocate, free or trim anything of cpuslab: steer
 * may run in a client's callback, with the domain's mutex held. Operations,
 * sums and snapshots are free.
 */
struct cpuslab_rebalance_ops {
	/* Queue new I/O and wait for what the device works on. */
	void (*hold)(struct cpuslab_rebalance *rebalance);
	/* Go on with what was queued. */
	void (*resume)(struct cpuslab_rebalance *rebalance);
	/*
	 * The set may have changed: steer anew. Often twice for one processor.
	 * The device has its resources.
	 */
	void (*steer)(struct cpuslab_rebalance *rebalance);
};

enum {
	CPUSLAB_REBALANCE_RUNNING,
	CPUSLAB_REBALANCE_HELD,    /* a stop was asked for */
	CPUSLAB_REBALANCE_STOPPED, /* no resources: at first, and stopped */
};

struct cpuslab_rebalance {
	const struct cpuslab_rebalance_ops *ops; /* W caller, before init */
	struct cpuslab_domain *domain;           /* W caller, before init */
	void *arg;                               /* the caller's own */
	/* The rest is W rebalance. */
	struct cpuslab_client client;
	KEVENT lock; /* a mutex, taken inside the domain's: of the ops' calls */
	PVOID notice;     /* NULL: none */
	uint32_t state;   /* CPUSLAB_REBALANCE_*; W lock, R any */
	uint64_t steered; /* how often; R any */
};

/**
 * cpuslab_rebalance_init() - follow the domain, and ask for the notice.
 * @rebalance: ops, domain and arg are set; in non-paged memory.
 *
 * For AddDevice: the device counts as stopped until its first
 * IRP_MN_START_DEVICE, and nothing is called before. Without the notice (then
 * @rebalance->notice is NULL) the domain alone is followed, which is enough.
 *
 * Context: PASSIVE_LEVEL; not from inside a client's callback.
 * Return:  STATUS_SUCCESS, or why the domain cannot be followed; nothing is
 *          registered then.
 */
_IRQL_requires_max_(PASSIVE_LEVEL) _Must_inspect_result_ CPUSLAB_API NTSTATUS
	cpuslab_rebalance_init(_Inout_ struct cpuslab_rebalance *rebalance,
			       _In_ PDRIVER_OBJECT driver);

/**
 * cpuslab_rebalance_fini() - no call is made from now on.
 *
 * Context: PASSIVE_LEVEL; waits for a call under way; not from inside one.
 */
_IRQL_requires_max_(PASSIVE_LEVEL) CPUSLAB_API void cpuslab_rebalance_fini(
	_Inout_ struct cpuslab_rebalance *rebalance);

/**
 * cpuslab_rebalance_pnp() - what a PnP IRP means for a rebalance.
 * @minor: IRP_MN_*. For START and CANCEL_STOP: after the devices below have
 *         succeeded. For QUERY_STOP and STOP: before they are asked.
 *
 * None of the four can fail. A query of a device that was never started, and a
 * cancellation of what was not asked for, change nothing.
 *
 * Context: PASSIVE_LEVEL.
 * Return:  true if @minor was one of the four: complete or forward it with
 *          STATUS_SUCCESS. Any other is the driver's own.
 */
_IRQL_requires_max_(PASSIVE_LEVEL) CPUSLAB_API
	bool cpuslab_rebalance_pnp(_Inout_ struct cpuslab_rebalance *rebalance,
				   UCHAR minor);

/**
 * cpuslab_rebalance_mask() - the processors of one group that @set has, for
 * TargetedProcessors of a resource that is asked for, or a thread's affinity.
 *
 * Context: any IRQL up to DISPATCH_LEVEL; inside the set's read section.
 * Return:  0 if @set has none of that group.
 */
_IRQL_requires_max_(DISPATCH_LEVEL) CPUSLAB_API KAFFINITY
	cpuslab_rebalance_mask(_In_ const struct cpuslab_cpumask *set,
			       USHORT group);

/**
 * cpuslab_rebalance_share() - which of @set's processors serves @key.
 *
 * Equal keys have equal processors while the set stands, and keys spread over
 * all of them. The position in the set counts, not the number of a processor.
 *
 * Context: any IRQL up to DISPATCH_LEVEL; inside the set's read section.
 * Return:  a processor of @set, or CPUSLAB_NO_CPU if it is empty.
 */
_IRQL_requires_max_(DISPATCH_LEVEL) CPUSLAB_API uint32_t
	cpuslab_rebalance_share(_In_ const struct cpuslab_cpumask *set,
				uint32_t key);

CPUSLAB_END

#endif /* CPUSLAB_REBALANCE_H */
