/* SPDX-License-Identifier: MIT */
/*
 * hostile.c - a /sys and a /proc in which each file that the port reads blocks,
 * never ends, is no file, or names what cannot be.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include <cpuslab/port.h>

#include "discover.h"
#include "torture/fake.h"

#define HOSTILE_SECONDS 20u /* then a call has waited */
#define HOSTILE_THREAD 70001

struct hostile {
	const char *target; /* of a symbolic link */
	const char *text;   /* of a file; without both, a FIFO or a folder */
	bool folder;
};

static const struct hostile hostile_kinds[] = {
	{ NULL, NULL, false },
	{ NULL, NULL, true },
	{ "/dev/zero", NULL, false },
	{ "/dev/tty", NULL, false },
	{ "nowhere", NULL, false },
	{ "../cpu/possible", NULL, false },
	{ NULL, "0-4294967295\n", false },
	{ NULL, "0-3,0-3\n", false },
	{ NULL, "-\n", false },
};

#define HOSTILE_KINDS (sizeof(hostile_kinds) / sizeof(*hostile_kinds))

static void hostile_put(const char *path, const struct hostile *kind)
{
	if (kind->target)
		fake_link(path, kind->target);
	else if (kind->text)
		fake_put(path, kind->text);
	else if (kind->folder)
		fake_folder(path);
	else
		fake_fifo(path);
}

/* The thread may use CPU 2, all others CPU 1. */
static int hostile_mask(pid_t thread, size_t bytes, cpu_set_t *set)
{
	CPU_ZERO_S(bytes, set);
	CPU_SET_S(thread == HOSTILE_THREAD ? 2 : 1, bytes, set);
	return 0;
}

static void hostile_begin(void)
{
	fake_begin();
	fake_use(true, true);
	cpuslab__discover_set_affinity(hostile_mask);
}

static int hostile_setup(void **state)
{
	(void)state;
	alarm(HOSTILE_SECONDS);
	return 0;
}

static int hostile_teardown(void **state)
{
	(void)state;
	alarm(0);
	fake_remove();
	return 0;
}

/* The limits are those of a system without /sys. */
static void test_limits(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < HOSTILE_KINDS; i++) {
		hostile_begin();
		hostile_put("devices/system/cpu/possible", &hostile_kinds[i]);
		hostile_put("devices/system/cpu/kernel_max", &hostile_kinds[i]);
		hostile_put("devices/system/node/possible", &hostile_kinds[i]);
		hostile_put("devices/system/node/online", &hostile_kinds[i]);
		assert_int_equal(cpuslab_port_cpu_limit(),
				 CPUSLAB__CPUS_DEFAULT);
		assert_int_equal(cpuslab__node_count(), 1);
	}
}

static void found_add(void *arg, uint32_t cpu)
{
	uint32_t *found = arg;

	*found |= 1u << cpu % 32;
}

/* What the masks show is found. */
static void test_cpus(void **state)
{
	char task[64];
	uint32_t found;
	size_t i;

	(void)state;
	snprintf(task, sizeof(task), "self/task/%ld", syscall(SYS_gettid));
	for (i = 0; i < HOSTILE_KINDS; i++) {
		hostile_begin();
		fake_folder(task);
		hostile_put("self/task/70001/stat", &hostile_kinds[i]);
		hostile_put("devices/system/cpu/online", &hostile_kinds[i]);
		hostile_put("devices/system/cpu/cpu1/node0", &hostile_kinds[i]);
		hostile_put("devices/system/node/node0/cpulist",
			    &hostile_kinds[i]);
		fake_put("devices/system/node/possible", "0-1023\n");
		found = 0;
		assert_int_equal(cpuslab_port_cpus_available(found_add, &found),
				 CPUSLAB_OK);
		assert_int_equal(found, 1u << 1 | 1u << 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_limits, hostile_setup,
						hostile_teardown),
		cmocka_unit_test_setup_teardown(test_cpus, hostile_setup,
						hostile_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
