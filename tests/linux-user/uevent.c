/* SPDX-License-Identifier: MIT */
/*
 * uevent.c - the parser of kernel uevents, also with messages that no kernel
 * sends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "torture/torture.h"
#include "uevent.h"

/* Parse a copy of exactly that size, so that a sanitizer detects an overrun. */
static bool parse(const char *message, size_t bytes,
		  struct cpuslab__uevent *event)
{
	char *copy = malloc(bytes ? bytes : 1);
	bool is;

	memcpy(copy, message, bytes);
	is = cpuslab__uevent_parse(copy, bytes, event);
	free(copy);
	return is;
}

/* A literal with the NUL at its end. */
#define WHOLE(text) text, sizeof(text)
#define EVENT(action, cpu)                                                     \
	action "@/devices/system/cpu/cpu" cpu "\0ACTION=" action               \
	       "\0DEVPATH=/devices/system/cpu/cpu" cpu                         \
	       "\0SUBSYSTEM=cpu\0SEQNUM=12"

static void test_actions(void **state)
{
	struct cpuslab__uevent event;

	(void)state;
	assert_true(parse(WHOLE(EVENT("add", "3")), &event));
	assert_int_equal(event.cpu, 3);
	assert_int_equal(event.action, CPUSLAB__UEVENT_ADD);
	assert_true(parse(WHOLE(EVENT("remove", "4095")), &event));
	assert_int_equal(event.cpu, 4095);
	assert_int_equal(event.action, CPUSLAB__UEVENT_REMOVE);
	assert_true(parse(WHOLE(EVENT("online", "3")), &event));
	assert_int_equal(event.action, CPUSLAB__UEVENT_OTHER);
}

static void test_synthetic_add_says_nothing_new(void **state)
{
	struct cpuslab__uevent event;

	(void)state;
	assert_true(parse(WHOLE(EVENT("add", "3") "\0SYNTH_UUID=0"), &event));
	assert_int_equal(event.action, CPUSLAB__UEVENT_OTHER);
}

static void test_no_single_cpu(void **state)
{
	struct cpuslab__uevent event;

	(void)state;
	assert_true(parse(WHOLE("change@/devices/system/cpu\0SUBSYSTEM=cpu"),
			  &event));
	assert_int_equal(event.cpu, CPUSLAB_NO_CPU);
	assert_true(parse(WHOLE("add@/devices/system/cpu/cpu99999999999"
				"\0SUBSYSTEM=cpu"),
			  &event));
	assert_int_equal(event.cpu, CPUSLAB_NO_CPU);
	assert_int_equal(event.action, CPUSLAB__UEVENT_OTHER);
}

static void test_not_about_cpus(void **state)
{
	struct cpuslab__uevent event;

	(void)state;
	assert_false(parse(WHOLE("add@/devices/system/cpu/cpu3"
				 "\0SUBSYSTEM=block"),
			   &event));
	assert_false(parse(WHOLE("add@/devices/system/cpu/cpu3"
				 "\0SUBSYSTEM=cpuidle"),
			   &event));
	assert_false(parse(WHOLE("change@/devices/system/cpu"), &event));
	assert_false(parse(WHOLE("add@/devices/system/cpu/cpu"), &event));
	assert_false(parse(WHOLE("add@/devices/system/cpu/cpu-1"), &event));
	assert_false(parse(WHOLE("add@/devices/system/cpu/cpu3x"), &event));
	assert_false(
		parse(WHOLE("add@/devices/system/cpu/cpu3/cache"), &event));
	assert_false(parse(WHOLE("@/devices/system/cpu/cpu3\0SUBSYSTEM=cpu"),
			   &event));
	assert_false(parse(WHOLE("libudev\0\xfe\xed\xca\xfe\0\0\0("
				 "ACTION=add\0SUBSYSTEM=cpu"),
			   &event));
	assert_false(parse("", 0, &event));
	assert_false(parse("\0", 1, &event));
	assert_false(parse("@\0", 2, &event));
}

static void test_cut_off(void **state)
{
	const char path[] = "add@/devices/system/cpu/cpu3";
	const char block[] = "add@/devices/system/cpu/cpu3\0SUBSYSTEM=block";
	struct cpuslab__uevent event;

	(void)state;
	assert_false(parse(path, sizeof(path) - 1, &event));
	assert_true(parse(path, sizeof(path), &event));
	/* A property without its terminator is ignored. */
	assert_true(parse(block, sizeof(block) - 1, &event));
}

static void test_garbage(void **state)
{
	const char base[] = EVENT("remove", "3");
	uint64_t random = torture_stream(1);
	struct cpuslab__uevent event;
	char message[sizeof(base)];
	int round, flips;

	(void)state;
	for (round = 0; round < 100000; round++) {
		memcpy(message, base, sizeof(base));
		for (flips = 1 + round % 6; flips; flips--)
			message[torture_below(&random, sizeof(base))] =
				(char)torture_random(&random);
		parse(message, torture_below(&random, sizeof(base) + 1),
		      &event);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_synthetic_add_says_nothing_new),
		cmocka_unit_test(test_no_single_cpu),
		cmocka_unit_test(test_not_about_cpus),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
