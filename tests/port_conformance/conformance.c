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

/* Zero when committed, and again after it was given back. */
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

/* Committing more must not change what is there. */
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
	(void)cpuslab_port_cpu(); /* any value will do */
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
	(void)cpuslab_port_may_sleep(); /* either will do */
	CHECK(cpuslab_port_uses_atomics() == cpuslab_port_uses_atomics());
}

/* ---- operations ------------------------------------------------------ */

#define BLOCK_SHIFT 9u /* where address space can be reserved */
#define BLOCK_LOG 128u /* bytes for records */

struct block {
	uint64_t word;
	uint64_t other;
	struct cpuslab_pair gated;
	struct cpuslab_pair stack;
	uint64_t log[2 + BLOCK_LOG / 8];
};

CPUSLAB_STATIC_ASSERT(sizeof(struct block) <= 1u << BLOCK_SHIFT,
		      "a block fits its place");

struct node {
	struct node *next;
};

static void *blocks_memory;
static uint8_t *blocks_live;
static void **blocks_directory; /* [limit]; where none can be reserved */
static struct cpuslab_percpu blocks;

static struct block *block_of(uint32_t cpu)
{
	if (!CPUSLAB_PORT_RESERVES)
		return blocks_directory[cpu];
	return (struct block *)(blocks.object +
				((uintptr_t)cpu << BLOCK_SHIFT));
}

static bool blocks_init_reserved(void)
{
	blocks_memory =
		cpuslab_port_zalloc(((size_t)blocks.limit + 1) << BLOCK_SHIFT);
	blocks.object = ((uintptr_t)blocks_memory + 15) & ~(uintptr_t)15;
	return blocks_memory != NULL;
}

static bool blocks_init_directory(void)
{
	size_t page = cpuslab_port_page_size();
	uint32_t cpu;

	blocks_directory = cpuslab_port_zalloc(blocks.limit * sizeof(void *));
	for (cpu = 0; blocks_directory && cpu < blocks.limit; cpu++) {
		blocks_directory[cpu] = cpuslab_port_block_alloc(page, cpu);
		if (!blocks_directory[cpu])
			return false;
		CHECK(!((uintptr_t)blocks_directory[cpu] & (page - 1)));
		CHECK(memory_is(blocks_directory[cpu], page, 0));
	}
	return blocks_directory &&
	       !cpuslab_port_percpu_ptr_create(blocks_directory, blocks.limit,
					       &blocks.object) &&
	       blocks.object;
}

static bool blocks_init(void)
{
	memset(&blocks, 0, sizeof(blocks));
	blocks_directory = NULL;
	blocks.limit = cpuslab_port_cpu_limit();
	blocks_live = cpuslab_port_zalloc(blocks.limit);
	blocks.live = blocks_live;
	return blocks_live && (CPUSLAB_PORT_RESERVES ? blocks_init_reserved() :
						       blocks_init_directory());
}

static void blocks_set_live(bool live)
{
	uint32_t cpu;

	memset(blocks_live, live ? BLOCK_SHIFT : 0, blocks.limit);
	for (cpu = 0; !CPUSLAB_PORT_RESERVES && cpu < blocks.limit; cpu++)
		cpuslab_port_percpu_ptr_set(blocks.object, cpu,
					    live ? blocks_directory[cpu] :
						   NULL);
}

static void blocks_fini_directory(void)
{
	uint32_t cpu;

	if (blocks.object)
		cpuslab_port_percpu_ptr_destroy(blocks.object);
	for (cpu = 0; blocks_directory && cpu < blocks.limit; cpu++)
		if (blocks_directory[cpu])
			cpuslab_port_block_free(blocks_directory[cpu],
						cpuslab_port_page_size());
	cpuslab_port_free(blocks_directory);
}

static void blocks_fini(void)
{
	if (CPUSLAB_PORT_RESERVES)
		cpuslab_port_free(blocks_memory);
	else
		blocks_fini_directory();
	cpuslab_port_free(blocks_live);
}

/* Where the one record, node, or count of this test went; NULL: nowhere. */
static struct block *block_changed(void)
{
	struct block *changed = NULL;
	uint32_t cpu;

	for (cpu = 0; cpu < blocks.limit; cpu++) {
		if (memory_is(block_of(cpu), sizeof(struct block), 0))
			continue;
		CHECK(!changed);
		changed = block_of(cpu);
	}
	return changed;
}

static void blocks_clear(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < blocks.limit; cpu++)
		memset(block_of(cpu), 0, sizeof(struct block));
}

static const size_t at_other = offsetof(struct block, other);
static const size_t at_gated = offsetof(struct block, gated);
static const size_t at_stack = offsetof(struct block, stack);
static const size_t at_log = offsetof(struct block, log);

/* No operation has an effect, nor another result than a miss. */
static void test_miss(const struct cpuslab_percpu *handle)
{
	struct node node = { NULL };
	void *found = &node;

	CHECK(cpuslab_port_add(handle, 0, 1) == CPUSLAB_MISS);
	CHECK(cpuslab_port_add_if(handle, at_gated, 0, 1) == CPUSLAB_MISS);
	CHECK(cpuslab_port_cmpstore(handle, at_other, 0, 1) == CPUSLAB_MISS);
	CHECK(cpuslab_port_push(handle, at_stack, &node) == CPUSLAB_MISS);
	CHECK(cpuslab_port_pop(handle, at_stack, &found) == CPUSLAB_MISS);
	CHECK(found == &node);
	CHECK(cpuslab_port_append(handle, at_log, "x", 1, BLOCK_LOG) ==
	      CPUSLAB_MISS);
	CHECK(cpuslab_port_magazine_pop(handle, at_stack, &found) ==
	      CPUSLAB_MISS);
	CHECK(found == &node);
	CHECK(cpuslab_port_magazine_push(handle, at_stack, &node, 1) ==
	      CPUSLAB_MISS);
	CHECK(!block_changed());
}

static void test_words(void)
{
	struct block *block;

	CHECK(cpuslab_port_add(&blocks, 0, 5) == CPUSLAB_OK);
	block = block_changed();
	CHECK(block && block->word == 5 && !block->other);
	blocks_clear();
	CHECK(cpuslab_port_cmpstore(&blocks, at_other, 1, 2) ==
	      CPUSLAB_DIFFERS);
	CHECK(!block_changed());
	CHECK(cpuslab_port_cmpstore(&blocks, at_other, 0, 2) == CPUSLAB_OK);
	block = block_changed();
	CHECK(block && block->other == 2 && !block->word);
	blocks_clear();
	CHECK(cpuslab_port_add_if(&blocks, at_gated, 1, 7) == CPUSLAB_DIFFERS);
	CHECK(!block_changed());
	CHECK(cpuslab_port_add_if(&blocks, at_gated, 0, 7) == CPUSLAB_OK);
	block = block_changed();
	CHECK(block && !block->gated.first && block->gated.second == 7);
	blocks_clear();
}

/* Push until nothing moves the thread in between; then pop. */
static void test_stack(void)
{
	struct node nodes[3];
	struct block *block;
	void *found = NULL;
	int i;

	CHECK(cpuslab_port_pop(&blocks, at_stack, &found) == CPUSLAB_EMPTY);
	CHECK(!found && !block_changed());
	for (i = 0; i < 3; i++)
		CHECK(cpuslab_port_push(&blocks, at_stack, &nodes[i]) ==
		      CPUSLAB_OK);
	i = cpuslab_port_pop(&blocks, at_stack, &found);
	CHECK(i == CPUSLAB_OK || i == CPUSLAB_EMPTY); /* it moved */
	if (i == CPUSLAB_OK)
		CHECK(found == &nodes[0] || found == &nodes[1] ||
		      found == &nodes[2]);
	blocks_clear();
	CHECK(cpuslab_port_push(&blocks, at_stack, &nodes[1]) == CPUSLAB_OK);
	block = block_changed();
	CHECK(block && block->stack.first == (uint64_t)(uintptr_t)&nodes[1]);
	CHECK(!nodes[1].next);
	blocks_clear();
}

/* One magazine for all. */
static void test_magazine(void)
{
	struct {
		struct node node;
		uint64_t count;
		void *objects[3];
	} magazine = { { NULL }, 0, { NULL } };
	void *found = NULL;
	uint32_t cpu;

	CHECK(cpuslab_port_magazine_pop(&blocks, at_stack, &found) ==
	      CPUSLAB_EMPTY);
	CHECK(cpuslab_port_magazine_push(&blocks, at_stack, &found, 2) ==
	      CPUSLAB_FULL);
	for (cpu = 0; cpu < blocks.limit; cpu++)
		block_of(cpu)->stack.first = (uint64_t)(uintptr_t)&magazine;
	CHECK(cpuslab_port_magazine_push(&blocks, at_stack, &cpu, 2) ==
	      CPUSLAB_OK);
	CHECK(cpuslab_port_magazine_push(&blocks, at_stack, &found, 2) ==
	      CPUSLAB_OK);
	CHECK(magazine.objects[0] == &cpu && magazine.objects[1] == &found);
	CHECK(cpuslab_port_magazine_push(&blocks, at_stack, &cpu, 2) ==
	      CPUSLAB_FULL);
	CHECK(!cpuslab_port_magazine_pop(&blocks, at_stack, &found));
	CHECK(magazine.count == 1 && found == &found);
	CHECK(cpuslab_port_magazine_pop(&blocks, at_stack, &found) ==
	      CPUSLAB_OK);
	CHECK(!magazine.count && found == &cpu && !magazine.objects[2]);
	blocks_clear();
}

static void test_append(void)
{
	static const char data[BLOCK_LOG] = "what is appended, whole";
	struct block *block;

	CHECK(cpuslab_port_append(&blocks, at_log, data, BLOCK_LOG - 7,
				  BLOCK_LOG) == CPUSLAB_FULL);
	CHECK(!block_changed());
	CHECK(cpuslab_port_append(&blocks, at_log, data, 23, BLOCK_LOG) ==
	      CPUSLAB_OK);
	block = block_changed();
	CHECK(block && block->log[0] == 8 + 24);
	CHECK(block && block->log[2] == (23 << 1 | 1));
	CHECK(block && memory_is(&block->log[1], 8, 0));
	CHECK(block && ((const char *)&block->log[3])[15] == 'd' &&
	      ((const char *)&block->log[3])[16] == ',' &&
	      ((const char *)&block->log[3])[22] == 'e');
	blocks_clear();
	CHECK(cpuslab_port_append(&blocks, at_log, NULL, 0, BLOCK_LOG) ==
	      CPUSLAB_OK);
	block = block_changed();
	CHECK(block && block->log[0] == 8 && block->log[2] == 1);
	blocks_clear();
	CHECK(cpuslab_port_append(&blocks, at_log, data, BLOCK_LOG - 8,
				  BLOCK_LOG) == CPUSLAB_OK);
	block = block_changed();
	CHECK(block && block->log[0] == BLOCK_LOG);
	blocks_clear();
}

static void test_operations(void)
{
	const struct cpuslab_percpu null = { 0 };
	struct cpuslab_percpu nobody;

	if (!blocks_init()) {
		CHECK(!"memory for blocks");
		blocks_fini();
		return;
	}
	nobody = blocks;
	nobody.limit = 0;
	test_miss(&null);
	test_miss(&nobody);
	test_miss(&blocks); /* nobody is live */
	blocks_set_live(true);
	if (CPUSLAB_PORT_RESERVES)
		test_miss(&nobody);
	if (cpuslab_port_uses_atomics()) {
		test_miss(&blocks);
	} else {
		test_words();
		test_stack();
		if (CPUSLAB_PORT_MAGAZINES)
			test_magazine();
		test_append();
	}
	blocks_set_live(false);
	test_miss(&blocks);
	cpuslab_port_rseq_clear();
	cpuslab_port_rseq_clear();
	cpuslab_port_preempt_point();
	blocks_fini();
}

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

/* Time enough for a callback that does not wait to run. */
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
	CHECK(!cpuslab_port_mutex_trylock(&slab)); /* as a signal would */
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
