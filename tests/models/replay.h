/* SPDX-License-Identifier: MIT */
#ifndef REPLAY_H
#define REPLAY_H
/*
 * replay.h - a model's counterexample as a schedule of the code, on port sim.
 *
 * A schedule is a list of steps, "THREAD:STEP ...", in the order of the model.
 * A thread runs until it has done its step, and then the next one in the list
 * runs. A step is one of
 *
 *	+N	the thread has passed N points since its last step
 *	done	its operation is over: it has called replay_done()
 *	fenced	it has fenced CPUs
 *	stopped	from here on the threads that have .stops stand still, until all
 *		others have ended
 *	NAME	of the model's table of states: what the step leads to is true
 *	other	a choice, which the thread takes by replay_choice()
 *
 * Steps in parentheses break a formula if they are repeated forever. They are
 * repeated REPLAY_ROUNDS times; then, after "stopped" when all other threads
 * have ended, what the formula promises must be true.
 *
 * What cannot be done, because the code does not have the bug, is passed over.
 */
#include <stdlib.h>
#include <string.h>

#include "fixture/fixture.h"

#define REPLAY_THREADS 6u
#define REPLAY_STEPS 128u
#define REPLAY_ROUNDS 16u

struct replay_thread {
	const char *name;
	void (*run)(struct replay_thread *self);
	uint32_t number;   /* among those with its name and digits behind it */
	uint32_t points;   /* since its last step */
	uint32_t done;     /* operations that no step has waited for yet */
	uint32_t chosen;   /* steps in which it has looked for a choice */
	uint64_t fences;   /* that had begun at its last step */
	bool stops;        /* it stands still after "stopped" */
	const bool *waits; /* until this is true; NULL: it runs */
	bool ended;
};

struct replay_state {
	const char *name;
	bool (*is_reached)(const struct replay_thread *thread);
};

struct replay_model {
	const char *name;
	const struct replay_thread *threads;
	const struct replay_state *states;
	void (*begin)(void);
	void (*end)(void); /* what must be true at the end, and destroy all */
	bool (*is_kept)(void); /* what its formula promises; or NULL */
};

struct replay_schedule {
	const char *model, *bug, *steps;
};

struct replay_step {
	struct replay_thread *thread; /* NULL: the one that runs callbacks */
	const struct replay_state *state;
	char name[16];
};

static struct {
	const struct replay_model *model;
	struct replay_thread threads[REPLAY_THREADS];
	struct replay_step steps[REPLAY_STEPS];
	uint32_t thread_count, step_count, at;
	uint64_t fences; /* that had begun at the last point */
	bool cycle;      /* the schedule has steps in parentheses */
	bool stopped;
	bool over; /* no thread can go on but those that wait */
	const char *failed;
} replay;

static void replay_fail(const char *what)
{
	if (!replay.failed)
		replay.failed = what;
}

#define replay_expect(cond) ((cond) ? (void)0 : replay_fail(#cond))

/* ---- what threads call --------------------------------------------------- */

static void replay_done(struct replay_thread *self)
{
	self->done++;
	cpuslab_port_preempt_point();
}

static bool replay_step_is(const struct replay_step *step, const char *name)
{
	return !strcmp(step->name, name);
}

static bool replay_is_choice(const struct replay_step *step)
{
	return !step->state && step->name[0] != '+' &&
	       !replay_step_is(step, "done") &&
	       !replay_step_is(step, "fenced") && step->thread;
}

/* The next choice of this thread, or "". */
static const char *replay_choice(struct replay_thread *self)
{
	while (self->chosen < replay.step_count) {
		const struct replay_step *step = &replay.steps[self->chosen++];

		if (step->thread == self && replay_is_choice(step))
			return step->name;
	}
	return "";
}

static bool replay_chooses(struct replay_thread *self, const char *choice)
{
	return !strcmp(replay_choice(self), choice);
}

/* False: nothing more can happen. */
static bool replay_wait(struct replay_thread *self, const bool *until)
{
	self->waits = until;
	while (!*until && !replay.over)
		cpuslab_port_preempt_point();
	self->waits = NULL;
	return *until;
}

/* ---- the order of the steps ---------------------------------------------- */

static bool replay_can_run(const struct replay_thread *thread)
{
	return !thread->ended && (!thread->waits || *thread->waits);
}

static bool replay_is_reached(const struct replay_step *step)
{
	struct replay_thread *thread = step->thread;

	if (step->state)
		return (thread && !replay_can_run(thread)) ||
		       step->state->is_reached(thread);
	if (!thread || !replay_can_run(thread))
		return true;
	if (step->name[0] == '+')
		return thread->points >= strtoul(step->name + 1, NULL, 10);
	/* A fence has a point before it aborts sections, and one after. */
	if (replay_step_is(step, "fenced"))
		return replay.fences > thread->fences;
	return !replay_step_is(step, "done") || thread->done;
}

static void replay_step_is_done(const struct replay_step *step)
{
	struct replay_thread *thread = step->thread;

	replay.stopped = replay.stopped || replay_step_is(step, "stopped");
	if (!thread || replay_is_choice(step))
		return;
	thread->points = thread->done = 0;
	/* Those of several CPUs are one in the code. */
	if (!replay_step_is(step, "fenced"))
		thread->fences = sim_fences();
}

static bool replay_stands_still(unsigned int number)
{
	return replay.stopped &&
	       (number >= replay.thread_count || replay.threads[number].stops);
}

/* There may be no other end, if the formula is broken. */
static void replay_end_cycle(void)
{
	if (replay.cycle && !replay.model->is_kept()) {
		print_error("not true: what the formula promises\n");
		exit(1);
	}
	replay.cycle = false;
	replay.stopped = false;
}

static uint32_t replay_any(void)
{
	uint32_t i;

	for (i = 0; i < replay.thread_count; i++)
		if (replay_can_run(&replay.threads[i]) &&
		    !replay_stands_still(i))
			return i;
	if (replay.cycle) {
		replay_end_cycle();
		return replay_any();
	}
	replay.over = true;
	return 0;
}

/* Where the steps are over. */
static uint32_t replay_rest(unsigned int running)
{
	if (!replay.stopped)
		replay_end_cycle();
	if (running < replay.thread_count &&
	    replay_can_run(&replay.threads[running]) &&
	    !replay_stands_still(running))
		return running;
	return replay_any();
}

static unsigned int replay_choose(void *arg, unsigned int running)
{
	const struct replay_step *step;

	(void)arg;
	if (replay_stands_still(running))
		replay_fail("a thread waits for one that stands still");
	if (running < replay.thread_count)
		replay.threads[running].points++;
	for (step = replay.steps + replay.at;
	     replay.at < replay.step_count && replay_is_reached(step); step++) {
		replay_step_is_done(step);
		replay.at++;
	}
	replay.fences = sim_fences();
	if (replay.at == replay.step_count)
		return replay_rest(running);
	return step->thread ? (unsigned int)(step->thread - replay.threads) :
			      replay.thread_count;
}

/* ---- one schedule -------------------------------------------------------- */

static void replay_run(void *arg)
{
	struct replay_thread *self = arg;

	self->run(self);
	self->ended = true;
}

/* "user1" is the second one of that name, "user" the first. */
static struct replay_thread *replay_thread_of(const char *name, size_t bytes)
{
	uint32_t i, number = 0;

	if (replay.thread_count == 1)
		return replay.threads; /* it makes all calls */
	if (name[bytes - 1] >= '0' && name[bytes - 1] <= '9')
		number = (uint32_t)(name[--bytes] - '0');
	for (i = 0; i < replay.thread_count; i++)
		if (strlen(replay.threads[i].name) == bytes &&
		    !memcmp(replay.threads[i].name, name, bytes) &&
		    replay.threads[i].number == number)
			return &replay.threads[i];
	return NULL;
}

static const struct replay_state *replay_state_of(const char *name)
{
	const struct replay_state *state = replay.model->states;

	while (state && state->name && strcmp(state->name, name))
		state++;
	return state && state->name ? state : NULL;
}

/* Returns what follows. */
static const char *replay_read_step(const char *text)
{
	size_t thread = strcspn(text, ":"), name;
	struct replay_step *step = &replay.steps[replay.step_count++];

	assert_true(replay.step_count <= REPLAY_STEPS);
	step->thread = replay_thread_of(text, thread);
	text += thread + 1;
	name = strcspn(text, " ");
	assert_true(name < sizeof(step->name));
	memcpy(step->name, text, name);
	step->state = replay_state_of(step->name);
	assert_true(step->thread || step->state ||
		    replay_step_is(step, "stopped"));
	return text + name;
}

static void replay_read(const char *text)
{
	const char *cycle = NULL;
	uint32_t round = 0;

	while (*(text += strspn(text, " "))) {
		if (*text == '(')
			cycle = ++text;
		else if (*text == ')')
			text = ++round < REPLAY_ROUNDS ? cycle : text + 1;
		else
			text = replay_read_step(text);
	}
	replay.cycle = cycle != NULL;
}

static void replay_schedule(const struct replay_model *model,
			    const struct replay_schedule *schedule)
{
	struct sim_task tasks[REPLAY_THREADS];
	uint32_t i;

	print_message("%s: %s\n", schedule->bug, schedule->steps);
	memset(&replay, 0, sizeof(replay));
	replay.model = model;
	for (i = 0; model->threads[i].name; i++) {
		replay.threads[i] = model->threads[i];
		tasks[i].run = replay_run;
		tasks[i].arg = &replay.threads[i];
		tasks[i].cpu = 8 + i; /* of its own */
	}
	replay.thread_count = i;
	replay_read(schedule->steps);
	model->begin();
	sim_choose_set(replay_choose, NULL);
	sim_run(tasks, replay.thread_count);
	sim_choose_set(NULL, NULL);
	model->end();
	if (replay.failed)
		fail_msg("%s: %s", schedule->bug, replay.failed);
}

#endif /* REPLAY_H */
