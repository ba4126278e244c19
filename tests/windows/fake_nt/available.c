/* SPDX-License-Identifier: MIT */
/*
 * available.c - the notification of newer systems when the available processors
 * change, and what a driver uses for it: functions looked up by name, work
 * items.
 */
#include "system.h"

#define AVAILABLE_DRIVERS 8
#define AVAILABLE_LATE_MS 20

/* processors.c */
KIRQL SYSTEM(KfRaiseIrql)(KIRQL irql);
VOID SYSTEM(KeLowerIrql)(KIRQL irql);

typedef VOID NTAPI available_callback(PVOID context);

struct available_registration {
	available_callback *callback; /* NULL: none */
	PVOID context;
};

struct available_work {
	PVOID object;
	PIO_WORKITEM_ROUTINE_EX routine;
	PVOID context;
	PVOID thread;
	uint32_t used, queued, ends;
};

static struct available_registration available_drivers[AVAILABLE_DRIVERS];
/* Held during a call: the system waits for it in an unregistration. */
static uint32_t available_lock;
static struct available_work available_items[AVAILABLE_DRIVERS];

void system_available_read(struct control *control)
{
	uint32_t i;

	for (i = 0; i < AVAILABLE_DRIVERS; i++)
		control->result[RESULT_NOTICES] +=
			available_drivers[i].callback != NULL;
	for (i = 0; i < AVAILABLE_DRIVERS; i++)
		control->result[RESULT_NOTICES] +=
			cpuslab_load_acquire_u32(&available_items[i].used);
}

/* ---- the notification ---------------------------------------------------- */

/* At DISPATCH_LEVEL, which is the highest that the documentation allows. */
static void available_call_all(const struct available_registration *drivers)
{
	KIRQL before = SYSTEM(KfRaiseIrql)(DISPATCH_LEVEL);
	uint32_t i;

	for (i = 0; i < AVAILABLE_DRIVERS; i++)
		if (drivers[i].callback)
			drivers[i].callback(drivers[i].context);
	SYSTEM(KeLowerIrql)(before);
}

/* It chooses the drivers long before it calls them. */
static void available_call_late(void)
{
	struct available_registration drivers[AVAILABLE_DRIVERS];

	host_lock(&available_lock);
	memcpy(drivers, available_drivers, sizeof(drivers));
	host_unlock(&available_lock);
	host_sleep(AVAILABLE_LATE_MS);
	available_call_all(drivers);
}

static void available_often(void *arg)
{
	uint32_t times = (uint32_t)(uintptr_t)arg;

	system_thread_begin();
	while (times--) {
		if (system_state.quirks & QUIRK_AVAILABLE_LATE) {
			available_call_late();
			continue;
		}
		host_lock(&available_lock);
		available_call_all(available_drivers);
		host_unlock(&available_lock);
	}
}

void system_available(uint32_t times)
{
	system_background(available_often, (void *)(uintptr_t)times);
}

static NTSTATUS NTAPI available_register(available_callback *callback,
					 PVOID context, PULONG64 observed,
					 PVOID *registration)
{
	struct available_registration *driver = available_drivers;

	(void)observed;
	system_check_irql(PASSIVE_LEVEL, "a registration above PASSIVE_LEVEL");
	if (system_step_fails())
		return STATUS_INSUFFICIENT_RESOURCES;
	host_lock(&available_lock);
	while (driver->callback)
		driver++;
	driver->context = context;
	driver->callback = callback;
	host_unlock(&available_lock);
	*registration = driver;
	return STATUS_SUCCESS;
}

static VOID NTAPI available_unregister(PVOID registration)
{
	struct available_registration *driver = registration;

	system_check_irql(PASSIVE_LEVEL,
			  "a deregistration above PASSIVE_LEVEL");
	host_lock(&available_lock);
	if (!driver->callback)
		system_violation("a second deregistration");
	driver->callback = NULL;
	host_unlock(&available_lock);
}

/* ---- functions by name --------------------------------------------------- */

static bool name_is(PUNICODE_STRING name, const char *wanted)
{
	uint32_t i, length = name->Length / sizeof(name->Buffer[0]);

	for (i = 0; i < length && wanted[i]; i++)
		if (name->Buffer[i] != (WCHAR)wanted[i])
			return false;
	return i == length && !wanted[i];
}

PVOID NTAPI SYSTEM(MmGetSystemRoutineAddress)(PUNICODE_STRING name)
{
	system_check_irql(PASSIVE_LEVEL, "a lookup above PASSIVE_LEVEL");
	if (!(system_state.quirks & QUIRK_AVAILABLE))
		return NULL;
	if (name_is(name, "PsRegisterSystemAvailableCpusChangeNotification"))
		return (PVOID)(uintptr_t)available_register;
	if (name_is(name, "PsUnregisterAvailableCpusChangeNotification"))
		return (PVOID)(uintptr_t)available_unregister;
	return NULL;
}

/* ---- work items ---------------------------------------------------------- */

static void work_run(void *arg)
{
	struct available_work *work = arg;

	system_thread_begin();
	while (!cpuslab_load_acquire_u32(&work->ends)) {
		host_sleep(1);
		if (cpuslab_exchange_u32(&work->queued, 0))
			work->routine(work->object, work->context,
				      (PIO_WORKITEM)work);
		system_check_restored();
	}
}

PIO_WORKITEM NTAPI SYSTEM(IoAllocateWorkItem)(PDEVICE_OBJECT object)
{
	struct available_work *work = available_items;

	system_check_irql(DISPATCH_LEVEL, "a work item above DISPATCH_LEVEL");
	if (!object)
		system_violation("a work item without a driver or device");
	if (system_step_fails())
		return NULL;
	while (cpuslab_exchange_u32(&work->used, 1))
		if (++work == available_items + AVAILABLE_DRIVERS)
			host_stop("too many work items");
	work->object = object;
	work->queued = 0;
	work->ends = 0;
	work->thread = host_spawn(work_run, work);
	return (PIO_WORKITEM)work;
}

/* The drivers that are tested allocate theirs with a driver's object. */
VOID NTAPI SYSTEM(IoQueueWorkItem)(PIO_WORKITEM item,
				   PIO_WORKITEM_ROUTINE routine,
				   WORK_QUEUE_TYPE type, PVOID context)
{
	(void)item;
	(void)routine;
	(void)type;
	(void)context;
	system_violation("IoQueueWorkItem() without a device");
}

VOID NTAPI SYSTEM(IoQueueWorkItemEx)(PIO_WORKITEM item,
				     PIO_WORKITEM_ROUTINE_EX routine,
				     WORK_QUEUE_TYPE type, PVOID context)
{
	struct available_work *work = (struct available_work *)item;

	system_check_irql(DISPATCH_LEVEL, "a work item above DISPATCH_LEVEL");
	if (type != DelayedWorkQueue)
		system_violation("a work item for a queue that is reserved");
	if (!cpuslab_load_acquire_u32(&work->used))
		system_violation("a work item is queued after it was freed");
	if (cpuslab_load_acquire_u32(&work->queued))
		system_violation("a work item is queued twice");
	work->routine = routine;
	work->context = context;
	cpuslab_store_release_u32(&work->queued, 1);
}

VOID NTAPI SYSTEM(IoFreeWorkItem)(PIO_WORKITEM item)
{
	struct available_work *work = (struct available_work *)item;

	if (cpuslab_load_acquire_u32(&work->queued))
		system_violation("a work item is freed while it is queued");
	cpuslab_store_release_u32(&work->ends, 1);
	host_join(work->thread);
	cpuslab_store_release_u32(&work->used, 0);
}
