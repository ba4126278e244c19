/* SPDX-License-Identifier: MIT */
/*
 * point.c - points: counting them, the clock that they advance, and the events
 * that a test has scheduled at one of them.
 */
#include "internal.h"

#define POINT_EVENTS 16

enum point_kind {
	POINT_PREEMPT,
	POINT_SIGNAL,
	POINT_OTHER,
};

struct point_event {
	uint64_t at; /* of point_all.passed */
	enum point_kind kind;
	uint32_t cpu;
	void (*run)(void *arg);
	void *arg;
};

static struct {
	uint64_t passed;   /* since sim_init() */
	uint64_t base;     /* passed at sim_points_reset() */
	uint64_t extra_ns; /* sim_clock_advance() */
	uint64_t trace;
	unsigned int count;
	struct point_event events[POINT_EVENTS];
} point_all;

void sim__point_init(void)
{
	memset(&point_all, 0, sizeof(point_all));
	point_all.trace = 0xcbf29ce484222325u;
}

/* FNV-1a, by words. */
void sim__trace_add(uint64_t what)
{
	point_all.trace = (point_all.trace ^ what) * 0x100000001b3u;
}

uint64_t sim_trace(void)
{
	return point_all.trace;
}

uint64_t sim_points(void)
{
	return point_all.passed - point_all.base;
}

void sim_points_reset(void)
{
	point_all.base = point_all.passed;
}

void sim_clock_advance(uint64_t ns)
{
	point_all.extra_ns += ns;
}

uint64_t cpuslab_port_clock(void)
{
	return 1000 * point_all.passed + point_all.extra_ns;
}

void cpuslab_port_nap(uint32_t us)
{
	if (!cpuslab_port_may_sleep())
		sim__panicf("sim: a thread sleeps that may not");
	sim_clock_advance(1000 * (uint64_t)us);
	sim__point();
}

static void point_event_add(uint64_t k, enum point_kind kind, uint32_t cpu,
			    void (*run)(void *), void *arg)
{
	struct point_event *e;

	if (!k || point_all.count == POINT_EVENTS)
		sim__panicf(
			"sim: point %llu cannot be scheduled: too many are outstanding, or it is 0",
			(unsigned long long)k);
	e = &point_all.events[point_all.count++];
	e->at = point_all.passed + k;
	e->kind = kind;
	e->cpu = cpu;
	e->run = run;
	e->arg = arg;
}

void sim_preempt_at(uint64_t k, uint32_t cpu)
{
	point_event_add(k, POINT_PREEMPT, cpu, NULL, NULL);
}

void sim_signal_at(uint64_t k, void (*handler)(void *arg), void *arg)
{
	point_event_add(k, POINT_SIGNAL, 0, handler, arg);
}

void sim_other_at(uint64_t k, uint32_t cpu, void (*run)(void *arg), void *arg)
{
	point_event_add(k, POINT_OTHER, cpu, run, arg);
}

unsigned int sim_at_cancel(void)
{
	unsigned int left = point_all.count;

	point_all.count = 0;
	return left;
}

/* Run another thread on another CPU on top of this one. */
static void point_other(struct sim_thread *self, const struct point_event *e)
{
	struct sim_thread other;

	sim__thread_init(&other, self->id, self->cpu);
	other.below = self;
	sim__self_set(&other);
	sim__sched_move(&other, e->cpu);
	e->run(e->arg);
	sim__thread_fini(&other, "other thread over task");
	sim__self_set(self);
}

static void point_event_run(struct sim_thread *self,
			    const struct point_event *e)
{
	sim__trace_add(0x10000u + e->kind);
	switch (e->kind) {
	case POINT_PREEMPT:
		sim__section_abort(self);
		sim__sched_move(self, e->cpu);
		break;
	case POINT_SIGNAL:
		sim__sched_signal(self, e->run, e->arg);
		break;
	case POINT_OTHER:
		point_other(self, e);
		break;
	}
}

/* Run the events of this point; the list may change while one runs. */
static void point_events_run(struct sim_thread *self)
{
	uint64_t now = point_all.passed;
	unsigned int i = 0;

	while (i < point_all.count) {
		struct point_event e = point_all.events[i];

		if (e.at != now) {
			i++;
			continue;
		}
		point_all.count--;
		memmove(&point_all.events[i], &point_all.events[i + 1],
			(point_all.count - i) * sizeof(e));
		point_event_run(self, &e);
		i = 0;
	}
}

void sim__point(void)
{
	struct sim_thread *self = sim__self();

	point_all.passed++;
	sim__trace_add(((uint64_t)self->id << 32) | self->cpu);
	if (point_all.count)
		point_events_run(self);
	if (sim__sched_active())
		sim__sched_point(self);
}
