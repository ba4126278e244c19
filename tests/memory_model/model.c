/* SPDX-License-Identifier: MIT */
/*
 * model.c - weak memory order: inside sim_run() a load may find an older value,
 * any that C11 allows, and a race of plain accesses ends the program.
 *
 * It replaces order_none.c in a build whose library and operations are compiled
 * with -fsanitize=thread but not linked with that sanitizer. The functions that
 * the compiler then calls for each access are in model_calls.c.
 *
 * Each task has a vector clock, as in FastTrack (Flanagan and Freund, 2009).
 * Each word that is accessed atomically keeps its last values, as in C11Tester
 * (Luo and Demsky, 2021):
 *
 *	value    4       5       6       7		the newest: in memory
 *	         |       |               |
 *	         |       task 2 has found, or stored, this value; each task
 *	         |       that acquired from task 2 since counts the same
 *	         task 1 has seen nothing: it may find 4, 5, 6 or 7
 *
 * The model is weaker than any machine, as the standard is: a read-modify-write
 * acquires and releases but is no fence. It is stronger than the standard in
 * four points. Stores are ordered as they were executed, so no load finds a
 * value that is stored later. A compare-and-swap that fails finds the newest
 * value. Two full fences order everything before the first and after the
 * second, races included. What happens in the simulator itself (a mutex, a
 * grace period) orders as ports/sim/README.md says.
 */
#include <stdlib.h>

#include "model.h"

#define MODEL_TASKS 24u
#define MODEL_KEPT 6u /* values of a word that loads can still find */
#define MODEL_BUCKETS 65536u
#define MODEL_SKIP 2 /* preempt at about every other atomic access */

struct model_clock {
	uint32_t at[MODEL_TASKS];
};

struct model_task {
	struct model_clock clock;  /* what it has seen; own entry: its time */
	struct model_clock loaded; /* what its next fence will make it see */
	struct model_clock fenced; /* what its relaxed stores release */
};

/* A task found or stored the value with this number at this time. */
struct model_found {
	uint32_t number;
	uint32_t at;
};

struct model_value {
	uint64_t value;
	struct model_clock released;
};

/* An atomically accessed word. Values are numbered as they are stored. */
struct model_word {
	uint32_t first, last; /* numbers of the retained values */
	struct model_value values[MODEL_KEPT];
	struct model_found found[MODEL_TASKS][MODEL_KEPT];
	uint32_t finds[MODEL_TASKS];
};

struct model_access {
	uint32_t at; /* 0: no access */
	uint8_t bytes;
	bool atomic;
};

/* Eight bytes: the last access to each by each task, and the words there. */
struct model_cell {
	uintptr_t addr;
	struct model_cell *next;
	uint32_t writer;
	struct model_access write;
	struct model_access reads[MODEL_TASKS];
	struct model_word *words[8];
};

/* A point of the simulator that orders tasks, by its address. */
struct model_edge {
	const void *what;
	struct model_edge *next;
	struct model_clock clock;
};

static struct {
	bool on;
	uint64_t random;
	struct model_clock fence;
	struct model_task tasks[MODEL_TASKS];
	struct model_cell *cells[MODEL_BUCKETS];
	struct model_edge *edges[MODEL_BUCKETS];
} model;

static uint32_t model_random(uint32_t below)
{
	model.random =
		model.random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((model.random >> 33) % below);
}

static uint32_t model_bucket(uintptr_t addr)
{
	return (uint32_t)((addr * 0x9e3779b97f4a7c15u) >> 48) % MODEL_BUCKETS;
}

/* ---- clocks -------------------------------------------------------------- */

static void clock_join(struct model_clock *to, const struct model_clock *from)
{
	uint32_t i;

	for (i = 0; i < MODEL_TASKS; i++)
		if (to->at[i] < from->at[i])
			to->at[i] = from->at[i];
}

/* NULL outside sim_run(): nothing is modelled then. */
static struct model_task *task_of(const struct sim_thread *thread)
{
	if (thread->id >= MODEL_TASKS)
		sim__panicf("sim: more than %u tasks in the memory model",
			    MODEL_TASKS - 1);
	return model.on && thread->id ? &model.tasks[thread->id] : NULL;
}

/* The task that runs. */
static struct model_task *task_now(void)
{
	return model.on ? task_of(sim__self()) : NULL;
}

static uint32_t task_id(const struct model_task *task)
{
	return (uint32_t)(task - model.tasks);
}

static uint32_t task_tick(struct model_task *task)
{
	return ++task->clock.at[task_id(task)];
}

static bool task_has_seen(const struct model_task *task, uint32_t other,
			  uint32_t at)
{
	return at <= task->clock.at[other];
}

/* ---- what the simulator orders ------------------------------------------- */

static struct model_edge *edge_of(const void *what)
{
	struct model_edge **bucket =
		&model.edges[model_bucket((uintptr_t)what)];
	struct model_edge *edge = *bucket;

	while (edge && edge->what != what)
		edge = edge->next;
	if (edge)
		return edge;
	edge = calloc(1, sizeof(*edge));
	if (!edge)
		sim__panicf("sim: no memory for the memory model");
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
	if (model.on)
		clock_join(&edge_of(to)->clock, &edge_of(from)->clock);
}

/* ---- values -------------------------------------------------------------- */

static struct model_cell **cell_find(uintptr_t addr)
{
	struct model_cell **at = &model.cells[model_bucket(addr)];

	while (*at && (*at)->addr != addr)
		at = &(*at)->next;
	return at;
}

static void *model_zalloc(size_t bytes)
{
	void *found = calloc(1, bytes);

	if (!found)
		sim__panicf("sim: no memory for the memory model");
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
	return &word->values[number % MODEL_KEPT];
}

/*
 * @memory: what memory holds. If that is not the last value, a plain write came
 * in between, and every task counts as having seen it.
 */
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
		&word->found[id][word->finds[id]++ % MODEL_KEPT];

	found->number = number;
	found->at = task->clock.at[id];
}

/* The oldest value that @task may find. */
static uint32_t word_oldest(const struct model_word *word,
			    const struct model_task *task)
{
	uint32_t oldest = word->first, other, i;

	for (other = 0; other < MODEL_TASKS; other++)
		for (i = 0; i < MODEL_KEPT && i < word->finds[other]; i++) {
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
	if (how == MODEL_RELAXED)
		clock_join(&task->loaded, &value->released);
	else
		clock_join(&task->clock, &value->released);
	if (number > oldest)
		word_found(word, task, number);
	return value->value;
}

/* @before: what a read-modify-write read; its release sequence continues. */
static void word_store(struct model_word *word, struct model_task *task,
		       uint64_t stored, int how,
		       const struct model_value *before)
{
	struct model_clock released = how >= MODEL_RELEASE ? task->clock :
							     task->fenced;
	struct model_value *value;

	if (before)
		clock_join(&released, &before->released);
	value = word_value(word, ++word->last);
	if (word->last - word->first >= MODEL_KEPT)
		word->first++;
	value->value = stored;
	value->released = released;
	word_found(word, task, word->last);
}

/* ---- races --------------------------------------------------------------- */

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

	for (other = 0; write && other < MODEL_TASKS; other++)
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

/* A plain write ends the words that were accessed atomically there. */
void model_written(const void *p, size_t size, const void *pc)
{
	uintptr_t at = (uintptr_t)p & ~(uintptr_t)7;

	model_access(p, size, false, true, pc);
	for (; task_now() && at < (uintptr_t)p + size; at += 8)
		cell_forget_words(cell_of(at));
}

void model_read(const void *p, size_t size, const void *pc)
{
	model_access(p, size, false, false, pc);
}

void sim__order_forget(const void *addr, size_t bytes)
{
	uintptr_t at = (uintptr_t)addr & ~(uintptr_t)7;

	for (; model.on && at < (uintptr_t)addr + bytes; at += 8) {
		struct model_cell **cell = cell_find(at);

		if (*cell)
			cell_forget(cell);
	}
}

void sim__order_begin(void)
{
	model.on = true;
	model.random = sim_seed();
}

void sim__order_end(void)
{
	uint32_t i;

	model.on = false;
	for (i = 0; i < MODEL_BUCKETS; i++) {
		while (model.cells[i])
			cell_forget(&model.cells[i]);
		while (model.edges[i]) {
			struct model_edge *edge = model.edges[i];

			model.edges[i] = edge->next;
			free(edge);
		}
	}
	memset(model.tasks, 0, sizeof(model.tasks));
	memset(&model.fence, 0, sizeof(model.fence));
}

/* ---- atomic accesses ----------------------------------------------------- */

/* One task runs at a time, so plain accesses suffice. */
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

/* Other tasks may run here, not only at the points that the library names. */
static struct model_task *atomic_begin(const volatile void *p, size_t size,
				       bool write, const void *pc)
{
	struct model_task *task = task_now();

	if (!task)
		return NULL;
	if (!sim__self()->in_section && !model_random(MODEL_SKIP))
		sim__point();
	model_access((const void *)(uintptr_t)p, size, true, write, pc);
	model_executed(pc);
	return task;
}

uint64_t model_load(const volatile void *p, size_t size, int how,
		    const void *pc)
{
	struct model_task *task = atomic_begin(p, size, false, pc);
	uint64_t memory = memory_read(p, size);

	if (!task)
		return memory;
	return word_load(word_of((uintptr_t)p, memory), task, how, false);
}

void model_store(volatile void *p, size_t size, uint64_t value, int how,
		 const void *pc)
{
	struct model_task *task = atomic_begin(p, size, true, pc);

	if (task)
		word_store(word_of((uintptr_t)p, memory_read(p, size)), task,
			   value, how, NULL);
	memory_write(p, size, value);
}

/* Finds the newest value and, as modify_write(), acquires and releases. */
static uint64_t modify_read(struct model_task *task, volatile void *p,
			    size_t size, int how)
{
	uint64_t memory = memory_read(p, size);

	if (task)
		word_load(word_of((uintptr_t)p, memory), task, how, true);
	return memory;
}

static void modify_write(struct model_task *task, volatile void *p, size_t size,
			 uint64_t value, int how)
{
	if (task) {
		struct model_word *word =
			word_of((uintptr_t)p, memory_read(p, size));
		struct model_value before = *word_value(word, word->last);

		word_store(word, task, value, how, &before);
	}
	memory_write(p, size, value);
}

uint64_t model_exchange(volatile void *p, size_t size, uint64_t value, int how,
			const void *pc)
{
	struct model_task *task = atomic_begin(p, size, true, pc);
	uint64_t old = modify_read(task, p, size, how);

	modify_write(task, p, size, value, how);
	return old;
}

uint64_t model_add(volatile void *p, size_t size, uint64_t value, int how,
		   const void *pc)
{
	struct model_task *task = atomic_begin(p, size, true, pc);
	uint64_t old = modify_read(task, p, size, how), sum = old + value;

	modify_write(task, p, size, size == 4 ? (uint32_t)sum : sum, how);
	return old;
}

uint64_t model_cas(volatile void *p, size_t size, uint64_t expect,
		   uint64_t value, int how, int failed, const void *pc)
{
	struct model_task *task = atomic_begin(p, size, true, pc);

	if (memory_read(p, size) != expect)
		return modify_read(task, p, size, failed);
	modify_read(task, p, size, how);
	modify_write(task, p, size, value, how);
	return expect;
}

void model_cas_pair(volatile uint64_t *p, uint64_t *expect,
		    const uint64_t *value, int how, const void *pc)
{
	struct model_task *task = atomic_begin(p, 2 * sizeof(*p), true, pc);
	const uint64_t old[2] = { modify_read(task, &p[0], sizeof(*p), how),
				  modify_read(task, &p[1], sizeof(*p), how) };

	if (old[0] == expect[0] && old[1] == expect[1]) {
		modify_write(task, &p[0], sizeof(*p), value[0], how);
		modify_write(task, &p[1], sizeof(*p), value[1], how);
	}
	expect[0] = old[0];
	expect[1] = old[1];
}

void model_fence(const void *pc)
{
	struct model_task *task = task_now();

	if (!task)
		return;
	model_executed(pc);
	task_tick(task);
	clock_join(&task->clock, &task->loaded);
	clock_join(&task->clock, &model.fence);
	model.fence = task->clock;
	task->fenced = task->clock;
}
