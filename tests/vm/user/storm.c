// SPDX-License-Identifier: MIT
/*
 * storm.c - threads that count, and a socket for commands.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "storm.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cpuslab/atomic.h>
#include <cpuslab/ops.h>

#define ROUND 64 /* adds between two checks for a pause */

static const struct cpuslab_type words_type = {
	.name = "words",
	.size = STORM_WORDS * 8,
	.counters = STORM_WORDS,
};

static const struct cpuslab_type room_type = {
	.name = "room",
	.size = STORM_OBJECT_BYTES,
	.flags = CPUSLAB_TYPE_DISCARD,
};

/* ---- threads ------------------------------------------------------------ */

static uint64_t thread_random(struct storm_thread *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return t->random;
}

static unsigned int bucket(uint64_t ns)
{
	unsigned int log = 63 - (unsigned int)__builtin_clzll(ns | 1);

	return 2 * log + (log ? ns >> (log - 1) & 1 : 0);
}

static void thread_round(struct storm_thread *t)
{
	struct storm *storm = t->storm;
	uint64_t begin, r;
	int i;

	for (i = 0; i < ROUND; i++) {
		r = thread_random(t);
		cpuslab_add(&storm->words, r % STORM_WORDS * 8, 1);
	}
	begin = now_ns();
	cpuslab_add(&storm->words, 0, 1);
	t->histogram[bucket(now_ns() - begin)]++;
	t->added += ROUND + 1;
}

/* Wait while main wants a pause. */
static void thread_park(struct storm *storm)
{
	pthread_mutex_lock(&storm->mutex);
	storm->parked++;
	pthread_cond_signal(&storm->parked_all);
	while (storm->paused)
		pthread_cond_wait(&storm->go, &storm->mutex);
	storm->parked--;
	pthread_mutex_unlock(&storm->mutex);
}

static void *thread_main(void *arg)
{
	struct storm_thread *t = arg;
	struct storm *storm = t->storm;

	while (!cpuslab_load_relaxed_u32(&storm->stop)) {
		if (cpuslab_load_relaxed_u32(&storm->paused))
			thread_park(storm);
		thread_round(t);
		if (storm->work.enabled)
			storm_work_round(storm);
	}
	return NULL;
}

/* Sums of one word, which must never decrease. */
static void *reader_main(void *arg)
{
	struct storm *storm = arg;
	uint64_t sum, before = 0;

	while (!cpuslab_load_relaxed_u32(&storm->stop)) {
		sum = cpuslab_sum(&storm->words, 0);
		if (sum < before)
			storm->back++;
		before = sum;
		if (++storm->sums % 256 == 0 ||
		    cpuslab_load_relaxed_u32(&storm->paused))
			usleep(1000);
	}
	return NULL;
}

void storm_pause(struct storm *storm)
{
	pthread_mutex_lock(&storm->mutex);
	cpuslab_store_relaxed_u32(&storm->paused, 1);
	while (storm->parked < storm->count)
		pthread_cond_wait(&storm->parked_all, &storm->mutex);
	pthread_mutex_unlock(&storm->mutex);
}

void storm_resume(struct storm *storm)
{
	pthread_mutex_lock(&storm->mutex);
	cpuslab_store_relaxed_u32(&storm->paused, 0);
	pthread_cond_broadcast(&storm->go);
	pthread_mutex_unlock(&storm->mutex);
}

static void touch_here(struct storm *storm)
{
	unsigned int object, offset;

	for (object = 0; object < STORM_OBJECTS; object++)
		for (offset = 0; offset < STORM_OBJECT_BYTES;
		     offset += STORM_PAGE)
			cpuslab_add(&storm->room[object], offset, 1);
}

void storm_touch(struct storm *storm, uint64_t cpus)
{
	uint64_t before = cpus_affinity(0);
	unsigned int cpu;

	for (cpu = 0; cpu < 64; cpu++)
		if (cpus >> cpu & 1 && cpus_pin(0, 1ull << cpu))
			touch_here(storm);
	cpus_pin(0, before);
}

uint64_t storm_added(const struct storm *storm)
{
	uint64_t added = 0;
	unsigned int i;

	for (i = 0; i < storm->count; i++)
		added += storm->threads[i].added;
	return added;
}

uint64_t storm_sum(const struct storm *storm)
{
	uint64_t sum = 0;
	unsigned int word;

	for (word = 0; word < STORM_WORDS; word++)
		sum += cpuslab_sum(&storm->words, word * 8);
	return sum;
}

/* ---- life --------------------------------------------------------------- */

static void storm_begin(struct storm *storm, unsigned int threads,
			const struct cpuslab_hotplug_config *config)
{
	unsigned int i;

	pthread_mutex_init(&storm->mutex, NULL);
	pthread_cond_init(&storm->parked_all, NULL);
	pthread_cond_init(&storm->go, NULL);
	must(cpuslab_domain_create(&storm->domain, NULL), "domain");
	must(cpuslab_slab_create(&storm->slab, storm->domain, NULL), "slab");
	must(cpuslab_alloc(storm->slab, &words_type, &storm->words), "words");
	for (i = 0; i < STORM_OBJECTS; i++)
		must(cpuslab_alloc(storm->slab, &room_type, &storm->room[i]),
		     "room");
	must(cpuslab_hotplug_create(&storm->hotplug, storm->domain, config),
	     "hotplug");
	if (config->flags & CPUSLAB_HOTPLUG_NO_THREAD)
		cpuslab_hotplug_dispatch(storm->hotplug);
	if (storm->work.enabled)
		storm_work_begin(storm);
	for (; storm->count < threads; storm->count++) {
		struct storm_thread *t = &storm->threads[storm->count];

		t->storm = storm;
		t->random = 0x9e3779b97f4a7c15u * (storm->count + 1);
		must(-pthread_create(&t->thread, NULL, thread_main, t),
		     "thread");
	}
	must(-pthread_create(&storm->reader, NULL, reader_main, storm),
	     "reader");
}

/* Destroy everything; NULL, or what is wrong. */
static const char *storm_end(struct storm *storm)
{
	const char *wrong = NULL;
	unsigned int i;

	cpuslab_store_relaxed_u32(&storm->stop, 1);
	for (i = 0; i < storm->count; i++)
		pthread_join(storm->threads[i].thread, NULL);
	pthread_join(storm->reader, NULL);
	if (storm_sum(storm) != storm_added(storm))
		wrong = "the total is wrong";
	else if (storm->back || !storm->sums)
		wrong = "a sum decreased, or none was read";
	cpuslab_hotplug_destroy(storm->hotplug);
	if (storm->work.enabled)
		storm_work_end(storm);
	if (cpuslab_domain_check(storm->domain))
		wrong = "the domain is not consistent";
	if (cpuslab_free(storm->slab, &storm->words))
		wrong = "an object could not be freed";
	for (i = 0; i < STORM_OBJECTS; i++)
		if (cpuslab_free(storm->slab, &storm->room[i]))
			wrong = "an object could not be freed";
	cpuslab_slab_destroy(storm->slab);
	cpuslab_domain_destroy(storm->domain);
	return wrong;
}

/* ---- the socket --------------------------------------------------------- */

static struct sockaddr_un socket_address(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	return address;
}

/* One request: words, each terminated by NUL. */
static bool serve_one(struct storm *storm, int fd)
{
	char request[512], answer[4096] = "", *words[16], *at = request;
	ssize_t bytes = read(fd, request, sizeof(request) - 1);
	int count = 0, rc;
	const char *wrong;
	bool stop;

	if (bytes <= 0)
		return true;
	request[bytes] = '\0';
	while (at < request + bytes && count < 16) {
		words[count++] = at;
		at += strlen(at) + 1;
	}
	stop = !strcmp(words[0], "stop");
	if (stop) {
		wrong = storm_end(storm);
		rc = wrong != NULL;
		snprintf(answer, sizeof(answer), "%llu adds%s%s",
			 (unsigned long long)storm_added(storm),
			 wrong ? "; " : "", wrong ? wrong : "");
	} else {
		rc = storm_command(storm, count, words, answer, sizeof(answer));
	}
	dprintf(fd, "%c%s\n", rc ? '1' : '0', answer);
	return !stop;
}

static int serve(struct storm *storm, const char *path)
{
	struct sockaddr_un address = socket_address(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client;
	bool more = true;

	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(fd, 4))
		must(-1, "socket");
	while (more) {
		client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0)
			continue;
		more = serve_one(storm, client);
		close(client);
	}
	return 0;
}

static int ask(const char *path, int count, char **words)
{
	struct sockaddr_un address = socket_address(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), i;
	char request[512], answer[4096];
	size_t used = 0;
	ssize_t bytes, have = 0;

	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 2;
	}
	for (i = 0; i < count; i++)
		used += (size_t)snprintf(request + used, sizeof(request) - used,
					 "%s", words[i]) +
			1;
	if (write(fd, request, used) != (ssize_t)used)
		return 2;
	while ((bytes = read(fd, answer + have,
			     sizeof(answer) - (size_t)have)) > 0)
		have += bytes;
	if (have < 1)
		return 2;
	fwrite(answer + 1, 1, (size_t)have - 1, stdout);
	return answer[0] - '0';
}

int main(int argc, char **argv)
{
	struct cpuslab_hotplug_config config = { .rescan_ms = 0 };
	static struct storm storm;
	unsigned int threads = 4;
	int option;

	signal(SIGPIPE, SIG_IGN);
	while ((option = getopt(argc, argv, "+t:r:b:mw")) != -1) {
		if (option == 't')
			threads = (unsigned int)atoi(optarg);
		else if (option == 'r')
			config.rescan_ms = (uint32_t)atoi(optarg);
		else if (option == 'b')
			config.receive_bytes = (uint32_t)atoi(optarg);
		else if (option == 'm')
			config.flags = CPUSLAB_HOTPLUG_NO_THREAD;
		else if (option == 'w')
			storm.work.enabled = true;
		else
			return 2;
	}
	if (optind == argc || threads > STORM_THREADS_MAX)
		return 2;
	if (optind + 1 < argc)
		return ask(argv[optind], argc - optind - 1, argv + optind + 1);
	storm_begin(&storm, threads, &config);
	return serve(&storm, argv[optind]);
}
