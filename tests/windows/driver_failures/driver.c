/* SPDX-License-Identifier: MIT */
/*
 * driver.c - one way of a scenario of tests/driver_failures/, as a Windows driver: it is
 * told of processors by KeRegisterProcessorChangeCallback, and works on each in
 * a thread that is bound there.
 *
 * A crash is caught as the exception that it is, and ends the way; the driver
 * is unloaded with what it then had.
 */
#include <ntddk.h>
#include <ntimage.h>

#include <driver_failures/scenario.h>

#include <cpuslab/kernel.h>
#include <cpuslab/hotplug.h>

#include "driver.h"

#include "../tester.h"
#include "../wine/device.h"

#define DRIVER_SEGV 11 /* how outcomes call an access that was not allowed */
#define DRIVER_TAG 0x65646f4du
#define DRIVER_LEAST 40u /* units, however soon an add is over */

NTSYSAPI NTSTATUS NTAPI ZwYieldExecution(VOID);
NTSYSAPI NTSTATUS NTAPI ZwAllocateVirtualMemory(HANDLE process, PVOID *base,
						ULONG_PTR zero_bits,
						PSIZE_T bytes, ULONG type,
						ULONG protect);
int __cdecl _vsnprintf(char *text, size_t bytes, const char *format,
		       va_list args);

struct cpuslab_domain *failures_domain;
struct cpuslab_slab *failures_slab;

static const struct scenario *const driver_all[DRIVER_SCENARIOS] = {
	&scenario_resources,  &scenario_walk,     &scenario_assign,
	&scenario_structures, &scenario_dispatch, &scenario_schedule,
	&scenario_rebalance,  &scenario_balance,  &scenario_memory,
	&scenario_maximum,    &scenario_update,   &scenario_bits,
	&scenario_variable,   &scenario_late,     &scenario_early,
	&scenario_failure,    &scenario_number,   &scenario_twice,
};

struct driver_worker {
	HANDLE thread;
	uint32_t cpu;
	uint32_t units; /* done; W itself, R any */
};

static struct {
	const struct scenario *scenario;
	const struct failures_way *way;
	bool cpuslab;
	bool loaded; /* what it is told from now on are changes */
	struct cpuslab_hotplug *hotplug;
	PVOID registration;
	struct failures_outcome outcome;
	uint32_t no_memory;
	size_t allocated;
	uint32_t units;   /* of each worker, at least */
	uint32_t join;    /* no more is wanted of them */
	uint32_t points;  /* W any */
	uint32_t workers; /* at work */
	struct driver_worker worker[FAILURES_LIMIT];
} now;

/* ---- what a driver asks ---------------------------------------------- */

bool failures_runs(uint32_t cpu)
{
	return cpuslab_kernel_cpu_active(cpu);
}

/* Let others run; now and then, outside read sections, for longer. */
void failures_point(void)
{
	if (cpuslab_fetch_add_u32(&now.points, 1) % 8 ||
	    cpuslab__nt_irql() >= DISPATCH_LEVEL)
		ZwYieldExecution();
	else
		tester_sleep();
}

uint32_t failures_count(void)
{
	uint32_t cpu, count = 0;

	for (cpu = 0; cpu < FAILURES_LIMIT; cpu++)
		count += cpuslab_kernel_cpu_active(cpu);
	return count;
}

uint64_t failures_affinity(void)
{
	return KeQueryGroupAffinity(0);
}

void *failures_alloc(size_t bytes)
{
	void *memory = NULL;

	if (!cpuslab_load_acquire_u32(&now.no_memory))
		memory = ExAllocatePoolWithTag(NonPagedPoolNx, bytes,
					       DRIVER_TAG);
	if (memory) {
		memset(memory, 0, bytes);
		now.allocated += bytes;
	}
	return memory;
}

void failures_free(void *memory, size_t bytes)
{
	if (!memory)
		return;
	now.allocated -= bytes;
	ExFreePoolWithTag(memory, DRIVER_TAG);
}

size_t failures_allocated(void)
{
	return now.allocated;
}

/* At the end of what is committed of a reservation. */
void *failures_guarded(size_t bytes)
{
	SIZE_T whole = (bytes + 4095) & ~(SIZE_T)4095, reserved = whole + 4096;
	HANDLE self = (HANDLE)(LONG_PTR)-1;
	PVOID base = NULL;

	if (!NT_SUCCESS(ZwAllocateVirtualMemory(self, &base, 0, &reserved,
						MEM_RESERVE, PAGE_NOACCESS)) ||
	    !NT_SUCCESS(ZwAllocateVirtualMemory(self, &base, 0, &whole,
						MEM_COMMIT, PAGE_READWRITE)))
		return NULL;
	return (char *)base + whole - bytes;
}

void failures_say(char *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	_vsnprintf(text, CONTROL_TEXT - 1, format, args);
	va_end(args);
	text[CONTROL_TEXT - 1] = 0;
}

const char *failures_end(const struct failures_outcome *outcome)
{
	return failures_segv(outcome) ? "an access violation" : "no exception";
}

bool failures_segv(const struct failures_outcome *outcome)
{
	return outcome->signal == DRIVER_SEGV;
}

/* ---- crashes --------------------------------------------------------- */

int driver_catch(void (*call)(uint32_t arg), uint32_t arg);
extern const char driver_caught[];
EXCEPTION_DISPOSITION driver_exception(PEXCEPTION_RECORD record, PVOID frame,
				       PCONTEXT context, PVOID dispatcher);

/* Go on behind the call, which has failed. */
EXCEPTION_DISPOSITION driver_exception(PEXCEPTION_RECORD record, PVOID frame,
				       PCONTEXT context, PVOID dispatcher)
{
	(void)dispatcher;
	if (record->ExceptionCode != STATUS_ACCESS_VIOLATION)
		return ExceptionContinueSearch;
	context->Rip = (ULONG64)(uintptr_t)driver_caught;
	context->Rsp = (ULONG64)(uintptr_t)frame;
	context->Rax = 1;
	return ExceptionContinueExecution;
}

/* ---- work ------------------------------------------------------------ */

static void driver_bind(uint32_t cpu, GROUP_AFFINITY *before)
{
	GROUP_AFFINITY there;
	PROCESSOR_NUMBER number;

	memset(&there, 0, sizeof(there));
	KeGetProcessorNumberFromIndex(cpu, &number);
	there.Group = number.Group;
	there.Mask = (KAFFINITY)1 << number.Number;
	KeSetSystemGroupAffinityThread(&there, before);
}

/* On this processor, unless the driver has crashed. */
static void driver_unit(uint32_t cpu)
{
	if (now.outcome.signal)
		return;
	if (!driver_catch(now.way->work, cpu))
		return;
	now.outcome.cpu = cpu;
	now.outcome.signal = DRIVER_SEGV;
}

static void driver_in_turn(uint32_t units)
{
	GROUP_AFFINITY before;
	uint32_t cpu;

	while (units-- && !now.outcome.signal) {
		for (cpu = 0; cpu < FAILURES_LIMIT && !now.outcome.signal;
		     cpu++) {
			if (!cpuslab_kernel_cpu_active(cpu))
				continue;
			now.outcome.wanted++;
			driver_bind(cpu, &before);
			driver_unit(cpu);
			KeRevertToUserGroupAffinityThread(&before);
		}
		if (now.way->round && !now.outcome.signal)
			now.way->round();
	}
}

static VOID NTAPI driver_worker(PVOID arg)
{
	struct driver_worker *worker = arg;
	GROUP_AFFINITY before;

	driver_bind(worker->cpu, &before);
	do {
		driver_unit(worker->cpu);
		cpuslab_store_release_u32(&worker->units, worker->units + 1);
	} while (worker->units < now.units ||
		 !cpuslab_load_acquire_u32(&now.join));
	KeRevertToUserGroupAffinityThread(&before);
	PsTerminateSystemThread(STATUS_SUCCESS);
}

static void driver_join(void)
{
	cpuslab_store_release_u32(&now.join, 1);
	while (now.workers) {
		struct driver_worker *worker = &now.worker[--now.workers];

		tester_join(worker->thread);
		now.outcome.wanted += worker->units;
	}
}

/*
 * One thread on each processor, which go on until they are joined. When it
 * returns all are at work.
 */
static void driver_at_once(uint32_t units)
{
	uint32_t cpu, i;

	now.units = units;
	cpuslab_store_release_u32(&now.join, 0);
	for (cpu = 0; cpu < FAILURES_LIMIT; cpu++) {
		struct driver_worker *worker = &now.worker[now.workers];

		worker->cpu = cpu;
		worker->units = 0;
		if (cpuslab_kernel_cpu_active(cpu) &&
		    !tester_spawn(driver_worker, worker, &worker->thread))
			now.workers++;
	}
	for (i = 0; i < now.workers; i++)
		while (!cpuslab_load_acquire_u32(&now.worker[i].units))
			ZwYieldExecution();
}

static void driver_work(uint32_t units, bool until_join)
{
	if (until_join) {
		driver_at_once(DRIVER_LEAST);
	} else if (now.scenario->at_once) {
		driver_at_once(units);
		driver_join();
	} else {
		driver_in_turn(units);
	}
}

/* ---- what the system says --------------------------------------------- */

static VOID NTAPI driver_told(PVOID context,
			      PKE_PROCESSOR_CHANGE_NOTIFY_CONTEXT change,
			      PNTSTATUS status)
{
	void (*callback)(uint32_t cpu) = NULL;

	(void)context;
	(void)status;
	if (change->State == KeProcessorAddStartNotify)
		callback = now.way->start;
	if (change->State == KeProcessorAddCompleteNotify)
		callback = now.way->complete;
	if (change->State == KeProcessorAddFailureNotify)
		callback = now.way->failure;
	if (callback && now.loaded)
		callback(change->NtNumber);
}

/* ---- life ------------------------------------------------------------ */

static int driver_create(void)
{
	const struct cpuslab_domain_config config = {
		.flags = CPUSLAB_HOTPLUG_DOMAIN_FLAGS,
	};
	const struct cpuslab_hotplug_config hotplug = {
		.flags = CPUSLAB_HOTPLUG_NEVER_REFUSE,
	};
	int err = cpuslab_domain_create(&failures_domain, &config);

	if (!err)
		err = cpuslab_hotplug_create(&now.hotplug, failures_domain,
					     &hotplug);
	if (!err)
		err = cpuslab_slab_create(&failures_slab, failures_domain,
					  NULL);
	return err;
}

/* Both ways are told by the system; with cpuslab, the domain first. */
static int driver_load(struct control *control)
{
	int err = cpuslab_kernel_init();

	now.scenario = driver_all[control->arg[0] % DRIVER_SCENARIOS];
	now.cpuslab = control->arg[1];
	now.way = now.cpuslab ? &now.scenario->cpuslab : &now.scenario->usual;
	tester_text(control, now.scenario->name);
	if (!err && now.cpuslab)
		err = driver_create();
	now.registration = KeRegisterProcessorChangeCallback(
		driver_told, NULL, KE_PROCESSOR_CHANGE_ADD_EXISTING);
	if (!err && now.way->load)
		err = now.way->load();
	now.loaded = true;
	return err;
}

static bool driver_destroy(void)
{
	struct cpuslab_stats stats;
	bool sound = true;

	if (now.cpuslab) {
		cpuslab_stats_get(failures_slab, &stats);
		sound = !stats.objects && !cpuslab_slab_check(failures_slab) &&
			!cpuslab_domain_check(failures_domain);
	}
	if (now.registration)
		KeDeregisterProcessorChangeCallback(now.registration);
	cpuslab_hotplug_destroy(now.hotplug);
	cpuslab_slab_destroy(failures_slab);
	cpuslab_domain_destroy(failures_domain);
	cpuslab_kernel_fini();
	return sound;
}

static void driver_finish(struct control *control)
{
	const struct scenario *scenario = now.scenario;
	struct failures_outcome *outcome = &now.outcome;
	bool right;

	/* What it was told last is over. */
	if (!outcome->signal)
		now.way->finish(outcome);
	outcome->sound = driver_destroy() && !outcome->signal;
	right = outcome->sound && scenario->right(outcome);
	control->result[DRIVER_RIGHT] = right;
	control->result[DRIVER_FAILS] = scenario->fails(outcome) && !right;
	control->result[DRIVER_ALWAYS] = scenario->always;
	if (now.cpuslab)
		scenario->say_cpuslab(outcome, control->text);
	else
		scenario->say_usual(outcome, control->text);
}

static void driver_first(struct control *control)
{
	const uint32_t *first =
		driver_all[control->arg[0] % DRIVER_SCENARIOS]->first;
	uint32_t i;

	for (i = 0; i < FAILURES_FIRST; i++)
		control->result[i] = first ? first[i] : i;
}

static void driver_control(struct control *control)
{
	const struct failures_event *event;

	control->status = 0;
	switch (control->command) {
	case DRIVER_LOAD:
		control->status = driver_load(control);
		break;
	case DRIVER_FIRST:
		driver_first(control);
		break;
	case DRIVER_EVENT:
		event = &now.scenario->script[control->arg[0]];
		control->result[0] = event->what;
		control->result[1] = event->number;
		break;
	case DRIVER_WORK:
		driver_work(control->arg[0], control->arg[1]);
		break;
	case DRIVER_JOIN:
		driver_join();
		break;
	case DRIVER_QUIESCE:
		cpuslab_port_rcu_barrier();
		break;
	case DRIVER_MEMORY:
		cpuslab_store_release_u32(&now.no_memory, !control->arg[0]);
		break;
	case DRIVER_FINISH:
		driver_finish(control);
		break;
	default:
		control->status = -CPUSLAB_EINVAL;
	}
}

static VOID NTAPI driver_unload(PDRIVER_OBJECT driver)
{
	device_delete(driver, L"\\DosDevices\\" DEVICE_FAILURES);
}

DRIVER_INITIALIZE DriverEntry;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
	(void)path;
	driver->DriverUnload = driver_unload;
	return device_create(driver, L"\\Device\\" DEVICE_FAILURES,
			     L"\\DosDevices\\" DEVICE_FAILURES, driver_control);
}
