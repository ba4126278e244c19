/* SPDX-License-Identifier: MIT */
/* Shares, the fewest moves, no memory, CPUs that add weights, readers. */
#include "fixture/fixture.h"

#define BUCKETS 1024u
#define TARGETS 64u

static struct cpuslab_steering steering;
static uint32_t before[BUCKETS], after[BUCKETS];

static void begin(uint32_t buckets, uint32_t targets)
{
	const struct cpuslab_steering_config config = { .buckets = buckets,
							.targets = targets };

	assert_int_equal(cpuslab_steering_init(&steering, &config), CPUSLAB_OK);
}

static void end(void)
{
	assert_int_equal(cpuslab_steering_check(&steering), CPUSLAB_OK);
	cpuslab_steering_fini(&steering);
}

static void look(uint32_t *table)
{
	uint32_t i;

	cpuslab_read_enter();
	for (i = 0; i < steering.config.buckets; i++)
		table[i] = cpuslab_steering_lookup(&steering, i, NULL);
	cpuslab_read_exit();
	assert_int_equal(cpuslab_steering_check(&steering), CPUSLAB_OK);
}

static uint32_t share(const uint32_t *table, uint32_t target)
{
	uint32_t i, count = 0;

	for (i = 0; i < steering.config.buckets; i++)
		count += table[i] == target;
	return count;
}

static uint32_t moved(void)
{
	uint32_t i, count = 0;

	for (i = 0; i < steering.config.buckets; i++)
		count += before[i] != after[i];
	return count;
}

static void set(uint32_t target, uint32_t weight)
{
	look(before);
	assert_int_equal(cpuslab_steering_set(&steering, target, weight),
			 CPUSLAB_OK);
	sim_quiesce();
	look(after);
}

static void no_target_at_first(void **state)
{
	uint64_t generation = 7;

	(void)state;
	begin(BUCKETS, TARGETS);
	cpuslab_read_enter();
	assert_int_equal(cpuslab_steering_lookup(&steering, 5, &generation),
			 CPUSLAB_NO_CPU);
	cpuslab_read_exit();
	assert_int_equal(generation, 0);
	set(9, 1);
	assert_int_equal(share(after, 9), BUCKETS);
	set(9, 0);
	assert_int_equal(share(after, CPUSLAB_NO_CPU), BUCKETS);
	end();
}

/* One of n is added: about 1/n of the buckets move, all of them to it. */
static void adding_moves_one_share(void **state)
{
	uint32_t n, i, mine;

	(void)state;
	begin(BUCKETS, TARGETS);
	for (n = 1; n <= TARGETS; n++) {
		/* In some order, with gaps meanwhile. */
		uint32_t target = n * 37 % TARGETS;

		set(target, 1);
		mine = share(after, target);
		assert_in_range(mine, BUCKETS / n, (BUCKETS + n - 1) / n);
		if (n > 1)
			assert_int_equal(moved(), mine);
		for (i = 0; i < BUCKETS; i++)
			if (before[i] != after[i])
				assert_int_equal(after[i], target);
	}
	end();
}

/* One of n is removed: its buckets move, and no other. */
static void removing_moves_what_it_had(void **state)
{
	uint32_t n, i;

	(void)state;
	begin(BUCKETS, TARGETS);
	for (i = 0; i < TARGETS; i++)
		set(i, 1);
	for (n = TARGETS; n > 1; n--) {
		uint32_t target = n * 37 % TARGETS, had;

		look(before);
		had = share(before, target);
		set(target, 0);
		assert_int_equal(moved(), had);
		for (i = 0; i < BUCKETS; i++)
			if (before[i] != after[i])
				assert_int_equal(before[i], target);
		assert_int_equal(share(after, target), 0);
	}
	end();
}

static void equal_weights_differ_by_one(void **state)
{
	uint32_t i, target;

	(void)state;
	begin(BUCKETS, TARGETS);
	for (i = 0; i < 2000; i++) {
		uint32_t least = BUCKETS, most = 0, here = 0;

		target = (uint32_t)cpuslab_steering_hash(i) % TARGETS;
		set(target, steering.table->active && i % 3 == 2 ? 0 : 1);
		for (target = 0; target < TARGETS; target++) {
			uint32_t count = share(after, target);

			if (!count)
				continue;
			here++;
			least = count < least ? count : least;
			most = count > most ? count : most;
		}
		if (here)
			assert_true(most - least <= 1);
		assert_int_equal(here, steering.table->active);
	}
	end();
}

/* Buckets move only to a target that grows, or from one that shrinks. */
static void weights_move_no_third_target(void **state)
{
	uint32_t i, k;

	(void)state;
	begin(BUCKETS, TARGETS);
	for (k = 0; k < 1500; k++) {
		uint64_t r = cpuslab_steering_hash(k + 77);
		uint32_t target = (uint32_t)r % 20 * 3;
		uint32_t was = share(after, target), is;
		uint32_t weight = (uint32_t)(r >> 32) % 4 ?
					  (uint32_t)(r >> 40) % 1000 :
					  0;

		set(target, weight);
		is = share(after, target);
		if (share(before, CPUSLAB_NO_CPU) ||
		    share(after, CPUSLAB_NO_CPU))
			continue;
		assert_int_equal(moved(), is > was ? is - was : was - is);
		for (i = 0; i < BUCKETS; i++) {
			if (before[i] == after[i])
				continue;
			assert_int_equal(is > was ? after[i] : before[i],
					 target);
		}
	}
	end();
}

static void shares_follow_weights(void **state)
{
	(void)state;
	begin(BUCKETS, TARGETS);
	set(1, 100);
	set(40, 300);
	set(63, 600);
	assert_in_range(share(after, 1), 101, 104);
	assert_in_range(share(after, 40), 305, 309);
	assert_in_range(share(after, 63), 612, 616);
	set(63, 0xffffffffu);
	assert_int_equal(share(after, 63), BUCKETS);
	set(1, 0xffffffffu);
	assert_int_equal(share(after, 1), BUCKETS / 2);
	end();
}

/* The generation says whether two lookups used the same table. */
static void a_generation_in_each_lookup(void **state)
{
	const struct cpuslab_steering_table *table;
	uint64_t first, second;
	uint32_t target;

	(void)state;
	begin(BUCKETS, TARGETS);
	set(3, 1);
	cpuslab_read_enter();
	table = cpuslab_steering_get(&steering);
	target = cpuslab_steering_lookup(&steering, 100, &first);
	assert_int_equal(target, 3);
	assert_int_equal(cpuslab_steering_set(&steering, 4, 1), CPUSLAB_OK);
	assert_int_equal(cpuslab_steering_set(&steering, 3, 0), CPUSLAB_OK);
	sim_quiesce();
	/* The reader keeps the table that it has loaded. */
	assert_int_equal(table->generation, first);
	assert_int_equal(cpuslab_steering_at(table, 100), 3);
	target = cpuslab_steering_lookup(&steering, 100, &second);
	assert_int_equal(target, 4);
	assert_int_equal(second, first + 2);
	cpuslab_read_exit();
	end();
}

/* A change that makes no difference publishes no table. */
static void the_same_weight_again(void **state)
{
	uint64_t first, second;

	(void)state;
	begin(BUCKETS, TARGETS);
	set(3, 2);
	cpuslab_steering_lookup(&steering, 100, &first);
	set(3, 2);
	cpuslab_steering_lookup(&steering, 100, &second);
	assert_int_equal(second, first);
	end();
}

/* Without memory, the newest state is published after a grace period. */
static void without_memory_it_is_published_later(void **state)
{
	(void)state;
	begin(BUCKETS, TARGETS);
	set(3, 1);
	cpuslab_read_enter();
	sim_fail_alloc_from(1);
	assert_int_equal(cpuslab_steering_set(&steering, 4, 1), CPUSLAB_OK);
	assert_int_equal(cpuslab_steering_set(&steering, 5, 1), CPUSLAB_OK);
	assert_int_equal(cpuslab_steering_set(&steering, 3, 0), CPUSLAB_OK);
	sim_quiesce();
	cpuslab_read_exit();
	sim_quiesce();
	sim_fail_alloc_from(0);
	look(after);
	assert_int_equal(share(after, 3), 0);
	assert_int_equal(share(after, 4), BUCKETS / 2);
	assert_int_equal(share(after, 5), BUCKETS / 2);
	end();
}

static void bad_arguments(void **state)
{
	static const uint32_t bad[][2] = {
		{ 0, 4 },  { 3, 4 },         { 1u << 21, 4 },
		{ 16, 0 }, { 16, 1u << 31 },
	};
	struct cpuslab_steering_config config = { 0 };
	uint64_t k, allocs, i;

	(void)state;
	for (i = 0; i < (sizeof(size_t) > 4 ? 4 : 5); i++) {
		config.buckets = bad[i][0];
		config.targets = bad[i][1];
		assert_int_equal(cpuslab_steering_init(&steering, &config),
				 i < 4 ? -CPUSLAB_EINVAL : -CPUSLAB_ENOMEM);
	}
	config.buckets = 16;
	config.targets = 4;
	allocs = sim_zallocs();
	for (k = 1; k <= 3; k++) {
		sim_fail_alloc_at(k);
		assert_int_equal(cpuslab_steering_init(&steering, &config),
				 -CPUSLAB_ENOMEM);
		assert_int_equal(sim_zallocs(), allocs);
	}
	sim_fail_alloc_at(0);
	begin(16, 4);
	assert_int_equal(cpuslab_steering_set(&steering, 4, 1),
			 -CPUSLAB_ERANGE);
	end();
}

/* ---- CPUs ---------------------------------------------------------------- */

static void complete_cpus_add_weight(void **state)
{
	struct fixture *f = *state;
	uint32_t i;

	begin(BUCKETS, FIXTURE_LIMIT);
	assert_int_equal(cpuslab_steering_attach(&steering, f->domain),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_steering_attach(&steering, f->domain),
			 -CPUSLAB_EBUSY);
	look(before);
	for (i = 0; i < FIXTURE_AVAILABLE; i++)
		assert_int_equal(share(before, i), BUCKETS / FIXTURE_AVAILABLE);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 40), CPUSLAB_OK);
	look(after);
	assert_int_equal(moved(), 0);
	assert_int_equal(cpuslab_domain_add_complete(f->domain, 40),
			 CPUSLAB_OK);
	look(after);
	assert_int_equal(moved(), share(after, 40));
	assert_in_range(share(after, 40), BUCKETS / 5, BUCKETS / 5 + 1);
	fixture_add(f, 40); /* a repetition changes nothing */
	look(before);
	assert_int_equal(moved(), 0);
	/* Nor does the failure of a CPU that was not complete. */
	assert_int_equal(cpuslab_domain_add_start(f->domain, 41), CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 41), CPUSLAB_OK);
	fixture_remove(f, 40);
	look(after);
	assert_int_equal(share(after, 40), 0);
	assert_int_equal(moved(), share(before, 40));
	cpuslab_steering_detach(&steering);
	fixture_add(f, 42);
	look(after);
	assert_int_equal(share(after, 42), 0);
	end();
}

/* Nodes of four CPUs; a node without CPUs serves nothing. */
static void place_on_nodes(void *arg, uint32_t cpu, uint32_t *target,
			   uint32_t *weight)
{
	(void)arg;
	*target = cpu / 4;
	if (cpu == 63)
		*weight = 0;
}

static void nodes_and_their_cpus(void **state)
{
	const struct cpuslab_steering_config config = {
		.buckets = 64, .targets = 8, .place = place_on_nodes
	};
	struct fixture *f = *state;

	assert_int_equal(cpuslab_steering_init(&steering, &config), CPUSLAB_OK);
	assert_int_equal(cpuslab_steering_attach(&steering, f->domain),
			 CPUSLAB_OK);
	look(after);
	assert_int_equal(share(after, 0), 64);
	fixture_add(f, 9);
	fixture_add(f, 10);
	fixture_add(f, 8);
	fixture_add(f, 11);
	look(after);
	assert_int_equal(share(after, 0), 32);
	assert_int_equal(share(after, 2), 32);
	fixture_remove(f, 8);
	fixture_remove(f, 9);
	fixture_remove(f, 10);
	look(after);
	assert_in_range(share(after, 2), 12, 13);
	fixture_remove(f, 11);
	look(after);
	assert_int_equal(share(after, 2), 0);
	/* A CPU with weight 0 may name any target; another may not. */
	fixture_add(f, 63);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 40),
			 -CPUSLAB_ERANGE);
	assert_false(fixture_online(f, 40));
	end();
}

static void no_cpus_at_all(void **state)
{
	struct fixture *f = *state;
	uint32_t cpu;

	begin(16, FIXTURE_LIMIT);
	assert_int_equal(cpuslab_steering_attach(&steering, f->domain),
			 CPUSLAB_OK);
	for (cpu = 0; cpu < FIXTURE_AVAILABLE; cpu++)
		fixture_remove(f, cpu);
	look(after);
	assert_int_equal(share(after, CPUSLAB_NO_CPU), 16);
	fixture_add(f, 50);
	look(after);
	assert_int_equal(share(after, 50), 16);
	end();
}

/* Each start asks again, and may get another answer. */
static uint32_t placed_at, placed_weight;

static void place_as_set(void *arg, uint32_t cpu, uint32_t *target,
			 uint32_t *weight)
{
	(void)arg;
	(void)cpu;
	*target = placed_at;
	*weight = placed_weight;
}

static void a_returning_cpu_is_placed_again(void **state)
{
	const struct cpuslab_steering_config config = { .buckets = 16,
							.targets = 8,
							.place = place_as_set };
	struct fixture *f = *state;

	assert_int_equal(cpuslab_steering_init(&steering, &config), CPUSLAB_OK);
	/* A refused attach changes nothing. */
	placed_at = 8;
	placed_weight = 1;
	assert_int_equal(cpuslab_steering_attach(&steering, f->domain),
			 -CPUSLAB_ERANGE);
	placed_at = 0;
	assert_int_equal(cpuslab_steering_attach(&steering, f->domain),
			 CPUSLAB_OK);
	placed_at = 5;
	fixture_add(f, 9);
	look(after);
	assert_in_range(share(after, 5), 3, 4);
	fixture_remove(f, 9);
	placed_weight = 0;
	fixture_add(f, 9);
	look(after);
	assert_int_equal(share(after, 0), 16);
	end();
}

/* Set weights and those of CPUs are added: neither replaces the other. */
static void set_and_brought_weights_are_added(void **state)
{
	struct fixture *f = *state;

	begin(16, FIXTURE_LIMIT);
	assert_int_equal(cpuslab_steering_attach(&steering, f->domain),
			 CPUSLAB_OK);
	set(3, 0);
	assert_int_equal(moved(), 0);
	fixture_remove(f, 3);
	look(after);
	assert_int_equal(share(after, 3), 0);
	set(2, 1);
	assert_int_equal(share(after, 2), 8);
	fixture_remove(f, 2);
	look(after);
	assert_in_range(share(after, 2), 5, 6);
	set(2, 0);
	assert_int_equal(share(after, 2), 0);
	/* Detached: the weights are as if they had been set. */
	cpuslab_steering_detach(&steering);
	set(1, 0);
	assert_int_equal(share(after, 0), 16);
	end();
}

/* Two CPUs of weight 2^31 on one target. */
static void place_heavily(void *arg, uint32_t cpu, uint32_t *target,
			  uint32_t *weight)
{
	(void)arg;
	*target = cpu / 2;
	*weight = 1u << 31;
}

static void weights_do_not_overflow(void **state)
{
	const struct cpuslab_steering_config config = {
		.buckets = 64, .targets = 32, .place = place_heavily
	};
	struct fixture *f = *state;

	assert_int_equal(cpuslab_steering_init(&steering, &config), CPUSLAB_OK);
	assert_int_equal(cpuslab_steering_attach(&steering, f->domain),
			 CPUSLAB_OK);
	look(after);
	assert_int_equal(share(after, 0), 32);
	assert_int_equal(share(after, 1), 32);
	set(1, UINT32_MAX);
	assert_int_equal(share(after, 1), 32);
	set(1, 0);
	fixture_remove(f, 3);
	look(after);
	assert_in_range(share(after, 1), 21, 22);
	fixture_remove(f, 2);
	look(after);
	assert_int_equal(share(after, 0), 64);
	end();
}

/* ---- readers against changes --------------------------------------------- */

static const char *storm_failed;

static void storm_read(void *arg)
{
	const struct cpuslab_steering_table *table;
	uint64_t last = 0, i;

	(void)arg;
	for (i = 0; i < 40; i++) {
		uint32_t seen[16], k;

		cpuslab_read_enter();
		table = cpuslab_steering_get(&steering);
		sim_order_read(table, sizeof(*table) + 16 * sizeof(uint32_t));
		if (table->generation < last)
			storm_failed = "a generation goes back";
		last = table->generation;
		for (k = 0; k < 16; k++)
			seen[k] = cpuslab_steering_at(table, k);
		cpuslab_port_preempt_point();
		for (k = 0; k < 16; k++)
			if (seen[k] != cpuslab_steering_at(table, k))
				storm_failed = "a table changes";
		cpuslab_read_exit();
	}
}

static void storm_change(void *arg)
{
	struct fixture *f = arg;
	uint32_t cpu = sim_cpu(), i;

	for (i = 0; i < 12; i++) {
		if (i % 2)
			cpuslab_domain_remove(f->domain, 20 + cpu);
		else
			cpuslab_domain_add_complete(f->domain, 20 + cpu);
		cpuslab_steering_set(&steering, 60, i % 3);
	}
}

static void a_storm(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 100; seed++) {
		const struct fixture_config config = { .seed = seed };
		struct sim_task tasks[5];
		struct fixture f;
		int i;

		fixture_begin(&f, &config);
		begin(16, FIXTURE_LIMIT);
		assert_int_equal(cpuslab_steering_attach(&steering, f.domain),
				 CPUSLAB_OK);
		storm_failed = NULL;
		for (i = 0; i < 5; i++) {
			tasks[i].run = i < 3 ? storm_read : storm_change;
			tasks[i].arg = &f;
			tasks[i].cpu = (uint32_t)i;
		}
		sim_run(tasks, 5);
		if (storm_failed)
			fail_msg("seed %llu: %s",
				 (unsigned long long)sim_seed(), storm_failed);
		sim_quiesce();
		end();
		fixture_end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_RSEQ(no_target_at_first),
		FIXTURE_RSEQ(adding_moves_one_share),
		FIXTURE_RSEQ(removing_moves_what_it_had),
		FIXTURE_RSEQ(equal_weights_differ_by_one),
		FIXTURE_RSEQ(weights_move_no_third_target),
		FIXTURE_RSEQ(shares_follow_weights),
		FIXTURE_RSEQ(a_generation_in_each_lookup),
		FIXTURE_RSEQ(the_same_weight_again),
		FIXTURE_RSEQ(without_memory_it_is_published_later),
		FIXTURE_RSEQ(bad_arguments),
		FIXTURE_BOTH(complete_cpus_add_weight),
		FIXTURE_RSEQ(nodes_and_their_cpus),
		FIXTURE_RSEQ(no_cpus_at_all),
		FIXTURE_RSEQ(a_returning_cpu_is_placed_again),
		FIXTURE_RSEQ(set_and_brought_weights_are_added),
		FIXTURE_RSEQ(weights_do_not_overflow),
		cmocka_unit_test(a_storm),
	};

	return cmocka_run_group_tests_name("steering", tests, NULL, NULL);
}
