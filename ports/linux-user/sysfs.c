// SPDX-License-Identifier: MIT
/*
 * sysfs.c - reading the kernel's lists of numbers from files.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "discover.h"

#define SYSFS_PATH 512
/* 65536 numbers of 5 digits take less. */
#define SYSFS_BYTES_MAX (1u << 20)

static const char sysfs_default[] = "/sys";
static const char *sysfs_sys = sysfs_default;
static const char *sysfs_proc = "/proc";

struct sysfs_cursor {
	const char *at;
	const char *end;
};

static bool sysfs_number(struct sysfs_cursor *c, uint32_t *number)
{
	const char *begin = c->at;
	uint64_t n = 0;

	for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
		n = n * 10 + (uint64_t)(*c->at - '0');
		if (n >= UINT32_MAX)
			return false;
	}
	*number = (uint32_t)n;
	return c->at > begin;
}

static bool sysfs_take(struct sysfs_cursor *c, char wanted)
{
	if (c->at == c->end || *c->at != wanted)
		return false;
	c->at++;
	return true;
}

static int sysfs_walk(struct sysfs_cursor c, cpuslab__range_fn *range,
		      void *arg)
{
	uint32_t first, last, least = 0;

	do {
		if (!sysfs_number(&c, &first))
			return -CPUSLAB_EINVAL;
		last = first;
		if (sysfs_take(&c, '-') && !sysfs_number(&c, &last))
			return -CPUSLAB_EINVAL;
		if (first < least || last < first)
			return -CPUSLAB_EINVAL;
		if (range)
			range(arg, first, last);
		least = last + 1;
	} while (sysfs_take(&c, ','));
	return c.at == c.end ? CPUSLAB_OK : -CPUSLAB_EINVAL;
}

int cpuslab__cpulist_parse(const char *text, size_t bytes,
			   cpuslab__range_fn *range, void *arg)
{
	struct sysfs_cursor c = { text, text + bytes };
	int err;

	if (bytes && text[bytes - 1] == '\n')
		c.end--;
	if (c.at == c.end)
		return CPUSLAB_EMPTY;
	err = sysfs_walk(c, NULL, NULL);
	if (err || !range)
		return err;
	return sysfs_walk(c, range, arg);
}

bool cpuslab__number_parse(const char *text, uint32_t *number)
{
	struct sysfs_cursor c = { text, text + strlen(text) };

	return sysfs_number(&c, number) && c.at == c.end;
}

static bool sysfs_join(char *buf, size_t size, const char *root,
		       const char *rest)
{
	int n = snprintf(buf, size, "%s/%s", root, rest);

	return n > 0 && (size_t)n < size;
}

bool cpuslab__sys_path(char *buf, size_t size, const char *rest)
{
	return sysfs_join(buf, size, sysfs_sys, rest);
}

bool cpuslab__proc_path(char *buf, size_t size, const char *rest)
{
	return sysfs_join(buf, size, sysfs_proc, rest);
}

static int sysfs_open(const char *path)
{
	char rest[SYSFS_PATH], full[SYSFS_PATH];

	if (!sysfs_join(rest, sizeof(rest), "devices/system", path) ||
	    !cpuslab__sys_path(full, sizeof(full), rest))
		return -1;
	/* A container may show a FIFO there, which would wait for a writer. */
	return open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* Read into @text; returns the number of bytes, or -1. */
static ssize_t sysfs_fill(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used < size) {
		n = read(fd, text + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

/* Read the whole file into memory that the caller frees. */
static int sysfs_read(int fd, char **text, size_t *bytes)
{
	size_t size = 4096;
	char *buf;
	ssize_t n;

	for (; size <= SYSFS_BYTES_MAX; size *= 2) {
		buf = malloc(size);
		if (!buf)
			return -CPUSLAB_ENOMEM;
		n = lseek(fd, 0, SEEK_SET) ? -1 : sysfs_fill(fd, buf, size);
		if (n >= 0 && (size_t)n < size) {
			*text = buf;
			*bytes = (size_t)n;
			return CPUSLAB_OK;
		}
		free(buf);
		if (n < 0)
			return -CPUSLAB_ENOENT;
	}
	return -CPUSLAB_EINVAL;
}

/* Of a mounted sysfs, or of a test's tree. */
static bool sysfs_is_genuine(int fd)
{
	struct statfs fs;

	return sysfs_sys != sysfs_default ||
	       (!fstatfs(fd, &fs) && fs.f_type == SYSFS_MAGIC);
}

static int sysfs_parse(int fd, cpuslab__range_fn *range, void *arg)
{
	size_t bytes;
	char *text;
	int err;

	err = sysfs_read(fd, &text, &bytes);
	if (err)
		return err;
	err = cpuslab__cpulist_parse(text, bytes, range, arg);
	free(text);
	return err;
}

int cpuslab__sysfs_list(const char *path, cpuslab__range_fn *range, void *arg)
{
	int fd = sysfs_open(path), err;

	if (fd < 0)
		return -CPUSLAB_ENOENT;
	err = sysfs_parse(fd, range, arg);
	close(fd);
	return err;
}

int cpuslab__sysfs_list_genuine(const char *path, cpuslab__range_fn *range,
				void *arg)
{
	int fd = sysfs_open(path), err = -CPUSLAB_ENOENT;

	if (fd < 0)
		return err;
	if (sysfs_is_genuine(fd))
		err = sysfs_parse(fd, range, arg);
	close(fd);
	return err;
}

struct sysfs_wanted {
	uint32_t index;
	bool found;
};

static void sysfs_compare(void *arg, uint32_t first, uint32_t last)
{
	struct sysfs_wanted *wanted = arg;

	if (first <= wanted->index && wanted->index <= last)
		wanted->found = true;
}

bool cpuslab__sysfs_has(const char *path, uint32_t index)
{
	struct sysfs_wanted wanted = { index, false };

	return !cpuslab__sysfs_list(path, sysfs_compare, &wanted) &&
	       wanted.found;
}

void cpuslab__sysfs_set_roots(const char *sys, const char *proc)
{
	sysfs_sys = sys ? sys : sysfs_default;
	sysfs_proc = proc ? proc : "/proc";
}
