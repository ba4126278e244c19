/* SPDX-License-Identifier: MIT */
/*
 * log_rotating.c - a log is replaced by an empty one, and read when no append
 * is in progress in it.
 */
#include <cpuslab/log_rotating.h>
#include <cpuslab/sized.h>

typedef int log_rotating_each(void *arg, uint32_t cpu, const void *data,
			      uint32_t bytes);

int cpuslab_log_rotating_init(struct cpuslab_log_rotating *rotating,
			      struct cpuslab_slab *slab,
			      const struct cpuslab_log_rotating_config *config)
{
	struct cpuslab_log_rotating_config own;
	int err = CPUSLAB__CONFIG_LOAD(&own, cpuslab_log_rotating_config,
				       capacity, config);

	memset(rotating, 0, sizeof(*rotating));
	if (err)
		return err;
	return cpuslab_log_init(&rotating->logs[0], slab, own.capacity);
}

static bool log_rotating_exists(const struct cpuslab_log *log)
{
	return !cpuslab_percpu_is_null(&log->handle);
}

static void log_rotating_free(struct cpuslab_log *log)
{
	if (!log_rotating_exists(log))
		return;
	cpuslab_log_fini(log);
	memset(log, 0, sizeof(*log));
}

void cpuslab_log_rotating_fini(struct cpuslab_log_rotating *rotating)
{
	log_rotating_free(&rotating->logs[0]);
	log_rotating_free(&rotating->logs[1]);
}

/* Put an empty log in the place of the one in use. */
static int log_rotating_swap(struct cpuslab_log_rotating *rotating)
{
	uint32_t now = rotating->now;
	int err = cpuslab_log_init(&rotating->logs[!now],
				   rotating->logs[now].slab,
				   rotating->logs[now].capacity);

	if (err)
		return err;
	rotating->quiet = 0;
	rotating->cpu = CPUSLAB_SHARED;
	rotating->cursor = 0;
	/*
	 * [log.now] Pairs with cpuslab_log_rotating_append(), which without it
	 * could use a log that is not initialised.
	 */
	cpuslab_store_release_u32(&rotating->now, !now);
	return CPUSLAB_OK;
}

/*
 * A copy that has records is kept until the log is freed, so what a read
 * section has found stays valid behind it.
 */
static int log_rotating_read_cpu(struct cpuslab_log_rotating *rotating,
				 const struct cpuslab_log *log,
				 log_rotating_each *each, void *arg)
{
	uint64_t cursor = rotating->cursor;
	const void *data;
	uint32_t bytes;
	int result;

	for (;;) {
		cpuslab_read_enter();
		result = cpuslab_log_read(log, rotating->cpu, &cursor, &data,
					  &bytes);
		cpuslab_read_exit();
		if (result)
			return CPUSLAB_OK;
		result = each(arg, rotating->cpu, data, bytes);
		if (result)
			return result;
		rotating->cursor = cursor;
	}
}

static int log_rotating_read(struct cpuslab_log_rotating *rotating,
			     const struct cpuslab_log *log,
			     log_rotating_each *each, void *arg)
{
	uint32_t next;
	int result;

	while (rotating->cpu != CPUSLAB_NO_CPU) {
		result = log_rotating_read_cpu(rotating, log, each, arg);
		if (result)
			return result;
		next = rotating->cpu == CPUSLAB_SHARED ? 0 : rotating->cpu + 1;
		cpuslab_read_enter();
		rotating->cpu = cpuslab_remote_next(&log->handle, next);
		cpuslab_read_exit();
		rotating->cursor = 0;
	}
	return CPUSLAB_OK;
}

/* Read and free the log before the one in use, if there is one. */
static int log_rotating_finish(struct cpuslab_log_rotating *rotating,
			       log_rotating_each *each, void *arg)
{
	struct cpuslab_log *full = &rotating->logs[!rotating->now];
	int result;

	if (!log_rotating_exists(full))
		return CPUSLAB_OK;
	if (!rotating->quiet && cpuslab_port_rcu_wait())
		return CPUSLAB_PARTIAL;
	rotating->quiet = 1;
	result = log_rotating_read(rotating, full, each, arg);
	if (!result)
		log_rotating_free(full);
	return result;
}

int cpuslab_log_rotating_rotate(struct cpuslab_log_rotating *rotating,
				log_rotating_each *each, void *arg)
{
	int result = -CPUSLAB_EINVAL;

	/* [log.rotate] One rotation sees all that the one before has done. */
	if (cpuslab_exchange_u32(&rotating->busy, 1))
		return -CPUSLAB_EBUSY;
	/* What the last rotation has left. */
	if (log_rotating_exists(&rotating->logs[rotating->now]))
		result = log_rotating_finish(rotating, each, arg);
	if (!result)
		result = log_rotating_swap(rotating);
	if (!result)
		result = log_rotating_finish(rotating, each, arg);
	/* [log.rotate] Pairs with the exchange. */
	cpuslab_store_release_u32(&rotating->busy, 0);
	return result;
}
