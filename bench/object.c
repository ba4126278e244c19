/* SPDX-License-Identifier: MIT */
/*
 * object.c - what must not depend on how many processors there could be:
 * making slabs and objects, sums, snapshots.
 */
#include "bench.h"

#include "rival_librseq.h"

#define OBJECT_MOST_SLABS 256u
#define OBJECT_MOST_OBJECTS 4096u
#define OBJECT_SUMMED 7u

/* One for each limit that is compared. */
struct object_work {
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	struct cpuslab_slab *slabs[OBJECT_MOST_SLABS];
	struct cpuslab_ref refs[OBJECT_MOST_OBJECTS];
	struct cpuslab_counter counter;
	uint64_t count;
};

static struct object_work object_small, object_middle, object_large;

static uint64_t object_count(void *arg)
{
	return ((struct object_work *)arg)->count;
}

/* ---- allocation: always of an empty slab, so of fresh memory --------- */

static void object_alloc_before(void *arg, uint64_t n)
{
	struct object_work *work = arg;

	(void)n;
	work->slab = bench_slab(work->domain);
}

static void object_alloc(void *arg, uint64_t n)
{
	struct object_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		work->count += cpuslab_alloc(work->slab, &bench_template,
					     &work->refs[i]) == CPUSLAB_OK;
}

static bool object_is_initialised(const struct cpuslab_ref *ref)
{
	uint32_t cpu, found = 0;

	for (cpu = cpuslab_peek_next(ref, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_peek_next(ref, cpu + 1)) {
		if (memcmp(cpuslab_peek(ref, cpu), bench_template.image,
			   bench_template.size))
			return false;
		found++;
	}
	return found == 2;
}

static void object_alloc_after(void *arg, uint64_t n)
{
	struct object_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++) {
		cpuslab_read_enter();
		if (!object_is_initialised(&work->refs[i]))
			measure_die("alloc", "an object is not initialised");
		cpuslab_read_exit();
		cpuslab_free(work->slab, &work->refs[i]);
	}
	cpuslab_slab_destroy(work->slab);
}

static struct measure_body object_alloc_body(struct object_work *work,
					     const char *name)
{
	struct measure_body body = { .name = name, .arg = work };

	body.run = object_alloc;
	body.before = object_alloc_before;
	body.after = object_alloc_after;
	body.count = object_count;
	body.most = OBJECT_MOST_OBJECTS;
	return body;
}

/* ---- slabs, with and without the first object ------------------------ */

static void object_create(void *arg, uint64_t n)
{
	struct object_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		work->count += cpuslab_slab_create(&work->slabs[i],
						   work->domain,
						   NULL) == CPUSLAB_OK;
}

static void object_create_first(void *arg, uint64_t n)
{
	struct object_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		work->count += cpuslab_slab_create(&work->slabs[i],
						   work->domain,
						   NULL) == CPUSLAB_OK &&
			       cpuslab_alloc(work->slabs[i], &bench_template,
					     &work->refs[i]) == CPUSLAB_OK;
}

static void object_create_after(void *arg, uint64_t n)
{
	struct object_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		cpuslab_slab_destroy(work->slabs[i]);
}

static void object_create_first_after(void *arg, uint64_t n)
{
	struct object_work *work = arg;
	uint64_t i;

	for (i = 0; i < n; i++)
		cpuslab_free(work->slabs[i], &work->refs[i]);
	object_create_after(arg, n);
}

static struct measure_body object_create_body(struct object_work *work,
					      const char *name, bool first)
{
	struct measure_body body = { .name = name, .arg = work };

	body.run = first ? object_create_first : object_create;
	body.after = first ? object_create_first_after : object_create_after;
	body.count = object_count;
	body.most = OBJECT_MOST_SLABS;
	return body;
}

/* ---- sums, snapshots ------------------------------------------------- */

static BENCH_NOINLINE void object_sum(void *arg, uint64_t n)
{
	struct object_work *work = arg;
	uint64_t i, total = 0;

	for (i = 0; i < n; i++)
		total += cpuslab_counter_sum(&work->counter);
	work->count += total / OBJECT_SUMMED;
}

static struct measure_body object_sum_body(struct object_work *work,
					   const char *name)
{
	struct measure_body body = { .name = name, .arg = work };

	body.run = object_sum;
	body.count = object_count;
	return body;
}

static BENCH_NOINLINE void object_snapshot(void *arg, uint64_t n)
{
	struct object_work *work = arg;
	uint64_t i, total = 0;

	for (i = 0; i < n; i++) {
		const struct cpuslab_cpuset *set;

		set = cpuslab_cpuset_get(work->domain);
		total += cpuslab_cpuset_count(set);
		cpuslab_cpuset_put(set);
	}
	work->count += total / 2;
}

static struct measure_body object_snapshot_body(struct object_work *work,
						const char *name)
{
	struct measure_body body = { .name = name, .arg = work };

	body.run = object_snapshot;
	body.count = object_count;
	return body;
}

/* ---- rows ------------------------------------------------------------ */

static const char object_group[] = "what does not depend on the limit";

/* One limit against another, then the larger one's time alone. */
static void object_flat(struct bench *bench, const struct measure_body *large,
			const struct measure_body *small, double ratio,
			double ns)
{
	struct measure_result result;
	struct table_row row = { .group = object_group,
				 .name = large->name,
				 .unit = "ns",
				 .kind = TABLE_VALUE,
				 .goal = ns };

	bench_progress(large->name);
	measure_pair(&bench->plan, large, small, &result);
	table_add_pair(&bench->table, object_group, large->name, small->name,
		       &result, ratio > 0 ? TABLE_RATIO : TABLE_NO_GOAL, ratio);
	row.value = result.a_ns;
	if (ns > 0)
		table_add(&bench->table, &row);
}

static void object_rival(struct bench *bench, const struct measure_body *self,
			 const struct measure_body *rival)
{
	struct measure_result result;

	bench_progress(rival->name);
	measure_pair(&bench->few, self, rival, &result);
	table_add_pair(&bench->table, object_group, self->name, rival->name,
		       &result, TABLE_NO_GOAL, 0);
}

static void object_allocs(struct bench *bench)
{
	const struct measure_body small =
		object_alloc_body(&object_small, "limit 2");
	const struct measure_body middle =
		object_alloc_body(&object_middle, "alloc 64 B, limit 4096");
	const struct measure_body large =
		object_alloc_body(&object_large, "alloc 64 B, limit 8192");

	object_flat(bench, &large, &small, 1.2, 1000);
	if (rival_librseq_available())
		object_rival(bench, &middle, rival_librseq_alloc());
}

static void object_creates(struct bench *bench)
{
	const struct measure_body empty_small =
		object_create_body(&object_small, "limit 2", false);
	const struct measure_body empty_large =
		object_create_body(&object_large, "create, limit 8192", false);
	const struct measure_body small =
		object_create_body(&object_small, "limit 2", true);
	const struct measure_body middle = object_create_body(
		&object_middle, "create + first alloc, limit 4096", true);
	const struct measure_body large = object_create_body(
		&object_large, "create + first alloc, limit 8192", true);

	object_flat(bench, &empty_large, &empty_small, 0, 50000);
	object_flat(bench, &middle, &small, 0, 50000);
	object_flat(bench, &large, &small, 0, 50000);
	if (!rival_librseq_available())
		return;
	object_rival(bench, &middle, rival_librseq_create());
	object_rival(bench, &middle, rival_librseq_create_zero());
}

static void object_sums(struct bench *bench)
{
	const struct measure_body small =
		object_sum_body(&object_small, "limit 2");
	const struct measure_body middle =
		object_sum_body(&object_middle, "sum, limit 4096");
	const struct measure_body large =
		object_sum_body(&object_large, "sum, limit 8192");

	object_flat(bench, &large, &small, 0, 200);
	if (rival_librseq_available())
		object_rival(bench, &middle, rival_librseq_sum());
}

static void object_snapshots(struct bench *bench)
{
	const struct measure_body small =
		object_snapshot_body(&object_small, "limit 2");
	const struct measure_body large = object_snapshot_body(
		&object_large, "snapshot get + put, limit 8192");

	object_flat(bench, &large, &small, 0, 0);
}

static void object_init(struct object_work *work, uint32_t limit, uint32_t here)
{
	work->domain = bench_domain(limit, here);
	work->slab = bench_slab(work->domain);
	if (cpuslab_counter_init(&work->counter, work->slab))
		measure_die("sum", "no counter");
	cpuslab_counter_add(&work->counter, OBJECT_SUMMED);
}

static void object_fini(struct object_work *work)
{
	cpuslab_counter_fini(&work->counter);
	cpuslab_slab_destroy(work->counter.slab);
	cpuslab_domain_destroy(work->domain);
}

void bench_object(struct bench *bench)
{
	uint32_t here = measure_pin(0);

	object_init(&object_small, BENCH_LIMIT_SMALL, here);
	object_init(&object_middle, BENCH_LIMIT_MIDDLE, here);
	object_init(&object_large, BENCH_LIMIT_LARGE, here);
	object_allocs(bench);
	object_creates(bench);
	object_sums(bench);
	object_snapshots(bench);
	object_fini(&object_large);
	object_fini(&object_middle);
	object_fini(&object_small);
}
