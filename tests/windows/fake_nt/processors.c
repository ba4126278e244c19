/* SPDX-License-Identifier: MIT */
/*
 * processors.c - processors, their numbers and IRQLs.
 */
#include "system.h"

#define THREADS_MAX 4096u

struct system_state system_state;

static struct system_thread processors_threads[THREADS_MAX];

/* ---- the caller ---------------------------------------------------------- */

static void thread_init(struct system_thread *thread, uint64_t id)
{
	thread->random = (id * 0x9e3779b97f4a7c15u) ^ system_state.seed;
	thread->random |= 1;
	thread->cpu = SYSTEM_NONE;
	thread->bound = SYSTEM_NONE;
	thread->regions = 0;
	thread->callback = 0;
	thread->entering = NULL;
	thread->irql = PASSIVE_LEVEL;
	thread->owns = false;
	thread->interrupts = false;
}

/*
 * The table only grows until the next reset; a thread number that is used again
 * finds its old entry.
 */
struct system_thread *system_self(void)
{
	uint64_t id = host_self();
	uint32_t i = (uint32_t)((id * 0x9e3779b97f4a7c15u) >> 40);

	for (;; i++) {
		struct system_thread *thread =
			&processors_threads[i % THREADS_MAX];
		uint64_t found = cpuslab_load_acquire_u64(&thread->id);

		if (found == id)
			return thread;
		if (found || !cpuslab_cas_u64(&thread->id, &found, id))
			continue;
		thread_init(thread, id);
		return thread;
	}
}

void system_thread_begin(void)
{
	thread_init(system_self(), host_self());
}

uint32_t system_random(uint32_t below)
{
	struct system_thread *self = system_self();

	self->random ^= self->random << 13;
	self->random ^= self->random >> 7;
	self->random ^= self->random << 17;
	return (uint32_t)(self->random >> 32) % below;
}

void system_violation(const char *what)
{
	uint32_t i;

	if (cpuslab_fetch_add_u64(&system_state.violations, 1))
		return;
	for (i = 0; what[i] && i < CONTROL_TEXT - 1; i++)
		system_state.violation[i] = what[i];
	system_state.violation[i] = 0;
	host_log(what);
}

void system_check_restored(void)
{
	const struct system_thread *self = system_self();

	if (self->irql != PASSIVE_LEVEL)
		system_violation("a call returned with its level raised");
	if (self->regions)
		system_violation("a call returned in a critical region");
	if (self->bound != SYSTEM_NONE)
		system_violation("a call returned with another affinity");
}

void system_check_irql(KIRQL max, const char *what)
{
	if (system_self()->irql > max)
		system_violation(what);
}

/* ---- which processors there are ------------------------------------------ */

/* Group and number of the @nth processor, if groups have @widths in turn. */
static void number_of(uint32_t nth, const uint32_t widths[2],
		      struct system_cpu *cpu)
{
	uint32_t pair = widths[0] + widths[1];
	uint32_t left = nth % pair;

	cpu->group = (uint16_t)(nth / pair * 2 + (left >= widths[0]));
	cpu->number = (uint8_t)(left >= widths[0] ? left - widths[0] : left);
}

static uint32_t index_of(uint32_t nth, const struct system_cpu *cpu,
			 uint32_t numbering, uint32_t limit)
{
	if (numbering == NUMBERING_BY_64)
		return cpu->group * 64u + cpu->number;
	if (numbering == NUMBERING_MIXED)
		return (nth * 37 + 5) % limit; /* limit is no multiple of 37 */
	return nth;
}

void system_processors_reset(const struct control *control)
{
	const uint32_t widths[2] = { control->arg[ARG_WIDTHS] & 0xff,
				     control->arg[ARG_WIDTHS] >> 8 & 0xff };
	struct system_cpu *cpus = system_state.cpus;
	uint32_t nth, cpu;

	/* No other thread runs now. */
	memset(processors_threads, 0, sizeof(processors_threads));
	memset(cpus, 0, sizeof(system_state.cpus));
	system_state.limit = control->arg[ARG_LIMIT];
	system_state.quirks = control->arg[ARG_QUIRKS];
	system_state.seed = control->arg[ARG_SEED] * 2654435769u + 1;
	system_state.active_count = 0;
	system_state.stuck = SYSTEM_NONE;
	for (cpu = 0; cpu < system_state.limit; cpu++)
		cpus[cpu].group = 0xffff; /* a gap */
	for (nth = 0; nth < system_state.limit; nth++) {
		struct system_cpu it = { 0 };

		number_of(nth, widths, &it);
		cpu = index_of(nth, &it, control->arg[ARG_NUMBERING],
			       system_state.limit);
		if (cpu >= system_state.limit)
			break;
		cpus[cpu] = it;
		if (nth < control->arg[ARG_ACTIVE])
			system_cpu_activate(cpu);
	}
}

void system_processors_mark(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < system_state.limit; cpu++)
		cpuslab_store_release_u32(&system_state.cpus[cpu].dpcs, 0);
	cpuslab_store_release_u64(&system_state.hints, 0);
	cpuslab_store_release_u64(&system_state.raises, 0);
	cpuslab_store_release_u64(&system_state.waits, 0);
}

void system_processors_read(struct control *control)
{
	uint32_t cpu;

	for (cpu = 0; cpu < system_state.limit; cpu++)
		control->result[RESULT_DPCS] +=
			cpuslab_load_acquire_u32(
				&system_state.cpus[cpu].dpcs) != 0;
	control->result[RESULT_HINTS] =
		cpuslab_load_acquire_u64(&system_state.hints);
	control->result[RESULT_RAISES] =
		cpuslab_load_acquire_u64(&system_state.raises);
	control->result[RESULT_WAITS] =
		cpuslab_load_acquire_u64(&system_state.waits);
}

bool system_cpu_is_active(uint32_t cpu)
{
	return cpuslab_load_acquire_u32(&system_state.cpus[cpu].active);
}

void system_cpu_activate(uint32_t cpu)
{
	uint32_t count = system_state.active_count;

	cpuslab_store_release_u32(&system_state.cpus[cpu].active, 1);
	cpuslab_store_release_u32(&system_state.active[count], cpu);
	cpuslab_store_release_u32(&system_state.active_count, count + 1);
}

void system_cpu_deactivate(uint32_t cpu)
{
	uint32_t count = system_state.active_count, i;

	for (i = 0; i < count; i++)
		if (system_state.active[i] == cpu)
			cpuslab_store_release_u32(
				&system_state.active[i],
				system_state.active[count - 1]);
	cpuslab_store_release_u32(&system_state.active_count, count - 1);
	cpuslab_store_release_u32(&system_state.cpus[cpu].active, 0);
	host_lock(&system_state.cpus[cpu].owner);
	host_lock(&system_state.cpus[cpu].interrupt);
	host_unlock(&system_state.cpus[cpu].interrupt);
	host_unlock(&system_state.cpus[cpu].owner);
}

void system_cpu_set_active(uint32_t cpu, bool active)
{
	if (active == system_cpu_is_active(cpu))
		return;
	if (active)
		system_cpu_activate(cpu);
	else
		system_cpu_deactivate(cpu);
}

static uint32_t cpu_any(void)
{
	uint32_t count = cpuslab_load_acquire_u32(&system_state.active_count);

	return cpuslab_load_acquire_u32(
		&system_state.active[system_random(count)]);
}

ULONG SYSTEM(KeQueryMaximumProcessorCountEx)(USHORT group)
{
	if (group != ALL_PROCESSOR_GROUPS)
		system_violation("a query of one group's maximum");
	return system_state.limit;
}

ULONG SYSTEM(KeGetCurrentProcessorNumberEx)(PPROCESSOR_NUMBER number)
{
	struct system_thread *self = system_self();
	uint32_t cpu = self->cpu;

	if (self->irql < DISPATCH_LEVEL && self->bound != SYSTEM_NONE) {
		cpu = self->bound;
	} else if (self->irql < DISPATCH_LEVEL) {
		cpuslab_fetch_add_u64(&system_state.hints, 1);
		cpu = cpu_any();
	}
	if (number) {
		number->Group = system_state.cpus[cpu].group;
		number->Number = system_state.cpus[cpu].number;
		number->Reserved = 0;
	}
	return cpu;
}

NTSTATUS SYSTEM(KeGetProcessorNumberFromIndex)(ULONG cpu,
					       PPROCESSOR_NUMBER number)
{
	if (cpu >= system_state.limit || system_state.cpus[cpu].group == 0xffff)
		return STATUS_INVALID_PARAMETER;
	number->Group = system_state.cpus[cpu].group;
	number->Number = system_state.cpus[cpu].number;
	number->Reserved = 0;
	return STATUS_SUCCESS;
}

ULONG SYSTEM(KeGetProcessorIndexFromNumber)(PPROCESSOR_NUMBER number)
{
	uint32_t cpu;

	for (cpu = 0; cpu < system_state.limit; cpu++)
		if (system_state.cpus[cpu].group == number->Group &&
		    system_state.cpus[cpu].number == number->Number)
			return cpu;
	return INVALID_PROCESSOR_INDEX;
}

uint32_t system_index(PPROCESSOR_NUMBER number)
{
	return SYSTEM(KeGetProcessorIndexFromNumber)(number);
}

KAFFINITY SYSTEM(KeQueryGroupAffinity)(USHORT group)
{
	KAFFINITY mask = 0;
	uint32_t cpu;

	for (cpu = 0; cpu < system_state.limit; cpu++)
		if (system_state.cpus[cpu].group == group &&
		    system_cpu_is_active(cpu))
			mask |= (KAFFINITY)1 << system_state.cpus[cpu].number;
	return mask;
}

#ifdef SYSTEM_IN_WINE
BOOLEAN NTAPI SYSTEM(PsGetVersion)(PULONG major, PULONG minor, PULONG build,
				   PUNICODE_STRING csd)
#else
BOOLEAN SYSTEM(PsGetVersion)(PULONG major, PULONG minor, PULONG build,
			     PVOID csd)
#endif
{
	(void)build;
	(void)csd;
	*major = 6;
	*minor = system_state.quirks & QUIRK_SERVER_2008 ? 0 :
		 system_state.quirks & QUIRK_WINDOWS_7   ? 1 :
							   3;
	return FALSE;
}

USHORT SYSTEM(KeQueryHighestNodeNumber)(VOID)
{
	return system_state.quirks & QUIRK_NODES ? 1 : 0;
}

static void affinity_of(const struct system_thread *self,
			GROUP_AFFINITY *affinity)
{
	memset(affinity, 0, sizeof(*affinity));
	if (self->bound == SYSTEM_NONE)
		return;
	affinity->Group = system_state.cpus[self->bound].group;
	affinity->Mask = (KAFFINITY)1 << system_state.cpus[self->bound].number;
}

/* This system keeps a thread on the first processor of its affinity. */
static uint32_t affinity_first(const GROUP_AFFINITY *affinity)
{
	uint32_t cpu;

	for (cpu = 0; cpu < system_state.limit; cpu++)
		if (system_state.cpus[cpu].group == affinity->Group &&
		    affinity->Mask >> system_state.cpus[cpu].number & 1)
			return cpu;
	return SYSTEM_NONE;
}

VOID SYSTEM(KeSetSystemGroupAffinityThread)(PGROUP_AFFINITY affinity,
					    PGROUP_AFFINITY previous)
{
	struct system_thread *self = system_self();

	system_check_irql(APC_LEVEL, "affinity is set above APC_LEVEL");
	if (affinity->Reserved[0] || affinity->Reserved[1] ||
	    affinity->Reserved[2])
		system_violation("affinity with reserved members set");
	if (previous)
		affinity_of(self, previous);
	self->bound = affinity_first(affinity);
	if (self->bound == SYSTEM_NONE || !system_cpu_is_active(self->bound))
		system_violation("affinity with an absent processor");
}

VOID SYSTEM(KeRevertToUserGroupAffinityThread)(PGROUP_AFFINITY previous)
{
	system_check_irql(APC_LEVEL, "affinity is reverted above APC_LEVEL");
	system_self()->bound = affinity_first(previous);
}

/* ---- levels -------------------------------------------------------------- */

KIRQL SYSTEM(KeGetCurrentIrql)(VOID)
{
	return system_self()->irql;
}

static bool cpu_try(uint32_t *lock, const struct system_cpu *cpu)
{
	uint32_t free = 0;

	if (!cpuslab_cas_u32(lock, &free, 1))
		return false;
	if (cpuslab_load_acquire_u32(&cpu->active))
		return true;
	host_unlock(lock);
	return false;
}

/* Become the thread at DISPATCH_LEVEL, or above it, on some processor. */
static void cpu_hold(struct system_thread *self, bool interrupt)
{
	uint32_t tries;

	for (tries = 0;; tries++) {
		uint32_t at = self->bound != SYSTEM_NONE ? self->bound :
							   cpu_any();
		struct system_cpu *cpu = &system_state.cpus[at];

		if (cpu_try(interrupt ? &cpu->interrupt : &cpu->owner, cpu)) {
			self->cpu = at;
			self->owns |= !interrupt;
			self->interrupts |= interrupt;
			return;
		}
		if (tries % 16 == 15)
			host_yield();
	}
}

KIRQL SYSTEM(KfRaiseIrql)(KIRQL irql)
{
	struct system_thread *self = system_self();
	KIRQL before = self->irql;

	if (irql < before)
		system_violation("an IRQL is raised to a lower one");
	if (irql >= DISPATCH_LEVEL)
		cpuslab_fetch_add_u64(&system_state.raises, 1);
	if (irql == DISPATCH_LEVEL && before < DISPATCH_LEVEL)
		cpu_hold(self, false);
	if (irql > DISPATCH_LEVEL && before < DISPATCH_LEVEL)
		cpu_hold(self, true);
	if (irql > DISPATCH_LEVEL && before == DISPATCH_LEVEL) {
		host_lock(&system_state.cpus[self->cpu].interrupt);
		self->interrupts = true;
	}
	self->irql = irql;
	return before;
}

VOID SYSTEM(KeLowerIrql)(KIRQL irql)
{
	struct system_thread *self = system_self();

	if (irql > self->irql)
		system_violation("an IRQL is lowered to a higher one");
	self->irql = irql;
	if (irql <= DISPATCH_LEVEL && self->interrupts) {
		self->interrupts = false;
		host_unlock(&system_state.cpus[self->cpu].interrupt);
	}
	if (irql < DISPATCH_LEVEL && self->owns) {
		self->owns = false;
		host_unlock(&system_state.cpus[self->cpu].owner);
	}
}

void system_lower(void)
{
	SYSTEM(KeLowerIrql)(PASSIVE_LEVEL);
}
