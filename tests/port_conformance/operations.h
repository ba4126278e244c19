/* SPDX-License-Identifier: MIT */
/*
 * operations.h - the part of conformance.c that tests the operations, on blocks
 * of its own.
 */
#ifndef CONFORMANCE_OPERATIONS_H
#define CONFORMANCE_OPERATIONS_H

#define BLOCK_LOG 128u /* bytes for records */

struct block {
	uint64_t word;
	uint64_t other;
	struct cpuslab_pair gated;
	struct cpuslab_pair stack;
	uint64_t log[2 + BLOCK_LOG / 8];
};

struct node {
	struct node *next;
};

static struct cpuslab_blocks blocks_memory;
static uint8_t *blocks_live;
static struct cpuslab_percpu blocks;

static struct block *block_of(uint32_t cpu)
{
	return cpuslab_port_block(&blocks_memory, cpu);
}

static bool blocks_init(void)
{
	uint32_t cpu, limit = cpuslab_port_cpu_limit();

	memset(&blocks, 0, sizeof(blocks));
	blocks_live = cpuslab_port_live_create(limit);
	if (!blocks_live ||
	    !blocks_create(&blocks_memory, cpuslab_port_page_size()))
		return false;
	for (cpu = 0; cpu < limit; cpu++)
		if (cpuslab_port_block_alloc(&blocks_memory, cpu, true))
			return false;
	blocks.limit = limit;
	/* Any address: handles are compared with the null handle by it. */
	blocks.extent = (struct cpuslab_extent *)&blocks_memory;
	cpuslab_port_handle_init(&blocks, &blocks_memory, blocks_live);
	return true;
}

static void blocks_set_live(bool live)
{
	uint32_t cpu;

	for (cpu = 0; cpu < blocks.limit; cpu++) {
		cpuslab_port_block_set_live(&blocks_memory, cpu, live);
		blocks_live[cpu] = live;
	}
}

static void blocks_fini(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < blocks.limit; cpu++)
		cpuslab_port_block_free(&blocks_memory, cpu, true);
	cpuslab_port_blocks_destroy(&blocks_memory);
	cpuslab_port_live_destroy(blocks_live);
}

/* The block that this test's record, node or count went to; NULL: none. */
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

/* Operations have no effect, and no result other than a miss. */
static void test_miss(const struct cpuslab_percpu *handle)
{
	struct node node = { NULL };
	void *found = &node;
	const struct cpuslab__commit commit = { .value = 1 };
	uint64_t old = 9;

	CHECK(cpuslab_port_add(handle, 0, 1) == CPUSLAB_MISS);
	CHECK(cpuslab_port_add_if(handle, at_gated, 0, 1) == CPUSLAB_MISS);
	CHECK(cpuslab_port_add_below(handle, at_other, 9, 1) == CPUSLAB_MISS);
	CHECK(cpuslab_port_cmpstore(handle, at_other, 0, 1) == CPUSLAB_MISS);
	CHECK(cpuslab_port_update(handle, at_other, CPUSLAB__WORD_EXCHANGE, 1,
				  &old) == CPUSLAB_MISS);
	CHECK(old == 9);
	CHECK(cpuslab_port_commit(handle, at_other, &commit) == CPUSLAB_MISS);
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

/* NULL, or the word of a CPU. */
static void test_atomic_at(void)
{
	uint64_t *word = cpuslab_port_atomic_at(&blocks, blocks_live, at_other);
	bool found = !word;
	uint32_t cpu;

	for (cpu = 0; cpu < blocks.limit; cpu++)
		found |= word == &block_of(cpu)->other;
	CHECK(found);
}

/* A section that is aborted, as by preemption, is a miss: try again. */
#define CHECK_DOES(operation, expected)                                        \
	do {                                                                   \
		int tries_ = 100, result_;                                     \
                                                                               \
		do                                                             \
			result_ = (operation);                                 \
		while (result_ == CPUSLAB_MISS && --tries_);                   \
		CHECK(result_ == (expected));                                  \
	} while (0)

static void test_words(void)
{
	struct block *block;

	CHECK_DOES(cpuslab_port_add(&blocks, 0, 5), CPUSLAB_OK);
	block = block_changed();
	CHECK(block && block->word == 5 && !block->other);
	blocks_clear();
	CHECK_DOES(cpuslab_port_cmpstore(&blocks, at_other, 1, 2),
		   CPUSLAB_DIFFERS);
	CHECK(!block_changed());
	CHECK_DOES(cpuslab_port_cmpstore(&blocks, at_other, 0, 2), CPUSLAB_OK);
	block = block_changed();
	CHECK(block && block->other == 2 && !block->word);
	blocks_clear();
	CHECK_DOES(cpuslab_port_add_if(&blocks, at_gated, 1, 7),
		   CPUSLAB_DIFFERS);
	CHECK(!block_changed());
	CHECK_DOES(cpuslab_port_add_if(&blocks, at_gated, 0, 7), CPUSLAB_OK);
	block = block_changed();
	CHECK(block && !block->gated.first && block->gated.second == 7);
	blocks_clear();
	CHECK_DOES(cpuslab_port_add_below(&blocks, at_other, 0, 1),
		   CPUSLAB_FULL);
	CHECK(!block_changed());
	/* Bounds are unsigned. */
	CHECK_DOES(cpuslab_port_add_below(&blocks, at_other, (uint64_t)-1, 3),
		   CPUSLAB_OK);
	block = block_changed();
	CHECK(block && block->other == 3 && !block->word);
	blocks_clear();
}

/* @op makes @after of @before, on some CPU. */
static void test_update(enum cpuslab__word_op op, uint64_t before,
			uint64_t value, uint64_t after)
{
	struct block *block;
	uint64_t old = ~before;
	uint32_t cpu;

	for (cpu = 0; cpu < blocks.limit; cpu++)
		block_of(cpu)->other = before;
	CHECK_DOES(cpuslab_port_update(&blocks, at_other, op, value, &old),
		   CPUSLAB_OK);
	CHECK(old == before);
	for (cpu = 0; cpu < blocks.limit; cpu++)
		if (block_of(cpu)->other == before)
			block_of(cpu)->other = 0;
	block = block_changed();
	CHECK(before == after ? !block :
				block && block->other == after && !block->word);
	blocks_clear();
}

static void test_updates(void)
{
	const uint64_t most = ~(uint64_t)0;

	test_update(CPUSLAB__WORD_LOAD, 5, 6, 5);
	test_update(CPUSLAB__WORD_ADD, 5, most, 4);
	test_update(CPUSLAB__WORD_EXCHANGE, 5, 6, 6);
	test_update(CPUSLAB__WORD_OR, 5, 6, 7);
	test_update(CPUSLAB__WORD_AND, 5, 6, 4);
	test_update(CPUSLAB__WORD_MAX, 5, most, most); /* unsigned */
	test_update(CPUSLAB__WORD_MAX, 5, 4, 5);
	test_update(CPUSLAB__WORD_MIN, most, 5, 5);
	test_update(CPUSLAB__WORD_MIN, 5, most, 5);
}

/* Compares two words, copies any number of bytes, and stores one word. */
static void test_commit(uint32_t bytes)
{
	static const char data[64] =
		"what is copied, of any length and at any place";
	struct cpuslab__commit commit = {
		.value = 7, .to = 61, .data = data, .bytes = bytes
	};
	struct block *block;

	commit.other = -(int64_t)at_other;
	commit.expect = 1;
	CHECK_DOES(cpuslab_port_commit(&blocks, at_other, &commit),
		   CPUSLAB_DIFFERS);
	commit.expect = 0;
	commit.other_expect = 1;
	CHECK_DOES(cpuslab_port_commit(&blocks, at_other, &commit),
		   CPUSLAB_DIFFERS);
	CHECK(!block_changed());
	commit.other_expect = 0;
	CHECK_DOES(cpuslab_port_commit(&blocks, at_other, &commit), CPUSLAB_OK);
	block = block_changed();
	CHECK(block && block->other == 7 && !block->word);
	CHECK(block && !memcmp((char *)&block->other + 61, data, bytes));
	CHECK(block && memory_is((char *)&block->other + 61 + bytes, 8, 0));
	CHECK(block && memory_is((char *)&block->other + 61 - 8, 8, 0));
	blocks_clear();
}

static void test_commits(void)
{
	uint32_t bytes;

	for (bytes = 0; bytes <= 64; bytes++)
		test_commit(bytes);
}

/* Push until no move of the thread intervenes; then pop. */
static void test_stack(void)
{
	struct node nodes[3] = { { NULL } };
	struct block *block;
	void *found = NULL;
	int i, tries = 100;

	CHECK_DOES(cpuslab_port_pop(&blocks, at_stack, &found), CPUSLAB_EMPTY);
	CHECK(!found && !block_changed());
	for (i = 0; i < 3; i++)
		CHECK_DOES(cpuslab_port_push(&blocks, at_stack, &nodes[i]),
			   CPUSLAB_OK);
	do
		i = cpuslab_port_pop(&blocks, at_stack, &found);
	while (i == CPUSLAB_MISS && tries--);
	CHECK(i == CPUSLAB_OK || i == CPUSLAB_EMPTY); /* the thread moved */
	if (i == CPUSLAB_OK)
		CHECK(found == &nodes[0] || found == &nodes[1] ||
		      found == &nodes[2]);
	blocks_clear();
	CHECK_DOES(cpuslab_port_push(&blocks, at_stack, &nodes[1]), CPUSLAB_OK);
	block = block_changed();
	CHECK(block && block->stack.first == (uint64_t)(uintptr_t)&nodes[1]);
	CHECK(!nodes[1].next);
	blocks_clear();
}

/* One magazine for all tests. */
static void test_magazine(void)
{
	struct {
		struct cpuslab__magazine head;
		void *objects[3];
	} magazine = { { NULL, 0 }, { NULL } };
	void *found = NULL;
	uint32_t cpu;

	CHECK_DOES(cpuslab_port_magazine_pop(&blocks, at_stack, &found),
		   CPUSLAB_EMPTY);
	CHECK_DOES(cpuslab_port_magazine_push(&blocks, at_stack, &found, 2),
		   CPUSLAB_FULL);
	for (cpu = 0; cpu < blocks.limit; cpu++)
		block_of(cpu)->stack.first = (uint64_t)(uintptr_t)&magazine;
	CHECK_DOES(cpuslab_port_magazine_push(&blocks, at_stack, &cpu, 2),
		   CPUSLAB_OK);
	CHECK_DOES(cpuslab_port_magazine_push(&blocks, at_stack, &found, 2),
		   CPUSLAB_OK);
	CHECK(magazine.objects[0] == &cpu && magazine.objects[1] == &found);
	CHECK_DOES(cpuslab_port_magazine_push(&blocks, at_stack, &cpu, 2),
		   CPUSLAB_FULL);
	CHECK_DOES(cpuslab_port_magazine_pop(&blocks, at_stack, &found),
		   CPUSLAB_OK);
	CHECK(magazine.head.count == 1 && found == &found);
	CHECK_DOES(cpuslab_port_magazine_pop(&blocks, at_stack, &found),
		   CPUSLAB_OK);
	CHECK(!magazine.head.count && found == &cpu && !magazine.objects[2]);
	blocks_clear();
}

static void test_append(void)
{
	static const char data[BLOCK_LOG] = "what is appended, whole";
	struct block *block;

	CHECK_DOES(cpuslab_port_append(&blocks, at_log, data, BLOCK_LOG - 7,
				       BLOCK_LOG),
		   CPUSLAB_FULL);
	CHECK(!block_changed());
	CHECK_DOES(cpuslab_port_append(&blocks, at_log, data, 23, BLOCK_LOG),
		   CPUSLAB_OK);
	block = block_changed();
	CHECK(block && block->log[0] == 8 + 24);
	CHECK(block && block->log[2] == (23 << 1 | 1));
	CHECK(block && memory_is(&block->log[1], 8, 0));
	CHECK(block && ((const char *)&block->log[3])[15] == 'd' &&
	      ((const char *)&block->log[3])[16] == ',' &&
	      ((const char *)&block->log[3])[22] == 'e');
	blocks_clear();
	CHECK_DOES(cpuslab_port_append(&blocks, at_log, NULL, 0, BLOCK_LOG),
		   CPUSLAB_OK);
	block = block_changed();
	CHECK(block && block->log[0] == 8 && block->log[2] == 1);
	blocks_clear();
	CHECK_DOES(cpuslab_port_append(&blocks, at_log, data, BLOCK_LOG - 8,
				       BLOCK_LOG),
		   CPUSLAB_OK);
	block = block_changed();
	CHECK(block && block->log[0] == BLOCK_LOG);
	blocks_clear();
}

static void test_operations(void)
{
	const struct cpuslab_percpu null = { 0 };

	if (!blocks_init()) {
		CHECK(!"memory for blocks");
		return;
	}
	test_miss(&null);
	test_miss(&blocks); /* no CPU is live */
	blocks_set_live(true);
	if (cpuslab_port_uses_atomics()) {
		test_miss(&blocks);
		test_atomic_at();
	} else {
		test_words();
		test_updates();
		test_commits();
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

#endif /* CONFORMANCE_OPERATIONS_H */
