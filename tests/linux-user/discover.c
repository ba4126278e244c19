/* SPDX-License-Identifier: MIT */
/*
 * discover.c - which CPUs and nodes the port finds in made-up files and masks.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include <cpuslab/port.h>

#include "discover.h"
#include "torture/fake.h"
#include "torture/torture.h"

/* ---- lists ------------------------------------------------------------- */

static char ranges[4096];

static void ranges_add(void *arg, uint32_t first, uint32_t last)
{
	size_t used = strlen(ranges);

	(void)arg;
	snprintf(ranges + used, sizeof(ranges) - used, "[%u-%u]",
		 (unsigned int)first, (unsigned int)last);
}

static int parse(const char *text, size_t bytes)
{
	char *copy = malloc(bytes ? bytes : 1);
	int result;

	memcpy(copy, text, bytes);
	ranges[0] = '\0';
	result = cpuslab__cpulist_parse(copy, bytes, ranges_add, NULL);
	free(copy);
	return result;
}

static void test_lists(void **state)
{
	(void)state;
	assert_int_equal(parse("0-3,8,10-11\n", 12), CPUSLAB_OK);
	assert_string_equal(ranges, "[0-3][8-8][10-11]");
	assert_int_equal(parse("0", 1), CPUSLAB_OK);
	assert_string_equal(ranges, "[0-0]");
	assert_int_equal(parse("", 0), CPUSLAB_EMPTY);
	assert_int_equal(parse("\n", 1), CPUSLAB_EMPTY);
	assert_int_equal(parse("4294967294", 10), CPUSLAB_OK);
}

static void test_bad_lists_name_nothing(void **state)
{
	static const char *const bad[] = {
		",",     "0,",      "0,\n",       ",0",
		"0-",    "-1",      "0--3",       "3-0",
		"0-3-5", "0 ",      "0\n\n",      " 0",
		"0x3",   "0-3:1/2", "4294967295", "99999999999999999999999",
		"1e3",   "0-3,a",   "0;1",        "+1",
		"3,2",   "0-3,3",   "5,0-4",      "1,1",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(bad[i], strlen(bad[i])),
				 -CPUSLAB_EINVAL);
		assert_string_equal(ranges, "");
	}
	assert_int_equal(parse("0\0001", 3), -CPUSLAB_EINVAL);
}

static void test_garbage_lists(void **state)
{
	uint64_t random = torture_stream(1);
	char text[16];
	int round;

	(void)state;
	for (round = 0; round < 100000; round++) {
		uint32_t n = torture_below(&random, 16), i;

		for (i = 0; i < n; i++)
			text[i] = "0123456789,-\n \0x"[torture_below(&random,
								     16)];
		parse(text, n);
	}
}

/* ---- masks ------------------------------------------------------------- */

struct mask {
	pid_t thread;
	const char *list;
	int error;
};

static struct mask masks[8];
static int mask_count;
static size_t mask_bytes; /* of the simulated kernel */

static void mask_range(void *arg, uint32_t first, uint32_t last)
{
	unsigned long *words = arg;

	for (; first <= last; first++)
		words[first / CPUSLAB__MASK_BITS] |=
			1ul << first % CPUSLAB__MASK_BITS;
}

static int mask_get(pid_t thread, size_t bytes, cpu_set_t *set)
{
	int i;

	errno = EINVAL;
	if (bytes < mask_bytes)
		return -1;
	errno = ESRCH;
	for (i = 0; i < mask_count; i++) {
		if (masks[i].thread != thread)
			continue;
		if (masks[i].error) {
			errno = masks[i].error;
			return -1;
		}
		memset(set, 0, bytes);
		cpuslab__cpulist_parse(masks[i].list, strlen(masks[i].list),
				       mask_range, set);
		return 0;
	}
	return -1;
}

static void mask_add(pid_t thread, const char *list, int error)
{
	masks[mask_count++] = (struct mask){ thread, list, error };
}

/* ---- trees ------------------------------------------------------------- */

static int tree_setup(void **state)
{
	(void)state;
	fake_begin();
	fake_use(true, true);
	mask_count = 0;
	mask_bytes = 8;
	cpuslab__discover_set_affinity(mask_get);
	return 0;
}

static int tree_teardown(void **state)
{
	(void)state;
	cpuslab__discover_set_affinity(NULL);
	fake_remove();
	return 0;
}

static void tree_cpu(const char *file, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "devices/system/cpu/%s", file);
	fake_put(path, text);
}

/* An entry for the caller makes a /proc that of this process. */
static void tree_task(pid_t thread)
{
	char path[64];

	snprintf(path, sizeof(path), "self/task/%ld",
		 thread ? (long)thread : (long)syscall(SYS_gettid));
	fake_folder(path);
}

static uint32_t limit_of(const char *possible, const char *kernel_max,
			 const char *mine)
{
	fake_begin();
	if (possible)
		tree_cpu("possible", possible);
	if (kernel_max)
		tree_cpu("kernel_max", kernel_max);
	mask_count = 0;
	if (mine)
		mask_add(0, mine, 0);
	fake_use(true, true);
	return cpuslab_port_cpu_limit();
}

static void test_limit(void **state)
{
	(void)state;
	assert_int_equal(limit_of("0-127\n", "8191\n", "0-3"), 128);
	assert_int_equal(limit_of("0-3,8-11\n", "8191\n", "0-3"), 12);
	assert_int_equal(limit_of(NULL, "255\n", "0-1"), 256);
	assert_int_equal(limit_of(NULL, NULL, "0-1"), 8192);
	assert_int_equal(limit_of("", "255\n", "0"), 256);
	assert_int_equal(limit_of("\n", NULL, "0"), 8192);
	assert_int_equal(limit_of("garbage", "junk", "0"), 8192);
	assert_int_equal(limit_of("4294967296\n", NULL, "0"), 8192);
	assert_int_equal(limit_of("0-4294967290\n", NULL, "0"), 65534);
	assert_int_equal(limit_of("0-3\n", NULL, NULL), 4);
}

/*
 * Longer than a page: all of it counts, up to a size that no kernel produces.
 */
static void test_limit_of_long_lists(void **state)
{
	static char list[3u << 20];
	size_t used = 0;
	uint32_t cpu;

	(void)state;
	for (cpu = 0; cpu < 8192; cpu += 2)
		used += (size_t)snprintf(list + used, sizeof(list) - used,
					 "%s%u", cpu ? "," : "",
					 (unsigned int)cpu);
	assert_true(used > 4096);
	assert_int_equal(limit_of(list, "255\n", "0"), 8191);
	for (; used < sizeof(list) - 16; cpu++)
		used += (size_t)snprintf(list + used, sizeof(list) - used,
					 ",%u", (unsigned int)cpu);
	assert_int_equal(limit_of(list, "255\n", "0"), 256);
}

/* A file that excludes a CPU of ours does not describe this machine. */
static void test_limit_covers_every_mask(void **state)
{
	(void)state;
	assert_int_equal(limit_of("0\n", "255\n", "150-153"), 256);
	assert_int_equal(limit_of("0-3\n", "3", "150-153"), 8192);
	assert_int_equal(limit_of("0", "0", "9000"), 9001);
	assert_int_equal(limit_of("0-65535\n", NULL, "65533"), 65534);
}

static void test_limit_without_files(void **state)
{
	static char path[700];

	(void)state;
	cpuslab__discover_set_roots("/nonexistent", "/nonexistent");
	assert_int_equal(cpuslab_port_cpu_limit(), 8192);
	memset(path, 'a', sizeof(path) - 1);
	cpuslab__discover_set_roots(path, path);
	assert_int_equal(cpuslab_port_cpu_limit(), 8192);
}

/* ---- available --------------------------------------------------------- */

static char found[4096];
static int found_count;

static void found_add(void *arg, uint32_t cpu)
{
	size_t used = strlen(found);

	(void)arg;
	if (found_count++ < 100)
		snprintf(found + used, sizeof(found) - used, "%u,",
			 (unsigned int)cpu);
}

static int available(void)
{
	found[0] = '\0';
	found_count = 0;
	return cpuslab_port_cpus_available(found_add, NULL);
}

static void assert_available(int result, const char *list)
{
	assert_int_equal(available(), result);
	assert_string_equal(found, list);
}

static void test_available_is_the_union_of_masks(void **state)
{
	(void)state;
	tree_cpu("possible", "0-8191\n");
	tree_cpu("online", "0-3\n");
	mask_add(0, "0-3", 0);
	assert_available(CPUSLAB_OK, "0,1,2,3,");
	mask_count = 0;
	mask_add(0, "1", 0);
	mask_add(getpid(), "2", 0);
	assert_available(CPUSLAB_PARTIAL, "1,2,");
	tree_task(0);
	tree_task(70001);
	tree_task(70002);
	mask_add(70001, "3", 0);
	assert_available(CPUSLAB_OK, "1,2,3,");
	mask_add(70002, "0", EPERM);
	assert_available(CPUSLAB_PARTIAL, "1,2,3,");
}

/* A narrow online file does not remove a CPU that a mask contains. */
static void test_masks_override_files(void **state)
{
	(void)state;
	tree_cpu("possible", "0-8191\n");
	tree_cpu("online", "0-3\n");
	mask_add(0, "150-153", 0);
	mask_add(getpid(), "150-153", 0);
	tree_task(0);
	assert_available(CPUSLAB_OK, "150,151,152,153,");
}

static void test_available_without_masks(void **state)
{
	(void)state;
	tree_cpu("possible", "0-8191\n");
	tree_cpu("online", "0-3\n");
	mask_add(0, "", EPERM);
	mask_add(getpid(), "", EPERM);
	assert_available(CPUSLAB_OK, "0,1,2,3,");
	fake_delete("devices/system/cpu/online");
	assert_int_equal(available(), CPUSLAB_PARTIAL);
	assert_int_equal(found_count, 1);
}

static void test_available_many_and_beyond(void **state)
{
	(void)state;
	tree_cpu("possible", "0-8191\n");
	tree_cpu("online", "0-99,4096-8191\n");
	mask_bytes = 1024;
	mask_add(0, "0-99,4096-8191", 0);
	assert_int_equal(available(), CPUSLAB_OK);
	assert_int_equal(found_count, 4196);
	fake_delete("devices/system/cpu/online");
	masks[0].list = "1,9000";
	available();
	assert_string_equal(found, "1,");
}

/* The /proc of another PID namespace: its numbers are not our threads. */
static void test_available_foreign_proc(void **state)
{
	(void)state;
	tree_cpu("possible", "0-7\n");
	tree_task(70001);
	mask_add(0, "1", 0);
	mask_add(70001, "5", 0);
	assert_available(CPUSLAB_PARTIAL, "1,");
}

/* ---- threads ----------------------------------------------------------- */

/* @thread as /proc shows it; its name is made to mislead. */
static void tree_stat(pid_t thread, char state, uint32_t flags, uint32_t cpu)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "self/task/%ld/stat", (long)thread);
	snprintf(text, sizeof(text),
		 "%ld (a) R 9 9) %c 1 1 1 0 -1 %u 0 0 0 0 0 0 0 0 20 0 1 0 0 0 "
		 "0 0 0 0 0 0 0 0 0 0 0 0 0 0 -1 %u 0 0 0\n",
		 (long)thread, state, (unsigned int)flags, (unsigned int)cpu);
	fake_put(path, text);
}

/* io_uring and vhost: threads that run code of the kernel only. */
static void test_threads_of_the_kernel_do_not_count(void **state)
{
	(void)state;
	tree_cpu("possible", "0-7\n");
	tree_cpu("online", "0-7\n");
	tree_task(0);
	mask_add(0, "1", 0);
	mask_add(getpid(), "1", 0);
	mask_add(70001, "0-7", 0);
	mask_add(70002, "0-7", 0);
	mask_add(70003, "0-7", 0);
	mask_add(70004, "3", 0);
	tree_stat(70001, 'S', 0x400050, 0);   /* an io_uring worker */
	tree_stat(70002, 'S', 0x404040, 0);   /* a vhost worker */
	tree_stat(70003, 'S', 0x04400040, 0); /* one that cannot be moved */
	assert_available(CPUSLAB_OK, "1,");
	tree_stat(70004, 'S', 0x400040, 3);
	assert_available(CPUSLAB_OK, "1,3,");
}

/* A main thread that called pthread_exit() is listed until the process ends. */
static void test_a_thread_that_has_ended_does_not_count(void **state)
{
	(void)state;
	tree_cpu("possible", "0-7\n");
	tree_cpu("online", "0-7\n");
	tree_task(0);
	mask_add(0, "1", 0);
	mask_add(getpid(), "0-7", 0);
	mask_add(70001, "3", 0);
	tree_stat(getpid(), 'Z', 0x40044c, 5);
	tree_stat(70001, 'S', 0x400040, 3);
	assert_available(CPUSLAB_OK, "1,3,");
	tree_stat(getpid(), 'S', 0x400040, 5);
	assert_available(CPUSLAB_OK, "0,1,2,3,4,5,6,7,");
}

static void test_a_cpu_that_no_thread_can_be_on(void **state)
{
	pid_t self = (pid_t)syscall(SYS_gettid);

	(void)state;
	assert_false(cpuslab__tasks_elsewhere(5));
	tree_stat(self, 'R', 0x400040, 1);
	mask_add(self, "0-3", 0);
	assert_true(cpuslab__tasks_elsewhere(5));
	assert_false(cpuslab__tasks_elsewhere(3));
	/* It slept there, or still runs there for a moment. */
	tree_stat(70001, 'S', 0x400040, 5);
	mask_add(70001, "0-3", 0);
	assert_true(cpuslab__tasks_elsewhere(5));
	tree_stat(70001, 'R', 0x400040, 5);
	assert_false(cpuslab__tasks_elsewhere(5));
	assert_true(cpuslab__tasks_elsewhere(6));
	/* One of the kernel's is in no section. */
	tree_stat(70002, 'R', 0x400050, 6);
	mask_add(70002, "6", 0);
	assert_true(cpuslab__tasks_elsewhere(6));
	/* A main thread that has ended, though its mask is as it was. */
	mask_add(70004, "0-7", 0);
	tree_stat(70004, 'Z', 0x40044c, 6);
	assert_true(cpuslab__tasks_elsewhere(6));
	/* One that has ended, and one of which nothing is known. */
	tree_task(70003);
	assert_true(cpuslab__tasks_elsewhere(6));
	mask_add(70003, "0-3", EPERM);
	assert_false(cpuslab__tasks_elsewhere(6));
	masks[mask_count - 1].error = 0;
	assert_true(cpuslab__tasks_elsewhere(6));
	/* A file that does not say where the thread is. */
	fake_put("self/task/70003/stat", "");
	assert_false(cpuslab__tasks_elsewhere(6));
}

#define MANY_THREADS 700

static uint32_t many_asked;   /* calls of many_get() */
static const char *many_mask; /* of all threads but the last */

static int many_get(pid_t thread, size_t bytes, cpu_set_t *set)
{
	const char *list = thread == 70000 + MANY_THREADS - 1 ? "2" : many_mask;

	many_asked++;
	memset(set, 0, bytes);
	cpuslab__cpulist_parse(list, strlen(list), mask_range, set);
	return 0;
}

/*
 * With many threads, in a container that has some of the CPUs, a look that
 * finds what was found before does not ask them all, and says that it is
 * partial. It asks them all if a CPU was lost, and again after some looks.
 */
static void test_many_threads_are_not_asked_each_time(void **state)
{
	uint32_t i, looks;

	(void)state;
	tree_cpu("possible", "0-7\n");
	tree_cpu("online", "0-7\n");
	tree_task(0);
	for (i = 0; i < MANY_THREADS; i++)
		tree_task((pid_t)(70000 + i));
	cpuslab__discover_set_affinity(many_get);
	many_mask = "1";
	assert_available(CPUSLAB_OK, "1,2,");
	for (looks = 0; looks < 100; looks++) {
		many_asked = 0;
		if (available() == CPUSLAB_OK)
			break;
		assert_string_equal(found, "1,2,");
		assert_in_range(many_asked, 1, 8);
	}
	assert_in_range(looks, 1, MANY_THREADS / 256);
	assert_true(many_asked > MANY_THREADS);
	assert_available(CPUSLAB_PARTIAL, "1,2,");
	many_mask = "3";
	assert_available(CPUSLAB_OK, "2,3,");
}

/* ---- nodes ------------------------------------------------------------- */

static void test_nodes(void **state)
{
	(void)state;
	tree_cpu("possible", "0-8191\n");
	tree_cpu("online", "0-3,8\n");
	fake_put("devices/system/node/possible", "0-7\n");
	fake_put("devices/system/node/online", "0,2\n");
	fake_put("devices/system/node/node0/cpulist", "0-1\n");
	fake_put("devices/system/node/node2/cpulist", "2-3,9000,70000\n");
	mask_add(0, "0-3,8", 0);
	assert_int_equal(cpuslab__node_count(), 1);
	assert_int_equal(cpuslab_port_cpu_limit(), 8192);
	assert_int_equal(cpuslab__node_count(), 8);
	assert_int_equal(cpuslab__node_of_cpu(1), 0);
	assert_int_equal(cpuslab__node_of_cpu(3), 2);
	assert_int_equal(cpuslab__node_of_cpu(8), CPUSLAB_NO_CPU);
	assert_int_equal(cpuslab__node_of_cpu(8192), CPUSLAB_NO_CPU);
	assert_int_equal(cpuslab__node_of_cpu(UINT32_MAX), CPUSLAB_NO_CPU);
	fake_folder("devices/system/cpu/cpu8/node7");
	fake_folder("devices/system/cpu/cpu9/node99");
	assert_available(CPUSLAB_OK, "0,1,2,3,8,");
	assert_int_equal(cpuslab__node_of_cpu(8), 7);
	cpuslab__node_learn(9);
	cpuslab__node_learn(UINT32_MAX);
	assert_int_equal(cpuslab__node_of_cpu(9), CPUSLAB_NO_CPU);
}

/* Without the list of online nodes, all possible nodes are read. */
static void test_nodes_without_online(void **state)
{
	(void)state;
	tree_cpu("possible", "0-15\n");
	fake_put("devices/system/node/possible", "0-1\n");
	fake_put("devices/system/node/node1/cpulist", "2-3\n");
	mask_add(0, "0-3", 0);
	assert_int_equal(cpuslab_port_cpu_limit(), 16);
	assert_int_equal(cpuslab__node_count(), 2);
	assert_int_equal(cpuslab__node_of_cpu(3), 1);
	assert_int_equal(cpuslab__node_of_cpu(0), CPUSLAB_NO_CPU);
}

/* ---- this machine ------------------------------------------------------- */

static void test_real(void **state)
{
	cpu_set_t *set = calloc(1, 8192);
	char list[4096] = "";
	uint32_t cpu;

	(void)state;
	assert_int_equal(sched_getaffinity(0, 8192, set), 0);
	assert_int_equal(available(), CPUSLAB_OK);
	for (cpu = 0; cpu < 65536; cpu++)
		if (CPU_ISSET_S(cpu, 8192, set)) {
			snprintf(list + strlen(list),
				 sizeof(list) - strlen(list), "%u,",
				 (unsigned int)cpu);
			assert_true(cpu < cpuslab_port_cpu_limit());
		}
	if (found_count < 100)
		assert_string_equal(found, list);
	free(set);
}

#define TREE(test)                                                             \
	cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_bad_lists_name_nothing),
		cmocka_unit_test(test_garbage_lists),
		TREE(test_limit),
		TREE(test_limit_of_long_lists),
		TREE(test_limit_covers_every_mask),
		TREE(test_limit_without_files),
		TREE(test_available_is_the_union_of_masks),
		TREE(test_masks_override_files),
		TREE(test_available_without_masks),
		TREE(test_available_many_and_beyond),
		TREE(test_available_foreign_proc),
		TREE(test_threads_of_the_kernel_do_not_count),
		TREE(test_a_thread_that_has_ended_does_not_count),
		TREE(test_a_cpu_that_no_thread_can_be_on),
		TREE(test_many_threads_are_not_asked_each_time),
		TREE(test_nodes),
		TREE(test_nodes_without_online),
		cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
