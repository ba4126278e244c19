/* SPDX-License-Identifier: MIT */
/*
 * storm.h - a program that counts all the time while its CPUs change.
 *
 *	storm [-t THREADS] [-r RESCAN_MS] [-b BYTES] [-m] [-w] SOCKET
 *	storm SOCKET COMMAND [WORD...]	send a command to the one at this socket
 *
 * -m: the hotplug has no thread; the command "dispatch" drives it.
 * -w: the threads also send messages to workers, allocate and free.
 */
#ifndef CPUSLAB_TESTS_VM_STORM_H
#define CPUSLAB_TESTS_VM_STORM_H

#include <pthread.h>

#include <cpuslab/hotplug_poll.h>
#include <cpuslab/stats.h>
#include <cpuslab/workers.h>

#include "common.h"

/* Words that count, and objects that only occupy memory. */
#define STORM_WORDS 512u
#define STORM_OBJECTS 4u
#define STORM_OBJECT_BYTES 65536u
#define STORM_THREADS_MAX 64u
#define STORM_NOTES 16u
#define STORM_PAGE 4096u

/* Durations of operations: two buckets for each power of two. */
#define STORM_BUCKETS 128u

struct storm_thread {
	pthread_t thread;
	struct storm *storm;
	uint64_t random;
	uint64_t added; /* W thread; R main while it is parked */
	uint64_t histogram[STORM_BUCKETS];
};

struct storm_note { /* of a moment, by name */
	char name[16];
	uint32_t in_use;
	uint64_t committed;
	uint64_t resident;
};

struct storm_work { /* of -w */
	bool enabled;
	struct cpuslab_workers workers;
	uint64_t sent;    /* W threads, atomic; also the next two */
	uint64_t handled; /* W workers */
	uint64_t bound;   /* CPUs with a bound worker; W workers, main */
	uint64_t wrong;   /* objects whose sum was wrong; W threads */
};

struct storm {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_hotplug *hotplug;
	struct cpuslab_percpu words;
	struct cpuslab_percpu room[STORM_OBJECTS];
	unsigned int count;
	struct storm_thread threads[STORM_THREADS_MAX];
	uint64_t sums; /* W reader: how many it has read */
	uint32_t back; /* W reader: how many were smaller */
	pthread_t reader;
	pthread_mutex_t mutex;
	pthread_cond_t parked_all;
	pthread_cond_t go;
	uint32_t paused; /* W main, under mutex; R threads, relaxed */
	uint32_t stop;   /* likewise */
	unsigned int parked;
	struct storm_note notes[STORM_NOTES];
	unsigned int noted;
	struct storm_work work;
};

/* No thread adds between the two calls. */
void storm_pause(struct storm *storm);
void storm_resume(struct storm *storm);
/* While paused: use every page of the blocks of @cpus. */
void storm_touch(struct storm *storm, uint64_t cpus);
/* While paused: the total that was added, and the total of the sums. */
uint64_t storm_added(const struct storm *storm);
uint64_t storm_sum(const struct storm *storm);

/* With -w: begin, one round of a thread, end. */
void storm_work_begin(struct storm *storm);
void storm_work_round(struct storm *storm);
void storm_work_end(struct storm *storm);
/*
 * Wait until the workers of @cpus are bound and all messages are handled; NULL,
 * or what is wrong.
 */
const char *storm_work_check(struct storm *storm, uint64_t cpus);
/* What a child finds, by fork() or by a clone() that runs no fork handlers. */
const char *storm_work_child(struct storm *storm, bool handlers);

/* Run a command; the result goes to @answer. Returns 0 if it succeeded. */
int storm_command(struct storm *storm, int count, char **words, char *answer,
		  size_t size);

#endif /* CPUSLAB_TESTS_VM_STORM_H */
