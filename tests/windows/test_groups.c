/* SPDX-License-Identifier: MIT */
/*
 * test_groups.c - port windows-user on a system of several groups and nodes:
 * what the port imports of the system's shape is replaced when the program is
 * linked.
 *
 *	group 0: 40 processors	group 1: unknown at first	group 2: 24
 */
#include <stdio.h>
#include <windows.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/port.h>
#include <cpuslab/workers_thread.h>

#define GROUPS 3
#define GROUPS_LIMIT (40 + 64 + 24)
#define GROUPS_NODE(group, number) ((USHORT)(4 * (group) + (number) / 10))

static int groups_failures;

static void groups_check(int good, const char *what, int line)
{
	if (good)
		return;
	groups_failures++;
	printf("test_groups.c:%d: %s\n", line, what);
}

#define CHECK(cond) groups_check((cond), #cond, __LINE__)

/* ---- the system ---------------------------------------------------------- */

static WORD groups_count; /* 0: the system does not know yet */
static DWORD groups_sizes[GROUPS] = { 40, 0, 24 };
static KAFFINITY groups_active[GROUPS] = { 0xff00000001, 0x9, 0xf };
static PROCESSOR_NUMBER groups_here;
static DWORD groups_surprise; /* bytes more than was said before */

/* The process: in which group, and on which processors of it. */
static USHORT groups_process_count = 1;
static USHORT groups_process;
static KAFFINITY groups_process_mask;
static GROUP_AFFINITY groups_job[GROUPS];
static DWORD groups_job_count; /* 0: in no job */

static USHORT groups_nodes[64]; /* how many blocks on each */
static GROUP_AFFINITY groups_bound;

static WORD WINAPI fake_group_count(void)
{
	return groups_count;
}

static DWORD WINAPI fake_group_size(WORD group)
{
	return groups_sizes[group];
}

static VOID WINAPI fake_here(PPROCESSOR_NUMBER number)
{
	*number = groups_here;
}

static BOOL WINAPI fake_information(LOGICAL_PROCESSOR_RELATIONSHIP relation,
				    PSYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX to,
				    PDWORD bytes)
{
	DWORD need = sizeof(*to) + GROUPS * sizeof(PROCESSOR_GROUP_INFO);
	DWORD have = *bytes, i;

	CHECK(relation == RelationGroup);
	*bytes = need;
	if (have < need + groups_surprise) {
		*bytes += have ? groups_surprise : 0;
		SetLastError(ERROR_INSUFFICIENT_BUFFER);
		return FALSE;
	}
	to->Group.ActiveGroupCount = GROUPS;
	for (i = 0; i < GROUPS; i++)
		to->Group.GroupInfo[i].ActiveProcessorMask = groups_active[i];
	return TRUE;
}

static BOOL WINAPI fake_process_groups(HANDLE process, PUSHORT count,
				       PUSHORT groups)
{
	(void)process;
	*count = groups_process_count;
	groups[0] = groups_process;
	return TRUE;
}

static BOOL WINAPI fake_process_mask(HANDLE process, PDWORD_PTR mask,
				     PDWORD_PTR system)
{
	(void)process;
	*mask = groups_process_mask;
	*system = groups_active[groups_process];
	return TRUE;
}

static BOOL WINAPI fake_job(HANDLE job, JOBOBJECTINFOCLASS what, LPVOID to,
			    DWORD bytes, LPDWORD returned)
{
	CHECK(!job && what == JobObjectGroupInformationEx);
	*returned = groups_job_count * sizeof(groups_job[0]);
	if (!groups_job_count || bytes < *returned)
		return FALSE;
	memcpy(to, groups_job, *returned);
	return TRUE;
}

static BOOL WINAPI fake_node(PPROCESSOR_NUMBER number, PUSHORT node)
{
	*node = GROUPS_NODE(number->Group, number->Number);
	return TRUE;
}

static LPVOID WINAPI fake_alloc(HANDLE process, LPVOID at, SIZE_T bytes,
				DWORD type, DWORD protect, DWORD node)
{
	(void)process;
	groups_nodes[node]++;
	return VirtualAlloc(at, bytes, type, protect);
}

static BOOL WINAPI fake_bind(HANDLE thread, const GROUP_AFFINITY *to,
			     PGROUP_AFFINITY before)
{
	(void)thread;
	(void)before;
	groups_bound = *to;
	return TRUE;
}

#define REPLACE(function, fake)                                                \
	extern const void *const __imp_##function;                             \
	const void *const __imp_##function = (const void *)(fake)

REPLACE(GetMaximumProcessorGroupCount, fake_group_count);
REPLACE(GetActiveProcessorGroupCount, fake_group_count);
REPLACE(GetMaximumProcessorCount, fake_group_size);
REPLACE(GetCurrentProcessorNumberEx, fake_here);
REPLACE(GetLogicalProcessorInformationEx, fake_information);
REPLACE(GetProcessGroupAffinity, fake_process_groups);
REPLACE(GetProcessAffinityMask, fake_process_mask);
REPLACE(QueryInformationJobObject, fake_job);
REPLACE(GetNumaProcessorNodeEx, fake_node);
REPLACE(VirtualAllocExNuma, fake_alloc);
REPLACE(SetThreadGroupAffinity, fake_bind);

/* ---- indexes ------------------------------------------------------------- */

static uint32_t groups_at(WORD group, BYTE number)
{
	groups_here.Group = group;
	groups_here.Number = number;
	return cpuslab_port_cpu();
}

/* A size that is unknown at first keeps no index from being right. */
static void test_indexes(void)
{
	CHECK(cpuslab_port_cpu_limit() == 1);
	CHECK(groups_at(0, 0) == CPUSLAB_NO_CPU || groups_at(0, 0) == 0);
	groups_count = GROUPS;
	CHECK(cpuslab_port_cpu_limit() == GROUPS_LIMIT);
	CHECK(groups_at(0, 39) == 39);
	CHECK(groups_at(2, 3) == 107);
	groups_sizes[1] = 16;
	CHECK(cpuslab_port_cpu_limit() == GROUPS_LIMIT);
	CHECK(groups_at(1, 3) == 43);
	CHECK(groups_at(2, 3) == 107);
	CHECK(groups_at(2, 24) == CPUSLAB_NO_CPU);
	CHECK(groups_at(5, 0) == CPUSLAB_NO_CPU);
}

/* ---- what is available --------------------------------------------------- */

static uint32_t groups_found[GROUPS_LIMIT], groups_found_count;

static void groups_find(void *arg, uint32_t cpu)
{
	(void)arg;
	if (groups_found_count < GROUPS_LIMIT)
		groups_found[groups_found_count] = cpu;
	groups_found_count++;
}

static uint32_t groups_available(void)
{
	groups_found_count = 0;
	CHECK(cpuslab_port_cpus_available(groups_find, NULL) == CPUSLAB_OK);
	return groups_found_count;
}

static void test_available(void)
{
	groups_process_mask = groups_active[0];
	CHECK(groups_available() == 9 + 2 + 4);
	CHECK(groups_found[0] == 0 && groups_found[1] == 32);
	CHECK(groups_found[9] == 40 && groups_found[10] == 43);
	groups_surprise = sizeof(PROCESSOR_GROUP_INFO);
	CHECK(groups_available() == 9 + 2 + 4);
	groups_surprise = 0;
	/* Two processors of the last group. */
	groups_process = 2;
	groups_process_mask = 0x3;
	CHECK(groups_available() == 2);
	CHECK(groups_found[0] == 104 && groups_found[1] == 105);
	/* A process in several groups has no mask. */
	groups_process_count = 2;
	groups_process_mask = 0;
	CHECK(groups_available() == 9 + 2 + 4);
}

/* Processors are added; the process' mask does not follow. */
static void test_add(void)
{
	const KAFFINITY first = groups_active[0];

	groups_process_count = 1;
	groups_process = 0;
	groups_process_mask = first;
	CHECK(groups_available() == 9 + 2 + 4);
	groups_active[0] |= 0x2;
	CHECK(groups_available() == 10 + 2 + 4);
	CHECK(groups_found[0] == 0 && groups_found[1] == 1);
	groups_active[0] |= 0x4;
	CHECK(groups_available() == 11 + 2 + 4);
	/* Limited, it stays so. */
	groups_process_mask = 0x100000001;
	CHECK(groups_available() == 2);
	groups_active[0] |= 0x8;
	CHECK(groups_available() == 2);
	CHECK(groups_found[0] == 0 && groups_found[1] == 32);
	/* It follows, and does without the new processors afterwards. */
	groups_process_mask = groups_active[0];
	CHECK(groups_available() == 12 + 2 + 4);
	groups_process_mask = first;
	CHECK(groups_available() == 9);
	/* From the first look it has but some of this group. */
	groups_process = 1;
	groups_process_mask = 0x8;
	CHECK(groups_available() == 1 && groups_found[0] == 43);
	groups_active[0] = first;
	groups_process_count = 2;
	groups_process_mask = 0;
}

/* A job can limit it to some processors of some groups. */
static void test_job(void)
{
	memset(groups_job, 0, sizeof(groups_job));
	groups_job_count = 2;
	groups_job[0].Group = 2;
	groups_job[0].Mask = 0x3;
	groups_job[1].Group = 1; /* all of it */
	CHECK(groups_available() == 4);
	CHECK(groups_found[0] == 40 && groups_found[1] == 43);
	CHECK(groups_found[2] == 104 && groups_found[3] == 105);
	groups_job_count = 1;
	CHECK(groups_available() == 2);
	CHECK(groups_found[0] == 104 && groups_found[1] == 105);
	groups_job_count = 0;
}

/* ---- blocks and workers -------------------------------------------------- */

static void groups_handle(void *arg, uint32_t cpu,
			  const struct cpuslab_message *message)
{
	(void)arg;
	(void)cpu;
	(void)message;
}

static void groups_work(struct cpuslab_domain *domain)
{
	const struct cpuslab_workers_config config = {
		.ops = &cpuslab_thread_ops,
		.handle = groups_handle,
		.capacity = 2,
	};
	struct cpuslab_workers workers;

	CHECK(cpuslab_workers_init(&workers, domain, &config) == CPUSLAB_OK);
	CHECK(cpuslab_domain_add_complete(domain, 43) == CPUSLAB_OK);
	CHECK(groups_bound.Group == 1 && groups_bound.Mask == 1 << 3);
	cpuslab_workers_fini(&workers);
}

/*
 * This thread is on one processor all the time, and allocates for all of them.
 */
static void test_blocks(void)
{
	struct cpuslab_domain *domain = NULL;
	struct cpuslab_slab *slab = NULL;
	struct cpuslab_counter counter;
	const uint64_t *copy;

	CHECK(groups_at(2, 1) == 105);
	CHECK(cpuslab_domain_create(&domain, NULL) == CPUSLAB_OK);
	CHECK(cpuslab_slab_create(&slab, domain, NULL) == CPUSLAB_OK);
	CHECK(cpuslab_counter_init(&counter, slab) == CPUSLAB_OK);
	CHECK(groups_nodes[GROUPS_NODE(0, 0)] == 1);
	CHECK(groups_nodes[GROUPS_NODE(0, 32)] == 8);
	CHECK(groups_nodes[GROUPS_NODE(1, 0)] == 2);
	CHECK(groups_nodes[GROUPS_NODE(2, 0)] == 4);
	CHECK(cpuslab_counter_add(&counter, 7) == CPUSLAB_OK);
	copy = cpuslab_remote(&counter.handle, 105);
	CHECK(copy && *copy == 7);
	/* Not announced: admitted by an operation there. */
	CHECK(groups_at(2, 23) == 127);
	CHECK(cpuslab_counter_add(&counter, 5) == CPUSLAB_OK);
	copy = cpuslab_remote(&counter.handle, 127);
	CHECK(copy && *copy == 5);
	CHECK(groups_nodes[GROUPS_NODE(2, 23)] == 1);
	CHECK(cpuslab_counter_sum(&counter) == 12);
	groups_work(domain);
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

int main(void)
{
	test_indexes();
	test_available();
	test_add();
	test_job();
	test_blocks();
	printf("groups and nodes: %d failures\n", groups_failures);
	return groups_failures != 0;
}
