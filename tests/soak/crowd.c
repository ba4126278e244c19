/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "crowd.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <cpuslab/workers_thread.h>

#include "cpus.h"
#include "portable/portable.h"
#include "torture/process.h"
#include "torture/torture.h"

#define CROWD_THREADS 3u
#define CROWD_CHILD (2 * CROWD_THREADS) /* the actor of a child */
#define CROWD_CPUS 1024u
#define CROWD_STEPS 20u  /* of a thread on one CPU */
#define CROWD_LEAST 500u /* of a thread in all */
#define CROWD_CHILD_STEPS 10u
#define CROWD_TIMER_NS 1000000
#define CROWD_PLUG_US 40000u /* between two changes of CPUs, at most */
#define CROWD_LOOK_US 5000u

/* Each thread is an actor, and so is the handler that interrupts it. */
struct crowd_thread {
	pthread_t thread;
	struct portable_actor actor, interrupt;
};

uint64_t crowd_steps, crowd_changes;
static struct crowd_thread crowd_threads[CROWD_THREADS];
static pthread_t crowd_looker, crowd_changer, crowd_plugger;
static struct portable crowd_set;
static uint64_t crowd_starts; /* W start */
static uint32_t crowd_toured; /* threads that have been on each CPU */
static __thread struct crowd_thread *crowd_mine;

static void crowd_sleep(uint32_t us)
{
	const struct timespec nap = { 0, (long)us * 1000 };

	if (us)
		nanosleep(&nap, NULL);
}

/* ---- actors -------------------------------------------------------------- */

void crowd_interrupted(void)
{
	if (crowd_mine)
		portable_step(&crowd_mine->interrupt);
}

static void crowd_act_here(struct crowd_thread *mine)
{
	uint32_t i;

	for (i = 0; i < CROWD_STEPS; i++)
		portable_step(&mine->actor);
}

/* The tests expect that each structure was used where it has something. */
static void crowd_tour(struct crowd_thread *mine)
{
	uint32_t cpus[CROWD_CPUS], i, count = torture_cpus(cpus, CROWD_CPUS);

	for (i = 0; i < count; i++) {
		torture_pin(cpus[i]);
		crowd_act_here(mine);
	}
	cpuslab_fetch_add_u32(&crowd_toured, 1);
}

static void *crowd_act(void *arg)
{
	struct crowd_thread *mine = arg;
	uint64_t random = torture_stream(crowd_starts ^ mine->actor.id << 24);
	struct torture_timer timer;

	crowd_mine = mine;
	torture_timer_start(&timer, CROWD_TIMER_NS);
	crowd_tour(mine);
	while (mine->actor.round < CROWD_LEAST || torture_running()) {
		torture_migrate(&random);
		crowd_act_here(mine);
		crowd_sleep(100); /* let other threads run */
	}
	torture_timer_stop(&timer);
	crowd_mine = NULL;
	portable_leave(&mine->actor);
	portable_leave(&mine->interrupt);
	return NULL;
}

/* What it looks at needs memory. */
static void *crowd_look(void *arg)
{
	while (torture_running()) {
		process_memory_hold();
		portable_look();
		process_memory_release();
		crowd_sleep(CROWD_LOOK_US);
	}
	return arg;
}

/* What the parent's threads had in progress stays so; locks may be lost. */
void crowd_child(void)
{
	struct portable_actor actor = { .id = CROWD_CHILD };
	const char *wrong;
	uint32_t i;

	for (i = 0; i < CROWD_CHILD_STEPS; i++)
		portable_step(&actor);
	wrong = portable_found();
	if (wrong)
		torture_failed(__FILE__, __LINE__, wrong);
}

/* ---- changes ------------------------------------------------------------- */

/* Is it the only one of the domain? A lookup has to find one. */
static bool crowd_is_last(uint32_t cpu)
{
	const struct cpuslab_cpumask *set =
		cpuslab_cpumask_get(crowd_set.domain);
	bool last = cpuslab_cpumask_count(set) == 1 &&
		    cpuslab_cpumask_has(set, cpu);

	cpuslab_cpumask_put(set);
	return last;
}

static int crowd_call(uint32_t cpu, uint64_t *random)
{
	switch (torture_below(random, 8)) {
	case 0:
	case 1:
		return cpuslab_domain_add_start(crowd_set.domain, cpu);
	case 2:
	case 3:
		return cpuslab_domain_add_complete(crowd_set.domain, cpu);
	case 4:
		return cpuslab_domain_trim(crowd_set.domain, 0);
	default:
		return crowd_is_last(cpu) ?
			       CPUSLAB_OK :
			       cpuslab_domain_remove(crowd_set.domain, cpu);
	}
}

/* With memory: without it the domain might lose its last CPU. */
static void crowd_follow(void)
{
	process_memory_hold();
	TORTURE_CHECK(cpuslab_domain_resync(crowd_set.domain) >= 0);
	process_memory_release();
}

/* A client refuses a CPU, which leaves nothing behind. */
static void crowd_refuse(uint32_t cpu)
{
	if (crowd_is_last(cpu))
		return;
	process_memory_hold();
	TORTURE_CHECK(cpuslab_domain_remove(crowd_set.domain, cpu) >= 0);
	portable_refuse(cpu);
	TORTURE_IS(cpuslab_domain_add_start(crowd_set.domain, cpu),
		   -CPUSLAB_EACCES);
	TORTURE_CHECK(portable_refused(cpu));
	portable_refuse(CPUSLAB_NO_CPU);
	process_memory_release();
}

/* A domain and a slab that nobody else uses. There may be no memory. */
static void crowd_create(void)
{
	static const struct cpuslab_type type = { .size = 64, .counters = 1 };
	struct cpuslab_domain *domain;
	struct cpuslab_percpu handle;
	struct cpuslab_slab *slab;

	if (cpuslab_domain_create(&domain, NULL))
		return;
	if (!cpuslab_slab_create(&slab, domain, NULL)) {
		if (!cpuslab_alloc(slab, &type, &handle)) {
			TORTURE_OK(cpuslab_add(&handle, 0, 3));
			TORTURE_CHECK(cpuslab_sum(&handle, 0) == 3);
			cpuslab_free_rcu(slab, &handle);
		}
		cpuslab_slab_destroy(slab);
	}
	cpuslab_domain_destroy(domain);
}

static void *crowd_change(void *arg)
{
	uint64_t random = torture_stream(crowd_starts ^ (uint64_t)1 << 32);
	uint32_t limit = cpuslab_domain_limit(crowd_set.domain);
	int err;

	while (torture_running()) {
		uint32_t cpu = torture_below(&random, limit);

		switch (torture_below(&random, 8)) {
		case 0:
			crowd_create();
			break;
		case 1:
			crowd_refuse(cpu);
			break;
		case 2:
			crowd_follow();
			break;
		default:
			err = crowd_call(cpu, &random);
			TORTURE_CHECK(err >= 0 || err == -CPUSLAB_ENOMEM ||
				      err == -CPUSLAB_EAGAIN);
		}
		crowd_changes++;
		crowd_sleep(torture_below(&random, 1000));
	}
	return arg;
}

/* The CPUs that the process may use, whether or not the domain follows. */
static void *crowd_plug(void *arg)
{
	uint64_t random = torture_stream(crowd_starts ^ (uint64_t)2 << 32);

	while (cpuslab_load_acquire_u32(&crowd_toured) < CROWD_THREADS)
		crowd_sleep(1000);
	while (torture_running()) {
		cpus_change(&random);
		crowd_sleep(torture_below(&random, CROWD_PLUG_US));
	}
	return arg;
}

/* ---- life ---------------------------------------------------------------- */

void crowd_start(void)
{
	uint32_t i;

	crowd_starts++;
	crowd_toured = 0;
	crowd_set = (struct portable){
		.workers = &cpuslab_thread_ops,
		.sleep = crowd_sleep,
		.strays = true,
		.actors = 2 * CROWD_THREADS + 1,
	};
	TORTURE_OK(cpuslab_domain_create(&crowd_set.domain, NULL));
	TORTURE_OK(
		cpuslab_slab_create(&crowd_set.slab, crowd_set.domain, NULL));
	TORTURE_OK(portable_start(&crowd_set));
	for (i = 0; i < CROWD_THREADS; i++) {
		crowd_threads[i].actor = (struct portable_actor){ .id = i };
		crowd_threads[i].interrupt = (struct portable_actor){
			.id = CROWD_THREADS + i,
			.interrupt = true,
		};
		TORTURE_OK(pthread_create(&crowd_threads[i].thread, NULL,
					  crowd_act, &crowd_threads[i]));
	}
	TORTURE_OK(pthread_create(&crowd_looker, NULL, crowd_look, NULL));
	TORTURE_OK(pthread_create(&crowd_changer, NULL, crowd_change, NULL));
	TORTURE_OK(pthread_create(&crowd_plugger, NULL, crowd_plug, NULL));
}

void crowd_join(void)
{
	uint32_t i;

	for (i = 0; i < CROWD_THREADS; i++) {
		TORTURE_OK(pthread_join(crowd_threads[i].thread, NULL));
		crowd_steps += crowd_threads[i].actor.round +
			       crowd_threads[i].interrupt.round;
	}
	TORTURE_OK(pthread_join(crowd_looker, NULL));
	TORTURE_OK(pthread_join(crowd_changer, NULL));
	TORTURE_OK(pthread_join(crowd_plugger, NULL));
}

/* The domain has the CPUs of the system, and none that is being added. */
static void crowd_calm(void)
{
	uint32_t cpu, limit = cpuslab_domain_limit(crowd_set.domain);

	TORTURE_CHECK(cpuslab_domain_resync(crowd_set.domain) >= 0);
	for (cpu = 0; cpu < limit; cpu++)
		if (!crowd_is_last(cpu))
			TORTURE_CHECK(cpuslab_domain_remove(crowd_set.domain,
							    cpu) >= 0);
	TORTURE_CHECK(cpuslab_domain_resync(crowd_set.domain) >= 0);
	TORTURE_CHECK(torture_settle(crowd_set.slab));
	portable_look();
}

const char *crowd_stop(void)
{
	const char *wrong;

	crowd_calm();
	wrong = portable_stop();
	TORTURE_OK(cpuslab_slab_check(crowd_set.slab));
	cpuslab_slab_destroy(crowd_set.slab);
	cpuslab_domain_destroy(crowd_set.domain);
	return wrong;
}
