/* SPDX-License-Identifier: MIT */
/*
 * adds.c - drivers register and processors are added; breaches of the rules are
 * detected.
 */
#include "system.h"

#define ADDS_DRIVERS 16
#define ADDS_UNTOUCHED ((NTSTATUS)0x5a5a5a5a) /* a success, unused */
#define ADDS_RUBBISH ((NTSTATUS)0xda5a5a5a)   /* looks like an error */
#define ADDS_RUN_MS 3

struct adds_registration {
	PPROCESSOR_CALLBACK_FUNCTION callback; /* NULL: free */
	PVOID context;
	uint32_t in_flight;
	uint32_t entering; /* calls that have not reached the callback yet */
	bool started;      /* for the processor that is being added */
};

static struct adds_registration adds_drivers[ADDS_DRIVERS];
static uint32_t adds_lock; /* of the array */
static uint64_t adds_calls;

static struct adds_background {
	void *thread; /* NULL: none */
	struct control control;
} adds_background;

void system_adds_reset(void)
{
	uint32_t i;

	for (i = 0; i < ADDS_DRIVERS; i++)
		if (adds_drivers[i].callback)
			system_violation(
				"an earlier driver left a registration");
	memset(adds_drivers, 0, sizeof(adds_drivers));
	adds_calls = 0;
}

void system_adds_read(struct control *control)
{
	uint32_t i;

	host_lock(&adds_lock);
	for (i = 0; i < ADDS_DRIVERS; i++) {
		control->result[RESULT_REGISTRATIONS] +=
			adds_drivers[i].callback != NULL;
		control->result[RESULT_CALLS] += adds_drivers[i].in_flight;
	}
	host_unlock(&adds_lock);
}

/* ---- one call ------------------------------------------------------------ */

static void call_check(const KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT *given,
		       const KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT *found,
		       NTSTATUS before, NTSTATUS after)
{
	const unsigned char *a = (const unsigned char *)given;
	const unsigned char *b = (const unsigned char *)found;
	size_t i;

	for (i = 0; i < sizeof(*given); i++)
		if (a[i] != b[i]) {
			system_violation("the context was written");
			break;
		}
	if (after != before && given->State != KeProcessorAddStartNotify)
		system_violation("OperationStatus was written outside Start");
	if (after != before && !NT_SUCCESS(before))
		system_violation("OperationStatus was written over a refusal");
	if (after != before && NT_SUCCESS(after))
		system_violation("OperationStatus was written without an "
				 "error");
	system_check_restored();
}

void system_entered(void)
{
	uint32_t *entering = system_self()->entering;

	system_self()->entering = NULL;
	if (entering)
		cpuslab_fetch_add_u32(entering, (uint32_t)-1);
}

/* Call one driver; its arguments are where it could write them. */
static void call_one(struct adds_registration *driver,
		     KE_PROCESSOR_CHANGE_NOTIFY_STATE state, uint32_t cpu,
		     NTSTATUS *status)
{
	KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT given, found;
	PPROCESSOR_CALLBACK_FUNCTION callback;
	const KIRQL level = system_state.quirks & QUIRK_APC ? APC_LEVEL :
							      PASSIVE_LEVEL;
	NTSTATUS before = *status;
	PVOID context;

	memset(&given, 0x5a, sizeof(given));
	given.State = state;
	given.NtNumber = cpu;
	/* In other states it means nothing, whatever it looks like. */
	given.Status = state == KeProcessorAddFailureNotify ?
			       STATUS_UNSUCCESSFUL :
			       ADDS_RUBBISH;
	if (cpu < system_state.limit) {
		given.ProcNumber.Group = system_state.cpus[cpu].group;
		given.ProcNumber.Number = system_state.cpus[cpu].number;
	}
	found = given;
	host_lock(&adds_lock);
	callback = driver->callback;
	context = driver->context;
	driver->in_flight += callback != NULL;
	if (callback)
		cpuslab_fetch_add_u32(&driver->entering, 1);
	host_unlock(&adds_lock);
	if (!callback)
		return;
	adds_calls++;
	system_self()->callback = 1 + state;
	system_self()->entering = &driver->entering;
	system_self()->irql = level;
	callback(context, &found, status);
	if (system_self()->irql != level)
		system_violation("a callback returned at another level");
	system_self()->irql = PASSIVE_LEVEL;
	system_entered();
	system_self()->callback = 0;
	call_check(&given, &found, before, *status);
	host_lock(&adds_lock);
	driver->in_flight--;
	host_unlock(&adds_lock);
}

/* The calls after Start, which cannot be refused. */
static void call_notify(struct adds_registration *driver,
			KE_PROCESSOR_CHANGE_NOTIFY_STATE state, uint32_t cpu)
{
	NTSTATUS untouched = ADDS_UNTOUCHED;

	call_one(driver, state, cpu, &untouched);
}

/* ---- an add -------------------------------------------------------------- */

static struct adds_registration *add_driver(uint32_t nth, uint32_t flags)
{
	return &adds_drivers[flags & ADD_REVERSE ? ADDS_DRIVERS - 1 - nth :
						   nth];
}

/* Call Start of every driver, until one refuses. */
static NTSTATUS add_start(uint32_t cpu, uint32_t flags)
{
	NTSTATUS status = STATUS_SUCCESS;
	uint32_t nth;

	for (nth = 0; nth < ADDS_DRIVERS; nth++)
		adds_drivers[nth].started = false;
	for (nth = 0; nth < ADDS_DRIVERS; nth++) {
		struct adds_registration *driver = add_driver(nth, flags);

		if (!NT_SUCCESS(status) && !(flags & ADD_ALL_STARTS))
			break;
		call_one(driver, KeProcessorAddStartNotify, cpu, &status);
		driver->started = NT_SUCCESS(status) ||
				  (flags & ADD_TELLS_REFUSER);
	}
	return status;
}

struct adds_second {
	uint32_t cpu, flags;
	KE_PROCESSOR_CHANGE_NOTIFY_STATE state;
};

static void add_second_calls(void *arg)
{
	const struct adds_second *second = arg;
	uint32_t nth;

	system_thread_begin();
	for (nth = 0; nth < ADDS_DRIVERS; nth++) {
		struct adds_registration *driver =
			add_driver(nth, second->flags);

		if (driver->started)
			call_notify(driver, second->state, second->cpu);
	}
}

static void add_end(uint32_t cpu, uint32_t flags,
		    KE_PROCESSOR_CHANGE_NOTIFY_STATE state)
{
	struct adds_second second = { cpu, flags, state };

	if (flags & ADD_OTHER_THREAD)
		host_join(host_spawn(add_second_calls, &second));
	else
		add_second_calls(&second);
}

static NTSTATUS add_now(uint32_t cpu, uint32_t flags)
{
	NTSTATUS status;

	host_lock(&system_state.changes);
	system_state.slow = flags & ADD_SLOW ? 20 : 0;
	status = add_start(cpu, flags);
	if (NT_SUCCESS(status) && (!(flags & ADD_FAILS) || (flags & ADD_RUNS)))
		system_cpu_activate(cpu);
	if (NT_SUCCESS(status) && (flags & ADD_RUNS))
		host_sleep(ADDS_RUN_MS);
	if (NT_SUCCESS(status) && (flags & ADD_FAILS)) {
		if (flags & ADD_RUNS)
			system_cpu_deactivate(cpu);
		status = STATUS_UNSUCCESSFUL;
	}
	add_end(cpu, flags,
		NT_SUCCESS(status) ? KeProcessorAddCompleteNotify :
				     KeProcessorAddFailureNotify);
	system_state.slow = 0;
	host_unlock(&system_state.changes);
	return status;
}

static void add_in_background(void *arg)
{
	struct control *control = arg;

	system_thread_begin();
	control->status = add_now(control->arg[0], control->arg[1]);
}

void system_add(struct control *control)
{
	if (!(control->arg[1] & ADD_BACKGROUND)) {
		control->status = add_now(control->arg[0], control->arg[1]);
		return;
	}
	adds_background.control = *control;
	system_background(add_in_background, &adds_background.control);
}

void system_background(void (*run)(void *arg), void *arg)
{
	adds_background.thread = host_spawn(run, arg);
}

void system_add_wait(struct control *control)
{
	if (!adds_background.thread)
		return;
	host_join(adds_background.thread);
	adds_background.thread = NULL;
	control->status = adds_background.control.status;
}

void system_event(const struct control *control)
{
	uint32_t nth;

	host_lock(&system_state.changes);
	for (nth = 0; nth < ADDS_DRIVERS; nth++) {
		NTSTATUS status = STATUS_SUCCESS;

		if (control->arg[0] != KeProcessorAddStartNotify) {
			call_notify(&adds_drivers[nth],
				    (KE_PROCESSOR_CHANGE_NOTIFY_STATE)
					    control->arg[0],
				    control->arg[1]);
			continue;
		}
		call_one(&adds_drivers[nth], KeProcessorAddStartNotify,
			 control->arg[1], &status);
		if (NT_SUCCESS(status) && adds_drivers[nth].callback &&
		    control->arg[1] >= system_state.limit)
			system_violation("an impossible processor was not "
					 "refused");
	}
	host_unlock(&system_state.changes);
}

/* ---- registration -------------------------------------------------------- */

/* Is it reported to a driver that registers? */
static bool register_shows(uint32_t cpu)
{
	return system_cpu_is_active(cpu) &&
	       !(system_state.quirks & QUIRK_SHOWS_LESS &&
		 cpu == system_state.active[0]);
}

static NTSTATUS register_existing(struct adds_registration *driver)
{
	NTSTATUS status = STATUS_SUCCESS;
	uint32_t cpu, shown;

	for (cpu = 0; cpu < system_state.limit && NT_SUCCESS(status); cpu++)
		if (register_shows(cpu))
			call_one(driver, KeProcessorAddStartNotify, cpu,
				 &status);
	/* The refused processor itself gets no failure. */
	shown = NT_SUCCESS(status) ? cpu : cpu - 1;
	for (cpu = 0; cpu < shown; cpu++)
		if (register_shows(cpu))
			call_notify(driver,
				    NT_SUCCESS(status) ?
					    KeProcessorAddCompleteNotify :
					    KeProcessorAddFailureNotify,
				    cpu);
	return status;
}

static struct adds_registration *
register_place(PPROCESSOR_CALLBACK_FUNCTION callback, PVOID context)
{
	struct adds_registration *driver;
	uint32_t i;

	for (i = 0; adds_drivers[i].callback; i++)
		continue;
	driver = &adds_drivers[i];
	host_lock(&adds_lock);
	driver->callback = callback;
	driver->context = context;
	driver->started = false;
	host_unlock(&adds_lock);
	return driver;
}

PVOID SYSTEM(KeRegisterProcessorChangeCallback)(
	PPROCESSOR_CALLBACK_FUNCTION callback, PVOID context, ULONG flags)
{
	struct adds_registration *driver;

	system_check_irql(PASSIVE_LEVEL, "a registration above PASSIVE_LEVEL");
	if (flags != KE_PROCESSOR_CHANGE_ADD_EXISTING)
		system_violation(
			"a registration without the existing processors");
	if (system_state.quirks & QUIRK_NULL || system_step_fails())
		return NULL;
	host_lock(&system_state.changes);
	driver = register_place(callback, context);
	if (!NT_SUCCESS(register_existing(driver)) &&
	    (system_state.quirks & QUIRK_REFUSED_IS_NULL)) {
		host_lock(&adds_lock);
		driver->callback = NULL;
		host_unlock(&adds_lock);
		driver = NULL;
	}
	host_unlock(&system_state.changes);
	return driver;
}

VOID SYSTEM(KeDeregisterProcessorChangeCallback)(PVOID registration)
{
	struct adds_registration *driver = registration;
	uint32_t calls;

	system_check_irql(PASSIVE_LEVEL,
			  "a deregistration above PASSIVE_LEVEL");
	host_lock(&adds_lock);
	if (!driver->callback)
		system_violation("a second deregistration");
	driver->callback = NULL;
	host_unlock(&adds_lock);
	/*
	 * Only the system can see a call that has not reached the driver yet.
	 */
	while (cpuslab_load_acquire_u32(&driver->entering))
		host_yield();
	do {
		host_lock(&adds_lock);
		calls = driver->in_flight;
		host_unlock(&adds_lock);
		if (calls && (system_state.quirks & QUIRK_DEREGISTER_WAITS))
			host_sleep(1);
	} while (calls && (system_state.quirks & QUIRK_DEREGISTER_WAITS));
}
