/* SPDX-License-Identifier: MIT */
/*
 * ntddk.h - the part of the Windows kernel's interface that the port uses, for
 * a native build: types here, functions in fake_nt/.
 *
 * Layouts differ from those of Windows; names and meanings do not.
 */
#ifndef SHIM_NTDDK_H
#define SHIM_NTDDK_H

#include <stddef.h>
#include <stdint.h>

#ifndef NTDDI_VERSION
#define NTDDI_VERSION 0x06010000
#endif

#define NTAPI
#define NTSYSAPI
#define NTKERNELAPI
#define VOID void

typedef void *PVOID, *HANDLE;
typedef unsigned char UCHAR, BOOLEAN, KIRQL;
typedef unsigned short USHORT;
typedef int32_t LONG, NTSTATUS, *PNTSTATUS;
typedef uint32_t ULONG, *PULONG, ACCESS_MASK;
typedef uint64_t ULONG64, *PULONG64, ULONGLONG;
typedef uintptr_t ULONG_PTR, KAFFINITY, SIZE_T;
typedef const char *PCSTR;
typedef char CCHAR;
typedef wchar_t WCHAR;
typedef const wchar_t *PCWSTR;

typedef union {
	int64_t QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef struct {
	USHORT Length; /* bytes */
	USHORT MaximumLength;
	PCWSTR Buffer;
} UNICODE_STRING, *PUNICODE_STRING;

typedef struct {
	uint32_t Data1;
	uint16_t Data2, Data3;
	uint8_t Data4[8];
} GUID;

#define TRUE 1
#define FALSE 0

#define PASSIVE_LEVEL 0
#define APC_LEVEL 1
#define DISPATCH_LEVEL 2

#define NT_SUCCESS(status) ((status) >= 0)
#define STATUS_SUCCESS ((NTSTATUS)0)
#define STATUS_TIMEOUT ((NTSTATUS)0x102)
#define STATUS_INVALID_HANDLE ((NTSTATUS)0xc0000008)
#define STATUS_UNSUCCESSFUL ((NTSTATUS)0xc0000001)
#define STATUS_INVALID_PARAMETER ((NTSTATUS)0xc000000d)
#define STATUS_ACCESS_DENIED ((NTSTATUS)0xc0000022)
#define STATUS_DELETE_PENDING ((NTSTATUS)0xc0000056)
#define STATUS_INSUFFICIENT_RESOURCES ((NTSTATUS)0xc000009a)
#define STATUS_NOT_SUPPORTED ((NTSTATUS)0xc00000bb)
#define STATUS_NOT_FOUND ((NTSTATUS)0xc0000225)
#define STATUS_DEVICE_BUSY ((NTSTATUS)0x80000011)

typedef struct {
	USHORT Group;
	UCHAR Number;
	UCHAR Reserved;
} PROCESSOR_NUMBER, *PPROCESSOR_NUMBER;

typedef struct {
	KAFFINITY Mask;
	USHORT Group;
	USHORT Reserved[3];
} GROUP_AFFINITY, *PGROUP_AFFINITY;

#define ALL_PROCESSOR_GROUPS 0xffff
#define INVALID_PROCESSOR_INDEX 0xffffffff

/* ---- processors are added ------------------------------------------------ */

typedef enum {
	KeProcessorAddStartNotify,
	KeProcessorAddCompleteNotify,
	KeProcessorAddFailureNotify,
} KE_PROCESSOR_CHANGE_NOTIFY_STATE;

typedef struct {
	KE_PROCESSOR_CHANGE_NOTIFY_STATE State;
	ULONG NtNumber;
	NTSTATUS Status;
	PROCESSOR_NUMBER ProcNumber;
} KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT, *PKE_PROCESSOR_CHANGE_NOTIFY_CONTEXT;

typedef VOID NTAPI PROCESSOR_CALLBACK_FUNCTION(
	PVOID context, PKE_PROCESSOR_CHANGE_NOTIFY_CONTEXT change,
	PNTSTATUS status);
typedef PROCESSOR_CALLBACK_FUNCTION *PPROCESSOR_CALLBACK_FUNCTION;

#define KE_PROCESSOR_CHANGE_ADD_EXISTING 1

PVOID KeRegisterProcessorChangeCallback(PPROCESSOR_CALLBACK_FUNCTION callback,
					PVOID context, ULONG flags);
VOID KeDeregisterProcessorChangeCallback(PVOID registration);

/* Of one group, for Windows Server 2008. */
ULONG KeQueryMaximumProcessorCount(VOID);
ULONG KeGetCurrentProcessorNumber(VOID);
KAFFINITY KeQueryActiveProcessors(VOID);
KAFFINITY KeSetSystemAffinityThreadEx(KAFFINITY affinity);
VOID KeRevertToUserAffinityThreadEx(KAFFINITY affinity);
ULONGLONG KeQueryInterruptTime(VOID);

#if NTDDI_VERSION >= 0x06010000 || defined(SHIM_ALL_VERSIONS)
ULONG KeQueryMaximumProcessorCountEx(USHORT group);
ULONG KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER number);
NTSTATUS KeGetProcessorNumberFromIndex(ULONG index, PPROCESSOR_NUMBER number);
ULONG KeGetProcessorIndexFromNumber(PPROCESSOR_NUMBER number);
KAFFINITY KeQueryGroupAffinity(USHORT group);
USHORT KeQueryHighestNodeNumber(VOID);
VOID KeSetSystemGroupAffinityThread(PGROUP_AFFINITY affinity,
				    PGROUP_AFFINITY previous);
VOID KeRevertToUserGroupAffinityThread(PGROUP_AFFINITY previous);
ULONGLONG KeQueryUnbiasedInterruptTime(VOID);
#endif
static inline VOID YieldProcessor(VOID)
{
}

/* ---- levels and DPCs ----------------------------------------------------- */

KIRQL KeGetCurrentIrql(VOID);
KIRQL KfRaiseIrql(KIRQL irql);
VOID KeLowerIrql(KIRQL irql);
#define KeRaiseIrql(irql, before) (*(before) = KfRaiseIrql(irql))

struct shim_dpc;
typedef VOID NTAPI KDEFERRED_ROUTINE(struct shim_dpc *dpc, PVOID context,
				     PVOID argument1, PVOID argument2);
typedef KDEFERRED_ROUTINE *PKDEFERRED_ROUTINE;
typedef struct shim_dpc {
	PVOID DpcData;
	PVOID DeferredContext;
	PKDEFERRED_ROUTINE DeferredRoutine;
	PVOID SystemArgument1;
	PVOID SystemArgument2;
	USHORT Number;
	UCHAR Importance;
} KDPC, *PKDPC;
typedef enum {
	LowImportance,
	MediumImportance,
	HighImportance
} KDPC_IMPORTANCE;

VOID KeInitializeDpc(PKDPC dpc, PKDEFERRED_ROUTINE routine, PVOID context);
VOID KeSetImportanceDpc(PKDPC dpc, KDPC_IMPORTANCE importance);
VOID KeSetTargetProcessorDpc(PKDPC dpc, CCHAR number);
#if NTDDI_VERSION >= 0x06010000 || defined(SHIM_ALL_VERSIONS)
NTSTATUS KeSetTargetProcessorDpcEx(PKDPC dpc, PPROCESSOR_NUMBER number);
#endif
BOOLEAN KeInsertQueueDpc(PKDPC dpc, PVOID argument1, PVOID argument2);
BOOLEAN KeRemoveQueueDpc(PKDPC dpc);
VOID KeFlushQueuedDpcs(VOID);

/* ---- waiting, threads, memory -------------------------------------------- */

typedef enum {
	NotificationEvent,
	SynchronizationEvent
} EVENT_TYPE;
typedef struct {
	uint32_t type;  /* EVENT_TYPE */
	uint32_t state; /* signalled? */
	BOOLEAN lock;   /* as the simulated system finds */
} KEVENT, *PKEVENT;
typedef enum {
	Executive
} KWAIT_REASON;
typedef enum {
	KernelMode,
	UserMode
} KPROCESSOR_MODE;
#define IO_NO_INCREMENT 0

VOID KeInitializeEvent(PKEVENT event, EVENT_TYPE type, BOOLEAN state);
LONG KeSetEvent(PKEVENT event, LONG increment, BOOLEAN wait);
NTSTATUS KeWaitForSingleObject(PVOID object, KWAIT_REASON reason,
			       KPROCESSOR_MODE mode, BOOLEAN alertable,
			       PLARGE_INTEGER timeout);
NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE mode, BOOLEAN alertable,
				PLARGE_INTEGER interval);
VOID KeEnterCriticalRegion(VOID);
VOID KeLeaveCriticalRegion(VOID);
BOOLEAN KeAreApcsDisabled(VOID);

typedef VOID NTAPI KSTART_ROUTINE(PVOID context);
typedef KSTART_ROUTINE *PKSTART_ROUTINE;
#define THREAD_ALL_ACCESS 0x1f03ffu

typedef struct {
	ULONG Attributes;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;
#define OBJ_KERNEL_HANDLE 0x200u
#define InitializeObjectAttributes(object, name, flags, root, security)        \
	((object)->Attributes = (flags))

NTSTATUS PsCreateSystemThread(HANDLE *handle, ULONG access,
			      POBJECT_ATTRIBUTES attributes, HANDLE process,
			      PVOID client, PKSTART_ROUTINE routine,
			      PVOID context);
NTSTATUS PsTerminateSystemThread(NTSTATUS status);
HANDLE PsGetCurrentThreadId(VOID);
BOOLEAN PsGetVersion(PULONG major, PULONG minor, PULONG build, PVOID csd);
NTSTATUS ObReferenceObjectByHandle(HANDLE handle, ACCESS_MASK access,
				   PVOID type, KPROCESSOR_MODE mode,
				   PVOID *object, PVOID information);
VOID ObDereferenceObject(PVOID object);
NTSTATUS ZwClose(HANDLE handle);
NTSTATUS ZwWaitForSingleObject(HANDLE handle, BOOLEAN alertable,
			       PLARGE_INTEGER timeout);

typedef enum {
	NonPagedPool = 0,
	PagedPool = 1,
	NonPagedPoolNx = 512,
} POOL_TYPE;

#define POOL_FLAG_UNINITIALIZED 0x2u
#define POOL_FLAG_NON_PAGED 0x40u

#define DrvRtPoolNxOptIn 1u

PVOID ExAllocatePool2(ULONG64 flags, SIZE_T bytes, ULONG tag);
PVOID ExAllocatePoolWithTag(POOL_TYPE type, SIZE_T bytes, ULONG tag);
VOID ExFreePoolWithTag(PVOID memory, ULONG tag);
BOOLEAN MmIsAddressValid(PVOID address);

/* As the WDK has them, inline, if they are asked for before. */
#ifdef POOL_NX_OPTIN
static POOL_TYPE ExDefaultNonPagedPoolType;

static inline VOID ExInitializeDriverRuntime(ULONG flags)
{
	ULONG major, minor;

	PsGetVersion(&major, &minor, NULL, NULL);
	ExDefaultNonPagedPoolType = (flags & DrvRtPoolNxOptIn) &&
						    major * 100 + minor >= 602 ?
					    NonPagedPoolNx :
					    NonPagedPool;
}

#define NonPagedPool ExDefaultNonPagedPoolType

static inline PVOID ExAllocatePoolZero(POOL_TYPE type, SIZE_T bytes, ULONG tag)
{
	PVOID memory = ExAllocatePoolWithTag(type, bytes, tag);

#ifdef POOL_ZERO_DOWN_LEVEL_SUPPORT
	if (memory)
		__builtin_memset(memory, 0, bytes);
#endif
	return memory;
}
#endif

ULONG DbgPrint(PCSTR format, ...);
VOID KeBugCheckEx(ULONG code, ULONG_PTR a, ULONG_PTR b, ULONG_PTR c,
		  ULONG_PTR d) __attribute__((noreturn));

/* ---- plug and play ------------------------------------------------------- */

typedef struct shim_driver *PDRIVER_OBJECT;
typedef NTSTATUS NTAPI DRIVER_NOTIFICATION_CALLBACK_ROUTINE(PVOID structure,
							    PVOID context);
typedef DRIVER_NOTIFICATION_CALLBACK_ROUTINE
	*PDRIVER_NOTIFICATION_CALLBACK_ROUTINE;
typedef enum {
	EventCategoryDeviceInterfaceChange = 2
} IO_NOTIFICATION_EVENT_CATEGORY;

NTSTATUS
IoRegisterPlugPlayNotification(IO_NOTIFICATION_EVENT_CATEGORY category,
			       ULONG flags, PVOID data, PDRIVER_OBJECT driver,
			       PDRIVER_NOTIFICATION_CALLBACK_ROUTINE callback,
			       PVOID context, PVOID *entry);
NTSTATUS IoUnregisterPlugPlayNotification(PVOID entry);
#if NTDDI_VERSION >= 0x06010000 || defined(SHIM_ALL_VERSIONS)
NTSTATUS IoUnregisterPlugPlayNotificationEx(PVOID entry);
#endif

/* ---- by name, and later -------------------------------------------------- */

static inline VOID RtlInitUnicodeString(PUNICODE_STRING string, PCWSTR text)
{
	size_t length = 0;

	while (text[length])
		length++;
	string->Length = (USHORT)(length * sizeof(*text));
	string->MaximumLength = (USHORT)(string->Length + sizeof(*text));
	string->Buffer = text;
}

PVOID MmGetSystemRoutineAddress(PUNICODE_STRING name);

typedef struct shim_device *PDEVICE_OBJECT;
typedef struct shim_work_item *PIO_WORKITEM;
typedef VOID NTAPI IO_WORKITEM_ROUTINE(PDEVICE_OBJECT object, PVOID context);
typedef IO_WORKITEM_ROUTINE *PIO_WORKITEM_ROUTINE;
typedef VOID NTAPI IO_WORKITEM_ROUTINE_EX(PVOID object, PVOID context,
					  PIO_WORKITEM item);
typedef IO_WORKITEM_ROUTINE_EX *PIO_WORKITEM_ROUTINE_EX;
typedef enum {
	CriticalWorkQueue,
	DelayedWorkQueue
} WORK_QUEUE_TYPE;

PIO_WORKITEM IoAllocateWorkItem(PDEVICE_OBJECT object);
VOID IoQueueWorkItem(PIO_WORKITEM item, PIO_WORKITEM_ROUTINE routine,
		     WORK_QUEUE_TYPE type, PVOID context);
VOID IoQueueWorkItemEx(PIO_WORKITEM item, PIO_WORKITEM_ROUTINE_EX routine,
		       WORK_QUEUE_TYPE type, PVOID context);
VOID IoFreeWorkItem(PIO_WORKITEM item);

#define IRP_MN_START_DEVICE 0x00
#define IRP_MN_QUERY_REMOVE_DEVICE 0x01
#define IRP_MN_STOP_DEVICE 0x04
#define IRP_MN_QUERY_STOP_DEVICE 0x05
#define IRP_MN_CANCEL_STOP_DEVICE 0x06

#endif /* SHIM_NTDDK_H */
