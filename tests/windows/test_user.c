/* SPDX-License-Identifier: MIT */
/*
 * test_user.c - port windows-user in a process: address space, indexes,
 * threads, workers.
 */
#include <stdio.h>
#include <windows.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/log_hook.h>
#include <cpuslab/port.h>
#include <cpuslab/workers_thread.h>

#include "portable/portable.h"

#define USER_THREADS 4
#define USER_LOOPS 20000
#define USER_CHANGES 300
#define USER_GOES 5 /* at least */
#define USER_NODES 8

static int user_failures;

static void user_check(int good, const char *what, int line)
{
	if (good)
		return;
	user_failures++;
	printf("test_user.c:%d: %s\n", line, what);
}

#define CHECK(cond) user_check((cond), #cond, __LINE__)

/* ---- address space ------------------------------------------------------- */

/* Committed private bytes of this process. */
static uint64_t user_committed(void)
{
	MEMORY_BASIC_INFORMATION info;
	uint64_t bytes = 0;
	char *at = NULL;

	for (; VirtualQuery(at, &info, sizeof(info)); at += info.RegionSize) {
		if (info.State == MEM_COMMIT && info.Type == MEM_PRIVATE)
			bytes += info.RegionSize;
		if (at + info.RegionSize < at)
			break;
	}
	return bytes;
}

static void test_memory(void)
{
	const struct cpuslab_slab_config config = { .block_bytes = 1 << 16 };
	struct cpuslab_domain *domain = NULL;
	struct cpuslab_slab *slab = NULL;
	struct cpuslab_counter counter;
	MEMORY_BASIC_INFORMATION info;
	struct cpuslab_stats stats;
	uint64_t before, during;
	const void *extent;

	CHECK(cpuslab_domain_create(&domain, NULL) == CPUSLAB_OK);
	CHECK(cpuslab_slab_create(&slab, domain, &config) == CPUSLAB_OK);
	before = user_committed();
	CHECK(cpuslab_counter_init(&counter, slab) == CPUSLAB_OK);
	during = user_committed();
	cpuslab_stats_get(slab, &stats);
	CHECK(stats.atomic);
	CHECK(stats.committed_bytes ==
	      ((uint64_t)stats.in_use + 1) * config.block_bytes);
	CHECK(during - before >= stats.committed_bytes / 2);
	CHECK(during - before <= stats.committed_bytes + 256 * 1024);
	extent = cpuslab_remote(&counter.handle, CPUSLAB_SHARED);
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	VirtualQuery(extent, &info, sizeof(info));
	CHECK(info.State == MEM_FREE);
	cpuslab_domain_destroy(domain);
}

/* ---- GetLastError() and the log ------------------------------------------ */

static int last_error_refuse;

static int last_error_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	(void)arg;
	SetLastError(ERROR_GEN_FAILURE);
	return last_error_refuse ? -CPUSLAB_ENOMEM : CPUSLAB_OK;
}

/* An operation keeps it, whatever an admission and its callbacks do. */
static void test_last_error(void)
{
	static const struct cpuslab_type type = {
		.name = "sets the last error",
		.size = 8,
		.counters = 1,
		.ctor = last_error_ctor,
		.flags = CPUSLAB_TYPE_SIGNAL_SAFE,
	};
	const struct cpuslab_domain_config empty = {
		.flags = CPUSLAB_DOMAIN_START_EMPTY,
	};
	struct cpuslab_domain *domain = NULL;
	struct cpuslab_slab *slab = NULL;
	struct cpuslab_percpu handle;

	CHECK(!cpuslab_domain_create(&domain, &empty));
	CHECK(!cpuslab_slab_create(&slab, domain, NULL));
	CHECK(!cpuslab_alloc(slab, &type, &handle));
	for (last_error_refuse = 1; last_error_refuse >= 0;
	     last_error_refuse--) {
		SetLastError(4711);
		CHECK(!cpuslab_add(&handle, 0, 1));
		CHECK(GetLastError() == 4711);
		Sleep(20); /* until an admission may be tried again */
	}
	SetLastError(4711);
	CHECK(cpuslab_sum(&handle, 0) == 2);
	CHECK(GetLastError() == 4711);
	CHECK(!cpuslab_free(slab, &handle));
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

static int log_lines;

static void log_write(const struct cpuslab_log_hook *hook, const char *line)
{
	(void)hook;
	(void)line;
	log_lines++;
}

static void test_log_hook(void)
{
	static const struct cpuslab_log_hook hook = { .write = log_write };
	struct cpuslab_domain *domain = NULL;

	CHECK(!cpuslab_domain_create(&domain, NULL));
	cpuslab_log_hook_set(&hook);
	CHECK(cpuslab_domain_remove(domain, 60000) == -CPUSLAB_ERANGE);
	CHECK(cpuslab_domain_remove(domain, 60000) == -CPUSLAB_ERANGE);
	cpuslab_log_hook_set(NULL);
	CHECK(log_lines == 1);
	cpuslab_domain_destroy(domain);
}

/* ---- indexes ------------------------------------------------------------- */

static void test_indexes(void)
{
	uint32_t limit = cpuslab_port_cpu_limit(), cpu = cpuslab_port_cpu();
	PROCESSOR_NUMBER number;
	uint32_t sum = 0;
	WORD group;

	for (group = 0; group < GetMaximumProcessorGroupCount(); group++)
		sum += GetMaximumProcessorCount(group);
	CHECK(limit == sum);
	CHECK(cpu < limit);
	GetCurrentProcessorNumberEx(&number);
	if (number.Group == 0)
		CHECK(cpu < GetMaximumProcessorCount(0));
}

/* ---- threads ------------------------------------------------------------- */

struct user_world {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_counter counter;
	struct cpuslab_gauge gauge;
	struct cpuslab_stack stack;
	uint32_t stop;
};

static struct cpuslab_node user_nodes[USER_THREADS][USER_NODES];

struct user_thread {
	struct user_world *world;
	struct cpuslab_node *nodes;
	uint32_t kept; /* nodes popped and not pushed again */
};

static DWORD WINAPI user_work(void *arg)
{
	struct user_thread *thread = arg;
	struct user_world *world = thread->world;
	struct cpuslab_node *node;
	uint64_t last = 0, sum;
	uint32_t i;

	for (i = 0; i < USER_NODES; i++)
		cpuslab_stack_push(&world->stack, &thread->nodes[i]);
	for (i = 0; i < USER_LOOPS; i++) {
		cpuslab_counter_add(&world->counter, 1);
		cpuslab_gauge_add(&world->gauge, 3);
		cpuslab_gauge_sub(&world->gauge, 3);
		if (cpuslab_stack_pop(&world->stack, &node) == CPUSLAB_OK)
			cpuslab_stack_push(&world->stack, node);
		if (i % 64)
			continue;
		sum = cpuslab_counter_sum(&world->counter);
		CHECK(sum >= last);
		last = sum;
		CHECK(cpuslab_gauge_sum(&world->gauge) >= 0);
	}
	return 0;
}

static DWORD WINAPI user_change(void *arg)
{
	struct user_world *world = arg;
	uint32_t i, limit = cpuslab_domain_limit(world->domain);

	for (i = 0; i < USER_CHANGES; i++) {
		CHECK(cpuslab_domain_add_start(world->domain, i % limit) ==
		      CPUSLAB_OK);
		if (i % 3)
			cpuslab_domain_add_complete(world->domain, i % limit);
		else
			cpuslab_domain_add_failure(world->domain, i % limit);
		cpuslab_domain_remove(world->domain, (i + 1) % limit);
		if (i % 16 == 0)
			CHECK(cpuslab_domain_resync(world->domain) ==
			      CPUSLAB_OK);
	}
	return 0;
}

static uint32_t user_count_nodes(const struct user_world *world, uint32_t cpu)
{
	const struct cpuslab_stack_cpu *copy =
		cpuslab_remote(&world->stack.handle, cpu);
	const struct cpuslab_node *node = NULL;
	uint32_t count = 0;

	if (copy)
		node = (const struct cpuslab_node *)(uintptr_t)copy->top.first;
	for (; node && count <= USER_THREADS * USER_NODES; node = node->next)
		count++;
	return count;
}

static void test_threads(void)
{
	struct user_thread threads[USER_THREADS];
	HANDLE handles[USER_THREADS + 1];
	struct user_world world = { 0 };
	uint32_t i, nodes;

	CHECK(cpuslab_domain_create(&world.domain, NULL) == CPUSLAB_OK);
	CHECK(cpuslab_slab_create(&world.slab, world.domain, NULL) ==
	      CPUSLAB_OK);
	CHECK(cpuslab_counter_init(&world.counter, world.slab) == CPUSLAB_OK);
	CHECK(cpuslab_gauge_init(&world.gauge, world.slab) == CPUSLAB_OK);
	CHECK(cpuslab_stack_init(&world.stack, world.slab) == CPUSLAB_OK);
	for (i = 0; i < USER_THREADS; i++) {
		threads[i].world = &world;
		threads[i].nodes = user_nodes[i];
		handles[i] =
			CreateThread(NULL, 0, user_work, &threads[i], 0, NULL);
	}
	handles[i++] = CreateThread(NULL, 0, user_change, &world, 0, NULL);
	WaitForMultipleObjects(i, handles, TRUE, INFINITE);
	while (i-- > 0)
		CloseHandle(handles[i]);
	CHECK(cpuslab_counter_sum(&world.counter) ==
	      (uint64_t)USER_THREADS * USER_LOOPS);
	CHECK(cpuslab_gauge_sum(&world.gauge) == 0);
	nodes = user_count_nodes(&world, CPUSLAB_SHARED);
	for (i = 0; i < cpuslab_domain_limit(world.domain); i++)
		nodes += user_count_nodes(&world, i);
	CHECK(nodes == USER_THREADS * USER_NODES);
	CHECK(cpuslab_slab_check(world.slab) == CPUSLAB_OK);
	cpuslab_stack_fini(&world.stack);
	cpuslab_gauge_fini(&world.gauge);
	cpuslab_counter_fini(&world.counter);
	cpuslab_slab_destroy(world.slab);
	cpuslab_domain_destroy(world.domain);
}

/* ---- the structures on the core ------------------------------------------ */

static uint32_t user_stop;

static DWORD WINAPI user_step(void *arg)
{
	struct portable_actor actor = { .id = (uint32_t)(uintptr_t)arg };
	uint32_t i;

	for (i = 0; i < USER_LOOPS; i++)
		portable_step(&actor);
	portable_leave(&actor);
	return 0;
}

static DWORD WINAPI user_look(void *arg)
{
	(void)arg;
	while (!cpuslab_load_acquire_u32(&user_stop)) {
		portable_look();
		Sleep(1);
	}
	return 0;
}

/* Processors of the first group that this process may use, one bit each. */
static DWORD_PTR user_mask(void)
{
	DWORD_PTR mask = 0, system;

	GetProcessAffinityMask(GetCurrentProcess(), &mask, &system);
	return mask;
}

/* Each processor is removed and returns; one is refused once. */
static DWORD WINAPI user_go(void *arg)
{
	struct cpuslab_domain *domain = arg;
	DWORD_PTR mask = user_mask();
	uint32_t i, cpu;

	for (i = 0, cpu = 0;
	     i < USER_GOES || !cpuslab_load_acquire_u32(&user_stop); i++) {
		do
			cpu = (cpu + 1) % (8 * sizeof(mask));
		while (!(mask >> cpu & 1));
		CHECK(cpuslab_domain_remove(domain, cpu) == CPUSLAB_OK);
		portable_refuse(cpu);
		CHECK(cpuslab_domain_add_start(domain, cpu) == -CPUSLAB_EACCES);
		CHECK(portable_refused(cpu));
		portable_refuse(CPUSLAB_NO_CPU);
		Sleep(1);
		CHECK(cpuslab_domain_add_start(domain, cpu) == CPUSLAB_OK);
		CHECK(cpuslab_domain_add_complete(domain, cpu) == CPUSLAB_OK);
		Sleep(1);
	}
	return 0;
}

static void user_use(struct cpuslab_domain *domain)
{
	HANDLE threads[USER_THREADS + 2];
	uint32_t i;

	cpuslab_store_release_u32(&user_stop, 0);
	for (i = 0; i < USER_THREADS; i++)
		threads[i] = CreateThread(NULL, 0, user_step,
					  (void *)(uintptr_t)i, 0, NULL);
	threads[USER_THREADS] = CreateThread(NULL, 0, user_look, NULL, 0, NULL);
	threads[USER_THREADS + 1] =
		CreateThread(NULL, 0, user_go, domain, 0, NULL);
	WaitForMultipleObjects(USER_THREADS, threads, TRUE, INFINITE);
	cpuslab_store_release_u32(&user_stop, 1);
	WaitForMultipleObjects(2, &threads[USER_THREADS], TRUE, INFINITE);
	for (i = 0; i < USER_THREADS + 2; i++)
		CloseHandle(threads[i]);
}

static void test_structures(void)
{
	struct portable set = {
		.workers = &cpuslab_thread_ops,
		.actors = USER_THREADS,
	};
	const char *wrong;

	if (!(user_mask() & (user_mask() - 1))) {
		puts("structures: skipped, the process has one processor");
		return;
	}
	CHECK(cpuslab_domain_create(&set.domain, NULL) == CPUSLAB_OK);
	CHECK(cpuslab_slab_create(&set.slab, set.domain, NULL) == CPUSLAB_OK);
	CHECK(portable_start(&set) == CPUSLAB_OK);
	user_use(set.domain);
	wrong = portable_stop();
	user_check(!wrong, wrong, __LINE__);
	CHECK(cpuslab_slab_check(set.slab) == CPUSLAB_OK);
	cpuslab_slab_destroy(set.slab);
	cpuslab_domain_destroy(set.domain);
}

/* ---- the binding of a worker --------------------------------------------- */

static HANDLE user_worker;   /* W the worker that handled the message */
static uint32_t user_waited; /* W the worker */

static void user_handle(void *arg, uint32_t cpu,
			const struct cpuslab_message *message)
{
	(void)arg;
	(void)cpu;
	(void)message;
	if (user_worker)
		CloseHandle(user_worker);
	DuplicateHandle(GetCurrentProcess(), GetCurrentThread(),
			GetCurrentProcess(), &user_worker, 0, FALSE,
			DUPLICATE_SAME_ACCESS);
	cpuslab_store_release_u32(&user_waited, 1);
}

static KAFFINITY user_affinity(HANDLE thread)
{
	GROUP_AFFINITY there;

	memset(&there, 0, sizeof(there));
	CHECK(GetThreadGroupAffinity(thread, &there));
	return there.Mask;
}

/* A repeated add_complete binds a worker again that something has unbound. */
static void test_binding(void)
{
	const struct cpuslab_workers_config config = {
		.ops = &cpuslab_thread_ops,
		.handle = user_handle,
		.capacity = 2,
	};
	const struct cpuslab_message message = { { 0 } };
	DWORD_PTR mask = user_mask();
	struct cpuslab_domain *domain = NULL;
	struct cpuslab_workers workers;
	uint32_t cpu = 0;

	if (!(mask & (mask - 1))) {
		puts("binding: skipped, the process has one processor");
		return;
	}
	while (!(mask >> cpu & 1))
		cpu++;
	CHECK(cpuslab_domain_create(&domain, NULL) == CPUSLAB_OK);
	CHECK(cpuslab_workers_init(&workers, domain, &config) == CPUSLAB_OK);
	CHECK(cpuslab_workers_send(&workers, cpu, &message) == CPUSLAB_OK);
	while (!cpuslab_load_acquire_u32(&user_waited))
		Sleep(1);
	CHECK(user_affinity(user_worker) == (KAFFINITY)1 << cpu);
	SetThreadAffinityMask(user_worker, mask);
	CHECK(user_affinity(user_worker) == mask);
	CHECK(cpuslab_domain_add_complete(domain, cpu) == CPUSLAB_OK);
	CHECK(user_affinity(user_worker) == (KAFFINITY)1 << cpu);
	cpuslab_workers_fini(&workers);
	cpuslab_domain_destroy(domain);
}

static uint32_t user_send(struct cpuslab_workers *workers, uint32_t cpu)
{
	const struct cpuslab_message message = { { 0 } };

	cpuslab_store_release_u32(&user_waited, 0);
	CHECK(cpuslab_workers_send(workers, cpu, &message) == CPUSLAB_OK);
	while (!cpuslab_load_acquire_u32(&user_waited))
		Sleep(1);
	return user_affinity(user_worker) == (KAFFINITY)1 << cpu;
}

/* A worker is bound before its next work once the system allows it. */
static void test_refused_binding(void)
{
	const struct cpuslab_workers_config config = {
		.ops = &cpuslab_thread_ops,
		.handle = user_handle,
		.capacity = 2,
	};
	DWORD_PTR mask = user_mask(), last = mask;
	struct cpuslab_domain *domain = NULL;
	struct cpuslab_workers workers;
	uint32_t cpu = 0;

	while (last & (last - 1))
		last &= last - 1;
	if (last == mask) {
		puts("refused: skipped, the process has one processor");
		return;
	}
	while (last >> cpu != 1)
		cpu++;
	SetProcessAffinityMask(GetCurrentProcess(), mask & ~last);
	CHECK(cpuslab_domain_create(&domain, NULL) == CPUSLAB_OK);
	CHECK(cpuslab_workers_init(&workers, domain, &config) == CPUSLAB_OK);
	CHECK(cpuslab_domain_add_start(domain, cpu) == CPUSLAB_OK);
	CHECK(cpuslab_domain_add_complete(domain, cpu) == CPUSLAB_OK);
	CHECK(!user_send(&workers, cpu));
	SetProcessAffinityMask(GetCurrentProcess(), mask);
	CHECK(user_send(&workers, cpu));
	cpuslab_workers_fini(&workers);
	cpuslab_domain_destroy(domain);
}

int main(void)
{
	test_memory();
	test_last_error();
	test_log_hook();
	test_indexes();
	test_threads();
	test_structures();
	test_binding();
	test_refused_binding();
	printf("windows-user: %d failures\n", user_failures);
	return user_failures != 0;
}
