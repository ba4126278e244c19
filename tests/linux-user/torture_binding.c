/* SPDX-License-Identifier: MIT */
/*
 * torture_binding.c - a bound thread never keeps a CPU that was taken from the
 * process, whenever that happened; and each thread that may be bound is bound.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cpuslab/atomic.h>
#include <cpuslab/binding.h>
#include <cpuslab/cpumask.h>
#include <cpuslab/workers_thread.h>

#include "discover.h"
#include "torture/torture.h"

static struct cpuslab_domain *domain;
static struct cpuslab_workers workers;
static uint32_t cpus[2]; /* two that the process may use */
static uint64_t handled, elsewhere;

/* ---- the administrator --------------------------------------------------- */

static uint64_t mask_of(pid_t thread)
{
	cpu_set_t set;
	uint64_t mask = 0;
	uint32_t i;

	TORTURE_CHECK(!sched_getaffinity(thread, sizeof(set), &set));
	for (i = 0; i < 2; i++)
		if (CPU_ISSET(cpus[i], &set))
			mask |= (uint64_t)1 << i;
	return mask;
}

/* @mask: bit i is cpus[i]. */
static void narrow(pid_t thread, uint64_t mask)
{
	cpu_set_t set;
	uint32_t i;

	CPU_ZERO(&set);
	for (i = 0; i < 2; i++)
		if (mask >> i & 1)
			CPU_SET(cpus[i], &set);
	sched_setaffinity(thread, sizeof(set), &set);
}

/* The index of the CPU that a thread is the worker of, or 2. */
static uint32_t worker_index(pid_t thread)
{
	char path[64], name[32] = "", wanted[32];
	uint32_t i;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", (int)thread);
	file = fopen(path, "re");
	if (file && !fgets(name, sizeof(name), file))
		name[0] = '\0';
	if (file)
		fclose(file);
	for (i = 0; i < 2; i++) {
		snprintf(wanted, sizeof(wanted), "cpuslab/%u\n",
			 (unsigned int)cpus[i]);
		if (!strcmp(name, wanted))
			break;
	}
	return i;
}

static void each_thread(void (*call)(pid_t thread, uint64_t arg), uint64_t arg)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;

	TORTURE_CHECK(dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			call((pid_t)atoi(entry->d_name), arg);
	closedir(dir);
}

/* As "taskset -a -p". */
static void narrow_all(uint64_t mask)
{
	each_thread(narrow, mask);
}

static void narrow_others(pid_t thread, uint64_t mask)
{
	if (worker_index(thread) != 1)
		narrow(thread, mask);
}

static pid_t worker_thread; /* W find_worker() */

static void find_worker(pid_t thread, uint64_t index)
{
	if (worker_index(thread) == index)
		worker_thread = thread;
}

static uint64_t worker_mask(uint32_t index)
{
	worker_thread = 0;
	each_thread(find_worker, index);
	TORTURE_CHECK(worker_thread);
	return mask_of(worker_thread);
}

/* ---- what the domain knows ----------------------------------------------- */

static uint64_t known(void)
{
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(domain);
	uint64_t mask = 0;
	uint32_t i;

	for (i = 0; i < 2; i++)
		mask |= (uint64_t)cpuslab_cpumask_has(set, cpus[i]) << i;
	cpuslab_cpumask_put(set);
	return mask;
}

static void handle(void *arg, uint32_t cpu,
		   const struct cpuslab_message *message)
{
	(void)arg;
	(void)message;
	if (sched_getcpu() != (int)cpu)
		cpuslab_fetch_add_u64(&elsewhere, 1);
	cpuslab_fetch_add_u64(&handled, 1);
}

/* Each worker that runs is bound and works on its CPU. */
static void check_running(uint64_t mask)
{
	const struct cpuslab_message message = { { 0 } };
	uint64_t sent = handled;
	uint32_t i;

	TORTURE_CHECK(known() == mask);
	for (i = 0; i < 2; i++) {
		if (!(mask >> i & 1))
			continue;
		TORTURE_CHECK(worker_mask(i) == (uint64_t)1 << i);
		TORTURE_OK(cpuslab_workers_send(&workers, cpus[i], &message));
		sent++;
	}
	while (cpuslab_load_acquire_u64(&handled) != sent)
		sched_yield();
	TORTURE_CHECK(!elsewhere);
}

static void begin(struct cpuslab_client *before)
{
	static const struct cpuslab_workers_config config = {
		.ops = &cpuslab_thread_ops,
		.handle = handle,
		.capacity = 64,
	};

	handled = elsewhere = 0;
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	if (before)
		TORTURE_OK(cpuslab_client_init(before, domain));
	TORTURE_OK(cpuslab_workers_init(&workers, domain, &config));
}

static void end(struct cpuslab_client *before)
{
	cpuslab_workers_fini(&workers);
	if (before)
		cpuslab_client_fini(before);
	TORTURE_OK(cpuslab_domain_check(domain));
	cpuslab_domain_destroy(domain);
	narrow_all(3);
	TORTURE_CHECK(!cpuslab__binding_has((pid_t)syscall(SYS_gettid)));
}

/* ---- tests --------------------------------------------------------------- */

/*
 * The administrator changes the worker before it is bound, others afterwards.
 */
static void test_worker_changed_before_it_was_bound(void)
{
	begin(NULL);
	check_running(3);
	each_thread(narrow_others, 1);
	TORTURE_CHECK(worker_mask(1) == 2);
	TORTURE_OK(cpuslab_domain_resync(domain));
	check_running(1);
	TORTURE_CHECK(worker_mask(1) == 1);
	narrow_all(3);
	TORTURE_OK(cpuslab_domain_resync(domain));
	check_running(3);
	end(NULL);
}

static bool taken;

static void take(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	if (!taken && cpu == cpus[1]) {
		taken = true;
		narrow_all(1);
	}
}

/* Between reading the masks and binding. */
static void test_taken_just_before_the_bind(void)
{
	static const struct cpuslab_client_ops ops = { .complete = take };
	struct cpuslab_client client = {
		.ops = &ops,
		.name = "taker",
		.order = CPUSLAB_CLIENT_ORDER_WORKERS - 1,
	};

	narrow_all(1);
	taken = false;
	begin(&client);
	check_running(1);
	narrow_all(3);
	TORTURE_OK(cpuslab_domain_resync(domain));
	TORTURE_CHECK(taken && known() == 3 && worker_mask(1) == 1);
	TORTURE_OK(cpuslab_domain_resync(domain));
	check_running(1);
	end(&client);
}

/* The kernel lets a thread whose CPU goes offline run anywhere. */
static void test_offline_and_back_unnoticed(void)
{
	begin(NULL);
	check_running(3);
	worker_mask(1);
	narrow(worker_thread, 3);
	TORTURE_OK(cpuslab_domain_resync(domain));
	check_running(3);
	narrow(worker_thread, 3);
	TORTURE_OK(cpuslab_domain_add_complete(domain, cpus[1]));
	check_running(3);
	end(NULL);
}

/* The domain has such a CPU because a call said so. */
static void test_a_cpu_that_the_process_may_not_use(void)
{
	narrow_all(1);
	begin(NULL);
	TORTURE_OK(cpuslab_domain_add_complete(domain, cpus[1]));
	TORTURE_CHECK(known() == 3 && worker_mask(1) == 1);
	end(NULL);
}

static void test_arguments(void)
{
	struct cpuslab_binding binding;

	cpuslab_binding_init(&binding);
	TORTURE_CHECK(cpuslab__binding_has((pid_t)syscall(SYS_gettid)));
	TORTURE_IS(cpuslab_binding_set(&binding, CPUSLAB_NO_CPU - 1),
		   -CPUSLAB_EINVAL);
	cpuslab_binding_fini(&binding);
	TORTURE_CHECK(!cpuslab__binding_has((pid_t)syscall(SYS_gettid)));
}

/* A child has other threads. */
static void test_fork(void)
{
	struct cpuslab_binding binding;
	pid_t thread = (pid_t)syscall(SYS_gettid), child;
	int status;

	cpuslab_binding_init(&binding);
	/* Installs the fork handlers, unless that has been done. */
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	child = fork();
	if (!child) {
		TORTURE_CHECK(!cpuslab__binding_has(thread));
		cpuslab_binding_fini(&binding);
		TORTURE_OK(cpuslab_domain_resync(domain));
		TORTURE_CHECK(known() == 3);
		_exit(0);
	}
	TORTURE_CHECK(waitpid(child, &status, 0) == child && !status);
	TORTURE_CHECK(cpuslab__binding_has(thread));
	cpuslab_binding_fini(&binding);
	cpuslab_domain_destroy(domain);
}

/* ---- at any moment ------------------------------------------------------- */

static uint64_t last_mask; /* W administrator; R when it has ended */

static void *administrator(void *arg)
{
	uint64_t *random = arg;
	uint32_t i, passes = 1 + torture_below(random, 8);

	for (i = 0; i < passes; i++) {
		last_mask = 1 + torture_below(random, 3);
		narrow_all(last_mask);
		usleep(torture_below(random, 300));
	}
	return NULL;
}

static void test_at_any_moment(void)
{
	uint64_t random = torture_stream(1), rounds = 0;
	pthread_t thread;

	begin(NULL);
	while (torture_running()) {
		TORTURE_OK(
			pthread_create(&thread, NULL, administrator, &random));
		while (pthread_tryjoin_np(thread, NULL))
			TORTURE_OK(cpuslab_domain_resync(domain));
		/*
		 * The second resync acts on what the first has freed or bound.
		 */
		TORTURE_OK(cpuslab_domain_resync(domain));
		TORTURE_OK(cpuslab_domain_resync(domain));
		check_running(last_mask);
		rounds++;
	}
	printf("  %llu rounds\n", (unsigned long long)rounds);
	end(NULL);
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv,
		      "Bound threads keep no CPU that was taken away.");
	if (torture_cpus(cpus, 2) < 2)
		torture_skip("two CPUs are needed");
	narrow_all(3);
	test_arguments();
	test_worker_changed_before_it_was_bound();
	test_taken_just_before_the_bind();
	test_offline_and_back_unnoticed();
	test_a_cpu_that_the_process_may_not_use();
	test_fork();
	test_at_any_moment();
	return torture_end();
}
