/* SPDX-License-Identifier: MIT */
/*
 * Programs and libraries that know different versions of a struct.
 */
#include "fixture/fixture.h"

/* Two versions of one struct. */
struct sized_old {
	size_t size;
	uint32_t a;
	uint32_t b;
};

struct sized_new {
	size_t size;
	uint32_t a;
	uint32_t b;
	uint64_t c;
};

#define OLD_BYTES sizeof(struct sized_old)
#define NEW_BYTES sizeof(struct sized_new)

/* ---- configuration ------------------------------------------------------- */

static void without_a_config_all_is_zero(void **state)
{
	struct sized_new own = { 1, 2, 3, 4 };

	(void)state;
	assert_int_equal(cpuslab__config_load(&own, NEW_BYTES, OLD_BYTES, NULL),
			 CPUSLAB_OK);
	assert_true(!own.size && !own.a && !own.b && !own.c);
}

static void an_older_program_lacks_members(void **state)
{
	/* What lies behind its struct is not the library's business. */
	struct sized_new memory = { OLD_BYTES, 2, 3, 4 };
	struct sized_new own;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		memset(&own, 0x5a, sizeof(own));
		assert_int_equal(cpuslab__config_load(&own, NEW_BYTES,
						      OLD_BYTES, &memory),
				 CPUSLAB_OK);
		assert_true(own.a == 2 && own.b == 3 && !own.c);
		memory.size = 0; /* that of the first version */
	}
}

static void a_newer_program_may_not_use_what_is_unknown(void **state)
{
	struct sized_new config = { NEW_BYTES, 2, 3, 0 };
	struct sized_old own;
	int bit;

	(void)state;
	assert_int_equal(cpuslab__config_load(&own, OLD_BYTES, OLD_BYTES,
					      &config),
			 CPUSLAB_OK);
	assert_true(own.a == 2 && own.b == 3);
	for (bit = 0; bit < 64; bit++) {
		config.c = (uint64_t)1 << bit;
		assert_int_equal(cpuslab__config_load(&own, OLD_BYTES,
						      OLD_BYTES, &config),
				 -CPUSLAB_EINVAL);
	}
}

static void impossible_sizes(void **state)
{
	static const size_t sizes[] = { 1, sizeof(size_t), OLD_BYTES - 1,
					CPUSLAB_CONFIG_MAX + 1, SIZE_MAX };
	struct sized_new config = { 0, 2, 3, 4 }, own;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		config.size = sizes[i];
		assert_int_equal(cpuslab__config_load(&own, NEW_BYTES,
						      OLD_BYTES, &config),
				 -CPUSLAB_EINVAL);
		assert_true(!own.a && !own.b && !own.c);
	}
}

/* Every config of the library, as a newer program has it. */
static union {
	size_t size;
	struct cpuslab_domain_config domain;
	struct cpuslab_slab_config slab;
	struct cpuslab_cache_config cache;
	struct cpuslab_steering_config steering;
	struct cpuslab_workers_config workers;
	char bytes[512];
} given;

static void *sized_alloc(void *arg)
{
	return arg;
}

static void sized_free(void *arg, void *object)
{
	(void)arg;
	(void)object;
}

static int domain_create(struct fixture *f)
{
	struct cpuslab_domain *domain;
	int err;

	(void)f;
	err = cpuslab_domain_create(&domain, &given.domain);
	cpuslab_domain_destroy(domain);
	return err;
}

static int slab_create(struct fixture *f)
{
	struct cpuslab_slab *slab;
	int err = cpuslab_slab_create(&slab, f->domain, &given.slab);

	cpuslab_slab_destroy(slab);
	return err;
}

static int cache_init(struct fixture *f)
{
	struct cpuslab_cache cache;
	int err;

	given.cache.alloc = sized_alloc;
	given.cache.free = sized_free;
	err = cpuslab_cache_init(&cache, f->slab, &given.cache);
	cpuslab_cache_fini(&cache);
	return err;
}

static int steering_init(struct fixture *f)
{
	struct cpuslab_steering steering;
	int err;

	(void)f;
	given.steering.buckets = 16;
	given.steering.targets = 2;
	err = cpuslab_steering_init(&steering, &given.steering);
	cpuslab_steering_fini(&steering);
	return err;
}

static int worker_create(struct cpuslab_workers *workers, uint32_t cpu,
			 void **worker)
{
	(void)cpu;
	*worker = workers;
	return CPUSLAB_OK;
}

static void worker_nothing(struct cpuslab_workers *workers, uint32_t cpu,
			   void *worker)
{
	(void)workers;
	(void)cpu;
	(void)worker;
}

static void worker_handle(void *arg, uint32_t cpu,
			  const struct cpuslab_message *message)
{
	(void)arg;
	(void)cpu;
	(void)message;
}

static int workers_init(struct fixture *f)
{
	static const struct cpuslab_workers_ops ops = {
		.create = worker_create,
		.unpark = worker_nothing,
		.park = worker_nothing,
		.destroy = worker_nothing,
		.wake = worker_nothing,
	};
	struct cpuslab_workers workers;
	int err;

	given.workers.ops = &ops;
	given.workers.handle = worker_handle;
	given.workers.capacity = 4;
	err = cpuslab_workers_init(&workers, f->domain, &given.workers);
	cpuslab_workers_fini(&workers);
	return err;
}

static void every_config_has_its_size(void **state)
{
	static const struct {
		int (*create)(struct fixture *f);
		size_t bytes;
	} kinds[] = {
		{ domain_create, sizeof(given.domain) },
		{ slab_create, sizeof(given.slab) },
		{ cache_init, sizeof(given.cache) },
		{ steering_init, sizeof(given.steering) },
		{ workers_init, sizeof(given.workers) },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		memset(&given, 0, sizeof(given));
		assert_int_equal(kinds[i].create(f), CPUSLAB_OK);
		given.size = kinds[i].bytes;
		assert_int_equal(kinds[i].create(f), CPUSLAB_OK);
		given.size = sizeof(given);
		assert_int_equal(kinds[i].create(f), CPUSLAB_OK);
		given.bytes[kinds[i].bytes] = 1;
		assert_int_equal(kinds[i].create(f), -CPUSLAB_EINVAL);
		given.bytes[kinds[i].bytes] = 0;
		given.size = sizeof(size_t);
		assert_int_equal(kinds[i].create(f), -CPUSLAB_EINVAL);
	}
}

/* ---- statistics ---------------------------------------------------------- */

static void statistics_of_any_size(void **state)
{
	const struct sized_new own = { 0, 2, 3, 4 };
	struct sized_new stats;

	(void)state;
	memset(&stats, 0x5a, sizeof(stats));
	stats.size = OLD_BYTES; /* an older program */
	cpuslab__stats_store(&stats, &own, NEW_BYTES);
	assert_true(stats.size == OLD_BYTES && stats.a == 2 && stats.b == 3);
	assert_true(stats.c == 0x5a5a5a5a5a5a5a5a);
	stats.size = NEW_BYTES; /* a newer one */
	cpuslab__stats_store(&stats, &own, OLD_BYTES);
	assert_true(stats.size == NEW_BYTES && stats.a == 2 && stats.b == 3);
	assert_true(stats.c == 0);
}

static void every_statistic_has_its_size(void **state)
{
	static struct cpuslab_cache cache;
	struct fixture *f = *state;
	struct cpuslab_cache_stats cached;
	struct {
		struct cpuslab_stats known;
		uint64_t later;
	} stats;

	memset(&stats, 0x5a, sizeof(stats));
	cpuslab_stats_get(f->slab, &stats.known);
	assert_int_equal(stats.known.size, sizeof(stats.known));
	assert_int_equal(stats.known.online, FIXTURE_AVAILABLE);
	assert_true(stats.later == 0x5a5a5a5a5a5a5a5a);
	stats.known.size = sizeof(stats);
	cpuslab__stats_fill(f->slab, &stats.known);
	assert_int_equal(stats.known.online, FIXTURE_AVAILABLE);
	assert_true(stats.later == 0);
	memset(&cached, 0x5a, sizeof(cached));
	cpuslab_cache_stats_get(&cache, &cached);
	assert_int_equal(cached.size, sizeof(cached));
	assert_true(!cached.allocs && !cached.magazines);
}

/* The text of statistics that an older program has read. */
static void text_of_older_statistics(void **state)
{
	struct cpuslab_stats stats = { 0 };
	char text[1024] = "x";

	(void)state;
	stats.name = "a";
	stats.domain = "b";
	stats.online = 77;
	assert_true(cpuslab_stats_text(&stats, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "online 77\n"));
	stats.size = 3;
	assert_int_equal(cpuslab_stats_text(&stats, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_int_equal(cpuslab_stats_json(&stats, text, sizeof(text)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_config_all_is_zero),
		cmocka_unit_test(an_older_program_lacks_members),
		cmocka_unit_test(a_newer_program_may_not_use_what_is_unknown),
		cmocka_unit_test(impossible_sizes),
		FIXTURE_RSEQ(every_config_has_its_size),
		cmocka_unit_test(statistics_of_any_size),
		FIXTURE_RSEQ(every_statistic_has_its_size),
		cmocka_unit_test(text_of_older_statistics),
	};

	return cmocka_run_group_tests_name("sized", tests, NULL, NULL);
}
