/* SPDX-License-Identifier: MIT */
#include <cpuslab/log.h>

#define LOG_MAX_CAPACITY (256u << 20)

static const struct cpuslab_type log_type = {
	.name = "cpuslab_log",
	.head = CPUSLAB_LOG_HEADER,
};

int cpuslab_log_init(struct cpuslab_log *log, struct cpuslab_slab *slab,
		     uint32_t capacity)
{
	memset(log, 0, sizeof(*log));
	if (capacity < 16 || capacity > LOG_MAX_CAPACITY)
		return -CPUSLAB_EINVAL;
	log->slab = slab;
	log->capacity = (capacity + 7) & ~7u;
	return cpuslab_alloc_sized(slab, &log_type,
				   CPUSLAB_LOG_HEADER + (size_t)log->capacity,
				   &log->handle);
}

void cpuslab_log_fini(struct cpuslab_log *log)
{
	cpuslab_free(log->slab, &log->handle);
}

int cpuslab_log_read(const struct cpuslab_log *log, uint32_t cpu,
		     uint64_t *cursor, const void **data, uint32_t *bytes)
{
	const struct cpuslab_log_cpu *copy = cpuslab_remote(&log->handle, cpu);
	const cpuslab_word *record;
	uint64_t head;

	if (!copy)
		return -CPUSLAB_ENOENT;
	/* [log.tail] Pairs with the committing store of an append. */
	if (*cursor >= cpuslab_load_acquire_u64(&copy->tail))
		return CPUSLAB_EMPTY;
	record = (const void *)((const char *)copy + CPUSLAB_LOG_HEADER +
				*cursor);
	/* [log.commit] Pairs with cpuslab__shared_append(). */
	head = cpuslab_load_acquire_u64(record);
	if (!(head & 1))
		return CPUSLAB_EMPTY;
	*data = record + 1;
	*bytes = (uint32_t)(head >> 1);
	*cursor += cpuslab__log_step(*bytes);
	return CPUSLAB_OK;
}
