/* SPDX-License-Identifier: MIT */
/*
 * model.c - weak memory order: inside sim_run() a load may find an older value,
 * any that C11 allows, and a race of plain accesses ends the program.
 *
 * In order_none.c's place, in a build whose library and operations are compiled
 * with -fsanitize=thread, but not linked with that sanitizer: the functions
 * which the compiler then calls for each access are in model_calls.c.
 *
 * Each task has a vector clock, as in FastTrack (Flanagan and Freund, 2009).
 * Each word that is accessed atomically keeps its last values, as in C11Tester
 * (Luo and Demsky, 2021):
 *
 *	value    4       5       6       7		the newest: in memory
 *	         |       |               |
 *	         |       task 2 has found, or stored, this one; so has whoever
 *	         |       acquired from task 2 since
 *	         task 1 has seen nothing: it may find 4, 5, 6 or 7
 *
 * Weaker than any machine, as the standard is: a read-modify-write acquires and
 * releases, but is no fence. Stronger than the standard: stores are ordered as
 * they were executed, so no load finds a value that is stored later; a
 * compare-and-swap that fails finds the newest value; two full fences order all
 * that is before the one and behind the other, races too; what happens in the
 * simulator itself (a mutex, a grace period) orders as ports/sim/README.md says.
 */
#include <stdlib.h>

#include "model.h"

#define ORDER_TASKS 24u
#define ORDER_KEPT 6u /* values of a word that can still be found */
#define ORDER_BUCKETS 65536u
#define ORDER_SKIP 2 /* a point at every other atomic access */

struct model_clock {
	uint32_t at[ORDER_TASKS];
};

struct model_task {
	struct model_clock clock;  /* what it has seen; its own: its time */
	struct model_clock loaded; /* what a fence will make it see */
	struct model_clock fenced; /* what its relaxed stores release */
};

/* A task has found, or stored, the value with this number at this time. */
struct model_found {
	uint32_t number;
	uint32_t at;
};

struct model_value {
	uint64_t value;
	struct model_clock released;
};

/* A word that is accessed atomically. Values are numbered as they are stored. */
struct model_word {
	uint32_t first, last; /* numbers that are kept */
	struct model_value values[ORDER_KEPT];
	struct model_found found[ORDER_TASKS][ORDER_KEPT];
	uint32_t finds[ORDER_TASKS];
};

struct model_access {
	uint32_t at; /* 0: none */
	uint8_t bytes;
	bool atomic;
};

/* Eight bytes: who accessed which of them last, and what begins where. */
struct model_cell {
	uintptr_t addr;
	struct model_cell *next;
	uint32_t writer;
	struct model_access write;
	struct model_access reads[ORDER_TASKS];
	struct model_word *words[8];
};

/* Something that orders, by its address. */
struct model_edge {
	const void *what;
	struct model_edge *next;
	struct model_clock clock;
};

static struct {
	bool on;
	uint64_t random;
	struct model_clock fence;
	struct model_task tasks[ORDER_TASKS];
	struct model_cell *cells[ORDER_BUCKETS];
	struct model_edge *edges[ORDER_BUCKETS];
} order;

static uint32_t model_random(uint32_t below)
{
	order.random =
		order.random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((order.random >> 33) % below);
}

static uint32_t model_bucket(uintptr_t addr)
{
	return (uint32_t)((addr * 0x9e3779b97f4a7c15u) >> 48) % ORDER_BUCKETS;
}

/* ---- clocks ---------------------------------------------------------------- */

static void clock_join(struct model_clock *to, const struct model_clock *from)
{
	uint32_t i;

	for (i = 0; i < ORDER_TASKS; i++)
		if (to->at[i] < from->at[i])
			to->at[i] = from->at[i];
}

/* NULL: nothing is ordered by us. */
static struct model_task *task_of(const struct sim_thread *thread)
{
	if (thread->id >= ORDER_TASKS)
		sim__panicf("sim: more than %u tasks in a model of order",
			    ORDER_TASKS - 1);
	return order.on && thread->id ? &order.tasks[thread->id] : NULL;
}

/* The one that runs. */
static struct model_task *task_now(void)
{
	return order.on ? task_of(sim__self()) : NULL;
}

static uint32_t task_id(const struct model_task *task)
{
	return (uint32_t)(task - order.tasks);
}

/* Its next moment. */
static uint32_t task_tick(struct model_task *task)
{
	return ++task->clock.at[task_id(task)];
}

static bool task_has_seen(const struct model_task *task, uint32_t other,
			  uint32_t at)
{
	return at <= task->clock.at[other];
}

/* ---- what the simulator orders --------------------------------------------- */

static struct model_edge *edge_of(const void *what)
{
	struct model_edge **bucket =
		&order.edges[model_bucket((uintptr_t)what)];
	struct model_edge *edge = *bucket;

	while (edge && edge->what != what)
		edge = edge->next;
	if (edge)
		return edge;
	edge = calloc(1, sizeof(*edge));
	if (!edge)
		sim__panicf("sim: no memory for a model of order");
	edge->what = what;
	edge->next = *bucket;
	*bucket = edge;
	return edge;
}

void sim_order_acquire(const void *what)
{
	struct model_task *task = task_now();

	if (task)
		clock_join(&task->clock, &edge_of(what)->clock);
}

void sim_order_release(const void *what)
{
	sim__order_release(sim__self(), what);
}

void sim__order_release(const struct sim_thread *thread, const void *what)
{
	struct model_task *task = task_of(thread);

	if (!task)
		return;
	task_tick(task);
	clock_join(&edge_of(what)->clock, &task->clock);
}

void sim__order_chain(const void *to, const void *from)
{
	if (order.on)
		clock_join(&edge_of(to)->clock, &edge_of(from)->clock);
}

/* ---- values ---------------------------------------------------------------- */

static struct model_cell **cell_find(uintptr_t addr)
{
	struct model_cell **at = &order.cells[model_bucket(addr)];

	while (*at && (*at)->addr != addr)
		at = &(*at)->next;
	return at;
}

static void *model_zalloc(size_t bytes)
{
	void *found = calloc(1, bytes);

	if (!found)
		sim__panicf("sim: no memory for a model of order");
	return found;
}

static struct model_cell *cell_of(uintptr_t addr)
{
	struct model_cell **at = cell_find(addr);

	if (!*at) {
		*at = model_zalloc(sizeof(**at));
		(*at)->addr = addr;
	}
	return *at;
}

static struct model_value *word_value(struct model_word *word, uint32_t number)
{
	return &word->values[number % ORDER_KEPT];
}

/* @memory: what is there. If that is news, all have seen it. */
static struct model_word *word_of(uintptr_t addr, uint64_t memory)
{
	struct model_word **at =
		&cell_of(addr & ~(uintptr_t)7)->words[addr & 7];

	if (!*at)
		*at = model_zalloc(sizeof(**at));
	else if (word_value(*at, (*at)->last)->value == memory)
		return *at;
	memset(*at, 0, sizeof(**at));
	word_value(*at, 0)->value = memory;
	return *at;
}

static void word_found(struct model_word *word, struct model_task *task,
		       uint32_t number)
{
	uint32_t id = task_id(task);
	struct model_found *found =
		&word->found[id][word->finds[id]++ % ORDER_KEPT];

	found->number = number;
	found->at = task->clock.at[id];
}

/* The oldest that @task may find. */
static uint32_t word_oldest(const struct model_word *word,
			    const struct model_task *task)
{
	uint32_t oldest = word->first, other, i;

	for (other = 0; other < ORDER_TASKS; other++)
		for (i = 0; i < ORDER_KEPT && i < word->finds[other]; i++) {
			const struct model_found *found =
				&word->found[other][i];

			if (found->number > oldest &&
			    task_has_seen(task, other, found->at))
				oldest = found->number;
		}
	return oldest;
}

static uint64_t word_load(struct model_word *word, struct model_task *task,
			  int how, bool newest)
{
	uint32_t number = word->last, oldest = word_oldest(word, task);
	const struct model_value *value;

	if (!newest && model_random(2))
		number = oldest + model_random(word->last - oldest + 1);
	value = word_value(word, number);
	if (how == ORDER_RELAXED)
		clock_join(&task->loaded, &value->released);
	else
		clock_join(&task->clock, &value->released);
	if (number > oldest)
		word_found(word, task, number);
	return value->value;
}

/* @before: what a read-modify-write has read, whose release goes on. */
static void word_store(struct model_word *word, struct model_task *task,
		       uint64_t stored, int how,
		       const struct model_value *before)
{
	struct model_clock released = how >= ORDER_RELEASE ? task->clock :
							     task->fenced;
	struct model_value *value;

	if (before)
		clock_join(&released, &before->released);
	value = word_value(word, ++word->last);
	if (word->last - word->first >= ORDER_KEPT)
		word->first++;
	value->value = stored;
	value->released = released;
	word_found(word, task, word->last);
}

/* ---- races ----------------------------------------------------------------- */

static bool access_races(const struct model_task *task, uint32_t other,
			 const struct model_access *was, uint8_t bytes,
			 bool atomic)
{
	return was->at && (was->bytes & bytes) && !(atomic && was->atomic) &&
	       !task_has_seen(task, other, was->at);
}

static void cell_access(struct model_task *task, uintptr_t addr, uint8_t bytes,
			bool atomic, bool write, const void *pc)
{
	struct model_cell *cell = cell_of(addr);
	struct model_access now = { task->clock.at[task_id(task)], bytes,
				    atomic };
	uint32_t other;
	bool races =
		access_races(task, cell->writer, &cell->write, bytes, atomic);

	for (other = 0; write && other < ORDER_TASKS; other++)
		races |= access_races(task, other, &cell->reads[other], bytes,
				      atomic);
	if (races)
		sim__panicf("sim: a race: %s %s of %p at %p, seed %llu",
			    atomic ? "an atomic" : "a plain",
			    write ? "write" : "read", (void *)addr, pc,
			    (unsigned long long)sim_seed());
	if (write) {
		cell->writer = task_id(task);
		cell->write = now;
	} else {
		cell->reads[task_id(task)] = now;
	}
}

static void model_access(const void *p, size_t size, bool atomic, bool write,
			 const void *pc)
{
	struct model_task *task = task_now();
	uintptr_t at = (uintptr_t)p, end = at + size;

	if (!task)
		return;
	task_tick(task);
	while (at < end) {
		uintptr_t cell = at & ~(uintptr_t)7;
		size_t skip = at - cell;
		size_t here = end - at < 8 - skip ? end - at : 8 - skip;

		cell_access(task, cell, (uint8_t)(((1u << here) - 1) << skip),
			    atomic, write, pc);
		at += here;
	}
}

static void cell_forget_words(struct model_cell *cell)
{
	uint32_t i;

	for (i = 0; i < 8; i++) {
		free(cell->words[i]);
		cell->words[i] = NULL;
	}
}

static void cell_forget(struct model_cell **at)
{
	struct model_cell *cell = *at;

	cell_forget_words(cell);
	*at = cell->next;
	free(cell);
}

/* Plain writes: what was there atomically is over. */
void sim__order_written(const void *p, size_t size, const void *pc)
{
	uintptr_t at = (uintptr_t)p & ~(uintptr_t)7;

	model_access(p, size, false, true, pc);
	for (; task_now() && at < (uintptr_t)p + size; at += 8)
		cell_forget_words(cell_of(at));
}

void sim__order_read(const void *p, size_t size, const void *pc)
{
	model_access(p, size, false, false, pc);
}

void sim__order_forget(const void *addr, size_t bytes)
{
	uintptr_t at = (uintptr_t)addr & ~(uintptr_t)7;

	for (; order.on && at < (uintptr_t)addr + bytes; at += 8) {
		struct model_cell **cell = cell_find(at);

		if (*cell)
			cell_forget(cell);
	}
}

void sim__order_begin(void)
{
	order.on = true;
	order.random = sim_seed();
}

void sim__order_end(void)
{
	uint32_t i;

	order.on = false;
	for (i = 0; i < ORDER_BUCKETS; i++) {
		while (order.cells[i])
			cell_forget(&order.cells[i]);
		while (order.edges[i]) {
			struct model_edge *edge = order.edges[i];

			order.edges[i] = edge->next;
			free(edge);
		}
	}
	memset(order.tasks, 0, sizeof(order.tasks));
	memset(&order.fence, 0, sizeof(order.fence));
}

/* ---- atomic accesses --------------------------------------------------------- */

/* One task runs at a time, so plain accesses do. */
static uint64_t memory_read(const volatile void *p, size_t size)
{
	switch (size) {
	case 1:
		return *(const volatile uint8_t *)p;
	case 4:
		return *(const volatile uint32_t *)p;
	default:
		return *(const volatile uint64_t *)p;
	}
}

static void memory_write(volatile void *p, size_t size, uint64_t value)
{
	switch (size) {
	case 1:
		*(volatile uint8_t *)p = (uint8_t)value;
		break;
	case 4:
		*(volatile uint32_t *)p = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)p = value;
		break;
	}
}

/* More places where others may go on than the library names. */
static struct model_task *atomic_begin(const volatile void *p, size_t size,
				       bool write, const void *pc)
{
	struct model_task *task = task_now();

	if (!task)
		return NULL;
	if (!sim__self()->in_section && !model_random(ORDER_SKIP))
		sim__point();
	model_access((const void *)(uintptr_t)p, size, true, write, pc);
	return task;
}

uint64_t sim__order_load(const volatile void *p, size_t size, int how,
			 const void *pc)
{
	struct model_task *task = atomic_begin(p, size, false, pc);
	uint64_t memory = memory_read(p, size);

	if (!task)
		return memory;
	return word_load(word_of((uintptr_t)p, memory), task, how, false);
}

void sim__order_store(volatile void *p, size_t size, uint64_t value, int how,
		      const void *pc)
{
	struct model_task *task = atomic_begin(p, size, true, pc);

	if (task)
		word_store(word_of((uintptr_t)p, memory_read(p, size)), task,
			   value, how, NULL);
	memory_write(p, size, value);
}

/* What a read-modify-write reads; then what it writes. Both see all. */
static uint64_t modify_read(struct model_task *task, volatile void *p,
			    size_t size)
{
	uint64_t memory = memory_read(p, size);

	if (task)
		word_load(word_of((uintptr_t)p, memory), task, ORDER_ACQUIRE,
			  true);
	return memory;
}

static void modify_write(struct model_task *task, volatile void *p, size_t size,
			 uint64_t value)
{
	if (task) {
		struct model_word *word =
			word_of((uintptr_t)p, memory_read(p, size));
		struct model_value before = *word_value(word, word->last);

		word_store(word, task, value, ORDER_RELEASE, &before);
	}
	memory_write(p, size, value);
}

uint64_t sim__order_exchange(volatile void *p, size_t size, uint64_t value,
			     const void *pc)
{
	struct model_task *task = atomic_begin(p, size, true, pc);
	uint64_t old = modify_read(task, p, size);

	modify_write(task, p, size, value);
	return old;
}

uint64_t sim__order_add(volatile void *p, size_t size, uint64_t value,
			const void *pc)
{
	struct model_task *task = atomic_begin(p, size, true, pc);
	uint64_t old = modify_read(task, p, size), sum = old + value;

	modify_write(task, p, size, size == 4 ? (uint32_t)sum : sum);
	return old;
}

uint64_t sim__order_cas(volatile void *p, size_t size, uint64_t expect,
			uint64_t value, const void *pc)
{
	struct model_task *task = atomic_begin(p, size, true, pc);
	uint64_t old = modify_read(task, p, size);

	if (old == expect)
		modify_write(task, p, size, value);
	return old;
}

void sim__order_cas_pair(volatile uint64_t *p, uint64_t *expect,
			 const uint64_t *value, const void *pc)
{
	struct model_task *task = atomic_begin(p, 2 * sizeof(*p), true, pc);
	const uint64_t old[2] = { modify_read(task, &p[0], sizeof(*p)),
				  modify_read(task, &p[1], sizeof(*p)) };

	if (old[0] == expect[0] && old[1] == expect[1]) {
		modify_write(task, &p[0], sizeof(*p), value[0]);
		modify_write(task, &p[1], sizeof(*p), value[1]);
	}
	expect[0] = old[0];
	expect[1] = old[1];
}

void sim__order_fence(void)
{
	struct model_task *task = task_now();

	if (!task)
		return;
	task_tick(task);
	clock_join(&task->clock, &task->loaded);
	clock_join(&task->clock, &order.fence);
	order.fence = task->clock;
	task->fenced = task->clock;
}
