/* SPDX-License-Identifier: MIT */
/*
 * notifier.c - KeRegisterProcessorChangeCallback to the domain's calls.
 *
 * What the documents leave open is answered so that every reading works:
 *
 *	is a driver that refused told of the failure?	it makes no difference
 *	does a refused registration return NULL?	the refusal is remembered
 *	does deregistering wait for calls in flight?	we wait as well
 *	which thread, which order of drivers, which indexes?	nothing depends on it
 */
#include "kernel_private.h"

#include <cpuslab/cpuset.h>
#include <cpuslab/notifier.h>

/* What this notifier has told the domain about a processor. */
enum {
	SEEN_NOTHING,
	SEEN_START,
	SEEN_COMPLETE,
};

struct cpuslab_notifier {
	struct cpuslab_domain *domain;
	PVOID registration; /* W create */
	uint32_t flags;
	uint32_t limit;
	uint32_t calls;   /* in flight, and one for the registration; W any */
	uint32_t refused; /* W callback: a cpuslab_error, the first */
	KEVENT done;      /* no calls are left */
	struct cpuslab_notifier_stats stats; /* W callback, atomics */
	uint8_t *seen; /* [limit] SEEN_*; the system's calls for one processor
			  come one after the other */
};

static void notifier_count(uint64_t *count)
{
	cpuslab_fetch_add_u64(count, 1);
}

/* ---- what the system says ----------------------------------------------- */

static void notifier_error(struct cpuslab_notifier *notifier, int err)
{
	notifier_count(&notifier->stats.errors);
	cpuslab_store_relaxed_u32((uint32_t *)&notifier->stats.last_error,
				  (uint32_t)err);
}

static void notifier_refuse(struct cpuslab_notifier *notifier, int err,
			    NTSTATUS *status)
{
	uint32_t none = 0;

	notifier_error(notifier, err);
	if (notifier->flags & CPUSLAB_NOTIFIER_NEVER_REFUSE)
		return;
	notifier_count(&notifier->stats.refusals);
	cpuslab_cas_u32(&notifier->refused, &none, (uint32_t)-err);
	*status = cpuslab_kernel_status(err);
}

static void notifier_start(struct cpuslab_notifier *notifier, uint32_t cpu,
			   NTSTATUS *status)
{
	int err;

	/* Somebody has refused: his status stays, and nothing is prepared. */
	if (!NT_SUCCESS(*status))
		return;
	if (cpu < notifier->limit &&
	    cpuslab_load_relaxed_u8(&notifier->seen[cpu]) != SEEN_NOTHING) {
		notifier_count(&notifier->stats.ignored);
		return;
	}
	err = cpuslab_domain_add_start(notifier->domain, cpu);
	if (err) {
		notifier_refuse(notifier, err, status);
		return;
	}
	cpuslab_store_relaxed_u8(&notifier->seen[cpu], SEEN_START);
	notifier_count(&notifier->stats.starts);
}

/*
 * A processor that runs without our having been asked is made up for; here it
 * is too late to refuse, so without memory its operations use the overflow.
 */
static void notifier_complete(struct cpuslab_notifier *notifier, uint32_t cpu)
{
	int err;

	if (cpu >= notifier->limit ||
	    (cpuslab_load_relaxed_u8(&notifier->seen[cpu]) != SEEN_START &&
	     !cpuslab_kernel_cpu_active(cpu))) {
		notifier_count(&notifier->stats.ignored);
		return;
	}
	err = cpuslab_domain_add_complete(notifier->domain, cpu);
	if (err) {
		notifier_error(notifier, err);
		return;
	}
	if (cpuslab_load_relaxed_u8(&notifier->seen[cpu]) == SEEN_COMPLETE) {
		notifier_count(&notifier->stats.ignored);
		return;
	}
	cpuslab_store_relaxed_u8(&notifier->seen[cpu], SEEN_COMPLETE);
	notifier_count(&notifier->stats.completes);
}

static void notifier_failure(struct cpuslab_notifier *notifier, uint32_t cpu)
{
	int err;

	if (cpu >= notifier->limit ||
	    cpuslab_load_relaxed_u8(&notifier->seen[cpu]) == SEEN_NOTHING) {
		notifier_count(&notifier->stats.ignored);
		return;
	}
	err = cpuslab_domain_add_failure(notifier->domain, cpu);
	if (err) {
		notifier_error(notifier, err);
		return;
	}
	cpuslab_store_relaxed_u8(&notifier->seen[cpu], SEEN_NOTHING);
	notifier_count(&notifier->stats.failures);
}

/* ---- calls in flight ---------------------------------------------------- */

/* False: the notifier is on its way out. */
static bool notifier_enter(struct cpuslab_notifier *notifier)
{
	uint32_t calls = cpuslab_load_relaxed_u32(&notifier->calls);

	while (calls)
		if (cpuslab_cas_u32(&notifier->calls, &calls, calls + 1))
			return true;
	return false;
}

static void notifier_leave(struct cpuslab_notifier *notifier)
{
	/* After the event nothing here is ours any more. */
	if (cpuslab_fetch_add_u32(&notifier->calls, (uint32_t)-1) == 1)
		KeSetEvent(&notifier->done, IO_NO_INCREMENT, FALSE);
}

static PROCESSOR_CALLBACK_FUNCTION notifier_callback;

static VOID NTAPI notifier_callback(PVOID context,
				    PKE_PROCESSOR_CHANGE_NOTIFY_CONTEXT change,
				    PNTSTATUS status)
{
	struct cpuslab_notifier *notifier = context;

	if (!notifier_enter(notifier))
		return;
	switch (change->State) {
	case KeProcessorAddStartNotify:
		notifier_start(notifier, change->NtNumber, status);
		break;
	case KeProcessorAddCompleteNotify:
		notifier_complete(notifier, change->NtNumber);
		break;
	case KeProcessorAddFailureNotify:
		notifier_failure(notifier, change->NtNumber);
		break;
	default:
		notifier_count(&notifier->stats.ignored);
	}
	notifier_leave(notifier);
}

/* ---- life --------------------------------------------------------------- */

static void notifier_deregister(struct cpuslab_notifier *notifier)
{
	if (notifier->registration)
		KeDeregisterProcessorChangeCallback(notifier->registration);
	notifier->registration = NULL;
	notifier_leave(notifier);
	KeWaitForSingleObject(&notifier->done, Executive, KernelMode, FALSE,
			      NULL);
}

/* Take back what was begun; of a registration that failed, everything. */
static void notifier_undo(struct cpuslab_notifier *notifier, uint32_t from)
{
	uint32_t cpu;

	for (cpu = notifier->limit; cpu-- > 0;) {
		uint8_t seen = notifier->seen[cpu];

		if (seen != SEEN_NOTHING && seen <= from)
			cpuslab_domain_add_failure(notifier->domain, cpu);
	}
}

static void notifier_free(struct cpuslab_notifier *notifier)
{
	cpuslab_port_free(notifier->seen);
	cpuslab_port_free(notifier);
}

/* Is every processor that runs in the domain? Those that are not, let in. */
static int notifier_adopt(struct cpuslab_notifier *notifier)
{
	uint32_t cpu;
	int err = CPUSLAB_OK;

	for (cpu = 0; cpu < notifier->limit && !err; cpu++) {
		const struct cpuslab_cpuset *set;
		bool has;

		set = cpuslab_cpuset_get(notifier->domain);
		has = cpuslab_cpuset_has(set, cpu);
		cpuslab_cpuset_put(set);
		if (has || !cpuslab_kernel_cpu_active(cpu))
			continue;
		err = cpuslab_domain_add_complete(notifier->domain, cpu);
		if (!err)
			cpuslab_store_relaxed_u8(&notifier->seen[cpu],
						 SEEN_COMPLETE);
	}
	return err;
}

static int notifier_register(struct cpuslab_notifier *notifier)
{
	int err;

	notifier->registration = KeRegisterProcessorChangeCallback(
		notifier_callback, notifier, KE_PROCESSOR_CHANGE_ADD_EXISTING);
	/*
	 * One passage says that a refusal makes the registration return NULL,
	 * another that its result is about the registration only.
	 */
	err = -(int)cpuslab_load_acquire_u32(&notifier->refused);
	if (!err && !notifier->registration)
		err = -CPUSLAB_ENOSYS;
	if (!err && !(notifier->flags & CPUSLAB_NOTIFIER_NEVER_REFUSE))
		err = notifier_adopt(notifier);
	return err;
}

static struct cpuslab_notifier *notifier_alloc(struct cpuslab_domain *domain,
					       uint32_t flags)
{
	struct cpuslab_notifier *notifier =
		cpuslab_port_zalloc(sizeof(*notifier));

	if (!notifier)
		return NULL;
	notifier->domain = domain;
	notifier->flags = flags;
	notifier->limit = cpuslab_domain_limit(domain);
	notifier->calls = 1;
	KeInitializeEvent(&notifier->done, NotificationEvent, FALSE);
	notifier->seen = cpuslab_port_zalloc(notifier->limit);
	if (!notifier->seen) {
		cpuslab_port_free(notifier);
		return NULL;
	}
	return notifier;
}

int cpuslab_notifier_create(struct cpuslab_notifier **notifier,
			    struct cpuslab_domain *domain, uint32_t flags)
{
	struct cpuslab_notifier *created;
	int err;

	if (!notifier || !domain ||
	    (flags & ~(uint32_t)CPUSLAB_NOTIFIER_NEVER_REFUSE))
		return -CPUSLAB_EINVAL;
	created = notifier_alloc(domain, flags);
	if (!created)
		return -CPUSLAB_ENOMEM;
	err = notifier_register(created);
	if (err) {
		notifier_deregister(created);
		notifier_undo(created, SEEN_COMPLETE);
		notifier_free(created);
		return err;
	}
	*notifier = created;
	return CPUSLAB_OK;
}

void cpuslab_notifier_destroy(struct cpuslab_notifier *notifier)
{
	if (!notifier)
		return;
	notifier_deregister(notifier);
	notifier_undo(notifier, SEEN_START);
	notifier_free(notifier);
}

void cpuslab_notifier_stats_get(const struct cpuslab_notifier *notifier,
				struct cpuslab_notifier_stats *stats)
{
	const struct cpuslab_notifier_stats *from = &notifier->stats;

	stats->starts = cpuslab_load_relaxed_u64(&from->starts);
	stats->completes = cpuslab_load_relaxed_u64(&from->completes);
	stats->failures = cpuslab_load_relaxed_u64(&from->failures);
	stats->refusals = cpuslab_load_relaxed_u64(&from->refusals);
	stats->ignored = cpuslab_load_relaxed_u64(&from->ignored);
	stats->errors = cpuslab_load_relaxed_u64(&from->errors);
	stats->last_error = (int)cpuslab_load_relaxed_u32(
		(const uint32_t *)&from->last_error);
}
