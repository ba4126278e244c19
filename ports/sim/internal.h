/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the simulator's files share.
 *
 * Only one thread at a time accesses anything here: the one that holds the
 * baton (sched.c), or outside sim_run() the only thread.
 */
#ifndef SIM_INTERNAL_H
#define SIM_INTERNAL_H

#include <cpuslab/port.h>
#include <cpuslab/sim.h>

struct sim_reader;

/* A thread as the simulator sees it; its address is its identity. */
struct sim_thread {
	uint64_t life;   /* the simulation it belongs to */
	uint32_t cpu;    /* any value */
	unsigned int id; /* 0: outside sim_run() */
	bool in_section;
	bool aborted;      /* the section must not go on */
	const void *order; /* what orders the section with its next */
	bool in_callback;  /* runs an RCU callback */
	bool helper;       /* the thread that runs callbacks */
	bool idle;         /* ... and is not running one */
	bool done;
	bool no_sleep;        /* sim_may_sleep_set() */
	unsigned int signals; /* handlers on top of it */
	struct sim_reader *reader;
	struct cpuslab_port_mutex *held;
	struct cpuslab_port_mutex *wait_mutex; /* NULL: waits for none */
	uint64_t wait_rcu;        /* callbacks up to this; 0: none */
	struct sim_thread *below; /* sim_other_at() interrupted it */
};

/* sim.c */
extern struct sim_config sim__config; /* R any; W sim_init */
uint64_t sim__life(void);
void sim__need_init(void);

/* self.c */
struct sim_thread *sim__self(void);
void sim__self_set(struct sim_thread *thread);
void sim__thread_init(struct sim_thread *thread, unsigned int id, uint32_t cpu);
void sim__thread_fini(struct sim_thread *thread, const char *what);

/* random.c */
void sim__random_init(uint64_t seed);
uint32_t sim__random(uint32_t below);
bool sim__chance(unsigned int thousandths);

/* cpu.c */
int sim__cpu_init(void);
void sim__cpu_fini(void);
uint32_t sim__cpu_any(void);
bool sim__cpu_block_fails(uint32_t cpu);

/* cid.c */
int sim__cid_init(void);
void sim__cid_fini(void);
/* The concurrency id of @cpu, or CPUSLAB_NO_CPU beyond the limit. */
uint32_t sim__cid(uint32_t cpu);
/* @cpu has no thread any more: another one may have its id. */
void sim__cid_put(uint32_t cpu);

/* point.c */
void sim__point_init(void);
void sim__trace_add(uint64_t what);

/* sched.c */
bool sim__sched_active(void);
void sim__sched_point(struct sim_thread *self);
void sim__sched_block(void);
void sim__sched_move(struct sim_thread *thread, uint32_t cpu);
void sim__sched_abort_on(uint32_t cpu, const struct sim_thread *except);
void sim__sched_fence(uint32_t cpu);
void sim__sched_signal(struct sim_thread *self, void (*handler)(void *),
		       void *arg);
void sim__sched_init(void);

/* section.c */
void sim__section_init(void);
/* If @thread is inside a section, it executes no further step of it. */
void sim__section_abort(struct sim_thread *thread);

/* copy.c */
void *sim__copy_find(const struct cpuslab_percpu *handle, uint32_t cpu,
		     size_t offset);

/* order_none.c, or tests/memory_model/model.c */
void sim__order_begin(void);
void sim__order_end(void);
void sim__order_release(const struct sim_thread *thread, const void *what);
/* What was released as @from is from now on also released as @to. */
void sim__order_chain(const void *to, const void *from);
/* This memory is reused; forget what is known about it. */
void sim__order_forget(const void *addr, size_t bytes);

/* mutex.c */
void sim__mutex_init(void);
unsigned int sim__mutex_count(void);

/* rcu.c */
void sim__rcu_init(void);
void sim__rcu_fini(void);
unsigned int sim__rcu_sections(void);
unsigned int sim__rcu_users(void);
void sim__rcu_retire(struct sim_thread *thread);
bool sim__rcu_in_section(const struct sim_thread *thread);
bool sim__rcu_has_work(void);
void sim__rcu_work(void);
bool sim__rcu_has_upto(uint64_t seq);

/* blocks.c */
void sim__blocks_fini(void);
unsigned int sim__blocks_count(void);

/* alloc.c */
void sim__alloc_init(void);
void sim__alloc_fini(void);
bool sim__alloc_fails(void);

/* log.c */
void sim__logf(const char *format, ...) __attribute__((format(printf, 1, 2)));
__attribute__((noreturn, format(printf, 1, 2))) void
sim__panicf(const char *format, ...);

#endif /* SIM_INTERNAL_H */
