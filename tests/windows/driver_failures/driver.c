/* SPDX-License-Identifier: MIT */
/*
 * driver.c - one driver of a scenario of tests/driver_failures/, as a Windows
 * driver: KeRegisterProcessorChangeCallback notifies it, and it works on each
 * processor in a thread that is bound there.
 *
 * A crash is caught as the exception that it is and ends the script; the driver
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

#define DRIVER_SIGNAL 11 /* of an outcome: an invalid access */
#define DRIVER_TAG 0x65646f4du
#define DRIVER_LEAST 40u /* units, however soon an add is finished */

NTSYSAPI NTSTATUS NTAPI ZwYieldExecution(VOID);
NTSYSAPI NTSTATUS NTAPI ZwAllocateVirtualMemory(HANDLE process, PVOID *base,
						ULONG_PTR zero_bits,
						PSIZE_T bytes, ULONG type,
						ULONG protect);

CPUSLAB_STATIC_ASSERT(SCENARIO_TEXT <= CONTROL_TEXT, "a text fits");

struct cpuslab_domain *driver_domain;
struct cpuslab_slab *driver_slab;

struct driver_worker {
	HANDLE thread;
	uint32_t cpu;
	uint32_t units; /* done; W itself, R any */
};

static struct {
	const struct scenario *scenario;
	struct driver driver;
	bool cpuslab;
	bool loaded; /* notifications from now on are changes */
	struct cpuslab_hotplug *hotplug;
	PVOID registration;
	struct outcome outcome;
	uint32_t no_memory;
	size_t allocated;
	uint32_t units;   /* of each worker, at least */
	uint32_t join;    /* they end */
	uint32_t points;  /* W any */
	uint32_t workers; /* at work */
	struct driver_worker worker[SCENARIO_LIMIT];
} now;

/* ---- what a driver asks ---------------------------------------------- */

bool system_runs(uint32_t cpu)
{
	return cpuslab_kernel_cpu_active(cpu);
}

/* Let others run; now and then, outside read sections, for longer. */
void system_point(void)
{
	if (cpuslab_fetch_add_u32(&now.points, 1) % 8 ||
	    cpuslab__nt_irql() >= DISPATCH_LEVEL)
		ZwYieldExecution();
	else
		tester_sleep();
}

uint32_t system_count(void)
{
	uint32_t cpu, count = 0;

	for (cpu = 0; cpu < SCENARIO_LIMIT; cpu++)
		count += cpuslab_kernel_cpu_active(cpu);
	return count;
}

uint64_t system_affinity(void)
{
	return KeQueryGroupAffinity(0);
}

void *system_alloc(size_t bytes)
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

void system_free(void *memory, size_t bytes)
{
	if (!memory)
		return;
	now.allocated -= bytes;
	ExFreePoolWithTag(memory, DRIVER_TAG);
}

size_t system_allocated(void)
{
	return now.allocated;
}

/* At the end of what is committed of a reservation. */
void *system_guarded(size_t bytes)
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

bool system_crashed(const struct outcome *outcome)
{
	return outcome->signal == DRIVER_SIGNAL;
}

const char *system_signal(const struct outcome *outcome)
{
	return system_crashed(outcome) ? "access violation" : "no exception";
}

/* ---- crashes --------------------------------------------------------- */

int driver_catch(void (*call)(uint32_t arg), uint32_t arg);
extern const char driver_caught[];
EXCEPTION_DISPOSITION driver_exception(PEXCEPTION_RECORD record, PVOID frame,
				       PCONTEXT context, PVOID dispatcher);

/* Go on behind the call, which failed. */
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
	if (!driver_catch(now.driver.work, cpu)) {
		scenario_count(&now.outcome.done);
		return;
	}
	now.outcome.cpu = cpu;
	now.outcome.signal = DRIVER_SIGNAL;
}

static void driver_in_turn(uint32_t units)
{
	GROUP_AFFINITY before;
	uint32_t cpu;

	while (units-- && !now.outcome.signal) {
		for (cpu = 0; cpu < SCENARIO_LIMIT && !now.outcome.signal;
		     cpu++) {
			if (!cpuslab_kernel_cpu_active(cpu))
				continue;
			now.outcome.begun++;
			driver_bind(cpu, &before);
			driver_unit(cpu);
			KeRevertToUserGroupAffinityThread(&before);
		}
		if (now.driver.round && !now.outcome.signal)
			now.driver.round();
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
		now.outcome.begun += worker->units;
	}
}

/*
 * One thread on each processor, until they are joined. When it returns all are
 * at work.
 */
static void driver_at_once(uint32_t units)
{
	uint32_t cpu, i;

	now.units = units;
	cpuslab_store_release_u32(&now.join, 0);
	for (cpu = 0; cpu < SCENARIO_LIMIT; cpu++) {
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
	} else if (now.scenario->work == WORK_AT_ONCE) {
		driver_at_once(units);
		driver_join();
	} else {
		driver_in_turn(units);
	}
}

/* ---- notifications ----------------------------------------------------- */

static VOID NTAPI driver_notify(PVOID context,
				PKE_PROCESSOR_CHANGE_NOTIFY_CONTEXT change,
				PNTSTATUS status)
{
	void (*callback)(uint32_t cpu) = NULL;

	(void)context;
	(void)status;
	if (change->State == KeProcessorAddStartNotify)
		callback = now.driver.start;
	if (change->State == KeProcessorAddCompleteNotify)
		callback = now.driver.complete;
	if (change->State == KeProcessorAddFailureNotify)
		callback = now.driver.failure;
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
	int err = cpuslab_domain_create(&driver_domain, &config);

	if (!err)
		err = cpuslab_hotplug_create(&now.hotplug, driver_domain,
					     &hotplug);
	if (!err)
		err = cpuslab_slab_create(&driver_slab, driver_domain, NULL);
	return err;
}

/* The system notifies both drivers; with cpuslab, the domain first. */
static int driver_load(struct control *control)
{
	int err = cpuslab_kernel_init();

	now.scenario = scenario_get(control->arg[0], false);
	now.cpuslab = control->arg[1];
	now.driver = scenario_driver(now.scenario, now.cpuslab);
	tester_text(control, now.scenario->name);
	if (!err && now.cpuslab)
		err = driver_create();
	now.registration = KeRegisterProcessorChangeCallback(
		driver_notify, NULL, KE_PROCESSOR_CHANGE_ADD_EXISTING);
	if (!err)
		err = now.driver.load();
	now.loaded = true;
	return err;
}

static bool driver_destroy(void)
{
	struct cpuslab_stats stats;
	bool sound = true;

	if (now.cpuslab) {
		cpuslab_stats_get(driver_slab, &stats);
		sound = !stats.objects && !cpuslab_slab_check(driver_slab) &&
			!cpuslab_domain_check(driver_domain);
	}
	if (now.registration)
		KeDeregisterProcessorChangeCallback(now.registration);
	cpuslab_hotplug_destroy(now.hotplug);
	cpuslab_slab_destroy(driver_slab);
	cpuslab_domain_destroy(driver_domain);
	cpuslab_kernel_fini();
	return sound;
}

static void driver_finish(struct control *control)
{
	const struct scenario *scenario = now.scenario;
	struct outcome *outcome = &now.outcome;
	bool fails, right;

	if (!outcome->signal)
		scenario_end(scenario, &now.driver, outcome);
	outcome->sound = driver_destroy() && !outcome->signal;
	fails = scenario_fails(scenario, outcome);
	right = scenario_right(scenario, outcome);
	control->result[DRIVER_FAILS] = fails;
	control->result[DRIVER_RIGHT] = right;
	control->result[DRIVER_ALWAYS] = scenario->always;
	scenario_text(scenario, now.cpuslab, outcome,
		      now.cpuslab ? right : fails, control->text);
}

static void driver_first(struct control *control)
{
	const struct scenario *scenario = scenario_get(control->arg[0], false);
	uint32_t i;

	for (i = 0; i < SCENARIO_FIRST; i++)
		control->result[i] = scenario_first(scenario, i);
}

static void driver_control(struct control *control)
{
	const struct event *event;
	uint32_t i;

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
		control->result[0] = event->kind;
		control->result[1] = event->number;
		break;
	case DRIVER_WORK:
		driver_work(control->arg[0], control->arg[1]);
		break;
	case DRIVER_JOIN:
		driver_join();
		break;
	case DRIVER_QUIESCE:
		/* A slab has two batches; a callback may queue itself again. */
		for (i = 0; i < 4; i++)
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
