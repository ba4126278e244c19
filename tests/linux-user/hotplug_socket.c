/* SPDX-License-Identifier: MIT */
/*
 * hotplug_socket.c - what a hotplug does with a socket that fails, drops
 * messages or never runs dry. This file defines recvmsg().
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "hotplug_private.h"

#define ENDLESS 100000u /* more messages than a dispatch may take */

static struct cpuslab_domain *domain;
static struct cpuslab_hotplug *hotplug;
static struct cpuslab_hotplug_stats stats;

/* ---- the socket ---------------------------------------------------------- */

static const int *errors; /* for the next calls; 0: there is a message */
static unsigned int left; /* of errors; after them, no message */
static unsigned int calls;
static bool forks; /* the next call */
static pid_t child;

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	static const char text[] = "add@/devices/virtual/net/lo";

	(void)fd;
	(void)flags;
	calls++;
	errno = left ? errors[0] : EAGAIN;
	if (left && left != ENDLESS) {
		left--;
		errors++;
	}
	if (errno || calls > ENDLESS)
		return -1;
	if (forks)
		child = fork();
	forks = false;
	memcpy(message->msg_iov->iov_base, text, sizeof(text));
	return (ssize_t)sizeof(text);
}

static void socket_says(const int *script, unsigned int count)
{
	errors = script;
	left = count;
	calls = 0;
	assert_int_equal(cpuslab_hotplug_dispatch(hotplug), CPUSLAB_OK);
	assert_int_equal(cpuslab_hotplug_check(hotplug), CPUSLAB_OK);
	cpuslab_hotplug_stats_get(hotplug, &stats);
}

static int setup(void **state)
{
	struct cpuslab_hotplug_config config = { .rescan_ms = 1000000 };
	int pair[2];

	(void)state;
	assert_int_equal(cpuslab_domain_create(&domain, NULL), CPUSLAB_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	close(pair[1]);
	assert_int_equal(cpuslab__hotplug_create_on(&hotplug, domain, &config,
						    pair[0]),
			 CPUSLAB_OK);
	socket_says(NULL, 0);
	assert_int_equal(calls, 1);
	assert_int_equal(stats.rescans, 1); /* the first look */
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cpuslab_hotplug_destroy(hotplug);
	cpuslab_domain_destroy(domain);
	return 0;
}

/* ---- tests --------------------------------------------------------------- */

static void test_messages_without_end(void **state)
{
	static const int message[] = { 0 };

	(void)state;
	socket_says(message, ENDLESS);
	assert_true(calls > 100 && calls < ENDLESS);
	assert_int_equal(stats.ignored, calls);
}

/* A dropped message may have concerned a CPU: look again, and continue. */
static void test_messages_that_were_dropped(void **state)
{
	static const int script[] = { 0, ENOBUFS, 0, ENOBUFS };

	(void)state;
	socket_says(script, 4);
	assert_int_equal(calls, 5);
	assert_int_equal(stats.ignored, 2);
	assert_int_equal(stats.lost, 2);
	assert_int_equal(stats.rescans, 2);
	assert_true(stats.has_events);
}

static void test_an_interrupted_call_is_repeated(void **state)
{
	static const int script[] = { EINTR, 0, EINTR };

	(void)state;
	socket_says(script, 3);
	assert_int_equal(calls, 4);
	assert_int_equal(stats.ignored, 1);
	assert_int_equal(stats.lost, 0);
	assert_int_equal(stats.rescans, 1);
	assert_true(stats.has_events);
}

/* From then on only the timer is used. */
static void test_a_socket_that_is_broken(void **state)
{
	static const int script[] = { ECONNRESET, 0 };

	(void)state;
	socket_says(script, 2);
	assert_int_equal(calls, 1);
	assert_int_equal(stats.rescans, 2);
	assert_false(stats.has_events);
	socket_says(script, 2);
	assert_int_equal(calls, 0);
}

/* As that of a callback: it has a copy of the descriptor. */
static void test_a_child_takes_no_message(void **state)
{
	static const int script[] = { 0, 0 };
	int status;

	(void)state;
	forks = true;
	socket_says(script, 2);
	if (!child)
		_exit(calls != 1);
	assert_int_equal(calls, 3);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_messages_without_end),
		TEST(test_messages_that_were_dropped),
		TEST(test_an_interrupted_call_is_repeated),
		TEST(test_a_socket_that_is_broken),
		TEST(test_a_child_takes_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
