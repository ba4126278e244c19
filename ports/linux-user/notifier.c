// SPDX-License-Identifier: MIT
/*
 * notifier.c - a domain follows the system: life, timer, dispatch.
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

#include "notifier_private.h"

#define NOTIFIER_FLAGS CPUSLAB_NOTIFIER_NO_UEVENTS

void cpuslab__notifier_count(struct cpuslab_notifier *n,
			     enum cpuslab__notifier_count what)
{
	uint64_t *count = &n->count[what];

	cpuslab_store_relaxed_u64(count, cpuslab_load_relaxed_u64(count) + 1);
}

int cpuslab__notifier_note(struct cpuslab_notifier *n, int result)
{
	if (result >= 0)
		return CPUSLAB_OK;
	cpuslab__notifier_count(n, CPUSLAB__NOTIFIER_ERRORS);
	cpuslab_store_relaxed_u32(&n->last_error, (uint32_t)-result);
	return result;
}

int cpuslab__notifier_error(void)
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

int cpuslab__notifier_watch(struct cpuslab_notifier *n, int fd)
{
	struct epoll_event event;

	memset(&event, 0, sizeof(event));
	event.events = EPOLLIN;
	event.data.fd = fd;
	if (epoll_ctl(n->poll, EPOLL_CTL_ADD, fd, &event))
		return cpuslab__notifier_error();
	return CPUSLAB_OK;
}

/*
 * Due at once, then every @ms. A timer ends by an interrupt, which can come
 * later than a dispatch that follows: the first one would find no work.
 */
static int notifier_timer_open(struct cpuslab_notifier *n, uint32_t ms)
{
	struct pollfd due = { .events = POLLIN };
	struct itimerspec when;

	memset(&when, 0, sizeof(when));
	when.it_value.tv_nsec = 1;
	when.it_interval.tv_sec = (time_t)(ms / 1000);
	when.it_interval.tv_nsec = (long)(ms % 1000) * 1000000;
	n->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (n->timer < 0 || timerfd_settime(n->timer, 0, &when, NULL))
		return cpuslab__notifier_error();
	due.fd = n->timer;
	while (poll(&due, 1, -1) < 0 && errno == EINTR)
		;
	return cpuslab__notifier_watch(n, n->timer);
}

static int notifier_poll_open(struct cpuslab_notifier *n, uint32_t ms)
{
	n->poll = epoll_create1(EPOLL_CLOEXEC);
	if (n->poll < 0)
		return cpuslab__notifier_error();
	return notifier_timer_open(n, ms ? ms : CPUSLAB_NOTIFIER_RESCAN_MS);
}

/* Closing and freeing has no effect on a process that forked this one. */
static void notifier_free(struct cpuslab_notifier *n)
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

static struct cpuslab_notifier *notifier_new(struct cpuslab_domain *domain)
{
	struct cpuslab_notifier *n = calloc(1, sizeof(*n));

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
	notifier_free(n);
	return NULL;
}

int cpuslab__notifier_create_on(struct cpuslab_notifier **notifier,
				struct cpuslab_domain *domain,
				const struct cpuslab_notifier_config *config,
				int socket)
{
	struct cpuslab_notifier *n;
	int err;

	if (!notifier || !domain ||
	    (config && (config->flags & ~(uint32_t)NOTIFIER_FLAGS)))
		return -CPUSLAB_EINVAL;
	n = notifier_new(domain);
	if (!n)
		return -CPUSLAB_ENOMEM;
	err = notifier_poll_open(n, config ? config->rescan_ms : 0);
	if (!err && socket >= 0)
		err = cpuslab__notifier_watch(n, socket);
	if (err) {
		notifier_free(n);
		return err;
	}
	n->uevents = socket;
	n->listening = socket >= 0;
	*notifier = n;
	return CPUSLAB_OK;
}

int cpuslab_notifier_create(struct cpuslab_notifier **notifier,
			    struct cpuslab_domain *domain,
			    const struct cpuslab_notifier_config *config)
{
	uint32_t bytes = config ? config->receive_bytes : 0;
	int socket = -1, err;

	if (!config || !(config->flags & CPUSLAB_NOTIFIER_NO_UEVENTS))
		socket = cpuslab__notifier_listen(bytes);
	err = cpuslab__notifier_create_on(notifier, domain, config, socket);
	if (err && socket >= 0)
		close(socket);
	if (!err)
		(*notifier)->genuine = true;
	return err;
}

void cpuslab_notifier_destroy(struct cpuslab_notifier *notifier)
{
	if (!notifier)
		return;
	if (notifier->pid == getpid()) {
		cpuslab__notifier_stop(notifier);
		cpuslab__notifier_unprepare(notifier);
	}
	notifier_free(notifier);
}

int cpuslab_notifier_fd(const struct cpuslab_notifier *notifier)
{
	return notifier ? notifier->poll : -CPUSLAB_EINVAL;
}

static bool notifier_timer_due(const struct cpuslab_notifier *n)
{
	uint64_t turns;

	return read(n->timer, &turns, sizeof(turns)) == (ssize_t)sizeof(turns);
}

int cpuslab__notifier_dispatch(struct cpuslab_notifier *n)
{
	int err = CPUSLAB_OK, result;
	bool look = notifier_timer_due(n);

	if (cpuslab__notifier_drain(n, &err))
		look = true;
	if (!look)
		return err;
	result = cpuslab__notifier_settle(n);
	if (!err)
		err = result;
	result = cpuslab_domain_resync(n->domain);
	cpuslab__notifier_note(n, result);
	cpuslab__notifier_count(n, CPUSLAB__NOTIFIER_RESCANS);
	return err || result >= 0 ? err : result;
}

int cpuslab_notifier_dispatch(struct cpuslab_notifier *notifier)
{
	if (!notifier || notifier->pid != getpid())
		return -CPUSLAB_EINVAL;
	if (notifier->threaded)
		return -CPUSLAB_EBUSY;
	return cpuslab__notifier_dispatch(notifier);
}

static uint64_t notifier_counted(const struct cpuslab_notifier *n,
				 enum cpuslab__notifier_count what)
{
	return cpuslab_load_relaxed_u64(&n->count[what]);
}

void cpuslab_notifier_stats_get(const struct cpuslab_notifier *notifier,
				struct cpuslab_notifier_stats *stats)
{
	const struct cpuslab_notifier *n = notifier;

	stats->events = notifier_counted(n, CPUSLAB__NOTIFIER_EVENTS);
	stats->ignored = notifier_counted(n, CPUSLAB__NOTIFIER_IGNORED);
	stats->lost = notifier_counted(n, CPUSLAB__NOTIFIER_LOST);
	stats->rescans = notifier_counted(n, CPUSLAB__NOTIFIER_RESCANS);
	stats->prepared = notifier_counted(n, CPUSLAB__NOTIFIER_PREPARED);
	stats->abandoned = notifier_counted(n, CPUSLAB__NOTIFIER_ABANDONED);
	stats->errors = notifier_counted(n, CPUSLAB__NOTIFIER_ERRORS);
	stats->last_error = -(int)cpuslab_load_relaxed_u32(&n->last_error);
	stats->uevents = cpuslab_load_relaxed_u32(&n->listening) != 0;
}

int cpuslab_notifier_check(const struct cpuslab_notifier *notifier)
{
	uint32_t word, bits = 0;

	if (notifier->threaded)
		return -CPUSLAB_EBUSY;
	for (word = 0; word < notifier->words; word++)
		bits += (uint32_t)__builtin_popcountll(notifier->early[word]);
	if (bits != notifier->early_count ||
	    notifier->listening != (notifier->uevents >= 0) ||
	    notifier->poll < 0 || notifier->timer < 0)
		return -CPUSLAB_EINVAL;
	return CPUSLAB_OK;
}
