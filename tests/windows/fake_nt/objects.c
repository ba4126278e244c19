/* SPDX-License-Identifier: MIT */
/*
 * objects.c - events, threads, critical regions, device notices: calls are
 * checked, and then left to the host.
 */
#include "system.h"

#define OBJECTS_NOTICES 8

struct objects_start {
	PKSTART_ROUTINE routine;
	PVOID context;
};

static uint32_t objects_threads;
static uint32_t objects_handles;

struct objects_notice {
	uint32_t used; /* 2: ready */
	PDRIVER_NOTIFICATION_CALLBACK_ROUTINE callback;
	PVOID context;
};

static struct objects_notice objects_notices[OBJECTS_NOTICES];

void system_objects_read(struct control *control)
{
	uint32_t i;

	control->result[RESULT_THREADS] =
		cpuslab_load_acquire_u32(&objects_threads) +
		cpuslab_load_acquire_u32(&objects_handles);
	control->result[RESULT_NOTICES] = 0;
	for (i = 0; i < OBJECTS_NOTICES; i++)
		control->result[RESULT_NOTICES] +=
			cpuslab_load_acquire_u32(&objects_notices[i].used) != 0;
}

/* ---- waiting ------------------------------------------------------------- */

LONG SYSTEM(KeSetEvent)(PKEVENT event, LONG increment, BOOLEAN wait)
{
	system_check_irql(DISPATCH_LEVEL,
			  "an event is set above DISPATCH_LEVEL");
	return HOST(KeSetEvent)(event, increment, wait);
}

NTSTATUS SYSTEM(KeWaitForSingleObject)(PVOID object, KWAIT_REASON reason,
				       KPROCESSOR_MODE mode, BOOLEAN alertable,
				       PLARGE_INTEGER timeout)
{
	bool waits = !timeout || timeout->QuadPart;

	system_check_irql(waits ? APC_LEVEL : DISPATCH_LEVEL,
			  "a wait at DISPATCH_LEVEL");
	return HOST(KeWaitForSingleObject)(object, reason, mode, alertable,
					   timeout);
}

NTSTATUS SYSTEM(KeDelayExecutionThread)(KPROCESSOR_MODE mode, BOOLEAN alertable,
					PLARGE_INTEGER interval)
{
	(void)mode;
	(void)alertable;
	system_check_irql(APC_LEVEL, "a delay at DISPATCH_LEVEL");
	host_sleep((uint32_t)(-interval->QuadPart / 10000));
	return STATUS_SUCCESS;
}

VOID SYSTEM(KeEnterCriticalRegion)(VOID)
{
	system_check_irql(APC_LEVEL, "a critical region at DISPATCH_LEVEL");
	system_self()->regions++;
	system_entered();
}

VOID SYSTEM(KeLeaveCriticalRegion)(VOID)
{
	system_check_irql(APC_LEVEL, "a critical region at DISPATCH_LEVEL");
	if (!system_self()->regions--)
		system_violation("a critical region is left too often");
	/* Let an earlier waiter be woken first. */
	if (system_self()->callback && system_state.slow)
		host_sleep(system_state.slow);
}

ULONGLONG SYSTEM(KeQueryUnbiasedInterruptTime)(VOID)
{
	return host_clock() * 10000;
}

/* ---- threads ------------------------------------------------------------- */

NTSTATUS SYSTEM(PsTerminateSystemThread)(NTSTATUS status)
{
	const struct system_thread *self = system_self();

	system_check_irql(PASSIVE_LEVEL, "a thread ends above PASSIVE_LEVEL");
	if (self->regions)
		system_violation("a thread ends in a critical region");
	cpuslab_fetch_add_u32(&objects_threads, (uint32_t)-1);
	return HOST(PsTerminateSystemThread)(status);
}

static VOID NTAPI objects_run(PVOID arg)
{
	struct objects_start start = *(struct objects_start *)arg;

	host_free(arg);
	system_thread_begin();
	start.routine(start.context);
	SYSTEM(PsTerminateSystemThread)(STATUS_SUCCESS);
}

static NTSTATUS objects_spawn(HANDLE *handle, PKSTART_ROUTINE routine,
			      PVOID context)
{
	struct objects_start *start = host_alloc(sizeof(*start), 16);
	NTSTATUS status;

	start->routine = routine;
	start->context = context;
	cpuslab_fetch_add_u32(&objects_threads, 1);
	status = HOST(PsCreateSystemThread)(handle, THREAD_ALL_ACCESS, NULL,
					    NULL, NULL, objects_run, start);
	if (!NT_SUCCESS(status)) {
		cpuslab_fetch_add_u32(&objects_threads, (uint32_t)-1);
		host_free(start);
	} else {
		cpuslab_fetch_add_u32(&objects_handles, 1);
	}
	return status;
}

#ifdef SYSTEM_IN_WINE
NTSTATUS NTAPI SYSTEM(PsCreateSystemThread)(PHANDLE handle, ULONG access,
					    POBJECT_ATTRIBUTES attributes,
					    HANDLE process, PCLIENT_ID client,
					    PKSTART_ROUTINE routine,
					    PVOID context)
#else
NTSTATUS SYSTEM(PsCreateSystemThread)(HANDLE *handle, ULONG access,
				      POBJECT_ATTRIBUTES attributes,
				      HANDLE process, PVOID client,
				      PKSTART_ROUTINE routine, PVOID context)
#endif
{
	(void)access;
	(void)process;
	(void)client;
	system_check_irql(PASSIVE_LEVEL,
			  "a thread is created above PASSIVE_LEVEL");
	if (!attributes || !(attributes->Attributes & OBJ_KERNEL_HANDLE))
		system_violation("a handle in the table of a process");
	if (system_step_fails())
		return STATUS_INSUFFICIENT_RESOURCES;
	return objects_spawn(handle, routine, context);
}

NTSTATUS SYSTEM(ZwWaitForSingleObject)(HANDLE handle, BOOLEAN alertable,
				       PLARGE_INTEGER timeout)
{
	system_check_irql(PASSIVE_LEVEL, "a handle is awaited above "
					 "PASSIVE_LEVEL");
	return HOST(ZwWaitForSingleObject)(handle, alertable, timeout);
}

NTSTATUS SYSTEM(ZwClose)(HANDLE handle)
{
	system_check_irql(PASSIVE_LEVEL,
			  "a handle is closed above PASSIVE_LEVEL");
	cpuslab_fetch_add_u32(&objects_handles, (uint32_t)-1);
	return HOST(ZwClose)(handle);
}

#ifdef SYSTEM_IN_WINE
/* Wine does not mark a device that its driver has not finished. */
NTSTATUS NTAPI SYSTEM(IoCreateDevice)(PDRIVER_OBJECT driver, ULONG extension,
				      PUNICODE_STRING name, DEVICE_TYPE type,
				      ULONG characteristics, BOOLEAN exclusive,
				      PDEVICE_OBJECT *device)
{
	NTSTATUS status = HOST(IoCreateDevice)(driver, extension, name, type,
					       characteristics, exclusive,
					       device);

	if (NT_SUCCESS(status))
		(*device)->Flags |= DO_DEVICE_INITIALIZING;
	return status;
}

/* A driver that protects its device opens it. */
NTSTATUS NTAPI SYSTEM(ObOpenObjectByPointer)(
	PVOID object, ULONG attributes, PACCESS_STATE state, ACCESS_MASK access,
	POBJECT_TYPE type, KPROCESSOR_MODE mode, PHANDLE handle)
{
	NTSTATUS status;

	if (!(attributes & OBJ_KERNEL_HANDLE))
		system_violation("a handle in the table of a process");
	status = HOST(ObOpenObjectByPointer)(object, attributes, state, access,
					     type, mode, handle);
	if (NT_SUCCESS(status))
		cpuslab_fetch_add_u32(&objects_handles, 1);
	return status;
}
#endif

/* ---- notices of devices -------------------------------------------------- */

NTSTATUS SYSTEM(IoRegisterPlugPlayNotification)(
	IO_NOTIFICATION_EVENT_CATEGORY category, ULONG flags, PVOID data,
	PDRIVER_OBJECT driver, PDRIVER_NOTIFICATION_CALLBACK_ROUTINE callback,
	PVOID context, PVOID *entry)
{
	uint32_t i;

	(void)driver;
	(void)flags;
	if (category != EventCategoryDeviceInterfaceChange ||
	    ((const GUID *)data)->Data1 != 0x97fadb10)
		system_violation("a notice of something else");
	if (system_step_fails())
		return STATUS_INSUFFICIENT_RESOURCES;
	for (i = 0; i < OBJECTS_NOTICES; i++) {
		struct objects_notice *notice = &objects_notices[i];
		uint32_t free = 0;

		if (!cpuslab_cas_u32(&notice->used, &free, 1))
			continue;
		notice->callback = callback;
		notice->context = context;
		cpuslab_store_release_u32(&notice->used, 2);
		*entry = notice;
		return STATUS_SUCCESS;
	}
	return STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS SYSTEM(IoUnregisterPlugPlayNotificationEx)(PVOID entry)
{
	struct objects_notice *notice = entry;

	cpuslab_store_release_u32(&notice->used, 0);
	return STATUS_SUCCESS;
}

static void arrive_all(void)
{
	uint32_t i;

	for (i = 0; i < OBJECTS_NOTICES; i++)
		if (cpuslab_load_acquire_u32(&objects_notices[i].used) == 2)
			objects_notices[i].callback(NULL,
						    objects_notices[i].context);
}

static void arrive_often(void *arg)
{
	uint32_t times = (uint32_t)(uintptr_t)arg;

	system_thread_begin();
	while (times--)
		arrive_all();
}

void system_arrival(uint32_t times)
{
	if (times)
		system_background(arrive_often, (void *)(uintptr_t)times);
	else
		arrive_all();
}

/* ---- the end ------------------------------------------------------------- */

VOID SYSTEM(KeBugCheckEx)(ULONG code, ULONG_PTR a, ULONG_PTR b, ULONG_PTR c,
			  ULONG_PTR d)
{
	(void)code;
	(void)b;
	(void)c;
	(void)d;
	host_stop((const char *)a);
}

void system_control(struct control *control)
{
	uint32_t i;

	for (i = 0; i < CONTROL_ARGS; i++)
		control->result[i] = 0;
	control->status = 0;
	control->text[0] = 0;
	switch (control->command) {
	case SYSTEM_RESET:
		memset(&system_state, 0, sizeof(system_state));
		system_thread_begin();
		system_processors_reset(control);
		system_dpcs_reset();
		system_adds_reset();
		system_pool_reset();
		break;
	case SYSTEM_ADD:
		system_add(control);
		break;
	case SYSTEM_WAIT:
		system_add_wait(control);
		break;
	case SYSTEM_EVENT:
		system_event(control);
		break;
	case SYSTEM_FAIL:
		system_pool_fail(control->arg[0], control->arg[1]);
		break;
	case SYSTEM_STUCK:
		system_stuck(control->arg[0], control->arg[1]);
		break;
	case SYSTEM_ARRIVAL:
		system_arrival(control->arg[0]);
		break;
	case SYSTEM_AVAILABLE:
		system_available(control->arg[0]);
		break;
	case SYSTEM_RUNS:
		system_cpu_set_active(control->arg[0], control->arg[1]);
		break;
	case SYSTEM_PAUSE:
		host_sleep(control->arg[0]);
		break;
	case SYSTEM_TAG:
		system_pool_tag(control);
		break;
	case SYSTEM_READ:
		system_pool_read(control);
		system_adds_read(control);
		system_objects_read(control);
		system_available_read(control);
		system_dpcs_read(control);
		control->result[RESULT_VIOLATIONS] = system_state.violations;
		memcpy(control->text, system_state.violation, CONTROL_TEXT);
		break;
	default:
		control->status = -1;
	}
}
