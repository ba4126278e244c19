/* SPDX-License-Identifier: MIT */
/*
 * read.c - read sections: callbacks wait for them, and wherever a signal
 * interrupts one, the handler's own section holds a read lock.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#include "private.h"
#include "torture/step.h"
#include "torture/torture.h"

#define READ_SIGNALS 500u
#define READ_INSTRUCTIONS 20u /* a section has more of them */
#define READ_LINGER_US 20000u /* a callback that does not wait has run */

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_counter counter;
static uint64_t read_handled; /* W handler */
static uint64_t read_naked;   /* W handler: sections without protection */

static void read_inside(void)
{
	read_naked += !cpuslab__read_inside();
}

/* Nested sections, consecutive ones, and one inside a sum. */
static void read_section(void)
{
	cpuslab_read_enter();
	read_inside();
	cpuslab_read_enter();
	read_inside();
	cpuslab_read_exit();
	read_inside();
	cpuslab_read_exit();
	read_naked += cpuslab_counter_sum(&counter) != 7;
	read_handled++;
}

static void read_handler(int signal)
{
	(void)signal;
	read_section();
}

static void read_begin(void)
{
	read_handled = 0;
	read_naked = 0;
	/* Not tested here: the first section of a thread. */
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == 7);
}

static void test_handler_at_every_instruction_of_a_section(void)
{
	uint64_t sum;

	read_begin();
	step_begin(read_section);
	cpuslab_read_enter();
	sum = cpuslab_counter_sum(&counter);
	cpuslab_read_exit();
	step_end();
	TORTURE_CHECK(sum == 7);
	TORTURE_CHECK(!step_possible() || read_handled > READ_INSTRUCTIONS);
	TORTURE_CHECK(read_naked == 0);
	TORTURE_CHECK(!cpuslab__read_inside());
}

static void test_handlers_over_many_sums(void)
{
	struct torture_timer timer;

	read_begin();
	torture_handler(read_handler);
	torture_timer_start(&timer, 100000);
	while (__atomic_load_n(&read_handled, __ATOMIC_RELAXED) < READ_SIGNALS)
		TORTURE_CHECK(cpuslab_counter_sum(&counter) == 7);
	torture_timer_stop(&timer);
	TORTURE_CHECK(read_naked == 0);
	TORTURE_CHECK(!cpuslab__read_inside());
}

static uint32_t read_queued, read_called; /* W the thread */

static void read_callback(struct cpuslab_rcu *rcu)
{
	(void)rcu;
	cpuslab_fetch_add_u32(&read_called, 1);
}

static void *read_barrier(void *arg)
{
	struct cpuslab_rcu rcu;

	cpuslab_port_call_rcu(&rcu, read_callback);
	cpuslab_fetch_add_u32(&read_queued, 1);
	TORTURE_OK(cpuslab_port_rcu_barrier());
	TORTURE_CHECK(cpuslab_load_acquire_u32(&read_called) == 1);
	return arg;
}

static void test_a_barrier_waits_for_a_section(void)
{
	pthread_t thread;

	cpuslab_read_enter();
	TORTURE_OK(pthread_create(&thread, NULL, read_barrier, NULL));
	while (!cpuslab_load_acquire_u32(&read_queued))
		usleep(READ_LINGER_US);
	usleep(READ_LINGER_US);
	TORTURE_CHECK(!cpuslab_load_acquire_u32(&read_called));
	cpuslab_read_exit();
	TORTURE_OK(pthread_join(thread, NULL));
}

/* ---- a wait for sections, not for callbacks ------------------------------ */

static pthread_mutex_t read_mutex = PTHREAD_MUTEX_INITIALIZER;
static uint32_t read_locks, read_locked; /* W callback */
static uint32_t read_waits, read_waited; /* W the thread */

/* As a destructor that takes a lock of the program. */
static void read_lock_callback(struct cpuslab_rcu *rcu)
{
	(void)rcu;
	cpuslab_store_release_u32(&read_locks, 1);
	pthread_mutex_lock(&read_mutex);
	pthread_mutex_unlock(&read_mutex);
	cpuslab_store_release_u32(&read_locked, 1);
}

static int read_record(void *arg, uint32_t cpu, const void *data,
		       uint32_t bytes)
{
	(void)cpu;
	(void)data;
	*(uint32_t *)arg += bytes;
	return 0;
}

static void test_a_wait_under_a_lock_that_a_callback_takes(void)
{
	const struct cpuslab_log_rotating_config config = {
		.size = sizeof(config), .capacity = 4096
	};
	static struct cpuslab_log_rotating rotating;
	static struct cpuslab_rcu rcu;
	uint32_t bytes = 0;

	TORTURE_OK(cpuslab_log_rotating_init(&rotating, slab, &config));
	TORTURE_OK(cpuslab_log_rotating_append(&rotating, "lock", 4));
	pthread_mutex_lock(&read_mutex);
	cpuslab_port_call_rcu(&rcu, read_lock_callback);
	while (!cpuslab_load_acquire_u32(&read_locks))
		usleep(1000);
	TORTURE_OK(cpuslab_port_rcu_wait());
	TORTURE_OK(cpuslab_log_rotating_rotate(&rotating, read_record, &bytes));
	TORTURE_CHECK(bytes == 4);
	TORTURE_CHECK(!cpuslab_load_acquire_u32(&read_locked));
	pthread_mutex_unlock(&read_mutex);
	TORTURE_OK(cpuslab_port_rcu_barrier());
	TORTURE_CHECK(cpuslab_load_acquire_u32(&read_locked));
	cpuslab_log_rotating_fini(&rotating);
}

static void *read_waiter(void *arg)
{
	cpuslab_store_release_u32(&read_waits, 1);
	TORTURE_OK(cpuslab_port_rcu_wait());
	cpuslab_store_release_u32(&read_waited, 1);
	return arg;
}

static void test_a_wait_for_a_section(void)
{
	pthread_t thread;

	cpuslab_read_enter();
	TORTURE_IS(cpuslab_port_rcu_wait(), -CPUSLAB_EBUSY);
	TORTURE_OK(pthread_create(&thread, NULL, read_waiter, NULL));
	while (!cpuslab_load_acquire_u32(&read_waits))
		usleep(1000);
	usleep(READ_LINGER_US);
	TORTURE_CHECK(!cpuslab_load_acquire_u32(&read_waited));
	cpuslab_read_exit();
	TORTURE_OK(pthread_join(thread, NULL));
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "Read sections.");
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	cpuslab_counter_add(&counter, 7);
	test_handler_at_every_instruction_of_a_section();
	test_handlers_over_many_sums();
	test_a_barrier_waits_for_a_section();
	test_a_wait_for_a_section();
	test_a_wait_under_a_lock_that_a_callback_takes();
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
	return torture_end();
}
