// SPDX-License-Identifier: MIT
/*
 * hotplug_socket.c - kernel uevents from a netlink socket.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <linux/netlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cpuslab/port/hotplug_common.h>

#include "hotplug_private.h"
#include "uevent.h"

/* Messages of one dispatch; the rest keep the descriptor readable. */
#define SOCKET_BATCH 1024
/* The group of the kernel's own messages; udev's is 2. */
#define SOCKET_GROUP 1u

/* Large enough for a storm, if that is allowed; as it is otherwise. */
static void socket_buffer(int fd, uint32_t bytes)
{
	int size = bytes > 0x3fffffff ? 0x3fffffff : (int)bytes;

	if (!bytes)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

int cpuslab__hotplug_listen(uint32_t receive_bytes)
{
	struct sockaddr_nl address;
	int fd = cpuslab__hotplug_above(
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       NETLINK_KOBJECT_UEVENT));

	if (fd < 0)
		return -1;
	socket_buffer(fd, receive_bytes);
	memset(&address, 0, sizeof(address));
	address.nl_family = AF_NETLINK;
	address.nl_groups = SOCKET_GROUP;
	if (!bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

static void socket_close(struct cpuslab_hotplug *hotplug)
{
	/* A descriptor that a fork has copied stays watched without this. */
	epoll_ctl(hotplug->poll, EPOLL_CTL_DEL, hotplug->uevents, NULL);
	close(hotplug->uevents);
	hotplug->uevents = -1;
	cpuslab_store_relaxed_u8((uint8_t *)&hotplug->stats.has_events, 0);
}

/* Only the kernel has port 0; only what it sends to all is an event. */
static bool socket_genuine(const struct cpuslab_hotplug *hotplug,
			   const struct msghdr *header)
{
	const struct sockaddr_nl *from = header->msg_name;

	if (!hotplug->genuine)
		return true;
	return header->msg_namelen >= sizeof(*from) &&
	       from->nl_family == AF_NETLINK && !from->nl_pid &&
	       from->nl_groups == SOCKET_GROUP;
}

/* One message has come. True if it concerns CPUs. */
static bool socket_message(struct cpuslab_hotplug *hotplug,
			   const struct msghdr *header, size_t bytes, int *err)
{
	struct cpuslab__uevent event;
	int refused = CPUSLAB_OK;

	if (!socket_genuine(hotplug, header) ||
	    (header->msg_flags & MSG_TRUNC) ||
	    !cpuslab__uevent_parse(hotplug->message, bytes, &event)) {
		cpuslab__hotplug_count(&hotplug->stats.ignored);
		return false;
	}
	cpuslab__hotplug_count(&hotplug->stats.events);
	if (event.action == CPUSLAB__UEVENT_ADD)
		refused = cpuslab__hotplug_start(hotplug, event.cpu);
	else if (event.action == CPUSLAB__UEVENT_REMOVE)
		refused = cpuslab__hotplug_failure(hotplug, event.cpu);
	if (!*err)
		*err = refused;
	return true;
}

/* recvmsg() failed: is there a point in going on? */
static bool socket_failed(struct cpuslab_hotplug *hotplug, bool *look)
{
	if (errno == EINTR)
		return true;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return false;
	*look = true;
	if (errno == ENOBUFS) {
		cpuslab__hotplug_count(&hotplug->stats.lost);
		return true;
	}
	socket_close(hotplug);
	return false;
}

bool cpuslab__hotplug_drain(struct cpuslab_hotplug *hotplug, int *err)
{
	struct sockaddr_nl from;
	struct iovec part = { hotplug->message, sizeof(hotplug->message) };
	struct msghdr header;
	bool look = false;
	ssize_t bytes;
	int i;

	/* A callback may fork: the child takes none of its parent's. */
	for (i = 0; i < SOCKET_BATCH && hotplug->uevents >= 0 &&
		    cpuslab__hotplug_is_here(hotplug);
	     i++) {
		memset(&from, 0, sizeof(from));
		memset(&header, 0, sizeof(header));
		header.msg_name = &from;
		header.msg_namelen = sizeof(from);
		header.msg_iov = &part;
		header.msg_iovlen = 1;
		bytes = recvmsg(hotplug->uevents, &header, MSG_DONTWAIT);
		if (bytes > 0)
			look |= socket_message(hotplug, &header, (size_t)bytes,
					       err);
		else if (!bytes && !hotplug->genuine)
			socket_close(hotplug); /* the other end was closed */
		else if (bytes < 0 && !socket_failed(hotplug, &look))
			break;
	}
	return look;
}
