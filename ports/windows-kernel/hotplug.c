/* SPDX-License-Identifier: MIT */
/*
 * hotplug.c - KeRegisterProcessorChangeCallback to the domain's calls.
 *
 * What the documents leave open is answered so that every reading works:
 *
 *	is a driver that refused told of the failure?	it makes no difference
 *	does a refused registration return NULL?	the refusal is remembered
 *	does deregistering wait for calls in flight?	we wait as well
 *	which thread, which order of drivers, which indexes?	nothing depends on it
 */
#include "kernel_private.h"

#include <cpuslab/cpumask.h>
#include <cpuslab/hotplug.h>

/* What this hotplug has told the domain about a processor. */
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
	struct cpuslab_hotplug_stats stats; /* W callback, atomics */
	uint8_t *seen; /* [limit] SEEN_*; the system's calls for one processor
			  come one after the other */
};

static void hotplug_count(uint64_t *count)
{
	cpuslab_fetch_add_u64(count, 1);
}

/* ---- what the system says ----------------------------------------------- */

static void hotplug_error(struct cpuslab_hotplug *hotplug, int err)
{
	hotplug_count(&hotplug->stats.errors);
	cpuslab_store_relaxed_u32((uint32_t *)&hotplug->stats.last_error,
				  (uint32_t)err);
}

static void hotplug_refuse(struct cpuslab_hotplug *hotplug, int err,
			   NTSTATUS *status)
{
	uint32_t none = 0;

	hotplug_error(hotplug, err);
	if (hotplug->flags & CPUSLAB_HOTPLUG_NEVER_REFUSE)
		return;
	hotplug_count(&hotplug->stats.refusals);
	cpuslab_cas_u32(&hotplug->refused, &none, (uint32_t)-err);
	*status = cpuslab_kernel_status(err);
}

static void hotplug_start(struct cpuslab_hotplug *hotplug, uint32_t cpu,
			  NTSTATUS *status)
{
	int err;

	/* Somebody has refused: his status stays, and nothing is prepared. */
	if (!NT_SUCCESS(*status))
		return;
	if (cpu < hotplug->limit &&
	    cpuslab_load_relaxed_u8(&hotplug->seen[cpu]) != SEEN_NOTHING) {
		hotplug_count(&hotplug->stats.ignored);
		return;
	}
	err = cpuslab_domain_add_start(hotplug->domain, cpu);
	if (err) {
		hotplug_refuse(hotplug, err, status);
		return;
	}
	cpuslab_store_relaxed_u8(&hotplug->seen[cpu], SEEN_START);
	hotplug_count(&hotplug->stats.starts);
}

/*
 * A processor that runs without our having been asked is made up for; here it
 * is too late to refuse, so without memory its operations use the shared block.
 */
static void hotplug_complete(struct cpuslab_hotplug *hotplug, uint32_t cpu)
{
	int err;

	if (cpu >= hotplug->limit ||
	    (cpuslab_load_relaxed_u8(&hotplug->seen[cpu]) != SEEN_START &&
	     !cpuslab_kernel_cpu_active(cpu))) {
		hotplug_count(&hotplug->stats.ignored);
		return;
	}
	err = cpuslab_domain_add_complete(hotplug->domain, cpu);
	if (err) {
		hotplug_error(hotplug, err);
		return;
	}
	if (cpuslab_load_relaxed_u8(&hotplug->seen[cpu]) == SEEN_COMPLETE) {
		hotplug_count(&hotplug->stats.ignored);
		return;
	}
	cpuslab_store_relaxed_u8(&hotplug->seen[cpu], SEEN_COMPLETE);
	hotplug_count(&hotplug->stats.completes);
}

static void hotplug_failure(struct cpuslab_hotplug *hotplug, uint32_t cpu)
{
	int err;

	if (cpu >= hotplug->limit ||
	    cpuslab_load_relaxed_u8(&hotplug->seen[cpu]) == SEEN_NOTHING) {
		hotplug_count(&hotplug->stats.ignored);
		return;
	}
	err = cpuslab_domain_add_failure(hotplug->domain, cpu);
	if (err) {
		hotplug_error(hotplug, err);
		return;
	}
	cpuslab_store_relaxed_u8(&hotplug->seen[cpu], SEEN_NOTHING);
	hotplug_count(&hotplug->stats.failures);
}

/* ---- calls in flight ---------------------------------------------------- */

/* False: the hotplug is on its way out. */
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
	/* After the event nothing here is ours any more. */
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
		hotplug_count(&hotplug->stats.ignored);
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

/* Take back what was begun; of a registration that failed, everything. */
static void hotplug_undo(struct cpuslab_hotplug *hotplug, uint32_t from)
{
	uint32_t cpu;

	for (cpu = hotplug->limit; cpu-- > 0;) {
		uint8_t seen = hotplug->seen[cpu];

		if (seen != SEEN_NOTHING && seen <= from)
			cpuslab_domain_add_failure(hotplug->domain, cpu);
	}
}

static void hotplug_free(struct cpuslab_hotplug *hotplug)
{
	cpuslab_port_free(hotplug->seen);
	cpuslab_port_free(hotplug);
}

/* Is every processor that runs in the domain? Those that are not, let in. */
static int hotplug_adopt(struct cpuslab_hotplug *hotplug)
{
	uint32_t cpu;
	int err = CPUSLAB_OK;

	for (cpu = 0; cpu < hotplug->limit && !err; cpu++) {
		const struct cpuslab_cpumask *set;
		bool has;

		set = cpuslab_cpumask_get(hotplug->domain);
		has = cpuslab_cpumask_has(set, cpu);
		cpuslab_cpumask_put(set);
		if (has || !cpuslab_kernel_cpu_active(cpu))
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
	KeInitializeEvent(&hotplug->done, NotificationEvent, FALSE);
	hotplug->seen = cpuslab_port_zalloc(hotplug->limit);
	if (!hotplug->seen) {
		cpuslab_port_free(hotplug);
		return NULL;
	}
	return hotplug;
}

int cpuslab_hotplug_create(struct cpuslab_hotplug **hotplug,
			   struct cpuslab_domain *domain, uint32_t flags)
{
	struct cpuslab_hotplug *created;
	int err;

	if (!hotplug || !domain ||
	    (flags & ~(uint32_t)CPUSLAB_HOTPLUG_NEVER_REFUSE))
		return -CPUSLAB_EINVAL;
	created = hotplug_alloc(domain, flags);
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
	if (!hotplug)
		return;
	hotplug_deregister(hotplug);
	hotplug_undo(hotplug, SEEN_START);
	hotplug_free(hotplug);
}

void cpuslab_hotplug_stats_get(const struct cpuslab_hotplug *hotplug,
			       struct cpuslab_hotplug_stats *stats)
{
	const struct cpuslab_hotplug_stats *from = &hotplug->stats;

	stats->starts = cpuslab_load_relaxed_u64(&from->starts);
	stats->completes = cpuslab_load_relaxed_u64(&from->completes);
	stats->failures = cpuslab_load_relaxed_u64(&from->failures);
	stats->refusals = cpuslab_load_relaxed_u64(&from->refusals);
	stats->ignored = cpuslab_load_relaxed_u64(&from->ignored);
	stats->errors = cpuslab_load_relaxed_u64(&from->errors);
	stats->last_error = (int)cpuslab_load_relaxed_u32(
		(const uint32_t *)&from->last_error);
}
