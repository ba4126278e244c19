/* SPDX-License-Identifier: MIT */
/*
 * available.c - the notification of newer systems when the available processors
 * change, and what a driver uses for it: functions looked up by name, work
 * items.
 */
#include "system.h"

#define AVAILABLE_DRIVERS 8

/* processors.c */
KIRQL SYSTEM(KfRaiseIrql)(KIRQL irql);
VOID SYSTEM(KeLowerIrql)(KIRQL irql);

typedef VOID NTAPI available_callback(PVOID context);

struct available_registration {
	available_callback *callback; /* NULL: none */
	PVOID context;
};

struct available_work {
	PIO_WORKITEM_ROUTINE routine;
	PVOID context;
	PVOID thread;
	uint32_t queued, ends;
};

static struct available_registration available_drivers[AVAILABLE_DRIVERS];
/* Held during a call: the system waits for it in an unregistration. */
static uint32_t available_lock;
static uint32_t available_items;

void system_available_read(struct control *control)
{
	uint32_t i;

	for (i = 0; i < AVAILABLE_DRIVERS; i++)
		control->result[RESULT_NOTICES] +=
			available_drivers[i].callback != NULL;
	control->result[RESULT_NOTICES] +=
		cpuslab_load_acquire_u32(&available_items);
}

/* ---- the notification ---------------------------------------------------- */

/* At DISPATCH_LEVEL, which is the highest that the documentation allows. */
static void available_call_all(void)
{
	KIRQL before = SYSTEM(KfRaiseIrql)(DISPATCH_LEVEL);
	uint32_t i;

	for (i = 0; i < AVAILABLE_DRIVERS; i++)
		if (available_drivers[i].callback)
			available_drivers[i].callback(
				available_drivers[i].context);
	SYSTEM(KeLowerIrql)(before);
}

static void available_often(void *arg)
{
	uint32_t times = (uint32_t)(uintptr_t)arg;

	system_thread_begin();
	while (times--) {
		host_lock(&available_lock);
		available_call_all();
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
			work->routine(NULL, work->context);
		system_check_restored();
	}
}

PIO_WORKITEM NTAPI SYSTEM(IoAllocateWorkItem)(PDEVICE_OBJECT object)
{
	struct available_work *work;

	(void)object;
	system_check_irql(DISPATCH_LEVEL, "a work item above DISPATCH_LEVEL");
	if (system_step_fails())
		return NULL;
	work = host_alloc(sizeof(*work), 16);
	memset(work, 0, sizeof(*work));
	cpuslab_fetch_add_u32(&available_items, 1);
	work->thread = host_spawn(work_run, work);
	return (PIO_WORKITEM)work;
}

VOID NTAPI SYSTEM(IoQueueWorkItem)(PIO_WORKITEM item,
				   PIO_WORKITEM_ROUTINE routine,
				   WORK_QUEUE_TYPE type, PVOID context)
{
	struct available_work *work = (struct available_work *)item;

	(void)type;
	system_check_irql(DISPATCH_LEVEL, "a work item above DISPATCH_LEVEL");
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
	host_free(work);
	cpuslab_fetch_add_u32(&available_items, (uint32_t)-1);
}
