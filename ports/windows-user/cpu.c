/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - processors have a group and a number within it. The index that
 * cpuslab uses adds the maximum sizes of all earlier groups, so it never
 * changes when processors are added.
 */
#include "user_private.h"

#define CPU_MAX_GROUPS 64
#define CPU_MAX_NUMBERS 64u /* in a group */

static struct cpuslab_group cpu_groups[CPU_MAX_GROUPS];
static struct cpuslab_group_map cpu_map = { .groups = cpu_groups };
static INIT_ONCE cpu_once = INIT_ONCE_STATIC_INIT;
static uint32_t cpu_limit;                             /* W once */
static BOOLEAN(NTAPI *cpu_shutdown_in_progress)(void); /* W once */

/* Of each group: its processors when the process last could use them all. */
static uint64_t cpu_whole[CPU_MAX_GROUPS]; /* W any; 0: never yet */

/* Fails, and is called again by the next user, while nothing is known. */
static BOOL CALLBACK cpu_init(INIT_ONCE *once, void *arg, void **context)
{
	WORD count = GetMaximumProcessorGroupCount();
	WORD group;

	(void)once;
	(void)arg;
	(void)context;
	cpu_shutdown_in_progress = (BOOLEAN(NTAPI *)(void))(
		uintptr_t)GetProcAddress(GetModuleHandleW(L"ntdll"),
					 "RtlDllShutdownInProgress");
	if (count > CPU_MAX_GROUPS)
		count = CPU_MAX_GROUPS;
	for (group = 0; group < count; group++) {
		DWORD width = GetMaximumProcessorCount(group);

		/*
		 * A group whose size is not known yet has room for the largest,
		 * so that no index changes when it gets processors.
		 */
		cpu_groups[group].first = cpu_limit;
		cpu_groups[group].width = width ? width : CPU_MAX_NUMBERS;
		cpu_limit += cpu_groups[group].width;
	}
	cpu_map.count = count;
	return count != 0;
}

const struct cpuslab_group_map *cpuslab__win_groups(void)
{
	InitOnceExecuteOnce(&cpu_once, cpu_init, NULL, NULL);
	return &cpu_map;
}

bool cpuslab__win_ends(void)
{
	return cpu_shutdown_in_progress && cpu_shutdown_in_progress();
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
 * May the process use its whole group? A processor that is added is in the
 * system's mask, but not in the process' mask unless the process has enabled
 * dynamic updates. So it is enough that the process may use all processors
 * that were in the group when it last could use the whole group.
 */
static bool cpu_has_group(USHORT group, uint64_t process, uint64_t system)
{
	uint64_t whole;

	if (process == system)
		cpuslab_store_relaxed_u64(&cpu_whole[group], system);
	whole = cpuslab_load_relaxed_u64(&cpu_whole[group]);
	return whole && !(whole & ~process);
}

/*
 * Does the process use just some processors of one group? One that may use all
 * of its group can have threads in other groups.
 */
static void cpu_allow_process(KAFFINITY *allowed)
{
	DWORD_PTR process = 0, system = 0;
	USHORT only, group;

	if (!cpu_only_group(&only) ||
	    !GetProcessAffinityMask(GetCurrentProcess(), &process, &system) ||
	    !process || cpu_has_group(only, process, system))
		return;
	for (group = 0; group < CPU_MAX_GROUPS; group++)
		allowed[group] &= group == only ? process : 0;
}

/* Only what its job leaves it, in each group. (Windows 8 and later.) */
static void cpu_allow_job(KAFFINITY *allowed)
{
	GROUP_AFFINITY job[CPU_MAX_GROUPS];
	KAFFINITY left[CPU_MAX_GROUPS] = { 0 };
	DWORD bytes = 0;
	uint32_t i;

	if (!QueryInformationJobObject(NULL, JobObjectGroupInformationEx, job,
				       sizeof(job), &bytes) ||
	    bytes < sizeof(job[0]))
		return; /* in no job */
	for (i = 0; i < bytes / sizeof(job[0]); i++)
		if (job[i].Group < CPU_MAX_GROUPS) /* no mask: all */
			left[job[i].Group] |= job[i].Mask ? job[i].Mask :
							    ~(KAFFINITY)0;
	for (i = 0; i < CPU_MAX_GROUPS; i++)
		allowed[i] &= left[i];
}

static void cpu_report(WORD group, KAFFINITY mask,
		       void (*found)(void *arg, uint32_t cpu), void *arg)
{
	uint32_t number;

	for (number = 0; number < CPU_MAX_NUMBERS; number++) {
		uint32_t cpu = cpuslab_group_to_cpu(&cpu_map, group, number);

		if (mask >> number & 1 && cpu != CPUSLAB_NO_CPU)
			found(arg, cpu);
	}
}

/* The system's groups, to be freed; NULL: they could not be found. */
static SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX *cpu_active(void)
{
	SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX *info = NULL;
	DWORD bytes = 0;

	/* What is needed may grow in between. */
	while (!GetLogicalProcessorInformationEx(RelationGroup, info, &bytes)) {
		bool larger = GetLastError() == ERROR_INSUFFICIENT_BUFFER;

		cpuslab_port_free(info);
		info = larger ? cpuslab_port_zalloc(bytes) : NULL;
		if (!info)
			return NULL;
	}
	return info;
}

int cpuslab_port_cpus_available(void (*found)(void *arg, uint32_t cpu),
				void *arg)
{
	SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX *info;
	KAFFINITY allowed[CPU_MAX_GROUPS];
	WORD group;

	cpuslab__win_groups();
	info = cpu_active();
	if (!info)
		return -CPUSLAB_ENOMEM;
	memset(allowed, 0xff, sizeof(allowed));
	cpu_allow_job(allowed);
	cpu_allow_process(allowed);
	for (group = 0;
	     group < info->Group.ActiveGroupCount && group < CPU_MAX_GROUPS;
	     group++)
		cpu_report(group,
			   info->Group.GroupInfo[group].ActiveProcessorMask &
				   allowed[group],
			   found, arg);
	cpuslab_port_free(info);
	return CPUSLAB_OK;
}
