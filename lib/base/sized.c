/* SPDX-License-Identifier: MIT */
#include <cpuslab/sized.h>

static size_t sized_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

int cpuslab__config_load(void *own, size_t bytes, size_t first,
			 const void *config)
{
	const uint8_t *from = config;
	size_t size, i;

	memset(own, 0, bytes);
	if (!config)
		return CPUSLAB_OK;
	memcpy(&size, config, sizeof(size));
	if (!size)
		size = first;
	if (size < first || size > CPUSLAB_CONFIG_MAX)
		return -CPUSLAB_EINVAL;
	for (i = bytes; i < size; i++)
		if (from[i])
			return -CPUSLAB_EINVAL;
	memcpy(own, config, sized_min(size, bytes));
	return CPUSLAB_OK;
}

void cpuslab__stats_store(void *stats, const void *own, size_t bytes)
{
	size_t size, known;

	memcpy(&size, stats, sizeof(size));
	known = sized_min(size, bytes);
	memcpy((char *)stats + sizeof(size), (const char *)own + sizeof(size),
	       known - sizeof(size));
	memset((char *)stats + known, 0, size - known);
}
