/* SPDX-License-Identifier: MIT */
/*
 * object_cache.c - connections that are expensive to make, cached on each CPU.
 * What one CPU frees and another needs travels there a magazine at a time.
 */
#include <cpuslab/cpuslab.h>
#include <stdio.h>
#include <stdlib.h>

#define REQUESTS 100000

struct connection {
	char buffer[16384];
};

/* The allocator behind the cache: malloc() here, perhaps one for each node. */
static void *connection_make(void *arg)
{
	(void)arg;
	return calloc(1, sizeof(struct connection));
}

static void connection_free(void *arg, void *connection)
{
	(void)arg;
	free(connection);
}

int main(void)
{
	const struct cpuslab_cache_config config = {
		.size = sizeof(config),
		.alloc = connection_make,
		.free = connection_free,
		.rounds = 8, /* connections that a CPU takes at once */
	};
	struct cpuslab_cache_stats stats;
	struct cpuslab_domain *domain;
	struct cpuslab_cache cache;
	struct cpuslab_slab *slab;
	int i;

	if (cpuslab_domain_create(&domain, NULL) ||
	    cpuslab_slab_create(&slab, domain, NULL) ||
	    cpuslab_cache_init(&cache, slab, &config))
		return 1;
	for (i = 0; i < REQUESTS; i++) {
		struct connection *c = cpuslab_cache_alloc(&cache);

		if (!c)
			return 1;
		c->buffer[0] = 'x';
		cpuslab_cache_free(&cache, c);
	}
	cpuslab_cache_stats_get(&cache, &stats);
	printf("%s\n", stats.allocs < REQUESTS / 100 ? "cached" : "not cached");
	cpuslab_cache_fini(&cache); /* frees what is cached */
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}
