/* SPDX-License-Identifier: MIT */
/*
 * objects.c - events, threads, critical regions, device notices: calls are
 * checked, and then left to the host.
 */
#include "system.h"

#define OBJECTS_NOTICES 8
#define OBJECTS_HANDLES 64

struct objects_start {
	PKSTART_ROUTINE routine;
	PVOID context;
};

static uint32_t objects_threads;
static uint64_t objects_handles[OBJECTS_HANDLES]; /* 0: free */

enum {
	NOTICE_FREE,
	NOTICE_FILLED, /* by the call that registers it */
	NOTICE_READY,
	NOTICE_CALLED, /* unregistering waits for the end of the call */
};

struct objects_notice {
	uint32_t used; /* NOTICE_* */
	PDRIVER_NOTIFICATION_CALLBACK_ROUTINE callback;
	PVOID context;
};

static struct objects_notice objects_notices[OBJECTS_NOTICES];

/* GUID_DEVICE_PROCESSOR */
static const GUID objects_class = {
	0x97fadb10,
	0x4e33,
	0x40ae,
	{ 0x35, 0x9c, 0x8b, 0xef, 0x02, 0x9d, 0xbd, 0xd0 },
};

void system_objects_read(struct control *control)
{
	uint32_t i;

	control->result[RESULT_THREADS] =
		cpuslab_load_acquire_u32(&objects_threads);
	for (i = 0; i < OBJECTS_HANDLES; i++)
		control->result[RESULT_THREADS] +=
			cpuslab_load_acquire_u64(&objects_handles[i]) != 0;
	control->result[RESULT_NOTICES] = 0;
	for (i = 0; i < OBJECTS_NOTICES; i++)
		control->result[RESULT_NOTICES] +=
			cpuslab_load_acquire_u32(&objects_notices[i].used) != 0;
}

/* ---- locks --------------------------------------------------------------- */

/*
 * An event that is initialised as set, and that each wait resets, is a lock.
 */
#ifdef SYSTEM_IN_WINE
#define EVENT_LOCK(event) ((event)->Header.Inserted)
#else
#define EVENT_LOCK(event) ((event)->lock)
#endif

VOID SYSTEM(KeInitializeEvent)(PKEVENT event, EVENT_TYPE type, BOOLEAN state)
{
	HOST(KeInitializeEvent)(event, type, state);
	EVENT_LOCK(event) = type == SynchronizationEvent && state;
}

BOOLEAN SYSTEM(KeAreApcsDisabled)(VOID)
{
	const struct system_thread *self = system_self();

	return self->regions || self->irql >= APC_LEVEL;
}

/* The caller acquires or releases it. */
static void lock_check(PKEVENT event)
{
	if (EVENT_LOCK(event) && !SYSTEM(KeAreApcsDisabled)())
		system_violation("a lock is held by a thread that can be "
				 "suspended");
}

/* ---- waiting ------------------------------------------------------------- */

static void wait_check(KPROCESSOR_MODE mode, BOOLEAN alertable)
{
	if (mode != KernelMode)
		system_violation("a wait in UserMode, which lets the stack be "
				 "paged out and ends early");
	if (alertable)
		system_violation("an alertable wait, which ends early");
}

LONG SYSTEM(KeSetEvent)(PKEVENT event, LONG increment, BOOLEAN wait)
{
	system_check_irql(DISPATCH_LEVEL,
			  "an event is set above DISPATCH_LEVEL");
	if (wait)
		system_violation("an event is set without the wait that it "
				 "promises");
	lock_check(event);
	return HOST(KeSetEvent)(event, increment, wait);
}

NTSTATUS SYSTEM(KeWaitForSingleObject)(PVOID object, KWAIT_REASON reason,
				       KPROCESSOR_MODE mode, BOOLEAN alertable,
				       PLARGE_INTEGER timeout)
{
	bool waits = !timeout || timeout->QuadPart;
	NTSTATUS status;

	system_check_irql(waits ? APC_LEVEL : DISPATCH_LEVEL,
			  "a wait at DISPATCH_LEVEL");
	wait_check(mode, alertable);
	if (reason != Executive)
		system_violation("a driver's wait is not an executive one");
	lock_check(object);
	if (waits)
		system_dpcs_run();
	status = HOST(KeWaitForSingleObject)(object, reason, mode, alertable,
					     timeout);
	cpuslab_fetch_add_u64(&system_state.waits, 1);
	return status;
}

NTSTATUS SYSTEM(KeDelayExecutionThread)(KPROCESSOR_MODE mode, BOOLEAN alertable,
					PLARGE_INTEGER interval)
{
	system_check_irql(APC_LEVEL, "a delay at DISPATCH_LEVEL");
	wait_check(mode, alertable);
	system_dpcs_run();
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

/* Replace it in the table of open handles; NULL stands for a free place. */
static bool handle_exchange(HANDLE handle, HANDLE other)
{
	uint32_t i;

	for (i = 0; i < OBJECTS_HANDLES; i++) {
		uint64_t found = (uintptr_t)handle;

		if (cpuslab_cas_u64(&objects_handles[i], &found,
				    (uintptr_t)other))
			return true;
	}
	return false;
}

static void handle_opened(HANDLE handle)
{
	if (!handle_exchange(NULL, handle))
		host_stop("too many handles are open");
}

static bool handle_is_open(HANDLE handle)
{
	bool open = handle && handle_exchange(handle, handle);

	if (!open)
		system_violation("a handle that is not open");
	return open;
}

NTSTATUS SYSTEM(PsTerminateSystemThread)(NTSTATUS status)
{
	const struct system_thread *self = system_self();

	system_check_irql(PASSIVE_LEVEL, "a thread ends above PASSIVE_LEVEL");
	if (self->regions)
		system_violation("a thread ends in a critical region");
	cpuslab_fetch_add_u32(&objects_threads, (uint32_t)-1);
	return HOST(PsTerminateSystemThread)(status);
}

void system_thread_end(void)
{
	SYSTEM(PsTerminateSystemThread)(STATUS_SUCCESS);
}

static VOID NTAPI objects_run(PVOID arg)
{
	struct objects_start start = *(struct objects_start *)arg;

	host_free(arg);
	system_thread_begin();
	start.routine(start.context);
	system_thread_end();
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
		handle_opened(*handle);
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
	(void)client;
	system_check_irql(PASSIVE_LEVEL,
			  "a thread is created above PASSIVE_LEVEL");
	if (process)
		system_violation("a thread of a process");
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
	wait_check(KernelMode, alertable);
	if (timeout)
		system_violation("the end of a thread is awaited with a limit");
	if (!handle_is_open(handle))
		return STATUS_INVALID_HANDLE;
	system_dpcs_run();
	return HOST(ZwWaitForSingleObject)(handle, alertable, timeout);
}

NTSTATUS SYSTEM(ZwClose)(HANDLE handle)
{
	system_check_irql(PASSIVE_LEVEL,
			  "a handle is closed above PASSIVE_LEVEL");
	if (!handle_is_open(handle))
		return STATUS_INVALID_HANDLE;
	handle_exchange(handle, NULL);
	return HOST(ZwClose)(handle);
}

#ifdef SYSTEM_IN_WINE
/* Wine does not mark a device that its driver has not finished. */
NTSTATUS NTAPI SYSTEM(IoCreateDevice)(PDRIVER_OBJECT driver, ULONG extension,
				      PUNICODE_STRING name, DEVICE_TYPE type,
				      ULONG characteristics, BOOLEAN exclusive,
				      PDEVICE_OBJECT *device)
{
	NTSTATUS status;

	if (system_step_fails())
		return STATUS_INSUFFICIENT_RESOURCES;
	status = HOST(IoCreateDevice)(driver, extension, name, type,
				      characteristics, exclusive, device);
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
	if (system_step_fails())
		return STATUS_INSUFFICIENT_RESOURCES;
	status = HOST(ObOpenObjectByPointer)(object, attributes, state, access,
					     type, mode, handle);
	if (NT_SUCCESS(status))
		handle_opened(*handle);
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

	system_check_irql(PASSIVE_LEVEL,
			  "a notice is registered above PASSIVE_LEVEL");
	if (category != EventCategoryDeviceInterfaceChange || flags ||
	    memcmp(data, &objects_class, sizeof(objects_class)) != 0)
		system_violation("a notice of something else");
	if (!driver)
		system_violation("a notice without a driver");
	if (system_step_fails() || system_state.quirks & QUIRK_NO_NOTICES)
		return STATUS_INSUFFICIENT_RESOURCES;
	for (i = 0; i < OBJECTS_NOTICES; i++) {
		struct objects_notice *notice = &objects_notices[i];
		uint32_t used = NOTICE_FREE;

		if (!cpuslab_cas_u32(&notice->used, &used, NOTICE_FILLED))
			continue;
		notice->callback = callback;
		notice->context = context;
		cpuslab_store_release_u32(&notice->used, NOTICE_READY);
		*entry = notice;
		return STATUS_SUCCESS;
	}
	return STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS SYSTEM(IoUnregisterPlugPlayNotificationEx)(PVOID entry)
{
	struct objects_notice *notice = entry;
	uint32_t used = NOTICE_READY;

	system_check_irql(PASSIVE_LEVEL,
			  "a notice is unregistered above PASSIVE_LEVEL");
	while (!cpuslab_cas_u32(&notice->used, &used, NOTICE_FREE)) {
		if (used == NOTICE_FREE) {
			system_violation("a second end of a notice");
			break;
		}
		used = NOTICE_READY;
		host_yield();
	}
	return STATUS_SUCCESS;
}

static void arrive_one(struct objects_notice *notice)
{
	uint32_t used = NOTICE_READY;

	if (!cpuslab_cas_u32(&notice->used, &used, NOTICE_CALLED))
		return;
	if (!NT_SUCCESS(notice->callback(NULL, notice->context)))
		system_violation("a notice was answered by a failure");
	system_check_restored();
	cpuslab_store_release_u32(&notice->used, NOTICE_READY);
}

static void arrive_all(void)
{
	uint32_t i;

	for (i = 0; i < OBJECTS_NOTICES; i++)
		arrive_one(&objects_notices[i]);
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

/* ---- commands ------------------------------------------------------------ */

static void system_read(struct control *control)
{
	system_pool_read(control);
	system_adds_read(control);
	system_objects_read(control);
	system_available_read(control);
	system_dpcs_read(control);
	system_processors_read(control);
	control->result[RESULT_VIOLATIONS] = system_state.violations;
	memcpy(control->text, system_state.violation, CONTROL_TEXT);
}

void system_control(struct control *control)
{
	uint32_t i;

	for (i = 0; i < CONTROL_ARGS; i++)
		control->result[i] = 0;
	control->status = 0;
	control->text[0] = 0;
	if (control->command != SYSTEM_RESET)
		system_check_restored();
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
	case SYSTEM_DEBUG:
		system_debug(control);
		break;
	case SYSTEM_MARK:
		system_processors_mark();
		system_dpcs_mark();
		break;
	case SYSTEM_PAUSE:
		host_sleep(control->arg[0]);
		break;
	case SYSTEM_TAG:
		system_pool_tag(control);
		break;
	case SYSTEM_READ:
		system_read(control);
		break;
	default:
		control->status = -1;
	}
}
