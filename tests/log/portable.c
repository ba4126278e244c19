/* SPDX-License-Identifier: MIT */
/*
 * portable.c - a log that rotates has each record once, while actors append.
 */
#include "portable/portable.h"

#define LOG_CAPACITY 8192u

struct log_record {
	uint64_t actor, number;
};

static struct cpuslab_slab *log_slab; /* its own, as logs keep blocks */
static struct cpuslab_log_rotating log_all;
static uint64_t *log_appended; /* [actor]; W actor */
static uint64_t *log_read;     /* [actor]; W looker */
static uint64_t *log_hash;     /* [actor]; W looker */

static void log_step(const struct portable_actor *actor)
{
	const struct log_record record = { actor->id, log_appended[actor->id] };
	int result =
		cpuslab_log_rotating_append(&log_all, &record, sizeof(record));

	if (result == CPUSLAB_OK)
		log_appended[actor->id]++;
	else if (result != CPUSLAB_FULL)
		portable_wrong("an append failed");
}

static int log_each(void *arg, uint32_t cpu, const void *data, uint32_t bytes)
{
	const struct log_record *record = data;

	(void)cpu;
	if (arg != &log_all || bytes != sizeof(*record) ||
	    record->actor >= structures.actors) {
		portable_wrong("a record that was not appended");
		return 0;
	}
	log_read[record->actor]++;
	log_hash[record->actor] += cpuslab_steering_hash(record->number);
	return 0;
}

/* True: all is read. There may be no memory for a log to append to. */
static bool log_rotate(void)
{
	int err = cpuslab_log_rotating_rotate(&log_all, log_each, &log_all);

	if (err && err != -CPUSLAB_ENOMEM)
		portable_wrong("a log was not rotated");
	return !err;
}

static void log_look(void)
{
	log_rotate();
}

static const char *log_check(bool used)
{
	uint64_t hash, number, sum = 0;
	uint32_t i;

	if (!log_rotate())
		return NULL;
	for (i = 0; i < structures.actors; i++) {
		hash = 0;
		for (number = 0; number < log_appended[i]; number++)
			hash += cpuslab_steering_hash(number);
		if (log_read[i] != log_appended[i] || log_hash[i] != hash)
			return "a record was lost, or read twice";
		sum += log_read[i];
	}
	return used && !sum ? "nothing was appended" : NULL;
}

static void log_free(void)
{
	cpuslab_port_free(log_hash);
	cpuslab_port_free(log_read);
	cpuslab_port_free(log_appended);
	cpuslab_log_rotating_fini(&log_all);
	cpuslab_slab_destroy(log_slab);
}

static const char *log_stop(bool used)
{
	const char *what = log_check(used);

	log_free();
	return what;
}

static int log_start(void)
{
	const struct cpuslab_log_rotating_config config = {
		.size = sizeof(config), .capacity = LOG_CAPACITY
	};
	int err = cpuslab_slab_create(&log_slab, structures.domain, NULL);

	if (err)
		return err;
	err = cpuslab_log_rotating_init(&log_all, log_slab, &config);
	if (err) {
		cpuslab_slab_destroy(log_slab);
		return err;
	}
	log_appended = portable_array(structures.actors, 1, sizeof(uint64_t));
	log_read = portable_array(structures.actors, 1, sizeof(uint64_t));
	log_hash = portable_array(structures.actors, 1, sizeof(uint64_t));
	if (log_appended && log_read && log_hash)
		return CPUSLAB_OK;
	log_free();
	return -CPUSLAB_ENOMEM;
}

const struct portable_part portable_log = {
	.start = log_start,
	.step = log_step,
	.look = log_look,
	.stop = log_stop,
};
