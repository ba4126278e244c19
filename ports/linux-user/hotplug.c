// SPDX-License-Identifier: MIT
/*
 * hotplug.c - a domain follows the system: life, timer, dispatch.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cpuslab/atomic.h>

#include "hotplug_private.h"

#define HOTPLUG_FLAGS CPUSLAB_HOTPLUG_NO_UEVENTS

void cpuslab__hotplug_count(struct cpuslab_hotplug *n,
			    enum cpuslab__hotplug_count what)
{
	uint64_t *count = &n->count[what];

	cpuslab_store_relaxed_u64(count, cpuslab_load_relaxed_u64(count) + 1);
}

int cpuslab__hotplug_note(struct cpuslab_hotplug *n, int result)
{
	if (result >= 0)
		return CPUSLAB_OK;
	cpuslab__hotplug_count(n, CPUSLAB__HOTPLUG_ERRORS);
	cpuslab_store_relaxed_u32(&n->last_error, (uint32_t)-result);
	return result;
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

int cpuslab__hotplug_watch(struct cpuslab_hotplug *n, int fd)
{
	struct epoll_event event;

	memset(&event, 0, sizeof(event));
	event.events = EPOLLIN;
	event.data.fd = fd;
	if (epoll_ctl(n->poll, EPOLL_CTL_ADD, fd, &event))
		return cpuslab__hotplug_error();
	return CPUSLAB_OK;
}

/*
 * Due at once, then every @ms. A timer ends by an interrupt, which can come
 * later than a dispatch that follows: the first one would find no work.
 */
static int hotplug_timer_open(struct cpuslab_hotplug *n, uint32_t ms)
{
	struct pollfd due = { .events = POLLIN };
	struct itimerspec when;

	memset(&when, 0, sizeof(when));
	when.it_value.tv_nsec = 1;
	when.it_interval.tv_sec = (time_t)(ms / 1000);
	when.it_interval.tv_nsec = (long)(ms % 1000) * 1000000;
	n->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (n->timer < 0 || timerfd_settime(n->timer, 0, &when, NULL))
		return cpuslab__hotplug_error();
	due.fd = n->timer;
	while (poll(&due, 1, -1) < 0 && errno == EINTR)
		;
	return cpuslab__hotplug_watch(n, n->timer);
}

static int hotplug_poll_open(struct cpuslab_hotplug *n, uint32_t ms)
{
	n->poll = epoll_create1(EPOLL_CLOEXEC);
	if (n->poll < 0)
		return cpuslab__hotplug_error();
	return hotplug_timer_open(n, ms ? ms : CPUSLAB_HOTPLUG_RESCAN_MS);
}

/* Closing and freeing has no effect on a process that forked this one. */
static void hotplug_free(struct cpuslab_hotplug *n)
{
	int fds[] = { n->uevents, n->timer, n->stop, n->poll };
	size_t i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(n->early);
	free(n->found);
	free(n);
}

static struct cpuslab_hotplug *hotplug_new(struct cpuslab_domain *domain)
{
	struct cpuslab_hotplug *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->domain = domain;
	n->pid = getpid();
	n->limit = cpuslab_domain_limit(domain);
	n->words = n->limit / 64 + 1;
	n->poll = n->timer = n->stop = n->uevents = -1;
	n->early = calloc(n->words, sizeof(*n->early));
	n->found = calloc(n->words, sizeof(*n->found));
	if (n->early && n->found)
		return n;
	hotplug_free(n);
	return NULL;
}

int cpuslab__hotplug_create_on(struct cpuslab_hotplug **hotplug,
			       struct cpuslab_domain *domain,
			       const struct cpuslab_hotplug_config *config,
			       int socket)
{
	struct cpuslab_hotplug *n;
	int err;

	if (!hotplug || !domain ||
	    (config && (config->flags & ~(uint32_t)HOTPLUG_FLAGS)))
		return -CPUSLAB_EINVAL;
	n = hotplug_new(domain);
	if (!n)
		return -CPUSLAB_ENOMEM;
	err = hotplug_poll_open(n, config ? config->rescan_ms : 0);
	if (!err && socket >= 0)
		err = cpuslab__hotplug_watch(n, socket);
	if (err) {
		hotplug_free(n);
		return err;
	}
	n->uevents = socket;
	n->listening = socket >= 0;
	*hotplug = n;
	return CPUSLAB_OK;
}

int cpuslab_hotplug_create(struct cpuslab_hotplug **hotplug,
			   struct cpuslab_domain *domain,
			   const struct cpuslab_hotplug_config *config)
{
	uint32_t bytes = config ? config->receive_bytes : 0;
	int socket = -1, err;

	if (!config || !(config->flags & CPUSLAB_HOTPLUG_NO_UEVENTS))
		socket = cpuslab__hotplug_listen(bytes);
	err = cpuslab__hotplug_create_on(hotplug, domain, config, socket);
	if (err && socket >= 0)
		close(socket);
	if (!err)
		(*hotplug)->genuine = true;
	return err;
}

void cpuslab_hotplug_destroy(struct cpuslab_hotplug *hotplug)
{
	if (!hotplug)
		return;
	if (hotplug->pid == getpid()) {
		cpuslab__hotplug_stop(hotplug);
		cpuslab__hotplug_unprepare(hotplug);
	}
	hotplug_free(hotplug);
}

int cpuslab_hotplug_fd(const struct cpuslab_hotplug *hotplug)
{
	return hotplug ? hotplug->poll : -CPUSLAB_EINVAL;
}

static bool hotplug_timer_due(const struct cpuslab_hotplug *n)
{
	uint64_t turns;

	return read(n->timer, &turns, sizeof(turns)) == (ssize_t)sizeof(turns);
}

int cpuslab__hotplug_dispatch(struct cpuslab_hotplug *n)
{
	int err = CPUSLAB_OK, result;
	bool look = hotplug_timer_due(n);

	if (cpuslab__hotplug_drain(n, &err))
		look = true;
	if (!look)
		return err;
	result = cpuslab__hotplug_settle(n);
	if (!err)
		err = result;
	result = cpuslab_domain_resync(n->domain);
	cpuslab__hotplug_note(n, result);
	cpuslab__hotplug_count(n, CPUSLAB__HOTPLUG_RESCANS);
	return err || result >= 0 ? err : result;
}

int cpuslab_hotplug_dispatch(struct cpuslab_hotplug *hotplug)
{
	if (!hotplug || hotplug->pid != getpid())
		return -CPUSLAB_EINVAL;
	if (hotplug->threaded)
		return -CPUSLAB_EBUSY;
	return cpuslab__hotplug_dispatch(hotplug);
}

static uint64_t hotplug_counted(const struct cpuslab_hotplug *n,
				enum cpuslab__hotplug_count what)
{
	return cpuslab_load_relaxed_u64(&n->count[what]);
}

void cpuslab_hotplug_stats_get(const struct cpuslab_hotplug *hotplug,
			       struct cpuslab_hotplug_stats *stats)
{
	const struct cpuslab_hotplug *n = hotplug;

	stats->events = hotplug_counted(n, CPUSLAB__HOTPLUG_EVENTS);
	stats->ignored = hotplug_counted(n, CPUSLAB__HOTPLUG_IGNORED);
	stats->lost = hotplug_counted(n, CPUSLAB__HOTPLUG_LOST);
	stats->rescans = hotplug_counted(n, CPUSLAB__HOTPLUG_RESCANS);
	stats->prepared = hotplug_counted(n, CPUSLAB__HOTPLUG_PREPARED);
	stats->abandoned = hotplug_counted(n, CPUSLAB__HOTPLUG_ABANDONED);
	stats->errors = hotplug_counted(n, CPUSLAB__HOTPLUG_ERRORS);
	stats->last_error = -(int)cpuslab_load_relaxed_u32(&n->last_error);
	stats->uevents = cpuslab_load_relaxed_u32(&n->listening) != 0;
}

int cpuslab_hotplug_check(const struct cpuslab_hotplug *hotplug)
{
	uint32_t word, bits = 0;

	if (hotplug->threaded)
		return -CPUSLAB_EBUSY;
	for (word = 0; word < hotplug->words; word++)
		bits += (uint32_t)__builtin_popcountll(hotplug->early[word]);
	if (bits != hotplug->early_count ||
	    hotplug->listening != (hotplug->uevents >= 0) ||
	    hotplug->poll < 0 || hotplug->timer < 0)
		return -CPUSLAB_EINVAL;
	return CPUSLAB_OK;
}
