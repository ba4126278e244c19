/* SPDX-License-Identifier: MIT */
/*
 * sched.c - tasks, one at a time. Each task is a thread that waits for the
 * baton; the task that holds it decides at each point, by random numbers, which
 * task runs next.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "internal.h"

struct sched_task {
	struct sim_thread thread;
	pthread_t pthread;
	sem_t turn;                  /* to be given the baton */
	const struct sim_task *task; /* NULL: runs callbacks */
};

static struct {
	sem_t ended; /* the last task is done */
	struct sched_task *tasks;
	struct sched_task *running; /* has the baton */
	unsigned int count;         /* with the one for callbacks */
	unsigned int left;          /* real tasks not done */
	uint64_t steps;
	void (*handler)(void *arg);
	void *handler_arg;
	unsigned int (*choose)(void *arg, unsigned int running);
	void *choose_arg;
} sched_all;

void sim__sched_init(void)
{
	sched_all.handler = NULL;
	sched_all.choose = NULL;
	sched_all.steps = 0;
}

void sim_choose_set(unsigned int (*choose)(void *arg, unsigned int running),
		    void *arg)
{
	sched_all.choose = choose;
	sched_all.choose_arg = arg;
}

bool sim__sched_active(void)
{
	return sched_all.tasks != NULL;
}

void sim_signal_set(void (*handler)(void *arg), void *arg)
{
	sched_all.handler = handler;
	sched_all.handler_arg = arg;
}

/* ---- which task is on which CPU -------------------------------------- */

typedef bool sched_match(const struct sim_thread *thread, uint32_t cpu);

static bool sched_is_on(const struct sim_thread *thread, uint32_t cpu)
{
	return thread->cpu == cpu;
}

static bool sched_is_any(const struct sim_thread *thread, uint32_t cpu)
{
	(void)thread;
	(void)cpu;
	return true;
}

static void sched_abort(uint32_t cpu, sched_match *match,
			const struct sim_thread *except)
{
	struct sim_thread *thread;
	unsigned int i;

	for (i = 0; i < sched_all.count; i++) {
		thread = &sched_all.tasks[i].thread;
		if (thread != except && match(thread, cpu))
			sim__section_abort(thread);
	}
	/* The threads that sim_other_at() interrupted, and the caller. */
	for (thread = sim__self(); thread; thread = thread->below)
		if (thread != except && match(thread, cpu))
			sim__section_abort(thread);
}

void sim__sched_abort_on(uint32_t cpu, const struct sim_thread *except)
{
	sched_abort(cpu, sched_is_on, except);
}

/* CPUSLAB_NO_CPU: everywhere. */
void sim__sched_fence(uint32_t cpu)
{
	sched_abort(cpu, cpu == CPUSLAB_NO_CPU ? sched_is_any : sched_is_on,
		    NULL);
}

static bool sched_has_thread(uint32_t cpu)
{
	const struct sim_thread *thread;
	unsigned int i;

	for (i = 0; i < sched_all.count; i++)
		if (sched_all.tasks[i].thread.cpu == cpu)
			return true;
	for (thread = sim__self(); thread; thread = thread->below)
		if (thread->cpu == cpu)
			return true;
	return false;
}

void sim__sched_move(struct sim_thread *thread, uint32_t cpu)
{
	uint32_t from = thread->cpu;

	sim__section_abort(thread);
	thread->cpu = cpu;
	if (!sched_has_thread(from))
		sim__cid_put(from);
	sim__sched_abort_on(cpu, thread);
}

void sim__sched_signal(struct sim_thread *self, void (*handler)(void *),
		       void *arg)
{
	bool in_section = self->in_section;
	const void *order = self->order;

	/* Before the handler, which others may interrupt: as in the kernel. */
	sim__section_abort(self);
	self->in_section = false;
	self->signals++;
	handler(arg);
	self->signals--;
	self->in_section = in_section;
	self->aborted = in_section;
	self->order = order;
}

/* ---- the baton ----------------------------------------------------------- */

static bool sched_can_run(const struct sched_task *task)
{
	const struct sim_thread *thread = &task->thread;

	if (thread->done)
		return false;
	if (thread->wait_mutex)
		return !thread->wait_mutex->holder;
	if (thread->wait_rcu)
		return !sim__rcu_has_work();
	return !thread->helper || !thread->idle || sim__rcu_has_work();
}

static struct sched_task *sched_task_of(const void *thread)
{
	return (void *)((char *)(uintptr_t)thread -
			offsetof(struct sched_task, thread));
}

static unsigned int sched_index(const struct sched_task *task)
{
	return task ? (unsigned int)(task - sched_all.tasks) : CPUSLAB_NO_CPU;
}

/* Where to begin to look for a task that can run. */
static unsigned int sched_first(void)
{
	const struct sched_task *task;
	unsigned int first;

	if (!sched_all.choose)
		return sim__random(sched_all.count);
	first = sched_all.choose(sched_all.choose_arg,
				 sched_index(sched_all.running));
	task = &sched_all.tasks[first];
	while (task->thread.wait_mutex && task->thread.wait_mutex->holder)
		task = sched_task_of(task->thread.wait_mutex->holder);
	return sched_index(task);
}

/* Another task that can run, or NULL. */
static struct sched_task *sched_pick(const struct sched_task *not_this)
{
	unsigned int start = sched_first();
	unsigned int i;

	for (i = 0; i < sched_all.count; i++) {
		struct sched_task *task =
			&sched_all.tasks[(start + i) % sched_all.count];

		if (task != not_this && sched_can_run(task))
			return task;
	}
	return NULL;
}

static void sched_wait(sem_t *turn)
{
	while (sem_wait(turn)) /* a signal of the system's ends it */
		;
}

static void sched_give(struct sched_task *to)
{
	sched_all.running = to;
	sem_post(&to->turn);
}

/* A task that moves to a CPU preempts the task that was there. */
static void sched_resume(struct sched_task *self)
{
	if (!self->thread.helper)
		sim__sched_abort_on(self->thread.cpu, &self->thread);
}

static void sched_switch(struct sched_task *self, struct sched_task *to)
{
	sched_give(to);
	sched_wait(&self->turn);
	sched_resume(self);
}

void sim__sched_block(void)
{
	struct sched_task *self = sched_task_of(sim__self());
	struct sched_task *to = sched_pick(self);

	if (!to)
		sim__panicf("sim: deadlock: no task can run, seed %llu",
			    (unsigned long long)sim_seed());
	sched_switch(self, to);
}

/* ---- what may happen at a point ------------------------------------------ */

static void sched_preempt(struct sched_task *self)
{
	struct sched_task *to = sched_pick(self);

	sim__section_abort(&self->thread);
	if (!self->thread.helper && sim__chance(sim__config.odds->move)) {
		/*
		 * Move this task to another CPU, or run another task in its
		 * place.
		 */
		if (to && !to->thread.helper && sim__random(2))
			sim__sched_move(&to->thread, self->thread.cpu);
		else
			sim__sched_move(&self->thread, sim__cpu_any());
	}
	if (to)
		sched_switch(self, to);
	else
		sched_resume(self);
}

void sim__sched_point(struct sim_thread *thread)
{
	const struct sim_odds *odds = sim__config.odds;
	struct sched_task *self, *to;

	if (thread->below)
		return;
	self = sched_task_of(thread);
	if (++sched_all.steps > sim__config.max_steps)
		sim__panicf("sim: no end after %llu points, seed %llu",
			    (unsigned long long)sim__config.max_steps,
			    (unsigned long long)sim_seed());
	if (sched_all.choose) {
		to = sched_pick(NULL);
		if (to != self)
			sched_switch(self, to);
		return;
	}
	if (sched_all.handler && !thread->signals && !thread->helper &&
	    sim__chance(odds->signal))
		sim__sched_signal(thread, sched_all.handler,
				  sched_all.handler_arg);
	if (sim__chance(odds->preempt)) {
		sched_preempt(self);
	} else if (sim__chance(odds->interleave)) {
		to = sched_pick(self);
		if (to)
			sched_switch(self, to);
	}
}

/* ---- tasks --------------------------------------------------------------- */

static void sched_run_callbacks(struct sched_task *self)
{
	while (sched_all.left) {
		if (sim__rcu_has_work())
			sim__rcu_work();
		self->thread.idle = true;
		if (sched_all.left)
			sim__sched_block();
		self->thread.idle = false;
	}
}

static void sched_hand_on(struct sched_task *self)
{
	struct sched_task *to = sched_pick(self);
	unsigned int i;

	for (i = 0; !to && i < sched_all.count; i++)
		if (!sched_all.tasks[i].thread.done) {
			/* Only the thread that runs callbacks is left. */
			to = &sched_all.tasks[i];
			if (!to->thread.helper)
				sim__panicf("sim: deadlock: no task can run, "
					    "seed %llu",
					    (unsigned long long)sim_seed());
		}
	if (to)
		sched_give(to);
	else
		sem_post(&sched_all.ended);
}

static void *sched_thread(void *arg)
{
	struct sched_task *self = arg;

	sim__self_set(&self->thread);
	sched_wait(&self->turn);
	sched_resume(self);
	if (self->task) {
		self->task->run(self->task->arg);
		sched_all.left--;
	} else {
		sched_run_callbacks(self);
	}
	sim__thread_fini(&self->thread, "task");
	self->thread.done = true;
	sched_hand_on(self);
	return NULL;
}

static void sched_start(struct sched_task *self, const struct sim_task *task,
			unsigned int id)
{
	sim__thread_init(&self->thread, id, task ? task->cpu : CPUSLAB_NO_CPU);
	self->task = task;
	self->thread.helper = !task;
	self->thread.idle = !task;
	if (sem_init(&self->turn, 0, 0) ||
	    pthread_create(&self->pthread, NULL, sched_thread, self))
		sim__panicf("sim: no thread for task %u", id);
}

uint64_t sim_run(const struct sim_task *tasks, unsigned int count)
{
	uint64_t before = sim_points();
	struct sched_task *all;
	unsigned int i;

	sim__need_init();
	if (sim__sched_active())
		sim__panicf("sim: sim_run() inside sim_run()");
	if (!count)
		return 0;
	all = calloc(count + 1, sizeof(*all));
	if (!all)
		sim__panicf("sim: no memory for tasks");
	sched_all.count = count + 1;
	sched_all.left = count;
	sched_all.steps = 0;
	sched_all.running = NULL;
	if (sem_init(&sched_all.ended, 0, 0))
		sim__panicf("sim: no semaphore");
	sim__order_begin();
	for (i = 0; i <= count; i++)
		sched_start(&all[i], i < count ? &tasks[i] : NULL, i + 1);
	sched_all.tasks = all;
	sched_give(sched_pick(NULL));
	sched_wait(&sched_all.ended);
	for (i = 0; i <= count; i++) {
		pthread_join(all[i].pthread, NULL);
		sem_destroy(&all[i].turn);
	}
	sem_destroy(&sched_all.ended);
	sim__order_end();
	sched_all.tasks = NULL;
	sched_all.count = 0;
	free(all);
	return sim_points() - before;
}
