// SPDX-License-Identifier: MIT
/*
 * hotplug.c - a domain follows the system: life, timer, pokes, dispatch.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cpuslab/port/hotplug_common.h>

#include "hotplug_private.h"
#include "private.h"

#define HOTPLUG_FLAGS (CPUSLAB_HOTPLUG_NO_EVENTS | CPUSLAB_HOTPLUG_NO_THREAD)

int cpuslab__hotplug_note(struct cpuslab_hotplug *hotplug, int result)
{
	if (result >= 0)
		return CPUSLAB_OK;
	return cpuslab__hotplug_count_error(&hotplug->stats, result);
}

int cpuslab__hotplug_error(void)
{
	switch (errno) {
	case ENOMEM:
	case ENOBUFS:
		return -CPUSLAB_ENOMEM;
	case EPERM:
	case EACCES:
		return -CPUSLAB_EACCES;
	case ENOSYS:
	case EINVAL:
		return -CPUSLAB_ENOSYS;
	default:
		return -CPUSLAB_EAGAIN;
	}
}

/* ---- descriptors --------------------------------------------------------- */

/* A program may close the first three, and later open its own there. */
int cpuslab__hotplug_above(int fd)
{
	int above;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return above;
}

/* Have the poll descriptor wake for @fd. */
static int hotplug_watch(struct cpuslab_hotplug *hotplug, int fd)
{
	struct epoll_event event;

	memset(&event, 0, sizeof(event));
	event.events = EPOLLIN;
	event.data.fd = fd;
	if (epoll_ctl(hotplug->poll, EPOLL_CTL_ADD, fd, &event))
		return cpuslab__hotplug_error();
	return CPUSLAB_OK;
}

static struct timespec hotplug_time(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000),
				  .tv_nsec = (long)(ns % 1000000000) };
}

/* Due in @ns, and then periodically. */
static int hotplug_timer_set(struct cpuslab_hotplug *hotplug, uint64_t ns)
{
	const struct itimerspec when = {
		.it_value = hotplug_time(ns),
		.it_interval = hotplug_time(hotplug->rescan_ns),
	};

	return timerfd_settime(hotplug->timer, 0, &when, NULL);
}

/*
 * Due at once. A timer ends by an interrupt, which can come later than a
 * dispatch that follows: the first one would find no work.
 */
static int hotplug_timer_open(struct cpuslab_hotplug *hotplug)
{
	struct pollfd due = { .events = POLLIN };

	hotplug->timer = cpuslab__hotplug_above(
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
	if (hotplug->timer < 0 || hotplug_timer_set(hotplug, 1))
		return cpuslab__hotplug_error();
	due.fd = hotplug->timer;
	while (poll(&due, 1, -1) < 0 && errno == EINTR)
		;
	return hotplug_watch(hotplug, hotplug->timer);
}

static int hotplug_wake_open(struct cpuslab_hotplug *hotplug)
{
	hotplug->wake =
		cpuslab__hotplug_above(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	if (hotplug->wake < 0)
		return cpuslab__hotplug_error();
	return hotplug_watch(hotplug, hotplug->wake);
}

static int hotplug_open(struct cpuslab_hotplug *hotplug, int socket)
{
	int err;

	hotplug->poll = cpuslab__hotplug_above(epoll_create1(EPOLL_CLOEXEC));
	if (hotplug->poll < 0)
		return cpuslab__hotplug_error();
	err = hotplug_timer_open(hotplug);
	if (!err)
		err = hotplug_wake_open(hotplug);
	if (!err && socket >= 0)
		err = hotplug_watch(hotplug, socket);
	return err;
}

/* ---- life ---------------------------------------------------------------- */

/* Closing and freeing has no effect on a process that forked this one. */
static void hotplug_free(struct cpuslab_hotplug *hotplug)
{
	int fds[] = { hotplug->uevents, hotplug->timer, hotplug->wake,
		      hotplug->poll };
	size_t i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(hotplug->early);
	free(hotplug->found);
	free(hotplug);
}

static struct cpuslab_hotplug *hotplug_new(struct cpuslab_domain *domain)
{
	struct cpuslab_hotplug *hotplug = calloc(1, sizeof(*hotplug));

	if (!hotplug)
		return NULL;
	hotplug->domain = domain;
	hotplug->process = cpuslab_port_process_epoch();
	hotplug->limit = cpuslab_domain_limit(domain);
	hotplug->words = hotplug->limit / 64 + 1;
	hotplug->poll = hotplug->timer = hotplug->wake = hotplug->uevents = -1;
	hotplug->early = calloc(hotplug->words, sizeof(*hotplug->early));
	hotplug->found = calloc(hotplug->words, sizeof(*hotplug->found));
	if (hotplug->early && hotplug->found)
		return hotplug;
	hotplug_free(hotplug);
	return NULL;
}

int cpuslab__hotplug_create_on(struct cpuslab_hotplug **hotplug,
			       struct cpuslab_domain *domain,
			       const struct cpuslab_hotplug_config *config,
			       int socket)
{
	struct cpuslab_hotplug_config own;
	struct cpuslab_hotplug *created;
	int err = cpuslab__hotplug_config(&own, config, HOTPLUG_FLAGS, domain);

	if (err)
		return err;
	created = hotplug_new(domain);
	if (!created)
		return -CPUSLAB_ENOMEM;
	created->rescan_ns = (uint64_t)own.rescan_ms * 1000000;
	err = hotplug_open(created, socket);
	if (err) {
		hotplug_free(created);
		return err;
	}
	created->uevents = socket;
	created->stats.has_events = socket >= 0;
	*hotplug = created;
	return CPUSLAB_OK;
}

int cpuslab_hotplug_create(struct cpuslab_hotplug **hotplug,
			   struct cpuslab_domain *domain,
			   const struct cpuslab_hotplug_config *config)
{
	struct cpuslab_hotplug_config own;
	struct cpuslab_hotplug *created;
	int socket = -1, err;

	if (!hotplug)
		return -CPUSLAB_EINVAL;
	*hotplug = NULL;
	err = cpuslab__hotplug_config(&own, config, HOTPLUG_FLAGS, domain);
	if (err)
		return err;
	own.size = sizeof(own);
	if (!(own.flags & CPUSLAB_HOTPLUG_NO_EVENTS))
		socket = cpuslab__hotplug_listen(own.receive_bytes);
	err = cpuslab__hotplug_create_on(&created, domain, &own, socket);
	if (err) {
		if (socket >= 0)
			close(socket);
		return err;
	}
	created->genuine = true;
	if (!(own.flags & CPUSLAB_HOTPLUG_NO_THREAD))
		err = cpuslab__hotplug_thread_create(created);
	if (err) {
		hotplug_free(created);
		return err;
	}
	*hotplug = created;
	return CPUSLAB_OK;
}

bool cpuslab__hotplug_is_here(const struct cpuslab_hotplug *hotplug)
{
	return hotplug->process == cpuslab_port_process_epoch();
}

void cpuslab_hotplug_destroy(struct cpuslab_hotplug *hotplug)
{
	if (!hotplug || cpuslab__domain_keeps_hotplug(hotplug->domain))
		return;
	if (cpuslab__hotplug_is_here(hotplug)) {
		cpuslab__hotplug_thread_destroy(hotplug);
		cpuslab__hotplug_undo(hotplug);
	}
	hotplug_free(hotplug);
}

/* ---- dispatch ------------------------------------------------------------ */

int cpuslab_hotplug_fd(const struct cpuslab_hotplug *hotplug)
{
	return hotplug ? hotplug->poll : -CPUSLAB_EINVAL;
}

/* A child has a copy of the descriptor, which would wake its parent. */
void cpuslab_hotplug_poke(struct cpuslab_hotplug *hotplug)
{
	if (hotplug && cpuslab__hotplug_is_here(hotplug))
		eventfd_write(hotplug->wake, 1);
}

/* How often a timer has expired, or an eventfd was written, since last time. */
static uint64_t hotplug_read(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count) ?
		       count :
		       0;
}

/*
 * Each time the timer is set again: one that was restored from a checkpoint
 * between its end and the read does not continue by itself.
 */
static bool hotplug_timer_ended(struct cpuslab_hotplug *hotplug)
{
	if (!hotplug_read(hotplug->timer))
		return false;
	(void)hotplug_timer_set(hotplug, hotplug->rescan_ns);
	return true;
}

static bool hotplug_is_due(struct cpuslab_hotplug *hotplug)
{
	uint64_t pokes = hotplug_read(hotplug->wake);

	cpuslab_fetch_add_u64(&hotplug->stats.events, pokes);
	return hotplug_timer_ended(hotplug) || pokes;
}

int cpuslab__hotplug_dispatch(struct cpuslab_hotplug *hotplug)
{
	int err = CPUSLAB_OK, result;
	bool look = hotplug_is_due(hotplug);

	if (cpuslab__hotplug_drain(hotplug, &err))
		look = true;
	if (!look)
		return err;
	cpuslab__process_renew();
	result = cpuslab__hotplug_settle(hotplug);
	if (!err)
		err = result;
	result = cpuslab_domain_resync(hotplug->domain);
	cpuslab__hotplug_note(hotplug, result);
	cpuslab__hotplug_count(&hotplug->stats.rescans);
	return err || result >= 0 ? err : result;
}

int cpuslab_hotplug_dispatch(struct cpuslab_hotplug *hotplug)
{
	if (!hotplug || !cpuslab__hotplug_is_here(hotplug))
		return -CPUSLAB_EINVAL;
	if (hotplug->threaded)
		return -CPUSLAB_EBUSY;
	return cpuslab__hotplug_dispatch(hotplug);
}

/* ---- looking inside ------------------------------------------------------ */

void cpuslab__hotplug_stats_fill(const struct cpuslab_hotplug *hotplug,
				 struct cpuslab_hotplug_stats *stats)
{
	static const struct cpuslab_hotplug_stats none;

	cpuslab__hotplug_stats_copy(stats, hotplug ? &hotplug->stats : &none);
}

int cpuslab_hotplug_check(const struct cpuslab_hotplug *hotplug)
{
	uint32_t word, bits = 0;

	if (!hotplug)
		return -CPUSLAB_EINVAL;
	if (hotplug->threaded)
		return -CPUSLAB_EBUSY;
	for (word = 0; word < hotplug->words; word++)
		bits += (uint32_t)__builtin_popcountll(hotplug->early[word]);
	if (bits != hotplug->early_count ||
	    hotplug->stats.has_events != (hotplug->uevents >= 0) ||
	    hotplug->poll < 0 || hotplug->timer < 0 || hotplug->wake < 0)
		return -CPUSLAB_EINVAL;
	return CPUSLAB_OK;
}
