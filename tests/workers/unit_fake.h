/* SPDX-License-Identifier: MIT */
/*
 * unit_fake.h - a worker set whose workers run when the test lets them.
 */
#ifndef TESTS_WORKERS_UNIT_FAKE_H
#define TESTS_WORKERS_UNIT_FAKE_H

#include "fixture/fixture.h"

#include <stdio.h>
#include <string.h>

static struct fake_worker {
	bool exists, runs, woken, may_work;
} fakes[FIXTURE_LIMIT];

static struct cpuslab_workers workers;
static char said[4096]; /* the calls of callbacks, as "c9 u9 p9 d9" */
static uint32_t refuse;
static uint64_t handled[1000], handled_by[1000];
static uint32_t left_over;
static const char *failed;

static inline void say(char what, uint32_t cpu)
{
	size_t length = strlen(said);

	snprintf(said + length, sizeof(said) - length, "%s%c%u",
		 length ? " " : "", what, (unsigned int)cpu);
}

static inline void expect(const char *what)
{
	assert_string_equal(said, what);
	said[0] = '\0';
}

static inline struct fake_worker *fake_of(struct cpuslab_workers *of,
					  uint32_t cpu, void *worker)
{
	if (of != &workers || worker != &fakes[cpu] || !fakes[cpu].exists)
		failed = "a callback for a worker that does not exist";
	return &fakes[cpu];
}

static inline int fake_create(struct cpuslab_workers *of, uint32_t cpu,
			      void **worker)
{
	(void)of;
	say('c', cpu);
	if (refuse)
		return -CPUSLAB_EAGAIN;
	if (fakes[cpu].exists)
		failed = "created twice";
	fakes[cpu].exists = true;
	sim_order_write(worker, sizeof(*worker));
	*worker = &fakes[cpu];
	return CPUSLAB_OK;
}

static inline void fake_unpark(struct cpuslab_workers *of, uint32_t cpu,
			       void *worker)
{
	struct fake_worker *fake = fake_of(of, cpu, worker);

	say('u', cpu);
	if (fake->runs)
		failed = "unparked twice";
	sim_order_release(fake);
	fake->runs = fake->woken = fake->may_work = true;
}

static inline void fake_park(struct cpuslab_workers *of, uint32_t cpu,
			     void *worker)
{
	struct fake_worker *fake = fake_of(of, cpu, worker);

	say('p', cpu);
	if (!fake->runs)
		failed = "parked twice";
	fake->runs = false;
}

/* Until then a handler may still be in progress. */
static inline void fake_wait(struct cpuslab_workers *of, uint32_t cpu,
			     void *worker)
{
	struct fake_worker *fake = fake_of(of, cpu, worker);

	if (fake->runs)
		failed = "awaited before it is parked";
	fake->may_work = false;
}

static inline void fake_destroy(struct cpuslab_workers *of, uint32_t cpu,
				void *worker)
{
	struct fake_worker *fake = fake_of(of, cpu, worker);

	say('d', cpu);
	if (fake->runs || fake->may_work)
		failed = "destroyed while it runs";
	fake->exists = false;
}

static inline void fake_wake(struct cpuslab_workers *of, uint32_t cpu,
			     void *worker)
{
	struct fake_worker *fake = fake_of(of, cpu, worker);

	sim_order_release(fake);
	fake->woken = true;
}

static inline void fake_repair(struct cpuslab_workers *of, uint32_t cpu,
			       void *worker)
{
	if (!fake_of(of, cpu, worker)->runs)
		failed = "called for a CPU that does not run";
	say('r', cpu);
}

static const struct cpuslab_workers_ops fake_ops = {
	.create = fake_create,
	.unpark = fake_unpark,
	.park = fake_park,
	.wait = fake_wait,
	.destroy = fake_destroy,
	.wake = fake_wake,
	.repair = fake_repair,
};

static inline void on_message(void *arg, uint32_t cpu,
			      const struct cpuslab_message *message)
{
	if (arg != fakes || message->word[0] >= 1000) {
		failed = "a message that was not sent";
		return;
	}
	if (!fakes[cpu].may_work)
		failed = "handled by a worker that does not run";
	sim_order_write(&handled[message->word[0]], sizeof(handled[0]));
	handled[message->word[0]]++;
	handled_by[message->word[0]] = cpu;
}

static inline void on_unhandled(void *arg,
				const struct cpuslab_message *message)
{
	(void)arg;
	handled[message->word[0]]++;
	left_over++;
}

static const struct cpuslab_workers_config config = {
	.ops = &fake_ops,
	.handle = on_message,
	.unhandled = on_unhandled,
	.arg = fakes,
	.capacity = 8,
};

static inline int workers_setup(void **state)
{
	struct fixture *f;
	uint32_t cpu;

	if (fixture_setup(state))
		return -1;
	f = *state;
	memset(fakes, 0, sizeof(fakes));
	memset(handled, 0, sizeof(handled));
	said[0] = '\0';
	failed = NULL;
	refuse = left_over = 0;
	for (cpu = 2; cpu < FIXTURE_AVAILABLE; cpu++)
		fixture_remove(f, cpu);
	return cpuslab_workers_init(&workers, f->domain, &config);
}

static inline int workers_teardown(void **state)
{
	uint32_t cpu;

	cpuslab_workers_fini(&workers);
	assert_null(failed);
	for (cpu = 0; cpu < FIXTURE_LIMIT; cpu++)
		assert_false(fakes[cpu].exists);
	return fixture_teardown(state);
}

static inline int send(uint32_t cpu, uint64_t number)
{
	const struct cpuslab_message message = { { number, 0, 0 } };

	return cpuslab_workers_send(&workers, cpu, &message);
}

/* Let all workers that were woken work until none is awake. */
static inline void pump(void)
{
	bool again = true;
	uint32_t cpu;

	while (again) {
		again = false;
		for (cpu = 0; cpu < FIXTURE_LIMIT; cpu++) {
			if (!fakes[cpu].runs || !fakes[cpu].woken)
				continue;
			fakes[cpu].woken = false;
			again = true;
			while (!cpuslab_workers_work(&workers, cpu))
				continue;
		}
	}
	assert_null(failed);
}

#define WORKERS_TEST(test)                                                     \
	{                                                                      \
#test, test, workers_setup, workers_teardown, &fixture_rseq    \
	}

#endif /* TESTS_WORKERS_UNIT_FAKE_H */
