/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <stdlib.h>

#include "slab.h"

struct fixture_config fixture_rseq;
struct fixture_config fixture_atomic = { .mode = SIM_ATOMIC };
struct fixture_config fixture_retain = { .slab_flags = CPUSLAB_SLAB_RETAIN };
struct fixture_config fixture_early = {
	.domain_flags = CPUSLAB_DOMAIN_ADMIT_EARLY,
};
struct fixture_config fixture_early_atomic = {
	.mode = SIM_ATOMIC,
	.domain_flags = CPUSLAB_DOMAIN_ADMIT_EARLY,
};
struct fixture_config fixture_early_retain = {
	.domain_flags = CPUSLAB_DOMAIN_ADMIT_EARLY | CPUSLAB_DOMAIN_RETAIN,
};
struct fixture_config fixture_no_slab = { .no_slab = true };
struct fixture_config fixture_no_domain = { .no_domain = true };

const struct cpuslab_type fixture_counter = {
	.name = "fixture_counter",
	.size = 8,
	.counters = 1,
};

const struct cpuslab_type fixture_blob = {
	.name = "fixture_blob",
	.size = 64,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static void fixture_begin_sim(const struct fixture_config *config)
{
	const struct sim_config sim = {
		.limit = config->limit ? config->limit : FIXTURE_LIMIT,
		.available = config->available ? config->available :
						 FIXTURE_AVAILABLE,
		.seed = config->seed,
		.mode = config->mode,
		.directory = config->directory,
		.quiet = true,
	};

	assert_int_equal(sim_init(&sim), CPUSLAB_OK);
}

void fixture_begin(struct fixture *f, const struct fixture_config *config)
{
	const struct cpuslab_domain_config domain = {
		.name = "tested",
		.flags = config->domain_flags,
	};
	const struct cpuslab_slab_config slab = {
		.name = "tested",
		.stride = config->stride,
		.flags = config->slab_flags,
	};

	f->domain = NULL;
	f->slab = NULL;
	fixture_begin_sim(config);
	if (config->no_domain)
		return;
	assert_int_equal(cpuslab_domain_create(&f->domain, &domain),
			 CPUSLAB_OK);
	if (config->no_slab)
		return;
	assert_int_equal(cpuslab_slab_create(&f->slab, f->domain, &slab),
			 CPUSLAB_OK);
}

void fixture_end(struct fixture *f)
{
	sim_fail_alloc_at(0);
	if (f->slab)
		assert_int_equal(cpuslab_slab_check(f->slab), CPUSLAB_OK);
	if (f->domain)
		assert_int_equal(cpuslab_domain_check(f->domain), CPUSLAB_OK);
	cpuslab_slab_destroy(f->slab);
	cpuslab_domain_destroy(f->domain);
	assert_int_equal(sim_fini(), 0);
}

int fixture_setup(void **state)
{
	const struct fixture_config *config = *state;
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	fixture_begin(f, config);
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	fixture_end(f);
	free(f);
	return 0;
}

bool fixture_reserves(void)
{
	return CPUSLAB_PORT_RESERVES;
}

void fixture_needs_reserved_space(void)
{
	if (!fixture_reserves())
		skip();
}

/* One extent's, where it does not lie in reserved space. */
static size_t fixture_header_bytes(uint32_t limit)
{
	size_t bytes = offsetof(struct cpuslab_extent, live) + limit;

	bytes = (bytes + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
	return bytes + sizeof(void *) * ((size_t)limit + 1);
}

void fixture_check_bytes(struct fixture *f)
{
	struct cpuslab_stats stats = fixture_stats(f);
	size_t headers = 0;

	if (!fixture_reserves()) {
		/* Headers are small allocations, all the rest is blocks. */
		headers = stats.extents * fixture_header_bytes(stats.limit);
		assert_int_equal(sim_reserved(), sim_committed());
	}
	assert_int_equal(stats.committed_bytes, sim_committed() + headers);
	assert_int_equal(stats.reserved_bytes, sim_reserved() + headers);
}

void fixture_add(struct fixture *f, uint32_t cpu)
{
	assert_int_equal(cpuslab_domain_add_start(f->domain, cpu), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_complete(f->domain, cpu),
			 CPUSLAB_OK);
}

void fixture_remove(struct fixture *f, uint32_t cpu)
{
	assert_int_equal(cpuslab_domain_remove(f->domain, cpu), CPUSLAB_OK);
}

void fixture_plug(struct fixture *f, uint32_t cpu)
{
	sim_cpu_set_available(cpu, true);
	fixture_add(f, cpu);
}

void fixture_unplug(struct fixture *f, uint32_t cpu)
{
	sim_cpu_set_available(cpu, false);
	fixture_remove(f, cpu);
}

struct cpuslab_ref fixture_alloc(struct fixture *f,
				 const struct cpuslab_type *type)
{
	struct cpuslab_ref ref = { 0 };

	assert_int_equal(cpuslab_alloc(f->slab, type, &ref), CPUSLAB_OK);
	assert_false(cpuslab_ref_is_null(&ref));
	return ref;
}

void fixture_free(struct fixture *f, const struct cpuslab_ref *ref)
{
	assert_int_equal(cpuslab_free(f->slab, ref), CPUSLAB_OK);
}

void fixture_count(const struct cpuslab_ref *ref, uint32_t cpu, uint64_t value)
{
	sim_cpu_set(cpu);
	assert_int_equal(cpuslab_add(ref, 0, value), CPUSLAB_OK);
}

bool fixture_has(const struct cpuslab_ref *ref, uint32_t cpu)
{
	bool has;

	cpuslab_read_enter();
	has = cpuslab_peek(ref, cpu) != NULL;
	cpuslab_read_exit();
	return has;
}

uint64_t fixture_nth_word(const struct cpuslab_ref *ref, uint32_t cpu,
			  size_t nth)
{
	const uint64_t *words;
	uint64_t value;

	cpuslab_read_enter();
	words = cpuslab_peek(ref, cpu);
	assert_non_null(words);
	value = words[nth];
	cpuslab_read_exit();
	return value;
}

uint64_t fixture_word(const struct cpuslab_ref *ref, uint32_t cpu)
{
	return fixture_nth_word(ref, cpu, 0);
}

struct cpuslab_ref fixture_counted(struct fixture *f, uint64_t value)
{
	struct cpuslab_ref ref = fixture_alloc(f, &fixture_counter);

	fixture_add(f, FIXTURE_CPU);
	fixture_count(&ref, FIXTURE_CPU, value);
	return ref;
}

struct cpuslab_stats fixture_stats(struct fixture *f)
{
	struct cpuslab_stats stats;

	cpuslab_stats_get(f->slab, &stats);
	return stats;
}

bool fixture_online(const struct fixture *f, uint32_t cpu)
{
	const struct cpuslab_cpuset *set = cpuslab_cpuset_get(f->domain);
	bool has = cpuslab_cpuset_has(set, cpu);

	cpuslab_cpuset_put(set);
	return has;
}

uint32_t fixture_online_count(const struct fixture *f)
{
	const struct cpuslab_cpuset *set = cpuslab_cpuset_get(f->domain);
	uint32_t count = cpuslab_cpuset_count(set);

	cpuslab_cpuset_put(set);
	return count;
}
