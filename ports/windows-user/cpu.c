/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - processors have a group and a number within it. The index that
 * cpuslab uses adds the maximum sizes of all earlier groups, so it never
 * changes when processors are added.
 */
#include "user_private.h"

#define CPU_MAX_GROUPS 64

static struct cpuslab_group cpu_groups[CPU_MAX_GROUPS];
static struct cpuslab_group_map cpu_map = { .groups = cpu_groups };
static INIT_ONCE cpu_once = INIT_ONCE_STATIC_INIT;
static uint32_t cpu_limit; /* W once */

static BOOL CALLBACK cpu_init(INIT_ONCE *once, void *arg, void **context)
{
	WORD count = GetMaximumProcessorGroupCount();
	WORD group;

	(void)once;
	(void)arg;
	(void)context;
	if (count > CPU_MAX_GROUPS)
		count = CPU_MAX_GROUPS;
	for (group = 0; group < count; group++) {
		cpu_groups[group].first = cpu_limit;
		cpu_groups[group].width = GetMaximumProcessorCount(group);
		cpu_limit += cpu_groups[group].width;
	}
	cpu_map.count = count;
	return TRUE;
}

const struct cpuslab_group_map *cpuslab__win_groups(void)
{
	InitOnceExecuteOnce(&cpu_once, cpu_init, NULL, NULL);
	return &cpu_map;
}

uint32_t cpuslab_port_cpu_limit(void)
{
	cpuslab__win_groups();
	return cpu_limit ? cpu_limit : 1;
}

/* Needs no lock: handles exist only after the first call. */
uint32_t cpuslab_port_cpu(void)
{
	PROCESSOR_NUMBER number;

	GetCurrentProcessorNumberEx(&number);
	return cpuslab_group_to_cpu(&cpu_map, number.Group, number.Number);
}

bool cpuslab_port_may_sleep(void)
{
	return true;
}

bool cpuslab_port_uses_atomics(void)
{
	return true;
}

void cpuslab_port_rseq_clear(void)
{
}

/*
 * Never: an arbitrary time can pass between an atomic operation's choice of a
 * block and its instruction.
 */
int cpuslab_port_fence_cpu(uint32_t cpu)
{
	(void)cpu;
	return -CPUSLAB_EAGAIN;
}

/* ---- which processors may this process use? ------------------------------ */

/* Is the process in one group only? */
static bool cpu_only_group(USHORT *group)
{
	USHORT groups[CPU_MAX_GROUPS], count = CPU_MAX_GROUPS;

	*group = 0;
	if (GetActiveProcessorGroupCount() == 1)
		return true;
	if (!GetProcessGroupAffinity(GetCurrentProcess(), &count, groups) ||
	    count != 1)
		return false;
	*group = groups[0];
	return true;
}

/*
 * May the process use just some processors of one group? A process that may use
 * all of its group can have threads in other groups.
 */
static bool cpu_restricted(USHORT *group, KAFFINITY *mask)
{
	DWORD_PTR process = 0, system = 0;

	if (!cpu_only_group(group) ||
	    !GetProcessAffinityMask(GetCurrentProcess(), &process, &system) ||
	    !process || process == system)
		return false;
	*mask = process;
	return true;
}

static void cpu_report(WORD group, KAFFINITY active,
		       void (*found)(void *arg, uint32_t cpu), void *arg)
{
	KAFFINITY mask;
	USHORT only;
	uint32_t number;

	if (cpu_restricted(&only, &mask))
		active &= only == group ? mask : 0;
	for (number = 0; number < 64; number++) {
		uint32_t cpu = cpuslab_group_to_cpu(&cpu_map, group, number);

		if (active >> number & 1 && cpu != CPUSLAB_NO_CPU)
			found(arg, cpu);
	}
}

int cpuslab_port_cpus_available(void (*found)(void *arg, uint32_t cpu),
				void *arg)
{
	SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX *info;
	DWORD bytes = 0;
	WORD group;

	cpuslab__win_groups();
	GetLogicalProcessorInformationEx(RelationGroup, NULL, &bytes);
	info = cpuslab_port_zalloc(bytes);
	if (!info)
		return -CPUSLAB_ENOMEM;
	if (!GetLogicalProcessorInformationEx(RelationGroup, info, &bytes)) {
		cpuslab_port_free(info);
		return -CPUSLAB_ENOSYS;
	}
	for (group = 0; group < info->Group.ActiveGroupCount; group++)
		cpu_report(group,
			   info->Group.GroupInfo[group].ActiveProcessorMask,
			   found, arg);
	cpuslab_port_free(info);
	return CPUSLAB_OK;
}
