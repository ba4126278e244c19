/* SPDX-License-Identifier: MIT */
#include "conformance.h"

static void (*conformance_fail)(const char *what, int line);
static int conformance_failures;

static void conformance_check(bool good, const char *what, int line)
{
	if (good)
		return;
	conformance_failures++;
	conformance_fail(what, line);
}

#define CHECK(cond) conformance_check((cond), #cond, __LINE__)

/* ---- memory ---------------------------------------------------------- */

static bool memory_is(const void *memory, size_t bytes, unsigned char byte)
{
	const unsigned char *p = memory;
	size_t i;

	for (i = 0; i < bytes; i++)
		if (p[i] != byte)
			return false;
	return true;
}

static void test_page_size(void)
{
	size_t page = cpuslab_port_page_size();

	CHECK(page && !(page & (page - 1)));
	CHECK(page == cpuslab_port_page_size());
}

/* Zero when committed, and again after a clear or a new commit. */
static void test_commit(char *memory, size_t bytes, uint32_t cpu)
{
	int i;

	for (i = 0; i < 2; i++) {
		CHECK(cpuslab_port_commit(memory, bytes, cpu) == CPUSLAB_OK);
		CHECK(memory_is(memory, bytes, 0));
		memset(memory, 0xa5, bytes);
		CHECK(memory_is(memory, bytes, 0xa5));
		cpuslab_port_decommit(memory, bytes);
	}
}

/* Committing more must not change what is already there. */
static void test_commit_beside(char *memory, size_t page)
{
	CHECK(cpuslab_port_commit(memory, page, 0) == CPUSLAB_OK);
	memset(memory, 1, page);
	CHECK(cpuslab_port_commit(memory + page, page, 0) == CPUSLAB_OK);
	CHECK(memory_is(memory, page, 1));
	memset(memory + page, 2, page);
	cpuslab_port_decommit(memory, page);
	CHECK(memory_is(memory + page, page, 2));
	cpuslab_port_decommit(memory + page, page);
}

static void test_reserve(void)
{
	size_t page = cpuslab_port_page_size(), align;

	if (!CPUSLAB_PORT_RESERVES)
		return;
	for (align = page; align <= page * 64; align *= 4) {
		size_t bytes = page * 8;
		void *addr = NULL;

		CHECK(cpuslab_port_reserve(bytes, align, &addr) == CPUSLAB_OK);
		CHECK(addr && !((uintptr_t)addr & (align - 1)));
		if (!addr)
			continue;
		test_commit(addr, bytes, CPUSLAB_NO_CPU);
		test_commit((char *)addr + page * 2, page, 0);
		test_commit_beside(addr, page);
		cpuslab_port_unreserve(addr, bytes);
	}
}

static void test_reserve_refused(void)
{
	void *untouched = &conformance_failures, *addr = untouched;
	size_t page = cpuslab_port_page_size();

	if (!CPUSLAB_PORT_RESERVES)
		return;
	CHECK(cpuslab_port_reserve((SIZE_MAX >> 2) & ~(page - 1), page,
				   &addr) == -CPUSLAB_ENOMEM);
	CHECK(addr == untouched);
}

static void test_blocks(void)
{
	size_t page = cpuslab_port_page_size(), bytes;

	if (CPUSLAB_PORT_RESERVES)
		return;
	for (bytes = page; bytes <= page * 64; bytes *= 2) {
		void *near = cpuslab_port_block_alloc(bytes, 0);
		void *far = cpuslab_port_block_alloc(bytes, CPUSLAB_NO_CPU);

		CHECK(near && !((uintptr_t)near & (page - 1)));
		CHECK(far && !((uintptr_t)far & (page - 1)));
		CHECK(near && memory_is(near, bytes, 0));
		CHECK(far && memory_is(far, bytes, 0));
		if (near && far) {
			memset(near, 1, bytes);
			CHECK(memory_is(far, bytes, 0));
		}
		if (near)
			cpuslab_port_block_free(near, bytes);
		if (far)
			cpuslab_port_block_free(far, bytes);
	}
}

static void test_zalloc(void)
{
	static const size_t sizes[] = { 1, 7, 8, 64, 1000, 5000, 100000 };
	void *ptrs[7];
	size_t i;

	for (i = 0; i < 7; i++) {
		ptrs[i] = cpuslab_port_zalloc(sizes[i]);
		CHECK(ptrs[i] != NULL);
		if (!ptrs[i])
			continue;
		CHECK(!((uintptr_t)ptrs[i] & 7));
		CHECK(memory_is(ptrs[i], sizes[i], 0));
		memset(ptrs[i], (int)i + 1, sizes[i]);
	}
	for (i = 0; i < 7; i++) {
		CHECK(!ptrs[i] ||
		      memory_is(ptrs[i], sizes[i], (unsigned char)(i + 1)));
		cpuslab_port_free(ptrs[i]);
	}
	cpuslab_port_free(NULL);
}

/* ---- CPUs ------------------------------------------------------ */

static uint32_t conformance_found;

static void cpu_found(void *arg, uint32_t cpu)
{
	CHECK(arg == &conformance_found);
	CHECK(cpu < cpuslab_port_cpu_limit());
	conformance_found++;
}

static void test_cpus(void)
{
	uint32_t limit = cpuslab_port_cpu_limit();
	int result;

	CHECK(limit >= 1);
	conformance_found = 0;
	result = cpuslab_port_cpus_available(cpu_found, &conformance_found);
	CHECK(result == CPUSLAB_OK || result == CPUSLAB_PARTIAL);
	CHECK(conformance_found >= 1);
	CHECK(conformance_found <= limit);
	CHECK(limit == cpuslab_port_cpu_limit());
	(void)cpuslab_port_cpu(); /* any value is valid */
}

static void test_fence(void)
{
	static const uint32_t cpus[] = { 0, CPUSLAB_NO_CPU };
	int i, result;

	for (i = 0; i < 2; i++) {
		result = cpuslab_port_fence_cpu(cpus[i]);
		CHECK(result == CPUSLAB_OK || result == -CPUSLAB_EAGAIN);
		if (cpuslab_port_uses_atomics())
			CHECK(result == -CPUSLAB_EAGAIN);
	}
	(void)cpuslab_port_may_sleep(); /* both answers are valid */
	CHECK(cpuslab_port_uses_atomics() == cpuslab_port_uses_atomics());
}

#include "operations.h" /* uses CHECK() and memory_is() */

/* ---- RCU ------------------------------------------------------------- */

struct call {
	struct cpuslab_rcu rcu;
	uint32_t calls;
	uint32_t again; /* how often to queue itself */
};

static void called(struct cpuslab_rcu *rcu)
{
	struct call *call = (struct call *)rcu;

	if (call->again) {
		call->again--;
		cpuslab_port_call_rcu(rcu, called);
	}
	cpuslab_fetch_add_u32(&call->calls, 1);
}

/* Long enough for a callback that does not wait to have run. */
static void linger(void)
{
	uint64_t end = cpuslab_port_clock() + 20000000;
	uint32_t i;

	for (i = 0; i < 1000000 && cpuslab_port_clock() < end; i++)
		cpuslab_port_preempt_point();
}

static void test_rcu(void)
{
	static struct call first, second;

	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
	second.again = 3;
	cpuslab_port_rcu_barrier();
	cpuslab_port_read_enter();
	cpuslab_port_read_enter();
	cpuslab_port_call_rcu(&first.rcu, called);
	cpuslab_port_call_rcu(&second.rcu, called);
	cpuslab_port_read_exit();
	linger();
	CHECK(!cpuslab_load_acquire_u32(&first.calls));
	CHECK(!cpuslab_load_acquire_u32(&second.calls));
	cpuslab_port_read_exit();
	cpuslab_port_rcu_barrier();
	CHECK(cpuslab_load_acquire_u32(&first.calls) == 1);
	CHECK(cpuslab_load_acquire_u32(&second.calls) >= 1);
	while (cpuslab_load_acquire_u32(&second.calls) < 4)
		cpuslab_port_rcu_barrier();
	cpuslab_port_rcu_barrier();
	CHECK(cpuslab_load_acquire_u32(&first.calls) == 1);
	CHECK(cpuslab_load_acquire_u32(&second.calls) == 4);
}

/* ---- mutual exclusion, time, words ----------------------------------- */

static void test_mutex(void)
{
	static struct cpuslab_port_mutex domain, slab;

	CHECK(!cpuslab_port_mutex_init(&domain, CPUSLAB_RANK_DOMAIN));
	CHECK(!cpuslab_port_mutex_init(&slab, CPUSLAB_RANK_SLAB));
	cpuslab_port_mutex_lock(&domain);
	cpuslab_port_mutex_lock(&slab);
	CHECK(!cpuslab_port_mutex_trylock(&slab)); /* as in a signal handler */
	cpuslab_port_mutex_unlock(&slab);
	CHECK(cpuslab_port_mutex_trylock(&slab));
	CHECK(!cpuslab_port_mutex_trylock(&slab));
	cpuslab_port_mutex_unlock(&slab);
	cpuslab_port_mutex_unlock(&domain);
	CHECK(cpuslab_port_mutex_trylock(&domain));
	cpuslab_port_mutex_unlock(&domain);
	cpuslab_port_mutex_fini(&slab);
	cpuslab_port_mutex_fini(&domain);
}

static void test_self(void)
{
	const void *self = cpuslab_port_thread_id();

	CHECK(self != NULL);
	CHECK(self == cpuslab_port_thread_id());
}

static void test_clock(void)
{
	uint64_t last = cpuslab_port_clock();
	int i;

	for (i = 0; i < 1000; i++) {
		uint64_t now = cpuslab_port_clock();

		CHECK(now >= last);
		last = now;
	}
}

static void test_log(void)
{
	cpuslab_port_log("conformance: a line for the log");
	cpuslab_port_log("");
}

int cpuslab_conformance(void (*fail)(const char *what, int line))
{
	static void (*const tests[])(void) = {
		test_page_size, test_reserve,    test_reserve_refused,
		test_blocks,    test_zalloc,     test_cpus,
		test_fence,     test_operations, test_rcu,
		test_mutex,     test_self,       test_clock,
		test_log,
	};
	size_t i;

	conformance_fail = fail;
	conformance_failures = 0;
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tests[i]();
	return conformance_failures;
}
