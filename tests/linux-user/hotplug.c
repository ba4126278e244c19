/* SPDX-License-Identifier: MIT */
/*
 * hotplug.c - what a hotplug does on events, with a fake /sys and a socket pair
 * instead of the kernel's socket.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <cpuslab/client.h>
#include <cpuslab/cpumask.h>

#include "hotplug_private.h"
#include "torture/fake.h"

static struct cpuslab_domain *domain;
static struct cpuslab_hotplug *hotplug;
static int peer; /* the kernel's end */

/* ---- a client that records its calls ---------------------------- */

static char seen[256];
static int refusal;

static void seen_add(char what, uint32_t cpu)
{
	size_t used = strlen(seen);

	snprintf(seen + used, sizeof(seen) - used, "%c%u ", what,
		 (unsigned int)cpu);
}

static int seen_start(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	seen_add('s', cpu);
	return refusal;
}

static void seen_complete(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	seen_add('c', cpu);
}

static void seen_failure(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	seen_add('f', cpu);
}

static void seen_remove(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	seen_add('r', cpu);
}

static const struct cpuslab_client_ops seen_ops = {
	.start = seen_start,
	.complete = seen_complete,
	.failure = seen_failure,
	.remove = seen_remove,
};
static struct cpuslab_client client;

/* ---- the system -------------------------------------------------------- */

static int setup(void **state)
{
	struct cpuslab_hotplug_config config = { .rescan_ms = 1000000 };
	int pair[2];

	(void)state;
	fake_begin();
	fake_put("devices/system/cpu/possible", "0-63\n");
	fake_use(true, true);
	fake_system("0-1", "0-1");
	assert_int_equal(cpuslab_domain_create(&domain, NULL), CPUSLAB_OK);
	refusal = 0;
	client.ops = &seen_ops;
	client.name = "seen";
	assert_int_equal(cpuslab_client_init(&client, domain), CPUSLAB_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	peer = pair[1];
	assert_int_equal(cpuslab__hotplug_create_on(&hotplug, domain, &config,
						    pair[0]),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_hotplug_dispatch(hotplug), CPUSLAB_OK);
	seen[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cpuslab_hotplug_destroy(hotplug);
	hotplug = NULL;
	close(peer);
	cpuslab_client_fini(&client);
	cpuslab_domain_destroy(domain);
	fake_remove();
	return 0;
}

#define EVENT(action, cpu)                                                     \
	action "@/devices/system/cpu/cpu" cpu "\0ACTION=" action               \
	       "\0SUBSYSTEM=cpu\0SEQNUM=12"
#define SEND(text)                                                             \
	assert_int_equal(send(peer, text, sizeof(text), 0), sizeof(text))

static void assert_stats(uint64_t starts, uint64_t completes, uint64_t failures)
{
	struct cpuslab_hotplug_stats stats;

	cpuslab_hotplug_stats_get(hotplug, &stats);
	assert_int_equal(stats.starts, starts);
	assert_int_equal(stats.completes, completes);
	assert_int_equal(stats.failures, failures);
}

static bool ready(void)
{
	struct pollfd fd = { cpuslab_hotplug_fd(hotplug), POLLIN, 0 };

	return poll(&fd, 1, 0) == 1;
}

/* Dispatch, and compare the calls that the client recorded. */
static void assert_dispatch(int result, const char *events)
{
	assert_int_equal(cpuslab_hotplug_dispatch(hotplug), result);
	assert_string_equal(seen, events);
	assert_int_equal(cpuslab_hotplug_check(hotplug), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_check(domain), CPUSLAB_OK);
	seen[0] = '\0';
}

/* ---- tests ------------------------------------------------------------- */

static void test_plug_in_and_out(void **state)
{
	(void)state;
	assert_false(ready());
	fake_system("0-1,3", "0-1");
	SEND(EVENT("add", "3"));
	assert_true(ready());
	assert_dispatch(CPUSLAB_OK, "s3 ");
	SEND(EVENT("bind", "3"));
	assert_dispatch(CPUSLAB_OK, "");
	fake_system("0-1,3", "0-1,3");
	SEND(EVENT("online", "3"));
	assert_dispatch(CPUSLAB_OK, "c3 ");
	fake_system("0-1", "0-1");
	SEND(EVENT("offline", "3"));
	SEND(EVENT("remove", "3"));
	assert_dispatch(CPUSLAB_OK, "r3 ");
	assert_false(ready());
	assert_stats(1, 1, 0);
}

static void test_storm_in_one_batch(void **state)
{
	(void)state;
	SEND(EVENT("add", "5"));
	SEND(EVENT("remove", "5"));
	SEND(EVENT("add", "5"));
	SEND(EVENT("remove", "5"));
	assert_dispatch(CPUSLAB_OK, "s5 f5 s5 f5 ");
	assert_stats(2, 0, 2);
}

static void test_lost_remove_is_made_up_for(void **state)
{
	(void)state;
	fake_system("0-1,6", "0-1");
	SEND(EVENT("add", "6"));
	assert_dispatch(CPUSLAB_OK, "s6 ");
	fake_system("0-1", "0-1");
	SEND(EVENT("offline", "1"));
	assert_dispatch(CPUSLAB_OK, "f6 ");
}

static void test_online_but_not_ours(void **state)
{
	(void)state;
	fake_system("0-1,7", "0-1");
	SEND(EVENT("add", "7"));
	assert_dispatch(CPUSLAB_OK, "s7 ");
	fake_put("devices/system/cpu/online", "0-1,7\n");
	SEND(EVENT("online", "7"));
	assert_dispatch(CPUSLAB_OK, "f7 ");
}

static void test_refused_start(void **state)
{
	struct cpuslab_hotplug_stats stats;

	(void)state;
	refusal = -CPUSLAB_ENOMEM;
	fake_system("0-1,8", "0-1");
	SEND(EVENT("add", "8"));
	assert_dispatch(-CPUSLAB_ENOMEM, "s8 ");
	cpuslab_hotplug_stats_get(hotplug, &stats);
	assert_int_equal(stats.errors, 1);
	assert_int_equal(stats.last_error, -CPUSLAB_ENOMEM);
	refusal = 0;
	fake_system("0-1,8", "0-1,8");
	SEND(EVENT("online", "8"));
	assert_dispatch(CPUSLAB_OK, "s8 c8 ");
}

static void test_beyond_the_limit(void **state)
{
	(void)state;
	SEND(EVENT("add", "64"));
	SEND(EVENT("add", "4294967294"));
	SEND(EVENT("remove", "64"));
	assert_dispatch(CPUSLAB_OK, "");
}

static void test_junk_is_ignored(void **state)
{
	static char large[20000];
	struct cpuslab_hotplug_stats stats;

	(void)state;
	SEND("libudev\0\xfe\xed\xca\xfe");
	memset(large, 'x', sizeof(large));
	memcpy(large, EVENT("add", "9"), sizeof(EVENT("add", "9")));
	SEND(large);
	assert_true(send(peer, "add@/devices/system/cpu/cpu9", 28, 0) == 28);
	SEND("add@/devices/virtual/net/lo\0SUBSYSTEM=net");
	assert_dispatch(CPUSLAB_OK, "");
	cpuslab_hotplug_stats_get(hotplug, &stats);
	assert_int_equal(stats.ignored, 4);
	assert_int_equal(stats.rescans, 1);
	assert_true(stats.has_events);
}

static void test_destroy_undoes_starts(void **state)
{
	(void)state;
	fake_system("0-1,10", "0-1");
	SEND(EVENT("add", "10"));
	assert_dispatch(CPUSLAB_OK, "s10 ");
	cpuslab_hotplug_destroy(hotplug);
	hotplug = NULL;
	assert_string_equal(seen, "f10 ");
}

static int in_child(void)
{
	seen[0] = '\0';
	if (cpuslab_hotplug_dispatch(hotplug) != -CPUSLAB_EINVAL)
		return 1;
	cpuslab_hotplug_poke(hotplug);
	cpuslab_hotplug_destroy(hotplug);
	return seen[0] != '\0';
}

static void test_fork_has_no_effect_on_the_parent(void **state)
{
	int status;
	pid_t child;

	(void)state;
	fake_system("0-1,10", "0-1");
	SEND(EVENT("add", "10"));
	assert_dispatch(CPUSLAB_OK, "s10 ");
	child = fork();
	if (!child)
		_exit(in_child());
	assert_true(waitpid(child, &status, 0) == child);
	assert_int_equal(status, 0);
	assert_false(ready());
	SEND(EVENT("bind", "10"));
	assert_true(ready());
	assert_dispatch(CPUSLAB_OK, "");
}

static void test_closed_socket_does_not_spin(void **state)
{
	struct cpuslab_hotplug_stats stats;

	(void)state;
	close(peer);
	peer = -1;
	assert_true(ready());
	assert_dispatch(CPUSLAB_OK, "");
	assert_false(ready());
	cpuslab_hotplug_stats_get(hotplug, &stats);
	assert_false(stats.has_events);
}

static void test_poke(void **state)
{
	struct cpuslab_hotplug_stats stats;

	(void)state;
	fake_system("0-1,4", "0-1,4");
	assert_false(ready());
	cpuslab_hotplug_poke(hotplug);
	cpuslab_hotplug_poke(hotplug);
	assert_true(ready());
	assert_dispatch(CPUSLAB_OK, "s4 c4 ");
	assert_false(ready());
	cpuslab_hotplug_stats_get(hotplug, &stats);
	assert_int_equal(stats.events, 2);
	assert_int_equal(stats.rescans, 2);
}

/* Wait until the thread has looked again. */
static void thread_looks(void)
{
	struct timespec nap = { 0, 1000000 };
	struct cpuslab_hotplug_stats stats;
	int tries = 5000;

	do {
		nanosleep(&nap, NULL);
		cpuslab_hotplug_stats_get(hotplug, &stats);
	} while (stats.rescans < 2 && tries--);
	assert_int_equal(stats.events, 1);
	assert_int_equal(stats.rescans, 2);
}

static void test_thread(void **state)
{
	(void)state;
	assert_int_equal(cpuslab__hotplug_thread_create(hotplug), CPUSLAB_OK);
	assert_int_equal(cpuslab_hotplug_dispatch(hotplug), -CPUSLAB_EBUSY);
	assert_int_equal(cpuslab_hotplug_check(hotplug), -CPUSLAB_EBUSY);
	SEND(EVENT("online", "1"));
	thread_looks();
}

static void test_thread_is_poked(void **state)
{
	(void)state;
	assert_int_equal(cpuslab__hotplug_thread_create(hotplug), CPUSLAB_OK);
	cpuslab_hotplug_poke(hotplug);
	thread_looks();
}

static void signal_comes(int signal)
{
	(void)signal;
	seen_add('!', 0);
}

/* A signal to the process is delivered to one of the program's threads. */
static void test_thread_takes_no_signal(void **state)
{
	struct sigaction action = { .sa_handler = signal_comes };
	sigset_t signals, pending, before;

	(void)state;
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	assert_int_equal(cpuslab__hotplug_thread_create(hotplug), CPUSLAB_OK);
	pthread_sigmask(SIG_BLOCK, &signals, &before);
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	/* A thread that could take the signal does so before it looks. */
	SEND(EVENT("online", "1"));
	thread_looks();
	sigpending(&pending);
	assert_true(sigismember(&pending, SIGUSR1));
	assert_string_equal(seen, "");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_string_equal(seen, "!0 ");
}

/* The number that the next descriptor gets: higher if one was left open. */
static int lowest_free(void)
{
	int fd = dup(peer);

	close(fd);
	return fd;
}

static void test_no_thread_is_available(void **state)
{
	const size_t too_large = SIZE_MAX / 16 * 15 & ~(size_t)0xffff;
	struct cpuslab_hotplug *other;
	int before = lowest_free();
	pthread_attr_t usual, large;

	(void)state;
	if (getenv("CPUSLAB_VALGRIND"))
		skip(); /* its mmap() says EINVAL: the stack is too small */
	assert_int_equal(pthread_getattr_default_np(&usual), 0);
	assert_int_equal(pthread_getattr_default_np(&large), 0);
	assert_int_equal(pthread_attr_setstacksize(&large, too_large), 0);
	assert_int_equal(pthread_setattr_default_np(&large), 0);
	assert_int_equal(cpuslab_hotplug_create(&other, domain, NULL),
			 -CPUSLAB_EAGAIN);
	assert_int_equal(cpuslab__hotplug_thread_create(hotplug),
			 -CPUSLAB_EAGAIN);
	assert_int_equal(pthread_setattr_default_np(&usual), 0);
	assert_int_equal(lowest_free(), before);
	assert_int_equal(cpuslab_hotplug_check(hotplug), CPUSLAB_OK);
	SEND(EVENT("online", "1"));
	assert_dispatch(CPUSLAB_OK, "");
	assert_int_equal(cpuslab__hotplug_thread_create(hotplug), CPUSLAB_OK);
	pthread_attr_destroy(&large);
	pthread_attr_destroy(&usual);
}

static void test_errors_of_the_system(void **state)
{
	static const int errors[][2] = {
		{ ENOMEM, -CPUSLAB_ENOMEM }, { ENOBUFS, -CPUSLAB_ENOMEM },
		{ EPERM, -CPUSLAB_EACCES },  { EACCES, -CPUSLAB_EACCES },
		{ ENOSYS, -CPUSLAB_ENOSYS }, { EINVAL, -CPUSLAB_ENOSYS },
		{ EMFILE, -CPUSLAB_EAGAIN }, { ENFILE, -CPUSLAB_EAGAIN },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		errno = errors[i][0];
		assert_int_equal(cpuslab__hotplug_error(), errors[i][1]);
	}
}

static void test_arguments(void **state)
{
	struct cpuslab_hotplug_config config = { .flags = 1u << 3 };
	struct cpuslab_hotplug *other;

	(void)state;
	assert_int_equal(cpuslab_hotplug_create(&other, domain, &config),
			 -CPUSLAB_EINVAL);
	config.flags = CPUSLAB_HOTPLUG_NEVER_REFUSE;
	assert_int_equal(cpuslab_hotplug_create(&other, domain, &config),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_hotplug_create(&other, NULL, NULL),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_hotplug_create(NULL, domain, NULL),
			 -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_hotplug_fd(NULL), -CPUSLAB_EINVAL);
	assert_int_equal(cpuslab_hotplug_dispatch(NULL), -CPUSLAB_EINVAL);
	cpuslab_hotplug_destroy(NULL);
}

static void test_real_socket(void **state)
{
	struct cpuslab_hotplug_config config = { .receive_bytes = 1u << 20 };
	struct cpuslab_hotplug *other;
	int i;

	(void)state;
	for (i = 0; i < 50; i++) {
		config.flags = CPUSLAB_HOTPLUG_NO_THREAD;
		assert_int_equal(cpuslab_hotplug_create(&other, domain,
							&config),
				 CPUSLAB_OK);
		assert_int_equal(cpuslab_hotplug_dispatch(other), CPUSLAB_OK);
		cpuslab_hotplug_destroy(other);
		config.flags = 0;
		assert_int_equal(cpuslab_hotplug_create(&other, domain,
							&config),
				 CPUSLAB_OK);
		assert_int_equal(cpuslab_hotplug_dispatch(other),
				 -CPUSLAB_EBUSY);
		cpuslab_hotplug_destroy(other);
	}
}

static void test_without_events(void **state)
{
	const struct cpuslab_hotplug_config config = {
		.flags = CPUSLAB_HOTPLUG_NO_EVENTS | CPUSLAB_HOTPLUG_NO_THREAD,
		.rescan_ms = 1000000,
	};
	struct cpuslab_hotplug_stats stats;
	struct cpuslab_hotplug *other;

	(void)state;
	assert_int_equal(cpuslab_hotplug_create(&other, domain, &config),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_hotplug_dispatch(other), CPUSLAB_OK);
	cpuslab_hotplug_poke(other);
	assert_int_equal(cpuslab_hotplug_dispatch(other), CPUSLAB_OK);
	assert_int_equal(cpuslab_hotplug_check(other), CPUSLAB_OK);
	cpuslab_hotplug_stats_get(other, &stats);
	assert_int_equal(stats.rescans, 2);
	assert_false(stats.has_events);
	cpuslab_hotplug_destroy(other);
}

/* A descriptor that cannot be polled is refused; nothing is left open. */
static void test_create_on_a_descriptor_that_cannot_be_polled(void **state)
{
	struct cpuslab_hotplug *other;
	int file = open("/", O_RDONLY | O_CLOEXEC), before, after;

	(void)state;
	assert_true(file >= 0);
	/* The lowest free descriptor is the same before and after. */
	before = dup(file);
	assert_true(before >= 0);
	close(before);
	assert_int_equal(cpuslab__hotplug_create_on(&other, domain, NULL, file),
			 -CPUSLAB_EACCES);
	after = dup(file);
	assert_int_equal(after, before);
	close(after);
	close(file);
}

#define STANDARD 3 /* input, output, error */

/* A daemon that has closed them may open its own there later. */
static void test_standard_descriptors_are_left_alone(void **state)
{
	struct cpuslab_hotplug *other = NULL;
	int kept[STANDARD], fd, err, used = 0;

	(void)state;
	fflush(NULL);
	for (fd = 0; fd < STANDARD; fd++) {
		kept[fd] = fcntl(fd, F_DUPFD_CLOEXEC, STANDARD);
		close(fd);
	}
	err = cpuslab_hotplug_create(&other, domain, NULL);
	for (fd = 0; fd < STANDARD; fd++)
		used += fcntl(fd, F_GETFD) >= 0;
	cpuslab_hotplug_destroy(other);
	for (fd = 0; fd < STANDARD; fd++) {
		dup2(kept[fd], fd);
		close(kept[fd]);
	}
	assert_int_equal(err, CPUSLAB_OK);
	assert_int_equal(used, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_plug_in_and_out),
		TEST(test_storm_in_one_batch),
		TEST(test_lost_remove_is_made_up_for),
		TEST(test_online_but_not_ours),
		TEST(test_refused_start),
		TEST(test_beyond_the_limit),
		TEST(test_junk_is_ignored),
		TEST(test_destroy_undoes_starts),
		TEST(test_fork_has_no_effect_on_the_parent),
		TEST(test_closed_socket_does_not_spin),
		TEST(test_poke),
		TEST(test_thread),
		TEST(test_thread_is_poked),
		TEST(test_thread_takes_no_signal),
		TEST(test_no_thread_is_available),
		TEST(test_errors_of_the_system),
		TEST(test_arguments),
		TEST(test_real_socket),
		TEST(test_without_events),
		TEST(test_create_on_a_descriptor_that_cannot_be_polled),
		TEST(test_standard_descriptors_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
