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

/* Zero when allocated, and when allocated again. */
static void test_block(struct cpuslab_blocks *blocks, uint32_t index)
{
	size_t page = cpuslab_port_page_size();
	char *block;
	int i;

	for (i = 0; i < 2; i++) {
		CHECK(!cpuslab_port_block_alloc(blocks, index, !i));
		block = cpuslab_port_block(blocks, index);
		CHECK(!((uintptr_t)block & (page - 1)));
		CHECK(memory_is(block, blocks->bytes, 0));
		memset(block, 0xa5, blocks->bytes);
		if (cpuslab_port_drop(block, page))
			CHECK(memory_is(block, page, 0));
		else
			CHECK(memory_is(block, page, 0xa5));
		CHECK(memory_is(block + page, blocks->bytes - page, 0xa5));
		cpuslab_port_block_free(blocks, index, true);
	}
}

/* A block does not change when others are allocated and freed. */
static void test_block_beside(struct cpuslab_blocks *blocks,
			      struct cpuslab_blocks *others)
{
	char *first, *shared;

	CHECK(!cpuslab_port_block_alloc(blocks, 0, true));
	CHECK(!cpuslab_port_block_alloc(blocks, blocks->limit, true));
	first = cpuslab_port_block(blocks, 0);
	shared = cpuslab_port_block(blocks, blocks->limit);
	memset(first, 1, blocks->bytes);
	CHECK(memory_is(shared, blocks->bytes, 0));
	memset(shared, 2, blocks->bytes);
	test_block(others, 0);
	test_block(others, others->limit);
	CHECK(memory_is(first, blocks->bytes, 1));
	CHECK(memory_is(shared, blocks->bytes, 2));
	cpuslab_port_block_free(blocks, 0, true);
	CHECK(memory_is(shared, blocks->bytes, 2));
	cpuslab_port_block_free(blocks, blocks->limit, true);
}

static bool blocks_create(struct cpuslab_blocks *blocks, size_t bytes)
{
	memset(blocks, 0, sizeof(*blocks));
	blocks->bytes = bytes;
	blocks->limit = cpuslab_port_cpu_limit();
	return !cpuslab_port_blocks_create(blocks);
}

static void test_blocks(void)
{
	size_t page = cpuslab_port_page_size(), bytes;
	struct cpuslab_blocks blocks, others;

	for (bytes = page; bytes <= (size_t)4 << 20; bytes *= 4) {
		bool created = blocks_create(&blocks, bytes) &&
			       blocks_create(&others, page);

		CHECK(created);
		if (!created)
			return;
		test_block(&blocks, 0);
		test_block(&blocks, blocks.limit - 1);
		test_block_beside(&blocks, &others);
		cpuslab_port_blocks_destroy(&blocks);
		cpuslab_port_blocks_destroy(&others);
	}
}

static void test_live(void)
{
	uint32_t limit = cpuslab_port_cpu_limit();
	uint8_t *live = cpuslab_port_live_create(limit);

	CHECK(live != NULL);
	if (!live)
		return;
	CHECK(memory_is(live, limit, 0));
	memset(live, 1, limit);
	cpuslab_port_live_destroy(live);
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
	CHECK(!cpuslab_port_rcu_wait());
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
	/* The port has set it up. */
	cpuslab_port_mutex_lock(&cpuslab_port_registry.mutex);
	cpuslab_port_mutex_unlock(&cpuslab_port_registry.mutex);
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
	/* A clock may tick each 16 ms. */
	for (i = 0; i < 1000 && cpuslab_port_clock() == last; i++)
		cpuslab_port_nap(2000);
	CHECK(cpuslab_port_clock() > last);
}

static void test_log(void)
{
	cpuslab_port_log("conformance: a line for the log");
	cpuslab_port_log("");
}

int cpuslab_conformance(void (*fail)(const char *what, int line))
{
	static void (*const tests[])(void) = {
		test_page_size, test_blocks, test_live,       test_zalloc,
		test_cpus,      test_fence,  test_operations, test_rcu,
		test_mutex,     test_self,   test_clock,      test_log,
	};
	size_t i;

	conformance_fail = fail;
	conformance_failures = 0;
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tests[i]();
	return conformance_failures;
}
