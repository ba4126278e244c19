/* SPDX-License-Identifier: MIT */
/*
 * log_rotating.c - a log is replaced by an empty one, and read when no append
 * is in progress in it.
 */
#include <cpuslab/log_rotating.h>

typedef void log_rotating_each(void *arg, uint32_t cpu, const void *data,
			       uint32_t bytes);

int cpuslab_log_rotating_init(struct cpuslab_log_rotating *rotating,
			      struct cpuslab_slab *slab, uint32_t capacity)
{
	memset(rotating, 0, sizeof(*rotating));
	return cpuslab_log_init(&rotating->logs[0], slab, capacity);
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

static void log_rotating_grace_over(struct cpuslab_rcu *rcu)
{
	struct cpuslab_log_rotating *rotating =
		(struct cpuslab_log_rotating
			 *)(void *)((char *)rcu -
				    offsetof(struct cpuslab_log_rotating, rcu));

	/* [log.grace] Pairs with log_rotating_wait(). */
	cpuslab_store_release_u32(&rotating->waits, 0);
}

/* True: no append is in progress in the log before the one in use. */
static bool log_rotating_wait(struct cpuslab_log_rotating *rotating)
{
	cpuslab_port_rcu_barrier();
	/* [log.grace] We see what the appends wrote. */
	return !cpuslab_load_acquire_u32(&rotating->waits);
}

void cpuslab_log_rotating_fini(struct cpuslab_log_rotating *rotating)
{
	/* Its callback uses the struct; where none can run, none will. */
	if (rotating->waits)
		log_rotating_wait(rotating);
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
	/*
	 * [log.now] Pairs with cpuslab_log_rotating_append(), which without it
	 * could use a log that is not initialised.
	 */
	cpuslab_store_release_u32(&rotating->now, !now);
	cpuslab_store_relaxed_u32(&rotating->waits, 1);
	cpuslab_port_call_rcu(&rotating->rcu, log_rotating_grace_over);
	return CPUSLAB_OK;
}

/*
 * A copy that has records is kept until the log is freed, so what a read
 * section has found stays valid behind it.
 */
static void log_rotating_read_cpu(const struct cpuslab_log *log, uint32_t cpu,
				  log_rotating_each *each, void *arg)
{
	uint64_t cursor = 0;
	const void *data;
	uint32_t bytes;
	int result;

	for (;;) {
		cpuslab_read_enter();
		result = cpuslab_log_read(log, cpu, &cursor, &data, &bytes);
		cpuslab_read_exit();
		if (result)
			return;
		each(arg, cpu, data, bytes);
	}
}

static void log_rotating_read(const struct cpuslab_log *log,
			      log_rotating_each *each, void *arg)
{
	uint32_t cpu = CPUSLAB_SHARED, next = 0;

	while (cpu != CPUSLAB_NO_CPU) {
		log_rotating_read_cpu(log, cpu, each, arg);
		cpuslab_read_enter();
		cpu = cpuslab_remote_next(&log->handle, next);
		cpuslab_read_exit();
		next = cpu + 1;
	}
}

int cpuslab_log_rotating_rotate(struct cpuslab_log_rotating *rotating,
				log_rotating_each *each, void *arg)
{
	struct cpuslab_log *full = &rotating->logs[rotating->now];
	int err;

	if (!log_rotating_exists(full))
		return -CPUSLAB_EINVAL;
	if (log_rotating_exists(&rotating->logs[!rotating->now])) {
		/* Not read yet: the last call was CPUSLAB_PARTIAL. */
		full = &rotating->logs[!rotating->now];
	} else {
		err = log_rotating_swap(rotating);
		if (err)
			return err;
	}
	if (!log_rotating_wait(rotating))
		return CPUSLAB_PARTIAL;
	log_rotating_read(full, each, arg);
	log_rotating_free(full);
	return CPUSLAB_OK;
}
