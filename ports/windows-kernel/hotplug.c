/* SPDX-License-Identifier: MIT */
/*
 * hotplug.c - KeRegisterProcessorChangeCallback to the domain's calls.
 *
 *	state       call of the domain
 *	Start       add_start; a refusal goes back in *OperationStatus only
 *	Complete    add_complete
 *	Failure     add_failure, once
 *
 * The context is never written; OperationStatus only in Start, only while it is
 * a success. What the documents leave open is answered so that every reading
 * works:
 *
 *	Failure for a driver that refused?           makes no difference
 *	NULL from a registration that was refused?   the refusal is recorded
 *	deregistering waits for calls in flight?     destroy waits as well
 *	which thread, which order of drivers?        nothing depends on it
 *	indexes dense, sequential, groups of 64?     nothing depends on it
 */
#include "kernel_private.h"

#include <cpuslab/port/hotplug_common.h>

/* The last call that the domain accepted for a processor. */
enum {
	SEEN_NOTHING,
	SEEN_START,
	SEEN_COMPLETE,
};

struct cpuslab_hotplug {
	struct cpuslab_domain *domain;
	PVOID registration; /* W create */
	uint32_t flags;
	uint32_t limit;
	uint32_t calls;   /* in flight, and one for the registration; W any */
	uint32_t refused; /* W callback: a cpuslab_error, the first */
	KEVENT done;      /* no calls are left */
	struct cpuslab_hotplug_stats stats; /* W callback; R any */
	uint8_t *seen; /* [limit] SEEN_*; the system's calls for one processor
			  come one after the other */
};

/* ---- what the system says ----------------------------------------------- */

static void hotplug_refuse(struct cpuslab_hotplug *hotplug, int err,
			   NTSTATUS *status)
{
	uint32_t none = 0;

	cpuslab__hotplug_count_error(&hotplug->stats, err);
	if (hotplug->flags & CPUSLAB_HOTPLUG_NEVER_REFUSE)
		return;
	cpuslab__hotplug_count(&hotplug->stats.refusals);
	cpuslab_cas_u32(&hotplug->refused, &none, (uint32_t)-err);
	*status = cpuslab_kernel_status(err);
}

static int hotplug_add(struct cpuslab_hotplug *hotplug, uint32_t cpu)
{
	int err = cpuslab__nt_record_prepare(cpu);

	if (err)
		return err;
	err = cpuslab_domain_add_start(hotplug->domain, cpu);
	if (err)
		cpuslab__nt_record_forget(cpu);
	return err;
}

static void hotplug_start(struct cpuslab_hotplug *hotplug, uint32_t cpu,
			  NTSTATUS *status)
{
	int err;

	/* Another driver has refused: its status stays, nothing is prepared. */
	if (!NT_SUCCESS(*status))
		return;
	if (cpu < hotplug->limit &&
	    cpuslab_load_relaxed_u8(&hotplug->seen[cpu]) != SEEN_NOTHING) {
		cpuslab__hotplug_count(&hotplug->stats.ignored);
		return;
	}
	err = hotplug_add(hotplug, cpu);
	if (err) {
		hotplug_refuse(hotplug, err, status);
		return;
	}
	cpuslab_store_relaxed_u8(&hotplug->seen[cpu], SEEN_START);
	cpuslab__hotplug_count(&hotplug->stats.starts);
}

/*
 * A processor that runs without a Start before it is started now. It is too
 * late to refuse, so without memory its operations use the shared block.
 */
static void hotplug_complete(struct cpuslab_hotplug *hotplug, uint32_t cpu)
{
	int err;

	if (cpu >= hotplug->limit ||
	    (cpuslab_load_relaxed_u8(&hotplug->seen[cpu]) != SEEN_START &&
	     !cpuslab_kernel_cpu_active(cpu))) {
		cpuslab__hotplug_count(&hotplug->stats.ignored);
		return;
	}
	err = cpuslab_domain_add_complete(hotplug->domain, cpu);
	if (err) {
		cpuslab__hotplug_count_error(&hotplug->stats, err);
		return;
	}
	if (cpuslab_load_relaxed_u8(&hotplug->seen[cpu]) == SEEN_COMPLETE) {
		cpuslab__hotplug_count(&hotplug->stats.ignored);
		return;
	}
	cpuslab__nt_record_keep(cpu);
	cpuslab_store_relaxed_u8(&hotplug->seen[cpu], SEEN_COMPLETE);
	cpuslab__hotplug_count(&hotplug->stats.completes);
}

static void hotplug_failure(struct cpuslab_hotplug *hotplug, uint32_t cpu)
{
	int err;

	if (cpu >= hotplug->limit ||
	    cpuslab_load_relaxed_u8(&hotplug->seen[cpu]) == SEEN_NOTHING) {
		cpuslab__hotplug_count(&hotplug->stats.ignored);
		return;
	}
	err = cpuslab_domain_add_failure(hotplug->domain, cpu);
	if (err) {
		cpuslab__hotplug_count_error(&hotplug->stats, err);
		return;
	}
	cpuslab__nt_record_forget(cpu);
	cpuslab_store_relaxed_u8(&hotplug->seen[cpu], SEEN_NOTHING);
	cpuslab__hotplug_count(&hotplug->stats.failures);
}

/* ---- calls in flight ---------------------------------------------------- */

/* False: the hotplug is being destroyed. */
static bool hotplug_enter(struct cpuslab_hotplug *hotplug)
{
	uint32_t calls = cpuslab_load_relaxed_u32(&hotplug->calls);

	while (calls)
		if (cpuslab_cas_u32(&hotplug->calls, &calls, calls + 1))
			return true;
	return false;
}

static void hotplug_leave(struct cpuslab_hotplug *hotplug)
{
	/* After the event the hotplug may be freed. */
	if (cpuslab_fetch_add_u32(&hotplug->calls, (uint32_t)-1) == 1)
		KeSetEvent(&hotplug->done, IO_NO_INCREMENT, FALSE);
}

static PROCESSOR_CALLBACK_FUNCTION hotplug_callback;

static VOID NTAPI hotplug_callback(PVOID context,
				   PKE_PROCESSOR_CHANGE_NOTIFY_CONTEXT change,
				   PNTSTATUS status)
{
	struct cpuslab_hotplug *hotplug = context;

	if (!hotplug_enter(hotplug))
		return;
	switch (change->State) {
	case KeProcessorAddStartNotify:
		hotplug_start(hotplug, change->NtNumber, status);
		break;
	case KeProcessorAddCompleteNotify:
		hotplug_complete(hotplug, change->NtNumber);
		break;
	case KeProcessorAddFailureNotify:
		hotplug_failure(hotplug, change->NtNumber);
		break;
	default:
		cpuslab__hotplug_count(&hotplug->stats.ignored);
	}
	hotplug_leave(hotplug);
}

/* ---- life --------------------------------------------------------------- */

static void hotplug_deregister(struct cpuslab_hotplug *hotplug)
{
	if (hotplug->registration)
		KeDeregisterProcessorChangeCallback(hotplug->registration);
	hotplug->registration = NULL;
	hotplug_leave(hotplug);
	KeWaitForSingleObject(&hotplug->done, Executive, KernelMode, FALSE,
			      NULL);
}

/* Undo starts; after a registration that failed, completes also. */
static void hotplug_undo(struct cpuslab_hotplug *hotplug, uint32_t from)
{
	uint32_t cpu;

	for (cpu = hotplug->limit; cpu-- > 0;) {
		uint8_t seen = hotplug->seen[cpu];

		if (seen == SEEN_NOTHING || seen > from)
			continue;
		cpuslab_domain_add_failure(hotplug->domain, cpu);
		cpuslab__nt_record_forget(cpu);
	}
}

static void hotplug_free(struct cpuslab_hotplug *hotplug)
{
	cpuslab_port_free(hotplug->seen);
	cpuslab_port_free(hotplug);
}

/* Complete the processors that run and are not in the domain. */
static int hotplug_adopt(struct cpuslab_hotplug *hotplug)
{
	uint32_t cpu;
	int err = CPUSLAB_OK;

	for (cpu = 0; cpu < hotplug->limit && !err; cpu++) {
		if (cpuslab__hotplug_has(hotplug->domain, cpu) ||
		    !cpuslab_kernel_cpu_active(cpu))
			continue;
		err = cpuslab_domain_add_complete(hotplug->domain, cpu);
		if (!err)
			cpuslab_store_relaxed_u8(&hotplug->seen[cpu],
						 SEEN_COMPLETE);
	}
	return err;
}

static int hotplug_register(struct cpuslab_hotplug *hotplug)
{
	int err;

	hotplug->registration = KeRegisterProcessorChangeCallback(
		hotplug_callback, hotplug, KE_PROCESSOR_CHANGE_ADD_EXISTING);
	/*
	 * One passage says that a refusal makes the registration return NULL,
	 * another that its result is about the registration only.
	 */
	err = -(int)cpuslab_load_acquire_u32(&hotplug->refused);
	if (!err && !hotplug->registration)
		err = -CPUSLAB_ENOSYS;
	if (!err && !(hotplug->flags & CPUSLAB_HOTPLUG_NEVER_REFUSE))
		err = hotplug_adopt(hotplug);
	return err;
}

static struct cpuslab_hotplug *hotplug_alloc(struct cpuslab_domain *domain,
					     uint32_t flags)
{
	struct cpuslab_hotplug *hotplug = cpuslab_port_zalloc(sizeof(*hotplug));

	if (!hotplug)
		return NULL;
	hotplug->domain = domain;
	hotplug->flags = flags;
	hotplug->limit = cpuslab_domain_limit(domain);
	hotplug->calls = 1;
	hotplug->stats.has_events = true;
	KeInitializeEvent(&hotplug->done, NotificationEvent, FALSE);
	hotplug->seen = cpuslab_port_zalloc(hotplug->limit);
	if (!hotplug->seen) {
		cpuslab_port_free(hotplug);
		return NULL;
	}
	return hotplug;
}

int cpuslab_hotplug_create(struct cpuslab_hotplug **hotplug,
			   struct cpuslab_domain *domain,
			   const struct cpuslab_hotplug_config *config)
{
	struct cpuslab_hotplug_config own;
	struct cpuslab_hotplug *created;
	int err;

	if (!hotplug)
		return -CPUSLAB_EINVAL;
	*hotplug = NULL;
	err = cpuslab__hotplug_config(&own, config,
				      CPUSLAB_HOTPLUG_NEVER_REFUSE, domain);
	if (err)
		return err;
	created = hotplug_alloc(domain, own.flags);
	if (!created)
		return -CPUSLAB_ENOMEM;
	err = hotplug_register(created);
	if (err) {
		hotplug_deregister(created);
		hotplug_undo(created, SEEN_COMPLETE);
		hotplug_free(created);
		return err;
	}
	*hotplug = created;
	return CPUSLAB_OK;
}

void cpuslab_hotplug_destroy(struct cpuslab_hotplug *hotplug)
{
	if (!hotplug || cpuslab__domain_keeps_hotplug(hotplug->domain))
		return;
	hotplug_deregister(hotplug);
	hotplug_undo(hotplug, SEEN_START);
	hotplug_free(hotplug);
}

void cpuslab_hotplug_poke(struct cpuslab_hotplug *hotplug)
{
	(void)hotplug;
}

void cpuslab__hotplug_stats_fill(const struct cpuslab_hotplug *hotplug,
				 struct cpuslab_hotplug_stats *stats)
{
	static const struct cpuslab_hotplug_stats none;

	cpuslab__hotplug_stats_copy(stats, hotplug ? &hotplug->stats : &none);
}

int cpuslab_hotplug_check(const struct cpuslab_hotplug *hotplug)
{
	uint32_t cpu;

	if (!hotplug)
		return -CPUSLAB_EINVAL;
	for (cpu = 0; cpu < hotplug->limit; cpu++)
		if (cpuslab_load_relaxed_u8(&hotplug->seen[cpu]) ==
			    SEEN_COMPLETE &&
		    !cpuslab__hotplug_has(hotplug->domain, cpu))
			return -CPUSLAB_EINVAL;
	return hotplug->registration ? CPUSLAB_OK : -CPUSLAB_EINVAL;
}
