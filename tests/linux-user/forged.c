/* SPDX-License-Identifier: MIT */
/*
 * forged.c - uevents that another program sends, in a network namespace, where
 * no other program hears them. It has a /sys without the CPU that they name.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hotplug_private.h"
#include "torture/fake.h"
#include "torture/torture.h"

#define FORGED "add@/devices/system/cpu/cpu5\0ACTION=add\0SUBSYSTEM=cpu"

static struct cpuslab_hotplug *hotplug;

static void forged_send(const void *message, size_t bytes, uint32_t port,
			uint32_t groups)
{
	const struct sockaddr_nl to = {
		.nl_family = AF_NETLINK,
		.nl_pid = port,
		.nl_groups = groups,
	};
	int from = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			  NETLINK_KOBJECT_UEVENT);

	TORTURE_IS(sendto(from, message, bytes, 0, (const void *)&to,
			  sizeof(to)),
		   (long)bytes);
	close(from);
}

/* So many events and starts so far; each start was undone at once. */
static void forged_expect(uint64_t events, uint64_t ignored)
{
	struct cpuslab_hotplug_stats stats;

	TORTURE_OK(cpuslab_hotplug_dispatch(hotplug));
	TORTURE_OK(cpuslab_hotplug_check(hotplug));
	cpuslab_hotplug_stats_get(hotplug, &stats);
	TORTURE_IS(stats.events, events);
	TORTURE_IS(stats.ignored, ignored);
	TORTURE_IS(stats.starts, events);
	TORTURE_IS(stats.failures, events);
	TORTURE_IS(stats.errors, 0);
}

static void test_what_programs_send_does_not_count(void)
{
	struct sockaddr_nl own;
	socklen_t size = sizeof(own);

	TORTURE_OK(getsockname(hotplug->uevents, (void *)&own, &size));
	forged_send(FORGED, sizeof(FORGED), own.nl_pid, 0);
	forged_expect(0, 1);
	forged_send(FORGED, sizeof(FORGED), 0, 1);
	forged_expect(0, 2);
}

/*
 * The kernel passes on, as a message of its own to all, what the owner of the
 * namespace asks it to. That is an event; and then the CPU is not there.
 */
static void test_what_the_kernel_sends_is_a_hint(void)
{
	const struct {
		struct nlmsghdr header;
		char text[sizeof(FORGED)];
	} message = {
		{ .nlmsg_len = NLMSG_LENGTH(sizeof(FORGED)),
		  .nlmsg_type = NLMSG_MIN_TYPE,
		  .nlmsg_flags = NLM_F_REQUEST },
		FORGED,
	};

	forged_send(&message, message.header.nlmsg_len, 0, 0);
	forged_expect(1, 2);
	forged_send(&message, message.header.nlmsg_len, 0, 0);
	forged_expect(2, 2);
}

int main(int argc, char **argv)
{
	const struct cpuslab_hotplug_config config = {
		.flags = CPUSLAB_HOTPLUG_NO_THREAD,
		.rescan_ms = 1000000,
	};
	struct cpuslab_domain *domain;

	torture_begin(argc, argv, "Uevents that another program sends.");
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) && unshare(CLONE_NEWNET))
		torture_skip("no network namespace is permitted");
	fake_begin();
	fake_put("devices/system/cpu/possible", "0-63\n");
	fake_use(true, true);
	fake_system("0-1", "0-1");
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_hotplug_create(&hotplug, domain, &config));
	forged_expect(0, 0);
	test_what_programs_send_does_not_count();
	test_what_the_kernel_sends_is_a_hint();
	cpuslab_hotplug_destroy(hotplug);
	cpuslab_domain_destroy(domain);
	fake_remove();
	return torture_end();
}
